/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-disc-window.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-disc-flow.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-units.h"
#include "virt/kvmm-virt-error.h"
#include "xml/kvmm-xml-media.h"

struct _KvmmDiscWindow
{
  AdwWindow parent_instance;

  KvmmDomain *domain;        /* (owned) (nullable): until it is closed */
  char *target;              /* (owned) (nullable): the only drive in question */
  GPtrArray *drives;         /* (owned) (nullable) (element-type KvmmXmlCdrom) */
  GPtrArray *discs;          /* (owned) (nullable) (element-type KvmmDisc) */
  GCancellable *cancellable; /* (owned): of what is read */
  gboolean is_busy;          /* a disc is being inserted */
  gboolean is_choosing;      /* the list and the path follow each other */

  GtkWidget *cancel_button;
  GtkWidget *insert_button;
  GtkLabel *message;
  GtkWidget *page;
  AdwComboRow *drive_row;
  AdwEntryRow *path_row;
  GtkWidget *browse_button;
  AdwPreferencesGroup *discs_group;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (KvmmDiscWindow, kvmm_disc_window, ADW_TYPE_WINDOW)

/* @text: (nullable): plain */
static void
show_message (KvmmDiscWindow *self, const char *text)
{
  gtk_label_set_text (self->message, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->message), text != NULL);
}

static const char *
get_path (KvmmDiscWindow *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->path_row));
}

/* Returns: (nullable) */
static const KvmmXmlCdrom *
get_drive (KvmmDiscWindow *self)
{
  guint index = adw_combo_row_get_selected (self->drive_row);

  return self->drives != NULL && index < self->drives->len ? self->drives->pdata[index] : NULL;
}

static void
update_sensitive (KvmmDiscWindow *self)
{
  gtk_widget_set_sensitive (self->insert_button,
                            !self->is_busy && get_drive (self) != NULL && *get_path (self) != '\0');
  gtk_widget_set_sensitive (self->cancel_button, !self->is_busy);
  gtk_widget_set_sensitive (self->page, !self->is_busy);
}

/* ---- what there is to insert ---- */

static GtkWidget *
create_row (const KvmmDisc *disc)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *size = kvmm_units_bytes (disc->size_bytes);
  /* Translators: the storage pool that an image is in, and its size */
  g_autofree char *subtitle = g_strdup_printf (_ ("%s, %s"), disc->pool, size);
  g_autofree char *escaped = g_markup_escape_text (subtitle, -1);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), disc->name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped);
  return row;
}

static void
describe_discs (KvmmDiscWindow *self, const char *text)
{
  g_autofree char *escaped = text != NULL ? g_markup_escape_text (text, -1) : NULL;

  adw_preferences_group_set_description (self->discs_group, escaped);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmDiscWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) discs =
      kvmm_domain_list_discs_finish (KVMM_DOMAIN (source), result, &error);

  if (self->domain == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (discs == NULL)
    {
      describe_discs (self, error->message);
      return;
    }
  describe_discs (self,
                  discs->len == 0 ? _ ("The storage pools of the host have no such image.") : NULL);
  for (guint i = 0; i < discs->len; i++)
    gtk_list_box_append (self->list, create_row (discs->pdata[i]));
  gtk_widget_set_visible (GTK_WIDGET (self->list), discs->len > 0);
  g_clear_pointer (&self->discs, g_ptr_array_unref);
  self->discs = g_steal_pointer (&discs);
}

static void
list_discs (KvmmDiscWindow *self, gboolean is_floppy)
{
  GtkListBoxRow *row;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  while ((row = gtk_list_box_get_row_at_index (self->list, 0)) != NULL)
    gtk_list_box_remove (self->list, GTK_WIDGET (row));
  g_clear_pointer (&self->discs, g_ptr_array_unref);
  gtk_widget_set_visible (GTK_WIDGET (self->list), FALSE);
  describe_discs (self, _ ("Looking at the storage pools."));
  kvmm_domain_list_discs_async (self->domain, is_floppy, self->cancellable, listed_cb,
                                g_object_ref (self));
}

static void
drive_chosen_cb (KvmmDiscWindow *self)
{
  const KvmmXmlCdrom *drive = get_drive (self);

  update_sensitive (self);
  if (drive != NULL)
    list_discs (self, drive->is_floppy);
}

static void
disc_chosen_cb (KvmmDiscWindow *self, GtkListBoxRow *row)
{
  int index = row != NULL ? gtk_list_box_row_get_index (row) : -1;

  if (index < 0 || self->is_choosing || self->discs == NULL || (guint) index >= self->discs->len)
    return;
  self->is_choosing = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->path_row),
                         ((KvmmDisc *) self->discs->pdata[index])->path);
  self->is_choosing = FALSE;
}

static void
path_cb (KvmmDiscWindow *self)
{
  show_message (self, NULL);
  update_sensitive (self);
  if (self->is_choosing)
    return;
  self->is_choosing = TRUE;
  gtk_list_box_unselect_all (self->list);
  self->is_choosing = FALSE;
}

static void
file_chosen_cb (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  KvmmDiscWindow *self = user_data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  if (file != NULL && g_file_peek_path (file) != NULL)
    gtk_editable_set_text (GTK_EDITABLE (self->path_row), g_file_peek_path (file));
  else if (file != NULL)
    show_message (self, _ ("QEMU can only use a file that has a path on this computer"));
  gtk_native_dialog_destroy (dialog);
  g_object_unref (dialog);
}

static void
browse_cb (KvmmDiscWindow *self)
{
  /* Given back by its response. */
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Choose an Image"), GTK_WINDOW (self),
                                   GTK_FILE_CHOOSER_ACTION_OPEN, _ ("_Choose"), _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (file_chosen_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* ---- the drives ---- */

static char *
describe_drive (const KvmmXmlCdrom *drive)
{
  g_autofree char *target = kvmm_guest_text_sanitise (drive->target, -1);
  g_autofree char *source =
      drive->source != NULL ? kvmm_guest_text_sanitise (drive->source, -1) : NULL;

  if (source == NULL)
    return drive->is_floppy ? g_strdup_printf (_ ("Floppy drive %s, empty"), target)
                            : g_strdup_printf (_ ("CD drive %s, empty"), target);
  /* Translators: a drive, and the path of what is in it */
  return drive->is_floppy ? g_strdup_printf (_ ("Floppy drive %s, with %s"), target, source)
                          : g_strdup_printf (_ ("CD drive %s, with %s"), target, source);
}

static void
take_drives (KvmmDiscWindow *self, GPtrArray *drives)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint selected = 0;

  self->drives = drives;
  for (guint i = 0; i < drives->len; i++)
    {
      const KvmmXmlCdrom *drive = drives->pdata[i];
      g_autofree char *name = describe_drive (drive);

      gtk_string_list_append (names, name);
      if (g_strcmp0 (drive->target, self->target) == 0)
        selected = i;
    }
  adw_combo_row_set_model (self->drive_row, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->drive_row, selected);
  g_signal_connect_object (self->drive_row, "notify::selected", G_CALLBACK (drive_chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_widget_set_sensitive (GTK_WIDGET (self->drive_row), drives->len > 1);
  drive_chosen_cb (self);
}

static void
xml_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmDiscWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kvmm_domain_read_xml_finish (KVMM_DOMAIN (source), result, &error);
  g_autoptr (GPtrArray) drives = xml != NULL ? kvmm_xml_domain_list_drives (xml, &error) : NULL;
  g_autofree char *text = NULL;

  if (self->domain == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (drives != NULL && drives->len > 0)
    {
      take_drives (self, g_steal_pointer (&drives));
      return;
    }
  text = drives == NULL
             ? g_strdup (error->message)
             : g_strdup_printf (
                   _ ("“%s” has no CD or floppy drive. Add one on its Hardware page first."),
                   kvmm_domain_get_name (self->domain));
  show_message (self, text);
  gtk_widget_set_visible (self->page, FALSE);
}

/* ---- inserting ---- */

static void
tell (KvmmDiscWindow *self, const KvmmMediumChange *change, const char *name)
{
  GtkWindow *parent = gtk_window_get_transient_for (GTK_WINDOW (self));
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_autofree char *text = g_strdup_printf (_ ("“%s” is in the drive"), shown);

  if (parent == NULL)
    return;
  if (change->warning == NULL)
    {
      kvmm_dialogs_toast (GTK_WIDGET (parent), text);
      return;
    }

  g_autoptr (GError) warning =
      g_error_new_literal (KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NOT_USABLE, change->warning);
  g_autofree char *summary =
      g_strdup_printf (_ ("“%s” is in the drive, but QEMU may not be able to read it"), shown);

  kvmm_dialogs_error (GTK_WIDGET (parent), summary, warning);
}

static void
inserted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmDiscWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmMediumChange) change = kvmm_disc_flow_finish (result, &error);

  if (self->domain == NULL)
    return;
  self->is_busy = FALSE;
  update_sensitive (self);
  if (change != NULL)
    {
      g_autofree char *name = g_path_get_basename (get_path (self));

      tell (self, change, name);
      gtk_window_destroy (GTK_WINDOW (self));
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    show_message (self, error->message);
}

static void
insert_cb (KvmmDiscWindow *self)
{
  const KvmmXmlCdrom *drive = get_drive (self);

  if (self->is_busy || self->domain == NULL || drive == NULL || *get_path (self) == '\0')
    return;
  show_message (self, NULL);
  self->is_busy = TRUE;
  update_sensitive (self);
  kvmm_disc_flow_async (GTK_WIDGET (self), self->domain, drive->target, get_path (self),
                        inserted_cb, g_object_ref (self));
}

/* ---- the window ---- */

/* Whoever closes it now would not learn what became of the disc. */
static gboolean
kvmm_disc_window_close_request (GtkWindow *window)
{
  if (KVMM_DISC_WINDOW (window)->is_busy)
    return GDK_EVENT_STOP;
  return GTK_WINDOW_CLASS (kvmm_disc_window_parent_class)->close_request (window);
}

static void
kvmm_disc_window_dispose (GObject *object)
{
  KvmmDiscWindow *self = KVMM_DISC_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->domain);
  g_clear_pointer (&self->drives, g_ptr_array_unref);
  g_clear_pointer (&self->discs, g_ptr_array_unref);
  g_clear_pointer (&self->target, g_free);
  G_OBJECT_CLASS (kvmm_disc_window_parent_class)->dispose (object);
}

static void
kvmm_disc_window_class_init (KvmmDiscWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_disc_window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = kvmm_disc_window_close_request;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-disc-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, insert_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, message);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, page);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, drive_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, path_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, browse_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, discs_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmDiscWindow, list);
  gtk_widget_class_bind_template_callback (widget_class, insert_cb);
  gtk_widget_class_bind_template_callback (widget_class, browse_cb);
  gtk_widget_class_bind_template_callback (widget_class, path_cb);
  gtk_widget_class_bind_template_callback (widget_class, disc_chosen_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_disc_window_init (KvmmDiscWindow *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_disc_window_present (GtkWidget *widget, KvmmDomain *domain, const char *target)
{
  KvmmDiscWindow *self;
  gboolean is_here;

  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain));

  self = g_object_new (KVMM_TYPE_DISC_WINDOW, "transient-for", gtk_widget_get_root (widget), NULL);
  self->domain = g_object_ref (domain);
  self->target = g_strdup (target);
  is_here = kvmm_domain_is_on_this_computer (domain);
  gtk_widget_set_visible (self->browse_button, is_here);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->path_row),
                                 is_here ? _ ("Path of the Image")
                                         : _ ("Path of the Image on the Host"));
  kvmm_domain_read_xml_async (domain, !kvmm_domain_get_is_active (domain), self->cancellable,
                              xml_cb, g_object_ref (self));
  gtk_window_present (GTK_WINDOW (self));
}

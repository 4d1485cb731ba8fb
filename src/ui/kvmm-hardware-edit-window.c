/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-hardware-edit-window.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-hardware-field.h"
#include "kvmm-hardware-list.h"
#include "kvmm-host-cpus-window.h"
#include "model/kvmm-domain-edit.h"

struct _KvmmHardwareEditWindow
{
  AdwWindow parent_instance;

  KvmmDomain *domain; /* (owned) (nullable): until it is closed */
  KvmmXmlEdit *edit;  /* (owned) (nullable): as it was read */
  GPtrArray *rows;    /* (owned) (element-type GtkWidget): of the fields */
  GPtrArray *lists;   /* (owned) (element-type GtkWidget): of lists of them */
  char *part;         /* (owned): of the edit */
  char *title;        /* (owned): of the device */
  char *xml;          /* (owned): of the device */
  guint index;        /* among those of its part */
  gboolean is_busy;   /* an edit is being applied */

  GtkButton *cancel_button;
  GtkWidget *apply_button;
  GtkLabel *message;
  GtkStack *stack;
  AdwPreferencesGroup *usual_group;
  AdwPreferencesGroup *more_group;
  AdwExpanderRow *more_row;
  AdwPreferencesPage *page;
};

G_DEFINE_FINAL_TYPE (KvmmHardwareEditWindow, kvmm_hardware_edit_window, ADW_TYPE_WINDOW)

/* @text: (nullable): plain */
static void
show_message (KvmmHardwareEditWindow *self, const char *text, gboolean is_error)
{
  gtk_label_set_text (self->message, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->message), text != NULL);
  if (is_error)
    gtk_widget_add_css_class (GTK_WIDGET (self->message), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->message), "error");
}

static void
show_error (KvmmHardwareEditWindow *self, const GError *error)
{
  g_autofree char *text =
      /* Translators: a device and why */
      g_strdup_printf (_ ("“%s” was not changed: %s"), self->title, error->message);

  show_message (self, text, TRUE);
}

static void
set_busy (KvmmHardwareEditWindow *self, gboolean is_busy)
{
  self->is_busy = is_busy;
  gtk_widget_set_sensitive (self->apply_button, !is_busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->cancel_button), !is_busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->stack), !is_busy);
}

/* libvirt knows a place in the boot order for every device and drops it of most. */
static gboolean
is_for_part (const KvmmXmlEditField *field, const char *part)
{
  static const char *const bootable[] = { "disk", "interface", "hostdev", "redirdev", NULL };

  return g_strcmp0 (field->path, "boot/@order") != 0 || g_strv_contains (bootable, part);
}

static void
add_lists (KvmmHardwareEditWindow *self)
{
  g_autoptr (GPtrArray) lists = kvmm_xml_edit_list_lists (self->edit, self->part, self->index);

  while (lists->len > 0)
    {
      GtkWidget *group = kvmm_hardware_list_new (g_ptr_array_steal_index (lists, 0), self->rows);

      g_ptr_array_add (self->lists, group);
      adw_preferences_page_add (self->page, ADW_PREFERENCES_GROUP (group));
    }
}

/* Where processors of the host are named, they can be pointed at; of a host that does not tell how
 * they hang together, they are written as before. */
static void
add_pictures (KvmmHardwareEditWindow *self)
{
  g_autoptr (KvmmXmlHostTopology) topology = kvmm_host_cpus_window_read (self->domain);

  for (guint i = 0; topology != NULL && i < self->rows->len; i++)
    if (ADW_IS_ENTRY_ROW (self->rows->pdata[i]) &&
        g_str_has_suffix (kvmm_hardware_field_get_path (self->rows->pdata[i]), "/@cpuset"))
      kvmm_host_cpus_window_attach (self->rows->pdata[i], self->domain);
}

static void
add_rows (KvmmHardwareEditWindow *self)
{
  g_autoptr (GPtrArray) fields = kvmm_xml_edit_list_fields (self->edit, self->part, self->index);
  gboolean has_more = FALSE;

  for (guint i = 0; i < fields->len; i++)
    {
      const KvmmXmlEditField *field = fields->pdata[i];
      GtkWidget *row = is_for_part (field, self->part) ? kvmm_hardware_field_new (field) : NULL;

      if (row == NULL)
        continue;
      g_ptr_array_add (self->rows, row);
      if (kvmm_hardware_field_is_usual (field))
        adw_preferences_group_add (self->usual_group, row);
      else
        {
          adw_expander_row_add_row (self->more_row, row);
          has_more = TRUE;
        }
    }
  gtk_widget_set_visible (GTK_WIDGET (self->more_group), has_more);
  add_lists (self);
  add_pictures (self);
  gtk_widget_set_sensitive (self->apply_button, self->rows->len > 0);
  if (self->rows->len == 0)
    show_message (self, _ ("Nothing of it can be changed here; edit the XML instead"), FALSE);
  gtk_stack_set_visible_child_name (self->stack, "fields");
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHardwareEditWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) edit =
      kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);
  const char *kind = self->part;

  if (self->domain == NULL)
    return;
  if (edit == NULL)
    show_error (self, error);
  else if (!g_str_has_prefix (self->part, "domain/") &&
           !kvmm_xml_edit_find (edit, self->xml, &kind, &self->index))
    show_message (
        self, _ ("Only the running machine has this device; its stored definition does not"), TRUE);
  else
    {
      self->edit = g_steal_pointer (&edit);
      add_rows (self);
      return;
    }
  gtk_stack_set_visible_child_name (self->stack, "none");
}

/* What the running machine refused is told before the window goes. */
static void
show_refusal (KvmmHardwareEditWindow *self, const char *reason)
{
  g_autofree char *text = g_strdup_printf (
      /* Translators: a device and why */
      _ ("“%s” changes with the next start. The running machine did not take it: %s"), self->title,
      reason);

  show_message (self, text, FALSE);
  gtk_widget_set_visible (self->apply_button, FALSE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->stack), FALSE);
  gtk_button_set_label (self->cancel_button, _ ("_Close"));
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHardwareEditWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied =
      kvmm_domain_apply_edit_finish (KVMM_DOMAIN (source), result, &error);
  GtkWidget *parent;

  if (self->domain == NULL)
    return;
  set_busy (self, FALSE);
  if (applied == NULL)
    {
      show_error (self, error);
      return;
    }
  if (applied->live_error != NULL)
    {
      show_refusal (self, applied->live_error);
      return;
    }
  parent = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self)));
  if (parent != NULL)
    kvmm_dialogs_toast (parent, applied->needs_restart
                                    ? _ ("The virtual machine has this with its next start")
                                    : _ ("The virtual machine is changed"));
  gtk_window_destroy (GTK_WINDOW (self));
}

/* The place on the bus that a device had is none on another. */
static gboolean
renew_address (KvmmHardwareEditWindow *self, KvmmXmlEdit *edit, GError **error)
{
  const char *path = g_str_equal (self->part, "disk")    ? "target/@bus"
                     : g_str_equal (self->part, "input") ? "@bus"
                                                         : NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  if (path == NULL)
    return TRUE;
  before = kvmm_xml_edit_get (self->edit, self->part, self->index, path);
  after = kvmm_xml_edit_get (edit, self->part, self->index, path);
  return g_strcmp0 (before, after) == 0 ||
         kvmm_xml_edit_drop_address (edit, self->part, self->index, error);
}

/* On a copy: after a mistake all that is written in the rows is still there to be mended. */
static void
apply_cb (KvmmHardwareEditWindow *self)
{
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_good = TRUE;

  if (self->is_busy || self->edit == NULL)
    return;
  edit = kvmm_xml_edit_copy (self->edit);
  for (guint i = 0; i < self->lists->len && is_good; i++)
    is_good = kvmm_hardware_list_take_typed (self->lists->pdata[i], &error);
  for (guint i = 0; i < self->rows->len && is_good; i++)
    is_good =
        kvmm_hardware_field_apply (self->rows->pdata[i], edit, self->part, self->index, &error);
  if (!is_good || !renew_address (self, edit, &error) || !kvmm_xml_edit_check (edit, &error))
    {
      show_error (self, error);
      return;
    }
  if (!kvmm_xml_edit_has_changes (edit))
    {
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  show_message (self, NULL, FALSE);
  set_busy (self, TRUE);
  kvmm_domain_apply_edit_async (self->domain, edit, KVMM_DOMAIN_EDIT_LIVE, NULL, applied_cb,
                                g_object_ref (self));
}

/* Whoever closes it now would not learn whether it was applied. */
static gboolean
kvmm_hardware_edit_window_close_request (GtkWindow *window)
{
  if (KVMM_HARDWARE_EDIT_WINDOW (window)->is_busy)
    return GDK_EVENT_STOP;
  return GTK_WINDOW_CLASS (kvmm_hardware_edit_window_parent_class)->close_request (window);
}

static void
kvmm_hardware_edit_window_dispose (GObject *object)
{
  KvmmHardwareEditWindow *self = KVMM_HARDWARE_EDIT_WINDOW (object);

  g_clear_object (&self->domain);
  g_ptr_array_set_size (self->rows, 0);
  g_ptr_array_set_size (self->lists, 0);
  G_OBJECT_CLASS (kvmm_hardware_edit_window_parent_class)->dispose (object);
}

static void
kvmm_hardware_edit_window_finalize (GObject *object)
{
  KvmmHardwareEditWindow *self = KVMM_HARDWARE_EDIT_WINDOW (object);

  g_clear_pointer (&self->edit, kvmm_xml_edit_free);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->lists, g_ptr_array_unref);
  g_clear_pointer (&self->part, g_free);
  g_clear_pointer (&self->title, g_free);
  g_clear_pointer (&self->xml, g_free);
  G_OBJECT_CLASS (kvmm_hardware_edit_window_parent_class)->finalize (object);
}

static void
kvmm_hardware_edit_window_class_init (KvmmHardwareEditWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_hardware_edit_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_hardware_edit_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = kvmm_hardware_edit_window_close_request;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-hardware-edit-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, apply_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, message);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, usual_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, more_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, more_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareEditWindow, page);
  gtk_widget_class_bind_template_callback (widget_class, apply_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_hardware_edit_window_init (KvmmHardwareEditWindow *self)
{
  self->rows = g_ptr_array_new ();
  self->lists = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_hardware_edit_window_present (GtkWidget *widget,
                                   KvmmDomain *domain,
                                   const KvmmXmlDevice *device)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  KvmmHardwareEditWindow *self;

  g_return_if_fail (KVMM_IS_DOMAIN (domain) && device != NULL && device->part != NULL);

  self = g_object_new (KVMM_TYPE_HARDWARE_EDIT_WINDOW, "transient-for", root, "title",
                       device->title, NULL);
  self->domain = g_object_ref (domain);
  self->part = g_strdup (device->part);
  self->title = g_strdup (device->title);
  self->xml = g_strdup (device->xml);
  kvmm_domain_begin_edit_async (domain, NULL, begun_cb, g_object_ref (self));
  gtk_window_present (GTK_WINDOW (self));
}

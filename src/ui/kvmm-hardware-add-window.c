/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-hardware-add-window.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-new-device-row.h"
#include "kvmm-share-window.h"
#include "model/kvmm-new-device.h"
#include "xml/kvmm-xml-share.h"

struct _KvmmHardwareAddWindow
{
  AdwWindow parent_instance;

  KvmmDomain *domain;            /* (owned) (nullable): until it is closed */
  GCancellable *cancellable;     /* (owned): of the look */
  KvmmNewDeviceChoices *choices; /* (owned) (nullable) */
  const KvmmXmlNewKind *kind;    /* (unowned) (nullable): of the form */
  GPtrArray *rows;               /* (owned) (element-type GtkWidget): of the form */
  char *tag;                     /* (owned) (nullable): suggested for the folder that is typed */
  gboolean is_busy;              /* a device is being added */
  gboolean begins_with_share;    /* without a look at the kinds */

  GtkWidget *cancel_button;
  GtkWidget *back_button;
  GtkWidget *add_button;
  GtkLabel *message;
  GtkStack *stack;
  GtkListBox *kinds;
  AdwPreferencesGroup *group;
  GtkWidget *when_group;
  GtkWidget *at_once_row;
  GtkSwitch *at_once;
  GtkLabel *when;
};

G_DEFINE_FINAL_TYPE (KvmmHardwareAddWindow, kvmm_hardware_add_window, ADW_TYPE_WINDOW)

/* @text: (nullable): plain */
static void
show_error (KvmmHardwareAddWindow *self, const char *text)
{
  gtk_label_set_text (self->message, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->message), text != NULL);
}

/* ---- the form ---- */

/* Returns: (transfer full) (element-type utf8 utf8): what is asked for */
static GHashTable *
read_values (KvmmHardwareAddWindow *self)
{
  g_autoptr (GHashTable) all = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  for (guint i = 0; i < self->rows->len; i++)
    g_hash_table_insert (all, (gpointer) kvmm_new_device_row_get_field (self->rows->pdata[i])->path,
                         (gpointer) kvmm_new_device_row_get_value (self->rows->pdata[i]));
  for (guint i = 0; i < self->rows->len; i++)
    {
      const KvmmXmlNewField *field = kvmm_new_device_row_get_field (self->rows->pdata[i]);

      if (kvmm_xml_new_field_counts (field, all))
        g_hash_table_insert (values, (gpointer) field->path,
                             g_strdup (kvmm_new_device_row_get_value (self->rows->pdata[i])));
    }
  return values;
}

/* A machine that does not run has it when it starts, as everybody expects. */
static void
show_when (KvmmHardwareAddWindow *self, GHashTable *values)
{
  const char *live = self->choices->live_xml;
  gboolean is_hot = live != NULL && kvmm_xml_new_device_is_hot (live, self->kind->name, values);

  gtk_widget_set_visible (self->when_group, live != NULL);
  gtk_widget_set_visible (self->at_once_row, is_hot);
  gtk_label_set_text (self->when,
                      is_hot && gtk_switch_get_active (self->at_once)
                          ? _ ("The running machine gets it now, and has it with every start.")
                          : _ ("The running machine gets it with its next start."));
}

static GtkWidget *
find_row (KvmmHardwareAddWindow *self, const char *path)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (g_str_equal (kvmm_new_device_row_get_field (self->rows->pdata[i])->path, path))
      return self->rows->pdata[i];
  return NULL;
}

/* The name follows the folder until somebody writes another. */
static void
suggest_tag (KvmmHardwareAddWindow *self)
{
  GtkWidget *folder = find_row (self, "source/@dir");
  GtkWidget *name = find_row (self, "target/@dir");
  const char *written = kvmm_new_device_row_get_value (name);
  g_autofree char *before = g_steal_pointer (&self->tag);

  if (before != NULL && !g_str_equal (before, written))
    {
      self->tag = g_steal_pointer (&before);
      return;
    }
  self->tag =
      kvmm_xml_share_dup_tag (kvmm_new_device_row_get_value (folder), self->choices->stored_xml);
  kvmm_new_device_row_set_text (name, self->tag);
}

static void
changed_cb (KvmmHardwareAddWindow *self)
{
  g_autoptr (GHashTable) values = NULL;

  if (self->kind == NULL)
    return;
  if (g_str_equal (self->kind->name, "filesystem"))
    suggest_tag (self);
  values = read_values (self);
  for (guint i = 0; i < self->rows->len; i++)
    gtk_widget_set_visible (
        self->rows->pdata[i],
        g_hash_table_contains (values, kvmm_new_device_row_get_field (self->rows->pdata[i])->path));
  show_when (self, values);
  show_error (self, NULL);
}

static void
at_once_cb (KvmmHardwareAddWindow *self)
{
  changed_cb (self);
}

static void
clear_form (KvmmHardwareAddWindow *self)
{
  self->kind = NULL;
  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->group, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  g_clear_pointer (&self->tag, g_free);
  show_error (self, NULL);
}

static void
show_kind (KvmmHardwareAddWindow *self, const KvmmXmlNewKind *kind)
{
  g_autofree char *note =
      kind->note != NULL ? g_markup_escape_text (kind->note, -1) : g_strdup (NULL);

  clear_form (self);
  for (guint i = 0; i < kind->fields->len; i++)
    {
      GtkWidget *row = kvmm_new_device_row_new (kind->fields->pdata[i], !self->choices->is_remote,
                                                G_CALLBACK (changed_cb), self);

      g_ptr_array_add (self->rows, row);
      adw_preferences_group_add (self->group, row);
    }
  self->kind = kind;
  adw_preferences_group_set_title (self->group, kind->title);
  adw_preferences_group_set_description (self->group, note);
  gtk_switch_set_active (self->at_once, TRUE);
  changed_cb (self);
  gtk_stack_set_visible_child_name (self->stack, "form");
  gtk_widget_set_visible (self->back_button, TRUE);
  gtk_widget_set_visible (self->cancel_button, FALSE);
  gtk_widget_set_visible (self->add_button, TRUE);
  gtk_window_set_default_widget (GTK_WINDOW (self), self->add_button);
  gtk_widget_child_focus (GTK_WIDGET (self->stack), GTK_DIR_TAB_FORWARD);
}

static void
back_cb (KvmmHardwareAddWindow *self)
{
  GtkListBoxRow *row = NULL;

  for (guint i = 0; self->kind != NULL && i < self->choices->kinds->len; i++)
    if (self->choices->kinds->pdata[i] == self->kind)
      row = gtk_list_box_get_row_at_index (self->kinds, (int) i);
  clear_form (self);
  gtk_stack_set_visible_child_name (self->stack, "kinds");
  gtk_widget_set_visible (self->back_button, FALSE);
  gtk_widget_set_visible (self->cancel_button, TRUE);
  gtk_widget_set_visible (self->add_button, FALSE);
  if (row != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (row));
}

/* ---- the kinds ---- */

static GtkWidget *
create_kind_row (const KvmmXmlNewKind *kind)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *icon = gtk_image_new_from_icon_name (kind->icon_name);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), kind->title);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  if (kind->refusal != NULL)
    {
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), kind->refusal);
      gtk_widget_set_sensitive (row, FALSE);
    }
  return row;
}

static void
kind_activated_cb (KvmmHardwareAddWindow *self, GtkListBoxRow *row)
{
  int index = gtk_list_box_row_get_index (row);
  const KvmmXmlNewKind *kind = self->choices->kinds->pdata[index];

  if (kind->refusal == NULL)
    show_kind (self, kind);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHardwareAddWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmNewDeviceChoices) choices =
      kvmm_new_device_look_finish (KVMM_DOMAIN (source), result, &error);

  if (self->domain == NULL)
    return;
  if (choices == NULL)
    {
      show_error (self, error->message);
      gtk_stack_set_visible_child_name (self->stack, "none");
      return;
    }
  self->choices = g_steal_pointer (&choices);
  for (guint i = 0; i < self->choices->kinds->len; i++)
    gtk_list_box_append (self->kinds, create_kind_row (self->choices->kinds->pdata[i]));
  gtk_stack_set_visible_child_name (self->stack, "kinds");
  gtk_widget_child_focus (GTK_WIDGET (self->kinds), GTK_DIR_TAB_FORWARD);
  for (guint i = 0; self->begins_with_share && i < self->choices->kinds->len; i++)
    {
      const KvmmXmlNewKind *kind = self->choices->kinds->pdata[i];

      if (g_str_equal (kind->name, "filesystem") && kind->refusal == NULL)
        show_kind (self, kind);
    }
}

/* ---- adding ---- */

static void
set_busy (KvmmHardwareAddWindow *self, gboolean is_busy)
{
  self->is_busy = is_busy;
  gtk_widget_set_sensitive (self->add_button, !is_busy);
  gtk_widget_set_sensitive (self->back_button, !is_busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->stack), !is_busy);
}

static void
tell_failure (KvmmHardwareAddWindow *self, const GError *error)
{
  gboolean was_live = g_error_matches (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_AT_ONCE);
  g_autofree char *text =
      /* Translators: a device and why */
      g_strdup_printf (_ ("“%s” was not added: %s"), self->kind->title, error->message);
  g_autofree char *more =
      was_live
          ? g_strdup_printf ("%s\n%s", text, _ ("Without “At Once” it comes with the next start."))
          : g_strdup (text);

  show_error (self, more);
}

static void add (KvmmHardwareAddWindow *self, gboolean may_share);

static void
agreed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHardwareAddWindow) self = user_data;

  if (kvmm_dialogs_confirm_finish (result) && self->domain != NULL)
    add (self, TRUE);
}

/* What is left to do is the guest's. */
static void
show_share (KvmmHardwareAddWindow *self, GtkWidget *parent, gboolean needs_restart)
{
  g_autoptr (GHashTable) values = read_values (self);
  KvmmXmlShare share = {
    .tag = g_hash_table_lookup (values, "target/@dir"),
    .folder = g_hash_table_lookup (values, "source/@dir"),
    .is_virtiofs = g_strcmp0 (g_hash_table_lookup (values, "driver/@type"), "virtiofs") == 0,
  };

  kvmm_share_window_present (parent, self->domain, &share, needs_restart);
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHardwareAddWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree KvmmNewDeviceAdded *added =
      kvmm_new_device_add_finish (KVMM_DOMAIN (source), result, &error);
  g_autofree char *text = NULL;
  GtkWidget *parent;

  if (self->domain == NULL)
    return;
  set_busy (self, FALSE);
  if (g_error_matches (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_SHARED))
    {
      kvmm_dialogs_confirm_async (GTK_WIDGET (self), _ ("Share the Disk?"), error->message,
                                  _ ("_Share It"), TRUE, agreed_cb, g_object_ref (self));
      return;
    }
  if (added == NULL)
    {
      tell_failure (self, error);
      return;
    }
  parent = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (self)));
  text = g_strdup_printf (added->needs_restart ? _ ("“%s” comes with the next start")
                                               : _ ("“%s” is added"),
                          self->kind->title);
  if (parent != NULL)
    kvmm_dialogs_toast (parent, text);
  if (parent != NULL && g_str_equal (self->kind->name, "filesystem"))
    show_share (self, parent, added->needs_restart);
  gtk_window_destroy (GTK_WINDOW (self));
}

static void
add (KvmmHardwareAddWindow *self, gboolean may_share)
{
  g_autoptr (GHashTable) values = NULL;

  if (self->is_busy || self->kind == NULL)
    return;
  values = read_values (self);
  if (may_share)
    g_hash_table_insert (values, (gpointer) KVMM_NEW_DEVICE_MAY_SHARE, g_strdup ("yes"));
  show_error (self, NULL);
  set_busy (self, TRUE);
  kvmm_new_device_add_async (self->domain, self->kind->name, values,
                             gtk_switch_get_active (self->at_once), NULL, added_cb,
                             g_object_ref (self));
}

static void
add_cb (KvmmHardwareAddWindow *self)
{
  add (self, FALSE);
}

/* Whoever closes it now would not learn whether it was added. */
static gboolean
kvmm_hardware_add_window_close_request (GtkWindow *window)
{
  if (KVMM_HARDWARE_ADD_WINDOW (window)->is_busy)
    return GDK_EVENT_STOP;
  return GTK_WINDOW_CLASS (kvmm_hardware_add_window_parent_class)->close_request (window);
}

static void
kvmm_hardware_add_window_dispose (GObject *object)
{
  KvmmHardwareAddWindow *self = KVMM_HARDWARE_ADD_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->domain);
  self->kind = NULL;
  g_ptr_array_set_size (self->rows, 0);
  G_OBJECT_CLASS (kvmm_hardware_add_window_parent_class)->dispose (object);
}

static void
kvmm_hardware_add_window_finalize (GObject *object)
{
  KvmmHardwareAddWindow *self = KVMM_HARDWARE_ADD_WINDOW (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->choices, kvmm_new_device_choices_free);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->tag, g_free);
  G_OBJECT_CLASS (kvmm_hardware_add_window_parent_class)->finalize (object);
}

static void
kvmm_hardware_add_window_class_init (KvmmHardwareAddWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_hardware_add_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_hardware_add_window_finalize;
  GTK_WINDOW_CLASS (klass)->close_request = kvmm_hardware_add_window_close_request;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-hardware-add-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, back_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, add_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, message);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, kinds);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, group);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, when_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, at_once_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, at_once);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwareAddWindow, when);
  gtk_widget_class_bind_template_callback (widget_class, kind_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, at_once_cb);
  gtk_widget_class_bind_template_callback (widget_class, back_cb);
  gtk_widget_class_bind_template_callback (widget_class, add_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_hardware_add_window_init (KvmmHardwareAddWindow *self)
{
  self->rows = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
present (GtkWidget *widget, KvmmDomain *domain, gboolean begins_with_share)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  KvmmHardwareAddWindow *self;

  self = g_object_new (KVMM_TYPE_HARDWARE_ADD_WINDOW, "transient-for", root, NULL);
  self->domain = g_object_ref (domain);
  self->begins_with_share = begins_with_share;
  kvmm_new_device_look_async (domain, self->cancellable, looked_cb, g_object_ref (self));
  gtk_window_present (GTK_WINDOW (self));
}

void
kvmm_hardware_add_window_present (GtkWidget *widget, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  present (widget, domain, FALSE);
}

void
kvmm_hardware_add_window_present_share (GtkWidget *widget, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  present (widget, domain, TRUE);
}

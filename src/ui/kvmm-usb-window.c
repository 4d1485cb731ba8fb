/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-usb-window.h"

#include <glib/gi18n.h>

#include "console/kvmm-display-extras.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

struct _KvmmUsbWindow
{
  AdwWindow parent_instance;

  KvmmUsbList *list; /* (owned) (nullable) */

  GtkStack *stack;            /* (unowned) */
  AdwStatusPage *status_page; /* (unowned) */
  AdwPreferencesGroup *group; /* (unowned) */
  GtkListBox *list_box;       /* (unowned) */
};

G_DEFINE_FINAL_TYPE (KvmmUsbWindow, kvmm_usb_window, ADW_TYPE_WINDOW)

/* ---- one device ---- */

/* What one row shows of its device; owned by the row. */
typedef struct
{
  KvmmUsbDevice *device; /* (owned) */
  AdwActionRow *row;     /* (unowned): it owns this */
  GtkSwitch *control;    /* (unowned) */
  GtkSpinner *spinner;   /* (unowned) */
} Row;

static void
row_free (gpointer data)
{
  Row *self = data;

  g_signal_handlers_disconnect_by_data (self->device, self);
  g_object_unref (self->device);
  g_free (self);
}

static void
update_row (Row *self)
{
  const char *blocked = kvmm_usb_device_get_blocked_reason (self->device);
  const char *error = kvmm_usb_device_get_error_text (self->device);
  const char *subtitle = error != NULL ? error : blocked;
  gboolean attached = kvmm_usb_device_get_attached (self->device);
  gboolean busy = kvmm_usb_device_get_busy (self->device);

  adw_action_row_set_subtitle (
      self->row, subtitle != NULL ? subtitle : kvmm_usb_device_get_details (self->device));
  gtk_switch_set_state (self->control, attached);
  gtk_switch_set_active (self->control, attached);
  gtk_widget_set_sensitive (GTK_WIDGET (self->control), !busy && (attached || blocked == NULL));
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), busy);
  gtk_spinner_set_spinning (self->spinner, busy);
}

static void
device_changed_cb (KvmmUsbDevice *device, GParamSpec *pspec, gpointer user_data)
{
  update_row (user_data);
}

/* The switch moves at once, its state when the device has moved too. */
static gboolean
state_set_cb (GtkSwitch *control, gboolean wanted, gpointer user_data)
{
  Row *self = user_data;

  kvmm_usb_device_request (self->device, wanted);
  return TRUE;
}

static GtkWidget *
create_row (gpointer item, gpointer user_data)
{
  KvmmUsbDevice *device = item;
  GtkWidget *widget = adw_action_row_new ();
  Row *self = g_new0 (Row, 1);

  self->device = g_object_ref (device);
  self->row = ADW_ACTION_ROW (widget);
  self->control = GTK_SWITCH (gtk_switch_new ());
  self->spinner = GTK_SPINNER (gtk_spinner_new ());
  g_object_set_data_full (G_OBJECT (widget), "kvmm-usb-row", self, row_free);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (widget), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (widget), kvmm_usb_device_get_title (device));
  adw_action_row_set_title_lines (self->row, 2);
  adw_action_row_set_subtitle_lines (self->row, 6);
  gtk_widget_set_valign (GTK_WIDGET (self->control), GTK_ALIGN_CENTER);
  adw_action_row_add_suffix (self->row, GTK_WIDGET (self->spinner));
  adw_action_row_add_suffix (self->row, GTK_WIDGET (self->control));
  adw_action_row_set_activatable_widget (self->row, GTK_WIDGET (self->control));
  g_autofree char *label = g_strdup_printf (_ ("Attach %s"), kvmm_usb_device_get_title (device));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->control), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  label, -1);
  update_row (self);
  g_signal_connect (self->control, "state-set", G_CALLBACK (state_set_cb), self);
  g_signal_connect (device, "notify", G_CALLBACK (device_changed_cb), self);
  return widget;
}

/* ---- the window ---- */

static void
items_changed_cb (GListModel *list, guint position, guint removed, guint added, gpointer user_data)
{
  KvmmUsbWindow *self = user_data;

  gtk_stack_set_visible_child_name (self->stack,
                                    g_list_model_get_n_items (list) > 0 ? "list" : "none");
}

static void
kvmm_usb_window_dispose (GObject *object)
{
  KvmmUsbWindow *self = KVMM_USB_WINDOW (object);

  if (self->list != NULL)
    gtk_list_box_bind_model (self->list_box, NULL, NULL, NULL, NULL);
  g_clear_object (&self->list);
  G_OBJECT_CLASS (kvmm_usb_window_parent_class)->dispose (object);
}

static void
kvmm_usb_window_class_init (KvmmUsbWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_usb_window_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-usb-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmUsbWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmUsbWindow, status_page);
  gtk_widget_class_bind_template_child (widget_class, KvmmUsbWindow, group);
  gtk_widget_class_bind_template_child (widget_class, KvmmUsbWindow, list_box);
}

static void
kvmm_usb_window_init (KvmmUsbWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_usb_window_new (const char *machine_name, KvmmUsbList *list, const char *reason)
{
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmUsbWindow *self = g_object_new (KVMM_TYPE_USB_WINDOW, NULL);
  g_autofree char *name = kvmm_guest_text_sanitise (machine_name, -1);

  if (list == NULL)
    {
      /* A description is markup. */
      g_autofree char *escaped = g_markup_escape_text (reason != NULL ? reason : "", -1);

      adw_status_page_set_title (self->status_page, _ ("USB Devices Cannot Be Attached"));
      adw_status_page_set_icon_name (self->status_page, "dialog-warning-symbolic");
      adw_status_page_set_description (self->status_page, escaped);
      return GTK_WIDGET (self);
    }
  g_autofree char *text = g_strdup_printf (
      _ ("A device that is attached to “%s” cannot be used by this computer meanwhile."), name);
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  adw_preferences_group_set_description (self->group, escaped);
  self->list = g_object_ref (list);
  gtk_list_box_bind_model (self->list_box, G_LIST_MODEL (list), create_row, NULL, NULL);
  g_signal_connect_object (list, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  items_changed_cb (G_LIST_MODEL (list), 0, 0, 0, self);
  return GTK_WIDGET (self);
}

static void
closed_cb (KvmmDisplay *display, const GError *error, gpointer user_data)
{
  gtk_window_destroy (GTK_WINDOW (user_data));
}

void
kvmm_usb_window_present (GtkWidget *parent, const char *machine_name, KvmmDisplay *display)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmUsbList) list = kvmm_display_list_usb (display, &error);
  GtkRoot *root = gtk_widget_get_root (parent);
  GtkWidget *window =
      kvmm_usb_window_new (machine_name, list, error != NULL ? error->message : NULL);

  if (GTK_IS_WINDOW (root))
    gtk_window_set_transient_for (GTK_WINDOW (window), GTK_WINDOW (root));
  g_signal_connect_object (display, "closed", G_CALLBACK (closed_cb), window, 0);
  gtk_window_present (GTK_WINDOW (window));
}

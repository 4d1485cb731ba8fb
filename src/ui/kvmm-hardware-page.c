/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-hardware-page.h"

#include <glib/gi18n.h>

#include "kvmm-boot-order-view.h"
#include "kvmm-dialogs.h"
#include "kvmm-disc-buttons.h"
#include "kvmm-fact-row.h"
#include "kvmm-grow-dialog.h"
#include "kvmm-hardware-add-window.h"
#include "kvmm-hardware-edit-window.h"
#include "kvmm-hardware-remove.h"
#include "kvmm-pending-view.h"
#include "kvmm-share-window.h"
#include "xml/kvmm-xml-device.h"
#include "xml/kvmm-xml-disks.h"

struct _KvmmHardwarePage
{
  AdwBin parent_instance;

  KvmmDomain *domain;        /* (owned) */
  GCancellable *cancellable; /* (owned) (nullable): of the read that is under way */
  GPtrArray *devices;        /* (owned) (nullable) (element-type KvmmXmlDevice) */

  GtkStack *stack;
  KvmmPendingView *pending_view;
  AdwLeaflet *leaflet;
  GtkListBox *list;
  GtkWidget *add_button;
  GtkWidget *share_button;
  GtkWidget *details;
  GtkImage *icon;
  GtkLabel *title_label;
  GtkLabel *summary_label;
  GtkWidget *edit_button;
  GtkWidget *grow_button;
  GtkWidget *remove_button;
  GtkWidget *mount_button;
  KvmmDiscButtons *disc_buttons;
  KvmmBootOrderView *boot_order_view;
  GtkListBox *fields;
  GtkLabel *xml_label;
  AdwStatusPage *error_page;
};

G_DEFINE_FINAL_TYPE (KvmmHardwarePage, kvmm_hardware_page, ADW_TYPE_BIN)

static void
remove_rows (GtkListBox *list)
{
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (list, 0)) != NULL)
    gtk_list_box_remove (list, GTK_WIDGET (row));
}

static const KvmmXmlDevice *
get_device (KvmmHardwarePage *self, GtkListBoxRow *row)
{
  int index = row != NULL ? gtk_list_box_row_get_index (row) : -1;

  if (index < 0 || self->devices == NULL || (guint) index >= self->devices->len)
    return NULL;
  return self->devices->pdata[index];
}

static GtkWidget *
create_row (const KvmmXmlDevice *device)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *title = gtk_label_new (device->title);
  GtkWidget *summary = gtk_label_new (device->summary);
  g_autofree char *name = g_strdup_printf ("%s, %s", device->title, device->summary);

  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_label_set_ellipsize (GTK_LABEL (title), PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (GTK_LABEL (summary), 0);
  gtk_label_set_ellipsize (GTK_LABEL (summary), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (summary, "caption");
  gtk_widget_add_css_class (summary, "dim-label");
  gtk_widget_set_visible (summary, device->summary != NULL && *device->summary != '\0');
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (texts), title);
  gtk_box_append (GTK_BOX (texts), summary);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 6);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name (device->icon_name));
  gtk_box_append (GTK_BOX (box), texts);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  return row;
}

/* Sections belong to every machine. */
static gboolean
is_removable (const KvmmXmlDevice *device)
{
  return device->part != NULL && !g_str_has_prefix (device->part, "domain/");
}

/* Returns: (nullable) (transfer full): the target of a disk that can be made larger */
static char *
dup_growing_target (const KvmmXmlDevice *device)
{
  g_autoptr (KvmmXmlDisk) disk =
      g_str_equal (device->kind, "disk") ? kvmm_xml_disk_parse (device->xml) : NULL;

  return disk != NULL && !disk->is_removable && !disk->is_read_only
             ? g_steal_pointer (&disk->target)
             : NULL;
}

/* Returns: (nullable) (transfer full) */
static KvmmXmlShare *
parse_share (const KvmmXmlDevice *device)
{
  return g_str_equal (device->kind, "filesystem") ? kvmm_xml_share_parse (device->xml) : NULL;
}

static void
show_device (KvmmHardwarePage *self, const KvmmXmlDevice *device)
{
  gboolean is_persistent = kvmm_domain_get_persistent (self->domain);
  g_autofree char *growing = dup_growing_target (device);
  g_autoptr (KvmmXmlShare) share = parse_share (device);

  gtk_image_set_from_icon_name (self->icon, device->icon_name);
  gtk_label_set_text (self->title_label, device->title);
  gtk_label_set_text (self->summary_label, device->summary);
  gtk_label_set_text (self->xml_label, device->xml);
  gtk_widget_set_visible (self->edit_button, is_persistent && device->part != NULL);
  gtk_widget_set_visible (self->remove_button, is_persistent && is_removable (device));
  gtk_widget_set_visible (self->grow_button, growing != NULL);
  gtk_widget_set_visible (self->mount_button, share != NULL);
  kvmm_disc_buttons_set_device (self->disc_buttons, self->domain, device);
  gtk_widget_set_visible (GTK_WIDGET (self->boot_order_view),
                          is_persistent && g_strcmp0 (device->part, "domain/os") == 0);
  remove_rows (self->fields);
  for (guint i = 0; i < device->fields->len; i++)
    {
      const KvmmXmlDeviceField *field = device->fields->pdata[i];

      gtk_list_box_append (self->fields, kvmm_fact_row_new (field->label, field->value));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->fields), device->fields->len > 0);
}

static void
row_selected_cb (KvmmHardwarePage *self, GtkListBoxRow *row)
{
  const KvmmXmlDevice *device = get_device (self, row);

  if (device != NULL)
    show_device (self, device);
}

static void
row_activated_cb (KvmmHardwarePage *self, GtkListBoxRow *row)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  row_selected_cb (self, row);
  adw_leaflet_set_visible_child (self->leaflet, self->details);
  /* From the keyboard, Tab would go to the next device, and show that one. */
  if (GTK_IS_WINDOW (root) && gtk_window_get_focus_visible (GTK_WINDOW (root)))
    gtk_widget_grab_focus (self->edit_button);
}

static void
back_cb (KvmmHardwarePage *self)
{
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void
copy_cb (KvmmHardwarePage *self)
{
  kvmm_dialogs_copy (GTK_WIDGET (self), gtk_label_get_text (self->xml_label));
}

static void
add_cb (KvmmHardwarePage *self)
{
  kvmm_hardware_add_window_present (GTK_WIDGET (self), self->domain);
}

static void
edit_cb (KvmmHardwarePage *self)
{
  const KvmmXmlDevice *device = get_device (self, gtk_list_box_get_selected_row (self->list));

  if (device != NULL && device->part != NULL)
    kvmm_hardware_edit_window_present (GTK_WIDGET (self), self->domain, device);
}

static void
grow_cb (KvmmHardwarePage *self)
{
  const KvmmXmlDevice *device = get_device (self, gtk_list_box_get_selected_row (self->list));
  g_autofree char *target = device != NULL ? dup_growing_target (device) : NULL;

  if (target != NULL)
    kvmm_grow_dialog_present (GTK_WIDGET (self), self->domain, target);
}

static void
share_cb (KvmmHardwarePage *self)
{
  kvmm_hardware_add_window_present_share (GTK_WIDGET (self), self->domain);
}

static void
mount_cb (KvmmHardwarePage *self)
{
  const KvmmXmlDevice *device = get_device (self, gtk_list_box_get_selected_row (self->list));
  g_autoptr (KvmmXmlShare) share = device != NULL ? parse_share (device) : NULL;

  if (share != NULL)
    kvmm_share_window_present (GTK_WIDGET (self), self->domain, share, FALSE);
}

static void
remove_cb (KvmmHardwarePage *self)
{
  const KvmmXmlDevice *device = get_device (self, gtk_list_box_get_selected_row (self->list));

  if (device != NULL && is_removable (device))
    kvmm_hardware_remove (GTK_WIDGET (self), self->domain, device);
}

static gboolean
is_same_device (gconstpointer a, gconstpointer b)
{
  const KvmmXmlDevice *device_a = a;
  const KvmmXmlDevice *device_b = b;

  return g_strcmp0 (device_a->xml, device_b->xml) == 0 &&
         g_strcmp0 (device_a->title, device_b->title) == 0;
}

static gboolean
is_same_list (GPtrArray *a, GPtrArray *b)
{
  if (a == NULL || b == NULL || a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!is_same_device (a->pdata[i], b->pdata[i]))
      return FALSE;
  return TRUE;
}

/* Keeps the selection on the device of the same title. */
static void
take_devices (KvmmHardwarePage *self, GPtrArray *devices)
{
  const KvmmXmlDevice *selected = get_device (self, gtk_list_box_get_selected_row (self->list));
  g_autofree char *title = selected != NULL ? g_strdup (selected->title) : NULL;
  gint64 index = 0;

  remove_rows (self->list);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  self->devices = devices;
  for (guint i = 0; i < devices->len; i++)
    {
      const KvmmXmlDevice *device = devices->pdata[i];

      gtk_list_box_append (self->list, create_row (device));
      if (g_strcmp0 (device->title, title) == 0)
        index = i;
    }
  gtk_list_box_select_row (self->list, gtk_list_box_get_row_at_index (self->list, (int) index));
}

static void
listed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHardwarePage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices =
      kvmm_domain_list_devices_finish (KVMM_DOMAIN (object), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (devices != NULL)
    {
      gtk_widget_set_visible (self->add_button, kvmm_domain_get_persistent (self->domain));
      gtk_widget_set_visible (self->share_button, kvmm_domain_get_persistent (self->domain));
      if (!is_same_list (self->devices, devices))
        take_devices (self, g_steal_pointer (&devices));
      gtk_stack_set_visible_child_name (self->stack, "devices");
      return;
    }

  g_autofree char *description = g_markup_escape_text (error->message, -1);

  adw_status_page_set_description (self->error_page, description);
  gtk_stack_set_visible_child_name (self->stack, "error");
}

static void
reload (KvmmHardwarePage *self)
{
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  kvmm_pending_view_reload (self->pending_view);
  kvmm_boot_order_view_reload (self->boot_order_view);
  kvmm_domain_list_devices_async (self->domain, self->cancellable, listed_cb, g_object_ref (self));
}

/* Another definition of a machine that runs is told in its timeline alone. */
static void
log_changed_cb (KvmmHardwarePage *self)
{
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  kvmm_pending_view_reload (self->pending_view);
  kvmm_boot_order_view_reload (self->boot_order_view);
}

static void
kvmm_hardware_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_hardware_page_parent_class)->map (widget);
  reload (KVMM_HARDWARE_PAGE (widget));
}

static void
kvmm_hardware_page_dispose (GObject *object)
{
  KvmmHardwarePage *self = KVMM_HARDWARE_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_hardware_page_parent_class)->dispose (object);
}

static void
kvmm_hardware_page_class_init (KvmmHardwarePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_hardware_page_dispose;
  widget_class->map = kvmm_hardware_page_map;

  g_type_ensure (KVMM_TYPE_PENDING_VIEW);
  g_type_ensure (KVMM_TYPE_DISC_BUTTONS);
  g_type_ensure (KVMM_TYPE_BOOT_ORDER_VIEW);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-hardware-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, pending_view);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, leaflet);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, list);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, add_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, share_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, mount_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, details);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, icon);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, title_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, summary_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, edit_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, grow_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, remove_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, disc_buttons);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, boot_order_view);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, fields);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, xml_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmHardwarePage, error_page);
  gtk_widget_class_bind_template_callback (widget_class, row_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, back_cb);
  gtk_widget_class_bind_template_callback (widget_class, copy_cb);
  gtk_widget_class_bind_template_callback (widget_class, add_cb);
  gtk_widget_class_bind_template_callback (widget_class, edit_cb);
  gtk_widget_class_bind_template_callback (widget_class, grow_cb);
  gtk_widget_class_bind_template_callback (widget_class, share_cb);
  gtk_widget_class_bind_template_callback (widget_class, mount_cb);
  gtk_widget_class_bind_template_callback (widget_class, remove_cb);
  gtk_widget_class_bind_template_callback (widget_class, reload);
}

static void
kvmm_hardware_page_init (KvmmHardwarePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_hardware_page_new (KvmmDomain *domain)
{
  KvmmHardwarePage *self = g_object_new (KVMM_TYPE_HARDWARE_PAGE, NULL);

  self->domain = g_object_ref (domain);
  kvmm_pending_view_set_domain (self->pending_view, domain);
  kvmm_boot_order_view_set_domain (self->boot_order_view, domain);
  /* "xml" notifies from the first time on that somebody asked for it. */
  kvmm_domain_get_xml (domain);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (reload), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::xml", G_CALLBACK (reload), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kvmm_domain_get_log (domain), "items-changed",
                           G_CALLBACK (log_changed_cb), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-boot-order-view.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "model/kvmm-domain-edit.h"

struct _KvmmBootOrderView
{
  AdwBin parent_instance;

  KvmmDomain *domain;        /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable): of the read that is under way */
  KvmmXmlEdit *edit;         /* (owned) (nullable): as it was read */
  GPtrArray *devices;        /* (owned) (nullable) (element-type KvmmXmlBootDevice): as shown */
  gboolean is_changed;       /* what is shown is not what was read */
  gboolean is_busy;          /* it is being applied */

  AdwPreferencesGroup *group;
  GtkListBox *list;
  GtkLabel *message;
  GtkWidget *buttons;
  GtkWidget *apply_button;
};

G_DEFINE_FINAL_TYPE (KvmmBootOrderView, kvmm_boot_order_view, ADW_TYPE_BIN)

/* The buttons of a row, kept on it. */
#define UP_KEY "kvmm-up"
#define DOWN_KEY "kvmm-down"
#define CHECK_KEY "kvmm-check"

/* @text: (nullable): plain */
static void
show_message (KvmmBootOrderView *self, const char *text)
{
  gtk_label_set_text (self->message, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->message), text != NULL);
}

static guint
count_booting (KvmmBootOrderView *self)
{
  guint count = 0;

  for (guint i = 0; self->devices != NULL && i < self->devices->len; i++)
    count += ((KvmmXmlBootDevice *) self->devices->pdata[i])->boots ? 1 : 0;
  return count;
}

static GtkWidget *
get_part (GtkListBoxRow *row, const char *key)
{
  return g_object_get_data (G_OBJECT (row), key);
}

/* What can be done depends on where a row is. */
static void
update (KvmmBootOrderView *self)
{
  GtkListBoxRow *row;
  gboolean boots = count_booting (self) > 0;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->list, i)) != NULL; i++)
    {
      gtk_widget_set_sensitive (get_part (row, UP_KEY), i > 0);
      gtk_widget_set_sensitive (get_part (row, DOWN_KEY), i + 1 < (int) self->devices->len);
    }
  gtk_widget_set_visible (self->buttons, self->is_changed);
  gtk_widget_set_sensitive (self->apply_button, boots && !self->is_busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->list), !self->is_busy);
  if (self->is_changed && !boots)
    show_message (self, _ ("Check at least one device"));
}

static void
set_changed (KvmmBootOrderView *self)
{
  self->is_changed = TRUE;
  show_message (self, NULL);
  update (self);
}

/* ---- moving ---- */

/* The row stays the same widget, so that what had the focus keeps it. */
static void
move (KvmmBootOrderView *self, GtkListBoxRow *row, int to)
{
  g_autoptr (GtkWidget) held = g_object_ref (GTK_WIDGET (row));
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;
  gboolean had_focus = focus != NULL && (focus == held || gtk_widget_is_ancestor (focus, held));
  int from = gtk_list_box_row_get_index (row);
  gpointer device;

  if (from < 0 || to < 0 || to >= (int) self->devices->len || from == to || self->is_busy)
    return;
  device = g_ptr_array_steal_index (self->devices, (guint) from);
  g_ptr_array_insert (self->devices, to, device);
  gtk_list_box_remove (self->list, held);
  gtk_list_box_insert (self->list, held, to);
  set_changed (self);
  if (!had_focus)
    return;
  /* A button at its end of the list can be pressed no more. */
  if (!gtk_widget_is_sensitive (focus))
    focus = get_part (row, CHECK_KEY);
  gtk_widget_grab_focus (focus);
}

static GtkListBoxRow *
find_row (GtkWidget *widget)
{
  GtkWidget *row = widget != NULL ? gtk_widget_get_ancestor (widget, GTK_TYPE_LIST_BOX_ROW) : NULL;

  return row != NULL ? GTK_LIST_BOX_ROW (row) : NULL;
}

static void
up_cb (KvmmBootOrderView *self, GtkWidget *button)
{
  GtkListBoxRow *row = find_row (button);

  move (self, row, gtk_list_box_row_get_index (row) - 1);
}

static void
down_cb (KvmmBootOrderView *self, GtkWidget *button)
{
  GtkListBoxRow *row = find_row (button);

  move (self, row, gtk_list_box_row_get_index (row) + 1);
}

/* Alt+Up and Alt+Down: @args is by how many places. */
static gboolean
move_focused_cb (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  KvmmBootOrderView *self = KVMM_BOOT_ORDER_VIEW (widget);
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkListBoxRow *row = find_row (root != NULL ? gtk_root_get_focus (root) : NULL);

  if (row == NULL || gtk_widget_get_parent (GTK_WIDGET (row)) != GTK_WIDGET (self->list))
    return FALSE;
  move (self, row, gtk_list_box_row_get_index (row) + g_variant_get_int32 (args));
  return TRUE;
}

static GdkContentProvider *
prepare_cb (GtkDragSource *source, double x, double y, GtkListBoxRow *row)
{
  return gdk_content_provider_new_typed (GTK_TYPE_LIST_BOX_ROW, row);
}

static void
drag_begin_cb (GtkDragSource *source, GdkDrag *drag, GtkListBoxRow *row)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (row));

  gtk_drag_source_set_icon (source, paintable, 0, 0);
}

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, gpointer user_data)
{
  KvmmBootOrderView *self = user_data;
  GtkListBoxRow *row = g_value_get_object (value);
  GtkListBoxRow *there = gtk_list_box_get_row_at_y (self->list, (int) y);

  if (row == NULL || there == NULL ||
      gtk_widget_get_parent (GTK_WIDGET (row)) != GTK_WIDGET (self->list))
    return FALSE;
  move (self, row, gtk_list_box_row_get_index (there));
  return TRUE;
}

/* ---- rows ---- */

static void
toggled_cb (KvmmBootOrderView *self, GtkCheckButton *check)
{
  int index = gtk_list_box_row_get_index (find_row (GTK_WIDGET (check)));
  KvmmXmlBootDevice *device = self->devices->pdata[index];

  device->boots = gtk_check_button_get_active (check);
  set_changed (self);
}

static GtkWidget *
add_button (KvmmBootOrderView *self,
            AdwActionRow *row,
            const char *icon_name,
            const char *tooltip,
            const char *name,
            GCallback clicked)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon_name);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_object (button, "clicked", clicked, self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (row, button);
  return button;
}

static GtkWidget *
create_row (KvmmBootOrderView *self, const KvmmXmlBootDevice *device)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *check = gtk_check_button_new ();
  GtkDragSource *source = gtk_drag_source_new ();
  g_autofree char *escaped = g_markup_escape_text (device->summary, -1);
  /* Translators: a device that the machine may boot from */
  g_autofree char *name = g_strdup_printf (_ ("Boot from %s"), device->title);
  g_autofree char *up = g_strdup_printf (_ ("Move %s Up"), device->title);
  g_autofree char *down = g_strdup_printf (_ ("Move %s Down"), device->title);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), device->title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), escaped);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), device->boots);
  gtk_accessible_update_property (GTK_ACCESSIBLE (check), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_object (check, "toggled", G_CALLBACK (toggled_cb), self, G_CONNECT_SWAPPED);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), check);
  g_object_set_data (G_OBJECT (row), CHECK_KEY, check);
  g_object_set_data (G_OBJECT (row), UP_KEY,
                     add_button (self, ADW_ACTION_ROW (row), "go-up-symbolic", _ ("Earlier"), up,
                                 G_CALLBACK (up_cb)));
  g_object_set_data (G_OBJECT (row), DOWN_KEY,
                     add_button (self, ADW_ACTION_ROW (row), "go-down-symbolic", _ ("Later"), down,
                                 G_CALLBACK (down_cb)));
  gtk_drag_source_set_actions (source, GDK_ACTION_MOVE);
  g_signal_connect_object (source, "prepare", G_CALLBACK (prepare_cb), row, 0);
  g_signal_connect_object (source, "drag-begin", G_CALLBACK (drag_begin_cb), row, 0);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (source));
  return row;
}

static gboolean
is_same_list (GPtrArray *a, GPtrArray *b)
{
  if (a == NULL || a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    {
      const KvmmXmlBootDevice *first = a->pdata[i];
      const KvmmXmlBootDevice *second = b->pdata[i];

      if (first->item.kind != second->item.kind || first->item.index != second->item.index ||
          first->boots != second->boots || !g_str_equal (first->title, second->title) ||
          !g_str_equal (first->summary, second->summary))
        return FALSE;
    }
  return TRUE;
}

/* @devices: (transfer full) */
static void
take_devices (KvmmBootOrderView *self, GPtrArray *devices)
{
  GtkListBoxRow *row;

  self->is_changed = FALSE;
  if (is_same_list (self->devices, devices))
    {
      g_ptr_array_unref (devices);
      update (self);
      return;
    }
  while ((row = gtk_list_box_get_row_at_index (self->list, 0)) != NULL)
    gtk_list_box_remove (self->list, GTK_WIDGET (row));
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  self->devices = devices;
  for (guint i = 0; i < devices->len; i++)
    gtk_list_box_append (self->list, create_row (self, devices->pdata[i]));
  gtk_widget_set_visible (GTK_WIDGET (self->list), devices->len > 0);
  adw_preferences_group_set_description (
      self->group, devices->len > 0 ? _ ("Takes effect with the next start.")
                                    : _ ("The virtual machine has no device to boot from."));
  update (self);
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmBootOrderView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) edit =
      kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);

  if (self->domain == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (edit == NULL)
    {
      show_message (self, error->message);
      return;
    }
  if (self->is_changed)
    return;
  show_message (self, NULL);
  g_clear_pointer (&self->edit, kvmm_xml_edit_free);
  self->edit = g_steal_pointer (&edit);
  take_devices (self, kvmm_xml_edit_list_boot_devices (self->edit));
}

/* ---- applying ---- */

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmBootOrderView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied =
      kvmm_domain_apply_edit_finish (KVMM_DOMAIN (source), result, &error);

  self->is_busy = FALSE;
  if (self->domain == NULL)
    return;
  if (applied == NULL)
    {
      g_autofree char *text = g_strdup_printf (_ ("The boot order of “%s” was not changed: %s"),
                                               kvmm_domain_get_name (self->domain), error->message);

      update (self);
      show_message (self, text);
      return;
    }
  self->is_changed = FALSE;
  update (self);
  kvmm_dialogs_toast (GTK_WIDGET (self), applied->needs_restart
                                             ? _ ("The boot order changes with the next start")
                                             : _ ("The boot order is changed"));
  kvmm_boot_order_view_reload (self);
}

static void
apply_cb (KvmmBootOrderView *self)
{
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autofree KvmmXmlBootItem *items = NULL;
  g_autoptr (GError) error = NULL;
  guint n_items = 0;

  if (self->is_busy || self->edit == NULL || count_booting (self) == 0)
    return;
  edit = kvmm_xml_edit_copy (self->edit);
  items = g_new0 (KvmmXmlBootItem, self->devices->len);
  for (guint i = 0; i < self->devices->len; i++)
    {
      const KvmmXmlBootDevice *device = self->devices->pdata[i];

      if (device->boots)
        items[n_items++] = device->item;
    }
  if (!kvmm_xml_edit_set_boot_order (edit, items, n_items, &error) ||
      !kvmm_xml_edit_check (edit, &error))
    {
      show_message (self, error->message);
      return;
    }
  show_message (self, NULL);
  self->is_busy = TRUE;
  update (self);
  kvmm_domain_apply_edit_async (self->domain, edit, KVMM_DOMAIN_EDIT_DEFAULT, NULL, applied_cb,
                                g_object_ref (self));
}

static void
undo_cb (KvmmBootOrderView *self)
{
  if (self->is_busy)
    return;
  self->is_changed = FALSE;
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  show_message (self, NULL);
  if (self->edit != NULL)
    take_devices (self, kvmm_xml_edit_list_boot_devices (self->edit));
  kvmm_boot_order_view_reload (self);
}

/* ---- the view ---- */

static void
kvmm_boot_order_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_boot_order_view_parent_class)->map (widget);
  kvmm_boot_order_view_reload (KVMM_BOOT_ORDER_VIEW (widget));
}

static void
kvmm_boot_order_view_dispose (GObject *object)
{
  KvmmBootOrderView *self = KVMM_BOOT_ORDER_VIEW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_boot_order_view_parent_class)->dispose (object);
}

static void
kvmm_boot_order_view_finalize (GObject *object)
{
  KvmmBootOrderView *self = KVMM_BOOT_ORDER_VIEW (object);

  g_clear_pointer (&self->edit, kvmm_xml_edit_free);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  G_OBJECT_CLASS (kvmm_boot_order_view_parent_class)->finalize (object);
}

static void
kvmm_boot_order_view_class_init (KvmmBootOrderViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_boot_order_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_boot_order_view_finalize;
  widget_class->map = kvmm_boot_order_view_map;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-boot-order-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmBootOrderView, group);
  gtk_widget_class_bind_template_child (widget_class, KvmmBootOrderView, list);
  gtk_widget_class_bind_template_child (widget_class, KvmmBootOrderView, message);
  gtk_widget_class_bind_template_child (widget_class, KvmmBootOrderView, buttons);
  gtk_widget_class_bind_template_child (widget_class, KvmmBootOrderView, apply_button);
  gtk_widget_class_bind_template_callback (widget_class, apply_cb);
  gtk_widget_class_bind_template_callback (widget_class, undo_cb);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Up, GDK_ALT_MASK, move_focused_cb, "i", -1);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Down, GDK_ALT_MASK, move_focused_cb, "i", 1);
}

static void
kvmm_boot_order_view_init (KvmmBootOrderView *self)
{
  GtkDropTarget *target = gtk_drop_target_new (GTK_TYPE_LIST_BOX_ROW, GDK_ACTION_MOVE);

  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (target, "drop", G_CALLBACK (drop_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self->list), GTK_EVENT_CONTROLLER (target));
}

void
kvmm_boot_order_view_set_domain (KvmmBootOrderView *self, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_BOOT_ORDER_VIEW (self) && KVMM_IS_DOMAIN (domain));

  self->domain = g_object_ref (domain);
}

void
kvmm_boot_order_view_reload (KvmmBootOrderView *self)
{
  g_return_if_fail (KVMM_IS_BOOT_ORDER_VIEW (self));

  if (self->domain == NULL || self->is_changed || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  kvmm_domain_begin_edit_async (self->domain, self->cancellable, begun_cb, g_object_ref (self));
}

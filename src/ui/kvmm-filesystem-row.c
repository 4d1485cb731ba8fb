/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-filesystem-row.h"

#include <glib/gi18n.h>

#include "util/kvmm-units.h"

/* Above these a bar is amber, then red. */
#define AMBER_FRACTION 0.75
#define RED_FRACTION 0.90

struct _KvmmFilesystemRow
{
  GtkListBoxRow parent_instance;

  KvmmGuestItem *item; /* (owned) */
  GtkLabel *mount_label;
  GtkLabel *used_label;
  GtkLevelBar *bar;
  GtkLabel *detail_label;
};

G_DEFINE_FINAL_TYPE (KvmmFilesystemRow, kvmm_filesystem_row, GTK_TYPE_LIST_BOX_ROW)

/* As df counts: what root alone may use is neither used nor free. */
static double
used_fraction (const KvmmGuestFilesystem *filesystem)
{
  double room = (double) filesystem->used_bytes + (double) filesystem->available_bytes;

  return room > 0 ? (double) filesystem->used_bytes / room : 0;
}

static char *
describe_usage (const KvmmGuestFilesystem *filesystem)
{
  g_autofree char *used = kvmm_units_bytes (filesystem->used_bytes);
  g_autofree char *total = kvmm_units_bytes (filesystem->total_bytes);
  g_autofree char *percent = kvmm_units_percent (used_fraction (filesystem));

  if (filesystem->is_stale)
    return g_strdup (_ ("Does not answer"));
  if (filesystem->total_bytes == 0)
    return g_strdup ("");
  /* Translators: space, as in "3.2 GiB of 20 GiB, 16 %" */
  return g_strdup_printf (_ ("%s of %s, %s"), used, total, percent);
}

static char *
describe_details (const KvmmGuestFilesystem *filesystem)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  double used = used_fraction (filesystem);

  if (filesystem->type != NULL && *filesystem->type != '\0')
    g_ptr_array_add (parts, filesystem->type);
  if (filesystem->device != NULL && *filesystem->device != '\0')
    g_ptr_array_add (parts, filesystem->device);
  if (filesystem->disk_serial != NULL && *filesystem->disk_serial != '\0')
    g_ptr_array_add (parts, filesystem->disk_serial);
  if (filesystem->is_read_only)
    g_ptr_array_add (parts, _ ("read-only"));
  else if (!filesystem->is_stale && used > RED_FRACTION)
    g_ptr_array_add (parts, _ ("nearly full"));
  g_ptr_array_add (parts, NULL);
  return g_strjoinv (" · ", (char **) parts->pdata);
}

static void
changed_cb (KvmmFilesystemRow *self)
{
  const KvmmGuestFilesystem *filesystem = kvmm_guest_item_get_filesystem (self->item);

  if (filesystem == NULL)
    return;

  g_autofree char *usage = describe_usage (filesystem);
  g_autofree char *details = describe_details (filesystem);
  g_autofree char *name = g_strdup_printf ("%s: %s, %s", filesystem->mount, usage, details);

  gtk_label_set_text (self->mount_label, filesystem->mount);
  gtk_label_set_text (self->used_label, usage);
  gtk_label_set_text (self->detail_label, details);
  /* A read-only medium is always full: nothing to warn of. */
  gtk_widget_set_visible (GTK_WIDGET (self->bar),
                          !filesystem->is_stale && filesystem->total_bytes > 0);
  if (filesystem->is_read_only)
    gtk_widget_add_css_class (GTK_WIDGET (self->bar), "read-only");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->bar), "read-only");
  gtk_level_bar_set_value (self->bar, CLAMP (used_fraction (filesystem), 0, 1));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
kvmm_filesystem_row_dispose (GObject *object)
{
  KvmmFilesystemRow *self = KVMM_FILESYSTEM_ROW (object);

  g_clear_object (&self->item);
  G_OBJECT_CLASS (kvmm_filesystem_row_parent_class)->dispose (object);
}

static void
kvmm_filesystem_row_class_init (KvmmFilesystemRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_filesystem_row_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-filesystem-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesystemRow, mount_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesystemRow, used_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesystemRow, bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesystemRow, detail_label);
}

static void
kvmm_filesystem_row_init (KvmmFilesystemRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));

  gtk_level_bar_remove_offset_value (self->bar, GTK_LEVEL_BAR_OFFSET_LOW);
  gtk_level_bar_remove_offset_value (self->bar, GTK_LEVEL_BAR_OFFSET_HIGH);
  gtk_level_bar_remove_offset_value (self->bar, GTK_LEVEL_BAR_OFFSET_FULL);
  gtk_level_bar_add_offset_value (self->bar, "usage-normal", AMBER_FRACTION);
  gtk_level_bar_add_offset_value (self->bar, "usage-amber", RED_FRACTION);
  gtk_level_bar_add_offset_value (self->bar, "usage-red", 1);
}

GtkWidget *
kvmm_filesystem_row_new (KvmmGuestItem *item)
{
  KvmmFilesystemRow *self = g_object_new (KVMM_TYPE_FILESYSTEM_ROW, NULL);

  self->item = g_object_ref (item);
  g_signal_connect_object (item, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  changed_cb (self);
  return GTK_WIDGET (self);
}

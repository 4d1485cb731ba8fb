/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-machine-grid.h"

#include "kvmm-grid-cell.h"

struct _KvmmMachineGrid
{
  AdwBin parent_instance;

  KvmmThumbnails *thumbnails; /* (owned) */
  GHashTable *cells;          /* (owned) KvmmDomain → KvmmGridCell (unowned) */

  GtkGridView *view;
};

static guint activate_signal;

G_DEFINE_FINAL_TYPE (KvmmMachineGrid, kvmm_machine_grid, ADW_TYPE_BIN)

/* GtkGridView makes more cells than fit on the screen. */
static gboolean
can_be_seen (KvmmDomain *domain, gpointer user_data)
{
  KvmmMachineGrid *self = user_data;
  GtkWidget *cell = g_hash_table_lookup (self->cells, domain);
  graphene_rect_t bounds;

  if (!cell || !gtk_widget_compute_bounds (cell, GTK_WIDGET (self), &bounds))
    return FALSE;
  return bounds.origin.y + bounds.size.height > 0 &&
         bounds.origin.y < gtk_widget_get_height (GTK_WIDGET (self));
}

/* ---- cells ---- */

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  KvmmMachineGrid *self = user_data;

  gtk_list_item_set_child (item, kvmm_grid_cell_new (self->thumbnails));
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  KvmmMachineGrid *self = user_data;
  KvmmDomain *domain = gtk_list_item_get_item (item);
  GtkWidget *cell = gtk_list_item_get_child (item);

  g_hash_table_insert (self->cells, domain, cell);
  kvmm_grid_cell_bind (KVMM_GRID_CELL (cell), domain);
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  KvmmMachineGrid *self = user_data;
  GtkWidget *cell = gtk_list_item_get_child (item);
  KvmmDomain *domain = kvmm_grid_cell_get_domain (KVMM_GRID_CELL (cell));

  if (domain && g_hash_table_lookup (self->cells, domain) == cell)
    g_hash_table_remove (self->cells, domain);
  kvmm_grid_cell_bind (KVMM_GRID_CELL (cell), NULL);
}

/* ---- the widget ---- */

static void
activated_cb (GtkGridView *view, guint position, gpointer user_data)
{
  g_signal_emit (user_data, activate_signal, 0, position);
}

static void
scrolled_cb (GtkAdjustment *adjustment, gpointer user_data)
{
  KvmmMachineGrid *self = user_data;

  kvmm_thumbnails_poke (self->thumbnails);
}

static void
kvmm_machine_grid_dispose (GObject *object)
{
  KvmmMachineGrid *self = KVMM_MACHINE_GRID (object);

  if (self->view)
    gtk_grid_view_set_model (self->view, NULL);
  self->view = NULL;
  adw_bin_set_child (ADW_BIN (self), NULL);
  g_clear_object (&self->thumbnails);
  g_clear_pointer (&self->cells, g_hash_table_unref);
  G_OBJECT_CLASS (kvmm_machine_grid_parent_class)->dispose (object);
}

static void
kvmm_machine_grid_class_init (KvmmMachineGridClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_machine_grid_dispose;
  activate_signal = g_signal_new ("activate", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-machine-grid.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineGrid, view);
  gtk_widget_class_bind_template_callback (widget_class, setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_cb);
  gtk_widget_class_bind_template_callback (widget_class, unbind_cb);
  gtk_widget_class_bind_template_callback (widget_class, activated_cb);
}

static void
kvmm_machine_grid_init (KvmmMachineGrid *self)
{
  GtkAdjustment *adjustment;

  self->cells = g_hash_table_new (NULL, NULL);
  self->thumbnails = kvmm_thumbnails_new (GTK_WIDGET (self), can_be_seen, self);
  gtk_widget_init_template (GTK_WIDGET (self));
  adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->view));
  g_signal_connect_object (adjustment, "value-changed", G_CALLBACK (scrolled_cb), self, 0);
  g_signal_connect_object (adjustment, "changed", G_CALLBACK (scrolled_cb), self, 0);
}

void
kvmm_machine_grid_set_model (KvmmMachineGrid *self, GtkSelectionModel *model)
{
  g_return_if_fail (KVMM_IS_MACHINE_GRID (self));

  gtk_grid_view_set_model (self->view, model);
}

GtkWidget *
kvmm_machine_grid_get_view (KvmmMachineGrid *self)
{
  g_return_val_if_fail (KVMM_IS_MACHINE_GRID (self), NULL);

  return GTK_WIDGET (self->view);
}

KvmmThumbnails *
kvmm_machine_grid_get_thumbnails (KvmmMachineGrid *self)
{
  g_return_val_if_fail (KVMM_IS_MACHINE_GRID (self), NULL);

  return self->thumbnails;
}

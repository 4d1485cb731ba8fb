/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-list-rows.h"

#include "model/kvmm-guest.h"

/* One machine and the cells that show it. */
typedef struct
{
  KvmmListRows *rows; /* (unowned) */
  KvmmDomain *domain; /* (owned) */
  GPtrArray *cells;   /* (owned) (element-type KvmmListCell) (unowned elements) */
  gboolean is_dirty;  /* in rows->dirty */
  gboolean figures_only;
} Row;

struct _KvmmListRows
{
  GObject parent_instance;

  GtkWidget *view;            /* (unowned) */
  GHashTable *rows;           /* (owned) KvmmDomain → Row */
  GHashTable *icons;          /* (owned) name → GdkPaintable */
  GPtrArray *dirty;           /* (owned) (element-type Row) (unowned elements) */
  GdkFrameClock *frame_clock; /* (owned) (nullable) while the view is realized */
  PangoAttrList *attributes;  /* (owned) */
  guint tick_id;
  int line_height; /* 0: ask again */
};

G_DEFINE_FINAL_TYPE (KvmmListRows, kvmm_list_rows, G_TYPE_OBJECT)

static gboolean
update_dirty_cb (GtkWidget *view, GdkFrameClock *clock, gpointer user_data)
{
  KvmmListRows *self = user_data;
  g_autoptr (GPtrArray) dirty = g_steal_pointer (&self->dirty);

  self->dirty = g_ptr_array_new ();
  self->tick_id = 0;
  for (guint i = 0; i < dirty->len; i++)
    {
      Row *row = g_ptr_array_index (dirty, i);

      row->is_dirty = FALSE;
      for (guint j = 0; j < row->cells->len; j++)
        kvmm_list_cell_update (g_ptr_array_index (row->cells, j), row->figures_only);
    }

  return G_SOURCE_REMOVE;
}

static void
mark_dirty (Row *row, gboolean figures_only)
{
  KvmmListRows *self = row->rows;

  if (row->is_dirty)
    {
      row->figures_only = row->figures_only && figures_only;
      return;
    }
  row->is_dirty = TRUE;
  row->figures_only = figures_only;
  g_ptr_array_add (self->dirty, row);
  if (self->tick_id == 0)
    self->tick_id = gtk_widget_add_tick_callback (self->view, update_dirty_cb, self, NULL);
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  mark_dirty (user_data, FALSE);
}

static void
stats_changed_cb (KvmmDomain *domain, gpointer user_data)
{
  mark_dirty (user_data, TRUE);
}

static Row *
row_new (KvmmListRows *rows, KvmmDomain *domain)
{
  Row *self = g_new0 (Row, 1);

  self->rows = rows;
  self->domain = g_object_ref (domain);
  self->cells = g_ptr_array_sized_new (KVMM_N_LIST_COLUMNS);
  g_signal_connect (domain, "notify", G_CALLBACK (notify_cb), self);
  g_signal_connect (domain, "stats-changed", G_CALLBACK (stats_changed_cb), self);
  g_signal_connect (kvmm_domain_get_guest (domain), "notify", G_CALLBACK (notify_cb), self);

  return self;
}

static void
row_free (gpointer data)
{
  Row *self = data;

  g_signal_handlers_disconnect_by_data (self->domain, self);
  g_signal_handlers_disconnect_by_data (kvmm_domain_get_guest (self->domain), self);
  if (self->is_dirty)
    g_ptr_array_remove_fast (self->rows->dirty, self);
  g_object_unref (self->domain);
  g_ptr_array_unref (self->cells);
  g_free (self);
}

void
kvmm_list_rows_attach (KvmmListRows *self, KvmmListCell *cell, KvmmDomain *domain)
{
  Row *row = g_hash_table_lookup (self->rows, domain);

  if (!row)
    {
      row = row_new (self, domain);
      g_hash_table_insert (self->rows, domain, row);
    }
  g_ptr_array_add (row->cells, cell);
}

void
kvmm_list_rows_detach (KvmmListRows *self, KvmmListCell *cell, KvmmDomain *domain)
{
  Row *row = g_hash_table_lookup (self->rows, domain);

  if (!row)
    return;
  g_ptr_array_remove_fast (row->cells, cell);
  if (row->cells->len == 0)
    g_hash_table_remove (self->rows, domain);
}

int
kvmm_list_rows_get_line_height (KvmmListRows *self)
{
  if (self->line_height == 0)
    {
      PangoContext *context = gtk_widget_get_pango_context (self->view);
      PangoFontMetrics *metrics = pango_context_get_metrics (context, NULL, NULL);
      int height = pango_font_metrics_get_height (metrics);

      self->line_height = MAX (PANGO_PIXELS_CEIL (height), KVMM_LIST_CELL_ICON_SIZE);
      pango_font_metrics_unref (metrics);
    }

  return self->line_height;
}

void
kvmm_list_rows_style_changed (KvmmListRows *self)
{
  self->line_height = 0;
}

PangoLayout *
kvmm_list_rows_create_layout (KvmmListRows *self, const char *text)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (self->view, text);

  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_attributes (layout, self->attributes);

  return layout;
}

GdkPaintable *
kvmm_list_rows_get_icon (KvmmListRows *self, const char *icon_name)
{
  GdkPaintable *icon = g_hash_table_lookup (self->icons, icon_name);

  if (!icon)
    {
      GtkIconTheme *theme = gtk_icon_theme_get_for_display (gtk_widget_get_display (self->view));

      icon = GDK_PAINTABLE (gtk_icon_theme_lookup_icon (
          theme, icon_name, NULL, KVMM_LIST_CELL_ICON_SIZE,
          gtk_widget_get_scale_factor (self->view), gtk_widget_get_direction (self->view),
          GTK_ICON_LOOKUP_FORCE_SYMBOLIC));
      g_hash_table_insert (self->icons, g_strdup (icon_name), icon);
    }

  return icon;
}

gboolean
kvmm_list_rows_is_visible (KvmmListRows *self, GtkWidget *cell)
{
  graphene_rect_t bounds;
  int height = gtk_widget_get_height (self->view);

  if (!gtk_widget_compute_bounds (cell, self->view, &bounds))
    return FALSE;

  return bounds.origin.y + bounds.size.height >= 0 && bounds.origin.y <= height;
}

/* Rows have been moved by scrolling; the paint phase of this frame follows. */
static void
layout_cb (GdkFrameClock *clock, gpointer user_data)
{
  KvmmListRows *self = user_data;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Row *row = value;

      /* All cells of a row are at one height. */
      if (kvmm_list_cell_get_is_culled (g_ptr_array_index (row->cells, 0)) &&
          kvmm_list_rows_is_visible (self, g_ptr_array_index (row->cells, 0)))
        for (guint i = 0; i < row->cells->len; i++)
          kvmm_list_cell_reveal (g_ptr_array_index (row->cells, i));
    }
}

static void
realize_cb (GtkWidget *view, gpointer user_data)
{
  KvmmListRows *self = user_data;

  g_set_object (&self->frame_clock, gtk_widget_get_frame_clock (view));
  g_signal_connect_object (self->frame_clock, "layout", G_CALLBACK (layout_cb), self,
                           G_CONNECT_AFTER);
}

static void
unrealize_cb (GtkWidget *view, gpointer user_data)
{
  KvmmListRows *self = user_data;

  if (self->frame_clock)
    g_signal_handlers_disconnect_by_func (self->frame_clock, layout_cb, self);
  g_clear_object (&self->frame_clock);
}

static void
scale_changed_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  KvmmListRows *self = user_data;

  g_hash_table_remove_all (self->icons);
}

static void
kvmm_list_rows_dispose (GObject *object)
{
  KvmmListRows *self = KVMM_LIST_ROWS (object);

  if (self->tick_id)
    gtk_widget_remove_tick_callback (self->view, self->tick_id);
  self->tick_id = 0;
  unrealize_cb (self->view, self);

  G_OBJECT_CLASS (kvmm_list_rows_parent_class)->dispose (object);
}

static void
kvmm_list_rows_finalize (GObject *object)
{
  KvmmListRows *self = KVMM_LIST_ROWS (object);

  g_clear_pointer (&self->rows, g_hash_table_unref);
  g_clear_pointer (&self->icons, g_hash_table_unref);
  g_clear_pointer (&self->dirty, g_ptr_array_unref);
  g_clear_pointer (&self->attributes, pango_attr_list_unref);

  G_OBJECT_CLASS (kvmm_list_rows_parent_class)->finalize (object);
}

static void
kvmm_list_rows_class_init (KvmmListRowsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_list_rows_dispose;
  object_class->finalize = kvmm_list_rows_finalize;
}

static void
kvmm_list_rows_init (KvmmListRows *self)
{
  self->rows = g_hash_table_new_full (NULL, NULL, NULL, row_free);
  self->icons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->dirty = g_ptr_array_new ();
  self->attributes = pango_attr_list_new ();
  pango_attr_list_insert (self->attributes, pango_attr_font_features_new ("tnum=1"));
}

KvmmListRows *
kvmm_list_rows_new (GtkWidget *view)
{
  KvmmListRows *self = g_object_new (KVMM_TYPE_LIST_ROWS, NULL);

  self->view = view;
  g_signal_connect_object (view, "realize", G_CALLBACK (realize_cb), self, G_CONNECT_AFTER);
  g_signal_connect_object (view, "unrealize", G_CALLBACK (unrealize_cb), self, G_CONNECT_DEFAULT);
  g_signal_connect_object (view, "notify::scale-factor", G_CALLBACK (scale_changed_cb), self,
                           G_CONNECT_DEFAULT);

  return self;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-list-cell.h"

#include <math.h>

#include "kvmm-list-rows.h"
#include "kvmm-state-dot.h"

#include "util/kvmm-history.h"

#define ICON_GAP 8
/* All but the names can be made this narrow. */
#define MINIMUM_WIDTH 24
/* Share of the CPU column that is left for the figure, in widths of a digit. */
#define FIGURE_WIDTH 46

struct _KvmmListCell
{
  GtkWidget parent_instance;

  KvmmListRows *rows;  /* (owned) */
  KvmmDomain *domain;  /* (owned) (nullable) */
  PangoLayout *layout; /* (owned) (nullable) only while drawn */
  char *text;          /* (owned) (nullable) */
  char *row_name;      /* (owned) (nullable) what our row is called */
  KvmmListColumn column;
  gboolean is_culled; /* the last snapshot was of nothing: outside the visible part */
};

G_DEFINE_FINAL_TYPE (KvmmListCell, kvmm_list_cell, GTK_TYPE_WIDGET)

static gboolean
is_figure (KvmmListColumn column)
{
  return column == KVMM_LIST_COLUMN_CPU || column == KVMM_LIST_COLUMN_MEMORY;
}

/* GTK names no row. A screen reader reads this when the row gets the focus. */
static void
name_row (KvmmListCell *self)
{
  GtkWidget *cell = gtk_widget_get_parent (GTK_WIDGET (self));
  GtkWidget *row = cell ? gtk_widget_get_parent (cell) : NULL;
  g_autofree char *state = kvmm_list_column_dup_text (KVMM_LIST_COLUMN_STATE, self->domain);
  g_autofree char *name = g_strdup_printf ("%s, %s", self->text, state);

  if (!row || g_strcmp0 (name, self->row_name) == 0)
    return;
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_free (self->row_name);
  self->row_name = g_steal_pointer (&name);
}

void
kvmm_list_cell_update (KvmmListCell *self, gboolean figures_only)
{
  g_autofree char *text = NULL;

  if (!self->domain || (figures_only && (self->is_culled || !is_figure (self->column))))
    return;

  text = kvmm_list_column_dup_text (self->column, self->domain);
  if (g_strcmp0 (text, self->text) != 0)
    {
      g_free (self->text);
      self->text = g_steal_pointer (&text);
      g_clear_object (&self->layout);
      gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      self->text, -1);
    }
  else if (figures_only && self->column != KVMM_LIST_COLUMN_CPU)
    return;

  if (self->column == KVMM_LIST_COLUMN_NAME)
    name_row (self);
  /* The icon, the weight and the sparkline can change with an equal text. */
  if (!self->is_culled)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

gboolean
kvmm_list_cell_get_is_culled (KvmmListCell *self)
{
  return self->is_culled;
}

void
kvmm_list_cell_reveal (KvmmListCell *self)
{
  if (self->is_culled && self->domain && kvmm_list_rows_is_visible (self->rows, GTK_WIDGET (self)))
    {
      self->is_culled = FALSE;
      kvmm_list_cell_update (self, TRUE);
      gtk_widget_queue_draw (GTK_WIDGET (self));
    }
}

void
kvmm_list_cell_bind (KvmmListCell *self, KvmmDomain *domain)
{
  if (self->domain == domain)
    return;

  if (self->domain)
    kvmm_list_rows_detach (self->rows, self, self->domain);
  g_set_object (&self->domain, domain);
  if (domain)
    {
      kvmm_list_rows_attach (self->rows, self, domain);
      kvmm_list_cell_update (self, FALSE);
    }
  else
    g_clear_object (&self->layout);
}

KvmmDomain *
kvmm_list_cell_get_domain (KvmmListCell *self)
{
  g_return_val_if_fail (KVMM_IS_LIST_CELL (self), NULL);

  return self->domain;
}

static void
get_color (KvmmListCell *self, const char *name, GdkRGBA *color)
{
  kvmm_state_dot_get_color (GTK_WIDGET (self), self->domain, name, color);
}

static void
draw_icon (KvmmListCell *self, GtkSnapshot *snapshot, float x, float middle)
{
  GdkPaintable *icon =
      kvmm_list_rows_get_icon (self->rows, kvmm_domain_get_state_icon_name (self->domain));
  GdkRGBA colors[4];

  for (guint i = 0; i < G_N_ELEMENTS (colors); i++)
    get_color (self, NULL, &colors[i]);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (
      snapshot, &GRAPHENE_POINT_INIT (x, roundf (middle - KVMM_LIST_CELL_ICON_SIZE / 2.0f)));
  gtk_symbolic_paintable_snapshot_symbolic (GTK_SYMBOLIC_PAINTABLE (icon), snapshot,
                                            KVMM_LIST_CELL_ICON_SIZE, KVMM_LIST_CELL_ICON_SIZE,
                                            colors, G_N_ELEMENTS (colors));
  gtk_snapshot_restore (snapshot);
}

/* The last minutes of the CPU, newest at the right; one hue, an area under a line. */
static void
draw_spark (KvmmListCell *self, GtkSnapshot *snapshot, float x, float width, float height)
{
  KvmmHistory *history = kvmm_domain_get_history (self->domain);
  guint length = history ? kvmm_history_get_length (history) : 0;
  guint n = MIN (length, KVMM_LIST_CELL_SPARK_SAMPLES);
  double step = width / (KVMM_LIST_CELL_SPARK_SAMPLES - 1);
  double left = x + width - step * (n > 0 ? n - 1 : 0);
  GdkRGBA color;
  cairo_t *cr;

  if (n < 2 || width < 12 || !kvmm_domain_get_is_active (self->domain))
    return;

  get_color (self, "accent_color", &color);
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (x, 0, width, height));
  cairo_move_to (cr, left, height);
  for (guint i = 0; i < n; i++)
    {
      float value = kvmm_history_get (history, 0, length - n + i);

      value = isnan (value) ? 0 : CLAMP (value, 0, 1);
      cairo_line_to (cr, left + i * step, height - 1 - value * (height - 2));
    }
  cairo_line_to (cr, x + width, height);
  cairo_close_path (cr);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, color.alpha * 0.25);
  cairo_fill_preserve (cr);
  cairo_set_line_width (cr, 1);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, color.alpha);
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
set_weight (KvmmListCell *self)
{
  PangoAttrList *attributes;

  if (self->column != KVMM_LIST_COLUMN_NAME || !kvmm_domain_get_is_active (self->domain))
    return;
  attributes = pango_attr_list_copy (pango_layout_get_attributes (self->layout));
  pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  pango_layout_set_attributes (self->layout, attributes);
  pango_attr_list_unref (attributes);
}

static void
draw_text (KvmmListCell *self, GtkSnapshot *snapshot, float x, float width, float height)
{
  gboolean is_rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  gboolean is_right = kvmm_list_column_is_number (self->column) != is_rtl;
  PangoRectangle extents;
  GdkRGBA color;
  float offset = x;

  if (!self->text || !*self->text || width <= 0)
    return;
  if (!self->layout)
    {
      self->layout = kvmm_list_rows_create_layout (self->rows, self->text);
      set_weight (self);
    }
  pango_layout_set_width (self->layout, (int) width * PANGO_SCALE);
  pango_layout_set_alignment (self->layout, PANGO_ALIGN_LEFT);
  pango_layout_get_pixel_extents (self->layout, NULL, &extents);
  if (is_right)
    offset = x + width - extents.width - extents.x;
  get_color (self, NULL, &color);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (
      snapshot, &GRAPHENE_POINT_INIT (floorf (offset), floorf ((height - extents.height) / 2)));
  gtk_snapshot_append_layout (snapshot, self->layout, &color);
  gtk_snapshot_restore (snapshot);
}

static void
kvmm_list_cell_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KvmmListCell *self = KVMM_LIST_CELL (widget);
  gboolean is_rtl = gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL;
  float width = gtk_widget_get_width (widget);
  float height = gtk_widget_get_height (widget);
  float lead = 0;

  self->is_culled = !self->domain || !kvmm_list_rows_is_visible (self->rows, widget);
  if (self->is_culled)
    {
      g_clear_object (&self->layout);
      return;
    }

  if (self->column == KVMM_LIST_COLUMN_NAME)
    {
      lead = KVMM_LIST_CELL_ICON_SIZE + ICON_GAP;
      draw_icon (self, snapshot, is_rtl ? width - KVMM_LIST_CELL_ICON_SIZE : 0, height / 2);
    }
  else if (self->column == KVMM_LIST_COLUMN_STATE)
    {
      lead = KVMM_STATE_DOT_SIZE + ICON_GAP;
      kvmm_state_dot_snapshot (widget, snapshot, self->domain,
                               is_rtl ? width - KVMM_STATE_DOT_SIZE : 0, height / 2);
    }
  else if (self->column == KVMM_LIST_COLUMN_CPU)
    {
      lead = MAX (0, width - FIGURE_WIDTH);
      draw_spark (self, snapshot, is_rtl ? FIGURE_WIDTH : 0, lead - ICON_GAP, height);
    }
  draw_text (self, snapshot, is_rtl ? 0 : lead, width - lead, height);
}

static void
kvmm_list_cell_measure (GtkWidget *widget,
                        GtkOrientation orientation,
                        int for_size,
                        int *minimum,
                        int *natural,
                        int *minimum_baseline,
                        int *natural_baseline)
{
  KvmmListCell *self = KVMM_LIST_CELL (widget);

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *natural = kvmm_list_column_get_width (self->column);
      *minimum = self->column == KVMM_LIST_COLUMN_NAME ? *natural : MINIMUM_WIDTH;
    }
  else
    *minimum = *natural = kvmm_list_rows_get_line_height (self->rows);
}

static GtkSizeRequestMode
kvmm_list_cell_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_CONSTANT_SIZE;
}

static void
kvmm_list_cell_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  KvmmListCell *self = KVMM_LIST_CELL (widget);

  GTK_WIDGET_CLASS (kvmm_list_cell_parent_class)->css_changed (widget, change);
  kvmm_list_rows_style_changed (self->rows);
  g_clear_object (&self->layout);
}

static gboolean
kvmm_list_cell_query_tooltip (
    GtkWidget *widget, int x, int y, gboolean keyboard_tooltip, GtkTooltip *tooltip)
{
  KvmmListCell *self = KVMM_LIST_CELL (widget);
  g_autofree char *more = NULL;

  if (!self->domain)
    return FALSE;
  more = kvmm_list_column_dup_tooltip (self->column, self->domain);
  if (!more && self->layout && pango_layout_is_ellipsized (self->layout))
    more = g_strdup (self->text);
  if (more)
    gtk_tooltip_set_text (tooltip, more);

  return more != NULL;
}

static void
kvmm_list_cell_dispose (GObject *object)
{
  KvmmListCell *self = KVMM_LIST_CELL (object);

  if (self->domain)
    kvmm_list_cell_bind (self, NULL);
  g_clear_object (&self->layout);
  g_clear_object (&self->rows);

  G_OBJECT_CLASS (kvmm_list_cell_parent_class)->dispose (object);
}

static void
kvmm_list_cell_finalize (GObject *object)
{
  KvmmListCell *self = KVMM_LIST_CELL (object);

  g_free (self->text);
  g_free (self->row_name);

  G_OBJECT_CLASS (kvmm_list_cell_parent_class)->finalize (object);
}

static void
kvmm_list_cell_class_init (KvmmListCellClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = kvmm_list_cell_dispose;
  object_class->finalize = kvmm_list_cell_finalize;
  widget_class->snapshot = kvmm_list_cell_snapshot;
  widget_class->measure = kvmm_list_cell_measure;
  widget_class->get_request_mode = kvmm_list_cell_get_request_mode;
  widget_class->css_changed = kvmm_list_cell_css_changed;
  widget_class->query_tooltip = kvmm_list_cell_query_tooltip;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LABEL);
  gtk_widget_class_set_css_name (widget_class, "machinecell");
}

static void
kvmm_list_cell_init (KvmmListCell *self)
{
  self->is_culled = TRUE;
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
}

GtkWidget *
kvmm_list_cell_new (KvmmListRows *rows, KvmmListColumn column)
{
  KvmmListCell *self = g_object_new (KVMM_TYPE_LIST_CELL, NULL);

  self->rows = g_object_ref (rows);
  self->column = column;

  return GTK_WIDGET (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-graph.h"

#include <glib/gi18n.h>
#include <math.h>

#include "ui/kvmm-graph-scale.h"
#include "util/kvmm-units.h"

#define SPARKLINE_SAMPLES 60
#define SPARKLINE_WIDTH 60
#define SPARKLINE_HEIGHT 20
#define GRAPH_MIN_WIDTH 160
#define GRAPH_WIDTH 320
#define GRAPH_MIN_HEIGHT 110
#define GRAPH_HEIGHT 140
#define LABEL_SPACING 6
#define MAX_SERIES 2
/* 0, the middle and the top of the vertical axis */
#define N_LABELS 3

struct _KvmmGraph
{
  GtkWidget parent_instance;

  KvmmHistory *history; /* (owned) (nullable) */
  gulong changed_id;
  guint first_series;
  guint n_series;
  KvmmGraphUnit unit;
  gboolean sparkline;
  char *titles[MAX_SERIES]; /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (KvmmGraph, kvmm_graph, GTK_TYPE_WIDGET)

typedef enum
{
  PROP_HISTORY = 1,
  PROP_FIRST_SERIES,
  PROP_N_SERIES,
  PROP_UNIT,
  PROP_SPARKLINE,
  PROP_TITLE,
  PROP_SECOND_TITLE,
} KvmmGraphProp;

static GParamSpec *properties[PROP_SECOND_TITLE + 1];

/* Where the samples go: the plot's rectangle and what its edges mean. */
typedef struct
{
  graphene_rect_t area;
  gint64 end_us;
  gint64 span_us;
  double top;
} Plot;

GType
kvmm_graph_unit_get_type (void)
{
  static const GEnumValue values[] = {
    { KVMM_GRAPH_PERCENT, "KVMM_GRAPH_PERCENT", "percent" },
    { KVMM_GRAPH_RATE, "KVMM_GRAPH_RATE", "rate" },
    { KVMM_GRAPH_NUMBER, "KVMM_GRAPH_NUMBER", "number" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmGraphUnit", values));
  return type;
}

static char *
format_value (KvmmGraph *self, double value)
{
  if (isnan (value))
    return g_strdup ("–");
  switch (self->unit)
    {
    case KVMM_GRAPH_PERCENT:
      return kvmm_units_percent (value);
    case KVMM_GRAPH_RATE:
      return kvmm_units_rate (value);
    case KVMM_GRAPH_NUMBER:
      return g_strdup_printf (value < 10 ? "%.1f" : "%.0f", value);
    }
  return g_strdup ("–");
}

char *
kvmm_graph_dup_value_text (KvmmGraph *self, guint series)
{
  g_return_val_if_fail (KVMM_IS_GRAPH (self), NULL);

  guint length = self->history != NULL ? kvmm_history_get_length (self->history) : 0;

  if (length == 0)
    return g_strdup ("–");
  return format_value (self,
                       kvmm_history_get (self->history, self->first_series + series, length - 1));
}

static void
update_accessible (KvmmGraph *self)
{
  g_autoptr (GString) name = NULL;

  if (self->titles[0] == NULL)
    return;
  name = g_string_new (NULL);
  for (guint i = 0; i < self->n_series; i++)
    {
      g_autofree char *value = kvmm_graph_dup_value_text (self, i);

      if (i > 0)
        g_string_append (name, ", ");
      if (self->titles[i] != NULL)
        g_string_append_printf (name, "%s ", self->titles[i]);
      g_string_append (name, value);
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name->str,
                                  -1);
}

static void
changed_cb (KvmmGraph *self)
{
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  update_accessible (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* The sample from which on everything is inside the plot, and one more, for the line that enters
 * from the left. */
static guint
first_index (KvmmGraph *self, const Plot *plot)
{
  guint length = kvmm_history_get_length (self->history);
  guint i = length;

  if (self->sparkline)
    return length > SPARKLINE_SAMPLES ? length - SPARKLINE_SAMPLES : 0;
  while (i > 0 && kvmm_history_get_time (self->history, i - 1) >= plot->end_us - plot->span_us)
    i--;
  return i > 0 ? i - 1 : 0;
}

static double
find_max (KvmmGraph *self, const Plot *plot)
{
  guint length = kvmm_history_get_length (self->history);
  double max = 0;

  for (guint series = 0; series < self->n_series; series++)
    for (guint i = first_index (self, plot); i < length; i++)
      {
        double value = kvmm_history_get (self->history, self->first_series + series, i);

        if (isfinite (value) && value > max)
          max = value;
      }
  return max;
}

static double
scale_top (KvmmGraph *self, double max)
{
  switch (self->unit)
    {
    case KVMM_GRAPH_PERCENT:
      return 1;
    case KVMM_GRAPH_RATE:
      return kvmm_graph_scale_bytes (max);
    case KVMM_GRAPH_NUMBER:
      return kvmm_graph_scale_number (max);
    }
  return 1;
}

static void
measure_plot (KvmmGraph *self, Plot *plot)
{
  guint length = self->history != NULL ? kvmm_history_get_length (self->history) : 0;

  plot->span_us = KVMM_GRAPH_SPAN_US;
  plot->end_us = g_get_monotonic_time ();
  plot->top = scale_top (self, 0);
  if (length == 0)
    return;
  plot->end_us = kvmm_history_get_time (self->history, length - 1);
  if (length > 1)
    {
      /* The newest samples decide: a pause further back, while no window was mapped, is none of
       * the interval. */
      guint n = MIN (length - 1, 5);
      gint64 start_us = kvmm_history_get_time (self->history, length - 1 - n);

      plot->span_us = kvmm_graph_scale_span ((plot->end_us - start_us) / n);
    }
  plot->top = scale_top (self, find_max (self, plot));
}

static double
sample_x (KvmmGraph *self, const Plot *plot, guint index)
{
  if (self->sparkline)
    {
      guint length = kvmm_history_get_length (self->history);
      double step = plot->area.size.width / (SPARKLINE_SAMPLES - 1);

      return plot->area.origin.x + plot->area.size.width - (length - 1 - index) * step;
    }
  double age = (double) (plot->end_us - kvmm_history_get_time (self->history, index));

  return plot->area.origin.x + plot->area.size.width * (1 - age / plot->span_us);
}

static double
sample_y (const Plot *plot, double value)
{
  double fraction = CLAMP (value / plot->top, 0, 1);

  return plot->area.origin.y + plot->area.size.height * (1 - fraction);
}

/* A stretch of known samples, from @from up to and without @to. */
static void
draw_run (KvmmGraph *self,
          cairo_t *cr,
          const Plot *plot,
          const GdkRGBA *hue,
          guint series,
          guint from,
          guint to)
{
  double bottom = plot->area.origin.y + plot->area.size.height;

  for (guint i = from; i < to; i++)
    cairo_line_to (
        cr, sample_x (self, plot, i),
        sample_y (plot, kvmm_history_get (self->history, self->first_series + series, i)));
  if (series == 0 && to - from > 1)
    {
      cairo_path_t *line = cairo_copy_path (cr);

      cairo_line_to (cr, sample_x (self, plot, to - 1), bottom);
      cairo_line_to (cr, sample_x (self, plot, from), bottom);
      cairo_close_path (cr);
      cairo_set_source_rgba (cr, hue->red, hue->green, hue->blue, hue->alpha * 0.18);
      cairo_fill (cr);
      cairo_append_path (cr, line);
      cairo_path_destroy (line);
    }
  cairo_set_source_rgba (cr, hue->red, hue->green, hue->blue, hue->alpha);
  cairo_stroke (cr);
}

static void
draw_series (KvmmGraph *self, cairo_t *cr, const Plot *plot, const GdkRGBA *hue, guint series)
{
  static const double dashes[] = { 4, 3 };
  guint length = kvmm_history_get_length (self->history);
  guint from = first_index (self, plot);

  cairo_set_line_width (cr, self->sparkline ? 1.2 : 1.6);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_dash (cr, dashes, series > 0 ? G_N_ELEMENTS (dashes) : 0, 0);
  for (guint i = from; i <= length; i++)
    {
      gboolean is_known =
          i < length && isfinite (kvmm_history_get (self->history, self->first_series + series, i));

      if (is_known)
        continue;
      if (i > from)
        draw_run (self, cr, plot, hue, series, from, i);
      from = i + 1;
    }
}

static PangoLayout *
create_label (KvmmGraph *self, const char *text)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_scale_new (PANGO_SCALE_SMALL));
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  pango_layout_set_attributes (layout, attributes);
  return layout;
}

static void
append_label (GtkSnapshot *snapshot, PangoLayout *layout, const GdkRGBA *color, float x, float y)
{
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x, y));
  gtk_snapshot_append_layout (snapshot, layout, color);
  gtk_snapshot_restore (snapshot);
}

/* "━ Read 1.5 MiB/s  ╌ Write 0 B/s" above the plot. */
static void
append_legend (KvmmGraph *self, GtkSnapshot *snapshot, const GdkRGBA *text, const GdkRGBA *hue)
{
  float x = 0;

  for (guint i = 0; i < self->n_series; i++)
    {
      g_autofree char *value = kvmm_graph_dup_value_text (self, i);
      g_autofree char *label =
          g_strdup_printf ("%s %s", self->titles[i] != NULL ? self->titles[i] : "", value);
      g_autoptr (PangoLayout) layout = create_label (self, label);
      int width, height;

      pango_layout_get_pixel_size (layout, &width, &height);
      for (guint dash = 0; dash < (i == 0 ? 1 : 2); dash++)
        gtk_snapshot_append_color (
            snapshot, hue, &GRAPHENE_RECT_INIT (x + dash * 9, height / 2 - 1, i == 0 ? 14 : 5, 2));
      append_label (snapshot, layout, text, x + 14 + LABEL_SPACING, 0);
      x += 14 + LABEL_SPACING + width + 3 * LABEL_SPACING;
    }
}

static void
append_time_axis (GtkSnapshot *snapshot,
                  KvmmGraph *self,
                  const Plot *plot,
                  const GdkRGBA *text,
                  const GdkRGBA *line)
{
  const graphene_rect_t *area = &plot->area;
  /* Samples carry monotonic times; the marks stand at full minutes of the wall clock. */
  gint64 offset_us = g_get_real_time () - g_get_monotonic_time ();
  gint64 end_us = plot->end_us + offset_us;
  gint64 tick_us = kvmm_graph_scale_tick (plot->span_us, (guint) (area->size.width / 56));
  float bottom = area->origin.y + area->size.height;

  for (gint64 at = end_us / tick_us * tick_us; at > end_us - plot->span_us; at -= tick_us)
    {
      float x =
          area->origin.x + area->size.width * (float) (1 - (double) (end_us - at) / plot->span_us);
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (at / G_USEC_PER_SEC);
      g_autofree char *clock = g_date_time_format (time, "%H:%M");
      g_autoptr (PangoLayout) layout = create_label (self, clock);
      int width;

      pango_layout_get_pixel_size (layout, &width, NULL);
      gtk_snapshot_append_color (snapshot, line,
                                 &GRAPHENE_RECT_INIT (x, area->origin.y, 1, area->size.height + 3));
      if (x - width / 2.0f >= area->origin.x - 2 &&
          x + width / 2.0f <= area->origin.x + area->size.width + 2)
        append_label (snapshot, layout, text, x - width / 2.0f, bottom + 3);
    }
}

/* Lays out the plot between its labels and draws these. */
static void
append_axes (KvmmGraph *self, GtkSnapshot *snapshot, Plot *plot, const GdkRGBA *hue)
{
  GdkRGBA text, line;
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_object_unref);
  int label_height = 0, label_width = 0;
  gboolean has_legend = self->n_series > 1;

  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &text);
  line = text;
  text.alpha *= 0.65f;
  line.alpha *= 0.12f;
  for (guint i = 0; i < N_LABELS; i++)
    {
      g_autofree char *value = i == 0 && self->unit == KVMM_GRAPH_RATE
                                   ? g_strdup ("0")
                                   : format_value (self, plot->top * i / 2);
      int width;

      g_ptr_array_add (labels, create_label (self, value));
      pango_layout_get_pixel_size (labels->pdata[i], &width, &label_height);
      label_width = MAX (label_width, width);
    }
  plot->area = GRAPHENE_RECT_INIT (
      0, label_height / 2.0f + (has_legend ? label_height + LABEL_SPACING : 0),
      MAX (gtk_widget_get_width (GTK_WIDGET (self)) - label_width - LABEL_SPACING, 1), 0);
  plot->area.size.height =
      MAX (gtk_widget_get_height (GTK_WIDGET (self)) - plot->area.origin.y - label_height - 4, 1);
  for (guint i = 0; i < labels->len; i++)
    {
      float y = plot->area.origin.y + plot->area.size.height * (1 - i / 2.0f);

      gtk_snapshot_append_color (snapshot, &line,
                                 &GRAPHENE_RECT_INIT (0, y, plot->area.size.width, 1));
      append_label (snapshot, labels->pdata[i], &text, plot->area.size.width + LABEL_SPACING,
                    y - label_height / 2.0f);
    }
  append_time_axis (snapshot, self, plot, &text, &line);
  if (has_legend)
    append_legend (self, snapshot, &text, hue);
}

static void
kvmm_graph_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KvmmGraph *self = KVMM_GRAPH (widget);
  GtkStyleContext *context = gtk_widget_get_style_context (widget);
  Plot plot = { .area = GRAPHENE_RECT_INIT (0, 1, gtk_widget_get_width (widget),
                                            gtk_widget_get_height (widget) - 2) };
  GdkRGBA hue;

  if (gtk_widget_get_width (widget) <= 0 || gtk_widget_get_height (widget) <= 2)
    return;
  if (!gtk_style_context_lookup_color (context, "accent_color", &hue))
    gtk_style_context_get_color (context, &hue);
  measure_plot (self, &plot);
  if (!self->sparkline)
    append_axes (self, snapshot, &plot, &hue);
  if (self->history == NULL || kvmm_history_get_length (self->history) == 0)
    return;

  graphene_rect_t bounds = plot.area;

  /* Half a line's width more, or the extremes are cut. */
  graphene_rect_inset (&bounds, 0, -1);
  cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);

  for (guint series = 0; series < self->n_series; series++)
    draw_series (self, cr, &plot, &hue, series);
  cairo_destroy (cr);
}

static void
kvmm_graph_measure (GtkWidget *widget,
                    GtkOrientation orientation,
                    int for_size,
                    int *minimum,
                    int *natural,
                    int *minimum_baseline,
                    int *natural_baseline)
{
  KvmmGraph *self = KVMM_GRAPH (widget);

  if (self->sparkline)
    *minimum = *natural =
        orientation == GTK_ORIENTATION_HORIZONTAL ? SPARKLINE_WIDTH : SPARKLINE_HEIGHT;
  else if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = GRAPH_MIN_WIDTH;
      *natural = GRAPH_WIDTH;
    }
  else
    {
      *minimum = GRAPH_MIN_HEIGHT;
      *natural = GRAPH_HEIGHT;
    }
}

static void
kvmm_graph_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_graph_parent_class)->map (widget);
  update_accessible (KVMM_GRAPH (widget));
}

static void
kvmm_graph_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmGraph *self = KVMM_GRAPH (object);

  switch ((KvmmGraphProp) id)
    {
    case PROP_HISTORY:
      g_value_set_object (value, self->history);
      break;
    case PROP_FIRST_SERIES:
      g_value_set_uint (value, self->first_series);
      break;
    case PROP_N_SERIES:
      g_value_set_uint (value, self->n_series);
      break;
    case PROP_UNIT:
      g_value_set_enum (value, self->unit);
      break;
    case PROP_SPARKLINE:
      g_value_set_boolean (value, self->sparkline);
      break;
    case PROP_TITLE:
      g_value_set_string (value, self->titles[0]);
      break;
    case PROP_SECOND_TITLE:
      g_value_set_string (value, self->titles[1]);
      break;
    }
}

static void
kvmm_graph_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmGraph *self = KVMM_GRAPH (object);

  switch ((KvmmGraphProp) id)
    {
    case PROP_HISTORY:
      kvmm_graph_set_history (self, g_value_get_object (value), self->first_series, self->n_series);
      break;
    case PROP_FIRST_SERIES:
      kvmm_graph_set_history (self, self->history, g_value_get_uint (value), self->n_series);
      break;
    case PROP_N_SERIES:
      kvmm_graph_set_history (self, self->history, self->first_series, g_value_get_uint (value));
      break;
    case PROP_UNIT:
      kvmm_graph_set_unit (self, g_value_get_enum (value));
      break;
    case PROP_SPARKLINE:
      kvmm_graph_set_sparkline (self, g_value_get_boolean (value));
      break;
    case PROP_TITLE:
      kvmm_graph_set_titles (self, g_value_get_string (value), self->titles[1]);
      break;
    case PROP_SECOND_TITLE:
      kvmm_graph_set_titles (self, self->titles[0], g_value_get_string (value));
      break;
    }
}

static void
kvmm_graph_dispose (GObject *object)
{
  KvmmGraph *self = KVMM_GRAPH (object);

  if (self->history != NULL)
    g_clear_signal_handler (&self->changed_id, self->history);
  g_clear_object (&self->history);
  G_OBJECT_CLASS (kvmm_graph_parent_class)->dispose (object);
}

static void
kvmm_graph_finalize (GObject *object)
{
  KvmmGraph *self = KVMM_GRAPH (object);

  for (guint i = 0; i < MAX_SERIES; i++)
    g_free (self->titles[i]);
  G_OBJECT_CLASS (kvmm_graph_parent_class)->finalize (object);
}

static void
kvmm_graph_class_init (KvmmGraphClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = kvmm_graph_get_property;
  object_class->set_property = kvmm_graph_set_property;
  object_class->dispose = kvmm_graph_dispose;
  object_class->finalize = kvmm_graph_finalize;
  widget_class->snapshot = kvmm_graph_snapshot;
  widget_class->measure = kvmm_graph_measure;
  widget_class->map = kvmm_graph_map;

  properties[PROP_HISTORY] = g_param_spec_object ("history", NULL, NULL, KVMM_TYPE_HISTORY, flags);
  properties[PROP_FIRST_SERIES] = g_param_spec_uint ("first-series", NULL, NULL, 0, 15, 0, flags);
  properties[PROP_N_SERIES] = g_param_spec_uint ("n-series", NULL, NULL, 1, MAX_SERIES, 1, flags);
  properties[PROP_UNIT] =
      g_param_spec_enum ("unit", NULL, NULL, KVMM_TYPE_GRAPH_UNIT, KVMM_GRAPH_PERCENT, flags);
  properties[PROP_SPARKLINE] = g_param_spec_boolean ("sparkline", NULL, NULL, FALSE, flags);
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_SECOND_TITLE] = g_param_spec_string ("second-title", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_css_name (widget_class, "graph");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
kvmm_graph_init (KvmmGraph *self)
{
  self->n_series = 1;
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *
kvmm_graph_new (void)
{
  return g_object_new (KVMM_TYPE_GRAPH, NULL);
}

void
kvmm_graph_set_history (KvmmGraph *self, KvmmHistory *history, guint first_series, guint n_series)
{
  g_return_if_fail (KVMM_IS_GRAPH (self));
  g_return_if_fail (history == NULL || KVMM_IS_HISTORY (history));
  g_return_if_fail (n_series >= 1 && n_series <= MAX_SERIES);

  if (self->history == history && self->first_series == first_series && self->n_series == n_series)
    return;

  KvmmHistory *old = self->history;
  gboolean is_new = old != history;

  if (is_new && old != NULL)
    g_clear_signal_handler (&self->changed_id, old);
  if (g_set_object (&self->history, history) && history != NULL)
    self->changed_id = g_signal_connect_object (history, "changed", G_CALLBACK (changed_cb), self,
                                                G_CONNECT_SWAPPED);
  if (is_new)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HISTORY]);
  if (self->first_series != first_series)
    {
      self->first_series = first_series;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FIRST_SERIES]);
    }
  if (self->n_series != n_series)
    {
      self->n_series = n_series;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_SERIES]);
    }
  changed_cb (self);
}

void
kvmm_graph_set_unit (KvmmGraph *self, KvmmGraphUnit unit)
{
  g_return_if_fail (KVMM_IS_GRAPH (self));

  if (self->unit == unit)
    return;
  self->unit = unit;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_UNIT]);
  changed_cb (self);
}

void
kvmm_graph_set_sparkline (KvmmGraph *self, gboolean sparkline)
{
  g_return_if_fail (KVMM_IS_GRAPH (self));

  if (self->sparkline == !!sparkline)
    return;
  self->sparkline = !!sparkline;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SPARKLINE]);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

void
kvmm_graph_set_titles (KvmmGraph *self, const char *title, const char *second_title)
{
  g_return_if_fail (KVMM_IS_GRAPH (self));

  const char *titles[MAX_SERIES] = { title, second_title };

  for (guint i = 0; i < MAX_SERIES; i++)
    if (g_strcmp0 (self->titles[i], titles[i]) != 0)
      {
        char *old = g_steal_pointer (&self->titles[i]);

        self->titles[i] = g_strdup (titles[i]);
        g_free (old);
        g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE + i]);
      }
  changed_cb (self);
}

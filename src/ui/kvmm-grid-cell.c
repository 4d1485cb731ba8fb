/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-grid-cell.h"

#include <math.h>

#include "kvmm-state-dot.h"

#define MIN_WIDTH 150
#define NATURAL_WIDTH 210
/* Screens are 16 to 10 here; others stand in the middle of a black one. */
#define SCREEN_HEIGHT_PER_WIDTH 0.625f
#define RADIUS 8.0f
#define GAP 6
#define ICON_SIZE 32
/* How much is left of a picture that is no more than a memory. */
#define FADED_OPACITY 0.4

struct _KvmmGridCell
{
  GtkWidget parent_instance;

  KvmmThumbnails *thumbnails; /* (owned) */
  KvmmDomain *domain;         /* (owned) (nullable) */
  PangoLayout *name;          /* (owned) (nullable) */
  PangoLayout *state;         /* (owned) (nullable) */
  char *label;                /* (owned) (nullable) what a screen reader says */
};

G_DEFINE_FINAL_TYPE (KvmmGridCell, kvmm_grid_cell, GTK_TYPE_WIDGET)

/* GTK names no child of a grid. A screen reader reads this when it gets the focus. */
static void
name_child (KvmmGridCell *self)
{
  GtkWidget *child = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *label = g_strdup_printf ("%s, %s", kvmm_domain_get_name (self->domain),
                                            kvmm_domain_get_state_text (self->domain));

  if (g_strcmp0 (label, self->label) == 0)
    return;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  if (child)
    gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                    -1);
  g_free (self->label);
  self->label = g_steal_pointer (&label);
}

static PangoLayout *
create_layout (KvmmGridCell *self, const char *text, PangoWeight weight, double scale)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  PangoAttrList *attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_weight_new (weight));
  pango_attr_list_insert (attributes, pango_attr_scale_new (scale));
  pango_layout_set_attributes (layout, attributes);
  pango_attr_list_unref (attributes);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
  return layout;
}

static void
forget_layouts (KvmmGridCell *self)
{
  g_clear_object (&self->name);
  g_clear_object (&self->state);
}

static void
update (KvmmGridCell *self)
{
  forget_layouts (self);
  name_child (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* Figures notify every other second; none of them is shown here. */
static void
notify_cb (KvmmDomain *domain, GParamSpec *pspec, KvmmGridCell *self)
{
  const char *name = g_param_spec_get_name (pspec);

  if (!g_str_equal (name, "name") && !g_str_equal (name, "state") &&
      !g_str_equal (name, "pending") && !g_str_equal (name, "is-active"))
    return;
  update (self);
  kvmm_thumbnails_poke (self->thumbnails);
}

static void
picture_changed_cb (KvmmThumbnails *thumbnails, KvmmDomain *domain, KvmmGridCell *self)
{
  if (domain == self->domain)
    gtk_widget_queue_draw (GTK_WIDGET (self));
}

/* ---- drawing ---- */

static int
line_height (KvmmGridCell *self, double scale)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  PangoFontMetrics *metrics = pango_context_get_metrics (context, NULL, NULL);
  int height = PANGO_PIXELS_CEIL (pango_font_metrics_get_height (metrics) * scale);

  pango_font_metrics_unref (metrics);
  return height;
}

static void
draw_picture (KvmmGridCell *self,
              GtkSnapshot *snapshot,
              GdkTexture *texture,
              const graphene_rect_t *screen)
{
  double scale = MIN (screen->size.width / gdk_texture_get_width (texture),
                      screen->size.height / gdk_texture_get_height (texture));
  float width = (float) (gdk_texture_get_width (texture) * scale);
  float height = (float) (gdk_texture_get_height (texture) * scale);
  gboolean is_faded = kvmm_domain_get_state (self->domain) != KVMM_DOMAIN_STATE_RUNNING;

  gtk_snapshot_append_color (snapshot, &(GdkRGBA){ 0, 0, 0, 1 }, screen);
  if (is_faded)
    gtk_snapshot_push_opacity (snapshot, FADED_OPACITY);
  gtk_snapshot_append_texture (
      snapshot, texture,
      &GRAPHENE_RECT_INIT (screen->origin.x + floorf ((screen->size.width - width) / 2),
                           screen->origin.y + floorf ((screen->size.height - height) / 2), width,
                           height));
  if (is_faded)
    gtk_snapshot_pop (snapshot);
}

/* The icon of the state in the middle of an empty screen. */
static void
draw_placeholder (KvmmGridCell *self, GtkSnapshot *snapshot, const graphene_rect_t *screen)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkIconTheme *theme = gtk_icon_theme_get_for_display (gtk_widget_get_display (widget));
  g_autoptr (GtkIconPaintable) icon = gtk_icon_theme_lookup_icon (
      theme, kvmm_domain_get_state_icon_name (self->domain), NULL, ICON_SIZE,
      gtk_widget_get_scale_factor (widget), gtk_widget_get_direction (widget),
      GTK_ICON_LOOKUP_FORCE_SYMBOLIC);
  GdkRGBA color, faint;

  kvmm_state_dot_get_color (widget, self->domain, NULL, &color);
  faint = color;
  faint.alpha *= 0.08f;
  gtk_snapshot_append_color (snapshot, &faint, screen);
  color.alpha *= 0.45f;
  const GdkRGBA colors[4] = { color, color, color, color };
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (
      snapshot,
      &GRAPHENE_POINT_INIT (screen->origin.x + floorf ((screen->size.width - ICON_SIZE) / 2),
                            screen->origin.y + floorf ((screen->size.height - ICON_SIZE) / 2)));
  gtk_symbolic_paintable_snapshot_symbolic (GTK_SYMBOLIC_PAINTABLE (icon), snapshot, ICON_SIZE,
                                            ICON_SIZE, colors, G_N_ELEMENTS (colors));
  gtk_snapshot_restore (snapshot);
}

static void
draw_line (KvmmGridCell *self,
           GtkSnapshot *snapshot,
           PangoLayout *layout,
           float x,
           float y,
           float width,
           float alpha)
{
  gboolean is_rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  PangoRectangle extents;
  GdkRGBA color;

  pango_layout_set_width (layout, (int) MAX (width, 1) * PANGO_SCALE);
  pango_layout_set_alignment (layout, is_rtl ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
  pango_layout_get_pixel_extents (layout, NULL, &extents);
  kvmm_state_dot_get_color (GTK_WIDGET (self), self->domain, NULL, &color);
  color.alpha *= alpha;
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (x, y));
  gtk_snapshot_append_layout (snapshot, layout, &color);
  gtk_snapshot_restore (snapshot);
}

static void
draw_words (KvmmGridCell *self, GtkSnapshot *snapshot, float y, float width)
{
  const char *pending = kvmm_domain_get_pending (self->domain);
  gboolean is_rtl = gtk_widget_get_direction (GTK_WIDGET (self)) == GTK_TEXT_DIR_RTL;
  gboolean is_on = kvmm_domain_get_is_active (self->domain);
  float lead = KVMM_STATE_DOT_SIZE + GAP;
  int name_height;

  if (!self->name)
    self->name = create_layout (self, kvmm_domain_get_name (self->domain),
                                is_on ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL, 1.0);
  if (!self->state)
    self->state =
        create_layout (self, pending ? pending : kvmm_domain_get_state_text (self->domain),
                       PANGO_WEIGHT_NORMAL, PANGO_SCALE_SMALL);
  name_height = line_height (self, 1.0);
  draw_line (self, snapshot, self->name, 0, y, width, 1.0f);
  kvmm_state_dot_snapshot (GTK_WIDGET (self), snapshot, self->domain,
                           is_rtl ? width - KVMM_STATE_DOT_SIZE : 0,
                           y + name_height + line_height (self, PANGO_SCALE_SMALL) / 2.0f);
  draw_line (self, snapshot, self->state, is_rtl ? 0 : lead, y + name_height, width - lead, 0.7f);
}

static void
kvmm_grid_cell_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  KvmmGridCell *self = KVMM_GRID_CELL (widget);
  float width = gtk_widget_get_width (widget);
  graphene_rect_t screen =
      GRAPHENE_RECT_INIT (0, 0, width, floorf (width * SCREEN_HEIGHT_PER_WIDTH));
  GskRoundedRect outline;
  GdkTexture *texture;

  if (!self->domain)
    return;
  texture = kvmm_thumbnails_get (self->thumbnails, self->domain);
  gsk_rounded_rect_init_from_rect (&outline, &screen, RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  if (texture)
    draw_picture (self, snapshot, texture, &screen);
  else
    draw_placeholder (self, snapshot, &screen);
  gtk_snapshot_pop (snapshot);
  draw_words (self, snapshot, screen.size.height + GAP, width);
}

static void
kvmm_grid_cell_measure (GtkWidget *widget,
                        GtkOrientation orientation,
                        int for_size,
                        int *minimum,
                        int *natural,
                        int *minimum_baseline,
                        int *natural_baseline)
{
  KvmmGridCell *self = KVMM_GRID_CELL (widget);
  int width = for_size > 0 ? for_size : NATURAL_WIDTH;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = MIN_WIDTH;
      *natural = NATURAL_WIDTH;
    }
  else
    *minimum = *natural = (int) floorf (width * SCREEN_HEIGHT_PER_WIDTH) + GAP +
                          line_height (self, 1.0) + line_height (self, PANGO_SCALE_SMALL);
}

static GtkSizeRequestMode
kvmm_grid_cell_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
kvmm_grid_cell_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (kvmm_grid_cell_parent_class)->css_changed (widget, change);
  forget_layouts (KVMM_GRID_CELL (widget));
}

static gboolean
kvmm_grid_cell_query_tooltip (
    GtkWidget *widget, int x, int y, gboolean keyboard_tooltip, GtkTooltip *tooltip)
{
  KvmmGridCell *self = KVMM_GRID_CELL (widget);

  if (!self->domain || !self->name || !pango_layout_is_ellipsized (self->name))
    return FALSE;
  gtk_tooltip_set_text (tooltip, kvmm_domain_get_name (self->domain));
  return TRUE;
}

/* ---- the object ---- */

static void
kvmm_grid_cell_dispose (GObject *object)
{
  KvmmGridCell *self = KVMM_GRID_CELL (object);

  if (self->domain)
    kvmm_grid_cell_bind (self, NULL);
  forget_layouts (self);
  g_clear_object (&self->thumbnails);
  G_OBJECT_CLASS (kvmm_grid_cell_parent_class)->dispose (object);
}

static void
kvmm_grid_cell_finalize (GObject *object)
{
  g_free (KVMM_GRID_CELL (object)->label);
  G_OBJECT_CLASS (kvmm_grid_cell_parent_class)->finalize (object);
}

static void
kvmm_grid_cell_class_init (KvmmGridCellClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = kvmm_grid_cell_dispose;
  object_class->finalize = kvmm_grid_cell_finalize;
  widget_class->snapshot = kvmm_grid_cell_snapshot;
  widget_class->measure = kvmm_grid_cell_measure;
  widget_class->get_request_mode = kvmm_grid_cell_get_request_mode;
  widget_class->css_changed = kvmm_grid_cell_css_changed;
  widget_class->query_tooltip = kvmm_grid_cell_query_tooltip;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_LABEL);
  gtk_widget_class_set_css_name (widget_class, "machinecell");
}

static void
kvmm_grid_cell_init (KvmmGridCell *self)
{
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}

GtkWidget *
kvmm_grid_cell_new (KvmmThumbnails *thumbnails)
{
  KvmmGridCell *self = g_object_new (KVMM_TYPE_GRID_CELL, NULL);

  self->thumbnails = g_object_ref (thumbnails);
  return GTK_WIDGET (self);
}

void
kvmm_grid_cell_bind (KvmmGridCell *self, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_GRID_CELL (self));

  if (self->domain == domain)
    return;
  if (self->domain)
    {
      g_signal_handlers_disconnect_by_data (self->domain, self);
      g_signal_handlers_disconnect_by_data (self->thumbnails, self);
      kvmm_thumbnails_remove (self->thumbnails, self->domain);
    }
  g_set_object (&self->domain, domain);
  g_clear_pointer (&self->label, g_free);
  if (!domain)
    return;
  g_signal_connect (domain, "notify", G_CALLBACK (notify_cb), self);
  g_signal_connect (self->thumbnails, "changed", G_CALLBACK (picture_changed_cb), self);
  kvmm_thumbnails_add (self->thumbnails, domain);
  update (self);
}

KvmmDomain *
kvmm_grid_cell_get_domain (KvmmGridCell *self)
{
  g_return_val_if_fail (KVMM_IS_GRID_CELL (self), NULL);

  return self->domain;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-tiles.h"

/* Below this ratio two by two pixels are too few for one: smooth needs the slower filter. */
#define BILINEAR_MIN_RATIO 0.5

typedef struct
{
  GdkTexture *texture; /* (owned) (nullable) of the pixels; not with cairo */
  GskRenderNode *node; /* (owned) (nullable) */
} Tile;

struct _KvmmTiles
{
  KvmmFramebuffer *framebuffer; /* (owned) */
  guint side;
  guint n_columns;
  guint n_rows;
  Tile *tiles; /* (owned) */
  KvmmTilesLayout layout;
};

/* All tiles anew. */
static void
divide (KvmmTiles *self, guint side)
{
  self->side = side;
  self->n_columns = (kvmm_framebuffer_get_width (self->framebuffer) + side - 1) / side;
  self->n_rows = (kvmm_framebuffer_get_height (self->framebuffer) + side - 1) / side;
  self->tiles = g_new0 (Tile, (gsize) self->n_columns * self->n_rows);
}

static void
clear (KvmmTiles *self)
{
  for (guint i = 0; i < kvmm_tiles_get_n_tiles (self); i++)
    {
      g_clear_object (&self->tiles[i].texture);
      g_clear_pointer (&self->tiles[i].node, gsk_render_node_unref);
    }
  g_clear_pointer (&self->tiles, g_free);
}

KvmmTiles *
kvmm_tiles_new (KvmmFramebuffer *framebuffer)
{
  KvmmTiles *self = g_new0 (KvmmTiles, 1);

  self->framebuffer = g_object_ref (framebuffer);
  divide (self, KVMM_TILES_SIDE);
  return self;
}

guint
kvmm_tiles_get_n_tiles (KvmmTiles *self)
{
  return self->n_columns * self->n_rows;
}

void
kvmm_tiles_free (KvmmTiles *self)
{
  if (self == NULL)
    return;
  clear (self);
  g_object_unref (self->framebuffer);
  g_free (self);
}

/* Guest pixels of a tile; the last ones of a row and a column are smaller. */
static cairo_rectangle_int_t
tile_area (KvmmTiles *self, guint column, guint row)
{
  int side = (int) self->side;
  int x = (int) column * side, y = (int) row * side;
  int width = (int) kvmm_framebuffer_get_width (self->framebuffer) - x;
  int height = (int) kvmm_framebuffer_get_height (self->framebuffer) - y;

  return (cairo_rectangle_int_t){ x, y, MIN (width, side), MIN (height, side) };
}

guint
kvmm_tiles_damage (KvmmTiles *self, const cairo_region_t *region)
{
  guint n_damaged = 0;

  for (guint row = 0; row < self->n_rows; row++)
    for (guint column = 0; column < self->n_columns; column++)
      {
        cairo_rectangle_int_t area = tile_area (self, column, row);
        Tile *tile = &self->tiles[row * self->n_columns + column];

        if (cairo_region_contains_rectangle (region, &area) == CAIRO_REGION_OVERLAP_OUT)
          continue;
        g_clear_object (&tile->texture);
        g_clear_pointer (&tile->node, gsk_render_node_unref);
        n_damaged++;
      }
  return n_damaged;
}

/* ---- the two kinds of nodes ---- */

static cairo_filter_t
choose_filter (KvmmTiles *self)
{
  double ratio = self->layout.placement.width * self->layout.scale /
                 kvmm_framebuffer_get_width (self->framebuffer);

  if (self->layout.placement.is_exact)
    return CAIRO_FILTER_NEAREST;
  return ratio >= BILINEAR_MIN_RATIO ? CAIRO_FILTER_BILINEAR : CAIRO_FILTER_GOOD;
}

/* Records how to paint this piece of the surface. Every tile paints from the whole surface, so that
 * a smooth scale has no seams. */
static GskRenderNode *
create_cairo_node (KvmmTiles *self, const graphene_rect_t *bounds)
{
  const KvmmPlacement *placement = &self->layout.placement;
  GskRenderNode *node = gsk_cairo_node_new (bounds);
  cairo_t *cr = gsk_cairo_node_get_draw_context (node);

  cairo_rectangle (cr, (double) bounds->origin.x, (double) bounds->origin.y,
                   (double) bounds->size.width, (double) bounds->size.height);
  cairo_clip (cr);
  cairo_translate (cr, placement->x, placement->y);
  cairo_scale (cr, placement->width / kvmm_framebuffer_get_width (self->framebuffer),
               placement->height / kvmm_framebuffer_get_height (self->framebuffer));
  cairo_set_source_surface (cr, kvmm_framebuffer_get_surface (self->framebuffer), 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cr), choose_filter (self));
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_set_operator (cr, CAIRO_OPERATOR_SOURCE);
  cairo_paint (cr);
  cairo_destroy (cr);
  return node;
}

/* Shows the framebuffer's own memory: nothing is copied before the renderer uploads it. */
static GdkTexture *
create_texture (KvmmTiles *self, const cairo_rectangle_int_t *area)
{
  gsize stride = kvmm_framebuffer_get_stride (self->framebuffer);
  gsize offset = (gsize) area->y * stride + (gsize) area->x * 4;
  gsize size = (gsize) (area->height - 1) * stride + (gsize) area->width * 4;

  kvmm_framebuffer_make_opaque (self->framebuffer, area);
  g_autoptr (GBytes) slice =
      g_bytes_new_from_bytes (kvmm_framebuffer_get_bytes (self->framebuffer), offset, size);

  return gdk_memory_texture_new (area->width, area->height, GDK_MEMORY_B8G8R8A8_PREMULTIPLIED,
                                 slice, stride);
}

static void
ensure_node (KvmmTiles *self, Tile *tile, guint column, guint row)
{
  const KvmmTilesLayout *layout = &self->layout;
  const KvmmPlacement *placement = &layout->placement;
  cairo_rectangle_int_t area = tile_area (self, column, row);
  guint width = kvmm_framebuffer_get_width (self->framebuffer);
  guint height = kvmm_framebuffer_get_height (self->framebuffer);

  if (tile->node != NULL)
    return;

  double left = kvmm_placement_edge ((guint) area.x, width, placement->x, placement->width,
                                     layout->origin_x, layout->scale);
  double right = kvmm_placement_edge ((guint) (area.x + area.width), width, placement->x,
                                      placement->width, layout->origin_x, layout->scale);
  double top = kvmm_placement_edge ((guint) area.y, height, placement->y, placement->height,
                                    layout->origin_y, layout->scale);
  double bottom = kvmm_placement_edge ((guint) (area.y + area.height), height, placement->y,
                                       placement->height, layout->origin_y, layout->scale);
  if (right <= left || bottom <= top)
    return;

  graphene_rect_t bounds = GRAPHENE_RECT_INIT ((float) left, (float) top, (float) (right - left),
                                               (float) (bottom - top));
  if (layout->is_cairo)
    {
      tile->node = create_cairo_node (self, &bounds);
      return;
    }
  if (tile->texture == NULL)
    tile->texture = create_texture (self, &area);
  tile->node = gsk_texture_node_new (tile->texture, &bounds);
}

static gboolean
layout_equal (const KvmmTilesLayout *a, const KvmmTilesLayout *b)
{
  return a->placement.x == b->placement.x && a->placement.y == b->placement.y &&
         a->placement.width == b->placement.width && a->placement.height == b->placement.height &&
         a->origin_x == b->origin_x && a->origin_y == b->origin_y && a->scale == b->scale &&
         a->is_cairo == b->is_cairo;
}

void
kvmm_tiles_snapshot (KvmmTiles *self, GtkSnapshot *snapshot, const KvmmTilesLayout *layout)
{
  guint side = layout->is_cairo ? KVMM_TILES_CAIRO_SIDE : KVMM_TILES_SIDE;

  if (side != self->side)
    {
      clear (self);
      divide (self, side);
    }
  if (!layout_equal (&self->layout, layout))
    {
      for (guint i = 0; i < kvmm_tiles_get_n_tiles (self); i++)
        g_clear_pointer (&self->tiles[i].node, gsk_render_node_unref);
      self->layout = *layout;
    }
  for (guint row = 0; row < self->n_rows; row++)
    for (guint column = 0; column < self->n_columns; column++)
      {
        Tile *tile = &self->tiles[row * self->n_columns + column];

        ensure_node (self, tile, column, row);
        if (tile->node != NULL)
          gtk_snapshot_append_node (snapshot, tile->node);
      }
}

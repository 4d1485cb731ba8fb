/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-framebuffer.h"
#include "console/kvmm-placement.h"

G_BEGIN_DECLS

/* Draws a framebuffer in pieces, so that a small change costs little. Main thread only.
 *
 * Each tile has a render node that is kept until its pixels or its place change; GSK compares nodes
 * by address and draws anew what differs. Which kind of node is cheap depends on the renderer: the
 * cairo renderer copies whole textures but replays drawing inside the damage only, GPUs want
 * textures. */

/* Sides of a tile, in guest pixels. Smaller textures would go to the renderer's atlas for icons, at
 * three times the cost. The cairo renderer draws a tile as a whole when a part of it changed;
 * smaller ones still cost more by their number than they save. */
#define KVMM_TILES_SIDE 256
#define KVMM_TILES_CAIRO_SIDE 128

typedef struct _KvmmTiles KvmmTiles;

KvmmTiles *kvmm_tiles_new (KvmmFramebuffer *framebuffer);
void kvmm_tiles_free (KvmmTiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmTiles, kvmm_tiles_free)

/** kvmm_tiles_damage: forgets the nodes of what changed. Returns: how many tiles that were */
guint kvmm_tiles_damage (KvmmTiles *self, const cairo_region_t *region);
/** kvmm_tiles_get_n_tiles: depends on the renderer of the last snapshot */
guint kvmm_tiles_get_n_tiles (KvmmTiles *self);

/* How the picture is drawn; any difference makes all nodes anew. */
typedef struct
{
  KvmmPlacement placement;
  double origin_x, origin_y, scale; /* as in KvmmPlacementInput */
  gboolean is_cairo;                /* for the cairo renderer */
} KvmmTilesLayout;

void kvmm_tiles_snapshot (KvmmTiles *self, GtkSnapshot *snapshot, const KvmmTilesLayout *layout);

G_END_DECLS

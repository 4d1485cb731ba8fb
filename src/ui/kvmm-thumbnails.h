/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Live pictures of the machines that can be seen. Main thread only.
 *
 * One picture at a time is under way for each connection, on a lane where nobody waits; after each,
 * nothing is asked for four times as long as it took, so that pictures are a fifth of that lane at
 * most. The one that was looked at longest ago comes first. Nothing is asked while the view is not
 * on the screen.
 *
 * Signal: "changed" (KvmmDomain): it has got another picture. */

/* A picture of a machine is not asked for more often than this. */
#define KVMM_THUMBNAILS_INTERVAL_MS 2000
/* … one that is paused, or whose picture could not be had. */
#define KVMM_THUMBNAILS_SLOW_INTERVAL_MS 20000
/* Points of a picture, before the scale factor. */
#define KVMM_THUMBNAILS_WIDTH 320
#define KVMM_THUMBNAILS_HEIGHT 200

#define KVMM_TYPE_THUMBNAILS (kvmm_thumbnails_get_type ())
G_DECLARE_FINAL_TYPE (KvmmThumbnails, kvmm_thumbnails, KVMM, THUMBNAILS, GObject)

/** KvmmThumbnailsSeeFunc: Returns: whether @domain's place is within the visible part */
typedef gboolean (*KvmmThumbnailsSeeFunc) (KvmmDomain *domain, gpointer user_data);

/** kvmm_thumbnails_new: @view: (unowned): pictures are asked for while it is mapped; outlives this
 */
KvmmThumbnails *
kvmm_thumbnails_new (GtkWidget *view, KvmmThumbnailsSeeFunc can_be_seen, gpointer user_data);

/** kvmm_thumbnails_add: @domain has a place in the view. Balanced by kvmm_thumbnails_remove() */
void kvmm_thumbnails_add (KvmmThumbnails *self, KvmmDomain *domain);
void kvmm_thumbnails_remove (KvmmThumbnails *self, KvmmDomain *domain);
/** kvmm_thumbnails_get: Returns: (nullable) (transfer none): the last picture of this run */
GdkTexture *kvmm_thumbnails_get (KvmmThumbnails *self, KvmmDomain *domain);
/** kvmm_thumbnails_poke: what can be seen has changed: scrolled, resized */
void kvmm_thumbnails_poke (KvmmThumbnails *self);

/* For tests. */
/** kvmm_thumbnails_get_n_asked: Returns: how many pictures were asked for so far */
guint kvmm_thumbnails_get_n_asked (KvmmThumbnails *self);
/** kvmm_thumbnails_get_max_in_flight: Returns: the most that were under way at once on one
 * connection */
guint kvmm_thumbnails_get_max_in_flight (KvmmThumbnails *self);

G_END_DECLS

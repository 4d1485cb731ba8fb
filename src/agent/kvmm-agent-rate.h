/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Counting what a guest sends, by the monotonic clock. Plain values; any thread, one at a time. */

/* So many bytes a second, and a burst. */
typedef struct
{
  gint64 at_us; /* when @level was right */
  double level; /* bytes that may come now */
} KvmmAgentBucket;

/** kvmm_agent_bucket_fill: to the brim, as at the beginning */
void kvmm_agent_bucket_fill (KvmmAgentBucket *self, gint64 now_us, gsize burst);

/** kvmm_agent_bucket_take: Returns: %FALSE when @amount was more than there was */
gboolean kvmm_agent_bucket_take (
    KvmmAgentBucket *self, gint64 now_us, gsize amount, gsize per_second, gsize burst);

/* Things in windows of a fixed length, one after the other. */
typedef struct
{
  gint64 index; /* of the window: time divided by its length */
  guint count;  /* in this window */
  guint streak; /* windows in a row before this one with more than the storm mark */
} KvmmAgentWindow;

/**
 * kvmm_agent_window_add:
 * @window_us: length, more than 0
 * @storm: a window with more than this counts for the streak
 *
 * Returns: how many there were in this window, this one included
 */
guint kvmm_agent_window_add (KvmmAgentWindow *self, gint64 now_us, gint64 window_us, guint storm);

G_END_DECLS

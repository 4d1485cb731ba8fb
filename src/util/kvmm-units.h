/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Numbers as people read them, in the user's locale. Any thread. All return (transfer full) text.
 */

/** kvmm_units_bytes: "1.5 GiB" (binary units, as libvirt counts) */
char *kvmm_units_bytes (guint64 bytes);
/**
 * kvmm_units_parse_bytes:
 * @text: "20", "20G", "20 GiB", "1.5T", "20GB", in any case. As in libvirt's tools K, M, G, T, P, E
 *     and KiB … count 1024, KB, MB … 1000; without a unit it is bytes
 * @bytes: (out): rounded down
 *
 * A decimal point is a point in each language, since scripts write it.
 *
 * Returns: %FALSE when it is no size, or more than 2^63
 */
gboolean kvmm_units_parse_bytes (const char *text, guint64 *bytes);
/** kvmm_units_rate: "1.5 MiB/s" */
char *kvmm_units_rate (double bytes_per_second);
/** kvmm_units_percent: @fraction 0.123 gives "12 %"; NAN gives "–" */
char *kvmm_units_percent (double fraction);
/** kvmm_units_duration: "3 days 4 hours", "12 s"; the two largest units */
char *kvmm_units_duration (guint64 seconds);
/** kvmm_units_ago: "just now", "12 s ago", "3 min ago" for an age in µs */
char *kvmm_units_ago (gint64 age_us);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-spice-session.h"

G_BEGIN_DECLS

/* The screens of a machine, counted over its display channels: an adapter with several outputs is
 * one channel with several monitors, several adapters are several channels. Main thread only. */

/* Most screens of one machine. */
#define KVMM_SPICE_MAX_HEADS 16

/** kvmm_spice_heads_find: @monitor: (out): which of the channel's it is. Returns: (transfer none)
 * (nullable): the channel of screen @head, counted from 0 */
SpiceDisplayChannel *kvmm_spice_heads_find (KvmmSpiceSession *session, guint head, guint *monitor);
/** kvmm_spice_heads_count: Returns: how many there are now */
guint kvmm_spice_heads_count (KvmmSpiceSession *session);
/** kvmm_spice_heads_get_max: Returns: how many the adapters can have */
guint kvmm_spice_heads_get_max (KvmmSpiceSession *session);
/** kvmm_spice_heads_request_size: asks the guest's agent for that size of screen @head */
void
kvmm_spice_heads_request_size (KvmmSpiceSession *session, guint head, guint width, guint height);
/** kvmm_spice_heads_enable: @width, @height: of a screen that was not given a size before. Returns:
 * %FALSE, with nothing asked, without an agent that can do it or such a screen */
gboolean kvmm_spice_heads_enable (
    KvmmSpiceSession *session, guint head, gboolean enabled, guint width, guint height);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <spice-client.h>

G_BEGIN_DECLS

/* The end of a session of the library. Main thread only.
 *
 * A server (libspice-server 0.15.1) can crash, and the machine with it, when a viewer goes while
 * its channels are being set up. So what is being opened is opened, and then closed. */

/* How long a channel that was opened is left alone, and how long one that is not is waited for. */
#define KVMM_SPICE_FAREWELL_SETTLE_MS 300
#define KVMM_SPICE_FAREWELL_LIMIT_MS 3000

/** kvmm_spice_farewell_watch: @channel is given a descriptor now */
void kvmm_spice_farewell_watch (SpiceChannel *channel);
/**
 * kvmm_spice_farewell:
 * @session: (transfer full): disconnected at once, or as soon as its channels are settled
 * @channels: (transfer full) (element-type SpiceChannel): of it, without handlers of the caller
 */
void kvmm_spice_farewell (SpiceSession *session, GPtrArray *channels);

G_END_DECLS

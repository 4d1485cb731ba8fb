/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-auth.h"
#include "model/kvmm-connection.h"
#include "util/kvmm-lane.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* One virConnect that is kept open: opens on a lane, notices the loss, tries again, 1 s, ×2, at
 * most 60 s. A connection has two: one for its list and one for the streams of guest agents. Main
 * thread only. Private to the model. */

#define KVMM_LINK_RETRY_MIN_MS 1000
#define KVMM_LINK_RETRY_MAX_MS 60000

#define KVMM_TYPE_LINK (kvmm_link_get_type ())
G_DECLARE_FINAL_TYPE (KvmmLink, kvmm_link, KVMM, LINK, GObject)

/* Signals: "state-changed"; "event" (const KvmmVirtEvent *), never CLOSED. */

/** kvmm_link_new: @lane: where it opens and closes */
KvmmLink *kvmm_link_new (const char *uri, KvmmLane *lane);
/** kvmm_link_set_auth: @owner: see kvmm_auth_asker_new(); @present: (nullable): nobody can be asked
 */
void kvmm_link_set_auth (KvmmLink *self, GObject *owner, KvmmAuthPresentFunc present);

/** kvmm_link_open: opens, or tries again at once; nothing while it is open or being opened */
void kvmm_link_open (KvmmLink *self);
/** kvmm_link_close: closes on a worker; "state-changed" comes before this returns */
void kvmm_link_close (KvmmLink *self);
/** kvmm_link_report: a call failed with @error; when that means that the connection is gone, the
 * link is lost */
void kvmm_link_report (KvmmLink *self, KvmmVirtConnect *connect, const GError *error);

KvmmConnectionState kvmm_link_get_state (KvmmLink *self);
KvmmVirtConnect *kvmm_link_get_connect (KvmmLink *self); /* (nullable): unless CONNECTED */
const KvmmVirtHost *kvmm_link_get_host (KvmmLink *self); /* (nullable): while never connected */
/* The last failure stays while it is tried again, until the link is open or closed. */
const GError *kvmm_link_get_error (KvmmLink *self);   /* (nullable) */
const char *kvmm_link_get_cure_text (KvmmLink *self); /* (nullable) */
gint64 kvmm_link_get_retry_at_us (KvmmLink *self);    /* monotonic, 0: no retry is planned */

G_END_DECLS

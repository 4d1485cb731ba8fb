/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "agent/kvmm-agent-client.h"
#include "util/kvmm-history.h"

G_BEGIN_DECLS

/* What is known about the inside of one machine, and the state of the way to it. Main thread only.
 * Owned by a KvmmDomain, lives as long as it. */

typedef enum
{
  KVMM_GUEST_STATE_OFF,             /* the machine does not run */
  KVMM_GUEST_STATE_NOT_SUPPORTED,   /* the hypervisor driver has no channels (test:///) */
  KVMM_GUEST_STATE_NO_CHANNEL,      /* runs; a channel can be added live: action "add channel" */
  KVMM_GUEST_STATE_NEEDS_POWER_OFF, /* runs; no virtio-serial controller: the channel comes with the
                                       next start */
  KVMM_GUEST_STATE_WAITING, /* channel there, the guest has not opened the port: action "mount the
                               agent disc" */
  KVMM_GUEST_STATE_CONNECTING, /* channel opened, HELLO sent */
  KVMM_GUEST_STATE_READY,
  KVMM_GUEST_STATE_UNRESPONSIVE, /* the agent spoke and is silent now: action "retry" */
  KVMM_GUEST_STATE_IN_USE,       /* another program holds the channel: action "take over" */
  KVMM_GUEST_STATE_INCOMPATIBLE, /* agent too old, too new or a legacy one */
  KVMM_GUEST_STATE_BLOCKED,      /* broke a limit; retries at "retry-at" */
} KvmmGuestState;
GType kvmm_guest_state_get_type (void);
#define KVMM_TYPE_GUEST_STATE (kvmm_guest_state_get_type ())

typedef enum
{
  KVMM_GUEST_SOURCE_NONE,
  KVMM_GUEST_SOURCE_AGENT,   /* our agent */
  KVMM_GUEST_SOURCE_QGA,     /* QEMU guest agent through libvirt */
  KVMM_GUEST_SOURCE_NETWORK, /* address only: DHCP lease or ARP */
} KvmmGuestSource;

/* Items of the list models below: thin GObjects round the immutable values. An item object stays
 * for the same interface (name), file system (mount) or user (user+terminal); "value" changes and
 * notifies. */
#define KVMM_TYPE_GUEST_ITEM (kvmm_guest_item_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGuestItem, kvmm_guest_item, KVMM, GUEST_ITEM, GObject)
/** Signal "changed" when the value was replaced. The getters return %NULL for an item of another
 * kind. */
const KvmmGuestInterface *kvmm_guest_item_get_interface (KvmmGuestItem *self);
const KvmmGuestFilesystem *kvmm_guest_item_get_filesystem (KvmmGuestItem *self);
const KvmmGuestUser *kvmm_guest_item_get_user (KvmmGuestItem *self);

#define KVMM_TYPE_GUEST (kvmm_guest_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGuest, kvmm_guest, KVMM, GUEST, GObject)

/* Properties, all readable with notify:
 *   "state" KvmmGuestState       "state-text" translated word ("Ready")    "state-detail" one
 * sentence: what is missing or awaited "source" guint KvmmGuestSource "address" (nullable) primary
 * address    "os-name" (nullable) pretty name    "hostname" (nullable) "agent-version" (nullable)
 * "policy-error" (nullable) "round-trip-us" gint64, -1   "retry-at-us" gint64 monotonic, 0
 *   "waiting-since-us" gint64 monotonic, 0 unless waiting or connecting
 * Signals: "system-changed", "metrics-changed" (no arguments: use the getters)
 */
KvmmGuestState kvmm_guest_get_state (KvmmGuest *self);
const char *kvmm_guest_get_state_text (KvmmGuest *self);
const char *kvmm_guest_get_state_detail (KvmmGuest *self);
KvmmGuestSource kvmm_guest_get_source (KvmmGuest *self);
const char *kvmm_guest_get_address (KvmmGuest *self);
const char *kvmm_guest_get_os_name (KvmmGuest *self);
const char *kvmm_guest_get_hostname (KvmmGuest *self);
const char *kvmm_guest_get_agent_version (KvmmGuest *self);
const char *kvmm_guest_get_policy_error (KvmmGuest *self);
gint64 kvmm_guest_get_round_trip_us (KvmmGuest *self);
gint64 kvmm_guest_get_last_seen_us (KvmmGuest *self); /* monotonic, 0 never */
gint64 kvmm_guest_get_retry_at_us (KvmmGuest *self);
gint64 kvmm_guest_get_waiting_since_us (KvmmGuest *self);
const KvmmGuestSystem *kvmm_guest_get_system (KvmmGuest *self); /* (nullable) */
/** kvmm_guest_get_uptime_ms: Returns: the guest's uptime now (counted on from its answer), 0 when
 * not known */
guint64 kvmm_guest_get_uptime_ms (KvmmGuest *self);
const KvmmGuestMetrics *kvmm_guest_get_metrics (KvmmGuest *self); /* (nullable) the last sample */
GListModel *kvmm_guest_get_interfaces (
    KvmmGuest *self); /* (transfer none) KvmmGuestItem, sorted: physical first */
GListModel *kvmm_guest_get_filesystems (KvmmGuest *self); /* (transfer none) KvmmGuestItem */
GListModel *kvmm_guest_get_users (KvmmGuest *self);       /* (transfer none) KvmmGuestItem */
/** kvmm_guest_get_history: series 0: CPU busy 0–1, 1: memory used 0–1, 2: load[0]; 150 samples */
KvmmHistory *kvmm_guest_get_history (KvmmGuest *self);

/** kvmm_guest_hold: somebody looks at this guest (metrics each stats interval). Balanced by
 * kvmm_guest_release(). */
void kvmm_guest_hold (KvmmGuest *self);
void kvmm_guest_release (KvmmGuest *self);
/** kvmm_guest_retry: tries at once (UNRESPONSIVE, BLOCKED, INCOMPATIBLE, WAITING) */
void kvmm_guest_retry (KvmmGuest *self);
/** kvmm_guest_take_over: IN_USE: opens the channel by force; the other program loses it */
void kvmm_guest_take_over (KvmmGuest *self);
/** kvmm_guest_refresh_async: reads every fact anew; completes when they are here */
void kvmm_guest_refresh_async (KvmmGuest *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean kvmm_guest_refresh_finish (KvmmGuest *self, GAsyncResult *result, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* One libvirt URI: its state, its lanes, its machines. Main thread only. Itself a GListModel of
 * KvmmDomain (in no particular order: sort above). A lost connection keeps its machines with state
 * UNKNOWN and comes back by itself: 1 s, ×2, at most 60 s. */

typedef enum
{
  KVMM_CONNECTION_DISCONNECTED, /* on request */
  KVMM_CONNECTION_CONNECTING,
  KVMM_CONNECTION_CONNECTED,
  KVMM_CONNECTION_LOST,   /* waits for the next try, see "retry-at-us" */
  KVMM_CONNECTION_FAILED, /* refused for a reason that a retry does not cure (access denied,
                             unsupported URI) */
} KvmmConnectionState;
GType kvmm_connection_state_get_type (void);
#define KVMM_TYPE_CONNECTION_STATE (kvmm_connection_state_get_type ())

#define KVMM_TYPE_CONNECTION (kvmm_connection_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConnection, kvmm_connection, KVMM, CONNECTION, GObject)

/* Properties, all readable with notify: "uri", "name" (short, for people: "This computer", "This
 * computer (your session)", host name …), "state", "state-text", "error-text" (nullable; plain),
 * "cure-text" (nullable; what to do, may hold a command after "\n"), "retry-at-us" (monotonic),
 * "is-loaded" (the first list is complete), "host-cpu-fraction" double (NAN),
 * "host-memory-fraction" double (NAN), "n-domains", "n-running". Signal "listed": a (re)listing is
 * complete. */

/** kvmm_connection_new: @uri: any libvirt URI; @settings: for the statistics interval */
KvmmConnection *kvmm_connection_new (const char *uri, KvmmSettings *settings);
const char *kvmm_connection_get_uri (KvmmConnection *self);
const char *kvmm_connection_get_name (KvmmConnection *self);
KvmmConnectionState kvmm_connection_get_state (KvmmConnection *self);
const char *kvmm_connection_get_state_text (KvmmConnection *self);
const char *kvmm_connection_get_error_text (KvmmConnection *self);
const char *kvmm_connection_get_cure_text (KvmmConnection *self);
const GError *kvmm_connection_get_error (KvmmConnection *self); /* (nullable) */
gint64 kvmm_connection_get_retry_at_us (KvmmConnection *self);
gboolean kvmm_connection_get_is_loaded (KvmmConnection *self);
double kvmm_connection_get_host_cpu_fraction (KvmmConnection *self);
double kvmm_connection_get_host_memory_fraction (KvmmConnection *self);
guint kvmm_connection_get_n_running (KvmmConnection *self);
const KvmmVirtHost *
kvmm_connection_get_host (KvmmConnection *self); /* (nullable) while never connected */
KvmmLog *kvmm_connection_get_log (KvmmConnection *self);

/** kvmm_connection_set_guests_on_demand: with %TRUE a guest's agent is spoken to only once somebody
 * holds that KvmmGuest: a command about one machine must not occupy the channels of all. %FALSE at
 * first; set it before connecting. */
void kvmm_connection_set_guests_on_demand (KvmmConnection *self, gboolean on_demand);
gboolean kvmm_connection_get_guests_on_demand (KvmmConnection *self);

/** kvmm_connection_connect: starts or retries at once; completion shows in "state" */
void kvmm_connection_connect (KvmmConnection *self);
/** kvmm_connection_disconnect: closes on a worker; rows stay with state UNKNOWN */
void kvmm_connection_disconnect (KvmmConnection *self);
/** kvmm_connection_refresh: lists again (F5) */
void kvmm_connection_refresh (KvmmConnection *self);

/** kvmm_connection_hold_stats: a window that shows figures is mapped. Balanced by
 * kvmm_connection_release_stats(). Statistics run only while held. */
void kvmm_connection_hold_stats (KvmmConnection *self);
void kvmm_connection_release_stats (KvmmConnection *self);

/** kvmm_connection_find: Returns: (nullable) (transfer none): by UUID, else by exact name */
KvmmDomain *kvmm_connection_find (KvmmConnection *self, const char *name_or_uuid);

/** kvmm_connection_set_auth: asks a person for credentials, on the main thread. @func gets the
 * questions and must call kvmm_auth_request_answer() once. */
typedef struct _KvmmAuthRequest KvmmAuthRequest;
guint kvmm_auth_request_get_n_questions (KvmmAuthRequest *self);
const char *kvmm_auth_request_get_prompt (KvmmAuthRequest *self, guint i); /* sanitised */
gboolean kvmm_auth_request_get_is_secret (KvmmAuthRequest *self, guint i);
/** @answers: (nullable): %NULL-terminated, as many as questions; %NULL cancels. Frees the request.
 */
void kvmm_auth_request_answer (KvmmAuthRequest *self, const char *const *answers);
typedef void (*KvmmConnectionAuthFunc) (KvmmConnection *self,
                                        KvmmAuthRequest *request,
                                        gpointer user_data);
void
kvmm_connection_set_auth (KvmmConnection *self, KvmmConnectionAuthFunc func, gpointer user_data);

G_END_DECLS

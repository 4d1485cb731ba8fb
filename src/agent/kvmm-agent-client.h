/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "util/kvmm-guest-facts.h"

G_BEGIN_DECLS

/* One conversation with a guest's agent over any GIOStream with pollable halves (a libvirt channel,
 * a unix socket, a socketpair), protocol kvma/1 (guest-agent/protocol/PROTOCOL.md). Main thread
 * only; GIO sources only; never blocks.
 *
 * What comes from the guest is scanned by the shared strict scanner, then validated by a schema per
 * method, sanitised, and handed on as typed values: nothing above this folder sees JSON. */

#define KVMM_AGENT_ERROR (kvmm_agent_error_quark ())
GQuark kvmm_agent_error_quark (void);
typedef enum
{
  KVMM_AGENT_ERROR_FAILED,
  KVMM_AGENT_ERROR_DENIED,        /* by the guest's policy; the message has the line to add */
  KVMM_AGENT_ERROR_NOT_SUPPORTED, /* unknown method or not possible on this guest */
  KVMM_AGENT_ERROR_INVALID_REPLY, /* the guest sent what the schema refuses */
  KVMM_AGENT_ERROR_TIMEOUT,
  KVMM_AGENT_ERROR_BUSY,            /* 16 requests are in flight */
  KVMM_AGENT_ERROR_CLOSED,          /* the session ended before the answer */
  KVMM_AGENT_ERROR_OUTCOME_UNKNOWN, /* … and the call may have changed something */
  KVMM_AGENT_ERROR_ABUSE,        /* the peer broke a limit; the link must stay closed for a while */
  KVMM_AGENT_ERROR_INCOMPATIBLE, /* no common protocol version, or a legacy agent */
  KVMM_AGENT_ERROR_NOT_FOUND,
  KVMM_AGENT_ERROR_EXISTS,
  KVMM_AGENT_ERROR_TOO_LARGE,
  KVMM_AGENT_ERROR_FROZEN, /* its file systems are frozen for a backup */
  KVMM_AGENT_ERROR_WRONG_STATE,
  KVMM_AGENT_ERROR_NOT_ALLOWED, /* by this host: kvmm_agent_client_set_control_allowed() */
  KVMM_AGENT_ERROR_SILENT,      /* nobody answered the HELLOs allowed per opened stream: reopen */
} KvmmAgentError;

/* What a guest tells about itself by its own accord. */
typedef enum
{
  KVMM_AGENT_FACT_SYSTEM,
  KVMM_AGENT_FACT_INTERFACES,
  KVMM_AGENT_FACT_FILESYSTEMS,
  KVMM_AGENT_FACT_USERS,
  KVMM_AGENT_FACT_METRICS,
  KVMM_AGENT_N_FACTS
} KvmmAgentFact;

typedef enum
{
  KVMM_AGENT_CLIENT_CONNECTING, /* HELLO sent, no WELCOME yet; nothing heard */
  KVMM_AGENT_CLIENT_READY,
  KVMM_AGENT_CLIENT_UNRESPONSIVE, /* announced or was ready, then silent; keeps trying */
  KVMM_AGENT_CLIENT_CLOSED,       /* for good; see kvmm_agent_client_get_error() */
} KvmmAgentClientState;

#define KVMM_TYPE_AGENT_CLIENT (kvmm_agent_client_get_type ())
G_DECLARE_FINAL_TYPE (KvmmAgentClient, kvmm_agent_client, KVMM, AGENT_CLIENT, GObject)

/* Properties: "state" (KvmmAgentClientState as guint, notify), "round-trip-us" (gint64, notify).
 *
 * Signals, all on the main thread, values borrowed for the call:
 *   "metrics" (const KvmmGuestMetrics *)
 *   "interfaces" (GPtrArray *KvmmGuestInterface)      the whole new list
 *   "filesystems" (GPtrArray *KvmmGuestFilesystem)    the whole new list
 *   "users" (GPtrArray *KvmmGuestUser)                the whole new list
 *   "system" (const KvmmGuestSystem *)                after each new session and when it changed
 *   "untold" ()                                       a kind of fact was refused: see
 * kvmm_agent_client_tells()
 *   "log" (const char *word, const char *text)        for the timeline: "session",
 * "policy-changed", "time-jump", "powering-off" …
 */

/**
 * kvmm_agent_client_new:
 * @stream: the channel; the client takes a reference and closes it when it is done
 * @label: (nullable): told to the guest as who speaks, "user@host"; at most 64 characters are sent
 *
 * Returns: (transfer full): a client in state CONNECTING; kvmm_agent_client_start() begins
 */
KvmmAgentClient *kvmm_agent_client_new (GIOStream *stream, const char *label);

/** kvmm_agent_client_start: sends the first HELLO, and again at 0.25, 0.5, 1, 2, 4, 8, 15, 30 s,
 * then only on ANNOUNCE or kvmm_agent_client_nudge(); at most 32 HELLOs or 16 KiB per stream. After
 * WELCOME subscribes and reads all facts. */
void kvmm_agent_client_start (KvmmAgentClient *self);

/** kvmm_agent_client_nudge: something outside says that the guest may have changed (resume, revert,
 * port opened): sends a fresh HELLO, superseding the session. */
void kvmm_agent_client_nudge (KvmmAgentClient *self);

/** kvmm_agent_client_set_suspended: no heartbeats are expected while the machine is paused or
 * migrates. */
void kvmm_agent_client_set_suspended (KvmmAgentClient *self, gboolean suspended);

/** kvmm_agent_client_set_visible: somebody looks (metrics each @interval_ms, PING after 10 s) or
 * nobody does (metrics each 10 s, PING after 60 s). @interval_ms 1000 to 60000. */
void kvmm_agent_client_set_visible (KvmmAgentClient *self, gboolean visible, guint interval_ms);

/** kvmm_agent_client_close: says BYE, closes the stream; state CLOSED, error %NULL. Idempotent. */
void kvmm_agent_client_close (KvmmAgentClient *self);

KvmmAgentClientState kvmm_agent_client_get_state (KvmmAgentClient *self);
/** kvmm_agent_client_get_error: Returns: (nullable): why it is CLOSED (KVMM_AGENT_ERROR or the
 * stream's own error) */
const GError *kvmm_agent_client_get_error (KvmmAgentClient *self);
/** Each of these is %NULL or 0 before the first WELCOME; strings are sanitised. */
const char *kvmm_agent_client_get_version (KvmmAgentClient *self);
const char *kvmm_agent_client_get_boot_id (KvmmAgentClient *self);
/** kvmm_agent_client_get_policy_error: Returns: (nullable): the wrong line of the guest's policy
 * file */
const char *kvmm_agent_client_get_policy_error (KvmmAgentClient *self);
gboolean kvmm_agent_client_has_capability (KvmmAgentClient *self, const char *capability);
/**
 * kvmm_agent_client_get_access:
 * @group: KVMA_GROUP_*
 *
 * Returns: (transfer none): what the guest's policy grants: "deny", "allow", "named", "any",
 * "login", "shell" or "manage"; "deny" when it is not known
 */
const char *kvmm_agent_client_get_access (KvmmAgentClient *self, const char *group);
/** kvmm_agent_client_dup_policy: Returns: (transfer full) (nullable): group → word, all of them;
 * later changes make a new one */
GHashTable *kvmm_agent_client_dup_policy (KvmmAgentClient *self);
/**
 * kvmm_agent_client_set_control_allowed:
 *
 * The host's own lock, off at first: commands, terminals, files, accounts and signals are refused
 * with KVMM_AGENT_ERROR_NOT_ALLOWED before anything is sent. Turning it off closes what is open.
 */
void kvmm_agent_client_set_control_allowed (KvmmAgentClient *self, gboolean allowed);
gboolean kvmm_agent_client_get_control_allowed (KvmmAgentClient *self);
/** kvmm_agent_client_is_busy: Returns: whether a stream is open (a terminal, a command, a file, a
 * log that is followed); reads of facts do not count */
gboolean kvmm_agent_client_is_busy (KvmmAgentClient *self);
/** kvmm_agent_client_get_round_trip: Returns: the last PING's round trip in µs, -1 when not
 * measured */
gint64 kvmm_agent_client_get_round_trip (KvmmAgentClient *self);
/** kvmm_agent_client_get_last_seen: Returns: g_get_monotonic_time() of the last valid frame, 0 for
 * never */
gint64 kvmm_agent_client_get_last_seen (KvmmAgentClient *self);
/** kvmm_agent_client_get_session_count: Returns: how many WELCOMEs were accepted */
guint kvmm_agent_client_get_session_count (KvmmAgentClient *self);

/* ---- Requests. Each completes exactly once on the main context; default deadline 10 s. Cancelling
 * sends agent.cancel and drops the answer. ---- */
void kvmm_agent_client_ping_async (KvmmAgentClient *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/** Returns: the round trip in µs, -1 on error */
gint64 kvmm_agent_client_ping_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

typedef enum
{
  KVMM_AGENT_POWER_OFF,
  KVMM_AGENT_POWER_REBOOT,
  KVMM_AGENT_POWER_HALT,
} KvmmAgentPowerMode;
/** kvmm_agent_client_power_async: asks the guest to shut down; never retried: OUTCOME_UNKNOWN when
 * the session ends first */
void kvmm_agent_client_power_async (KvmmAgentClient *self,
                                    KvmmAgentPowerMode mode,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean
kvmm_agent_client_power_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

/** kvmm_agent_client_tells: whether a session is there and tells @fact: %FALSE when the agent
 * cannot read it, and after it refused to (its policy denies it) until it tells after all */
gboolean kvmm_agent_client_tells (KvmmAgentClient *self, KvmmAgentFact fact);

/** kvmm_agent_client_refresh_async: reads every fact anew (signals fire), then completes */
void kvmm_agent_client_refresh_async (KvmmAgentClient *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean
kvmm_agent_client_refresh_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

G_END_DECLS

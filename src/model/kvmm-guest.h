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

/* The kinds of facts; each may have its own source. */
typedef enum
{
  KVMM_GUEST_FACT_SYSTEM,
  KVMM_GUEST_FACT_INTERFACES, /* and the address */
  KVMM_GUEST_FACT_FILESYSTEMS,
  KVMM_GUEST_FACT_USERS,
  KVMM_GUEST_FACT_METRICS,
  KVMM_GUEST_N_FACTS
} KvmmGuestFact;

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
 * Signals: "system-changed", "metrics-changed", "fact-sources-changed" (no arguments: use the
 * getters)
 */
KvmmGuestState kvmm_guest_get_state (KvmmGuest *self);
const char *kvmm_guest_get_state_text (KvmmGuest *self);
const char *kvmm_guest_get_state_detail (KvmmGuest *self);
KvmmGuestSource kvmm_guest_get_source (KvmmGuest *self);
/** kvmm_guest_get_fact_source: Returns: who told what is known of @fact. Our agent's word counts as
 * long as it gives it; the QEMU guest agent fills in what ours does not tell. */
KvmmGuestSource kvmm_guest_get_fact_source (KvmmGuest *self, KvmmGuestFact fact);
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

/**
 * kvmm_guest_get_agent:
 *
 * For the requests of kvmm-agent-processes.h, -exec.h, -files.h and -maintenance.h. It changes with
 * each opening of the channel: get it anew for each request, and hold a reference while one runs.
 *
 * Returns: (transfer none) (nullable): our agent, while the state is READY
 */
KvmmAgentClient *kvmm_guest_get_agent (KvmmGuest *self);

/* The groups of a guest's policy. */
#define KVMM_GUEST_GROUP_INFO "info"
#define KVMM_GUEST_GROUP_PROCS "procs"
#define KVMM_GUEST_GROUP_LOGS "logs"
#define KVMM_GUEST_GROUP_POWER "power"
#define KVMM_GUEST_GROUP_SUSPEND "suspend"
#define KVMM_GUEST_GROUP_TIME "time"
#define KVMM_GUEST_GROUP_MAINT "maint"
#define KVMM_GUEST_GROUP_FREEZE "freeze"
#define KVMM_GUEST_GROUP_EXEC "exec"
#define KVMM_GUEST_GROUP_PTY "pty"
#define KVMM_GUEST_GROUP_FILE_READ "file-read"
#define KVMM_GUEST_GROUP_FILE_WRITE "file-write"
#define KVMM_GUEST_GROUP_INBOX "inbox"
#define KVMM_GUEST_GROUP_ACCOUNTS "accounts"

/* Property "control-allowed": the host's lock of this machine, kept in the settings. Signal
 * "access-changed": it, or what the guest's policy grants, changed. */
gboolean kvmm_guest_get_control_allowed (KvmmGuest *self);
void kvmm_guest_set_control_allowed (KvmmGuest *self, gboolean allowed);
/** kvmm_guest_get_access: @group: KVMM_GUEST_GROUP_*; Returns: (transfer none): the word of the
 * guest's policy, "deny" while there is no session */
const char *kvmm_guest_get_access (KvmmGuest *self, const char *group);
/** kvmm_guest_dup_policy_lines: Returns: (transfer full) (nullable): the lines an administrator
 * adds to the guest's policy file to allow @group, %NULL when it is allowed */
char *kvmm_guest_dup_policy_lines (KvmmGuest *self, const char *group);
/** kvmm_guest_dup_policy_lines_for: @word: what is needed of the group: "allow", "manage", "named",
 * "any", "login" or "shell". Returns: (transfer full) (nullable): the same for this word, %NULL
 * when so much (or more) is granted */
char *kvmm_guest_dup_policy_lines_for (KvmmGuest *self, const char *group, const char *word);
/** kvmm_guest_get_policy_path: Returns: the file of a guest that the lines are for */
const char *kvmm_guest_get_policy_path (void);
/** kvmm_guest_get_policy_command: Returns: what makes the guest's agent read it, as root */
const char *kvmm_guest_get_policy_command (void);

/* What our agent does, or the QEMU guest agent where ours is not there or its policy denies it. The
 * finish functions tell which one did: @source: (out) (nullable). */

/**
 * kvmm_guest_freeze_async:
 * @timeout_ms: 1000 to 60000: then the file systems are thawed, by the guest itself when our agent
 *     froze them, else by this program
 *
 * finish: @n_frozen: (out) (nullable). Fails with KVMM_AGENT_ERROR_WRONG_STATE when a freeze of
 * this object is not over.
 */
void kvmm_guest_freeze_async (KvmmGuest *self,
                              guint timeout_ms,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean kvmm_guest_freeze_finish (KvmmGuest *self,
                                   GAsyncResult *result,
                                   KvmmGuestSource *source,
                                   guint *n_frozen,
                                   GError **error);
/** kvmm_guest_thaw_async: ends kvmm_guest_freeze_async(), by the way it went */
void kvmm_guest_thaw_async (KvmmGuest *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean kvmm_guest_thaw_finish (KvmmGuest *self,
                                 GAsyncResult *result,
                                 KvmmGuestSource *source,
                                 GError **error);
/**
 * kvmm_guest_set_password_async:
 * @user: of the guest
 * @password: hashed here; the password itself leaves this program by neither way
 *
 * Needs the switch of this host: fails with KVMM_AGENT_ERROR_NOT_ALLOWED while control-allowed is
 * off.
 */
void kvmm_guest_set_password_async (KvmmGuest *self,
                                    const char *user,
                                    const char *password,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean kvmm_guest_set_password_finish (KvmmGuest *self,
                                         GAsyncResult *result,
                                         KvmmGuestSource *source,
                                         GError **error);

/** kvmm_guest_hold: somebody looks at this guest (metrics each stats interval). Balanced by
 * kvmm_guest_release(). */
void kvmm_guest_hold (KvmmGuest *self);
void kvmm_guest_release (KvmmGuest *self);
/** kvmm_guest_retry: tries at once (UNRESPONSIVE, BLOCKED, INCOMPATIBLE, WAITING) */
void kvmm_guest_retry (KvmmGuest *self);
/** kvmm_guest_take_over: IN_USE: opens the channel by force; the other program loses it */
void kvmm_guest_take_over (KvmmGuest *self);
/** kvmm_guest_lend: gives the channel to another program of the same person, and does not ask for
 * it back until kvmm_guest_end_loan(). Returns: %FALSE when there is nothing to lend
 * (G_IO_ERROR_NOT_FOUND) or something is under way on it (G_IO_ERROR_BUSY) */
gboolean kvmm_guest_lend (KvmmGuest *self, GError **error);
void kvmm_guest_end_loan (KvmmGuest *self);
/** kvmm_guest_refresh_async: reads every fact anew; completes when they are here */
void kvmm_guest_refresh_async (KvmmGuest *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean kvmm_guest_refresh_finish (KvmmGuest *self, GAsyncResult *result, GError **error);

G_END_DECLS

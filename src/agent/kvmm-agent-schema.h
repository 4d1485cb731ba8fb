/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "agent/kvmm-agent-field.h"
#include "agent/kvmm-agent-stream.h"
#include "util/kvmm-guest-facts.h"
#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* From what a guest sent to typed values: every member is checked for its type and range, every
 * list for its length, every text made inert. One wrong member refuses the whole body with
 * KVMM_AGENT_ERROR_INVALID_REPLY; what is not known is left out, as PROTOCOL.md says. Any thread.
 */

/* A guest that names more of them is broken or hostile. */
#define KVMM_AGENT_MAX_CAPABILITIES 64
#define KVMM_AGENT_MAX_PROTOCOLS 16

/**
 * kvmm_agent_schema_parse:
 *
 * Lets the shared strict scanner look first; only then json-glib.
 *
 * Returns: (transfer full): the object, or %NULL with INVALID_REPLY
 */
JsonObject *kvmm_agent_schema_parse (const void *body, gsize length, GError **error);

typedef struct
{
  char *instance; /* compared, never shown */
  gboolean has_common_protocol;
  gint64 newest_protocol;
} KvmmAgentAnnounce;
void kvmm_agent_announce_free (KvmmAgentAnnounce *self);
KvmmAgentAnnounce *kvmm_agent_schema_announce (JsonObject *body, GError **error);

typedef struct
{
  char *nonce;   /* compared, never shown */
  char *session; /* compared, never shown */
  gint64 protocol;
  char *instance; /* compared, never shown */
  char *boot_id;
  char *version;
  char *policy_error;       /* (nullable) */
  GHashTable *capabilities; /* a set of strings */
  GHashTable *policy;       /* group → word, of those known here */
} KvmmAgentWelcome;
void kvmm_agent_welcome_free (KvmmAgentWelcome *self);
KvmmAgentWelcome *kvmm_agent_schema_welcome (JsonObject *body, GError **error);

typedef struct
{
  char *reason;
  char *nonce;            /* (nullable) compared, never shown */
  gint64 newest_protocol; /* 0 when not told */
} KvmmAgentBye;
void kvmm_agent_bye_free (KvmmAgentBye *self);
KvmmAgentBye *kvmm_agent_schema_bye (JsonObject *body, GError **error);

/** kvmm_agent_schema_reply_id: Returns: %FALSE when there is no integer id */
gboolean kvmm_agent_schema_reply_id (JsonObject *reply, gint64 *id);
/** kvmm_agent_schema_result: Returns: (transfer none): the result object */
JsonObject *kvmm_agent_schema_result (JsonObject *reply, GError **error);
/** kvmm_agent_schema_error: @message, @hint: (out) (transfer full); @hint: (nullable) the policy
 * line to add */
gboolean kvmm_agent_schema_error (
    JsonObject *reply, gint64 *code, char **message, char **hint, GError **error);
/** kvmm_agent_schema_event: Returns: (transfer none): the parameters; @method: (out) (transfer
 * none): not made inert, only to be compared */
JsonObject *kvmm_agent_schema_event (JsonObject *body, const char **method, GError **error);

KvmmGuestSystem *kvmm_agent_schema_system (JsonObject *result, GError **error);
KvmmGuestMetrics *kvmm_agent_schema_metrics (JsonObject *result, GError **error);
/** (transfer full) (element-type KvmmGuestInterface) */
GPtrArray *kvmm_agent_schema_interfaces (JsonObject *result, GError **error);
/** (transfer full) (element-type KvmmGuestFilesystem) */
GPtrArray *kvmm_agent_schema_filesystems (JsonObject *result, GError **error);
/** (transfer full) (element-type KvmmGuestUser) */
GPtrArray *kvmm_agent_schema_users (JsonObject *result, GError **error);

/* A list and what the guest says of it. */
typedef struct
{
  GPtrArray *rows; /* (owned) */
  KvmmGuestListInfo info;
  char *manager; /* (nullable) of services */
  char *cursor;  /* (nullable) exact: where the next page of files begins */
} KvmmAgentListing;
void kvmm_agent_listing_free (KvmmAgentListing *self);
/** kvmm_agent_schema_listing: the list @name with its total; what the others are made of */
KvmmAgentListing *kvmm_agent_schema_listing (JsonObject *result,
                                             const char *where,
                                             const char *name,
                                             KvmmAgentRowFunc read_row,
                                             GDestroyNotify free_row,
                                             GError **error);

KvmmAgentListing *kvmm_agent_schema_processes (JsonObject *result, GError **error);
KvmmAgentListing *kvmm_agent_schema_services (JsonObject *result, GError **error);
KvmmAgentListing *kvmm_agent_schema_commands (JsonObject *result, GError **error);
KvmmAgentListing *kvmm_agent_schema_files (JsonObject *result, GError **error);
KvmmAgentListing *kvmm_agent_schema_disks (JsonObject *result, GError **error);
KvmmAgentListing *kvmm_agent_schema_trims (JsonObject *result, GError **error);

KvmmGuestFile *kvmm_agent_schema_file (JsonObject *result, GError **error);
KvmmGuestFileRoots *kvmm_agent_schema_file_roots (JsonObject *result, GError **error);
/** (transfer full): exact lines without control characters */
char **kvmm_agent_schema_ssh_keys (JsonObject *result, GError **error);

/* What a method opened or began; each method fills its part of it. */
typedef struct
{
  guint stream;
  guint errors; /* 0: none */
  gint64 job;   /* also the number of a terminal */
  guint pid;
  guint timeout_ms;
  guint64 size_bytes;
  guint64 offset;
  gint64 modified_ms;
  guint mode;
  char *source; /* (nullable) */
  char *token;  /* (nullable) exact */
  char *path;   /* (nullable) exact */
} KvmmAgentOpened;
void kvmm_agent_opened_free (KvmmAgentOpened *self);
KvmmAgentOpened *kvmm_agent_schema_job (JsonObject *result, GError **error);
KvmmAgentOpened *kvmm_agent_schema_terminal (JsonObject *result, GError **error);
KvmmAgentOpened *kvmm_agent_schema_log (JsonObject *result, GError **error);
KvmmAgentOpened *kvmm_agent_schema_file_read (JsonObject *result, GError **error);
KvmmAgentOpened *kvmm_agent_schema_file_write (JsonObject *result, GError **error);
KvmmAgentOpened *kvmm_agent_schema_inbox_put (JsonObject *result, GError **error);

typedef struct
{
  char *token; /* exact */
  guint n_frozen;
} KvmmAgentFrozen;
void kvmm_agent_frozen_free (KvmmAgentFrozen *self);
KvmmAgentFrozen *kvmm_agent_schema_frozen (JsonObject *result, GError **error);
/** kvmm_agent_schema_delta: Returns: (transfer full): how far the clock was moved, in µs */
gint64 *kvmm_agent_schema_delta (JsonObject *result, GError **error);

/** kvmm_agent_schema_stream_end: of CLOSE; %NULL also with the guest's own error in it */
KvmmAgentStreamEnd *kvmm_agent_schema_stream_end (JsonObject *body, GError **error);

/* The events that make a line in the timeline. */
typedef struct
{
  gint64 delta_ms;    /* time.jump */
  char *mode;         /* (nullable) power.* */
  char *message;      /* (nullable) power.*, agent.overload */
  char *policy_error; /* (nullable) agent.policy_changed */
} KvmmAgentNotice;
void kvmm_agent_notice_free (KvmmAgentNotice *self);
KvmmAgentNotice *kvmm_agent_schema_notice (JsonObject *params, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentListing, kvmm_agent_listing_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentOpened, kvmm_agent_opened_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentFrozen, kvmm_agent_frozen_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentAnnounce, kvmm_agent_announce_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentWelcome, kvmm_agent_welcome_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentBye, kvmm_agent_bye_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentNotice, kvmm_agent_notice_free)

G_END_DECLS

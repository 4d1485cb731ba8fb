/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>

#include "protocol/kvma-names.h"
#include "util/kvmm-guest-text.h"

typedef struct
{
  KvmmAgentRequests *owner; /* (unowned) */
  gint64 id;                /* as on the wire; below 0 for a PING */
  KvmmAgentRequestKind kind;
  gboolean is_gated; /* under the host's own lock */
  gint64 deadline_us;
  GSource *cancelled; /* (owned) (nullable) */
  KvmmAgentReplyFunc func;
  gpointer user_data; /* (unowned) */
} Request;

struct _KvmmAgentRequests
{
  KvmmAgentClient *client; /* (unowned) */
  GHashTable *in_flight;   /* (owned) gint64 id → Request */
  gint64 last_id;          /* of a request, in this session */
  gint64 last_ping;        /* counts downwards */
  guint n_pings;
};

static void
request_free (Request *request)
{
  if (request->cancelled != NULL)
    {
      g_source_destroy (request->cancelled);
      g_source_unref (request->cancelled);
    }
  g_free (request);
}

KvmmAgentRequests *
kvmm_agent_requests_new (KvmmAgentClient *client)
{
  KvmmAgentRequests *self = g_new0 (KvmmAgentRequests, 1);

  self->client = client;
  self->in_flight =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) request_free);
  return self;
}

void
kvmm_agent_requests_free (KvmmAgentRequests *self)
{
  g_assert (g_hash_table_size (self->in_flight) == 0);
  g_hash_table_unref (self->in_flight);
  g_free (self);
}

guint
kvmm_agent_requests_get_count (KvmmAgentRequests *self)
{
  return g_hash_table_size (self->in_flight) - self->n_pings;
}

static void
rearm (KvmmAgentRequests *self)
{
  gint64 nearest = G_MAXINT64;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->in_flight);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    nearest = MIN (nearest, ((Request *) value)->deadline_us);
  if (nearest == G_MAXINT64)
    kvmm_agent_client_disarm (self->client, KVMM_AGENT_TIMER_REQUEST);
  else
    kvmm_agent_client_arm_at (self->client, KVMM_AGENT_TIMER_REQUEST, nearest);
}

/* Takes it out of the table first: the callback may do anything. */
static void
complete (KvmmAgentRequests *self, Request *request, JsonObject *result, const GError *error)
{
  KvmmAgentReplyFunc func = request->func;
  gpointer user_data = request->user_data;

  if (request->id < 0)
    self->n_pings--;
  g_hash_table_remove (self->in_flight, &request->id);
  rearm (self);
  func (result, error, user_data);
}

/* ---- sending ---- */

static char *
build_request (gint64 id, const char *method, JsonObject *params)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *request = json_object_new ();

  json_object_set_string_member (request, "jsonrpc", "2.0");
  json_object_set_int_member (request, "id", id);
  json_object_set_string_member (request, "method", method);
  json_object_set_object_member (request, "params", params);
  json_node_take_object (root, request);
  return json_to_string (root, FALSE);
}

static gboolean
send_request (KvmmAgentRequests *self, gint64 id, const char *method, JsonObject *params)
{
  g_autofree char *body = build_request (id, method, params);

  return kvmm_agent_client_send (self->client, KVMA_KIND_REQUEST, body, strlen (body));
}

static void
ignore_reply (JsonObject *result, const GError *error, gpointer user_data)
{
}

/* Tells the guest that nobody waits any more, if there is room to say it. */
static void
send_cancel (KvmmAgentRequests *self, gint64 id)
{
  JsonObject *params;

  if (id < 0 || !kvmm_agent_client_has_session (self->client) ||
      kvmm_agent_requests_get_count (self) >= KVMA_REQUESTS_MAX)
    return;
  params = json_object_new ();
  json_object_set_int_member (params, "id", id);
  kvmm_agent_requests_send (self, KVMA_METHOD_AGENT_CANCEL, params, KVMM_AGENT_REQUEST_READS, NULL,
                            ignore_reply, NULL);
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  Request *request = user_data;
  KvmmAgentRequests *self = request->owner;
  g_autoptr (KvmmAgentClient) keep G_GNUC_UNUSED = g_object_ref (self->client);
  g_autoptr (GError) error = NULL;
  gint64 id = request->id;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  complete (self, request, NULL, error);
  send_cancel (self, id);
  return G_SOURCE_REMOVE;
}

static Request *
add (KvmmAgentRequests *self,
     gint64 id,
     KvmmAgentRequestKind kind,
     guint timeout_ms,
     GCancellable *cancellable,
     KvmmAgentReplyFunc func,
     gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  if (timeout_ms == 0)
    timeout_ms = self->client->intervals.request;
  request->owner = self;
  request->id = id;
  request->kind = kind;
  request->func = func;
  request->user_data = user_data;
  request->deadline_us = g_get_monotonic_time () + (gint64) timeout_ms * G_TIME_SPAN_MILLISECOND;
  if (cancellable != NULL)
    {
      request->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (request->cancelled, G_SOURCE_FUNC (cancelled_cb), request, NULL);
      g_source_attach (request->cancelled, NULL);
    }
  g_hash_table_insert (self->in_flight, &request->id, request);
  rearm (self);
  return request;
}

/* Why nothing can be sent now; NULL when it can. */
static GError *
refuse (KvmmAgentRequests *self, guint in_flight, GCancellable *cancellable)
{
  GError *error = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    return error;
  if (!kvmm_agent_client_has_session (self->client))
    return g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                                _ ("There is no session with the guest agent"));
  if (in_flight >= KVMA_REQUESTS_MAX)
    return g_error_new (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_BUSY,
                        _ ("The guest agent still works on %u requests; try again later"),
                        in_flight);
  return NULL;
}

void
kvmm_agent_requests_send (KvmmAgentRequests *self,
                          const char *method,
                          JsonObject *params,
                          KvmmAgentRequestKind kind,
                          GCancellable *cancellable,
                          KvmmAgentReplyFunc func,
                          gpointer user_data)
{
  kvmm_agent_requests_send_within (self, method, params, kind, 0, cancellable, func, user_data);
}

void
kvmm_agent_requests_send_within (KvmmAgentRequests *self,
                                 const char *method,
                                 JsonObject *params,
                                 KvmmAgentRequestKind kind,
                                 guint timeout_ms,
                                 GCancellable *cancellable,
                                 KvmmAgentReplyFunc func,
                                 gpointer user_data)
{
  gboolean is_gated = kvmm_agent_gate_has (method);
  g_autoptr (JsonObject) owned = params != NULL ? params : json_object_new ();
  g_autoptr (GError) error = refuse (self, kvmm_agent_requests_get_count (self), cancellable);
  gint64 id = self->last_id + 1;

  /* Whatever else is wrong: the lock is what a person can do something about. */
  if (is_gated && !self->client->control_allowed)
    {
      g_clear_error (&error);
      error = kvmm_agent_gate_new_error ();
    }
  if (error == NULL && !send_request (self, id, method, g_steal_pointer (&owned)))
    error = g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_BUSY,
                                 _ ("The guest does not read what is sent to its agent"));
  if (error != NULL)
    {
      func (NULL, error, user_data);
      return;
    }
  self->last_id = id;
  add (self, id, kind, timeout_ms, cancellable, func, user_data)->is_gated = is_gated;
}

void
kvmm_agent_requests_wait_pong (KvmmAgentRequests *self,
                               GCancellable *cancellable,
                               KvmmAgentReplyFunc func,
                               gpointer user_data)
{
  g_autoptr (GError) error = refuse (self, self->n_pings, cancellable);

  if (error == NULL && !kvmm_agent_heartbeat_send (self->client))
    error = g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_BUSY,
                                 _ ("The guest does not read what is sent to its agent"));
  if (error != NULL)
    {
      func (NULL, error, user_data);
      return;
    }
  self->n_pings++;
  add (self, --self->last_ping, KVMM_AGENT_REQUEST_READS, 0, cancellable, func, user_data);
}

/* ---- completing ---- */

KvmmAgentError
kvmm_agent_requests_map_code (gint64 code)
{
  switch (code)
    {
    case KVMA_ERROR_DENIED:
      return KVMM_AGENT_ERROR_DENIED;
    case KVMA_ERROR_NO_METHOD:
    case KVMA_ERROR_UNSUPPORTED:
      return KVMM_AGENT_ERROR_NOT_SUPPORTED;
    case KVMA_ERROR_TIMEOUT:
      return KVMM_AGENT_ERROR_TIMEOUT;
    case KVMA_ERROR_BUSY:
    case KVMA_ERROR_RATE_LIMITED:
      return KVMM_AGENT_ERROR_BUSY;
    case KVMA_ERROR_NOT_FOUND:
      return KVMM_AGENT_ERROR_NOT_FOUND;
    case KVMA_ERROR_EXISTS:
      return KVMM_AGENT_ERROR_EXISTS;
    case KVMA_ERROR_TOO_LARGE:
      return KVMM_AGENT_ERROR_TOO_LARGE;
    case KVMA_ERROR_FROZEN:
      return KVMM_AGENT_ERROR_FROZEN;
    case KVMA_ERROR_STATE:
      return KVMM_AGENT_ERROR_WRONG_STATE;
    default:
      return KVMM_AGENT_ERROR_FAILED;
    }
}

static GError *
read_error (JsonObject *reply)
{
  g_autofree char *message = NULL;
  g_autofree char *hint = NULL;
  g_autoptr (GError) invalid = NULL;
  gint64 code;

  if (!kvmm_agent_schema_error (reply, &code, &message, &hint, &invalid))
    return g_steal_pointer (&invalid);
  if (hint != NULL)
    return g_error_new (KVMM_AGENT_ERROR, kvmm_agent_requests_map_code (code),
                        _ ("The guest agent refused: %s. A line for its policy file: %s"), message,
                        hint);
  return g_error_new (KVMM_AGENT_ERROR, kvmm_agent_requests_map_code (code),
                      _ ("The guest agent refused: %s"), message);
}

KvmmAgentReply
kvmm_agent_requests_reply (KvmmAgentRequests *self, JsonObject *body)
{
  g_autoptr (GError) error = NULL;
  JsonObject *result = NULL;
  Request *request;
  gint64 id;

  if (!kvmm_agent_schema_reply_id (body, &id))
    return KVMM_AGENT_REPLY_INVALID;
  if (id < 1 || id > self->last_id)
    return KVMM_AGENT_REPLY_UNKNOWN;
  request = g_hash_table_lookup (self->in_flight, &id);
  if (json_object_has_member (body, "error"))
    error = read_error (body);
  else
    result = kvmm_agent_schema_result (body, &error);
  /* Before anybody looks: what it opened must be closed even when nobody waits for it any more. */
  if (result != NULL && !kvmm_agent_streams_note (self->client->streams, result))
    return KVMM_AGENT_REPLY_BAD_STREAM;
  if (request != NULL)
    complete (self, request, result, error);
  kvmm_agent_streams_drop_unclaimed (self->client->streams);
  return request != NULL ? KVMM_AGENT_REPLY_TAKEN : KVMM_AGENT_REPLY_LATE;
}

/* Completes those that @pick picks: each callback may change the table. */
static Request *
find (KvmmAgentRequests *self, gboolean (*pick) (Request *request, gint64 data), gint64 data)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->in_flight);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (pick (value, data))
      return value;
  return NULL;
}

static gboolean
is_ping_since (Request *request, gint64 last)
{
  return request->id < 0 && request->id >= last;
}

static gboolean
is_due (Request *request, gint64 now)
{
  return request->deadline_us <= now;
}

static gboolean
is_gated (Request *request, gint64 unused)
{
  return request->is_gated;
}

static gboolean
is_any (Request *request, gint64 unused)
{
  return TRUE;
}

void
kvmm_agent_requests_pong (KvmmAgentRequests *self)
{
  gint64 last = self->last_ping;
  Request *request;

  while ((request = find (self, is_ping_since, last)) != NULL)
    complete (self, request, NULL, NULL);
}

static void
complete_lost (KvmmAgentRequests *self, Request *request, KvmmAgentError code, const char *why)
{
  g_autoptr (GError) error = NULL;

  if (request->kind == KVMM_AGENT_REQUEST_CHANGES)
    error = g_error_new (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN,
                         _ ("%s. It is not known whether the guest did it"), why);
  else
    error = g_error_new_literal (KVMM_AGENT_ERROR, code, why);
  complete (self, request, NULL, error);
}

void
kvmm_agent_requests_end_session (KvmmAgentRequests *self)
{
  Request *request;

  self->last_id = 0;
  while ((request = find (self, is_any, 0)) != NULL)
    complete_lost (self, request, KVMM_AGENT_ERROR_CLOSED,
                   _ ("The session with the guest agent ended before its answer"));
}

void
kvmm_agent_requests_end_gated (KvmmAgentRequests *self)
{
  g_autoptr (GError) error = kvmm_agent_gate_new_error ();
  Request *request;

  while ((request = find (self, is_gated, 0)) != NULL)
    {
      gint64 id = request->id;

      complete (self, request, NULL, error);
      send_cancel (self, id);
    }
}

void
kvmm_agent_requests_due (KvmmAgentRequests *self)
{
  gint64 now = g_get_monotonic_time ();
  Request *request;

  while ((request = find (self, is_due, now)) != NULL)
    {
      gint64 id = request->id;

      complete_lost (self, request, KVMM_AGENT_ERROR_TIMEOUT,
                     _ ("The guest agent did not answer in time"));
      send_cancel (self, id);
    }
  rearm (self);
}

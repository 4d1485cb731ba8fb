/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>
#include <sys/random.h>

#include "protocol/kvma-names.h"

/* PROTOCOL.md, section 4: ANNOUNCE, HELLO, WELCOME, BYE. */

#define LABEL_MAX_CHARACTERS 64
/* Where the retries begin when the guest said that it goes: 2 s. */
#define RETRY_AFTER_LEAVING 3

/* ---- HELLO ---- */

static void
make_nonce (KvmmAgentClient *self)
{
  guint8 random[KVMA_NONCE_SIZE];

  if (getrandom (random, sizeof random, 0) != sizeof random)
    for (gsize i = 0; i < sizeof random; i++)
      random[i] = (guint8) g_random_int ();
  for (gsize i = 0; i < sizeof random; i++)
    g_snprintf (self->nonce + 2 * i, 3, "%02x", random[i]);
}

static char *
build_hello (KvmmAgentClient *self)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *hello = json_object_new ();
  JsonArray *protocols = json_array_new ();
  JsonArray *want = json_array_new ();

  json_array_add_int_element (protocols, KVMA_PROTOCOL_VERSION);
  json_array_add_string_element (want, KVMA_CAP_EVENTS);
  json_object_set_string_member (hello, "nonce", self->nonce);
  json_object_set_array_member (hello, "protos", protocols);
  json_object_set_string_member (hello, "app", "kvm-manager");
  json_object_set_string_member (hello, "app_version", PACKAGE_VERSION);
  if (self->label != NULL)
    {
      g_autofree char *label = g_utf8_substring (
          self->label, 0, MIN (g_utf8_strlen (self->label, -1), LABEL_MAX_CHARACTERS));

      json_object_set_string_member (hello, "label", label);
    }
  json_object_set_array_member (hello, "want", want);
  json_object_set_int_member (hello, "max_frame", KVMA_FRAME_MAX);
  /* For the guest's log only: no decision of ours reads this clock. */
  json_object_set_int_member (hello, "time", g_get_real_time () / G_TIME_SPAN_MILLISECOND);
  json_node_take_object (root, hello);
  return json_to_string (root, FALSE);
}

static void
send_hello (KvmmAgentClient *self)
{
  g_autofree char *body = NULL;
  gsize length;

  make_nonce (self);
  body = build_hello (self);
  length = strlen (body);
  if (self->hello_count >= KVMA_HELLO_PER_STREAM_MAX ||
      self->hello_bytes + kvma_frame_encoded_max (length) > KVMA_HELLO_BYTES_MAX)
    {
      kvmm_agent_client_fail (
          self, g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_SILENT,
                                     _ ("Nobody in the guest answers on the agent's channel")));
      return;
    }
  self->hello_bytes += kvmm_agent_link_send_bare (self->link, KVMA_KIND_HELLO, body, length);
  self->hello_count++;
  self->counters.hellos++;
  self->last_hello_us = g_get_monotonic_time ();
}

void
kvmm_agent_handshake_hello_due (KvmmAgentClient *self)
{
  send_hello (self);
  if (self->state != KVMM_AGENT_CLIENT_CLOSED && self->hello_index < KVMM_AGENT_HELLO_RETRIES)
    kvmm_agent_client_arm (self, KVMM_AGENT_TIMER_HELLO,
                           self->intervals.hello_retry[self->hello_index++]);
}

/* Soon, but never two without the gap between them. */
static void
hello_soon (KvmmAgentClient *self)
{
  gint64 earliest =
      self->last_hello_us + (gint64) self->intervals.hello_gap * G_TIME_SPAN_MILLISECOND;
  gint64 now = g_get_monotonic_time ();

  self->hello_index = 0;
  if (self->suspended)
    return;
  if (self->last_hello_us == 0 || earliest <= now)
    kvmm_agent_handshake_hello_due (self);
  else
    kvmm_agent_client_arm_at (self, KVMM_AGENT_TIMER_HELLO, earliest);
}

static void
hello_after (KvmmAgentClient *self, guint index)
{
  self->hello_index = MIN (index, KVMM_AGENT_HELLO_RETRIES - 1);
  kvmm_agent_client_arm (self, KVMM_AGENT_TIMER_HELLO,
                         self->intervals.hello_retry[self->hello_index]);
  self->hello_index++;
}

static void
expect_welcome (KvmmAgentClient *self)
{
  self->expected = TRUE;
  if (!kvmm_agent_client_is_armed (self, KVMM_AGENT_TIMER_TIMEOUT))
    kvmm_agent_client_arm (self, KVMM_AGENT_TIMER_TIMEOUT, self->intervals.hello_timeout);
}

void
kvmm_agent_handshake_begin (KvmmAgentClient *self)
{
  hello_soon (self);
}

/* ---- out of a session ---- */

void
kvmm_agent_handshake_say_bye (KvmmAgentClient *self, const char *reason)
{
  g_autofree char *body = g_strdup_printf ("{\"reason\":\"%s\"}", reason);

  if (kvmm_agent_client_has_session (self))
    kvmm_agent_client_send (self, KVMA_KIND_BYE, body, strlen (body));
}

static void
end_session (KvmmAgentClient *self)
{
  kvmm_agent_link_end_session (self->link);
  kvmm_agent_heartbeat_end (self);
  kvmm_agent_client_disarm (self, KVMM_AGENT_TIMER_PARTIAL);
  self->stale_bytes = 0;
  if (self->state == KVMM_AGENT_CLIENT_READY)
    kvmm_agent_client_set_state (self, KVMM_AGENT_CLIENT_CONNECTING);
  /* Last: the callers of the requests and the readers of streams may do anything now. */
  kvmm_agent_requests_end_session (self->requests);
  kvmm_agent_streams_end_session (self->streams);
}

static gboolean
was_stable (KvmmAgentClient *self)
{
  return g_get_monotonic_time () - self->welcome_us >=
         (gint64) self->intervals.stable_session * G_TIME_SPAN_MILLISECOND;
}

/* A new HELLO at once, unless sessions end as fast as they begin: then by the retries. */
static void
begin_again (KvmmAgentClient *self)
{
  if (self->state == KVMM_AGENT_CLIENT_CLOSED || kvmm_agent_client_has_session (self))
    return;
  expect_welcome (self);
  if (was_stable (self))
    hello_soon (self);
  else
    hello_after (self, self->hello_index);
}

void
kvmm_agent_handshake_violation (KvmmAgentClient *self, const char *what)
{
  g_debug ("guest agent: protocol violation: %s", what);
  kvmm_agent_handshake_say_bye (self, KVMA_BYE_PROTOCOL);
  end_session (self);
  begin_again (self);
}

void
kvmm_agent_handshake_nudge (KvmmAgentClient *self)
{
  gboolean had_session = kvmm_agent_client_has_session (self);

  if (had_session)
    end_session (self);
  if (self->state == KVMM_AGENT_CLIENT_CLOSED || kvmm_agent_client_has_session (self))
    return;
  if (had_session)
    expect_welcome (self);
  hello_soon (self);
}

void
kvmm_agent_handshake_resume (KvmmAgentClient *self)
{
  if (kvmm_agent_client_has_session (self))
    kvmm_agent_heartbeat_begin (self);
  else
    {
      if (self->expected)
        expect_welcome (self);
      hello_soon (self);
    }
}

static void
fail_incompatible (KvmmAgentClient *self, gint64 newest_protocol)
{
  const char *message =
      newest_protocol > KVMA_PROTOCOL_VERSION
          ? _ ("The guest's agent is newer than this program: update the program")
          : _ ("The guest's agent is too old: install the current one from its disc");

  kvmm_agent_client_fail (
      self, g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INCOMPATIBLE, message));
}

void
kvmm_agent_handshake_timed_out (KvmmAgentClient *self)
{
  if (self->no_common_protocol)
    {
      fail_incompatible (self, self->announced_protocol);
      return;
    }
  if (self->state != KVMM_AGENT_CLIENT_UNRESPONSIVE)
    kvmm_agent_client_log (self, "unresponsive",
                           _ ("The guest agent is there but does not answer"));
  kvmm_agent_client_set_state (self, KVMM_AGENT_CLIENT_UNRESPONSIVE);
}

/* ---- what the guest says ---- */

static JsonObject *
parse (KvmmAgentClient *self, const KvmaFrame *frame)
{
  g_autoptr (GError) error = NULL;
  JsonObject *body = kvmm_agent_schema_parse (frame->payload, frame->length, &error);

  if (body == NULL)
    {
      self->counters.invalid_bodies++;
      g_debug ("guest agent: %s: %s", kvma_kind_name (frame->header.kind), error->message);
    }
  return body;
}

static void
heard (KvmmAgentClient *self)
{
  self->last_seen_us = g_get_monotonic_time ();
  g_clear_pointer (&self->legacy, kvmm_agent_legacy_free);
  kvmm_agent_client_disarm (self, KVMM_AGENT_TIMER_LEGACY);
}

void
kvmm_agent_handshake_announce (KvmmAgentClient *self, const KvmaFrame *frame)
{
  g_autoptr (JsonObject) body = parse (self, frame);
  g_autoptr (KvmmAgentAnnounce) announce = NULL;

  if (body != NULL)
    announce = kvmm_agent_schema_announce (body, NULL);
  if (announce == NULL)
    {
      self->counters.invalid_bodies++;
      return;
    }
  heard (self);
  self->no_common_protocol = !announce->has_common_protocol;
  self->announced_protocol = announce->newest_protocol;
  if (kvmm_agent_client_has_session (self))
    {
      /* The agent repeats it whenever a host connects; ours may be the session it lost by that. */
      if (self->state == KVMM_AGENT_CLIENT_READY &&
          g_strcmp0 (announce->instance, self->welcome->instance) == 0)
        {
          if (was_stable (self))
            kvmm_agent_heartbeat_send (self);
          return;
        }
      end_session (self);
      if (self->state == KVMM_AGENT_CLIENT_CLOSED || kvmm_agent_client_has_session (self))
        return;
    }
  expect_welcome (self);
  hello_soon (self);
}

static gboolean
check_welcome (KvmmAgentClient *self, const KvmmAgentWelcome *welcome, const KvmaFrame *frame)
{
  guint64 id;

  /* An answer to an earlier HELLO: another one is on its way. */
  if (self->nonce[0] == '\0' || g_strcmp0 (welcome->nonce, self->nonce) != 0)
    return FALSE;
  if (welcome->protocol != KVMA_PROTOCOL_VERSION)
    {
      fail_incompatible (self, welcome->protocol);
      return FALSE;
    }
  return kvma_session_parse_id (welcome->session, &id) && id == frame->header.session;
}

static void
forget_hello (KvmmAgentClient *self)
{
  self->nonce[0] = '\0';
  self->hello_count = 0;
  self->hello_bytes = 0;
  kvmm_agent_client_disarm (self, KVMM_AGENT_TIMER_HELLO);
  kvmm_agent_client_disarm (self, KVMM_AGENT_TIMER_TIMEOUT);
}

void
kvmm_agent_handshake_welcome (KvmmAgentClient *self, const KvmaFrame *frame)
{
  g_autoptr (JsonObject) body = parse (self, frame);
  g_autoptr (KvmmAgentWelcome) welcome = NULL;
  g_autofree char *text = NULL;
  gint64 now = g_get_monotonic_time ();

  if (body != NULL)
    welcome = kvmm_agent_schema_welcome (body, NULL);
  if (welcome == NULL || !check_welcome (self, welcome, frame))
    {
      self->counters.invalid_bodies += welcome == NULL;
      self->counters.stale_frames += welcome != NULL;
      return;
    }
  if (kvmm_agent_client_has_session (self))
    end_session (self);
  if (self->state == KVMM_AGENT_CLIENT_CLOSED)
    return;
  kvmm_agent_link_begin_session (self->link, frame->header.session);
  if (!kvmm_agent_link_receive (self->link, frame))
    {
      kvmm_agent_link_end_session (self->link);
      self->counters.stale_frames++;
      return;
    }
  heard (self);
  forget_hello (self);
  self->expected = TRUE;
  self->no_common_protocol = FALSE;
  self->welcome_us = now;
  self->session_count++;
  self->stale_bytes = 0;
  self->unframed_bytes = 0;
  kvmm_agent_streams_begin_session (self->streams);
  self->muted = FALSE;
  kvmm_agent_bucket_fill (&self->bucket, now, KVMA_CONTROL_BYTES_BURST);
  g_clear_pointer (&self->welcome, kvmm_agent_welcome_free);
  self->welcome = g_steal_pointer (&welcome);

  text = g_strdup_printf (_ ("Guest agent %s connected"), self->welcome->version);
  kvmm_agent_client_set_state (self, KVMM_AGENT_CLIENT_READY);
  kvmm_agent_client_log (self, "session", text);
  if (kvmm_agent_client_has_session (self))
    kvmm_agent_heartbeat_begin (self);
  if (kvmm_agent_client_has_session (self))
    kvmm_agent_facts_begin (self);
}

static gboolean
is_one_of (const char *reason, const char *first, const char *second)
{
  return g_str_equal (reason, first) || g_str_equal (reason, second);
}

static void
leave (KvmmAgentClient *self, const char *reason)
{
  g_debug ("guest agent: BYE %s", reason);
  end_session (self);
  if (self->state == KVMM_AGENT_CLIENT_CLOSED || kvmm_agent_client_has_session (self))
    return;
  if (g_str_equal (reason, KVMA_BYE_POLICY_RELOAD))
    {
      expect_welcome (self);
      hello_soon (self);
    }
  else if (is_one_of (reason, KVMA_BYE_BYE, KVMA_BYE_SHUTTING_DOWN))
    {
      /* It went on purpose: silence is what one expects now. */
      self->expected = FALSE;
      hello_after (self, RETRY_AFTER_LEAVING);
    }
  else if (is_one_of (reason, KVMA_BYE_SUPERSEDED, KVMA_BYE_FLOOD))
    {
      expect_welcome (self);
      hello_after (self, MAX (RETRY_AFTER_LEAVING, self->hello_index));
    }
  else
    begin_again (self);
}

void
kvmm_agent_handshake_bye (KvmmAgentClient *self, const KvmaFrame *frame)
{
  const KvmaSession *session = kvmm_agent_link_get_session (self->link);
  g_autoptr (JsonObject) body = parse (self, frame);
  g_autoptr (KvmmAgentBye) bye = NULL;

  if (body != NULL)
    bye = kvmm_agent_schema_bye (body, NULL);
  if (bye == NULL)
    {
      self->counters.invalid_bodies++;
      return;
    }
  if (g_str_equal (bye->reason, KVMA_BYE_TOO_OLD))
    {
      if (self->nonce[0] != '\0' && g_strcmp0 (bye->nonce, self->nonce) == 0)
        fail_incompatible (self, bye->newest_protocol);
    }
  else if (session->id != 0 && frame->header.session == session->id)
    leave (self, bye->reason);
  else
    self->counters.stale_frames++;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>
#include <string.h>

/* PROTOCOL.md, section 4.6. While somebody looks, a PING goes out each interval whatever comes in:
 * it measures the round trip. While nobody looks, only silence makes one. */

static gint64
after (gint64 since_us, guint ms)
{
  return since_us + (gint64) ms * G_TIME_SPAN_MILLISECOND;
}

void
kvmm_agent_heartbeat_end (KvmmAgentClient *self)
{
  kvmm_agent_client_disarm (self, KVMM_AGENT_TIMER_HEARTBEAT);
  memset (self->sent_pings, 0, sizeof self->sent_pings);
  self->awaited_since_us = 0;
  self->misses = 0;
}

void
kvmm_agent_heartbeat_begin (KvmmAgentClient *self)
{
  kvmm_agent_heartbeat_end (self);
  if (self->suspended)
    return;
  /* The first one tells the round trip at once. */
  kvmm_agent_heartbeat_due (self);
}

gboolean
kvmm_agent_heartbeat_send (KvmmAgentClient *self)
{
  KvmmAgentPing *ping = &self->sent_pings[self->next_ping % KVMM_AGENT_PINGS_KEPT];
  guint8 payload[KVMA_PING_PAYLOAD_SIZE];
  gint64 now = g_get_monotonic_time ();
  guint64 clock_ms = GUINT64_TO_LE ((guint64) (now / G_TIME_SPAN_MILLISECOND));

  /* A PING that waits in our own queue would measure that queue. */
  if (!kvmm_agent_link_can_send (self->link, sizeof payload))
    return FALSE;
  ping->cookie = (guint64) g_random_int () << 32 | g_random_int ();
  ping->sent_us = now;
  self->next_ping++;
  memcpy (payload, &ping->cookie, sizeof ping->cookie);
  memcpy (payload + sizeof ping->cookie, &clock_ms, sizeof clock_ms);
  return kvmm_agent_client_send (self, KVMA_KIND_PING, payload, sizeof payload);
}

static void
note_miss (KvmmAgentClient *self)
{
  if (++self->misses != KVMA_HEARTBEAT_MISSES_MAX)
    return;
  kvmm_agent_client_log (self, "unresponsive", _ ("The guest agent does not answer any more"));
  kvmm_agent_client_set_state (self, KVMM_AGENT_CLIENT_UNRESPONSIVE);
}

void
kvmm_agent_heartbeat_due (KvmmAgentClient *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 quiet_until = after (self->last_seen_us, self->intervals.heartbeat_hidden);

  if (self->awaited_since_us != 0)
    note_miss (self);
  else if (!self->visible && self->round_trip_us >= 0 && quiet_until > now)
    {
      kvmm_agent_client_arm_at (self, KVMM_AGENT_TIMER_HEARTBEAT, quiet_until);
      return;
    }
  if (!kvmm_agent_client_has_session (self))
    return;
  if (kvmm_agent_heartbeat_send (self))
    {
      if (self->awaited_since_us == 0)
        self->awaited_since_us = now;
    }
  else if (self->misses >= KVMA_HEARTBEAT_MISSES_MAX)
    {
      /* All that may be un-acknowledged is: closing makes the hypervisor drop it. */
      kvmm_agent_client_fail (
          self, g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_SILENT,
                                     _ ("The guest does not read what is sent to its agent")));
      return;
    }
  else if (self->awaited_since_us == 0)
    self->awaited_since_us = now;
  kvmm_agent_client_arm (self, KVMM_AGENT_TIMER_HEARTBEAT, self->intervals.heartbeat);
}

void
kvmm_agent_heartbeat_seen (KvmmAgentClient *self)
{
  self->last_seen_us = g_get_monotonic_time ();
  self->awaited_since_us = 0;
  self->misses = 0;
  if (self->state == KVMM_AGENT_CLIENT_UNRESPONSIVE)
    {
      kvmm_agent_client_set_state (self, KVMM_AGENT_CLIENT_READY);
      kvmm_agent_client_log (self, "responsive", _ ("The guest agent answers again"));
    }
}

void
kvmm_agent_heartbeat_ping (KvmmAgentClient *self, const KvmaFrame *frame)
{
  guint8 payload[KVMA_PING_PAYLOAD_SIZE];
  gint64 now = g_get_monotonic_time ();
  guint64 clock_ms = GUINT64_TO_LE ((guint64) (now / G_TIME_SPAN_MILLISECOND));
  guint count = kvmm_agent_window_add (
      &self->pings, now, (gint64) self->intervals.rate_window * 1000, KVMM_AGENT_MAX_PONGS);

  if (frame->length != KVMA_PING_PAYLOAD_SIZE)
    {
      kvmm_agent_handshake_violation (self, "PING of a wrong size");
      return;
    }
  /* A storm of them gets few answers, and none that would have to wait. */
  if (count > KVMM_AGENT_MAX_PONGS || !kvmm_agent_link_can_send (self->link, sizeof payload))
    {
      self->counters.dropped_pings++;
      return;
    }
  memcpy (payload, frame->payload, sizeof (guint64));
  memcpy (payload + sizeof (guint64), &clock_ms, sizeof clock_ms);
  kvmm_agent_client_send (self, KVMA_KIND_PONG, payload, sizeof payload);
}

void
kvmm_agent_heartbeat_pong (KvmmAgentClient *self, const KvmaFrame *frame)
{
  gint64 now = g_get_monotonic_time ();
  guint64 cookie;

  if (frame->length != KVMA_PING_PAYLOAD_SIZE)
    {
      kvmm_agent_handshake_violation (self, "PONG of a wrong size");
      return;
    }
  memcpy (&cookie, frame->payload, sizeof cookie);
  for (guint i = 0; i < KVMM_AGENT_PINGS_KEPT; i++)
    {
      KvmmAgentPing *ping = &self->sent_pings[i];

      if (ping->sent_us == 0 || ping->cookie != cookie)
        continue;
      kvmm_agent_client_set_round_trip (self, now - ping->sent_us);
      ping->sent_us = 0;
      kvmm_agent_requests_pong (self->requests);
      return;
    }
}

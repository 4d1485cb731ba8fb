/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <stdio.h>
#include <string.h>

#include "protocol/kvma-json.h"

#define READ_SIZE 16384
#define READ_TURN (4 * READ_SIZE) /* then timers and other descriptors have their turn */

/* Where a JSON body is written before it becomes a frame; never in use twice. */
static char body_text[KVMA_JSON_MAX];

bool
agent_link_in_session (const Agent *agent)
{
  return agent->link.session.id != 0;
}

/* --- Out --- */

static void
drop_output (AgentLink *self)
{
  self->out_written = self->out_queued;
  self->out_head = self->out_tail = 0;
  self->out_first = self->out_count = 0;
  self->out_chunk = 0;
}

/* Whole frames are joined up to the size that one descriptor takes: the guest's queue counts
 * writes. */
static void
begin_chunk (AgentLink *self)
{
  while (self->out_count > 0)
    {
      uint16_t size = self->out_frames[self->out_first % AGENT_OUT_FRAMES];

      if (self->out_chunk > 0 && self->out_chunk + size > KVMA_FRAME_MAX)
        return;
      self->out_chunk += size;
      self->out_first++;
      self->out_count--;
    }
}

void
agent_link_flush (Agent *agent)
{
  AgentLink *self = &agent->link;

  while (self->out_head < self->out_tail)
    {
      ssize_t n;

      if (self->out_chunk == 0)
        begin_chunk (self);
      n = agent_port_write (agent, self->out + self->out_head, self->out_chunk);
      if (n <= 0)
        return; /* when the port is gone, reading it will tell */
      self->out_head += (size_t) n;
      self->out_chunk -= (size_t) n;
      self->out_written += (uint64_t) n;
      self->counters.tx_bytes += (uint64_t) n;
    }
  self->out_head = self->out_tail = 0;
}

/* Returns where a frame of at most @size bytes can be written, NULL when it cannot. */
static uint8_t *
reserve (AgentLink *self, size_t size)
{
  if (self->out_count == AGENT_OUT_FRAMES)
    return NULL;
  if (self->out_tail + size > AGENT_OUT_SIZE && self->out_head > 0)
    {
      memmove (self->out, self->out + self->out_head, self->out_tail - self->out_head);
      self->out_tail -= self->out_head;
      self->out_head = 0;
    }
  return self->out_tail + size <= AGENT_OUT_SIZE ? self->out + self->out_tail : NULL;
}

static bool
queue_frame (Agent *agent, KvmaHeader *header, const void *payload, size_t length, bool in_session)
{
  AgentLink *self = &agent->link;
  size_t room = kvma_frame_encoded_max (length);
  uint8_t *place;
  size_t size;

  if (!agent->port.connected || length > KVMA_PAYLOAD_MAX)
    return false;
  place = reserve (self, room);
  if (place == NULL)
    return false;
  if (in_session)
    kvma_session_stamp (&self->session, header);
  size = kvma_frame_encode (header, payload, length, place, room);
  self->out_frames[(self->out_first + self->out_count++) % AGENT_OUT_FRAMES] = (uint16_t) size;
  self->out_tail += size;
  self->out_queued += size;
  self->counters.tx_frames++;
  if (in_session)
    agent_timer_stop (&agent->loop, &self->ack_timer);
  if (header->kind != KVMA_KIND_DATA) /* that has its credit */
    agent_bucket_force (&self->control, (uint32_t) size);
  agent_link_flush (agent);
  return true;
}

bool
agent_link_send (Agent *agent, KvmaKind kind, const void *payload, size_t length)
{
  KvmaHeader header = { .kind = (uint8_t) kind };

  return agent_link_in_session (agent) && queue_frame (agent, &header, payload, length, true);
}

bool
agent_link_send_header (Agent *agent, KvmaHeader *header, const void *payload, size_t length)
{
  return agent_link_in_session (agent) && queue_frame (agent, header, payload, length, true);
}

bool
agent_link_is_drained (const Agent *agent)
{
  const AgentLink *self = &agent->link;

  return agent_link_in_session (agent) && agent->port.connected && self->out_head == self->out_tail;
}

static size_t
dump (json_t *body, bool *too_large)
{
  size_t length =
      json_dumpb (body, body_text, sizeof body_text, JSON_COMPACT | JSON_REAL_PRECISION (6));

  json_decref (body);
  *too_large = length > sizeof body_text;
  return length;
}

bool
agent_link_send_json (Agent *agent, KvmaKind kind, json_t *body, bool limited, bool *too_large)
{
  bool large;
  size_t length = dump (body, &large);

  if (too_large != NULL)
    *too_large = large;
  if (large || length == 0)
    return false;
  if (limited &&
      !agent_bucket_has (&agent->link.control, (uint32_t) kvma_frame_encoded_max (length)))
    return false;
  return agent_link_send (agent, kind, body_text, length);
}

static void
send_outside (Agent *agent, KvmaKind kind, uint64_t session, json_t *body)
{
  KvmaHeader header = { .kind = (uint8_t) kind, .session = session };
  bool too_large;
  size_t length = dump (body, &too_large);

  if (!too_large)
    queue_frame (agent, &header, body_text, length, false);
}

static void
forget_session (Agent *agent)
{
  AgentLink *self = &agent->link;

  if (self->session.id == 0)
    return;
  kvma_session_end (&self->session);
  agent_timer_stop (&agent->loop, &self->ack_timer);
  agent_timer_stop (&agent->loop, &self->alive_timer);
  agent_timer_stop (&agent->loop, &self->partial_timer);
  agent_session_ended (agent);
}

void
agent_link_end_session (Agent *agent, const char *reason, const char *message)
{
  json_t *body;

  if (!agent_link_in_session (agent))
    return;
  body = json_pack ("{ss}", "reason", reason);
  agent_json_set_text (body, "message", message);
  agent_link_send_json (agent, KVMA_KIND_BYE, body, false, NULL);
  agent_log (AGENT_LOG_INFO, "session ended: %s%s%s", reason, message != NULL ? ": " : "",
             message != NULL ? message : "");
  forget_session (agent);
}

/* --- ANNOUNCE --- */

static void
announce_cb (void *data)
{
  Agent *agent = data;
  json_t *body;

  if (!agent->port.connected)
    return;
  body = json_pack ("{ss ss s[i] ss ss ss}", "agent", AGENT_NAME, "version", AGENT_VERSION,
                    "protos", KVMA_PROTOCOL_VERSION, "boot_id", agent->boot_id, "instance",
                    agent->instance, "os_family", "linux");
  agent->link.announced_ms = agent_now_ms ();
  send_outside (agent, KVMA_KIND_ANNOUNCE, 0, body);
}

void
agent_link_connected (Agent *agent)
{
  AgentLink *self = &agent->link;
  uint64_t since = agent_now_ms () - self->announced_ms;

  agent_timer_stop (&agent->loop, &self->hangup_timer);
  self->garbage_bytes = 0;
  if (self->announced_ms == 0 || since >= KVMA_ANNOUNCE_INTERVAL_MS)
    announce_cb (agent);
  else
    agent_timer_start (&agent->loop, &self->announce_timer, KVMA_ANNOUNCE_INTERVAL_MS - since);
}

static void
hangup_cb (void *data)
{
  Agent *agent = data;

  if (agent_link_in_session (agent))
    agent_log (AGENT_LOG_INFO, "session ended: the host has gone");
  forget_session (agent);
}

void
agent_link_disconnected (Agent *agent, bool gone)
{
  AgentLink *self = &agent->link;
  bool cut = self->out_head < self->out_tail;

  drop_output (self);
  kvma_receiver_reset (&self->receiver);
  agent_timer_stop (&agent->loop, &self->announce_timer);
  agent_timer_stop (&agent->loop, &self->again_timer);
  agent_timer_stop (&agent->loop, &self->partial_timer);
  self->muted_until_ms = 0;
  if (!agent_link_in_session (agent))
    return;
  /* Frames that never left have a number: the sequence is broken, and waiting could not mend it. */
  if (gone || cut)
    hangup_cb (agent);
  else
    agent_timer_start (&agent->loop, &self->hangup_timer, KVMA_HUP_GRACE_MS);
}

/* --- In --- */

static bool
offers_version (const json_t *hello)
{
  json_t *protos = json_object_get (hello, "protos");

  for (size_t i = 0; i < json_array_size (protos); i++)
    if (json_integer_value (json_array_get (protos, i)) == KVMA_PROTOCOL_VERSION)
      return true;
  return false;
}

static bool
is_nonce (const char *text)
{
  return text != NULL && strlen (text) == 2 * KVMA_NONCE_SIZE &&
         strspn (text, "0123456789abcdef") == 2 * KVMA_NONCE_SIZE;
}

static void
log_session (Agent *agent, const json_t *hello, const char *id)
{
  const char *label = json_string_value (json_object_get (hello, "label"));
  char *clean = agent->link.label;

  agent_clean (label != NULL && agent->policy.identify_host ? label : "", clean,
               sizeof agent->link.label);
  agent_log (AGENT_LOG_INFO, "session %s%s%s", id,
             clean[0] != '\0' ? " with somebody who says to be " : "", clean);
}

static void
welcome (Agent *agent, const json_t *hello, const char *nonce)
{
  AgentLink *self = &agent->link;
  char id[KVMA_SESSION_TEXT_SIZE + 1];
  uint64_t session;
  json_t *body;

  agent_link_end_session (agent, KVMA_BYE_SUPERSEDED, NULL);
  do
    agent_random (&session, sizeof session);
  while (session == 0);
  kvma_session_begin (&self->session, session);
  kvma_session_format_id (session, id);
  self->counters.sessions++;
  self->garbage_bytes = 0;
  self->muted_until_ms = 0;
  agent_session_began (agent);

  body = json_pack ("{ss si ss ss ss ss ss so so}", "nonce", nonce, "proto", KVMA_PROTOCOL_VERSION,
                    "session", id, "instance", agent->instance, "boot_id", agent->boot_id, "agent",
                    AGENT_NAME, "version", AGENT_VERSION, "caps", agent_caps_to_json (), "limits",
                    agent_limits_to_json ());
  agent_set_policy_members (agent, body);
  log_session (agent, hello, id);
  agent_timer_start (&agent->loop, &self->alive_timer, KVMA_AGENT_HEARTBEAT_MS);
  if (!agent_link_send_json (agent, KVMA_KIND_WELCOME, body, false, NULL))
    forget_session (agent);
}

static json_t *
load_json (const KvmaFrame *frame)
{
  const char *text = (const char *) frame->payload;

  if (kvma_json_check (text, frame->length, NULL) != KVMA_JSON_OK)
    return NULL;
  return json_loadb (text, frame->length, JSON_REJECT_DUPLICATES, NULL);
}

static void
handle_hello (Agent *agent, const KvmaFrame *frame)
{
  AgentLink *self = &agent->link;
  json_t *hello;
  const char *nonce;

  if (!agent_bucket_take (&self->hellos, 1))
    return;
  hello = load_json (frame);
  nonce = json_string_value (json_object_get (hello, "nonce"));
  if (is_nonce (nonce))
    {
      if (offers_version (hello))
        welcome (agent, hello, nonce);
      else
        send_outside (agent, KVMA_KIND_BYE, 0,
                      json_pack ("{ss ss s[i]}", "reason", KVMA_BYE_TOO_OLD, "nonce", nonce,
                                 "protos", KVMA_PROTOCOL_VERSION));
    }
  json_decref (hello);
}

static void
put_u64 (uint8_t *out, uint64_t value)
{
  for (int i = 0; i < 8; i++)
    out[i] = (uint8_t) (value >> (8 * i));
}

static void
handle_ping (Agent *agent, const KvmaFrame *frame)
{
  uint8_t pong[KVMA_PING_PAYLOAD_SIZE];

  if (frame->length != KVMA_PING_PAYLOAD_SIZE)
    {
      agent_link_end_session (agent, KVMA_BYE_PROTOCOL, "PING with a wrong size");
      return;
    }
  memcpy (pong, frame->payload, 8);
  put_u64 (pong + 8, agent_now_ms ());
  if (!agent_bucket_has (&agent->link.control, 128))
    agent_link_end_session (agent, KVMA_BYE_FLOOD, "too many PINGs");
  else
    agent_link_send (agent, KVMA_KIND_PONG, pong, sizeof pong);
}

static void
handle_in_session (Agent *agent, const KvmaFrame *frame)
{
  if (!kvma_session_receive (&agent->link.session, frame))
    {
      agent_link_end_session (agent, KVMA_BYE_PROTOCOL, "sequence or acknowledgement out of order");
      return;
    }
  if (frame->header.credit > 0)
    agent_streams_credit (agent, frame->header.stream, frame->header.credit);
  if (!agent_link_in_session (agent))
    return;
  switch (frame->header.kind)
    {
    case KVMA_KIND_REQUEST:
      agent_rpc_handle (agent, (const char *) frame->payload, frame->length);
      break;
    case KVMA_KIND_PING:
      handle_ping (agent, frame);
      break;
    case KVMA_KIND_DATA:
    case KVMA_KIND_CLOSE:
      agent_streams_receive (agent, frame);
      break;
    case KVMA_KIND_WELCOME:
    case KVMA_KIND_EVENT:
    case KVMA_KIND_REPLY:
      agent_link_end_session (agent, KVMA_BYE_PROTOCOL, "a frame that only an agent may send");
      break;
    default: /* PONG, ACK, and kinds that are newer than we are */
      break;
    }
}

static void
handle_stale (Agent *agent, const KvmaFrame *frame)
{
  AgentLink *self = &agent->link;
  uint64_t now = agent_now_ms ();

  self->counters.stale++;
  if (frame->header.kind == KVMA_KIND_BYE || frame->header.session == 0)
    return;
  if (self->stale_bye_ms != 0 && now - self->stale_bye_ms < KVMA_STALE_BYE_INTERVAL_MS)
    return;
  self->stale_bye_ms = now;
  send_outside (agent, KVMA_KIND_BYE, frame->header.session,
                json_pack ("{ss}", "reason", KVMA_BYE_NO_SESSION));
}

static void
handle_frame (Agent *agent, const KvmaFrame *frame)
{
  AgentLink *self = &agent->link;
  const KvmaHeader *header = &frame->header;

  self->heard_ms = agent_now_ms ();
  if (header->kind == KVMA_KIND_HELLO)
    handle_hello (agent, frame);
  else if (header->kind == KVMA_KIND_ANNOUNCE)
    return; /* our own, come back from an echoing line */
  else if (self->session.id == 0 || header->session != self->session.id)
    handle_stale (agent, frame);
  else if (header->kind == KVMA_KIND_BYE)
    {
      agent_log (AGENT_LOG_INFO, "session ended by the host");
      forget_session (agent);
    }
  else
    handle_in_session (agent, frame);
}

static void
handle_garbage (Agent *agent, KvmaFault fault)
{
  if (agent_link_in_session (agent))
    agent_link_end_session (agent, KVMA_BYE_PROTOCOL, kvma_fault_text (fault));
}

/* Without a session garbage is normal, but not for ever. */
static void
count_garbage (Agent *agent, size_t length)
{
  AgentLink *self = &agent->link;

  if (agent_link_in_session (agent))
    return;
  self->garbage_bytes += length;
  /* The HELLO that follows the last tolerated byte may be in pieces. */
  if (self->garbage_bytes <= KVMA_PRE_SESSION_MAX + KVMA_FRAME_MAX)
    return;
  agent_log (AGENT_LOG_WARNING, "nothing but garbage from the host; not reading for a while");
  self->garbage_bytes = 0;
  self->muted_until_ms = agent_now_ms () + KVMA_PRE_SESSION_RETRY_MS;
}

static void
acknowledge (Agent *agent)
{
  AgentLink *self = &agent->link;

  if (kvma_session_is_exhausted (&self->session))
    agent_link_end_session (agent, KVMA_BYE_BYE, "sequence numbers are used up");
  else if (kvma_session_must_ack (&self->session))
    agent_link_send (agent, KVMA_KIND_ACK, NULL, 0);
  else if (self->session.ack_due && !self->ack_timer.running)
    agent_timer_start (&agent->loop, &self->ack_timer, KVMA_ACK_MS);
}

void
agent_link_receive (Agent *agent, const uint8_t *data, size_t length)
{
  AgentLink *self = &agent->link;
  KvmaReceive result;
  KvmaFrame frame;
  size_t total = length;

  self->counters.rx_bytes += length;
  while ((result = kvma_receiver_feed (&self->receiver, &data, &length, &frame)) !=
         KVMA_RECEIVE_MORE)
    {
      if (result == KVMA_RECEIVE_GARBAGE)
        handle_garbage (agent, self->receiver.fault);
      else
        handle_frame (agent, &frame);
      if (agent_link_in_session (agent))
        acknowledge (agent);
    }
  count_garbage (agent, total);
  if (!agent_link_in_session (agent) || !kvma_receiver_is_partial (&self->receiver))
    agent_timer_stop (&agent->loop, &self->partial_timer);
  else if (!self->partial_timer.running)
    agent_timer_start (&agent->loop, &self->partial_timer, KVMA_PARTIAL_FRAME_MS);
}

/* Reads until there is nothing left: the port reports an edge, not a level. A turn is bounded; what
 * is left is taken up by a timer, after whatever else is waiting. Nothing is read while a host does
 * not take its replies. */
void
agent_link_readable (Agent *agent)
{
  AgentLink *self = &agent->link;
  static uint8_t buffer[READ_SIZE];
  size_t turn = 0;
  uint64_t now = agent_now_ms ();

  if (now < self->muted_until_ms)
    {
      agent_timer_start (&agent->loop, &self->again_timer, self->muted_until_ms - now);
      return;
    }
  while (self->out_tail - self->out_head < AGENT_OUT_HIGH)
    {
      bool ended;
      ssize_t n;

      if (turn >= READ_TURN || self->muted_until_ms > now)
        {
          agent_timer_start (&agent->loop, &self->again_timer, 0);
          return;
        }
      n = agent_port_read (agent, buffer, sizeof buffer, &ended);
      if (n <= 0)
        return;
      turn += (size_t) n;
      agent_link_receive (agent, buffer, (size_t) n);
    }
}

void
agent_link_writable (Agent *agent)
{
  AgentLink *self = &agent->link;
  bool was_high = self->out_tail - self->out_head >= AGENT_OUT_HIGH;

  agent_link_flush (agent);
  agent_streams_pump (agent);
  if (was_high)
    agent_link_readable (agent);
}

/* --- Timers --- */

static void
ack_cb (void *data)
{
  Agent *agent = data;

  if (agent->link.session.ack_due)
    agent_link_send (agent, KVMA_KIND_ACK, NULL, 0);
}

static void
partial_cb (void *data)
{
  Agent *agent = data;

  kvma_receiver_reset (&agent->link.receiver);
  agent_link_end_session (agent, KVMA_BYE_PROTOCOL, "a frame was not finished in time");
}

static void
alive_cb (void *data)
{
  Agent *agent = data;
  AgentLink *self = &agent->link;
  uint64_t silent = agent_now_ms () - self->heard_ms;
  uint8_t ping[KVMA_PING_PAYLOAD_SIZE] = { 0 };

  if (silent >= KVMA_HOST_SILENCE_MS)
    {
      agent_link_end_session (agent, KVMA_BYE_BYE, "the host is silent");
      return;
    }
  if (silent < KVMA_AGENT_HEARTBEAT_MS)
    {
      agent_timer_start (&agent->loop, &self->alive_timer, KVMA_AGENT_HEARTBEAT_MS - silent);
      return;
    }
  put_u64 (ping + 8, agent_now_ms ());
  agent_link_send (agent, KVMA_KIND_PING, ping, sizeof ping);
  agent_timer_start (&agent->loop, &self->alive_timer, KVMA_HEARTBEAT_MS);
}

static void
again_cb (void *data)
{
  agent_link_readable (data);
}

void
agent_link_init (Agent *agent)
{
  AgentLink *self = &agent->link;

  kvma_receiver_init (&self->receiver);
  kvma_session_end (&self->session);
  /* A little below what a host tolerates: the two clocks do not tick together. */
  agent_bucket_init (&self->control, KVMA_CONTROL_BYTES_PER_SECOND / 16 * 15,
                     KVMA_CONTROL_BYTES_BURST / 16 * 12);
  agent_bucket_init (&self->hellos, KVMA_HELLO_PER_SECOND, KVMA_HELLO_BURST);
  agent_timer_init (&self->announce_timer, announce_cb, agent);
  agent_timer_init (&self->ack_timer, ack_cb, agent);
  agent_timer_init (&self->alive_timer, alive_cb, agent);
  agent_timer_init (&self->partial_timer, partial_cb, agent);
  agent_timer_init (&self->hangup_timer, hangup_cb, agent);
  agent_timer_init (&self->again_timer, again_cb, agent);
}

void
agent_link_clear (Agent *agent)
{
  forget_session (agent);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/agent.h"

#define GRANT_STEP (KVMA_STREAM_WINDOW_TO_GUEST / 4)
#define MESSAGE_MAX 256
/* Of a stream that was widened. The bound for all that a host has under way is KVMA_UNACKED_MAX. */
#define WINDOW_SIZE (2 * KVMA_STREAM_WINDOW_TO_GUEST)

struct AgentStream
{
  Agent *agent;
  uint32_t id;
  const AgentStreamFuncs *funcs; /* NULL: nobody is told any more */
  void *data;

  /* To the host. */
  uint64_t credit; /* bytes it still takes */
  bool end_sent;
  bool end_due;     /* an END that the link could not take yet */
  bool waiting;     /* room was asked for and there was none */
  char *close_text; /* a CLOSE that the link could not take yet; its owner has gone */
  bool closed;      /* CLOSE is sent, or waits in @close_text */
  bool in_abort;    /* its owner is being told; not freed before it returns */

  /* From the host. */
  uint8_t *window; /* NULL: no input */
  size_t head, tail;
  const uint8_t *fresh; /* of the frame at hand, while its owner is told: spares it the window */
  size_t n_fresh;
  uint32_t granted;  /* bytes that it may still send */
  uint32_t consumed; /* and that were taken, but not granted again */
  bool widened;
  bool hold;
  bool grant_due; /* a grant that the link could not take yet */
  bool ended;

  uint64_t bytes;
};

static AgentStream *
find (const Agent *agent, uint32_t id)
{
  for (unsigned int i = 0; i < agent->streams.n_open; i++)
    if (agent->streams.open[i]->id == id)
      return agent->streams.open[i];
  return NULL;
}

static bool
was_opened (const Agent *agent, uint32_t id)
{
  return id != 0 && id % 2 == 0 && id <= agent->streams.last_id;
}

static bool send_end (AgentStream *self);

static void
forget (AgentStream *self)
{
  AgentStreams *streams = &self->agent->streams;
  unsigned int i = 0;

  while (i < streams->n_open && streams->open[i] != self)
    i++;
  if (i == streams->n_open)
    return;
  streams->n_open--;
  memmove (streams->open + i, streams->open + i + 1,
           (streams->n_open - i) * sizeof streams->open[0]);
  if (streams->turn > i)
    streams->turn--;
}

static void
release (AgentStream *self)
{
  forget (self);
  if (self->agent->streams.telling == self)
    self->agent->streams.telling = NULL;
  if (self->window != NULL)
    munmap (self->window, WINDOW_SIZE);
  free (self->close_text);
  free (self);
}

bool
agent_streams_has_room (const Agent *agent, unsigned int n)
{
  return agent_link_in_session (agent) && agent->streams.n_open + n <= KVMA_STREAMS_MAX;
}

AgentStream *
agent_stream_open (Agent *agent, bool input, const AgentStreamFuncs *funcs, void *data)
{
  AgentStreams *streams = &agent->streams;
  AgentStream *self;

  if (!agent_streams_has_room (agent, 1))
    return NULL;
  self = calloc (1, sizeof *self);
  if (self == NULL)
    return NULL;
  /* Pages of its own: they are got when they are written, and go with the stream. */
  if (input)
    self->window =
        mmap (NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (self->window == MAP_FAILED)
    {
      free (self);
      return NULL;
    }
  self->agent = agent;
  self->funcs = funcs;
  self->data = data;
  self->credit = KVMA_STREAM_WINDOW_TO_HOST;
  self->granted = input ? KVMA_STREAM_WINDOW_TO_GUEST : 0;
  streams->last_id += 2;
  self->id = streams->last_id;
  streams->open[streams->n_open++] = self;
  return self;
}

uint32_t
agent_stream_id (const AgentStream *self)
{
  return self->id;
}

uint64_t
agent_stream_get_bytes (const AgentStream *self)
{
  return self->bytes;
}

void
agent_stream_detach (AgentStream *self)
{
  self->funcs = NULL;
}

/* --- Turns --- */

static bool
is_ready (const AgentStream *self)
{
  return self->waiting && self->credit > 0 && !self->end_sent;
}

/* Whether somebody else waits, who must be asked first. */
static bool
others_wait (const AgentStream *self)
{
  const AgentStreams *streams = &self->agent->streams;

  for (unsigned int i = 0; i < streams->n_open; i++)
    if (streams->open[i] != self && is_ready (streams->open[i]))
      return true;
  return false;
}

static void
pump_later (Agent *agent)
{
  if (!agent->streams.timer.running)
    agent_timer_start (&agent->loop, &agent->streams.timer, 0);
}

/* Nobody overtakes: in a round each stream has one frame in its turn, and outside of one nobody may
 * wait already. After a few frames the other descriptors come first. */
static bool
has_turn (const AgentStream *self)
{
  const AgentStreams *streams = &self->agent->streams;

  if (streams->burst >= KVMA_FRAMES_BEYOND_POLLOUT)
    return false;
  if (streams->pumping)
    return streams->pumped == self && !streams->turn_used;
  return !others_wait (self);
}

/* Only when the port took all before it: no control frame ever waits behind more than one of ours.
 */
size_t
agent_stream_room (AgentStream *self)
{
  if (self->end_sent || self->closed)
    return 0;
  if (self->credit > 0 && agent_link_is_drained (self->agent))
    {
      if (has_turn (self))
        return self->credit < KVMA_PAYLOAD_MAX ? (size_t) self->credit : KVMA_PAYLOAD_MAX;
      if (!self->agent->streams.pumping)
        pump_later (self->agent);
    }
  self->waiting = true;
  return 0;
}

static AgentStream *
next_ready (AgentStreams *self)
{
  for (unsigned int i = 0; i < self->n_open; i++)
    {
      unsigned int place = (self->turn + i) % self->n_open;

      if (is_ready (self->open[place]))
        {
          self->turn = place + 1;
          return self->open[place];
        }
    }
  return NULL;
}

static bool
anybody_ready (const AgentStreams *self)
{
  for (unsigned int i = 0; i < self->n_open; i++)
    if (is_ready (self->open[i]))
      return true;
  return false;
}

static bool send_close (AgentStream *self);
static void grant (AgentStream *self);

/* What the link could not take when it should have been sent. */
static void
send_overdue (Agent *agent)
{
  AgentStreams *self = &agent->streams;

  for (unsigned int i = self->n_open; i-- > 0;)
    {
      AgentStream *stream = self->open[i];

      if (stream->grant_due)
        grant (stream);
      if (stream->end_due)
        send_end (stream);
      if (stream->close_text != NULL && send_close (stream) && !stream->in_abort)
        release (stream);
    }
}

void
agent_streams_pump (Agent *agent)
{
  AgentStreams *self = &agent->streams;
  AgentStream *stream;

  if (self->pumping || self->n_open == 0)
    return;
  self->pumping = true;
  self->burst = 0;
  send_overdue (agent);
  while (self->burst < KVMA_FRAMES_BEYOND_POLLOUT && agent_link_is_drained (agent) &&
         (stream = next_ready (self)) != NULL)
    {
      stream->waiting = false;
      self->pumped = stream;
      self->turn_used = false;
      if (stream->funcs != NULL)
        stream->funcs->writable (stream, stream->data);
    }
  self->pumped = NULL;
  self->pumping = false;
  if (agent_link_is_drained (agent) && anybody_ready (self))
    pump_later (agent);
}

static void
timer_cb (void *data)
{
  Agent *agent = data;

  agent->streams.burst = 0;
  agent_streams_pump (agent);
}

void
agent_streams_init (Agent *agent)
{
  memset (&agent->streams, 0, sizeof agent->streams);
  agent_timer_init (&agent->streams.timer, timer_cb, agent);
}

/* --- To the host --- */

static void
grant (AgentStream *self)
{
  KvmaHeader header = { .kind = KVMA_KIND_ACK, .stream = self->id, .credit = self->consumed };

  self->grant_due = false;
  if (self->consumed == 0 || self->ended || self->closed)
    return;
  if (agent_link_send_header (self->agent, &header, NULL, 0))
    {
      self->granted += self->consumed;
      self->consumed = 0;
    }
  else
    self->grant_due = true;
}

static bool
send_end (AgentStream *self)
{
  KvmaHeader header = { .kind = KVMA_KIND_DATA, .flags = KVMA_FLAG_END, .stream = self->id };

  self->end_sent = true;
  self->end_due = !agent_link_send_header (self->agent, &header, NULL, 0);
  return !self->end_due;
}

void
agent_stream_send (AgentStream *self, const void *bytes, size_t length, bool end)
{
  KvmaHeader header = { .kind = KVMA_KIND_DATA, .stream = self->id };
  AgentStreams *streams = &self->agent->streams;

  if (self->end_sent || self->closed || length > self->credit)
    return;
  if (length > 0)
    {
      header.flags = end ? KVMA_FLAG_END : 0;
      header.credit = self->hold || self->ended ? 0 : self->consumed;
      if (!agent_link_send_header (self->agent, &header, bytes, length))
        {
          agent_log (AGENT_LOG_ERROR, "bytes of a stream had no room");
          return;
        }
      self->granted += header.credit;
      self->consumed -= header.credit;
      self->credit -= length;
      self->bytes += length;
      self->end_sent = end;
      streams->burst++;
      streams->turn_used = true;
    }
  else if (end)
    send_end (self);
}

/* --- The end --- */

static bool
send_close (AgentStream *self)
{
  KvmaHeader header = { .kind = KVMA_KIND_CLOSE, .stream = self->id };

  if ((!self->end_sent || self->end_due) && !send_end (self))
    return false;
  if (!agent_link_send_header (self->agent, &header, self->close_text, strlen (self->close_text)))
    return false;
  free (self->close_text);
  self->close_text = NULL;
  return true;
}

static char *
close_body (const AgentStream *self, int code, const char *message, int error, json_t *extra)
{
  json_t *body = json_pack ("{si sI}", "code", code, "bytes", (json_int_t) self->bytes);
  char *text;

  json_object_set_new (body, "message", agent_json_text (message, MESSAGE_MAX));
  if (message == NULL)
    json_object_set_new (body, "message", json_string (""));
  if (error != 0)
    agent_json_set_text (body, "errno", agent_errno_name (error));
  json_object_update_missing (body, extra);
  text = json_dumps (body, JSON_COMPACT);
  json_decref (extra);
  json_decref (body);
  if (text == NULL)
    abort ();
  return text;
}

void
agent_stream_close (
    AgentStream *self, int code, const char *message, int system_error, json_t *extra)
{
  if (self->closed)
    {
      json_decref (extra);
      return;
    }
  self->close_text = close_body (self, code, message, system_error, extra);
  self->closed = true;
  self->funcs = NULL;
  if (send_close (self) && !self->in_abort)
    release (self);
}

static void
abort_stream (AgentStream *self, bool lost)
{
  const AgentStreamFuncs *funcs = self->funcs;

  self->in_abort = true;
  if (lost)
    self->closed = true;
  if (funcs != NULL)
    funcs->aborted (self, lost, self->data);
  if (!self->closed)
    agent_stream_close (self, KVMA_ERROR_CANCELLED, "the host closed it", 0, NULL);
  self->in_abort = false;
  if (self->close_text == NULL)
    release (self);
}

void
agent_streams_reset (Agent *agent)
{
  AgentStreams *self = &agent->streams;

  while (self->n_open > 0)
    {
      AgentStream *stream = self->open[self->n_open - 1];
      bool owned = !stream->closed;

      forget (stream);
      stream->closed = true;
      free (stream->close_text);
      stream->close_text = NULL;
      if (stream->in_abort)
        continue; /* whoever tells its owner releases it */
      if (owned)
        abort_stream (stream, true);
      else
        release (stream);
    }
  agent_timer_stop (&agent->loop, &self->timer);
  self->last_id = 0;
  self->stray = 0;
  self->turn = 0;
  self->burst = 0;
}

/* --- From the host --- */

static void
refuse_stray (Agent *agent, const KvmaFrame *frame)
{
  KvmaHeader header = { .kind = KVMA_KIND_CLOSE, .stream = frame->header.stream };
  static const char body[] = "{\"code\":-32002,\"message\":\"no such stream\",\"bytes\":0}";

  agent->streams.stray += (uint32_t) frame->length;
  if (agent->streams.stray > KVMA_STRAY_DATA_MAX || !agent_bucket_has (&agent->link.control, 256))
    agent_link_end_session (agent, KVMA_BYE_FLOOD, "too much data on unknown streams");
  /* Two sides that answer a CLOSE with a CLOSE would never end. */
  else if (frame->header.kind == KVMA_KIND_DATA)
    agent_link_send_header (agent, &header, body, sizeof body - 1);
}

static void
keep (AgentStream *self, const uint8_t *bytes, size_t length)
{
  if (self->tail + length > WINDOW_SIZE)
    {
      memmove (self->window, self->window + self->head, self->tail - self->head);
      self->tail -= self->head;
      self->head = 0;
    }
  memcpy (self->window + self->tail, bytes, length);
  self->tail += length;
}

/* Its owner may close it. What that does not take at once is kept. */
static void
take_in (AgentStream *self, const KvmaFrame *frame)
{
  AgentStreams *streams = &self->agent->streams;

  self->granted -= (uint32_t) frame->length;
  self->bytes += frame->length;
  self->ended = (frame->header.flags & KVMA_FLAG_END) != 0;
  if (self->head < self->tail)
    keep (self, frame->payload, frame->length);
  else
    {
      self->fresh = frame->payload;
      self->n_fresh = frame->length;
    }
  streams->telling = self;
  if (self->funcs != NULL && (frame->length > 0 || self->ended))
    self->funcs->readable (self, self->data);
  if (streams->telling != self)
    return;
  streams->telling = NULL;
  if (self->n_fresh > 0)
    keep (self, self->fresh, self->n_fresh);
  self->fresh = NULL;
  self->n_fresh = 0;
}

static void
receive_data (AgentStream *self, const KvmaFrame *frame)
{
  if (self->window == NULL)
    agent_link_end_session (self->agent, KVMA_BYE_PROTOCOL, "data on a stream without input");
  else if (self->ended)
    agent_link_end_session (self->agent, KVMA_BYE_PROTOCOL, "data after the end of a stream");
  else if (frame->length > self->granted)
    agent_link_end_session (self->agent, KVMA_BYE_FLOOD, "more data than there was credit for");
  else
    take_in (self, frame);
}

void
agent_streams_receive (Agent *agent, const KvmaFrame *frame)
{
  AgentStream *stream = find (agent, frame->header.stream);

  if (stream == NULL || stream->closed)
    {
      if (!was_opened (agent, frame->header.stream))
        refuse_stray (agent, frame);
    }
  else if (frame->header.kind == KVMA_KIND_DATA)
    receive_data (stream, frame);
  else if (!stream->in_abort)
    abort_stream (stream, false);
}

void
agent_streams_credit (Agent *agent, uint32_t id, uint32_t credit)
{
  AgentStream *stream = find (agent, id);

  if (stream == NULL && !was_opened (agent, id))
    agent_link_end_session (agent, KVMA_BYE_PROTOCOL, "credit for a stream that never was");
  if (stream == NULL || stream->end_sent || stream->closed)
    return;
  if (stream->credit + credit > KVMA_CREDIT_SUM_MAX)
    {
      agent_link_end_session (agent, KVMA_BYE_PROTOCOL, "too much credit");
      return;
    }
  stream->credit += credit;
  if (stream->waiting)
    agent_streams_pump (agent);
}

const uint8_t *
agent_stream_peek (const AgentStream *self, size_t *length, bool *ended)
{
  *ended = self->ended;
  if (self->n_fresh > 0)
    {
      *length = self->n_fresh;
      return self->fresh;
    }
  *length = self->tail - self->head;
  return self->window + self->head;
}

void
agent_stream_consume (AgentStream *self, size_t length)
{
  size_t most = self->n_fresh > 0 ? self->n_fresh : self->tail - self->head;

  if (length > most)
    length = most;
  self->consumed += (uint32_t) length;
  if (self->n_fresh > 0)
    {
      self->fresh += length;
      self->n_fresh -= length;
    }
  else
    self->head += length;
  if (self->head == self->tail)
    self->head = self->tail = 0;
  if (self->consumed >= GRANT_STEP && !self->hold)
    grant (self);
}

void
agent_stream_widen (AgentStream *self)
{
  if (self->window == NULL || self->widened)
    return;
  self->widened = true;
  self->consumed += WINDOW_SIZE - KVMA_STREAM_WINDOW_TO_GUEST;
  if (!self->hold)
    grant (self);
}

void
agent_stream_hold_credit (AgentStream *self, bool hold)
{
  self->hold = hold;
  if (!hold)
    grant (self);
}

const char *
agent_errno_name (int error)
{
#define NAME(error)                                                                                \
  {                                                                                                \
    error, #error                                                                                  \
  }
  static const struct
  {
    int error;
    const char *name;
  } names[] = {
    NAME (E2BIG),  NAME (EACCES),       NAME (EAGAIN),    NAME (EBADF),        NAME (EBUSY),
    NAME (ECHILD), NAME (ECONNREFUSED), NAME (EDQUOT),    NAME (EEXIST),       NAME (EFAULT),
    NAME (EFBIG),  NAME (EINTR),        NAME (EINVAL),    NAME (EIO),          NAME (EISDIR),
    NAME (ELOOP),  NAME (EMFILE),       NAME (EMLINK),    NAME (ENAMETOOLONG), NAME (ENFILE),
    NAME (ENODEV), NAME (ENOENT),       NAME (ENOEXEC),   NAME (ENOMEM),       NAME (ENOSPC),
    NAME (ENOSYS), NAME (ENOTDIR),      NAME (ENOTEMPTY), NAME (ENOTSUP),      NAME (ENOTTY),
    NAME (ENXIO),  NAME (EPERM),        NAME (EPIPE),     NAME (ERANGE),       NAME (EROFS),
    NAME (ESPIPE), NAME (ESRCH),        NAME (ESTALE),    NAME (ETIMEDOUT),    NAME (ETXTBSY),
    NAME (EXDEV),
  };
#undef NAME

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].error == error)
      return names[i].name;
  return "";
}

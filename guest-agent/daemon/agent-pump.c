/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-pump.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/agent.h"

#define TERMINAL_DRAIN 65536 /* a terminal does not tell how much it holds */

static void
close_in (AgentPump *self)
{
  agent_loop_unwatch (&self->agent->loop, &self->in);
  if (self->in_fd >= 0)
    close (self->in_fd);
  self->in_fd = -1;
  self->in_ended = true;
}

static void
close_out (AgentPump *self)
{
  agent_loop_unwatch (&self->agent->loop, &self->out);
  if (self->out_fd >= 0)
    close (self->out_fd);
  self->out_fd = -1;
}

static void
end_output (AgentPump *self)
{
  close_out (self);
  if (self->out_ended)
    return;
  self->out_ended = true;
  if (self->stream != NULL)
    agent_stream_send (self->stream, NULL, 0, true);
  self->ended (self, self->data);
}

static void out_cb (void *data, uint32_t events);

/* The descriptor is watched exactly while its bytes have somewhere to go: even with no events asked
 * for, a hang-up would be reported again and again. */
static void
watch_out (AgentPump *self, bool wanted)
{
  if (!wanted)
    agent_loop_unwatch (&self->agent->loop, &self->out);
  else if (self->out.fd < 0 &&
           !agent_loop_watch (&self->agent->loop, &self->out, self->out_fd, EPOLLIN, out_cb, self))
    end_output (self);
}

/* Moves one piece. Returns whether another may follow at once. */
static bool
move_out (AgentPump *self)
{
  static uint8_t buffer[KVMA_PAYLOAD_MAX];
  bool finished = self->draining && self->drain_left == 0;
  size_t room =
      self->stream != NULL && !finished ? agent_stream_room (self->stream) : sizeof buffer;
  ssize_t n;

  if (room == 0)
    {
      watch_out (self, false);
      return false;
    }
  if (self->draining && room > self->drain_left)
    room = self->drain_left;
  n = finished ? 0 : read (self->out_fd, buffer, room);
  if (n < 0 && errno == EINTR)
    return true;
  if (n < 0 && errno == EAGAIN && !self->draining)
    {
      watch_out (self, true);
      return false;
    }
  if (n <= 0)
    {
      end_output (self);
      return false;
    }
  self->bytes_out += (uint64_t) n;
  if (self->draining)
    self->drain_left -= (size_t) n;
  if (self->stream != NULL)
    agent_stream_send (self->stream, buffer, (size_t) n, false);
  /* END needs no credit, so it must not wait for any. */
  if (!self->draining || self->drain_left > 0)
    return true;
  end_output (self);
  return false;
}

static void
out_cb (void *data, uint32_t events)
{
  move_out (data);
}

static void
writable_cb (AgentStream *stream, void *data)
{
  AgentPump *self = data;

  /* One piece in its turn; asking again is what brings the next turn. */
  if (self->out_fd >= 0 && move_out (self))
    {
      if (agent_stream_room (stream) > 0)
        watch_out (self, true);
    }
}

static void in_cb (void *data, uint32_t events);

static void
move_in (AgentPump *self)
{
  const uint8_t *bytes;
  size_t length;
  bool ended;

  if (self->stream == NULL)
    return;
  bytes = agent_stream_peek (self->stream, &length, &ended);
  while (length > 0)
    {
      ssize_t n = self->in_fd >= 0 ? write (self->in_fd, bytes, length) : (ssize_t) length;

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EAGAIN)
        {
          if (self->in.fd < 0 &&
              !agent_loop_watch (&self->agent->loop, &self->in, self->in_fd, EPOLLOUT, in_cb, self))
            close_in (self);
          else
            return;
        }
      else if (n < 0)
        close_in (self); /* the child does not read any more; the rest is dropped */
      else
        agent_stream_consume (self->stream, (size_t) n);
      bytes = agent_stream_peek (self->stream, &length, &ended);
    }
  agent_loop_unwatch (&self->agent->loop, &self->in);
  if (!ended)
    return;
  self->in_ended = true;
  if (!self->is_terminal)
    close_in (self);
}

static void
in_cb (void *data, uint32_t events)
{
  move_in (data);
}

static void
readable_cb (AgentStream *stream, void *data)
{
  AgentPump *self = data;

  if (self->in.fd < 0)
    move_in (self);
}

static void
drop_output (AgentPump *self)
{
  self->stream = NULL;
  close_in (self);
  if (self->out_fd >= 0)
    watch_out (self, true);
}

static void
aborted_cb (AgentStream *stream, bool lost, void *data)
{
  AgentPump *self = data;

  drop_output (self);
  self->aborted (self, lost, self->data);
}

bool
agent_pump_start (Agent *agent, AgentPump *self, bool input, int out_fd, int in_fd)
{
  static const AgentStreamFuncs funcs = { readable_cb, writable_cb, aborted_cb };

  self->agent = agent;
  self->out.fd = self->in.fd = -1;
  self->out_fd = out_fd;
  self->in_fd = in_fd;
  self->out_ended = out_fd < 0;
  self->in_ended = in_fd < 0;
  if (out_fd >= 0)
    fcntl (out_fd, F_SETFL, fcntl (out_fd, F_GETFL) | O_NONBLOCK);
  if (in_fd >= 0)
    fcntl (in_fd, F_SETFL, fcntl (in_fd, F_GETFL) | O_NONBLOCK);
  self->stream = agent_stream_open (agent, input, &funcs, self);
  if (self->stream != NULL &&
      (out_fd < 0 || agent_loop_watch (&agent->loop, &self->out, out_fd, EPOLLIN, out_cb, self)))
    return true;
  if (self->stream != NULL)
    agent_stream_close (self->stream, KVMA_ERROR_FAILED, NULL, 0, NULL);
  self->stream = NULL;
  close_out (self);
  close_in (self);
  return false;
}

void
agent_pump_drain (AgentPump *self)
{
  int left = 0;

  if (self->out_fd < 0 || self->draining)
    return;
  self->draining = true;
  if (self->is_terminal)
    self->drain_left = TERMINAL_DRAIN;
  else
    self->drain_left = ioctl (self->out_fd, FIONREAD, &left) == 0 && left > 0 ? (size_t) left : 0;
  while (self->out_fd >= 0 && move_out (self))
    ;
}

void
agent_pump_detach (AgentPump *self)
{
  if (self->stream != NULL)
    agent_stream_detach (self->stream);
  drop_output (self);
}

void
agent_pump_stop (AgentPump *self)
{
  close_out (self);
  close_in (self);
}

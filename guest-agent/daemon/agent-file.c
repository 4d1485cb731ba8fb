/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/agent-audit.h"
#include "daemon/agent-file-kept.h"
#include "daemon/agent-worker.h"

#define INBOX "/var/lib/kvm-manager-agent/inbox"

/* One file on its way. It ends when its worker has, and its stream is closed or gone. */
struct AgentTransfer
{
  Agent *agent;
  AgentTransfer *next;
  AgentFileJob job;
  bool write;
  bool tell_path;
  AgentCall *call; /* not answered yet */
  uint64_t audit;
  int worker; /* 0: it has ended */
  int out_fd; /* from the worker: the head, then what is read */
  int in_fd;  /* to it: what is to be written; reading: a byte for each step that was taken */
  AgentWatch out;
  AgentWatch in;
  AgentStream *stream; /* NULL: not yet, or nobody wants it any more */
  int64_t left;        /* of the content */
  int64_t moved;
  int64_t untold; /* reading: taken since the worker was told */
  bool out_ended;
  bool committed; /* the worker was told to put it in its place */
  json_t *answer; /* of the worker */
  json_t *error;
  AgentTimer stall;
  int64_t stall_moved;
  uint64_t stall_since_ms;
  unsigned int busy; /* is being worked on: freed later */
  bool dead;
};

/* One at a time is filled and sent at once. */
static uint8_t content[KVMA_PAYLOAD_MAX];

const char *
agent_file_inbox (const Agent *agent)
{
  return agent->policy.inbox != NULL ? agent->policy.inbox : INBOX;
}

void
agent_file_roots (const Agent *agent, AgentArea area, char **store, AgentRoots *roots)
{
  const AgentPolicy *policy = &agent->policy;

  store[0] = (char *) agent_file_inbox (agent);
  store[1] = NULL;
  roots->follow = policy->follow_symlinks != 0;
  roots->paths = area == AGENT_AREA_READ    ? policy->read_paths
                 : area == AGENT_AREA_WRITE ? policy->write_paths
                                            : store;
}

static void
watch (AgentTransfer *self, AgentWatch *place, int fd, uint32_t events, AgentWatchFunc func)
{
  if (place->fd < 0 && fd >= 0)
    agent_loop_watch (&self->agent->loop, place, fd, events, func, self);
}

static void
close_pipe (AgentTransfer *self, AgentWatch *place, int *fd)
{
  agent_loop_unwatch (&self->agent->loop, place);
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
forget (AgentTransfer *self)
{
  AgentTransfer **place = &self->agent->files.transfers;

  while (*place != NULL && *place != self)
    place = &(*place)->next;
  if (*place == self)
    *place = self->next;
}

static void
enter (AgentTransfer *self)
{
  self->busy++;
}

static void
leave (AgentTransfer *self)
{
  if (--self->busy > 0 || !self->dead)
    return;
  json_decref (self->answer);
  json_decref (self->error);
  free (self);
}

static void
destroy (AgentTransfer *self)
{
  enter (self);
  if (self->worker != 0)
    agent_worker_stop (self->agent, self->worker);
  self->worker = 0;
  close_pipe (self, &self->out, &self->out_fd);
  close_pipe (self, &self->in, &self->in_fd);
  agent_timer_stop (&self->agent->loop, &self->stall);
  if (!self->dead)
    forget (self);
  self->dead = true;
  leave (self);
}

/* Sends the one CLOSE, if somebody still hears it, and writes the line after. */
static void
end (AgentTransfer *self, int code, const char *message, json_t *extra)
{
  AgentStream *stream = self->stream;
  json_t *noted = json_pack ("{sI}", "bytes", (json_int_t) self->moved);

  if (extra != NULL)
    json_object_update (noted, extra);
  agent_audit_end (self->agent, self->audit, code, noted);
  self->audit = 0;
  self->stream = NULL;
  if (stream != NULL)
    agent_stream_close (stream, code, message, 0, extra);
  else
    json_decref (extra);
  destroy (self);
}

/* The host did not do what it said, or nothing moves any more. */
static void
give_up (AgentTransfer *self, int code, const char *message)
{
  AgentFileJob job = self->job;
  Agent *agent = self->agent;
  bool keep = code == KVMA_ERROR_TIMEOUT;

  enter (self);
  /* Before its pipe is closed: the end of the pipe must find nobody. */
  if (self->worker != 0)
    agent_worker_stop (agent, self->worker);
  self->worker = 0;
  if (self->write && keep)
    agent_kept_add (agent, &job);
  else if (self->write)
    agent_kept_discard (agent, &job);
  end (self, code, message, NULL);
  leave (self);
}

static void
end_with_error (AgentTransfer *self)
{
  int code = (int) json_integer_value (json_object_get (self->error, "code"));
  const char *message = json_string_value (json_object_get (self->error, "message"));
  json_t *name = json_object_get (json_object_get (self->error, "data"), "errno");
  json_t *extra = json_object ();

  if (name != NULL)
    json_object_set (extra, "errno", name);
  /* A worker that was killed has left what it had. */
  if (self->write && (code == KVMA_ERROR_INTERNAL || code == KVMA_ERROR_TIMEOUT))
    agent_kept_add (self->agent, &self->job);
  end (self, code, message, extra);
}

static void
end_if_done (AgentTransfer *self)
{
  bool all = self->write || self->left == 0 || self->out_ended;
  json_t *sum;
  json_t *extra;

  if (self->dead || self->worker != 0 || !all)
    return;
  if (self->error != NULL)
    {
      end_with_error (self);
      return;
    }
  sum = json_object_get (self->answer, "sha256");
  extra = json_object ();
  if (sum != NULL)
    json_object_set (extra, "sha256", sum);
  end (self, 0, NULL, extra);
}

/* --- Reading: from the worker's pipe to the host --- */

static void send_some (AgentTransfer *self);

static void
out_cb (void *data, uint32_t events)
{
  send_some (data);
}

/* The pipe of these bytes is never full, and a worker that has ended needs none. */
static void
tell_taken (AgentTransfer *self, size_t length)
{
  const char step = 0;

  self->untold += (int64_t) length;
  if (self->untold < AGENT_FILE_READ_STEP)
    return;
  self->untold -= AGENT_FILE_READ_STEP;
  if (self->in_fd >= 0 && write (self->in_fd, &step, 1) < 0 && errno != EPIPE)
    agent_log (AGENT_LOG_ERROR, "a worker cannot be told to go on: %s", strerror (errno));
}

static void
send_some (AgentTransfer *self)
{
  enter (self);
  while (self->stream != NULL && self->left > 0 && !self->out_ended)
    {
      size_t room = agent_stream_room (self->stream);
      ssize_t n;

      if (room == 0)
        {
          agent_loop_unwatch (&self->agent->loop, &self->out);
          break;
        }
      n = read (self->out_fd, content, self->left < (int64_t) room ? (size_t) self->left : room);
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        {
          watch (self, &self->out, self->out_fd, EPOLLIN, out_cb);
          break;
        }
      if (n <= 0)
        {
          self->out_ended = true;
          break;
        }
      self->left -= n;
      self->moved += n;
      tell_taken (self, (size_t) n);
      agent_stream_send (self->stream, content, (size_t) n, self->left == 0);
    }
  if (!self->dead && (self->left == 0 || self->out_ended))
    {
      agent_loop_unwatch (&self->agent->loop, &self->out);
      end_if_done (self);
    }
  leave (self);
}

/* --- Writing: from the host to the worker's pipe --- */

static void take_some (AgentTransfer *self);

static void
in_cb (void *data, uint32_t events)
{
  AgentTransfer *self = data;

  agent_loop_unwatch (&self->agent->loop, &self->in);
  take_some (self);
}

/* Returns false when there is nothing more to be done now. */
static bool
put (AgentTransfer *self, const void *bytes, size_t length, size_t *written)
{
  ssize_t n = write (self->in_fd, bytes, length);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    {
      watch (self, &self->in, self->in_fd, EPOLLOUT, in_cb);
      return false;
    }
  if (n < 0)
    {
      /* It has failed, and will say why. */
      close_pipe (self, &self->in, &self->in_fd);
      return false;
    }
  *written = (size_t) n;
  return true;
}

static void
end_of_input (AgentTransfer *self)
{
  const char commit = AGENT_FILE_COMMIT;
  size_t n;

  if (self->left > 0)
    give_up (self, KVMA_ERROR_PARAMS, "fewer bytes than were announced");
  else if (put (self, &commit, 1, &n))
    {
      self->committed = true;
      close_pipe (self, &self->in, &self->in_fd);
    }
}

static void
take_some (AgentTransfer *self)
{
  enter (self);
  while (self->stream != NULL && self->in_fd >= 0 && !self->committed && self->in.fd < 0)
    {
      size_t length, n = 0;
      bool ended;
      const uint8_t *bytes = agent_stream_peek (self->stream, &length, &ended);

      if ((int64_t) length > self->left)
        {
          give_up (self, KVMA_ERROR_PARAMS, "more bytes than were announced");
          break;
        }
      if (length == 0)
        {
          if (ended)
            end_of_input (self);
          break;
        }
      if (!put (self, bytes, length, &n))
        break;
      self->left -= (int64_t) n;
      self->moved += (int64_t) n;
      agent_stream_consume (self->stream, n);
    }
  leave (self);
}

/* --- Both --- */

static void
readable_cb (AgentStream *stream, void *data)
{
  take_some (data);
}

static void
writable_cb (AgentStream *stream, void *data)
{
  send_some (data);
}

static void
aborted_cb (AgentStream *stream, bool lost, void *data)
{
  AgentTransfer *self = data;
  Agent *agent = self->agent;

  self->stream = NULL;
  /* The host has said END: what becomes of the file is the worker's. */
  if (self->committed)
    return;
  if (self->worker != 0)
    agent_worker_stop (agent, self->worker);
  self->worker = 0;
  if (self->write)
    agent_kept_add (agent, &self->job);
  end (self, KVMA_ERROR_CANCELLED, NULL, NULL);
}

static const AgentStreamFuncs funcs = { readable_cb, writable_cb, aborted_cb };

static void
fail_call (AgentTransfer *self, int code, const char *message, json_t *data)
{
  AgentCall *call = self->call;
  Agent *agent = self->agent;

  self->call = NULL;
  destroy (self);
  agent_call_error (agent, call, code, message, data);
}

static void
begin_stream (AgentTransfer *self, const AgentFileHead *head)
{
  AgentCall *call = self->call;
  json_t *result;

  self->stream = agent_stream_open (self->agent, self->write, &funcs, self);
  if (self->stream == NULL)
    {
      if (self->write)
        agent_kept_add (self->agent, &self->job);
      fail_call (self, KVMA_ERROR_BUSY, "too many streams are open", NULL);
      return;
    }
  enter (self);
  self->call = NULL;
  call->cancel = NULL;
  self->audit = agent_audit_take (call);
  self->left = self->write ? head->size - head->offset : head->length;
  if (self->write)
    result = json_pack ("{si ss sI}", "stream", agent_stream_id (self->stream), "token",
                        self->job.token, "offset", (json_int_t) head->offset);
  else
    result = json_pack ("{si sI sI sI}", "stream", agent_stream_id (self->stream), "size",
                        (json_int_t) head->size, "mtime", (json_int_t) head->mtime, "mode",
                        (json_int_t) head->mode);
  if (self->tell_path)
    json_object_set_new (result, "path", json_string (self->job.path));
  if (self->write)
    close_pipe (self, &self->out, &self->out_fd);
  agent_call_reply (self->agent, call, result);
  if (!self->dead && self->write && self->stream != NULL)
    {
      /* With a rate it is credit that holds the host back. */
      if (self->agent->policy.max_rate == 0)
        agent_stream_widen (self->stream);
      take_some (self);
    }
  else if (!self->dead)
    send_some (self);
  leave (self);
}

/* It is smaller than PIPE_BUF, so it comes as a whole. */
static void
read_head (AgentTransfer *self)
{
  AgentFileHead head;
  ssize_t n = read (self->out_fd, &head, sizeof head);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  agent_loop_unwatch (&self->agent->loop, &self->out);
  if (n == (ssize_t) sizeof head)
    begin_stream (self, &head);
}

static void
head_cb (void *data, uint32_t events)
{
  read_head (data);
}

static void
done_cb (Agent *agent, json_t *answer, json_t *error, void *data)
{
  AgentTransfer *self = data;
  int code = (int) json_integer_value (json_object_get (error, "code"));

  enter (self);
  self->worker = 0;
  self->answer = json_incref (answer);
  self->error = json_incref (error);
  if (self->call != NULL)
    read_head (self);
  if (self->call != NULL)
    {
      /* Only a wait that was in vain has left the file of before. */
      if (self->write && self->job.resume && code == KVMA_ERROR_BUSY)
        agent_kept_add (agent, &self->job);
      fail_call (self, code != 0 ? code : KVMA_ERROR_INTERNAL,
                 json_string_value (json_object_get (error, "message")),
                 json_incref (json_object_get (error, "data")));
    }
  else
    end_if_done (self);
  leave (self);
}

static void
cancel_call (Agent *agent, AgentCall *call)
{
  AgentTransfer *self = agent->files.transfers;
  AgentFileJob job;

  while (self != NULL && self->call != call)
    self = self->next;
  if (self == NULL)
    return;
  job = self->job;
  self->call = NULL;
  destroy (self);
  if (job.resume)
    agent_kept_add (agent, &job);
  else if (job.token[0] != '\0')
    agent_kept_discard (agent, &job);
}

/* Whether it is the worker that everything waits for, and not the host. */
static bool
waits_for_worker (const AgentTransfer *self)
{
  if (self->call != NULL || self->committed || self->stream == NULL)
    return true;
  return self->write ? self->in.fd >= 0 : self->out.fd >= 0 || self->left == 0;
}

static void
stall_cb (void *data)
{
  AgentTransfer *self = data;
  uint64_t limit = self->committed ? AGENT_FILE_COMMIT_MS : AGENT_FILE_STALL_MS;
  uint64_t now = agent_now_ms ();

  if (self->moved != self->stall_moved || !waits_for_worker (self))
    {
      self->stall_moved = self->moved;
      self->stall_since_ms = now;
    }
  if (now - self->stall_since_ms < limit)
    agent_timer_start (&self->agent->loop, &self->stall, AGENT_FILE_STALL_MS);
  else if (self->call != NULL)
    {
      if (self->write && self->job.resume)
        agent_kept_add (self->agent, &self->job);
      else if (self->write)
        agent_kept_discard (self->agent, &self->job);
      fail_call (self, KVMA_ERROR_TIMEOUT, "the file system does not answer", NULL);
    }
  else
    give_up (self, KVMA_ERROR_TIMEOUT, "the file system does not answer");
}

static bool
start (AgentTransfer *self)
{
  Agent *agent = self->agent;

  if (self->write)
    self->worker = agent_worker_start (agent, UINT32_MAX, agent_file_work_write, &self->job,
                                       &self->out_fd, &self->in_fd, done_cb, self);
  else
    self->worker = agent_worker_start (agent, UINT32_MAX, agent_file_work_read, &self->job,
                                       &self->out_fd, &self->in_fd, done_cb, self);
  if (self->worker == 0)
    return false;
  fcntl (self->out_fd, F_SETFL, O_NONBLOCK);
  fcntl (self->in_fd, F_SETFL, O_NONBLOCK);
  /* With a rate, what waits in a pipe is what goes beyond it. */
  if (agent->policy.max_rate == 0)
    fcntl (self->write ? self->in_fd : self->out_fd, F_SETPIPE_SZ,
           self->write ? AGENT_FILE_PIPE_SIZE : AGENT_FILE_READ_PIPE_SIZE);
  watch (self, &self->out, self->out_fd, EPOLLIN, head_cb);
  self->stall_since_ms = agent_now_ms ();
  agent_timer_start (&agent->loop, &self->stall, AGENT_FILE_STALL_MS);
  return true;
}

static void
make_token (const Agent *agent, char *token)
{
  uint64_t random;
  char text[17];

  agent_random (&random, sizeof random);
  kvma_session_format_id (random, text);
  snprintf (token, AGENT_FILE_TOKEN_SIZE + 1, "%.16s%.16s", agent->instance, text);
}

void
agent_file_begin (
    Agent *agent, AgentCall *call, const AgentFileJob *job, bool write, bool tell_path)
{
  AgentTransfer *self;

  if (!agent_streams_has_room (agent, 1))
    {
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "too many streams are open", NULL);
      return;
    }
  if (job->resume && !agent_kept_take (agent, job))
    {
      agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "no such unfinished file; begin anew",
                        NULL);
      return;
    }
  self = calloc (1, sizeof *self);
  if (self == NULL)
    {
      agent_call_error (agent, call, KVMA_ERROR_BUSY, "out of memory", NULL);
      return;
    }
  self->agent = agent;
  self->job = *job;
  self->write = write;
  self->tell_path = tell_path;
  self->out_fd = self->in_fd = self->out.fd = self->in.fd = -1;
  agent_timer_init (&self->stall, stall_cb, self);
  if (write && !job->resume)
    make_token (agent, self->job.token);
  self->next = agent->files.transfers;
  agent->files.transfers = self;
  self->call = call;
  if (start (self))
    {
      call->cancel = cancel_call;
      return;
    }
  if (job->resume)
    agent_kept_add (agent, job);
  fail_call (self, KVMA_ERROR_BUSY, "too many are waiting for the file systems", NULL);
}

void
agent_files_clear (Agent *agent)
{
  while (agent->files.transfers != NULL)
    destroy (agent->files.transfers);
  agent_kept_clear (agent);
}

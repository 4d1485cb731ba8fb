/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the child writes for each file system: small enough to arrive as a whole. */
typedef struct
{
  uint32_t row;
  uint32_t stale;
  uint64_t total, used, available;
} ScanResult;

static void step_cb (void *data);

static bool
is_remembered_stale (AgentFsScanner *self, const AgentMount *row)
{
  uint64_t hash = agent_hash (0, row->mount, strlen (row->mount));
  uint64_t now = agent_now_ms ();

  for (unsigned int i = 0; i < AGENT_SCAN_STALE_MAX; i++)
    if (self->stale[i].mount_hash == hash && now < self->stale[i].until_ms)
      return true;
  return false;
}

static void
remember_stale (AgentFsScanner *self, const AgentMount *row)
{
  unsigned int i = self->stale_next++ % AGENT_SCAN_STALE_MAX;

  self->stale[i].mount_hash = agent_hash (0, row->mount, strlen (row->mount));
  self->stale[i].until_ms = agent_now_ms () + AGENT_SCAN_RETRY_MS;
}

static json_t *
row_to_json (const AgentMount *row, uint64_t *hash)
{
  json_t *object = json_object ();
  char serial[64];

  *hash = agent_hash (*hash, row->mount, strlen (row->mount) + 1);
  *hash = agent_hash (*hash, row->device, strlen (row->device) + 1);
  *hash = agent_hash (*hash, row->type, strlen (row->type) + 1);
  *hash = agent_hash (*hash, &row->read_only, sizeof row->read_only);
  *hash = agent_hash (*hash, &row->stale, sizeof row->stale);
  json_object_set_new (object, "mount", agent_json_text (row->mount, KVMA_PATH_MAX));
  json_object_set_new (object, "dev", agent_json_text (row->device, KVMA_PATH_MAX));
  agent_json_set_text (object, "type", row->type);
  if (!row->stale)
    {
      json_object_set_new (object, "total", json_integer ((json_int_t) row->total));
      json_object_set_new (object, "used", json_integer ((json_int_t) row->used));
      json_object_set_new (object, "avail", json_integer ((json_int_t) row->available));
    }
  json_object_set_new (object, "ro", json_boolean (row->read_only));
  if (agent_mount_disk_serial (row, serial, sizeof serial))
    agent_json_set_text (object, "disk_serial", serial);
  json_object_set_new (object, "stale", json_boolean (row->stale));
  return object;
}

/* Sizes that say nothing: a pseudo file system at "/" of an early boot. */
static bool
is_empty (const AgentFsScan *self, const AgentMount *row)
{
  return !self->all && !row->stale && row->total == 0;
}

static json_t *
scan_to_json (const AgentFsScan *self, uint64_t *hash)
{
  json_t *object = json_object ();
  AgentList list;

  *hash = 0;
  agent_list_init (&list);
  for (unsigned int i = 0; i < self->mounts.n; i++)
    if (!is_empty (self, &self->mounts.rows[i]))
      agent_list_add (&list, row_to_json (&self->mounts.rows[i], hash));
  if (self->mounts.total > self->mounts.n)
    {
      list.total += self->mounts.total - self->mounts.n;
      list.full = true;
    }
  agent_list_finish (&list, object, "fs");
  return object;
}

static void
killed_cb (Agent *agent, const AgentExit *ended, void *data)
{
  agent->fs.stuck--;
}

static void
ended_cb (Agent *agent, const AgentExit *ended, void *data)
{
  AgentFsScan *self = data;

  self->child = 0;
}

static void
stop_child (AgentFsScan *self)
{
  Agent *agent = self->agent;
  int fd = agent_loop_unwatch (&agent->loop, &self->results);

  if (fd >= 0)
    close (fd);
  agent_timer_stop (&agent->loop, &self->step);
  if (self->child > 0)
    {
      kill (self->child, SIGKILL);
      agent->fs.stuck++;
      agent_child_watch (agent, self->child, killed_cb, NULL);
      self->child = 0;
    }
}

static void
finish (AgentFsScan *self)
{
  AgentScanWaiter waiters[AGENT_SCAN_WAITERS_MAX];
  unsigned int n = self->n_waiters;
  uint64_t hash;

  stop_child (self);
  for (unsigned int i = 0; i < self->mounts.n; i++)
    if (!self->mounts.rows[i].done)
      self->mounts.rows[i].done = self->mounts.rows[i].stale = true;
  memcpy (waiters, self->waiters, sizeof waiters);
  self->n_waiters = 0;
  self->running = false;
  for (unsigned int i = 0; i < n; i++)
    if (waiters[i].func != NULL)
      {
        json_t *object = scan_to_json (self, &hash);

        /* A waiter that is told may end the session, and with it the others. */
        self->n_waiters = 0;
        waiters[i].func (self->agent, waiters[i].data, object, &self->mounts, hash);
        if (!agent_link_in_session (self->agent))
          break;
      }
  agent_mounts_clear (&self->mounts);
}

static unsigned int
next_pending (const AgentFsScan *self)
{
  unsigned int i = 0;

  while (i < self->mounts.n && self->mounts.rows[i].done)
    i++;
  return i;
}

static void
results_cb (void *data, uint32_t events)
{
  AgentFsScan *self = data;
  ScanResult result;
  ssize_t n;

  while ((n = read (self->results.fd, &result, sizeof result)) == (ssize_t) sizeof result)
    if (result.row < self->mounts.n)
      {
        AgentMount *row = &self->mounts.rows[result.row];

        row->done = true;
        row->stale = result.stale != 0;
        row->total = result.total;
        row->used = result.used;
        row->available = result.available;
      }
  if (next_pending (self) == self->mounts.n || n == 0)
    finish (self);
  else
    agent_timer_start (&self->agent->loop, &self->step, AGENT_SCAN_STEP_MS);
}

/* Nothing of the agent may stay open in a child that perhaps can never be killed: it would hold the
 * port. */
static void
run_child (AgentFsScan *self, int fd)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  agent_child_clean (fd);
  for (unsigned int i = 0; i < self->mounts.n; i++)
    {
      AgentMount *row = &self->mounts.rows[i];
      ScanResult result = { .row = i };

      if (row->done)
        continue;
      agent_mount_ask (row);
      result.stale = row->stale;
      result.total = row->total;
      result.used = row->used;
      result.available = row->available;
      if (write (fd, &result, sizeof result) != (ssize_t) sizeof result)
        _exit (1);
    }
  _exit (0);
}

static bool
start_child (AgentFsScan *self)
{
  Agent *agent = self->agent;
  int ends[2];

  if (agent->fs.stuck >= AGENT_SCAN_STUCK_MAX || !agent_child_has_room (agent) ||
      pipe2 (ends, O_CLOEXEC) < 0)
    return false;
  fcntl (ends[0], F_SETFL, O_NONBLOCK);
  self->child = fork ();
  if (self->child == 0)
    run_child (self, ends[1]);
  close (ends[1]);
  if (self->child > 0)
    agent_child_watch (agent, self->child, ended_cb, self);
  if (self->child < 0 ||
      !agent_loop_watch (&agent->loop, &self->results, ends[0], EPOLLIN, results_cb, self))
    {
      close (ends[0]);
      stop_child (self);
      return false;
    }
  agent_timer_start (&agent->loop, &self->step, AGENT_SCAN_STEP_MS);
  return true;
}

static void
step_cb (void *data)
{
  AgentFsScan *self = data;
  unsigned int i = next_pending (self);

  stop_child (self);
  if (i < self->mounts.n)
    {
      AgentMount *row = &self->mounts.rows[i];

      row->done = row->stale = true;
      remember_stale (&self->agent->fs, row);
      agent_log (AGENT_LOG_WARNING, "a file system of type %s does not answer", row->type);
    }
  if (next_pending (self) == self->mounts.n ||
      agent_now_ms () - self->started_ms + AGENT_SCAN_STEP_MS > AGENT_SCAN_TOTAL_MS ||
      !start_child (self))
    finish (self);
}

static void
begin (AgentFsScan *self)
{
  self->running = true;
  self->started_ms = agent_now_ms ();
  agent_mounts_read (&self->mounts, self->all);
  for (unsigned int i = 0; i < self->mounts.n; i++)
    {
      AgentMount *row = &self->mounts.rows[i];

      if (!row->may_block)
        agent_mount_ask (row);
      else if (is_remembered_stale (&self->agent->fs, row))
        row->done = row->stale = true;
    }
  if (next_pending (self) == self->mounts.n || !start_child (self))
    finish (self);
}

bool
agent_fs_scan (Agent *agent, bool all, AgentScanFunc func, void *data)
{
  AgentFsScan *self = &agent->fs.scans[all ? 1 : 0];

  if (self->n_waiters == AGENT_SCAN_WAITERS_MAX)
    return false;
  self->waiters[self->n_waiters].func = func;
  self->waiters[self->n_waiters].data = data;
  self->n_waiters++;
  if (!self->running)
    begin (self);
  return true;
}

void
agent_fs_scan_forget (Agent *agent, void *data)
{
  for (int s = 0; s < 2; s++)
    for (unsigned int i = 0; i < agent->fs.scans[s].n_waiters; i++)
      if (agent->fs.scans[s].waiters[i].data == data)
        agent->fs.scans[s].waiters[i].func = NULL;
}

void
agent_fs_scan_init (Agent *agent)
{
  memset (&agent->fs, 0, sizeof agent->fs);
  for (int s = 0; s < 2; s++)
    {
      AgentFsScan *self = &agent->fs.scans[s];

      self->agent = agent;
      self->all = s == 1;
      self->results.fd = -1;
      agent_timer_init (&self->step, step_cb, self);
    }
}

void
agent_fs_scan_clear (Agent *agent)
{
  for (int s = 0; s < 2; s++)
    {
      AgentFsScan *self = &agent->fs.scans[s];

      stop_child (self);
      agent_mounts_clear (&self->mounts);
      self->n_waiters = 0;
      self->running = false;
    }
}

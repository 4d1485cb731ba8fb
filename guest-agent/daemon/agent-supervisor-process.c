/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-supervisor-process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/agent-cgroup.h"
#include "daemon/agent-supervisor.h"
#include "daemon/agent-util.h"

#define PID_LIMIT 4194304 /* the kernel's own */
#define AGAIN_MS 50       /* between two looks at what is dying, ... */
#define AGAIN_MAX_MS 1000 /* ... and later, if it does not want to */
#define REMOVE_ROUNDS 40
#define STOP_ROUNDS 64

typedef struct
{
  const AgentSpawn *spawn;
  int socket;    /* -1: the agent is gone */
  int report_fd; /* the child's, -1 when it was read */
  int signal_fd;
  int cgroup_fd;
  pid_t program;
  bool began; /* the program, not only its process */
  bool program_ended;
  int again_ms;
  int terminal;     /* its device as /proc shows it; 0 for none */
  uint64_t kill_at; /* 0: nobody wants it dead */
  bool killing;
} Supervisor;

typedef struct
{
  pid_t pid;
  pid_t parent;
  pid_t session;
  int terminal;
} Process;

typedef struct
{
  Process *rows;
  size_t n;
  uint8_t *ours; /* a bit for each pid */
} Scan;

static bool
has_bit (const uint8_t *bits, pid_t pid)
{
  return pid > 0 && pid < PID_LIMIT && (bits[pid / 8] & 1u << (pid % 8)) != 0;
}

static void
set_bit (uint8_t *bits, pid_t pid)
{
  if (pid > 0 && pid < PID_LIMIT)
    bits[pid / 8] |= (uint8_t) (1u << (pid % 8));
}

static bool
read_process (int proc_fd, const char *name, Process *out)
{
  char path[32], text[512];
  char *end;
  ssize_t n;
  int fd;

  snprintf (path, sizeof path, "%.20s/stat", name);
  fd = openat (proc_fd, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  if (n <= 0)
    return false;
  text[n] = '\0';
  /* A name may have blanks and parentheses; only the last one ends it. */
  end = strrchr (text, ')');
  out->pid = atoi (name);
  if (end == NULL || strlen (end) < 4)
    return false;
  end += 3; /* the state, one letter */
  out->parent = (int) strtol (end, &end, 10);
  strtol (end, &end, 10); /* its group */
  out->session = (int) strtol (end, &end, 10);
  out->terminal = (int) strtol (end, &end, 10);
  return true;
}

static void
read_processes (Scan *self)
{
  DIR *directory = opendir ("/proc");
  const struct dirent *entry;
  size_t size = 0;

  while (directory != NULL && (entry = readdir (directory)) != NULL)
    {
      if (!isdigit ((unsigned char) entry->d_name[0]))
        continue;
      if (self->n == size)
        {
          Process *grown = realloc (self->rows, (size + 256) * sizeof *grown);

          if (grown == NULL)
            break;
          self->rows = grown;
          size += 256;
        }
      if (read_process (dirfd (directory), entry->d_name, &self->rows[self->n]))
        self->n++;
    }
  if (directory != NULL)
    closedir (directory);
}

static bool
is_ours (const Supervisor *self, const Scan *scan, const Process *process)
{
  if (self->terminal != 0)
    return process->terminal == self->terminal || process->session == self->program;
  return has_bit (scan->ours, process->parent);
}

/* Everything that descends from this process; with a terminal, what still belongs to it: who left
 * it (a daemon that a person started) stays, as with any terminal. */
static void
scan (const Supervisor *self, Scan *out)
{
  pid_t me = getpid ();
  bool changed = true;

  memset (out, 0, sizeof *out);
  out->ours = calloc (1, PID_LIMIT / 8);
  if (out->ours == NULL)
    return;
  read_processes (out);
  set_bit (out->ours, me);
  while (changed)
    {
      changed = false;
      for (size_t i = 0; i < out->n; i++)
        if (out->rows[i].pid != me && !has_bit (out->ours, out->rows[i].pid) &&
            is_ours (self, out, &out->rows[i]))
          {
            set_bit (out->ours, out->rows[i].pid);
            changed = true;
          }
    }
}

static void
free_scan (Scan *self)
{
  free (self->rows);
  free (self->ours);
}

/* Returns how many got it that are not in @known (nullable), and adds them. */
static unsigned int
signal_all (const Supervisor *self, int signal, uint8_t *known)
{
  unsigned int n = 0;
  pid_t me = getpid ();
  Scan all;

  scan (self, &all);
  for (size_t i = 0; all.ours != NULL && i < all.n; i++)
    {
      pid_t pid = all.rows[i].pid;

      if (pid == me || !has_bit (all.ours, pid) || (known != NULL && has_bit (known, pid)))
        continue;
      if (known != NULL)
        set_bit (known, pid);
      kill (pid, signal);
      n++;
    }
  free_scan (&all);
  return n;
}

/* A process that was stopped does not fork: when a look round finds no new one, all are known. */
static void
kill_all (Supervisor *self)
{
  uint8_t *stopped;

  self->killing = true;
  if (self->cgroup_fd >= 0)
    agent_cgroup_signal (self->cgroup_fd, SIGKILL);
  stopped = calloc (1, PID_LIMIT / 8);
  for (int round = 0; stopped != NULL && round < STOP_ROUNDS; round++)
    if (signal_all (self, SIGSTOP, stopped) == 0)
      break;
  free (stopped);
  signal_all (self, SIGKILL, NULL);
}

static void
stop (Supervisor *self)
{
  if (self->kill_at != 0)
    return;
  self->kill_at = agent_now_ms () + AGENT_STOP_MS;
  signal_all (self, self->terminal != 0 ? SIGHUP : SIGTERM, NULL);
  signal_all (self, SIGCONT, NULL);
}

static void
report (Supervisor *self, const AgentReport *packet)
{
  if (self->socket >= 0 && send (self->socket, packet, sizeof *packet, MSG_NOSIGNAL) < 0)
    self->socket = -1;
}

static void
read_outcome (Supervisor *self)
{
  AgentReport packet = { .kind = AGENT_REPORT_STARTED, .pid = self->program };
  ssize_t n = read (self->report_fd, &packet.failure, sizeof packet.failure);

  if (n < 0 && errno == EINTR)
    return;
  close (self->report_fd);
  self->report_fd = -1;
  self->began = n != (ssize_t) sizeof packet.failure;
  if (!self->began)
    packet.kind = AGENT_REPORT_FAILED;
  report (self, &packet);
}

static void
tell_exit (Supervisor *self, int status, const struct rusage *usage)
{
  AgentReport packet = { .kind = AGENT_REPORT_EXITED, .pid = self->program, .status = status };

  /* Its end may be known before its begin. */
  if (self->report_fd >= 0)
    read_outcome (self);
  packet.cpu_ms = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000 +
                  (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
  packet.max_rss_kb = usage->ru_maxrss;
  self->program_ended = true;
  if (self->began)
    report (self, &packet);
  if (self->terminal != 0)
    stop (self);
}

/* Returns whether no child is left. */
static bool
reap (Supervisor *self)
{
  struct signalfd_siginfo info;
  struct rusage usage;
  int status;
  pid_t pid;

  while (read (self->signal_fd, &info, sizeof info) > 0)
    continue;
  while ((pid = wait4 (-1, &status, WNOHANG, &usage)) > 0)
    if (pid == self->program)
      tell_exit (self, status, &usage);
  return pid < 0 && errno == ECHILD;
}

static void
obey (Supervisor *self)
{
  AgentOrder order;
  ssize_t n = recv (self->socket, &order, sizeof order, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n != (ssize_t) sizeof order)
    {
      close (self->socket);
      self->socket = -1;
      if (self->terminal != 0)
        stop (self);
      else
        kill_all (self);
      return;
    }
  if (order.kind == AGENT_ORDER_STOP)
    stop (self);
  else if (order.kind == AGENT_ORDER_KILL || order.signal == SIGKILL)
    kill_all (self);
  else
    signal_all (self, order.signal, NULL);
}

/* A terminal's own processes may leave others behind, a job's may not. */
static bool
is_over (Supervisor *self, bool childless)
{
  if (childless)
    return true;
  return self->terminal != 0 && self->program_ended && signal_all (self, 0, NULL) == 0;
}

static void
supervise (Supervisor *self)
{
  for (;;)
    {
      struct pollfd fds[] = {
        { .fd = self->signal_fd, .events = POLLIN },
        { .fd = self->socket, .events = POLLIN },
        { .fd = self->report_fd, .events = POLLIN },
      };
      bool dying = self->killing || self->kill_at != 0;

      poll (fds, 3, dying ? self->again_ms : -1);
      if (dying && self->again_ms < AGAIN_MAX_MS)
        self->again_ms += AGAIN_MS;
      if (fds[2].revents != 0)
        read_outcome (self);
      if (fds[1].revents != 0)
        obey (self);
      if (is_over (self, reap (self)))
        return;
      if (self->killing || (self->kill_at != 0 && agent_now_ms () >= self->kill_at))
        kill_all (self);
    }
}

static void
close_others (int *keep, int n)
{
  unsigned int from = 3;

  for (int i = 1; i < n; i++)
    for (int j = i; j > 0 && keep[j - 1] > keep[j]; j--)
      {
        int other = keep[j];

        keep[j] = keep[j - 1];
        keep[j - 1] = other;
      }
  for (int i = 0; i <= n; i++)
    {
      unsigned int to = i < n ? (unsigned int) keep[i] : ~0u;

      if (i < n && keep[i] < (int) from)
        continue;
      if (to > from && syscall (SYS_close_range, from, to - (i < n ? 1u : 0u), 0u) < 0)
        for (unsigned int fd = from; fd < to && fd < 1024; fd++)
          close ((int) fd);
      from = to + 1;
    }
}

/* As field 7 of /proc/pid/stat has it. */
static int
device_of (int fd)
{
  struct stat info;
  unsigned int low;

  if (fstat (fd, &info) < 0)
    return 0;
  low = minor (info.st_rdev);
  return (int) ((low & 0xff) | major (info.st_rdev) << 8 | (low & ~0xffu) << 12);
}

static void
begin (Supervisor *self)
{
  int report_fds[2];

  if (pipe2 (report_fds, O_CLOEXEC) < 0)
    _exit (1);
  self->report_fd = report_fds[0];
  self->program = fork ();
  if (self->program == 0)
    agent_spawn_exec (self->spawn, self->cgroup_fd, report_fds[1]);
  if (self->program < 0)
    {
      AgentReport packet = { .kind = AGENT_REPORT_FAILED,
                             .failure = { .stage = AGENT_SPAWN_FORK, .error = errno } };

      report (self, &packet);
      _exit (1);
    }
  close (report_fds[1]);
  close (self->spawn->in);
  close (self->spawn->out);
  close (self->spawn->err);
}

void
agent_supervisor_run (const AgentSpawn *spawn, int socket, int cgroup_fd, const char *cgroup)
{
  Supervisor self = {
    .spawn = spawn, .socket = socket, .cgroup_fd = cgroup_fd, .again_ms = AGAIN_MS
  };
  int keep[] = { spawn->in, spawn->out, spawn->err, socket, cgroup_fd };
  sigset_t set;

  prctl (PR_SET_NAME, "kvma-supervisor");
  prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  close_others (keep, sizeof keep / sizeof keep[0]);
  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  self.signal_fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (spawn->terminal)
    self.terminal = device_of (spawn->in);
  begin (&self);
  supervise (&self);
  for (int round = 0; round < REMOVE_ROUNDS && !agent_cgroup_remove (cgroup); round++)
    poll (NULL, 0, AGAIN_MS);
  _exit (0);
}

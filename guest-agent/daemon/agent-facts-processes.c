/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-facts.h"
#include "daemon/agent-util.h"

#define KERNEL_THREAD 0x00200000 /* PF_KTHREAD */
#define COMM_SIZE 64             /* of a kernel's worker thread it is longer than 15 bytes */
#define PASSWD_MAX 262144

typedef struct
{
  uint32_t pid;
  uint32_t ppid;
  uint32_t uid;
  char state;
  bool is_kernel_thread;
  uint64_t ticks; /* user and system */
  uint64_t start; /* ticks after the boot */
  uint64_t rss_kib;
  double cpu;
  char comm[COMM_SIZE];
} Row;

typedef struct
{
  const AgentProcessQuery *query;
  AgentProcessTimes *times;
  double hertz;
  uint64_t page_kib;
  double uptime;     /* seconds */
  int64_t boot;      /* Unix time in seconds */
  uint32_t now_ms;   /* the low bits */
  uint32_t begun_ms; /* when uptime was read */
  char *passwd;
  Row *rows; /* the first of the order; one more than the limit */
  unsigned int n_rows;
  unsigned int total;
} Scan;

AgentProcessTimes *
agent_process_times_new (void)
{
  void *memory = mmap (NULL, sizeof (AgentProcessTimes), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  return memory != MAP_FAILED ? memory : NULL;
}

void
agent_process_times_free (AgentProcessTimes *self)
{
  if (self != NULL)
    munmap (self, sizeof *self);
}

bool
agent_process_sort_find (const char *name, AgentProcessSort *sort)
{
  static const char *const names[] = { "cpu", "memory", "pid", "name" };

  for (int i = 0; i < 4; i++)
    if (strcmp (names[i], name) == 0)
      {
        *sort = (AgentProcessSort) i;
        return true;
      }
  return false;
}

/* /proc/PID/stat: the name may hold anything, also ") ", so the last bracket ends it. */
static bool
read_stat (pid_t pid, Row *row)
{
  char path[64];
  char text[1024];
  char *name, *end, *p;
  uint64_t fields[22] = { 0 }; /* as proc(5) numbers them, from the third */

  snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
  if (agent_read_file (path, text, sizeof text) <= 0)
    return false;
  name = strchr (text, '(');
  end = strrchr (text, ')');
  if (name == NULL || end == NULL || end < name || end[1] != ' ')
    return false;
  *end = '\0';
  memset (row, 0, sizeof *row);
  row->pid = (uint32_t) pid;
  snprintf (row->comm, sizeof row->comm, "%s", name + 1);
  row->state = end[2];
  if (row->state == '\0')
    return false;
  p = end + 3;
  for (int i = 1; i < 22; i++)
    fields[i] = (uint64_t) strtoll (p, &p, 10);
  row->ppid = (uint32_t) fields[1];
  row->is_kernel_thread = (fields[6] & KERNEL_THREAD) != 0;
  row->ticks = fields[11] + fields[12];
  row->start = fields[19];
  row->rss_kib = fields[21];
  return true;
}

/* Seconds since the boot as the kernel counts the begin of a process. */
static double
read_uptime (void)
{
  char text[64];

  return agent_read_line ("/proc/uptime", text, sizeof text) ? strtod (text, NULL) : 0;
}

static int64_t
boot_time (double uptime)
{
  return (int64_t) ((double) agent_realtime_ms () / 1000 - uptime + 0.5);
}

static char *
read_passwd (void)
{
  char *text = malloc (PASSWD_MAX);

  if (text != NULL && agent_read_file ("/etc/passwd", text, PASSWD_MAX) < 0)
    text[0] = '\0';
  return text;
}

/* name:password:uid:… */
static bool
find_user (const char *passwd, uint32_t uid, char *out, size_t size)
{
  while (passwd != NULL && *passwd != '\0')
    {
      size_t length = strcspn (passwd, "\n");
      const char *name_end = memchr (passwd, ':', length);
      const char *id = name_end != NULL
                           ? memchr (name_end + 1, ':', length - (size_t) (name_end + 1 - passwd))
                           : NULL;
      char *end;

      if (id != NULL && isdigit ((unsigned char) id[1]) && strtoul (id + 1, &end, 10) == uid &&
          *end == ':')
        {
          snprintf (out, size, "%.*s", (int) (name_end - passwd), passwd);
          return true;
        }
      passwd += length;
      passwd += *passwd == '\n' ? 1 : 0;
    }
  return false;
}

/* One line: a blank stands between two arguments. */
static void
read_args (uint32_t pid, char *out, size_t size)
{
  char path[64];
  ssize_t n;

  snprintf (path, sizeof path, "/proc/%u/cmdline", pid);
  n = agent_read_file (path, out, size);
  if (n < 0)
    n = 0;
  while (n > 0 && out[n - 1] == '\0')
    n--;
  for (ssize_t i = 0; i < n; i++)
    if (out[i] == '\0')
      out[i] = ' ';
  out[n] = '\0';
}

static bool
matches (const Scan *self, const Row *row)
{
  const AgentProcessQuery *query = self->query;
  char text[AGENT_PROCESS_ARGS_MAX + 1];

  if (query->filter[0] == '\0' || strcasestr (row->comm, query->filter) != NULL)
    return true;
  if (find_user (self->passwd, row->uid, text, sizeof text) &&
      strcasestr (text, query->filter) != NULL)
    return true;
  if (!query->args)
    return false;
  read_args (row->pid, text, sizeof text);
  return strcasestr (text, query->filter) != NULL;
}

static int
compare_pids (const void *a, const void *b)
{
  uint32_t x = ((const AgentProcessTime *) a)->pid;
  uint32_t y = ((const AgentProcessTime *) b)->pid;

  return (x > y) - (x < y);
}

#define YOUNG_SECONDS 0.1

static double
cpu_of (const Scan *self, const Row *row)
{
  const AgentProcessTime *before = NULL;
  AgentProcessTime key = { .pid = row->pid };
  /* By the clock of when it was read: a scan may take a while. */
  double age = self->uptime + (double) (uint32_t) (self->now_ms - self->begun_ms) / 1000 -
               (double) row->start / self->hertz;
  double elapsed;

  if (self->times != NULL)
    {
      uint32_t current = self->times->current & 1;
      uint32_t n = self->times->samples[current].n;

      before =
          bsearch (&key, self->times->samples[current].times,
                   n < AGENT_PROCESSES_MAX ? n : AGENT_PROCESSES_MAX, sizeof key, compare_pids);
    }
  if (before != NULL && before->start == (uint32_t) row->start)
    {
      elapsed = (double) (self->now_ms - before->taken_ms) / 1000;
      if (elapsed > 0)
        return (double) ((uint32_t) row->ticks - before->ticks) / self->hertz / elapsed;
    }
  /* Of a younger one the ticks say little: both figures are rounded to one. */
  return (double) row->ticks / self->hertz / (age > YOUNG_SECONDS ? age : YOUNG_SECONDS);
}

static int
compare_rows (const Scan *self, const Row *a, const Row *b)
{
  int order = 0;

  switch (self->query->sort)
    {
    case AGENT_PROCESS_SORT_CPU:
      order = (a->cpu < b->cpu) - (a->cpu > b->cpu);
      if (order == 0)
        order = (a->rss_kib < b->rss_kib) - (a->rss_kib > b->rss_kib);
      break;
    case AGENT_PROCESS_SORT_MEMORY:
      order = (a->rss_kib < b->rss_kib) - (a->rss_kib > b->rss_kib);
      break;
    case AGENT_PROCESS_SORT_NAME:
      order = strcasecmp (a->comm, b->comm);
      break;
    case AGENT_PROCESS_SORT_PID:
      break;
    }
  return order != 0 ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

/* Keeps the first rows of the order only, so that memory does not grow with the guest. */
static void
insert (Scan *self, const Row *row)
{
  unsigned int low = 0;
  unsigned int high = self->n_rows;

  while (low < high)
    {
      unsigned int middle = (low + high) / 2;

      if (compare_rows (self, &self->rows[middle], row) <= 0)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == self->query->limit)
    return;
  memmove (&self->rows[low + 1], &self->rows[low], (self->n_rows - low) * sizeof *row);
  self->rows[low] = *row;
  if (self->n_rows < self->query->limit)
    self->n_rows++;
}

static void
remember (AgentProcessTimes *times, const Row *row, uint32_t now_ms)
{
  uint32_t next = (times->current & 1) ^ 1;
  uint32_t n = times->samples[next].n;

  if (n >= AGENT_PROCESSES_MAX)
    return;
  times->samples[next].times[n] =
      (AgentProcessTime){ row->pid, (uint32_t) row->start, (uint32_t) row->ticks, now_ms };
  times->samples[next].n = n + 1;
}

static void
scan_process (Scan *self, const char *name, bool keep)
{
  char path[AGENT_PATH_SIZE];
  char below[64];
  struct stat status;
  Row row;

  snprintf (below, sizeof below, "/proc/%.16s", name);
  if (!read_stat ((pid_t) strtol (name, NULL, 10), &row) ||
      stat (agent_path (path, below), &status) < 0)
    return;
  row.uid = status.st_uid;
  row.rss_kib *= self->page_kib;
  self->now_ms = (uint32_t) agent_now_ms ();
  if (keep)
    remember (self->times, &row, self->now_ms);
  if (!matches (self, &row))
    return;
  self->total++;
  row.cpu = cpu_of (self, &row);
  insert (self, &row);
}

/* Of two samples within a moment, differences say nothing: the older stays. Of two workers at the
 * same time, one writes. */
static bool
begin_sample (AgentProcessTimes *times, uint32_t now_ms)
{
  uint32_t current = times->current & 1;
  int writer = times->writer;

  if (times->samples[current].n > 0 &&
      now_ms - times->samples[current].taken_ms < AGENT_PROCESS_INTERVAL_MS)
    return false;
  if (writer != 0 && (kill (writer, 0) == 0 || errno != ESRCH))
    return false;
  if (!__sync_bool_compare_and_swap (&times->writer, writer, (int) getpid ()))
    return false;
  times->samples[current ^ 1].n = 0;
  return true;
}

/* The kernel lists processes by their number; the sample is sorted for who has another /proc. */
static void
finish_sample (AgentProcessTimes *times, uint32_t now_ms)
{
  uint32_t next = (times->current & 1) ^ 1;

  qsort (times->samples[next].times, times->samples[next].n, sizeof (AgentProcessTime),
         compare_pids);
  times->samples[next].taken_ms = now_ms;
  __sync_synchronize ();
  times->current = next;
  times->writer = 0;
}

static json_t *
row_to_json (const Scan *self, const Row *row)
{
  char state[2] = { row->state, '\0' };
  char text[AGENT_PROCESS_ARGS_MAX + 1];
  json_t *object = json_pack ("{sI sI sI}", "pid", (json_int_t) row->pid, "ppid",
                              (json_int_t) row->ppid, "uid", (json_int_t) row->uid);

  if (find_user (self->passwd, row->uid, text, sizeof text))
    agent_json_set_text (object, "user", text);
  agent_json_set_text (object, "comm", row->comm);
  agent_json_set_text (object, "state", state);
  /* Four digits are more than a tick can say, and a third of the bytes. */
  json_object_set_new (object, "cpu", json_real ((double) (int64_t) (row->cpu * 10000) / 10000));
  json_object_set_new (object, "rss_kb", json_integer ((json_int_t) row->rss_kib));
  json_object_set_new (
      object, "start",
      json_integer (self->boot + (json_int_t) ((double) row->start / self->hertz)));
  if (self->query->args)
    {
      read_args (row->pid, text, sizeof text);
      agent_json_set_text (object, "args", text);
    }
  return object;
}

static json_t *
scan_to_json (const Scan *self)
{
  json_t *object = json_object ();
  AgentList list;

  agent_list_init (&list);
  for (unsigned int i = 0; i < self->n_rows; i++)
    agent_list_add (&list, row_to_json (self, &self->rows[i]));
  list.full = list.full || self->total > self->n_rows;
  list.total = self->total;
  agent_list_finish (&list, object, "procs");
  return object;
}

json_t *
agent_processes_list (const AgentProcessQuery *query, AgentProcessTimes *times)
{
  char path[AGENT_PATH_SIZE];
  Scan self = { .query = query, .times = times };
  DIR *directory = opendir (agent_path (path, "/proc"));
  const struct dirent *entry;
  json_t *object = NULL;
  bool keep;

  self.hertz = (double) sysconf (_SC_CLK_TCK);
  self.page_kib = (uint64_t) sysconf (_SC_PAGESIZE) / 1024;
  self.uptime = read_uptime ();
  self.now_ms = self.begun_ms = (uint32_t) agent_now_ms ();
  self.boot = boot_time (self.uptime);
  self.passwd = read_passwd ();
  self.rows = malloc ((query->limit + 1) * sizeof *self.rows);
  keep = times != NULL && begin_sample (times, self.now_ms);
  if (self.rows != NULL)
    {
      while (directory != NULL && (entry = readdir (directory)) != NULL)
        if (isdigit ((unsigned char) entry->d_name[0]))
          scan_process (&self, entry->d_name, keep);
      object = scan_to_json (&self);
    }
  if (keep)
    finish_sample (times, self.now_ms);
  if (directory != NULL)
    closedir (directory);
  free (self.passwd);
  free (self.rows);
  return object;
}

bool
agent_process_read (pid_t pid, AgentProcess *process)
{
  Row row;

  if (!read_stat (pid, &row))
    return false;
  process->pid = pid;
  process->is_kernel_thread = row.is_kernel_thread;
  process->start =
      boot_time (read_uptime ()) + (int64_t) ((double) row.start / (double) sysconf (_SC_CLK_TCK));
  return true;
}

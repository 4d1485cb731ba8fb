/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-care.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-child.h"
#include "daemon/agent-timezone.h"
#include "daemon/agent.h"

#define FLUSH_PATIENCE 10 /* times KVMA_POWER_FLUSH_MS */
#define ZONE_MAX 16384

/* Returns 0 or errno. *@trimmed: bytes. */
static int
trim_one (const char *mount, uint64_t minimum, uint64_t *trimmed)
{
  char path[AGENT_PATH_SIZE];
  struct fstrim_range range = { .start = 0, .len = UINT64_MAX, .minlen = minimum };
  int fd = open (agent_path (path, mount), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  int error = 0;

  if (fd < 0)
    return errno;
  if (ioctl (fd, FITRIM, &range) < 0)
    error = errno;
  *trimmed = range.len;
  close (fd);
  return error;
}

void
agent_trim_run (const AgentTrimPlan *plan, AgentAnswer *answer)
{
  json_t *results = json_array ();

  for (unsigned int i = 0; i < plan->n; i++)
    {
      uint64_t trimmed = 0;
      int error = trim_one (plan->mounts[i], plan->minimum, &trimmed);
      json_t *row;

      /* Whoever asked for all that can be trimmed did not mean this one. */
      if ((error == EOPNOTSUPP || error == ENOTTY) && !plan->named)
        continue;
      row = json_object ();
      json_object_set_new (row, "mount", agent_json_text (plan->mounts[i], KVMA_PATH_MAX));
      if (error == 0)
        json_object_set_new (row, "trimmed", json_integer ((json_int_t) trimmed));
      else
        agent_json_set_text (row, "error",
                             error == EOPNOTSUPP || error == ENOTTY
                                 ? "its disk does not take back unused blocks"
                                 : strerror (error));
      json_array_append_new (results, row);
    }
  agent_answer_result (answer, json_pack ("{so}", "results", results));
}

uint64_t
agent_clock_monotonic_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

/* Seconds to add for a hardware clock that runs in local time: the third line of /etc/adjtime says
 * so. */
static int
hardware_offset (int64_t seconds)
{
  char text[256];
  char name[AGENT_TIMEZONE_NAME_SIZE];
  char *zone;
  ssize_t n;
  int offset = 0;

  if (agent_read_file ("/etc/adjtime", text, sizeof text) <= 0 || strstr (text, "\nLOCAL") == NULL)
    return 0;
  zone = malloc (ZONE_MAX);
  n = zone != NULL ? agent_read_file ("/etc/localtime", zone, ZONE_MAX) : -1;
  if (n > 0)
    agent_timezone_at ((uint8_t *) zone, (size_t) n, seconds, &offset, name);
  free (zone);
  return offset;
}

/* A guest without one keeps the right time until it is switched off. */
static void
set_hardware_clock (int64_t seconds)
{
  char path[AGENT_PATH_SIZE];
  time_t wanted = (time_t) (seconds + hardware_offset (seconds));
  struct rtc_time when = { 0 };
  struct tm parts;
  int fd = open (agent_path (path, "/dev/rtc0"), O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  agent_utc (wanted, &parts);
  when.tm_sec = parts.tm_sec;
  when.tm_min = parts.tm_min;
  when.tm_hour = parts.tm_hour;
  when.tm_mday = parts.tm_mday;
  when.tm_mon = parts.tm_mon;
  when.tm_year = parts.tm_year;
  when.tm_wday = parts.tm_wday;
  when.tm_yday = parts.tm_yday;
  ioctl (fd, RTC_SET_TIME, &when);
  close (fd);
}

static int
step (int64_t wanted_us)
{
  struct timespec when = { .tv_sec = (time_t) (wanted_us / 1000000),
                           .tv_nsec = (long) (wanted_us % 1000000) * 1000 };

  return clock_settime (CLOCK_REALTIME, &when) < 0 ? errno : 0;
}

static int
slew (int64_t delta_us)
{
  struct timex order = { .modes = ADJ_OFFSET_SINGLESHOT, .offset = (long) delta_us };

  return adjtimex (&order) < 0 ? errno : 0;
}

void
agent_clock_set (const AgentClockOrder *order, AgentAnswer *answer)
{
  /* What passed since it was asked for is not lost. */
  int64_t wanted = order->realtime_us + (int64_t) (agent_clock_monotonic_us () - order->asked_us);
  struct timespec now;
  int64_t delta;
  int error;

  clock_gettime (CLOCK_REALTIME, &now);
  delta = wanted - ((int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000);
  if (order->slew && (delta > AGENT_SLEW_MAX_US || delta < -AGENT_SLEW_MAX_US))
    {
      agent_answer_error (answer, KVMA_ERROR_PARAMS, "slew goes up to 0.5 s only", 0);
      return;
    }
  error = order->slew ? slew (delta) : step (wanted);
  if (error != 0)
    {
      agent_answer_error (answer, error == EPERM ? KVMA_ERROR_UNSUPPORTED : KVMA_ERROR_IO,
                          strerror (error), error);
      return;
    }
  set_hardware_clock (wanted / 1000000);
  agent_answer_result (answer, json_pack ("{sI}", "delta_us", (json_int_t) delta));
}

static bool
has_word (const char *path, const char *word)
{
  char text[128];
  const char *found;
  size_t length = strlen (word);

  if (!agent_read_line (path, text, sizeof text))
    return false;
  for (found = text; (found = strstr (found, word)) != NULL; found += length)
    if ((found == text || strchr (" [", found[-1]) != NULL) &&
        (found[length] == '\0' || strchr (" ]", found[length]) != NULL))
      return true;
  return false;
}

/* "mem" may be no more than an idle that only the guest itself ends; the host has a way to wake up
 * what the firmware has put to sleep. */
bool
agent_suspend_can (const char *target)
{
  char path[AGENT_PATH_SIZE];

  if (strcmp (target, "disk") == 0)
    return has_word ("/sys/power/state", "disk");
  return has_word ("/sys/power/state", "mem") &&
         (access (agent_path (path, "/sys/power/mem_sleep"), F_OK) < 0 ||
          has_word ("/sys/power/mem_sleep", "deep"));
}

static void
write_state (const char *file, const char *word)
{
  char path[AGENT_PATH_SIZE];
  int fd = open (agent_path (path, file), O_WRONLY | O_CLOEXEC);

  if (fd < 0 || write (fd, word, strlen (word)) < 0)
    _exit (1);
  close (fd);
}

static void
woken_cb (Agent *agent, const AgentExit *ended, void *data)
{
  const char *target = data;

  agent->suspend.child = 0;
  if (WIFEXITED (ended->status) && WEXITSTATUS (ended->status) == 0)
    return;
  agent_log (AGENT_LOG_ERROR, "suspend to %s: the kernel refused", target);
  agent_events_emit (agent, AGENT_TOPIC_POWER_FAILED,
                     json_pack ("{ss ss}", "mode", "suspend", "message", "the kernel refused"));
}

static void
fall_asleep (Agent *agent)
{
  AgentSuspend *self = &agent->suspend;

  self->pending = false;
  agent_log (AGENT_LOG_WARNING, "suspend to %s, asked for by the host", self->target);
  self->child = agent_child_has_room (agent) ? fork () : -1;
  if (self->child == 0)
    {
      char path[AGENT_PATH_SIZE];
      bool to_ram = strcmp (self->target, "ram") == 0;

      agent_child_clean (-1);
      if (to_ram && access (agent_path (path, "/sys/power/mem_sleep"), F_OK) == 0)
        write_state ("/sys/power/mem_sleep", "deep");
      write_state ("/sys/power/state", to_ram ? "mem" : "disk");
      _exit (0);
    }
  if (self->child > 0)
    agent_child_watch (agent, self->child, woken_cb, (void *) self->target);
  else
    self->child = 0;
}

static void
suspend_cb (void *data)
{
  Agent *agent = data;
  AgentSuspend *self = &agent->suspend;

  if (agent->link.out_written < self->reply_mark && self->patience-- > 0)
    agent_timer_start (&agent->loop, &self->timer, KVMA_POWER_FLUSH_MS);
  else
    fall_asleep (agent);
}

bool
agent_suspend_schedule (Agent *agent, const char *target)
{
  AgentSuspend *self = &agent->suspend;

  if (self->pending || self->child > 0)
    return false;
  self->pending = true;
  self->target = target;
  self->patience = FLUSH_PATIENCE;
  self->reply_mark = 0;
  agent_timer_start (&agent->loop, &self->timer, KVMA_POWER_FLUSH_MS);
  return true;
}

void
agent_suspend_replied (Agent *agent)
{
  agent->suspend.reply_mark = agent->link.out_queued;
}

void
agent_suspend_init (Agent *agent)
{
  memset (&agent->suspend, 0, sizeof agent->suspend);
  agent_timer_init (&agent->suspend.timer, suspend_cb, agent);
}

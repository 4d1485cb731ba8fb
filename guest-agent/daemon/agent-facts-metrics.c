/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-facts.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/agent-util.h"

/* Fewer ticks than this say little; the last fractions are given again. */
#define TICKS_MIN 5

static bool
read_cpu (AgentCpuSample *sample)
{
  /* The first line is all that is wanted of a file that is long on large machines. */
  char text[512];
  uint64_t v[8] = { 0 };
  unsigned int n = 0;
  const char *p;
  char *end;

  if (!agent_read_line ("/proc/stat", text, sizeof text))
    return false;
  if (strncmp (text, "cpu ", 4) != 0)
    return false;
  for (p = text + 4; n < 8; n++, p = end)
    {
      v[n] = strtoull (p, &end, 10);
      if (end == p)
        break;
    }
  if (n < 4)
    return false;
  sample->user = v[0] + v[1];
  sample->system = v[2] + v[5] + v[6];
  sample->idle = v[3];
  sample->iowait = v[4];
  sample->steal = v[7];
  sample->taken_ms = agent_now_ms ();
  return true;
}

void
agent_facts_cpu_begin (AgentCpuSample *sample)
{
  memset (sample, 0, sizeof *sample);
  read_cpu (sample);
}

/* iowait and steal are known to go backwards. */
static uint64_t
difference (uint64_t now, uint64_t before)
{
  return now > before ? now - before : 0;
}

static void
set_cpu (json_t *object, AgentCpuSample *sample)
{
  static const char *const names[] = { "user", "system", "idle", "iowait", "steal" };
  AgentCpuSample now = { 0 };
  json_t *cpu;

  if (read_cpu (&now))
    {
      uint64_t parts[5] = {
        difference (now.user, sample->user),   difference (now.system, sample->system),
        difference (now.idle, sample->idle),   difference (now.iowait, sample->iowait),
        difference (now.steal, sample->steal),
      };
      uint64_t total = parts[0] + parts[1] + parts[2] + parts[3] + parts[4];

      if (total >= TICKS_MIN)
        {
          for (int i = 0; i < 5; i++)
            now.fractions[i] = (double) parts[i] / (double) total;
          now.has_fractions = true;
          *sample = now;
        }
    }
  if (!sample->has_fractions)
    return;
  cpu = json_object ();
  for (int i = 0; i < 5; i++)
    json_object_set_new (cpu, names[i], json_real (sample->fractions[i]));
  json_object_set_new (object, "cpu", cpu);
}

static void
set_load (json_t *object)
{
  char text[128];
  char *p = text;
  json_t *load;

  if (!agent_read_line ("/proc/loadavg", text, sizeof text))
    return;
  load = json_array ();
  for (int i = 0; i < 3; i++)
    json_array_append_new (load, json_real (strtod (p, &p)));
  json_object_set_new (object, "load", load);
}

static void
set_memory (json_t *object)
{
  static const struct
  {
    const char *key;
    const char *member;
  } wanted[] = {
    { "MemTotal", "total" },     { "MemAvailable", "avail" }, { "MemFree", "free" },
    { "Buffers", "buffers" },    { "Cached", "cached" },      { "SwapTotal", "swap_total" },
    { "SwapFree", "swap_free" },
  };
  char text[4096];
  json_t *mem;

  if (agent_read_file ("/proc/meminfo", text, sizeof text) <= 0)
    return;
  mem = json_object ();
  for (char *line = text; *line != '\0';)
    {
      char *end = line + strcspn (line, "\n");
      char *colon = memchr (line, ':', (size_t) (end - line));

      for (size_t i = 0; colon != NULL && i < sizeof wanted / sizeof wanted[0]; i++)
        if (strlen (wanted[i].key) == (size_t) (colon - line) &&
            memcmp (wanted[i].key, line, (size_t) (colon - line)) == 0)
          json_object_set_new (mem, wanted[i].member,
                               json_integer ((json_int_t) (strtoull (colon + 1, NULL, 10) * 1024)));
      line = *end == '\n' ? end + 1 : end;
    }
  json_object_set_new (object, "mem", mem);
}

static void
set_pressure (json_t *object)
{
  static const char *const files[] = { "/proc/pressure/cpu", "/proc/pressure/memory",
                                       "/proc/pressure/io" };
  static const char *const members[] = { "cpu", "mem", "io" };
  json_t *psi = json_object ();
  static const char beginning[] = "some avg10=";
  char text[256];

  for (int i = 0; i < 3; i++)
    if (agent_read_line (files[i], text, sizeof text) &&
        strncmp (text, beginning, sizeof beginning - 1) == 0)
      json_object_set_new (psi, members[i], json_real (strtod (text + sizeof beginning - 1, NULL)));
  if (json_object_size (psi) > 0)
    json_object_set_new (object, "psi", psi);
  else
    json_decref (psi);
}

static void
set_processes (json_t *object)
{
  char path[AGENT_PATH_SIZE];
  DIR *directory = opendir (agent_path (path, "/proc"));
  const struct dirent *entry;
  unsigned int n = 0;

  if (directory == NULL)
    return;
  while ((entry = readdir (directory)) != NULL)
    if (isdigit ((unsigned char) entry->d_name[0]))
      n++;
  closedir (directory);
  json_object_set_new (object, "procs", json_integer (n));
}

json_t *
agent_facts_metrics (AgentCpuSample *sample)
{
  json_t *object = json_pack ("{sI}", "t", (json_int_t) agent_realtime_ms ());

  set_cpu (object, sample);
  set_load (object);
  set_memory (object);
  set_pressure (object);
  set_processes (object);
  return object;
}

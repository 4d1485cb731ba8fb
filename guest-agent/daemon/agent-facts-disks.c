/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-facts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-mounts.h"
#include "daemon/agent-util.h"

#define SECTOR 512 /* the unit of the counters, whatever the disk has */

/* Of what stands in /sys/block, only what is a piece of hardware: no loop device, no volume that
 * stands on other disks, no path of a multipath NVMe. */
static bool
is_disk (const char *name)
{
  char full[AGENT_PATH_SIZE];
  char path[320];
  char text[16];

  if (name[0] == '.' || strncmp (name, "sr", 2) == 0 || strncmp (name, "fd", 2) == 0)
    return false;
  snprintf (path, sizeof path, "/sys/block/%.255s/device", name);
  if (access (agent_path (full, path), F_OK) < 0)
    return false;
  snprintf (path, sizeof path, "/sys/block/%.255s/hidden", name);
  return !agent_read_line (path, text, sizeof text) || strcmp (text, "1") != 0;
}

static uint64_t
read_size (const char *name)
{
  char path[320];
  char text[32];

  snprintf (path, sizeof path, "/sys/block/%.255s/size", name);
  return agent_read_line (path, text, sizeof text) ? strtoull (text, NULL, 10) * SECTOR : 0;
}

/* Returns %NULL for a drive without a medium. */
static json_t *
disk_to_json (const char *name)
{
  enum
  {
    READS = 0,
    SECTORS_READ = 2,
    WRITES = 4,
    SECTORS_WRITTEN = 6,
    IO_MS = 9,
    N_FIELDS,
  };
  static const struct
  {
    const char *member;
    int field;
    uint64_t unit;
  } wanted[] = { { "reads", READS, 1 },
                 { "read_bytes", SECTORS_READ, SECTOR },
                 { "writes", WRITES, 1 },
                 { "written_bytes", SECTORS_WRITTEN, SECTOR },
                 { "io_ms", IO_MS, 1 } };
  uint64_t size = read_size (name);
  uint64_t fields[N_FIELDS] = { 0 };
  char path[320];
  char text[512];
  char *p = text;
  json_t *object;

  if (size == 0)
    return NULL;
  object = json_object ();
  agent_json_set_text (object, "name", name);
  json_object_set_new (object, "size", json_integer ((json_int_t) size));
  snprintf (path, sizeof path, "/sys/block/%.255s", name);
  if (agent_disk_serial (path, text, sizeof text))
    agent_json_set_text (object, "serial", text);
  snprintf (path, sizeof path, "/sys/block/%.255s/stat", name);
  if (!agent_read_line (path, text, sizeof text))
    return object;
  for (int i = 0; i < N_FIELDS; i++)
    fields[i] = strtoull (p, &p, 10);
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
    json_object_set_new (object, wanted[i].member,
                         json_integer ((json_int_t) (fields[wanted[i].field] * wanted[i].unit)));
  return object;
}

static int
is_disk_entry (const struct dirent *entry)
{
  return is_disk (entry->d_name);
}

/* Not alphasort(), which brings the collation of every locale along. */
static int
by_name (const struct dirent **a, const struct dirent **b)
{
  return strcmp ((*a)->d_name, (*b)->d_name);
}

json_t *
agent_facts_disks (void)
{
  char path[AGENT_PATH_SIZE];
  struct dirent **entries = NULL;
  int n = scandir (agent_path (path, "/sys/block"), &entries, is_disk_entry, by_name);
  json_t *object = json_object ();
  AgentList list;

  agent_list_init (&list);
  for (int i = 0; i < n; i++)
    {
      json_t *row = disk_to_json (entries[i]->d_name);

      if (row != NULL)
        agent_list_add (&list, row);
      free (entries[i]);
    }
  free (entries);
  agent_list_finish (&list, object, "disks");
  return object;
}

static json_int_t
clock_us (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (json_int_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

json_t *
agent_facts_time (void)
{
  struct timex state = { 0 };
  bool disciplined = adjtimex (&state) >= 0 && (state.status & STA_UNSYNC) == 0;

  return json_pack ("{sI sI sb}", "realtime_us", clock_us (CLOCK_REALTIME), "monotonic_us",
                    clock_us (CLOCK_MONOTONIC), "ntp", disciplined);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The mount table, cut down to what a person wants to see. */

typedef struct
{
  char *mount;
  char *device;
  char *type;
  unsigned int major, minor;
  unsigned int order; /* in which it was mounted */
  bool read_only;
  bool may_block; /* asking it is left to a worker: a server may be dead */
  bool done;
  bool stale;
  uint64_t total, used, available; /* bytes */
} AgentMount;

typedef struct
{
  AgentMount *rows;
  unsigned int n;
  unsigned int total; /* also those that found no room */
} AgentMounts;

/**
 * agent_mounts_read:
 * @all: every mount; else block devices, network file systems and "/", each device once
 *
 * Reads the table of this process, sorted by mount point, at most KVMA_LIST_ROWS_MAX rows. Asks no
 * file system anything.
 */
void agent_mounts_read (AgentMounts *self, bool all);

void agent_mounts_clear (AgentMounts *self);

/** agent_mount_ask: statvfs(); fills the sizes, or marks @self stale. May block. */
void agent_mount_ask (AgentMount *self);

/** agent_disk_serial: @path: of the disk in sysfs. Returns whether it has a serial number. */
bool agent_disk_serial (const char *path, char *out, size_t size);

/** agent_mount_disk_serial: Returns whether the disk below @self has a serial number. */
bool agent_mount_disk_serial (const AgentMount *self, char *out, size_t size);

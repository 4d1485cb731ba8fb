/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemon/agent-util.h"
#include "protocol/kvma-limits.h"

#define TABLE_MAX (1 << 20)
#define SLAVES_DEPTH_MAX 4

static bool
is_one_of (const char *type, const char *const *list)
{
  for (; *list != NULL; list++)
    if (strcmp (type, *list) == 0)
      return true;
  return false;
}

static bool
is_network (const char *type)
{
  static const char *const network[] = {
    "nfs",       "nfs4",        "cifs",      "smb3",     "ceph", "9p",         "virtiofs",
    "glusterfs", "lustre",      "afs",       "ocfs2",    "gfs2", "fuse.sshfs", "fuse.glusterfs",
    "fuse.ceph", "fuse.rclone", "fuse.s3fs", "fuse.mfs", NULL
  };

  return is_one_of (type, network);
}

/* File systems that answer from memory. All others are asked by a worker. */
static bool
is_local (const char *type)
{
  static const char *const local[] = {
    "ext2",     "ext3",      "ext4",    "xfs",         "btrfs",      "vfat",    "exfat",
    "tmpfs",    "rootfs",    "ramfs",   "f2fs",        "erofs",      "zfs",     "jfs",
    "squashfs", "iso9660",   "udf",     "ntfs3",       "bcachefs",   "overlay", "nilfs2",
    "msdos",    "proc",      "sysfs",   "devtmpfs",    "devpts",     "cgroup",  "cgroup2",
    "mqueue",   "hugetlbfs", "debugfs", "tracefs",     "securityfs", "pstore",  "bpf",
    "configfs", "efivarfs",  "nsfs",    "binfmt_misc", "fusectl",    NULL
  };

  return is_one_of (type, local);
}

static bool
is_wanted (const AgentMount *row)
{
  if (strcmp (row->mount, "/") == 0)
    return true;
  if (strcmp (row->type, "squashfs") == 0 || strcmp (row->type, "devtmpfs") == 0)
    return false;
  return strncmp (row->device, "/dev/", 5) == 0 || strcmp (row->type, "zfs") == 0 ||
         strcmp (row->type, "bcachefs") == 0 || is_network (row->type);
}

/* Undoes the octal escapes of the table, in place. */
static void
unescape (char *text)
{
  char *out = text;

  for (const char *p = text; *p != '\0'; p++)
    {
      if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' &&
          p[3] <= '7')
        {
          *out++ = (char) ((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
          p += 3;
        }
      else
        *out++ = *p;
    }
  *out = '\0';
}

static bool
has_option (const char *options, const char *wanted)
{
  size_t n = strlen (wanted);

  for (const char *p = options; *p != '\0'; p += strcspn (p, ","), p += *p == ',' ? 1 : 0)
    if (strcspn (p, ",") == n && memcmp (p, wanted, n) == 0)
      return true;
  return false;
}

/* One line: id parent major:minor root mount options [fields] - type source super-options. */
static bool
parse_line (char *line, AgentMount *row)
{
  char *fields[6];
  char *p = line;
  char *tail = strstr (line, " - ");
  char *type, *source, *super;

  if (tail == NULL)
    return false;
  *tail = '\0';
  for (int i = 0; i < 6; i++)
    fields[i] = strsep (&p, " ");
  p = tail + 3;
  type = strsep (&p, " ");
  source = strsep (&p, " ");
  super = strsep (&p, " ");
  if (fields[5] == NULL || source == NULL)
    return false;
  row->major = (unsigned int) strtoul (fields[2], &p, 10);
  row->minor = *p == ':' ? (unsigned int) strtoul (p + 1, NULL, 10) : 0;
  unescape (fields[4]);
  unescape (source);
  row->mount = fields[4];
  row->device = source;
  row->type = type;
  row->read_only = has_option (fields[5], "ro") || (super != NULL && has_option (super, "ro"));
  return true;
}

static char *
read_table (void)
{
  size_t size = 16384;
  char *text = malloc (size);
  ssize_t n;

  /* The kernel makes the table anew for each reader, so a larger buffer starts again. */
  while (text != NULL && (n = agent_read_file ("/proc/self/mountinfo", text, size)) >= 0)
    {
      if ((size_t) n < size - 1 || size >= TABLE_MAX)
        return text;
      free (text);
      size *= 4;
      text = malloc (size);
    }
  free (text);
  return NULL;
}

/* Rows point into the table until they are copied. */
static unsigned int
parse_table (char *text, AgentMount *rows)
{
  unsigned int n = 0;
  unsigned int order = 0;
  char *line;

  while ((line = strsep (&text, "\n")) != NULL)
    {
      AgentMount row = { 0 };
      unsigned int i = 0;

      if (*line == '\0' || !parse_line (line, &row) || strcmp (row.type, "autofs") == 0)
        continue;
      /* What is mounted over hides what was there. */
      while (i < n && strcmp (rows[i].mount, row.mount) != 0)
        i++;
      row.order = order++;
      rows[i] = row;
      n += i == n ? 1 : 0;
    }
  return n;
}

static int
compare_rows (const void *a, const void *b)
{
  return strcmp (((const AgentMount *) a)->mount, ((const AgentMount *) b)->mount);
}

static unsigned int
drop_unwanted (AgentMount *rows, unsigned int n)
{
  unsigned int kept = 0;

  for (unsigned int i = 0; i < n; i++)
    if (is_wanted (&rows[i]))
      rows[kept++] = rows[i];
  return kept;
}

/* Keeps the shortest mount point of each device; bind mounts are the same disk again. Rows are
 * sorted by mount point, so of two that are equally long the first stays. */
static unsigned int
drop_repeated (AgentMount *rows, unsigned int n)
{
  unsigned int kept = 0;

  for (unsigned int i = 0; i < n; i++)
    {
      unsigned int k = 0;

      while (k < kept && (rows[k].major != rows[i].major || rows[k].minor != rows[i].minor))
        k++;
      if (k == kept)
        rows[kept++] = rows[i];
      else if (strlen (rows[i].mount) < strlen (rows[k].mount))
        rows[k] = rows[i];
    }
  return kept;
}

static bool
is_below (const char *path, const char *directory)
{
  size_t n = strlen (directory);

  return strncmp (path, directory, n) == 0 && (path[n] == '/' || n == 1) && path[n] != '\0';
}

/* Walking the path to a harmless mount can hang as well, when it leads through a dead one. */
static void
mark_blocking (AgentMount *rows, unsigned int n)
{
  unsigned int blockers[KVMA_LIST_ROWS_MAX];
  unsigned int n_blockers = 0;

  for (unsigned int i = 0; i < n; i++)
    {
      rows[i].may_block = !is_local (rows[i].type);
      if (rows[i].may_block && n_blockers < KVMA_LIST_ROWS_MAX)
        blockers[n_blockers++] = i;
    }
  for (unsigned int i = 0; i < n; i++)
    for (unsigned int k = 0; k < n_blockers && !rows[i].may_block; k++)
      rows[i].may_block = is_below (rows[i].mount, rows[blockers[k]].mount);
}

static void
copy_rows (AgentMounts *self, const AgentMount *rows, unsigned int n)
{
  self->total = n;
  self->n = n < KVMA_LIST_ROWS_MAX ? n : KVMA_LIST_ROWS_MAX;
  self->rows = calloc (self->n > 0 ? self->n : 1, sizeof *self->rows);
  if (self->rows == NULL)
    self->n = 0;
  for (unsigned int i = 0; i < self->n; i++)
    {
      self->rows[i] = rows[i];
      self->rows[i].mount = strdup (rows[i].mount);
      self->rows[i].device = strdup (rows[i].device);
      self->rows[i].type = strdup (rows[i].type);
      if (self->rows[i].mount == NULL || self->rows[i].device == NULL || self->rows[i].type == NULL)
        abort ();
    }
}

void
agent_mounts_read (AgentMounts *self, bool all)
{
  char *text = read_table ();
  size_t lines = 1;
  AgentMount *rows;
  unsigned int n;

  memset (self, 0, sizeof *self);
  if (text == NULL)
    return;
  for (const char *p = text; *p != '\0'; p++)
    lines += *p == '\n' ? 1 : 0;
  rows = calloc (lines, sizeof *rows);
  if (rows != NULL)
    {
      n = parse_table (text, rows);
      mark_blocking (rows, n);
      if (!all)
        n = drop_unwanted (rows, n);
      qsort (rows, n, sizeof *rows, compare_rows);
      if (!all)
        n = drop_repeated (rows, n);
      qsort (rows, n, sizeof *rows, compare_rows);
      copy_rows (self, rows, n);
    }
  free (rows);
  free (text);
}

void
agent_mounts_clear (AgentMounts *self)
{
  for (unsigned int i = 0; i < self->n; i++)
    {
      free (self->rows[i].mount);
      free (self->rows[i].device);
      free (self->rows[i].type);
    }
  free (self->rows);
  memset (self, 0, sizeof *self);
}

void
agent_mount_ask (AgentMount *self)
{
  char path[AGENT_PATH_SIZE];
  struct statvfs status;

  self->done = true;
  self->stale = statvfs (agent_path (path, self->mount), &status) < 0;
  if (self->stale)
    return;
  self->total = (uint64_t) status.f_blocks * status.f_frsize;
  self->used = (uint64_t) (status.f_blocks - status.f_bfree) * status.f_frsize;
  self->available = (uint64_t) status.f_bavail * status.f_frsize;
}

/* The serial number of the disk whose sysfs directory is @path: virtio has it as a file, NVMe and
 * SCSI below "device"; SCSI's is a vital product data page with four bytes of header. */
bool
agent_disk_serial (const char *path, char *out, size_t size)
{
  char name[512];
  char page[256];
  ssize_t n;

  snprintf (name, sizeof name, "%.480s/serial", path);
  if (agent_read_line (name, out, size) && out[0] != '\0')
    return true;
  snprintf (name, sizeof name, "%.480s/device/serial", path);
  if (agent_read_line (name, out, size) && out[0] != '\0')
    return true;
  snprintf (name, sizeof name, "%.480s/device/vpd_pg80", path);
  n = agent_read_file (name, page, sizeof page);
  if (n <= 4)
    return false;
  snprintf (out, size, "%s", page + 4 + strspn (page + 4, " "));
  out[strcspn (out, " \n")] = '\0';
  return out[0] != '\0';
}

static bool
find_serial (const char *path, char *out, size_t size, int depth)
{
  char full[AGENT_PATH_SIZE];
  char name[512];
  DIR *directory;
  const struct dirent *entry;
  bool found = false;

  snprintf (name, sizeof name, "%.480s/partition", path);
  if (access (agent_path (full, name), F_OK) == 0)
    {
      snprintf (name, sizeof name, "%.480s/..", path);
      return agent_disk_serial (name, out, size);
    }
  if (agent_disk_serial (path, out, size))
    return true;
  if (depth == SLAVES_DEPTH_MAX)
    return false;
  /* LVM, LUKS and software RAID stand on other devices: the first one names the disk. */
  snprintf (name, sizeof name, "%.480s/slaves", path);
  directory = opendir (agent_path (full, name));
  while (directory != NULL && !found && (entry = readdir (directory)) != NULL)
    if (entry->d_name[0] != '.')
      {
        snprintf (name, sizeof name, "%.256s/slaves/%.200s", path, entry->d_name);
        found = find_serial (name, out, size, depth + 1);
      }
  if (directory != NULL)
    closedir (directory);
  return found;
}

bool
agent_mount_disk_serial (const AgentMount *self, char *out, size_t size)
{
  unsigned int device_major = self->major;
  unsigned int device_minor = self->minor;
  char full[AGENT_PATH_SIZE];
  char path[64];
  struct stat status;

  if (strncmp (self->device, "/dev/", 5) != 0)
    return false;
  /* btrfs and others have a number of their own; the device node tells the real one. */
  if (device_major == 0 && stat (agent_path (full, self->device), &status) == 0 &&
      S_ISBLK (status.st_mode))
    {
      device_major = major (status.st_rdev);
      device_minor = minor (status.st_rdev);
    }
  snprintf (path, sizeof path, "/sys/dev/block/%u:%u", device_major, device_minor);
  return find_serial (path, out, size, 0);
}

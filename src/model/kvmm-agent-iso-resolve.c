/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-agent-iso-private.h"
#include "util/kvmm-guest-text.h"

/* ISO 9660 (ECMA-119), 8.4: the primary volume descriptor. */
#define DESCRIPTOR_OFFSET 32768
#define DESCRIPTOR_SIZE 2048
#define VOLUME_ID_OFFSET 40
#define VOLUME_ID_SIZE 32
#define APPLICATION_ID_OFFSET 574
#define APPLICATION_ID_SIZE 128

#define VOLUME_ID "KVMMANAGER_AGENT"
#define APPLICATION_PREFIX "KVM-MANAGER-AGENT "

/* More paths than anybody configures. */
#define MAX_PATHS 64

/* ---- looking at a file ---- */

void
kvmm_agent_iso_probe_free (KvmmAgentIsoProbe *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->real_path);
  g_free (self->problem);
  g_free (self->version);
  g_free (self->closed_folder);
  g_free (self);
}

/* A field of the descriptor: padded with spaces. */
static char *
dup_field (const char *descriptor, gsize offset, gsize size)
{
  return g_strchomp (g_strndup (descriptor + offset, size));
}

static void
read_descriptor (KvmmAgentIsoProbe *self, int fd)
{
  static const char magic[] = { 1, 'C', 'D', '0', '0', '1', 1 };
  char descriptor[DESCRIPTOR_SIZE];

  if (pread (fd, descriptor, sizeof descriptor, DESCRIPTOR_OFFSET) != sizeof descriptor ||
      memcmp (descriptor, magic, sizeof magic) != 0)
    return;

  g_autofree char *volume = dup_field (descriptor, VOLUME_ID_OFFSET, VOLUME_ID_SIZE);
  g_autofree char *application = dup_field (descriptor, APPLICATION_ID_OFFSET, APPLICATION_ID_SIZE);
  self->is_ours = g_str_equal (volume, VOLUME_ID);
  if (self->is_ours && g_str_has_prefix (application, APPLICATION_PREFIX))
    self->version = kvmm_guest_text_sanitise (application + strlen (APPLICATION_PREFIX), -1);
}

/* Returns: (transfer full) (nullable): the first folder above @real_path that others may not
 * enter */
static char *
find_closed_folder (const char *real_path)
{
  for (const char *slash = real_path; (slash = strchr (slash, '/')) != NULL; slash++)
    {
      struct stat info;
      g_autofree char *folder = g_strndup (real_path, (gsize) MAX (slash - real_path, 1));

      if (stat (folder, &info) == 0 && (info.st_mode & S_IXOTH) == 0)
        return g_steal_pointer (&folder);
    }
  return NULL;
}

static void
fail_probe (KvmmAgentIsoProbe *self, KvmmAgentIsoFile file, int error_number)
{
  self->file = file;
  self->problem = error_number != 0 ? g_strdup (g_strerror (error_number)) : NULL;
}

static void
fail_open (KvmmAgentIsoProbe *self, int error_number)
{
  gboolean missing = error_number == ENOENT || error_number == ENOTDIR;

  fail_probe (self, missing ? KVMM_AGENT_ISO_FILE_MISSING : KVMM_AGENT_ISO_FILE_UNREADABLE,
              error_number);
}

static void
look_at (KvmmAgentIsoProbe *self, int fd)
{
  struct stat info;

  if (fstat (fd, &info) < 0)
    {
      fail_open (self, errno);
      return;
    }
  if (!S_ISREG (info.st_mode))
    {
      fail_probe (self, KVMM_AGENT_ISO_FILE_IRREGULAR, 0);
      return;
    }
  self->others_may_read = (info.st_mode & S_IROTH) != 0;
  self->is_roots = info.st_uid == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  self->closed_folder = find_closed_folder (self->real_path);
  read_descriptor (self, fd);
}

KvmmAgentIsoProbe *
kvmm_agent_iso_probe (const char *path)
{
  KvmmAgentIsoProbe *self = g_new0 (KvmmAgentIsoProbe, 1);

  self->path = g_strdup (path);
  if (!g_path_is_absolute (path))
    {
      fail_probe (self, KVMM_AGENT_ISO_FILE_IRREGULAR, 0);
      return self;
    }

  char *real_path = realpath (path, NULL);
  if (real_path == NULL)
    {
      fail_open (self, errno);
      return self;
    }
  self->real_path = g_strdup (real_path);
  free (real_path);

  /* Non-blocking, lest a named pipe in that place waits for a writer. */
  int fd = open (self->real_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    {
      fail_open (self, errno);
      return self;
    }
  look_at (self, fd);
  close (fd);
  return self;
}

/* ---- judging ---- */

/* What libvirt's virt-aa-helper refuses whatever the local AppArmor rules say; it resolves symlinks
 * first. A line without a slash at its end is the beginning of a name. */
static const char *const refused_prefixes[] = {
  "/bin/",           "/etc/",           "/lib",           "/lost+found/",
  "/proc/",          "/sbin/",          "/selinux/",      "/sys/",
  "/usr/bin/",       "/usr/lib",        "/usr/sbin/",     "/usr/share/",
  "/usr/local/bin/", "/usr/local/etc/", "/usr/local/lib", "/usr/local/sbin/",
};

static gboolean
is_refused_by_apparmor (const char *real_path)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused_prefixes); i++)
    if (g_str_has_prefix (real_path, refused_prefixes[i]))
      return TRUE;
  return FALSE;
}

void
kvmm_agent_iso_candidate_free (KvmmAgentIsoCandidate *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->real_path);
  g_free (self->version);
  g_free (self->reason);
  g_free (self);
}

/* (transfer full) @reason. Returns: %FALSE, for the caller to return */
static gboolean
refuse (KvmmAgentIsoCandidate *self, KvmmAgentIsoVerdict verdict, char *reason)
{
  self->verdict = verdict;
  self->reason = reason;
  return FALSE;
}

static gboolean
judge_file (KvmmAgentIsoCandidate *self, const KvmmAgentIsoProbe *probe)
{
  switch (probe->file)
    {
    case KVMM_AGENT_ISO_FILE_MISSING:
      return refuse (self, KVMM_AGENT_ISO_MISSING, g_strdup (_ ("There is no such file.")));
    case KVMM_AGENT_ISO_FILE_IRREGULAR:
      return refuse (self, KVMM_AGENT_ISO_NOT_A_FILE,
                     g_path_is_absolute (probe->path)
                         ? g_strdup (_ ("This is not a file."))
                         : g_strdup (_ ("The path has to begin with “/”.")));
    case KVMM_AGENT_ISO_FILE_UNREADABLE:
      return refuse (
          self, KVMM_AGENT_ISO_UNREADABLE,
          g_strdup_printf (_ ("You may not read it: %s."), probe->problem ? probe->problem : ""));
    case KVMM_AGENT_ISO_FILE_GOOD:
      break;
    default:
      g_assert_not_reached ();
    }
  if (!probe->is_ours)
    return refuse (
        self, KVMM_AGENT_ISO_NOT_OURS,
        g_strdup_printf (_ ("This is not the agent disc: its label is not %s."), VOLUME_ID));
  return TRUE;
}

/* The system's QEMU runs as a user of its own; that of a session as this one, who just read it. */
static gboolean
judge_reader (KvmmAgentIsoCandidate *self,
              const KvmmAgentIsoProbe *probe,
              const KvmmAgentIsoReader *reader)
{
  if (reader->is_session)
    return TRUE;
  if (reader->has_apparmor && is_refused_by_apparmor (probe->real_path))
    return refuse (self, KVMM_AGENT_ISO_NOT_FOR_QEMU,
                   g_strdup_printf (_ ("AppArmor forbids QEMU to read %s. Copy it to "
                                       "/var/lib/kvm-manager."),
                                    probe->real_path));
  if (!probe->others_may_read)
    return refuse (self, KVMM_AGENT_ISO_NOT_FOR_QEMU,
                   g_strdup_printf (_ ("QEMU may not read it. Allow it with “chmod o+r %s”."),
                                    probe->real_path));
  if (probe->closed_folder != NULL)
    return refuse (self, KVMM_AGENT_ISO_NOT_FOR_QEMU,
                   g_strdup_printf (_ ("QEMU may not enter the folder %s. Copy the file to "
                                       "/var/lib/kvm-manager."),
                                    probe->closed_folder));
  return TRUE;
}

KvmmAgentIsoCandidate *
kvmm_agent_iso_judge (const KvmmAgentIsoProbe *probe, const KvmmAgentIsoReader *reader)
{
  KvmmAgentIsoCandidate *self = g_new0 (KvmmAgentIsoCandidate, 1);

  self->path = g_strdup (probe->path);
  if (reader->is_remote)
    {
      refuse (self, KVMM_AGENT_ISO_REMOTE,
              g_strdup (_ ("The virtual machine runs on another computer, where this path means "
                           "another file.")));
      return self;
    }
  self->real_path = g_strdup (probe->real_path);
  self->version = g_strdup (probe->version);
  self->is_packaged = probe->is_roots && probe->others_may_read;
  if (!judge_file (self, probe) || !judge_reader (self, probe, reader))
    return self;

  self->verdict = KVMM_AGENT_ISO_TAKEN;
  self->reason = self->version != NULL
                     ? g_strdup_printf (_ ("The agent disc, version %s."), self->version)
                     : g_strdup (_ ("The agent disc, of an unknown version."));
  return self;
}

GPtrArray *
kvmm_agent_iso_choose (const char *const *paths, const KvmmAgentIsoReader *reader)
{
  GPtrArray *candidates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_candidate_free);
  const char *taken = NULL;

  for (guint i = 0; paths[i] != NULL && candidates->len < MAX_PATHS; i++)
    {
      gboolean repeated = FALSE;

      for (guint j = 0; j < i && !repeated; j++)
        repeated = g_str_equal (paths[i], paths[j]);
      if (*paths[i] == '\0' || repeated)
        continue;

      /* A path of another computer is not even looked at here. */
      g_autoptr (KvmmAgentIsoProbe) probe = NULL;
      if (reader->is_remote)
        {
          probe = g_new0 (KvmmAgentIsoProbe, 1);
          probe->path = g_strdup (paths[i]);
        }
      else
        probe = kvmm_agent_iso_probe (paths[i]);

      KvmmAgentIsoCandidate *candidate = kvmm_agent_iso_judge (probe, reader);
      if (candidate->verdict == KVMM_AGENT_ISO_TAKEN && taken != NULL)
        {
          candidate->verdict = KVMM_AGENT_ISO_SKIPPED;
          g_free (candidate->reason);
          candidate->reason = g_strdup_printf (_ ("Not needed: %s is used."), taken);
        }
      else if (candidate->verdict == KVMM_AGENT_ISO_TAKEN)
        taken = candidate->path;
      g_ptr_array_add (candidates, candidate);
    }
  return candidates;
}

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
#include "model/kvmm-host-file.h"
#include "util/kvmm-guest-text.h"

/* What is seen of a file that QEMU shall read, and what may keep it from that. Of any disc. */

/* ISO 9660 (ECMA-119), 8.4: the primary volume descriptor. */
#define DESCRIPTOR_OFFSET 32768
#define DESCRIPTOR_SIZE 2048
#define VOLUME_ID_OFFSET 40
#define VOLUME_ID_SIZE 32
#define APPLICATION_ID_OFFSET 574
#define APPLICATION_ID_SIZE 128

#define APPLICATION_PREFIX "KVM-MANAGER-AGENT "

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

gboolean
kvmm_agent_iso_parse_head (const char *head, gsize size, char **version)
{
  static const char magic[] = { 1, 'C', 'D', '0', '0', '1', 1 };

  if (size < DESCRIPTOR_OFFSET + DESCRIPTOR_SIZE)
    return FALSE;
  const char *descriptor = head + DESCRIPTOR_OFFSET;
  if (memcmp (descriptor, magic, sizeof magic) != 0)
    return FALSE;

  g_autofree char *volume = dup_field (descriptor, VOLUME_ID_OFFSET, VOLUME_ID_SIZE);
  g_autofree char *application = dup_field (descriptor, APPLICATION_ID_OFFSET, APPLICATION_ID_SIZE);
  if (!g_str_equal (volume, KVMM_AGENT_ISO_VOLUME_ID))
    return FALSE;
  if (g_str_has_prefix (application, APPLICATION_PREFIX))
    *version = kvmm_guest_text_sanitise (application + strlen (APPLICATION_PREFIX), -1);
  return TRUE;
}

static void
read_head (KvmmAgentIsoProbe *self, int fd)
{
  g_autofree char *head = g_malloc (KVMM_AGENT_ISO_HEAD_BYTES);
  gssize size = pread (fd, head, KVMM_AGENT_ISO_HEAD_BYTES, 0);

  self->is_ours = size > 0 && kvmm_agent_iso_parse_head (head, (gsize) size, &self->version);
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
  self->closed_folder = kvmm_host_file_find_closed_folder (self->real_path);
  self->size_bytes = (guint64) info.st_size;
  read_head (self, fd);
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

/* ---- who reads, and what may be changed for that ---- */

KvmmAgentIsoReader
kvmm_agent_iso_reader_for (const char *uri, const char *capabilities_xml)
{
  KvmmAgentIsoReader reader = { .is_remote = uri != NULL && !kvmm_virt_uri_is_local (uri),
                                .is_session = uri != NULL && kvmm_virt_uri_is_session (uri) };
  g_autoptr (KvmmXmlCapabilities) capabilities =
      capabilities_xml != NULL ? kvmm_xml_capabilities_parse (capabilities_xml, NULL) : NULL;

  reader.has_apparmor = capabilities != NULL && capabilities->has_apparmor;
  return reader;
}

KvmmRelabelFlags
kvmm_agent_iso_get_relabel (gboolean is_packaged, const char *capabilities_xml)
{
  KvmmRelabelFlags relabel = KVMM_RELABEL_DEFAULT;
  g_autoptr (KvmmXmlCapabilities) capabilities =
      is_packaged && capabilities_xml != NULL ? kvmm_xml_capabilities_parse (capabilities_xml, NULL)
                                              : NULL;

  if (capabilities != NULL && capabilities->has_dac)
    relabel |= KVMM_RELABEL_NO_DAC;
  if (capabilities != NULL && capabilities->has_selinux)
    relabel |= KVMM_RELABEL_NO_SELINUX;
  return relabel;
}

gboolean
kvmm_agent_iso_pool_holds_files (const KvmmVirtPool *pool)
{
  static const char *const types[] = { "dir", "fs", "netfs", NULL };

  return g_strv_contains (types, pool->type);
}

/* ---- what stands in the way ---- */

/* What libvirt's virt-aa-helper refuses whatever the local AppArmor rules say; it resolves symlinks
 * first. A line without a slash at its end is the beginning of a name. */
static const char *const refused_prefixes[] = {
  "/bin/",           "/etc/",           "/lib",           "/lost+found/",
  "/proc/",          "/sbin/",          "/selinux/",      "/sys/",
  "/usr/bin/",       "/usr/lib",        "/usr/sbin/",     "/usr/share/",
  "/usr/local/bin/", "/usr/local/etc/", "/usr/local/lib", "/usr/local/sbin/",
};

gboolean
kvmm_agent_iso_is_refused_by_apparmor (const char *real_path)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused_prefixes); i++)
    if (g_str_has_prefix (real_path, refused_prefixes[i]))
      return TRUE;
  return FALSE;
}

/* libvirt gives the file itself to the user of the system's QEMU, the way to it stays as it is. */
char *
kvmm_agent_iso_describe_obstacle (const KvmmAgentIsoProbe *probe, const KvmmAgentIsoReader *reader)
{
  g_autofree char *shown = NULL;

  if (reader->is_remote)
    return NULL;
  if (reader->is_session)
    {
      shown = kvmm_guest_text_sanitise (probe->path, -1);
      return probe->file == KVMM_AGENT_ISO_FILE_UNREADABLE
                 ? g_strdup_printf (_ ("You may not read “%s”, and QEMU runs as you: %s."), shown,
                                    probe->problem != NULL ? probe->problem : "")
                 : NULL;
    }
  if (probe->real_path == NULL)
    return NULL;
  if (reader->has_apparmor && kvmm_agent_iso_is_refused_by_apparmor (probe->real_path))
    {
      shown = kvmm_guest_text_sanitise (probe->real_path, -1);
      return g_strdup_printf (_ ("AppArmor forbids QEMU to read “%s”. Copy the file into a storage "
                                 "pool of the host, as /var/lib/libvirt/images, and choose it "
                                 "there."),
                              shown);
    }
  if (probe->closed_folder == NULL)
    return NULL;
  shown = kvmm_guest_text_sanitise (probe->closed_folder, -1);
  return g_strdup_printf (_ ("QEMU may not enter the folder “%s”. Copy the file into a storage "
                             "pool of the host, as /var/lib/libvirt/images, and choose it "
                             "there."),
                          shown);
}

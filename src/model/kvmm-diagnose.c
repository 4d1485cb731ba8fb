/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-diagnose.h"

#include <glib/gi18n.h>
#include <grp.h>
#include <unistd.h>

#include "util/kvmm-thread.h"

#define LIBVIRT_GROUP "libvirt"
#define MAX_GROUPS 1024

/* Which command installs libvirt and QEMU, by a file that the distribution brings. */
static const struct
{
  const char *path;
  const char *command;
} installers[] = {
  { "/etc/debian_version", "sudo apt install libvirt-daemon-system qemu-system" },
  { "/etc/fedora-release", "sudo dnf install @virtualization" },
  { "/etc/redhat-release", "sudo dnf install libvirt qemu-kvm" },
  { "/etc/arch-release", "sudo pacman -S libvirt qemu-desktop dnsmasq" },
  { "/etc/alpine-release", "sudo apk add libvirt-daemon qemu-system-x86_64" },
  { "/etc/SUSE-brand", "sudo zypper install libvirt-daemon-qemu qemu" },
};

/* libvirt has one daemon for all drivers, or one for each. */
static const struct
{
  const char *unit;
  const char *socket;
  const char *programs[3];
} daemons[] = {
  { "libvirtd",
    "/run/libvirt/libvirt-sock",
    { "/usr/sbin/libvirtd", "/usr/bin/libvirtd", "/sbin/libvirtd" } },
  { "virtqemud",
    "/run/libvirt/virtqemud-sock",
    { "/usr/sbin/virtqemud", "/usr/bin/virtqemud", "/sbin/virtqemud" } },
};

static gboolean
exists (const KvmmDiagnoseSystem *system, const char *path)
{
  g_autofree char *full = g_build_filename (system->root, path, NULL);

  return g_file_test (full, G_FILE_TEST_EXISTS);
}

static char *
cure_not_installed (const KvmmDiagnoseSystem *system)
{
  for (guint i = 0; i < G_N_ELEMENTS (installers); i++)
    if (exists (system, installers[i].path))
      return g_strdup_printf (_ ("libvirt is not installed on this computer. Install it:\n%s"),
                              installers[i].command);
  return g_strdup (_ ("libvirt is not installed on this computer. Install libvirt and QEMU with "
                      "your distribution's packages."));
}

static char *
service_command (const KvmmDiagnoseSystem *system, const char *unit, gboolean is_started)
{
  const char *verb = is_started ? "restart" : "start";

  if (exists (system, "/run/systemd/system"))
    return g_strdup_printf ("sudo systemctl %s %s.socket", is_started ? verb : "enable --now",
                            unit);
  if (exists (system, "/sbin/openrc"))
    return g_strdup_printf ("sudo rc-service %s %s", unit, verb);
  return g_strdup_printf ("sudo service %s %s", unit, verb);
}

static const char *
find_daemon (const KvmmDiagnoseSystem *system, gboolean *has_socket)
{
  const char *unit = NULL;

  *has_socket = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (daemons); i++)
    {
      if (exists (system, daemons[i].socket))
        {
          *has_socket = TRUE;
          return daemons[i].unit;
        }
      for (guint j = 0; unit == NULL && j < G_N_ELEMENTS (daemons[i].programs); j++)
        if (exists (system, daemons[i].programs[j]))
          unit = daemons[i].unit;
    }
  return unit;
}

static char *
cure_unreachable (const KvmmDiagnoseSystem *system)
{
  gboolean has_socket;
  const char *unit = find_daemon (system, &has_socket);

  if (unit == NULL)
    return cure_not_installed (system);
  if (has_socket)
    {
      g_autofree char *command = service_command (system, unit, TRUE);
      return g_strdup_printf (_ ("The libvirt service does not answer. Restart it:\n%s"), command);
    }

  g_autofree char *command = service_command (system, unit, FALSE);
  return g_strdup_printf (_ ("The libvirt service does not run. Start it:\n%s"), command);
}

static char *
cure_access (const KvmmDiagnoseSystem *system)
{
  if (system->is_root)
    return NULL;
  if (system->in_group)
    return g_strdup (_ ("The libvirt service of this computer refuses its group “libvirt”: look at "
                        "/etc/libvirt/libvirtd.conf and the polkit rules."));
  if (system->is_member)
    return g_strdup (_ ("You are in the group “libvirt”, but not since this login. Log out and in "
                        "again."));
  return g_strdup_printf (
      _ ("Add yourself to the group “libvirt”, then log out and in again:\n%s %s"),
      "sudo usermod -aG " LIBVIRT_GROUP, system->user);
}

static char *
cure_remote (GUri *uri, const GError *error)
{
  const char *scheme = g_uri_get_scheme (uri);
  const char *user = g_uri_get_userinfo (uri);

  if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AUTH_CANCELLED))
    return NULL;
  if (!g_str_has_suffix (scheme, "+ssh") && !g_str_has_suffix (scheme, "+libssh") &&
      !g_str_has_suffix (scheme, "+libssh2"))
    return g_strdup_printf (_ ("Check that libvirt on %s accepts connections from this computer."),
                            g_uri_get_host (uri));

  /* What comes from an address must not run as something else when it is pasted. */
  g_autofree char *target = user != NULL && *user != '\0'
                                ? g_strdup_printf ("%s@%s", user, g_uri_get_host (uri))
                                : g_strdup (g_uri_get_host (uri));
  g_autofree char *quoted = g_shell_quote (target);
  return g_strdup_printf (
      _ ("Check that this login works without a question, and that its user may "
         "manage virtual machines:\nssh -- %s virsh list"),
      quoted);
}

static gboolean
is_system_uri (GUri *uri)
{
  const char *path = g_uri_get_path (uri);
  const char *query = g_uri_get_query (uri);

  return g_str_equal (path, "/system") &&
         (query == NULL || g_strstr_len (query, -1, "socket=") == NULL);
}

char *
kvmm_diagnose_system (const char *uri, const GError *error, const KvmmDiagnoseSystem *system)
{
  KVMM_ASSERT_WORKER ();

  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  if (parsed == NULL || g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED))
    return g_strdup (_ ("Check the address. Examples: qemu:///system, qemu:///session, "
                        "qemu+ssh://user@host/system"));

  const char *host = g_uri_get_host (parsed);
  if (host != NULL && *host != '\0')
    return cure_remote (parsed, error);
  if (!is_system_uri (parsed))
    return NULL;
  if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_ACCESS_DENIED) ||
      g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AUTH_CANCELLED))
    return cure_access (system);
  return cure_unreachable (system);
}

static gboolean
process_in_group (gid_t gid)
{
  g_autofree gid_t *groups = g_new (gid_t, MAX_GROUPS);
  int n_groups = getgroups (MAX_GROUPS, groups);

  for (int i = 0; i < n_groups; i++)
    if (groups[i] == gid)
      return TRUE;
  return getegid () == gid;
}

static void
read_system (KvmmDiagnoseSystem *system)
{
  struct group group, *found = NULL;
  char buffer[16384];

  *system = (KvmmDiagnoseSystem){ .root = "", .user = g_get_user_name () };
  system->is_root = geteuid () == 0;
  if (getgrnam_r (LIBVIRT_GROUP, &group, buffer, sizeof buffer, &found) != 0 || found == NULL)
    return;
  system->in_group = process_in_group (group.gr_gid);
  system->is_member =
      g_strv_contains ((const char *const *) group.gr_mem, system->user) || system->in_group;
}

char *
kvmm_diagnose (const char *uri, const GError *error)
{
  KvmmDiagnoseSystem system;

  read_system (&system);
  return kvmm_diagnose_system (uri, error, &system);
}

char *
kvmm_diagnose_host_system (const KvmmVirtHost *host, const KvmmDiagnoseSystem *system)
{
  KVMM_ASSERT_WORKER ();

  if (!host->is_local || g_strcmp0 (host->driver, "QEMU") != 0 || exists (system, "/dev/kvm"))
    return NULL;
  return g_strdup (_ ("This computer has no /dev/kvm, so virtual machines run many times slower. "
                      "Switch virtualization on in its firmware, then load the module:\n"
                      "sudo modprobe -a kvm_intel kvm_amd"));
}

char *
kvmm_diagnose_host (const KvmmVirtHost *host)
{
  KvmmDiagnoseSystem system = { .root = "" };

  return kvmm_diagnose_host_system (host, &system);
}

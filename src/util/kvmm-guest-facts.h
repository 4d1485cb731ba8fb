/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is known about the inside of a guest, whoever told it (our agent or the QEMU guest agent).
 *
 * Plain immutable values: built once, then only read. Any thread. Every string was sanitised by
 * kvmm_guest_text_sanitise() by whoever built the value. A number that is not known is 0, a string
 * %NULL, except where noted. */

typedef struct
{
  char *os_id;      /* "debian" (os-release ID), lower case */
  char *os_name;    /* "Debian GNU/Linux" */
  char *os_version; /* "12" */
  char *os_pretty;  /* "Debian GNU/Linux 12 (bookworm)" */
  char *kernel;     /* "6.1.0-18-amd64" */
  char *arch;       /* "x86_64" */
  char *hostname;
  char *boot_id;
  char *timezone;     /* "Europe/Berlin" or "CET" */
  char *virt;         /* "qemu", "kvm" … */
  gint64 boot_time_s; /* Unix time */
  guint64 uptime_ms;  /* at the moment of the answer */
  guint cpus;
  guint64 memory_bytes;
} KvmmGuestSystem;

typedef struct
{
  gint64 time_ms;  /* the guest's own clock, Unix time */
  double cpu_user; /* fractions 0 to 1 of all CPUs since the last sample; NAN when not known */
  double cpu_system;
  double cpu_idle;
  double cpu_iowait;
  double cpu_steal;
  double load[3];
  guint64 memory_total_bytes;
  guint64 memory_available_bytes;
  guint64 swap_total_bytes;
  guint64 swap_free_bytes;
  gboolean has_psi;
  double psi_cpu; /* PSI "some avg10", per cent 0 to 100 */
  double psi_memory;
  double psi_io;
  guint processes;
} KvmmGuestMetrics;

typedef struct
{
  char *ip; /* text form, IPv4 or IPv6 */
  guint prefix;
  char *scope; /* "global", "link", "host", "site" */
  gboolean is_dynamic;
} KvmmGuestAddress;

typedef struct
{
  char *name;  /* "eth0" */
  char *mac;   /* (nullable) "52:54:00:…" */
  char *state; /* "up", "down", "unknown" … */
  char *kind;  /* "ether", "loopback", "bridge", "veth", "tun" … */
  guint index;
  guint mtu;
  gboolean is_virtual; /* bridge, veth, docker…: folded away in the interface */
  guint64 rx_bytes;
  guint64 tx_bytes;
  GPtrArray *addresses; /* (element-type KvmmGuestAddress) (owned) never NULL */
} KvmmGuestInterface;

typedef struct
{
  char *mount;       /* "/" */
  char *device;      /* "/dev/vda1" */
  char *type;        /* "ext4" */
  char *disk_serial; /* (nullable) */
  guint64 total_bytes;
  guint64 used_bytes;
  guint64 available_bytes;
  gboolean is_read_only;
  gboolean is_stale; /* the guest could not ask it in time (dead network mount) */
} KvmmGuestFilesystem;

typedef struct
{
  char *user;
  char *terminal;      /* (nullable) "tty1", "pts/0" */
  char *remote_host;   /* (nullable) */
  gint64 login_time_s; /* Unix time */
} KvmmGuestUser;

void kvmm_guest_system_free (KvmmGuestSystem *self);
KvmmGuestSystem *kvmm_guest_system_copy (const KvmmGuestSystem *self);
gboolean kvmm_guest_system_equal (const KvmmGuestSystem *a, const KvmmGuestSystem *b);
void kvmm_guest_metrics_free (KvmmGuestMetrics *self);
KvmmGuestMetrics *kvmm_guest_metrics_copy (const KvmmGuestMetrics *self);
void kvmm_guest_address_free (KvmmGuestAddress *self);
void kvmm_guest_interface_free (KvmmGuestInterface *self);
KvmmGuestInterface *kvmm_guest_interface_copy (const KvmmGuestInterface *self);
gboolean kvmm_guest_interface_equal (const KvmmGuestInterface *a, const KvmmGuestInterface *b);
void kvmm_guest_filesystem_free (KvmmGuestFilesystem *self);
KvmmGuestFilesystem *kvmm_guest_filesystem_copy (const KvmmGuestFilesystem *self);
gboolean kvmm_guest_filesystem_equal (const KvmmGuestFilesystem *a, const KvmmGuestFilesystem *b);
void kvmm_guest_user_free (KvmmGuestUser *self);
KvmmGuestUser *kvmm_guest_user_copy (const KvmmGuestUser *self);
gboolean kvmm_guest_user_equal (const KvmmGuestUser *a, const KvmmGuestUser *b);

/**
 * kvmm_guest_interfaces_primary_address:
 * @interfaces: (element-type KvmmGuestInterface)
 *
 * The one address a person wants to see: global IPv4 of an interface that is up and not virtual,
 * else global IPv6, else the same of a virtual interface.
 *
 * Returns: (nullable) (transfer none): the address text, owned by @interfaces
 */
const char *kvmm_guest_interfaces_primary_address (GPtrArray *interfaces);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestSystem, kvmm_guest_system_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestMetrics, kvmm_guest_metrics_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestAddress, kvmm_guest_address_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestInterface, kvmm_guest_interface_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestFilesystem, kvmm_guest_filesystem_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestUser, kvmm_guest_user_free)

G_END_DECLS

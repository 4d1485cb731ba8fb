/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "util/kvmm-guest-facts.h"
#include "virt/kvmm-domain-info.h"
#include "virt/kvmm-virt-error.h"

G_BEGIN_DECLS

/* One virConnectPtr and every synchronous call on it. Atomically reference-counted; the last unref
 * hands the handle to kvmm_lane_dispose_later(), so it may happen on any thread.
 *
 * Unless a function says otherwise it is Worker only: it blocks, asserts that it does not run on
 * the main thread, and on failure sets KVMM_VIRT_ERROR (converted right after the failing libvirt
 * call). Domains are named by UUID text (36 characters, lower case). */

typedef struct _KvmmVirtConnect KvmmVirtConnect;
#define KVMM_TYPE_VIRT_CONNECT (kvmm_virt_connect_get_type ())
GType kvmm_virt_connect_get_type (void);
KvmmVirtConnect *kvmm_virt_connect_ref (KvmmVirtConnect *self);
void kvmm_virt_connect_unref (KvmmVirtConnect *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmVirtConnect, kvmm_virt_connect_unref)

/**
 * kvmm_virt_init:
 *
 * Main thread only, once, before anything else of this layer: registers libvirt's default event
 * loop (GLib's main context), a quiet error function (to g_debug) and ignores SIGPIPE.
 */
void kvmm_virt_init (void);

/* One question of libvirt's authentication. */
typedef struct
{
  const char *prompt; /* "Username", untrusted text */
  gboolean is_secret; /* do not echo */
  char *answer;       /* (nullable) (owned by the asker, g_free'd by this layer) NULL cancels */
} KvmmVirtQuestion;

/**
 * KvmmVirtAuthFunc:
 *
 * Called on the worker that opens; may block until a person has answered. Returns: %FALSE to
 * cancel.
 */
typedef gboolean (*KvmmVirtAuthFunc) (KvmmVirtQuestion *questions,
                                      guint n_questions,
                                      gpointer user_data);

/**
 * kvmm_virt_connect_open:
 * @uri: "qemu:///system" …
 * @auth: (nullable) (scope call): asks for credentials; without it an interactive login fails with
 * ACCESS_DENIED
 *
 * Worker only. Opens read-write and sets keepalive 5 s × 3 where the driver knows it.
 *
 * Returns: (transfer full): the connection, or %NULL: CONNECTION_LOST when the daemon cannot be
 * reached, ACCESS_DENIED, AUTH_CANCELLED, UNSUPPORTED for an unknown URI scheme
 */
KvmmVirtConnect *
kvmm_virt_connect_open (const char *uri, KvmmVirtAuthFunc auth, gpointer auth_data, GError **error);

const char *kvmm_virt_connect_get_uri (KvmmVirtConnect *self); /* as given; any thread */

/** kvmm_virt_uri_is_local: any thread. Returns: whether the daemon of @uri runs on this machine
 * (test:, unix socket, no host in the URI) */
gboolean kvmm_virt_uri_is_local (const char *uri);
/** kvmm_virt_uri_is_session: any thread. Returns: whether @uri means an unprivileged daemon of the
 * user */
gboolean kvmm_virt_uri_is_session (const char *uri);

/* What is constant for the life of a connection. */
typedef struct
{
  char *canonical_uri; /* virConnectGetURI() */
  char *driver;        /* "QEMU", "TEST" */
  char *hostname;
  guint64 libvirt_version; /* as libvirt counts: 9000000 is 9.0.0 */
  guint64 hypervisor_version;
  guint cpus;
  guint64 memory_kib;
  char *cpu_model;
  char *capabilities_xml; /* (nullable) */
  gboolean is_local; /* the daemon runs on this machine (test:, unix socket, no host in the URI) */
  gboolean is_session; /* …/session: an unprivileged daemon of this user */
} KvmmVirtHost;

/** kvmm_virt_connect_get_host: Worker only. Returns: (transfer full): see #KvmmVirtHost */
KvmmVirtHost *kvmm_virt_connect_get_host (KvmmVirtConnect *self, GError **error);
void kvmm_virt_host_free (KvmmVirtHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmVirtHost, kvmm_virt_host_free)

/* ---- Events. Callbacks run on the main thread, whichever thread registered. ---- */

typedef enum
{
  KVMM_VIRT_EVENT_DOMAIN_CHANGED, /* re-read this domain (uuid) */
  KVMM_VIRT_EVENT_DOMAIN_GUEST,   /* something about the guest channel or guest agent: re-read too
                                     (uuid, detail) */
  KVMM_VIRT_EVENT_DOMAIN_LOG,     /* worth a line in the timeline (uuid, detail) and a re-read */
  KVMM_VIRT_EVENT_CLOSED,         /* the connection is gone (detail = close reason) */
} KvmmVirtEventKind;

typedef struct
{
  KvmmVirtEventKind kind;
  const char *uuid;   /* (nullable) */
  const char *detail; /* (nullable) untranslated machine word: "started", "shutdown", "reset",
                         "watchdog:pause", "io-error", … */
  const char *text;   /* (nullable) translated, for the timeline: "Started", "I/O error on vda" */
  gint64 time_us;     /* g_get_real_time() at arrival */
} KvmmVirtEvent;

typedef void (*KvmmVirtEventFunc) (const KvmmVirtEvent *event, gpointer user_data);

/**
 * kvmm_virt_connect_register_events:
 * @func: main thread; called with no libvirt call made inside
 * @destroy: (nullable): frees @user_data, on any thread
 *
 * Worker only. Registers the close callback and every domain event the driver supports (an
 * unsupported one is skipped). Call before listing, so that nothing falls into a gap.
 */
gboolean kvmm_virt_connect_register_events (KvmmVirtConnect *self,
                                            KvmmVirtEventFunc func,
                                            gpointer user_data,
                                            GDestroyNotify destroy,
                                            GError **error);
/** kvmm_virt_connect_close: Worker only. Deregisters everything and closes; later calls fail with
 * CONNECTION_LOST. */
void kvmm_virt_connect_close (KvmmVirtConnect *self);

/* ---- Listing and reading ---- */

/**
 * kvmm_virt_connect_list_domains:
 * @with_xml: also read XML and facts; without it only what one or two calls per domain give (state,
 * name, flags)
 *
 * Worker only. Returns: (transfer full) (element-type KvmmDomainInfo): sorted by name as
 * g_utf8_collate() sorts
 */
GPtrArray *
kvmm_virt_connect_list_domains (KvmmVirtConnect *self, gboolean with_xml, GError **error);

/** kvmm_virt_domain_read: Worker only. Returns: (transfer full): NO_SUCH_OBJECT when it was
 * undefined meanwhile */
KvmmDomainInfo *kvmm_virt_domain_read (KvmmVirtConnect *self, const char *uuid, GError **error);

/** kvmm_virt_domain_read_xml: Worker only. @inactive: the stored configuration instead of the live
 * one. Returns: (transfer full): the XML */
char *kvmm_virt_domain_read_xml (KvmmVirtConnect *self,
                                 const char *uuid,
                                 gboolean inactive,
                                 GError **error);

/* ---- Lifecycle. Worker only. Each returns %FALSE with @error naming the machine. ---- */
gboolean
kvmm_virt_domain_start (KvmmVirtConnect *self, const char *uuid, gboolean paused, GError **error);
/* ACPI (or the QEMU agent, as libvirt decides): asks the guest, does not wait for it */
gboolean kvmm_virt_domain_shutdown (KvmmVirtConnect *self, const char *uuid, GError **error);
gboolean kvmm_virt_domain_reboot (KvmmVirtConnect *self, const char *uuid, GError **error);
/* kvmm_virt_domain_ask: shut down or restart by one way only: the QEMU guest agent (@by_agent;
 * waits for its answer: slow lane) or the ACPI power button (or what the driver has instead) */
gboolean kvmm_virt_domain_ask (
    KvmmVirtConnect *self, const char *uuid, gboolean restart, gboolean by_agent, GError **error);
gboolean kvmm_virt_domain_force_off (KvmmVirtConnect *self, const char *uuid, GError **error);
gboolean kvmm_virt_domain_reset (KvmmVirtConnect *self, const char *uuid, GError **error);
gboolean kvmm_virt_domain_pause (KvmmVirtConnect *self, const char *uuid, GError **error);
gboolean kvmm_virt_domain_resume (KvmmVirtConnect *self, const char *uuid, GError **error);
/* managed save; blocks for as long as it takes: slow lane */
gboolean kvmm_virt_domain_save (KvmmVirtConnect *self, const char *uuid, GError **error);
gboolean kvmm_virt_domain_set_autostart (KvmmVirtConnect *self,
                                         const char *uuid,
                                         gboolean autostart,
                                         GError **error);
/* wakes a guest from PMSUSPENDED */
gboolean kvmm_virt_domain_wakeup (KvmmVirtConnect *self, const char *uuid, GError **error);

/* ---- Devices. Worker only. ---- */
typedef enum
{
  KVMM_AFFECT_LIVE = 1 << 0,
  KVMM_AFFECT_CONFIG = 1 << 1,
  KVMM_AFFECT_FORCE = 1 << 2, /* update only: open a locked tray */
} KvmmAffectFlags;
gboolean kvmm_virt_domain_attach_device (KvmmVirtConnect *self,
                                         const char *uuid,
                                         const char *xml,
                                         KvmmAffectFlags flags,
                                         GError **error);
gboolean kvmm_virt_domain_update_device (KvmmVirtConnect *self,
                                         const char *uuid,
                                         const char *xml,
                                         KvmmAffectFlags flags,
                                         GError **error);
gboolean kvmm_virt_domain_detach_device (KvmmVirtConnect *self,
                                         const char *uuid,
                                         const char *xml,
                                         KvmmAffectFlags flags,
                                         GError **error);

/* ---- Statistics: one bulk call. ---- */
typedef struct
{
  char uuid[37];
  gint64 time_us; /* g_get_monotonic_time() after the call */
  gboolean has_cpu;
  guint64 cpu_time_ns; /* of all vCPUs since start */
  guint vcpus;
  gboolean has_memory;
  guint64 memory_current_kib; /* balloon.current */
  guint64
      memory_unused_kib; /* balloon.usable or .unused, 0 when the guest's driver does not tell */
  guint64 memory_rss_kib;
  gboolean has_block;
  guint64 read_bytes, write_bytes, read_requests, write_requests; /* sums over disks since start */
  gboolean has_net;
  guint64 rx_bytes, tx_bytes; /* sums over interfaces since start */
} KvmmDomainStats;

typedef struct
{
  gboolean has_cpu;
  guint64 cpu_busy_ns;  /* user + kernel since boot */
  guint64 cpu_total_ns; /* all states since boot */
  gboolean has_memory;
  guint64 memory_total_kib;
  guint64 memory_free_kib; /* free + buffers + cached */
} KvmmHostStats;

/**
 * kvmm_virt_connect_read_stats:
 * @host: (out caller-allocates): the host's own figures; fields the driver does not give stay 0
 *
 * Worker only. Returns: (transfer full) (element-type KvmmDomainStats): running machines only
 */
GArray *kvmm_virt_connect_read_stats (KvmmVirtConnect *self, KvmmHostStats *host, GError **error);

/* ---- The QEMU guest agent through libvirt. Worker only, slow lane only (5 s and more when it is
 * silent). ---- */
typedef struct
{
  KvmmGuestSystem *system; /* (nullable) */
  GPtrArray *interfaces;   /* (element-type KvmmGuestInterface) (nullable) */
  GPtrArray *filesystems;  /* (element-type KvmmGuestFilesystem) (nullable) */
  GPtrArray *users;        /* (element-type KvmmGuestUser) (nullable) */
} KvmmQgaFacts;
/** kvmm_virt_domain_read_qga: Returns: (transfer full): what the agent told; AGENT_UNRESPONSIVE
 * when it is silent, UNSUPPORTED */
KvmmQgaFacts *kvmm_virt_domain_read_qga (KvmmVirtConnect *self, const char *uuid, GError **error);
void kvmm_qga_facts_free (KvmmQgaFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmQgaFacts, kvmm_qga_facts_free)

/** kvmm_virt_domain_freeze_qga: freezes all file systems of the guest. Nothing thaws them by
 * itself. Returns: how many, -1 with @error set */
int kvmm_virt_domain_freeze_qga (KvmmVirtConnect *self, const char *uuid, GError **error);
/** kvmm_virt_domain_thaw_qga: Returns: how many, -1 with @error set */
int kvmm_virt_domain_thaw_qga (KvmmVirtConnect *self, const char *uuid, GError **error);
/** kvmm_virt_domain_set_password_qga: @crypt_hash: as crypt(5) makes it; never a password */
gboolean kvmm_virt_domain_set_password_qga (KvmmVirtConnect *self,
                                            const char *uuid,
                                            const char *user,
                                            const char *crypt_hash,
                                            GError **error);

/**
 * kvmm_virt_domain_command_qga:
 * @command: what the agent is told, as JSON
 * @timeout_s: how long to wait for its answer
 *
 * For what libvirt has no function for; it marks the running machine as one that was interfered
 * with. Returns: (transfer full): the agent's answer, JSON that nobody vouches for
 */
char *kvmm_virt_domain_command_qga (
    KvmmVirtConnect *self, const char *uuid, const char *command, int timeout_s, GError **error);

/** kvmm_virt_domain_read_addresses: Worker only. From DHCP leases and ARP, no agent asked; empty
 * when nobody knows. Returns: (transfer full) (element-type KvmmGuestInterface) */
GPtrArray *
kvmm_virt_domain_read_addresses (KvmmVirtConnect *self, const char *uuid, GError **error);

G_END_DECLS

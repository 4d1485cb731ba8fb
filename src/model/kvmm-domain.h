/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-guest.h"
#include "model/kvmm-log.h"
#include "model/kvmm-shutdown.h"
#include "util/kvmm-history.h"
#include "virt/kvmm-domain-info.h"

G_BEGIN_DECLS

/* One virtual machine. Main thread only. One object per UUID for the life of its connection object:
 * a refresh, a lost connection and a reconnect keep it. */

typedef struct _KvmmConnection KvmmConnection;

#define KVMM_TYPE_DOMAIN (kvmm_domain_get_type ())
G_DECLARE_FINAL_TYPE (KvmmDomain, kvmm_domain, KVMM, DOMAIN, GObject)

GType kvmm_domain_state_get_type (void);
#define KVMM_TYPE_DOMAIN_STATE (kvmm_domain_state_get_type ())

/* What a person can do to a machine. */
typedef enum
{
  KVMM_DOMAIN_ACTION_START,
  KVMM_DOMAIN_ACTION_SHUT_DOWN,
  KVMM_DOMAIN_ACTION_REBOOT,
  KVMM_DOMAIN_ACTION_FORCE_OFF,
  KVMM_DOMAIN_ACTION_RESET,
  KVMM_DOMAIN_ACTION_PAUSE,
  KVMM_DOMAIN_ACTION_RESUME,
  KVMM_DOMAIN_ACTION_SAVE,
  KVMM_DOMAIN_ACTION_AUTOSTART_ON,
  KVMM_DOMAIN_ACTION_AUTOSTART_OFF,
  KVMM_DOMAIN_N_ACTIONS
} KvmmDomainAction;

/* Properties, all readable with notify:
 *   "uuid" "name" "title"(nullable) "description", "tags" (GStrv)(nullable)  "connection"
 * KvmmConnection "state" KvmmDomainState   "state-text" translated ("Running")   "state-icon-name"
 *   "is-active" boolean   "autostart" "persistent" "has-managed-save"
 *   "id" int, see kvmm_domain_get_id()   "memory-kib" guint64 (current)   "vcpus" guint
 *   "cpu-fraction" double 0–1 of all the machine's vCPUs, NAN when not known
 *   "memory-used-kib" guint64, 0 when not known
 *   "since-us" gint64: Unix time of the last state change seen, 0 when not seen
 *   "pending" (nullable): translated, what is under way ("Shutting down…"), until the state changes
 *       or 60 s have passed
 *   "shutdown" (nullable) KvmmShutdown: the last one
 *   "xml" (nullable): see kvmm_domain_get_xml()     "guest" KvmmGuest
 * "stats-changed" signal after each statistics tick that touched this machine.
 */
const char *kvmm_domain_get_uuid (KvmmDomain *self);
const char *kvmm_domain_get_name (KvmmDomain *self);
const char *kvmm_domain_get_title (KvmmDomain *self);
const char *kvmm_domain_get_description (KvmmDomain *self);
/** kvmm_domain_get_tags: Returns: (nullable) (transfer none): valid until the main loop runs */
const char *const *kvmm_domain_get_tags (KvmmDomain *self);
/** kvmm_domain_get_is_template: Returns: whether others are made of it, and it had better not run;
 * "state-text" says so while it is off */
gboolean kvmm_domain_get_is_template (KvmmDomain *self);
/** kvmm_domain_get_wait: Returns: what a machine that was made here and never started waits for;
 * "state-text" says so while it is off, and notifies */
KvmmXmlWait kvmm_domain_get_wait (KvmmDomain *self);
KvmmConnection *kvmm_domain_get_connection (KvmmDomain *self); /* (nullable) (transfer none) */
KvmmDomainState kvmm_domain_get_state (KvmmDomain *self);
const char *kvmm_domain_get_state_text (KvmmDomain *self);
const char *kvmm_domain_get_state_icon_name (KvmmDomain *self);
gboolean kvmm_domain_get_is_active (KvmmDomain *self);
gboolean kvmm_domain_get_autostart (KvmmDomain *self);
gboolean kvmm_domain_get_persistent (KvmmDomain *self);
gboolean kvmm_domain_get_has_managed_save (KvmmDomain *self);
/** kvmm_domain_get_id: Returns: libvirt's id of the running machine, -1 when it does not run */
int kvmm_domain_get_id (KvmmDomain *self);
guint64 kvmm_domain_get_memory_kib (KvmmDomain *self);
guint64 kvmm_domain_get_memory_used_kib (KvmmDomain *self);
guint kvmm_domain_get_vcpus (KvmmDomain *self);
double kvmm_domain_get_cpu_fraction (KvmmDomain *self);
gint64 kvmm_domain_get_since_us (KvmmDomain *self);
const char *kvmm_domain_get_pending (KvmmDomain *self);
/** kvmm_domain_get_xml: Returns: (nullable): the XML last read, live while the machine runs. The
 * text of thousands of machines is not kept for nothing: it is %NULL until somebody asked, which
 * starts a read; "xml" notifies when it is here and whenever it changes from then on. To read at
 * this moment use kvmm_domain_read_xml_async(). */
const char *kvmm_domain_get_xml (KvmmDomain *self);
const KvmmXmlDomainFacts *kvmm_domain_get_facts (KvmmDomain *self); /* (nullable) */
KvmmGuest *kvmm_domain_get_guest (KvmmDomain *self);                /* (transfer none) never NULL */
KvmmLog *kvmm_domain_get_log (KvmmDomain *self);                    /* (transfer none) never NULL */
/**
 * kvmm_domain_get_history:
 *
 * Series: 0 CPU 0–1, 1 memory used 0–1, 2 disk read B/s, 3 disk write B/s, 4 network receive B/s, 5
 * network send B/s; one sample per tick, 150 kept.
 *
 * Returns: (nullable) (transfer none): %NULL until the first sample
 */
KvmmHistory *kvmm_domain_get_history (KvmmDomain *self);

/** kvmm_domain_can: @reason: (out) (optional) (transfer none): translated, why not. Re-evaluate on
 * notify of "state", "autostart" … */
gboolean kvmm_domain_can (KvmmDomain *self, KvmmDomainAction action, const char **reason);

/**
 * kvmm_domain_act_async:
 *
 * Runs the action on the connection's control lane (save: slow lane). Success means that libvirt
 * took it; the state follows by event. The error message names the machine. Cancelling detaches.
 */
void kvmm_domain_act_async (KvmmDomain *self,
                            KvmmDomainAction action,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean kvmm_domain_act_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/**
 * kvmm_domain_begin_shutdown:
 * @restart: the guest is to start again
 *
 * Asks the guest to shut down, by whatever way it listens to, and watches what happens. Begins
 * nothing new while one of the same kind is under way; one of the other kind is cancelled.
 *
 * Returns: (transfer none): what shows how it goes; kept until the next one
 */
KvmmShutdown *kvmm_domain_begin_shutdown (KvmmDomain *self, gboolean restart);
/** kvmm_domain_get_shutdown: Returns: (transfer none) (nullable): the last one begun */
KvmmShutdown *kvmm_domain_get_shutdown (KvmmDomain *self);

/** kvmm_domain_read_xml_async: the stored (@inactive) or the live XML, read now */
void kvmm_domain_read_xml_async (KvmmDomain *self,
                                 gboolean inactive,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
char *kvmm_domain_read_xml_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_list_devices_async: the Hardware page: re-parsed on a worker.
 *  finish returns: (transfer full) (element-type KvmmXmlDevice) */
void kvmm_domain_list_devices_async (KvmmDomain *self,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
GPtrArray *kvmm_domain_list_devices_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_add_channel_async: adds the agent's channel, live if it can be, else for the next
 * start. finish: @needs_restart: (out): whether it comes with the next start only */
void kvmm_domain_add_channel_async (KvmmDomain *self,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean kvmm_domain_add_channel_finish (KvmmDomain *self,
                                         GAsyncResult *result,
                                         gboolean *needs_restart,
                                         GError **error);

/** kvmm_domain_add_tablet_async: adds a USB tablet, which makes the guest follow the pointer: to
 * the running machine and to what is stored of it. Nothing where there is one. finish:
 * @needs_restart: (out): whether it comes with the next start only */
void kvmm_domain_add_tablet_async (KvmmDomain *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean kvmm_domain_add_tablet_finish (KvmmDomain *self,
                                        GAsyncResult *result,
                                        gboolean *needs_restart,
                                        GError **error);

G_END_DECLS

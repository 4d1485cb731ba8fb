/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "virt/kvmm-virt-connect.h"
#include "virt/kvmm-virt-storage.h"

G_BEGIN_DECLS

/* What the files of this layer share. Not for the layers above: it shows libvirt's own types. */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virConnect, virConnectClose)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, virDomainFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virStoragePool, virStoragePoolFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virStorageVol, virStorageVolFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virStream, virStreamFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virError, virFreeError)

/* ---- kvmm-virt-error.c ---- */

/**
 * kvmm_virt_error_take:
 * @what: translated: what failed, on which object, without a full stop
 *
 * Any thread. Turns the thread's last libvirt error into a KVMM_VIRT_ERROR "@what: libvirt's text".
 * Must be the first thing after the failing call: virDomainFree() and friends wipe that error.
 */
void kvmm_virt_error_take (GError **error, const char *what);
/** kvmm_virt_error_take_named: the same. @format: "Could not rename “%s”", with one %s for @name,
 * which is sanitised */
void kvmm_virt_error_take_named (GError **error, const char *format, const char *name);
/** kvmm_virt_error_take_connect: the same for a failed open, which has its own reading of codes and
 * names the cure */
void kvmm_virt_error_take_connect (GError **error, const char *uri, gboolean was_cancelled);
/** kvmm_virt_error_set: an error of our own; libvirt's code and domain stay 0 */
void kvmm_virt_error_set (GError **error, KvmmVirtErrorCode code, const char *message);
/** kvmm_virt_error_classify: Returns: the meaning of a libvirt error; @system_errno is its int1 */
KvmmVirtErrorCode kvmm_virt_error_classify (int code, int domain, int system_errno);
KvmmVirtErrorCode kvmm_virt_error_classify_connect (int code, int domain, int system_errno);

/* ---- kvmm-virt-connect.c ---- */

/** kvmm_virt_connect_acquire: Worker only. Returns: (transfer full): the handle, or %NULL with
 * CONNECTION_LOST after kvmm_virt_connect_close() */
virConnectPtr kvmm_virt_connect_acquire (KvmmVirtConnect *self, GError **error);
/** kvmm_virt_connect_acquire_domain: Worker only. From the cache, else looked up. Its name and id
 * may be of an earlier time: libvirt finds a domain by its UUID alone. */
virDomainPtr
kvmm_virt_connect_acquire_domain (KvmmVirtConnect *self, const char *uuid, GError **error);
/** kvmm_virt_connect_lookup_domain: Worker only. A handle that nobody else has, for the call that
 * changes handles (virDomainRename()); libvirt's are not locked. */
virDomainPtr
kvmm_virt_connect_lookup_domain (KvmmVirtConnect *self, const char *uuid, GError **error);
/** kvmm_virt_connect_forget_domain: Any thread. Drops the cached handle. */
void kvmm_virt_connect_forget_domain (KvmmVirtConnect *self, const char *uuid);
/** kvmm_virt_connect_replace_domains: Any thread. Takes references on the handles of a new list,
 * drops all others. */
void
kvmm_virt_connect_replace_domains (KvmmVirtConnect *self, virDomainPtr *domains, guint n_domains);

/* ---- kvmm-virt-events.c ---- */

#define KVMM_VIRT_MAX_CALLBACKS 24
/* The callback ids of one connection. */
typedef struct
{
  int ids[KVMM_VIRT_MAX_CALLBACKS];
  guint n_ids;
  gpointer close_link; /* (owned) (nullable) */
} KvmmVirtCallbacks;

/** kvmm_virt_callbacks_register: Worker only. See kvmm_virt_connect_register_events(). */
gboolean kvmm_virt_callbacks_register (KvmmVirtCallbacks *self,
                                       virConnectPtr connect,
                                       KvmmVirtEventFunc func,
                                       gpointer user_data,
                                       GDestroyNotify destroy,
                                       GError **error);
/** kvmm_virt_callbacks_deregister: Worker only. Never fails: what a dead connection cannot take
 * back is gone with it. */
void kvmm_virt_callbacks_deregister (KvmmVirtCallbacks *self, virConnectPtr connect);

/* ---- kvmm-virt-qga.c, kvmm-virt-stats.c: reading what libvirt answered ---- */

/** kvmm_qga_facts_new: Any thread. @params: of virDomainGetGuestInfo() */
KvmmQgaFacts *kvmm_qga_facts_new (virTypedParameterPtr params, int n_params);
/** kvmm_domain_stats_take: Any thread. Adds one parameter of virConnectGetAllDomainStats() */
void kvmm_domain_stats_take (KvmmDomainStats *self, const virTypedParameter *param);

/* ---- kvmm-virt-storage.c. Worker only. ---- */

/** kvmm_virt_storage_acquire_pool: Returns: (transfer full): %NULL with an error */
virStoragePoolPtr
kvmm_virt_storage_acquire_pool (KvmmVirtConnect *self, const char *name, GError **error);
/** kvmm_virt_storage_acquire_volume: Returns: (transfer full): %NULL with an error */
virStorageVolPtr kvmm_virt_storage_acquire_volume (KvmmVirtConnect *self,
                                                   const char *pool,
                                                   const char *volume,
                                                   GError **error);
/** kvmm_virt_storage_describe_volume: Returns: (transfer full): never %NULL */
KvmmVirtVolume *kvmm_virt_storage_describe_volume (virStorageVolPtr volume);

/* ---- kvmm-domain-info.c ---- */

typedef struct
{
  const char *uuid;
  const char *name;
  int id;
  KvmmDomainState state;
  int reason;
  gboolean persistent;
  gboolean autostart;
  gboolean has_managed_save;
} KvmmDomainInfoFields;

/** kvmm_domain_info_new: @xml: (nullable) (transfer full). Parses the facts, so: on a worker. */
KvmmDomainInfo *kvmm_domain_info_new (const KvmmDomainInfoFields *fields, char *xml);
KvmmDomainState kvmm_domain_state_from_libvirt (int state);
/** kvmm_domain_infos_sort: by name as g_utf8_collate() sorts, then by UUID */
void kvmm_domain_infos_sort (GPtrArray *infos);

G_END_DECLS

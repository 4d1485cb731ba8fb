/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib-object.h>

#include "xml/kvmm-xml-domain.h"

G_BEGIN_DECLS

/* What libvirt says about one domain at one moment: an immutable, atomically reference-counted
 * value. Any thread. */

typedef enum
{
  KVMM_DOMAIN_STATE_UNKNOWN, /* the connection is lost, or libvirt does not say */
  KVMM_DOMAIN_STATE_RUNNING, /* running or blocked */
  KVMM_DOMAIN_STATE_PAUSED,
  KVMM_DOMAIN_STATE_SHUTTING_DOWN,
  KVMM_DOMAIN_STATE_SHUT_OFF,
  KVMM_DOMAIN_STATE_CRASHED,
  KVMM_DOMAIN_STATE_SUSPENDED, /* PMSUSPENDED: the guest sleeps */
} KvmmDomainState;

typedef struct _KvmmDomainInfo KvmmDomainInfo;
#define KVMM_TYPE_DOMAIN_INFO (kvmm_domain_info_get_type ())
GType kvmm_domain_info_get_type (void);
KvmmDomainInfo *kvmm_domain_info_ref (KvmmDomainInfo *self);
void kvmm_domain_info_unref (KvmmDomainInfo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmDomainInfo, kvmm_domain_info_unref)

const char *kvmm_domain_info_get_uuid (const KvmmDomainInfo *self);
const char *kvmm_domain_info_get_name (const KvmmDomainInfo *self);
/** kvmm_domain_info_get_id: Returns: libvirt's id of the running machine, -1 when it does not run;
 * changes with each start */
int kvmm_domain_info_get_id (const KvmmDomainInfo *self);
KvmmDomainState kvmm_domain_info_get_state (const KvmmDomainInfo *self);
/** kvmm_domain_info_get_reason: Returns: VIR_DOMAIN_*_REASON as libvirt gave it, 0 when not known
 */
int kvmm_domain_info_get_reason (const KvmmDomainInfo *self);
gboolean kvmm_domain_info_get_persistent (const KvmmDomainInfo *self);
gboolean kvmm_domain_info_get_autostart (const KvmmDomainInfo *self);
gboolean kvmm_domain_info_get_has_managed_save (const KvmmDomainInfo *self);
/** kvmm_domain_info_get_xml: Returns: (nullable): the live XML of a running machine, else the
 * inactive one; without secrets. %NULL in a first, quick answer of kvmm_virt_connect_list_domains()
 */
const char *kvmm_domain_info_get_xml (const KvmmDomainInfo *self);
/** kvmm_domain_info_get_facts: Returns: (nullable): parsed from the XML on the worker; %NULL with
 * no or unreadable XML */
const KvmmXmlDomainFacts *kvmm_domain_info_get_facts (const KvmmDomainInfo *self);

G_END_DECLS

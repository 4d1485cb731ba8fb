/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* Why a connection cannot be opened, and the command that cures it. Worker only: looks at files and
 * asks the user database. Private to the model. */

/* Where to look; a test looks elsewhere. */
typedef struct
{
  const char *root;   /* put before every path, "" for the real one */
  const char *user;   /* user name */
  gboolean in_group;  /* this process may act as group libvirt */
  gboolean is_member; /* the user database names the user in group libvirt */
  gboolean is_root;
} KvmmDiagnoseSystem;

/** kvmm_diagnose: Returns: (transfer full) (nullable): translated: one sentence, then perhaps "\n"
 * and a command for a terminal */
char *kvmm_diagnose (const char *uri, const GError *error);
char *kvmm_diagnose_system (const char *uri, const GError *error, const KvmmDiagnoseSystem *system);

/** kvmm_diagnose_host: what an open connection suffers from: no /dev/kvm. Returns: (transfer full)
 * (nullable): as above */
char *kvmm_diagnose_host (const KvmmVirtHost *host);
char *kvmm_diagnose_host_system (const KvmmVirtHost *host, const KvmmDiagnoseSystem *system);

G_END_DECLS

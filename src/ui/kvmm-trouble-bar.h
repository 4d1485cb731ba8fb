/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* What stands between a person and a machine: its connection is lost, refused or closed, or the
 * machine is no longer there. Hidden while nothing does. Its button is the action
 * "machine.connect". Main thread only. */
#define KVMM_TYPE_TROUBLE_BAR (kvmm_trouble_bar_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTroubleBar, kvmm_trouble_bar, KVMM, TROUBLE_BAR, AdwBin)

void kvmm_trouble_bar_set_domain (KvmmTroubleBar *self, KvmmDomain *domain);
/** kvmm_trouble_bar_set_is_gone: whether the machine was undefined */
void kvmm_trouble_bar_set_is_gone (KvmmTroubleBar *self, gboolean is_gone);

G_END_DECLS

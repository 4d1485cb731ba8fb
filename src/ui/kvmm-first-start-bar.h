/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* What a machine that was made and never started waits for: to be begun, or to be deleted with what
 * was made for it. Hidden for all others. Main thread only. */
#define KVMM_TYPE_FIRST_START_BAR (kvmm_first_start_bar_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFirstStartBar, kvmm_first_start_bar, KVMM, FIRST_START_BAR, AdwBin)

void kvmm_first_start_bar_set_domain (KvmmFirstStartBar *self, KvmmDomain *domain);

G_END_DECLS

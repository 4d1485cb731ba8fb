/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Every device of a machine, to read, and above them what waits for its next start. Main thread
 * only. */
#define KVMM_TYPE_HARDWARE_PAGE (kvmm_hardware_page_get_type ())
G_DECLARE_FINAL_TYPE (KvmmHardwarePage, kvmm_hardware_page, KVMM, HARDWARE_PAGE, AdwBin)

GtkWidget *kvmm_hardware_page_new (KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The processes of a guest, read again every two seconds while they are looked at. Main thread
 * only. */
#define KVMM_TYPE_PROCESSES_VIEW (kvmm_processes_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmProcessesView, kvmm_processes_view, KVMM, PROCESSES_VIEW, AdwBin)

GtkWidget *kvmm_processes_view_new (KvmmDomain *domain);

G_END_DECLS

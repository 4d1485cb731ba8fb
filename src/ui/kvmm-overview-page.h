/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* What one wants to know about a machine at a glance. Holds the guest while mapped. Main thread
 * only. */
#define KVMM_TYPE_OVERVIEW_PAGE (kvmm_overview_page_get_type ())
G_DECLARE_FINAL_TYPE (KvmmOverviewPage, kvmm_overview_page, KVMM, OVERVIEW_PAGE, AdwBin)

GtkWidget *kvmm_overview_page_new (KvmmSettings *settings, KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The services of a guest, as its service manager tells them. Read when the view is first looked at
 * and when somebody asks. Main thread only. */
#define KVMM_TYPE_SERVICES_VIEW (kvmm_services_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmServicesView, kvmm_services_view, KVMM, SERVICES_VIEW, AdwBin)

GtkWidget *kvmm_services_view_new (KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The logs inside a guest, as they come. Nothing is asked of the guest while nobody looks. Main
 * thread only. */
#define KVMM_TYPE_GUEST_LOG_VIEW (kvmm_guest_log_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGuestLogView, kvmm_guest_log_view, KVMM, GUEST_LOG_VIEW, AdwBin)

GtkWidget *kvmm_guest_log_view_new (KvmmDomain *domain);

G_END_DECLS

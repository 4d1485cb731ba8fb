/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/** kvmm_start_from_dialog_present: asks what a stopped machine is to boot from this once, and
 * starts it so. Its boot order stays as it is. Main thread. */
void kvmm_start_from_dialog_present (GtkWidget *widget, KvmmDomain *domain);

G_END_DECLS

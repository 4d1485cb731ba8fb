/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/** kvmm_grow_dialog_present: asks for a new size of the disk @target ("vda") and gives it to the
 * machine, which runs or not. Main thread. */
void kvmm_grow_dialog_present (GtkWidget *widget, KvmmDomain *domain, const char *target);

G_END_DECLS

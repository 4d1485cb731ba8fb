/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/** kvmm_describe_dialog_present: asks for a machine's title and description, writes them into its
 * definition and, while it runs, into the running machine. Main thread only. */
void kvmm_describe_dialog_present (GtkWidget *widget, KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Chooses the image of a disc or a floppy for a drive of a machine, and inserts it: a file of this
 * computer where that is the host, or what lies in the storage pools of the host. Main thread only.
 */
#define KVMM_TYPE_DISC_WINDOW (kvmm_disc_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmDiscWindow, kvmm_disc_window, KVMM, DISC_WINDOW, AdwWindow)

/**
 * kvmm_disc_window_present:
 * @widget: in the window above it, where the toast appears
 * @target: (nullable): of the drive; %NULL: the person chooses among all there are
 */
void kvmm_disc_window_present (GtkWidget *widget, KvmmDomain *domain, const char *target);

G_END_DECLS

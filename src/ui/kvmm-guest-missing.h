/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/** kvmm_guest_missing_present: a dialog that says what stands in the way of an action in a guest,
 * with the host's switch and, if @lines is given, what an administrator adds to the guest's policy.
 * @widget: in the window that it belongs to; @lines: (nullable): of agent.conf. Main thread only.
 */
void kvmm_guest_missing_present (GtkWidget *widget,
                                 KvmmGuest *guest,
                                 const char *heading,
                                 const char *lines);

/** kvmm_guest_missing_create_lines: Returns: (transfer floating): the lines with where they go, and
 * the command that makes them count */
GtkWidget *kvmm_guest_missing_create_lines (const char *lines);

G_END_DECLS

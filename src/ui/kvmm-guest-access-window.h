/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-connection.h"

G_BEGIN_DECLS

/** kvmm_guest_access_window_present: the machines of @connection whose commands, terminal and files
 * are allowed on this computer, each with a button that ends it. Main thread only. */
void kvmm_guest_access_window_present (GtkWindow *parent, KvmmConnection *connection);

G_END_DECLS

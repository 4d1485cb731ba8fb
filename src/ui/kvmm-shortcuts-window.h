/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* The list of keys. Main thread only. */

/** kvmm_shortcuts_window_present: shows every key of the program. @parent: (nullable) */
void kvmm_shortcuts_window_present (GtkWindow *parent);

G_END_DECLS

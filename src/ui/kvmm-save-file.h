/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/** kvmm_save_file_ask: asks where to, then writes @bytes there. @name: what the file is called if
 * nobody says otherwise, not from a guest. Main thread only; nothing waits. */
void kvmm_save_file_ask (GtkWidget *widget, const char *title, const char *name, GBytes *bytes);

G_END_DECLS

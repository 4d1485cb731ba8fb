/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

#define KVMM_STATE_DOT_SIZE 8.0f

/** kvmm_state_dot_get_color: Main thread only. A named colour of the style (its text colour without
 * a name), paler while the machine's state is not known. @name: (nullable) */
void
kvmm_state_dot_get_color (GtkWidget *widget, KvmmDomain *domain, const char *name, GdkRGBA *color);

/** kvmm_state_dot_snapshot: Main thread only. A filled dot is on, a ring is off: the shape says it
 * without the colour. @middle: its height in the widget */
void kvmm_state_dot_snapshot (
    GtkWidget *widget, GtkSnapshot *snapshot, KvmmDomain *domain, float x, float middle);

G_END_DECLS

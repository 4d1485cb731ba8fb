/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "console/kvmm-display.h"
#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* A further screen of a guest in a window of its own. Main thread only. Lives no longer than the
 * connection of the first screen, which gives it its display.
 *
 * Signals: "switch-off": the guest should have this screen no more. */
#define KVMM_TYPE_CONSOLE_HEAD_WINDOW (kvmm_console_head_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleHeadWindow,
                      kvmm_console_head_window,
                      KVMM,
                      CONSOLE_HEAD_WINDOW,
                      AdwApplicationWindow)

/** kvmm_console_head_window_new: @head: counted from 0, the first screen, which needs none.
 * Returns: (transfer none): a window that is not shown yet */
KvmmConsoleHeadWindow *kvmm_console_head_window_new (GtkApplication *application,
                                                     KvmmSettings *settings,
                                                     KvmmDomain *domain,
                                                     guint head);
guint kvmm_console_head_window_get_head (KvmmConsoleHeadWindow *self);
/** kvmm_console_head_window_take_display: @display: (transfer floating) (nullable): with this
 * screen; in place of an earlier one, whose picture goes */
void kvmm_console_head_window_take_display (KvmmConsoleHeadWindow *self, KvmmDisplay *display);
/** kvmm_console_head_window_get_display: Returns: (transfer none) (nullable) */
KvmmDisplay *kvmm_console_head_window_get_display (KvmmConsoleHeadWindow *self);
/** kvmm_console_head_window_set_can_switch: whether the guest can be asked to switch screens */
void kvmm_console_head_window_set_can_switch (KvmmConsoleHeadWindow *self, gboolean can_switch);

G_END_DECLS

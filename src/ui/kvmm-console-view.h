/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "console/kvmm-display.h"
#include "model/kvmm-console-opener.h"
#include "model/kvmm-console-session.h"
#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* One screen of a machine, with all that is shown in its place while there is no picture: what is
 * waited for, a password form, "off", an error. Main thread only.
 *
 * Signals: "changed": what a getter returns did. "display-changed": another display widget.
 * Uses the actions console.start and console.retry of a page above it. */
#define KVMM_TYPE_CONSOLE_VIEW (kvmm_console_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleView, kvmm_console_view, KVMM, CONSOLE_VIEW, AdwBin)

/** kvmm_console_view_new: @opener: of @domain; @index: of the screen, as KvmmXmlGraphics counts */
GtkWidget *kvmm_console_view_new (KvmmSettings *settings,
                                  KvmmDomain *domain,
                                  KvmmConsoleOpener *opener,
                                  guint index);

/** kvmm_console_view_retry: opens the screen at once; takes it back from another viewer */
void kvmm_console_view_retry (KvmmConsoleView *self);
KvmmConsoleSessionState kvmm_console_view_get_state (KvmmConsoleView *self);
/** kvmm_console_view_get_display: Returns: (transfer none) (nullable): the widget with the picture,
 * also of one that is gone */
KvmmDisplay *kvmm_console_view_get_display (KvmmConsoleView *self);
/** kvmm_console_view_get_wants_tablet: whether the guest's mouse is relative and the machine has no
 * tablet that would make it absolute */
gboolean kvmm_console_view_get_wants_tablet (KvmmConsoleView *self);
KvmmGraphicsKind kvmm_console_view_get_kind (KvmmConsoleView *self);

/** kvmm_console_show_only: makes the page @name the visible one of @stack, and hides the others
 * from assistive technologies too */
void kvmm_console_show_only (GtkStack *stack, const char *name);

G_END_DECLS

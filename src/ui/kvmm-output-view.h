/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Lines that keep coming, the newest at the end: scrolls along while the end is in sight, can be
 * searched (Ctrl+F) and selected. The oldest go when there are too many. Main thread only. */

#define KVMM_OUTPUT_VIEW_MAX_LINES 10000

#define KVMM_TYPE_OUTPUT_VIEW (kvmm_output_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmOutputView, kvmm_output_view, KVMM, OUTPUT_VIEW, AdwBin)

GtkWidget *kvmm_output_view_new (void);
/** kvmm_output_view_set_label: the name for assistive technology */
void kvmm_output_view_set_label (KvmmOutputView *self, const char *label);
/** kvmm_output_view_append: @text: made inert by kvmm_guest_output_push(); @is_error: told apart by
 * its colour */
void kvmm_output_view_append (KvmmOutputView *self, const char *text, gboolean is_error);
void kvmm_output_view_clear (KvmmOutputView *self);
/** kvmm_output_view_dup_text: Returns: (transfer full): all that is shown */
char *kvmm_output_view_dup_text (KvmmOutputView *self);
/** kvmm_output_view_dup_selection: Returns: (transfer full): what is selected, or all */
char *kvmm_output_view_dup_selection (KvmmOutputView *self);
guint kvmm_output_view_get_n_lines (KvmmOutputView *self);
/** kvmm_output_view_find: opens the search */
void kvmm_output_view_find (KvmmOutputView *self);

G_END_DECLS

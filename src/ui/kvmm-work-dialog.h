/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What the program is busy with, when it takes longer than a moment: a dialog with a bar and
 * Cancel. Main thread only. */
#define KVMM_TYPE_WORK_DIALOG (kvmm_work_dialog_get_type ())
G_DECLARE_FINAL_TYPE (KvmmWorkDialog, kvmm_work_dialog, KVMM, WORK_DIALOG, GObject)

/** KvmmWorkDialogFunc: Returns: (transfer full): one sentence; called each second; @elapsed_s:
 * since the dialog was made */
typedef char *(*KvmmWorkDialogFunc) (guint elapsed_s, gpointer user_data);

/**
 * kvmm_work_dialog_new:
 * @parent: in the window that waits; the dialog goes with it
 * @heading: "Ejecting the Agent Disc"
 * @text: called with @user_data for what the dialog says; must live until
 *     kvmm_work_dialog_close()
 * @cancellable: cancelled by the person
 *
 * Shown after KVMM_WORK_DIALOG_DELAY_MS, unless it is closed before. Returns: (transfer full)
 */
#define KVMM_WORK_DIALOG_DELAY_MS 400
KvmmWorkDialog *kvmm_work_dialog_new (GtkWidget *parent,
                                      const char *heading,
                                      KvmmWorkDialogFunc text,
                                      gpointer user_data,
                                      GCancellable *cancellable);
/** kvmm_work_dialog_set_fraction: @fraction: 0 to 1 */
void kvmm_work_dialog_set_fraction (KvmmWorkDialog *self, double fraction);
/** kvmm_work_dialog_close: it is over */
void kvmm_work_dialog_close (KvmmWorkDialog *self);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What came out of one action on several machines. Main thread only. */

#define KVMM_TYPE_BULK_RESULT (kvmm_bulk_result_get_type ())
G_DECLARE_FINAL_TYPE (KvmmBulkResult, kvmm_bulk_result, KVMM, BULK_RESULT, GObject)

/**
 * kvmm_bulk_result_new:
 * @name: the machine's name
 * @error: (nullable): why it failed
 * @reason: (nullable): why it was left out; %NULL with no @error means that it succeeded
 *
 * Returns: (transfer full): the result
 */
KvmmBulkResult *kvmm_bulk_result_new (const char *name, const GError *error, const char *reason);
const char *kvmm_bulk_result_get_name (KvmmBulkResult *self);
const GError *kvmm_bulk_result_get_error (KvmmBulkResult *self); /* (nullable) */
gboolean kvmm_bulk_result_get_is_left_out (KvmmBulkResult *self);
/** kvmm_bulk_result_get_text: Returns: (transfer none): one translated line: done, why left out, or
 * the error */
const char *kvmm_bulk_result_get_text (KvmmBulkResult *self);

/**
 * kvmm_bulk_result_show:
 * @parent: any widget of the window that asked
 * @action_label: "Shut Down"
 * @results: (element-type KvmmBulkResult)
 *
 * When all went well: a toast that says how many, with Details. Otherwise a dialog that lists each
 * machine, the failures first.
 */
void kvmm_bulk_result_show (GtkWidget *parent, const char *action_label, GListModel *results);

G_END_DECLS

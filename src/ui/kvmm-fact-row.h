/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A line of a boxed list: what it is at the left, its value at the right, selectable or with a
 * click that copies. Both are plain text, never markup. Hidden while there is no value. Main thread
 * only. */

/* Properties, all read-write with notify: "title", "value" (nullable), "copyable" boolean: the
 * value is a button that copies it. */
#define KVMM_TYPE_FACT_ROW (kvmm_fact_row_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFactRow, kvmm_fact_row, KVMM, FACT_ROW, GtkListBoxRow)

GtkWidget *kvmm_fact_row_new (const char *title, const char *value);
void kvmm_fact_row_set_title (KvmmFactRow *self, const char *title);
void kvmm_fact_row_set_value (KvmmFactRow *self, const char *value);
/** kvmm_fact_row_take_value: as set_value; @value: (transfer full) (nullable) */
void kvmm_fact_row_take_value (KvmmFactRow *self, char *value);

G_END_DECLS

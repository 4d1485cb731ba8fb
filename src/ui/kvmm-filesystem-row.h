/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/* One file system of a guest with a bar: amber above 75 %, red above 90 %. Follows its item. Main
 * thread only. */
#define KVMM_TYPE_FILESYSTEM_ROW (kvmm_filesystem_row_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFilesystemRow, kvmm_filesystem_row, KVMM, FILESYSTEM_ROW, GtkListBoxRow)

GtkWidget *kvmm_filesystem_row_new (KvmmGuestItem *item);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* One entry of a directory in a guest, for list models. Main thread only. */
#define KVMM_TYPE_FILE_ITEM (kvmm_file_item_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFileItem, kvmm_file_item, KVMM, FILE_ITEM, GObject)

typedef enum
{
  KVMM_FILE_COLUMN_NAME,
  KVMM_FILE_COLUMN_SIZE,
  KVMM_FILE_COLUMN_MODIFIED,
  KVMM_FILE_COLUMN_OWNER,
  KVMM_FILE_COLUMN_MODE,
} KvmmFileColumn;
#define KVMM_N_FILE_COLUMNS (KVMM_FILE_COLUMN_MODE + 1)

/** kvmm_file_item_new: @file: copied */
KvmmFileItem *kvmm_file_item_new (const KvmmGuestFile *file);
const KvmmGuestFile *kvmm_file_item_get_file (KvmmFileItem *self);
/** kvmm_file_item_can_open: whether it is a directory that can be looked into */
gboolean kvmm_file_item_can_open (KvmmFileItem *self);
/** kvmm_file_item_can_download: files and directories with a name that can be asked for */
gboolean kvmm_file_item_can_download (KvmmFileItem *self);
const char *kvmm_file_item_get_icon_name (KvmmFileItem *self);
/** kvmm_file_item_dup_text: what stands in @column */
char *kvmm_file_item_dup_text (KvmmFileItem *self, KvmmFileColumn column);
/** kvmm_file_item_create_sorter: Returns: (transfer full): by @column, then by name */
GtkSorter *kvmm_file_item_create_sorter (KvmmFileColumn column);
/** kvmm_file_item_create_kind_sorter: Returns: (transfer full): directories before all else */
GtkSorter *kvmm_file_item_create_kind_sorter (void);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/* The rows of a guest's lists: an item stays for the same key while its value changes. Main thread
 * only. Private to the model. */

typedef enum
{
  KVMM_GUEST_ROWS_INTERFACES,  /* KvmmGuestInterface, by name; physical ones first */
  KVMM_GUEST_ROWS_FILESYSTEMS, /* KvmmGuestFilesystem, by mount point */
  KVMM_GUEST_ROWS_USERS,       /* KvmmGuestUser, by name and terminal */
  KVMM_GUEST_N_ROWS
} KvmmGuestRows;

/** kvmm_guest_rows_new: Returns: (transfer full): an empty list of KvmmGuestItem */
GListStore *kvmm_guest_rows_new (void);

/**
 * kvmm_guest_rows_set:
 * @values: (nullable): the whole new list; copied
 *
 * Changes what differs: one "changed" for each item with another value, one "items-changed" when
 * rows come, go or move.
 */
void kvmm_guest_rows_set (GListStore *store, KvmmGuestRows rows, GPtrArray *values);

G_END_DECLS

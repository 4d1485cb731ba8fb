/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain-clone.h"

G_BEGIN_DECLS

/**
 * kvmm_clone_row_new:
 * @item: (unowned): outlives the row; what is chosen is written into its fate
 * @changed: called with @user_data behind each choice
 *
 * Main thread only. A row that says what becomes of a disk in a copy of its machine, with the other
 * possibilities where there are any.
 */
GtkWidget *
kvmm_clone_row_new (KvmmCloneItem *item, void (*changed) (gpointer user_data), gpointer user_data);

G_END_DECLS

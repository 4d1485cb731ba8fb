/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "kvmm-file-item.h"

G_BEGIN_DECLS

/** kvmm_files_columns_add: Name, Size, Modified, Owner, Mode, sorted by the first. @menu_cb: called
 * with (GtkWidget *cell, guint position, double x, double y, @user_data) for a secondary click;
 * @drag_cb: called with (GtkDragSource *source, GtkWidget *cell, guint position, @user_data) when
 * the row is dragged away, returns (transfer full) (nullable) what it carries; @user_data must
 * outlive @view. Main thread only. */
typedef void (*KvmmFilesMenuFunc) (
    GtkWidget *cell, guint position, double x, double y, gpointer user_data);
typedef GdkContentProvider *(*KvmmFilesDragFunc) (GtkDragSource *source,
                                                  GtkWidget *cell,
                                                  guint position,
                                                  gpointer user_data);
void kvmm_files_columns_add (GtkColumnView *view,
                             KvmmFilesMenuFunc menu_cb,
                             KvmmFilesDragFunc drag_cb,
                             gpointer user_data);

G_END_DECLS

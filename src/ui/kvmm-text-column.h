/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A column of plain text for a GtkColumnView whose items emit "changed". Main thread only. */
typedef struct
{
  const char *title; /* not translated yet */
  int width;         /* in pixels; 0: what it needs */
  gboolean is_number;
  gboolean expands;
  /** Returns: (transfer full): what the cell says */
  char *(*dup_text) (gpointer item);
  /** (nullable) Returns: (transfer none) (nullable): the name of the cell's icon */
  const char *(*get_icon) (gpointer item);
} KvmmTextColumn;

/* Called when a cell is pressed for its menu. */
typedef void (*KvmmTextColumnMenuFunc) (
    GtkWidget *cell, guint position, double x, double y, gpointer user_data);

/**
 * kvmm_text_column_new:
 * @column: kept: static
 * @sorter: (nullable) (transfer none): the column's order
 * @menu: (nullable): called with @user_data by a secondary click or a long press
 *
 * Returns: (transfer full): the column
 */
GtkColumnViewColumn *kvmm_text_column_new (const KvmmTextColumn *column,
                                           GtkSorter *sorter,
                                           KvmmTextColumnMenuFunc menu,
                                           gpointer user_data);

/** kvmm_text_column_align_titles: sets the titles of figures right, above them. To be called when
 * the columns of @view changed. */
void kvmm_text_column_align_titles (GtkColumnView *view);

/** kvmm_text_column_keep_top: to be called after the rows of @view moved: a view that stood at its
 * begin stays there, instead of following the row that was the first */
void kvmm_text_column_keep_top (GtkColumnView *view, gboolean was_at_top);
/** kvmm_text_column_is_at_top: Returns: whether the first row of @view is in sight */
gboolean kvmm_text_column_is_at_top (GtkColumnView *view);

G_END_DECLS

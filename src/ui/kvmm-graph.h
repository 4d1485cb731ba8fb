/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "util/kvmm-history.h"

G_BEGIN_DECLS

/* Draws a KvmmHistory: as a small sparkline or as a graph with axes. Main thread only. Redraws on
 * "changed" only while mapped. */

typedef enum
{
  KVMM_GRAPH_PERCENT, /* 0 to 1 shown as 0 to 100 % */
  KVMM_GRAPH_RATE,    /* bytes per second, the axis grows */
  KVMM_GRAPH_NUMBER,  /* the axis grows */
} KvmmGraphUnit;
GType kvmm_graph_unit_get_type (void);
#define KVMM_TYPE_GRAPH_UNIT (kvmm_graph_unit_get_type ())

/* Properties, all read-write with notify: "history" KvmmHistory (nullable), "first-series" guint,
 * "n-series" guint (1 or 2), "unit" KvmmGraphUnit, "sparkline" boolean, "title" and "second-title"
 * strings (nullable). */
#define KVMM_TYPE_GRAPH (kvmm_graph_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGraph, kvmm_graph, KVMM, GRAPH, GtkWidget)
GtkWidget *kvmm_graph_new (void);
/** kvmm_graph_set_history: @history: (nullable); @first_series, @n_series: which series to draw, 1
 * or 2, e.g. read and write */
void
kvmm_graph_set_history (KvmmGraph *self, KvmmHistory *history, guint first_series, guint n_series);
void kvmm_graph_set_unit (KvmmGraph *self, KvmmGraphUnit unit);
/** kvmm_graph_set_sparkline: no axes, no labels, the last 60 samples, for a list's cell */
void kvmm_graph_set_sparkline (KvmmGraph *self, gboolean sparkline);
/** kvmm_graph_set_titles: @title, @second_title: (nullable): translated names of the series
 * ("Read", "Write"): the accessible name is "title value", and two series get a legend. A sparkline
 * without a title leaves its accessible name alone: the cell next to it says the value. */
void kvmm_graph_set_titles (KvmmGraph *self, const char *title, const char *second_title);
/** kvmm_graph_dup_value_text: Returns: (transfer full): the newest value of @series (0 or 1 of
 * those drawn) with its unit; "–" when not known */
char *kvmm_graph_dup_value_text (KvmmGraph *self, guint series);

G_END_DECLS

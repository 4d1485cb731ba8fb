/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "ui/kvmm-graph.h"

G_BEGIN_DECLS

/* A graph with its title and the value of now. Main thread only. Properties "title" and "value",
 * read-write with notify, plain text. */
#define KVMM_TYPE_GRAPH_CARD (kvmm_graph_card_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGraphCard, kvmm_graph_card, KVMM, GRAPH_CARD, GtkWidget)

/** kvmm_graph_card_get_graph: Returns: (transfer none) */
KvmmGraph *kvmm_graph_card_get_graph (KvmmGraphCard *self);
/** kvmm_graph_card_take_value: @value: (transfer full) (nullable): "512 MiB of 2 GiB" */
void kvmm_graph_card_take_value (KvmmGraphCard *self, char *value);

G_END_DECLS

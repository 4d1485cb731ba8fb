/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The items of all models in a model, one after the other. Main thread only. Private to the model
 * layer, which has no GTK and so no GtkFlattenListModel. */

#define KVMM_TYPE_FLAT_LIST (kvmm_flat_list_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFlatList, kvmm_flat_list, KVMM, FLAT_LIST, GObject)

KvmmFlatList *kvmm_flat_list_new (GType item_type);
/** kvmm_flat_list_append: adds the items of @model at the end */
void kvmm_flat_list_append (KvmmFlatList *self, GListModel *model);
void kvmm_flat_list_remove (KvmmFlatList *self, GListModel *model);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-install-tree.h"

G_BEGIN_DECLS

/* Which tree of the network a machine is installed from: its address, what is there, and what its
 * kernel is told. Main thread only. Emits "changed" when any of it changed, "found" when a tree
 * was. */
#define KVMM_TYPE_TREE_GROUP (kvmm_tree_group_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTreeGroup, kvmm_tree_group, KVMM, TREE_GROUP, AdwPreferencesGroup)

/** kvmm_tree_group_set_catalog: in which the system of a tree is looked for */
void kvmm_tree_group_set_catalog (KvmmTreeGroup *self, KvmmOsCatalog *catalog);

/** kvmm_tree_group_get: Returns: (transfer none) (nullable): the tree that was found at what is
 * typed; %NULL with an error that says what to do */
const KvmmInstallTree *kvmm_tree_group_get (KvmmTreeGroup *self, GError **error);
/** kvmm_tree_group_get_arguments: Returns: (transfer none): a person's words for the kernel */
const char *kvmm_tree_group_get_arguments (KvmmTreeGroup *self);

G_END_DECLS

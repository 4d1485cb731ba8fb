/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-install-tree.h"

G_BEGIN_DECLS

/* Looking at a tree. Worker only. */
typedef struct
{
  KvmmInstallTree *tree; /* (owned) */
  char *info;            /* (owned) (nullable) its .treeinfo */
  char *short_id;        /* (owned) (nullable) by which libosinfo may know it */
} KvmmInstallTreeLook;
void kvmm_install_tree_look_free (KvmmInstallTreeLook *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmInstallTreeLook, kvmm_install_tree_look_free)

/** kvmm_install_tree_look: kvmm-install-tree-look.c: by .treeinfo, else by where the installers of
 * Debian, Ubuntu and openSUSE lie. Returns: (transfer full): fails as
 * kvmm_install_tree_find_finish() */
KvmmInstallTreeLook *
kvmm_install_tree_look (KvmmHttp *http, const char *url, GCancellable *cancellable, GError **error);

G_END_DECLS

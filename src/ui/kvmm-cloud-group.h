/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-cloud-seed.h"

G_BEGIN_DECLS

/* What a cloud image is to be at its first start: names, password, keys, packages. Main thread
 * only. Emits "changed" when any of it changed. */
#define KVMM_TYPE_CLOUD_GROUP (kvmm_cloud_group_get_type ())
G_DECLARE_FINAL_TYPE (KvmmCloudGroup, kvmm_cloud_group, KVMM, CLOUD_GROUP, AdwPreferencesGroup)

/** kvmm_cloud_group_suggest_host_name: @name: of the machine; used until a person types one */
void kvmm_cloud_group_suggest_host_name (KvmmCloudGroup *self, const char *name);

/** kvmm_cloud_group_read: Returns: (transfer full): what was typed and chosen; %NULL with
 * KVMM_CLOUD_SEED_ERROR */
KvmmCloudSeed *kvmm_cloud_group_read (KvmmCloudGroup *self, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-appliance.h"

G_BEGIN_DECLS

/* What is in an appliance, once it was looked at. Main thread only. Emits "changed" when that is
 * another one, or none any more. */
#define KVMM_TYPE_APPLIANCE_GROUP (kvmm_appliance_group_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmApplianceGroup, kvmm_appliance_group, KVMM, APPLIANCE_GROUP, AdwPreferencesGroup)

/** kvmm_appliance_group_look: @path: (nullable): from “/” on, looked at in a moment; %NULL: none */
void kvmm_appliance_group_look (KvmmApplianceGroup *self, const char *path);

/** kvmm_appliance_group_get: Returns: (transfer none) (nullable): what was found */
const KvmmXmlOvf *kvmm_appliance_group_get (KvmmApplianceGroup *self);

/** kvmm_appliance_group_is_appliance: by the name of the file */
gboolean kvmm_appliance_group_is_appliance (const char *path);
/** kvmm_appliance_group_add_filters: to choose files with such names */
void kvmm_appliance_group_add_filters (GtkFileChooser *chooser);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The guest's directories that its policy opens, and files on their way in both directions. Main
 * thread only. */
#define KVMM_TYPE_FILES_VIEW (kvmm_files_view_get_type ())
G_DECLARE_FINAL_TYPE (KvmmFilesView, kvmm_files_view, KVMM, FILES_VIEW, AdwBin)

GtkWidget *kvmm_files_view_new (KvmmSettings *settings, KvmmDomain *domain);

/** kvmm_files_view_upload: @files: (element-type GFile): into the folder that is shown, or into the
 * inbox where the policy opens no more */
void kvmm_files_view_upload (KvmmFilesView *self, GSList *files);

/** kvmm_files_view_download: what is selected, into @folder */
void kvmm_files_view_download (KvmmFilesView *self, GFile *folder);

G_END_DECLS

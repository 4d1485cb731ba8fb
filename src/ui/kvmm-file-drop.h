/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/** kvmm_file_drop_attach: files that are dropped anywhere on @widget (a window, or what fills it)
 * go to the guest of @domain: into the folder that is on screen below @widget, else into the
 * guest's inbox. What stands in the way is said. Main thread only. */
void kvmm_file_drop_attach (GtkWidget *widget, KvmmDomain *domain);

/** kvmm_file_drop_take: as a drop on @widget does; @files: (element-type GFile) */
void kvmm_file_drop_take (GtkWidget *widget, KvmmDomain *domain, GSList *files);

/** kvmm_file_drop_accepts: whether @drop is of files that may go to the guest of @domain: what
 * comes out of a guest does not go back into it */
gboolean kvmm_file_drop_accepts (GdkDrop *drop, KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Renaming and deleting a machine, from the question to the toast. Main thread only. */

/** kvmm_machine_change_rename: asks for another name; says why when it cannot be renamed now */
void kvmm_machine_change_rename (GtkWidget *widget, KvmmDomain *domain);

/** kvmm_machine_change_template: whether others are made of it becomes the contrary */
void kvmm_machine_change_template (GtkWidget *widget, KvmmDomain *domain);

/** kvmm_machine_change_delete: lists what belongs to the machine, asks what of it goes, deletes,
 * and offers to bring the definition back */
void kvmm_machine_change_delete (GtkWidget *widget, KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* "New virtual machine": where the system comes from, what the machine has, and one button that
 * makes it. Main thread only. */

#define KVMM_TYPE_NEW_MACHINE_WINDOW (kvmm_new_machine_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmNewMachineWindow, kvmm_new_machine_window, KVMM, NEW_MACHINE_WINDOW, AdwWindow)

/** kvmm_new_machine_window_present: @parent: (nullable). @image: (nullable): the path of an image
 * of this computer to begin with, for hosts that are this computer. The new machine's window opens
 * when it is there. Without a connected host a toast in @parent says so. */
void kvmm_new_machine_window_present (GtkWindow *parent,
                                      KvmmSettings *settings,
                                      KvmmConnectionList *connections,
                                      const char *image);

G_END_DECLS

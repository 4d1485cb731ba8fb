/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* "Mount agent disc" from any window: resolves, asks what must be asked (replace a medium, force a
 * locked tray), mounts, and shows the command to type in the guest. Main thread only. */

void kvmm_mount_flow_start (GtkWidget *parent, KvmmSettings *settings, KvmmDomain *domain);
void kvmm_mount_flow_eject (GtkWidget *parent, KvmmSettings *settings, KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-device.h"

G_BEGIN_DECLS

/** kvmm_hardware_remove: asks, and takes @device out of the definition and, where it can be done,
 * out of the running machine; says what became of it. Main thread only. */
void kvmm_hardware_remove (GtkWidget *widget, KvmmDomain *domain, const KvmmXmlDevice *device);

G_END_DECLS

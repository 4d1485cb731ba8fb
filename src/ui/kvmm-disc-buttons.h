/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-device.h"

G_BEGIN_DECLS

/* Insert and Eject of a CD or floppy drive on the Hardware page. Main thread only. */
#define KVMM_TYPE_DISC_BUTTONS (kvmm_disc_buttons_get_type ())
G_DECLARE_FINAL_TYPE (KvmmDiscButtons, kvmm_disc_buttons, KVMM, DISC_BUTTONS, GtkBox)

/** kvmm_disc_buttons_set_device: hides itself unless @device is such a drive */
void kvmm_disc_buttons_set_device (KvmmDiscButtons *self,
                                   KvmmDomain *domain,
                                   const KvmmXmlDevice *device);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The one action that helps in a state of the guest. Main thread only. */

typedef enum
{
  KVMM_GUEST_REMEDY_NONE,
  KVMM_GUEST_REMEDY_START,
  KVMM_GUEST_REMEDY_INSTALL, /* channel, disc and installer, step by step */
  KVMM_GUEST_REMEDY_RETRY,
  KVMM_GUEST_REMEDY_TAKE_OVER,
} KvmmGuestRemedy;

/** kvmm_guest_remedy_find: what helps @domain now */
KvmmGuestRemedy kvmm_guest_remedy_find (KvmmDomain *domain);
/** kvmm_guest_remedy_get_label: Returns: (transfer none) (nullable): the button's text, %NULL for
 * NONE */
const char *kvmm_guest_remedy_get_label (KvmmGuestRemedy remedy);
/** kvmm_guest_remedy_run: @parent: failures are told above it */
void kvmm_guest_remedy_run (KvmmGuestRemedy remedy,
                            GtkWidget *parent,
                            KvmmSettings *settings,
                            KvmmDomain *domain);

G_END_DECLS

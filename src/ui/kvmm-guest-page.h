/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The inside of a machine: what its agent says, or why none speaks. Holds the guest while mapped.
 * Main thread only. */
#define KVMM_TYPE_GUEST_PAGE (kvmm_guest_page_get_type ())
G_DECLARE_FINAL_TYPE (KvmmGuestPage, kvmm_guest_page, KVMM, GUEST_PAGE, AdwBin)

GtkWidget *kvmm_guest_page_new (KvmmSettings *settings, KvmmDomain *domain);

/** kvmm_guest_page_find: opens the search of what is looked at. Returns: whether it has one */
gboolean kvmm_guest_page_find (KvmmGuestPage *self);

G_END_DECLS

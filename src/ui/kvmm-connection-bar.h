/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection.h"

G_BEGIN_DECLS

/* The bar above the list that says that a connection is lost or refused, and tries again. Main
 * thread only. It reveals itself when there is something to say and it is allowed to. */

#define KVMM_TYPE_CONNECTION_BAR (kvmm_connection_bar_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConnectionBar, kvmm_connection_bar, KVMM, CONNECTION_BAR, AdwBin)

GtkWidget *kvmm_connection_bar_new (KvmmConnection *connection);
/** kvmm_connection_bar_set_is_allowed: whether it may show itself: not while a page says the same
 */
void kvmm_connection_bar_set_is_allowed (KvmmConnectionBar *self, gboolean is_allowed);

G_END_DECLS

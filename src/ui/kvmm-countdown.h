/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"

G_BEGIN_DECLS

/* Says when a lost connection tries again, once a second and only while it waits. Main thread
 * only.
 *
 * Signal "changed" (const char *text): "Next try in 12 s", "Trying now…", or %NULL when the
 * connection does not wait. */

#define KVMM_TYPE_COUNTDOWN (kvmm_countdown_get_type ())
G_DECLARE_FINAL_TYPE (KvmmCountdown, kvmm_countdown, KVMM, COUNTDOWN, GObject)

KvmmCountdown *kvmm_countdown_new (void);
/** kvmm_countdown_set_connection: @connection: (nullable): emits "changed" at once */
void kvmm_countdown_set_connection (KvmmCountdown *self, KvmmConnection *connection);

G_END_DECLS

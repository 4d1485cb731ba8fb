/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"

G_BEGIN_DECLS

/** kvmm_auth_dialog_ask: a KvmmConnectionAuthFunc: a dialog over the active window with one entry
 * per question. Main thread only. @user_data is not used. */
void
kvmm_auth_dialog_ask (KvmmConnection *connection, KvmmAuthRequest *request, gpointer user_data);

G_END_DECLS

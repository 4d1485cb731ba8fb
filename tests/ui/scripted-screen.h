/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-console-opener.h"
#include "rfb-server.h"

G_BEGIN_DECLS

/* The way to a machine's screen, in place of the program's: each opening leads to a VNC server in
 * this process that wants RFB_PASSWORD. */

/* Returns: (nullable): the server of the last opening */
RfbServer *scripted_screen_get_server (void);
guint scripted_screen_get_n_openings (void);
/* Forgets the servers. */
void scripted_screen_clear (void);

G_END_DECLS

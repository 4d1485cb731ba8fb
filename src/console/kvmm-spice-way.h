/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-spice-session.h"
#include "model/kvmm-console-opener.h"

G_BEGIN_DECLS

/**
 * kvmm_spice_way_new_session:
 * @name: the machine's, for error texts
 * @graphics: which screen; copied
 *
 * Main thread only. Returns: (transfer full): a session that gets the descriptors of its channels
 * from @opener
 */
KvmmSpiceSession *kvmm_spice_way_new_session (const char *name,
                                              KvmmConsoleOpener *opener,
                                              const KvmmXmlGraphics *graphics);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-share.h"

G_BEGIN_DECLS

#define KVMM_TYPE_SHARE_WINDOW (kvmm_share_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmShareWindow, kvmm_share_window, KVMM, SHARE_WINDOW, AdwWindow)

/**
 * kvmm_share_window_present:
 * @widget: in the machine's window
 * @share: copied
 * @needs_restart: the machine runs, and has the folder with its next start only
 *
 * Main thread only. The guest's part of a shared folder: the lines to type there, and a button that
 * has the guest's agent do it, by the same rules as its commands.
 */
void kvmm_share_window_present (GtkWidget *widget,
                                KvmmDomain *domain,
                                const KvmmXmlShare *share,
                                gboolean needs_restart);

G_END_DECLS

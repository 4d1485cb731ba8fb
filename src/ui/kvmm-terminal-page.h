/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-domain.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* Terminals in a machine's guest, through its agent: no network is needed. Main thread only. */
#define KVMM_TYPE_TERMINAL_PAGE (kvmm_terminal_page_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTerminalPage, kvmm_terminal_page, KVMM, TERMINAL_PAGE, AdwBin)

GtkWidget *kvmm_terminal_page_new (KvmmSettings *settings, KvmmDomain *domain);

G_END_DECLS

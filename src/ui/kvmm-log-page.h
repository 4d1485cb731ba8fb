/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-log.h"

G_BEGIN_DECLS

/* The timeline of a machine, newest first. Main thread only. */
#define KVMM_TYPE_LOG_PAGE (kvmm_log_page_get_type ())
G_DECLARE_FINAL_TYPE (KvmmLogPage, kvmm_log_page, KVMM, LOG_PAGE, AdwBin)

GtkWidget *kvmm_log_page_new (KvmmLog *log);

G_END_DECLS

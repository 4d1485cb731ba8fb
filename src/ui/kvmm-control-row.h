/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/* The host's lock of one machine: a row with the switch "Allow commands, terminal and files". It
 * follows the machine wherever else the lock is turned. Main thread only. */
#define KVMM_TYPE_CONTROL_ROW (kvmm_control_row_get_type ())
G_DECLARE_FINAL_TYPE (KvmmControlRow, kvmm_control_row, KVMM, CONTROL_ROW, AdwActionRow)

GtkWidget *kvmm_control_row_new (KvmmGuest *guest);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-guest.h"

G_BEGIN_DECLS

/* One network interface of a guest with its addresses. Follows its item. Main thread only. */
#define KVMM_TYPE_INTERFACE_ROW (kvmm_interface_row_get_type ())
G_DECLARE_FINAL_TYPE (KvmmInterfaceRow, kvmm_interface_row, KVMM, INTERFACE_ROW, GtkListBoxRow)

GtkWidget *kvmm_interface_row_new (KvmmGuestItem *item);

G_END_DECLS

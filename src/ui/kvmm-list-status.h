/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection.h"

G_BEGIN_DECLS

/* What stands where the list would be when it is empty: why, and the one thing that helps. Main
 * thread only. */

#define KVMM_TYPE_LIST_STATUS (kvmm_list_status_get_type ())
G_DECLARE_FINAL_TYPE (KvmmListStatus, kvmm_list_status, KVMM, LIST_STATUS, AdwBin)

/**
 * kvmm_list_status_set_text:
 * @icon_name: (nullable): %NULL shows a spinner
 * @title, @description: plain text
 * @button_label: (nullable): with mnemonic
 * @action_name: (nullable): what the button does, "app.add-connection"
 */
void kvmm_list_status_set_text (KvmmListStatus *self,
                                const char *icon_name,
                                const char *title,
                                const char *description,
                                const char *button_label,
                                const char *action_name);

/** kvmm_list_status_set_problem: names what is missing on the way to @connection, with the command
 * that cures it and Copy, and a button that tries again. Follows the connection until the next
 * call. */
void kvmm_list_status_set_problem (KvmmListStatus *self, KvmmConnection *connection);

G_END_DECLS

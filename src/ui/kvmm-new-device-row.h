/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "xml/kvmm-xml-new-device.h"

G_BEGIN_DECLS

/* A row for one thing to choose of a new device. Main thread only. */

/**
 * kvmm_new_device_row_new:
 * @field: lives as long as the row
 * @may_browse: whether the paths are this computer's
 * @changed: (scope forever): called with @user_data whenever something else is chosen or typed
 *
 * Returns: (transfer floating): the row
 */
GtkWidget *kvmm_new_device_row_new (const KvmmXmlNewField *field,
                                    gboolean may_browse,
                                    GCallback changed,
                                    gpointer user_data);

/** kvmm_new_device_row_get_field: Returns: (transfer none) */
const KvmmXmlNewField *kvmm_new_device_row_get_field (GtkWidget *row);

/** kvmm_new_device_row_get_value: Returns: (transfer none): raw, "" when nothing is chosen */
const char *kvmm_new_device_row_get_value (GtkWidget *row);

/** kvmm_new_device_row_set_text: of a field that is written, not chosen */
void kvmm_new_device_row_set_text (GtkWidget *row, const char *text);

G_END_DECLS

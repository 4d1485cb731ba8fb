/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "xml/kvmm-xml-edit.h"

G_BEGIN_DECLS

/* One row of an editor: a field of a device with what may be written in it. Main thread only. */

/** kvmm_hardware_field_new: Returns: (transfer floating) (nullable): a row; %NULL for what no row
 * can show, like a text of several lines */
GtkWidget *kvmm_hardware_field_new (const KvmmXmlEditField *field);

/** kvmm_hardware_field_apply: writes into @edit what the row says, if that is something else than
 * it said at first. Returns: %FALSE with KVMM_XML_ERROR that names the field */
gboolean kvmm_hardware_field_apply (
    GtkWidget *row, KvmmXmlEdit *edit, const char *kind, guint index, GError **error);

/** kvmm_hardware_field_get_path: Returns: (transfer none): of the field */
const char *kvmm_hardware_field_get_path (GtkWidget *row);

/** kvmm_hardware_field_write: as if somebody had written or chosen @value in the row */
void kvmm_hardware_field_write (GtkWidget *row, const char *value);

/** kvmm_hardware_field_is_usual: whether it is one of those that people look for first */
gboolean kvmm_hardware_field_is_usual (const KvmmXmlEditField *field);

G_END_DECLS

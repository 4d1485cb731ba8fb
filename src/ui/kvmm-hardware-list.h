/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "xml/kvmm-xml-edit.h"

G_BEGIN_DECLS

/* A list of values in an editor, with a row to add another one. Main thread only. */

/**
 * kvmm_hardware_list_new:
 * @list: (transfer full)
 * @rows: gets the rows of its fields, see kvmm_hardware_field_apply(), now and when one is added;
 *     it outlives the widget
 *
 * Returns: (transfer floating): an AdwPreferencesGroup
 */
GtkWidget *kvmm_hardware_list_new (KvmmXmlEditList *list, GPtrArray *rows);

/** kvmm_hardware_list_take_typed: adds what is written in its row for another one, if anything is.
 * Returns: %FALSE with KVMM_XML_ERROR */
gboolean kvmm_hardware_list_take_typed (GtkWidget *group, GError **error);

G_END_DECLS

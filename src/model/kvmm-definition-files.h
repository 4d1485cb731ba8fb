/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Earlier definitions of machines, in this user's own files: a folder for each machine of each
 * connection, readable by nobody else, since passwords of consoles are in them. Worker only: they
 * read and write files. */

/** kvmm_definition_files_dup_folder: any thread. Returns: (transfer full): of one machine */
char *kvmm_definition_files_dup_folder (const char *uri, const char *uuid);

/**
 * kvmm_definition_files_add:
 * @xml: not kept when it says the same as the newest one
 *
 * Keeps KVMM_DOMAIN_VERSIONS_MAX of them. Returns: %FALSE with G_FILE_ERROR
 */
gboolean kvmm_definition_files_add (const char *folder, const char *xml, GError **error);

/** kvmm_definition_files_list: Returns: (transfer full) (element-type KvmmDomainVersion): the
 * newest first; what cannot be read is left out */
GPtrArray *kvmm_definition_files_list (const char *folder);

G_END_DECLS

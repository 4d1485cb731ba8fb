/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Keys for sorting and searching that are dear to make, kept with each machine. Main thread only.
 */

/** kvmm_list_keys_get_name_key: Returns: (transfer none): compares with strcmp() so that "vm2" goes
 * before "vm10" */
const char *kvmm_list_keys_get_name_key (KvmmDomain *domain);

/**
 * kvmm_list_keys_fold:
 * @text: (nullable): what a person typed, or what is searched
 *
 * Returns: (transfer full): without case and without accents: "cafe" finds "Café"
 */
char *kvmm_list_keys_fold (const char *text);

/**
 * kvmm_list_keys_matches:
 * @words: (array zero-terminated=1): folded with kvmm_list_keys_fold()
 *
 * Returns: whether every word is in the machine's name, title, address, guest system or guest host
 * name
 */
gboolean kvmm_list_keys_matches (KvmmDomain *domain, const char *const *words);

/** kvmm_list_keys_compare_addresses: IPv4 before IPv6, each by value; anything else as text */
int kvmm_list_keys_compare_addresses (const char *a, const char *b);

G_END_DECLS

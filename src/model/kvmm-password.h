/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** kvmm_password_hash: Any thread. SHA-512 with a random salt, which every guest with a shadow file
 * knows. Returns: (transfer full) (nullable): as crypt(5) writes it; %NULL when this system cannot
 */
char *kvmm_password_hash (const char *password);

G_END_DECLS

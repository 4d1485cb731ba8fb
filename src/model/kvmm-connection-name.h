/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** kvmm_connection_name_for_uri: Any thread. Returns: (transfer full): what people call the host of
 * @uri, translated: "This computer", "This computer (your session)", "db1.example.org" */
char *kvmm_connection_name_for_uri (const char *uri);

G_END_DECLS

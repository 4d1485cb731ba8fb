/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What gvnc asks while it signs in: lists of numbers in an old type of GLib. Main thread only. */

/* @types: a GValueArray of enumerations. @offered: (out): their names, for an error text. Returns:
 * the best that is supported, -1 when there is none. */
int kvmm_vnc_auth_choose (gpointer types, char **offered);
int kvmm_vnc_auth_choose_subtype (guint type, gpointer types, char **offered);
/* Whether certificates are looked at before anything else happens. */
gboolean kvmm_vnc_auth_has_certificates (guint type, int subtype);

typedef enum
{
  KVMM_VNC_WANTS_USERNAME = 1 << 0,
  KVMM_VNC_WANTS_PASSWORD = 1 << 1,
  KVMM_VNC_WANTS_CLIENT_NAME = 1 << 2,
} KvmmVncWanted;
KvmmVncWanted kvmm_vnc_auth_get_wanted (gpointer credentials);

G_END_DECLS

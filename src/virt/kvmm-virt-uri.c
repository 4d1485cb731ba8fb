/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-private.h"

/* https://libvirt.org/uri.html: driver[+transport]://[user@][host][:port]/[path][?parameters] */

gboolean
kvmm_virt_uri_is_local (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  if (!parsed)
    return FALSE;

  /* Even "localhost" is left to the transport: it may be a forwarded port. */
  const char *host = g_uri_get_host (parsed);
  if (host && *host)
    return FALSE;
  const char *transport = strchr (g_uri_get_scheme (parsed), '+');
  return !transport || g_str_equal (transport, "+unix");
}

gboolean
kvmm_virt_uri_is_session (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  if (!parsed)
    return FALSE;

  const char *path = g_uri_get_path (parsed);
  return g_str_equal (path, "/session") || g_str_equal (path, "/embed");
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-connection-name.h"

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"

/* Drivers other than QEMU are named, because they can be beside it on one host. */
static const struct
{
  const char *scheme;
  const char *name;
} drivers[] = {
  { "qemu", NULL },       { "test", N_ ("test") }, { "lxc", "LXC" },
  { "xen", "Xen" },       { "bhyve", "bhyve" },    { "vbox", "VirtualBox" },
  { "esx", "ESXi" },      { "vpx", "vCenter" },    { "ch", "Cloud Hypervisor" },
  { "openvz", "OpenVZ" }, { "vz", "Virtuozzo" },   { "hyperv", "Hyper-V" },
};

static char *
driver_name (const char *scheme)
{
  g_auto (GStrv) parts = g_strsplit (scheme, "+", 2);

  for (guint i = 0; i < G_N_ELEMENTS (drivers); i++)
    if (g_str_equal (parts[0], drivers[i].scheme))
      return drivers[i].name != NULL ? g_strdup (_ (drivers[i].name)) : NULL;
  return kvmm_guest_text_sanitise (parts[0], -1);
}

char *
kvmm_connection_name_for_uri (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  if (parsed == NULL)
    return kvmm_guest_text_sanitise (uri, -1);

  const char *host = g_uri_get_host (parsed);
  const char *path = g_uri_get_path (parsed);
  g_autofree char *driver = driver_name (g_uri_get_scheme (parsed));
  gboolean is_session = g_str_equal (path, "/session");
  g_autofree char *place = host != NULL && *host != '\0' ? kvmm_guest_text_sanitise (host, -1)
                                                         : g_strdup (_ ("This computer"));

  if (driver != NULL && g_str_has_prefix (g_uri_get_scheme (parsed), "test") &&
      !g_str_equal (path, "/default"))
    {
      g_autofree char *base = g_path_get_basename (path);
      g_autofree char *file = kvmm_guest_text_sanitise (base, -1);
      return g_strdup_printf (_ ("Test host %s"), file);
    }
  if (driver != NULL)
    return g_strdup_printf ("%s (%s)", place, driver);
  if (is_session)
    return g_strdup_printf (_ ("%s (your session)"), place);
  return g_steal_pointer (&place);
}

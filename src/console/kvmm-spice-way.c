/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-way.h"

typedef struct
{
  KvmmConsoleOpener *opener; /* (owned) */
  KvmmXmlGraphics *graphics; /* (owned) */
} Way;

static void
way_free (gpointer data)
{
  Way *self = data;

  g_object_unref (self->opener);
  kvmm_xml_graphics_free (self->graphics);
  g_free (self);
}

static void
way_open (gpointer data,
          gboolean tls,
          GCancellable *cancellable,
          GAsyncReadyCallback callback,
          gpointer user_data)
{
  Way *self = data;

  kvmm_console_opener_open_graphics_async (self->opener, self->graphics, tls, cancellable, callback,
                                           user_data);
}

static int
way_finish (GAsyncResult *result, char **host, GError **error)
{
  g_autoptr (GObject) source = g_async_result_get_source_object (result);
  g_autoptr (KvmmConsoleTransport) transport =
      kvmm_console_opener_open_graphics_finish (KVMM_CONSOLE_OPENER (source), result, error);

  if (transport == NULL)
    return -1;
  *host = transport->is_local ? NULL : g_strdup (transport->host);
  return kvmm_console_transport_take_fd (transport);
}

static const KvmmSpiceWay way = { way_open, way_finish };

KvmmSpiceSession *
kvmm_spice_way_new_session (const char *name,
                            KvmmConsoleOpener *opener,
                            const KvmmXmlGraphics *graphics)
{
  Way *data = g_new0 (Way, 1);

  data->opener = g_object_ref (opener);
  data->graphics = kvmm_xml_graphics_copy (graphics);
  KvmmSpiceSession *session = kvmm_spice_session_new (name, &way, data, way_free);
  kvmm_spice_session_set_tls (session, graphics->port == 0 && graphics->tls_port != 0);
  return session;
}

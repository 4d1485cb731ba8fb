/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "scripted-screen.h"

#include <unistd.h>

struct _KvmmConsoleOpener
{
  GObject parent_instance;

  KvmmDomain *domain; /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmConsoleOpener, kvmm_console_opener, G_TYPE_OBJECT)
G_DEFINE_QUARK (kvmm - console - error - quark, kvmm_console_error)

/* As in the program. */
typedef enum
{
  PROP_PROGRESS_TEXT = 1,
} KvmmConsoleOpenerProp;

static RfbServer *server; /* (owned) (nullable) */
static guint n_openings;

RfbServer *
scripted_screen_get_server (void)
{
  return server;
}

guint
scripted_screen_get_n_openings (void)
{
  return n_openings;
}

void
scripted_screen_clear (void)
{
  g_clear_pointer (&server, rfb_server_free);
  n_openings = 0;
}

void
kvmm_console_opener_list_async (KvmmConsoleOpener *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  KvmmXmlConsoles *consoles = kvmm_xml_domain_list_consoles (
      "<domain type='qemu'><name>screen</name><devices><graphics type='vnc' port='5900' "
      "passwd='set'/></devices></domain>",
      &error);

  g_assert_no_error (error);
  g_task_return_pointer (task, consoles, (GDestroyNotify) kvmm_xml_consoles_free);
}

KvmmXmlConsoles *
kvmm_console_opener_list_finish (KvmmConsoleOpener *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_console_opener_open_graphics_async (KvmmConsoleOpener *self,
                                         const KvmmXmlGraphics *graphics,
                                         gboolean tls,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  KvmmConsoleTransport *transport = g_new0 (KvmmConsoleTransport, 1);

  g_clear_pointer (&server, rfb_server_free);
  server = rfb_server_new (&(RfbConfig){ .security = 2 });
  n_openings++;
  transport->fd = rfb_server_take_fd (server);
  transport->is_local = TRUE;
  g_task_return_pointer (task, transport, (GDestroyNotify) kvmm_console_transport_free);
}

KvmmConsoleTransport *
kvmm_console_opener_open_graphics_finish (KvmmConsoleOpener *self,
                                          GAsyncResult *result,
                                          GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_console_transport_free (KvmmConsoleTransport *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->host);
  g_free (self);
}

int
kvmm_console_transport_take_fd (KvmmConsoleTransport *self)
{
  int fd = self->fd;

  self->fd = -1;
  return fd;
}

KvmmDomain *
kvmm_console_opener_get_domain (KvmmConsoleOpener *self)
{
  return self->domain;
}

const char *
kvmm_console_opener_get_progress_text (KvmmConsoleOpener *self)
{
  return NULL;
}

static void
kvmm_console_opener_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch ((KvmmConsoleOpenerProp) id)
    {
    case PROP_PROGRESS_TEXT:
      g_value_set_string (value, NULL);
      break;
    }
}

static void
kvmm_console_opener_finalize (GObject *object)
{
  g_clear_object (&((KvmmConsoleOpener *) object)->domain);
  G_OBJECT_CLASS (kvmm_console_opener_parent_class)->finalize (object);
}

static void
kvmm_console_opener_class_init (KvmmConsoleOpenerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kvmm_console_opener_get_property;
  object_class->finalize = kvmm_console_opener_finalize;
  g_object_class_install_property (object_class, PROP_PROGRESS_TEXT,
                                   g_param_spec_string ("progress-text", NULL, NULL, NULL,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
kvmm_console_opener_init (KvmmConsoleOpener *self)
{
}

KvmmConsoleOpener *
kvmm_console_opener_new (KvmmDomain *domain)
{
  KvmmConsoleOpener *self = g_object_new (KVMM_TYPE_CONSOLE_OPENER, NULL);

  self->domain = g_object_ref (domain);
  return self;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-console-opener.h"

#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-connection.h"
#include "model/kvmm-console-route.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-console.h"

struct _KvmmConsoleOpener
{
  GObject parent_instance;

  KvmmDomain *domain;  /* (owned) */
  char *progress_text; /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (KvmmConsoleOpener, kvmm_console_opener, G_TYPE_OBJECT)
G_DEFINE_QUARK (kvmm - console - error - quark, kvmm_console_error)

typedef enum
{
  PROP_DOMAIN = 1,
  PROP_PROGRESS_TEXT,
} KvmmConsoleOpenerProp;

static GParamSpec *properties[PROP_PROGRESS_TEXT + 1];

/* What a worker needs. */
typedef struct
{
  char *uuid;
  gboolean inactive;
  guint index;
} Call;

static void
call_free (Call *self)
{
  g_free (self->uuid);
  g_free (self);
}

static Call *
call_new (KvmmConsoleOpener *self)
{
  Call *call = g_new0 (Call, 1);

  call->uuid = g_strdup (kvmm_domain_get_uuid (self->domain));
  call->inactive = !kvmm_domain_get_is_active (self->domain);
  return call;
}

/* Takes @call. */
static void
run (KvmmConsoleOpener *self,
     KvmmConnectionLane lane,
     GTask *task,
     KvmmConnectionFunc func,
     Call *call)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self->domain);

  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST,
                               _ ("There is no connection to the host of “%s”"),
                               kvmm_domain_get_name (self->domain));
      call_free (call);
      return;
    }
  kvmm_connection_run (connection, lane, G_PRIORITY_DEFAULT, task, func, call,
                       (GDestroyNotify) call_free);
}

static void
set_progress (KvmmConsoleOpener *self, const char *text)
{
  if (g_strcmp0 (self->progress_text, text) == 0)
    return;
  g_free (self->progress_text);
  self->progress_text = g_strdup (text);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROGRESS_TEXT]);
}

/* ---- what there is ---- */

/* Worker. */
static void
list_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, call->uuid, call->inactive, &error);
  KvmmXmlConsoles *consoles = xml != NULL ? kvmm_xml_domain_list_consoles (xml, &error) : NULL;

  if (consoles != NULL)
    g_task_return_pointer (task, consoles, (GDestroyNotify) kvmm_xml_consoles_free);
  else
    g_task_return_error (task, error);
}

void
kvmm_console_opener_list_async (KvmmConsoleOpener *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_OPENER (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_console_opener_list_async);
  run (self, KVMM_CONNECTION_LANE_QUERY, task, list_func, call_new (self));
}

KvmmXmlConsoles *
kvmm_console_opener_list_finish (KvmmConsoleOpener *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- screens ---- */

static KvmmConsoleTransport *
transport_new (int fd, gboolean is_local, const char *host)
{
  KvmmConsoleTransport *self = g_new0 (KvmmConsoleTransport, 1);

  self->fd = fd;
  self->is_local = is_local;
  self->host = g_strdup (host);
  return self;
}

void
kvmm_console_transport_free (KvmmConsoleTransport *self)
{
  if (self == NULL)
    return;
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

/* Worker. */
static void
open_fd_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  int fd = kvmm_virt_domain_open_graphics_fd (connect, call->uuid, call->index, &error);

  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, transport_new (fd, TRUE, NULL),
                           (GDestroyNotify) kvmm_console_transport_free);
}

static void
route_progress_cb (const char *text, gpointer user_data)
{
  set_progress (user_data, text);
}

static void
route_opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmConsoleOpener *self = g_task_get_source_object (task);
  g_autofree char *host = NULL;
  GError *error = NULL;
  int fd = kvmm_console_route_open_finish (result, &host, &error);

  set_progress (self, NULL);
  if (fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, transport_new (fd, FALSE, host),
                           (GDestroyNotify) kvmm_console_transport_free);
}

void
kvmm_console_opener_open_graphics_async (KvmmConsoleOpener *self,
                                         const KvmmXmlGraphics *graphics,
                                         gboolean tls,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_OPENER (self));
  g_return_if_fail (graphics != NULL);

  KvmmConnection *connection = kvmm_domain_get_connection (self->domain);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_console_opener_open_graphics_async);

  if (connection == NULL || kvmm_virt_uri_is_local (kvmm_connection_get_uri (connection)))
    {
      Call *call = call_new (self);

      call->index = graphics->index;
      run (self, KVMM_CONNECTION_LANE_QUERY, task, open_fd_func, call);
      return;
    }
  kvmm_console_route_open_async (
      kvmm_connection_get_uri (connection), kvmm_domain_get_name (self->domain), graphics, tls,
      route_progress_cb, self, cancellable, route_opened_cb, g_object_ref (task));
}

KvmmConsoleTransport *
kvmm_console_opener_open_graphics_finish (KvmmConsoleOpener *self,
                                          GAsyncResult *result,
                                          GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the object ---- */

KvmmDomain *
kvmm_console_opener_get_domain (KvmmConsoleOpener *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_OPENER (self), NULL);
  return self->domain;
}

const char *
kvmm_console_opener_get_progress_text (KvmmConsoleOpener *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_OPENER (self), NULL);
  return self->progress_text;
}

static void
kvmm_console_opener_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmConsoleOpener *self = KVMM_CONSOLE_OPENER (object);

  switch ((KvmmConsoleOpenerProp) id)
    {
    case PROP_DOMAIN:
      g_value_set_object (value, self->domain);
      break;
    case PROP_PROGRESS_TEXT:
      g_value_set_string (value, self->progress_text);
      break;
    }
}

static void
kvmm_console_opener_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmConsoleOpener *self = KVMM_CONSOLE_OPENER (object);

  if ((KvmmConsoleOpenerProp) id == PROP_DOMAIN)
    self->domain = g_value_dup_object (value);
}

static void
kvmm_console_opener_finalize (GObject *object)
{
  KvmmConsoleOpener *self = KVMM_CONSOLE_OPENER (object);

  g_clear_object (&self->domain);
  g_clear_pointer (&self->progress_text, g_free);

  G_OBJECT_CLASS (kvmm_console_opener_parent_class)->finalize (object);
}

static void
kvmm_console_opener_class_init (KvmmConsoleOpenerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kvmm_console_opener_get_property;
  object_class->set_property = kvmm_console_opener_set_property;
  object_class->finalize = kvmm_console_opener_finalize;

  properties[PROP_DOMAIN] =
      g_param_spec_object ("domain", NULL, NULL, KVMM_TYPE_DOMAIN,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_PROGRESS_TEXT] =
      g_param_spec_string ("progress-text", NULL, NULL, NULL,
                           G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_console_opener_init (KvmmConsoleOpener *self)
{
}

KvmmConsoleOpener *
kvmm_console_opener_new (KvmmDomain *domain)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);
  return g_object_new (KVMM_TYPE_CONSOLE_OPENER, "domain", domain, NULL);
}

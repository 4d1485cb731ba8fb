/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "cli/kvmm-cli-session.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "model/kvmm-channel-lender.h"
#include "util/kvmm-thread.h"

void
kvmm_cli_error (const char *format, ...)
{
  va_list args;
  g_autofree char *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("kvm-manager: %s\n", text);
}

static gboolean
timed_out_cb (gpointer user_data)
{
  gboolean *timed_out = user_data;

  *timed_out = TRUE;
  return G_SOURCE_REMOVE;
}

gboolean
kvmm_cli_await (gboolean (*done) (gpointer data), gpointer data, guint timeout_s)
{
  gboolean timed_out = FALSE;
  guint source = 0;

  KVMM_ASSERT_MAIN_THREAD ();
  if (timeout_s > 0)
    source = g_timeout_add_seconds (timeout_s, timed_out_cb, &timed_out);
  while (!done (data) && !timed_out)
    g_main_context_iteration (NULL, TRUE);
  if (source != 0 && !timed_out)
    g_source_remove (source);
  return done (data);
}

static gboolean
has_result (gpointer data)
{
  GAsyncResult **result = data;

  return *result != NULL;
}

void
kvmm_cli_await_result (GAsyncResult **result)
{
  kvmm_cli_await (has_result, result, 0);
}

void
kvmm_cli_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

/* A second each. */
#define IN_USE_ATTEMPTS 3

typedef struct
{
  KvmmGuest *guest; /* (unowned) */
  gboolean (*done) (gpointer guest);
} GuestWait;

static gboolean
is_done_or_in_use (gpointer data)
{
  GuestWait *wait = data;

  return wait->done (wait->guest) || kvmm_guest_get_state (wait->guest) == KVMM_GUEST_STATE_IN_USE;
}

static gboolean
borrow (KvmmCliSession *self, KvmmDomain *domain, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_channel_borrow_async (kvmm_connection_get_uri (kvmm_domain_get_connection (domain)),
                             kvmm_domain_get_uuid (domain), NULL, NULL, kvmm_cli_result_cb,
                             &result);
  kvmm_cli_await_result (&result);
  g_clear_object (&self->loan);
  self->loan = kvmm_channel_borrow_finish (result, error);
  return self->loan != NULL;
}

gboolean
kvmm_cli_await_guest (KvmmCliSession *self, KvmmDomain *domain, gboolean (*done) (gpointer guest))
{
  GuestWait wait = { .guest = kvmm_domain_get_guest (domain), .done = done };

  if (done (wait.guest))
    return TRUE;
  if (self->wait_s == 0)
    return FALSE;
  kvmm_cli_await (is_done_or_in_use, &wait, (guint) self->wait_s);
  if (done (wait.guest))
    return TRUE;
  /* The command before this one may have ended without libvirt having seen it yet. */
  for (int left = IN_USE_ATTEMPTS;
       left > 0 && kvmm_guest_get_state (wait.guest) == KVMM_GUEST_STATE_IN_USE; left--)
    {
      g_autoptr (GError) error = NULL;
      gboolean is_lent = borrow (self, domain, &error);

      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
        {
          kvmm_cli_error ("“%s”: %s", kvmm_domain_get_name (domain), error->message);
          return FALSE;
        }
      kvmm_guest_retry (wait.guest);
      if (kvmm_cli_await (done, wait.guest, is_lent ? (guint) self->wait_s : 1))
        return TRUE;
    }
  return FALSE;
}

static gboolean
connection_is_settled (KvmmConnection *connection)
{
  switch (kvmm_connection_get_state (connection))
    {
    case KVMM_CONNECTION_CONNECTED:
      return kvmm_connection_get_is_loaded (connection);
    case KVMM_CONNECTION_CONNECTING:
      return FALSE;
    case KVMM_CONNECTION_DISCONNECTED:
    case KVMM_CONNECTION_LOST:
    case KVMM_CONNECTION_FAILED:
      return TRUE;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
all_settled (gpointer data)
{
  GListModel *connections = data;

  for (guint i = 0; i < g_list_model_get_n_items (connections); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (connections, i);

      if (!connection_is_settled (connection))
        return FALSE;
    }
  return TRUE;
}

static gboolean
report_refused (GListModel *connections)
{
  gboolean all_open = TRUE;

  for (guint i = 0; i < g_list_model_get_n_items (connections); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (connections, i);
      const char *error = kvmm_connection_get_error_text (connection);
      const char *cure = kvmm_connection_get_cure_text (connection);

      if (kvmm_connection_get_state (connection) == KVMM_CONNECTION_CONNECTED)
        continue;
      all_open = FALSE;
      kvmm_cli_error (_ ("Could not connect to %s: %s"), kvmm_connection_get_uri (connection),
                      error != NULL ? error : kvmm_connection_get_state_text (connection));
      if (cure != NULL)
        g_printerr ("%s\n", cure);
    }
  return all_open;
}

gboolean
kvmm_cli_session_open (KvmmCliSession *self)
{
  g_auto (GStrv) uris = NULL;

  self->connections = kvmm_connection_list_new (self->settings);
  uris =
      self->uris != NULL ? g_strdupv (self->uris) : kvmm_settings_dup_connections (self->settings);
  if (uris[0] == NULL)
    {
      kvmm_cli_error (_ ("No connection is configured; name one with --connect URI"));
      return FALSE;
    }
  for (guint i = 0; uris[i] != NULL; i++)
    {
      KvmmConnection *connection = kvmm_connection_list_ensure (self->connections, uris[i], FALSE);

      kvmm_connection_set_guests_on_demand (connection, TRUE);
      /* The settings may name hosts that are asleep; only those that open by themselves are asked
       * then. */
      if (self->uris != NULL || kvmm_settings_get_autoconnect (self->settings, uris[i]))
        kvmm_connection_connect (connection);
      else
        kvmm_connection_list_remove (self->connections, connection);
    }
  kvmm_cli_await (all_settled, self->connections, 0);
  return report_refused (G_LIST_MODEL (self->connections));
}

KvmmExit
kvmm_cli_session_find (KvmmCliSession *self, const char *name, KvmmDomain **domain)
{
  gboolean all_open = kvmm_cli_session_open (self);

  *domain = NULL;
  if (self->connections != NULL)
    *domain = kvmm_connection_list_find (self->connections, name);
  if (*domain != NULL)
    return KVMM_EXIT_OK;
  if (!all_open)
    return KVMM_EXIT_CONNECTION;
  kvmm_cli_error (_ ("There is no virtual machine “%s”; “kvm-manager list” shows what there is"),
                  name);
  return KVMM_EXIT_NOT_FOUND;
}

void
kvmm_cli_session_clear (KvmmCliSession *self)
{
  g_clear_pointer (&self->uris, g_strfreev);
  g_clear_pointer (&self->arguments, g_strfreev);
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->named, g_free);
  g_clear_pointer (&self->sort, g_free);
  g_clear_pointer (&self->filter, g_free);
  g_clear_pointer (&self->unit, g_free);
  g_clear_pointer (&self->device, g_free);
  g_clear_object (&self->connections);
  g_clear_object (&self->loan);
  g_clear_object (&self->settings);
}

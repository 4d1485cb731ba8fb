/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-secret.h"

#include <glib/gi18n.h>
#include <libsecret/secret.h>
#include <string.h>

#include "model/kvmm-connection.h"

static const SecretSchema schema = {
  APPLICATION_ID ".Console",
  SECRET_SCHEMA_NONE,
  {
      { "uri", SECRET_SCHEMA_ATTRIBUTE_STRING },
      { "uuid", SECRET_SCHEMA_ATTRIBUTE_STRING },
      { NULL, SECRET_SCHEMA_ATTRIBUTE_STRING },
  },
  0,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
};

static const char *
get_uri (KvmmDomain *domain)
{
  KvmmConnection *connection = kvmm_domain_get_connection (domain);

  return connection != NULL ? kvmm_connection_get_uri (connection) : "";
}

/* What the bus says is no text for a person. */
static void
explain (GError *error)
{
  const char *text = NULL;

  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    text = _ ("There is no keyring in this session. Start one that offers the Secret Service, as "
              "GNOME Keyring, KWallet and KeePassXC do, and sign in again.");
  else if (g_error_matches (error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    text = _ ("The keyring stayed locked. Sign in again, and unlock it when it asks.");
  if (text != NULL)
    {
      g_free (error->message);
      error->message = g_strdup (text);
    }
  else
    g_dbus_error_strip_remote_error (error);
}

void
kvmm_console_secret_lookup_async (KvmmDomain *domain,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  secret_password_lookup (&schema, cancellable, callback, user_data, "uri", get_uri (domain),
                          "uuid", kvmm_domain_get_uuid (domain), NULL);
}

/* Kept as one text, the user name first, since a screen has at most one of each. */
char *
kvmm_console_secret_lookup_finish (GAsyncResult *result, char **username, GError **error)
{
  char *password = secret_password_lookup_finish (result, error);
  char *end = password != NULL ? strchr (password, '\n') : NULL;

  *username = NULL;
  if (end == NULL)
    return password;
  *username = g_strndup (password, (gsize) (end - password));
  memmove (password, end + 1, strlen (end + 1) + 1);
  return password;
}

void
kvmm_console_secret_free (char *password)
{
  secret_password_free (password);
}

void
kvmm_console_secret_store_async (KvmmDomain *domain,
                                 const char *username,
                                 const char *password,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (KVMM_IS_DOMAIN (domain));
  g_return_if_fail (password != NULL);

  g_autofree char *label =
      g_strdup_printf (_ ("Screen of the virtual machine %s"), kvmm_domain_get_name (domain));
  char *text =
      username != NULL ? g_strconcat (username, "\n", password, NULL) : g_strdup (password);

  secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, text, cancellable, callback,
                         user_data, "uri", get_uri (domain), "uuid", kvmm_domain_get_uuid (domain),
                         NULL);
  secret_password_free (text);
}

gboolean
kvmm_console_secret_store_finish (GAsyncResult *result, GError **error)
{
  GError *local = NULL;

  if (secret_password_store_finish (result, &local))
    return TRUE;
  explain (local);
  g_propagate_error (error, local);
  return FALSE;
}

void
kvmm_console_secret_clear_async (KvmmDomain *domain,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  secret_password_clear (&schema, cancellable, callback, user_data, "uri", get_uri (domain), "uuid",
                         kvmm_domain_get_uuid (domain), NULL);
}

gboolean
kvmm_console_secret_clear_finish (GAsyncResult *result, GError **error)
{
  GError *local = NULL;

  secret_password_clear_finish (result, &local);
  if (local == NULL)
    return TRUE;
  explain (local);
  g_propagate_error (error, local);
  return FALSE;
}

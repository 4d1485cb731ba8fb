/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-vnc-auth.h"

#include <gvnc.h>

/* Best first: encrypted before open, a password before none. */
static const int types_by_preference[] = { VNC_CONNECTION_AUTH_VENCRYPT, VNC_CONNECTION_AUTH_TLS,
                                           VNC_CONNECTION_AUTH_SASL, VNC_CONNECTION_AUTH_VNC,
                                           VNC_CONNECTION_AUTH_NONE };
/* PLAIN is missing: it would send a password for everybody to read. */
static const int vencrypt_by_preference[] = {
  VNC_CONNECTION_AUTH_VENCRYPT_X509SASL, VNC_CONNECTION_AUTH_VENCRYPT_X509PLAIN,
  VNC_CONNECTION_AUTH_VENCRYPT_X509VNC,  VNC_CONNECTION_AUTH_VENCRYPT_X509NONE,
  VNC_CONNECTION_AUTH_VENCRYPT_TLSSASL,  VNC_CONNECTION_AUTH_VENCRYPT_TLSPLAIN,
  VNC_CONNECTION_AUTH_VENCRYPT_TLSVNC,   VNC_CONNECTION_AUTH_VENCRYPT_TLSNONE,
};
static const int tls_by_preference[] = { VNC_CONNECTION_AUTH_SASL, VNC_CONNECTION_AUTH_VNC,
                                         VNC_CONNECTION_AUTH_NONE };

/* RFB counts offers in a byte. */
#define MAX_OFFERS 255u

static int
get_number (gpointer array, guint i)
{
  GValueArray *values = array;

  return g_value_get_enum (&values->values[i]);
}

static guint
get_length (gpointer array)
{
  GValueArray *values = array;

  return MIN (values->n_values, MAX_OFFERS);
}

static gboolean
contains (gpointer array, int number)
{
  for (guint i = 0; i < get_length (array); i++)
    if (get_number (array, i) == number)
      return TRUE;
  return FALSE;
}

static char *
describe (gpointer array)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < get_length (array); i++)
    g_string_append_printf (text, "%s%d", i > 0 ? ", " : "", get_number (array, i));
  return g_string_free (text, FALSE);
}

static int
choose (gpointer array, const int *preference, guint n_preference, char **offered)
{
  for (guint i = 0; i < n_preference; i++)
    if (contains (array, preference[i]))
      return preference[i];
  *offered = describe (array);
  return -1;
}

int
kvmm_vnc_auth_choose (gpointer types, char **offered)
{
  return choose (types, types_by_preference, G_N_ELEMENTS (types_by_preference), offered);
}

int
kvmm_vnc_auth_choose_subtype (guint type, gpointer types, char **offered)
{
  if (type == VNC_CONNECTION_AUTH_TLS)
    return choose (types, tls_by_preference, G_N_ELEMENTS (tls_by_preference), offered);
  return choose (types, vencrypt_by_preference, G_N_ELEMENTS (vencrypt_by_preference), offered);
}

gboolean
kvmm_vnc_auth_has_certificates (guint type, int subtype)
{
  return type == VNC_CONNECTION_AUTH_VENCRYPT &&
         (subtype == VNC_CONNECTION_AUTH_VENCRYPT_X509NONE ||
          subtype == VNC_CONNECTION_AUTH_VENCRYPT_X509VNC ||
          subtype == VNC_CONNECTION_AUTH_VENCRYPT_X509PLAIN ||
          subtype == VNC_CONNECTION_AUTH_VENCRYPT_X509SASL);
}

KvmmVncWanted
kvmm_vnc_auth_get_wanted (gpointer credentials)
{
  KvmmVncWanted wanted = 0;

  for (guint i = 0; i < get_length (credentials); i++)
    switch (get_number (credentials, i))
      {
      case VNC_CONNECTION_CREDENTIAL_USERNAME:
        wanted |= KVMM_VNC_WANTS_USERNAME;
        break;
      case VNC_CONNECTION_CREDENTIAL_PASSWORD:
        wanted |= KVMM_VNC_WANTS_PASSWORD;
        break;
      case VNC_CONNECTION_CREDENTIAL_CLIENTNAME:
        wanted |= KVMM_VNC_WANTS_CLIENT_NAME;
        break;
      default:
        break;
      }
  return wanted;
}

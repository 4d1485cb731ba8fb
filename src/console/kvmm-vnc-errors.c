/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-vnc-errors.h"

#include <glib/gi18n.h>

#include "console/kvmm-display.h"
#include "util/kvmm-guest-text.h"

/* The beginnings of the library's messages, which are not translated. It says "not trusted" of an
 * expired one too. */
#define CLOSED "Server closed the connection"
#define NOT_TRUSTED "The certificate is not trusted"
#define NO_ISSUER "The certificate hasn't got a known issuer"
#define OTHER_NAME "The certificate's owner does not match hostname"
#define CERTIFICATE "The certificate"
#define HANDSHAKE "Failed to complete handshake"

#define AUTHORITY_FILE "~/.pki/CA/cacert.pem"
#define CLIENT_FILE "~/.pki/" KVMM_VNC_CLIENT_NAME "/clientcert.pem"
#define CLIENT_KEY_FILE "~/.pki/" KVMM_VNC_CLIENT_NAME "/private/clientkey.pem"

static GError *
new_certificate_error (const char *message, const char *said, const char *host)
{
  if (g_str_has_prefix (message, OTHER_NAME))
    return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                        _ ("The certificate of the display server is not for the name %s. Connect "
                           "to the host by the name that its certificate bears."),
                        host);
  if (g_str_has_prefix (message, NOT_TRUSTED) || g_str_has_prefix (message, NO_ISSUER))
    return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                        _ ("The certificate of the display server of %s is not trusted here, or "
                           "has expired. Save the certificate of its authority as %s, and try "
                           "again."),
                        host, AUTHORITY_FILE);
  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                      _ ("The certificate of the display server of %s cannot be used: %s"), host,
                      said);
}

GError *
kvmm_vnc_error_new (const char *message, const char *host, gboolean is_shaking)
{
  g_autofree char *said = kvmm_guest_text_sanitise_line (message, -1);

  if (host == NULL)
    host = _ ("this computer");
  if (g_str_has_prefix (message, CERTIFICATE))
    return new_certificate_error (message, said, host);
  if (g_str_has_prefix (message, HANDSHAKE))
    return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                        _ ("No encrypted connection to the display server of %s: %s"), host, said);
  /* A server that wants a certificate looks when our side is done, and says no word. */
  if (is_shaking)
    return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                        _ ("The display server of %s ended the encrypted connection at once. If it "
                           "wants a certificate of this computer, save that as %s and its key as "
                           "%s, and try again."),
                        host, CLIENT_FILE, CLIENT_KEY_FILE);
  /* Its words for the end of the stream; whatever else it says is about bytes. */
  if (g_str_has_prefix (message, CLOSED))
    return g_error_new_literal (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_CLOSED,
                                _ ("The display server closed the connection"));
  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                      _ ("The conversation with the display server failed: %s"), said);
}

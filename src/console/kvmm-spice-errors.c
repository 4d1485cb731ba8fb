/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-errors.h"

#include <glib/gi18n.h>

#include "console/kvmm-display.h"
#include "util/kvmm-guest-text.h"

/* What is known beside the words of ours, made inert: it may quote a server. */
static char *
sanitise_reason (const GError *reason)
{
  return kvmm_guest_text_sanitise (reason != NULL ? reason->message : NULL, -1);
}

GError *
kvmm_spice_error_new (SpiceChannelEvent event, const GError *reason, const char *name)
{
  g_autofree char *words = sanitise_reason (reason);

  switch (event)
    {
    case SPICE_CHANNEL_ERROR_CONNECT:
      return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_CLOSED,
                          _ ("The SPICE server of “%s” cannot be reached. %s"), name, words);
    case SPICE_CHANNEL_ERROR_TLS:
      return kvmm_spice_error_new_tls (name, reason);
    case SPICE_CHANNEL_ERROR_AUTH:
      return kvmm_spice_error_new_refused (name);
    case SPICE_CHANNEL_ERROR_LINK:
      return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                          _ ("The display server of “%s” did not answer as a SPICE server does. "
                             "Check the machine's display settings. %s"),
                          name, words);
    case SPICE_CHANNEL_NONE:
    case SPICE_CHANNEL_OPENED:
    case SPICE_CHANNEL_SWITCHING:
    case SPICE_CHANNEL_CLOSED:
    case SPICE_CHANNEL_ERROR_IO:
    default:
      /* SPICE serves one viewer: it says no word to the one that it drops for another. */
      return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_CLOSED,
                          _ ("The screen of “%s” was closed: the machine stopped, or another "
                             "viewer opened it. SPICE shows a machine to one viewer at a time."),
                          name);
    }
}

GError *
kvmm_spice_error_new_refused (const char *name)
{
  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_AUTH,
                      _ ("The SPICE server of “%s” refused the password. It is the one of the "
                         "machine's display, not that of the guest, and may have expired."),
                      name);
}

GError *
kvmm_spice_error_new_tls (const char *name, const GError *reason)
{
  g_autofree char *words = sanitise_reason (reason);

  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                      _ ("No encrypted connection to the SPICE server of “%s”. Save the "
                         "certificate of its authority as ~/.spicec/spice_truststore.pem, and "
                         "connect to the host by the name in the server's certificate. %s"),
                      name, words);
}

GError *
kvmm_spice_error_new_audio (const char *name)
{
  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                      _ ("The sound of “%s” cannot be played: no GStreamer sound plugin was found"),
                      name);
}

GError *
kvmm_spice_error_new_size (const char *name, int width, int height)
{
  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_PROTOCOL,
                      _ ("The SPICE server of “%s” announced a screen of %d × %d pixels, which "
                         "cannot be shown. Choose another resolution in the guest."),
                      name, width, height);
}

GError *
kvmm_spice_error_new_format (const char *name, int format)
{
  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                      _ ("The screen of “%s” has pixels of a kind that is not known (%d). Choose "
                         "32 bits a pixel in the guest."),
                      name, format);
}

GError *
kvmm_spice_error_new_gl (const char *name)
{
  return g_error_new (KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                      _ ("The screen of “%s” is drawn by OpenGL in the host, and cannot be shown. "
                         "Switch off OpenGL in the machine's display settings."),
                      name);
}

gboolean
kvmm_spice_error_wants_username (const GError *reason)
{
  return g_error_matches (reason, SPICE_CLIENT_ERROR, SPICE_CLIENT_ERROR_AUTH_NEEDS_USERNAME) ||
         g_error_matches (reason, SPICE_CLIENT_ERROR,
                          SPICE_CLIENT_ERROR_AUTH_NEEDS_PASSWORD_AND_USERNAME);
}

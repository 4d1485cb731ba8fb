/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>
#include <spice-client.h>

#include "console/kvmm-spice-input.h"

G_BEGIN_DECLS

/* One connection to a SPICE server: its channels, a descriptor for each of them, a password, and
 * why it came to its end. Knows no widget. Main thread only.
 *
 * Everything of the library runs on the main loop; no function of this file waits. */

/* How a descriptor for a channel is had: a KvmmConsoleOpener, or a socket of a test. */
typedef struct
{
  /* @tls: the server wants this channel encrypted */
  void (*open) (gpointer data,
                gboolean tls,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data);
  /* @host: (out) (transfer full) (nullable): whom a certificate must name; %NULL: the descriptor
   * was passed, nothing is encrypted on it. Returns: a connected socket, which the session closes,
   * or -1 */
  int (*finish) (GAsyncResult *result, char **host, GError **error);
} KvmmSpiceWay;

typedef enum
{
  KVMM_SPICE_IDLE,
  KVMM_SPICE_CONNECTING,
  KVMM_SPICE_AUTH_NEEDED, /* kvmm_spice_session_answer() goes on */
  KVMM_SPICE_CONNECTED,   /* the main channel is open */
  KVMM_SPICE_CLOSED,      /* see kvmm_spice_session_get_error() */
} KvmmSpiceState;

/* Most channels a server may have: 16 screens with a pointer each, and what else there is. What
 * comes after them is left closed. */
#define KVMM_SPICE_MAX_CHANNELS 64

#define KVMM_TYPE_SPICE_SESSION (kvmm_spice_session_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSpiceSession, kvmm_spice_session, KVMM, SPICE_SESSION, GObject)

/* Signals:
 *   "state-changed" ()
 *   "channel-added" (SpiceChannel): a display, cursor or inputs channel, before it is connected
 *   "channel-removed" (SpiceChannel)
 *   "agent-changed" (): the guest's SPICE agent came, went, or said what it can
 *   "mouse-mode-changed" ()
 *   "warning" (GError): something beside the screen does not work: sound, a USB device
 */

/**
 * kvmm_spice_session_new:
 * @name: the machine's, for error texts
 * @way: (scope forever)
 * @data: (transfer full): what @way's open gets
 * @destroy: frees @data
 *
 * Returns: (transfer full): a session in state IDLE
 */
KvmmSpiceSession *kvmm_spice_session_new (const char *name,
                                          const KvmmSpiceWay *way,
                                          gpointer data,
                                          GDestroyNotify destroy);

/** kvmm_spice_session_set_tls: @only: the server has no port without TLS: all channels ask for it
 */
void kvmm_spice_session_set_tls (KvmmSpiceSession *self, gboolean only);

/** kvmm_spice_session_open: in states IDLE and CLOSED: connects. Without effect in others. */
void kvmm_spice_session_open (KvmmSpiceSession *self);
/** kvmm_spice_session_answer: in state AUTH_NEEDED: connects again. @username: (nullable) */
void kvmm_spice_session_answer (KvmmSpiceSession *self, const char *username, const char *password);
/** kvmm_spice_session_close: drops everything; CLOSED without an error. Idempotent. */
void kvmm_spice_session_close (KvmmSpiceSession *self);
/** kvmm_spice_session_fail: closes it with @error (transfer full): the server sent what cannot be
 */
void kvmm_spice_session_fail (KvmmSpiceSession *self, GError *error);

KvmmSpiceState kvmm_spice_session_get_state (KvmmSpiceSession *self);
/** kvmm_spice_session_get_error: (nullable): KVMM_DISPLAY_ERROR, or what the way gave */
const GError *kvmm_spice_session_get_error (KvmmSpiceSession *self);
const char *kvmm_spice_session_get_name (KvmmSpiceSession *self);
/** kvmm_spice_session_get_needs_username: in AUTH_NEEDED: the server wants a name too (SASL) */
gboolean kvmm_spice_session_get_needs_username (KvmmSpiceSession *self);

/* All (transfer none) (nullable). */
SpiceSession *kvmm_spice_session_get_library_session (KvmmSpiceSession *self);
SpiceMainChannel *kvmm_spice_session_get_main (KvmmSpiceSession *self);
/** kvmm_spice_session_get_input: Returns: (transfer none): keys and the pointer */
KvmmSpiceInput *kvmm_spice_session_get_input (KvmmSpiceSession *self);
/** kvmm_spice_session_list_channels: @type: SPICE_CHANNEL_*. Returns: (transfer container)
 * (element-type SpiceChannel): those of this type, by their id */
GPtrArray *kvmm_spice_session_list_channels (KvmmSpiceSession *self, int type);

/** kvmm_spice_session_has_agent: the guest's SPICE agent is there */
gboolean kvmm_spice_session_has_agent (KvmmSpiceSession *self);
/** kvmm_spice_session_agent_can: @capability: VD_AGENT_CAP_*. %FALSE without an agent. */
gboolean kvmm_spice_session_agent_can (KvmmSpiceSession *self, guint capability);
/** kvmm_spice_session_get_absolute: the server takes positions, not movements */
gboolean kvmm_spice_session_get_absolute (KvmmSpiceSession *self);

/** kvmm_spice_session_set_audio: plays the guest's sound (off at first). Also while connected. */
void kvmm_spice_session_set_audio (KvmmSpiceSession *self, gboolean enabled);
gboolean kvmm_spice_session_get_audio (KvmmSpiceSession *self);
/** kvmm_spice_session_set_microphone: the guest may listen (off at first); needs audio too */
void kvmm_spice_session_set_microphone (KvmmSpiceSession *self, gboolean enabled);
/** kvmm_spice_session_has_audio: the machine has a sound channel */
gboolean kvmm_spice_session_has_audio (KvmmSpiceSession *self);
/** kvmm_spice_session_has_usb: the machine has USB redirection ports */
gboolean kvmm_spice_session_has_usb (KvmmSpiceSession *self);

G_END_DECLS

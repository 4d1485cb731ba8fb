/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-session.h"

#include <unistd.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <spice/vd_agent.h>

#include "console/kvmm-display.h"
#include "console/kvmm-spice-errors.h"
#include "console/kvmm-spice-farewell.h"
#include "console/kvmm-spice-tls.h"
#include "util/kvmm-thread.h"

struct _KvmmSpiceSession
{
  GObject parent_instance;

  char *name;              /* (owned) */
  const KvmmSpiceWay *way; /* (unowned) */
  gpointer data;           /* (owned) */
  GDestroyNotify destroy;
  gboolean tls_only;

  KvmmSpiceState state;
  GError *error;         /* (owned) (nullable) */
  char *username;        /* (owned) (nullable) */
  char *password;        /* (owned) (nullable) */
  gboolean was_answered; /* a person gave the password */
  gboolean wants_username;
  gboolean audio;
  gboolean microphone;

  GCancellable *cancellable; /* (owned) (nullable): of this connection's descriptors */
  SpiceSession *session;     /* (owned) (nullable) */
  GPtrArray *channels;       /* (owned) (element-type SpiceChannel) */
  SpiceMainChannel *main;    /* (unowned) (nullable): in channels */
  KvmmSpiceInput *input;     /* (owned): its channel is in channels */
};

G_DEFINE_FINAL_TYPE (KvmmSpiceSession, kvmm_spice_session, G_TYPE_OBJECT)

enum
{
  STATE_CHANGED,
  CHANNEL_ADDED,
  CHANNEL_REMOVED,
  AGENT_CHANGED,
  MOUSE_MODE_CHANGED,
  WARNING,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
set_state (KvmmSpiceSession *self, KvmmSpiceState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_signal_emit (self, signals[STATE_CHANGED], 0);
}

static int
get_channel_type (SpiceChannel *channel)
{
  int type = 0;

  g_object_get (channel, "channel-type", &type, NULL);
  return type;
}

static int
get_channel_id (SpiceChannel *channel)
{
  int id = 0;

  g_object_get (channel, "channel-id", &id, NULL);
  return id;
}

/* ---- the end ---- */

static void
drop_channel (KvmmSpiceSession *self, guint index)
{
  g_autoptr (GObject) owned = g_ptr_array_steal_index (self->channels, index);
  SpiceChannel *channel = SPICE_CHANNEL (owned);

  g_signal_handlers_disconnect_by_data (channel, self);
  if ((gpointer) self->main == owned)
    self->main = NULL;
  if (SPICE_IS_INPUTS_CHANNEL (channel))
    kvmm_spice_input_set_channel (self->input, NULL);
  g_signal_emit (self, signals[CHANNEL_REMOVED], 0, channel);
}

/* Forgets all of the library, which goes on taking itself down on the main loop. */
static void
drop_connection (KvmmSpiceSession *self)
{
  SpiceSession *session = g_steal_pointer (&self->session);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (session != NULL)
    g_signal_handlers_disconnect_by_data (session, self);
  kvmm_spice_input_set_channel (self->input, NULL);
  GPtrArray *channels = g_ptr_array_new_with_free_func (g_object_unref);
  while (self->channels->len > 0)
    {
      g_ptr_array_add (channels, g_object_ref (self->channels->pdata[self->channels->len - 1]));
      drop_channel (self, self->channels->len - 1);
    }
  if (session != NULL)
    kvmm_spice_farewell (session, channels);
  else
    g_ptr_array_unref (channels);
}

void
kvmm_spice_session_fail (KvmmSpiceSession *self, GError *error)
{
  g_autoptr (GError) owned = error;

  g_return_if_fail (KVMM_IS_SPICE_SESSION (self));
  if (self->state == KVMM_SPICE_CLOSED || self->state == KVMM_SPICE_IDLE)
    return;
  g_clear_error (&self->error);
  self->error = g_steal_pointer (&owned);
  drop_connection (self);
  set_state (self, KVMM_SPICE_CLOSED);
}

void
kvmm_spice_session_close (KvmmSpiceSession *self)
{
  kvmm_spice_session_fail (self, NULL);
}

/* The server asks who we are: once that is for a person, then it is an error. */
static void
take_refusal (KvmmSpiceSession *self, const GError *reason)
{
  gboolean was_answered = self->was_answered;

  self->wants_username = kvmm_spice_error_wants_username (reason);
  if (was_answered)
    {
      kvmm_spice_session_fail (self, kvmm_spice_error_new_refused (self->name));
      return;
    }
  drop_connection (self);
  set_state (self, KVMM_SPICE_AUTH_NEEDED);
}

/* ---- descriptors ---- */

/* One descriptor that a channel waits for. */
typedef struct
{
  GWeakRef session;      /* of KvmmSpiceSession */
  SpiceChannel *channel; /* (owned) */
  const KvmmSpiceWay *way;
  gboolean tls;
} Request;

static void
request_free (Request *self)
{
  g_weak_ref_clear (&self->session);
  g_clear_object (&self->channel);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

static gboolean
is_current (KvmmSpiceSession *self, SpiceChannel *channel)
{
  return self != NULL && self->session != NULL && g_ptr_array_find (self->channels, channel, NULL);
}

/* A channel that the picture and the keys do without. */
static gboolean
is_extra (SpiceChannel *channel)
{
  return !SPICE_IS_MAIN_CHANNEL (channel) && !SPICE_IS_DISPLAY_CHANNEL (channel) &&
         !SPICE_IS_INPUTS_CHANNEL (channel);
}

static void
take_failure (KvmmSpiceSession *self, SpiceChannel *channel, GError *error)
{
  if (is_extra (channel))
    {
      g_signal_emit (self, signals[WARNING], 0, error);
      g_error_free (error);
    }
  else
    {
      kvmm_spice_session_fail (self, error);
    }
}

/* Takes @fd. */
static void
use_descriptor (KvmmSpiceSession *self, SpiceChannel *channel, int fd)
{
  if (!is_current (self, channel))
    {
      close (fd);
      return;
    }
  kvmm_spice_farewell_watch (channel);
  if (!spice_channel_open_fd (channel, fd))
    take_failure (self, channel,
                  kvmm_spice_error_new (SPICE_CHANNEL_ERROR_CONNECT, NULL, self->name));
}

static void
wrapped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (KvmmSpiceSession) self = g_weak_ref_get (&request->session);
  g_autoptr (GError) error = NULL;
  int fd = kvmm_spice_tls_wrap_finish (result, &error);

  if (fd >= 0)
    use_descriptor (self, request->channel, fd);
  else if (is_current (self, request->channel))
    take_failure (self, request->channel, kvmm_spice_error_new_tls (self->name, error));
}

static void
descriptor_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Request) request = user_data;
  g_autoptr (KvmmSpiceSession) self = g_weak_ref_get (&request->session);
  g_autoptr (GError) error = NULL;
  g_autofree char *host = NULL;
  int fd = request->way->finish (result, &host, &error);

  if (fd < 0)
    {
      if (is_current (self, request->channel))
        take_failure (self, request->channel, g_steal_pointer (&error));
    }
  else if (request->tls && host != NULL && is_current (self, request->channel))
    {
      GCancellable *cancellable = self->cancellable;

      kvmm_spice_tls_wrap_async (fd, host, cancellable, wrapped_cb, g_steal_pointer (&request));
    }
  else
    {
      use_descriptor (self, request->channel, fd);
    }
}

static void
open_fd_cb (SpiceChannel *channel, int with_tls, gpointer user_data)
{
  KvmmSpiceSession *self = user_data;

  if (SPICE_IS_RECORD_CHANNEL (channel) && !self->microphone)
    return;
  Request *request = g_new0 (Request, 1);
  g_weak_ref_init (&request->session, self);
  request->channel = g_object_ref (channel);
  request->way = self->way;
  request->tls = with_tls || self->tls_only;
  self->way->open (self->data, request->tls, self->cancellable, descriptor_cb, request);
}

/* ---- channels ---- */

static void
channel_event_cb (SpiceChannel *channel, SpiceChannelEvent event, gpointer user_data)
{
  g_autoptr (KvmmSpiceSession) self = g_object_ref (user_data);
  const GError *reason = spice_channel_get_error (channel);

  switch (event)
    {
    case SPICE_CHANNEL_NONE:
    case SPICE_CHANNEL_SWITCHING:
      break;
    case SPICE_CHANNEL_OPENED:
      if (SPICE_IS_INPUTS_CHANNEL (channel))
        kvmm_spice_input_set_channel (self->input, SPICE_INPUTS_CHANNEL (channel));
      if (SPICE_IS_MAIN_CHANNEL (channel))
        set_state (self, KVMM_SPICE_CONNECTED);
      break;
    case SPICE_CHANNEL_ERROR_AUTH:
      if (SPICE_IS_MAIN_CHANNEL (channel))
        {
          take_refusal (self, reason);
          break;
        }
      G_GNUC_FALLTHROUGH;
    case SPICE_CHANNEL_ERROR_CONNECT:
    case SPICE_CHANNEL_ERROR_TLS:
    case SPICE_CHANNEL_ERROR_LINK:
    case SPICE_CHANNEL_ERROR_IO:
      take_failure (self, channel, kvmm_spice_error_new (event, reason, self->name));
      break;
    case SPICE_CHANNEL_CLOSED:
      /* Sound and USB come and go with their switches. */
      if (!is_extra (channel))
        kvmm_spice_session_fail (self, kvmm_spice_error_new (event, reason, self->name));
      break;
    default:
      g_debug ("an event %d of a channel is not known", (int) event);
      break;
    }
}

static void
agent_update_cb (SpiceChannel *channel, gpointer user_data)
{
  g_signal_emit (user_data, signals[AGENT_CHANGED], 0);
}

static void
mouse_update_cb (SpiceChannel *channel, gpointer user_data)
{
  g_signal_emit (user_data, signals[MOUSE_MODE_CHANGED], 0);
}

static void
channel_new_cb (SpiceSession *session, SpiceChannel *channel, gpointer user_data)
{
  KvmmSpiceSession *self = user_data;

  if (self->channels->len >= KVMM_SPICE_MAX_CHANNELS)
    {
      g_debug ("“%s” has more than %d channels", self->name, KVMM_SPICE_MAX_CHANNELS);
      return;
    }
  g_ptr_array_add (self->channels, g_object_ref (channel));
  g_signal_connect (channel, "open-fd", G_CALLBACK (open_fd_cb), self);
  g_signal_connect (channel, "channel-event", G_CALLBACK (channel_event_cb), self);
  if (SPICE_IS_MAIN_CHANNEL (channel))
    {
      self->main = SPICE_MAIN_CHANNEL (channel);
      g_signal_connect (channel, "main-agent-update", G_CALLBACK (agent_update_cb), self);
      g_signal_connect (channel, "main-mouse-update", G_CALLBACK (mouse_update_cb), self);
      return;
    }
  if (SPICE_IS_INPUTS_CHANNEL (channel) || SPICE_IS_DISPLAY_CHANNEL (channel) ||
      SPICE_IS_CURSOR_CHANNEL (channel))
    {
      g_signal_emit (self, signals[CHANNEL_ADDED], 0, channel);
      /* The library connects the main channel, sound's object that of sound, USB's that of USB. */
      if (is_current (self, channel))
        spice_channel_connect (channel);
    }
  else
    {
      /* What can be offered changed. */
      g_signal_emit (self, signals[AGENT_CHANGED], 0);
    }
}

static void
channel_destroy_cb (SpiceSession *session, SpiceChannel *channel, gpointer user_data)
{
  KvmmSpiceSession *self = user_data;
  guint index;

  if (g_ptr_array_find (self->channels, channel, &index))
    drop_channel (self, index);
}

/* ---- opening ---- */

static void
connect_session (KvmmSpiceSession *self)
{
  g_clear_error (&self->error);
  self->cancellable = g_cancellable_new ();
  self->session = spice_session_new ();
  /* Channels of sound are made, and stay closed until sound is switched on. */
  g_object_set (self->session, "username", self->username, "password", self->password,
                "enable-audio", TRUE, "enable-usbredir", TRUE, "enable-smartcard", FALSE, NULL);
  g_signal_connect (self->session, "channel-new", G_CALLBACK (channel_new_cb), self);
  g_signal_connect (self->session, "channel-destroy", G_CALLBACK (channel_destroy_cb), self);
  set_state (self, KVMM_SPICE_CONNECTING);
  if (self->audio)
    spice_audio_get (self->session, NULL);
  /* Without a descriptor: the main channel asks for one, as the others do. */
  spice_session_open_fd (self->session, -1);
}

void
kvmm_spice_session_open (KvmmSpiceSession *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SPICE_SESSION (self));

  if (self->state != KVMM_SPICE_IDLE && self->state != KVMM_SPICE_CLOSED)
    return;
  self->was_answered = FALSE;
  connect_session (self);
}

static void
clear_secret (char **secret)
{
  if (*secret != NULL)
    explicit_bzero (*secret, strlen (*secret));
  g_clear_pointer (secret, g_free);
}

void
kvmm_spice_session_answer (KvmmSpiceSession *self, const char *username, const char *password)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SPICE_SESSION (self));

  if (self->state != KVMM_SPICE_AUTH_NEEDED)
    return;
  clear_secret (&self->password);
  g_free (self->username);
  self->username = g_strdup (username);
  self->password = g_strdup (password);
  self->was_answered = TRUE;
  connect_session (self);
}

void
kvmm_spice_session_set_tls (KvmmSpiceSession *self, gboolean only)
{
  g_return_if_fail (KVMM_IS_SPICE_SESSION (self));
  self->tls_only = only;
}

/* ---- what there is ---- */

KvmmSpiceState
kvmm_spice_session_get_state (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), KVMM_SPICE_IDLE);
  return self->state;
}

const GError *
kvmm_spice_session_get_error (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), NULL);
  return self->error;
}

const char *
kvmm_spice_session_get_name (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), NULL);
  return self->name;
}

gboolean
kvmm_spice_session_get_needs_username (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), FALSE);
  return self->wants_username;
}

SpiceSession *
kvmm_spice_session_get_library_session (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), NULL);
  return self->session;
}

SpiceMainChannel *
kvmm_spice_session_get_main (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), NULL);
  return self->main;
}

KvmmSpiceInput *
kvmm_spice_session_get_input (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), NULL);
  return self->input;
}

static int
compare_channels (gconstpointer a, gconstpointer b)
{
  return get_channel_id (*(SpiceChannel *const *) a) - get_channel_id (*(SpiceChannel *const *) b);
}

GPtrArray *
kvmm_spice_session_list_channels (KvmmSpiceSession *self, int type)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), NULL);

  GPtrArray *found = g_ptr_array_new ();
  for (guint i = 0; i < self->channels->len; i++)
    {
      if (get_channel_type (self->channels->pdata[i]) == type)
        g_ptr_array_add (found, self->channels->pdata[i]);
    }
  g_ptr_array_sort (found, compare_channels);
  return found;
}

static gboolean
has_channel (KvmmSpiceSession *self, int type)
{
  g_autoptr (GPtrArray) found = kvmm_spice_session_list_channels (self, type);
  return found->len > 0;
}

gboolean
kvmm_spice_session_has_agent (KvmmSpiceSession *self)
{
  gboolean is_there = FALSE;

  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), FALSE);
  if (self->main != NULL)
    g_object_get (self->main, "agent-connected", &is_there, NULL);
  return is_there;
}

gboolean
kvmm_spice_session_agent_can (KvmmSpiceSession *self, guint capability)
{
  return kvmm_spice_session_has_agent (self) &&
         spice_main_channel_agent_test_capability (self->main, capability);
}

gboolean
kvmm_spice_session_get_absolute (KvmmSpiceSession *self)
{
  int mode = 0;

  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), FALSE);
  if (self->main != NULL)
    g_object_get (self->main, "mouse-mode", &mode, NULL);
  return mode == SPICE_MOUSE_MODE_CLIENT;
}

/* ---- sound, USB ---- */

/* Opens or closes the channels of @type, which an earlier spice_audio_get() has made its own. */
static void
switch_channels (KvmmSpiceSession *self, int type, gboolean enabled)
{
  g_autoptr (GPtrArray) found = kvmm_spice_session_list_channels (self, type);

  for (guint i = 0; i < found->len; i++)
    {
      if (enabled)
        spice_channel_connect (found->pdata[i]);
      else
        spice_channel_disconnect (found->pdata[i], SPICE_CHANNEL_NONE);
    }
}

static void
apply_audio (KvmmSpiceSession *self)
{
  if (self->session == NULL)
    return;
  /* The first call makes the object that plays, which opens the channels by itself. */
  if (self->audio && spice_audio_get (self->session, NULL) == NULL)
    {
      g_autoptr (GError) error = kvmm_spice_error_new_audio (self->name);
      g_signal_emit (self, signals[WARNING], 0, error);
      return;
    }
  switch_channels (self, SPICE_CHANNEL_PLAYBACK, self->audio);
  switch_channels (self, SPICE_CHANNEL_RECORD, self->audio && self->microphone);
}

void
kvmm_spice_session_set_audio (KvmmSpiceSession *self, gboolean enabled)
{
  g_return_if_fail (KVMM_IS_SPICE_SESSION (self));

  if (self->audio == !!enabled)
    return;
  self->audio = !!enabled;
  apply_audio (self);
}

gboolean
kvmm_spice_session_get_audio (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), FALSE);
  return self->audio;
}

void
kvmm_spice_session_set_microphone (KvmmSpiceSession *self, gboolean enabled)
{
  g_return_if_fail (KVMM_IS_SPICE_SESSION (self));

  if (self->microphone == !!enabled)
    return;
  self->microphone = !!enabled;
  apply_audio (self);
}

gboolean
kvmm_spice_session_has_audio (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), FALSE);
  return has_channel (self, SPICE_CHANNEL_PLAYBACK);
}

gboolean
kvmm_spice_session_has_usb (KvmmSpiceSession *self)
{
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (self), FALSE);
  return has_channel (self, SPICE_CHANNEL_USBREDIR);
}

/* ---- life ---- */

static void
kvmm_spice_session_dispose (GObject *object)
{
  KvmmSpiceSession *self = KVMM_SPICE_SESSION (object);

  drop_connection (self);
  G_OBJECT_CLASS (kvmm_spice_session_parent_class)->dispose (object);
}

static void
kvmm_spice_session_finalize (GObject *object)
{
  KvmmSpiceSession *self = KVMM_SPICE_SESSION (object);

  clear_secret (&self->password);
  g_free (self->username);
  g_free (self->name);
  g_clear_error (&self->error);
  g_ptr_array_unref (self->channels);
  kvmm_spice_input_free (self->input);
  if (self->destroy != NULL)
    self->destroy (self->data);
  G_OBJECT_CLASS (kvmm_spice_session_parent_class)->finalize (object);
}

static void
kvmm_spice_session_class_init (KvmmSpiceSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = kvmm_spice_session_dispose;
  object_class->finalize = kvmm_spice_session_finalize;

  signals[STATE_CHANGED] =
      g_signal_new ("state-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[CHANNEL_ADDED] = g_signal_new ("channel-added", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, SPICE_TYPE_CHANNEL);
  signals[CHANNEL_REMOVED] = g_signal_new ("channel-removed", type, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 1, SPICE_TYPE_CHANNEL);
  signals[AGENT_CHANGED] =
      g_signal_new ("agent-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[MOUSE_MODE_CHANGED] = g_signal_new ("mouse-mode-changed", type, G_SIGNAL_RUN_LAST, 0,
                                              NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[WARNING] = g_signal_new ("warning", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
kvmm_spice_session_init (KvmmSpiceSession *self)
{
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  self->input = kvmm_spice_input_new ();
}

KvmmSpiceSession *
kvmm_spice_session_new (const char *name,
                        const KvmmSpiceWay *way,
                        gpointer data,
                        GDestroyNotify destroy)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (way != NULL, NULL);

  KvmmSpiceSession *self = g_object_new (KVMM_TYPE_SPICE_SESSION, NULL);
  self->name = g_strdup (name != NULL ? name : "");
  self->way = way;
  self->data = data;
  self->destroy = destroy;
  return self;
}

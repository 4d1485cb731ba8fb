/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-state.h"

#include <glib/gi18n.h>

#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-stream.h"

/* The way to our agent: one channel, opened as long as the machine runs and has it, whether or not
 * the guest has opened its end: so an agent that starts is greeted by its first word. */

#define LABEL_FORMAT "%s@%s"

/* ---- hurdles ---- */

static void
set_hurdle (KvmmGuest *self, KvmmGuestHurdle hurdle, const char *text)
{
  g_autofree char *copy = g_strdup (text);

  self->hurdle = hurdle;
  g_free (self->hurdle_text);
  self->hurdle_text = g_steal_pointer (&copy);
}

void
kvmm_guest_channel_forget_hurdle (KvmmGuest *self)
{
  set_hurdle (self, KVMM_GUEST_HURDLE_NONE, NULL);
  kvmm_guest_disarm (self, KVMM_GUEST_TIMER_OPEN);
}

static guint
next_delay (guint *delay, guint min, guint max)
{
  guint now = CLAMP (*delay, min, max);

  *delay = now > max / 2 ? max : now * 2;
  return now;
}

static void
retry_later (KvmmGuest *self)
{
  kvmm_guest_arm (
      self, KVMM_GUEST_TIMER_OPEN,
      next_delay (&self->retry_ms, self->intervals->retry_min, self->intervals->retry_max));
}

static void
block (KvmmGuest *self, const char *why)
{
  gint64 lived = g_get_monotonic_time () - self->ready_since_us;

  if (self->ready_since_us != 0 &&
      lived >= (gint64) self->intervals->forgiven * G_TIME_SPAN_MILLISECOND)
    self->blocked_ms = 0;
  set_hurdle (self, KVMM_GUEST_HURDLE_BLOCKED, why);
  kvmm_guest_arm (
      self, KVMM_GUEST_TIMER_OPEN,
      next_delay (&self->blocked_ms, self->intervals->blocked, self->intervals->blocked_max));
  self->backend->add_log (self->target, "agent-blocked", why);
}

/* ---- the client ---- */

static void
drop_client (KvmmGuest *self)
{
  g_autoptr (KvmmAgentClient) client = g_steal_pointer (&self->client);

  g_clear_object (&self->stream);
  if (client == NULL)
    return;
  g_signal_handlers_disconnect_by_data (client, self);
  kvmm_agent_client_close (client);
}

/* The stream gives up by itself when a guest sends faster than the main loop can read. */
static gboolean
is_abuse (const GError *error)
{
  return g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_ABUSE) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
}

static void
client_closed (KvmmGuest *self)
{
  const GError *reason = kvmm_agent_client_get_error (self->client);
  g_autoptr (GError) error = reason != NULL ? g_error_copy (reason) : NULL;

  drop_client (self);
  if (is_abuse (error))
    block (self, error->message);
  else if (g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INCOMPATIBLE))
    {
      set_hurdle (self, KVMM_GUEST_HURDLE_INCOMPATIBLE, error->message);
      kvmm_guest_arm (self, KVMM_GUEST_TIMER_OPEN, self->intervals->incompatible);
    }
  else
    retry_later (self);
  self->ready_since_us = 0;
}

static void
client_state_cb (KvmmAgentClient *client, GParamSpec *pspec, KvmmGuest *self)
{
  g_autoptr (KvmmGuest) keep G_GNUC_UNUSED = g_object_ref (self);

  switch (kvmm_agent_client_get_state (client))
    {
    case KVMM_AGENT_CLIENT_READY:
      self->retry_ms = 0;
      if (self->ready_since_us == 0)
        self->ready_since_us = g_get_monotonic_time ();
      kvmm_guest_values_session (self);
      break;
    case KVMM_AGENT_CLIENT_CLOSED:
      client_closed (self);
      break;
    case KVMM_AGENT_CLIENT_CONNECTING:
    case KVMM_AGENT_CLIENT_UNRESPONSIVE:
      break;
    }
  kvmm_guest_evaluate (self);
}

static void
start_client (KvmmGuest *self, GIOStream *stream)
{
  g_autofree char *user = g_utf8_make_valid (g_get_user_name (), -1);
  g_autofree char *host = g_utf8_make_valid (g_get_host_name (), -1);
  g_autofree char *label = g_strdup_printf (LABEL_FORMAT, user, host);

  self->stream = g_object_ref (stream);
  self->client = kvmm_agent_client_new (stream, label);
  if (self->prepare_client != NULL)
    self->prepare_client (self->client);
  kvmm_guest_values_connect (self, self->client);
  g_signal_connect (self->client, "notify::state", G_CALLBACK (client_state_cb), self);
  kvmm_guest_access_new_client (self);
  kvmm_agent_client_set_suspended (self->client, self->input.is_suspended);
  kvmm_agent_client_set_visible (self->client, self->n_holds > 0,
                                 self->backend->get_interval_ms (self->target));
  kvmm_agent_client_start (self->client);
}

/* ---- opening ---- */

static void
open_failed (KvmmGuest *self, const GError *error)
{
  if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE))
    {
      set_hurdle (self, KVMM_GUEST_HURDLE_IN_USE, NULL);
      kvmm_guest_arm (self, KVMM_GUEST_TIMER_OPEN,
                      self->n_holds > 0 ? self->intervals->in_use_held : self->intervals->in_use);
    }
  else if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED))
    set_hurdle (self, KVMM_GUEST_HURDLE_UNSUPPORTED, error->message);
  else
    {
      set_hurdle (self, KVMM_GUEST_HURDLE_NONE, error->message);
      retry_later (self);
    }
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmGuest) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = self->backend->open_finish (self->target, result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->opening);
  if (stream != NULL)
    {
      set_hurdle (self, KVMM_GUEST_HURDLE_NONE, NULL);
      start_client (self, stream);
    }
  else
    open_failed (self, error);
  kvmm_guest_evaluate (self);
}

static void
cancel_opening (KvmmGuest *self)
{
  g_autoptr (GCancellable) opening = g_steal_pointer (&self->opening);

  g_cancellable_cancel (opening);
}

void
kvmm_guest_channel_open (KvmmGuest *self, gboolean take_over)
{
  kvmm_guest_disarm (self, KVMM_GUEST_TIMER_OPEN);
  cancel_opening (self);
  drop_client (self);
  self->opening = g_cancellable_new ();
  self->backend->open_async (self->target, take_over, self->opening, opened_cb,
                             g_object_ref (self));
}

void
kvmm_guest_channel_due (KvmmGuest *self)
{
  /* A hurdle stays until the channel is open: the state must not flicker. */
  if (kvmm_guest_may_have_channel (self) && self->client == NULL && self->opening == NULL)
    kvmm_guest_channel_open (self, FALSE);
}

void
kvmm_guest_channel_evaluate (KvmmGuest *self)
{
  if (!kvmm_guest_may_have_channel (self))
    kvmm_guest_channel_reset (self);
  else if (self->client == NULL && self->opening == NULL &&
           self->hurdle == KVMM_GUEST_HURDLE_NONE && kvmm_guest_is_wanted (self) &&
           !kvmm_guest_is_armed (self, KVMM_GUEST_TIMER_OPEN))
    kvmm_guest_channel_open (self, FALSE);
}

void
kvmm_guest_channel_port_opened (KvmmGuest *self)
{
  if (self->client != NULL && !kvmm_guest_has_session (self))
    kvmm_agent_client_nudge (self->client);
  else if (self->hurdle == KVMM_GUEST_HURDLE_INCOMPATIBLE)
    kvmm_guest_channel_forget_hurdle (self);
}

/* Somebody looks now. What the guest did wrong is not forgiven by that. */
void
kvmm_guest_channel_hurry (KvmmGuest *self)
{
  if (kvmm_guest_is_armed (self, KVMM_GUEST_TIMER_OPEN) &&
      (self->hurdle == KVMM_GUEST_HURDLE_NONE || self->hurdle == KVMM_GUEST_HURDLE_IN_USE))
    kvmm_guest_arm (self, KVMM_GUEST_TIMER_OPEN, 0);
}

gboolean
kvmm_guest_lend (KvmmGuest *self, GError **error)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_GUEST (self), FALSE);

  /* What is being opened is held as well: the last borrower may have left a moment ago. */
  if (self->client == NULL && self->opening == NULL && self->n_loans == 0 &&
      !(self->hurdle == KVMM_GUEST_HURDLE_IN_USE &&
        kvmm_guest_is_armed (self, KVMM_GUEST_TIMER_OPEN)))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                           _ ("The window does not hold the channel"));
      return FALSE;
    }
  if (self->client != NULL && kvmm_agent_client_is_busy (self->client))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                           _ ("The window has a terminal, a command or a file under way in this "
                              "guest; it must end first"));
      return FALSE;
    }
  self->n_loans++;
  cancel_opening (self);
  drop_client (self);
  kvmm_guest_disarm (self, KVMM_GUEST_TIMER_OPEN);
  set_hurdle (self, KVMM_GUEST_HURDLE_IN_USE,
              _ ("A command in a terminal uses the guest agent's channel until it ends."));
  kvmm_guest_evaluate (self);
  return TRUE;
}

void
kvmm_guest_end_loan (KvmmGuest *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));
  g_return_if_fail (self->n_loans > 0);

  if (--self->n_loans > 0 || self->client != NULL || self->hurdle != KVMM_GUEST_HURDLE_IN_USE)
    return;
  /* libvirt may see the end of the other one a little later than the bus: then it is tried again.
   */
  kvmm_guest_arm (self, KVMM_GUEST_TIMER_OPEN, 0);
  kvmm_guest_evaluate (self);
}

/* Back to the beginning: another run of the machine, or none. */
void
kvmm_guest_channel_reset (KvmmGuest *self)
{
  cancel_opening (self);
  drop_client (self);
  kvmm_guest_channel_forget_hurdle (self);
  self->retry_ms = 0;
  self->blocked_ms = 0;
  self->ready_since_us = 0;
}

/* libvirt calls no callback of a stream whose connection is gone. */
void
kvmm_guest_channel_lost (KvmmGuest *self)
{
  if (KVMM_IS_VIRT_STREAM (self->stream))
    kvmm_virt_stream_fail (KVMM_VIRT_STREAM (self->stream));
  kvmm_guest_channel_reset (self);
}

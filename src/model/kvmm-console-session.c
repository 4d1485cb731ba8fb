/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-console-session.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection.h"
#include "util/kvmm-thread.h"

struct _KvmmConsoleSession
{
  GObject parent_instance;

  KvmmDomain *domain; /* (owned) (nullable) whose state is followed */
  gboolean can_ask;
  gboolean is_active;
  int id;

  gboolean is_started;
  gboolean is_exclusive;
  guint retry_ms;
  guint short_ms;

  KvmmConsoleSessionState state;
  gboolean is_open;     /* a display is there, or on its way */
  gboolean was_asked;   /* this display asked for a password */
  gboolean had_picture; /* since the machine started */
  gboolean lost_sight;  /* libvirt could not be asked since the display was lost */
  int opened_id;        /* of the machine, when the display was opened */
  gint64 picture_at_us; /* monotonic, when the picture came */
  guint n_short;        /* pictures in a row that did not last */
  guint n_tries;        /* since the last picture */
  guint retry_id;       /* source */
  gint64 retry_at_us;   /* monotonic */
  char *progress;       /* (owned) (nullable) */
  GError *error;        /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (KvmmConsoleSession, kvmm_console_session, G_TYPE_OBJECT)
G_DEFINE_QUARK (kvmm - console - session - problem, kvmm_console_session_problem)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_OPEN,
  SIGNAL_CLOSE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
cancel_retry (KvmmConsoleSession *self)
{
  g_clear_handle_id (&self->retry_id, g_source_remove);
  self->retry_at_us = 0;
}

static void
set_state (KvmmConsoleSession *self, KvmmConsoleSessionState state)
{
  self->state = state;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
close_display (KvmmConsoleSession *self)
{
  g_clear_pointer (&self->progress, g_free);
  if (!self->is_open)
    return;
  self->is_open = FALSE;
  g_signal_emit (self, signals[SIGNAL_CLOSE], 0);
}

static void
open_display (KvmmConsoleSession *self)
{
  cancel_retry (self);
  close_display (self);
  self->is_open = TRUE;
  self->was_asked = FALSE;
  self->lost_sight = FALSE;
  self->opened_id = self->id;
  set_state (self, self->had_picture ? KVMM_CONSOLE_SESSION_RECONNECTING
                                     : KVMM_CONSOLE_SESSION_CONNECTING);
  g_signal_emit (self, signals[SIGNAL_OPEN], 0);
}

/* As long as the machine cannot be seen: the last picture stays, if there is one. */
static void
wait_for_machine (KvmmConsoleSession *self)
{
  cancel_retry (self);
  set_state (self,
             self->had_picture ? KVMM_CONSOLE_SESSION_RECONNECTING : KVMM_CONSOLE_SESSION_WAITING);
}

static void
turn_off (KvmmConsoleSession *self)
{
  cancel_retry (self);
  close_display (self);
  g_clear_error (&self->error);
  self->had_picture = FALSE;
  self->n_short = 0;
  self->n_tries = 0;
  if (self->state != KVMM_CONSOLE_SESSION_OFF)
    set_state (self, KVMM_CONSOLE_SESSION_OFF);
}

static void
fail (KvmmConsoleSession *self, const GError *error)
{
  cancel_retry (self);
  close_display (self);
  g_clear_error (&self->error);
  if (error != NULL)
    self->error = g_error_copy (error);
  else
    self->error =
        g_error_new_literal (KVMM_CONSOLE_SESSION_PROBLEM, KVMM_CONSOLE_SESSION_PROBLEM_CLOSED,
                             _ ("The other side closed the console."));
  self->had_picture = FALSE;
  set_state (self, KVMM_CONSOLE_SESSION_ERROR);
}

static void
fail_taken (KvmmConsoleSession *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (KVMM_CONSOLE_SESSION_PROBLEM, KVMM_CONSOLE_SESSION_PROBLEM_TAKEN,
                           _ ("The console was closed while the virtual machine goes on: another "
                              "viewer has it now."));

  self->n_short = 0;
  fail (self, error);
}

static gboolean
retry_cb (gpointer user_data)
{
  KvmmConsoleSession *self = user_data;

  self->retry_id = 0;
  self->retry_at_us = 0;
  if (!self->can_ask)
    wait_for_machine (self);
  else if (self->is_exclusive && self->n_tries == 1 && !self->lost_sight &&
           self->id == self->opened_id)
    fail_taken (self);
  else
    open_display (self);
  return G_SOURCE_REMOVE;
}

/* The first try waits, too: what ended the display may be the end of the machine, or of libvirt's
 * connection, and the news of that come later; longer where the only other reason is a viewer. */
static void
plan_retry (KvmmConsoleSession *self)
{
  guint n_doublings = self->is_exclusive ? self->n_tries + 2 : self->n_tries;
  guint delay_ms = MIN (self->retry_ms << MIN (n_doublings, 8), KVMM_CONSOLE_SESSION_RETRY_MAX_MS);

  cancel_retry (self);
  self->n_tries++;
  self->retry_at_us = g_get_monotonic_time () + (gint64) delay_ms * 1000;
  self->retry_id = g_timeout_add (delay_ms, retry_cb, self);
  set_state (self, KVMM_CONSOLE_SESSION_RECONNECTING);
}

static void
lose (KvmmConsoleSession *self, const GError *error)
{
  gboolean was_picture = self->state == KVMM_CONSOLE_SESSION_PICTURE;

  close_display (self);
  self->lost_sight = !self->can_ask;
  if (was_picture)
    {
      gint64 lasted_us = g_get_monotonic_time () - self->picture_at_us;

      self->n_short = lasted_us < (gint64) self->short_ms * 1000 ? self->n_short + 1 : 0;
      self->n_tries = 0;
    }
  if (!self->had_picture && self->can_ask)
    fail (self, error);
  else if (!self->can_ask)
    wait_for_machine (self);
  else if (self->n_short >= 3)
    fail_taken (self);
  else if (self->n_tries >= KVMM_CONSOLE_SESSION_MAX_TRIES)
    fail (self, error);
  else
    plan_retry (self);
}

/* Asked again, now by a person. A server that refuses before anybody could answer would refuse for
 * ever. */
static void
refuse (KvmmConsoleSession *self, const GError *error)
{
  if (!self->was_asked)
    {
      fail (self, error);
      return;
    }
  close_display (self);
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  open_display (self);
}

static void
kvmm_console_session_dispose (GObject *object)
{
  KvmmConsoleSession *self = KVMM_CONSOLE_SESSION (object);

  cancel_retry (self);
  g_clear_object (&self->domain);
  g_clear_pointer (&self->progress, g_free);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (kvmm_console_session_parent_class)->dispose (object);
}

static void
kvmm_console_session_class_init (KvmmConsoleSessionClass *klass)
{
  static const char *const names[N_SIGNALS] = { "changed", "open", "close" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_console_session_dispose;
  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i] = g_signal_new (names[i], G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                               NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_console_session_init (KvmmConsoleSession *self)
{
  self->id = -1;
  self->opened_id = -1;
  self->retry_ms = KVMM_CONSOLE_SESSION_RETRY_MS;
  self->short_ms = KVMM_CONSOLE_SESSION_SHORT_MS;
}

KvmmConsoleSession *
kvmm_console_session_new (void)
{
  KVMM_ASSERT_MAIN_THREAD ();
  return g_object_new (KVMM_TYPE_CONSOLE_SESSION, NULL);
}

static void
update (KvmmConsoleSession *self)
{
  if (!self->is_started)
    return;
  if (!self->can_ask)
    {
      /* What is open needs no libvirt: it stays until it ends by itself. */
      self->lost_sight = TRUE;
      if (!self->is_open && self->state != KVMM_CONSOLE_SESSION_ERROR)
        wait_for_machine (self);
      return;
    }
  if (!self->is_active)
    turn_off (self);
  else if (self->is_open || self->state == KVMM_CONSOLE_SESSION_ERROR)
    {
      /* Another run of the machine: its news came late. */
      if (self->id != self->opened_id)
        {
          self->had_picture = FALSE;
          open_display (self);
        }
    }
  else if (self->retry_id == 0)
    open_display (self);
}

void
kvmm_console_session_set_machine (KvmmConsoleSession *self,
                                  gboolean can_ask,
                                  gboolean is_active,
                                  int id)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  self->can_ask = can_ask;
  if (can_ask)
    {
      self->is_active = is_active;
      self->id = id;
    }
  update (self);
}

static void
domain_changed_cb (KvmmConsoleSession *self)
{
  kvmm_console_session_set_machine (
      self, kvmm_domain_get_state (self->domain) != KVMM_DOMAIN_STATE_UNKNOWN,
      kvmm_domain_get_is_active (self->domain), kvmm_domain_get_id (self->domain));
}

void
kvmm_console_session_follow (KvmmConsoleSession *self, KvmmDomain *domain)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));
  g_return_if_fail (self->domain == NULL);

  self->domain = g_object_ref (domain);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (domain_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::id", G_CALLBACK (domain_changed_cb), self,
                           G_CONNECT_SWAPPED);
  domain_changed_cb (self);
}

void
kvmm_console_session_set_exclusive (KvmmConsoleSession *self, gboolean is_exclusive)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));
  self->is_exclusive = is_exclusive;
}

void
kvmm_console_session_set_delays (KvmmConsoleSession *self, guint retry_ms, guint short_ms)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));
  self->retry_ms = retry_ms;
  self->short_ms = short_ms;
}

void
kvmm_console_session_start (KvmmConsoleSession *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  if (self->is_started)
    return;
  self->is_started = TRUE;
  update (self);
}

void
kvmm_console_session_stop (KvmmConsoleSession *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  self->is_started = FALSE;
  turn_off (self);
}

void
kvmm_console_session_retry (KvmmConsoleSession *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  self->is_started = TRUE;
  self->n_tries = 0;
  self->n_short = 0;
  g_clear_error (&self->error);
  if (!self->can_ask)
    wait_for_machine (self);
  else if (self->is_active)
    open_display (self);
  else
    turn_off (self);
}

void
kvmm_console_session_report_progress (KvmmConsoleSession *self, const char *text)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  if (!self->is_open || g_strcmp0 (self->progress, text) == 0)
    return;
  g_free (self->progress);
  self->progress = g_strdup (text);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
kvmm_console_session_report_asked (KvmmConsoleSession *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  if (!self->is_open)
    return;
  self->was_asked = TRUE;
  set_state (self, KVMM_CONSOLE_SESSION_SIGN_IN);
}

void
kvmm_console_session_report_answered (KvmmConsoleSession *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  if (!self->is_open)
    return;
  self->was_asked = TRUE;
  set_state (self, self->had_picture ? KVMM_CONSOLE_SESSION_RECONNECTING
                                     : KVMM_CONSOLE_SESSION_CONNECTING);
}

void
kvmm_console_session_report_picture (KvmmConsoleSession *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  if (!self->is_open || self->state == KVMM_CONSOLE_SESSION_PICTURE)
    return;
  self->had_picture = TRUE;
  self->picture_at_us = g_get_monotonic_time ();
  g_clear_error (&self->error);
  g_clear_pointer (&self->progress, g_free);
  set_state (self, KVMM_CONSOLE_SESSION_PICTURE);
}

void
kvmm_console_session_report_end (KvmmConsoleSession *self,
                                 KvmmConsoleSessionEnd end,
                                 const GError *error)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONSOLE_SESSION (self));

  if (!self->is_open)
    return;
  switch (end)
    {
    case KVMM_CONSOLE_SESSION_END_LOST:
      lose (self, error);
      break;
    case KVMM_CONSOLE_SESSION_END_REFUSED:
      refuse (self, error);
      break;
    case KVMM_CONSOLE_SESSION_END_FAILED:
      fail (self, error);
      break;
    }
}

KvmmConsoleSessionState
kvmm_console_session_get_state (KvmmConsoleSession *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SESSION (self), KVMM_CONSOLE_SESSION_OFF);
  return self->state;
}

const char *
kvmm_console_session_get_progress (KvmmConsoleSession *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SESSION (self), NULL);
  return self->progress;
}

const GError *
kvmm_console_session_get_error (KvmmConsoleSession *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SESSION (self), NULL);
  return self->error;
}

gint64
kvmm_console_session_get_retry_at_us (KvmmConsoleSession *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SESSION (self), 0);
  return self->retry_at_us;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-shutdown-private.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-error.h"

/* How far the one who was asked in this step has come. */
typedef enum
{
  ANSWER_AWAITED,
  ANSWER_YES,
  ANSWER_NONE, /* it may have heard it or not: never asked twice */
  N_ANSWERS
} Answer;

struct _KvmmShutdown
{
  GObject parent_instance;

  const KvmmShutdownBackend *backend;     /* (unowned) */
  gpointer target;                        /* (unowned) of backend */
  const KvmmShutdownIntervals *intervals; /* (unowned) */
  gboolean restart;

  KvmmShutdownStep step;
  Answer answer;
  gboolean was_accepted; /* somebody said yes in one of the steps */
  char *text;            /* (owned) */
  GError *error;         /* (owned) (nullable) */
  gint64 deadline_us;
  guint deadline_id;
  guint tick_id;
};

G_DEFINE_FINAL_TYPE (KvmmShutdown, kvmm_shutdown, G_TYPE_OBJECT)

typedef enum
{
  PROP_STEP = 1,
  PROP_TEXT,
  PROP_DEADLINE_US,
  PROP_IS_FINISHED,
} KvmmShutdownProp;

static GParamSpec *properties[PROP_IS_FINISHED + 1];
static guint finished_signal;

const KvmmShutdownIntervals kvmm_shutdown_default_intervals = {
  .answer = 10 * 1000,
  .reacts = 60 * 1000,
  .unknown = 30 * 1000,
  .tick = 1000,
};

GType
kvmm_shutdown_step_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { KVMM_SHUTDOWN_STEP_AGENT, "KVMM_SHUTDOWN_STEP_AGENT", "agent" },
    { KVMM_SHUTDOWN_STEP_QGA, "KVMM_SHUTDOWN_STEP_QGA", "qga" },
    { KVMM_SHUTDOWN_STEP_BUTTON, "KVMM_SHUTDOWN_STEP_BUTTON", "button" },
    { KVMM_SHUTDOWN_STEP_BUTTON_AGAIN, "KVMM_SHUTDOWN_STEP_BUTTON_AGAIN", "button-again" },
    { KVMM_SHUTDOWN_STEP_DONE, "KVMM_SHUTDOWN_STEP_DONE", "done" },
    { KVMM_SHUTDOWN_STEP_GAVE_UP, "KVMM_SHUTDOWN_STEP_GAVE_UP", "gave-up" },
    { KVMM_SHUTDOWN_STEP_FAILED, "KVMM_SHUTDOWN_STEP_FAILED", "failed" },
    { KVMM_SHUTDOWN_STEP_CANCELLED, "KVMM_SHUTDOWN_STEP_CANCELLED", "cancelled" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmShutdownStep", values));
  return type;
}

static gboolean
is_last (KvmmShutdownStep step)
{
  return step >= KVMM_SHUTDOWN_STEP_DONE;
}

/* ---- the text ---- */

/* [to shut down, to restart]; "%u" is a number of seconds. */
static const char *const texts[KVMM_SHUTDOWN_STEP_DONE][N_ANSWERS][2] = {
  [KVMM_SHUTDOWN_STEP_AGENT] = {
    [ANSWER_AWAITED] = { N_ ("Asking the guest agent to shut down, %u s left"),
                         N_ ("Asking the guest agent to restart, %u s left") },
    [ANSWER_YES] = { N_ ("Asked the guest agent; waiting for the machine to shut down, %u s left"),
                     N_ ("Asked the guest agent; waiting for the machine to restart, %u s left") },
    [ANSWER_NONE] = { N_ ("The guest agent did not answer; watching whether the machine shuts "
                          "down, %u s left"),
                      N_ ("The guest agent did not answer; watching whether the machine "
                          "restarts, %u s left") },
  },
  [KVMM_SHUTDOWN_STEP_QGA] = {
    [ANSWER_AWAITED] = { N_ ("Asking the QEMU guest agent to shut down, %u s left"),
                         N_ ("Asking the QEMU guest agent to restart, %u s left") },
    [ANSWER_YES] = { N_ ("Asked the QEMU guest agent; waiting for the machine to shut down, %u s "
                         "left"),
                     N_ ("Asked the QEMU guest agent; waiting for the machine to restart, %u s "
                         "left") },
    [ANSWER_NONE] = { N_ ("The QEMU guest agent did not answer; watching whether the machine "
                          "shuts down, %u s left"),
                      N_ ("The QEMU guest agent did not answer; watching whether the machine "
                          "restarts, %u s left") },
  },
  [KVMM_SHUTDOWN_STEP_BUTTON] = {
    [ANSWER_AWAITED] = { N_ ("Pressing the power button, %u s left"),
                         N_ ("Pressing the power button, %u s left") },
    [ANSWER_YES] = { N_ ("Pressed the power button; waiting for the machine to shut down, %u s "
                         "left"),
                     N_ ("Pressed the power button; waiting for the machine to restart, %u s "
                         "left") },
    [ANSWER_NONE] = { N_ ("The host did not answer; watching whether the machine shuts down, %u s "
                          "left"),
                      N_ ("The host did not answer; watching whether the machine restarts, %u s "
                          "left") },
  },
  [KVMM_SHUTDOWN_STEP_BUTTON_AGAIN] = {
    [ANSWER_AWAITED] = { N_ ("Pressing the power button again, %u s left"),
                         N_ ("Pressing the power button again, %u s left") },
    [ANSWER_YES] = { N_ ("Pressed the power button again; waiting for the machine to shut down, "
                         "%u s left"),
                     N_ ("Pressed the power button again; waiting for the machine to restart, %u s "
                         "left") },
    [ANSWER_NONE] = { N_ ("The host did not answer; watching whether the machine shuts down, %u s "
                          "left"),
                      N_ ("The host did not answer; watching whether the machine restarts, %u s "
                          "left") },
  },
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static char *
format_seconds (const char *format, guint seconds)
{
  return g_strdup_printf (format, seconds);
}
#pragma GCC diagnostic pop

static char *
describe (KvmmShutdown *self)
{
  gint64 left_us = self->deadline_us - g_get_monotonic_time ();
  guint seconds = (guint) MAX (0, (left_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC);

  switch (self->step)
    {
    case KVMM_SHUTDOWN_STEP_AGENT:
    case KVMM_SHUTDOWN_STEP_QGA:
    case KVMM_SHUTDOWN_STEP_BUTTON:
    case KVMM_SHUTDOWN_STEP_BUTTON_AGAIN:
      return format_seconds (_ (texts[self->step][self->answer][self->restart]), seconds);
    case KVMM_SHUTDOWN_STEP_DONE:
      return g_strdup (self->restart ? _ ("The machine has restarted.")
                                     : _ ("The machine is off."));
    case KVMM_SHUTDOWN_STEP_GAVE_UP:
      return g_strdup (_ ("The machine did not react."));
    case KVMM_SHUTDOWN_STEP_FAILED:
      return g_strdup (self->error->message);
    case KVMM_SHUTDOWN_STEP_CANCELLED:
      return g_strdup (self->restart ? _ ("Not waiting any more; the guest may still restart.")
                                     : _ ("Not waiting any more; the guest may still shut down."));
    }
  return NULL;
}

static void
update_text (KvmmShutdown *self)
{
  g_autofree char *text = describe (self);

  if (g_strcmp0 (self->text, text) == 0)
    return;
  g_free (self->text);
  self->text = g_steal_pointer (&text);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXT]);
}

/* ---- the steps ---- */

static void next_step (KvmmShutdown *self);

static gboolean
tick_cb (gpointer user_data)
{
  update_text (user_data);
  return G_SOURCE_CONTINUE;
}

static void
silence (KvmmShutdown *self)
{
  g_clear_handle_id (&self->deadline_id, g_source_remove);
  g_clear_handle_id (&self->tick_id, g_source_remove);
}

static gboolean deadline_cb (gpointer user_data);

static void
set_answer (KvmmShutdown *self, Answer answer)
{
  guint left[N_ANSWERS] = { self->intervals->answer, self->intervals->reacts,
                            self->intervals->unknown };

  self->answer = answer;
  self->was_accepted = self->was_accepted || answer == ANSWER_YES;
  silence (self);
  self->deadline_us = g_get_monotonic_time () + (gint64) left[answer] * G_TIME_SPAN_MILLISECOND;
  self->deadline_id = g_timeout_add (left[answer], deadline_cb, self);
  self->tick_id = g_timeout_add (self->intervals->tick, tick_cb, self);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEADLINE_US]);
  update_text (self);
  g_object_thaw_notify (G_OBJECT (self));
}

static gboolean
deadline_cb (gpointer user_data)
{
  g_autoptr (KvmmShutdown) self = g_object_ref (KVMM_SHUTDOWN (user_data));

  self->deadline_id = 0;
  if (self->answer == ANSWER_AWAITED)
    set_answer (self, ANSWER_NONE);
  else
    next_step (self);
  return G_SOURCE_REMOVE;
}

static void
finish (KvmmShutdown *self, KvmmShutdownStep step)
{
  silence (self);
  self->step = step;
  self->deadline_us = 0;
  g_object_freeze_notify (G_OBJECT (self));
  update_text (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEADLINE_US]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STEP]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_FINISHED]);
  g_object_thaw_notify (G_OBJECT (self));
  g_signal_emit (self, finished_signal, 0);
}

static void
fail (KvmmShutdown *self, GError *error)
{
  g_clear_error (&self->error);
  self->error = error;
  finish (self, KVMM_SHUTDOWN_STEP_FAILED);
}

/* An answer to what was asked in another step says nothing about this one. */
typedef struct
{
  KvmmShutdown *self; /* (owned) */
  KvmmShutdownStep step;
} Asked;

static void
asked_free (Asked *asked)
{
  g_object_unref (asked->self);
  g_free (asked);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asked, asked_free)

static Asked *
asked_new (KvmmShutdown *self)
{
  Asked *asked = g_new0 (Asked, 1);

  asked->self = g_object_ref (self);
  asked->step = self->step;
  return asked;
}

static gboolean
may_have_heard (const GError *error)
{
  return g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN) ||
         g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_TIMEOUT) ||
         /* A shut down is under way in the guest already. */
         g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_WRONG_STATE) ||
         g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_TIMEOUT);
}

static void
agent_asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asked) asked = user_data;
  KvmmShutdown *self = asked->self;
  g_autoptr (GError) error = NULL;

  if (kvmm_agent_client_power_finish (KVMM_AGENT_CLIENT (source), result, &error))
    self->was_accepted = TRUE;
  if (self->step != asked->step)
    return;
  if (error == NULL)
    set_answer (self, ANSWER_YES);
  else if (may_have_heard (error))
    set_answer (self, ANSWER_NONE);
  else
    next_step (self);
}

static gboolean
is_button (KvmmShutdownStep step)
{
  return step == KVMM_SHUTDOWN_STEP_BUTTON || step == KVMM_SHUTDOWN_STEP_BUTTON_AGAIN;
}

static void
host_asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Asked) asked = user_data;
  KvmmShutdown *self = asked->self;
  g_autoptr (GError) error = NULL;
  gboolean done = self->backend->ask_finish (self->target, result, &error);

  if (self->step != asked->step)
    return;
  if (done)
    set_answer (self, ANSWER_YES);
  /* It may have gone off in this very moment: its event is under way. */
  else if (may_have_heard (error) ||
           g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE))
    set_answer (self, ANSWER_NONE);
  else if (!is_button (self->step))
    next_step (self);
  else if (self->was_accepted)
    finish (self, KVMM_SHUTDOWN_STEP_GAVE_UP);
  else
    fail (self, g_steal_pointer (&error));
}

/* Returns: %FALSE when there is nobody to ask in this step */
static gboolean
ask (KvmmShutdown *self)
{
  KvmmAgentClient *agent = NULL;

  switch (self->step)
    {
    case KVMM_SHUTDOWN_STEP_AGENT:
      agent = self->backend->get_agent (self->target);
      if (agent == NULL)
        return FALSE;
      set_answer (self, ANSWER_AWAITED);
      kvmm_agent_client_power_async (agent,
                                     self->restart ? KVMM_AGENT_POWER_REBOOT : KVMM_AGENT_POWER_OFF,
                                     NULL, agent_asked_cb, asked_new (self));
      return TRUE;
    case KVMM_SHUTDOWN_STEP_QGA:
      if (!self->backend->has_qga (self->target))
        return FALSE;
      set_answer (self, ANSWER_AWAITED);
      self->backend->ask_async (self->target, KVMM_SHUTDOWN_WAY_QGA, self->restart, host_asked_cb,
                                asked_new (self));
      return TRUE;
    case KVMM_SHUTDOWN_STEP_BUTTON:
    case KVMM_SHUTDOWN_STEP_BUTTON_AGAIN:
      set_answer (self, ANSWER_AWAITED);
      self->backend->ask_async (self->target, KVMM_SHUTDOWN_WAY_BUTTON, self->restart,
                                host_asked_cb, asked_new (self));
      return TRUE;
    case KVMM_SHUTDOWN_STEP_DONE:
    case KVMM_SHUTDOWN_STEP_GAVE_UP:
    case KVMM_SHUTDOWN_STEP_FAILED:
    case KVMM_SHUTDOWN_STEP_CANCELLED:
      break;
    }
  return FALSE;
}

static void
begin_step (KvmmShutdown *self, KvmmShutdownStep step)
{
  g_autoptr (KvmmShutdown) keep G_GNUC_UNUSED = g_object_ref (self);

  g_object_freeze_notify (G_OBJECT (self));
  self->step = step;
  while (!is_last (self->step) && !ask (self))
    self->step++;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STEP]);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
next_step (KvmmShutdown *self)
{
  if (self->step == KVMM_SHUTDOWN_STEP_BUTTON_AGAIN)
    finish (self, KVMM_SHUTDOWN_STEP_GAVE_UP);
  else
    begin_step (self, self->step + 1);
}

/* ---- life ---- */

static void
kvmm_shutdown_dispose (GObject *object)
{
  silence (KVMM_SHUTDOWN (object));
  G_OBJECT_CLASS (kvmm_shutdown_parent_class)->dispose (object);
}

static void
kvmm_shutdown_finalize (GObject *object)
{
  KvmmShutdown *self = KVMM_SHUTDOWN (object);

  g_clear_pointer (&self->text, g_free);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (kvmm_shutdown_parent_class)->finalize (object);
}

static void
kvmm_shutdown_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KvmmShutdown *self = KVMM_SHUTDOWN (object);

  switch ((KvmmShutdownProp) prop_id)
    {
    case PROP_STEP:
      g_value_set_enum (value, self->step);
      break;
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    case PROP_DEADLINE_US:
      g_value_set_int64 (value, self->deadline_us);
      break;
    case PROP_IS_FINISHED:
      g_value_set_boolean (value, is_last (self->step));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
kvmm_shutdown_class_init (KvmmShutdownClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = kvmm_shutdown_dispose;
  object_class->finalize = kvmm_shutdown_finalize;
  object_class->get_property = kvmm_shutdown_get_property;
  properties[PROP_STEP] = g_param_spec_enum ("step", NULL, NULL, KVMM_TYPE_SHUTDOWN_STEP,
                                             KVMM_SHUTDOWN_STEP_AGENT, flags);
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, flags);
  properties[PROP_DEADLINE_US] =
      g_param_spec_int64 ("deadline-us", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_IS_FINISHED] = g_param_spec_boolean ("is-finished", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  finished_signal = g_signal_new ("finished", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_shutdown_init (KvmmShutdown *self)
{
}

KvmmShutdown *
kvmm_shutdown_new (const KvmmShutdownBackend *backend,
                   gpointer target,
                   const KvmmShutdownIntervals *intervals,
                   gboolean restart)
{
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmShutdown *self = g_object_new (KVMM_TYPE_SHUTDOWN, NULL);
  self->backend = backend;
  self->target = target;
  self->intervals = intervals;
  self->restart = !!restart;
  return self;
}

void
kvmm_shutdown_start (KvmmShutdown *self)
{
  g_return_if_fail (KVMM_IS_SHUTDOWN (self));
  g_return_if_fail (self->text == NULL);

  begin_step (self, KVMM_SHUTDOWN_STEP_AGENT);
}

void
kvmm_shutdown_machine_off (KvmmShutdown *self)
{
  g_return_if_fail (KVMM_IS_SHUTDOWN (self));

  if (is_last (self->step))
    return;
  if (self->restart)
    fail (self, g_error_new_literal (KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE,
                                     _ ("The machine went off and did not start again.")));
  else
    finish (self, KVMM_SHUTDOWN_STEP_DONE);
}

void
kvmm_shutdown_machine_restarted (KvmmShutdown *self)
{
  g_return_if_fail (KVMM_IS_SHUTDOWN (self));

  if (!is_last (self->step) && self->restart)
    finish (self, KVMM_SHUTDOWN_STEP_DONE);
}

KvmmShutdownStep
kvmm_shutdown_get_step (KvmmShutdown *self)
{
  g_return_val_if_fail (KVMM_IS_SHUTDOWN (self), KVMM_SHUTDOWN_STEP_FAILED);
  return self->step;
}

const char *
kvmm_shutdown_get_text (KvmmShutdown *self)
{
  g_return_val_if_fail (KVMM_IS_SHUTDOWN (self), NULL);
  return self->text;
}

gint64
kvmm_shutdown_get_deadline_us (KvmmShutdown *self)
{
  g_return_val_if_fail (KVMM_IS_SHUTDOWN (self), 0);
  return self->deadline_us;
}

gboolean
kvmm_shutdown_get_is_finished (KvmmShutdown *self)
{
  g_return_val_if_fail (KVMM_IS_SHUTDOWN (self), TRUE);
  return is_last (self->step);
}

gboolean
kvmm_shutdown_get_is_restart (KvmmShutdown *self)
{
  g_return_val_if_fail (KVMM_IS_SHUTDOWN (self), FALSE);
  return self->restart;
}

const GError *
kvmm_shutdown_get_error (KvmmShutdown *self)
{
  g_return_val_if_fail (KVMM_IS_SHUTDOWN (self), NULL);
  return self->error;
}

void
kvmm_shutdown_cancel (KvmmShutdown *self)
{
  g_return_if_fail (KVMM_IS_SHUTDOWN (self));

  if (!is_last (self->step))
    finish (self, KVMM_SHUTDOWN_STEP_CANCELLED);
}

void
kvmm_shutdown_skip (KvmmShutdown *self)
{
  g_return_if_fail (KVMM_IS_SHUTDOWN (self));

  if (!is_last (self->step))
    next_step (self);
}

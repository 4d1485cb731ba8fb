/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-serial-line.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection-private.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-stream.h"

/* A machine that ends closes its line a moment before its state is known. */
#define AGAIN_MS 1000
#define FAILURES_MAX 5
/* How often it is looked whether another program has let go. */
#define IN_USE_MS 5000

struct _KvmmSerialLine
{
  GObject parent_instance;

  KvmmDomain *domain;      /* (owned) */
  char *wanted;            /* (owned) (nullable) alias or label */
  GPtrArray *devices;      /* (owned) (nullable) (element-type KvmmXmlSerial) */
  guint device;            /* place in devices, of the last one opened */
  GIOStream *stream;       /* (owned) (nullable) */
  GCancellable *opening;   /* (owned) (nullable) of the attempt under way */
  GError *error;           /* (owned) (nullable) */
  KvmmSerialOpenFunc open; /* (nullable) */
  gpointer open_data;
  guint64 n_dropped;
  KvmmSerialState state;
  int run; /* libvirt's id of the machine that was last tried */
  guint again_id;
  gboolean was_ours; /* in this run of the machine */
  guint n_failures;  /* in a row, since it was open */
};

static guint state_changed_signal;

G_DEFINE_FINAL_TYPE (KvmmSerialLine, kvmm_serial_line, G_TYPE_OBJECT)

/* What a worker is asked, and what it found. */
typedef struct
{
  char uuid[37];
  char *name;   /* (owned) */
  char *wanted; /* (owned) (nullable) */
  gboolean take_over;
} Question;

typedef struct
{
  GPtrArray *devices; /* (owned) */
  guint device;
  KvmmVirtStreamHandle *handle; /* (owned) (nullable) */
  GError *error;                /* (owned) (nullable) */
} Answer;

static void
question_free (Question *question)
{
  g_free (question->name);
  g_free (question->wanted);
  g_free (question);
}

static void
answer_free (Answer *answer)
{
  g_clear_pointer (&answer->devices, g_ptr_array_unref);
  kvmm_virt_stream_handle_free (answer->handle);
  g_clear_error (&answer->error);
  g_free (answer);
}

static void evaluate (KvmmSerialLine *self);

static void
set_state (KvmmSerialLine *self, KvmmSerialState state)
{
  self->state = state;
  g_signal_emit (self, state_changed_signal, 0);
}

/* ---- on the worker ---- */

/* Returns: %FALSE with @error set: there is none that can be opened */
static gboolean
choose_device (const Question *question, Answer *answer)
{
  for (guint i = 0; i < answer->devices->len; i++)
    {
      const KvmmXmlSerial *line = answer->devices->pdata[i];
      gboolean is_it = question->wanted != NULL ? g_strcmp0 (line->alias, question->wanted) == 0 ||
                                                      g_str_equal (line->label, question->wanted)
                                                : line->is_pty;

      if (!is_it)
        continue;
      answer->device = i;
      if (line->is_pty && line->alias != NULL)
        return TRUE;
      /* Only what runs has aliases: it has just stopped, and this is its stored definition. */
      if (line->is_pty)
        {
          g_set_error (&answer->error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE,
                       _ ("“%s” does not run"), question->name);
          return FALSE;
        }
      g_set_error (&answer->error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED,
                   _ ("“%s” of “%s” cannot be opened: its other end is of the type “%s”, and "
                      "libvirt opens only those of the type “pty”."),
                   line->label, question->name, line->source_type);
      return FALSE;
    }
  if (question->wanted != NULL)
    g_set_error (&answer->error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                 _ ("“%s” has no serial port or console “%s”."), question->name, question->wanted);
  else
    g_set_error (&answer->error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                 _ ("“%s” has no serial port or console that can be opened."), question->name);
  return FALSE;
}

/* Worker. */
static void
open_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const Question *question = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, question->uuid, FALSE, &error);
  g_autoptr (GPtrArray) devices = xml != NULL ? kvmm_xml_domain_list_serials (xml, &error) : NULL;
  Answer *answer;

  if (devices == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  answer = g_new0 (Answer, 1);
  answer->devices = g_steal_pointer (&devices);
  if (choose_device (question, answer))
    {
      const KvmmXmlSerial *line = answer->devices->pdata[answer->device];

      answer->handle = kvmm_virt_open_console (connect, question->uuid, line->alias,
                                               question->take_over, &answer->error);
    }
  g_task_return_pointer (task, answer, (GDestroyNotify) answer_free);
}

/* ---- opening ---- */

static gboolean
again_cb (gpointer user_data)
{
  KvmmSerialLine *self = user_data;

  self->again_id = 0;
  evaluate (self);
  return G_SOURCE_REMOVE;
}

static void
try_again_in (KvmmSerialLine *self, guint delay_ms)
{
  g_clear_handle_id (&self->again_id, g_source_remove);
  self->again_id = g_timeout_add (delay_ms, again_cb, self);
}

static void
drop_stream (KvmmSerialLine *self)
{
  if (self->stream == NULL)
    return;
  if (KVMM_IS_VIRT_STREAM (self->stream))
    self->n_dropped += kvmm_virt_stream_get_n_dropped (KVMM_VIRT_STREAM (self->stream));
  g_io_stream_close (self->stream, NULL, NULL);
  g_clear_object (&self->stream);
}

static void
cancel (KvmmSerialLine *self)
{
  g_clear_handle_id (&self->again_id, g_source_remove);
  g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  drop_stream (self);
}

static void
open_failed (KvmmSerialLine *self, const GError *error)
{
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE))
    {
      try_again_in (self, IN_USE_MS);
      set_state (self, self->was_ours ? KVMM_SERIAL_TAKEN : KVMM_SERIAL_IN_USE);
    }
  else if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST))
    {
      try_again_in (self, AGAIN_MS);
      set_state (self, KVMM_SERIAL_LOST);
    }
  else if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE))
    set_state (self, KVMM_SERIAL_OFF);
  else if (self->was_ours && self->n_failures < FAILURES_MAX)
    {
      /* libvirt says this and that of a machine that is on its way off; a moment later it is off.
       */
      self->n_failures++;
      try_again_in (self, AGAIN_MS);
      set_state (self, KVMM_SERIAL_OPENING);
    }
  else
    set_state (self, g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT)
                         ? KVMM_SERIAL_ABSENT
                         : KVMM_SERIAL_FAILED);
}

static void
opened (KvmmSerialLine *self, GIOStream *stream)
{
  self->stream = g_object_ref (stream);
  self->was_ours = TRUE;
  self->n_failures = 0;
  g_clear_error (&self->error);
  set_state (self, KVMM_SERIAL_OPEN);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmSerialLine *self = KVMM_SERIAL_LINE (source);
  g_autoptr (GError) error = NULL;
  Answer *answer = g_task_propagate_pointer (G_TASK (result), &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->opening);
  if (answer == NULL)
    {
      open_failed (self, error);
      return;
    }
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  self->devices = g_ptr_array_ref (answer->devices);
  self->device = answer->device;
  if (answer->handle != NULL)
    {
      g_autoptr (KvmmVirtStream) stream = kvmm_virt_stream_new (g_steal_pointer (&answer->handle));

      opened (self, G_IO_STREAM (stream));
    }
  else
    open_failed (self, answer->error);
  answer_free (answer);
}

static void
open_with_func (KvmmSerialLine *self, gboolean take_over)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = self->open (take_over, self->open_data, &error);

  if (stream != NULL)
    opened (self, stream);
  else
    open_failed (self, error);
}

static void
start_opening (KvmmSerialLine *self, gboolean take_over)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self->domain);
  g_autoptr (GTask) task = NULL;
  Question *question;

  cancel (self);
  self->run = kvmm_domain_get_id (self->domain);
  if (self->open != NULL)
    {
      open_with_func (self, take_over);
      return;
    }
  if (connection == NULL)
    {
      set_state (self, KVMM_SERIAL_ABSENT);
      return;
    }
  self->opening = g_cancellable_new ();
  task = g_task_new (self, self->opening, opened_cb, NULL);
  g_task_set_source_tag (task, start_opening);
  question = g_new0 (Question, 1);
  g_strlcpy (question->uuid, kvmm_domain_get_uuid (self->domain), sizeof question->uuid);
  question->name = g_strdup (kvmm_domain_get_name (self->domain));
  question->wanted = g_strdup (self->wanted);
  question->take_over = take_over;
  set_state (self, KVMM_SERIAL_OPENING);
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_AGENT, G_PRIORITY_DEFAULT, task, open_func,
                       question, (GDestroyNotify) question_free);
}

/* ---- what happens to the machine ---- */

static void
settle_off (KvmmSerialLine *self)
{
  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (self->domain);
  KvmmSerialState state = KVMM_SERIAL_OFF;

  /* An open stream still has its end to be read, and says so itself. */
  if (self->stream != NULL)
    return;
  cancel (self);
  self->was_ours = FALSE;
  if (kvmm_domain_get_state (self->domain) == KVMM_DOMAIN_STATE_UNKNOWN)
    state = KVMM_SERIAL_LOST;
  else if (facts != NULL && facts->n_serials == 0)
    state = KVMM_SERIAL_ABSENT;
  if (state != self->state)
    set_state (self, state);
}

static void
evaluate (KvmmSerialLine *self)
{
  if (self->state == KVMM_SERIAL_CLOSED)
    return;
  if (!kvmm_domain_get_is_active (self->domain) && self->open == NULL)
    {
      settle_off (self);
      return;
    }
  if (self->stream == NULL && self->opening == NULL)
    start_opening (self, FALSE);
}

/* Figures notify too; only what can mean a new run or an end of it is looked at. */
static void
domain_notify_cb (KvmmSerialLine *self)
{
  gboolean is_active = kvmm_domain_get_is_active (self->domain);
  gboolean is_waiting = self->state == KVMM_SERIAL_OFF || self->state == KVMM_SERIAL_LOST ||
                        self->state == KVMM_SERIAL_ABSENT;

  if (!is_active || is_waiting || kvmm_domain_get_id (self->domain) != self->run)
    {
      /* Absent in this run stays absent. */
      if (is_active && self->state == KVMM_SERIAL_ABSENT &&
          kvmm_domain_get_id (self->domain) == self->run)
        return;
      if (is_active && kvmm_domain_get_id (self->domain) != self->run)
        self->was_ours = FALSE;
      evaluate (self);
    }
}

static void
agent_link_lost_cb (KvmmSerialLine *self)
{
  if (self->stream != NULL && KVMM_IS_VIRT_STREAM (self->stream))
    kvmm_virt_stream_fail (KVMM_VIRT_STREAM (self->stream));
}

/* ---- the object ---- */

static void
kvmm_serial_line_dispose (GObject *object)
{
  KvmmSerialLine *self = KVMM_SERIAL_LINE (object);

  KVMM_ASSERT_MAIN_THREAD ();
  cancel (self);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_serial_line_parent_class)->dispose (object);
}

static void
kvmm_serial_line_finalize (GObject *object)
{
  KvmmSerialLine *self = KVMM_SERIAL_LINE (object);

  g_free (self->wanted);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (kvmm_serial_line_parent_class)->finalize (object);
}

static void
kvmm_serial_line_class_init (KvmmSerialLineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_serial_line_dispose;
  object_class->finalize = kvmm_serial_line_finalize;
  state_changed_signal = g_signal_new ("state-changed", G_TYPE_FROM_CLASS (klass),
                                       G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_serial_line_init (KvmmSerialLine *self)
{
  self->run = -1;
}

KvmmSerialLine *
kvmm_serial_line_new (KvmmDomain *domain)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  KvmmSerialLine *self = g_object_new (KVMM_TYPE_SERIAL_LINE, NULL);
  KvmmConnection *connection = kvmm_domain_get_connection (domain);
  self->domain = g_object_ref (domain);
  g_signal_connect_object (domain, "notify", G_CALLBACK (domain_notify_cb), self,
                           G_CONNECT_SWAPPED);
  if (connection != NULL)
    {
      g_signal_connect_object (connection, "agent-link-lost", G_CALLBACK (agent_link_lost_cb), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (connection, "agent-link-opened", G_CALLBACK (domain_notify_cb), self,
                               G_CONNECT_SWAPPED);
    }
  return self;
}

void
kvmm_serial_line_open (KvmmSerialLine *self, gboolean take_over)
{
  g_return_if_fail (KVMM_IS_SERIAL_LINE (self));

  if (self->stream != NULL || (self->opening != NULL && !take_over))
    return;
  self->state = KVMM_SERIAL_OPENING;
  if (!kvmm_domain_get_is_active (self->domain) && self->open == NULL)
    settle_off (self);
  else
    start_opening (self, take_over);
}

void
kvmm_serial_line_close (KvmmSerialLine *self)
{
  g_return_if_fail (KVMM_IS_SERIAL_LINE (self));

  cancel (self);
  self->was_ours = FALSE;
  if (self->state != KVMM_SERIAL_CLOSED)
    set_state (self, KVMM_SERIAL_CLOSED);
}

void
kvmm_serial_line_end (KvmmSerialLine *self, const GError *error)
{
  g_return_if_fail (KVMM_IS_SERIAL_LINE (self));

  if (self->stream == NULL)
    return;
  drop_stream (self);
  if (!kvmm_domain_get_is_active (self->domain) && self->open == NULL)
    {
      settle_off (self);
      return;
    }
  /* The machine ends, the host is lost or somebody has taken the line: the next try finds out. */
  try_again_in (self, AGAIN_MS);
  set_state (self, g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST)
                       ? KVMM_SERIAL_LOST
                       : KVMM_SERIAL_OPENING);
}

void
kvmm_serial_line_set_device (KvmmSerialLine *self, const char *device)
{
  g_return_if_fail (KVMM_IS_SERIAL_LINE (self));

  if (g_strcmp0 (self->wanted, device) == 0)
    return;
  g_free (self->wanted);
  self->wanted = g_strdup (device);
  if (self->state == KVMM_SERIAL_CLOSED)
    return;
  cancel (self);
  self->was_ours = FALSE;
  evaluate (self);
}

const KvmmXmlSerial *
kvmm_serial_line_get_device (KvmmSerialLine *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LINE (self), NULL);

  return self->devices != NULL && self->device < self->devices->len
             ? self->devices->pdata[self->device]
             : NULL;
}

GPtrArray *
kvmm_serial_line_get_devices (KvmmSerialLine *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LINE (self), NULL);

  return self->devices;
}

KvmmDomain *
kvmm_serial_line_get_domain (KvmmSerialLine *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LINE (self), NULL);

  return self->domain;
}

KvmmSerialState
kvmm_serial_line_get_state (KvmmSerialLine *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LINE (self), KVMM_SERIAL_CLOSED);

  return self->state;
}

GIOStream *
kvmm_serial_line_get_stream (KvmmSerialLine *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LINE (self), NULL);

  return self->stream;
}

const GError *
kvmm_serial_line_get_error (KvmmSerialLine *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LINE (self), NULL);

  return self->error;
}

guint64
kvmm_serial_line_get_n_dropped (KvmmSerialLine *self)
{
  guint64 n;

  g_return_val_if_fail (KVMM_IS_SERIAL_LINE (self), 0);

  n = self->n_dropped;
  if (self->stream != NULL && KVMM_IS_VIRT_STREAM (self->stream))
    n += kvmm_virt_stream_get_n_dropped (KVMM_VIRT_STREAM (self->stream));
  return n;
}

void
kvmm_serial_line_set_open_func (KvmmSerialLine *self, KvmmSerialOpenFunc func, gpointer user_data)
{
  g_return_if_fail (KVMM_IS_SERIAL_LINE (self));

  self->open = func;
  self->open_data = user_data;
}

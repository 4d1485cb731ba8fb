/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-serial-log.h"

#include <glib/gi18n.h>

#include "util/kvmm-thread.h"

struct _KvmmSerialLog
{
  GObject parent_instance;

  GFile *file;           /* (owned) */
  GOutputStream *stream; /* (owned) (nullable) until it is open */
  GQueue chunks;         /* (element-type GBytes) (owned) */
  gsize n_queued;
  guint64 n_written;
  gboolean is_busy;    /* a call is under way, which holds a reference */
  gboolean is_stopped; /* by request or by failure */
  gboolean has_failed;
};

static guint failed_signal;

G_DEFINE_FINAL_TYPE (KvmmSerialLog, kvmm_serial_log, G_TYPE_OBJECT)

static void write_next (KvmmSerialLog *self);

static void
clear_queue (KvmmSerialLog *self)
{
  g_queue_clear_full (&self->chunks, (GDestroyNotify) g_bytes_unref);
  self->n_queued = 0;
}

static void
fail (KvmmSerialLog *self, const GError *error)
{
  g_autofree char *name = g_file_get_parse_name (self->file);
  g_autoptr (GError) named = g_error_new (error->domain, error->code,
                                          _ ("The log %s has ended: %s"), name, error->message);

  clear_queue (self);
  self->is_stopped = TRUE;
  if (self->has_failed)
    return;
  self->has_failed = TRUE;
  g_signal_emit (self, failed_signal, 0, named);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmSerialLog) self = user_data;
  g_autoptr (GError) error = NULL;

  self->is_busy = FALSE;
  if (!g_output_stream_close_finish (G_OUTPUT_STREAM (source), result, &error))
    fail (self, error);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmSerialLog) self = user_data;
  g_autoptr (GError) error = NULL;
  gsize n = 0;
  gboolean is_written =
      g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, &n, &error);

  self->is_busy = FALSE;
  self->n_written += n;
  if (!is_written)
    fail (self, error);
  else
    {
      g_autoptr (GBytes) first = g_queue_pop_head (&self->chunks);

      /* Nothing is there when it failed meanwhile, since too much waits. */
      if (first != NULL)
        self->n_queued -= g_bytes_get_size (first);
    }
  write_next (self);
}

static void
write_next (KvmmSerialLog *self)
{
  GBytes *first = g_queue_peek_head (&self->chunks);

  if (self->is_busy || self->stream == NULL)
    return;
  if (first != NULL)
    {
      self->is_busy = TRUE;
      /* The bytes live as long as the call, whatever becomes of the queue. */
      g_object_set_data_full (G_OBJECT (self->stream), "kvmm-bytes", g_bytes_ref (first),
                              (GDestroyNotify) g_bytes_unref);
      g_output_stream_write_all_async (self->stream, g_bytes_get_data (first, NULL),
                                       g_bytes_get_size (first), G_PRIORITY_DEFAULT, NULL,
                                       written_cb, g_object_ref (self));
    }
  else if (self->is_stopped)
    {
      g_autoptr (GOutputStream) stream = g_steal_pointer (&self->stream);

      self->is_busy = TRUE;
      g_output_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, closed_cb,
                                   g_object_ref (self));
    }
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmSerialLog) self = user_data;
  g_autoptr (GError) error = NULL;
  GFileOutputStream *stream = g_file_append_to_finish (G_FILE (source), result, &error);

  self->is_busy = FALSE;
  if (stream == NULL)
    {
      fail (self, error);
      return;
    }
  self->stream = G_OUTPUT_STREAM (stream);
  write_next (self);
}

static void
kvmm_serial_log_finalize (GObject *object)
{
  KvmmSerialLog *self = KVMM_SERIAL_LOG (object);

  clear_queue (self);
  g_clear_object (&self->stream);
  g_clear_object (&self->file);
  G_OBJECT_CLASS (kvmm_serial_log_parent_class)->finalize (object);
}

static void
kvmm_serial_log_class_init (KvmmSerialLogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_serial_log_finalize;
  failed_signal = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
kvmm_serial_log_init (KvmmSerialLog *self)
{
  g_queue_init (&self->chunks);
}

KvmmSerialLog *
kvmm_serial_log_new (GFile *file)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (G_IS_FILE (file), NULL);

  KvmmSerialLog *self = g_object_new (KVMM_TYPE_SERIAL_LOG, NULL);
  self->file = g_object_ref (file);
  self->is_busy = TRUE;
  g_file_append_to_async (file, G_FILE_CREATE_PRIVATE, G_PRIORITY_DEFAULT, NULL, opened_cb,
                          g_object_ref (self));
  return self;
}

void
kvmm_serial_log_write (KvmmSerialLog *self, GBytes *bytes)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SERIAL_LOG (self));

  if (self->is_stopped || g_bytes_get_size (bytes) == 0)
    return;
  if (self->n_queued + g_bytes_get_size (bytes) > KVMM_SERIAL_LOG_MAX_QUEUE)
    {
      g_autoptr (GError) error =
          g_error_new (G_IO_ERROR, G_IO_ERROR_BUSY,
                       _ ("the disk is too slow for what the virtual machine says"));

      fail (self, error);
      write_next (self);
      return;
    }
  g_queue_push_tail (&self->chunks, g_bytes_ref (bytes));
  self->n_queued += g_bytes_get_size (bytes);
  write_next (self);
}

void
kvmm_serial_log_stop (KvmmSerialLog *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SERIAL_LOG (self));

  if (self->is_stopped)
    return;
  self->is_stopped = TRUE;
  write_next (self);
}

GFile *
kvmm_serial_log_get_file (KvmmSerialLog *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LOG (self), NULL);

  return self->file;
}

guint64
kvmm_serial_log_get_n_written (KvmmSerialLog *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_LOG (self), 0);

  return self->n_written;
}

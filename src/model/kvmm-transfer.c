/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-transfer-private.h"

#include <glib/gi18n.h>

#include "kvmm-host-file.h"
#include "util/kvmm-guest-text.h"

#define NOTIFY_US (G_USEC_PER_SEC / 10)
#define RATE_US (G_USEC_PER_SEC / 2)
/* How much the last half second counts. */
#define RATE_WEIGHT 0.3

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmTransfer, kvmm_transfer, G_TYPE_OBJECT)

static void
changed (KvmmTransfer *self)
{
  self->notified_us = g_get_monotonic_time ();
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
set_state (KvmmTransfer *self, KvmmTransferState state)
{
  self->state = state;
  changed (self);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_file_delete_finish (G_FILE (source), result, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_debug ("could not remove an unfinished file: %s", error->message);
}

void
kvmm_transfer_drop_part (KvmmTransfer *self)
{
  g_clear_object (&self->writing);
  if (self->part != NULL)
    g_file_delete_async (self->part, G_PRIORITY_DEFAULT, NULL, deleted_cb, NULL);
  g_clear_object (&self->part);
  g_clear_pointer (&self->token, g_free);
  self->is_whole = FALSE;
}

static void
kvmm_transfer_dispose (GObject *object)
{
  KvmmTransfer *self = KVMM_TRANSFER (object);

  kvmm_transfer_drop_part (self);
  G_OBJECT_CLASS (kvmm_transfer_parent_class)->dispose (object);
}

static void
kvmm_transfer_finalize (GObject *object)
{
  KvmmTransfer *self = KVMM_TRANSFER (object);

  g_free (self->title);
  g_free (self->path);
  g_free (self->directory);
  g_free (self->name);
  g_free (self->written_path);
  g_clear_object (&self->folder);
  g_clear_object (&self->source);
  g_clear_object (&self->target);
  g_clear_error (&self->error);
  g_clear_pointer (&self->children, g_ptr_array_unref);
  G_OBJECT_CLASS (kvmm_transfer_parent_class)->finalize (object);
}

static void
kvmm_transfer_class_init (KvmmTransferClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_transfer_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_transfer_finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_transfer_init (KvmmTransfer *self)
{
}

KvmmTransfer *
kvmm_transfer_new_download (const char *path,
                            const char *name,
                            gboolean is_directory,
                            GFile *folder)
{
  KvmmTransfer *self = g_object_new (KVMM_TYPE_TRANSFER, NULL);

  self->is_directory = is_directory;
  self->path = g_strdup (path);
  self->name = kvmm_host_file_make_safe_name (name);
  self->title = g_strdup (self->name);
  self->folder = g_object_ref (folder);
  return self;
}

KvmmTransfer *
kvmm_transfer_new_upload (GFile *source, const char *directory)
{
  KvmmTransfer *self = g_object_new (KVMM_TYPE_TRANSFER, NULL);
  g_autofree char *basename = g_file_get_basename (source);

  self->is_upload = TRUE;
  self->directory = g_strdup (directory);
  self->source = g_object_ref (source);
  self->name = g_utf8_make_valid (basename != NULL ? basename : "_", -1);
  /* An inbox takes no hidden files. */
  if (directory == NULL && self->name[0] == '.')
    self->name[0] = '_';
  self->title = kvmm_guest_text_sanitise (self->name, -1);
  return self;
}

/* ---- A run ---- */

static void
clear_run (KvmmTransfer *self)
{
  g_clear_pointer (&self->file, kvmm_agent_file_stream_free);
  g_clear_object (&self->reading);
  g_clear_pointer (&self->chunk, g_bytes_unref);
  g_clear_error (&self->write_error);
  g_clear_object (&self->agent);
  g_clear_object (&self->cancellable);
  self->rate = 0;
}

void
kvmm_transfer_end (KvmmTransfer *self, KvmmTransferState state)
{
  g_autoptr (GTask) run = g_steal_pointer (&self->run);

  g_assert (run != NULL);
  clear_run (self);
  if (state == KVMM_TRANSFER_CANCELLED || state == KVMM_TRANSFER_SKIPPED ||
      state == KVMM_TRANSFER_FAILED)
    kvmm_transfer_drop_part (self);
  if (state == KVMM_TRANSFER_DONE)
    {
      g_clear_pointer (&self->token, g_free);
      self->done_bytes = self->size_bytes;
    }
  set_state (self, state);
  g_task_return_boolean (run, TRUE);
}

void
kvmm_transfer_fail (KvmmTransfer *self, GError *error)
{
  KvmmTransferState state = KVMM_TRANSFER_FAILED;

  if (g_cancellable_is_cancelled (self->cancellable))
    state = KVMM_TRANSFER_CANCELLED;
  else if (g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED) ||
           g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN))
    state = KVMM_TRANSFER_INTERRUPTED;
  g_clear_error (&self->error);
  self->error = error;
  kvmm_transfer_end (self, state);
}

void
kvmm_transfer_set_size (KvmmTransfer *self, guint64 bytes)
{
  self->size_bytes = bytes;
  self->rate_us = g_get_monotonic_time ();
  self->rate_bytes = self->done_bytes;
  changed (self);
}

void
kvmm_transfer_add_done (KvmmTransfer *self, guint64 bytes)
{
  gint64 now_us = g_get_monotonic_time ();

  self->done_bytes += bytes;
  if (now_us - self->rate_us >= RATE_US)
    {
      double rate = (double) (self->done_bytes - self->rate_bytes) * G_USEC_PER_SEC /
                    (double) (now_us - self->rate_us);

      self->rate = self->rate > 0 ? self->rate + RATE_WEIGHT * (rate - self->rate) : rate;
      self->rate_us = now_us;
      self->rate_bytes = self->done_bytes;
    }
  if (now_us - self->notified_us >= NOTIFY_US)
    changed (self);
}

char *
kvmm_transfer_dup_name (KvmmTransfer *self)
{
  return self->number == 0 ? g_strdup (self->name)
                           : kvmm_host_file_make_numbered_name (self->name, self->number);
}

gboolean
kvmm_transfer_meet_existing (KvmmTransfer *self)
{
  switch (self->answer)
    {
    case KVMM_TRANSFER_ASK:
      kvmm_transfer_end (self, KVMM_TRANSFER_ASKING);
      return FALSE;
    case KVMM_TRANSFER_SKIP:
      kvmm_transfer_end (self, KVMM_TRANSFER_SKIPPED);
      return FALSE;
    case KVMM_TRANSFER_REPLACE:
      return TRUE;
    case KVMM_TRANSFER_KEEP_BOTH:
      if (self->number < KVMM_TRANSFER_MAX_NUMBER)
        {
          self->number = self->number == 0 ? 2 : self->number + 1;
          return TRUE;
        }
      break;
    }
  kvmm_transfer_fail (self,
                      g_error_new (G_IO_ERROR, G_IO_ERROR_EXISTS,
                                   _ ("There are too many files of the name “%s”"), self->title));
  return FALSE;
}

void
kvmm_transfer_add_child (KvmmTransfer *self, KvmmTransfer *child)
{
  if (self->children == NULL)
    self->children = g_ptr_array_new_with_free_func (g_object_unref);
  child->depth = self->depth + 1;
  child->batch = self->batch;
  child->answer = self->answer;
  g_ptr_array_add (self->children, child);
}

void
kvmm_transfer_refuse (KvmmTransfer *self, char *message)
{
  g_clear_error (&self->error);
  self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, message);
  g_free (message);
  set_state (self, KVMM_TRANSFER_FAILED);
}

/* ---- For all ---- */

void
kvmm_transfer_run_async (KvmmTransfer *self,
                         KvmmAgentClient *agent,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (KVMM_IS_TRANSFER (self));
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (agent));
  g_return_if_fail (self->run == NULL);
  g_return_if_fail (self->state == KVMM_TRANSFER_WAITING);

  self->run = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->run, kvmm_transfer_run_async);
  self->agent = g_object_ref (agent);
  self->cancellable = g_cancellable_new ();
  g_clear_error (&self->error);
  set_state (self, KVMM_TRANSFER_RUNNING);
  if (self->depth > KVMM_TRANSFER_MAX_DEPTH)
    kvmm_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_TOO_MANY_LINKS,
                                           _ ("The folders are nested too deeply")));
  else if (self->is_upload)
    kvmm_transfer_upload (self);
  else if (self->is_directory)
    kvmm_transfer_download_directory (self);
  else
    kvmm_transfer_download (self);
}

void
kvmm_transfer_run_finish (KvmmTransfer *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

void
kvmm_transfer_cancel (KvmmTransfer *self)
{
  g_return_if_fail (KVMM_IS_TRANSFER (self));

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  else if (!kvmm_transfer_get_is_over (self))
    {
      kvmm_transfer_drop_part (self);
      set_state (self, KVMM_TRANSFER_CANCELLED);
    }
}

void
kvmm_transfer_answer (KvmmTransfer *self, KvmmTransferAnswer answer)
{
  g_return_if_fail (KVMM_IS_TRANSFER (self));

  self->answer = answer;
  if (self->state == KVMM_TRANSFER_ASKING)
    set_state (self, KVMM_TRANSFER_WAITING);
}

void
kvmm_transfer_retry (KvmmTransfer *self)
{
  g_return_if_fail (KVMM_IS_TRANSFER (self));

  if (self->state != KVMM_TRANSFER_FAILED && self->state != KVMM_TRANSFER_CANCELLED &&
      self->state != KVMM_TRANSFER_INTERRUPTED)
    return;
  if (self->part == NULL && self->token == NULL)
    self->done_bytes = 0;
  set_state (self, KVMM_TRANSFER_WAITING);
}

GPtrArray *
kvmm_transfer_steal_children (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), NULL);

  return g_steal_pointer (&self->children);
}

KvmmTransferState
kvmm_transfer_get_state (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), KVMM_TRANSFER_FAILED);

  return self->state;
}

gboolean
kvmm_transfer_get_is_over (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), TRUE);

  return self->state >= KVMM_TRANSFER_DONE;
}

gboolean
kvmm_transfer_get_is_upload (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), FALSE);

  return self->is_upload;
}

gboolean
kvmm_transfer_get_is_directory (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), FALSE);

  return self->is_directory;
}

const char *
kvmm_transfer_get_title (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), NULL);

  return self->title;
}

const GError *
kvmm_transfer_get_error (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), NULL);

  return self->error;
}

guint64
kvmm_transfer_get_done_bytes (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), 0);

  return self->done_bytes;
}

guint64
kvmm_transfer_get_size_bytes (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), 0);

  return self->size_bytes;
}

double
kvmm_transfer_get_rate (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), 0);

  return self->rate;
}

GFile *
kvmm_transfer_get_target (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), NULL);

  return self->target;
}

guint
kvmm_transfer_get_batch (KvmmTransfer *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER (self), 0);

  return self->batch;
}

void
kvmm_transfer_set_batch (KvmmTransfer *self, guint batch)
{
  g_return_if_fail (KVMM_IS_TRANSFER (self));

  self->batch = batch;
}

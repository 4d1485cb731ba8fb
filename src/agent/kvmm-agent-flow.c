/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-stream-private.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-client.h"
#include "util/kvmm-thread.h"

typedef struct
{
  KvmmAgentFlow *flow; /* (unowned) has the waiter in its list */
  GTask *task;         /* (owned) */
  GSource *cancelled;  /* (owned) (nullable) */
} Waiter;

void
kvmm_agent_stream_end_free (KvmmAgentStreamEnd *self)
{
  if (self == NULL)
    return;
  kvmm_guest_exit_free (self->exit);
  g_free (self->sha256);
  g_free (self);
}

static KvmmAgentStreamEnd *
end_copy (const KvmmAgentStreamEnd *self)
{
  KvmmAgentStreamEnd *copy = g_memdup2 (self, sizeof *self);

  if (self->exit != NULL)
    copy->exit = kvmm_guest_exit_copy (self->exit);
  copy->sha256 = g_strdup (self->sha256);
  return copy;
}

KvmmAgentFlow *
kvmm_agent_flow_new (KvmmAgentStreams *owner, guint32 id)
{
  KvmmAgentFlow *self = g_atomic_rc_box_new0 (KvmmAgentFlow);

  self->owner = owner;
  self->id = id;
  self->granted = KVMA_STREAM_WINDOW_TO_HOST;
  self->window = KVMA_STREAM_WINDOW_TO_HOST;
  self->credit = KVMA_STREAM_WINDOW_TO_GUEST;
  return self;
}

KvmmAgentFlow *
kvmm_agent_flow_ref (KvmmAgentFlow *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
flow_clear (gpointer data)
{
  KvmmAgentFlow *self = data;

  g_assert (self->waiters == NULL);
  kvmm_agent_ring_clear (&self->in);
  kvmm_agent_ring_clear (&self->out);
  g_clear_error (&self->error);
  g_clear_pointer (&self->end, kvmm_agent_stream_end_free);
}

void
kvmm_agent_flow_unref (KvmmAgentFlow *self)
{
  g_atomic_rc_box_release_full (self, flow_clear);
}

/* ---- reading ---- */

gboolean
kvmm_agent_flow_is_readable (const KvmmAgentFlow *self)
{
  return self->is_closed || self->in_ended || self->in.length > 0 || self->owner == NULL;
}

static void
set_closed_error (const KvmmAgentFlow *self, GError **error)
{
  if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream is closed"));
}

gssize
kvmm_agent_flow_read (KvmmAgentFlow *self, void *buffer, gsize count, GError **error)
{
  gsize length;

  KVMM_ASSERT_MAIN_THREAD ();
  if (self->is_closed)
    {
      set_closed_error (self, error);
      return -1;
    }
  length = kvmm_agent_ring_take (&self->in, buffer, count);
  if (length > 0)
    {
      self->has_read = TRUE;
      if (self->owner != NULL)
        kvmm_agent_streams_pump (self->owner);
      return (gssize) length;
    }
  /* What was sent before is valid; then comes how it ended, also after END: a file that was cut
   * short must not look like a whole one. */
  if (self->error != NULL)
    {
      set_closed_error (self, error);
      return -1;
    }
  if (self->in_ended || self->owner == NULL)
    return 0;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
  return -1;
}

/* ---- writing ---- */

static gboolean
takes_bytes (const KvmmAgentFlow *self)
{
  return (self->flags & KVMM_AGENT_FLOW_WRITES) != 0 && self->owner != NULL && !self->is_closed &&
         !self->out_ending;
}

gboolean
kvmm_agent_flow_is_writable (const KvmmAgentFlow *self)
{
  /* Not for the last few bytes: frames are better full. */
  return !takes_bytes (self) || self->out.length <= KVMA_PAYLOAD_MAX;
}

static void
set_write_error (const KvmmAgentFlow *self, GError **error)
{
  if (self->is_lost && (self->flags & KVMM_AGENT_FLOW_WRITES) != 0)
    g_set_error_literal (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN,
                         _ ("The session with the guest agent ended. It is not known how much of "
                            "it the guest has got"));
  else if (self->error == NULL && self->owner == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                         _ ("The guest takes no more on this stream"));
  else
    set_closed_error (self, error);
}

gssize
kvmm_agent_flow_write (KvmmAgentFlow *self, const void *buffer, gsize count, GError **error)
{
  gsize length;

  KVMM_ASSERT_MAIN_THREAD ();
  if (!takes_bytes (self))
    {
      set_write_error (self, error);
      return -1;
    }
  if (!kvmm_agent_flow_is_writable (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
      return -1;
    }
  length = MIN (count, KVMM_AGENT_FLOW_OUT_MAX - self->out.length);
  kvmm_agent_ring_put (&self->out, buffer, length);
  kvmm_agent_streams_pump (self->owner);
  return (gssize) length;
}

void
kvmm_agent_flow_end_output (KvmmAgentFlow *self)
{
  if (!takes_bytes (self))
    return;
  self->out_ending = TRUE;
  kvmm_agent_streams_pump (self->owner);
}

/* ---- the end ---- */

static void
waiter_free (Waiter *waiter)
{
  if (waiter->cancelled != NULL)
    {
      g_source_destroy (waiter->cancelled);
      g_source_unref (waiter->cancelled);
    }
  g_clear_object (&waiter->task);
  g_free (waiter);
}

static void
tell_task (KvmmAgentFlow *self, GTask *task)
{
  if (self->error != NULL)
    g_task_return_error (task, g_error_copy (self->error));
  else if (self->end != NULL)
    g_task_return_pointer (task, end_copy (self->end), (GDestroyNotify) kvmm_agent_stream_end_free);
  else
    g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                             _ ("The stream is closed"));
}

static void
tell_waiters (KvmmAgentFlow *self)
{
  g_autoptr (KvmmAgentFlow) keep G_GNUC_UNUSED = kvmm_agent_flow_ref (self);

  while (self->waiters != NULL)
    {
      Waiter *waiter = self->waiters->data;
      g_autoptr (GTask) task = g_steal_pointer (&waiter->task);

      self->waiters = g_list_delete_link (self->waiters, self->waiters);
      waiter_free (waiter);
      tell_task (self, task);
    }
}

static gboolean
wait_cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  Waiter *waiter = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&waiter->task);

  waiter->flow->waiters = g_list_remove (waiter->flow->waiters, waiter);
  waiter_free (waiter);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

void
kvmm_agent_flow_wait (KvmmAgentFlow *self, GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Waiter *waiter;

  if (self->owner == NULL || self->error != NULL)
    {
      tell_task (self, task);
      g_object_unref (task);
      return;
    }
  waiter = g_new0 (Waiter, 1);
  waiter->flow = self;
  waiter->task = task;
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (wait_cancelled_cb), waiter, NULL);
      g_source_attach (waiter->cancelled, NULL);
    }
  self->waiters = g_list_append (self->waiters, waiter);
}

void
kvmm_agent_flow_close (KvmmAgentFlow *self, GError *error)
{
  g_autoptr (KvmmAgentFlow) keep G_GNUC_UNUSED = kvmm_agent_flow_ref (self);
  g_autoptr (GError) owned = error;

  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  kvmm_agent_ring_clear (&self->in);
  kvmm_agent_ring_clear (&self->out);
  if (self->owner != NULL)
    kvmm_agent_streams_tell_closed (self->owner, self);
  if (owned == NULL || self->owner == NULL)
    return;
  self->error = g_steal_pointer (&owned);
  tell_waiters (self);
}

void
kvmm_agent_flow_finish (KvmmAgentFlow *self, GError *error, KvmmAgentStreamEnd *end)
{
  g_autoptr (GError) owned_error = error;
  g_autoptr (KvmmAgentStreamEnd) owned_end = end;

  self->owner = NULL;
  kvmm_agent_ring_clear (&self->out);
  if (self->error != NULL)
    return;
  self->error = g_steal_pointer (&owned_error);
  self->end = g_steal_pointer (&owned_end);
  tell_waiters (self);
}

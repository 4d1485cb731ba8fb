/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-stream-private.h"

#include "util/kvmm-thread.h"

struct _KvmmAgentStream
{
  GIOStream parent_instance;

  KvmmAgentFlow *flow;   /* (owned) */
  GInputStream *input;   /* (owned) */
  GOutputStream *output; /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmAgentStream, kvmm_agent_stream, G_TYPE_IO_STREAM)

static GInputStream *
kvmm_agent_stream_get_input_stream (GIOStream *stream)
{
  return ((KvmmAgentStream *) stream)->input;
}

static GOutputStream *
kvmm_agent_stream_get_output_stream (GIOStream *stream)
{
  return ((KvmmAgentStream *) stream)->output;
}

/* The guest is told before the halves are closed: no END goes out for what was given up. */
static gboolean
kvmm_agent_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  KvmmAgentStream *self = (KvmmAgentStream *) stream;

  kvmm_agent_flow_close (self->flow, NULL);
  /* A half with a call under way cannot be closed; that call ends by itself now. */
  g_output_stream_close (self->output, NULL, NULL);
  g_input_stream_close (self->input, NULL, NULL);
  return TRUE;
}

static void
kvmm_agent_stream_close_async (GIOStream *stream,
                               int io_priority,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, kvmm_agent_stream_close_async);
  kvmm_agent_stream_close (stream, NULL, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
kvmm_agent_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
kvmm_agent_stream_finalize (GObject *object)
{
  KvmmAgentStream *self = (KvmmAgentStream *) object;

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->flow, kvmm_agent_flow_unref);
  G_OBJECT_CLASS (kvmm_agent_stream_parent_class)->finalize (object);
}

static void
kvmm_agent_stream_class_init (KvmmAgentStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kvmm_agent_stream_finalize;
  stream_class->get_input_stream = kvmm_agent_stream_get_input_stream;
  stream_class->get_output_stream = kvmm_agent_stream_get_output_stream;
  stream_class->close_fn = kvmm_agent_stream_close;
  stream_class->close_async = kvmm_agent_stream_close_async;
  stream_class->close_finish = kvmm_agent_stream_close_finish;
}

static void
kvmm_agent_stream_init (KvmmAgentStream *self)
{
}

KvmmAgentStream *
kvmm_agent_stream_new (KvmmAgentFlow *flow)
{
  KvmmAgentStream *self = g_object_new (KVMM_TYPE_AGENT_STREAM, NULL);

  KVMM_ASSERT_MAIN_THREAD ();
  self->flow = flow;
  self->input = kvmm_agent_stream_input_new (flow);
  self->output = kvmm_agent_stream_output_new (flow);
  return self;
}

void
kvmm_agent_stream_wait_async (KvmmAgentStream *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  GTask *task;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_STREAM (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_agent_stream_wait_async);
  kvmm_agent_flow_wait (self->flow, task);
}

KvmmAgentStreamEnd *
kvmm_agent_stream_wait_finish (KvmmAgentStream *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

guint32
kvmm_agent_stream_get_id (KvmmAgentStream *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_STREAM (self), 0);

  return self->flow->id;
}

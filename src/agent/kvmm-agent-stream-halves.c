/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-stream-private.h"

/* Both halves ask the flow and never wait: the asynchronous calls of GIO go by the source. */

typedef struct
{
  GSource source;
  KvmmAgentFlow *flow; /* (owned) */
  GObject *half;       /* (owned) */
  gboolean is_output;
} FlowSource;

static gboolean
source_check (GSource *source)
{
  FlowSource *self = (FlowSource *) source;

  return self->is_output ? kvmm_agent_flow_is_writable (self->flow)
                         : kvmm_agent_flow_is_readable (self->flow);
}

static gboolean
source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return source_check (source);
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  GPollableSourceFunc func = (GPollableSourceFunc) (void (*) (void)) callback;

  return func == NULL || func (((FlowSource *) source)->half, user_data);
}

static void
source_finalize (GSource *source)
{
  FlowSource *self = (FlowSource *) source;

  g_clear_pointer (&self->flow, kvmm_agent_flow_unref);
  g_clear_object (&self->half);
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
  .finalize = source_finalize,
};

static GSource *
source_new (KvmmAgentFlow *flow, gpointer half, gboolean is_output, GCancellable *cancellable)
{
  GSource *source = g_source_new (&source_funcs, sizeof (FlowSource));
  FlowSource *self = (FlowSource *) source;

  g_source_set_static_name (source, "kvmm-agent-stream");
  self->flow = kvmm_agent_flow_ref (flow);
  self->half = g_object_ref (half);
  self->is_output = is_output;
  if (cancellable != NULL)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (child);
      g_source_add_child_source (source, child);
    }
  return source;
}

static void
return_closed (gpointer half,
               gpointer tag,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (half, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_return_boolean (task, TRUE);
}

/* ---- input ---- */

#define KVMM_TYPE_AGENT_STREAM_INPUT (kvmm_agent_stream_input_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmAgentStreamInput, kvmm_agent_stream_input, KVMM, AGENT_STREAM_INPUT, GInputStream)

struct _KvmmAgentStreamInput
{
  GInputStream parent_instance;

  KvmmAgentFlow *flow; /* (owned) */
};

static gboolean
input_is_readable (GPollableInputStream *stream)
{
  return kvmm_agent_flow_is_readable (((KvmmAgentStreamInput *) stream)->flow);
}

static GSource *
input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  return source_new (((KvmmAgentStreamInput *) stream)->flow, stream, FALSE, cancellable);
}

static gssize
input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  return kvmm_agent_flow_read (((KvmmAgentStreamInput *) stream)->flow, buffer, count, error);
}

static void
input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = input_is_readable;
  iface->create_source = input_create_source;
  iface->read_nonblocking = input_read_nonblocking;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmAgentStreamInput,
                               kvmm_agent_stream_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      input_pollable_init))

static gssize
kvmm_agent_stream_input_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return kvmm_agent_flow_read (((KvmmAgentStreamInput *) stream)->flow, buffer, count, error);
}

static gboolean
kvmm_agent_stream_input_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

static void
kvmm_agent_stream_input_close_async (GInputStream *stream,
                                     int io_priority,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  return_closed (stream, kvmm_agent_stream_input_close_async, cancellable, callback, user_data);
}

static gboolean
kvmm_agent_stream_input_close_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
kvmm_agent_stream_input_finalize (GObject *object)
{
  g_clear_pointer (&((KvmmAgentStreamInput *) object)->flow, kvmm_agent_flow_unref);
  G_OBJECT_CLASS (kvmm_agent_stream_input_parent_class)->finalize (object);
}

static void
kvmm_agent_stream_input_class_init (KvmmAgentStreamInputClass *klass)
{
  GInputStreamClass *input_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kvmm_agent_stream_input_finalize;
  input_class->read_fn = kvmm_agent_stream_input_read;
  input_class->close_fn = kvmm_agent_stream_input_close;
  input_class->close_async = kvmm_agent_stream_input_close_async;
  input_class->close_finish = kvmm_agent_stream_input_close_finish;
}

static void
kvmm_agent_stream_input_init (KvmmAgentStreamInput *self)
{
}

GInputStream *
kvmm_agent_stream_input_new (KvmmAgentFlow *flow)
{
  KvmmAgentStreamInput *self = g_object_new (KVMM_TYPE_AGENT_STREAM_INPUT, NULL);

  self->flow = kvmm_agent_flow_ref (flow);
  return G_INPUT_STREAM (self);
}

/* ---- output ---- */

#define KVMM_TYPE_AGENT_STREAM_OUTPUT (kvmm_agent_stream_output_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmAgentStreamOutput, kvmm_agent_stream_output, KVMM, AGENT_STREAM_OUTPUT, GOutputStream)

struct _KvmmAgentStreamOutput
{
  GOutputStream parent_instance;

  KvmmAgentFlow *flow; /* (owned) */
};

static gboolean
output_is_writable (GPollableOutputStream *stream)
{
  return kvmm_agent_flow_is_writable (((KvmmAgentStreamOutput *) stream)->flow);
}

static GSource *
output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  return source_new (((KvmmAgentStreamOutput *) stream)->flow, stream, TRUE, cancellable);
}

static gssize
output_write_nonblocking (GPollableOutputStream *stream,
                          const void *buffer,
                          gsize count,
                          GError **error)
{
  return kvmm_agent_flow_write (((KvmmAgentStreamOutput *) stream)->flow, buffer, count, error);
}

static void
output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = output_is_writable;
  iface->create_source = output_create_source;
  iface->write_nonblocking = output_write_nonblocking;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmAgentStreamOutput,
                               kvmm_agent_stream_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      output_pollable_init))

static gssize
kvmm_agent_stream_output_write (GOutputStream *stream,
                                const void *buffer,
                                gsize count,
                                GCancellable *cancellable,
                                GError **error)
{
  return kvmm_agent_flow_write (((KvmmAgentStreamOutput *) stream)->flow, buffer, count, error);
}

static gboolean
kvmm_agent_stream_output_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  kvmm_agent_flow_end_output (((KvmmAgentStreamOutput *) stream)->flow);
  return TRUE;
}

static void
kvmm_agent_stream_output_close_async (GOutputStream *stream,
                                      int io_priority,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  kvmm_agent_stream_output_close (stream, NULL, NULL);
  return_closed (stream, kvmm_agent_stream_output_close_async, cancellable, callback, user_data);
}

static gboolean
kvmm_agent_stream_output_close_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
kvmm_agent_stream_output_finalize (GObject *object)
{
  g_clear_pointer (&((KvmmAgentStreamOutput *) object)->flow, kvmm_agent_flow_unref);
  G_OBJECT_CLASS (kvmm_agent_stream_output_parent_class)->finalize (object);
}

static void
kvmm_agent_stream_output_class_init (KvmmAgentStreamOutputClass *klass)
{
  GOutputStreamClass *output_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kvmm_agent_stream_output_finalize;
  output_class->write_fn = kvmm_agent_stream_output_write;
  output_class->close_fn = kvmm_agent_stream_output_close;
  output_class->close_async = kvmm_agent_stream_output_close_async;
  output_class->close_finish = kvmm_agent_stream_output_close_finish;
}

static void
kvmm_agent_stream_output_init (KvmmAgentStreamOutput *self)
{
}

GOutputStream *
kvmm_agent_stream_output_new (KvmmAgentFlow *flow)
{
  KvmmAgentStreamOutput *self = g_object_new (KVMM_TYPE_AGENT_STREAM_OUTPUT, NULL);

  self->flow = kvmm_agent_flow_ref (flow);
  return G_OUTPUT_STREAM (self);
}

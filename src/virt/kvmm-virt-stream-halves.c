/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-stream-halves.h"

#include <glib/gi18n.h>

struct _KvmmVirtInput
{
  GInputStream parent_instance;
  KvmmVirtStream *owner; /* (unowned) (nullable) */
};

struct _KvmmVirtOutput
{
  GOutputStream parent_instance;
  KvmmVirtStream *owner; /* (unowned) (nullable) */
};

static void input_pollable_init (GPollableInputStreamInterface *iface);
static void output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmVirtInput,
                               kvmm_virt_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmVirtOutput,
                               kvmm_virt_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      output_pollable_init))

/* ---- a source that looks at the stream itself ----
 *
 * There is no file descriptor to poll. Whatever makes a half ready runs in a callback of the main
 * context that the source is attached to, and each turn of that context asks prepare again. */

typedef struct
{
  GSource base;
  GObject *half; /* (owned) */
} HalfSource;

static gboolean
is_half_ready (GObject *half)
{
  if (KVMM_IS_VIRT_INPUT (half))
    return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (half));
  return g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (half));
}

static gboolean
half_source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return is_half_ready (((HalfSource *) source)->half);
}

static gboolean
half_source_check (GSource *source)
{
  return is_half_ready (((HalfSource *) source)->half);
}

static gboolean
half_source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  GPollableSourceFunc func = (GPollableSourceFunc) (void *) callback;
  return func ? func (((HalfSource *) source)->half, user_data) : G_SOURCE_CONTINUE;
}

static void
half_source_finalize (GSource *source)
{
  g_clear_object (&((HalfSource *) source)->half);
}

static GSourceFuncs half_source_funcs = {
  .prepare = half_source_prepare,
  .check = half_source_check,
  .dispatch = half_source_dispatch,
  .finalize = half_source_finalize,
};

static GSource *
create_source (gpointer half, GCancellable *cancellable)
{
  GSource *source = g_source_new (&half_source_funcs, sizeof (HalfSource));
  g_source_set_static_name (source, "KvmmVirtStream");
  ((HalfSource *) source)->half = g_object_ref (half);

  if (cancellable)
    {
      g_autoptr (GSource) child = g_cancellable_source_new (cancellable);
      g_source_set_dummy_callback (child);
      g_source_add_child_source (source, child);
    }
  return source;
}

static gssize
refuse_blocking (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _ ("A channel to a guest can only be used without blocking"));
  return -1;
}

static gssize
refuse_closed (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The channel is closed"));
  return -1;
}

/* ---- input ---- */

static gboolean
input_is_readable (GPollableInputStream *stream)
{
  KvmmVirtInput *self = KVMM_VIRT_INPUT (stream);
  return !self->owner || kvmm_virt_stream_is_readable (self->owner);
}

static GSource *
input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  return create_source (stream, cancellable);
}

static gssize
input_read_nonblocking (GPollableInputStream *stream, void *data, gsize count, GError **error)
{
  KvmmVirtInput *self = KVMM_VIRT_INPUT (stream);
  return self->owner ? kvmm_virt_stream_read (self->owner, data, count, error)
                     : refuse_closed (error);
}

static void
input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = input_is_readable;
  iface->create_source = input_create_source;
  iface->read_nonblocking = input_read_nonblocking;
}

static gssize
kvmm_virt_input_read (
    GInputStream *stream, void *data, gsize count, GCancellable *cancellable, GError **error)
{
  return refuse_blocking (error);
}

static void
kvmm_virt_input_class_init (KvmmVirtInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = kvmm_virt_input_read;
}

static void
kvmm_virt_input_init (KvmmVirtInput *self)
{
}

GInputStream *
kvmm_virt_input_new (KvmmVirtStream *owner)
{
  KvmmVirtInput *self = g_object_new (KVMM_TYPE_VIRT_INPUT, NULL);
  self->owner = owner;
  return G_INPUT_STREAM (self);
}

void
kvmm_virt_input_forget (KvmmVirtInput *self)
{
  self->owner = NULL;
}

/* ---- output ---- */

static gboolean
output_is_writable (GPollableOutputStream *stream)
{
  KvmmVirtOutput *self = KVMM_VIRT_OUTPUT (stream);
  return !self->owner || kvmm_virt_stream_is_writable (self->owner);
}

static GSource *
output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  return create_source (stream, cancellable);
}

static gssize
output_write_nonblocking (GPollableOutputStream *stream,
                          const void *data,
                          gsize count,
                          GError **error)
{
  KvmmVirtOutput *self = KVMM_VIRT_OUTPUT (stream);
  return self->owner ? kvmm_virt_stream_write (self->owner, data, count, error)
                     : refuse_closed (error);
}

static void
output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = output_is_writable;
  iface->create_source = output_create_source;
  iface->write_nonblocking = output_write_nonblocking;
}

static gssize
kvmm_virt_output_write (
    GOutputStream *stream, const void *data, gsize count, GCancellable *cancellable, GError **error)
{
  return refuse_blocking (error);
}

static void
kvmm_virt_output_class_init (KvmmVirtOutputClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = kvmm_virt_output_write;
}

static void
kvmm_virt_output_init (KvmmVirtOutput *self)
{
}

GOutputStream *
kvmm_virt_output_new (KvmmVirtStream *owner)
{
  KvmmVirtOutput *self = g_object_new (KVMM_TYPE_VIRT_OUTPUT, NULL);
  self->owner = owner;
  return G_OUTPUT_STREAM (self);
}

void
kvmm_virt_output_forget (KvmmVirtOutput *self)
{
  self->owner = NULL;
}

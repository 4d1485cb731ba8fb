/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-stream.h"

#include <glib/gi18n.h>

#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-private.h"
#include "virt/kvmm-virt-stream-halves.h"

/* Taken from libvirt in one main-loop turn: about what a turn may cost without being seen. */
#define MAX_RECEIVE_PER_TURN (256 * 1024)
#define RECEIVE_CHUNK (64 * 1024)
/* One message of libvirt's protocol holds a little less than 256 KiB. */
#define MAX_SEND (128 * 1024)

struct _KvmmVirtStreamHandle
{
  virStreamPtr stream; /* (owned) */
  gboolean is_lossy;
};

/* The opaque of libvirt's callback. Main thread only. Freed by hand: the remote driver of libvirt
 * takes a function for that and never calls it. */
typedef struct
{
  KvmmVirtStream *stream; /* (unowned) (nullable) */
} Link;

struct _KvmmVirtStream
{
  GIOStream parent_instance;

  virStreamPtr stream;   /* (owned) (nullable) NULL once closed */
  Link *link;            /* (unowned) (nullable) libvirt's; NULL once the callback was removed */
  GInputStream *input;   /* (owned) */
  GOutputStream *output; /* (owned) */

  GByteArray *buffer; /* (owned) received and not yet read */
  guint offset;       /* bytes of buffer already read */
  GError *error;      /* (owned) (nullable) why it ended, if not by EOF */
  gboolean is_eof;
  gboolean is_send_blocked;
  gboolean is_lossy; /* what nobody reads in time is dropped */
  guint64 n_dropped;
};

G_DEFINE_FINAL_TYPE (KvmmVirtStream, kvmm_virt_stream, G_TYPE_IO_STREAM)

/* ---- opening and freeing the handle ---- */

static void
abort_and_free (gpointer data)
{
  /* After an error libvirt reports that error once more: there is nobody left to tell. */
  virStreamAbort (data);
  virStreamFree (data);
}

static KvmmVirtErrorCode
classify_open_failure (void)
{
  const virError *last = virGetLastError ();
  /* libvirt has one code for many things; of virDomainOpenChannel() and virDomainOpenConsole()
   * these are known. Without a domain: the lock file of a terminal that a program on the host has.
   */
  if (last && (last->domain == VIR_FROM_QEMU || last->domain == VIR_FROM_NONE) &&
      last->code == VIR_ERR_OPERATION_FAILED)
    return KVMM_VIRT_ERROR_IN_USE;
  if (last && last->domain == VIR_FROM_QEMU && last->code == VIR_ERR_INTERNAL_ERROR)
    return KVMM_VIRT_ERROR_NO_SUCH_OBJECT;
  return KVMM_VIRT_ERROR_FAILED;
}

typedef int (*OpenFunc) (virDomainPtr domain,
                         const char *name,
                         virStreamPtr stream,
                         unsigned int flags);

/* @what: what is opened, with a place for the machine's name */
static KvmmVirtStreamHandle *
open_stream (KvmmVirtConnect *self,
             const char *uuid,
             const char *name,
             const char *what,
             OpenFunc func,
             unsigned int flags,
             GError **error)
{
  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  g_autoptr (virDomain) domain =
      connect ? kvmm_virt_connect_acquire_domain (self, uuid, error) : NULL;
  if (!domain)
    return NULL;

  g_autofree char *text =
      g_strdup_printf (_ ("Could not open %s of “%s”"), what, virDomainGetName (domain));
  g_autoptr (virStream) stream = virStreamNew (connect, VIR_STREAM_NONBLOCK);
  if (!stream)
    {
      kvmm_virt_error_take (error, text);
      return NULL;
    }

  if (func (domain, name, stream, flags) < 0)
    {
      KvmmVirtErrorCode code = classify_open_failure ();
      g_autoptr (GError) failure = NULL;
      kvmm_virt_error_take (&failure, text);
      if (code != KVMM_VIRT_ERROR_FAILED)
        failure->code = (int) code;
      if (kvmm_virt_error_get_code (failure) == VIR_ERR_NO_DOMAIN)
        kvmm_virt_connect_forget_domain (self, uuid);
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }

  KvmmVirtStreamHandle *handle = g_new0 (KvmmVirtStreamHandle, 1);
  handle->stream = g_steal_pointer (&stream);
  return handle;
}

KvmmVirtStreamHandle *
kvmm_virt_open_channel (KvmmVirtConnect *self,
                        const char *uuid,
                        const char *channel,
                        gboolean take_over,
                        GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL && channel != NULL, NULL);

  g_autofree char *what = g_strdup_printf (_ ("the channel %s"), channel);
  return open_stream (self, uuid, channel, what, virDomainOpenChannel,
                      take_over ? VIR_DOMAIN_CHANNEL_FORCE : 0, error);
}

KvmmVirtStreamHandle *
kvmm_virt_open_console (
    KvmmVirtConnect *self, const char *uuid, const char *device, gboolean take_over, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, NULL);

  g_autofree char *what = device ? g_strdup_printf (_ ("the serial console %s"), device)
                                 : g_strdup (_ ("the serial console"));
  /* SAFE: a driver that cannot keep two clients apart refuses, instead of mixing their input. */
  KvmmVirtStreamHandle *handle =
      open_stream (self, uuid, device, what, virDomainOpenConsole,
                   VIR_DOMAIN_CONSOLE_SAFE | (take_over ? VIR_DOMAIN_CONSOLE_FORCE : 0), error);
  if (handle)
    handle->is_lossy = TRUE;
  return handle;
}

void
kvmm_virt_stream_handle_free (KvmmVirtStreamHandle *self)
{
  if (!self)
    return;
  kvmm_lane_dispose_later (self->stream, abort_and_free);
  g_free (self);
}

/* ---- receiving ---- */

static guint
get_buffered (KvmmVirtStream *self)
{
  return self->buffer->len - self->offset;
}

static void
compact (KvmmVirtStream *self)
{
  if (self->offset == 0)
    return;
  g_byte_array_remove_range (self->buffer, 0, self->offset);
  self->offset = 0;
}

static void
remove_callback (KvmmVirtStream *self)
{
  if (!self->link)
    return;
  Link *link = g_steal_pointer (&self->link);
  link->stream = NULL;
  /* Callbacks run on this thread, so that none comes after this. What libvirt did not let go of
   * must stay valid: then the few bytes are lost. */
  if (virStreamEventRemoveCallback (self->stream) == 0)
    g_free (link);
}

/* (transfer full) @error. The first reason stays. */
static void
end_with_error (KvmmVirtStream *self, GError *error)
{
  if (!self->error && !self->is_eof)
    self->error = error;
  else
    g_error_free (error);
  remove_callback (self);
}

static void
end_with_eof (KvmmVirtStream *self)
{
  self->is_eof = self->error == NULL;
  remove_callback (self);
}

static void
end_with_no_space (KvmmVirtStream *self)
{
  end_with_error (self, g_error_new (G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                                     _ ("The guest sent more than %u bytes that nobody read"),
                                     KVMM_VIRT_STREAM_MAX_BUFFER));
}

static void
end_with_libvirt_error (KvmmVirtStream *self)
{
  GError *error = NULL;
  kvmm_virt_error_take (&error, _ ("The channel to the guest broke"));
  end_with_error (self, error);
}

/* Half of it, so that a flood does not move the memory with each chunk. CAN ends an escape sequence
 * whose begin is now missing or whose end was. */
static void
drop_oldest (KvmmVirtStream *self)
{
  guint n = get_buffered (self) / 2;

  self->offset += n;
  self->n_dropped += n;
  compact (self);
  self->buffer->data[0] = '\030';
}

/* Returns: what virStreamRecv() returned */
static int
receive_chunk (KvmmVirtStream *self, guint max)
{
  if (self->is_lossy && get_buffered (self) >= KVMM_VIRT_STREAM_MAX_BUFFER)
    drop_oldest (self);
  guint room = KVMM_VIRT_STREAM_MAX_BUFFER - get_buffered (self);
  if (room == 0)
    {
      /* It may be the end that makes it readable, which needs no room. */
      char byte;
      int excess = virStreamRecv (self->stream, &byte, 1);
      if (excess > 0)
        end_with_no_space (self);
      return excess > 0 ? -2 : excess;
    }

  guint want = MIN (max, room);
  compact (self);
  guint length = self->buffer->len;
  g_byte_array_set_size (self->buffer, length + want);
  int received = virStreamRecv (self->stream, (char *) self->buffer->data + length, want);
  g_byte_array_set_size (self->buffer, length + (guint) MAX (received, 0));
  return received;
}

static void
receive (KvmmVirtStream *self)
{
  guint budget = MAX_RECEIVE_PER_TURN;

  while (budget > 0 && self->link)
    {
      int received = receive_chunk (self, MIN (budget, RECEIVE_CHUNK));
      if (received == -2)
        return;
      if (received == 0)
        end_with_eof (self);
      else if (received < 0)
        end_with_libvirt_error (self);
      else
        budget -= (guint) received;
    }
}

static int
wanted_events (KvmmVirtStream *self)
{
  int events = VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP;
  return self->is_send_blocked ? events | VIR_STREAM_EVENT_WRITABLE : events;
}

static void
stream_event_cb (virStreamPtr stream, int events, void *opaque)
{
  Link *link = opaque;
  if (!link->stream)
    return;

  g_autoptr (KvmmVirtStream) self = g_object_ref (link->stream);
  if (events & VIR_STREAM_EVENT_WRITABLE)
    {
      self->is_send_blocked = FALSE;
      virStreamEventUpdateCallback (stream, wanted_events (self));
    }
  if (events & (VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP))
    receive (self);
  /* An error that receiving did not meet, because there was still data. */
  if (self->link && (events & VIR_STREAM_EVENT_ERROR))
    end_with_libvirt_error (self);
}

/* ---- what the halves ask ---- */

gboolean
kvmm_virt_stream_is_readable (KvmmVirtStream *self)
{
  return !self->stream || get_buffered (self) > 0 || self->error || self->is_eof;
}

gboolean
kvmm_virt_stream_is_writable (KvmmVirtStream *self)
{
  return !self->stream || !self->is_send_blocked || self->error || self->is_eof;
}

static gboolean
check_open (KvmmVirtStream *self, GError **error)
{
  if (self->stream)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The channel is closed"));
  return FALSE;
}

gssize
kvmm_virt_stream_read (KvmmVirtStream *self, void *data, gsize count, GError **error)
{
  KVMM_ASSERT_MAIN_THREAD ();

  if (!check_open (self, error))
    return -1;
  guint available = get_buffered (self);
  if (available > 0)
    {
      guint taken = (guint) MIN (count, available);
      memcpy (data, self->buffer->data + self->offset, taken);
      self->offset += taken;
      if (get_buffered (self) == 0)
        compact (self);
      return taken;
    }
  if (self->error)
    {
      if (error)
        *error = g_error_copy (self->error);
      return -1;
    }
  if (self->is_eof)
    return 0;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _ ("Nothing to read yet"));
  return -1;
}

gssize
kvmm_virt_stream_write (KvmmVirtStream *self, const void *data, gsize count, GError **error)
{
  KVMM_ASSERT_MAIN_THREAD ();

  if (!check_open (self, error))
    return -1;
  if (self->error)
    {
      if (error)
        *error = g_error_copy (self->error);
      return -1;
    }
  if (self->is_eof)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                           _ ("The virtual machine has closed the channel"));
      return -1;
    }

  /* The remote driver never says "not now": it hands the bytes to the socket, and waits only when
   * that is full. The protocol above has at most 96 KiB under way, which always fits. A driver in
   * this process answers -2. */
  int sent = self->is_send_blocked ? -2 : virStreamSend (self->stream, data, MIN (count, MAX_SEND));
  if (sent >= 0)
    return sent;
  if (sent == -2)
    {
      if (!self->is_send_blocked)
        {
          self->is_send_blocked = TRUE;
          virStreamEventUpdateCallback (self->stream, wanted_events (self));
        }
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _ ("Cannot write yet"));
      return -1;
    }

  end_with_libvirt_error (self);
  if (error)
    *error = g_error_copy (self->error);
  return -1;
}

/* ---- GIOStream ---- */

static GInputStream *
kvmm_virt_stream_get_input_stream (GIOStream *stream)
{
  return KVMM_VIRT_STREAM (stream)->input;
}

static GOutputStream *
kvmm_virt_stream_get_output_stream (GIOStream *stream)
{
  return KVMM_VIRT_STREAM (stream)->output;
}

static gboolean
kvmm_virt_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  KvmmVirtStream *self = KVMM_VIRT_STREAM (stream);
  KVMM_ASSERT_MAIN_THREAD ();

  if (!self->stream)
    return TRUE;
  remove_callback (self);
  g_byte_array_set_size (self->buffer, 0);
  self->offset = 0;
  kvmm_lane_dispose_later (g_steal_pointer (&self->stream), abort_and_free);
  return TRUE;
}

/* The inherited one would close on a thread of GLib's pool. */
static void
kvmm_virt_stream_close_async (GIOStream *stream,
                              int priority,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_virt_stream_close_async);
  g_task_set_priority (task, priority);
  kvmm_virt_stream_close (stream, cancellable, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
kvmm_virt_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
kvmm_virt_stream_finalize (GObject *object)
{
  KvmmVirtStream *self = KVMM_VIRT_STREAM (object);

  /* The halves may outlive this: from now on they say "closed". */
  kvmm_virt_input_forget (KVMM_VIRT_INPUT (self->input));
  kvmm_virt_output_forget (KVMM_VIRT_OUTPUT (self->output));
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->buffer, g_byte_array_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (kvmm_virt_stream_parent_class)->finalize (object);
}

static void
kvmm_virt_stream_class_init (KvmmVirtStreamClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->finalize = kvmm_virt_stream_finalize;
  stream_class->get_input_stream = kvmm_virt_stream_get_input_stream;
  stream_class->get_output_stream = kvmm_virt_stream_get_output_stream;
  stream_class->close_fn = kvmm_virt_stream_close;
  stream_class->close_async = kvmm_virt_stream_close_async;
  stream_class->close_finish = kvmm_virt_stream_close_finish;
}

static void
kvmm_virt_stream_init (KvmmVirtStream *self)
{
  self->buffer = g_byte_array_new ();
  self->input = kvmm_virt_input_new (self);
  self->output = kvmm_virt_output_new (self);
}

KvmmVirtStream *
kvmm_virt_stream_new (KvmmVirtStreamHandle *handle)
{
  g_return_val_if_fail (handle != NULL, NULL);
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmVirtStream *self = g_object_new (KVMM_TYPE_VIRT_STREAM, NULL);
  self->stream = handle->stream;
  self->is_lossy = handle->is_lossy;
  g_free (handle);

  self->link = g_new0 (Link, 1);
  self->link->stream = self;
  if (virStreamEventAddCallback (self->stream, wanted_events (self), stream_event_cb, self->link,
                                 g_free) < 0)
    {
      g_clear_pointer (&self->link, g_free);
      end_with_libvirt_error (self);
    }
  return self;
}

void
kvmm_virt_stream_fail (KvmmVirtStream *self)
{
  g_return_if_fail (KVMM_IS_VIRT_STREAM (self));
  KVMM_ASSERT_MAIN_THREAD ();

  if (!self->stream)
    return;
  g_byte_array_set_size (self->buffer, 0);
  self->offset = 0;
  GError *error = NULL;
  kvmm_virt_error_set (&error, KVMM_VIRT_ERROR_CONNECTION_LOST,
                       _ ("The connection to libvirt was lost"));
  end_with_error (self, error);
}

guint64
kvmm_virt_stream_get_n_dropped (KvmmVirtStream *self)
{
  g_return_val_if_fail (KVMM_IS_VIRT_STREAM (self), 0);

  return self->n_dropped;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* A non-blocking virStream as a GIOStream: both halves are pollable, so GIO sources work on them.
 * Main thread only, except for opening.
 *
 * Reading never stops: the virStream's READABLE callback stays registered, what arrives is kept in
 * a buffer of at most KVMM_VIRT_STREAM_MAX_BUFFER bytes; a peer that fills it gets the stream
 * closed with G_IO_ERROR_NO_SPACE (libvirt would otherwise queue without bound). A console has
 * nobody who would hold back: there the oldest bytes make room, and are counted. */

#define KVMM_VIRT_STREAM_MAX_BUFFER (1024 * 1024)

#define KVMM_TYPE_VIRT_STREAM (kvmm_virt_stream_get_type ())
G_DECLARE_FINAL_TYPE (KvmmVirtStream, kvmm_virt_stream, KVMM, VIRT_STREAM, GIOStream)

/* The open stream, still on its worker. */
typedef struct _KvmmVirtStreamHandle KvmmVirtStreamHandle;

/**
 * kvmm_virt_open_channel:
 * @channel: the channel's target name
 * @take_over: VIR_DOMAIN_CHANNEL_FORCE: ends another client's stream
 *
 * Worker only. Returns: (transfer full): a handle for kvmm_virt_stream_new(), or %NULL: IN_USE,
 * INVALID_STATE (not running), NO_SUCH_OBJECT (no such channel), UNSUPPORTED
 */
KvmmVirtStreamHandle *kvmm_virt_open_channel (KvmmVirtConnect *self,
                                              const char *uuid,
                                              const char *channel,
                                              gboolean take_over,
                                              GError **error);
/**
 * kvmm_virt_open_console:
 * @device: (nullable): the alias of a serial port or console; %NULL: what libvirt takes for the
 *     first
 * @take_over: VIR_DOMAIN_CONSOLE_FORCE: ends another client's stream
 *
 * Worker only. Returns: (transfer full): a handle for kvmm_virt_stream_new(), or %NULL: IN_USE,
 * INVALID_STATE (not running), NO_SUCH_OBJECT (no such device, or none that can be opened),
 * UNSUPPORTED
 */
KvmmVirtStreamHandle *kvmm_virt_open_console (KvmmVirtConnect *self,
                                              const char *uuid,
                                              const char *device,
                                              gboolean take_over,
                                              GError **error);
void kvmm_virt_stream_handle_free (KvmmVirtStreamHandle *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmVirtStreamHandle, kvmm_virt_stream_handle_free)

/**
 * kvmm_virt_stream_new:
 * @handle: (transfer full)
 *
 * Main thread only. Returns: (transfer full): the stream. g_io_stream_get_input_stream() is a
 * GPollableInputStream (EOF when the machine stops, an error when libvirt says so),
 * g_io_stream_get_output_stream() a GPollableOutputStream; only the non-blocking calls and sources
 * may be used. g_io_stream_close() returns at once; the abort runs elsewhere.
 */
KvmmVirtStream *kvmm_virt_stream_new (KvmmVirtStreamHandle *handle);

/**
 * kvmm_virt_stream_fail:
 *
 * Main thread only. The connection was lost: libvirt calls no stream callback then, so the owner
 * tells the stream; its sources fire and reads give CONNECTION_LOST.
 */
void kvmm_virt_stream_fail (KvmmVirtStream *self);

/** kvmm_virt_stream_get_n_dropped: Main thread only. Returns: bytes of a console that nobody read
 * in time */
guint64 kvmm_virt_stream_get_n_dropped (KvmmVirtStream *self);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-serial.h"

G_BEGIN_DECLS

/* The way to one serial port or text console of a machine, held over restarts of the machine and
 * losses of the connection. Main thread only.
 *
 * Whoever shows the line reads the stream, and says when it has read all of it
 * (kvmm_serial_line_end()): what the machine said last is not lost then.
 *
 * Signal: "state-changed": the state, the stream, the error or the devices. */

typedef enum
{
  KVMM_SERIAL_CLOSED, /* nobody wants it */
  KVMM_SERIAL_OPENING,
  KVMM_SERIAL_OPEN,
  KVMM_SERIAL_OFF,    /* the machine does not run; opens with it */
  KVMM_SERIAL_IN_USE, /* another program has it; looked at again every few seconds */
  KVMM_SERIAL_TAKEN,  /* as IN_USE, after it was ours */
  KVMM_SERIAL_LOST,   /* no connection to the host; opens with it */
  KVMM_SERIAL_ABSENT, /* the machine has no such line */
  KVMM_SERIAL_FAILED, /* see the error; tried again on request or at the next start */
} KvmmSerialState;

#define KVMM_TYPE_SERIAL_LINE (kvmm_serial_line_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSerialLine, kvmm_serial_line, KVMM, SERIAL_LINE, GObject)

/** kvmm_serial_line_new: Returns: (transfer full): CLOSED */
KvmmSerialLine *kvmm_serial_line_new (KvmmDomain *domain);

/** kvmm_serial_line_open: wants the line, now and until it is closed. @take_over: ends another
 * program's session, this time */
void kvmm_serial_line_open (KvmmSerialLine *self, gboolean take_over);
void kvmm_serial_line_close (KvmmSerialLine *self);
/** kvmm_serial_line_end: all of the stream was read. @error: (nullable): why it ended; %NULL: EOF
 */
void kvmm_serial_line_end (KvmmSerialLine *self, const GError *error);

/** kvmm_serial_line_set_device: @device: (nullable): alias or label; %NULL: the first that can be
 * opened. An open line moves there. */
void kvmm_serial_line_set_device (KvmmSerialLine *self, const char *device);
/** kvmm_serial_line_get_device: Returns: (nullable) (transfer none): which was opened last, one of
 * the devices */
const KvmmXmlSerial *kvmm_serial_line_get_device (KvmmSerialLine *self);
/** kvmm_serial_line_get_devices: Returns: (nullable) (transfer none) (element-type KvmmXmlSerial):
 * known since the machine was first asked */
GPtrArray *kvmm_serial_line_get_devices (KvmmSerialLine *self);

KvmmDomain *kvmm_serial_line_get_domain (KvmmSerialLine *self);
KvmmSerialState kvmm_serial_line_get_state (KvmmSerialLine *self);
/** kvmm_serial_line_get_stream: Returns: (nullable) (transfer none): unless OPEN */
GIOStream *kvmm_serial_line_get_stream (KvmmSerialLine *self);
/** kvmm_serial_line_get_error: Returns: (nullable) (transfer none): why it could not be opened */
const GError *kvmm_serial_line_get_error (KvmmSerialLine *self);
/** kvmm_serial_line_get_n_dropped: Returns: bytes that came faster than they were read, of all
 * streams so far */
guint64 kvmm_serial_line_get_n_dropped (KvmmSerialLine *self);

/* In place of libvirt, for tests. Returns: (transfer full): %NULL with @error set */
typedef GIOStream *(*KvmmSerialOpenFunc) (gboolean take_over, gpointer user_data, GError **error);
void
kvmm_serial_line_set_open_func (KvmmSerialLine *self, KvmmSerialOpenFunc func, gpointer user_data);

G_END_DECLS

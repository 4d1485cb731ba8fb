/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a serial line says, byte for byte, at the end of a file. Main thread only; the disk is
 * waited for elsewhere.
 *
 * Signals: "failed" (const GError *): it has ended by itself: the disk is full, or too slow;
 * nothing is written any more. */

/* Bytes that may wait for the disk. */
#define KVMM_SERIAL_LOG_MAX_QUEUE (8 * 1024 * 1024)

#define KVMM_TYPE_SERIAL_LOG (kvmm_serial_log_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSerialLog, kvmm_serial_log, KVMM, SERIAL_LOG, GObject)

/** kvmm_serial_log_new: begins. Returns: (transfer full): the log; what goes wrong is a signal */
KvmmSerialLog *kvmm_serial_log_new (GFile *file);
void kvmm_serial_log_write (KvmmSerialLog *self, GBytes *bytes);
/** kvmm_serial_log_stop: takes no more. What was taken is still written, even when the last
 * reference of the caller goes. */
void kvmm_serial_log_stop (KvmmSerialLog *self);

/** kvmm_serial_log_get_file: Returns: (transfer none) */
GFile *kvmm_serial_log_get_file (KvmmSerialLog *self);
/** kvmm_serial_log_get_n_written: Returns: bytes that are in the file */
guint64 kvmm_serial_log_get_n_written (KvmmSerialLog *self);

G_END_DECLS

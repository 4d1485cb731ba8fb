/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-serial-line.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* The serial ports and text consoles of one machine: terminal, choice of the line, search, log, and
 * what is said when there is none to show. Main thread only.
 *
 * The line is opened when this is first on the screen, and kept from then on: only one program at a
 * time can have it, so it is not taken before somebody looks. What the machine said stays when it
 * stops.
 *
 * Signal: "rung": the bell. */
#define KVMM_TYPE_SERIAL_CONSOLE (kvmm_serial_console_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSerialConsole, kvmm_serial_console, KVMM, SERIAL_CONSOLE, AdwBin)

/* Sent every 20 ms at most, about twenty times as fast as the fastest serial port in use. libvirt
 * takes whatever it is given, so that nothing else holds back a paste. */
#define KVMM_SERIAL_CONSOLE_PACE_BYTES 4096
/* A paste that is larger is refused as a whole. */
#define KVMM_SERIAL_CONSOLE_MAX_PASTE (256 * 1024)

GtkWidget *kvmm_serial_console_new (KvmmSettings *settings, KvmmDomain *domain);

/** kvmm_serial_console_get_line: Returns: (transfer none) */
KvmmSerialLine *kvmm_serial_console_get_line (KvmmSerialConsole *self);
/** kvmm_serial_console_close: lets other programs have the line; it can be connected again */
void kvmm_serial_console_close (KvmmSerialConsole *self);

/** kvmm_serial_console_start_log: appends what the line says to @file from now on, in place of the
 * log that runs */
void kvmm_serial_console_start_log (KvmmSerialConsole *self, GFile *file);
void kvmm_serial_console_stop_log (KvmmSerialConsole *self);

G_END_DECLS

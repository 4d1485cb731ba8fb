/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The terminal this program was started in, lent to a guest. Main thread only; one terminal, one
 * process. */

/** kvmm_cli_terminal_make_raw: every key is a byte from now on, Ctrl+C too. However the program
 * ends, by itself or by a signal it handles, the terminal is as before. Returns: %FALSE when there
 * is none */
gboolean kvmm_cli_terminal_make_raw (void);
/** kvmm_cli_terminal_restore: as it was; nothing when it is */
void kvmm_cli_terminal_restore (void);
/** kvmm_cli_terminal_get_size: in characters; 80 × 24 when nobody knows */
void kvmm_cli_terminal_get_size (guint *columns, guint *rows);

G_END_DECLS

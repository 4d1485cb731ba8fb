/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "console/kvmm-terminal-screen.h"

G_BEGIN_DECLS

/* A terminal's screen and keyboard at one stream of bytes. What the stream says about titles,
 * links, folders, clipboards and sounds is ignored. Main thread only.
 *
 * Signals: "ended" (const GError *error (nullable)): the stream has no more to read; all of it is
 * on the screen. "resized" (guint columns, guint rows): the size has come to rest. "enter": Return
 * was pressed while no stream is attached. "typed": something was sent. "overrun": what was typed
 * was dropped, since too much waits to be sent. "rung": the bell. "received" (GBytes): what the
 * stream brought, on its way to the screen. */
#define KVMM_TYPE_TERMINAL (kvmm_terminal_get_type ())
G_DECLARE_FINAL_TYPE (KvmmTerminal, kvmm_terminal, KVMM, TERMINAL, AdwBin)

/* Lines above the screen that can be scrolled back to. */
#define KVMM_TERMINAL_SCROLLBACK 10000
/* While so much waits to be sent, more is refused; one paste may be larger. */
#define KVMM_TERMINAL_MAX_QUEUE (16 * 1024 * 1024)

GtkWidget *kvmm_terminal_new (void);

/** kvmm_terminal_attach: shows and feeds @stream, in place of the one before. What is on the screen
 * stays; modes and colours that the one before set do not. */
void kvmm_terminal_attach (KvmmTerminal *self, GIOStream *stream);
/** kvmm_terminal_detach: lets go of the stream; the screen stays */
void kvmm_terminal_detach (KvmmTerminal *self);
gboolean kvmm_terminal_get_is_attached (KvmmTerminal *self);

/** kvmm_terminal_get_size: in characters */
void kvmm_terminal_get_size (KvmmTerminal *self, guint *columns, guint *rows);
/** kvmm_terminal_get_queued: Returns: the bytes that wait to be sent */
gsize kvmm_terminal_get_queued (KvmmTerminal *self);

/** kvmm_terminal_set_scrollback: instead of KVMM_TERMINAL_SCROLLBACK. @lines: 0 keeps none */
void kvmm_terminal_set_scrollback (KvmmTerminal *self, guint lines);
void kvmm_terminal_set_colors (KvmmTerminal *self, KvmmTerminalColors colors);
/**
 * kvmm_terminal_set_pace:
 * @bytes: what is sent at once, every 20 ms
 * @max_queue: a paste that does not fit is refused as a whole
 *
 * For a stream that takes everything and holds nobody back, whatever its guest reads.
 */
void kvmm_terminal_set_pace (KvmmTerminal *self, guint bytes, gsize max_queue);
/** kvmm_terminal_begin_line: what comes next stands in a line of its own */
void kvmm_terminal_begin_line (KvmmTerminal *self);

/** kvmm_terminal_type: as if @text was pasted */
void kvmm_terminal_type (KvmmTerminal *self, const char *text);
/** kvmm_terminal_send: sends @text as it is, as if it was typed */
void kvmm_terminal_send (KvmmTerminal *self, const char *text);
void kvmm_terminal_copy (KvmmTerminal *self);
void kvmm_terminal_paste (KvmmTerminal *self);
void kvmm_terminal_select_all (KvmmTerminal *self);
gboolean kvmm_terminal_get_has_selection (KvmmTerminal *self);
/** kvmm_terminal_set_scale: 1.0: as large as the system's monospace font */
void kvmm_terminal_set_scale (KvmmTerminal *self, double scale);
/** kvmm_terminal_set_faded: the screen is of a session that is gone */
void kvmm_terminal_set_faded (KvmmTerminal *self, gboolean faded);

/** kvmm_terminal_find: selects the next place of @text upwards (or down) of the selection, without
 * regard to case. Returns: whether there is one */
gboolean kvmm_terminal_find (KvmmTerminal *self, const char *text, gboolean is_down);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lines that a guest sends piece by piece (the output of a command, a log), made inert for a text
 * view. Any thread, one at a time. */

/* Longest line in bytes; a longer one is broken, for a text view is slow with it. */
#define KVMM_GUEST_OUTPUT_MAX_LINE 4096
/* Longest escape sequence that is swallowed; what is longer was not one. */
#define KVMM_GUEST_OUTPUT_MAX_ESCAPE 1024

typedef struct _KvmmGuestOutput KvmmGuestOutput;

KvmmGuestOutput *kvmm_guest_output_new (void);
void kvmm_guest_output_free (KvmmGuestOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmGuestOutput, kvmm_guest_output_free)

/**
 * kvmm_guest_output_push:
 * @text: appended to
 *
 * Appends what @data shows: valid UTF-8 with line breaks and tabs, the terminal's escape sequences
 * left out, a lone carriage return a line break, and nothing that
 * kvmm_guest_text_is_invisible() names. A character or sequence may be split over several calls.
 */
void
kvmm_guest_output_push (KvmmGuestOutput *self, const guint8 *data, gsize length, GString *text);

/** kvmm_guest_output_end: appends what a cut-off character leaves, and starts anew */
void kvmm_guest_output_end (KvmmGuestOutput *self, GString *text);

G_END_DECLS

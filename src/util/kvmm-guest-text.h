/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Text that a guest, a peer or libvirt's XML sent, made inert before it reaches a widget or a
 * terminal. Any thread. */

/* Longest text kept, in characters; what is cut ends with "…". */
#define KVMM_GUEST_TEXT_MAX 256

/**
 * kvmm_guest_text_sanitise:
 * @text: (nullable): bytes of any kind
 * @length: bytes of @text, -1 when NUL-terminated
 *
 * Makes the text valid UTF-8 (each bad byte becomes U+FFFD); strips C0, C1, DEL, U+061C,
 * U+200B–200F, U+202A–202E, U+2066–2069 and U+FEFF; turns each run of spaces, tabs and line breaks
 * (U+2028 and U+2029 too) into one space, none at either end; cuts to %KVMM_GUEST_TEXT_MAX
 * characters, the "…" included. The result is plain text: it must never be used as markup, path,
 * URI or format string.
 *
 * Returns: (transfer full): the text, "" for %NULL
 */
char *kvmm_guest_text_sanitise (const char *text, gssize length);

/**
 * kvmm_guest_text_sanitise_line:
 * @text: (nullable): one line, bytes of any kind
 * @length: bytes of @text, -1 when NUL-terminated
 *
 * The same for a line of a log or of a program's output: spaces stay as they are, each tab or line
 * break becomes one, and nothing is cut. The caller bounds @length.
 *
 * Returns: (transfer full): the text, "" for %NULL
 */
char *kvmm_guest_text_sanitise_line (const char *text, gssize length);

/** kvmm_guest_text_is_invisible: Returns: whether the above strips @c: a control, a zero-width
 * character, or one that turns the direction of the text around */
gboolean kvmm_guest_text_is_invisible (gunichar c);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-display.h"

G_BEGIN_DECLS

/* The part of KvmmDisplay that carries text of the clipboard. Main thread only.
 *
 * Text goes to the guest when the widget gets the focus, or has it: what is copied while another
 * window is used is no business of a guest until one turns to it. */

typedef struct _KvmmDisplayClipboard KvmmDisplayClipboard;

/** kvmm_display_clipboard_new: @display: (unowned) */
KvmmDisplayClipboard *kvmm_display_clipboard_new (KvmmDisplay *display);
void kvmm_display_clipboard_stop (KvmmDisplayClipboard *self);
void kvmm_display_clipboard_free (KvmmDisplayClipboard *self);

void kvmm_display_clipboard_focus (KvmmDisplayClipboard *self, gboolean has_focus);
/** kvmm_display_clipboard_update: what the guest can take changed */
void kvmm_display_clipboard_update (KvmmDisplayClipboard *self);
void kvmm_display_clipboard_receive (KvmmDisplayClipboard *self, const char *text, gsize length);
gboolean kvmm_display_clipboard_get_enabled (KvmmDisplayClipboard *self);
void kvmm_display_clipboard_set_enabled (KvmmDisplayClipboard *self, gboolean enabled);

G_END_DECLS

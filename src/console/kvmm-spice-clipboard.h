/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-spice-session.h"

G_BEGIN_DECLS

/* Text between the clipboards of host and guest, carried by the guest's SPICE agent. Main thread
 * only.
 *
 * Each side says that it has something, and the other asks for it. The guest's text is asked for at
 * once; ours is sent only when somebody in the guest pastes. Only the clipboard proper: neither the
 * selection of the middle button, nor pictures, nor files. */

#define KVMM_TYPE_SPICE_CLIPBOARD (kvmm_spice_clipboard_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSpiceClipboard, kvmm_spice_clipboard, KVMM, SPICE_CLIPBOARD, GObject)

/* Signal "received" (const char *text, uint64 length): the guest's text, lines ended by LF; at most
 * KVMM_DISPLAY_CLIPBOARD_MAX bytes, of any kind, NUL-terminated. */

/** kvmm_spice_clipboard_new: @main: of a session. Returns: (transfer full) */
KvmmSpiceClipboard *kvmm_spice_clipboard_new (SpiceMainChannel *main);
/** kvmm_spice_clipboard_set_enabled: text travels (TRUE at first); what was offered before is
 * withdrawn when it does not any more */
void kvmm_spice_clipboard_set_enabled (KvmmSpiceClipboard *self, gboolean enabled);
/** kvmm_spice_clipboard_offer: @text: (nullable): what the host's clipboard holds now; more than
 * KVMM_DISPLAY_CLIPBOARD_MAX bytes are not offered */
void kvmm_spice_clipboard_offer (KvmmSpiceClipboard *self, const char *text);
/** kvmm_spice_clipboard_is_available: whether the guest's agent takes and gives text */
gboolean kvmm_spice_clipboard_is_available (KvmmSpiceClipboard *self);

/** kvmm_spice_lines_to_guest: Returns: (transfer full): @text with each LF that has no CR before it
 * made CR LF */
char *kvmm_spice_lines_to_guest (const char *text);
/** kvmm_spice_lines_from_guest: @text: @length bytes of any kind. Returns: (transfer full): a copy
 * with each CR LF made LF, up to the first NUL */
char *kvmm_spice_lines_from_guest (const char *text, gsize length);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <spice-client.h>

G_BEGIN_DECLS

/* What the SPICE library reports, in the user's words and with what to do about it. Main thread
 * only. @name is the machine's; all return (transfer full) a KVMM_DISPLAY_ERROR. */

/** kvmm_spice_error_new: @event: CLOSED or one of the errors. @reason: (nullable): the library's
 * own */
GError *kvmm_spice_error_new (SpiceChannelEvent event, const GError *reason, const char *name);
/** kvmm_spice_error_new_refused: the password that a person gave is wrong */
GError *kvmm_spice_error_new_refused (const char *name);
/** kvmm_spice_error_new_tls: @reason: of kvmm_spice_tls_wrap_finish() */
GError *kvmm_spice_error_new_tls (const char *name, const GError *reason);
/** kvmm_spice_error_new_audio: there is nothing that plays */
GError *kvmm_spice_error_new_audio (const char *name);
/** kvmm_spice_error_new_size: the screen is larger than a framebuffer can be, or is of no size */
GError *kvmm_spice_error_new_size (const char *name, int width, int height);
/** kvmm_spice_error_new_format: the pixels come in a way that cannot be drawn */
GError *kvmm_spice_error_new_format (const char *name, int format);
/** kvmm_spice_error_new_gl: the pictures stay in the host's graphics adapter */
GError *kvmm_spice_error_new_gl (const char *name);
/** kvmm_spice_error_wants_username: whether @reason (nullable) asks for a name too */
gboolean kvmm_spice_error_wants_username (const GError *reason);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The form that a console asks for a password with. Main thread only.
 *
 * Signal "answered": somebody pressed Sign In; read the getters. The password stays in the entry
 * until kvmm_console_sign_in_clear(). */
#define KVMM_TYPE_CONSOLE_SIGN_IN (kvmm_console_sign_in_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleSignIn, kvmm_console_sign_in, KVMM, CONSOLE_SIGN_IN, AdwBin)

/** kvmm_console_sign_in_ask: @needs_username: besides the password; @problem: (nullable): why the
 * last answer was not good; shown as plain text */
void
kvmm_console_sign_in_ask (KvmmConsoleSignIn *self, gboolean needs_username, const char *problem);
/** kvmm_console_sign_in_clear: forgets the password */
void kvmm_console_sign_in_clear (KvmmConsoleSignIn *self);

const char *kvmm_console_sign_in_get_username (KvmmConsoleSignIn *self); /* (nullable) not asked */
const char *kvmm_console_sign_in_get_password (KvmmConsoleSignIn *self);
/** kvmm_console_sign_in_get_remember: whether the password is to be stored */
gboolean kvmm_console_sign_in_get_remember (KvmmConsoleSignIn *self);
void kvmm_console_sign_in_set_remember (KvmmConsoleSignIn *self, gboolean remember);

G_END_DECLS

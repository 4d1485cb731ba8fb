/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** shoot: keeps a picture of the whole screen as @name in the folder $KVMM_UI_SHOTS, if there is
 * one
 */
void shoot (const char *name);

G_END_DECLS

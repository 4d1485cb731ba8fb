/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Lines that a person types in the guest, each with Copy. Main thread only. */

/** kvmm_command_list_new: @commands: plain text, one command a line; an empty line is left out.
 * Returns: (transfer floating): a boxed list */
GtkWidget *kvmm_command_list_new (const char *commands);

/** kvmm_command_list_new_text: @text: lines that belong together: one Copy for all. Returns:
 * (transfer floating): a boxed list */
GtkWidget *kvmm_command_list_new_text (const char *text);

G_END_DECLS

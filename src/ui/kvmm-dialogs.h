/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Dialogs and toasts in one place, so that newer libadwaita can be adopted by changing one file.
 * Main thread only. Texts are plain, never markup. */

/** kvmm_dialogs_toast: a short notice in the AdwToastOverlay above @widget */
void kvmm_dialogs_toast (GtkWidget *widget, const char *text);

/**
 * kvmm_dialogs_toast_with_button:
 * @button_label: with mnemonic
 * @timeout_s: seconds it stays, 0: until closed
 * @clicked: called with @user_data when the button is pressed
 * @destroy: (nullable): frees @user_data with the toast
 */
typedef void (*KvmmDialogsFunc) (gpointer user_data);
void kvmm_dialogs_toast_with_button (GtkWidget *widget,
                                     const char *text,
                                     const char *button_label,
                                     guint timeout_s,
                                     KvmmDialogsFunc clicked,
                                     gpointer user_data,
                                     GDestroyNotify destroy);

/** kvmm_dialogs_error: a toast "@summary" whose Details button opens a dialog with @error's
 * message, libvirt's code and domain, and Copy. Silent for a cancelled @error. */
void kvmm_dialogs_error (GtkWidget *widget, const char *summary, const GError *error);

/**
 * kvmm_dialogs_confirm_async:
 * @accept_label: "Force Off"
 * @destructive: red button, and Cancel is the default
 *
 * finish returns whether it was accepted.
 */
void kvmm_dialogs_confirm_async (GtkWidget *widget,
                                 const char *heading,
                                 const char *body,
                                 const char *accept_label,
                                 gboolean destructive,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kvmm_dialogs_confirm_finish (GAsyncResult *result);

/** kvmm_dialogs_copy: puts @text on the clipboard of @widget's display and says so in a toast */
void kvmm_dialogs_copy (GtkWidget *widget, const char *text);

G_END_DECLS

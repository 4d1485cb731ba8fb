/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-sign-in.h"

struct _KvmmConsoleSignIn
{
  AdwBin parent_instance;

  GtkEditable *password;
  GtkCheckButton *remember;
  GtkWidget *username; /* a row */
  GtkLabel *problem;
  GtkWidget *button;
};

G_DEFINE_FINAL_TYPE (KvmmConsoleSignIn, kvmm_console_sign_in, ADW_TYPE_BIN)

static guint answered_signal;

static void
changed_cb (KvmmConsoleSignIn *self)
{
  gboolean has_username = !gtk_widget_get_visible (self->username) ||
                          *gtk_editable_get_text (GTK_EDITABLE (self->username)) != '\0';

  gtk_widget_set_sensitive (self->button,
                            has_username && *gtk_editable_get_text (self->password) != '\0');
}

static void
answer_cb (KvmmConsoleSignIn *self)
{
  if (gtk_widget_get_sensitive (self->button))
    g_signal_emit (self, answered_signal, 0);
}

static gboolean
kvmm_console_sign_in_grab_focus (GtkWidget *widget)
{
  KvmmConsoleSignIn *self = KVMM_CONSOLE_SIGN_IN (widget);
  gboolean wants_username = gtk_widget_get_visible (self->username) &&
                            *gtk_editable_get_text (GTK_EDITABLE (self->username)) == '\0';

  return gtk_widget_grab_focus (wants_username ? self->username : GTK_WIDGET (self->password));
}

static void
kvmm_console_sign_in_class_init (KvmmConsoleSignInClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->grab_focus = kvmm_console_sign_in_grab_focus;
  answered_signal = g_signal_new ("answered", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-console-sign-in.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSignIn, password);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSignIn, remember);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSignIn, username);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSignIn, problem);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSignIn, button);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, answer_cb);
}

static void
kvmm_console_sign_in_init (KvmmConsoleSignIn *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_console_sign_in_ask (KvmmConsoleSignIn *self, gboolean needs_username, const char *problem)
{
  g_return_if_fail (KVMM_IS_CONSOLE_SIGN_IN (self));

  gtk_widget_set_visible (self->username, needs_username);
  gtk_label_set_text (self->problem, problem != NULL ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), problem != NULL);
  changed_cb (self);
}

void
kvmm_console_sign_in_clear (KvmmConsoleSignIn *self)
{
  g_return_if_fail (KVMM_IS_CONSOLE_SIGN_IN (self));
  gtk_editable_set_text (self->password, "");
}

const char *
kvmm_console_sign_in_get_username (KvmmConsoleSignIn *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SIGN_IN (self), NULL);
  return gtk_widget_get_visible (self->username)
             ? gtk_editable_get_text (GTK_EDITABLE (self->username))
             : NULL;
}

const char *
kvmm_console_sign_in_get_password (KvmmConsoleSignIn *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SIGN_IN (self), NULL);
  return gtk_editable_get_text (self->password);
}

gboolean
kvmm_console_sign_in_get_remember (KvmmConsoleSignIn *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SIGN_IN (self), FALSE);
  return gtk_check_button_get_active (self->remember);
}

void
kvmm_console_sign_in_set_remember (KvmmConsoleSignIn *self, gboolean remember)
{
  g_return_if_fail (KVMM_IS_CONSOLE_SIGN_IN (self));
  gtk_check_button_set_active (self->remember, remember);
}

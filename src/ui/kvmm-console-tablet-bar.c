/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-tablet-bar.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"

struct _KvmmConsoleTabletBar
{
  AdwBin parent_instance;

  KvmmDomain *domain; /* (owned) (nullable) */
  gboolean is_wanted;
  gboolean is_done; /* dismissed, or added */

  GtkWidget *add_button;
};

G_DEFINE_FINAL_TYPE (KvmmConsoleTabletBar, kvmm_console_tablet_bar, ADW_TYPE_BIN)

static void
update (KvmmConsoleTabletBar *self)
{
  gtk_widget_set_visible (GTK_WIDGET (self), self->is_wanted && !self->is_done);
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmConsoleTabletBar) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean needs_restart = FALSE;

  gtk_widget_set_sensitive (self->add_button, TRUE);
  if (!kvmm_domain_add_tablet_finish (KVMM_DOMAIN (source), result, &needs_restart, &error))
    {
      kvmm_dialogs_error (GTK_WIDGET (self), _ ("The tablet could not be added"), error);
      return;
    }
  self->is_done = TRUE;
  update (self);
  kvmm_dialogs_toast (GTK_WIDGET (self), needs_restart
                                             ? _ ("The tablet is there after the next start")
                                             : _ ("Tablet added"));
}

static void
add_cb (KvmmConsoleTabletBar *self)
{
  gtk_widget_set_sensitive (self->add_button, FALSE);
  kvmm_domain_add_tablet_async (self->domain, NULL, added_cb, g_object_ref (self));
}

static void
close_cb (KvmmConsoleTabletBar *self)
{
  self->is_done = TRUE;
  update (self);
}

static void
kvmm_console_tablet_bar_dispose (GObject *object)
{
  KvmmConsoleTabletBar *self = KVMM_CONSOLE_TABLET_BAR (object);

  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_console_tablet_bar_parent_class)->dispose (object);
}

static void
kvmm_console_tablet_bar_class_init (KvmmConsoleTabletBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_console_tablet_bar_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-console-tablet-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleTabletBar, add_button);
  gtk_widget_class_bind_template_callback (widget_class, add_cb);
  gtk_widget_class_bind_template_callback (widget_class, close_cb);
}

static void
kvmm_console_tablet_bar_init (KvmmConsoleTabletBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_console_tablet_bar_set_domain (KvmmConsoleTabletBar *self, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_CONSOLE_TABLET_BAR (self));
  g_return_if_fail (KVMM_IS_DOMAIN (domain) && self->domain == NULL);
  self->domain = g_object_ref (domain);
}

void
kvmm_console_tablet_bar_set_is_wanted (KvmmConsoleTabletBar *self, gboolean is_wanted)
{
  g_return_if_fail (KVMM_IS_CONSOLE_TABLET_BAR (self));

  self->is_wanted = is_wanted;
  update (self);
}

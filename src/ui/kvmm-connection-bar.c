/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-connection-bar.h"

#include <glib/gi18n.h>

#include "kvmm-countdown.h"

struct _KvmmConnectionBar
{
  AdwBin parent_instance;

  KvmmConnection *connection; /* (owned) */
  KvmmCountdown *ticker;      /* (owned) */
  char *countdown;            /* (owned) (nullable) */
  gboolean is_allowed;

  GtkRevealer *revealer;
  GtkLabel *label;
  GtkWidget *button;
};

G_DEFINE_FINAL_TYPE (KvmmConnectionBar, kvmm_connection_bar, ADW_TYPE_BIN)

static char *
describe (KvmmConnectionBar *self)
{
  const char *name = kvmm_connection_get_name (self->connection);
  const char *error_text = kvmm_connection_get_error_text (self->connection);

  switch (kvmm_connection_get_state (self->connection))
    {
    case KVMM_CONNECTION_LOST:
      return g_strdup_printf (_ ("Connection to %s lost"), name);
    case KVMM_CONNECTION_FAILED:
      return g_strdup_printf (_ ("Cannot connect to %s: %s"), name, error_text ? error_text : "");
    case KVMM_CONNECTION_CONNECTING:
      /* Between two tries the bar stays, or it would flicker. */
      return error_text ? g_strdup_printf (_ ("Connection to %s lost"), name) : NULL;
    case KVMM_CONNECTION_DISCONNECTED:
    case KVMM_CONNECTION_CONNECTED:
      break;
    }

  return NULL;
}

static void
update (KvmmConnectionBar *self)
{
  g_autofree char *text = describe (self);
  g_autofree char *full = NULL;

  /* Hidden, not only folded: a screen reader would find the alert otherwise. */
  gtk_widget_set_visible (GTK_WIDGET (self), self->is_allowed && text);
  gtk_revealer_set_reveal_child (self->revealer, self->is_allowed && text);
  if (!text)
    return;
  full = self->countdown ? g_strdup_printf ("%s. %s", text, self->countdown) : g_strdup (text);
  gtk_label_set_text (self->label, full);
  gtk_widget_set_sensitive (self->button, kvmm_connection_get_state (self->connection) !=
                                              KVMM_CONNECTION_CONNECTING);
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  update (user_data);
}

static void
countdown_cb (KvmmCountdown *ticker, const char *text, gpointer user_data)
{
  KvmmConnectionBar *self = user_data;

  g_free (self->countdown);
  self->countdown = g_strdup (text);
  update (self);
}

static void
clicked_cb (GtkButton *button, gpointer user_data)
{
  kvmm_connection_connect (KVMM_CONNECTION_BAR (user_data)->connection);
}

static void
kvmm_connection_bar_dispose (GObject *object)
{
  KvmmConnectionBar *self = KVMM_CONNECTION_BAR (object);

  g_clear_object (&self->ticker);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->countdown, g_free);

  G_OBJECT_CLASS (kvmm_connection_bar_parent_class)->dispose (object);
}

static void
kvmm_connection_bar_class_init (KvmmConnectionBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_connection_bar_dispose;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-connection-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionBar, revealer);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionBar, label);
  gtk_widget_class_bind_template_child (widget_class, KvmmConnectionBar, button);
  gtk_widget_class_bind_template_callback (widget_class, clicked_cb);
}

static void
kvmm_connection_bar_init (KvmmConnectionBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_connection_bar_new (KvmmConnection *connection)
{
  KvmmConnectionBar *self = g_object_new (KVMM_TYPE_CONNECTION_BAR, NULL);

  self->connection = g_object_ref (connection);
  self->is_allowed = TRUE;
  self->ticker = kvmm_countdown_new ();
  g_signal_connect_object (self->ticker, "changed", G_CALLBACK (countdown_cb), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (connection, "notify::state", G_CALLBACK (notify_cb), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (connection, "notify::error-text", G_CALLBACK (notify_cb), self,
                           G_CONNECT_DEFAULT);
  kvmm_countdown_set_connection (self->ticker, connection);

  return GTK_WIDGET (self);
}

void
kvmm_connection_bar_set_is_allowed (KvmmConnectionBar *self, gboolean is_allowed)
{
  g_return_if_fail (KVMM_IS_CONNECTION_BAR (self));

  self->is_allowed = is_allowed;
  update (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-shutdown-bar.h"

#include <glib/gi18n.h>

#include "kvmm-domain-actions.h"

struct _KvmmShutdownBar
{
  AdwBin parent_instance;

  KvmmDomain *domain;     /* (owned) */
  KvmmShutdown *shutdown; /* (owned) (nullable) the one that is shown */
  gboolean is_closed;     /* by the person */

  GtkLabel *label;
  GtkWidget *cancel_button;
  GtkWidget *again_button;
  GtkWidget *force_button;
  GtkWidget *close_button;
};

G_DEFINE_FINAL_TYPE (KvmmShutdownBar, kvmm_shutdown_bar, ADW_TYPE_BIN)

static gboolean
is_shown (KvmmShutdownBar *self)
{
  if (self->shutdown == NULL || self->is_closed)
    return FALSE;
  switch (kvmm_shutdown_get_step (self->shutdown))
    {
    case KVMM_SHUTDOWN_STEP_AGENT:
    case KVMM_SHUTDOWN_STEP_QGA:
    case KVMM_SHUTDOWN_STEP_BUTTON:
    case KVMM_SHUTDOWN_STEP_BUTTON_AGAIN:
      return TRUE;
    case KVMM_SHUTDOWN_STEP_GAVE_UP:
    case KVMM_SHUTDOWN_STEP_FAILED:
      /* It went off after all, or somebody else did it. */
      return kvmm_domain_get_is_active (self->domain);
    case KVMM_SHUTDOWN_STEP_DONE:
    case KVMM_SHUTDOWN_STEP_CANCELLED:
      break;
    }
  return FALSE;
}

static void
update (KvmmShutdownBar *self)
{
  gboolean shown = is_shown (self);
  gboolean is_over = shown && kvmm_shutdown_get_is_finished (self->shutdown);
  const GError *error = is_over ? kvmm_shutdown_get_error (self->shutdown) : NULL;

  if (shown)
    {
      g_autofree char *text =
          error != NULL && g_strcmp0 (error->message, kvmm_shutdown_get_text (self->shutdown)) != 0
              ? g_strdup_printf ("%s %s", kvmm_shutdown_get_text (self->shutdown), error->message)
              : g_strdup (kvmm_shutdown_get_text (self->shutdown));

      gtk_label_set_text (self->label, text);
    }
  gtk_widget_set_visible (self->cancel_button, !is_over);
  gtk_widget_set_visible (self->again_button, is_over);
  gtk_widget_set_visible (self->force_button, is_over);
  gtk_widget_set_visible (self->close_button, is_over);
  gtk_widget_set_visible (GTK_WIDGET (self), shown);
}

static void
shutdown_changed_cb (KvmmShutdownBar *self)
{
  KvmmShutdown *shutdown = kvmm_domain_get_shutdown (self->domain);

  if (shutdown != self->shutdown)
    {
      if (self->shutdown != NULL)
        g_signal_handlers_disconnect_by_data (self->shutdown, self);
      g_set_object (&self->shutdown, shutdown);
      self->is_closed = FALSE;
      if (shutdown != NULL)
        g_signal_connect_object (shutdown, "notify", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
    }
  update (self);
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmShutdownBar *self = KVMM_SHUTDOWN_BAR (widget);

  if (self->shutdown == NULL)
    return;
  if (g_str_equal (name, "shutdown.cancel"))
    kvmm_shutdown_cancel (self->shutdown);
  else if (g_str_equal (name, "shutdown.again"))
    kvmm_domain_begin_shutdown (self->domain, kvmm_shutdown_get_is_restart (self->shutdown));
  else if (g_str_equal (name, "shutdown.force-off"))
    {
      g_autoptr (GPtrArray) domains = g_ptr_array_new ();

      g_ptr_array_add (domains, self->domain);
      kvmm_domain_actions_run (widget, domains, KVMM_DOMAIN_ACTION_FORCE_OFF, TRUE);
    }
  else
    {
      self->is_closed = TRUE;
      update (self);
    }
}

static void
kvmm_shutdown_bar_dispose (GObject *object)
{
  KvmmShutdownBar *self = KVMM_SHUTDOWN_BAR (object);

  g_clear_object (&self->shutdown);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_shutdown_bar_parent_class)->dispose (object);
}

static void
kvmm_shutdown_bar_class_init (KvmmShutdownBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "shutdown.cancel", "shutdown.again", "shutdown.force-off",
                                         "shutdown.close" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_shutdown_bar_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-shutdown-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmShutdownBar, label);
  gtk_widget_class_bind_template_child (widget_class, KvmmShutdownBar, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmShutdownBar, again_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmShutdownBar, force_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmShutdownBar, close_button);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, action_cb);
}

static void
kvmm_shutdown_bar_init (KvmmShutdownBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_shutdown_bar_set_domain (KvmmShutdownBar *self, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_SHUTDOWN_BAR (self));
  g_return_if_fail (KVMM_IS_DOMAIN (domain) && self->domain == NULL);

  self->domain = g_object_ref (domain);
  g_signal_connect_object (domain, "notify::shutdown", G_CALLBACK (shutdown_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  shutdown_changed_cb (self);
}

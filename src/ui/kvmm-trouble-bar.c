/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-trouble-bar.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection.h"

struct _KvmmTroubleBar
{
  AdwBin parent_instance;

  KvmmDomain *domain;         /* (owned) (nullable) */
  KvmmConnection *connection; /* (owned) (nullable) */
  gboolean is_gone;           /* undefined while it is looked at */
  guint countdown_id;

  GtkLabel *label;
  GtkButton *button;
};

G_DEFINE_FINAL_TYPE (KvmmTroubleBar, kvmm_trouble_bar, ADW_TYPE_BIN)

static char *
describe_lost (KvmmConnection *connection)
{
  const char *name = kvmm_connection_get_name (connection);
  const char *error = kvmm_connection_get_error_text (connection);
  gint64 rest_us = kvmm_connection_get_retry_at_us (connection) - g_get_monotonic_time ();
  /* Rounded up, so that it never says zero while it waits. */
  guint rest = rest_us > 0 ? (guint) ((rest_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC) : 0;
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, _ ("The connection to %s is lost."), name);
  if (error != NULL)
    g_string_append_printf (text, " %s", error);
  if (rest > 0)
    g_string_append_printf (
        text, ngettext (" Next try in %u second.", " Next try in %u seconds.", rest), rest);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
describe_refused (KvmmConnection *connection)
{
  const char *error = kvmm_connection_get_error_text (connection);
  const char *cure = kvmm_connection_get_cure_text (connection);

  return g_strdup_printf (_ ("Could not connect to %s. %s %s"),
                          kvmm_connection_get_name (connection), error != NULL ? error : "",
                          cure != NULL ? cure : "");
}

/* Returns: (nullable): what stands between the person and the machine; @button: (out) (nullable) */
static char *
describe_trouble (KvmmTroubleBar *self, const char **button)
{
  *button = NULL;
  if (self->is_gone)
    return g_strdup_printf (
        _ ("“%s” is no longer there: it was deleted, or undefined while it ran. What is shown "
           "here is the last that was known."),
        kvmm_domain_get_name (self->domain));
  if (self->connection == NULL)
    return NULL;
  switch (kvmm_connection_get_state (self->connection))
    {
    case KVMM_CONNECTION_CONNECTED:
      return NULL;
    case KVMM_CONNECTION_CONNECTING:
      return g_strdup_printf (_ ("Connecting to %s…"), kvmm_connection_get_name (self->connection));
    case KVMM_CONNECTION_DISCONNECTED:
      *button = _ ("Connect");
      return g_strdup_printf (_ ("Not connected to %s."),
                              kvmm_connection_get_name (self->connection));
    case KVMM_CONNECTION_LOST:
      *button = _ ("Try Now");
      return describe_lost (self->connection);
    case KVMM_CONNECTION_FAILED:
      *button = _ ("Try Again");
      return describe_refused (self->connection);
    }
  return NULL;
}

static gboolean countdown_cb (gpointer user_data);

static void
update (KvmmTroubleBar *self)
{
  const char *button = NULL;
  g_autofree char *text = describe_trouble (self, &button);
  gboolean counts;

  if (text != NULL)
    gtk_label_set_text (self->label, text);
  if (button != NULL)
    gtk_button_set_label (self->button, button);
  gtk_widget_set_visible (GTK_WIDGET (self->button), button != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self), text != NULL);
  counts = !self->is_gone && self->connection != NULL &&
           kvmm_connection_get_state (self->connection) == KVMM_CONNECTION_LOST &&
           gtk_widget_get_mapped (GTK_WIDGET (self));
  if (!counts)
    g_clear_handle_id (&self->countdown_id, g_source_remove);
  else if (self->countdown_id == 0)
    self->countdown_id = g_timeout_add_seconds (1, countdown_cb, self);
}

static gboolean
countdown_cb (gpointer user_data)
{
  KvmmTroubleBar *self = user_data;
  guint id = self->countdown_id;

  update (self);
  return id == self->countdown_id ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
kvmm_trouble_bar_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_trouble_bar_parent_class)->map (widget);
  update (KVMM_TROUBLE_BAR (widget));
}

static void
kvmm_trouble_bar_unmap (GtkWidget *widget)
{
  KvmmTroubleBar *self = KVMM_TROUBLE_BAR (widget);

  GTK_WIDGET_CLASS (kvmm_trouble_bar_parent_class)->unmap (widget);
  g_clear_handle_id (&self->countdown_id, g_source_remove);
}

static void
kvmm_trouble_bar_dispose (GObject *object)
{
  KvmmTroubleBar *self = KVMM_TROUBLE_BAR (object);

  g_clear_handle_id (&self->countdown_id, g_source_remove);
  g_clear_object (&self->connection);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_trouble_bar_parent_class)->dispose (object);
}

static void
kvmm_trouble_bar_class_init (KvmmTroubleBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_trouble_bar_dispose;
  widget_class->map = kvmm_trouble_bar_map;
  widget_class->unmap = kvmm_trouble_bar_unmap;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-trouble-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmTroubleBar, label);
  gtk_widget_class_bind_template_child (widget_class, KvmmTroubleBar, button);
}

static void
kvmm_trouble_bar_init (KvmmTroubleBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_trouble_bar_set_domain (KvmmTroubleBar *self, KvmmDomain *domain)
{
  static const char *const watched[] = { "notify::state", "notify::name", "notify::error-text",
                                         "notify::retry-at-us" };

  g_return_if_fail (KVMM_IS_TROUBLE_BAR (self));
  g_return_if_fail (KVMM_IS_DOMAIN (domain) && self->domain == NULL);

  self->domain = g_object_ref (domain);
  if (kvmm_domain_get_connection (domain) != NULL)
    self->connection = g_object_ref (kvmm_domain_get_connection (domain));
  else
    self->is_gone = TRUE;
  for (guint i = 0; self->connection != NULL && i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (self->connection, watched[i], G_CALLBACK (update), self,
                             G_CONNECT_SWAPPED);
  update (self);
}

void
kvmm_trouble_bar_set_is_gone (KvmmTroubleBar *self, gboolean is_gone)
{
  g_return_if_fail (KVMM_IS_TROUBLE_BAR (self));

  self->is_gone = is_gone;
  update (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-first-start-bar.h"

#include <glib/gi18n.h>

#include "kvmm-domain-actions.h"
#include "kvmm-machine-change.h"
#include "model/kvmm-domain-edit.h"

struct _KvmmFirstStartBar
{
  AdwBin parent_instance;

  KvmmDomain *domain; /* (owned) */
  gboolean is_told;   /* that it was started by others */

  GtkLabel *label;
  GtkButton *begin_button;
};

G_DEFINE_FINAL_TYPE (KvmmFirstStartBar, kvmm_first_start_bar, ADW_TYPE_BIN)

static void
update (KvmmFirstStartBar *self)
{
  KvmmXmlWait wait = kvmm_domain_get_wait (self->domain);
  gboolean is_active = kvmm_domain_get_is_active (self->domain);
  const char *reason = NULL;
  gboolean can = kvmm_domain_can (self->domain, KVMM_DOMAIN_ACTION_START, &reason);

  gtk_widget_set_visible (GTK_WIDGET (self), wait != KVMM_XML_WAIT_NONE && !is_active);
  gtk_label_set_text (self->label, wait == KVMM_XML_WAIT_INSTALLATION
                                       ? _ ("Not installed yet: change what you like, then begin.")
                                       : _ ("Not started yet: change what you like, then begin."));
  gtk_button_set_label (self->begin_button, wait == KVMM_XML_WAIT_INSTALLATION
                                                ? _ ("_Begin Installation")
                                                : _ ("_Begin"));
  gtk_widget_set_sensitive (GTK_WIDGET (self->begin_button), can);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->begin_button), can ? NULL : reason);
  /* Another program began it. */
  if (wait != KVMM_XML_WAIT_NONE && is_active && !self->is_told)
    {
      self->is_told = TRUE;
      kvmm_domain_end_wait_async (self->domain, NULL, NULL, NULL);
    }
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmFirstStartBar *self = KVMM_FIRST_START_BAR (widget);
  g_autoptr (GPtrArray) domains = NULL;

  if (g_str_equal (name, "first-start.delete"))
    {
      kvmm_machine_change_delete (widget, self->domain);
      return;
    }
  domains = g_ptr_array_new ();
  g_ptr_array_add (domains, self->domain);
  kvmm_domain_actions_run (widget, domains, KVMM_DOMAIN_ACTION_START, TRUE);
}

static void
kvmm_first_start_bar_dispose (GObject *object)
{
  KvmmFirstStartBar *self = KVMM_FIRST_START_BAR (object);

  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_first_start_bar_parent_class)->dispose (object);
}

static void
kvmm_first_start_bar_class_init (KvmmFirstStartBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_first_start_bar_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-first-start-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmFirstStartBar, label);
  gtk_widget_class_bind_template_child (widget_class, KvmmFirstStartBar, begin_button);
  gtk_widget_class_install_action (widget_class, "first-start.begin", NULL, action_cb);
  gtk_widget_class_install_action (widget_class, "first-start.delete", NULL, action_cb);
}

static void
kvmm_first_start_bar_init (KvmmFirstStartBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_first_start_bar_set_domain (KvmmFirstStartBar *self, KvmmDomain *domain)
{
  static const char *const watched[] = { "notify::state", "notify::state-text", "notify::pending" };

  g_return_if_fail (KVMM_IS_FIRST_START_BAR (self));
  g_return_if_fail (KVMM_IS_DOMAIN (domain) && self->domain == NULL);

  self->domain = g_object_ref (domain);
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (domain, watched[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

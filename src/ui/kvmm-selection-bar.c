/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-selection-bar.h"

#include <glib/gi18n.h>

#include "kvmm-domain-actions.h"
#include "kvmm-machine-menu.h"

struct _KvmmSelectionBar
{
  AdwBin parent_instance;

  GtkActionBar *bar;
  GtkLabel *label;
  GtkBox *buttons;
  GtkWidget *actions[KVMM_DOMAIN_N_ACTIONS]; /* (unowned) (nullable elements) */
};

G_DEFINE_FINAL_TYPE (KvmmSelectionBar, kvmm_selection_bar, ADW_TYPE_BIN)

static const KvmmDomainAction offered[] = {
  KVMM_DOMAIN_ACTION_START, KVMM_DOMAIN_ACTION_SHUT_DOWN, KVMM_DOMAIN_ACTION_REBOOT,
  KVMM_DOMAIN_ACTION_PAUSE, KVMM_DOMAIN_ACTION_RESUME,    KVMM_DOMAIN_ACTION_SAVE,
  KVMM_DOMAIN_ACTION_RESET, KVMM_DOMAIN_ACTION_FORCE_OFF,
};

static void
update_button (KvmmSelectionBar *self, GPtrArray *domains, KvmmDomainAction action)
{
  const char *label = kvmm_domain_action_get_label (action);
  const char *reason = NULL;
  gboolean can = kvmm_machine_menu_can_any (domains, action, &reason);
  g_autofree char *tooltip =
      can || !reason ? g_strdup (label) : g_strdup_printf ("%s: %s", label, reason);

  gtk_widget_set_sensitive (self->actions[action], can);
  gtk_widget_set_tooltip_text (self->actions[action], tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->actions[action]),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, can || !reason ? "" : reason,
                                  -1);
}

void
kvmm_selection_bar_set_domains (KvmmSelectionBar *self, GPtrArray *domains)
{
  g_autofree char *text = NULL;

  g_return_if_fail (KVMM_IS_SELECTION_BAR (self));

  /* Hidden, not only folded: a screen reader would find the buttons otherwise. */
  gtk_widget_set_visible (GTK_WIDGET (self), domains->len > 1);
  gtk_action_bar_set_revealed (self->bar, domains->len > 1);
  if (domains->len < 2)
    return;
  text = g_strdup_printf (ngettext ("%u selected", "%u selected", domains->len), domains->len);
  gtk_label_set_text (self->label, text);
  for (guint i = 0; i < G_N_ELEMENTS (offered); i++)
    update_button (self, domains, offered[i]);
}

static void
kvmm_selection_bar_class_init (KvmmSelectionBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-selection-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmSelectionBar, bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmSelectionBar, label);
  gtk_widget_class_bind_template_child (widget_class, KvmmSelectionBar, buttons);
}

static void
kvmm_selection_bar_init (KvmmSelectionBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (offered); i++)
    {
      KvmmDomainAction action = offered[i];
      GtkWidget *button = gtk_button_new_from_icon_name (kvmm_domain_action_get_icon_name (action));

      gtk_actionable_set_action_name (GTK_ACTIONABLE (button),
                                      kvmm_machine_menu_get_action_name (action));
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      kvmm_domain_action_get_label (action), -1);
      self->actions[action] = button;
      gtk_box_append (self->buttons, button);
    }
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-machine-menu.h"

#include <glib/gi18n.h>

#include "kvmm-domain-actions.h"

#include "model/kvmm-agent-iso.h"

#define WIDTH 280

struct _KvmmMachineMenu
{
  GtkPopover parent_instance;

  GtkWidget *box; /* (unowned): our child */
};

G_DEFINE_FINAL_TYPE (KvmmMachineMenu, kvmm_machine_menu, GTK_TYPE_POPOVER)

static const char *const action_names[KVMM_DOMAIN_N_ACTIONS] = {
  [KVMM_DOMAIN_ACTION_START] = "vm.start",
  [KVMM_DOMAIN_ACTION_SHUT_DOWN] = "vm.shut-down",
  [KVMM_DOMAIN_ACTION_REBOOT] = "vm.reboot",
  [KVMM_DOMAIN_ACTION_FORCE_OFF] = "vm.force-off",
  [KVMM_DOMAIN_ACTION_RESET] = "vm.reset",
  [KVMM_DOMAIN_ACTION_PAUSE] = "vm.pause",
  [KVMM_DOMAIN_ACTION_RESUME] = "vm.resume",
  [KVMM_DOMAIN_ACTION_SAVE] = "vm.save",
  [KVMM_DOMAIN_ACTION_AUTOSTART_ON] = "vm.autostart-on",
  [KVMM_DOMAIN_ACTION_AUTOSTART_OFF] = "vm.autostart-off",
};

const char *
kvmm_machine_menu_get_action_name (KvmmDomainAction action)
{
  g_return_val_if_fail (action < KVMM_DOMAIN_N_ACTIONS, NULL);

  return action_names[action];
}

gboolean
kvmm_machine_menu_can_any (GPtrArray *domains, KvmmDomainAction action, const char **reason)
{
  const char *first = NULL;

  for (guint i = 0; i < domains->len; i++)
    {
      const char *why = NULL;

      if (kvmm_domain_can (g_ptr_array_index (domains, i), action, &why))
        return TRUE;
      if (!first)
        first = why;
    }
  if (reason)
    *reason = first;

  return FALSE;
}

static void
clicked_cb (GtkButton *button, gpointer user_data)
{
  KvmmMachineMenu *self = user_data;
  const char *action = g_object_get_data (G_OBJECT (button), "kvmm-action");

  gtk_popover_popdown (GTK_POPOVER (self));
  gtk_widget_activate_action (GTK_WIDGET (self), action, NULL);
}

/* @reason: (nullable): why not; the button is insensitive then. */
static void
append (KvmmMachineMenu *self,
        const char *label,
        const char *icon_name,
        const char *action_name,
        gboolean enabled,
        const char *reason)
{
  GtkWidget *button = gtk_button_new ();
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 9);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *name = gtk_label_new (label);
  GtkWidget *icon = gtk_image_new_from_icon_name (icon_name);

  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (texts), name);
  if (!enabled && reason)
    {
      GtkWidget *why = gtk_label_new (reason);

      gtk_label_set_xalign (GTK_LABEL (why), 0);
      gtk_label_set_wrap (GTK_LABEL (why), TRUE);
      gtk_label_set_max_width_chars (GTK_LABEL (why), 32);
      gtk_widget_add_css_class (why, "caption");
      gtk_box_append (GTK_BOX (texts), why);
      gtk_widget_set_tooltip_text (button, reason);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                      reason, -1);
    }
  gtk_box_append (GTK_BOX (row), icon);
  gtk_box_append (GTK_BOX (row), texts);
  gtk_button_set_child (GTK_BUTTON (button), row);
  gtk_widget_set_sensitive (button, enabled);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "menu-button");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  g_object_set_data (G_OBJECT (button), "kvmm-action", (gpointer) action_name);
  g_signal_connect (button, "clicked", G_CALLBACK (clicked_cb), self);
  gtk_box_append (GTK_BOX (self->box), button);
}

static void
append_action (KvmmMachineMenu *self, GPtrArray *domains, KvmmDomainAction action)
{
  const char *reason = NULL;
  gboolean enabled = kvmm_machine_menu_can_any (domains, action, &reason);

  append (self, kvmm_domain_action_get_label (action), kvmm_domain_action_get_icon_name (action),
          action_names[action], enabled, reason);
}

static void
append_separator (KvmmMachineMenu *self)
{
  gtk_box_append (GTK_BOX (self->box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
}

static void
append_disc (KvmmMachineMenu *self, KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  g_autofree char *target = kvmm_agent_iso_find_mounted (domain);
  gboolean enabled = kvmm_guest_get_state (guest) != KVMM_GUEST_STATE_NOT_SUPPORTED &&
                     kvmm_domain_get_state (domain) != KVMM_DOMAIN_STATE_UNKNOWN;

  if (target)
    append (self, _ ("Eject Agent Disc"), "media-eject-symbolic", "vm.eject-agent-disc", enabled,
            kvmm_guest_get_state_detail (guest));
  else
    append (self, _ ("Mount Agent Disc"), "media-optical-symbolic", "vm.mount-agent-disc", enabled,
            kvmm_guest_get_state_detail (guest));
}

static gboolean
is_stopped (KvmmDomain *domain)
{
  KvmmDomainState state = kvmm_domain_get_state (domain);

  return state == KVMM_DOMAIN_STATE_SHUT_OFF || state == KVMM_DOMAIN_STATE_CRASHED;
}

/* Only where it can be done: the reason is the same as that of Start above it. A template is asked
 * about there. */
static void
append_start_from (KvmmMachineMenu *self, KvmmDomain *domain)
{
  if (is_stopped (domain) && !kvmm_domain_get_is_template (domain))
    append (self, _ ("Start From…"), "media-playback-start-symbolic", "vm.start-from", TRUE, NULL);
}

/* What is done to the definition of a machine that does not run. */
static void
append_change (KvmmMachineMenu *self, KvmmDomain *domain)
{
  gboolean can_change = is_stopped (domain);
  gboolean is_template = kvmm_domain_get_is_template (domain);
  const char *reason = can_change ? NULL : _ ("Shut it down first.");

  append (self, _ ("Rename…"), "document-edit-symbolic", "vm.rename", can_change, reason);
  append (self, _ ("Title, Tags and Description…"), "document-edit-symbolic", "vm.describe",
          kvmm_domain_get_persistent (domain),
          kvmm_domain_get_persistent (domain) ? NULL : _ ("It has no stored definition."));
  /* Its dialog says what stands in the way, and what would be copied. */
  append (self, is_template ? _ ("New Machine from Template…") : _ ("Clone…"), "edit-copy-symbolic",
          "vm.clone", TRUE, NULL);
  append (self, is_template ? _ ("No Longer a Template") : _ ("Use as Template"),
          "folder-templates-symbolic", "vm.template", can_change, reason);
  append (self, _ ("Delete…"), "user-trash-symbolic", "vm.delete", can_change, reason);
}

static void
append_title (KvmmMachineMenu *self, GPtrArray *domains)
{
  g_autofree char *text =
      domains->len == 1
          ? g_strdup (kvmm_domain_get_name (g_ptr_array_index (domains, 0)))
          : g_strdup_printf (ngettext ("%u virtual machine", "%u virtual machines", domains->len),
                             domains->len);
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 28);
  gtk_widget_add_css_class (label, "heading");
  gtk_widget_add_css_class (label, "menu-title");
  gtk_box_append (GTK_BOX (self->box), label);
}

void
kvmm_machine_menu_set_domains (KvmmMachineMenu *self, GPtrArray *domains)
{
  GtkWidget *child;

  g_return_if_fail (KVMM_IS_MACHINE_MENU (self));
  g_return_if_fail (domains && domains->len > 0);

  while ((child = gtk_widget_get_first_child (self->box)))
    gtk_box_remove (GTK_BOX (self->box), child);

  append_title (self, domains);
  append (self, _ ("Open"), "window-new-symbolic", "vm.open", TRUE, NULL);
  append_separator (self);
  append_action (self, domains, KVMM_DOMAIN_ACTION_START);
  if (domains->len == 1)
    append_start_from (self, g_ptr_array_index (domains, 0));
  append_action (self, domains, KVMM_DOMAIN_ACTION_SHUT_DOWN);
  append_action (self, domains, KVMM_DOMAIN_ACTION_REBOOT);
  if (kvmm_machine_menu_can_any (domains, KVMM_DOMAIN_ACTION_RESUME, NULL))
    append_action (self, domains, KVMM_DOMAIN_ACTION_RESUME);
  else
    append_action (self, domains, KVMM_DOMAIN_ACTION_PAUSE);
  append_action (self, domains, KVMM_DOMAIN_ACTION_SAVE);
  append_separator (self);
  append_action (self, domains, KVMM_DOMAIN_ACTION_FORCE_OFF);
  append_action (self, domains, KVMM_DOMAIN_ACTION_RESET);
  append_separator (self);
  if (kvmm_machine_menu_can_any (domains, KVMM_DOMAIN_ACTION_AUTOSTART_ON, NULL) ||
      !kvmm_machine_menu_can_any (domains, KVMM_DOMAIN_ACTION_AUTOSTART_OFF, NULL))
    append_action (self, domains, KVMM_DOMAIN_ACTION_AUTOSTART_ON);
  else
    append_action (self, domains, KVMM_DOMAIN_ACTION_AUTOSTART_OFF);
  append_separator (self);
  append (self, _ ("Set Up Guest Agent…"), "system-software-install-symbolic", "vm.install-agent",
          TRUE, NULL);
  if (domains->len != 1)
    return;
  append (self, _ ("Insert Disc…"), "media-optical-symbolic", "vm.insert-disc", TRUE, NULL);
  append_disc (self, g_ptr_array_index (domains, 0));
  append_separator (self);
  append_change (self, g_ptr_array_index (domains, 0));
}

static void
kvmm_machine_menu_class_init (KvmmMachineMenuClass *klass)
{
}

static void
kvmm_machine_menu_init (KvmmMachineMenu *self)
{
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  /* Reasons wrap at a known width, or the popover would reckon with fewer lines than there are. */
  gtk_widget_set_size_request (self->box, WIDTH, -1);
  gtk_popover_set_child (GTK_POPOVER (self), self->box);
  gtk_popover_set_has_arrow (GTK_POPOVER (self), FALSE);
  gtk_popover_set_position (GTK_POPOVER (self), GTK_POS_BOTTOM);
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_START);
  gtk_widget_add_css_class (GTK_WIDGET (self), "machine-menu");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Machine Menu"), -1);
}

GtkWidget *
kvmm_machine_menu_new (void)
{
  return g_object_new (KVMM_TYPE_MACHINE_MENU, NULL);
}

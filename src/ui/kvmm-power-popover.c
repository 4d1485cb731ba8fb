/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-power-popover.h"

#include <glib/gi18n.h>

#include "kvmm-domain-actions.h"

#define ROW_SPACING 12

typedef struct
{
  GtkWidget *button; /* (unowned) */
  GtkWidget *reason; /* (unowned) */
} Row;

struct _KvmmPowerPopover
{
  GtkPopover parent_instance;

  KvmmDomain *domain; /* (owned) */
  Row rows[KVMM_DOMAIN_N_ACTIONS];
};

G_DEFINE_FINAL_TYPE (KvmmPowerPopover, kvmm_power_popover, GTK_TYPE_POPOVER)

static void
clicked_cb (KvmmPowerPopover *self, GtkWidget *button)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (self));

  gtk_popover_popdown (GTK_POPOVER (self));
  g_ptr_array_add (domains, self->domain);
  for (guint i = 0; i < KVMM_DOMAIN_N_ACTIONS; i++)
    if (self->rows[i].button == button)
      kvmm_domain_actions_run (parent, domains, (KvmmDomainAction) i, TRUE);
}

static void
update (KvmmPowerPopover *self)
{
  gboolean is_autostart = kvmm_domain_get_autostart (self->domain);

  for (guint i = 0; i < KVMM_DOMAIN_N_ACTIONS; i++)
    {
      const char *reason = NULL;
      gboolean can = kvmm_domain_can (self->domain, (KvmmDomainAction) i, &reason);
      const Row *row = &self->rows[i];

      gtk_widget_set_sensitive (row->button, can);
      gtk_label_set_text (GTK_LABEL (row->reason), !can && reason != NULL ? reason : "");
      gtk_widget_set_visible (row->reason, !can && reason != NULL);
      if (!can && reason != NULL)
        gtk_accessible_update_property (GTK_ACCESSIBLE (row->button),
                                        GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, reason, -1);
      else
        gtk_accessible_reset_property (GTK_ACCESSIBLE (row->button),
                                       GTK_ACCESSIBLE_PROPERTY_DESCRIPTION);
    }
  /* The two are one switch. */
  gtk_widget_set_visible (self->rows[KVMM_DOMAIN_ACTION_AUTOSTART_ON].button, !is_autostart);
  gtk_widget_set_visible (self->rows[KVMM_DOMAIN_ACTION_AUTOSTART_OFF].button, is_autostart);
}

static void
create_row (KvmmPowerPopover *self, KvmmDomainAction action, GtkBox *parent)
{
  const char *label = kvmm_domain_action_get_label (action);
  GtkWidget *button = gtk_button_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, ROW_SPACING);
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *title = gtk_label_new (label);
  GtkWidget *reason = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (title), 0);
  gtk_label_set_xalign (GTK_LABEL (reason), 0);
  gtk_label_set_wrap (GTK_LABEL (reason), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (reason), 32);
  gtk_widget_add_css_class (reason, "caption");
  gtk_widget_set_valign (texts, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (texts), title);
  gtk_box_append (GTK_BOX (texts), reason);
  gtk_box_append (GTK_BOX (box),
                  gtk_image_new_from_icon_name (kvmm_domain_action_get_icon_name (action)));
  gtk_box_append (GTK_BOX (box), texts);
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "power-row");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (clicked_cb), self, G_CONNECT_SWAPPED);
  gtk_box_append (parent, button);
  self->rows[action].button = button;
  self->rows[action].reason = reason;
}

static void
kvmm_power_popover_dispose (GObject *object)
{
  KvmmPowerPopover *self = KVMM_POWER_POPOVER (object);

  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_power_popover_parent_class)->dispose (object);
}

static void
kvmm_power_popover_class_init (KvmmPowerPopoverClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_power_popover_dispose;
}

static void
kvmm_power_popover_init (KvmmPowerPopover *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  for (guint i = 0; i < KVMM_DOMAIN_N_ACTIONS; i++)
    {
      if (i == KVMM_DOMAIN_ACTION_AUTOSTART_ON)
        gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
      create_row (self, (KvmmDomainAction) i, GTK_BOX (box));
    }
  gtk_popover_set_child (GTK_POPOVER (self), box);
}

GtkWidget *
kvmm_power_popover_new (KvmmDomain *domain)
{
  KvmmPowerPopover *self = g_object_new (KVMM_TYPE_POWER_POPOVER, NULL);

  self->domain = g_object_ref (domain);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::autostart", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::persistent", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  /* Also what has no property of its own, such as the connection's state. */
  g_signal_connect (self, "map", G_CALLBACK (update), NULL);
  update (self);
  return GTK_WIDGET (self);
}

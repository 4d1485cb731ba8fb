/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-gate.h"

#include <glib/gi18n.h>

#include "kvmm-control-row.h"
#include "kvmm-guest-missing.h"

struct _KvmmGuestGate
{
  AdwBin parent_instance;

  KvmmGuest *guest; /* (owned) */
  char **groups;    /* (owned) (nullable) */
  gboolean needs_control;
  gboolean is_open;
  KvmmGuestGateFunc create; /* (nullable) */
  gpointer create_data;
  GDestroyNotify destroy_data; /* (nullable) */

  GtkStack *stack;
  AdwBin *child_bin;
  GtkLabel *heading_label;
  GtkLabel *reason_label;
  AdwPreferencesGroup *control_group;
  AdwBin *lines_bin;
};

G_DEFINE_FINAL_TYPE (KvmmGuestGate, kvmm_guest_gate, ADW_TYPE_BIN)

typedef enum
{
  PROP_OPEN = 1,
} KvmmGuestGateProp;

static GParamSpec *properties[PROP_OPEN + 1];

static gboolean
is_granted (KvmmGuestGate *self)
{
  if (self->groups == NULL)
    return TRUE;
  for (char **group = self->groups; *group != NULL; group++)
    if (g_strcmp0 (kvmm_guest_get_access (self->guest, *group), "deny") != 0)
      return TRUE;
  return FALSE;
}

static void
set_open (KvmmGuestGate *self, gboolean is_open)
{
  if (is_open && adw_bin_get_child (self->child_bin) == NULL && self->create != NULL)
    adw_bin_set_child (self->child_bin, self->create (self->create_data));
  gtk_stack_set_visible_child_name (self->stack, is_open ? "open" : "closed");
  if (self->is_open == is_open)
    return;
  self->is_open = is_open;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPEN]);
}

static void
show_lines (KvmmGuestGate *self, gboolean is_missing)
{
  g_autofree char *lines =
      is_missing ? kvmm_guest_dup_policy_lines (self->guest, self->groups[0]) : NULL;

  if (lines != NULL)
    adw_bin_set_child (self->lines_bin, kvmm_guest_missing_create_lines (lines));
  gtk_widget_set_visible (GTK_WIDGET (self->lines_bin), lines != NULL);
}

static const char *
get_reason (gboolean is_ready, gboolean has_policy, gboolean has_control)
{
  if (!is_ready)
    return _ ("The guest's agent does not answer at the moment.");
  if (!has_policy && !has_control)
    return _ ("The guest's policy does not allow it, and it is switched off on this computer.");
  if (!has_policy)
    return _ ("The guest's policy does not allow it.");
  return _ ("It is switched off for this machine on this computer.");
}

static void
update (KvmmGuestGate *self)
{
  gboolean is_ready = kvmm_guest_get_state (self->guest) == KVMM_GUEST_STATE_READY;
  gboolean has_control = !self->needs_control || kvmm_guest_get_control_allowed (self->guest);
  gboolean has_policy = is_ready ? is_granted (self) : self->is_open;

  if (!has_policy || !has_control)
    {
      gtk_label_set_text (self->reason_label, get_reason (is_ready, has_policy, has_control));
      /* The switch stays in sight while lines are missing: that it is on is told as well. */
      gtk_widget_set_visible (GTK_WIDGET (self->control_group), self->needs_control);
      show_lines (self, is_ready && !has_policy);
    }
  set_open (self, has_policy && has_control);
}

static void
kvmm_guest_gate_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch ((KvmmGuestGateProp) id)
    {
    case PROP_OPEN:
      g_value_set_boolean (value, KVMM_GUEST_GATE (object)->is_open);
      break;
    }
}

static void
kvmm_guest_gate_dispose (GObject *object)
{
  KvmmGuestGate *self = KVMM_GUEST_GATE (object);

  if (self->destroy_data != NULL)
    self->destroy_data (self->create_data);
  self->destroy_data = NULL;
  self->create = NULL;
  g_clear_pointer (&self->groups, g_strfreev);
  g_clear_object (&self->guest);
  G_OBJECT_CLASS (kvmm_guest_gate_parent_class)->dispose (object);
}

static void
kvmm_guest_gate_class_init (KvmmGuestGateClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kvmm_guest_gate_get_property;
  object_class->dispose = kvmm_guest_gate_dispose;
  properties[PROP_OPEN] =
      g_param_spec_boolean ("open", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-guest-gate.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestGate, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestGate, child_bin);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestGate, heading_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestGate, reason_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestGate, control_group);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestGate, lines_bin);
}

static void
kvmm_guest_gate_init (KvmmGuestGate *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_guest_gate_new (KvmmDomain *domain,
                     const char *group,
                     gboolean needs_control,
                     const char *what)
{
  KvmmGuestGate *self = g_object_new (KVMM_TYPE_GUEST_GATE, NULL);

  self->guest = g_object_ref (kvmm_domain_get_guest (domain));
  self->groups = group != NULL ? g_strsplit (group, "|", -1) : NULL;
  self->needs_control = needs_control;
  gtk_label_set_text (self->heading_label, what);
  adw_preferences_group_add (self->control_group, kvmm_control_row_new (self->guest));
  g_signal_connect_object (self->guest, "access-changed", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->guest, "notify::state", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

void
kvmm_guest_gate_set_child (KvmmGuestGate *self, GtkWidget *child)
{
  g_return_if_fail (KVMM_IS_GUEST_GATE (self));

  adw_bin_set_child (self->child_bin, child);
}

void
kvmm_guest_gate_set_create_func (KvmmGuestGate *self,
                                 KvmmGuestGateFunc create,
                                 gpointer user_data,
                                 GDestroyNotify destroy)
{
  g_return_if_fail (KVMM_IS_GUEST_GATE (self));
  g_return_if_fail (self->create == NULL);

  self->create = create;
  self->create_data = user_data;
  self->destroy_data = destroy;
  update (self);
}

gboolean
kvmm_guest_gate_get_open (KvmmGuestGate *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST_GATE (self), FALSE);

  return self->is_open;
}

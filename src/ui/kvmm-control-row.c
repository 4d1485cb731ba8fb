/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-control-row.h"

#include <glib/gi18n.h>

struct _KvmmControlRow
{
  AdwActionRow parent_instance;

  KvmmGuest *guest; /* (owned) */
  GtkSwitch *control;
};

G_DEFINE_FINAL_TYPE (KvmmControlRow, kvmm_control_row, ADW_TYPE_ACTION_ROW)

static void
access_changed_cb (KvmmControlRow *self)
{
  gtk_switch_set_active (self->control, kvmm_guest_get_control_allowed (self->guest));
}

static void
active_cb (KvmmControlRow *self)
{
  gboolean is_allowed = gtk_switch_get_active (self->control);

  if (is_allowed != kvmm_guest_get_control_allowed (self->guest))
    kvmm_guest_set_control_allowed (self->guest, is_allowed);
}

static void
kvmm_control_row_dispose (GObject *object)
{
  KvmmControlRow *self = KVMM_CONTROL_ROW (object);

  g_clear_object (&self->guest);
  G_OBJECT_CLASS (kvmm_control_row_parent_class)->dispose (object);
}

static void
kvmm_control_row_class_init (KvmmControlRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_control_row_dispose;
}

static void
kvmm_control_row_init (KvmmControlRow *self)
{
  self->control = GTK_SWITCH (gtk_switch_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->control), GTK_ALIGN_CENTER);
  /* The row names the switch, being activated with it. */
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self),
                                 _ ("Allow commands, terminal and files"));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self),
                               _ ("On this computer, for this machine. The guest's own policy "
                                  "decides as well."));
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), GTK_WIDGET (self->control));
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (self), GTK_WIDGET (self->control));
}

GtkWidget *
kvmm_control_row_new (KvmmGuest *guest)
{
  KvmmControlRow *self = g_object_new (KVMM_TYPE_CONTROL_ROW, NULL);

  self->guest = g_object_ref (guest);
  access_changed_cb (self);
  g_signal_connect_object (guest, "access-changed", G_CALLBACK (access_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->control, "notify::active", G_CALLBACK (active_cb), self,
                           G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

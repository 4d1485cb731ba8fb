/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-silent-view.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-guest-remedy.h"
#include "kvmm-install-steps.h"
#include "util/kvmm-units.h"

struct _KvmmGuestSilentView
{
  GtkWidget parent_instance;

  KvmmSettings *settings;    /* (owned) */
  KvmmDomain *domain;        /* (owned) */
  KvmmAgentInstall *install; /* (owned) */
  KvmmGuestRemedy remedy;
  guint tick_id;

  AdwStatusPage *status_page;
  GtkButton *button;
  GtkLabel *waiting_label;
  AdwBin *steps_bin;
  GtkWidget *gain_label;
};

G_DEFINE_FINAL_TYPE (KvmmGuestSilentView, kvmm_guest_silent_view, GTK_TYPE_WIDGET)

static const char *
get_title (KvmmGuestState state)
{
  switch (state)
    {
    case KVMM_GUEST_STATE_OFF:
      return _ ("The Virtual Machine Does Not Run");
    case KVMM_GUEST_STATE_NOT_SUPPORTED:
      return _ ("No Guest Agent Here");
    case KVMM_GUEST_STATE_NO_CHANNEL:
    case KVMM_GUEST_STATE_NEEDS_POWER_OFF:
      return _ ("No Channel for the Agent");
    case KVMM_GUEST_STATE_WAITING:
      return _ ("No Agent Yet");
    case KVMM_GUEST_STATE_CONNECTING:
      return _ ("Connecting to the Agent");
    case KVMM_GUEST_STATE_READY:
      return _ ("Ready");
    case KVMM_GUEST_STATE_UNRESPONSIVE:
      return _ ("The Agent Does Not Answer");
    case KVMM_GUEST_STATE_IN_USE:
      return _ ("In Use Elsewhere");
    case KVMM_GUEST_STATE_INCOMPATIBLE:
      return _ ("Another Agent Version Is Needed");
    case KVMM_GUEST_STATE_BLOCKED:
      return _ ("The Agent Misbehaves");
    }
  return "";
}

static const char *
get_icon_name (KvmmGuestState state)
{
  switch (state)
    {
    case KVMM_GUEST_STATE_OFF:
      return "system-shutdown-symbolic";
    case KVMM_GUEST_STATE_NO_CHANNEL:
    case KVMM_GUEST_STATE_NEEDS_POWER_OFF:
      return "network-offline-symbolic";
    case KVMM_GUEST_STATE_WAITING:
      return "media-optical-symbolic";
    case KVMM_GUEST_STATE_IN_USE:
      return "system-users-symbolic";
    case KVMM_GUEST_STATE_UNRESPONSIVE:
    case KVMM_GUEST_STATE_INCOMPATIBLE:
    case KVMM_GUEST_STATE_BLOCKED:
      return "dialog-warning-symbolic";
    case KVMM_GUEST_STATE_CONNECTING:
    case KVMM_GUEST_STATE_NOT_SUPPORTED:
    case KVMM_GUEST_STATE_READY:
      return "computer-symbolic";
    }
  return NULL;
}

/* Whether the way to an agent is open: the steps say what is next, and have the button. */
static gboolean
needs_steps (KvmmGuestState state)
{
  return state == KVMM_GUEST_STATE_NO_CHANNEL || state == KVMM_GUEST_STATE_NEEDS_POWER_OFF ||
         state == KVMM_GUEST_STATE_WAITING || state == KVMM_GUEST_STATE_INCOMPATIBLE;
}

static char *
describe_waiting (KvmmGuest *guest, gboolean is_step, gboolean *is_counting)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 since_us = kvmm_guest_get_waiting_since_us (guest);
  gint64 retry_us = kvmm_guest_get_retry_at_us (guest);
  g_autofree char *age = kvmm_units_duration (MAX (now_us - since_us, 0) / G_USEC_PER_SEC);
  g_autofree char *rest = kvmm_units_duration (MAX (retry_us - now_us, 0) / G_USEC_PER_SEC);
  KvmmGuestState state = kvmm_guest_get_state (guest);

  *is_counting = TRUE;
  /* The step that waits says so itself. */
  if (state == KVMM_GUEST_STATE_WAITING && since_us > 0 && !is_step)
    /* Translators: %s is how long it has waited, as in "12 s" */
    return g_strdup_printf (_ ("The guest has not opened the channel yet; %s"), age);
  if (state == KVMM_GUEST_STATE_CONNECTING && since_us > 0)
    return g_strdup_printf (_ ("The agent has not answered yet; %s"), age);
  if (retry_us > now_us)
    return g_strdup_printf (_ ("Next try in %s"), rest);
  *is_counting = FALSE;
  return NULL;
}

static gboolean tick_cb (gpointer user_data);

static void
update_waiting (KvmmGuestSilentView *self)
{
  gboolean is_counting = FALSE;
  gboolean is_step = kvmm_agent_install_get_step (self->install) == KVMM_AGENT_INSTALL_WAITING;
  g_autofree char *text =
      describe_waiting (kvmm_domain_get_guest (self->domain), is_step, &is_counting);

  gtk_label_set_text (self->waiting_label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->waiting_label), text != NULL);
  /* Nothing moves, nothing wakes up. */
  if (!is_counting)
    g_clear_handle_id (&self->tick_id, g_source_remove);
  else if (self->tick_id == 0)
    self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
}

static gboolean
tick_cb (gpointer user_data)
{
  KvmmGuestSilentView *self = user_data;
  guint id = self->tick_id;

  update_waiting (self);
  return id == self->tick_id ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
update (KvmmGuestSilentView *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  KvmmGuestState state = kvmm_guest_get_state (guest);
  const char *detail = kvmm_guest_get_state_detail (guest);
  /* The status page reads its description as markup. */
  g_autofree char *description = g_markup_escape_text (detail != NULL ? detail : "", -1);
  const char *label;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  self->remedy = kvmm_guest_remedy_find (self->domain);
  label = needs_steps (state) ? NULL : kvmm_guest_remedy_get_label (self->remedy);
  adw_status_page_set_title (self->status_page, get_title (state));
  /* The steps have icons of their own, and need the room. */
  adw_status_page_set_icon_name (self->status_page,
                                 needs_steps (state) ? NULL : get_icon_name (state));
  adw_status_page_set_description (self->status_page, description);
  gtk_widget_set_visible (GTK_WIDGET (self->button), label != NULL);
  if (label != NULL)
    gtk_button_set_label (self->button, label);
  if (needs_steps (state) && adw_bin_get_child (self->steps_bin) == NULL)
    adw_bin_set_child (self->steps_bin, kvmm_install_steps_new (self->install));
  gtk_widget_set_visible (GTK_WIDGET (self->steps_bin), needs_steps (state));
  gtk_widget_set_visible (self->gain_label, state != KVMM_GUEST_STATE_NOT_SUPPORTED);
  update_waiting (self);
}

static void
clicked_cb (KvmmGuestSilentView *self)
{
  kvmm_guest_remedy_run (self->remedy, GTK_WIDGET (self), self->settings, self->domain);
}

static void
kvmm_guest_silent_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_guest_silent_view_parent_class)->map (widget);
  update (KVMM_GUEST_SILENT_VIEW (widget));
}

static void
kvmm_guest_silent_view_unmap (GtkWidget *widget)
{
  KvmmGuestSilentView *self = KVMM_GUEST_SILENT_VIEW (widget);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  GTK_WIDGET_CLASS (kvmm_guest_silent_view_parent_class)->unmap (widget);
}

static void
kvmm_guest_silent_view_dispose (GObject *object)
{
  KvmmGuestSilentView *self = KVMM_GUEST_SILENT_VIEW (object);
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self));

  g_clear_pointer (&child, gtk_widget_unparent);
  g_clear_object (&self->install);
  g_clear_object (&self->domain);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_guest_silent_view_parent_class)->dispose (object);
}

static void
kvmm_guest_silent_view_class_init (KvmmGuestSilentViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_guest_silent_view_dispose;
  widget_class->map = kvmm_guest_silent_view_map;
  widget_class->unmap = kvmm_guest_silent_view_unmap;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-guest-silent-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSilentView, status_page);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSilentView, button);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSilentView, waiting_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSilentView, steps_bin);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestSilentView, gain_label);
  gtk_widget_class_bind_template_callback (widget_class, clicked_cb);
}

static void
kvmm_guest_silent_view_init (KvmmGuestSilentView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_guest_silent_view_new (KvmmSettings *settings, KvmmDomain *domain, KvmmAgentInstall *install)
{
  KvmmGuestSilentView *self = g_object_new (KVMM_TYPE_GUEST_SILENT_VIEW, NULL);

  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  self->install = g_object_ref (install);
  g_signal_connect_object (kvmm_domain_get_guest (domain), "notify", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (install, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::xml", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-page.h"

#include <glib/gi18n.h>

#include "kvmm-guest-remedy.h"
#include "kvmm-guest-sections.h"
#include "kvmm-guest-silent-view.h"
#include "kvmm-mount-flow.h"
#include "model/kvmm-agent-install.h"

struct _KvmmGuestPage
{
  AdwBin parent_instance;

  KvmmSettings *settings;    /* (owned) */
  KvmmDomain *domain;        /* (owned) */
  KvmmAgentInstall *install; /* (owned) */
  KvmmGuestRemedy remedy;

  GtkWidget *policy_bar;
  GtkLabel *policy_label;
  GtkWidget *eject_bar;
  GtkLabel *eject_label;
  GtkWidget *remedy_bar;
  GtkLabel *remedy_label;
  GtkButton *remedy_button;
  GtkStack *stack;
  AdwBin *silent_bin;
  AdwBin *facts_bin;
};

G_DEFINE_FINAL_TYPE (KvmmGuestPage, kvmm_guest_page, ADW_TYPE_BIN)

/* Both views cost something to build; most windows show one of them only. */
static void
show_view (KvmmGuestPage *self, gboolean has_facts, gboolean is_ready)
{
  if (has_facts && adw_bin_get_child (self->facts_bin) == NULL)
    adw_bin_set_child (self->facts_bin,
                       kvmm_guest_sections_new (self->settings, self->domain, self->install));
  if (has_facts)
    kvmm_guest_sections_set_facts_only (KVMM_GUEST_SECTIONS (adw_bin_get_child (self->facts_bin)),
                                        !is_ready);
  if (!has_facts && adw_bin_get_child (self->silent_bin) == NULL)
    adw_bin_set_child (self->silent_bin,
                       kvmm_guest_silent_view_new (self->settings, self->domain, self->install));
  gtk_stack_set_visible_child_name (self->stack, has_facts ? "facts" : "silent");
}

static void
update_policy_bar (KvmmGuestPage *self, KvmmGuest *guest, gboolean is_ready)
{
  const char *policy_error = kvmm_guest_get_policy_error (guest);
  g_autofree char *text = NULL;

  if (policy_error != NULL)
    text = g_strdup_printf (_ ("The guest's policy file has an error; the agent allows nothing "
                               "that changes the guest until it is mended: %s"),
                            policy_error);
  gtk_label_set_text (self->policy_label, text != NULL ? text : "");
  gtk_widget_set_visible (self->policy_bar, is_ready && text != NULL);
}

static void
update_eject_bar (KvmmGuestPage *self, gboolean is_ready)
{
  /* For an update the disc is still needed. */
  gboolean is_over = is_ready && !kvmm_agent_install_get_update_available (self->install);
  g_autofree char *drive = is_over ? kvmm_agent_iso_find_mounted (self->domain) : NULL;
  g_autofree char *text = NULL;

  if (drive != NULL)
    text = g_strdup_printf (
        _ ("The agent has answered. Its disc is still in drive %s and can be ejected."), drive);
  gtk_label_set_text (self->eject_label, text != NULL ? text : "");
  gtk_widget_set_visible (self->eject_bar, text != NULL);
}

static void
show_update (KvmmGuestPage *self)
{
  g_autofree char *text =
      g_strdup_printf (_ ("Version %s of the agent is available; %s runs in the guest."),
                       kvmm_agent_install_get_available_version (self->install),
                       kvmm_agent_install_get_installed_version (self->install));

  self->remedy = KVMM_GUEST_REMEDY_INSTALL;
  gtk_label_set_text (self->remedy_label, text);
  gtk_button_set_label (self->remedy_button, _ ("Update…"));
  gtk_widget_set_visible (GTK_WIDGET (self->remedy_button), TRUE);
  gtk_widget_set_visible (self->remedy_bar, TRUE);
}

/* With facts from elsewhere on screen the way to the agent is one line, not a page. */
static void
update_remedy_bar (KvmmGuestPage *self, KvmmGuest *guest, gboolean has_facts, gboolean is_ready)
{
  const char *label;

  if (kvmm_agent_install_get_update_available (self->install))
    {
      show_update (self);
      return;
    }
  self->remedy = kvmm_guest_remedy_find (self->domain);
  label = kvmm_guest_remedy_get_label (self->remedy);
  gtk_label_set_text (self->remedy_label, kvmm_guest_get_state_detail (guest));
  gtk_button_set_label (self->remedy_button, label != NULL ? label : "");
  gtk_widget_set_visible (GTK_WIDGET (self->remedy_button), label != NULL);
  gtk_widget_set_visible (self->remedy_bar, has_facts && !is_ready);
}

static void
update (KvmmGuestPage *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  gboolean is_ready = kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_READY;
  gboolean has_facts = is_ready || (kvmm_guest_get_source (guest) == KVMM_GUEST_SOURCE_QGA &&
                                    kvmm_domain_get_is_active (self->domain));

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  show_view (self, has_facts, is_ready);
  update_policy_bar (self, guest, is_ready);
  update_eject_bar (self, is_ready);
  update_remedy_bar (self, guest, has_facts, is_ready);
}

static void
eject_cb (KvmmGuestPage *self)
{
  kvmm_mount_flow_eject (GTK_WIDGET (self), self->settings, self->domain);
}

static void
remedy_cb (KvmmGuestPage *self)
{
  kvmm_guest_remedy_run (self->remedy, GTK_WIDGET (self), self->settings, self->domain);
}

static void
kvmm_guest_page_map (GtkWidget *widget)
{
  KvmmGuestPage *self = KVMM_GUEST_PAGE (widget);

  kvmm_guest_hold (kvmm_domain_get_guest (self->domain));
  GTK_WIDGET_CLASS (kvmm_guest_page_parent_class)->map (widget);
  update (self);
}

static void
kvmm_guest_page_unmap (GtkWidget *widget)
{
  KvmmGuestPage *self = KVMM_GUEST_PAGE (widget);

  GTK_WIDGET_CLASS (kvmm_guest_page_parent_class)->unmap (widget);
  kvmm_guest_release (kvmm_domain_get_guest (self->domain));
}

static void
kvmm_guest_page_dispose (GObject *object)
{
  KvmmGuestPage *self = KVMM_GUEST_PAGE (object);

  g_clear_object (&self->install);
  g_clear_object (&self->domain);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_guest_page_parent_class)->dispose (object);
}

static void
kvmm_guest_page_class_init (KvmmGuestPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_guest_page_dispose;
  widget_class->map = kvmm_guest_page_map;
  widget_class->unmap = kvmm_guest_page_unmap;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-guest-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, policy_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, policy_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, eject_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, eject_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, remedy_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, remedy_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, remedy_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, silent_bin);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestPage, facts_bin);
  gtk_widget_class_bind_template_callback (widget_class, eject_cb);
  gtk_widget_class_bind_template_callback (widget_class, remedy_cb);
}

static void
kvmm_guest_page_init (KvmmGuestPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_guest_page_new (KvmmSettings *settings, KvmmDomain *domain)
{
  KvmmGuestPage *self = g_object_new (KVMM_TYPE_GUEST_PAGE, NULL);

  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  self->install = kvmm_agent_install_new (settings, domain);
  g_signal_connect_object (self->install, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kvmm_domain_get_guest (domain), "notify", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  /* The drive that holds the disc is in the XML, which notifies once somebody asked for it. */
  kvmm_domain_get_xml (domain);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::xml", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

gboolean
kvmm_guest_page_find (KvmmGuestPage *self)
{
  GtkWidget *sections;

  g_return_val_if_fail (KVMM_IS_GUEST_PAGE (self), FALSE);

  sections = adw_bin_get_child (self->facts_bin);
  return sections != NULL && kvmm_guest_sections_find (KVMM_GUEST_SECTIONS (sections));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-facts-view.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#include "kvmm-control-row.h"
#include "kvmm-fact-row.h"
#include "kvmm-filesystem-row.h"
#include "kvmm-graph-card.h"
#include "kvmm-interface-row.h"
#include "util/kvmm-units.h"

/* The series of kvmm_guest_get_history(). */
#define SERIES_CPU 0
#define SERIES_MEMORY 1

struct _KvmmGuestFactsView
{
  GtkWidget parent_instance;

  KvmmGuest *guest;          /* (owned) */
  KvmmAgentInstall *install; /* (owned) */
  guint tick_id;

  GtkImage *health_icon;
  GtkLabel *health_label;
  GtkWidget *system_group;
  KvmmFactRow *os_row;
  KvmmFactRow *kernel_row;
  KvmmFactRow *hostname_row;
  KvmmFactRow *arch_row;
  KvmmFactRow *uptime_row;
  KvmmFactRow *boot_row;
  KvmmFactRow *cpus_row;
  KvmmFactRow *memory_row;
  KvmmFactRow *timezone_row;
  KvmmFactRow *virt_row;
  GtkWidget *load_group;
  KvmmGraphCard *cpu_card;
  KvmmGraphCard *used_card;
  KvmmFactRow *average_row;
  KvmmFactRow *swap_row;
  KvmmFactRow *processes_row;
  KvmmFactRow *pressure_row;
  GtkWidget *filesystems_group;
  GtkListBox *filesystems_list;
  GtkWidget *network_group;
  GtkWidget *interfaces_list;
  GtkExpander *virtual_expander;
  GtkListBox *virtual_list;
  GtkWidget *users_group;
  GtkListBox *users_list;
  AdwPreferencesGroup *control_group;
};

G_DEFINE_FINAL_TYPE (KvmmGuestFactsView, kvmm_guest_facts_view, GTK_TYPE_WIDGET)

/* "Agent 0.1.0 · update available · 0.4 ms · just now" */
static void
update_health (KvmmGuestFactsView *self)
{
  const char *version = kvmm_guest_get_agent_version (self->guest);
  gint64 round_trip_us = kvmm_guest_get_round_trip_us (self->guest);
  gint64 seen_us = kvmm_guest_get_last_seen_us (self->guest);
  g_autoptr (GString) text = g_string_new (NULL);

  if (kvmm_guest_get_source (self->guest) == KVMM_GUEST_SOURCE_QGA)
    g_string_append (text, _ ("QEMU guest agent"));
  else if (version != NULL)
    /* Translators: the guest agent and its version */
    g_string_append_printf (text, _ ("Agent %s"), version);
  else
    g_string_append (text, kvmm_guest_get_state_text (self->guest));
  if (kvmm_agent_install_get_update_available (self->install))
    g_string_append_printf (text, " · %s", _ ("update available"));
  if (round_trip_us >= 0)
    {
      g_string_append (text, " · ");
      g_string_append_printf (text, _ ("%.1f ms"), (double) round_trip_us / 1000);
    }
  if (seen_us > 0)
    {
      g_autofree char *ago = kvmm_units_ago (g_get_monotonic_time () - seen_us);

      g_string_append_printf (text, " · %s", ago);
    }
  gtk_label_set_text (self->health_label, text->str);
  gtk_image_set_from_icon_name (self->health_icon,
                                kvmm_guest_get_state (self->guest) == KVMM_GUEST_STATE_READY
                                    ? "emblem-ok-symbolic"
                                    : "dialog-information-symbolic");
  gtk_widget_set_visible (GTK_WIDGET (self->control_group),
                          kvmm_guest_get_source (self->guest) == KVMM_GUEST_SOURCE_AGENT);
}

/* Ours needs no word: who speaks stands at the top of the page. */
static void
update_sources (KvmmGuestFactsView *self)
{
  const struct
  {
    KvmmGuestFact fact;
    GtkWidget *group;
  } cards[] = {
    { KVMM_GUEST_FACT_SYSTEM, self->system_group },
    { KVMM_GUEST_FACT_FILESYSTEMS, self->filesystems_group },
    { KVMM_GUEST_FACT_INTERFACES, self->network_group },
    { KVMM_GUEST_FACT_USERS, self->users_group },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cards); i++)
    adw_preferences_group_set_description (
        ADW_PREFERENCES_GROUP (cards[i].group),
        kvmm_guest_get_fact_source (self->guest, cards[i].fact) == KVMM_GUEST_SOURCE_QGA
            ? _ ("From the QEMU guest agent")
            : NULL);
}

static void
fact_sources_changed_cb (KvmmGuestFactsView *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update_sources (self);
}

static void
update_uptime (KvmmGuestFactsView *self)
{
  guint64 uptime_ms = kvmm_guest_get_uptime_ms (self->guest);

  kvmm_fact_row_take_value (self->uptime_row,
                            uptime_ms > 0 ? kvmm_units_duration (uptime_ms / 1000) : NULL);
}

static char *
describe_os (const KvmmGuestSystem *system)
{
  if (system->os_pretty != NULL)
    return g_strdup (system->os_pretty);
  if (system->os_name != NULL && system->os_version != NULL)
    return g_strdup_printf ("%s %s", system->os_name, system->os_version);
  return g_strdup (system->os_name);
}

static void
update_system (KvmmGuestFactsView *self)
{
  const KvmmGuestSystem *system = kvmm_guest_get_system (self->guest);
  g_autoptr (GDateTime) boot = NULL;

  gtk_widget_set_visible (self->system_group, system != NULL);
  if (system == NULL)
    return;
  if (system->boot_time_s > 0)
    boot = g_date_time_new_from_unix_local (system->boot_time_s);
  kvmm_fact_row_take_value (self->os_row, describe_os (system));
  kvmm_fact_row_set_value (self->kernel_row, system->kernel);
  kvmm_fact_row_set_value (self->hostname_row, system->hostname);
  kvmm_fact_row_set_value (self->arch_row, system->arch);
  kvmm_fact_row_take_value (self->boot_row,
                            boot != NULL ? g_date_time_format (boot, "%x %X") : NULL);
  kvmm_fact_row_take_value (self->cpus_row,
                            system->cpus > 0 ? g_strdup_printf ("%u", system->cpus) : NULL);
  kvmm_fact_row_take_value (
      self->memory_row, system->memory_bytes > 0 ? kvmm_units_bytes (system->memory_bytes) : NULL);
  kvmm_fact_row_set_value (self->timezone_row, system->timezone);
  kvmm_fact_row_set_value (self->virt_row, system->virt);
  update_uptime (self);
}

static char *
describe_used (guint64 used_bytes, guint64 total_bytes)
{
  g_autofree char *used = kvmm_units_bytes (used_bytes);
  g_autofree char *total = kvmm_units_bytes (total_bytes);

  /* Translators: memory, as in "512 MiB of 2 GiB" */
  return g_strdup_printf (_ ("%s of %s"), used, total);
}

static guint64
subtract (guint64 total, guint64 part)
{
  return total > part ? total - part : 0;
}

static void
update_load_rows (KvmmGuestFactsView *self, const KvmmGuestMetrics *metrics)
{
  /* Translators: the load of 1, 5 and 15 minutes */
  kvmm_fact_row_take_value (self->average_row,
                            g_strdup_printf (_ ("%.2f, %.2f, %.2f (1, 5, 15 min)"),
                                             metrics->load[0], metrics->load[1], metrics->load[2]));
  kvmm_fact_row_take_value (
      self->swap_row,
      metrics->swap_total_bytes > 0
          ? describe_used (subtract (metrics->swap_total_bytes, metrics->swap_free_bytes),
                           metrics->swap_total_bytes)
          : g_strdup (_ ("None")));
  kvmm_fact_row_take_value (self->processes_row, metrics->processes > 0
                                                     ? g_strdup_printf ("%u", metrics->processes)
                                                     : NULL);
  /* Translators: pressure stall information: how much time tasks waited in the last 10 s */
  kvmm_fact_row_take_value (
      self->pressure_row,
      metrics->has_psi ? g_strdup_printf (_ ("CPU %.1f %%, memory %.1f %%, I/O %.1f %% (10 s)"),
                                          metrics->psi_cpu, metrics->psi_memory, metrics->psi_io)
                       : NULL);
}

static void
update_metrics (KvmmGuestFactsView *self)
{
  const KvmmGuestMetrics *metrics = kvmm_guest_get_metrics (self->guest);
  KvmmHistory *history = kvmm_guest_get_history (self->guest);
  guint length = history != NULL ? kvmm_history_get_length (history) : 0;

  gtk_widget_set_visible (self->load_group, metrics != NULL);
  if (metrics == NULL)
    return;
  kvmm_graph_set_history (kvmm_graph_card_get_graph (self->cpu_card), history, SERIES_CPU, 1);
  kvmm_graph_set_history (kvmm_graph_card_get_graph (self->used_card), history, SERIES_MEMORY, 1);
  kvmm_graph_card_take_value (
      self->cpu_card,
      kvmm_units_percent (length > 0 ? kvmm_history_get (history, SERIES_CPU, length - 1) : NAN));
  kvmm_graph_card_take_value (
      self->used_card,
      describe_used (subtract (metrics->memory_total_bytes, metrics->memory_available_bytes),
                     metrics->memory_total_bytes));
  update_load_rows (self, metrics);
}

static void
system_changed_cb (KvmmGuestFactsView *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update_system (self);
}

static void
metrics_changed_cb (KvmmGuestFactsView *self)
{
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  update_metrics (self);
  update_health (self);
}

static void
guest_notify_cb (KvmmGuestFactsView *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update_health (self);
}

static gboolean
tick_cb (gpointer user_data)
{
  KvmmGuestFactsView *self = user_data;

  update_health (self);
  update_uptime (self);
  return G_SOURCE_CONTINUE;
}

static GtkWidget *
create_filesystem_row (gpointer item, gpointer user_data)
{
  return kvmm_filesystem_row_new (item);
}

static GtkWidget *
create_interface_row (gpointer item, gpointer user_data)
{
  return kvmm_interface_row_new (item);
}

static void
user_changed_cb (KvmmFactRow *row, KvmmGuestItem *item)
{
  const KvmmGuestUser *user = kvmm_guest_item_get_user (item);
  g_autoptr (GString) text = NULL;

  if (user == NULL)
    return;
  text = g_string_new (user->terminal);
  if (user->remote_host != NULL && *user->remote_host != '\0')
    {
      g_string_append (text, text->len > 0 ? " · " : "");
      /* Translators: the computer that a user logged in from */
      g_string_append_printf (text, _ ("from %s"), user->remote_host);
    }
  if (user->login_time_s > 0)
    {
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (user->login_time_s);
      g_autofree char *clock = time != NULL ? g_date_time_format (time, "%x %H:%M") : NULL;

      g_string_append (text, text->len > 0 ? " · " : "");
      /* Translators: when a user logged in */
      g_string_append_printf (text, _ ("since %s"), clock);
    }
  if (text->len == 0)
    g_string_append (text, _ ("Logged in"));
  kvmm_fact_row_set_title (row, user->user);
  kvmm_fact_row_set_value (row, text->str);
}

static GtkWidget *
create_user_row (gpointer item, gpointer user_data)
{
  GtkWidget *row = kvmm_fact_row_new (NULL, NULL);

  g_signal_connect_object (item, "changed", G_CALLBACK (user_changed_cb), row, G_CONNECT_SWAPPED);
  user_changed_cb (KVMM_FACT_ROW (row), item);
  return row;
}

static gboolean
is_folded_away (gpointer item, gpointer user_data)
{
  const KvmmGuestInterface *interface = kvmm_guest_item_get_interface (item);

  return interface != NULL &&
         (interface->is_virtual || g_strcmp0 (interface->kind, "loopback") == 0);
}

static gboolean
is_in_sight (gpointer item, gpointer user_data)
{
  return !is_folded_away (item, user_data);
}

static GListModel *
filter_interfaces (KvmmGuestFactsView *self, GtkCustomFilterFunc func)
{
  return G_LIST_MODEL (
      gtk_filter_list_model_new (g_object_ref (kvmm_guest_get_interfaces (self->guest)),
                                 GTK_FILTER (gtk_custom_filter_new (func, NULL, NULL))));
}

static void
virtual_changed_cb (
    KvmmGuestFactsView *self, guint position, guint removed, guint added, GListModel *model)
{
  guint n = g_list_model_get_n_items (model);
  g_autofree char *label =
      g_strdup_printf (ngettext ("%u virtual interface", "%u virtual interfaces", n), n);

  gtk_expander_set_label (self->virtual_expander, label);
  gtk_widget_set_visible (GTK_WIDGET (self->virtual_expander), n > 0);
}

static void
sight_changed_cb (
    KvmmGuestFactsView *self, guint position, guint removed, guint added, GListModel *model)
{
  gtk_widget_set_visible (self->interfaces_list, g_list_model_get_n_items (model) > 0);
}

static void
lists_changed_cb (KvmmGuestFactsView *self)
{
  gtk_widget_set_visible (self->filesystems_group,
                          g_list_model_get_n_items (kvmm_guest_get_filesystems (self->guest)) > 0);
  gtk_widget_set_visible (self->network_group,
                          g_list_model_get_n_items (kvmm_guest_get_interfaces (self->guest)) > 0);
  gtk_widget_set_visible (self->users_group,
                          g_list_model_get_n_items (kvmm_guest_get_users (self->guest)) > 0);
}

static void
kvmm_guest_facts_view_map (GtkWidget *widget)
{
  KvmmGuestFactsView *self = KVMM_GUEST_FACTS_VIEW (widget);

  GTK_WIDGET_CLASS (kvmm_guest_facts_view_parent_class)->map (widget);
  self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
  update_health (self);
  update_sources (self);
  update_system (self);
  update_metrics (self);
}

static void
kvmm_guest_facts_view_unmap (GtkWidget *widget)
{
  KvmmGuestFactsView *self = KVMM_GUEST_FACTS_VIEW (widget);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  GTK_WIDGET_CLASS (kvmm_guest_facts_view_parent_class)->unmap (widget);
}

static void
kvmm_guest_facts_view_dispose (GObject *object)
{
  KvmmGuestFactsView *self = KVMM_GUEST_FACTS_VIEW (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->install);
  g_clear_object (&self->guest);
  G_OBJECT_CLASS (kvmm_guest_facts_view_parent_class)->dispose (object);
}

#define BIND(name) gtk_widget_class_bind_template_child (widget_class, KvmmGuestFactsView, name)

static void
kvmm_guest_facts_view_class_init (KvmmGuestFactsViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_guest_facts_view_dispose;
  widget_class->map = kvmm_guest_facts_view_map;
  widget_class->unmap = kvmm_guest_facts_view_unmap;

  g_type_ensure (KVMM_TYPE_FACT_ROW);
  g_type_ensure (KVMM_TYPE_GRAPH_CARD);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-guest-facts-view.ui");
  BIND (health_icon);
  BIND (health_label);
  BIND (system_group);
  BIND (os_row);
  BIND (kernel_row);
  BIND (hostname_row);
  BIND (arch_row);
  BIND (uptime_row);
  BIND (boot_row);
  BIND (cpus_row);
  BIND (memory_row);
  BIND (timezone_row);
  BIND (virt_row);
  BIND (load_group);
  BIND (cpu_card);
  BIND (used_card);
  BIND (average_row);
  BIND (swap_row);
  BIND (processes_row);
  BIND (pressure_row);
  BIND (filesystems_group);
  BIND (filesystems_list);
  BIND (network_group);
  BIND (interfaces_list);
  BIND (virtual_expander);
  BIND (virtual_list);
  BIND (users_group);
  BIND (users_list);
  BIND (control_group);
}

static void
kvmm_guest_facts_view_init (KvmmGuestFactsView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kvmm_graph_set_titles (kvmm_graph_card_get_graph (self->cpu_card), _ ("CPU"), NULL);
  kvmm_graph_set_titles (kvmm_graph_card_get_graph (self->used_card), _ ("Memory"), NULL);
}

static void
bind_lists (KvmmGuestFactsView *self)
{
  g_autoptr (GListModel) in_sight = filter_interfaces (self, is_in_sight);
  g_autoptr (GListModel) folded = filter_interfaces (self, is_folded_away);
  GListModel *lists[] = { kvmm_guest_get_filesystems (self->guest),
                          kvmm_guest_get_interfaces (self->guest),
                          kvmm_guest_get_users (self->guest) };

  gtk_list_box_bind_model (self->filesystems_list, lists[0], create_filesystem_row, NULL, NULL);
  gtk_list_box_bind_model (GTK_LIST_BOX (self->interfaces_list), in_sight, create_interface_row,
                           NULL, NULL);
  gtk_list_box_bind_model (self->virtual_list, folded, create_interface_row, NULL, NULL);
  gtk_list_box_bind_model (self->users_list, lists[2], create_user_row, NULL, NULL);
  g_signal_connect_object (folded, "items-changed", G_CALLBACK (virtual_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (in_sight, "items-changed", G_CALLBACK (sight_changed_cb), self,
                           G_CONNECT_SWAPPED);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    g_signal_connect_object (lists[i], "items-changed", G_CALLBACK (lists_changed_cb), self,
                             G_CONNECT_SWAPPED);
  virtual_changed_cb (self, 0, 0, 0, folded);
  sight_changed_cb (self, 0, 0, 0, in_sight);
  lists_changed_cb (self);
}

GtkWidget *
kvmm_guest_facts_view_new (KvmmGuest *guest, KvmmAgentInstall *install)
{
  KvmmGuestFactsView *self = g_object_new (KVMM_TYPE_GUEST_FACTS_VIEW, NULL);

  self->guest = g_object_ref (guest);
  self->install = g_object_ref (install);
  g_signal_connect_object (install, "changed", G_CALLBACK (update_health), self, G_CONNECT_SWAPPED);
  bind_lists (self);
  adw_preferences_group_add (self->control_group, kvmm_control_row_new (guest));
  g_signal_connect_object (guest, "notify", G_CALLBACK (guest_notify_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "system-changed", G_CALLBACK (system_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "fact-sources-changed", G_CALLBACK (fact_sources_changed_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "metrics-changed", G_CALLBACK (metrics_changed_cb), self,
                           G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-overview-page.h"

#include <glib/gi18n.h>
#include <math.h>

#include "kvmm-fact-row.h"
#include "kvmm-graph-card.h"
#include "model/kvmm-connection.h"
#include "util/kvmm-units.h"

/* The series of kvmm_domain_get_history(). */
#define SERIES_CPU 0
#define SERIES_MEMORY 1
#define SERIES_DISK 2
#define SERIES_NETWORK 4
#define N_SERIES 6
/* A series of kvmm_guest_get_history(). */
#define GUEST_SERIES_MEMORY 1
/* A rate needs two samples: before that nothing is known about what the driver reports. */
#define MIN_INTERVALS 3

struct _KvmmOverviewPage
{
  AdwBin parent_instance;

  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) */
  gint64 mapped_at_us;
  guint tick_id;

  GtkImage *state_icon;
  GtkLabel *state_label;
  GtkLabel *since_label;
  KvmmFactRow *title_row;
  KvmmFactRow *tags_row;
  KvmmFactRow *description_row;
  KvmmFactRow *address_row;
  KvmmFactRow *hostname_row;
  KvmmFactRow *os_row;
  KvmmFactRow *uptime_row;
  KvmmFactRow *agent_row;
  KvmmFactRow *size_row;
  KvmmFactRow *autostart_row;
  GtkLabel *figures_label;
  GtkWidget *graphs;
  KvmmGraphCard *cpu_card;
  KvmmGraphCard *memory_card;
  KvmmGraphCard *disk_card;
  KvmmGraphCard *network_card;
};

G_DEFINE_FINAL_TYPE (KvmmOverviewPage, kvmm_overview_page, ADW_TYPE_BIN)

static char *
describe_since (KvmmDomain *domain)
{
  gint64 since_us = kvmm_domain_get_since_us (domain);

  if (since_us <= 0)
    return NULL;

  gint64 age_us = MAX (g_get_real_time () - since_us, 0);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (since_us / G_USEC_PER_SEC);
  g_autofree char *clock =
      g_date_time_format (time, age_us < G_TIME_SPAN_DAY / 2 ? "%X" : "%x %H:%M");
  g_autofree char *age = kvmm_units_duration ((guint64) age_us / G_USEC_PER_SEC);

  /* Translators: a time and how long ago that was, as in "since 14:03:12 (3 min 20 s)" */
  return g_strdup_printf (_ ("since %s (%s)"), clock, age);
}

static void
update_state (KvmmOverviewPage *self)
{
  const char *pending = kvmm_domain_get_pending (self->domain);
  g_autofree char *since = describe_since (self->domain);

  gtk_image_set_from_icon_name (self->state_icon, kvmm_domain_get_state_icon_name (self->domain));
  gtk_label_set_text (self->state_label,
                      pending != NULL ? pending : kvmm_domain_get_state_text (self->domain));
  gtk_label_set_text (self->since_label, since != NULL ? since : "");
  gtk_widget_set_visible (GTK_WIDGET (self->since_label), since != NULL);
}

static void
update_facts (KvmmOverviewPage *self)
{
  KvmmDomain *domain = self->domain;
  const char *const *tags = kvmm_domain_get_tags (domain);
  guint vcpus = kvmm_domain_get_vcpus (domain);
  g_autofree char *memory = kvmm_units_bytes (kvmm_domain_get_memory_kib (domain) * 1024);
  g_autofree char *cpus = g_strdup_printf (ngettext ("%u CPU", "%u CPUs", vcpus), vcpus);

  kvmm_fact_row_set_value (self->title_row, kvmm_domain_get_title (domain));
  kvmm_fact_row_set_value (self->description_row, kvmm_domain_get_description (domain));
  kvmm_fact_row_take_value (self->tags_row,
                            tags != NULL ? g_strjoinv (", ", (char **) tags) : NULL);
  /* Translators: the size of a machine, as in "2 CPUs, 4 GiB of memory" */
  kvmm_fact_row_take_value (
      self->size_row, vcpus > 0 ? g_strdup_printf (_ ("%s, %s of memory"), cpus, memory) : NULL);
  kvmm_fact_row_set_value (self->autostart_row, kvmm_domain_get_autostart (domain)
                                                    ? _ ("With the host")
                                                    : _ ("When asked to"));
}

static void
update_uptime (KvmmOverviewPage *self)
{
  guint64 uptime_ms = kvmm_guest_get_uptime_ms (kvmm_domain_get_guest (self->domain));

  kvmm_fact_row_take_value (self->uptime_row,
                            uptime_ms > 0 ? kvmm_units_duration (uptime_ms / 1000) : NULL);
}

static void
update_guest (KvmmOverviewPage *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  const char *version = kvmm_guest_get_agent_version (guest);
  const char *text = kvmm_guest_get_state_text (guest);
  gboolean is_ready = kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_READY;

  kvmm_fact_row_set_value (self->address_row, kvmm_guest_get_address (guest));
  kvmm_fact_row_set_value (self->hostname_row, kvmm_guest_get_hostname (guest));
  kvmm_fact_row_set_value (self->os_row, kvmm_guest_get_os_name (guest));
  if (is_ready && version != NULL)
    /* Translators: state and version, as in "Ready, version 0.1.0" */
    kvmm_fact_row_take_value (self->agent_row,
                              g_strdup_printf (_ ("%s, version %s"), text, version));
  else if (kvmm_guest_get_source (guest) == KVMM_GUEST_SOURCE_QGA)
    kvmm_fact_row_take_value (self->agent_row,
                              g_strdup_printf (_ ("%s; facts from the QEMU guest agent"), text));
  else
    kvmm_fact_row_set_value (self->agent_row, text);
  update_uptime (self);
}

static gboolean
has_figures (KvmmHistory *history)
{
  guint length = history != NULL ? kvmm_history_get_length (history) : 0;

  for (guint i = 0; i < length; i++)
    for (guint series = 0; series < N_SERIES; series++)
      if (isfinite (kvmm_history_get (history, series, i)))
        return TRUE;
  return FALSE;
}

/* Why there is nothing to draw. */
static const char *
explain_no_figures (KvmmOverviewPage *self)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self->domain);
  gint64 patience_us =
      MIN_INTERVALS * G_USEC_PER_SEC * (gint64) kvmm_settings_get_stats_interval (self->settings);

  if (connection == NULL || kvmm_connection_get_state (connection) != KVMM_CONNECTION_CONNECTED)
    return _ ("There are no figures while the connection is down.");
  if (!kvmm_domain_get_is_active (self->domain))
    return _ ("CPU, memory, disk and network figures appear while the virtual machine runs.");
  if (g_get_monotonic_time () - self->mapped_at_us < patience_us)
    return _ ("Waiting for the first figures.");
  return _ ("This hypervisor driver reports no CPU, memory, disk and network figures.");
}

/* The guest knows what its memory holds; from outside it looks full as soon as it was all touched.
 */
static void
update_memory (KvmmOverviewPage *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  KvmmGraph *graph = kvmm_graph_card_get_graph (self->memory_card);
  const KvmmGuestMetrics *metrics = kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_READY
                                        ? kvmm_guest_get_metrics (guest)
                                        : NULL;
  guint64 total_bytes = kvmm_domain_get_memory_kib (self->domain) * 1024;
  guint64 used_bytes = kvmm_domain_get_memory_used_kib (self->domain) * 1024;

  if (metrics != NULL && metrics->memory_total_bytes > metrics->memory_available_bytes)
    {
      total_bytes = metrics->memory_total_bytes;
      used_bytes = total_bytes - metrics->memory_available_bytes;
      kvmm_graph_set_history (graph, kvmm_guest_get_history (guest), GUEST_SERIES_MEMORY, 1);
    }
  else
    kvmm_graph_set_history (graph, kvmm_domain_get_history (self->domain), SERIES_MEMORY, 1);

  g_autofree char *total = kvmm_units_bytes (total_bytes);
  g_autofree char *used = kvmm_units_bytes (used_bytes);

  kvmm_graph_card_take_value (self->memory_card, used_bytes > 0
                                                     ? g_strdup_printf (_ ("%s of %s"), used, total)
                                                     : g_strdup ("–"));
}

static void
update_figures (KvmmOverviewPage *self)
{
  KvmmHistory *history = kvmm_domain_get_history (self->domain);
  gboolean is_known = has_figures (history);

  gtk_widget_set_visible (self->graphs, is_known);
  gtk_widget_set_visible (GTK_WIDGET (self->figures_label), !is_known);
  if (!is_known)
    {
      gtk_label_set_text (self->figures_label, explain_no_figures (self));
      return;
    }
  kvmm_graph_set_history (kvmm_graph_card_get_graph (self->cpu_card), history, SERIES_CPU, 1);
  kvmm_graph_set_history (kvmm_graph_card_get_graph (self->disk_card), history, SERIES_DISK, 2);
  kvmm_graph_set_history (kvmm_graph_card_get_graph (self->network_card), history, SERIES_NETWORK,
                          2);
  kvmm_graph_card_take_value (self->cpu_card,
                              kvmm_units_percent (kvmm_domain_get_cpu_fraction (self->domain)));
  update_memory (self);
}

static void
stats_changed_cb (KvmmOverviewPage *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update_figures (self);
}

static void
domain_notify_cb (KvmmOverviewPage *self)
{
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  update_state (self);
  update_facts (self);
  update_figures (self);
}

static void
guest_changed_cb (KvmmOverviewPage *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update_guest (self);
}

static gboolean
tick_cb (gpointer user_data)
{
  KvmmOverviewPage *self = user_data;

  update_state (self);
  update_uptime (self);
  /* What is not there does not tell. */
  if (!gtk_widget_get_visible (self->graphs))
    update_figures (self);
  return G_SOURCE_CONTINUE;
}

static void
kvmm_overview_page_map (GtkWidget *widget)
{
  KvmmOverviewPage *self = KVMM_OVERVIEW_PAGE (widget);

  kvmm_guest_hold (kvmm_domain_get_guest (self->domain));
  self->mapped_at_us = g_get_monotonic_time ();
  self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
  GTK_WIDGET_CLASS (kvmm_overview_page_parent_class)->map (widget);
  domain_notify_cb (self);
  update_guest (self);
}

static void
kvmm_overview_page_unmap (GtkWidget *widget)
{
  KvmmOverviewPage *self = KVMM_OVERVIEW_PAGE (widget);

  GTK_WIDGET_CLASS (kvmm_overview_page_parent_class)->unmap (widget);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  kvmm_guest_release (kvmm_domain_get_guest (self->domain));
}

static void
kvmm_overview_page_dispose (GObject *object)
{
  KvmmOverviewPage *self = KVMM_OVERVIEW_PAGE (object);

  g_clear_object (&self->domain);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_overview_page_parent_class)->dispose (object);
}

static void
kvmm_overview_page_class_init (KvmmOverviewPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_overview_page_dispose;
  widget_class->map = kvmm_overview_page_map;
  widget_class->unmap = kvmm_overview_page_unmap;

  g_type_ensure (KVMM_TYPE_FACT_ROW);
  g_type_ensure (KVMM_TYPE_GRAPH_CARD);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-overview-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, state_icon);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, state_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, since_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, title_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, tags_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, description_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, address_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, hostname_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, os_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, uptime_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, agent_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, size_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, autostart_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, figures_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, graphs);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, cpu_card);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, memory_card);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, disk_card);
  gtk_widget_class_bind_template_child (widget_class, KvmmOverviewPage, network_card);
}

static void
kvmm_overview_page_init (KvmmOverviewPage *self)
{
  KvmmGraph *graph;

  gtk_widget_init_template (GTK_WIDGET (self));

  kvmm_graph_set_titles (kvmm_graph_card_get_graph (self->cpu_card), _ ("CPU"), NULL);
  kvmm_graph_set_titles (kvmm_graph_card_get_graph (self->memory_card), _ ("Memory"), NULL);
  graph = kvmm_graph_card_get_graph (self->disk_card);
  kvmm_graph_set_unit (graph, KVMM_GRAPH_RATE);
  kvmm_graph_set_titles (graph, _ ("Read"), _ ("Write"));
  graph = kvmm_graph_card_get_graph (self->network_card);
  kvmm_graph_set_unit (graph, KVMM_GRAPH_RATE);
  kvmm_graph_set_titles (graph, _ ("Receive"), _ ("Send"));
}

GtkWidget *
kvmm_overview_page_new (KvmmSettings *settings, KvmmDomain *domain)
{
  static const char *const watched[] = {
    "notify::state",     "notify::pending", "notify::title",      "notify::description",
    "notify::autostart", "notify::vcpus",   "notify::memory-kib", "notify::since-us",
    "notify::is-active", "notify::tags",
  };
  KvmmOverviewPage *self = g_object_new (KVMM_TYPE_OVERVIEW_PAGE, NULL);
  KvmmGuest *guest = kvmm_domain_get_guest (domain);

  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (domain, watched[i], G_CALLBACK (domain_notify_cb), self,
                             G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "stats-changed", G_CALLBACK (stats_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "notify", G_CALLBACK (guest_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "system-changed", G_CALLBACK (guest_changed_cb), self,
                           G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

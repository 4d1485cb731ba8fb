/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "cli/kvmm-cli-guest.h"
#include "util/kvmm-units.h"

/* Facts that another source than the agents can tell (a DHCP lease) do not answer this command. */
static gboolean
somebody_speaks (gpointer data)
{
  KvmmGuest *guest = data;

  return kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_READY ||
         (kvmm_guest_get_source (guest) == KVMM_GUEST_SOURCE_QGA &&
          kvmm_guest_get_system (guest) != NULL);
}

static void
add_system (JsonBuilder *builder, KvmmGuest *guest)
{
  const KvmmGuestSystem *system = kvmm_guest_get_system (guest);

  json_builder_set_member_name (builder, "system");
  if (system == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_object (builder);
  kvmm_cli_json_string (builder, "os_id", system->os_id);
  kvmm_cli_json_string (builder, "os_name", system->os_name);
  kvmm_cli_json_string (builder, "os_version", system->os_version);
  kvmm_cli_json_string (builder, "os_pretty", system->os_pretty);
  kvmm_cli_json_string (builder, "kernel", system->kernel);
  kvmm_cli_json_string (builder, "arch", system->arch);
  kvmm_cli_json_string (builder, "hostname", system->hostname);
  kvmm_cli_json_string (builder, "boot_id", system->boot_id);
  kvmm_cli_json_string (builder, "timezone", system->timezone);
  kvmm_cli_json_string (builder, "virt", system->virt);
  kvmm_cli_json_int (builder, "boot_time", (guint64) system->boot_time_s);
  kvmm_cli_json_int (builder, "uptime_ms", kvmm_guest_get_uptime_ms (guest));
  kvmm_cli_json_int (builder, "cpus", system->cpus);
  kvmm_cli_json_int (builder, "memory_bytes", system->memory_bytes);
  json_builder_end_object (builder);
}

static void
add_metrics (JsonBuilder *builder, const KvmmGuestMetrics *metrics)
{
  json_builder_set_member_name (builder, "metrics");
  if (metrics == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_object (builder);
  kvmm_cli_json_int (builder, "time_ms", (guint64) metrics->time_ms);
  kvmm_cli_json_double (builder, "cpu_user", metrics->cpu_user);
  kvmm_cli_json_double (builder, "cpu_system", metrics->cpu_system);
  kvmm_cli_json_double (builder, "cpu_idle", metrics->cpu_idle);
  json_builder_set_member_name (builder, "load");
  json_builder_begin_array (builder);
  for (guint i = 0; i < G_N_ELEMENTS (metrics->load); i++)
    json_builder_add_double_value (builder, metrics->load[i]);
  json_builder_end_array (builder);
  kvmm_cli_json_int (builder, "memory_total_bytes", metrics->memory_total_bytes);
  kvmm_cli_json_int (builder, "memory_available_bytes", metrics->memory_available_bytes);
  kvmm_cli_json_int (builder, "swap_total_bytes", metrics->swap_total_bytes);
  kvmm_cli_json_int (builder, "swap_free_bytes", metrics->swap_free_bytes);
  if (metrics->has_psi)
    {
      kvmm_cli_json_double (builder, "psi_cpu", metrics->psi_cpu);
      kvmm_cli_json_double (builder, "psi_memory", metrics->psi_memory);
      kvmm_cli_json_double (builder, "psi_io", metrics->psi_io);
    }
  kvmm_cli_json_int (builder, "processes", metrics->processes);
  json_builder_end_object (builder);
}

static void
add_interface (JsonBuilder *builder, const KvmmGuestInterface *interface)
{
  json_builder_begin_object (builder);
  kvmm_cli_json_string (builder, "name", interface->name);
  kvmm_cli_json_string (builder, "mac", interface->mac);
  kvmm_cli_json_string (builder, "state", interface->state);
  kvmm_cli_json_string (builder, "kind", interface->kind);
  kvmm_cli_json_int (builder, "mtu", interface->mtu);
  kvmm_cli_json_bool (builder, "virtual", interface->is_virtual);
  kvmm_cli_json_int (builder, "rx_bytes", interface->rx_bytes);
  kvmm_cli_json_int (builder, "tx_bytes", interface->tx_bytes);
  json_builder_set_member_name (builder, "addresses");
  json_builder_begin_array (builder);
  for (guint i = 0; i < interface->addresses->len; i++)
    {
      const KvmmGuestAddress *address = g_ptr_array_index (interface->addresses, i);

      json_builder_begin_object (builder);
      kvmm_cli_json_string (builder, "ip", address->ip);
      kvmm_cli_json_int (builder, "prefix", address->prefix);
      kvmm_cli_json_string (builder, "scope", address->scope);
      kvmm_cli_json_bool (builder, "dynamic", address->is_dynamic);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_filesystem (JsonBuilder *builder, const KvmmGuestFilesystem *fs)
{
  json_builder_begin_object (builder);
  kvmm_cli_json_string (builder, "mount", fs->mount);
  kvmm_cli_json_string (builder, "device", fs->device);
  kvmm_cli_json_string (builder, "type", fs->type);
  kvmm_cli_json_int (builder, "total_bytes", fs->total_bytes);
  kvmm_cli_json_int (builder, "used_bytes", fs->used_bytes);
  kvmm_cli_json_int (builder, "available_bytes", fs->available_bytes);
  kvmm_cli_json_bool (builder, "read_only", fs->is_read_only);
  kvmm_cli_json_bool (builder, "stale", fs->is_stale);
  json_builder_end_object (builder);
}

static void
add_user (JsonBuilder *builder, const KvmmGuestUser *user)
{
  json_builder_begin_object (builder);
  kvmm_cli_json_string (builder, "user", user->user);
  kvmm_cli_json_string (builder, "terminal", user->terminal);
  kvmm_cli_json_string (builder, "remote_host", user->remote_host);
  kvmm_cli_json_int (builder, "login_time", (guint64) user->login_time_s);
  json_builder_end_object (builder);
}

static void
add_items (JsonBuilder *builder, const char *name, GListModel *model)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmGuestItem) item = g_list_model_get_item (model, i);

      if (kvmm_guest_item_get_interface (item) != NULL)
        add_interface (builder, kvmm_guest_item_get_interface (item));
      else if (kvmm_guest_item_get_filesystem (item) != NULL)
        add_filesystem (builder, kvmm_guest_item_get_filesystem (item));
      else if (kvmm_guest_item_get_user (item) != NULL)
        add_user (builder, kvmm_guest_item_get_user (item));
    }
  json_builder_end_array (builder);
}

static const char *
source_word (KvmmGuestSource source)
{
  switch (source)
    {
    case KVMM_GUEST_SOURCE_AGENT:
      return "agent";
    case KVMM_GUEST_SOURCE_QGA:
      return "qemu-ga";
    case KVMM_GUEST_SOURCE_NETWORK:
      return "network";
    case KVMM_GUEST_SOURCE_NONE:
      return "none";
    default:
      g_assert_not_reached ();
    }
}

static void
add_sources (JsonBuilder *builder, KvmmGuest *guest)
{
  static const char *const names[KVMM_GUEST_N_FACTS] = {
    [KVMM_GUEST_FACT_SYSTEM] = "system",           [KVMM_GUEST_FACT_INTERFACES] = "interfaces",
    [KVMM_GUEST_FACT_FILESYSTEMS] = "filesystems", [KVMM_GUEST_FACT_USERS] = "users",
    [KVMM_GUEST_FACT_METRICS] = "metrics",
  };

  json_builder_set_member_name (builder, "sources");
  json_builder_begin_object (builder);
  for (guint i = 0; i < KVMM_GUEST_N_FACTS; i++)
    kvmm_cli_json_string (builder, names[i],
                          source_word (kvmm_guest_get_fact_source (guest, (KvmmGuestFact) i)));
  json_builder_end_object (builder);
}

static void
print_json (KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  kvmm_cli_json_string (builder, "name", kvmm_domain_get_name (domain));
  kvmm_cli_json_string (builder, "uuid", kvmm_domain_get_uuid (domain));
  kvmm_cli_json_string (builder, "state", kvmm_cli_guest_state_word (guest));
  kvmm_cli_json_string (builder, "detail", kvmm_guest_get_state_detail (guest));
  kvmm_cli_json_string (builder, "source", source_word (kvmm_guest_get_source (guest)));
  add_sources (builder, guest);
  kvmm_cli_json_string (builder, "agent_version", kvmm_guest_get_agent_version (guest));
  kvmm_cli_json_string (builder, "policy_error", kvmm_guest_get_policy_error (guest));
  kvmm_cli_json_string (builder, "address", kvmm_guest_get_address (guest));
  json_builder_set_member_name (builder, "round_trip_us");
  json_builder_add_int_value (builder, kvmm_guest_get_round_trip_us (guest));
  add_system (builder, guest);
  add_metrics (builder, kvmm_guest_get_metrics (guest));
  add_items (builder, "interfaces", kvmm_guest_get_interfaces (guest));
  add_items (builder, "filesystems", kvmm_guest_get_filesystems (guest));
  add_items (builder, "users", kvmm_guest_get_users (guest));
  json_builder_end_object (builder);
  kvmm_cli_json_print (builder);
}

static void
print_row (const char *label, const char *value)
{
  if (value != NULL && *value != '\0')
    g_print ("%-14s %s\n", label, value);
}

static void
print_system (KvmmGuest *guest, const KvmmGuestSystem *system)
{
  g_autofree char *memory = kvmm_units_bytes (system->memory_bytes);
  g_autofree char *uptime = kvmm_units_duration (kvmm_guest_get_uptime_ms (guest) / 1000);

  print_row (_ ("System"), system->os_pretty != NULL ? system->os_pretty : system->os_name);
  print_row (_ ("Kernel"), system->kernel);
  print_row (_ ("Host name"), system->hostname);
  print_row (_ ("Up"), uptime);
  print_row (_ ("Memory"), memory);
}

static void
print_lists (KvmmGuest *guest)
{
  GListModel *interfaces = kvmm_guest_get_interfaces (guest);
  GListModel *filesystems = kvmm_guest_get_filesystems (guest);
  GListModel *users = kvmm_guest_get_users (guest);

  for (guint i = 0; i < g_list_model_get_n_items (interfaces); i++)
    {
      g_autoptr (KvmmGuestItem) item = g_list_model_get_item (interfaces, i);
      const KvmmGuestInterface *interface = kvmm_guest_item_get_interface (item);

      for (guint j = 0; j < interface->addresses->len; j++)
        {
          const KvmmGuestAddress *address = g_ptr_array_index (interface->addresses, j);

          g_print ("%-14s %s/%u\n", interface->name, address->ip, address->prefix);
        }
    }
  for (guint i = 0; i < g_list_model_get_n_items (filesystems); i++)
    {
      g_autoptr (KvmmGuestItem) item = g_list_model_get_item (filesystems, i);
      const KvmmGuestFilesystem *fs = kvmm_guest_item_get_filesystem (item);
      g_autofree char *used = kvmm_units_bytes (fs->used_bytes);
      g_autofree char *total = kvmm_units_bytes (fs->total_bytes);

      g_print (_ ("%-14s %s of %s used (%s)\n"), fs->mount, used, total, fs->type);
    }
  for (guint i = 0; i < g_list_model_get_n_items (users); i++)
    {
      g_autoptr (KvmmGuestItem) item = g_list_model_get_item (users, i);
      const KvmmGuestUser *user = kvmm_guest_item_get_user (item);

      g_print (_ ("%-14s on %s\n"), user->user, user->terminal != NULL ? user->terminal : "–");
    }
}

static void
print_text (KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  const KvmmGuestSystem *system = kvmm_guest_get_system (guest);
  const KvmmGuestMetrics *metrics = kvmm_guest_get_metrics (guest);

  print_row (_ ("Machine"), kvmm_domain_get_name (domain));
  if (kvmm_guest_get_source (guest) == KVMM_GUEST_SOURCE_AGENT)
    print_row (_ ("Agent"), kvmm_guest_get_agent_version (guest));
  else
    print_row (_ ("Source"), _ ("QEMU guest agent"));
  if (kvmm_guest_get_source (guest) == KVMM_GUEST_SOURCE_AGENT &&
      kvmm_guest_get_fact_source (guest, KVMM_GUEST_FACT_SYSTEM) == KVMM_GUEST_SOURCE_QGA)
    print_row (_ ("Source"), _ ("QEMU guest agent, for what the agent’s policy denies"));
  if (system != NULL)
    print_system (guest, system);
  if (metrics != NULL)
    g_print ("%-14s %.2f %.2f %.2f\n", _ ("Load"), metrics->load[0], metrics->load[1],
             metrics->load[2]);
  print_lists (guest);
}

int
kvmm_cli_guest_info (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmGuest *guest;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  guest = kvmm_domain_get_guest (domain);
  kvmm_guest_hold (guest);
  if (!kvmm_cli_await_guest (session, domain, somebody_speaks))
    {
      kvmm_cli_error (_ ("The guest agent of “%s” is not available: %s"),
                      kvmm_domain_get_name (domain), kvmm_guest_get_state_detail (guest));
      return KVMM_EXIT_NO_AGENT;
    }
  kvmm_guest_refresh_async (guest, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  if (!kvmm_guest_refresh_finish (guest, result, &error))
    {
      kvmm_cli_error (_ ("The guest agent of “%s” did not answer: %s"),
                      kvmm_domain_get_name (domain), error->message);
      return KVMM_EXIT_NO_AGENT;
    }
  if (session->json)
    print_json (domain);
  else
    print_text (domain);
  kvmm_guest_release (guest);
  return KVMM_EXIT_OK;
}

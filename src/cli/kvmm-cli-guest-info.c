/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "cli/kvmm-cli-session.h"
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
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

static void
add_bool (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_double (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  if (isnan (value))
    json_builder_add_null_value (builder);
  else
    json_builder_add_double_value (builder, value);
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
  add_string (builder, "os_id", system->os_id);
  add_string (builder, "os_name", system->os_name);
  add_string (builder, "os_version", system->os_version);
  add_string (builder, "os_pretty", system->os_pretty);
  add_string (builder, "kernel", system->kernel);
  add_string (builder, "arch", system->arch);
  add_string (builder, "hostname", system->hostname);
  add_string (builder, "boot_id", system->boot_id);
  add_string (builder, "timezone", system->timezone);
  add_string (builder, "virt", system->virt);
  add_int (builder, "boot_time", (guint64) system->boot_time_s);
  add_int (builder, "uptime_ms", kvmm_guest_get_uptime_ms (guest));
  add_int (builder, "cpus", system->cpus);
  add_int (builder, "memory_bytes", system->memory_bytes);
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
  add_int (builder, "time_ms", (guint64) metrics->time_ms);
  add_double (builder, "cpu_user", metrics->cpu_user);
  add_double (builder, "cpu_system", metrics->cpu_system);
  add_double (builder, "cpu_idle", metrics->cpu_idle);
  json_builder_set_member_name (builder, "load");
  json_builder_begin_array (builder);
  for (guint i = 0; i < G_N_ELEMENTS (metrics->load); i++)
    json_builder_add_double_value (builder, metrics->load[i]);
  json_builder_end_array (builder);
  add_int (builder, "memory_total_bytes", metrics->memory_total_bytes);
  add_int (builder, "memory_available_bytes", metrics->memory_available_bytes);
  add_int (builder, "swap_total_bytes", metrics->swap_total_bytes);
  add_int (builder, "swap_free_bytes", metrics->swap_free_bytes);
  if (metrics->has_psi)
    {
      add_double (builder, "psi_cpu", metrics->psi_cpu);
      add_double (builder, "psi_memory", metrics->psi_memory);
      add_double (builder, "psi_io", metrics->psi_io);
    }
  add_int (builder, "processes", metrics->processes);
  json_builder_end_object (builder);
}

static void
add_interface (JsonBuilder *builder, const KvmmGuestInterface *interface)
{
  json_builder_begin_object (builder);
  add_string (builder, "name", interface->name);
  add_string (builder, "mac", interface->mac);
  add_string (builder, "state", interface->state);
  add_string (builder, "kind", interface->kind);
  add_int (builder, "mtu", interface->mtu);
  add_bool (builder, "virtual", interface->is_virtual);
  add_int (builder, "rx_bytes", interface->rx_bytes);
  add_int (builder, "tx_bytes", interface->tx_bytes);
  json_builder_set_member_name (builder, "addresses");
  json_builder_begin_array (builder);
  for (guint i = 0; i < interface->addresses->len; i++)
    {
      const KvmmGuestAddress *address = g_ptr_array_index (interface->addresses, i);

      json_builder_begin_object (builder);
      add_string (builder, "ip", address->ip);
      add_int (builder, "prefix", address->prefix);
      add_string (builder, "scope", address->scope);
      add_bool (builder, "dynamic", address->is_dynamic);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_filesystem (JsonBuilder *builder, const KvmmGuestFilesystem *fs)
{
  json_builder_begin_object (builder);
  add_string (builder, "mount", fs->mount);
  add_string (builder, "device", fs->device);
  add_string (builder, "type", fs->type);
  add_int (builder, "total_bytes", fs->total_bytes);
  add_int (builder, "used_bytes", fs->used_bytes);
  add_int (builder, "available_bytes", fs->available_bytes);
  add_bool (builder, "read_only", fs->is_read_only);
  add_bool (builder, "stale", fs->is_stale);
  json_builder_end_object (builder);
}

static void
add_user (JsonBuilder *builder, const KvmmGuestUser *user)
{
  json_builder_begin_object (builder);
  add_string (builder, "user", user->user);
  add_string (builder, "terminal", user->terminal);
  add_string (builder, "remote_host", user->remote_host);
  add_int (builder, "login_time", (guint64) user->login_time_s);
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
state_word (KvmmGuest *guest)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (KVMM_TYPE_GUEST_STATE);
  const GEnumValue *value = g_enum_get_value (klass, (int) kvmm_guest_get_state (guest));

  return value != NULL ? value->value_nick : "unknown";
}

static const char *
source_word (KvmmGuest *guest)
{
  switch (kvmm_guest_get_source (guest))
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
print_json (KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  add_string (builder, "name", kvmm_domain_get_name (domain));
  add_string (builder, "uuid", kvmm_domain_get_uuid (domain));
  add_string (builder, "state", state_word (guest));
  add_string (builder, "detail", kvmm_guest_get_state_detail (guest));
  add_string (builder, "source", source_word (guest));
  add_string (builder, "agent_version", kvmm_guest_get_agent_version (guest));
  add_string (builder, "policy_error", kvmm_guest_get_policy_error (guest));
  add_string (builder, "address", kvmm_guest_get_address (guest));
  json_builder_set_member_name (builder, "round_trip_us");
  json_builder_add_int_value (builder, kvmm_guest_get_round_trip_us (guest));
  add_system (builder, guest);
  add_metrics (builder, kvmm_guest_get_metrics (guest));
  add_items (builder, "interfaces", kvmm_guest_get_interfaces (guest));
  add_items (builder, "filesystems", kvmm_guest_get_filesystems (guest));
  add_items (builder, "users", kvmm_guest_get_users (guest));
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, TRUE);
  g_print ("%s\n", text);
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
  if (!somebody_speaks (guest) &&
      (session->wait_s == 0 || !kvmm_cli_await (somebody_speaks, guest, (guint) session->wait_s)))
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

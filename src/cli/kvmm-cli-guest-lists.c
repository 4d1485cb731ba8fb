/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "agent/kvmm-agent-processes.h"
#include "cli/kvmm-cli-guest.h"
#include "model/kvmm-channel-lender.h"
#include "util/kvmm-units.h"

/* guest-ps, guest-services, guest-agents, guest-allow. */

/* ---- guest-ps ---- */

static const struct
{
  const char *word;
  KvmmAgentSort sort;
} sorts[] = {
  { "cpu", KVMM_AGENT_SORT_CPU },
  { "memory", KVMM_AGENT_SORT_MEMORY },
  { "pid", KVMM_AGENT_SORT_PID },
  { "name", KVMM_AGENT_SORT_NAME },
};

static gboolean
parse_sort (const char *word, KvmmAgentSort *sort)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sorts); i++)
    if (word == NULL || strcmp (word, sorts[i].word) == 0)
      {
        *sort = sorts[i].sort;
        return TRUE;
      }
  kvmm_cli_error (_ ("--sort takes cpu, memory, pid or name"));
  return FALSE;
}

static void
print_processes_json (GPtrArray *processes, const KvmmGuestListInfo *info)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  kvmm_cli_json_int (builder, "total", info->total);
  kvmm_cli_json_bool (builder, "truncated", info->is_truncated);
  json_builder_set_member_name (builder, "processes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < processes->len; i++)
    {
      const KvmmGuestProcess *process = g_ptr_array_index (processes, i);
      const char state[2] = { process->state, '\0' };

      json_builder_begin_object (builder);
      kvmm_cli_json_int (builder, "pid", process->pid);
      kvmm_cli_json_int (builder, "parent_pid", process->parent_pid);
      kvmm_cli_json_int (builder, "uid", process->uid);
      kvmm_cli_json_string (builder, "user", process->user);
      kvmm_cli_json_string (builder, "command", process->command);
      kvmm_cli_json_string (builder, "arguments", process->arguments);
      kvmm_cli_json_string (builder, "state", g_ascii_isalpha (state[0]) ? state : NULL);
      kvmm_cli_json_double (builder, "cpu", process->cpu);
      kvmm_cli_json_int (builder, "resident_bytes", process->resident_bytes);
      kvmm_cli_json_int (builder, "start_time", (guint64) process->start_time_s);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  kvmm_cli_json_print (builder);
}

static void
print_processes (GPtrArray *processes, const KvmmGuestListInfo *info)
{
  g_print ("%7s %-12s %6s %10s %s %s\n", _ ("PID"), _ ("USER"), _ ("CPU"), _ ("MEMORY"), _ ("S"),
           _ ("COMMAND"));
  for (guint i = 0; i < processes->len; i++)
    {
      const KvmmGuestProcess *process = g_ptr_array_index (processes, i);
      g_autofree char *memory = kvmm_units_bytes (process->resident_bytes);

      g_print ("%7u %-12s %5.1f%% %10s %c %s\n", process->pid,
               process->user != NULL ? process->user : "?", process->cpu * 100, memory,
               g_ascii_isalpha (process->state) ? process->state : '?',
               process->arguments != NULL && *process->arguments != '\0' ? process->arguments
                                                                         : process->command);
    }
  if (info->is_truncated)
    g_printerr (_ ("%u of %u processes\n"), processes->len, info->total);
}

int
kvmm_cli_guest_ps (KvmmCliSession *session)
{
  g_auto (KvmmCliGuest) guest = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) processes = NULL;
  KvmmGuestListInfo info = { 0 };
  KvmmAgentSort sort;
  KvmmExit code;

  if (!parse_sort (session->sort, &sort))
    return KVMM_EXIT_USAGE;
  code = kvmm_cli_guest_open (&guest, session, session->arguments[1]);
  if (code == KVMM_EXIT_OK)
    code = kvmm_cli_guest_check (&guest, KVMM_GUEST_GROUP_PROCS, "allow", FALSE);
  if (code != KVMM_EXIT_OK)
    return code;
  kvmm_agent_client_list_processes_async (guest.agent, sort, session->filter,
                                          session->show_arguments, 256, NULL, kvmm_cli_result_cb,
                                          &result);
  kvmm_cli_await_result (&result);
  processes = kvmm_agent_client_list_processes_finish (guest.agent, result, &info, &error);
  if (processes == NULL)
    return kvmm_cli_guest_failed (_ ("Could not list the processes"), error);
  if (session->json)
    print_processes_json (processes, &info);
  else
    print_processes (processes, &info);
  return KVMM_EXIT_OK;
}

/* ---- guest-services ---- */

static const char *
service_word (KvmmGuestServiceState state)
{
  switch (state)
    {
    case KVMM_GUEST_SERVICE_ACTIVE:
      return "active";
    case KVMM_GUEST_SERVICE_INACTIVE:
      return "inactive";
    case KVMM_GUEST_SERVICE_FAILED:
      return "failed";
    case KVMM_GUEST_SERVICE_CHANGING:
      return "changing";
    case KVMM_GUEST_SERVICE_UNKNOWN:
      break;
    }
  return "unknown";
}

static void
print_services_json (const char *manager, GPtrArray *services, const KvmmGuestListInfo *info)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  kvmm_cli_json_string (builder, "manager", manager);
  kvmm_cli_json_int (builder, "total", info->total);
  kvmm_cli_json_bool (builder, "truncated", info->is_truncated);
  json_builder_set_member_name (builder, "services");
  json_builder_begin_array (builder);
  for (guint i = 0; i < services->len; i++)
    {
      const KvmmGuestService *service = g_ptr_array_index (services, i);

      json_builder_begin_object (builder);
      kvmm_cli_json_string (builder, "name", service->name);
      kvmm_cli_json_string (builder, "description", service->description);
      kvmm_cli_json_string (builder, "state", service_word (service->state));
      kvmm_cli_json_string (builder, "sub_state", service->sub_state);
      kvmm_cli_json_string (builder, "enabled", service->enabled);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  kvmm_cli_json_print (builder);
}

static void
print_services (GPtrArray *services, const KvmmGuestListInfo *info)
{
  for (guint i = 0; i < services->len; i++)
    {
      const KvmmGuestService *service = g_ptr_array_index (services, i);

      g_print ("%-40s %-10s %-10s %s\n", service->name, service_word (service->state),
               service->enabled != NULL ? service->enabled : "",
               service->description != NULL ? service->description : "");
    }
  if (info->is_truncated)
    g_printerr (_ ("%u of %u services\n"), services->len, info->total);
}

int
kvmm_cli_guest_services (KvmmCliSession *session)
{
  g_auto (KvmmCliGuest) guest = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) services = NULL;
  g_autofree char *manager = NULL;
  KvmmGuestListInfo info = { 0 };
  KvmmExit code = kvmm_cli_guest_open (&guest, session, session->arguments[1]);

  if (code == KVMM_EXIT_OK)
    code = kvmm_cli_guest_check (&guest, KVMM_GUEST_GROUP_PROCS, "allow", FALSE);
  if (code != KVMM_EXIT_OK)
    return code;
  kvmm_agent_client_list_services_async (guest.agent, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  services = kvmm_agent_client_list_services_finish (guest.agent, result, &manager, &info, &error);
  if (services == NULL)
    return kvmm_cli_guest_failed (_ ("Could not list the services"), error);
  if (session->json)
    print_services_json (manager, services, &info);
  else
    print_services (services, &info);
  return KVMM_EXIT_OK;
}

/* ---- guest-agents ---- */

/* A machine whose port is closed stays "waiting": after this long nothing is expected of it. */
#define QUIET_US (3 * G_USEC_PER_SEC / 2)

typedef struct
{
  GPtrArray *domains; /* (owned) of KvmmDomain */
  gint64 begin_us;
} Agents;

static gboolean
is_settled (KvmmGuest *guest, gint64 begin_us)
{
  switch (kvmm_guest_get_state (guest))
    {
    case KVMM_GUEST_STATE_READY:
      return kvmm_guest_get_system (guest) != NULL;
    case KVMM_GUEST_STATE_CONNECTING:
      return FALSE;
    case KVMM_GUEST_STATE_WAITING:
      return g_get_monotonic_time () - begin_us > QUIET_US;
    case KVMM_GUEST_STATE_OFF:
    case KVMM_GUEST_STATE_NOT_SUPPORTED:
    case KVMM_GUEST_STATE_NO_CHANNEL:
    case KVMM_GUEST_STATE_NEEDS_POWER_OFF:
    case KVMM_GUEST_STATE_UNRESPONSIVE:
    case KVMM_GUEST_STATE_IN_USE:
    case KVMM_GUEST_STATE_INCOMPATIBLE:
    case KVMM_GUEST_STATE_BLOCKED:
      break;
    }
  return TRUE;
}

static gboolean
all_settled (gpointer data)
{
  Agents *agents = data;

  for (guint i = 0; i < agents->domains->len; i++)
    if (!is_settled (kvmm_domain_get_guest (agents->domains->pdata[i]), agents->begin_us))
      return FALSE;
  return TRUE;
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (kvmm_domain_get_name (*(KvmmDomain *const *) a),
                         kvmm_domain_get_name (*(KvmmDomain *const *) b));
}

static GPtrArray *
list_domains (GListModel *model)
{
  GPtrArray *domains = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    g_ptr_array_add (domains, g_list_model_get_item (model, i));
  g_ptr_array_sort (domains, compare_names);
  return domains;
}

/* The window of the same person holds the channels; it knows what there is to say. */
static KvmmChannelReport *
ask_holder (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_channel_describe_async (kvmm_connection_get_uri (kvmm_domain_get_connection (domain)),
                               kvmm_domain_get_uuid (domain), NULL, NULL, kvmm_cli_result_cb,
                               &result);
  kvmm_cli_await_result (&result);
  return kvmm_channel_describe_finish (result, NULL);
}

static KvmmChannelReport *
report_agent (KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  KvmmChannelReport *report = NULL;

  if (kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_IN_USE)
    report = ask_holder (domain);
  if (report != NULL)
    return report;
  report = g_new0 (KvmmChannelReport, 1);
  report->state = g_strdup (kvmm_cli_guest_state_word (guest));
  report->text = g_strdup (kvmm_guest_get_state_text (guest));
  report->detail = g_strdup (kvmm_guest_get_state_detail (guest));
  report->version = g_strdup (kvmm_guest_get_agent_version (guest));
  report->uptime_ms = kvmm_guest_get_uptime_ms (guest);
  return report;
}

static void
print_agents_json (GPtrArray *domains, GPtrArray *reports)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < domains->len; i++)
    {
      KvmmDomain *domain = domains->pdata[i];
      KvmmGuest *guest = kvmm_domain_get_guest (domain);
      const KvmmChannelReport *report = reports->pdata[i];

      json_builder_begin_object (builder);
      kvmm_cli_json_string (builder, "name", kvmm_domain_get_name (domain));
      kvmm_cli_json_string (builder, "uuid", kvmm_domain_get_uuid (domain));
      kvmm_cli_json_string (builder, "connection",
                            kvmm_connection_get_uri (kvmm_domain_get_connection (domain)));
      kvmm_cli_json_string (builder, "state", report->state);
      kvmm_cli_json_string (builder, "detail", report->detail);
      kvmm_cli_json_string (builder, "version", report->version);
      kvmm_cli_json_int (builder, "uptime_ms", report->uptime_ms);
      kvmm_cli_json_bool (builder, "control_allowed", kvmm_guest_get_control_allowed (guest));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  kvmm_cli_json_print (builder);
}

static void
print_agents (GPtrArray *domains, GPtrArray *reports, gboolean with_connection)
{
  for (guint i = 0; i < domains->len; i++)
    {
      KvmmDomain *domain = domains->pdata[i];
      const KvmmChannelReport *report = reports->pdata[i];
      g_autofree char *uptime =
          report->uptime_ms > 0 ? kvmm_units_duration (report->uptime_ms / 1000) : g_strdup ("");

      g_print ("%-32s %-18s %-10s %-16s", kvmm_domain_get_name (domain), report->text,
               report->version != NULL ? report->version : "", uptime);
      if (with_connection)
        g_print (" %s", kvmm_connection_get_uri (kvmm_domain_get_connection (domain)));
      g_print ("\n");
    }
}

int
kvmm_cli_guest_agents (KvmmCliSession *session)
{
  gboolean all_open = kvmm_cli_session_open (session);
  Agents agents = { .begin_us = g_get_monotonic_time () };
  g_autoptr (GPtrArray) reports =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_channel_report_free);
  guint tick;

  if (session->connections == NULL)
    return KVMM_EXIT_CONNECTION;
  agents.domains = list_domains (kvmm_connection_list_get_domains (session->connections));
  for (guint i = 0; i < agents.domains->len; i++)
    kvmm_guest_hold (kvmm_domain_get_guest (agents.domains->pdata[i]));
  tick = g_timeout_add (100, wake_cb, NULL);
  if (session->wait_s > 0)
    kvmm_cli_await (all_settled, &agents, (guint) session->wait_s);
  g_source_remove (tick);
  for (guint i = 0; i < agents.domains->len; i++)
    g_ptr_array_add (reports, report_agent (agents.domains->pdata[i]));
  if (session->json)
    print_agents_json (agents.domains, reports);
  else
    print_agents (agents.domains, reports,
                  g_list_model_get_n_items (G_LIST_MODEL (session->connections)) > 1);
  for (guint i = 0; i < agents.domains->len; i++)
    kvmm_guest_release (kvmm_domain_get_guest (agents.domains->pdata[i]));
  g_ptr_array_unref (agents.domains);
  return all_open ? KVMM_EXIT_OK : KVMM_EXIT_CONNECTION;
}

/* ---- guest-allow ---- */

static void
print_allowed (KvmmCliSession *session, KvmmDomain *domain, gboolean allowed)
{
  g_autoptr (JsonBuilder) builder = NULL;

  if (!session->json)
    {
      g_print ("%s\n", allowed ? "yes" : "no");
      return;
    }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  kvmm_cli_json_string (builder, "name", kvmm_domain_get_name (domain));
  kvmm_cli_json_bool (builder, "control_allowed", allowed);
  json_builder_end_object (builder);
  kvmm_cli_json_print (builder);
}

int
kvmm_cli_guest_allow (KvmmCliSession *session)
{
  const char *word = session->arguments[2];
  gboolean allowed = g_strcmp0 (word, "yes") == 0;
  KvmmDomain *domain = NULL;
  KvmmExit found;
  const char *uri;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (word != NULL && !allowed && strcmp (word, "no") != 0)
    {
      kvmm_cli_error (_ ("Say “yes” or “no”, or nothing to see what is set"));
      return KVMM_EXIT_USAGE;
    }
  found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  if (found != KVMM_EXIT_OK)
    return found;
  uri = kvmm_connection_get_uri (kvmm_domain_get_connection (domain));
  if (word != NULL)
    {
      kvmm_settings_set_guest_control_async (session->settings, uri, kvmm_domain_get_uuid (domain),
                                             allowed, NULL, kvmm_cli_result_cb, &result);
      kvmm_cli_await_result (&result);
      if (!kvmm_settings_set_guest_control_finish (session->settings, result, &error))
        {
          kvmm_cli_error (_ ("Could not store it: %s"), error->message);
          return KVMM_EXIT_FAILED;
        }
    }
  if (word == NULL || session->json)
    print_allowed (
        session, domain,
        kvmm_settings_get_guest_control (session->settings, uri, kvmm_domain_get_uuid (domain)));
  return KVMM_EXIT_OK;
}

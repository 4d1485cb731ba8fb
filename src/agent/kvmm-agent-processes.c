/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-processes.h"

#include "agent/kvmm-agent-call.h"
#include "protocol/kvma-names.h"

/* ---- processes ---- */

static gpointer
parse_processes (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_processes (result, error);
}

static const KvmmAgentCall list_processes = {
  .method = KVMA_METHOD_PROC_LIST,
  .parse = parse_processes,
  .free = (GDestroyNotify) kvmm_agent_listing_free,
};

static const char *
sort_word (KvmmAgentSort sort)
{
  switch (sort)
    {
    case KVMM_AGENT_SORT_MEMORY:
      return "memory";
    case KVMM_AGENT_SORT_PID:
      return "pid";
    case KVMM_AGENT_SORT_NAME:
      return "name";
    case KVMM_AGENT_SORT_CPU:
      break;
    }
  return "cpu";
}

void
kvmm_agent_client_list_processes_async (KvmmAgentClient *self,
                                        KvmmAgentSort sort,
                                        const char *filter,
                                        gboolean arguments,
                                        guint limit,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  params = json_object_new ();
  json_object_set_string_member (params, "sort", sort_word (sort));
  json_object_set_int_member (params, "limit", CLAMP (limit, 1, KVMA_LIST_ROWS_MAX));
  if (filter != NULL && filter[0] != '\0')
    json_object_set_string_member (params, "filter", filter);
  if (arguments)
    json_object_set_boolean_member (params, "args", TRUE);
  kvmm_agent_call_start (self, &list_processes, params, cancellable, callback, user_data);
}

GPtrArray *
kvmm_agent_client_list_processes_finish (KvmmAgentClient *self,
                                         GAsyncResult *result,
                                         KvmmGuestListInfo *info,
                                         GError **error)
{
  return kvmm_agent_call_finish_listing (self, &list_processes, result, info, NULL, error);
}

static const KvmmAgentCall signal_process = {
  .method = KVMA_METHOD_PROC_SIGNAL,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
};

void
kvmm_agent_client_signal_process_async (KvmmAgentClient *self,
                                        guint pid,
                                        gint64 start_time_s,
                                        const char *signal,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (signal != NULL);

  params = json_object_new ();
  json_object_set_int_member (params, "pid", pid);
  if (start_time_s > 0)
    json_object_set_int_member (params, "start", start_time_s);
  json_object_set_string_member (params, "signal", signal);
  kvmm_agent_call_start (self, &signal_process, params, cancellable, callback, user_data);
}

gboolean
kvmm_agent_client_signal_process_finish (KvmmAgentClient *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  return kvmm_agent_call_finish (self, &signal_process, result, NULL, error);
}

/* ---- services ---- */

static gpointer
parse_services (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_services (result, error);
}

static const KvmmAgentCall list_services = {
  .method = KVMA_METHOD_SVC_LIST,
  .patience = 3, /* the agent itself gives systemd 20 s */
  .parse = parse_services,
  .free = (GDestroyNotify) kvmm_agent_listing_free,
};

void
kvmm_agent_client_list_services_async (KvmmAgentClient *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  kvmm_agent_call_start (self, &list_services, NULL, cancellable, callback, user_data);
}

GPtrArray *
kvmm_agent_client_list_services_finish (KvmmAgentClient *self,
                                        GAsyncResult *result,
                                        char **manager,
                                        KvmmGuestListInfo *info,
                                        GError **error)
{
  return kvmm_agent_call_finish_listing (self, &list_services, result, info, manager, error);
}

/* ---- logs ---- */

typedef struct
{
  KvmmAgentStream *stream; /* (owned) */
  char *source;            /* (owned) (nullable) */
} Log;

static void
log_free (gpointer data)
{
  Log *log = data;

  g_clear_object (&log->stream);
  g_free (log->source);
  g_free (log);
}

static gpointer
parse_log (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_log (result, error);
}

static gpointer
take_log (KvmmAgentClient *self, gpointer parsed, gpointer data, GError **error)
{
  g_autoptr (KvmmAgentOpened) opened = parsed;
  KvmmAgentStream *stream = kvmm_agent_call_claim (self, KVMA_METHOD_LOG_TAIL, opened->stream,
                                                   KVMM_AGENT_FLOW_READS, error);
  Log *log;

  if (stream == NULL)
    return NULL;
  log = g_new0 (Log, 1);
  log->stream = stream;
  log->source = g_steal_pointer (&opened->source);
  return log;
}

static const KvmmAgentCall tail_log = {
  .method = KVMA_METHOD_LOG_TAIL,
  .parse = parse_log,
  .take = take_log,
  .free = log_free,
};

void
kvmm_agent_client_tail_log_async (KvmmAgentClient *self,
                                  gboolean kernel,
                                  const char *unit,
                                  guint lines,
                                  gboolean follow,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  params = json_object_new ();
  json_object_set_string_member (params, "source", kernel ? "kernel" : "system");
  if (unit != NULL && unit[0] != '\0')
    json_object_set_string_member (params, "unit", unit);
  json_object_set_int_member (params, "lines", MIN (lines, KVMA_LOG_LINES_MAX));
  json_object_set_boolean_member (params, "follow", follow);
  kvmm_agent_call_start (self, &tail_log, params, cancellable, callback, user_data);
}

KvmmAgentStream *
kvmm_agent_client_tail_log_finish (KvmmAgentClient *self,
                                   GAsyncResult *result,
                                   char **source,
                                   GError **error)
{
  KvmmAgentStream *stream;
  gpointer value;
  Log *log;

  if (!kvmm_agent_call_finish (self, &tail_log, result, &value, error))
    return NULL;
  log = value;
  stream = g_steal_pointer (&log->stream);
  if (source != NULL)
    *source = g_steal_pointer (&log->source);
  log_free (log);
  return stream;
}

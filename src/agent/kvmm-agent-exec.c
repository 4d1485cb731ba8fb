/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-exec.h"

#include "agent/kvmm-agent-call.h"
#include "protocol/kvma-names.h"

/* ---- named commands ---- */

static gpointer
parse_commands (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_commands (result, error);
}

static const KvmmAgentCall list_commands = {
  .method = KVMA_METHOD_EXEC_NAMED,
  .parse = parse_commands,
  .free = (GDestroyNotify) kvmm_agent_listing_free,
};

void
kvmm_agent_client_list_commands_async (KvmmAgentClient *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  kvmm_agent_call_start (self, &list_commands, NULL, cancellable, callback, user_data);
}

GPtrArray *
kvmm_agent_client_list_commands_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish_listing (self, &list_commands, result, NULL, NULL, error);
}

/* ---- jobs ---- */

void
kvmm_agent_job_free (KvmmAgentJob *self)
{
  g_clear_object (&self->stream);
  g_clear_object (&self->errors);
  g_free (self);
}

static gpointer
parse_job (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_job (result, error);
}

static gpointer
take_job (KvmmAgentClient *self, gpointer parsed, gpointer data, GError **error)
{
  g_autoptr (KvmmAgentOpened) opened = parsed;
  g_autoptr (KvmmAgentJob) job = g_new0 (KvmmAgentJob, 1);
  KvmmAgentFlowFlags flags = KVMM_AGENT_FLOW_CHANGES | KVMM_AGENT_FLOW_BULK;

  job->job = opened->job;
  job->pid = opened->pid;
  job->timeout_s = (opened->timeout_ms + 999) / 1000;
  job->stream =
      kvmm_agent_call_claim (self, KVMA_METHOD_EXEC_START, opened->stream,
                             flags | (GPOINTER_TO_INT (data) ? KVMM_AGENT_FLOW_WRITES : 0), error);
  if (job->stream == NULL)
    return NULL;
  if (opened->errors != 0)
    {
      job->errors =
          kvmm_agent_call_claim (self, KVMA_METHOD_EXEC_START, opened->errors, flags, error);
      if (job->errors == NULL)
        return NULL;
    }
  return g_steal_pointer (&job);
}

static const KvmmAgentCall start_command = {
  .method = KVMA_METHOD_EXEC_START,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .parse = parse_job,
  .take = take_job,
  .free = (GDestroyNotify) kvmm_agent_job_free,
};

static const KvmmAgentCall run_command = {
  .method = KVMA_METHOD_EXEC_RUN,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .parse = parse_job,
  .take = take_job,
  .free = (GDestroyNotify) kvmm_agent_job_free,
};

static void
set_strings (JsonObject *params, const char *name, const char *const *strings)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; strings != NULL && strings[i] != NULL; i++)
    json_array_add_string_element (array, strings[i]);
  json_object_set_array_member (params, name, array);
}

static void
set_environment (JsonObject *params, const char *const *environment)
{
  JsonObject *object = json_object_new ();

  for (guint i = 0; environment[i] != NULL; i++)
    {
      const char *equals = strchr (environment[i], '=');
      g_autofree char *name = NULL;

      if (equals == NULL || equals == environment[i])
        continue;
      name = g_strndup (environment[i], (gsize) (equals - environment[i]));
      json_object_set_string_member (object, name, equals + 1);
    }
  json_object_set_object_member (params, "env", object);
}

static JsonObject *
build_command_line (const KvmmAgentCommandLine *line)
{
  JsonObject *params = json_object_new ();

  if (line->command != NULL)
    json_object_set_string_member (params, "name", line->command);
  if (line->command == NULL)
    set_strings (params, "argv", line->argv);
  else if (line->argv != NULL && line->argv[0] != NULL)
    set_strings (params, "args", line->argv);
  if (line->command == NULL && line->environment != NULL)
    set_environment (params, line->environment);
  if (line->command == NULL && line->directory != NULL)
    json_object_set_string_member (params, "cwd", line->directory);
  if (line->command == NULL && line->user != NULL)
    json_object_set_string_member (params, "user", line->user);
  json_object_set_boolean_member (params, "stdin", line->wants_input);
  json_object_set_string_member (params, "stderr", line->merges_errors ? "merge" : "stream");
  if (line->timeout_s > 0)
    json_object_set_int_member (params, "timeout_ms",
                                MIN (line->timeout_s, KVMA_EXEC_TIMEOUT_LIMIT_MS / 1000) * 1000);
  json_object_set_boolean_member (params, "kill_on_disconnect", !line->survives_us);
  return params;
}

void
kvmm_agent_client_start_command_async (KvmmAgentClient *self,
                                       const KvmmAgentCommandLine *line,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (line != NULL);
  g_return_if_fail (line->command != NULL || (line->argv != NULL && line->argv[0] != NULL));

  kvmm_agent_call_start_full (self, line->command != NULL ? &run_command : &start_command,
                              build_command_line (line), 0, GINT_TO_POINTER (line->wants_input),
                              NULL, cancellable, callback, user_data);
}

KvmmAgentJob *
kvmm_agent_client_start_command_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  const KvmmAgentCall *call =
      g_async_result_is_tagged (result, (gpointer) &run_command) ? &run_command : &start_command;
  gpointer value = NULL;

  kvmm_agent_call_finish (self, call, result, &value, error);
  return value;
}

static const KvmmAgentCall signal_job = {
  .method = KVMA_METHOD_EXEC_SIGNAL,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
};

void
kvmm_agent_client_signal_job_async (KvmmAgentClient *self,
                                    gint64 job,
                                    const char *signal,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (signal != NULL);

  params = json_object_new ();
  json_object_set_int_member (params, "job", job);
  json_object_set_string_member (params, "signal", signal);
  kvmm_agent_call_start (self, &signal_job, params, cancellable, callback, user_data);
}

gboolean
kvmm_agent_client_signal_job_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish (self, &signal_job, result, NULL, error);
}

/* ---- terminals ---- */

void
kvmm_agent_terminal_free (KvmmAgentTerminal *self)
{
  g_clear_object (&self->stream);
  g_free (self);
}

static gpointer
parse_terminal (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_terminal (result, error);
}

static gpointer
take_terminal (KvmmAgentClient *self, gpointer parsed, gpointer data, GError **error)
{
  g_autoptr (KvmmAgentOpened) opened = parsed;
  g_autoptr (KvmmAgentTerminal) terminal = g_new0 (KvmmAgentTerminal, 1);

  terminal->pty = opened->job;
  terminal->stream = kvmm_agent_call_claim (self, KVMA_METHOD_PTY_OPEN, opened->stream,
                                            KVMM_AGENT_FLOW_WRITES, error);
  return terminal->stream != NULL ? g_steal_pointer (&terminal) : NULL;
}

static const KvmmAgentCall open_terminal = {
  .method = KVMA_METHOD_PTY_OPEN,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .parse = parse_terminal,
  .take = take_terminal,
  .free = (GDestroyNotify) kvmm_agent_terminal_free,
};

void
kvmm_agent_client_open_terminal_async (KvmmAgentClient *self,
                                       KvmmAgentTerminalMode mode,
                                       const char *user,
                                       guint columns,
                                       guint rows,
                                       const char *term,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  params = json_object_new ();
  json_object_set_string_member (params, "mode",
                                 mode == KVMM_AGENT_TERMINAL_SHELL ? "shell" : "login");
  if (user != NULL)
    json_object_set_string_member (params, "user", user);
  json_object_set_int_member (params, "cols", CLAMP (columns, 1, KVMA_PTY_SIZE_MAX));
  json_object_set_int_member (params, "rows", CLAMP (rows, 1, KVMA_PTY_SIZE_MAX));
  if (term != NULL)
    json_object_set_string_member (params, "term", term);
  kvmm_agent_call_start (self, &open_terminal, params, cancellable, callback, user_data);
}

KvmmAgentTerminal *
kvmm_agent_client_open_terminal_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  gpointer value = NULL;

  kvmm_agent_call_finish (self, &open_terminal, result, &value, error);
  return value;
}

/* A size that is told, or the newest that waits for the answer to the one before: dragging a window
 * must not fill the guest with requests, and the last size must arrive. */
typedef struct
{
  gint64 pty;
  guint columns;
  guint rows;
  gboolean is_stale; /* what was sent is not the newest */
} Resize;

static void send_resize (KvmmAgentClient *self, const Resize *resize);

typedef struct
{
  KvmmAgentClient *client; /* (unowned) outlives its requests */
  gint64 pty;
} ResizeSent;

static void
resize_done (JsonObject *result, const GError *error, gpointer user_data)
{
  g_autofree ResizeSent *sent = user_data;
  Resize *resize = g_hash_table_lookup (sent->client->resizes, &sent->pty);

  if (error != NULL)
    g_debug ("guest agent: %s: %s", KVMA_METHOD_PTY_RESIZE, error->message);
  if (resize == NULL)
    return;
  if (error != NULL || !resize->is_stale)
    {
      g_hash_table_remove (sent->client->resizes, &sent->pty);
      return;
    }
  resize->is_stale = FALSE;
  send_resize (sent->client, resize);
}

static void
send_resize (KvmmAgentClient *self, const Resize *resize)
{
  JsonObject *params = json_object_new ();
  ResizeSent *sent = g_new0 (ResizeSent, 1);

  json_object_set_int_member (params, "pty", resize->pty);
  json_object_set_int_member (params, "cols", resize->columns);
  json_object_set_int_member (params, "rows", resize->rows);
  sent->client = self;
  sent->pty = resize->pty;
  kvmm_agent_requests_send (self->requests, KVMA_METHOD_PTY_RESIZE, params,
                            KVMM_AGENT_REQUEST_READS, NULL, resize_done, sent);
}

void
kvmm_agent_client_resize_terminal (KvmmAgentClient *self, gint64 pty, guint columns, guint rows)
{
  Resize *resize;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  if (self->resizes == NULL)
    self->resizes = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  resize = g_hash_table_lookup (self->resizes, &pty);
  if (resize != NULL)
    {
      resize->columns = CLAMP (columns, 1, KVMA_PTY_SIZE_MAX);
      resize->rows = CLAMP (rows, 1, KVMA_PTY_SIZE_MAX);
      resize->is_stale = TRUE;
      return;
    }
  resize = g_new0 (Resize, 1);
  resize->pty = pty;
  resize->columns = CLAMP (columns, 1, KVMA_PTY_SIZE_MAX);
  resize->rows = CLAMP (rows, 1, KVMA_PTY_SIZE_MAX);
  g_hash_table_insert (self->resizes, &resize->pty, resize);
  send_resize (self, resize);
}

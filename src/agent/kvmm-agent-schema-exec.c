/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-schema.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-field.h"
#include "agent/kvmm-agent-request.h"
#include "protocol/kvma-limits.h"
#include "protocol/kvma-names.h"
#include "util/kvmm-guest-text.h"

/* The tables of PROTOCOL.md, sections 5.8, 5.9 and 4.9. */

#define INTEGER_MAX ((double) KVMA_JSON_INTEGER_MAX)
#define SHA256_DIGITS 64

void
kvmm_agent_opened_free (KvmmAgentOpened *self)
{
  g_free (self->source);
  g_free (self->token);
  g_free (self->path);
  g_free (self);
}

/* ---- named commands ---- */

static gboolean
is_command_name (const char *name)
{
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && strchr ("_-.$", *name) == NULL)
      return FALSE;
  return TRUE;
}

/* As somebody would type it; for reading only. */
static char *
describe_arguments (char **argv)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint i = 0; argv[i] != NULL; i++)
    {
      gboolean is_plain = argv[i][0] != '\0' && strpbrk (argv[i], " \t\"'\\$*?") == NULL;
      g_autofree char *quoted = is_plain ? g_strdup (argv[i]) : g_shell_quote (argv[i]);

      g_string_append_printf (line, "%s%s", i > 0 ? " " : "", quoted);
    }
  return kvmm_guest_text_sanitise (line->str, (gssize) line->len);
}

static gpointer
read_command (JsonObject *row, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestCommand, field)
  static const KvmmAgentField fields[] = {
    { "name", KVMM_AGENT_FIELD_TOKEN, TRUE, AT (name) },
    { "description", KVMM_AGENT_FIELD_TEXT, FALSE, AT (description) },
    { "args", KVMM_AGENT_FIELD_BOOL, FALSE, AT (takes_arguments) },
    { "run_as", KVMM_AGENT_FIELD_TEXT, FALSE, AT (run_as) },
    { "timeout_ms", KVMM_AGENT_FIELD_UINT, FALSE, AT (timeout_s), 0, KVMA_EXEC_TIMEOUT_LIMIT_MS },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestCommand) self = g_new0 (KvmmGuestCommand, 1);
  g_auto (GStrv) argv = NULL;

  if (!kvmm_agent_fields_read (row, KVMA_METHOD_EXEC_NAMED, fields, self, error))
    return NULL;
  if (!is_command_name (self->name))
    {
      kvmm_agent_fields_invalid (error, KVMA_METHOD_EXEC_NAMED, "name", "name of a command");
      return NULL;
    }
  argv = kvmm_agent_fields_read_strings (row, KVMA_METHOD_EXEC_NAMED, "argv", TRUE, KVMA_ARGV_MAX,
                                         KVMM_AGENT_FIELD_TEXT, 0, error);
  if (argv == NULL)
    return NULL;
  self->command_line = describe_arguments (argv);
  self->timeout_s = (self->timeout_s + 999) / 1000;
  if (self->run_as == NULL)
    self->run_as = g_strdup ("");
  return g_steal_pointer (&self);
}

KvmmAgentListing *
kvmm_agent_schema_commands (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_listing (result, KVMA_METHOD_EXEC_NAMED, "commands", read_command,
                                    (GDestroyNotify) kvmm_guest_command_free, error);
}

/* ---- jobs and terminals ---- */

KvmmAgentOpened *
kvmm_agent_schema_job (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentOpened, field)
  static const KvmmAgentField fields[] = {
    { "job", KVMM_AGENT_FIELD_INT64, TRUE, AT (job), 0, INTEGER_MAX },
    { "pid", KVMM_AGENT_FIELD_UINT, FALSE, AT (pid), 0, G_MAXINT },
    { "stream", KVMM_AGENT_FIELD_UINT, TRUE, AT (stream), 2, G_MAXUINT },
    { "stderr_stream", KVMM_AGENT_FIELD_UINT, FALSE, AT (errors), 2, G_MAXUINT },
    { "timeout_ms", KVMM_AGENT_FIELD_UINT, FALSE, AT (timeout_ms), 0, KVMA_EXEC_TIMEOUT_LIMIT_MS },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentOpened) self = g_new0 (KvmmAgentOpened, 1);

  return kvmm_agent_fields_read (result, "exec", fields, self, error) ? g_steal_pointer (&self)
                                                                      : NULL;
}

KvmmAgentOpened *
kvmm_agent_schema_terminal (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentOpened, field)
  static const KvmmAgentField fields[] = {
    { "pty", KVMM_AGENT_FIELD_INT64, TRUE, AT (job), 0, INTEGER_MAX },
    { "pid", KVMM_AGENT_FIELD_UINT, FALSE, AT (pid), 0, G_MAXINT },
    { "stream", KVMM_AGENT_FIELD_UINT, TRUE, AT (stream), 2, G_MAXUINT },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentOpened) self = g_new0 (KvmmAgentOpened, 1);

  return kvmm_agent_fields_read (result, KVMA_METHOD_PTY_OPEN, fields, self, error)
             ? g_steal_pointer (&self)
             : NULL;
}

/* ---- CLOSE ---- */

static KvmmGuestExit *
read_exit (JsonObject *object, GError **error)
{
  typedef struct
  {
    gint64 code;
    KvmmGuestExit exit;
  } Ending;
#define AT(field) G_STRUCT_OFFSET (Ending, field)
  static const KvmmAgentField fields[] = {
    { "code", KVMM_AGENT_FIELD_INT64, FALSE, AT (code), 0, 255 },
    { "signal", KVMM_AGENT_FIELD_TEXT, FALSE, AT (exit.signal) },
    { "cpu_ms", KVMM_AGENT_FIELD_UINT64, FALSE, AT (exit.cpu_ms), 0, INTEGER_MAX },
    { "max_rss_kb", KVMM_AGENT_FIELD_UINT64, FALSE, AT (exit.max_resident_bytes), 0, INTEGER_MAX },
    { "timed_out", KVMM_AGENT_FIELD_BOOL, FALSE, AT (exit.is_timed_out) },
    { NULL },
  };
#undef AT
  Ending ending = { .code = -1 };

  if (!kvmm_agent_fields_read (object, "exit", fields, &ending, error))
    {
      g_free (ending.exit.signal);
      return NULL;
    }
  if ((ending.code < 0) == (ending.exit.signal == NULL))
    {
      g_free (ending.exit.signal);
      kvmm_agent_fields_invalid (error, "exit", "code", "code or signal");
      return NULL;
    }
  ending.exit.code = (int) ending.code;
  ending.exit.max_resident_bytes *= 1024;
  return g_memdup2 (&ending.exit, sizeof ending.exit);
}

static gboolean
is_sha256 (const char *text)
{
  for (guint i = 0; i < SHA256_DIGITS; i++)
    if (!g_ascii_isdigit (text[i]) && !(text[i] >= 'a' && text[i] <= 'f'))
      return FALSE;
  return text[SHA256_DIGITS] == '\0';
}

typedef struct
{
  gint64 code;
  char *message;
  char *system_error;
  KvmmAgentStreamEnd end;
} Closing;

static gboolean
read_closing (JsonObject *body, Closing *self, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (Closing, field)
  static const KvmmAgentField fields[] = {
    { "code", KVMM_AGENT_FIELD_INT64, TRUE, AT (code), -INTEGER_MAX, INTEGER_MAX },
    { "message", KVMM_AGENT_FIELD_TEXT, FALSE, AT (message) },
    { "errno", KVMM_AGENT_FIELD_TOKEN, FALSE, AT (system_error) },
    { "bytes", KVMM_AGENT_FIELD_UINT64, FALSE, AT (end.bytes), 0, INTEGER_MAX },
    { "sha256", KVMM_AGENT_FIELD_TOKEN, FALSE, AT (end.sha256) },
    { NULL },
  };
#undef AT
  JsonNode *exit = json_object_get_member (body, "exit");

  if (!kvmm_agent_fields_read (body, "CLOSE", fields, self, error))
    return FALSE;
  if (self->end.sha256 != NULL && !is_sha256 (self->end.sha256))
    return kvmm_agent_fields_invalid (error, "CLOSE", "sha256", "64 hexadecimal digits");
  if (exit == NULL || JSON_NODE_HOLDS_NULL (exit))
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (exit))
    return kvmm_agent_fields_invalid (error, "CLOSE", "exit", "object");
  self->end.exit = read_exit (json_node_get_object (exit), error);
  return self->end.exit != NULL;
}

static void
set_guest_error (const Closing *closing, GError **error)
{
  const char *message = closing->message != NULL && closing->message[0] != '\0'
                            ? closing->message
                            : _ ("no reason was given");
  KvmmAgentError code = kvmm_agent_requests_map_code (closing->code);

  if (closing->code == KVMA_ERROR_CANCELLED)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("The guest agent stopped it: %s"),
                 message);
  else if (closing->system_error != NULL)
    g_set_error (error, KVMM_AGENT_ERROR, code, _ ("The guest agent stopped: %s (%s)"), message,
                 closing->system_error);
  else
    g_set_error (error, KVMM_AGENT_ERROR, code, _ ("The guest agent stopped: %s"), message);
}

KvmmAgentStreamEnd *
kvmm_agent_schema_stream_end (JsonObject *body, GError **error)
{
  Closing closing = { 0 };
  KvmmAgentStreamEnd *end = NULL;

  if (read_closing (body, &closing, error))
    {
      if (closing.code != 0)
        set_guest_error (&closing, error);
      else
        {
          end = g_memdup2 (&closing.end, sizeof closing.end);
          closing.end.exit = NULL;
          closing.end.sha256 = NULL;
        }
    }
  g_free (closing.message);
  g_free (closing.system_error);
  g_free (closing.end.sha256);
  kvmm_guest_exit_free (closing.end.exit);
  return end;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-qga.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-schema.h"
#include "protocol/kvma-limits.h"
#include "util/kvmm-guest-output.h"

/* Of the output; no string of an answer is longer. */
#define MAX_OUTPUT_BYTES (KVMA_JSON_STRING_MAX)

/* (transfer full) @arguments. Returns: (transfer full): {"execute": @name, "arguments": …} */
static char *
build (const char *name, JsonObject *arguments)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "execute", name);
  json_object_set_object_member (object, "arguments", arguments);
  json_node_take_object (root, object);
  return json_to_string (root, FALSE);
}

char *
kvmm_agent_qga_build_exec (const char *script)
{
  g_return_val_if_fail (script != NULL, NULL);

  JsonObject *arguments = json_object_new ();
  JsonArray *words = json_array_new ();
  JsonArray *environment = json_array_new ();
  json_array_add_string_element (words, "-c");
  json_array_add_string_element (words, script);
  /* Its own may lack the folders of administrators' programs. */
  json_array_add_string_element (
      environment, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  json_object_set_string_member (arguments, "path", "/bin/sh");
  json_object_set_array_member (arguments, "arg", words);
  json_object_set_array_member (arguments, "env", environment);
  json_object_set_boolean_member (arguments, "capture-output", TRUE);
  return build ("guest-exec", arguments);
}

char *
kvmm_agent_qga_build_status (gint64 pid)
{
  JsonObject *arguments = json_object_new ();

  json_object_set_int_member (arguments, "pid", pid);
  return build ("guest-exec-status", arguments);
}

static void
set_invalid (GError **error)
{
  g_set_error_literal (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY,
                       _ ("The QEMU guest agent sent an answer that means nothing."));
}

/* Returns: (transfer full): what "return" holds, %NULL with @error */
static JsonObject *
read_return (const char *reply, GError **error)
{
  g_autoptr (JsonObject) object = kvmm_agent_schema_parse (reply, strlen (reply), error);
  JsonNode *value = object != NULL ? json_object_get_member (object, "return") : NULL;

  if (value != NULL && JSON_NODE_HOLDS_OBJECT (value))
    return json_object_ref (json_node_get_object (value));
  if (object != NULL)
    set_invalid (error);
  return NULL;
}

/* Returns: whether the member is there and an integer from @min to @max */
static gboolean
get_integer (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 *value)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return *value >= min && *value <= max;
}

gboolean
kvmm_agent_qga_parse_exec (const char *reply, gint64 *pid, GError **error)
{
  g_return_val_if_fail (reply != NULL && pid != NULL, FALSE);

  g_autoptr (JsonObject) object = read_return (reply, error);
  gint64 value;
  if (object == NULL)
    return FALSE;
  if (!get_integer (object, "pid", 1, G_MAXINT64, &value))
    {
      set_invalid (error);
      return FALSE;
    }
  *pid = value;
  return TRUE;
}

void
kvmm_agent_qga_status_clear (KvmmAgentQgaStatus *self)
{
  g_clear_pointer (&self->output, g_free);
}

/* Appends what the member, in base64, shows. Returns: %FALSE when it is something else */
static gboolean
append_output (JsonObject *object, const char *name, GString *text)
{
  JsonNode *node = json_object_get_member (object, name);
  gsize length = 0;

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return FALSE;
  g_autofree guchar *bytes = g_base64_decode (json_node_get_string (node), &length);
  g_autoptr (KvmmGuestOutput) output = kvmm_guest_output_new ();
  kvmm_guest_output_push (output, bytes, MIN (length, MAX_OUTPUT_BYTES), text);
  kvmm_guest_output_end (output, text);
  return TRUE;
}

gboolean
kvmm_agent_qga_parse_status (const char *reply, KvmmAgentQgaStatus *status, GError **error)
{
  g_return_val_if_fail (reply != NULL && status != NULL, FALSE);

  g_autoptr (JsonObject) object = read_return (reply, error);
  if (object == NULL)
    return FALSE;

  JsonNode *exited = json_object_get_member (object, "exited");
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 code = 0, signal_number = 0;
  if (exited == NULL || !JSON_NODE_HOLDS_VALUE (exited) ||
      json_node_get_value_type (exited) != G_TYPE_BOOLEAN ||
      !append_output (object, "out-data", text) || !append_output (object, "err-data", text) ||
      (json_object_has_member (object, "exitcode") &&
       !get_integer (object, "exitcode", G_MININT32, G_MAXINT32, &code)) ||
      (json_object_has_member (object, "signal") &&
       !get_integer (object, "signal", 0, 127, &signal_number)))
    {
      set_invalid (error);
      return FALSE;
    }
  status->has_exited = json_node_get_boolean (exited);
  status->exit_code = signal_number != 0 ? 128 + (int) signal_number : (int) code;
  status->output = g_strdup (text->str);
  return TRUE;
}

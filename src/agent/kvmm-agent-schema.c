/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-schema.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-field.h"
#include "protocol/kvma-json.h"
#include "protocol/kvma-limits.h"
#include "protocol/kvma-names.h"

#define INTEGER_MAX ((double) KVMA_JSON_INTEGER_MAX)

JsonObject *
kvmm_agent_schema_parse (const void *body, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) parse_error = NULL;
  KvmaJsonError fault = kvma_json_check (body, length, NULL);

  /* json-glib 1.6 overflows its stack on deep input, so nothing reaches it unchecked. */
  if (fault != KVMA_JSON_OK)
    {
      g_set_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY,
                   _ ("The guest agent sent unreadable JSON: %s"), kvma_json_error_text (fault));
      return NULL;
    }
  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, body, (gssize) length, &parse_error) ||
      !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    {
      g_set_error_literal (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY,
                           _ ("The guest agent sent unreadable JSON"));
      return NULL;
    }
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

/* ---- the handshake ---- */

void
kvmm_agent_announce_free (KvmmAgentAnnounce *self)
{
  g_free (self->instance);
  g_free (self);
}

static gboolean
read_protocols (JsonObject *body,
                const char *where,
                gboolean is_required,
                gboolean *has_common,
                gint64 *newest,
                GError **error)
{
  JsonArray *protocols;

  if (!kvmm_agent_fields_get_array (body, where, "protos", is_required, KVMM_AGENT_MAX_PROTOCOLS,
                                    &protocols, error))
    return FALSE;
  for (guint i = 0; protocols != NULL && i < json_array_get_length (protocols); i++)
    {
      JsonNode *node = json_array_get_element (protocols, i);

      if (json_node_get_value_type (node) != G_TYPE_INT64)
        return kvmm_agent_fields_invalid (error, where, "protos", "integer");
      *newest = MAX (*newest, json_node_get_int (node));
      if (json_node_get_int (node) == KVMA_PROTOCOL_VERSION)
        *has_common = TRUE;
    }
  return TRUE;
}

KvmmAgentAnnounce *
kvmm_agent_schema_announce (JsonObject *body, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "instance", KVMM_AGENT_FIELD_TOKEN, TRUE, G_STRUCT_OFFSET (KvmmAgentAnnounce, instance) },
    { NULL },
  };
  g_autoptr (KvmmAgentAnnounce) self = g_new0 (KvmmAgentAnnounce, 1);

  if (!kvmm_agent_fields_read (body, "announce", fields, self, error) ||
      !read_protocols (body, "announce", TRUE, &self->has_common_protocol, &self->newest_protocol,
                       error))
    return NULL;
  return g_steal_pointer (&self);
}

void
kvmm_agent_welcome_free (KvmmAgentWelcome *self)
{
  g_free (self->nonce);
  g_free (self->session);
  g_free (self->instance);
  g_free (self->boot_id);
  g_free (self->version);
  g_free (self->policy_error);
  g_hash_table_unref (self->capabilities);
  g_hash_table_unref (self->policy);
  g_free (self);
}

static gboolean
read_capabilities (JsonObject *body, GHashTable *set, GError **error)
{
  JsonArray *names;

  if (!kvmm_agent_fields_get_array (body, "welcome", "caps", TRUE, KVMM_AGENT_MAX_CAPABILITIES,
                                    &names, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (names); i++)
    {
      JsonNode *node = json_array_get_element (names, i);
      const char *name;

      if (json_node_get_value_type (node) != G_TYPE_STRING)
        return kvmm_agent_fields_invalid (error, "welcome", "caps", "text");
      name = json_node_get_string (node);
      /* Ours are short: what is longer is unknown, and unknown ones are ignored. */
      if (strlen (name) <= KVMM_AGENT_TOKEN_MAX)
        g_hash_table_add (set, g_strdup (name));
    }
  return TRUE;
}

/* Groups and words of this revision; one of a newer agent is ignored, and so is denied. */
static gboolean
read_policy (JsonObject *body, GHashTable *policy, GError **error)
{
  static const char *const groups[] = {
    KVMA_GROUP_CORE,       KVMA_GROUP_INFO,    KVMA_GROUP_PROCS,    KVMA_GROUP_LOGS,
    KVMA_GROUP_POWER,      KVMA_GROUP_SUSPEND, KVMA_GROUP_TIME,     KVMA_GROUP_MAINT,
    KVMA_GROUP_FREEZE,     KVMA_GROUP_EXEC,    KVMA_GROUP_PTY,      KVMA_GROUP_FILE_READ,
    KVMA_GROUP_FILE_WRITE, KVMA_GROUP_INBOX,   KVMA_GROUP_ACCOUNTS,
  };
  static const char *const words[] = { "deny",  "allow", "named",  "any",
                                       "login", "shell", "manage", NULL };
  JsonNode *node = json_object_get_member (body, "policy");

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return kvmm_agent_fields_invalid (error, "welcome", "policy", "object");
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      const KvmmAgentField fields[] = {
        { groups[i], KVMM_AGENT_FIELD_TOKEN, FALSE, 0 },
        { NULL },
      };
      g_autofree char *word = NULL;

      if (!kvmm_agent_fields_read (json_node_get_object (node), "welcome", fields, &word, error))
        return FALSE;
      if (word != NULL && g_strv_contains (words, word))
        g_hash_table_insert (policy, g_strdup (groups[i]), g_steal_pointer (&word));
    }
  return TRUE;
}

KvmmAgentWelcome *
kvmm_agent_schema_welcome (JsonObject *body, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentWelcome, field)
  static const KvmmAgentField fields[] = {
    { "nonce", KVMM_AGENT_FIELD_TOKEN, TRUE, AT (nonce) },
    { "session", KVMM_AGENT_FIELD_TOKEN, TRUE, AT (session) },
    { "proto", KVMM_AGENT_FIELD_INT64, TRUE, AT (protocol), 0, INTEGER_MAX },
    { "instance", KVMM_AGENT_FIELD_TOKEN, TRUE, AT (instance) },
    { "boot_id", KVMM_AGENT_FIELD_TEXT, FALSE, AT (boot_id) },
    { "version", KVMM_AGENT_FIELD_TEXT, TRUE, AT (version) },
    { "policy_error", KVMM_AGENT_FIELD_TEXT, FALSE, AT (policy_error) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentWelcome) self = g_new0 (KvmmAgentWelcome, 1);

  self->capabilities = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->policy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!kvmm_agent_fields_read (body, "welcome", fields, self, error) ||
      !read_capabilities (body, self->capabilities, error) ||
      !read_policy (body, self->policy, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
kvmm_agent_bye_free (KvmmAgentBye *self)
{
  g_free (self->reason);
  g_free (self->nonce);
  g_free (self);
}

KvmmAgentBye *
kvmm_agent_schema_bye (JsonObject *body, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "reason", KVMM_AGENT_FIELD_TOKEN, TRUE, G_STRUCT_OFFSET (KvmmAgentBye, reason) },
    { "nonce", KVMM_AGENT_FIELD_TOKEN, FALSE, G_STRUCT_OFFSET (KvmmAgentBye, nonce) },
    { NULL },
  };
  g_autoptr (KvmmAgentBye) self = g_new0 (KvmmAgentBye, 1);
  gboolean has_common = FALSE;

  if (!kvmm_agent_fields_read (body, "bye", fields, self, error) ||
      !read_protocols (body, "bye", FALSE, &has_common, &self->newest_protocol, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* ---- JSON-RPC ---- */

gboolean
kvmm_agent_schema_reply_id (JsonObject *reply, gint64 *id)
{
  JsonNode *node = json_object_get_member (reply, "id");

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *id = json_node_get_int (node);
  return TRUE;
}

JsonObject *
kvmm_agent_schema_result (JsonObject *reply, GError **error)
{
  JsonNode *node = json_object_get_member (reply, "result");

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  kvmm_agent_fields_invalid (error, "reply", "result", "object");
  return NULL;
}

gboolean
kvmm_agent_schema_error (
    JsonObject *reply, gint64 *code, char **message, char **hint, GError **error)
{
  typedef struct
  {
    gint64 code;
    char *message;
    char *hint;
  } Fault;
  static const KvmmAgentField data[] = {
    { "hint", KVMM_AGENT_FIELD_TEXT, FALSE, G_STRUCT_OFFSET (Fault, hint) },
    { NULL },
  };
  static const KvmmAgentField inner[] = {
    { "code", KVMM_AGENT_FIELD_INT64, TRUE, G_STRUCT_OFFSET (Fault, code), -INTEGER_MAX,
      INTEGER_MAX },
    { "message", KVMM_AGENT_FIELD_TEXT, TRUE, G_STRUCT_OFFSET (Fault, message) },
    { "data", KVMM_AGENT_FIELD_OBJECT, FALSE, 0, 0, 0, data },
    { NULL },
  };
  static const KvmmAgentField outer[] = {
    { "error", KVMM_AGENT_FIELD_OBJECT, TRUE, 0, 0, 0, inner },
    { NULL },
  };
  Fault fault = { 0 };

  if (!kvmm_agent_fields_read (reply, "reply", outer, &fault, error))
    {
      g_free (fault.message);
      g_free (fault.hint);
      return FALSE;
    }
  *code = fault.code;
  *message = fault.message;
  *hint = fault.hint;
  return TRUE;
}

JsonObject *
kvmm_agent_schema_event (JsonObject *body, const char **method, GError **error)
{
  JsonNode *name = json_object_get_member (body, "method");
  JsonNode *params = json_object_get_member (body, "params");

  if (name == NULL || json_node_get_value_type (name) != G_TYPE_STRING)
    {
      kvmm_agent_fields_invalid (error, "event", "method", "text");
      return NULL;
    }
  if (params == NULL || !JSON_NODE_HOLDS_OBJECT (params))
    {
      kvmm_agent_fields_invalid (error, "event", "params", "object");
      return NULL;
    }
  *method = json_node_get_string (name);
  return json_node_get_object (params);
}

void
kvmm_agent_notice_free (KvmmAgentNotice *self)
{
  g_free (self->mode);
  g_free (self->message);
  g_free (self->policy_error);
  g_free (self);
}

KvmmAgentNotice *
kvmm_agent_schema_notice (JsonObject *params, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentNotice, field)
  static const KvmmAgentField fields[] = {
    { "delta_ms", KVMM_AGENT_FIELD_INT64, FALSE, AT (delta_ms), -INTEGER_MAX, INTEGER_MAX },
    { "mode", KVMM_AGENT_FIELD_TEXT, FALSE, AT (mode) },
    { "message", KVMM_AGENT_FIELD_TEXT, FALSE, AT (message) },
    { "policy_error", KVMM_AGENT_FIELD_TEXT, FALSE, AT (policy_error) },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentNotice) self = g_new0 (KvmmAgentNotice, 1);

  return kvmm_agent_fields_read (params, "event", fields, self, error) ? g_steal_pointer (&self)
                                                                       : NULL;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-field.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "agent/kvmm-agent-client.h"
#include "protocol/kvma-limits.h"
#include "util/kvmm-guest-text.h"

gboolean
kvmm_agent_fields_invalid (GError **error, const char *where, const char *name, const char *what)
{
  g_set_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY,
               _ ("The guest agent sent “%s” without a valid “%s” (%s)"), where, name, what);
  return FALSE;
}

static gboolean
is_of_type (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

static gboolean
read_token (JsonNode *node, char **target)
{
  const char *text = json_node_get_string (node);
  gsize length = strlen (text);

  if (length == 0 || length > KVMM_AGENT_TOKEN_MAX)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  g_free (*target);
  *target = g_strdup (text);
  return TRUE;
}

static gboolean
is_component (const char *text, gsize length)
{
  if (length == 0 || length > KVMA_FILE_NAME_MAX || memchr (text, '/', length) != NULL)
    return FALSE;
  return !(length == 1 && text[0] == '.') && !(length == 2 && text[0] == '.' && text[1] == '.');
}

static gboolean
is_path (const char *text)
{
  if (text[0] != '/' || strlen (text) > KVMA_FILE_PATH_MAX)
    return FALSE;
  if (text[1] == '\0')
    return TRUE;
  while (*text == '/')
    {
      gsize length = strcspn (++text, "/");

      if (!is_component (text, length))
        return FALSE;
      text += length;
    }
  return TRUE;
}

static gboolean
has_control (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      return TRUE;
  return FALSE;
}

/* The scanner has seen that it is UTF-8 without a 0 byte inside. */
static gboolean
read_exact (const char *text, const KvmmAgentField *field, char **target)
{
  if (field->type == KVMM_AGENT_FIELD_NAME && !is_component (text, strlen (text)))
    return FALSE;
  if (field->type == KVMM_AGENT_FIELD_PATH && !is_path (text))
    return FALSE;
  if (field->type == KVMM_AGENT_FIELD_EXACT &&
      ((double) strlen (text) > field->max || has_control (text)))
    return FALSE;
  g_free (*target);
  *target = g_strdup (text);
  return TRUE;
}

static gboolean
read_text (JsonNode *node, const KvmmAgentField *field, char **target)
{
  if (!is_of_type (node, G_TYPE_STRING))
    return FALSE;
  if (field->type == KVMM_AGENT_FIELD_TOKEN)
    return read_token (node, target);
  if (field->type != KVMM_AGENT_FIELD_TEXT)
    return read_exact (json_node_get_string (node), field, target);
  g_free (*target);
  *target = kvmm_guest_text_sanitise (json_node_get_string (node), -1);
  return TRUE;
}

static gboolean
read_integer (JsonNode *node, const KvmmAgentField *field, gpointer target)
{
  gint64 value;

  if (!is_of_type (node, G_TYPE_INT64))
    return FALSE;
  value = json_node_get_int (node);
  if ((double) value < field->min || (double) value > field->max)
    return FALSE;
  if (field->type == KVMM_AGENT_FIELD_UINT)
    *(guint *) target = (guint) value;
  else if (field->type == KVMM_AGENT_FIELD_UINT64)
    *(guint64 *) target = (guint64) value;
  else
    *(gint64 *) target = value;
  return TRUE;
}

static gboolean
read_double (JsonNode *node, const KvmmAgentField *field, double *target)
{
  double value;

  if (is_of_type (node, G_TYPE_DOUBLE))
    value = json_node_get_double (node);
  else if (is_of_type (node, G_TYPE_INT64))
    value = (double) json_node_get_int (node);
  else
    return FALSE;
  if (!isfinite (value) || value < field->min || value > field->max)
    return FALSE;
  *target = value;
  return TRUE;
}

static gboolean
read_boolean (JsonNode *node, gboolean *target)
{
  if (!is_of_type (node, G_TYPE_BOOLEAN))
    return FALSE;
  *target = json_node_get_boolean (node);
  return TRUE;
}

static const char *
describe (KvmmAgentFieldType type)
{
  switch (type)
    {
    case KVMM_AGENT_FIELD_TEXT:
      return "text";
    case KVMM_AGENT_FIELD_TOKEN:
      return "short word";
    case KVMM_AGENT_FIELD_EXACT:
      return "text of one line";
    case KVMM_AGENT_FIELD_NAME:
      return "file name";
    case KVMM_AGENT_FIELD_PATH:
      return "absolute path";
    case KVMM_AGENT_FIELD_UINT:
    case KVMM_AGENT_FIELD_UINT64:
    case KVMM_AGENT_FIELD_INT64:
      return "integer in range";
    case KVMM_AGENT_FIELD_DOUBLE:
      return "number in range";
    case KVMM_AGENT_FIELD_BOOL:
      return "true or false";
    case KVMM_AGENT_FIELD_OBJECT:
      return "object";
    }
  return "";
}

static gboolean
read_field (
    JsonNode *node, const char *where, const KvmmAgentField *field, gpointer target, GError **error)
{
  gpointer at = (guint8 *) target + field->offset;
  gboolean valid = FALSE;

  switch (field->type)
    {
    case KVMM_AGENT_FIELD_TEXT:
    case KVMM_AGENT_FIELD_TOKEN:
    case KVMM_AGENT_FIELD_EXACT:
    case KVMM_AGENT_FIELD_NAME:
    case KVMM_AGENT_FIELD_PATH:
      valid = read_text (node, field, at);
      break;
    case KVMM_AGENT_FIELD_UINT:
    case KVMM_AGENT_FIELD_UINT64:
    case KVMM_AGENT_FIELD_INT64:
      valid = read_integer (node, field, at);
      break;
    case KVMM_AGENT_FIELD_DOUBLE:
      valid = read_double (node, field, at);
      break;
    case KVMM_AGENT_FIELD_BOOL:
      valid = read_boolean (node, at);
      break;
    case KVMM_AGENT_FIELD_OBJECT:
      if (!JSON_NODE_HOLDS_OBJECT (node))
        break;
      return kvmm_agent_fields_read (json_node_get_object (node), where, field->fields, target,
                                     error);
    }
  return valid || kvmm_agent_fields_invalid (error, where, field->name, describe (field->type));
}

static JsonNode *
get_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

gboolean
kvmm_agent_fields_read (JsonObject *object,
                        const char *where,
                        const KvmmAgentField *fields,
                        gpointer target,
                        GError **error)
{
  for (const KvmmAgentField *field = fields; field->name != NULL; field++)
    {
      JsonNode *node = get_member (object, field->name);

      if (node == NULL && field->is_required)
        return kvmm_agent_fields_invalid (error, where, field->name, "missing");
      if (node != NULL && !read_field (node, where, field, target, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
kvmm_agent_fields_get_array (JsonObject *object,
                             const char *where,
                             const char *name,
                             gboolean is_required,
                             guint max,
                             JsonArray **array,
                             GError **error)
{
  JsonNode *node = get_member (object, name);

  *array = NULL;
  if (node == NULL)
    return !is_required || kvmm_agent_fields_invalid (error, where, name, "missing");
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return kvmm_agent_fields_invalid (error, where, name, "list");
  if (json_array_get_length (json_node_get_array (node)) > max)
    return kvmm_agent_fields_invalid (error, where, name, "too long");
  *array = json_node_get_array (node);
  return TRUE;
}

JsonObject *
kvmm_agent_fields_get_row (JsonArray *array, const char *where, guint index, GError **error)
{
  JsonNode *node = json_array_get_element (array, index);

  if (JSON_NODE_HOLDS_OBJECT (node))
    return json_node_get_object (node);
  kvmm_agent_fields_invalid (error, where, "row", "object");
  return NULL;
}

GPtrArray *
kvmm_agent_fields_read_rows (JsonObject *object,
                             const char *where,
                             const char *name,
                             gboolean is_required,
                             guint max,
                             KvmmAgentRowFunc read_row,
                             GDestroyNotify free_row,
                             GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (free_row);
  JsonArray *array;

  if (!kvmm_agent_fields_get_array (object, where, name, is_required, max, &array, error))
    return NULL;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonObject *object_row = kvmm_agent_fields_get_row (array, where, i, error);
      gpointer row = object_row != NULL ? read_row (object_row, error) : NULL;

      if (row == NULL)
        return NULL;
      g_ptr_array_add (rows, row);
    }
  return g_steal_pointer (&rows);
}

char **
kvmm_agent_fields_read_strings (JsonObject *object,
                                const char *where,
                                const char *name,
                                gboolean is_required,
                                guint max,
                                KvmmAgentFieldType type,
                                gsize max_bytes,
                                GError **error)
{
  const KvmmAgentField field = { name, type, TRUE, 0, 0, (double) max_bytes };
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  JsonArray *array;

  if (!kvmm_agent_fields_get_array (object, where, name, is_required, max, &array, error))
    return NULL;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      char *text = NULL;

      if (!read_field (json_array_get_element (array, i), where, &field, &text, error))
        return NULL;
      g_ptr_array_add (texts, text);
    }
  g_ptr_array_add (texts, NULL);
  return (char **) g_ptr_array_steal (texts, NULL);
}

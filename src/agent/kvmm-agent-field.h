/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Tables that say which member of a JSON object belongs into which field of a struct, and within
 * which bounds. Any thread. */

typedef enum
{
  KVMM_AGENT_FIELD_TEXT,  /* char *, sanitised */
  KVMM_AGENT_FIELD_TOKEN, /* char *, printable ASCII of at most KVMM_AGENT_TOKEN_MAX bytes as it is,
                             only to be compared */
  KVMM_AGENT_FIELD_EXACT, /* char *, as it is, of at most @max bytes and without control
                             characters: only for the guest again, never shown */
  KVMM_AGENT_FIELD_NAME,  /* char *, as it is: one component of a path */
  KVMM_AGENT_FIELD_PATH,  /* char *, as it is: an absolute path of whole components */
  KVMM_AGENT_FIELD_UINT,  /* guint */
  KVMM_AGENT_FIELD_UINT64, /* guint64 */
  KVMM_AGENT_FIELD_INT64,  /* gint64 */
  KVMM_AGENT_FIELD_DOUBLE, /* double */
  KVMM_AGENT_FIELD_BOOL,   /* gboolean */
  KVMM_AGENT_FIELD_OBJECT, /* @fields of the same struct */
} KvmmAgentFieldType;

#define KVMM_AGENT_TOKEN_MAX 64

typedef struct _KvmmAgentField KvmmAgentField;
struct _KvmmAgentField
{
  const char *name; /* %NULL ends a table */
  KvmmAgentFieldType type;
  gboolean is_required;
  gsize offset;
  double min; /* numbers; exact up to 2^53, which the scanner has checked */
  double max;
  const KvmmAgentField *fields; /* (nullable) */
};

/**
 * kvmm_agent_fields_read:
 * @object: the guest's
 * @where: names it in an error: "sys.info"
 * @target: (inout): a struct; text fields must be %NULL before
 *
 * A member that is null counts as left out; one that is left out leaves its field alone.
 *
 * Returns: %FALSE with KVMM_AGENT_ERROR_INVALID_REPLY; @target may then be filled in part
 */
gboolean kvmm_agent_fields_read (JsonObject *object,
                                 const char *where,
                                 const KvmmAgentField *fields,
                                 gpointer target,
                                 GError **error);

/**
 * kvmm_agent_fields_get_array:
 * @max: more elements are refused
 * @array: (out) (nullable) (transfer none): %NULL when left out and not required
 */
gboolean kvmm_agent_fields_get_array (JsonObject *object,
                                      const char *where,
                                      const char *name,
                                      gboolean is_required,
                                      guint max,
                                      JsonArray **array,
                                      GError **error);

typedef gpointer (*KvmmAgentRowFunc) (JsonObject *row, GError **error);

/** kvmm_agent_fields_read_rows: Returns: (transfer full): what @read_row made of each element of
 * the list @name, at most @max; empty when it is left out and not required */
GPtrArray *kvmm_agent_fields_read_rows (JsonObject *object,
                                        const char *where,
                                        const char *name,
                                        gboolean is_required,
                                        guint max,
                                        KvmmAgentRowFunc read_row,
                                        GDestroyNotify free_row,
                                        GError **error);

/** kvmm_agent_fields_read_strings: Returns: (transfer full): each text of the list @name as a field
 * of @type and @max_bytes; empty when it is left out and not required */
char **kvmm_agent_fields_read_strings (JsonObject *object,
                                       const char *where,
                                       const char *name,
                                       gboolean is_required,
                                       guint max,
                                       KvmmAgentFieldType type,
                                       gsize max_bytes,
                                       GError **error);

/** kvmm_agent_fields_get_row: Returns: (transfer none): element @index, which must be an object */
JsonObject *
kvmm_agent_fields_get_row (JsonArray *array, const char *where, guint index, GError **error);

/** kvmm_agent_fields_invalid: Returns: %FALSE, with @error saying that @where."@name" is not @what
 */
gboolean
kvmm_agent_fields_invalid (GError **error, const char *where, const char *name, const char *what);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-schema.h"

#include "agent/kvmm-agent-field.h"
#include "protocol/kvma-limits.h"
#include "protocol/kvma-names.h"
#include "util/kvmm-guest-text.h"

/* The tables of PROTOCOL.md, sections 5.10 and 5.11. */

#define INTEGER_MAX ((double) KVMA_JSON_INTEGER_MAX)
#define UNIX_MILLISECONDS_MAX 253402300799000.0 /* the year 9999 */
#define UNIX_MILLISECONDS_MIN (-62135596800000.0)
#define MODE_MAX 07777
#define ROOTS_MAX 64
#define CURSOR_MAX 4096

/* ---- one file ---- */

#define AT(field) G_STRUCT_OFFSET (KvmmGuestFile, field)
static const KvmmAgentField file_fields[] = {
  { "size", KVMM_AGENT_FIELD_UINT64, FALSE, AT (size_bytes), 0, INTEGER_MAX },
  { "mtime", KVMM_AGENT_FIELD_INT64, FALSE, AT (modified_ms), UNIX_MILLISECONDS_MIN,
    UNIX_MILLISECONDS_MAX },
  { "mode", KVMM_AGENT_FIELD_UINT, FALSE, AT (mode), 0, MODE_MAX },
  { "user", KVMM_AGENT_FIELD_TEXT, FALSE, AT (user) },
  { "target", KVMM_AGENT_FIELD_TEXT, FALSE, AT (target) },
  { "unusable", KVMM_AGENT_FIELD_BOOL, FALSE, AT (is_unusable) },
  { "writable", KVMM_AGENT_FIELD_BOOL, FALSE, AT (is_writable) },
  { NULL },
};
#undef AT

static KvmmGuestFileType
file_type (const char *word)
{
  if (g_str_equal (word, "file"))
    return KVMM_GUEST_FILE_REGULAR;
  if (g_str_equal (word, "dir"))
    return KVMM_GUEST_FILE_DIRECTORY;
  if (g_str_equal (word, "link"))
    return KVMM_GUEST_FILE_LINK;
  return KVMM_GUEST_FILE_OTHER;
}

/* Takes @name. */
static KvmmGuestFile *
read_file (JsonObject *row, const char *where, char *name, GError **error)
{
  static const KvmmAgentField type_field[] = {
    { "type", KVMM_AGENT_FIELD_TOKEN, TRUE, 0 },
    { NULL },
  };
  g_autoptr (KvmmGuestFile) self = g_new0 (KvmmGuestFile, 1);
  g_autofree char *type = NULL;

  self->name = name;
  if (!kvmm_agent_fields_read (row, where, file_fields, self, error) ||
      !kvmm_agent_fields_read (row, where, type_field, &type, error))
    return NULL;
  self->type = file_type (type);
  self->display_name = kvmm_guest_text_sanitise (name, -1);
  if (self->display_name[0] == '\0')
    {
      /* Nothing of it has a picture. */
      g_free (self->display_name);
      self->display_name = g_strdup ("\xEF\xBF\xBD");
    }
  return g_steal_pointer (&self);
}

static gpointer
read_entry (JsonObject *row, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "name", KVMM_AGENT_FIELD_NAME, TRUE, 0 },
    { NULL },
  };
  char *name = NULL;

  return kvmm_agent_fields_read (row, KVMA_METHOD_FILE_LIST, fields, &name, error)
             ? read_file (row, KVMA_METHOD_FILE_LIST, name, error)
             : NULL;
}

KvmmAgentListing *
kvmm_agent_schema_files (JsonObject *result, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "cursor", KVMM_AGENT_FIELD_EXACT, FALSE, G_STRUCT_OFFSET (KvmmAgentListing, cursor), 0,
      CURSOR_MAX },
    { NULL },
  };
  g_autoptr (KvmmAgentListing) self =
      kvmm_agent_schema_listing (result, KVMA_METHOD_FILE_LIST, "entries", read_entry,
                                 (GDestroyNotify) kvmm_guest_file_free, error);

  if (self == NULL || !kvmm_agent_fields_read (result, KVMA_METHOD_FILE_LIST, fields, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

KvmmGuestFile *
kvmm_agent_schema_file (JsonObject *result, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "path", KVMM_AGENT_FIELD_PATH, TRUE, 0 },
    { NULL },
  };
  g_autofree char *path = NULL;
  const char *name;

  if (!kvmm_agent_fields_read (result, KVMA_METHOD_FILE_STAT, fields, &path, error))
    return NULL;
  name = g_str_equal (path, "/") ? path : strrchr (path, '/') + 1;
  return read_file (result, KVMA_METHOD_FILE_STAT, g_strdup (name), error);
}

/* ---- roots ---- */

static char **
read_paths (JsonObject *result, const char *name, GError **error)
{
  return kvmm_agent_fields_read_strings (result, KVMA_METHOD_FILE_ROOTS, name, FALSE, ROOTS_MAX,
                                         KVMM_AGENT_FIELD_PATH, 0, error);
}

KvmmGuestFileRoots *
kvmm_agent_schema_file_roots (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmGuestFileRoots, field)
  static const KvmmAgentField fields[] = {
    { "inbox", KVMM_AGENT_FIELD_PATH, FALSE, AT (inbox) },
    { "max_file", KVMM_AGENT_FIELD_UINT64, FALSE, AT (max_file_bytes), 0, INTEGER_MAX },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmGuestFileRoots) self = g_new0 (KvmmGuestFileRoots, 1);

  if (!kvmm_agent_fields_read (result, KVMA_METHOD_FILE_ROOTS, fields, self, error))
    return NULL;
  self->read_paths = read_paths (result, "read", error);
  if (self->read_paths == NULL)
    return NULL;
  self->write_paths = read_paths (result, "write", error);
  return self->write_paths != NULL ? g_steal_pointer (&self) : NULL;
}

/* ---- content ---- */

KvmmAgentOpened *
kvmm_agent_schema_file_read (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentOpened, field)
  static const KvmmAgentField fields[] = {
    { "stream", KVMM_AGENT_FIELD_UINT, TRUE, AT (stream), 2, G_MAXUINT },
    { "size", KVMM_AGENT_FIELD_UINT64, TRUE, AT (size_bytes), 0, INTEGER_MAX },
    { "mtime", KVMM_AGENT_FIELD_INT64, FALSE, AT (modified_ms), UNIX_MILLISECONDS_MIN,
      UNIX_MILLISECONDS_MAX },
    { "mode", KVMM_AGENT_FIELD_UINT, FALSE, AT (mode), 0, MODE_MAX },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentOpened) self = g_new0 (KvmmAgentOpened, 1);

  return kvmm_agent_fields_read (result, KVMA_METHOD_FILE_READ, fields, self, error)
             ? g_steal_pointer (&self)
             : NULL;
}

KvmmAgentOpened *
kvmm_agent_schema_file_write (JsonObject *result, GError **error)
{
#define AT(field) G_STRUCT_OFFSET (KvmmAgentOpened, field)
  static const KvmmAgentField fields[] = {
    { "stream", KVMM_AGENT_FIELD_UINT, TRUE, AT (stream), 2, G_MAXUINT },
    { "token", KVMM_AGENT_FIELD_TOKEN, FALSE, AT (token) },
    { "offset", KVMM_AGENT_FIELD_UINT64, FALSE, AT (offset), 0, INTEGER_MAX },
    { NULL },
  };
#undef AT
  g_autoptr (KvmmAgentOpened) self = g_new0 (KvmmAgentOpened, 1);

  return kvmm_agent_fields_read (result, KVMA_METHOD_FILE_WRITE, fields, self, error)
             ? g_steal_pointer (&self)
             : NULL;
}

KvmmAgentOpened *
kvmm_agent_schema_inbox_put (JsonObject *result, GError **error)
{
  static const KvmmAgentField fields[] = {
    { "path", KVMM_AGENT_FIELD_PATH, TRUE, G_STRUCT_OFFSET (KvmmAgentOpened, path) },
    { NULL },
  };
  g_autoptr (KvmmAgentOpened) self = kvmm_agent_schema_file_write (result, error);

  if (self == NULL || !kvmm_agent_fields_read (result, KVMA_METHOD_INBOX_PUT, fields, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

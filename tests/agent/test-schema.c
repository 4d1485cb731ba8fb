/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "agent-fixture.h"
#include "protocol/kvma-json.h"
#include "protocol/kvma-names.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

/* ---- wrong types and values in every member ---- */

typedef gpointer (*ReadFunc) (JsonObject *result, GError **error);

static gpointer
read_system (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_system (result, error);
}

static gpointer
read_metrics (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_metrics (result, error);
}

static gpointer
read_interfaces (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_interfaces (result, error);
}

static gpointer
read_filesystems (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_filesystems (result, error);
}

static gpointer
read_users (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_users (result, error);
}

static gpointer
read_announce (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_announce (result, error);
}

static gpointer
read_welcome (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_welcome (result, error);
}

static gpointer
read_bye (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_bye (result, error);
}

static gpointer
read_notice (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_notice (result, error);
}

static gpointer
read_processes (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_processes (result, error);
}

static gpointer
read_services (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_services (result, error);
}

static gpointer
read_commands (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_commands (result, error);
}

static gpointer
read_files (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_files (result, error);
}

static gpointer
read_disks (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_disks (result, error);
}

static gpointer
read_trims (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_trims (result, error);
}

static gpointer
read_file (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file (result, error);
}

static gpointer
read_file_roots (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file_roots (result, error);
}

static gpointer
read_ssh_keys (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_ssh_keys (result, error);
}

static gpointer
read_job (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_job (result, error);
}

static gpointer
read_terminal (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_terminal (result, error);
}

static gpointer
read_log_tail (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_log (result, error);
}

static gpointer
read_file_read (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file_read (result, error);
}

static gpointer
read_file_write (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file_write (result, error);
}

static gpointer
read_inbox_put (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_inbox_put (result, error);
}

static gpointer
read_frozen (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_frozen (result, error);
}

static gpointer
read_delta (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_delta (result, error);
}

/* An end with the guest's own error is a valid one. */
static gpointer
read_stream_end (JsonObject *result, GError **error)
{
  g_autoptr (GError) local = NULL;
  KvmmAgentStreamEnd *end = kvmm_agent_schema_stream_end (result, &local);

  if (end != NULL)
    return end;
  if (!g_error_matches (local, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY))
    return g_new0 (KvmmAgentStreamEnd, 1);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static const char announce_body[] =
    "{\"agent\":\"a\",\"version\":\"1\",\"protos\":[1],\"boot_id\":\"b\",\"instance\":\"i\"}";
static const char welcome_body[] =
    "{\"nonce\":\"n\",\"proto\":1,\"session\":\"s\",\"instance\":\"i\",\"boot_id\":\"b\","
    "\"version\":\"1\",\"caps\":[\"events@1\"],"
    "\"policy\":{\"exec\":\"named\"},\"policy_error\":\"p\"}";
static const char bye_body[] =
    "{\"reason\":\"bye\",\"nonce\":\"00000000000000000000000000000000\",\"protos\":[1]}";
static const char notice_body[] =
    "{\"delta_ms\":1,\"mode\":\"reboot\",\"message\":\"m\",\"policy_error\":\"p\"}";

static const char processes_body[] =
    "{\"procs\":[{\"pid\":12,\"ppid\":1,\"uid\":0,\"user\":\"root\",\"comm\":\"sshd\",\"state\":"
    "\"S\",\"cpu\":2.5,\"rss_kb\":1024,\"start\":1700000000,\"args\":\"-D\"}],\"total\":7,"
    "\"truncated\":true}";
static const char services_body[] =
    "{\"manager\":\"systemd\",\"services\":[{\"name\":\"a\",\"description\":\"d\",\"active\":"
    "\"failed\",\"sub\":\"dead\",\"enabled\":\"enabled\"}],\"total\":2,\"truncated\":false}";
static const char commands_body[] =
    "{\"commands\":[{\"name\":\"restart-nginx\",\"description\":\"d\",\"argv\":[\"/x\",\"a "
    "b\"],\"args\":true,\"run_as\":\"root\",\"timeout_ms\":29001}],\"total\":1,\"truncated\":"
    "false}";
static const char files_body[] =
    "{\"entries\":[{\"name\":\"one\",\"type\":\"dir\",\"size\":1,\"mtime\":2,\"mode\":493,\"user\":"
    "\"u\",\"target\":\"t\",\"unusable\":true}],\"total\":2,\"truncated\":false,\"cursor\":\"c\"}";
static const char disks_body[] =
    "{\"disks\":[{\"name\":\"vda\",\"size\":1,\"serial\":\"s\",\"reads\":1,\"read_bytes\":2,"
    "\"writes\":3,\"written_bytes\":4,\"io_ms\":9}],\"total\":1,\"truncated\":false}";
static const char trims_body[] =
    "{\"results\":[{\"mount\":\"/\",\"trimmed\":4096,\"error\":\"e\"}]}";
static const char file_body[] = "{\"path\":\"/etc/"
                                "x\",\"type\":\"file\",\"size\":1,\"mtime\":2,\"mode\":420,"
                                "\"user\":\"u\",\"target\":\"t\",\"writable\":true}";
static const char file_roots_body[] =
    "{\"read\":[\"/a\"],\"write\":[\"/b\"],\"inbox\":\"/c\",\"max_file\":1}";
static const char ssh_keys_body[] = "{\"keys\":[\"ssh-ed25519 AAAA\"]}";
static const char job_body[] =
    "{\"job\":1,\"pid\":2,\"stream\":2,\"stderr_stream\":4,\"timeout_ms\":1000}";
static const char terminal_body[] = "{\"pty\":1,\"pid\":2,\"stream\":2}";
static const char log_tail_body[] = "{\"stream\":2,\"source\":\"journal\"}";
static const char file_read_body[] = "{\"stream\":2,\"size\":1,\"mtime\":2,\"mode\":420}";
static const char file_write_body[] = "{\"stream\":2,\"token\":\"t\",\"offset\":0}";
static const char inbox_put_body[] =
    "{\"stream\":2,\"path\":\"/i/n\",\"token\":\"t\",\"offset\":0}";
static const char frozen_body[] = "{\"token\":\"t\",\"frozen\":[\"/\"]}";
static const char delta_body[] = "{\"delta_us\":5}";
static const char stream_end_body[] =
    "{\"code\":0,\"message\":\"m\",\"errno\":\"EIO\",\"bytes\":1,\"sha256\":"
    "\"0000000000000000000000000000000000000000000000000000000000000000\",\"exit\":{\"code\":1,"
    "\"cpu_ms\":2,\"max_rss_kb\":3,\"timed_out\":false}}";

#define ALL G_MAXUINT

typedef struct
{
  const char *name;
  const char *body;
  ReadFunc read;
  GDestroyNotify free;
  guint n_checked; /* members that may not be an object or a list in its place; ALL */
} Schema;

static const Schema schemas[] = {
  { "sys.info", fake_peer_sys_info, read_system, (GDestroyNotify) kvmm_guest_system_free, 15 },
  { "sys.metrics", fake_peer_sys_metrics, read_metrics, (GDestroyNotify) kvmm_guest_metrics_free,
    21 },
  { "net.list", fake_peer_net_list, read_interfaces, (GDestroyNotify) g_ptr_array_unref, 31 },
  { "fs.list", fake_peer_fs_list, read_filesystems, (GDestroyNotify) g_ptr_array_unref, 11 },
  { "user.sessions", fake_peer_user_sessions, read_users, (GDestroyNotify) g_ptr_array_unref, 6 },
  { "announce", announce_body, read_announce, (GDestroyNotify) kvmm_agent_announce_free, 3 },
  { "welcome", welcome_body, read_welcome, (GDestroyNotify) kvmm_agent_welcome_free, 11 },
  { "bye", bye_body, read_bye, (GDestroyNotify) kvmm_agent_bye_free, 4 },
  { "notice", notice_body, read_notice, (GDestroyNotify) kvmm_agent_notice_free, 4 },
  { "processes", processes_body, read_processes, (GDestroyNotify) kvmm_agent_listing_free, ALL },
  { "services", services_body, read_services, (GDestroyNotify) kvmm_agent_listing_free, ALL },
  { "commands", commands_body, read_commands, (GDestroyNotify) kvmm_agent_listing_free, ALL },
  { "files", files_body, read_files, (GDestroyNotify) kvmm_agent_listing_free, ALL },
  { "disks", disks_body, read_disks, (GDestroyNotify) kvmm_agent_listing_free, ALL },
  { "trims", trims_body, read_trims, (GDestroyNotify) kvmm_agent_listing_free, ALL },
  { "file", file_body, read_file, (GDestroyNotify) kvmm_guest_file_free, ALL },
  { "file-roots", file_roots_body, read_file_roots, (GDestroyNotify) kvmm_guest_file_roots_free,
    ALL },
  { "ssh-keys", ssh_keys_body, read_ssh_keys, (GDestroyNotify) g_strfreev, ALL },
  { "job", job_body, read_job, (GDestroyNotify) kvmm_agent_opened_free, ALL },
  { "terminal", terminal_body, read_terminal, (GDestroyNotify) kvmm_agent_opened_free, ALL },
  { "log-tail", log_tail_body, read_log_tail, (GDestroyNotify) kvmm_agent_opened_free, ALL },
  { "file-read", file_read_body, read_file_read, (GDestroyNotify) kvmm_agent_opened_free, ALL },
  { "file-write", file_write_body, read_file_write, (GDestroyNotify) kvmm_agent_opened_free, ALL },
  { "inbox-put", inbox_put_body, read_inbox_put, (GDestroyNotify) kvmm_agent_opened_free, ALL },
  { "frozen", frozen_body, read_frozen, (GDestroyNotify) kvmm_agent_frozen_free, ALL },
  { "delta", delta_body, read_delta, (GDestroyNotify) g_free, ALL },
  { "stream-end", stream_end_body, read_stream_end, (GDestroyNotify) kvmm_agent_stream_end_free,
    ALL },
};

static JsonNode *
parse_node (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);
  return node;
}

/* Puts @value where the @n-th value of the tree stands; FALSE when there are fewer. */
static gboolean replace_nth (JsonNode *node, guint *n, JsonNode *value);

static gboolean
replace_in_object (JsonObject *object, guint *n, JsonNode *value)
{
  g_autoptr (GList) names = json_object_get_members (object);

  for (GList *name = names; name != NULL; name = name->next)
    {
      if ((*n)-- == 0)
        {
          json_object_set_member (object, name->data, json_node_copy (value));
          return TRUE;
        }
      if (replace_nth (json_object_get_member (object, name->data), n, value))
        return TRUE;
    }
  return FALSE;
}

static gboolean
replace_in_array (JsonArray *array, guint *n, JsonNode *value)
{
  guint length = json_array_get_length (array);

  for (guint i = 0; i < length; i++)
    {
      if ((*n)-- == 0)
        {
          g_autoptr (GPtrArray) rest =
              g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);

          /* json-glib cannot set an element. */
          for (guint k = i + 1; k < length; k++)
            g_ptr_array_add (rest, json_array_dup_element (array, k));
          while (json_array_get_length (array) > i)
            json_array_remove_element (array, i);
          json_array_add_element (array, json_node_copy (value));
          for (guint k = 0; k < rest->len; k++)
            json_array_add_element (array, json_node_copy (g_ptr_array_index (rest, k)));
          return TRUE;
        }
      if (replace_nth (json_array_get_element (array, i), n, value))
        return TRUE;
    }
  return FALSE;
}

static gboolean
replace_nth (JsonNode *node, guint *n, JsonNode *value)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return replace_in_object (json_node_get_object (node), n, value);
  if (JSON_NODE_HOLDS_ARRAY (node))
    return replace_in_array (json_node_get_array (node), n, value);
  return FALSE;
}

/* Returns whether the schema took it; FALSE in @more when there is no @n-th value. */
static gboolean
try_replaced (const Schema *schema, guint n, const char *replacement, gboolean *more)
{
  g_autoptr (JsonNode) root = parse_node (schema->body);
  g_autoptr (JsonNode) wrapped = parse_node (replacement);
  JsonNode *value = json_array_get_element (json_node_get_array (wrapped), 0);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autoptr (JsonObject) object = NULL;
  gpointer result;

  *more = replace_nth (root, &n, value);
  if (!*more)
    return TRUE;
  text = json_to_string (root, FALSE);
  object = kvmm_agent_schema_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  result = schema->read (object, &error);
  if (result == NULL)
    {
      g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
      return FALSE;
    }
  g_assert_no_error (error);
  schema->free (result);
  return TRUE;
}

static void
test_wrong_values_everywhere (gconstpointer data)
{
  static const char *const replacements[] = {
    "[null]",
    "[true]",
    "[7]",
    "[-1]",
    "[1.5]",
    "[\"\"]",
    "[[]]",
    "[{}]",
    "[[7]]",
    "[9007199254740992]",
    "[-9007199254740992]",
    "[1e300]",
    "[-1e300]",
    "[\"\\u001b[31m<b>&\\u202e\"]",
    "[{\"a\":[{}]}]",
  };
  const Schema *schema = data;

  for (guint r = 0; r < G_N_ELEMENTS (replacements); r++)
    {
      gboolean more = TRUE;

      for (guint n = 0; more; n++)
        try_replaced (schema, n, replacements[r], &more);
    }
}

static void
test_every_member_is_checked (gconstpointer data)
{
  const Schema *schema = data;
  gboolean more = TRUE;
  guint refused = 0;
  guint n;

  for (n = 0; more; n++)
    if (!try_replaced (schema, n, "[{\"a\":1}]", &more) ||
        (more && !try_replaced (schema, n, "[[[]]]", &more)))
      refused++;
  if (schema->n_checked == ALL)
    g_assert_cmpuint (refused, ==, n - 1);
  else
    g_assert_cmpuint (refused, >=, schema->n_checked);
}

static void
test_the_sample_is_valid (gconstpointer data)
{
  const Schema *schema = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object =
      kvmm_agent_schema_parse (schema->body, strlen (schema->body), &error);
  gpointer result = schema->read (object, &error);

  g_assert_no_error (error);
  g_assert_nonnull (result);
  schema->free (result);
}

/* ---- bounds ---- */

static gboolean
is_taken (ReadFunc read, GDestroyNotify free_result, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = kvmm_agent_schema_parse (text, strlen (text), &error);
  gpointer result;

  g_assert_no_error (error);
  result = read (object, &error);
  if (result != NULL)
    free_result (result);
  else
    g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
  return result != NULL;
}

static char *
repeat_rows (const char *before, const char *row, guint n_rows, const char *after)
{
  GString *text = g_string_new (before);

  for (guint i = 0; i < n_rows; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", row);
  g_string_append (text, after);
  return g_string_free (text, FALSE);
}

static void
test_lists_have_at_most_256_rows (void)
{
  for (guint extra = 0; extra < 2; extra++)
    {
      g_autofree char *users =
          repeat_rows ("{\"users\":[", "{\"user\":\"a\"}", KVMA_LIST_ROWS_MAX + extra, "]}");
      g_autofree char *fs =
          repeat_rows ("{\"fs\":[", "{\"mount\":\"/\",\"dev\":\"d\",\"type\":\"t\"}",
                       KVMA_LIST_ROWS_MAX + extra, "]}");
      g_autofree char *ifaces =
          repeat_rows ("{\"ifaces\":[", "{\"name\":\"a\",\"state\":\"up\",\"kind\":\"ether\"}",
                       KVMA_LIST_ROWS_MAX + extra, "]}");
      gboolean expected = extra == 0;
      GDestroyNotify unref = (GDestroyNotify) g_ptr_array_unref;

      g_assert_cmpint (is_taken (read_users, unref, users), ==, expected);
      g_assert_cmpint (is_taken (read_filesystems, unref, fs), ==, expected);
      g_assert_cmpint (is_taken (read_interfaces, unref, ifaces), ==, expected);
    }
}

static void
test_an_interface_has_at_most_32_addresses (void)
{
  for (guint extra = 0; extra < 2; extra++)
    {
      g_autofree char *text = repeat_rows (
          "{\"ifaces\":[{\"name\":\"a\",\"state\":\"up\",\"kind\":\"ether\",\"addrs\":[",
          "{\"ip\":\"10.0.0.1\",\"prefix\":8}", KVMA_ADDRESSES_MAX + extra, "]}]}");

      g_assert_cmpint (is_taken (read_interfaces, (GDestroyNotify) g_ptr_array_unref, text), ==,
                       extra == 0);
    }
}

static void
test_there_are_at_most_64_capabilities (void)
{
  for (guint extra = 0; extra < 2; extra++)
    {
      g_autofree char *text = repeat_rows (
          "{\"nonce\":\"n\",\"proto\":1,\"session\":\"s\",\"instance\":\"i\",\"version\":\"1\","
          "\"caps\":[",
          "\"x@1\"", KVMM_AGENT_MAX_CAPABILITIES + extra, "]}");

      g_assert_cmpint (is_taken (read_welcome, (GDestroyNotify) kvmm_agent_welcome_free, text), ==,
                       extra == 0);
    }
}

static void
test_addresses_are_addresses (void)
{
  static const struct
  {
    const char *address;
    gboolean expected;
  } cases[] = {
    { "\"ip\":\"10.0.2.15\",\"prefix\":24", TRUE },
    { "\"ip\":\"10.0.2.15\",\"prefix\":32", TRUE },
    { "\"ip\":\"10.0.2.15\",\"prefix\":33", FALSE },
    { "\"ip\":\"fe80::1\",\"prefix\":128", TRUE },
    { "\"ip\":\"fe80::1\",\"prefix\":129", FALSE },
    { "\"ip\":\"fe80::1\",\"prefix\":-1", FALSE },
    { "\"ip\":\"10.0.2.256\",\"prefix\":24", FALSE },
    { "\"ip\":\"example.org\",\"prefix\":24", FALSE },
    { "\"ip\":\"<b>10.0.2.15</b>\",\"prefix\":24", FALSE },
    { "\"ip\":\"\",\"prefix\":24", FALSE },
    { "\"ip\":\"10.0.2.15\"", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "{\"ifaces\":[{\"name\":\"a\",\"state\":\"up\",\"kind\":\"ether\",\"addrs\":[{%s}]}]}",
          cases[i].address);

      g_test_message ("%s", cases[i].address);
      g_assert_cmpint (is_taken (read_interfaces, (GDestroyNotify) g_ptr_array_unref, text), ==,
                       cases[i].expected);
    }
}

static void
test_sizes_fit_into_each_other (void)
{
  static const char text[] = "{\"fs\":[{\"mount\":\"/\",\"dev\":\"d\",\"type\":\"t\",\"total\":10,"
                             "\"used\":11,\"avail\":12}]}";
  g_autoptr (JsonObject) object = kvmm_agent_schema_parse (text, strlen (text), NULL);
  g_autoptr (GPtrArray) rows = kvmm_agent_schema_filesystems (object, NULL);
  const KvmmGuestFilesystem *row = g_ptr_array_index (rows, 0);

  g_assert_cmpuint (row->used_bytes, ==, 10);
  g_assert_cmpuint (row->available_bytes, ==, 10);
  g_assert_false (is_taken (read_metrics, (GDestroyNotify) kvmm_guest_metrics_free,
                            "{\"t\":1,\"mem\":{\"total\":10,\"avail\":11}}"));
}

static void
test_the_scanner_stands_before_the_parser (void)
{
  g_autoptr (GString) deep = g_string_new (NULL);
  static const char *const bodies[] = {
    "{\"a\":\"\\u0000\"}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":100000000000000000000000}",
    "{\"a\":1} x",
    "[1]",
    "",
    "{\"a\":\"\xff\"}",
    "{'a':1}",
    "{\"a\":1,}",
    "{\"a\":NaN}",
  };

  for (guint i = 0; i < 100000; i++)
    g_string_append_c (deep, '[');
  for (guint i = 0; i <= G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (GError) error = NULL;
      const char *body = i < G_N_ELEMENTS (bodies) ? bodies[i] : deep->str;

      g_assert_null (kvmm_agent_schema_parse (body, strlen (body), &error));
      g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
    }
}

/* ---- text ---- */

#define HOSTILE "<b>x</b> & \\u202e\\u001b[31m\\n\\t\\u200b\\ufeff\\u0007\\u0080y"

static void
assert_inert (const char *text)
{
  g_autofree char *again = kvmm_guest_text_sanitise (text, -1);

  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (text, -1), <=, KVMM_GUEST_TEXT_MAX);
  g_assert_cmpstr (again, ==, text);
  g_assert_null (strchr (text, '\033'));
  g_assert_null (strchr (text, '\n'));
  g_assert_null (strstr (text, "\xe2\x80\xae"));
}

static void
test_hostile_text_is_inert (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  g_autofree char *endless = g_strnfill (8000, 'x');
  g_autofree char *system = g_strdup_printf (
      "{\"os\":{\"id\":\"%s\",\"name\":\"%s\",\"version\":\"%s\",\"pretty\":\"%s\"},"
      "\"kernel\":\"%s\",\"arch\":\"%s\",\"hostname\":\"%s\",\"boot_id\":\"%s\","
      "\"tz\":{\"name\":\"%s\"},\"virt\":\"%s\"}",
      HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, endless, HOSTILE, HOSTILE, HOSTILE);
  const KvmmGuestFilesystem *fs;
  const KvmmGuestUser *user;

  f->peer->version = HOSTILE;
  f->peer->welcome_extra = ",\"policy_error\":\"" HOSTILE "\"";
  fake_peer_set_result (f->peer, KVMA_METHOD_SYS_INFO, system);
  fake_peer_set_result (f->peer, KVMA_METHOD_FS_LIST,
                        "{\"fs\":[{\"mount\":\"" HOSTILE "\",\"dev\":\"" HOSTILE
                        "\",\"type\":\"" HOSTILE "\"}]}");
  fake_peer_set_result (f->peer, KVMA_METHOD_USER_SESSIONS,
                        "{\"users\":[{\"user\":\"" HOSTILE "\",\"tty\":\"" HOSTILE
                        "\",\"host\":\"" HOSTILE "\"}]}");
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_has_all_facts (f));
  fs = g_ptr_array_index (f->filesystems, 0);
  user = g_ptr_array_index (f->users, 0);

  assert_inert (kvmm_agent_client_get_version (f->client));
  assert_inert (kvmm_agent_client_get_policy_error (f->client));
  assert_inert (f->system->os_id);
  assert_inert (f->system->os_pretty);
  assert_inert (f->system->kernel);
  assert_inert (f->system->hostname);
  assert_inert (f->system->timezone);
  assert_inert (f->system->virt);
  assert_inert (fs->mount);
  assert_inert (fs->device);
  assert_inert (user->user);
  assert_inert (user->remote_host);
  g_assert_true (g_str_has_suffix (f->system->hostname, "…"));
}

static void
test_hostile_errors_are_inert (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_auto (Outcome) outcome = { 0 };
  guint requests;

  f->peer->is_mute = TRUE;
  requests = f->peer->requests;
  kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb, &outcome);
  test_wait_until (f->peer->requests > requests);
  fake_peer_reply_error (f->peer, f->peer->last_id, -32000, HOSTILE "%s%n");
  test_wait_until (outcome.n_calls == 1);
  g_assert_null (strchr (outcome.error->message, '\033'));
  g_assert_null (strchr (outcome.error->message, '\n'));
  g_assert_nonnull (strstr (outcome.error->message, "%s%n"));
}

static void
test_wrong_errors_are_invalid_replies (void)
{
  static const char *const errors[] = {
    "7",
    "[]",
    "{}",
    "{\"code\":\"x\",\"message\":\"m\"}",
    "{\"code\":1}",
    "{\"code\":1,\"message\":[]}",
    "{\"code\":1,\"message\":\"m\",\"data\":7}",
    "{\"code\":1,\"message\":\"m\",\"data\":{\"hint\":{}}}",
  };
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);

  f->peer->is_mute = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_auto (Outcome) outcome = { 0 };
      g_autofree char *body = NULL;
      guint requests = f->peer->requests;

      kvmm_agent_client_power_async (f->client, KVMM_AGENT_POWER_OFF, NULL, outcome_power_cb,
                                     &outcome);
      test_wait_until (f->peer->requests > requests);
      body = g_strdup_printf ("{\"jsonrpc\":\"2.0\",\"id\":%" G_GINT64_FORMAT ",\"error\":%s}",
                              f->peer->last_id, errors[i]);
      fake_peer_send (f->peer, KVMA_KIND_REPLY, body);
      test_wait_until (outcome.n_calls == 1);
      g_assert_error (outcome.error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
    }
}

static void
try_name (const char *name, gboolean is_valid)
{
  g_autofree char *body =
      g_strdup_printf ("{\"entries\":[{\"name\":\"%s\",\"type\":\"file\"}]}", name);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = kvmm_agent_schema_parse (body, strlen (body), &error);
  KvmmAgentListing *listing;

  g_assert_no_error (error);
  listing = kvmm_agent_schema_files (object, &error);
  g_assert_true ((listing != NULL) == is_valid);
  if (listing != NULL)
    g_assert_cmpstr (((KvmmGuestFile *) listing->rows->pdata[0])->name, ==, name);
  g_clear_pointer (&listing, kvmm_agent_listing_free);
}

static void
try_path (const char *path, gboolean is_valid)
{
  g_autofree char *body = g_strdup_printf ("{\"inbox\":\"%s\"}", path);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = kvmm_agent_schema_parse (body, strlen (body), &error);
  KvmmGuestFileRoots *roots;

  g_assert_no_error (error);
  roots = kvmm_agent_schema_file_roots (object, &error);
  g_assert_true ((roots != NULL) == is_valid);
  if (roots != NULL)
    g_assert_cmpstr (roots->inbox, ==, path);
  g_clear_pointer (&roots, kvmm_guest_file_roots_free);
}

static void
test_names_and_paths_stay_what_they_are (void)
{
  g_autofree char *longest = g_strnfill (KVMA_FILE_NAME_MAX, 'n');
  g_autofree char *too_long = g_strnfill (KVMA_FILE_NAME_MAX + 1, 'n');
  g_autofree char *deep = g_strnfill (KVMA_FILE_PATH_MAX, '/');

  try_name ("a b", TRUE);
  try_name ("-rf", TRUE);
  try_name ("...", TRUE);
  try_name ("<b>&\xE2\x80\xAE", TRUE);
  try_name (longest, TRUE);
  try_name (too_long, FALSE);
  try_name ("", FALSE);
  try_name (".", FALSE);
  try_name ("..", FALSE);
  try_name ("a/b", FALSE);
  try_path ("/", TRUE);
  try_path ("/a/b c", TRUE);
  try_path ("", FALSE);
  try_path ("a", FALSE);
  try_path ("//", FALSE);
  try_path ("/a/", FALSE);
  try_path ("/a//b", FALSE);
  try_path ("/a/./b", FALSE);
  try_path ("/..", FALSE);
  for (gsize i = 1; i < KVMA_FILE_PATH_MAX; i += 2)
    deep[i] = 'd';
  try_path (deep, TRUE);
  deep[KVMA_FILE_PATH_MAX - 1] = 'd';
  {
    g_autofree char *deeper = g_strconcat (deep, "d", NULL);

    try_path (deeper, FALSE);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      g_autofree char *valid =
          g_strdup_printf ("/agent/schema/%s/sample-is-valid", schemas[i].name);
      g_autofree char *wrong =
          g_strdup_printf ("/agent/schema/%s/wrong-values-everywhere", schemas[i].name);
      g_autofree char *checked =
          g_strdup_printf ("/agent/schema/%s/every-member-is-checked", schemas[i].name);

      g_test_add_data_func (valid, &schemas[i], test_the_sample_is_valid);
      g_test_add_data_func (wrong, &schemas[i], test_wrong_values_everywhere);
      g_test_add_data_func (checked, &schemas[i], test_every_member_is_checked);
    }
#define ADD(path, func) g_test_add_func ("/agent/schema/" path, func)
  ADD ("names-and-paths-stay-what-they-are", test_names_and_paths_stay_what_they_are);
  ADD ("lists-have-at-most-256-rows", test_lists_have_at_most_256_rows);
  ADD ("an-interface-has-at-most-32-addresses", test_an_interface_has_at_most_32_addresses);
  ADD ("there-are-at-most-64-capabilities", test_there_are_at_most_64_capabilities);
  ADD ("addresses-are-addresses", test_addresses_are_addresses);
  ADD ("sizes-fit-into-each-other", test_sizes_fit_into_each_other);
  ADD ("the-scanner-stands-before-the-parser", test_the_scanner_stands_before_the_parser);
  ADD ("hostile-text-is-inert", test_hostile_text_is_inert);
  ADD ("hostile-errors-are-inert", test_hostile_errors_are_inert);
  ADD ("wrong-errors-are-invalid-replies", test_wrong_errors_are_invalid_replies);
  return g_test_run ();
}

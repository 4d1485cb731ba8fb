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

static const char announce_body[] =
    "{\"agent\":\"a\",\"version\":\"1\",\"protos\":[1],\"boot_id\":\"b\",\"instance\":\"i\"}";
static const char welcome_body[] =
    "{\"nonce\":\"n\",\"proto\":1,\"session\":\"s\",\"instance\":\"i\",\"boot_id\":\"b\","
    "\"version\":\"1\",\"caps\":[\"events@1\"],\"policy_error\":\"p\"}";
static const char bye_body[] =
    "{\"reason\":\"bye\",\"nonce\":\"00000000000000000000000000000000\",\"protos\":[1]}";
static const char notice_body[] =
    "{\"delta_ms\":1,\"mode\":\"reboot\",\"message\":\"m\",\"policy_error\":\"p\"}";

typedef struct
{
  const char *name;
  const char *body;
  ReadFunc read;
  GDestroyNotify free;
  guint n_checked; /* members that may not be an object or a list in its place */
} Schema;

static const Schema schemas[] = {
  { "sys.info", fake_peer_sys_info, read_system, (GDestroyNotify) kvmm_guest_system_free, 15 },
  { "sys.metrics", fake_peer_sys_metrics, read_metrics, (GDestroyNotify) kvmm_guest_metrics_free,
    21 },
  { "net.list", fake_peer_net_list, read_interfaces, (GDestroyNotify) g_ptr_array_unref, 31 },
  { "fs.list", fake_peer_fs_list, read_filesystems, (GDestroyNotify) g_ptr_array_unref, 11 },
  { "user.sessions", fake_peer_user_sessions, read_users, (GDestroyNotify) g_ptr_array_unref, 6 },
  { "announce", announce_body, read_announce, (GDestroyNotify) kvmm_agent_announce_free, 3 },
  { "welcome", welcome_body, read_welcome, (GDestroyNotify) kvmm_agent_welcome_free, 9 },
  { "bye", bye_body, read_bye, (GDestroyNotify) kvmm_agent_bye_free, 4 },
  { "notice", notice_body, read_notice, (GDestroyNotify) kvmm_agent_notice_free, 4 },
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

  for (guint n = 0; more; n++)
    if (!try_replaced (schema, n, "[{\"a\":1}]", &more) ||
        (more && !try_replaced (schema, n, "[[[]]]", &more)))
      refused++;
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

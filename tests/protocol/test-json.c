/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib.h>
#include <string.h>

#include "protocol/kvma-json.h"

static KvmaJsonError
check (const char *text)
{
  return kvma_json_check (text, strlen (text), NULL);
}

#define assert_json(text, expected)                                                                \
  g_assert_cmpstr (kvma_json_error_text (check (text)), ==, kvma_json_error_text (expected))

static void
test_accepts (void)
{
  assert_json ("{}", KVMA_JSON_OK);
  assert_json (" \t\r\n{ } \n", KVMA_JSON_OK);
  assert_json ("{\"a\":[],\"b\":{},\"c\":[{},[]]}", KVMA_JSON_OK);
  assert_json ("{\"a\":true,\"b\":false,\"c\":null}", KVMA_JSON_OK);
  assert_json ("{\"a\":0,\"b\":-0,\"c\":-1.5e-3,\"d\":1E+2,\"e\":0.25}", KVMA_JSON_OK);
  assert_json ("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}", KVMA_JSON_OK);
  assert_json ("{\"\":1}", KVMA_JSON_OK);
  assert_json ("{\"a\":\"\x7f\"}", KVMA_JSON_OK);
  /* The same name in another object is another name. */
  assert_json ("{\"a\":{\"a\":1},\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":2}]}", KVMA_JSON_OK);
}

static void
test_refuses_syntax (void)
{
  static const char *const texts[] = { "{\"a\":1,}",       "{,}",           "{\"a\"}",
                                       "{\"a\":}",         "{a:1}",         "{'a':1}",
                                       "{\"a\":+1}",       "{\"a\":01}",    "{\"a\":.5}",
                                       "{\"a\":1.x}",      "{\"a\":1e}",    "{\"a\":--1}",
                                       "{\"a\":nul}",      "{\"a\":True}",  "{\"a\":[1,]}",
                                       "{\"a\":[,1]}",     "{\"a\":[1 2]}", "{\"a\":1 \"b\":2}",
                                       "{\"a\":1]",        "{\"a\":[1}",    "{\"a\":NaN}",
                                       "{\"a\":Infinity}", "{/**/}",        "{\"a\":1}}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (check (texts[i]) == KVMA_JSON_OK)
      g_error ("accepted %s", texts[i]);
}

static void
test_refuses_other_tops (void)
{
  assert_json ("", KVMA_JSON_EMPTY);
  assert_json ("  \n", KVMA_JSON_EMPTY);
  assert_json ("[]", KVMA_JSON_NOT_OBJECT);
  assert_json ("1", KVMA_JSON_NOT_OBJECT);
  assert_json ("\"a\"", KVMA_JSON_NOT_OBJECT);
  assert_json ("\xef\xbb\xbf{}", KVMA_JSON_NOT_OBJECT);
}

static void
test_refuses_trailing (void)
{
  assert_json ("{} x", KVMA_JSON_TRAILING);
  assert_json ("{}{}", KVMA_JSON_TRAILING);
  g_assert_cmpint (kvma_json_check ("{}\0", 3, NULL), ==, KVMA_JSON_TRAILING);
}

/* Cut at any byte, a valid text is not valid; and no read goes beyond its end (it is on the heap,
 * exactly). */
static void
test_refuses_every_prefix (void)
{
  static const char text[] =
      "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\xc3\xa9\",{\"b\":null}],\"c\":true}";

  g_assert_cmpint (check (text), ==, KVMA_JSON_OK);
  for (gsize n = 0; n < sizeof text - 1; n++)
    {
      g_autofree char *prefix = g_memdup2 (text, n);

      g_assert_cmpint (kvma_json_check (prefix, n, NULL), !=, KVMA_JSON_OK);
    }
}

static void
test_utf8 (void)
{
  assert_json ("{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"}", KVMA_JSON_OK);
  assert_json ("{\"a\":\"\xc0\x80\"}", KVMA_JSON_UTF8);         /* overlong NUL */
  assert_json ("{\"a\":\"\xc1\xbf\"}", KVMA_JSON_UTF8);         /* overlong */
  assert_json ("{\"a\":\"\xe0\x9f\xbf\"}", KVMA_JSON_UTF8);     /* overlong */
  assert_json ("{\"a\":\"\xf0\x8f\xbf\xbf\"}", KVMA_JSON_UTF8); /* overlong */
  assert_json ("{\"a\":\"\xed\xa0\x80\"}", KVMA_JSON_UTF8);     /* surrogate */
  assert_json ("{\"a\":\"\xf4\x90\x80\x80\"}", KVMA_JSON_UTF8); /* above U+10FFFF */
  assert_json ("{\"a\":\"\x80\"}", KVMA_JSON_UTF8);
  assert_json ("{\"a\":\"\xff\"}", KVMA_JSON_UTF8);
  assert_json ("{\"a\":\"\xe2\x82\"}", KVMA_JSON_UTF8);
  assert_json ("{\"\xff\":1}", KVMA_JSON_UTF8);
}

static void
test_escapes (void)
{
  assert_json ("{\"a\":\"\\u0000\"}", KVMA_JSON_NUL);
  assert_json ("{\"\\u0000\":1}", KVMA_JSON_NUL);
  assert_json ("{\"a\":\"\\ud800\"}", KVMA_JSON_SURROGATE);
  assert_json ("{\"a\":\"\\udc00\"}", KVMA_JSON_SURROGATE);
  assert_json ("{\"a\":\"\\ud800\\ud800\"}", KVMA_JSON_SURROGATE);
  assert_json ("{\"a\":\"\\ud800x\"}", KVMA_JSON_SURROGATE);
  assert_json ("{\"a\":\"\\ud83d\\ude00\"}", KVMA_JSON_OK);
  assert_json ("{\"a\":\"\\x41\"}", KVMA_JSON_ESCAPE);
  assert_json ("{\"a\":\"\\u12g4\"}", KVMA_JSON_ESCAPE);
  assert_json ("{\"a\":\"\n\"}", KVMA_JSON_CONTROL);
  g_assert_cmpint (kvma_json_check ("{\"a\":\"\0\"}", 9, NULL), ==, KVMA_JSON_CONTROL);
}

static void
test_numbers (void)
{
  assert_json ("{\"a\":9007199254740992}", KVMA_JSON_OK);
  assert_json ("{\"a\":-9007199254740992}", KVMA_JSON_OK);
  assert_json ("{\"a\":9007199254740993}", KVMA_JSON_NUMBER_RANGE);
  assert_json ("{\"a\":-9007199254740993}", KVMA_JSON_NUMBER_RANGE);
  assert_json ("{\"a\":99999999999999999999999999}", KVMA_JSON_NUMBER_RANGE);
  assert_json ("{\"a\":1e999}", KVMA_JSON_NUMBER_RANGE);
  assert_json ("{\"a\":-1E+999}", KVMA_JSON_NUMBER_RANGE);
  assert_json ("{\"a\":1e99999999999999999999}", KVMA_JSON_NUMBER_RANGE);
  assert_json ("{\"a\":9.9e307}", KVMA_JSON_OK);
  assert_json ("{\"a\":1e308}", KVMA_JSON_NUMBER_RANGE);
  assert_json ("{\"a\":1e-999}", KVMA_JSON_OK);
}

static void
test_duplicates (void)
{
  assert_json ("{\"a\":1,\"a\":2}", KVMA_JSON_DUPLICATE_KEY);
  assert_json ("{\"a\":1,\"b\":{},\"\\u0061\":2}", KVMA_JSON_DUPLICATE_KEY);
  assert_json ("{\"\xc3\xa9\":1,\"\\u00e9\":2}", KVMA_JSON_DUPLICATE_KEY);
  assert_json ("{\"x\":{\"a\":1,\"b\":[{\"c\":1}],\"a\":2}}", KVMA_JSON_DUPLICATE_KEY);
  assert_json ("{\"a\":1,\"A\":2,\"a \":3}", KVMA_JSON_OK);
  /* Names of an object that is closed do not count for what follows. */
  assert_json ("{\"x\":{\"a\":1},\"a\":2}", KVMA_JSON_OK);
}

static char *
nested (guint depth)
{
  GString *text = g_string_new ("{\"a\":");

  for (guint i = 1; i < depth; i++)
    g_string_append_c (text, '[');
  if (depth == 1)
    g_string_append_c (text, '1');
  for (guint i = 1; i < depth; i++)
    g_string_append_c (text, ']');
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
test_depth_limit (void)
{
  g_autofree char *good = nested (KVMA_JSON_DEPTH_MAX);
  g_autofree char *bad = nested (KVMA_JSON_DEPTH_MAX + 1);
  g_autofree char *absurd = nested (10000);

  assert_json (good, KVMA_JSON_OK);
  assert_json (bad, KVMA_JSON_DEPTH);
  assert_json (absurd, KVMA_JSON_DEPTH);
}

/* Object, name and array are three tokens, each further array of 1000 ones is 1001. */
static char *
many_tokens (guint tokens)
{
  GString *text = g_string_new ("{\"a\":[");
  guint left = tokens - 3;

  while (left > 0)
    {
      guint n = MIN (left - 1, 1000);

      g_string_append_c (text, '[');
      for (guint i = 0; i < n; i++)
        g_string_append (text, i + 1 < n ? "1," : "1");
      left -= n + 1;
      g_string_append (text, left > 0 ? "]," : "]");
    }
  g_string_append (text, "]}");
  return g_string_free (text, FALSE);
}

static void
test_token_limit (void)
{
  g_autofree char *good = many_tokens (KVMA_JSON_TOKENS_MAX);
  g_autofree char *bad = many_tokens (KVMA_JSON_TOKENS_MAX + 1);

  assert_json (good, KVMA_JSON_OK);
  assert_json (bad, KVMA_JSON_TOKENS);
}

static void
test_name_limit (void)
{
  g_autoptr (GString) text = g_string_new ("{");
  guint n = (KVMA_JSON_TOKENS_MAX - 1) / 2;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s\"%x\":1", i > 0 ? "," : "", i);
  g_string_append_c (text, '}');
  assert_json (text->str, KVMA_JSON_OK);
  g_string_truncate (text, text->len - 1);
  g_string_append (text, ",\"x\":1}");
  assert_json (text->str, KVMA_JSON_TOKENS);
}

static void
test_array_limit (void)
{
  g_autoptr (GString) text = g_string_new ("{\"a\":[0");

  for (guint i = 1; i < KVMA_JSON_ARRAY_MAX; i++)
    g_string_append (text, ",0");
  g_string_append (text, "]}");
  assert_json (text->str, KVMA_JSON_OK);
  g_string_truncate (text, text->len - 2);
  g_string_append (text, ",0]}");
  assert_json (text->str, KVMA_JSON_ARRAY_TOO_LONG);
}

static void
test_string_limit (void)
{
  g_autofree char *fill = g_strnfill (KVMA_JSON_STRING_MAX, 'x');
  g_autofree char *good = g_strdup_printf ("{\"a\":\"%s\"}", fill);
  g_autofree char *bad = g_strdup_printf ("{\"a\":\"%sx\"}", fill);
  g_autofree char *bad_name = g_strdup_printf ("{\"%sx\":1}", fill);

  assert_json (good, KVMA_JSON_OK);
  assert_json (bad, KVMA_JSON_STRING_TOO_LONG);
  assert_json (bad_name, KVMA_JSON_STRING_TOO_LONG);
}

static void
test_size_limit (void)
{
  g_autofree char *good = g_strdup_printf ("{%*s", KVMA_JSON_MAX - 1, "}");
  g_autofree char *bad = g_strdup_printf ("{%*s", KVMA_JSON_MAX, "}");

  g_assert_cmpuint (strlen (good), ==, KVMA_JSON_MAX);
  assert_json (good, KVMA_JSON_OK);
  assert_json (bad, KVMA_JSON_TOO_LARGE);
}

static void
test_tells_where (void)
{
  const char *text = "{\"a\":1,\"b\":tru}";
  gsize offset = 99;

  g_assert_cmpint (kvma_json_check (text, strlen (text), &offset), ==, KVMA_JSON_SYNTAX);
  g_assert_cmpuint (offset, ==, 14);
  offset = 99;
  g_assert_cmpint (kvma_json_check ("{}", 2, &offset), ==, KVMA_JSON_OK);
  g_assert_cmpuint (offset, ==, 99);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/protocol/json/accepts", test_accepts);
  g_test_add_func ("/protocol/json/refuses-syntax", test_refuses_syntax);
  g_test_add_func ("/protocol/json/refuses-other-tops", test_refuses_other_tops);
  g_test_add_func ("/protocol/json/refuses-trailing", test_refuses_trailing);
  g_test_add_func ("/protocol/json/refuses-every-prefix", test_refuses_every_prefix);
  g_test_add_func ("/protocol/json/utf8", test_utf8);
  g_test_add_func ("/protocol/json/escapes", test_escapes);
  g_test_add_func ("/protocol/json/numbers", test_numbers);
  g_test_add_func ("/protocol/json/duplicates", test_duplicates);
  g_test_add_func ("/protocol/json/depth-limit", test_depth_limit);
  g_test_add_func ("/protocol/json/token-limit", test_token_limit);
  g_test_add_func ("/protocol/json/name-limit", test_name_limit);
  g_test_add_func ("/protocol/json/array-limit", test_array_limit);
  g_test_add_func ("/protocol/json/string-limit", test_string_limit);
  g_test_add_func ("/protocol/json/size-limit", test_size_limit);
  g_test_add_func ("/protocol/json/tells-where", test_tells_where);
  return g_test_run ();
}

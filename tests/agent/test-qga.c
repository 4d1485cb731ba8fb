/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-qga.h"

static void
test_asks_for_a_shell (void)
{
  g_autofree char *exec = kvmm_agent_qga_build_exec ("echo \"a\\b\"\nexit 1");
  g_autofree char *status = kvmm_agent_qga_build_status (4711);

  g_assert_nonnull (strstr (exec, "\"execute\":\"guest-exec\""));
  g_assert_nonnull (strstr (exec, "\"path\":\"/bin/sh\""));
  g_assert_nonnull (strstr (exec, "[\"-c\",\"echo \\\"a\\\\b\\\"\\nexit 1\"]"));
  g_assert_nonnull (strstr (exec, "\"capture-output\":true"));
  g_assert_cmpstr (status, ==, "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":4711}}");
}

static void
test_reads_the_process (void)
{
  g_autoptr (GError) error = NULL;
  gint64 pid = 0;

  g_assert_true (kvmm_agent_qga_parse_exec ("{\"return\":{\"pid\":12}}", &pid, &error));
  g_assert_no_error (error);
  g_assert_cmpint (pid, ==, 12);
}

static void
test_reads_how_it_ended (void)
{
  /* "b2sK" is "ok\n", "GzFtbm8K" an escape and "no\n" */
  static const struct
  {
    const char *reply;
    gboolean has_exited;
    int exit_code;
    const char *output;
  } cases[] = {
    { "{\"return\":{\"exited\":false}}", FALSE, 0, "" },
    { "{\"return\":{\"exited\":true,\"exitcode\":0,\"out-data\":\"b2sK\"}}", TRUE, 0, "ok\n" },
    { "{\"return\":{\"exited\":true,\"exitcode\":3,\"out-data\":\"b2sK\","
      "\"err-data\":\"G1szMW1ubwo=\",\"out-truncated\":true}}",
      TRUE, 3, "ok\nno\n" },
    { "{\"return\":{\"exited\":true,\"signal\":9}}", TRUE, 137, "" },
    { "{\"return\":{\"exited\":true,\"exitcode\":-1}}", TRUE, -1, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (KvmmAgentQgaStatus) status = { 0 };
      g_test_message ("%s", cases[i].reply);
      g_assert_true (kvmm_agent_qga_parse_status (cases[i].reply, &status, &error));
      g_assert_no_error (error);
      g_assert_cmpint (status.has_exited, ==, cases[i].has_exited);
      g_assert_cmpint (status.exit_code, ==, cases[i].exit_code);
      g_assert_cmpstr (status.output, ==, cases[i].output);
    }
}

static void
test_believes_nothing_else (void)
{
  g_autofree char *long_text = g_strnfill (9000, 'A');
  g_autofree char *too_long =
      g_strdup_printf ("{\"return\":{\"exited\":true,\"out-data\":\"%s\"}}", long_text);
  const char *const replies[] = {
    "",
    "{",
    "[]",
    "{}",
    "{\"return\":{}}",
    "{\"return\":7}",
    "{\"return\":{\"pid\":\"12\",\"exited\":1}}",
    "{\"return\":{\"pid\":0,\"exited\":null}}",
    "{\"return\":{\"pid\":-4,\"exited\":true,\"out-data\":7}}",
    "{\"return\":{\"pid\":1.5,\"exited\":true,\"exitcode\":\"0\"}}",
    "{\"return\":{\"exited\":true,\"exitcode\":4294967296}}",
    "{\"return\":{\"exited\":true,\"signal\":128}}",
    "{\"return\":{\"exited\":true,\"err-data\":[]}}",
    too_long,
  };

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (KvmmAgentQgaStatus) status = { 0 };
      gint64 pid = 0;
      g_test_message ("%.80s", replies[i]);
      g_assert_false (kvmm_agent_qga_parse_status (replies[i], &status, &error));
      g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
      g_assert_null (status.output);
      g_clear_error (&error);
      g_assert_false (kvmm_agent_qga_parse_exec (replies[i], &pid, &error));
      g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
      g_assert_cmpint (pid, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent/qga/asks-for-a-shell", test_asks_for_a_shell);
  g_test_add_func ("/agent/qga/reads-the-process", test_reads_the_process);
  g_test_add_func ("/agent/qga/reads-how-it-ended", test_reads_how_it_ended);
  g_test_add_func ("/agent/qga/believes-nothing-else", test_believes_nothing_else);
  return g_test_run ();
}

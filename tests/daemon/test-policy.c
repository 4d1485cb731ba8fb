/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/agent-policy.h"

typedef struct
{
  AgentPolicy policy;
  char *directory; /* (owned) */
  char *path;      /* (owned) of agent.conf in it */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("kvma-policy-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "agent.conf", NULL);
  agent_policy_init (&fixture->policy);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fixture->directory);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  agent_policy_clear (&fixture->policy);
  g_free (fixture->directory);
  g_free (fixture->path);
}

static char *
write_file (Fixture *fixture, const char *name, const char *text)
{
  char *path = g_build_filename (fixture->directory, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  return path;
}

static gboolean
parse (AgentPolicy *policy, const char *text)
{
  return agent_policy_parse (policy, "test.conf", text, strlen (text));
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  g_assert_true (parse (&fixture->policy, ""));
  for (int i = 0; i < AGENT_N_GROUPS; i++)
    {
      gboolean allowed = i == AGENT_GROUP_CORE || i == AGENT_GROUP_INFO || i == AGENT_GROUP_PROCS ||
                         i == AGENT_GROUP_POWER || i == AGENT_GROUP_MAINT;

      g_assert_cmpint (agent_policy_allows (&fixture->policy, (AgentGroup) i), ==, allowed);
    }
  g_assert_true (fixture->policy.audit_required);
  g_assert_false (fixture->policy.root);
}

/* The example of the manual, whole. */
static void
test_reads_everything (Fixture *fixture, gconstpointer data)
{
  static const char text[] =
      "# comment\n; comment\r\n\n"
      "[agent]\nlog = debug\nidentify-host=no\n"
      "[limits]\nmax-jobs=8\nmax-rate=20MiB\nmax-file = 4 GiB\n"
      "[policy]\ninfo=deny\nprocs=deny\nprocs-args=yes\nexec=named\npty=login\nfile-read=allow\n"
      "[exec]\nrun-as=nobody\nusers=nobody, deploy\nroot=yes\nenv-keep=LANG,TERM\n"
      "timeout=30\nmax-timeout=86400\ncgroup=no\n"
      "[command restart-nginx]\nargv=/usr/bin/systemctl  restart nginx\nrun-as=root\n"
      "timeout=30\nargs=none\n"
      "[command say]\nargv=/bin/echo \"two words\" \"\"\nargs=any\n"
      "[files]\nread=/var/log,/etc/os-release\nwrite=/srv/inbox\nfollow-symlinks=no\n"
      "inbox=/srv/in\n"
      "[audit]\nfile=/var/log/a.log\nsyslog=none\nrequired=no\nargv=hash\nlog-reads=no";
  AgentPolicy *policy = &fixture->policy;

  if (!parse (policy, text))
    g_error ("%s", policy->error);
  g_assert_cmpint (policy->log, ==, AGENT_LOG_DEBUG);
  g_assert_false (policy->identify_host);
  g_assert_cmpint (policy->max_jobs, ==, 8);
  g_assert_cmpint (policy->max_rate, ==, 20 << 20);
  g_assert_cmpint (policy->max_file, ==, G_GINT64_CONSTANT (4) << 30);
  g_assert_cmpint (policy->access[AGENT_GROUP_INFO], ==, AGENT_ACCESS_DENY);
  g_assert_cmpint (policy->access[AGENT_GROUP_EXEC], ==, AGENT_ACCESS_NAMED);
  g_assert_cmpint (policy->access[AGENT_GROUP_PTY], ==, AGENT_ACCESS_LOGIN);
  g_assert_cmpint (policy->access[AGENT_GROUP_POWER], ==, AGENT_ACCESS_ALLOW);
  g_assert_cmpstr (policy->run_as, ==, "nobody");
  g_assert_cmpstr (policy->users[1], ==, "deploy");
  g_assert_null (policy->users[2]);
  g_assert_cmpuint (policy->n_commands, ==, 2);
  g_assert_cmpstr (policy->commands[0].name, ==, "restart-nginx");
  g_assert_cmpstr (policy->commands[0].argv[2], ==, "nginx");
  g_assert_null (policy->commands[0].argv[3]);
  g_assert_cmpstr (policy->commands[0].run_as, ==, "root");
  g_assert_cmpstr (policy->commands[1].argv[1], ==, "two words");
  g_assert_cmpstr (policy->commands[1].argv[2], ==, "");
  g_assert_cmpint (policy->commands[1].args, ==, 1);
  g_assert_cmpstr (policy->read_paths[1], ==, "/etc/os-release");
  g_assert_cmpstr (policy->inbox, ==, "/srv/in");
  g_assert_cmpint (policy->audit_argv, ==, 1);
  g_assert_false (policy->audit_required);
}

static void
test_each_fault_tells_its_line (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text;
    const char *error;
  } faults[] = {
    { "[polcy]\n", "test.conf:1: unknown section \"polcy\"" },
    { "[command]\n", "test.conf:1: unknown section \"command\"" },
    { "\n[policy]\nexce=named\n", "test.conf:3: unknown key \"exce\"" },
    { "[policy]\nlog=info\n", "test.conf:2: unknown key \"log\"" },
    { "[policy]\nexec=allow\n", "test.conf:2: bad value of \"exec\"" },
    { "[policy]\ninfo=named\n", "test.conf:2: bad value of \"info\"" },
    { "[policy]\ninfo=\n", "test.conf:2: bad value of \"info\"" },
    { "[policy]\ninfo=Allow\n", "test.conf:2: bad value of \"info\"" },
    { "[policy]\ncore=deny\n", "test.conf:2: unknown key \"core\"" },
    { "[policy]\ninfo=deny\ninfo=allow\n", "test.conf:3: key given twice \"info\"" },
    { "info=deny\n", "test.conf:1: a key before the first section" },
    { "[policy\n", "test.conf:1: section without ]" },
    { "[policy]\nnonsense\n", "test.conf:2: neither a section nor key = value: \"nonsense\"" },
    { "[limits]\nmax-jobs=0\n", "test.conf:2: bad value of \"max-jobs\"" },
    { "[limits]\nmax-jobs=9\n", "test.conf:2: bad value of \"max-jobs\"" },
    { "[limits]\nmax-jobs=4x\n", "test.conf:2: bad value of \"max-jobs\"" },
    { "[limits]\nmax-rate=99999999999999999999\n", "test.conf:2: bad value of \"max-rate\"" },
    { "[limits]\nmax-rate=8388608TiB\n", "test.conf:2: bad value of \"max-rate\"" },
    { "[limits]\nmax-file=4GB\n", "test.conf:2: bad value of \"max-file\"" },
    { "[files]\nread=var/log\n", "test.conf:2: bad value of \"read\"" },
    { "[files]\nread=/var/../etc\n", "test.conf:2: bad value of \"read\"" },
    { "[files]\nread=/var/log,,/etc\n", "test.conf:2: bad value of \"read\"" },
    { "[audit]\nfile=audit.log\n", "test.conf:2: bad value of \"file\"" },
    { "[exec]\nusers=a b\n", "test.conf:2: bad value of \"users\"" },
    { "[exec]\nrun-as=-x\n", "test.conf:2: bad value of \"run-as\"" },
    { "[command a b]\n", "test.conf:1: bad name of a command \"a b\"" },
    { "[command a]\nargv=ls\n", "test.conf:2: bad value of \"argv\"" },
    { "[command a]\nargv=/bin/ls \"x\n", "test.conf:2: bad value of \"argv\"" },
    { "[command a]\nargv=/bin/ls \"x\"y\n", "test.conf:2: bad value of \"argv\"" },
    { "[command a]\nrun-as=root\n", "test.conf:2: no argv in command \"a\"" },
    { "[command a]\nargv=/bin/ls\n[command a]\n", "test.conf:3: command defined twice \"a\"" },
    { "[command a]\nargv=/bin/ls\nargv=/bin/id\n", "test.conf:3: key given twice \"argv\"" },
    { "[policy]\n\x01\n", "test.conf:2: control character or bad UTF-8" },
    { "[policy]\n# \xff\n", "test.conf:2: control character or bad UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      agent_policy_clear (&fixture->policy);
      agent_policy_init (&fixture->policy);
      g_assert_false (parse (&fixture->policy, faults[i].text));
      g_assert_cmpstr (fixture->policy.error, ==, faults[i].error);
    }
  agent_policy_clear (&fixture->policy);
  agent_policy_init (&fixture->policy);
  g_assert_false (agent_policy_parse (&fixture->policy, "test.conf", "[policy]\0\n", 10));
}

static void
test_limits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new ("[files]\nread=/");
  g_autoptr (GString) commands = g_string_new (NULL);
  g_autoptr (GString) list = g_string_new ("[exec]\nusers=u");

  while (text->len < 8 + AGENT_POLICY_LINE_MAX)
    g_string_append_c (text, 'x');
  g_assert_true (parse (&fixture->policy, text->str));
  g_string_append_c (text, 'x');
  g_assert_false (parse (&fixture->policy, text->str));

  for (guint i = 0; i < AGENT_POLICY_COMMANDS_MAX; i++)
    g_string_append_printf (commands, "[command c%u]\nargv=/bin/true\n", i);
  g_assert_true (parse (&fixture->policy, commands->str));
  agent_policy_clear (&fixture->policy);
  agent_policy_init (&fixture->policy);
  g_string_append (commands, "[command more]\nargv=/bin/true\n");
  g_assert_false (parse (&fixture->policy, commands->str));

  for (guint i = 1; i < AGENT_POLICY_LIST_MAX; i++)
    g_string_append (list, ",u");
  g_assert_true (parse (&fixture->policy, list->str));
  g_string_append (list, ",u");
  g_assert_false (parse (&fixture->policy, list->str));
}

/* A drop-in overrides what it names, in the order of names, and replaces a command as a whole. */
static void
test_dropins_override (Fixture *fixture, gconstpointer data)
{
  g_free (
      write_file (fixture, "agent.conf",
                  "[policy]\npower=deny\nexec=named\n[command a]\nargv=/bin/ls\nrun-as=root\n"));
  g_free (write_file (fixture, "agent.conf.d/20-b.conf", "[policy]\npower=allow\n"));
  g_free (write_file (fixture, "agent.conf.d/10-a.conf",
                      "[policy]\npower=deny\npty=any\n[command a]\nargv=/bin/id\n"));
  g_free (write_file (fixture, "agent.conf.d/README", "not a policy"));
  g_free (write_file (fixture, "agent.conf.d/.hidden.conf", "nor this"));

  g_assert_true (agent_policy_load (&fixture->policy, fixture->path));
  g_assert_cmpstr (fixture->policy.error, ==, "");
  g_assert_cmpint (fixture->policy.access[AGENT_GROUP_POWER], ==, AGENT_ACCESS_ALLOW);
  g_assert_cmpint (fixture->policy.access[AGENT_GROUP_PTY], ==, AGENT_ACCESS_ANY);
  g_assert_cmpuint (fixture->policy.n_commands, ==, 1);
  g_assert_cmpstr (fixture->policy.commands[0].argv[0], ==, "/bin/id");
  g_assert_null (fixture->policy.commands[0].run_as);
}

static void
assert_fails_closed (Fixture *fixture, const char *what)
{
  g_assert_false (agent_policy_load (&fixture->policy, fixture->path));
  if (strstr (fixture->policy.error, what) == NULL)
    g_error ("\"%s\" was expected in \"%s\"", what, fixture->policy.error);
  for (int i = 0; i < AGENT_N_GROUPS; i++)
    g_assert_cmpint (agent_policy_allows (&fixture->policy, (AgentGroup) i), ==,
                     i == AGENT_GROUP_CORE || i == AGENT_GROUP_INFO);
}

#define OPEN_POLICY "[policy]\nexec=any\npty=any\nfile-read=allow\nfile-write=allow\n"

static void
test_missing_fails_closed (Fixture *fixture, gconstpointer data)
{
  assert_fails_closed (fixture, "No such file");
}

static void
test_syntax_fails_closed (Fixture *fixture, gconstpointer data)
{
  g_free (write_file (fixture, "agent.conf", OPEN_POLICY "nonsense\n"));
  assert_fails_closed (fixture, "agent.conf:6: ");
}

static void
test_world_writable_fails_closed (Fixture *fixture, gconstpointer data)
{
  g_free (write_file (fixture, "agent.conf", OPEN_POLICY));
  g_assert_true (agent_policy_load (&fixture->policy, fixture->path));
  g_assert_cmpint (g_chmod (fixture->path, 0646), ==, 0);
  assert_fails_closed (fixture, "writable for others");
  g_assert_cmpint (g_chmod (fixture->path, 0664), ==, 0);
  assert_fails_closed (fixture, "writable for others");
  g_assert_cmpint (g_chmod (fixture->path, 0644), ==, 0);
  g_assert_cmpint (g_chmod (fixture->directory, 0777), ==, 0);
  assert_fails_closed (fixture, "writable for others");
}

static void
test_foreign_owner_fails_closed (Fixture *fixture, gconstpointer data)
{
  if (geteuid () != 0)
    {
      g_test_skip ("only root can give a file away");
      return;
    }
  g_free (write_file (fixture, "agent.conf", OPEN_POLICY));
  g_assert_cmpint (chown (fixture->path, 65534, 65534), ==, 0);
  assert_fails_closed (fixture, "not owned by root");
}

static void
test_symlink_fails_closed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = write_file (fixture, "other.conf", OPEN_POLICY);

  g_assert_cmpint (symlink (target, fixture->path), ==, 0);
  assert_fails_closed (fixture, "symbolic link");
}

static void
test_other_files_fail_closed (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (fixture->path, 0755), ==, 0);
  assert_fails_closed (fixture, "not a regular file");
  g_assert_cmpint (g_rmdir (fixture->path), ==, 0);
  /* And nobody hangs on a pipe. */
  g_assert_cmpint (mkfifo (fixture->path, 0644), ==, 0);
  assert_fails_closed (fixture, "not a regular file");
}

static void
test_size_limit (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (OPEN_POLICY);

  while (text->len < AGENT_POLICY_FILE_MAX)
    g_string_append_c (text, text->len % 80 == 0 ? '\n' : '#');
  for (gsize i = strlen (OPEN_POLICY); i < text->len; i++)
    if (text->str[i - 1] == '\n')
      text->str[i] = '#';
  g_free (write_file (fixture, "agent.conf", text->str));
  if (!agent_policy_load (&fixture->policy, fixture->path))
    g_error ("%s", fixture->policy.error);
  g_string_append_c (text, '\n');
  g_free (write_file (fixture, "agent.conf", text->str));
  assert_fails_closed (fixture, "too large");
}

static void
test_bad_dropin_fails_closed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *dropin = NULL;
  g_autofree char *directory = g_build_filename (fixture->directory, "agent.conf.d", NULL);

  g_free (write_file (fixture, "agent.conf", OPEN_POLICY));
  dropin = write_file (fixture, "agent.conf.d/a.conf", "[policy]\nexce=any\n");
  assert_fails_closed (fixture, "agent.conf.d/a.conf:2: unknown key");
  g_free (write_file (fixture, "agent.conf.d/a.conf", ""));
  g_assert_true (agent_policy_load (&fixture->policy, fixture->path));
  g_assert_cmpint (g_chmod (dropin, 0666), ==, 0);
  assert_fails_closed (fixture, "a.conf: writable for others");
  g_assert_cmpint (g_chmod (dropin, 0644), ==, 0);
  g_assert_cmpint (g_chmod (directory, 0777), ==, 0);
  assert_fails_closed (fixture, "agent.conf.d: writable for others");
}

/* What the file denied before its fault stays denied. */
static void
test_fault_loosens_nothing (Fixture *fixture, gconstpointer data)
{
  g_free (write_file (fixture, "agent.conf", "[policy]\ninfo=deny\nnonsense\n"));
  g_assert_false (agent_policy_load (&fixture->policy, fixture->path));
  g_assert_false (agent_policy_allows (&fixture->policy, AGENT_GROUP_INFO));
}

static void
run_check (Fixture *fixture, int status, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, AGENT_PATH, "--check-config",
                        "--config", fixture->path, NULL);
  g_autofree char *output = NULL;

  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, &error));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, status);
  if (strstr (output, word) == NULL)
    g_error ("\"%s\" was expected in \"%s\"", word, output);
}

static void
test_check_config (Fixture *fixture, gconstpointer data)
{
  g_free (write_file (fixture, "agent.conf", "[policy]\nexec=named\n"));
  run_check (fixture, 0, "valid");
  run_check (fixture, 0, "exec        named");
  g_free (write_file (fixture, "agent.conf", "[policy]\nexec=yes\n"));
  run_check (fixture, 1, "agent.conf:2: bad value of \"exec\"");
  run_check (fixture, 1, "exec        deny");
}

/* The file that is installed says nothing but the defaults, and every line of it is right. */
static void
test_shipped_policy_is_valid (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autoptr (GString) enabled = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_file_get_contents (SHIPPED_POLICY, &text, NULL, NULL));
  g_assert_true (parse (&fixture->policy, text));
  g_assert_false (agent_policy_allows (&fixture->policy, AGENT_GROUP_EXEC));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = lines[i];

      if (line[0] == '#' && line[1] != ' ' && line[1] != '\0')
        line++;
      g_string_append_printf (enabled, "%s\n", line);
    }
  agent_policy_clear (&fixture->policy);
  agent_policy_init (&fixture->policy);
  if (!parse (&fixture->policy, enabled->str))
    g_error ("with all its lines enabled: %s", fixture->policy.error);
  g_assert_cmpuint (fixture->policy.n_commands, ==, 1);
}

#define ADD(path, func) g_test_add ("/daemon/policy/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("defaults", test_defaults);
  ADD ("reads-everything", test_reads_everything);
  ADD ("each-fault-tells-its-line", test_each_fault_tells_its_line);
  ADD ("limits", test_limits);
  ADD ("dropins-override", test_dropins_override);
  ADD ("missing-fails-closed", test_missing_fails_closed);
  ADD ("syntax-fails-closed", test_syntax_fails_closed);
  ADD ("world-writable-fails-closed", test_world_writable_fails_closed);
  ADD ("foreign-owner-fails-closed", test_foreign_owner_fails_closed);
  ADD ("symlink-fails-closed", test_symlink_fails_closed);
  ADD ("other-files-fail-closed", test_other_files_fail_closed);
  ADD ("size-limit", test_size_limit);
  ADD ("bad-dropin-fails-closed", test_bad_dropin_fails_closed);
  ADD ("fault-loosens-nothing", test_fault_loosens_nothing);
  ADD ("check-config", test_check_config);
  ADD ("shipped-policy-is-valid", test_shipped_policy_is_valid);
  return g_test_run ();
}

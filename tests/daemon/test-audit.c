/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* The audit log of the guest. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon-inside.h"

#define LOG "var/log/kvm-manager-agent/audit.log"
/* printf '/bin/echo\0secret\0' | sha256sum */
#define HASH_OF_ECHO_SECRET "3930d3c35355198ca7ca7bd8336c38c49e265cbd6ddee7b5c6b55e5ffa6cf6de"
#define READS "[policy]\nfile-read=allow\n[files]\nread=/srv\n"

static const AgentMethod exec_method = { .name = "exec.start", .group = AGENT_GROUP_EXEC };

static char *
path_of (Inside *self, const char *name)
{
  return g_build_filename (self->peer->root, name, NULL);
}

/* The directory above the log, as every guest has it. */
static void
set_up (Inside *self, gconstpointer data)
{
  g_autofree char *log = NULL;
  g_autofree char *srv = NULL;

  inside_set_up (self, data);
  log = path_of (self, "var/log");
  srv = path_of (self, "srv");
  g_mkdir_with_parents (log, 0755);
  g_mkdir_with_parents (srv, 0755);
}

/* All lines of @name (new); empty without a file. */
static GPtrArray *
read_log (Inside *self, const char *name)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  g_autofree char *path = path_of (self, name);
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return lines;
  g_assert_true (text[0] == '\0' || g_str_has_suffix (text, "\n"));
  parts = g_strsplit (text, "\n", -1);
  for (guint i = 0; parts[i] != NULL && parts[i][0] != '\0'; i++)
    {
      json_t *line = json_loads (parts[i], JSON_REJECT_DUPLICATES, NULL);

      g_assert_nonnull (line);
      g_ptr_array_add (lines, line);
    }
  return lines;
}

/* Two lines for a call that has nothing to do with the host. */
static gboolean
record (Inside *self, json_t *target)
{
  AgentCall call = { .method = &exec_method };
  gboolean good = agent_audit_begin (self->agent, &call, target);

  agent_audit_end (self->agent, agent_audit_take (&call), 0, NULL);
  return good;
}

static void
test_two_lines_for_a_call (Inside *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *path = path_of (self, LOG);
  char session[17];
  struct stat status;

  inside_policy (self, READS);
  json_decref (peer_call (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")));
  g_assert_cmpint (
      peer_call_error (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/etc")), ==,
      KVMA_ERROR_DENIED);
  json_decref (peer_call (self->peer, KVMA_METHOD_SYS_INFO, NULL));
  lines = read_log (self, LOG);
  g_assert_cmpuint (lines->len, ==, 4);
  kvma_session_format_id (self->peer->session.id, session);
  g_assert_cmpstr (json_text (lines->pdata[0], "phase"), ==, "begin");
  g_assert_cmpstr (json_text (lines->pdata[0], "session"), ==, session);
  g_assert_cmpstr (json_text (lines->pdata[0], "host"), ==, "tester");
  g_assert_cmpint (json_number (lines->pdata[0], "uid"), ==, geteuid ());
  g_assert_cmpint (json_number (lines->pdata[0], "pid"), ==, getpid ());
  g_assert_cmpstr (json_text (lines->pdata[0], "method"), ==, "file.stat");
  g_assert_cmpstr (json_text (lines->pdata[0], "target.path"), ==, "/srv");
  g_assert_cmpint (json_number (lines->pdata[0], "number"), ==, 1);
  g_assert_cmpstr (json_text (lines->pdata[1], "phase"), ==, "end");
  g_assert_cmpstr (json_text (lines->pdata[1], "method"), ==, "file.stat");
  g_assert_cmpint (json_number (lines->pdata[1], "number"), ==, 1);
  g_assert_cmpint (json_number (lines->pdata[1], "code"), ==, 0);
  g_assert_nonnull (json_path (lines->pdata[1], "ms"));
  g_assert_cmpint (json_number (lines->pdata[3], "number"), ==, 2);
  g_assert_cmpint (json_number (lines->pdata[3], "code"), ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0600);
}

/* As many lines as twice the calls that count, whatever comes in between and whatever they become.
 */
static void
test_counts_every_call (Inside *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;
  guint counted = 0, ended = 0;

  inside_policy (self, READS);
  for (guint i = 0; i < 300; i++)
    switch (g_test_rand_int_range (0, 6))
      {
      case 0:
        json_decref (peer_call (self->peer, KVMA_METHOD_SYS_INFO, NULL));
        break;
      case 1:
        json_decref (
            peer_call (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")));
        counted++;
        break;
      case 2:
        peer_call_error (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{si}", "path", 5));
        counted++;
        break;
      case 3:
        peer_call_error (self->peer, KVMA_METHOD_TIME_SET, NULL);
        counted++;
        break;
      case 4:
        peer_call_error (self->peer, "no.such", NULL);
        break;
      default:
        peer_call_error (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/no"));
        counted++;
        break;
      }
  lines = read_log (self, LOG);
  g_assert_cmpuint (lines->len, ==, 2 * counted);
  for (guint i = 0; i < lines->len; i++)
    ended += g_strcmp0 (json_text (lines->pdata[i], "phase"), "end") == 0 ? 1 : 0;
  g_assert_cmpuint (ended, ==, counted);
}

static gsize
size_of (Inside *self, const char *name)
{
  g_autofree char *path = path_of (self, name);
  struct stat status;

  return g_stat (path, &status) == 0 ? (gsize) status.st_size : G_MAXSIZE;
}

/* Fills the log so that @two more bytes are exactly all it takes. How long an entry is depends on
 * the clock by a byte or so: tried again until it is as long as the one before. */
static gsize
fill_exactly (Inside *self)
{
  g_autofree char *path = path_of (self, LOG);

  for (int i = 0; i < 50; i++)
    {
      gsize two;

      g_assert_cmpint (truncate (path, 0), ==, 0);
      record (self, NULL);
      two = size_of (self, LOG);
      g_assert_cmpint (truncate (path, (off_t) (AGENT_AUDIT_FILE_MAX - two)), ==, 0);
      record (self, NULL);
      if (size_of (self, LOG) == AGENT_AUDIT_FILE_MAX && size_of (self, LOG ".1") == G_MAXSIZE)
        return two;
      g_unlink (path);
      g_free (path);
      path = path_of (self, LOG ".1");
      g_unlink (path);
      g_free (path);
      path = path_of (self, LOG);
      record (self, NULL);
    }
  g_error ("no two entries of the same length");
}

static void
test_rotates_at_the_limit (Inside *self, gconstpointer data)
{
  g_autofree char *path = path_of (self, LOG);
  gsize two;

  record (self, NULL);
  /* Exactly full is not too full. */
  two = fill_exactly (self);
  record (self, NULL);
  g_assert_cmpuint (size_of (self, LOG ".1"), ==, AGENT_AUDIT_FILE_MAX);
  g_assert_cmpuint (size_of (self, LOG), >=, two - 8);
  g_assert_cmpuint (size_of (self, LOG), <=, two + 8);
  /* The fifth file is the last. */
  for (int i = 0; i < 6; i++)
    {
      g_assert_cmpint (truncate (path, AGENT_AUDIT_FILE_MAX), ==, 0);
      record (self, NULL);
    }
  g_assert_cmpuint (size_of (self, LOG ".4"), ==, AGENT_AUDIT_FILE_MAX);
  g_assert_cmpuint (size_of (self, LOG ".5"), ==, G_MAXSIZE);
}

static void
test_required_denies_without_a_log (Inside *self, gconstpointer data)
{
  g_autofree char *directory = path_of (self, "var/log/kvm-manager-agent");

  inside_policy (self, READS);
  peer_write (self->peer, "var/log/kvm-manager-agent", "a file");
  g_assert_cmpint (
      peer_call_error (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")), ==,
      KVMA_ERROR_AUDIT);
  /* What is not audited goes on. */
  json_decref (peer_call (self->peer, KVMA_METHOD_SYS_INFO, NULL));
  inside_policy (self, READS "[audit]\nrequired=no\n");
  json_decref (peer_call (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")));
  g_unlink (directory);
  inside_policy (self, READS);
  json_decref (peer_call (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")));
}

static void
test_refuses_files_of_others (Inside *self, gconstpointer data)
{
  g_autofree char *path = path_of (self, LOG);
  g_autofree char *other = path_of (self, "other");
  g_autofree char *directory = path_of (self, "var/log/kvm-manager-agent");

  record (self, NULL);
  g_assert_cmpint (g_chmod (path, 0622), ==, 0);
  g_assert_false (record (self, NULL));
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  g_assert_true (record (self, NULL));
  g_assert_cmpint (link (path, other), ==, 0);
  g_assert_false (record (self, NULL));
  g_unlink (path);
  g_assert_cmpint (symlink (other, path), ==, 0);
  g_assert_false (record (self, NULL));
  g_unlink (path);
  g_assert_true (record (self, NULL));
  g_assert_cmpint (g_chmod (directory, 0777), ==, 0);
  g_assert_false (record (self, NULL));
  g_assert_cmpint (g_chmod (directory, 0700), ==, 0);
  g_assert_true (record (self, NULL));
  g_assert_cmpint (mkfifo (other, 0600), ==, -1);
  g_unlink (path);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  g_assert_false (record (self, NULL));
}

/* Only the usual directory is made; a wrong path of an administrator makes none. */
static void
test_makes_no_directory_of_others (Inside *self, gconstpointer data)
{
  g_autofree char *other = path_of (self, "elsewhere");

  inside_policy (self, "[audit]\nfile=/elsewhere/audit\n");
  g_assert_false (record (self, NULL));
  g_assert_cmpint (g_mkdir (other, 0700), ==, 0);
  g_assert_true (record (self, NULL));
  g_assert_cmpuint (size_of (self, "elsewhere/audit"), >, 0);
}

static void
test_hides_arguments (Inside *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;
  json_t *line;

  inside_policy (self, "[audit]\nargv=hash\n");
  /* Denied by the policy of the test or not: what is written is the same. */
  record (self, json_pack ("{s[ss] s{ss}}", "argv", "/bin/echo", "secret", "env", "A", "secret"));
  record (self, json_pack ("{s[ss]}", "argv", "/bin/echo", "secret"));
  record (self, json_pack ("{s[ss]}", "argv", "/bin/echos", "ecret"));
  lines = read_log (self, LOG);
  line = lines->pdata[0];
  g_assert_cmpstr (json_text (line, "target.program"), ==, "/bin/echo");
  g_assert_null (json_path (line, "target.argv"));
  g_assert_null (json_path (line, "target.env"));

  g_assert_cmpstr (json_text (line, "target.argv_sha256"), ==, HASH_OF_ECHO_SECRET);
  g_assert_cmpint (strlen (json_text (line, "target.env_sha256")), ==, 64);
  g_assert_cmpstr (json_text (lines->pdata[2], "target.argv_sha256"), ==, HASH_OF_ECHO_SECRET);
  g_assert_cmpstr (json_text (lines->pdata[4], "target.argv_sha256"), !=, HASH_OF_ECHO_SECRET);
}

static void
test_leaves_out_reads (Inside *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;

  inside_policy (self, READS "[audit]\nlog-reads=no\n");
  json_decref (peer_call (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")));
  record (self, NULL);
  lines = read_log (self, LOG);
  g_assert_cmpuint (lines->len, ==, 2);
  g_assert_cmpstr (json_text (lines->pdata[0], "method"), ==, "exec.start");
}

static void
freeze_and_record (Inside *self, guint calls)
{
  agent_audit_set_frozen (self->agent, true);
  for (guint i = 0; i < calls; i++)
    g_assert_true (record (self, NULL));
  g_assert_cmpuint (size_of (self, LOG), ==, G_MAXSIZE);
  agent_audit_set_frozen (self->agent, false);
}

static void
test_keeps_lines_while_frozen (Inside *self, gconstpointer data)
{
  g_autofree char *path = path_of (self, LOG);
  g_autoptr (GPtrArray) exact = NULL;
  g_autoptr (GPtrArray) more = NULL;

  inside_policy (self, "[policy]\nexec=any\n");
  freeze_and_record (self, AGENT_AUDIT_RING / 2);
  exact = read_log (self, LOG);
  g_assert_cmpuint (exact->len, ==, AGENT_AUDIT_RING);
  g_assert_cmpint (json_number (exact->pdata[0], "number"), ==, 1);
  g_unlink (path);
  freeze_and_record (self, AGENT_AUDIT_RING / 2 + 1);
  more = read_log (self, LOG);
  g_assert_cmpuint (more->len, ==, AGENT_AUDIT_RING + 1);
  g_assert_cmpstr (json_text (more->pdata[0], "phase"), ==, "lost");
  g_assert_cmpint (json_number (more->pdata[0], "lines"), ==, 2);
  g_assert_cmpint (json_number (more->pdata[1], "number"), ==, AGENT_AUDIT_RING / 2 + 2);
}

/* A limit of the file's size stands for a full disk: the kernel writes a part, then nothing. */
static void
test_full_disk_leaves_no_half_line (Inside *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;
  struct rlimit old, limit;

  inside_policy (self, READS);
  json_decref (peer_call (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")));
  signal (SIGXFSZ, SIG_IGN);
  getrlimit (RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = size_of (self, LOG) + 20;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_cmpint (
      peer_call_error (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")), ==,
      KVMA_ERROR_AUDIT);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  json_decref (peer_call (self->peer, KVMA_METHOD_FILE_STAT, json_pack ("{ss}", "path", "/srv")));
  lines = read_log (self, LOG);
  g_assert_cmpuint (lines->len, ==, 4);
}

/* Whoever may do nothing cannot push what counts out of the log either. */
static void
test_denied_calls_do_not_fill_it (Inside *self, gconstpointer data)
{
  g_autoptr (GPtrArray) lines = NULL;
  guint n = AGENT_AUDIT_DENIED_BURST;

  for (guint i = 0; i < n; i++)
    record (self, NULL);
  lines = read_log (self, LOG);
  g_assert_cmpuint (lines->len, ==, 2 * n);
  for (guint i = 0; i < 10 * n; i++)
    record (self, NULL);
  g_assert_cmpuint (size_of (self, LOG), <, 400 * 3 * n);
  g_assert_cmpuint (self->agent->audit.left_out, >, 8 * n);
}

static void
test_long_targets_are_cut (Inside *self, gconstpointer data)
{
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr (GPtrArray) lines = NULL;

  record (self, json_pack ("{ss}", "path", text));
  lines = read_log (self, LOG);
  g_assert_cmpuint (lines->len, ==, 2);
  g_assert_cmpint (json_number (lines->pdata[0], "target.length"), ==, 100000 + 11);
  g_assert_cmpuint (strlen (json_text (lines->pdata[0], "target.cut")), <=, KVMA_PATH_MAX);
}

static void
test_tells_syslog (Inside *self, gconstpointer data)
{
  g_autofree char *device = path_of (self, "dev/log");
  g_autofree char *directory = path_of (self, "dev");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  char text[4096];
  gssize n;

  g_mkdir_with_parents (directory, 0755);
  g_strlcpy (address.sun_path, device, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  inside_policy (self, "[audit]\nsyslog=auth\n");
  record (self, NULL);
  n = recv (fd, text, sizeof text - 1, 0);
  g_assert_cmpint (n, >, 0);
  text[n] = '\0';
  g_assert_true (g_str_has_prefix (text, "<37>kvm-manager-agent[")); /* auth, notice */
  g_assert_nonnull (strstr (text, "\"exec.start\""));
  g_assert_cmpint (recv (fd, text, sizeof text, 0), >, 0);
  inside_policy (self, "[audit]\nsyslog=none\n");
  record (self, NULL);
  g_assert_cmpint (recv (fd, text, sizeof text, 0), ==, -1);
  close (fd);
}

#define ADD(name, func)                                                                            \
  g_test_add ("/daemon/audit/" name, Inside, NULL, set_up, func, inside_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("two-lines-for-a-call", test_two_lines_for_a_call);
  ADD ("counts-every-call", test_counts_every_call);
  ADD ("rotates-at-the-limit", test_rotates_at_the_limit);
  ADD ("required-denies-without-a-log", test_required_denies_without_a_log);
  ADD ("refuses-files-of-others", test_refuses_files_of_others);
  ADD ("makes-no-directory-of-others", test_makes_no_directory_of_others);
  ADD ("hides-arguments", test_hides_arguments);
  ADD ("leaves-out-reads", test_leaves_out_reads);
  ADD ("keeps-lines-while-frozen", test_keeps_lines_while_frozen);
  ADD ("full-disk-leaves-no-half-line", test_full_disk_leaves_no_half_line);
  ADD ("denied-calls-do-not-fill-it", test_denied_calls_do_not_fill_it);
  ADD ("long-targets-are-cut", test_long_targets_are_cut);
  ADD ("tells-syslog", test_tells_syslog);
  return g_test_run ();
}

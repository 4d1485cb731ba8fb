/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Which paths a host may name, and what opening them reaches while somebody changes the tree. */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemon/agent-path.h"
#include "daemon/agent-util.h"
#include "protocol/kvma-limits.h"

typedef struct
{
  char *root; /* stands for "/" */
} Fixture;

static char *
below (const Fixture *fixture, const char *path)
{
  return g_build_filename (fixture->root, path, NULL);
}

static void
make_file (const Fixture *fixture, const char *path, const char *text)
{
  g_autofree char *full = below (fixture, path);
  g_autofree char *directory = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0755), ==, 0);
  g_assert_true (g_file_set_contents (full, text, -1, NULL));
}

static void
make_link (const Fixture *fixture, const char *path, const char *target)
{
  g_autofree char *full = below (fixture, path);

  unlink (full);
  g_assert_cmpint (symlink (target, full), ==, 0);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->root = g_dir_make_tmp ("kvma-path-XXXXXX", NULL);
  agent_set_root (fixture->root);
  agent_path_set_openat2 (data == NULL);
  make_file (fixture, "srv/inbox/a", "inside");
  make_file (fixture, "srv/inbox/deep/er/b", "deeper");
  make_file (fixture, "srv/inboxfoo/c", "beside");
  make_file (fixture, "etc/secret", "secret");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", fixture->root);

  g_assert_cmpint (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL), ==, TRUE);
  agent_set_root ("");
  g_free (fixture->root);
}

/* Returns what is in @path, "E" and the errno when it cannot be opened. */
static char *
contents (const AgentRoots *roots, const char *path)
{
  int fd = agent_path_is_allowed (roots, path) ? agent_path_open (roots, path, false) : -2;
  int file = fd >= 0 ? agent_path_reopen (fd, O_RDONLY) : -1;
  int error = errno;
  char text[64] = "";

  if (fd >= 0)
    close (fd);
  if (fd == -2)
    return g_strdup ("denied");
  if (file < 0)
    return g_strdup_printf ("E%d", error);
  g_assert_cmpint (read (file, text, sizeof text - 1), >=, 0);
  close (file);
  return g_strdup (text);
}

static void
assert_reads (char *const *paths, bool follow, const char *path, const char *expected)
{
  const AgentRoots roots = { paths, follow };
  g_autofree char *text = contents (&roots, path);

  if (strcmp (text, expected) != 0)
    g_error ("%s: \"%s\" and not \"%s\"", path, text, expected);
}

static void
assert_fails (char *const *paths, bool follow, const char *path, int error)
{
  g_autofree char *expected = g_strdup_printf ("E%d", error);

  assert_reads (paths, follow, path, expected);
}

static void
test_syntax (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *path;
    bool valid;
  } rows[] = {
    { "/", true },          { "/a", true },
    { "/a/b", true },       { "/a b/c", true },
    { "/...", true },       { "/.a/..b/c..", true },
    { "/\xc3\xa4", true },  { "/a\nb", true },
    { "", false },          { "a", false },
    { "./a", false },       { "../a", false },
    { "//", false },        { "//a", false },
    { "/a//b", false },     { "/a/", false },
    { "/.", false },        { "/..", false },
    { "/a/.", false },      { "/a/..", false },
    { "/a/./b", false },    { "/a/../b", false },
    { "/../etc", false },   { "/a/b/../..", false },
    { "/\xff", false },     { "/a/\xc3", false },
    { "/\xc0\xaf", false }, { "/\xed\xa0\x80", false },
    { "~/a", false },       { "file:///a", false },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (agent_path_is_valid (rows[i].path, strlen (rows[i].path)) != rows[i].valid)
      g_error ("%s", rows[i].path);
  g_assert_false (agent_path_is_valid ("/a\0b", 4));
}

/* A path of @length bytes whose components are as long as they may be. */
static char *
long_path (gsize length)
{
  char *path = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    path[i] = i % 200 == 0 && i + 1 < length ? '/' : 'x';
  path[length] = '\0';
  return path;
}

static void
test_lengths (Fixture *fixture, gconstpointer data)
{
  g_autofree char *most = long_path (KVMA_FILE_PATH_MAX);
  g_autofree char *more = long_path (KVMA_FILE_PATH_MAX + 1);
  g_autofree char *name = g_strnfill (KVMA_FILE_NAME_MAX, 'n');
  g_autofree char *longer = g_strnfill (KVMA_FILE_NAME_MAX + 1, 'n');
  g_autofree char *path = g_strconcat ("/", name, NULL);
  g_autofree char *longer_path = g_strconcat ("/", longer, NULL);
  char *slash[] = { (char *) "/", NULL };

  g_assert_true (agent_path_is_valid (most, strlen (most)));
  g_assert_false (agent_path_is_valid (more, strlen (more)));
  g_assert_true (agent_path_is_valid (path, strlen (path)));
  g_assert_false (agent_path_is_valid (longer_path, strlen (longer_path)));
  g_assert_true (agent_path_is_name (name, strlen (name)));
  g_assert_false (agent_path_is_name (longer, strlen (longer)));
  /* And the kernel takes it, below the descriptor of a root. */
  assert_fails (slash, false, most, ENOENT);
}

static void
test_names (Fixture *fixture, gconstpointer data)
{
  static const char *const bad[] = { "", ".", "..", ".x", "a/b", "../x", "/x", "\xff", "a/" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (agent_path_is_name (bad[i], strlen (bad[i])));
  g_assert_true (agent_path_is_name ("a b..c", 6));
  g_assert_false (agent_path_is_name ("a\0b", 3));
}

/* What the policy has may be written untidily; a host is told the form that it may send. */
static void
test_plain (Fixture *fixture, gconstpointer data)
{
  static const char *const rows[][2] = {
    { "/", "/" },           { "//", "/" },           { "/srv/inbox/", "/srv/inbox" },
    { "/srv/a", "/srv/a" }, { "//a///b//", "/a/b" },
  };
  char out[32];

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpstr (agent_path_plain (rows[i][0], out, sizeof out), ==, rows[i][1]);
  g_assert_cmpstr (agent_path_plain ("/abc", out, 4), ==, "/ab");
}

static void
test_inside (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *path;
    const char *root;
    bool inside;
  } rows[] = {
    { "/srv/inbox", "/srv/inbox", true },
    { "/srv/inbox/a", "/srv/inbox", true },
    { "/srv/inboxfoo", "/srv/inbox", false },
    { "/srv/inboxfoo/a", "/srv/inbox", false },
    { "/srv/inbo", "/srv/inbox", false },
    { "/srv", "/srv/inbox", false },
    { "/", "/srv/inbox", false },
    { "/", "/", true },
    { "/a", "/", true },
    { "/srv/inbox/a", "/srv/inbox/", true },
    { "/srv/inbox/a", "//srv//inbox", true },
    { "/srv/inboxfoo", "/srv/inbox/", false },
  };
  char *everything[] = { (char *) "/", NULL };
  const AgentRoots roots = { everything, true };
  const AgentRoots none = { NULL, true };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (agent_path_is_inside (rows[i].path, rows[i].root) != rows[i].inside)
      g_error ("%s in %s", rows[i].path, rows[i].root);
  g_assert_true (agent_path_is_allowed (&roots, "/etc/secret"));
  g_assert_true (agent_path_is_allowed (&roots, "/device"));
  g_assert_false (agent_path_is_allowed (&roots, "/proc/self/root/etc/secret"));
  g_assert_false (agent_path_is_allowed (&roots, "/sys"));
  g_assert_false (agent_path_is_allowed (&roots, "/dev/null"));
  g_assert_false (agent_path_is_allowed (&none, "/etc/secret"));
}

static void
test_opens (Fixture *fixture, gconstpointer data)
{
  char *roots[] = { (char *) "/srv/inbox/", (char *) "/etc/only", NULL };
  char *all[] = { (char *) "/", NULL };

  make_file (fixture, "etc/only", "only");
  assert_reads (roots, false, "/srv/inbox/a", "inside");
  assert_reads (roots, false, "/srv/inbox/deep/er/b", "deeper");
  assert_reads (roots, false, "/etc/only", "only");
  assert_reads (roots, false, "/etc/secret", "denied");
  assert_reads (roots, false, "/srv/inboxfoo/c", "denied");
  assert_reads (all, false, "/etc/secret", "secret");
  assert_fails (roots, false, "/srv/inbox/none", ENOENT);
  assert_fails (roots, false, "/srv/inbox/a/b", ENOTDIR);
  assert_fails (roots, false, "/etc/only/x", ENOTDIR);
}

static void
test_links (Fixture *fixture, gconstpointer data)
{
  char *roots[] = { (char *) "/srv/inbox", NULL };
  const AgentRoots plain = { roots, false };
  const char *name;
  int fd;

  make_link (fixture, "srv/inbox/out", "../../etc");
  make_link (fixture, "srv/inbox/file", "../../etc/secret");
  make_link (fixture, "srv/inbox/absolute", "/etc/passwd");
  make_link (fixture, "srv/inbox/in", "deep/er");
  make_link (fixture, "srv/inbox/self", "self");
  assert_fails (roots, false, "/srv/inbox/out/secret", ELOOP);
  assert_fails (roots, false, "/srv/inbox/file", ELOOP);
  assert_fails (roots, false, "/srv/inbox/absolute", ELOOP);
  assert_fails (roots, false, "/srv/inbox/in/b", ELOOP);
  assert_fails (roots, false, "/srv/inbox/self", ELOOP);
  fd = agent_path_open_parent (&plain, "/srv/inbox/out/new", &name);
  g_assert_cmpint (fd, ==, -1);
  g_assert_cmpint (errno, ==, ELOOP);
  fd = agent_path_open_parent (&plain, "/srv/inbox/in/er/new", &name);
  g_assert_cmpint (fd, ==, -1);
  g_assert_cmpint (errno, ==, ELOOP);
  if (data == NULL)
    {
      assert_reads (roots, true, "/srv/inbox/in/b", "deeper");
      assert_fails (roots, true, "/srv/inbox/out/secret", EXDEV);
      assert_fails (roots, true, "/srv/inbox/file", EXDEV);
      assert_fails (roots, true, "/srv/inbox/absolute", EXDEV);
      assert_fails (roots, true, "/srv/inbox/self", ELOOP);
    }
  else
    assert_fails (roots, true, "/srv/inbox/in/b", ELOOP);
}

/* What the administrator wrote may lead through a link, if it is root's. */
static void
test_links_of_the_policy (Fixture *fixture, gconstpointer data)
{
  char *roots[] = { (char *) "/etc/release", (char *) "/var/in", NULL };
  g_autofree char *link = below (fixture, "var/in");

  make_file (fixture, "usr/lib/release", "release");
  make_file (fixture, "var/x", "x");
  make_link (fixture, "etc/release", "../usr/lib/release");
  make_link (fixture, "var/in", "/srv/inbox");
  assert_reads (roots, false, "/etc/release", "release");
  assert_reads (roots, false, "/var/in/a", "inside");
  if (geteuid () != 0)
    {
      g_test_message ("not root: cannot give a link to somebody else");
      return;
    }
  g_assert_cmpint (lchown (link, 12345, 12345), ==, 0);
  assert_fails (roots, false, "/var/in/a", ELOOP);
}

static void
test_special (Fixture *fixture, gconstpointer data)
{
  char *roots[] = { (char *) "/srv/inbox", NULL };
  g_autofree char *fifo = below (fixture, "srv/inbox/fifo");
  g_autofree char *device = below (fixture, "srv/inbox/device");

  g_assert_cmpint (mkfifo (fifo, 0666), ==, 0);
  assert_fails (roots, false, "/srv/inbox/fifo", EXDEV);
  if (mknod (device, S_IFCHR | 0666, makedev (1, 5)) == 0)
    assert_fails (roots, false, "/srv/inbox/device", EXDEV);
  else
    g_test_message ("may not make devices: that case is left out");
}

/* The kernel's own file systems are refused wherever they are mounted. */
static void
test_kernel_file_systems (Fixture *fixture, gconstpointer data)
{
  char *roots[] = { (char *) "/etc/door", NULL };

  make_link (fixture, "etc/door", "/proc");
  agent_set_root ("");
  roots[0] = g_strconcat (fixture->root, "/etc/door", NULL);
  {
    g_autofree char *path = g_strconcat (roots[0], "/version", NULL);

    assert_fails (roots, false, path, EXDEV);
  }
  g_free (roots[0]);
}

typedef struct
{
  const char *directory;
  const char *link;
  int stop;
} Swap;

static gpointer
swap_thread (gpointer data)
{
  Swap *swap = data;

  while (!g_atomic_int_get (&swap->stop))
    renameat2 (AT_FDCWD, swap->directory, AT_FDCWD, swap->link, RENAME_EXCHANGE);
  return NULL;
}

/* Somebody exchanges a directory and a link to /etc for as long as we look: never the secret. */
static void
test_race (Fixture *fixture, gconstpointer data)
{
  char *roots[] = { (char *) "/srv/inbox", NULL };
  const AgentRoots plain = { roots, false };
  const char *seconds = g_getenv ("KVMM_RACE_SECONDS");
  gint64 end = g_get_monotonic_time () +
               (seconds != NULL ? g_ascii_strtoll (seconds, NULL, 10) : 2) * G_USEC_PER_SEC / 2;
  g_autofree char *directory = below (fixture, "srv/inbox/deep");
  g_autofree char *link = below (fixture, "srv/inbox/swap");
  g_autofree char *etc = below (fixture, "etc");
  struct stat forbidden;
  Swap swap = { directory, link, 0 };
  GThread *thread;
  guint opened = 0, refused = 0, parents = 0;

  make_file (fixture, "srv/inbox/deep/secret", "inside");
  make_link (fixture, "srv/inbox/swap", "../../etc");
  g_assert_cmpint (stat (etc, &forbidden), ==, 0);
  thread = g_thread_new ("swap", swap_thread, &swap);
  while (g_get_monotonic_time () < end || opened == 0 || refused == 0)
    {
      g_autofree char *text = contents (&plain, "/srv/inbox/deep/secret");
      const char *name;
      struct stat info;
      int fd;

      g_assert_cmpstr (text, !=, "secret");
      if (strcmp (text, "inside") == 0)
        opened++;
      else
        refused++;
      fd = agent_path_open_parent (&plain, "/srv/inbox/deep/new", &name);
      if (fd < 0)
        continue;
      g_assert_cmpint (fstat (fd, &info), ==, 0);
      g_assert_true (S_ISDIR (info.st_mode));
      g_assert_cmpuint (info.st_ino, !=, forbidden.st_ino);
      close (fd);
      parents++;
      g_assert_cmpint (g_get_monotonic_time (), <, end + 60 * G_USEC_PER_SEC);
    }
  g_atomic_int_set (&swap.stop, 1);
  g_thread_join (thread);
  g_test_message ("%u opened, %u refused, %u parents", opened, refused, parents);
}

#define ADD(path, func)                                                                            \
  g_test_add ("/daemon/path/" path, Fixture, NULL, set_up, func, tear_down);                       \
  g_test_add ("/daemon/path/without-openat2/" path, Fixture, "", set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("syntax", test_syntax);
  ADD ("lengths", test_lengths);
  ADD ("names", test_names);
  ADD ("plain", test_plain);
  ADD ("inside", test_inside);
  ADD ("opens", test_opens);
  ADD ("links", test_links);
  ADD ("links-of-the-policy", test_links_of_the_policy);
  ADD ("special", test_special);
  ADD ("kernel-file-systems", test_kernel_file_systems);
  ADD ("race", test_race);
  return g_test_run ();
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-agent-iso-private.h"
#include "test-disc.h"
#include "test-model.h"

/* ---- judging what was seen ---- */

#define GOOD .file = KVMM_AGENT_ISO_FILE_GOOD, .is_ours = TRUE
#define OPEN .others_may_read = TRUE, .is_roots = TRUE

static const struct
{
  const char *name;
  KvmmAgentIsoProbe probe;
  KvmmAgentIsoReader reader;
  KvmmAgentIsoVerdict verdict;
  const char *reason; /* a part of it */
} judgements[] = {
  { "system",
    { .path = (char *) "/a.iso",
      .real_path = (char *) "/srv/a.iso",
      .version = (char *) "1.2",
      GOOD,
      OPEN },
    { 0 },
    KVMM_AGENT_ISO_TAKEN,
    "1.2" },
  { "no version",
    { .path = (char *) "/a.iso", .real_path = (char *) "/srv/a.iso", GOOD, OPEN },
    { 0 },
    KVMM_AGENT_ISO_TAKEN,
    "unknown version" },
  { "missing",
    { .path = (char *) "/a.iso", .file = KVMM_AGENT_ISO_FILE_MISSING },
    { 0 },
    KVMM_AGENT_ISO_MISSING,
    "no such file" },
  { "folder",
    { .path = (char *) "/a", .real_path = (char *) "/a", .file = KVMM_AGENT_ISO_FILE_IRREGULAR },
    { 0 },
    KVMM_AGENT_ISO_NOT_A_FILE,
    "not a file" },
  { "relative",
    { .path = (char *) "a.iso", .file = KVMM_AGENT_ISO_FILE_IRREGULAR },
    { 0 },
    KVMM_AGENT_ISO_NOT_A_FILE,
    "begin with" },
  { "unreadable",
    { .path = (char *) "/a.iso",
      .real_path = (char *) "/a.iso",
      .problem = (char *) "Denied",
      .file = KVMM_AGENT_ISO_FILE_UNREADABLE },
    { 0 },
    KVMM_AGENT_ISO_UNREADABLE,
    "Denied" },
  { "another disc",
    { .path = (char *) "/a.iso", .real_path = (char *) "/a.iso", OPEN },
    { 0 },
    KVMM_AGENT_ISO_NOT_OURS,
    "KVMMANAGER_AGENT" },
  { "not for others, system",
    { .path = (char *) "/a.iso", .real_path = (char *) "/srv/a.iso", GOOD },
    { 0 },
    KVMM_AGENT_ISO_NOT_FOR_QEMU,
    "chmod o+r /srv/a.iso" },
  { "not for others, session",
    { .path = (char *) "/a.iso", .real_path = (char *) "/srv/a.iso", GOOD },
    { .is_session = TRUE },
    KVMM_AGENT_ISO_TAKEN,
    "agent disc" },
  { "closed folder, system",
    { .path = (char *) "/a.iso",
      .real_path = (char *) "/home/me/a.iso",
      .closed_folder = (char *) "/home/me",
      GOOD,
      OPEN },
    { 0 },
    KVMM_AGENT_ISO_NOT_FOR_QEMU,
    "folder /home/me" },
  { "closed folder, session",
    { .path = (char *) "/a.iso",
      .real_path = (char *) "/home/me/a.iso",
      .closed_folder = (char *) "/home/me",
      GOOD,
      OPEN },
    { .is_session = TRUE },
    KVMM_AGENT_ISO_TAKEN,
    "agent disc" },
  { "AppArmor, refused",
    { .path = (char *) "/a.iso", .real_path = (char *) "/usr/share/kvm-manager/a.iso", GOOD, OPEN },
    { .has_apparmor = TRUE },
    KVMM_AGENT_ISO_NOT_FOR_QEMU,
    "AppArmor" },
  { "AppArmor, a name that only begins like a refused folder",
    { .path = (char *) "/a.iso", .real_path = (char *) "/usr/share-local/a.iso", GOOD, OPEN },
    { .has_apparmor = TRUE },
    KVMM_AGENT_ISO_TAKEN,
    "agent disc" },
  { "AppArmor, refused by the real path, not by the link",
    { .path = (char *) "/var/lib/a.iso", .real_path = (char *) "/usr/libexec/a.iso", GOOD, OPEN },
    { .has_apparmor = TRUE },
    KVMM_AGENT_ISO_NOT_FOR_QEMU,
    "/usr/libexec/a.iso" },
  { "AppArmor, a link that leads to a good place",
    { .path = (char *) "/usr/share/kvm-manager/a.iso",
      .real_path = (char *) "/var/lib/kvm-manager/a.iso",
      GOOD,
      OPEN },
    { .has_apparmor = TRUE },
    KVMM_AGENT_ISO_TAKEN,
    "agent disc" },
  { "AppArmor, /usr/local/share",
    { .path = (char *) "/a.iso", .real_path = (char *) "/usr/local/share/a.iso", GOOD, OPEN },
    { .has_apparmor = TRUE },
    KVMM_AGENT_ISO_TAKEN,
    "agent disc" },
  { "AppArmor, session",
    { .path = (char *) "/a.iso", .real_path = (char *) "/usr/share/a.iso", GOOD, OPEN },
    { .has_apparmor = TRUE, .is_session = TRUE },
    KVMM_AGENT_ISO_TAKEN,
    "agent disc" },
  { "no AppArmor",
    { .path = (char *) "/a.iso", .real_path = (char *) "/usr/share/a.iso", GOOD, OPEN },
    { 0 },
    KVMM_AGENT_ISO_TAKEN,
    "agent disc" },
  { "remote",
    { .path = (char *) "/a.iso", .real_path = (char *) "/srv/a.iso", GOOD, OPEN },
    { .is_remote = TRUE },
    KVMM_AGENT_ISO_REMOTE,
    "another computer" },
  { "remote session",
    { .path = (char *) "/a.iso", .real_path = (char *) "/srv/a.iso", GOOD, OPEN },
    { .is_remote = TRUE, .is_session = TRUE },
    KVMM_AGENT_ISO_REMOTE,
    "another computer" },
};

static const struct
{
  const char *name;
  KvmmAgentIsoProbe probe;
  KvmmAgentIsoReader reader;
  const char *obstacle; /* NULL: none is seen */
} obstacles[] = {
  { "plain", { .path = (char *) "/a.iso", .real_path = (char *) "/a.iso", GOOD }, { 0 }, NULL },
  /* libvirt makes QEMU's user its owner. */
  { "not for others",
    { .path = (char *) "/a.iso", .real_path = (char *) "/a.iso", GOOD, .others_may_read = FALSE },
    { 0 },
    NULL },
  { "closed folder",
    { .path = (char *) "/home/x/a.iso",
      .real_path = (char *) "/home/x/a.iso",
      GOOD,
      .closed_folder = (char *) "/home/x" },
    { 0 },
    "the folder “/home/x”. Copy the file into a storage pool" },
  { "closed folder of one's own QEMU",
    { .path = (char *) "/home/x/a.iso",
      .real_path = (char *) "/home/x/a.iso",
      GOOD,
      .closed_folder = (char *) "/home/x" },
    { .is_session = TRUE },
    NULL },
  { "closed folder of another computer",
    { .path = (char *) "/home/x/a.iso",
      .real_path = (char *) "/home/x/a.iso",
      GOOD,
      .closed_folder = (char *) "/home/x" },
    { .is_remote = TRUE },
    NULL },
  { "AppArmor",
    { .path = (char *) "/a.iso", .real_path = (char *) "/usr/share/a.iso", GOOD },
    { .has_apparmor = TRUE },
    "AppArmor forbids QEMU to read “/usr/share/a.iso”" },
  { "unreadable for one's own QEMU",
    { .path = (char *) "/a.iso",
      .file = KVMM_AGENT_ISO_FILE_UNREADABLE,
      .problem = (char *) "Permission denied" },
    { .is_session = TRUE },
    "You may not read “/a.iso”, and QEMU runs as you: Permission denied." },
  { "unreadable for oneself",
    { .path = (char *) "/a.iso",
      .file = KVMM_AGENT_ISO_FILE_UNREADABLE,
      .problem = (char *) "Permission denied" },
    { 0 },
    NULL },
};

static void
test_sees_what_keeps_qemu_from_a_file (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (obstacles); i++)
    {
      g_autofree char *text =
          kvmm_agent_iso_describe_obstacle (&obstacles[i].probe, &obstacles[i].reader);

      g_test_message ("%s: %s", obstacles[i].name, text);
      if (obstacles[i].obstacle == NULL)
        g_assert_null (text);
      else
        g_assert_nonnull (strstr (text, obstacles[i].obstacle));
    }
}

static void
test_judges_every_case (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (judgements); i++)
    {
      g_test_message ("%s", judgements[i].name);
      KvmmAgentIsoCandidate *candidate =
          kvmm_agent_iso_judge (&judgements[i].probe, &judgements[i].reader);
      g_assert_cmpint (candidate->verdict, ==, judgements[i].verdict);
      g_assert_nonnull (strstr (candidate->reason, judgements[i].reason));
      g_assert_cmpstr (candidate->path, ==, judgements[i].probe.path);
      kvmm_agent_iso_candidate_free (candidate);
    }
}

static void
test_only_a_package_keeps_its_label (void)
{
  KvmmAgentIsoReader reader = { .is_session = TRUE };
  KvmmAgentIsoProbe probe = { .path = (char *) "/a.iso", .real_path = (char *) "/a.iso", GOOD };

  for (guint i = 0; i < 4; i++)
    {
      probe.is_roots = (i & 1) != 0;
      probe.others_may_read = (i & 2) != 0;
      KvmmAgentIsoCandidate *candidate = kvmm_agent_iso_judge (&probe, &reader);
      g_assert_cmpint (candidate->is_packaged, ==, i == 3);
      kvmm_agent_iso_candidate_free (candidate);
    }
}

/* ---- looking at files ---- */

typedef struct
{
  char *folder;
  char *disc;
} Files;

static void
set_up (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *made = g_dir_make_tmp ("kvmm-iso-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (made, 0755), ==, 0);
  self->folder = g_steal_pointer (&made);
  self->disc = g_build_filename (self->folder, "disc.iso", NULL);
  test_disc_write (self->disc, "KVMMANAGER_AGENT", "KVM-MANAGER-AGENT 1.2.3");
}

static void
remove_all (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        remove_all (path);
      g_remove (path);
    }
}

static void
tear_down (Files *self, gconstpointer data)
{
  remove_all (self->folder);
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->disc);
}

static void
test_reads_label_and_version (Files *self, gconstpointer data)
{
  g_autoptr (KvmmAgentIsoProbe) probe = kvmm_agent_iso_probe (self->disc);
  g_assert_cmpint (probe->file, ==, KVMM_AGENT_ISO_FILE_GOOD);
  g_assert_true (probe->is_ours);
  g_assert_cmpstr (probe->version, ==, "1.2.3");
  g_assert_true (probe->others_may_read);
  g_assert_cmpint (probe->is_roots, ==, geteuid () == 0);

  g_assert_cmpint (g_chmod (self->disc, 0600), ==, 0);
  g_autoptr (KvmmAgentIsoProbe) private = kvmm_agent_iso_probe (self->disc);
  g_assert_false (private->others_may_read);
  g_assert_cmpint (g_chmod (self->disc, 0666), ==, 0);
  g_autoptr (KvmmAgentIsoProbe) writable = kvmm_agent_iso_probe (self->disc);
  g_assert_false (writable->is_roots);
}

static void
test_takes_no_other_disc (Files *self, gconstpointer data)
{
  static const struct
  {
    const char *label, *application;
    gboolean is_ours;
    const char *version;
  } discs[] = {
    { NULL, NULL, FALSE, NULL },
    { "DEBIAN", "KVM-MANAGER-AGENT 1", FALSE, NULL },
    { "KVMMANAGER_AGENTS", "KVM-MANAGER-AGENT 1", FALSE, NULL },
    { "KVMMANAGER_AGENT", "", TRUE, NULL },
    { "KVMMANAGER_AGENT", "KVM-MANAGER-AGENT \033[31m2", TRUE, "[31m2" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (discs); i++)
    {
      test_disc_write (self->disc, discs[i].label, discs[i].application);
      g_autoptr (KvmmAgentIsoProbe) probe = kvmm_agent_iso_probe (self->disc);
      g_assert_cmpint (probe->file, ==, KVMM_AGENT_ISO_FILE_GOOD);
      g_assert_cmpint (probe->is_ours, ==, discs[i].is_ours);
      g_assert_cmpstr (probe->version, ==, discs[i].version);
    }
  /* Shorter than where the label stands. */
  g_assert_cmpint (truncate (self->disc, 32768 + 2047), ==, 0);
  g_autoptr (KvmmAgentIsoProbe) cut = kvmm_agent_iso_probe (self->disc);
  g_assert_cmpint (cut->file, ==, KVMM_AGENT_ISO_FILE_GOOD);
  g_assert_false (cut->is_ours);
}

static void
test_says_what_is_no_file (Files *self, gconstpointer data)
{
  g_autofree char *none = g_build_filename (self->folder, "none.iso", NULL);
  g_autofree char *below = g_build_filename (self->disc, "below.iso", NULL);
  g_autofree char *pipe = g_build_filename (self->folder, "pipe.iso", NULL);
  g_autofree char *loop = g_build_filename (self->folder, "loop.iso", NULL);
  g_assert_cmpint (mkfifo (pipe, 0644), ==, 0);
  g_assert_cmpint (symlink (loop, loop), ==, 0);
  const struct
  {
    const char *path;
    KvmmAgentIsoFile file;
  } cases[] = {
    { none, KVMM_AGENT_ISO_FILE_MISSING },           { below, KVMM_AGENT_ISO_FILE_MISSING },
    { self->folder, KVMM_AGENT_ISO_FILE_IRREGULAR }, { pipe, KVMM_AGENT_ISO_FILE_IRREGULAR },
    { "/dev/null", KVMM_AGENT_ISO_FILE_IRREGULAR },  { "disc.iso", KVMM_AGENT_ISO_FILE_IRREGULAR },
    { loop, KVMM_AGENT_ISO_FILE_UNREADABLE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].path);
      g_autoptr (KvmmAgentIsoProbe) probe = kvmm_agent_iso_probe (cases[i].path);
      g_assert_cmpint (probe->file, ==, cases[i].file);
    }
}

static void
test_follows_links (Files *self, gconstpointer data)
{
  g_autofree char *link = g_build_filename (self->folder, "link.iso", NULL);
  g_autofree char *real = g_canonicalize_filename (self->disc, NULL);
  g_assert_cmpint (symlink ("disc.iso", link), ==, 0);
  g_autoptr (KvmmAgentIsoProbe) probe = kvmm_agent_iso_probe (link);
  g_assert_cmpstr (probe->path, ==, link);
  g_assert_cmpstr (probe->real_path, ==, real);
  g_assert_true (probe->is_ours);
}

static void
test_finds_the_closed_folder (Files *self, gconstpointer data)
{
  g_autofree char *closed = g_build_filename (self->folder, "closed", NULL);
  g_autofree char *inner = g_build_filename (closed, "inner", NULL);
  g_autofree char *disc = g_build_filename (inner, "disc.iso", NULL);
  g_assert_cmpint (g_mkdir_with_parents (inner, 0755), ==, 0);
  test_disc_write (disc, "KVMMANAGER_AGENT", "");
  g_autoptr (KvmmAgentIsoProbe) before = kvmm_agent_iso_probe (disc);
  g_assert_null (before->closed_folder);
  g_assert_cmpint (g_chmod (closed, 0750), ==, 0);
  g_autoptr (KvmmAgentIsoProbe) after = kvmm_agent_iso_probe (disc);
  g_assert_cmpstr (after->closed_folder, ==, closed);
}

/* ---- choosing ---- */

static KvmmAgentIsoVerdict
verdict_at (GPtrArray *candidates, guint i)
{
  return ((const KvmmAgentIsoCandidate *) candidates->pdata[i])->verdict;
}

static GPtrArray *
choose (const char *const *paths, const KvmmAgentIsoReader *reader)
{
  g_autoptr (GPtrArray) probes = kvmm_agent_iso_probe_all (paths);
  return kvmm_agent_iso_choose (probes, reader, NULL);
}

static void
test_takes_the_first_usable (Files *self, gconstpointer data)
{
  g_autofree char *second = g_build_filename (self->folder, "second.iso", NULL);
  test_disc_write (second, "KVMMANAGER_AGENT", "");
  const char *paths[] = { "/nonexistent.iso", "", self->disc, self->disc, second, "/tmp", NULL };
  KvmmAgentIsoReader reader = { .is_session = TRUE };
  g_autoptr (GPtrArray) candidates = choose (paths, &reader);
  g_assert_cmpuint (candidates->len, ==, 4);
  g_assert_cmpint (verdict_at (candidates, 0), ==, KVMM_AGENT_ISO_MISSING);
  g_assert_cmpint (verdict_at (candidates, 1), ==, KVMM_AGENT_ISO_TAKEN);
  g_assert_cmpint (verdict_at (candidates, 2), ==, KVMM_AGENT_ISO_SKIPPED);
  g_assert_cmpint (verdict_at (candidates, 3), ==, KVMM_AGENT_ISO_NOT_A_FILE);
  const KvmmAgentIsoCandidate *skipped = candidates->pdata[2];
  g_assert_nonnull (strstr (skipped->reason, self->disc));
}

static void
test_looks_at_nothing_for_another_computer (Files *self, gconstpointer data)
{
  const char *paths[] = { self->disc, NULL };
  KvmmAgentIsoReader reader = { .is_remote = TRUE };
  g_autoptr (GPtrArray) candidates = choose (paths, &reader);
  const KvmmAgentIsoCandidate *first = candidates->pdata[0];
  g_assert_cmpint (first->verdict, ==, KVMM_AGENT_ISO_REMOTE);
  g_assert_null (first->real_path);
}

static void
test_tries_no_more_than_its_limit (Files *self, gconstpointer data)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  KvmmAgentIsoReader reader = { 0 };
  for (guint i = 0; i < 65; i++)
    {
      g_autofree char *path = g_strdup_printf ("/nonexistent/%u.iso", i);
      g_strv_builder_add (builder, path);
    }
  g_auto (GStrv) paths = g_strv_builder_end (builder);
  g_autoptr (GPtrArray) candidates = choose ((const char *const *) paths, &reader);
  g_assert_cmpuint (candidates->len, ==, 64);
}

static void
test_names_each_path_that_failed (Files *self, gconstpointer data)
{
  const char *paths[] = { "/nonexistent.iso", self->folder, NULL };
  KvmmAgentIsoReader reader = { 0 };
  g_autoptr (GPtrArray) candidates = choose (paths, &reader);
  g_autofree char *text = kvmm_agent_iso_describe_failure (candidates);
  g_assert_nonnull (strstr (text, "/nonexistent.iso: There is no such file."));
  g_assert_nonnull (strstr (text, self->folder));
  g_ptr_array_set_size (candidates, 0);
  g_autofree char *none = kvmm_agent_iso_describe_failure (candidates);
  g_assert_nonnull (strstr (none, "Preferences"));
}

static void
test_knows_the_agent_disc (void)
{
  static const struct
  {
    const char *source, *configured;
    gboolean expected;
  } cases[] = {
    { NULL, NULL, FALSE },
    { "/usr/share/kvm-manager/kvmmanager-guest-agent.iso", NULL, TRUE },
    { "default/kvmmanager-guest-agent-0.1.0.iso", NULL, TRUE },
    { "kvmmanager-guest-agent.iso", NULL, TRUE },
    { "/kvmmanager-guest-agent.iso/debian.iso", NULL, FALSE },
    { "/srv/kvmmanager-guest-agent.qcow2", NULL, FALSE },
    { "/srv/mine.iso", NULL, FALSE },
    { "/srv/mine.iso", "/srv/mine.iso", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (kvmm_agent_iso_is_agent_disc (cases[i].source, cases[i].configured), ==,
                     cases[i].expected);
}

/* ---- through the settings ---- */

static GPtrArray *
resolve (KvmmSettings *settings, KvmmConnection *connection)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  kvmm_agent_iso_resolve_async (settings, connection, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  GPtrArray *candidates = kvmm_agent_iso_resolve_finish (result, &error);
  g_assert_no_error (error);
  return candidates;
}

static void
test_settings_decide (Files *self, gconstpointer data)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  GSettings *gsettings = kvmm_settings_get_gsettings (settings);
  const char *paths[] = { "/nonexistent/1.iso", "/nonexistent/2.iso", NULL };
  g_settings_set_strv (gsettings, KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS, paths);
  g_autoptr (GPtrArray) searched = resolve (settings, NULL);
  g_assert_cmpuint (searched->len, ==, 2);
  g_settings_set_string (gsettings, KVMM_SETTINGS_AGENT_ISO_PATH, "/nonexistent/3.iso");
  g_autoptr (GPtrArray) chosen = resolve (settings, NULL);
  g_assert_cmpuint (chosen->len, ==, 1);
  g_assert_cmpint (verdict_at (chosen, 0), ==, KVMM_AGENT_ISO_MISSING);
}

static void
test_connection_decides (Files *self, gconstpointer data)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_settings_set_string (kvmm_settings_get_gsettings (settings), KVMM_SETTINGS_AGENT_ISO_PATH,
                         self->disc);
  KvmmConnection *remote = kvmm_connection_new ("qemu+ssh://host.example/system", settings);
  g_autoptr (GPtrArray) far = resolve (settings, remote);
  g_assert_cmpint (verdict_at (far, 0), ==, KVMM_AGENT_ISO_REMOTE);
  KvmmConnection *session = kvmm_connection_new ("qemu:///session", settings);
  g_assert_cmpint (g_chmod (self->disc, 0600), ==, 0);
  g_autoptr (GPtrArray) near = resolve (settings, session);
  g_assert_cmpint (verdict_at (near, 0), ==, KVMM_AGENT_ISO_TAKEN);
  test_drop (remote);
  test_drop (session);
}

static void
test_mount_says_why_not (Files *self, gconstpointer data)
{
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmConnection *connection = test_connected ("test:///default", settings);
  KvmmDomain *domain = kvmm_connection_find (connection, "test");
  g_settings_set_string (kvmm_settings_get_gsettings (settings), KVMM_SETTINGS_AGENT_ISO_PATH,
                         "/nonexistent/3.iso");
  kvmm_agent_iso_mount_async (settings, domain, KVMM_AGENT_ISO_MOUNT_NONE, NULL, NULL, NULL,
                              test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_null (kvmm_agent_iso_mount_finish (result, &error));
  g_assert_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "hypervisor TEST"));
  g_clear_error (&error);
  g_clear_object (&result);

  kvmm_agent_iso_eject_async (settings, domain, KVMM_AGENT_ISO_MOUNT_NONE, NULL, test_result_cb,
                              &result);
  TEST_RUN_UNTIL (result != NULL);
  g_assert_false (kvmm_agent_iso_eject_finish (result, &error));
  g_assert_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NOT_MOUNTED);
  g_clear_object (&result);
  test_drop (connection);
}

static void
test_command_installs (void)
{
  const char *command = kvmm_agent_iso_get_install_command ();
  g_assert_nonnull (strstr (command, "LABEL=KVMMANAGER_AGENT"));
  g_assert_nonnull (strstr (command, "install.sh"));
}

#define add(path, func) g_test_add (path, Files, NULL, set_up, func, tear_down)

int
main (int argc, char *argv[])
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/agent-iso/judges-every-case", test_judges_every_case);
  g_test_add_func ("/model/agent-iso/sees-what-keeps-qemu-from-a-file",
                   test_sees_what_keeps_qemu_from_a_file);
  g_test_add_func ("/model/agent-iso/only-a-package-keeps-its-label",
                   test_only_a_package_keeps_its_label);
  g_test_add_func ("/model/agent-iso/knows-the-agent-disc", test_knows_the_agent_disc);
  g_test_add_func ("/model/agent-iso/command-installs", test_command_installs);
  add ("/model/agent-iso/reads-label-and-version", test_reads_label_and_version);
  add ("/model/agent-iso/takes-no-other-disc", test_takes_no_other_disc);
  add ("/model/agent-iso/says-what-is-no-file", test_says_what_is_no_file);
  add ("/model/agent-iso/follows-links", test_follows_links);
  add ("/model/agent-iso/finds-the-closed-folder", test_finds_the_closed_folder);
  add ("/model/agent-iso/takes-the-first-usable", test_takes_the_first_usable);
  add ("/model/agent-iso/looks-at-nothing-for-another-computer",
       test_looks_at_nothing_for_another_computer);
  add ("/model/agent-iso/tries-no-more-than-its-limit", test_tries_no_more_than_its_limit);
  add ("/model/agent-iso/names-each-path-that-failed", test_names_each_path_that_failed);
  add ("/model/agent-iso/settings-decide", test_settings_decide);
  add ("/model/agent-iso/connection-decides", test_connection_decides);
  add ("/model/agent-iso/mount-says-why-not", test_mount_says_why_not);
  return g_test_run ();
}

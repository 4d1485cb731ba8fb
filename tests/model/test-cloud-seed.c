/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <crypt.h>
#include <glib/gstdio.h>
#include <string.h>

#include "model/kvmm-cloud-seed.h"
#include "model/kvmm-ssh-keys.h"
#include "util/kvmm-thread.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7n2aVnJ0mB0m0C2m8m2m4m6m8m0m2m4m6m8m0m2m4m"

static KvmmCloudSeed *
seed_new (void)
{
  const char *const keys[] = { KEY " me@here", KEY " \"it's\": [#{!&*|>%@`\\n\" \xf0\x9f\x94\x91 é",
                               NULL };
  const char *const packages[] = { "curl", "libstdc++6", "python3.11", NULL };
  KvmmCloudSeed *seed = g_new0 (KvmmCloudSeed, 1);

  seed->host_name = g_strdup ("web1.example.org");
  seed->user_name = g_strdup ("anna");
  seed->password = g_strdup ("it's \"a: #pass\\word\" \xc3\xa9");
  seed->ssh_keys = g_strdupv ((char **) keys);
  seed->packages = g_strdupv ((char **) packages);
  return seed;
}

/* ---- what may be said ---- */

typedef gboolean (*Check) (const char *text, GError **error);

static void
assert_taken (Check check, const char *const *texts)
{
  for (gsize i = 0; texts[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;

      check (texts[i], &error);
      g_assert_no_error (error);
    }
}

static void
assert_refused (Check check, const char *const *texts)
{
  for (gsize i = 0; texts[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;

      if (check (texts[i], &error))
        g_error ("taken: %s", texts[i]);
      g_assert_error (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID);
    }
}

static void
test_names_are_checked (void)
{
  g_autofree char *long_label = g_strnfill (64, 'a');
  g_autofree char *long_user = g_strnfill (33, 'a');
  const char *const hosts[] = { "a", "web-1", "web1.example.org", "0web", "A", NULL };
  const char *const no_hosts[] = { "",     "-a",   "a-",   "a..b",     ".a",       "a.", "a_b",
                                   "a\nb", "a: b", "a\"b", "\xc3\xa9", long_label, NULL };
  const char *const users[] = { "a", "_a", "anna-2", NULL };
  const char *const no_users[] = { "",     "root", "Anna", "1a",      "-a",       "a b",
                                   "a\nb", "a:b",  "a\"",  long_user, "\xc3\xa9", NULL };

  assert_taken (kvmm_cloud_seed_check_host_name, hosts);
  assert_refused (kvmm_cloud_seed_check_host_name, no_hosts);
  assert_taken (kvmm_cloud_seed_check_user_name, users);
  assert_refused (kvmm_cloud_seed_check_user_name, no_users);
}

static void
test_keys_are_checked (void)
{
  g_autofree char *long_key = g_strnfill (KVMM_CLOUD_SEED_KEY_MAX + 1, 'a');
  const char *const keys[] = {
    KEY, KEY " me@here", KEY " a comment: \"#{",
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA==", NULL
  };
  const char *const wrong[] = { "",
                                "hello",
                                "ssh-ed25519",
                                "ssh-ed25519 AAAA",
                                "ssh-ed25519 !!!!",
                                KEY "\nssh-rsa AAAA",
                                KEY " a\tb",
                                KEY " \xff",
                                "command=\"x\" " KEY,
                                "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ7n2aVn",
                                "-----BEGIN OPENSSH PRIVATE KEY-----",
                                long_key,
                                NULL };

  assert_taken (kvmm_cloud_seed_check_ssh_key, keys);
  assert_refused (kvmm_cloud_seed_check_ssh_key, wrong);
}

static void
test_packages_are_split_and_checked (void)
{
  static const char *const wrong[] = { "a b;c d$", "-y", "a`b`", "\"", "a/b", "\xc3\xa9", NULL };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) packages = kvmm_cloud_seed_split_packages (" curl, vim\ngit  ", &error);
  g_auto (GStrv) none = kvmm_cloud_seed_split_packages (" , ", &error);
  g_autofree char *joined = NULL;

  g_assert_no_error (error);
  joined = g_strjoinv ("|", packages);
  g_assert_cmpstr (joined, ==, "curl|vim|git");
  g_assert_cmpuint (g_strv_length (none), ==, 0);
  for (gsize i = 0; wrong[i] != NULL; i++)
    {
      g_assert_null (kvmm_cloud_seed_split_packages (wrong[i], &error));
      g_assert_error (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID);
      g_clear_error (&error);
    }
}

static void
test_somebody_can_sign_in (void)
{
  g_autoptr (KvmmCloudSeed) seed = seed_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (kvmm_cloud_seed_check (seed, &error));
  g_clear_pointer (&seed->password, g_free);
  g_assert_true (kvmm_cloud_seed_check (seed, &error));
  g_clear_pointer (&seed->ssh_keys, g_strfreev);
  g_assert_false (kvmm_cloud_seed_check (seed, &error));
  g_assert_error (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID);
  g_clear_error (&error);
  seed->password = g_strdup ("a\nb");
  g_assert_false (kvmm_cloud_seed_check (seed, &error));
  g_assert_error (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID);
}

/* ---- documents ---- */

/* Runs a program of Python on a text. Returns: %FALSE when there is no YAML for Python here */
static gboolean
run_python (const char *program, const char *text)
{
  const char *argv[] = { "python3", "-c", program, text, NULL };
  g_autofree char *errors = NULL;
  int status = -1;

  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &errors,
                     &status, NULL))
    return FALSE;
  if (strstr (errors, "No module named 'yaml'") != NULL)
    return FALSE;
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s\nin\n%s", errors, text);
  return TRUE;
}

/* Nothing of what is in it has a meaning of its own, whatever it looks like: as JSON by a parser of
 * JSON, and as YAML by the one that cloud-init has. */
#define PROGRAM                                                                                    \
  "import sys, json\n"                                                                             \
  "text = sys.argv[1]\n"                                                                           \
  "assert text.startswith('#cloud-config\\n')\n"                                                   \
  "key = '" KEY "'\n"                                                                              \
  "expected = {'hostname': 'web1', 'fqdn': 'web1.example.org', 'users': ['default'],\n"            \
  "  'user': {'name': 'anna', 'lock_passwd': False, 'passwd': '$6$a$b',\n"                         \
  "    'ssh_authorized_keys': [key + ' me@here',\n"                                                \
  "      key + ' \"it\\'s\": [#{!&*|>%@`\\\\n\" \\U0001f511 \\u00e9']},\n"                         \
  "  'package_update': True, 'packages': ['curl', 'libstdc++6', 'python3.11']}\n"

static void
test_user_data_says_what_was_said (void)
{
  g_autoptr (KvmmCloudSeed) seed = seed_new ();
  g_autofree char *text = kvmm_cloud_seed_build_user_data (seed, "$6$a$b");

  g_assert_null (strstr (text, seed->password));
  g_assert_true (run_python (PROGRAM "found = json.loads(text.split('\\n', 1)[1])\n"
                                     "assert found == expected, found\n",
                             text));
  if (!run_python (PROGRAM "import yaml\n"
                           "found = yaml.safe_load(text)\n"
                           "assert found == expected, found\n",
                   text))
    g_test_message ("not read as YAML: Python has no yaml here");
}

/* Every character that YAML reads in another way than JSON, unless it is written as a number. */
static void
test_no_character_breaks_out (void)
{
  g_autoptr (KvmmCloudSeed) seed = seed_new ();
  g_autoptr (GString) odd = g_string_new (NULL);
  g_autofree char *meta_data = NULL;
  g_autofree char *program = NULL;

  for (gunichar c = 1; c < 0x110; c++)
    g_string_append_unichar (odd, c);
  g_string_append (odd, "\xe2\x80\xa8\xe2\x80\xa9\xef\xbb\xbf\xef\xbf\xbe\xf0\x9f\x94\x91");
  meta_data = kvmm_cloud_seed_build_meta_data (seed, odd->str);
  program = g_strdup (
      "import sys, json\n"
      "expected = {'instance-id': ''.join(map(chr, [*range(1, 0x110), 0x2028, 0x2029, 0xfeff,\n"
      "  0xfffe, 0x1f511])), 'local-hostname': 'web1.example.org'}\n"
      "assert json.loads(sys.argv[1]) == expected\n"
      "import yaml\n"
      "assert yaml.safe_load(sys.argv[1]) == expected, yaml.safe_load(sys.argv[1])\n");
  if (!run_python (program, meta_data))
    g_test_message ("not read as YAML: Python has no yaml here");
}

/* ---- the image ---- */

static void
build_func (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  GBytes *image = kvmm_cloud_seed_build_image (data, "the-instance", &error);

  if (image != NULL)
    g_task_return_pointer (task, image, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

static GBytes *
build_image (KvmmCloudSeed *seed, GError **error)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, seed, NULL);
  g_task_run_in_thread_sync (task, build_func);
  return g_task_propagate_pointer (task, error);
}

/* Its files stand in an image as they are. Returns: (nullable): the rest from @text on */
static const char *
find_in_image (GBytes *image, const char *text)
{
  gsize size;
  const char *bytes = g_bytes_get_data (image, &size);

  for (gsize i = 0; i + strlen (text) <= size; i++)
    if (memcmp (bytes + i, text, strlen (text)) == 0)
      return bytes + i;
  return NULL;
}

static char *
find_hash (GBytes *image)
{
  const char *found = find_in_image (image, "$6$");

  g_assert_nonnull (found);
  return g_strndup (found, strcspn (found, "\""));
}

static void
test_the_password_is_only_there_as_a_hash (void)
{
  g_autoptr (KvmmCloudSeed) seed = seed_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) image = build_image (seed, &error);
  g_autoptr (GBytes) again = build_image (seed, &error);
  g_autofree char *hash = NULL;
  g_autofree char *other = NULL;
  g_autofree struct crypt_data *data = g_new0 (struct crypt_data, 1);

  g_assert_no_error (error);
  g_assert_null (find_in_image (image, "it's \\\"a"));
  g_assert_null (find_in_image (image, "#pass"));
  g_assert_nonnull (find_in_image (image, "the-instance"));
  hash = find_hash (image);
  other = find_hash (again);
  g_assert_cmpstr (crypt_r (seed->password, hash, data), ==, hash);
  g_assert_cmpstr (hash, !=, other);
}

static void
test_a_wrong_seed_is_no_image (void)
{
  g_autoptr (KvmmCloudSeed) seed = seed_new ();
  g_autoptr (GError) error = NULL;

  g_free (seed->user_name);
  seed->user_name = g_strdup ("a\nb");
  g_assert_null (build_image (seed, &error));
  g_assert_error (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID);
}

/* cloud-init itself, where it is installed. */
static void
test_cloud_init_takes_it (void)
{
  g_autofree char *program = g_find_program_in_path ("cloud-init");
  g_autoptr (KvmmCloudSeed) seed = seed_new ();
  g_autofree char *text = kvmm_cloud_seed_build_user_data (seed, "$6$a$b");
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autofree char *said = NULL;
  g_autofree char *errors = NULL;
  const char *argv[] = { program, "schema", "--config-file", NULL, NULL };
  int status = -1;

  if (program == NULL)
    {
      g_test_skip ("cloud-init is not installed");
      return;
    }
  folder = g_dir_make_tmp ("kvmm-cloud-XXXXXX", NULL);
  path = g_build_filename (folder, "user-data", NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  argv[3] = path;
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &said,
                               &errors, &status, NULL));
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s%s", said, errors);
  g_unlink (path);
  g_rmdir (folder);
}

/* ---- the keys of this computer ---- */

static void
read_func (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, kvmm_ssh_keys_read (data), (GDestroyNotify) g_ptr_array_unref);
}

static void
test_only_public_keys_are_found (void)
{
  const struct
  {
    const char *name;
    const char *text;
  } files[] = {
    { "b.pub", KEY " b\r\n" },
    { "a.pub", "  " KEY " a\n" KEY " more\n" },
    { "id", "-----BEGIN OPENSSH PRIVATE KEY-----\n" },
    { "private.pub", "-----BEGIN OPENSSH PRIVATE KEY-----\n" },
    { "empty.pub", "" },
    { "authorized_keys", KEY "\n" },
  };
  g_autofree char *folder = g_dir_make_tmp ("kvmm-keys-XXXXXX", NULL);
  g_autofree char *sub_folder = g_build_filename (folder, "c.pub", NULL);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  g_autoptr (GPtrArray) keys = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i].name, NULL);

      g_assert_true (g_file_set_contents (path, files[i].text, -1, NULL));
    }
  g_assert_cmpint (g_mkdir (sub_folder, 0700), ==, 0);
  g_task_set_task_data (task, folder, NULL);
  g_task_run_in_thread_sync (task, read_func);
  keys = g_task_propagate_pointer (task, NULL);
  g_assert_cmpuint (keys->len, ==, 2);
  g_assert_cmpstr (((KvmmSshKey *) keys->pdata[0])->name, ==, "a.pub");
  g_assert_cmpstr (((KvmmSshKey *) keys->pdata[0])->line, ==, KEY " a");
  g_assert_cmpstr (((KvmmSshKey *) keys->pdata[1])->line, ==, KEY " b");
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i].name, NULL);

      g_unlink (path);
    }
  g_rmdir (sub_folder);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
#define ADD(path, func) g_test_add_func ("/model/cloud-seed/" path, func)
  ADD ("names-are-checked", test_names_are_checked);
  ADD ("keys-are-checked", test_keys_are_checked);
  ADD ("packages-are-split-and-checked", test_packages_are_split_and_checked);
  ADD ("somebody-can-sign-in", test_somebody_can_sign_in);
  ADD ("user-data-says-what-was-said", test_user_data_says_what_was_said);
  ADD ("no-character-breaks-out", test_no_character_breaks_out);
  ADD ("the-password-is-only-there-as-a-hash", test_the_password_is_only_there_as_a_hash);
  ADD ("a-wrong-seed-is-no-image", test_a_wrong_seed_is_no_image);
  ADD ("only-public-keys-are-found", test_only_public_keys_are_found);
  ADD ("cloud-init-takes-it", test_cloud_init_takes_it);
  return g_test_run ();
}

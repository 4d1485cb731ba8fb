/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon-peer.h"
#include "daemon/agent-accounts.h"

#define POLICY                                                                                     \
  "[agent]\nlog=error\n[policy]\naccounts=allow\n[audit]\nfile=/audit.log\nsyslog=none\n"
#define HASH "$6$saltsalt$abcdefghijklmnopqrstuvwxyz./0123456789"
#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define RSA "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDabcdefghijklmnopqrstuvwxyz0123456"

static Peer *
start (void)
{
  Peer *peer = peer_new ();
  g_autofree char *users =
      g_strdup_printf ("root:x:0:0:root:/root:/bin/sh\n"
                       "anna:x:%u:%u:Anna:/home/anna:/bin/sh\n"
                       "broken:x:abc:0::/:/bin/sh\n"
                       "wrapped:x:4294967296:0::/:/bin/sh\n",
                       geteuid () == 0 ? 4711 : geteuid (), geteuid () == 0 ? 4712 : getegid ());
  g_autofree char *home = g_build_filename (peer->root, "home/anna", NULL);

  peer_write_policy (peer, POLICY);
  peer_write (peer, "etc/passwd", users);
  g_assert_cmpint (g_mkdir_with_parents (home, 0755), ==, 0);
  g_assert_cmpint (g_chmod (peer->root, 0755), ==, 0);
  if (geteuid () == 0)
    g_assert_cmpint (chown (home, 4711, 4712), ==, 0);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  return peer;
}

static char *
read_below (Peer *peer, const char *path)
{
  g_autofree char *full = g_build_filename (peer->root, path, NULL);
  char *text = NULL;

  g_file_get_contents (full, &text, NULL, NULL);
  return text;
}

static void
test_hashes (void)
{
  static const char *const good[] = { HASH, "$y$j9T$abcdefgh$ijklmnopqrstuvwxyz",
                                      "$2b$05$abcdefghijklmnopqrstuv",
                                      "$6$rounds=5000$salt$abcdefghij" };
  static const char *const bad[] = { "",
                                     "password-in-clear",
                                     "$6$short",
                                     "$1$saltsalt$abcdefghijklmnop",
                                     "$6$salt$abcdefghij:0:0",
                                     "$6$salt$abcdefghij\nroot:x",
                                     "$6$salt$abcdefghij klm",
                                     "*",
                                     "!$6$salt$abcdefghijklm" };
  g_autofree char *filler = g_strnfill (AGENT_CRYPT_MAX - 3, 'a');
  g_autofree char *longest = g_strconcat ("$6$", filler, NULL);
  g_autofree char *longer = g_strconcat ("$6$a", filler, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (agent_crypt_hash_is_valid (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (agent_crypt_hash_is_valid (bad[i]));
  g_assert_true (agent_crypt_hash_is_valid (longest));
  g_assert_false (agent_crypt_hash_is_valid (longer));
}

static void
test_key_lines (void)
{
  static const char *const good[] = { ED, RSA " anna@desk", "  " ED,
                                      "command=\"echo \\\"a b\\\"\",no-pty " ED " comment here",
                                      "from=\"10.0.0.0/8\" " RSA };
  static const char *const bad[] = { "",
                                     "# " ED,
                                     "ssh-ed25519",
                                     "ssh-ed25519 short",
                                     "ssh-ed25519 AAAA*3NzaC1lZDI1NTE5AAAAIAbcdefghijklmnopqrstuv",
                                     "nonsense AAAAC3NzaC1lZDI1NTE5AAAAIAbcdefghijklmnopqrstuvwx",
                                     ED "\n" RSA,
                                     ED "\r",
                                     "command=\"open " ED,
                                     ED " \xff" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (agent_key_line_is_valid (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (agent_key_line_is_valid (bad[i]));
}

static json_t *
password (const char *user, const char *hash)
{
  return json_pack ("{ss ss}", "user", user, "crypt_hash", hash);
}

static void
test_sets_a_password (void)
{
  Peer *peer = start ();
  g_autofree char *tool = g_build_filename (peer->root, "usr/sbin/chpasswd", NULL);
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\necho \"$@\" > %s/asked\ncat >> %s/asked\n",
                                             peer->root, peer->root);
  g_autofree char *asked = NULL;
  g_autofree char *audit = NULL;

  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("anna", HASH)),
                   ==, KVMA_ERROR_UNSUPPORTED);
  peer_write (peer, "usr/sbin/chpasswd", script);
  g_assert_cmpint (g_chmod (tool, 0755), ==, 0);
  json_decref (peer_call (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("anna", HASH)));
  asked = read_below (peer, "asked");
  g_assert_cmpstr (asked, ==, "-e\nanna:" HASH "\n");
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("otto", HASH)),
                   ==, KVMA_ERROR_NOT_FOUND);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("broken", HASH)),
                   ==, KVMA_ERROR_NOT_FOUND);
  /* A number that does not fit is nobody, and least of all root. */
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_SSH_KEYS, json_pack ("{ss}", "user", "wrapped")), ==,
      KVMA_ERROR_NOT_FOUND);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("anna", "secret")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("an:na", HASH)),
                   ==, KVMA_ERROR_PARAMS);
  peer_write (peer, "usr/sbin/chpasswd", "#!/bin/sh\nexit 1\n");
  g_assert_cmpint (g_chmod (tool, 0755), ==, 0);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("anna", HASH)),
                   ==, KVMA_ERROR_FAILED);
  /* Who it was is written down, what it is now is not. */
  audit = read_below (peer, "audit.log");
  g_assert_nonnull (strstr (audit, "\"user\":\"anna\""));
  g_assert_null (strstr (audit, "saltsalt"));
  peer_free (peer);
}

static json_t *
keys (Peer *peer, const char *action, const char *key)
{
  json_t *params = json_pack ("{ss ss}", "user", "anna", "action", action);

  if (key != NULL)
    json_object_set_new (params, "keys", json_pack ("[s]", key));
  return peer_call (peer, KVMA_METHOD_SSH_KEYS, params);
}

static void
expect_keys (json_t *result, int n, int changed)
{
  g_assert_cmpint ((int) json_array_size (json_path (result, "keys")), ==, n);
  g_assert_cmpint (json_number (result, "changed"), ==, changed);
  json_decref (result);
}

static void
test_edits_keys (void)
{
  Peer *peer = start ();
  g_autofree char *directory = g_build_filename (peer->root, "home/anna/.ssh", NULL);
  g_autofree char *file = g_build_filename (directory, "authorized_keys", NULL);
  g_autofree char *text = NULL;
  struct stat status;

  expect_keys (keys (peer, "list", NULL), 0, 0);
  g_assert_false (g_file_test (directory, G_FILE_TEST_EXISTS));
  expect_keys (keys (peer, "remove", ED), 0, 0);
  expect_keys (keys (peer, "add", ED " first"), 1, 1);
  g_assert_cmpint (stat (directory, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0700);
  g_assert_cmpint (stat (file, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0600);
  if (geteuid () == 0)
    {
      g_assert_cmpint ((int) status.st_uid, ==, 4711);
      g_assert_cmpint ((int) status.st_gid, ==, 4712);
    }
  /* The same key with another comment is the same key. */
  expect_keys (keys (peer, "add", ED " again"), 1, 0);
  {
    g_autofree char *before = g_strconcat ("# of the office\n\n", ED " first\n", "nonsense", NULL);

    g_assert_true (g_file_set_contents (file, before, -1, NULL));
    if (geteuid () == 0)
      g_assert_cmpint (chown (file, 4711, 4712), ==, 0);
  }
  expect_keys (keys (peer, "add", RSA " second"), 2, 1);
  expect_keys (keys (peer, "remove", ED), 1, 1);
  text = read_below (peer, "home/anna/.ssh/authorized_keys");
  g_assert_cmpstr (text, ==, "# of the office\n\nnonsense\n" RSA " second\n");
  peer_free (peer);
}

static void
test_keys_are_checked (void)
{
  Peer *peer = start ();
  json_t *many = json_array ();

  for (int i = 0; i < 17; i++)
    json_array_append_new (many, json_string (ED));
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_SSH_KEYS,
                       json_pack ("{ss ss so}", "user", "anna", "action", "add", "keys", many)),
      ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS,
                                    json_pack ("{ss ss s[s]}", "user", "anna", "action", "add",
                                               "keys", ED "\n" RSA)),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS,
                                    json_pack ("{ss ss}", "user", "anna", "action", "add")),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS,
                                    json_pack ("{ss ss}", "user", "anna", "action", "burn")),
                   ==, KVMA_ERROR_PARAMS);
  g_assert_cmpint (
      peer_call_error (peer, KVMA_METHOD_SSH_KEYS, json_pack ("{ss}", "user", "../root")), ==,
      KVMA_ERROR_PARAMS);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS, json_pack ("{ss}", "user", "otto")),
                   ==, KVMA_ERROR_NOT_FOUND);
  peer_free (peer);
}

/* What the user could put there to have somebody else's file written. */
static void
test_links_are_not_followed (void)
{
  Peer *peer = start ();
  g_autofree char *directory = g_build_filename (peer->root, "home/anna/.ssh", NULL);
  g_autofree char *file = g_build_filename (directory, "authorized_keys", NULL);
  g_autofree char *other = g_build_filename (peer->root, "etc", NULL);
  g_autofree char *target = g_build_filename (peer->root, "etc/passwd", NULL);
  g_autofree char *before = read_below (peer, "etc/passwd");
  g_autofree char *after = NULL;
  json_t *params = json_pack ("{ss ss s[s]}", "user", "anna", "action", "add", "keys", ED);

  g_assert_cmpint (symlink (other, directory), ==, 0);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS, json_incref (params)), <, 0);
  g_assert_cmpint (g_unlink (directory), ==, 0);
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  if (geteuid () == 0)
    g_assert_cmpint (chown (directory, 4711, 4712), ==, 0);
  g_assert_cmpint (symlink (target, file), ==, 0);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS, json_incref (params)), ==,
                   KVMA_ERROR_DENIED);
  g_assert_cmpint (g_unlink (file), ==, 0);
  /* One that somebody else owns, when it is the user who writes. */
  if (geteuid () == 0)
    {
      g_assert_cmpint (chown (directory, 0, 0), ==, 0);
      g_assert_cmpint (g_chmod (directory, 0777), ==, 0);
      g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS, json_incref (params)), ==,
                       KVMA_ERROR_DENIED);
    }
  json_decref (params);
  after = read_below (peer, "etc/passwd");
  g_assert_cmpstr (after, ==, before);
  peer_free (peer);
}

static void
test_denied_by_default (void)
{
  Peer *peer = peer_new ();

  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SSH_KEYS, json_pack ("{ss}", "user", "root")),
                   ==, KVMA_ERROR_DENIED);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_USER_SET_PASSWORD, password ("root", HASH)),
                   ==, KVMA_ERROR_DENIED);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/accounts/denied-by-default", test_denied_by_default);
  g_test_add_func ("/daemon/accounts/hashes", test_hashes);
  g_test_add_func ("/daemon/accounts/key-lines", test_key_lines);
  g_test_add_func ("/daemon/accounts/sets-a-password", test_sets_a_password);
  g_test_add_func ("/daemon/accounts/edits-keys", test_edits_keys);
  g_test_add_func ("/daemon/accounts/keys-are-checked", test_keys_are_checked);
  g_test_add_func ("/daemon/accounts/links-are-not-followed", test_links_are_not_followed);
  return g_test_run ();
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon-peer.h"

/* Fake tools stand below the root, where the agent looks for them. */
static void
write_tool (Peer *peer, const char *path, const char *text)
{
  g_autofree char *full = g_build_filename (peer->root, path, NULL);

  peer_write (peer, path, text);
  g_assert_cmpint (g_chmod (full, 0755), ==, 0);
}

static void
begin (Peer *peer)
{
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
}

static const char systemctl[] = "#!/bin/sh\n"
                                "case $1 in\n"
                                "list-units) cat <<E\n"
                                "cron.service loaded active running Regular background program\n"
                                "getty@tty1.service loaded active running Getty on tty1\n"
                                "boot.service loaded active exited Once at boot\n"
                                "bad.service loaded failed failed It broke\n"
                                "odd.service loaded reloading reload Odd\n"
                                "gone.service not-found inactive dead gone.service\n"
                                "E\n;;\n"
                                "list-unit-files) cat <<E\n"
                                "cron.service enabled enabled\n"
                                "bad.service disabled enabled\n"
                                "boot.service static -\n"
                                "spare.service disabled enabled\n"
                                "helper.service static -\n"
                                "getty@.service enabled enabled\n"
                                "E\n;;\n"
                                "esac\n";

static json_t *
find_service (json_t *list, const char *name)
{
  size_t i;
  json_t *row;

  json_array_foreach (json_path (list, "services"), i,
                      row) if (strcmp (json_text (row, "name"), name) == 0) return row;
  return NULL;
}

static void
expect_service (
    json_t *list, const char *name, const char *active, const char *sub, const char *enabled)
{
  json_t *row = find_service (list, name);

  g_assert_nonnull (row);
  g_assert_cmpstr (json_text (row, "active"), ==, active);
  g_assert_cmpstr (json_text (row, "sub"), ==, sub);
  g_assert_cmpstr (json_text (row, "enabled"), ==, enabled);
}

static void
test_systemd (void)
{
  Peer *peer = peer_new ();
  json_t *list;

  peer_write (peer, "run/systemd/system/.keep", "");
  write_tool (peer, "usr/bin/systemctl", systemctl);
  begin (peer);
  list = peer_call (peer, KVMA_METHOD_SVC_LIST, NULL);
  g_assert_cmpstr (json_text (list, "manager"), ==, "systemd");
  g_assert_cmpint (json_number (list, "total"), ==, 6);
  g_assert_cmpstr (json_text (list, "services.0.name"), ==, "bad.service");
  expect_service (list, "cron.service", "active", "running", "enabled");
  g_assert_cmpstr (json_text (find_service (list, "cron.service"), "description"), ==,
                   "Regular background program");
  expect_service (list, "boot.service", "active", "exited", "static");
  expect_service (list, "bad.service", "failed", "failed", "disabled");
  expect_service (list, "odd.service", "active", "reload", NULL);
  expect_service (list, "spare.service", "inactive", "dead", "disabled");
  json_decref (list);
  list = peer_call (peer, KVMA_METHOD_SVC_LIST, json_pack ("{ss}", "state", "failed"));
  g_assert_cmpint (json_number (list, "total"), ==, 1);
  json_decref (list);
  list =
      peer_call (peer, KVMA_METHOD_SVC_LIST, json_pack ("{ss si}", "state", "running", "limit", 2));
  g_assert_cmpint (json_number (list, "total"), ==, 3);
  g_assert_cmpuint (json_array_size (json_path (list, "services")), ==, 2);
  g_assert_true (json_is_true (json_path (list, "truncated")));
  json_decref (list);
  peer_free (peer);
}

static void
test_systemd_that_fails (void)
{
  Peer *peer = peer_new ();

  peer_write (peer, "run/systemd/system/.keep", "");
  write_tool (peer, "usr/bin/systemctl", "#!/bin/sh\nexit 1\n");
  begin (peer);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SVC_LIST, NULL), ==, KVMA_ERROR_FAILED);
  peer_free (peer);
}

/* A manager that hangs holds up nobody, and its process goes with the session. */
static void
test_systemd_that_hangs (void)
{
  Peer *peer = peer_new ();
  gint64 id;
  json_t *reply;

  peer_write (peer, "run/systemd/system/.keep", "");
  write_tool (peer, "usr/bin/systemctl", "#!/bin/sh\nsleep 600\n");
  begin (peer);
  id = peer_request (peer, KVMA_METHOD_SVC_LIST, NULL);
  json_decref (peer_call (peer, KVMA_METHOD_SYS_METRICS, NULL));
  peer_request (peer, KVMA_METHOD_AGENT_CANCEL, json_pack ("{sI}", "id", id));
  reply = peer_reply (peer, id);
  g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_CANCELLED);
  json_decref (reply);
  peer_free (peer);
}

/* Looking up what is enabled can take a busy guest longer than it has: the services are listed. */
static void
test_systemd_that_is_slow (void)
{
  Peer *peer = peer_new ();
  json_t *list;

  peer_write (peer, "run/systemd/system/.keep", "");
  write_tool (peer, "usr/bin/systemctl",
              "#!/bin/sh\n[ $1 = list-units ] || exec sleep 600\n"
              "echo cron.service loaded active running Regular background program\n");
  begin (peer);
  list = peer_call (peer, KVMA_METHOD_SVC_LIST, NULL);
  g_assert_cmpint (json_number (list, "total"), ==, 1);
  expect_service (list, "cron.service", "active", "running", NULL);
  json_decref (list);
  peer_free (peer);
}

static void
test_openrc (void)
{
  Peer *peer = peer_new ();
  json_t *list;

  write_tool (peer, "etc/init.d/sshd",
              "#!/sbin/openrc-run\ndescription=\"OpenBSD Secure Shell server\"\n");
  write_tool (peer, "etc/init.d/ntpd", "#!/sbin/openrc-run\ndescription=\"$other\"\n");
  write_tool (peer, "etc/init.d/broken", "#!/sbin/openrc-run\n");
  write_tool (peer, "etc/init.d/functions.sh", "");
  peer_write (peer, "etc/init.d/not-executable", "");
  peer_write (peer, "run/openrc/started/sshd", "");
  peer_write (peer, "run/openrc/failed/broken", "");
  peer_write (peer, "etc/runlevels/default/sshd", "");
  begin (peer);
  list = peer_call (peer, KVMA_METHOD_SVC_LIST, NULL);
  g_assert_cmpstr (json_text (list, "manager"), ==, "openrc");
  g_assert_cmpint (json_number (list, "total"), ==, 3);
  expect_service (list, "sshd", "active", "started", "enabled");
  g_assert_cmpstr (json_text (find_service (list, "sshd"), "description"), ==,
                   "OpenBSD Secure Shell server");
  expect_service (list, "ntpd", "inactive", "stopped", "disabled");
  g_assert_null (json_path (find_service (list, "ntpd"), "description"));
  expect_service (list, "broken", "failed", "failed", "disabled");
  json_decref (list);
  peer_free (peer);
}

static void
test_neither (void)
{
  Peer *peer = peer_new ();

  begin (peer);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SVC_LIST, NULL), ==, KVMA_ERROR_UNSUPPORTED);
  g_assert_cmpint (peer_call_error (peer, KVMA_METHOD_SVC_LIST, json_pack ("{ss}", "state", "sad")),
                   ==, KVMA_ERROR_PARAMS);
  peer_free (peer);
}

static void
test_many (void)
{
  Peer *peer = peer_new ();
  json_t *list;

  peer_write (peer, "run/systemd/system/.keep", "");
  write_tool (peer, "usr/bin/systemctl",
              "#!/bin/sh\n[ $1 = list-units ] || exit 0\ni=0\n"
              "while [ $i -lt 5000 ]; do echo \"unit-$i.service loaded active running A unit\"; "
              "i=$((i+1)); done\n");
  begin (peer);
  list = peer_call (peer, KVMA_METHOD_SVC_LIST, NULL);
  g_assert_cmpint (json_number (list, "total"), ==, 4096);
  g_assert_cmpuint (json_array_size (json_path (list, "services")), <=, 256);
  g_assert_true (json_is_true (json_path (list, "truncated")));
  json_decref (list);
  peer_free (peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/services/systemd", test_systemd);
  g_test_add_func ("/daemon/services/systemd-that-fails", test_systemd_that_fails);
  g_test_add_func ("/daemon/services/systemd-that-hangs", test_systemd_that_hangs);
  g_test_add_func ("/daemon/services/systemd-that-is-slow", test_systemd_that_is_slow);
  g_test_add_func ("/daemon/services/openrc", test_openrc);
  g_test_add_func ("/daemon/services/neither", test_neither);
  g_test_add_func ("/daemon/services/many-are-cut", test_many);
  return g_test_run ();
}

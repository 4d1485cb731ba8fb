/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon-programs.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS 3000
#define NOBODY 65534

Peer *
programs_new_peer (const char *policy)
{
  Peer *peer = peer_new ();
  guint uid = geteuid () != 0 ? geteuid () : NOBODY;
  guint gid = geteuid () != 0 ? getegid () : NOBODY;
  g_autofree char *users = g_strdup_printf ("root:x:0:0::/root:/bin/sh\n"
                                            "tester:x:%u:%u::/:/bin/sh\n"
                                            "other:x:65533:65533::/:/bin/sh\n"
                                            "broken:x:zero:0::/:/bin/sh\n",
                                            uid, gid);

  peer_write (peer, "etc/passwd", users);
  peer_write (peer, "etc/group",
              "root:x:0:\nfirst:x:2001:other,tester\nsecond:x:2002:tester\nthird:x:2003:testers\n");
  /* The audit log makes its own directory, not those above it. */
  peer_write (peer, "var/log/empty", "");
  if (policy != NULL)
    peer_write_policy (peer, policy);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  return peer;
}

char *
programs_mark (void)
{
  static guint n;

  return g_strdup_printf ("5%u%03u", (guint) getpid (), n++);
}

guint
programs_count (const char *mark)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *text = NULL;
      gsize length;

      if (g_ascii_isdigit (name[0]) && g_file_get_contents (path, &text, &length, NULL) &&
          memmem (text, length, mark, strlen (mark)) != NULL)
        n++;
    }
  return n;
}

void
programs_wait_count (Peer *peer, const char *mark, guint n, guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;

  while (programs_count (mark) != n)
    {
      KvmaFrame frame;

      if (g_get_monotonic_time () > deadline)
        g_error ("%u processes after %u s, not %u", programs_count (mark), seconds, n);
      if (peer->fd >= 0)
        peer_receive_within (peer, &frame, 20);
      else
        poll (NULL, 0, 20);
    }
}

void
programs_ping (Peer *peer)
{
  const guint8 ping[KVMA_PING_PAYLOAD_SIZE] = { 0 };
  gint64 begin = g_get_monotonic_time ();
  KvmaFrame frame;

  peer_send (peer, KVMA_KIND_PING, ping, sizeof ping);
  do
    g_assert_true (peer_receive (peer, &frame));
  while (frame.header.kind != KVMA_KIND_PONG);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, ANSWER_MS * 1000);
}

char *
programs_audit (Peer *peer)
{
  g_autofree char *path =
      g_build_filename (peer->root, "var/log/kvm-manager-agent/audit.log", NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    text = g_strdup ("");
  return text;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon-inside.h"

#include <sys/socket.h>

static void
turn (void *data)
{
  agent_loop_step (&((Agent *) data)->loop, 0);
}

void
inside_turn (Inside *self)
{
  turn (self->agent);
}

void
inside_set_up (Inside *self, gconstpointer data)
{
  int small = 1;
  int ends[2];

  self->agent = g_new0 (Agent, 1);
  self->peer = peer_new ();
  self->config = g_build_filename (self->peer->root, "etc/kvm-manager-agent/agent.conf", NULL);
  peer_write_policy (self->peer, "[agent]\nlog=error\n");
  agent_set_root (self->peer->root);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  if (data != NULL)
    g_assert_cmpint (setsockopt (ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  g_assert_true (agent_init (self->agent, self->config));
  g_assert_true (agent_port_adopt (self->agent, ends[0]));
  peer_adopt (self->peer, ends[1], turn, self->agent);
  json_decref (peer_hello (self->peer));
}

void
inside_tear_down (Inside *self, gconstpointer data)
{
  agent_clear (self->agent);
  peer_free (self->peer);
  g_free (self->config);
  g_free (self->agent);
}

void
inside_policy (Inside *self, const char *text)
{
  g_autofree char *whole = g_strconcat ("[agent]\nlog=error\n", text, NULL);

  peer_write_policy (self->peer, whole);
  agent_reload_policy (self->agent);
  g_assert_cmpstr (self->agent->policy.error, ==, "");
  json_decref (peer_hello (self->peer));
}

void
inside_settle (Inside *self)
{
  KvmaFrame frame;

  do
    for (int i = 0; i < 100; i++)
      inside_turn (self);
  while (peer_receive_within (self->peer, &frame, 2));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent-fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const KvmmAgentIntervals quick_intervals = {
  .hello_retry = { 20, 30, 40, 50, 60, 70, 80, 90 },
  .hello_gap = 5,
  .hello_timeout = 5000,
  .stable_session = 0,
  .heartbeat = 10000,
  .heartbeat_hidden = 60000,
  .partial_frame = 10000,
  .request = 10000,
  .rate_window = 1000,
  .metrics_hidden = 10000,
};

static void
system_cb (KvmmAgentClient *client, const KvmmGuestSystem *value, Fixture *self)
{
  self->n_system++;
  g_clear_pointer (&self->system, kvmm_guest_system_free);
  self->system = kvmm_guest_system_copy (value);
}

static void
metrics_cb (KvmmAgentClient *client, const KvmmGuestMetrics *value, Fixture *self)
{
  self->n_metrics++;
  g_clear_pointer (&self->metrics, kvmm_guest_metrics_free);
  self->metrics = kvmm_guest_metrics_copy (value);
}

static void
take_list (GPtrArray **target, guint *count, GPtrArray *value)
{
  (*count)++;
  g_clear_pointer (target, g_ptr_array_unref);
  *target = g_ptr_array_ref (value);
}

static void
interfaces_cb (KvmmAgentClient *client, GPtrArray *value, Fixture *self)
{
  take_list (&self->interfaces, &self->n_interfaces, value);
}

static void
filesystems_cb (KvmmAgentClient *client, GPtrArray *value, Fixture *self)
{
  take_list (&self->filesystems, &self->n_filesystems, value);
}

static void
users_cb (KvmmAgentClient *client, GPtrArray *value, Fixture *self)
{
  take_list (&self->users, &self->n_users, value);
}

static void
log_cb (KvmmAgentClient *client, const char *word, const char *text, Fixture *self)
{
  g_string_append_printf (self->words, "%s ", word);
  g_string_append_printf (self->texts, "%s\n", text);
}

static void
state_cb (KvmmAgentClient *client, GParamSpec *pspec, Fixture *self)
{
  g_string_append_printf (self->states, "%u", kvmm_agent_client_get_state (client));
}

static void
connect_client (Fixture *self, GIOStream *stream)
{
  self->client = kvmm_agent_client_new (stream, "anna@desk");
  self->words = g_string_new (NULL);
  self->texts = g_string_new (NULL);
  self->states = g_string_new (NULL);
  g_signal_connect (self->client, "system", G_CALLBACK (system_cb), self);
  g_signal_connect (self->client, "metrics", G_CALLBACK (metrics_cb), self);
  g_signal_connect (self->client, "interfaces", G_CALLBACK (interfaces_cb), self);
  g_signal_connect (self->client, "filesystems", G_CALLBACK (filesystems_cb), self);
  g_signal_connect (self->client, "users", G_CALLBACK (users_cb), self);
  g_signal_connect (self->client, "log", G_CALLBACK (log_cb), self);
  g_signal_connect (self->client, "notify::state", G_CALLBACK (state_cb), self);
}

Fixture *
fixture_new (const KvmmAgentIntervals *intervals)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autoptr (GIOStream) stream = NULL;

  self->peer = fake_peer_new (&stream);
  connect_client (self, stream);
  kvmm_agent_client_set_intervals (self->client, intervals);
  return self;
}

Fixture *
fixture_new_ready (const KvmmAgentIntervals *intervals)
{
  Fixture *self = fixture_new (intervals);

  kvmm_agent_client_start (self->client);
  test_wait_until (fixture_is (self, KVMM_AGENT_CLIENT_READY) && fixture_has_all_facts (self));
  return self;
}

Fixture *
fixture_new_real (void)
{
  return fixture_new_real_with (NULL);
}

/* What it says goes into a file of its own: the agent reads no policy from its standard input. */
static char *
write_policy (Fixture *self, const char *policy)
{
  g_autoptr (GError) error = NULL;
  char *path;

  self->directory = g_dir_make_tmp ("kvmm-agent-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (self->directory, "agent.conf", NULL);
  g_file_set_contents_full (path, policy, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
  g_assert_no_error (error);
  return path;
}

Fixture *
fixture_new_real_with (const char *policy)
{
  Fixture *self = g_new0 (Fixture, 1);
  g_autofree char *config = policy != NULL ? write_policy (self, policy) : NULL;
  const char *agent = g_getenv ("KVMM_TEST_AGENT");
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  const char *argv[] = { agent, "--fd", "3", config != NULL ? "--config" : NULL, config, NULL };
  int fds[2];
  int to = 3;

  g_assert_nonnull (agent);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1,
                                    -1, &fds[1], &to, 1, &self->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  close (fds[1]);
  connect_client (self, stream);
  kvmm_agent_client_set_intervals (self->client, &quick_intervals);
  return self;
}

void
fixture_free (Fixture *self)
{
  g_signal_handlers_disconnect_by_data (self->client, self);
  kvmm_agent_client_close (self->client);
  /* Tasks that complete later hold it until then. */
  test_drain ();
  g_assert_finalize_object (self->client);
  if (self->pid != 0)
    {
      kill (self->pid, SIGTERM);
      waitpid (self->pid, NULL, 0);
      g_spawn_close_pid (self->pid);
    }
  if (self->directory != NULL)
    {
      g_autofree char *config = g_build_filename (self->directory, "agent.conf", NULL);

      g_unlink (config);
      g_rmdir (self->directory);
      g_free (self->directory);
    }
  g_clear_pointer (&self->peer, fake_peer_free);
  g_clear_pointer (&self->system, kvmm_guest_system_free);
  g_clear_pointer (&self->metrics, kvmm_guest_metrics_free);
  g_clear_pointer (&self->interfaces, g_ptr_array_unref);
  g_clear_pointer (&self->filesystems, g_ptr_array_unref);
  g_clear_pointer (&self->users, g_ptr_array_unref);
  g_string_free (self->words, TRUE);
  g_string_free (self->texts, TRUE);
  g_string_free (self->states, TRUE);
  g_free (self);
}

gboolean
fixture_is (Fixture *self, KvmmAgentClientState state)
{
  return kvmm_agent_client_get_state (self->client) == state;
}

gboolean
fixture_has_all_facts (Fixture *self)
{
  return self->n_system > 0 && self->n_metrics > 0 && self->n_interfaces > 0 &&
         self->n_filesystems > 0 && self->n_users > 0;
}

gboolean
fixture_said (Fixture *self, const char *word)
{
  g_auto (GStrv) words = g_strsplit (self->words->str, " ", -1);

  return g_strv_contains ((const char *const *) words, word);
}

void
outcome_clear (Outcome *self)
{
  g_clear_error (&self->error);
}

void
outcome_power_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->n_calls++;
  outcome->value =
      kvmm_agent_client_power_finish (KVMM_AGENT_CLIENT (source), result, &outcome->error);
}

void
outcome_ping_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->n_calls++;
  outcome->value =
      kvmm_agent_client_ping_finish (KVMM_AGENT_CLIENT (source), result, &outcome->error);
}

void
outcome_refresh_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  Outcome *outcome = data;

  outcome->n_calls++;
  outcome->value =
      kvmm_agent_client_refresh_finish (KVMM_AGENT_CLIENT (source), result, &outcome->error);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client-private.h"
#include "fake-peer.h"
#include "test-wait.h"

/* A client, what it said, and (unless it talks to a real agent) the fake at the other end. */
typedef struct
{
  FakePeer *peer; /* (nullable) */
  KvmmAgentClient *client;
  GPid pid; /* of the real agent, 0 */

  guint n_system;
  guint n_metrics;
  guint n_interfaces;
  guint n_filesystems;
  guint n_users;
  KvmmGuestSystem *system;
  KvmmGuestMetrics *metrics;
  GPtrArray *interfaces;
  GPtrArray *filesystems;
  GPtrArray *users;
  GString *words; /* of "log", each with a space behind */
  GString *texts;
  char *directory; /* (nullable) of the policy */
  GString *states; /* digits of the states, in order */
} Fixture;

/* As the defaults, with retries of HELLO that a test can wait for. */
extern const KvmmAgentIntervals quick_intervals;

/* Not started yet. */
Fixture *fixture_new (const KvmmAgentIntervals *intervals);
/* The program that $KVMM_TEST_AGENT names, on a socketpair. */
Fixture *fixture_new_real (void);
/* With the text of a policy file, %NULL for the guest's own. */
Fixture *fixture_new_real_with (const char *policy);
/* Started and READY with all facts read. */
Fixture *fixture_new_ready (const KvmmAgentIntervals *intervals);
void fixture_free (Fixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

gboolean fixture_is (Fixture *self, KvmmAgentClientState state);
gboolean fixture_has_all_facts (Fixture *self);
gboolean fixture_said (Fixture *self, const char *word);

/* The outcome of one asynchronous call. */
typedef struct
{
  guint n_calls;
  gint64 value;
  GError *error;
} Outcome;
void outcome_clear (Outcome *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)
void outcome_power_cb (GObject *source, GAsyncResult *result, gpointer outcome);
void outcome_ping_cb (GObject *source, GAsyncResult *result, gpointer outcome);
void outcome_refresh_cb (GObject *source, GAsyncResult *result, gpointer outcome);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client-private.h"
#include "fake-peer.h"
#include "model/kvmm-guest-state.h"
#include "test-wait.h"

/* A guest without a libvirt: what it asks for is answered here, and the agent is the fake of
 * tests/agent. */

typedef struct
{
  KvmmGuest *guest;
  GObject *owner;
  GPtrArray *peers; /* FakePeer, one for each time the channel was opened */
  GString *words;
  GString *states;

  KvmmVirtErrorCode open_error;
  gboolean open_fails;
  gboolean open_hangs;
  gboolean mute_peers;
  GTask *hanging;
  guint opens;
  guint forced;

  gboolean qga_hangs;
  gboolean qga_fails;
  GPtrArray *qga_tasks; /* hanging */
  guint qga_calls;
  guint qga_running;
  guint qga_most;

  guint address_calls;
  const char *lease;
  gboolean on_demand;
  guint rereads;

  gboolean stored_control;
  gboolean store_fails;

  guint n_qga_calls[KVMM_GUEST_QGA_SET_PASSWORD + 1];
  char *crypt_hash; /* (owned) (nullable) of the last call */
} Fixture;

extern const KvmmGuestInput guest_running;

Fixture *fixture_new (void);
/* Running, with the agent's first facts. */
Fixture *fixture_new_ready (void);
void fixture_free (Fixture *f);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

/* The connection is there and says @input. */
void fixture_run (Fixture *f, const KvmmGuestInput *input);
gboolean fixture_is (Fixture *f, KvmmGuestState state);
FakePeer *fixture_last_peer (Fixture *f);
/* Answers what was left hanging. */
void fixture_answer (Fixture *f);

GPtrArray *make_interfaces (void);
KvmmGuestInterface *make_interface (const char *name, const char *ip, gboolean is_virtual);

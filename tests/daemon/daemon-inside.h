/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "daemon-peer.h"
#include "daemon/agent.h"

/* The agent in the process of the test, which is its host as well: each wait of the peer lets it
 * work. Its guest is the peer's directory. For g_test_add(); the data is "small" for a socket that
 * takes little. */
typedef struct
{
  Agent *agent; /* (owned) */
  Peer *peer;   /* (owned): a session has begun */
  char *config; /* (owned) */
} Inside;

void inside_set_up (Inside *self, gconstpointer data);
void inside_tear_down (Inside *self, gconstpointer data);

/** inside_policy: replaces the policy; a new session begins. */
void inside_policy (Inside *self, const char *text);

/** inside_turn: one turn of the agent's loop. */
void inside_turn (Inside *self);

/** inside_settle: turns until nothing is to be done any more. */
void inside_settle (Inside *self);

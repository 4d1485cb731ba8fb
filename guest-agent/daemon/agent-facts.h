/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is true of this guest, as JSON objects of PROTOCOL.md. Each function returns a new
 * reference. None of them can block, or load a library of the guest: /proc, /sys, netlink and plain
 * files only. */

/** agent_facts_system: the result of sys.info. */
json_t *agent_facts_system (void);

/** agent_facts_init_name: which init system would shut this guest down. Static text. */
const char *agent_facts_init_name (void);

/* Counters of /proc/stat at one moment, in ticks. */
typedef struct
{
  uint64_t user, system, idle, iowait, steal;
  uint64_t taken_ms;
  double fractions[5]; /* the last result, in the order above */
  bool has_fractions;
} AgentCpuSample;

/** agent_facts_cpu_begin: takes the first baseline. */
void agent_facts_cpu_begin (AgentCpuSample *sample);

/** agent_facts_metrics: @sample: (inout): the previous sample of this kind. The result of
 * sys.metrics. */
json_t *agent_facts_metrics (AgentCpuSample *sample);

/**
 * agent_facts_net:
 * @virtual_too: also bridges, veth pairs and the like
 * @hash: (out) (nullable): of all but the byte counters
 *
 * The result of net.list, %NULL when the kernel did not answer.
 */
json_t *agent_facts_net (bool virtual_too, uint64_t *hash);

/** agent_facts_users: the result of user.sessions; @hash as above. */
json_t *agent_facts_users (uint64_t *hash);

/** agent_facts_disks: the result of disk.stats. */
json_t *agent_facts_disks (void);

/** agent_facts_time: the result of time.get. */
json_t *agent_facts_time (void);

/* Rows of a list, as many as the limits of one JSON body allow. */
typedef struct
{
  json_t *rows;
  size_t bytes;
  size_t tokens;
  unsigned int total;
  bool full;
} AgentList;

void agent_list_init (AgentList *self);

/** agent_list_add: @row: (transfer full); only counted once the list is full. */
void agent_list_add (AgentList *self, json_t *row);

/** agent_list_finish: sets @key, total and truncated of @object; @self is empty then. */
void agent_list_finish (AgentList *self, json_t *object, const char *key);

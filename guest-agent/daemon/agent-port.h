/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/agent-loop.h"

typedef struct Agent Agent;

/* The virtio-serial port: finds it, waits for it without polling, keeps it open across hang-ups,
 * and finds it again after it was unplugged. */

typedef struct
{
  AgentWatch watch;     /* the open port */
  AgentWatch uevents;   /* while there is none */
  AgentWatch directory; /* the same, for guests without uevents */
  AgentTimer retry;     /* another program has the port open */
  const char *path;     /* (nullable): given by the caller, else searched */
  bool is_socket;       /* given as a descriptor: its end is the end */
  bool connected;       /* a host is at the other end */
} AgentPort;

void agent_port_init (Agent *agent);

/** agent_port_open: opens @path, or the port with our name; waits for it when it is not there. */
void agent_port_open (Agent *agent, const char *path);

/** agent_port_adopt: speaks over the socket @fd, which now belongs to the port. */
bool agent_port_adopt (Agent *agent, int fd);

void agent_port_close (Agent *agent);

/** agent_port_write: Returns bytes written, 0 when the port takes none now, -1 when it is gone. */
ssize_t agent_port_write (Agent *agent, const void *data, size_t length);

/** agent_port_read: the same for reading. *@ended is set at a hang-up. */
ssize_t agent_port_read (Agent *agent, void *data, size_t length, bool *ended);

/**
 * agent_port_find:
 * @out: (out): the device
 *
 * Returns whether a port with our name is there.
 */
bool agent_port_find (char *out, size_t size);

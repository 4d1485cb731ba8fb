/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-loop.h"
#include "daemon/agent-stream.h"

typedef struct Agent Agent;

/* Moves bytes between one stream and descriptors of a child: a pipe, two, or a terminal. Bytes stay
 * in the pipe while the host grants no credit, and in the stream while the child does not read. */

typedef struct AgentPump AgentPump;
struct AgentPump
{
  Agent *agent;
  AgentStream *stream; /* NULL: nobody wants the bytes: output is read and dropped */
  int out_fd;          /* what the child writes; -1: closed */
  int in_fd;           /* what the child reads; may be a dup of the same terminal */
  AgentWatch out;      /* @out_fd, while the host takes its bytes */
  AgentWatch in;       /* @in_fd, while it is full */
  bool out_ended;      /* END was sent, or would have been */
  bool in_ended;       /* the child's input was closed */
  bool is_terminal;    /* set it before the start: EIO is its end; its input is not closed at END */
  bool draining;
  size_t drain_left; /* bytes that the child left behind */
  uint64_t bytes_out;
  /* The output has ended (END is sent). Called once, unless there was none from the start. The pump
   * may be freed in it. */
  void (*ended) (AgentPump *pump, void *data);
  /* The host closed the stream, or the session is gone; @stream is NULL already, and gets its CLOSE
   * afterwards. The output is read and dropped, until it ends or agent_pump_stop(). */
  void (*aborted) (AgentPump *pump, bool lost, void *data);
  void *data;
};

/**
 * agent_pump_start:
 * @input: whether the host may send
 * @out_fd: what to read; -1 for none. The pump owns both from now on, also when it fails.
 * @in_fd: what to write; -1 for none
 *
 * @self must be zeroed, with @ended, @aborted and @data set. Returns false when no stream can be
 * opened.
 */
bool agent_pump_start (Agent *agent, AgentPump *self, bool input, int out_fd, int in_fd);

/** agent_pump_drain: the child has ended: takes what is still in the pipe, and END, even if a
 * descendant holds it open. */
void agent_pump_drain (AgentPump *self);

/** agent_pump_detach: the stream is the caller's, who closes it; output is dropped from now on. */
void agent_pump_detach (AgentPump *self);

/** agent_pump_stop: closes the descriptors. The stream, if there is one, stays open: the owner
 * calls agent_stream_close (self->stream, …) and sets it to NULL. Harmless twice. */
void agent_pump_stop (AgentPump *self);

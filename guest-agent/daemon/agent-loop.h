/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* One thread, one epoll: file descriptors and timers. No timer runs when none is started, so a
 * daemon without a host sleeps for ever. */

typedef void (*AgentWatchFunc) (void *data, uint32_t events);
typedef void (*AgentTimerFunc) (void *data);

typedef struct
{
  int fd; /* -1: not watched */
  AgentWatchFunc func;
  void *data;
} AgentWatch;

typedef struct AgentTimer AgentTimer;
struct AgentTimer
{
  AgentTimerFunc func;
  void *data;
  uint64_t deadline_ms;
  AgentTimer *next; /* sorted by deadline */
  bool running;
};

typedef struct
{
  int epoll_fd;
  int timer_fd;
  AgentTimer *timers;
  uint64_t armed_ms; /* what timer_fd is set to, 0 for not */
  bool quit;
} AgentLoop;

/** agent_loop_init: Returns false, with errno, when the kernel refuses. */
bool agent_loop_init (AgentLoop *self);

void agent_loop_clear (AgentLoop *self);

/**
 * agent_loop_watch:
 * @events: EPOLL*
 *
 * Calls @func for each event of @fd. @watch must live until agent_loop_unwatch(); the descriptor
 * stays the caller's. Returns false, with errno, when the descriptor cannot be watched.
 */
bool agent_loop_watch (
    AgentLoop *self, AgentWatch *watch, int fd, uint32_t events, AgentWatchFunc func, void *data);

/** agent_loop_unwatch: also from inside its own callback. Returns the descriptor, -1 if there was
 * none. */
int agent_loop_unwatch (AgentLoop *self, AgentWatch *watch);

/** agent_timer_init: must be called once before start or stop. */
void agent_timer_init (AgentTimer *self, AgentTimerFunc func, void *data);

/** agent_timer_start: fires once, @delay_ms from now; a running timer is set anew. Its function may
 * free it. */
void agent_timer_start (AgentLoop *loop, AgentTimer *self, uint64_t delay_ms);

void agent_timer_stop (AgentLoop *loop, AgentTimer *self);

/** agent_loop_run: until agent_loop_quit(). */
void agent_loop_run (AgentLoop *self);

/** agent_loop_step: waits for one event, at most @timeout_ms (-1: for ever), and handles it. */
void agent_loop_step (AgentLoop *self, int timeout_ms);

void agent_loop_quit (AgentLoop *self);

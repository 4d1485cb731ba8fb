/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-loop.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/agent-util.h"

bool
agent_loop_init (AgentLoop *self)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  memset (self, 0, sizeof *self);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  return self->epoll_fd >= 0 && self->timer_fd >= 0 &&
         epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->timer_fd, &event) == 0;
}

void
agent_loop_clear (AgentLoop *self)
{
  close (self->timer_fd);
  close (self->epoll_fd);
}

bool
agent_loop_watch (
    AgentLoop *self, AgentWatch *watch, int fd, uint32_t events, AgentWatchFunc func, void *data)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  watch->fd = fd;
  watch->func = func;
  watch->data = data;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
    return true;
  watch->fd = -1;
  return false;
}

int
agent_loop_unwatch (AgentLoop *self, AgentWatch *watch)
{
  int fd = watch->fd;

  if (fd >= 0)
    epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
  watch->fd = -1;
  return fd;
}

void
agent_timer_init (AgentTimer *self, AgentTimerFunc func, void *data)
{
  memset (self, 0, sizeof *self);
  self->func = func;
  self->data = data;
}

static void
arm (AgentLoop *self)
{
  uint64_t deadline = self->timers != NULL ? self->timers->deadline_ms : 0;
  struct itimerspec spec = { 0 };

  if (deadline == self->armed_ms)
    return;
  spec.it_value.tv_sec = (time_t) (deadline / 1000);
  spec.it_value.tv_nsec = (long) (deadline % 1000) * 1000000;
  timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
  self->armed_ms = deadline;
}

static void
unlink_timer (AgentLoop *loop, AgentTimer *self)
{
  AgentTimer **place = &loop->timers;

  while (*place != NULL && *place != self)
    place = &(*place)->next;
  if (*place == self)
    *place = self->next;
  self->running = false;
}

void
agent_timer_start (AgentLoop *loop, AgentTimer *self, uint64_t delay_ms)
{
  AgentTimer **place = &loop->timers;

  if (self->running)
    unlink_timer (loop, self);
  self->deadline_ms = agent_now_ms () + delay_ms;
  while (*place != NULL && (*place)->deadline_ms <= self->deadline_ms)
    place = &(*place)->next;
  self->next = *place;
  *place = self;
  self->running = true;
  arm (loop);
}

void
agent_timer_stop (AgentLoop *loop, AgentTimer *self)
{
  if (!self->running)
    return;
  unlink_timer (loop, self);
  arm (loop);
}

/* Whether @timer was started again; it may be freed by now, so nothing of it is read. */
static bool
is_due (const AgentLoop *self, const AgentTimer *timer, uint64_t now)
{
  for (const AgentTimer *due = self->timers; due != NULL && due->deadline_ms <= now;
       due = due->next)
    if (due == timer)
      return true;
  return false;
}

static void
run_timers (AgentLoop *self)
{
  uint64_t now = agent_now_ms ();
  uint64_t expirations;

  if (read (self->timer_fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN)
    agent_log (AGENT_LOG_ERROR, "timer: %s", strerror (errno));
  self->armed_ms = 0;
  /* A timer that starts itself again with no delay must not keep the descriptors waiting: @now is
   * fixed. */
  while (self->timers != NULL && self->timers->deadline_ms <= now)
    {
      AgentTimer *timer = self->timers;

      unlink_timer (self, timer);
      timer->func (timer->data);
      if (is_due (self, timer, now))
        break;
    }
  arm (self);
}

void
agent_loop_step (AgentLoop *self, int timeout_ms)
{
  /* One event at a time: a callback may remove any watch, and no stale event is left in our hands.
   * The kernel's ready list rotates, so none starves. */
  struct epoll_event event;
  int n = epoll_wait (self->epoll_fd, &event, 1, timeout_ms);

  if (n < 1)
    return;
  if (event.data.ptr == NULL)
    run_timers (self);
  else
    {
      AgentWatch *watch = event.data.ptr;

      watch->func (watch->data, event.events);
    }
}

void
agent_loop_run (AgentLoop *self)
{
  while (!self->quit)
    agent_loop_step (self, -1);
}

void
agent_loop_quit (AgentLoop *self)
{
  self->quit = true;
}

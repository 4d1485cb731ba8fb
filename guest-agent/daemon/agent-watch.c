/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent.h"

#define SETTLE_MS 200

static void
schedule (Agent *agent, AgentTopicId id)
{
  AgentTopic *topic = &agent->events.topics[id];
  uint64_t since = agent_now_ms () - topic->sent_ms;
  /* The interval of fs.changed is that of looking at sizes; a mount is told sooner. */
  uint64_t distance = id == AGENT_TOPIC_FS ? KVMA_TOPIC_INTERVAL_MIN_MS : topic->interval_ms;
  uint64_t delay = SETTLE_MS;

  if (topic->sent_ms != 0 && since + SETTLE_MS < distance)
    delay = distance - since;
  if (!topic->timer.running || topic->timer.deadline_ms > agent_now_ms () + delay)
    agent_timer_start (&agent->loop, &topic->timer, delay);
}

static void
watch (Agent *agent, AgentWatch *place, int fd, uint32_t events, AgentWatchFunc func)
{
  if (fd >= 0 && !agent_loop_watch (&agent->loop, place, fd, events, func, agent))
    close (fd);
}

static void
drain (int fd)
{
  char buffer[4096] __attribute__ ((aligned (8)));
  ssize_t n;

  /* A full queue (ENOBUFS) has lost messages; they only said that something changed. */
  do
    n = read (fd, buffer, sizeof buffer);
  while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
}

static void
net_event_cb (void *data, uint32_t events)
{
  Agent *agent = data;

  drain (agent->events.net.fd);
  schedule (agent, AGENT_TOPIC_NET);
}

void
agent_watch_net (Agent *agent)
{
  struct sockaddr_nl address = {
    .nl_family = AF_NETLINK,
    .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                 RTMGRP_IPV6_ROUTE,
  };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

  if (fd >= 0 && bind (fd, (struct sockaddr *) &address, sizeof address) < 0)
    {
      close (fd);
      return;
    }
  watch (agent, &agent->events.net, fd, EPOLLIN, net_event_cb);
}

static void
mounts_event_cb (void *data, uint32_t events)
{
  schedule (data, AGENT_TOPIC_FS);
}

/* The table reports a change as an exceptional condition until it is polled again; no reading is
 * needed. */
void
agent_watch_mounts (Agent *agent)
{
  int fd = open ("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

  watch (agent, &agent->events.mounts, fd, EPOLLPRI | EPOLLET, mounts_event_cb);
}

static void
users_event_cb (void *data, uint32_t events)
{
  Agent *agent = data;

  drain (agent->events.users.fd);
  schedule (agent, AGENT_TOPIC_USERS);
}

void
agent_watch_users (Agent *agent)
{
  static const char *const paths[] = { "/run/utmp", "/var/run/utmp", "/run/systemd/sessions" };
  char full[AGENT_PATH_SIZE];
  int fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);

  for (size_t i = 0; fd >= 0 && i < sizeof paths / sizeof paths[0]; i++)
    inotify_add_watch (fd, agent_path (full, paths[i]),
                       IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_CLOSE_WRITE);
  watch (agent, &agent->events.users, fd, EPOLLIN, users_event_cb);
}

static int64_t
clock_offset (void)
{
  struct timespec wall, boot;

  clock_gettime (CLOCK_REALTIME, &wall);
  clock_gettime (CLOCK_BOOTTIME, &boot);
  return ((int64_t) wall.tv_sec - boot.tv_sec) * 1000 + (wall.tv_nsec - boot.tv_nsec) / 1000000;
}

static void
arm_clock (int fd)
{
  struct itimerspec spec = { 0 };

  /* A moment that never comes: only the cancellation by a change of the clock wakes us. */
  spec.it_value.tv_sec = time (NULL) + 10 * 365 * 86400;
  timerfd_settime (fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL);
}

static void
clock_event_cb (void *data, uint32_t events)
{
  Agent *agent = data;
  int64_t offset = clock_offset ();
  int64_t delta = offset - agent->events.clock_offset_ms;

  drain (agent->events.clock.fd);
  arm_clock (agent->events.clock.fd);
  agent->events.clock_offset_ms = offset;
  agent_events_emit (agent, AGENT_TOPIC_TIME, json_pack ("{sI}", "delta_ms", (json_int_t) delta));
}

void
agent_watch_clock (Agent *agent)
{
  int fd = timerfd_create (CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

  agent->events.clock_offset_ms = clock_offset ();
  if (fd >= 0)
    arm_clock (fd);
  watch (agent, &agent->events.clock, fd, EPOLLIN, clock_event_cb);
}

void
agent_watch_stop (Agent *agent, AgentTopicId id)
{
  AgentEvents *self = &agent->events;
  AgentWatch *watches[AGENT_N_TOPICS] = { 0 };
  int fd;

  watches[AGENT_TOPIC_NET] = &self->net;
  watches[AGENT_TOPIC_FS] = &self->mounts;
  watches[AGENT_TOPIC_USERS] = &self->users;
  watches[AGENT_TOPIC_TIME] = &self->clock;
  if (watches[id] == NULL)
    return;
  fd = agent_loop_unwatch (&agent->loop, watches[id]);
  if (fd >= 0)
    close (fd);
}

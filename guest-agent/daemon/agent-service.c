/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
notify (const char *text)
{
  const char *path = getenv ("NOTIFY_SOCKET");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  size_t length = path != NULL ? strlen (path) : 0;
  int fd;

  if (length == 0 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
    return;
  memcpy (address.sun_path, path, length);
  if (path[0] == '@')
    address.sun_path[0] = '\0';
  fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  if (sendto (fd, text, strlen (text), MSG_NOSIGNAL, (struct sockaddr *) &address,
              (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length)) < 0)
    agent_log (AGENT_LOG_WARNING, "cannot notify the service manager: %s", strerror (errno));
  close (fd);
}

static void
watchdog_cb (void *data)
{
  Agent *agent = data;

  notify ("WATCHDOG=1");
  agent_timer_start (&agent->loop, &agent->service.timer, agent->service.watchdog_ms / 2);
}

void
agent_service_init (Agent *agent)
{
  const char *interval = getenv ("WATCHDOG_USEC");
  const char *pid = getenv ("WATCHDOG_PID");

  agent->service.watchdog_ms = 0;
  agent_timer_init (&agent->service.timer, watchdog_cb, agent);
  if (interval != NULL && (pid == NULL || atol (pid) == (long) getpid ()))
    agent->service.watchdog_ms = strtoull (interval, NULL, 10) / 1000;
}

void
agent_service_ready (Agent *agent)
{
  notify ("READY=1");
  agent_service_set_busy (agent, agent_link_in_session (agent));
}

void
agent_service_reloading (Agent *agent)
{
  char text[64];

  snprintf (text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
            (unsigned long long) agent_now_ms () * 1000);
  notify (text);
}

void
agent_service_stopping (Agent *agent)
{
  notify ("STOPPING=1");
}

void
agent_service_set_busy (Agent *agent, bool busy)
{
  AgentService *self = &agent->service;
  char text[64];

  if (self->watchdog_ms < 2)
    return;
  if (!busy)
    {
      agent_timer_stop (&agent->loop, &self->timer);
      notify ("WATCHDOG_USEC=0");
    }
  else if (!self->timer.running)
    {
      snprintf (text, sizeof text, "WATCHDOG_USEC=%llu\nWATCHDOG=1",
                (unsigned long long) self->watchdog_ms * 1000);
      notify (text);
      agent_timer_start (&agent->loop, &self->timer, self->watchdog_ms / 2);
    }
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTS_DIRECTORY "/sys/class/virtio-ports"
#define UEVENTS_OF_KERNEL 1
#define BUSY_RETRY_MS 5000

bool
agent_port_find (char *out, size_t size)
{
  char path[AGENT_PATH_SIZE];
  char name[64];
  DIR *directory = opendir (agent_path (path, PORTS_DIRECTORY));
  const struct dirent *entry;
  bool found = false;

  if (directory != NULL)
    {
      while (!found && (entry = readdir (directory)) != NULL)
        {
          if (strncmp (entry->d_name, "vport", 5) != 0 || strlen (entry->d_name) > 32)
            continue;
          snprintf (path, sizeof path, PORTS_DIRECTORY "/%.32s/name", entry->d_name);
          if (agent_read_line (path, name, sizeof name) && strcmp (name, KVMA_CHANNEL_NAME) == 0)
            {
              snprintf (out, size, "/dev/%.32s", entry->d_name);
              found = true;
            }
        }
      closedir (directory);
    }
  if (!found && access ("/dev/virtio-ports/" KVMA_CHANNEL_NAME, F_OK) == 0)
    {
      snprintf (out, size, "/dev/virtio-ports/" KVMA_CHANNEL_NAME);
      found = true;
    }
  return found;
}

static void
stop_waiting (Agent *agent)
{
  int fd = agent_loop_unwatch (&agent->loop, &agent->port.uevents);

  if (fd >= 0)
    close (fd);
  fd = agent_loop_unwatch (&agent->loop, &agent->port.directory);
  if (fd >= 0)
    close (fd);
  agent_timer_stop (&agent->loop, &agent->port.retry);
}

static bool try_open (Agent *agent);

static void
uevent_cb (void *data, uint32_t events)
{
  Agent *agent = data;
  char buffer[4096];
  ssize_t n;

  do
    n = recv (agent->port.uevents.fd, buffer, sizeof buffer, MSG_DONTWAIT);
  while (n > 0);
  if (try_open (agent))
    stop_waiting (agent);
}

static void
directory_cb (void *data, uint32_t events)
{
  Agent *agent = data;
  char buffer[4096] __attribute__ ((aligned (8)));
  ssize_t n;

  do
    n = read (agent->port.directory.fd, buffer, sizeof buffer);
  while (n > 0);
  if (try_open (agent))
    stop_waiting (agent);
}

static void
retry_cb (void *data)
{
  Agent *agent = data;

  if (try_open (agent))
    stop_waiting (agent);
}

/* The name of a port appears in sysfs after its device node, with a uevent of its own: that is what
 * we wait for. A creation below /dev is the second way, for a port that was given by its path. */
static void
wait_for_port (Agent *agent)
{
  AgentPort *self = &agent->port;
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = UEVENTS_OF_KERNEL };
  int fd;

  if (self->uevents.fd < 0 && self->path == NULL)
    {
      fd = socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
      if (fd >= 0 &&
          (bind (fd, (struct sockaddr *) &address, sizeof address) < 0 ||
           !agent_loop_watch (&agent->loop, &self->uevents, fd, EPOLLIN, uevent_cb, agent)))
        close (fd);
    }
  if (self->directory.fd < 0)
    {
      char directory[AGENT_PATH_SIZE] = "/dev";
      char *slash;

      if (self->path != NULL)
        {
          snprintf (directory, sizeof directory, "%s", self->path);
          slash = strrchr (directory, '/');
          if (slash != NULL)
            slash[slash == directory ? 1 : 0] = '\0';
          else
            strcpy (directory, ".");
        }
      fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
      if (fd < 0)
        return;
      inotify_add_watch (fd, directory, IN_CREATE | IN_MOVED_TO | IN_ATTRIB);
      if (self->path == NULL)
        inotify_add_watch (fd, "/dev/virtio-ports", IN_CREATE | IN_MOVED_TO);
      if (!agent_loop_watch (&agent->loop, &self->directory, fd, EPOLLIN, directory_cb, agent))
        close (fd);
    }
}

static void
lose_port (Agent *agent)
{
  AgentPort *self = &agent->port;

  close (agent_loop_unwatch (&agent->loop, &self->watch));
  self->connected = false;
  agent_link_disconnected (agent, true);
  if (self->is_socket)
    {
      agent_loop_quit (&agent->loop);
      return;
    }
  agent_log (AGENT_LOG_INFO, "the port is gone; waiting for it");
  if (!try_open (agent))
    {
      wait_for_port (agent);
      /* It may have come back before we were watching. */
      if (try_open (agent))
        stop_waiting (agent);
    }
}

/* Not every device fails to be read once it is unplugged; but its node goes. */
static bool
node_is_deleted (int fd)
{
  struct stat status;

  return fstat (fd, &status) == 0 && S_ISCHR (status.st_mode) && status.st_nlink == 0;
}

static void
port_cb (void *data, uint32_t events)
{
  Agent *agent = data;
  AgentPort *self = &agent->port;
  int fd = self->watch.fd;

  if ((events & (EPOLLHUP | EPOLLERR)) == 0 && !self->connected)
    {
      self->connected = true;
      agent_link_connected (agent);
    }
  /* What a host wrote before it hung up is still there to be read. */
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0)
    agent_link_readable (agent);
  if (self->watch.fd != fd)
    return;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && node_is_deleted (fd))
    lose_port (agent);
  else if ((events & (EPOLLHUP | EPOLLERR)) != 0 && self->connected)
    {
      self->connected = false;
      agent_link_disconnected (agent, false);
      /* Nobody reads while replies pile up; now they are dropped, and the read tells a port that
       * was unplugged from one whose host has gone. */
      agent_link_readable (agent);
    }
  else if ((events & EPOLLOUT) != 0 && self->connected)
    agent_link_writable (agent);
}

static bool
watch_port (Agent *agent, int fd)
{
  return agent_loop_watch (&agent->loop, &agent->port.watch, fd,
                           EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, port_cb, agent);
}

static bool
try_open (Agent *agent)
{
  AgentPort *self = &agent->port;
  char path[64];
  const char *used = self->path;
  int fd;

  if (used == NULL)
    {
      if (!agent_port_find (path, sizeof path))
        return false;
      used = path;
    }
  fd = open (used, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    {
      if (errno != ENOENT)
        {
          agent_log (AGENT_LOG_WARNING, "%s: %s", used, strerror (errno));
          /* Only one program can open a port, and nothing tells us when that one closes it. */
          agent_timer_start (&agent->loop, &self->retry, BUSY_RETRY_MS);
        }
      return false;
    }
  if (!watch_port (agent, fd))
    {
      agent_log (AGENT_LOG_ERROR, "%s: not a port: %s", used, strerror (errno));
      close (fd);
      return false;
    }
  agent_log (AGENT_LOG_INFO, "opened %s", used);
  return true;
}

void
agent_port_init (Agent *agent)
{
  AgentPort *self = &agent->port;

  memset (self, 0, sizeof *self);
  self->watch.fd = self->uevents.fd = self->directory.fd = -1;
  agent_timer_init (&self->retry, retry_cb, agent);
}

void
agent_port_open (Agent *agent, const char *path)
{
  agent->port.path = path;
  if (try_open (agent))
    return;
  agent_log (AGENT_LOG_INFO, "waiting for the port %s", path != NULL ? path : KVMA_CHANNEL_NAME);
  wait_for_port (agent);
  if (try_open (agent))
    stop_waiting (agent);
}

bool
agent_port_adopt (Agent *agent, int fd)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags < 0 || fcntl (fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
      fcntl (fd, F_SETFD, FD_CLOEXEC) < 0)
    return false;
  agent->port.is_socket = true;
  return watch_port (agent, fd);
}

void
agent_port_close (Agent *agent)
{
  int fd = agent_loop_unwatch (&agent->loop, &agent->port.watch);

  if (fd >= 0)
    close (fd);
  agent->port.connected = false;
  stop_waiting (agent);
}

ssize_t
agent_port_write (Agent *agent, const void *data, size_t length)
{
  AgentPort *self = &agent->port;
  ssize_t n;

  if (self->watch.fd < 0 || !self->connected)
    return 0;
  do
    n = self->is_socket ? send (self->watch.fd, data, length, MSG_NOSIGNAL)
                        : write (self->watch.fd, data, length);
  while (n < 0 && errno == EINTR);
  if (n >= 0)
    return n;
  if (errno == EAGAIN)
    return 0;
  return -1;
}

ssize_t
agent_port_read (Agent *agent, void *data, size_t length, bool *ended)
{
  AgentPort *self = &agent->port;
  ssize_t n;

  *ended = false;
  if (self->watch.fd < 0)
    return 0;
  do
    n = read (self->watch.fd, data, length);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    return n;
  if (n < 0 && errno == EAGAIN)
    return 0;
  /* A virtio port reads 0 while no host is there, and fails once it was unplugged. */
  *ended = true;
  if (n < 0 || self->is_socket)
    lose_port (agent);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/agent-util.h"
#include "daemon/agent.h"

/* The guest's own tools, run by a worker. */

#define STANDARD_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool
find_tool (const char *name, char *path)
{
  const char *directory = STANDARD_PATH;

  while (*directory != '\0')
    {
      size_t length = strcspn (directory, ":");
      char candidate[256];

      snprintf (candidate, sizeof candidate, "%.*s/%s", (int) length, directory, name);
      if (access (agent_path (path, candidate), X_OK) == 0)
        return true;
      directory += length;
      directory += strspn (directory, ":");
    }
  return false;
}

static void
run_tool (const char *path, const char *const *argv, int in, int out)
{
  static char *const environment[] = { "PATH=" STANDARD_PATH, "LANG=C", "LC_ALL=C", NULL };
  int nothing = open ("/dev/null", O_RDWR | O_CLOEXEC);

  dup2 (in >= 0 ? in : nothing, STDIN_FILENO);
  dup2 (out, STDOUT_FILENO);
  dup2 (nothing, STDERR_FILENO);
  agent_child_clean (-1);
  execve (path, (char *const *) argv, environment);
  _exit (127);
}

/* What poll() is to wait for at most; @end_ms: 0 for no end */
static int
left_ms (uint64_t end_ms)
{
  uint64_t now = agent_now_ms ();

  if (end_ms == 0)
    return -1;
  return now < end_ms ? (int) (end_ms - now) : 0;
}

/* Writes and reads as the tool likes it: neither side may wait for the other. *@in_time is whether
 * the tool's output ended before @end_ms. */
static char *
converse (int in, int out, const char *input, size_t max, uint64_t end_ms, bool *in_time)
{
  struct pollfd fds[2] = { { .fd = out, .events = POLLIN }, { .fd = in, .events = POLLOUT } };
  size_t left = input != NULL ? strlen (input) : 0;
  char *text = malloc (max + 1);
  char rest[4096];
  size_t length = 0;

  if (text == NULL)
    abort ();
  *in_time = true;
  while (fds[0].fd >= 0 && *in_time)
    {
      ssize_t n;
      int ready;

      if (fds[1].fd >= 0 && left == 0)
        {
          close (fds[1].fd);
          fds[1].fd = -1;
        }
      ready = poll (fds, 2, left_ms (end_ms));
      *in_time = ready != 0;
      if (ready <= 0)
        continue;
      if (fds[1].fd >= 0 && fds[1].revents != 0)
        {
          n = write (fds[1].fd, input, left);
          if (n < 0 && errno != EINTR && errno != EAGAIN)
            left = 0;
          else if (n > 0)
            {
              input += n;
              left -= (size_t) n;
            }
        }
      if (fds[0].revents == 0)
        continue;
      if (length < max)
        n = read (out, text + length, max - length);
      else
        n = read (out, rest, sizeof rest);
      if (n == 0 || (n < 0 && errno != EINTR))
        fds[0].fd = -1;
      else if (n > 0 && length < max)
        length += (size_t) n;
    }
  if (fds[1].fd >= 0)
    close (fds[1].fd);
  text[length] = '\0';
  return text;
}

static int
run (
    const char *const *argv, const char *input, size_t max, unsigned int patience_ms, char **output)
{
  uint64_t end_ms = patience_ms > 0 ? agent_now_ms () + patience_ms : 0;
  char path[AGENT_PATH_SIZE];
  int in[2] = { -1, -1 }, out[2];
  int status = 0;
  bool in_time;
  char *text;
  pid_t pid;

  if (output != NULL)
    *output = NULL;
  if (!find_tool (argv[0], path) || pipe2 (out, O_CLOEXEC) < 0 ||
      (input != NULL && pipe2 (in, O_CLOEXEC) < 0))
    return -1;
  pid = fork ();
  if (pid == 0)
    run_tool (path, argv, in[0], out[1]);
  close (out[1]);
  if (input != NULL)
    {
      close (in[0]);
      signal (SIGPIPE, SIG_IGN);
      fcntl (in[1], F_SETFL, O_NONBLOCK);
    }
  text = converse (in[1], out[0], input, output != NULL ? max : 0, end_ms, &in_time);
  close (out[0]);
  if (pid > 0 && !in_time)
    kill (pid, SIGKILL);
  while (pid > 0 && waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (output != NULL)
    *output = text;
  else
    free (text);
  if (pid < 0 || !in_time)
    return -1;
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int
agent_tool_output (const char *const *argv, const char *input, size_t max, char **output)
{
  return run (argv, input, max, 0, output);
}

int
agent_tool_output_within (const char *const *argv,
                          unsigned int patience_ms,
                          size_t max,
                          char **output)
{
  return run (argv, NULL, max, patience_ms, output);
}

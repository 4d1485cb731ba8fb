/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/agent-environment.h"
#include "daemon/agent-methods-exec.h"
#include "daemon/agent.h"

/* What a terminal database may be asked for: a name, never a path. */
static bool
is_term (const char *term)
{
  if (!isalnum ((unsigned char) term[0]))
    return false;
  for (const char *p = term; *p != '\0'; p++)
    if (!isalnum ((unsigned char) *p) && strchr ("-+._", *p) == NULL)
      return false;
  return true;
}

static bool
read_size (Agent *agent, AgentCall *call, const json_t *params, int64_t *columns, int64_t *rows)
{
  *columns = *rows = 0;
  if (!agent_params_integer (agent, call, params, "cols", 1, KVMA_PTY_SIZE_MAX, columns) ||
      !agent_params_integer (agent, call, params, "rows", 1, KVMA_PTY_SIZE_MAX, rows))
    return false;
  if (*columns > 0 && *rows > 0)
    return true;
  agent_params_error (agent, call, *columns > 0 ? "rows" : "cols", "missing");
  return false;
}

/* Below the root, like the commands that shut down. */
static bool
prepare_login (Agent *agent, AgentCall *call, char *path, char ***argv, AgentPtyRequest *request)
{
  static const char *const programs[] = { "/bin/login", "/usr/bin/login", "/bin/busybox" };

  for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
    if (access (agent_path (path, programs[i]), X_OK) == 0)
      {
        request->path = path;
        request->login = true;
        /* Whatever /etc/passwd says: a prompt belongs to who runs the agent. */
        request->user.uid = geteuid ();
        request->user.gid = getegid ();
        snprintf (request->user.name, sizeof request->user.name, "root");
        snprintf (request->user.home, sizeof request->user.home, "/");
        snprintf (request->user.shell, sizeof request->user.shell, "/bin/sh");
        if ((i < 2 || agent_strings_add (argv, "busybox")) && agent_strings_add (argv, "login"))
          return true;
        agent_call_error (agent, call, KVMA_ERROR_INTERNAL, "no memory", NULL);
        return false;
      }
  agent_call_error (agent, call, KVMA_ERROR_UNSUPPORTED, "this guest has no login", NULL);
  return false;
}

/* A shell that is called "-sh" reads what a login reads. */
static bool
prepare_shell (Agent *agent, AgentCall *call, char ***argv, AgentPtyRequest *request)
{
  const char *name = strrchr (request->user.shell, '/') + 1;
  char called[sizeof request->user.shell + 1];

  snprintf (called, sizeof called, "-%s", name);
  request->path = request->user.shell;
  if (agent_strings_add (argv, called))
    return true;
  agent_call_error (agent, call, KVMA_ERROR_INTERNAL, "no memory", NULL);
  return false;
}

static bool
prepare (Agent *agent,
         AgentCall *call,
         const json_t *params,
         char *path,
         char ***argv,
         AgentPtyRequest *request)
{
  int access = agent->policy.access[AGENT_GROUP_PTY];
  const char *mode = "login";
  const char *user = "root";
  size_t total = 0;

  if (!agent_params_string (agent, call, params, "mode", 8, &mode) ||
      !agent_params_string (agent, call, params, "user", AGENT_USER_NAME_SIZE - 1, &user))
    return false;
  if (strcmp (mode, "login") == 0)
    return prepare_login (agent, call, path, argv, request);
  if (strcmp (mode, "shell") != 0 && strcmp (mode, "argv") != 0)
    {
      agent_params_error (agent, call, "mode", "neither login, shell nor argv");
      return false;
    }
  if (access != AGENT_ACCESS_ANY && (access != AGENT_ACCESS_SHELL || strcmp (mode, "argv") == 0))
    {
      agent_call_deny (agent, call,
                       strcmp (mode, "argv") == 0 ? "[policy] pty=any" : "[policy] pty=shell");
      return false;
    }
  if (!agent_params_user (agent, call, user, &request->user))
    return false;
  if (strcmp (mode, "shell") == 0)
    return prepare_shell (agent, call, argv, request);
  if (!agent_params_program (agent, call, params, argv, &total))
    return false;
  request->path = (*argv)[0];
  return true;
}

static void
pty_open (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentPtyRequest request = { .term = "xterm-256color" };
  char path[AGENT_PATH_SIZE];
  char **argv = NULL;
  int64_t columns, rows;

  if (agent_call_is_frozen (agent, call) || !read_size (agent, call, params, &columns, &rows) ||
      !agent_params_string (agent, call, params, "term", KVMA_TERM_MAX, &request.term))
    return;
  if (!is_term (request.term))
    {
      agent_params_error (agent, call, "term", "not the name of a terminal");
      return;
    }
  request.columns = (unsigned short) columns;
  request.rows = (unsigned short) rows;
  if (prepare (agent, call, params, path, &argv, &request))
    {
      request.argv = argv;
      agent_pty_start (agent, call, &request);
    }
  agent_strings_free (argv);
}

static AgentPty *
find_pty (Agent *agent, AgentCall *call, const json_t *params)
{
  int64_t number = 0;
  AgentPty *pty;

  if (!agent_params_integer (agent, call, params, "pty", 1, INT64_MAX, &number))
    return NULL;
  pty = agent_pty_find (agent, number);
  if (pty != NULL && pty->began && !pty->finished)
    return pty;
  agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "there is no such terminal", NULL);
  return NULL;
}

static void
pty_resize (Agent *agent, AgentCall *call, const json_t *params)
{
  int64_t columns, rows;
  AgentPty *pty;

  if (!read_size (agent, call, params, &columns, &rows))
    return;
  pty = find_pty (agent, call, params);
  if (pty == NULL)
    return;
  if (agent_pty_resize (pty, (unsigned short) columns, (unsigned short) rows))
    agent_call_reply (agent, call, json_object ());
  else
    agent_call_error (agent, call, KVMA_ERROR_IO, "the terminal does not take the size",
                      json_pack ("{ss}", "errno", agent_errno_name (errno)));
}

static void
pty_close (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentPty *pty;
  int64_t number = 0;

  if (!agent_params_integer (agent, call, params, "pty", 1, INT64_MAX, &number))
    return;
  pty = agent_pty_find (agent, number);
  if (pty != NULL && pty->began && !pty->finished)
    agent_pty_hang_up (pty);
  agent_call_reply (agent, call,
                    json_pack ("{sb}", "closed", pty != NULL && pty->began && !pty->finished));
}

static json_t *
describe_open (const json_t *params)
{
  static const char *const names[] = { "mode", "user", "argv" };
  json_t *object = json_object ();

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    {
      json_t *value = json_object_get (params, names[i]);

      if (value != NULL)
        json_object_set_new (object, names[i], json_deep_copy (value));
    }
  return object;
}

static json_t *
describe_pty (const json_t *params)
{
  json_t *value = json_object_get (params, "pty");

  return value != NULL ? json_pack ("{so}", "pty", json_deep_copy (value)) : NULL;
}

const AgentMethod agent_pty_methods[] = {
  { .name = KVMA_METHOD_PTY_OPEN,
    .group = AGENT_GROUP_PTY,
    .run = pty_open,
    .describe = describe_open },
  { .name = KVMA_METHOD_PTY_RESIZE,
    .group = AGENT_GROUP_PTY,
    .run = pty_resize,
    .describe = describe_pty },
  { .name = KVMA_METHOD_PTY_CLOSE,
    .group = AGENT_GROUP_PTY,
    .run = pty_close,
    .describe = describe_pty },
  { 0 },
};

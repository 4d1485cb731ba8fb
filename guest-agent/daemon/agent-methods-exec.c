/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods-exec.h"

#include <string.h>

#include "daemon/agent-environment.h"
#include "daemon/agent-methods.h"
#include "daemon/agent.h"

#define REPLY_BYTES (KVMA_JSON_MAX - 1024)

/* --- Parameters --- */

void
agent_call_deny (Agent *agent, AgentCall *call, const char *hint)
{
  agent_call_error (
      agent, call, KVMA_ERROR_DENIED, "denied by the policy of this guest",
      json_pack ("{ss ss}", "group", agent_group_name (call->method->group), "hint", hint));
}

bool
agent_call_is_frozen (Agent *agent, AgentCall *call)
{
  if (!agent_is_frozen (agent))
    return false;
  agent_call_error (agent, call, KVMA_ERROR_FROZEN, "the file systems are frozen", NULL);
  return true;
}

bool
agent_params_arguments (Agent *agent,
                        AgentCall *call,
                        const json_t *params,
                        const char *key,
                        char ***list,
                        size_t *total)
{
  const json_t *array = json_object_get (params, key);
  size_t n = 0;

  if (array == NULL)
    return true;
  while (*list != NULL && (*list)[n] != NULL)
    n++;
  if (!json_is_array (array) || n + json_array_size (array) > KVMA_ARGV_MAX)
    {
      agent_params_error (agent, call, key, "not a list, or too many arguments");
      return false;
    }
  for (size_t i = 0; i < json_array_size (array); i++)
    {
      const json_t *word = json_array_get (array, i);
      size_t length = json_string_length (word);

      if (!json_is_string (word) || length > KVMA_ARGUMENT_MAX)
        {
          agent_params_error (agent, call, key, "an argument is not a string, or too long");
          return false;
        }
      *total += length;
      if (*total > KVMA_ARGUMENTS_MAX)
        {
          agent_params_error (agent, call, key, "the arguments are too long together");
          return false;
        }
      if (!agent_strings_add (list, json_string_value (word)))
        {
          agent_call_error (agent, call, KVMA_ERROR_INTERNAL, "no memory", NULL);
          return false;
        }
    }
  return true;
}

bool
agent_params_program (
    Agent *agent, AgentCall *call, const json_t *params, char ***list, size_t *total)
{
  if (!agent_params_arguments (agent, call, params, "argv", list, total))
    return false;
  if (*list != NULL && (*list)[0] != NULL && (*list)[0][0] == '/')
    return true;
  agent_params_error (agent, call, "argv", "does not begin with an absolute path");
  return false;
}

bool
agent_params_user (Agent *agent, AgentCall *call, const char *name, AgentUser *user)
{
  if (agent_user_find (name, user))
    return true;
  agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "there is no such user in this guest",
                    json_pack ("{ss}", "param", "user"));
  return false;
}

static bool
read_environment (
    Agent *agent, AgentCall *call, const json_t *params, const json_t **out, size_t *total)
{
  json_t *object = json_object_get (params, "env");
  const char *name;
  json_t *value;

  if (object == NULL)
    return true;
  if (!json_is_object (object) || json_object_size (object) > KVMA_ENV_MAX)
    {
      agent_params_error (agent, call, "env", "not an object, or too many variables");
      return false;
    }
  json_object_foreach (object, name, value)
  {
    size_t length = strlen (name) + 1 + json_string_length (value);

    if (!json_is_string (value) || !agent_environment_is_name (name) || length > KVMA_ARGUMENT_MAX)
      {
        agent_params_error (agent, call, "env", "a variable is no variable, or too long");
        return false;
      }
    *total += length;
  }
  if (*total > KVMA_ARGUMENTS_MAX)
    {
      agent_params_error (agent, call, "env", "arguments and variables are too long together");
      return false;
    }
  *out = object;
  return true;
}

static bool
read_error_output (Agent *agent, AgentCall *call, const json_t *params, AgentStderr *out)
{
  static const char *const words[] = { "stream", "merge", "discard" };
  const char *word = words[AGENT_STDERR_STREAM];

  if (!agent_params_string (agent, call, params, "stderr", 16, &word))
    return false;
  for (int i = 0; i < 3; i++)
    if (strcmp (words[i], word) == 0)
      {
        *out = (AgentStderr) i;
        return true;
      }
  agent_params_error (agent, call, "stderr", "neither stream, merge nor discard");
  return false;
}

/* What exec.start and exec.run have in common. @seconds: of the command; 0 for the default. */
static bool
read_common (
    Agent *agent, AgentCall *call, const json_t *params, int64_t seconds, AgentJobRequest *request)
{
  const AgentPolicy *policy = &agent->policy;
  int64_t most = (seconds > 0 ? seconds : policy->max_timeout) * 1000;

  request->cwd = "/";
  request->kill_on_disconnect = true;
  request->timeout_ms = (seconds > 0 ? seconds : policy->timeout) * 1000;
  if (!agent_params_boolean (agent, call, params, "stdin", &request->input) ||
      !agent_params_boolean (agent, call, params, "kill_on_disconnect",
                             &request->kill_on_disconnect) ||
      !agent_params_integer (agent, call, params, "timeout_ms", 1, KVMA_EXEC_TIMEOUT_LIMIT_MS,
                             &request->timeout_ms) ||
      !read_error_output (agent, call, params, &request->error_output))
    return false;
  if (request->timeout_ms > most)
    request->timeout_ms = most;
  return true;
}

static const char *
default_user (const Agent *agent)
{
  return agent->policy.run_as != NULL ? agent->policy.run_as : "nobody";
}

static bool
is_listed (char *const *list, const char *name)
{
  for (; list != NULL && *list != NULL; list++)
    if (strcmp (*list, name) == 0)
      return true;
  return false;
}

/* By its id: root may have another name as well. */
static bool
allows_root (Agent *agent, AgentCall *call, const AgentUser *user)
{
  if (user->uid != 0 || agent->policy.root)
    return true;
  agent_call_deny (agent, call, "[exec] root=yes");
  return false;
}

static bool
read_user (Agent *agent, AgentCall *call, const json_t *params, AgentUser *user)
{
  const char *name = default_user (agent);
  const char *usual = name;

  if (!agent_params_string (agent, call, params, "user", AGENT_USER_NAME_SIZE - 1, &name))
    return false;
  if (strcmp (name, usual) != 0 && !is_listed (agent->policy.users, name) &&
      !(agent->policy.root && strcmp (name, "root") == 0))
    {
      agent_call_deny (agent, call,
                       strcmp (name, "root") == 0 ? "[exec] root=yes" : "[exec] users=");
      return false;
    }
  return agent_params_user (agent, call, name, user) && allows_root (agent, call, user);
}

/* --- exec.start --- */

static bool
read_start (
    Agent *agent, AgentCall *call, const json_t *params, char ***argv, AgentJobRequest *request)
{
  size_t total = 0;

  if (!agent_params_program (agent, call, params, argv, &total) ||
      !read_environment (agent, call, params, &request->environment, &total) ||
      !read_common (agent, call, params, 0, request) ||
      !agent_params_string (agent, call, params, "cwd", KVMA_FILE_PATH_MAX, &request->cwd))
    return false;
  if (request->cwd[0] != '/')
    {
      agent_params_error (agent, call, "cwd", "not an absolute path");
      return false;
    }
  request->argv = (const char *const *) *argv;
  return read_user (agent, call, params, &request->user);
}

static void
exec_start (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentJobRequest request = { 0 };
  char **argv = NULL;

  if (agent->policy.access[AGENT_GROUP_EXEC] != AGENT_ACCESS_ANY)
    {
      agent_call_deny (agent, call, "[policy] exec=any");
      return;
    }
  if (!agent_call_is_frozen (agent, call) && read_start (agent, call, params, &argv, &request))
    agent_job_start (agent, call, &request);
  agent_strings_free (argv);
}

/* --- exec.run, exec.named --- */

static const AgentCommand *
find_command (const Agent *agent, const char *name)
{
  for (unsigned int i = 0; i < agent->policy.n_commands; i++)
    if (strcmp (agent->policy.commands[i].name, name) == 0)
      return &agent->policy.commands[i];
  return NULL;
}

static bool
read_run (
    Agent *agent, AgentCall *call, const json_t *params, char ***argv, AgentJobRequest *request)
{
  const AgentCommand *command;
  const char *name = NULL;
  size_t total = 0;

  if (!agent_params_string (agent, call, params, "name", AGENT_USER_NAME_SIZE, &name))
    return false;
  command = name != NULL ? find_command (agent, name) : NULL;
  if (command == NULL)
    {
      agent_call_error (agent, call, name == NULL ? KVMA_ERROR_PARAMS : KVMA_ERROR_NOT_FOUND,
                        "the policy of this guest has no such command",
                        json_pack ("{ss}", "param", "name"));
      return false;
    }
  if (!command->args && json_object_get (params, "args") != NULL)
    {
      agent_params_error (agent, call, "args", "this command takes no arguments");
      return false;
    }
  for (char **word = command->argv; *word != NULL; word++)
    if (!agent_strings_add (argv, *word))
      return false;
  if (!agent_params_arguments (agent, call, params, "args", argv, &total) ||
      !read_common (agent, call, params, command->timeout, request))
    return false;
  request->argv = (const char *const *) *argv;
  /* Who may be root for one command is written at that command. */
  return agent_params_user (agent, call,
                            command->run_as != NULL ? command->run_as : default_user (agent),
                            &request->user) &&
         (command->run_as != NULL || allows_root (agent, call, &request->user));
}

static void
exec_run (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentJobRequest request = { 0 };
  char **argv = NULL;

  if (!agent_call_is_frozen (agent, call) && read_run (agent, call, params, &argv, &request))
    agent_job_start (agent, call, &request);
  agent_strings_free (argv);
}

static json_t *
command_to_json (const Agent *agent, const AgentCommand *command)
{
  int64_t seconds = command->timeout > 0 ? command->timeout : agent->policy.timeout;
  json_t *argv = json_array ();
  json_t *row = json_pack ("{ss sb ss sI}", "name", command->name, "args", command->args, "run_as",
                           command->run_as != NULL ? command->run_as : default_user (agent),
                           "timeout_ms", (json_int_t) seconds * 1000);

  for (char **word = command->argv; *word != NULL; word++)
    json_array_append_new (argv, agent_json_text (*word, KVMA_PATH_MAX));
  agent_json_set_text (row, "description", command->description);
  json_object_set_new (row, "argv", argv);
  return row;
}

/* Long argument lists of many commands do not fit into one reply. */
static void
exec_named (Agent *agent, AgentCall *call, const json_t *params)
{
  const AgentPolicy *policy = &agent->policy;
  json_t *rows = json_array ();
  size_t bytes = 0;
  unsigned int n = 0;

  for (; n < policy->n_commands; n++)
    {
      json_t *row = command_to_json (agent, &policy->commands[n]);

      bytes += json_dumpb (row, NULL, 0, JSON_COMPACT) + 1;
      if (bytes > REPLY_BYTES)
        {
          json_decref (row);
          break;
        }
      json_array_append_new (rows, row);
    }
  agent_call_reply (agent, call,
                    json_pack ("{so si sb}", "commands", rows, "total", (int) policy->n_commands,
                               "truncated", n < policy->n_commands));
}

/* --- exec.signal, exec.jobs --- */

static void
exec_signal (Agent *agent, AgentCall *call, const json_t *params)
{
  static const char *const allowed[] = { "TERM", "KILL", "INT",  "HUP", "QUIT",
                                         "USR1", "USR2", "STOP", "CONT" };
  const char *name = "";
  int64_t number = 0;
  AgentJob *job;
  size_t i = 0;

  if (!agent_params_integer (agent, call, params, "job", 1, INT64_MAX, &number) ||
      !agent_params_string (agent, call, params, "signal", 8, &name))
    return;
  while (i < sizeof allowed / sizeof allowed[0] && strcmp (allowed[i], name) != 0)
    i++;
  if (i == sizeof allowed / sizeof allowed[0])
    {
      agent_params_error (agent, call, "signal", "no signal that can be sent");
      return;
    }
  job = agent_job_find (agent, number);
  if (job == NULL || !job->began)
    {
      agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "there is no such job", NULL);
      return;
    }
  agent_supervisor_signal (&job->supervisor, agent_signal_find (name));
  agent_call_reply (agent, call, json_pack ("{sb}", "sent", 1));
}

static void
exec_jobs (Agent *agent, AgentCall *call, const json_t *params)
{
  json_t *rows = agent_jobs_to_json (agent);

  agent_call_reply (agent, call,
                    json_pack ("{so si sb}", "jobs", rows, "total", (int) json_array_size (rows),
                               "truncated", 0));
}

/* --- What the audit says --- */

static json_t *
copy_members (const json_t *params, const char *const *names)
{
  json_t *object = json_object ();

  for (; *names != NULL; names++)
    {
      json_t *value = json_object_get (params, *names);

      if (value != NULL)
        json_object_set_new (object, *names, json_deep_copy (value));
    }
  return object;
}

static json_t *
describe_start (const json_t *params)
{
  static const char *const names[] = { "argv", "user", "cwd", "env", NULL };

  return copy_members (params, names);
}

static json_t *
describe_run (const json_t *params)
{
  static const char *const names[] = { "name", "args", NULL };

  return copy_members (params, names);
}

static json_t *
describe_signal (const json_t *params)
{
  static const char *const names[] = { "job", "signal", NULL };

  return copy_members (params, names);
}

const AgentMethod agent_exec_methods[] = {
  { .name = KVMA_METHOD_EXEC_NAMED, .group = AGENT_GROUP_EXEC, .run = exec_named },
  { .name = KVMA_METHOD_EXEC_RUN,
    .group = AGENT_GROUP_EXEC,
    .run = exec_run,
    .describe = describe_run },
  { .name = KVMA_METHOD_EXEC_START,
    .group = AGENT_GROUP_EXEC,
    .run = exec_start,
    .describe = describe_start },
  { .name = KVMA_METHOD_EXEC_SIGNAL,
    .group = AGENT_GROUP_EXEC,
    .run = exec_signal,
    .describe = describe_signal },
  { .name = KVMA_METHOD_EXEC_JOBS, .group = AGENT_GROUP_EXEC, .run = exec_jobs },
  { 0 },
};

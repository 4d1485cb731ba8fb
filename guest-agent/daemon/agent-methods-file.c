/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include "daemon/agent.h"

#include <stdio.h>
#include <string.h>

#include "daemon/agent-worker.h"

static const AgentGroup area_groups[] = {
  [AGENT_AREA_READ] = AGENT_GROUP_FILE_READ,
  [AGENT_AREA_WRITE] = AGENT_GROUP_FILE_WRITE,
  [AGENT_AREA_INBOX] = AGENT_GROUP_INBOX,
};

/* The line that would open the directory of @path. */
static void
deny (Agent *agent, AgentCall *call, AgentArea area, const char *path)
{
  const char *slash = strrchr (path, '/');
  bool system = agent_path_is_system (path);
  char hint[KVMA_PATH_MAX + 1];
  json_t *data = json_pack ("{ss}", "group", agent_group_name (area_groups[area]));

  snprintf (hint, sizeof hint, "[files] %s=%.*s", area == AGENT_AREA_READ ? "read" : "write",
            slash > path ? (int) (slash - path) : 1, path);
  if (!system)
    json_object_set_new (data, "hint", agent_json_text (hint, KVMA_PATH_MAX));
  agent_call_error (agent, call, KVMA_ERROR_DENIED,
                    system ? "a file system of the kernel"
                           : "outside the directories that the policy of this guest opens",
                    data);
}

static bool
is_frozen (Agent *agent, AgentCall *call)
{
  if (!agent_is_frozen (agent))
    return false;
  agent_call_error (agent, call, KVMA_ERROR_FROZEN, "the file systems are frozen", NULL);
  return true;
}

/* Fills in @job->path. Returns false after replying. */
static bool
take_path (Agent *agent, AgentCall *call, const json_t *params, AgentArea area, AgentFileJob *job)
{
  const json_t *member = json_object_get (params, "path");
  const char *path = json_string_value (member);
  AgentRoots roots;
  char *store[2];

  memset (job, 0, sizeof *job);
  job->area = area;
  job->mode = job->mtime = job->length = -1;
  if (path == NULL || !agent_path_is_valid (path, json_string_length (member)))
    {
      agent_params_error (agent, call, "path", "not a plain absolute path");
      return false;
    }
  agent_file_roots (agent, area, store, &roots);
  if (!agent_path_is_allowed (&roots, path))
    {
      deny (agent, call, area, path);
      return false;
    }
  memcpy (job->path, path, strlen (path) + 1);
  return true;
}

static json_t *
paths_to_json (char *const *paths)
{
  json_t *array = json_array ();
  char plain[KVMA_PATH_MAX + 1];

  for (; paths != NULL && *paths != NULL; paths++)
    json_array_append_new (
        array, agent_json_text (agent_path_plain (*paths, plain, sizeof plain), KVMA_PATH_MAX));
  return array;
}

static void
file_roots (Agent *agent, AgentCall *call, const json_t *params)
{
  const AgentPolicy *policy = &agent->policy;
  bool can_read = agent_policy_allows (policy, AGENT_GROUP_FILE_READ);
  bool can_write = agent_policy_allows (policy, AGENT_GROUP_FILE_WRITE);
  bool can_put = agent_policy_allows (policy, AGENT_GROUP_INBOX);
  json_t *object;
  char inbox[KVMA_PATH_MAX + 1];
  char hint[64];

  if (!can_read && !can_write && !can_put)
    {
      agent_policy_hint (AGENT_GROUP_FILE_READ, hint, sizeof hint);
      agent_call_error (
          agent, call, KVMA_ERROR_DENIED, "denied by the policy of this guest",
          json_pack ("{ss ss}", "group", agent_group_name (AGENT_GROUP_FILE_READ), "hint", hint));
      return;
    }
  object = json_pack ("{so so sI}", "read", paths_to_json (can_read ? policy->read_paths : NULL),
                      "write", paths_to_json (can_write ? policy->write_paths : NULL), "max_file",
                      (json_int_t) policy->max_file);
  agent_path_plain (agent_file_inbox (agent), inbox, sizeof inbox);
  if (can_put)
    json_object_set_new (object, "inbox", agent_json_text (inbox, KVMA_PATH_MAX));
  agent_call_reply (agent, call, object);
}

static void
file_stat (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentFileJob job;

  if (take_path (agent, call, params, AGENT_AREA_READ, &job))
    agent_worker_call (agent, call, AGENT_FILE_WORK_MS, agent_file_work_stat, &job);
}

static void
file_list (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentFileListJob job = { .limit = KVMA_LIST_ROWS_MAX };
  const char *cursor = NULL;

  if (!take_path (agent, call, params, AGENT_AREA_READ, &job.job) ||
      !agent_params_integer (agent, call, params, "limit", 1, KVMA_LIST_ROWS_MAX, &job.limit) ||
      !agent_params_string (agent, call, params, "cursor", 2 * KVMA_FILE_NAME_MAX + 1, &cursor))
    return;
  if (cursor != NULL && !agent_file_cursor_parse (cursor, &job))
    agent_params_error (agent, call, "cursor", "not a cursor of file.list");
  else
    agent_worker_call (agent, call, AGENT_FILE_WORK_MS, agent_file_work_list, &job);
}

static void
file_mkdir (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentFileJob job;

  if (!take_path (agent, call, params, AGENT_AREA_WRITE, &job))
    return;
  job.mode = 0755;
  if (agent_params_integer (agent, call, params, "mode", 0, 0777, &job.mode) &&
      !is_frozen (agent, call))
    agent_worker_call (agent, call, AGENT_FILE_WORK_MS, agent_file_work_make_directory, &job);
}

static bool
is_root (const Agent *agent, const char *path)
{
  for (char *const *root = agent->policy.write_paths; root != NULL && *root != NULL; root++)
    if (agent_path_is_inside (*root, path))
      return true;
  return false;
}

static void
file_remove (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentFileJob job;

  if (!take_path (agent, call, params, AGENT_AREA_WRITE, &job))
    return;
  if (is_root (agent, job.path))
    agent_params_error (agent, call, "path", "a directory of the policy itself");
  else if (!is_frozen (agent, call))
    agent_worker_call (agent, call, AGENT_FILE_WORK_MS, agent_file_work_remove, &job);
}

static void
file_read (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentFileJob job;

  if (take_path (agent, call, params, AGENT_AREA_READ, &job) &&
      agent_params_integer (agent, call, params, "offset", 0, KVMA_JSON_INTEGER_MAX, &job.offset) &&
      agent_params_integer (agent, call, params, "length", 0, KVMA_JSON_INTEGER_MAX, &job.length) &&
      agent_params_boolean (agent, call, params, "sha256", &job.want_sha256))
    agent_file_begin (agent, call, &job, false, false);
}

static bool
take_condition (Agent *agent, AgentCall *call, const json_t *params, AgentFileJob *job)
{
  static const char *const words[] = { "new", "replace", "any" };
  const char *word = words[AGENT_IF_NEW];
  int i = 0;

  if (!agent_params_string (agent, call, params, "if", 16, &word))
    return false;
  while (i <= AGENT_IF_ANY && strcmp (words[i], word) != 0)
    i++;
  if (i > AGENT_IF_ANY)
    {
      agent_params_error (agent, call, "if", "neither new, replace nor any");
      return false;
    }
  job->condition = (AgentFileIf) i;
  return true;
}

/* Lower-case hexadecimal digits, exactly @length of them. */
static bool
take_digits (
    Agent *agent, AgentCall *call, const json_t *params, const char *key, size_t length, char *out)
{
  const char *text = "";

  if (!agent_params_string (agent, call, params, key, length, &text))
    return false;
  if (json_object_get (params, key) != NULL &&
      (strlen (text) != length || strspn (text, "0123456789abcdef") != length))
    {
      agent_params_error (agent, call, key, "not lower-case hexadecimal digits of its length");
      return false;
    }
  memcpy (out, text, strlen (text) + 1);
  return true;
}

/* What file.write and inbox.put have in common, behind the path. */
static void
begin_write (Agent *agent, AgentCall *call, const json_t *params, AgentFileJob *job)
{
  job->size = -1;
  if (!agent_params_integer (agent, call, params, "size", 0, KVMA_JSON_INTEGER_MAX, &job->size) ||
      !agent_params_integer (agent, call, params, "mode", 0, 0777, &job->mode) ||
      !agent_params_integer (agent, call, params, "mtime", 0, KVMA_JSON_INTEGER_MAX, &job->mtime) ||
      !take_condition (agent, call, params, job) ||
      !take_digits (agent, call, params, "sha256", sizeof job->sha256 - 1, job->sha256) ||
      !take_digits (agent, call, params, "resume", AGENT_FILE_TOKEN_SIZE, job->token))
    return;
  job->resume = job->token[0] != '\0';
  if (job->size < 0)
    agent_params_error (agent, call, "size", "missing");
  else if (job->size > agent->policy.max_file)
    agent_call_error (agent, call, KVMA_ERROR_TOO_LARGE,
                      "larger than the policy of this guest allows",
                      json_pack ("{sI}", "max_file", (json_int_t) agent->policy.max_file));
  else if (!is_frozen (agent, call))
    agent_file_begin (agent, call, job, true, job->area == AGENT_AREA_INBOX);
}

static void
file_write (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentFileJob job;

  if (take_path (agent, call, params, AGENT_AREA_WRITE, &job))
    begin_write (agent, call, params, &job);
}

static void
inbox_put (Agent *agent, AgentCall *call, const json_t *params)
{
  const json_t *member = json_object_get (params, "name");
  const char *name = json_string_value (member);
  char inbox[KVMA_PATH_MAX + 1];
  AgentFileJob job = { .area = AGENT_AREA_INBOX, .length = -1, .mode = -1, .mtime = -1 };

  if (name == NULL || !agent_path_is_name (name, json_string_length (member)))
    {
      agent_params_error (agent, call, "name", "not the plain name of a file");
      return;
    }
  agent_path_plain (agent_file_inbox (agent), inbox, sizeof inbox);
  snprintf (job.path, sizeof job.path, "%s/%s", inbox[1] != '\0' ? inbox : "", name);
  if (agent_path_is_system (job.path))
    deny (agent, call, AGENT_AREA_INBOX, job.path);
  else
    begin_write (agent, call, params, &job);
}

static json_t *
describe (const json_t *params)
{
  static const char *const keys[] = { "path", "name", "size", "offset", "length", "if", "resume" };
  json_t *target = json_object ();

  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    {
      json_t *member = json_object_get (params, keys[i]);

      if (json_is_string (member) || json_is_integer (member))
        json_object_set (target, keys[i], member);
    }
  return target;
}

const AgentMethod agent_file_methods[] = {
  { .name = KVMA_METHOD_FILE_ROOTS, .group = AGENT_GROUP_CORE, .run = file_roots },
  { KVMA_METHOD_FILE_STAT, AGENT_GROUP_FILE_READ, file_stat, false, describe },
  { KVMA_METHOD_FILE_LIST, AGENT_GROUP_FILE_READ, file_list, false, describe },
  { KVMA_METHOD_FILE_READ, AGENT_GROUP_FILE_READ, file_read, false, describe },
  { KVMA_METHOD_FILE_WRITE, AGENT_GROUP_FILE_WRITE, file_write, false, describe },
  { KVMA_METHOD_FILE_MKDIR, AGENT_GROUP_FILE_WRITE, file_mkdir, false, describe },
  { KVMA_METHOD_FILE_REMOVE, AGENT_GROUP_FILE_WRITE, file_remove, false, describe },
  { KVMA_METHOD_INBOX_PUT, AGENT_GROUP_INBOX, inbox_put, false, describe },
  { 0 },
};

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-methods.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/agent-processes.h"
#include "daemon/agent-services.h"
#include "daemon/agent-worker.h"
#include "daemon/agent.h"

#define LIST_DEADLINE_MS 10000
#define SERVICES_DEADLINE_MS 20000

static void
deny (Agent *agent, AgentCall *call, const char *hint)
{
  agent_call_error (agent, call, KVMA_ERROR_DENIED, "denied by the policy of this guest",
                    json_pack ("{ss ss}", "group", KVMA_GROUP_PROCS, "hint", hint));
}

static void
list_processes (Agent *agent, void *input, AgentAnswer *answer)
{
  json_t *result = agent_processes_list (input, agent->process_times);

  if (result != NULL)
    agent_answer_result (answer, result);
}

static void
proc_list (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentProcessQuery query = { 0 };
  const char *sort = "cpu";
  const char *filter = "";
  int64_t limit = KVMA_LIST_ROWS_MAX;

  if (!agent_params_string (agent, call, params, "sort", 16, &sort) ||
      !agent_params_integer (agent, call, params, "limit", 1, KVMA_LIST_ROWS_MAX, &limit) ||
      !agent_params_string (agent, call, params, "filter", KVMA_TEXT_MAX, &filter) ||
      !agent_params_boolean (agent, call, params, "args", &query.args))
    return;
  if (!agent_process_sort_find (sort, &query.sort))
    {
      agent_params_error (agent, call, "sort", "neither cpu, memory, pid nor name");
      return;
    }
  if (query.args && !agent->policy.procs_args)
    {
      deny (agent, call, "[policy] procs-args=yes");
      return;
    }
  query.limit = (unsigned int) limit;
  strcpy (query.filter, filter);
  if (agent->process_times == NULL)
    agent->process_times = agent_process_times_new ();
  agent_worker_call (agent, call, LIST_DEADLINE_MS, list_processes, &query);
}

static int
find_signal (const char *name)
{
  static const struct
  {
    const char *name;
    int number;
  } signals[] = { { "TERM", SIGTERM }, { "KILL", SIGKILL }, { "INT", SIGINT },
                  { "HUP", SIGHUP },   { "STOP", SIGSTOP }, { "CONT", SIGCONT } };

  for (size_t i = 0; name != NULL && i < sizeof signals / sizeof signals[0]; i++)
    if (strcmp (signals[i].name, name) == 0)
      return signals[i].number;
  return 0;
}

/* Looks at the process through a descriptor where the kernel has them, so that it cannot be another
 * one by the time of the signal. Returns 0 or errno. */
static int
send_checked (const AgentProcess *seen, int number)
{
  int fd = (int) syscall (SYS_pidfd_open, seen->pid, 0);
  AgentProcess now;
  int error = 0;

  if (fd < 0)
    return errno == ENOSYS || errno == EPERM ? (kill (seen->pid, number) < 0 ? errno : 0) : errno;
  if (!agent_process_read (seen->pid, &now) || llabs (now.start - seen->start) > 1)
    error = ESRCH;
  else if (syscall (SYS_pidfd_send_signal, fd, number, NULL, 0) < 0)
    error = errno;
  close (fd);
  return error;
}

static bool
may_signal (Agent *agent, const AgentProcess *process)
{
  return process->pid > 1 && process->pid != getpid () && process->pid != agent->freeze.pid &&
         !process->is_kernel_thread;
}

static void
proc_signal (Agent *agent, AgentCall *call, const json_t *params)
{
  int64_t pid = 0;
  int64_t start = -1;
  const char *name = NULL;
  AgentProcess process;
  int number, error;

  if (agent->policy.access[AGENT_GROUP_PROCS] != AGENT_ACCESS_MANAGE)
    {
      deny (agent, call, "[policy] procs=manage");
      return;
    }
  if (!agent_params_integer (agent, call, params, "pid", 1, INT32_MAX, &pid) ||
      !agent_params_integer (agent, call, params, "start", 0, KVMA_JSON_INTEGER_MAX, &start) ||
      !agent_params_string (agent, call, params, "signal", 16, &name))
    return;
  number = find_signal (name);
  if (pid == 0)
    agent_params_error (agent, call, "pid", "missing");
  else if (number == 0)
    agent_params_error (agent, call, "signal", "neither TERM, KILL, INT, HUP, STOP nor CONT");
  else if (!agent_process_read ((pid_t) pid, &process) ||
           (start >= 0 && llabs (process.start - start) > 1))
    agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "there is no such process", NULL);
  else if (!may_signal (agent, &process))
    agent_params_error (agent, call, "pid", "this process gets no signal");
  else if ((error = send_checked (&process, number)) == ESRCH)
    agent_call_error (agent, call, KVMA_ERROR_NOT_FOUND, "there is no such process", NULL);
  else if (error != 0)
    agent_call_error (agent, call, KVMA_ERROR_IO, strerror (error),
                      json_pack ("{ss}", "errno", agent_errno_name (error)));
  else
    agent_call_reply (agent, call, json_pack ("{sb}", "sent", 1));
}

static json_t *
describe_signal (const json_t *params)
{
  json_t *target = json_object ();

  json_object_set (target, "pid", json_object_get (params, "pid"));
  json_object_set (target, "signal", json_object_get (params, "signal"));
  return target;
}

static void
list_services (Agent *agent, void *input, AgentAnswer *answer)
{
  agent_services_list (input, answer);
}

static void
svc_list (Agent *agent, AgentCall *call, const json_t *params)
{
  AgentServiceQuery query = { 0 };
  const char *state = "all";
  int64_t limit = KVMA_LIST_ROWS_MAX;

  if (!agent_params_string (agent, call, params, "state", 16, &state) ||
      !agent_params_integer (agent, call, params, "limit", 1, KVMA_LIST_ROWS_MAX, &limit))
    return;
  query.limit = (unsigned int) limit;
  if (!agent_service_state_find (state, &query.state))
    agent_params_error (agent, call, "state", "neither all, running nor failed");
  else
    agent_worker_call (agent, call, SERVICES_DEADLINE_MS, list_services, &query);
}

const AgentMethod agent_procs_methods[] = {
  { KVMA_METHOD_PROC_LIST, AGENT_GROUP_PROCS, proc_list },
  { KVMA_METHOD_PROC_SIGNAL, AGENT_GROUP_PROCS, proc_signal, true, describe_signal },
  { KVMA_METHOD_SVC_LIST, AGENT_GROUP_PROCS, svc_list },
  { 0 },
};

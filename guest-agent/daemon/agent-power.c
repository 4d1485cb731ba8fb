/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLUSH_PATIENCE 10 /* times KVMA_POWER_FLUSH_MS */
#define ARGUMENTS_MAX 6

static const char *const mode_names[] = { "poweroff", "reboot", "halt" };

/* How one init system is told. A word is an argument for all modes; NULL stands for the name of the
 * mode. */
typedef struct
{
  const char *init; /* as agent_facts_init_name() */
  const char *const programs[3];
  const char *const arguments[3][ARGUMENTS_MAX];
} PowerCommand;

static const PowerCommand commands[] = {
  { "systemd",
    { "/usr/bin/systemctl", "/bin/systemctl", NULL },
    { { "systemctl", "poweroff" }, { "systemctl", "reboot" }, { "systemctl", "halt" } } },
  { "openrc",
    { "/sbin/openrc-shutdown", "/usr/sbin/openrc-shutdown", NULL },
    { { "openrc-shutdown", "-p", "now" },
      { "openrc-shutdown", "-r", "now" },
      { "openrc-shutdown", "-H", "now" } } },
  { "openrc",
    { "/sbin/shutdown", "/usr/sbin/shutdown", NULL },
    { { "shutdown", "-h", "-P", "now" },
      { "shutdown", "-r", "now" },
      { "shutdown", "-h", "-H", "now" } } },
  { "sysvinit",
    { "/sbin/shutdown", "/usr/sbin/shutdown", NULL },
    { { "shutdown", "-h", "-P", "now" },
      { "shutdown", "-r", "now" },
      { "shutdown", "-h", "-H", "now" } } },
  { NULL,
    { "/sbin/poweroff", "/usr/sbin/poweroff", "/bin/poweroff" },
    { { "poweroff" }, { NULL }, { NULL } } },
  { NULL,
    { "/sbin/reboot", "/usr/sbin/reboot", "/bin/reboot" },
    { { NULL }, { "reboot" }, { NULL } } },
  { NULL, { "/sbin/halt", "/usr/sbin/halt", "/bin/halt" }, { { NULL }, { NULL }, { "halt" } } },
};

const char *
agent_power_mode_name (AgentPowerMode mode)
{
  return mode_names[mode];
}

bool
agent_power_mode_find (const char *name, AgentPowerMode *mode)
{
  for (int i = 0; i < 3; i++)
    if (strcmp (mode_names[i], name) == 0)
      {
        *mode = (AgentPowerMode) i;
        return true;
      }
  return false;
}

static const char *
find_program (const PowerCommand *command, char *path)
{
  for (int i = 0; i < 3 && command->programs[i] != NULL; i++)
    if (access (agent_path (path, command->programs[i]), X_OK) == 0)
      return path;
  return NULL;
}

/* Returns the command for this guest, NULL when nothing in it knows how to shut down. */
static const PowerCommand *
choose_command (AgentPowerMode mode, char *path)
{
  const char *init = agent_facts_init_name ();

  if (strcmp (init, "none") == 0)
    return NULL;
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (commands[i].arguments[mode][0] != NULL &&
        (commands[i].init == NULL || strcmp (commands[i].init, init) == 0) &&
        find_program (&commands[i], path) != NULL)
      return &commands[i];
  return NULL;
}

static void
run_command (const PowerCommand *command, AgentPowerMode mode, const char *path)
{
  static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL };
  char *arguments[ARGUMENTS_MAX + 1];
  int n = 0;

  setsid ();
  agent_child_clean (-1);
  for (; n < ARGUMENTS_MAX && command->arguments[mode][n] != NULL; n++)
    arguments[n] = strdup (command->arguments[mode][n]);
  arguments[n] = NULL;
  execve (path, arguments, environment);
  _exit (127);
}

static void
report_failure (Agent *agent, const char *message)
{
  AgentPower *self = &agent->power;

  agent_log (AGENT_LOG_ERROR, "%s: %s", mode_names[self->mode], message);
  agent_events_emit (agent, AGENT_TOPIC_POWER_FAILED,
                     json_pack ("{ss ss}", "mode", mode_names[self->mode], "message", message));
}

/* Only in a guest that has no init worth the name: nobody else would end it. */
static void
call_kernel (Agent *agent)
{
  static const int actions[] = { RB_POWER_OFF, RB_AUTOBOOT, RB_HALT_SYSTEM };

  if (agent_has_root ())
    {
      report_failure (agent, "this guest has no command for it");
      return;
    }
  sync ();
  reboot (actions[agent->power.mode]);
  report_failure (agent, "the kernel refused");
}

static void
ended_cb (Agent *agent, const AgentExit *ended, void *data)
{
  agent->power.child = 0;
  /* An init that refuses, because somebody inhibits it, is not overruled. */
  if (!WIFEXITED (ended->status) || WEXITSTATUS (ended->status) != 0)
    report_failure (agent, "the guest's init refused it");
}

static void
act (Agent *agent)
{
  AgentPower *self = &agent->power;
  char path[AGENT_PATH_SIZE];
  const PowerCommand *command = choose_command (self->mode, path);

  self->pending = false;
  agent_log (AGENT_LOG_WARNING, "%s, asked for by the host", mode_names[self->mode]);
  if (command == NULL)
    {
      call_kernel (agent);
      return;
    }
  self->child = agent_child_has_room (agent) ? fork () : -1;
  if (self->child == 0)
    run_command (command, self->mode, path);
  if (self->child < 0)
    {
      self->child = 0;
      report_failure (agent, "no process for it");
    }
  else
    agent_child_watch (agent, self->child, ended_cb, NULL);
}

static void
power_cb (void *data)
{
  Agent *agent = data;
  AgentPower *self = &agent->power;

  /* The host must have its reply first; but one that does not read cannot hold up the shutdown. */
  if (agent->link.out_written < self->reply_mark && self->patience-- > 0)
    agent_timer_start (&agent->loop, &self->timer, KVMA_POWER_FLUSH_MS);
  else
    act (agent);
}

int64_t
agent_power_schedule (Agent *agent, AgentPowerMode mode, uint64_t delay_ms, const char *message)
{
  AgentPower *self = &agent->power;
  json_t *params;

  if (self->pending || self->child > 0)
    return 0;
  if (delay_ms < KVMA_POWER_FLUSH_MS)
    delay_ms = KVMA_POWER_FLUSH_MS;
  self->pending = true;
  self->mode = mode;
  self->job++;
  self->patience = FLUSH_PATIENCE;
  self->reply_mark = 0;
  agent_clean (message != NULL ? message : "", self->message, sizeof self->message);
  agent_log (AGENT_LOG_WARNING, "%s in %llu ms%s%s", mode_names[mode],
             (unsigned long long) delay_ms, self->message[0] != '\0' ? ": " : "", self->message);
  params = json_pack ("{ss sI}", "mode", mode_names[mode], "in_ms", (json_int_t) delay_ms);
  agent_json_set_text (params, "message", self->message);
  agent_events_emit (agent, AGENT_TOPIC_SHUTTING_DOWN, params);
  agent_timer_start (&agent->loop, &self->timer, delay_ms);
  return self->job;
}

void
agent_power_replied (Agent *agent)
{
  agent->power.reply_mark = agent->link.out_queued;
}

bool
agent_power_cancel (Agent *agent, int64_t job)
{
  AgentPower *self = &agent->power;

  if (!self->pending || (job != 0 && job != self->job))
    return false;
  self->pending = false;
  agent_timer_stop (&agent->loop, &self->timer);
  agent_log (AGENT_LOG_INFO, "%s cancelled", mode_names[self->mode]);
  return true;
}

void
agent_power_init (Agent *agent)
{
  memset (&agent->power, 0, sizeof agent->power);
  agent_timer_init (&agent->power.timer, power_cb, agent);
}

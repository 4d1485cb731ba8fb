/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-file-kept.h"

#include "daemon/agent.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/agent-file-temp.h"
#include "daemon/agent-worker.h"

#define AGAIN_MS 10000 /* when there was no worker for it */

static void
set_timer (Agent *agent)
{
  AgentFiles *files = &agent->files;
  uint64_t now = agent_now_ms ();
  uint64_t next = UINT64_MAX;

  for (int i = 0; i < AGENT_FILE_KEPT_MAX; i++)
    if (files->kept[i].token[0] != '\0' && files->kept[i].until_ms < next)
      next = files->kept[i].until_ms;
  if (next == UINT64_MAX || files->removing)
    agent_timer_stop (&agent->loop, &files->kept_timer);
  else
    agent_timer_start (&agent->loop, &files->kept_timer, next > now ? next - now : 0);
}

static void
forget (AgentKept *kept)
{
  free (kept->path);
  memset (kept, 0, sizeof *kept);
}

/* What could not be removed stays recorded, and goes when the agent starts again. */
static void
discarded_cb (Agent *agent, json_t *answer, json_t *error, void *data)
{
}

void
agent_kept_discard (Agent *agent, const AgentFileJob *job)
{
  AgentFileJob copy = *job;

  if (agent_worker_start (agent, AGENT_FILE_WORK_MS, agent_file_work_discard, &copy, NULL, NULL,
                          discarded_cb, NULL) == 0)
    agent_log (AGENT_LOG_WARNING, "an unfinished file is left until the next start");
}

static void
make_job (const AgentKept *kept, AgentFileJob *job)
{
  memset (job, 0, sizeof *job);
  job->area = kept->area;
  memcpy (job->path, kept->path, strlen (kept->path) + 1);
  memcpy (job->token, kept->token, sizeof job->token);
}

static void
discard_kept (Agent *agent, AgentKept *kept)
{
  AgentFileJob job;

  make_job (kept, &job);
  forget (kept);
  agent_kept_discard (agent, &job);
}

static void
removed_cb (Agent *agent, json_t *answer, json_t *error, void *data)
{
  agent->files.removing = false;
  set_timer (agent);
}

/* One after the other, so that a slow file system does not take all workers. */
static void
timer_cb (void *data)
{
  Agent *agent = data;
  AgentKept *kept = &agent->files.kept[0];
  AgentFileJob job;

  for (int i = 0; i < AGENT_FILE_KEPT_MAX; i++)
    if (agent->files.kept[i].token[0] != '\0' &&
        (kept->token[0] == '\0' || agent->files.kept[i].until_ms < kept->until_ms))
      kept = &agent->files.kept[i];
  if (kept->token[0] != '\0' && kept->until_ms <= agent_now_ms ())
    {
      make_job (kept, &job);
      agent->files.removing =
          agent_worker_start (agent, AGENT_FILE_WORK_MS, agent_file_work_discard, &job, NULL, NULL,
                              removed_cb, NULL) != 0;
      if (agent->files.removing)
        forget (kept);
      else
        kept->until_ms = agent_now_ms () + AGAIN_MS;
    }
  set_timer (agent);
}

void
agent_kept_add (Agent *agent, const AgentFileJob *job)
{
  AgentKept *place = &agent->files.kept[0];

  for (int i = 0; i < AGENT_FILE_KEPT_MAX && place->token[0] != '\0'; i++)
    if (agent->files.kept[i].until_ms < place->until_ms)
      place = &agent->files.kept[i];
  if (place->token[0] != '\0')
    discard_kept (agent, place);
  place->path = strdup (job->path);
  if (place->path == NULL)
    {
      agent_kept_discard (agent, job);
      return;
    }
  memcpy (place->token, job->token, sizeof place->token);
  place->area = job->area;
  place->size = job->size;
  place->until_ms = agent_now_ms () + KVMA_FILE_RESUME_MS;
  set_timer (agent);
}

bool
agent_kept_take (Agent *agent, const AgentFileJob *job)
{
  for (int i = 0; i < AGENT_FILE_KEPT_MAX; i++)
    {
      AgentKept *kept = &agent->files.kept[i];

      if (strcmp (kept->token, job->token) == 0 && kept->area == job->area &&
          kept->size == job->size && strcmp (kept->path, job->path) == 0)
        {
          forget (kept);
          set_timer (agent);
          return true;
        }
    }
  return false;
}

void
agent_files_init (Agent *agent)
{
  char path[AGENT_PATH_SIZE];

  agent_timer_init (&agent->files.kept_timer, timer_cb, agent);
  if (access (agent_path (path, AGENT_TEMP_RECORDS), F_OK) < 0)
    return;
  /* Nobody waits for it, and a file system that does not answer holds nothing up. */
  agent_worker_start (agent, KVMA_FILE_RESUME_MS, agent_file_work_leftovers, NULL, NULL, NULL,
                      discarded_cb, NULL);
}

void
agent_kept_clear (Agent *agent)
{
  agent_timer_stop (&agent->loop, &agent->files.kept_timer);
  for (int i = 0; i < AGENT_FILE_KEPT_MAX; i++)
    forget (&agent->files.kept[i]);
}

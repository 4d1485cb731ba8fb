/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-services.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/agent-facts.h"
#include "daemon/agent-util.h"
#include "protocol/kvma-names.h"

#define RUNLEVELS_MAX 32
/* Of the deadline for all. What the list of units leaves of it is for what is enabled. */
#define SYSTEMD_PATIENCE_MS 12000

/* Strings belong to the output they point into, or are static. */
typedef struct
{
  const char *name;
  const char *description; /* (nullable) */
  const char *active;
  const char *sub;
  const char *enabled; /* (nullable) */
} Service;

typedef struct
{
  Service *services;
  unsigned int n;
} Services;

bool
agent_service_state_find (const char *name, AgentServiceState *state)
{
  static const char *const names[] = { "all", "running", "failed" };

  for (int i = 0; i < 3; i++)
    if (strcmp (names[i], name) == 0)
      {
        *state = (AgentServiceState) i;
        return true;
      }
  return false;
}

static Service *
add (Services *self, const char *name)
{
  Service *service;

  if (self->n == AGENT_SERVICES_MAX)
    return NULL;
  if (self->services == NULL)
    self->services = calloc (AGENT_SERVICES_MAX, sizeof *self->services);
  if (self->services == NULL)
    return NULL;
  service = &self->services[self->n++];
  service->name = name;
  return service;
}

static Service *
find (Services *self, const char *name)
{
  for (unsigned int i = 0; i < self->n; i++)
    if (strcmp (self->services[i].name, name) == 0)
      return &self->services[i];
  return NULL;
}

/* The next word of a line, separated by blanks. Returns "" at its end. */
static char *
next_word (char **line)
{
  char *word = *line + strspn (*line, " \t");
  size_t length = strcspn (word, " \t");

  *line = word + length;
  if (word[length] != '\0')
    {
      word[length] = '\0';
      (*line)++;
    }
  return word;
}

static const char *
systemd_active (const char *word)
{
  static const char *const known[] = { "active", "inactive", "failed", "activating",
                                       "deactivating" };

  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp (known[i], word) == 0)
      return known[i];
  return strcmp (word, "reloading") == 0 || strcmp (word, "refreshing") == 0 ? "active"
                                                                             : "inactive";
}

/* UNIT LOAD ACTIVE SUB DESCRIPTION */
static void
parse_units (Services *self, char *output)
{
  char *line;

  while ((line = strsep (&output, "\n")) != NULL)
    {
      const char *name = next_word (&line);
      const char *load, *active;
      Service *service;

      /* A failed unit has a dot before it in some versions. */
      if (name[0] != '\0' && strchr (name, '.') == NULL)
        name = next_word (&line);
      load = next_word (&line);
      active = next_word (&line);
      if (active[0] == '\0' || strcmp (load, "not-found") == 0)
        continue;
      service = add (self, name);
      if (service == NULL)
        return;
      service->active = systemd_active (active);
      service->sub = next_word (&line);
      service->description = line + strspn (line, " ");
    }
}

/* Of what is not loaded only what an administrator switches on and off: the many that others pull
 * in would hide it. */
static bool
is_switchable (const char *name, const char *enabled)
{
  return strstr (name, "@.") == NULL &&
         (strncmp (enabled, "enabled", 7) == 0 || strcmp (enabled, "disabled") == 0 ||
          strncmp (enabled, "masked", 6) == 0);
}

/* UNIT STATE [PRESET] */
static void
parse_unit_files (Services *self, char *output)
{
  char *line;

  while ((line = strsep (&output, "\n")) != NULL)
    {
      const char *name = next_word (&line);
      const char *enabled = next_word (&line);
      Service *service;

      if (enabled[0] == '\0')
        continue;
      service = find (self, name);
      if (service == NULL && is_switchable (name, enabled))
        {
          service = add (self, name);
          if (service != NULL)
            {
              service->active = "inactive";
              service->sub = "dead";
            }
        }
      if (service != NULL)
        service->enabled = enabled;
    }
}

static bool
read_systemd (Services *self)
{
  static const char *const units[] = { "systemctl",  "list-units", "--type=service",
                                       "--all",      "--plain",    "--no-legend",
                                       "--no-pager", "--full",     NULL };
  /* The pattern reaches systemd itself, the type does not: without one it looks up the links to
   * every unit of the guest, of all types, which is what takes it long. */
  static const char *const files[] = { "systemctl",      "list-unit-files",
                                       "--type=service", "--no-legend",
                                       "--no-pager",     "--full",
                                       "*.service",      NULL };
  uint64_t end_ms = agent_now_ms () + SYSTEMD_PATIENCE_MS;
  uint64_t now_ms;
  char *output = NULL;

  if (agent_tool_output (units, NULL, AGENT_SERVICES_OUTPUT_MAX, &output) != 0)
    return false;
  parse_units (self, output);
  output = NULL;
  /* What is enabled is worth knowing, but not worth failing for, nor missing the deadline. */
  now_ms = agent_now_ms ();
  if (now_ms < end_ms && agent_tool_output_within (files, (unsigned int) (end_ms - now_ms),
                                                   AGENT_SERVICES_OUTPUT_MAX, &output) == 0)
    parse_unit_files (self, output);
  return true;
}

static bool
exists (const char *directory, const char *name)
{
  char full[AGENT_PATH_SIZE];
  char path[512];
  struct stat status;

  snprintf (path, sizeof path, "%.200s/%.255s", directory, name);
  return lstat (agent_path (full, path), &status) == 0;
}

/* description="…" of the script. */
static const char *
read_description (const char *name)
{
  static const char key[] = "\ndescription=";
  char path[300];
  char text[4096] = "\n";
  char *value;
  char quote;

  snprintf (path, sizeof path, "/etc/init.d/%.255s", name);
  if (agent_read_file (path, text + 1, sizeof text - 1) <= 0)
    return NULL;
  value = strstr (text, key);
  if (value == NULL)
    return NULL;
  value += sizeof key - 1;
  quote = *value == '"' || *value == '\'' ? *value++ : '\n';
  value[strcspn (value, quote == '"' ? "\"\n" : quote == '\'' ? "'\n" : "\n")] = '\0';
  /* What the shell would still have to put together is not shown half. */
  return strchr (value, '$') == NULL ? strdup (value) : NULL;
}

/* OpenRC keeps a directory for each state, with a link for each service in it. */
static void
read_openrc_state (Service *service)
{
  static const struct
  {
    const char *directory;
    const char *active;
    const char *sub;
  } states[] = {
    { "/run/openrc/failed", "failed", "failed" },
    { "/run/openrc/starting", "activating", "starting" },
    { "/run/openrc/stopping", "deactivating", "stopping" },
    { "/run/openrc/inactive", "inactive", "inactive" },
    { "/run/openrc/started", "active", "started" },
  };

  service->active = "inactive";
  service->sub = "stopped";
  for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
    if (exists (states[i].directory, service->name))
      {
        service->active = states[i].active;
        service->sub = states[i].sub;
        return;
      }
}

static unsigned int
read_runlevels (char *names[RUNLEVELS_MAX])
{
  char path[AGENT_PATH_SIZE];
  DIR *directory = opendir (agent_path (path, "/etc/runlevels"));
  const struct dirent *entry;
  unsigned int n = 0;

  while (directory != NULL && n < RUNLEVELS_MAX && (entry = readdir (directory)) != NULL)
    if (entry->d_name[0] != '.')
      {
        char below[300];

        snprintf (below, sizeof below, "/etc/runlevels/%.255s", entry->d_name);
        names[n] = strdup (below);
        n += names[n] != NULL ? 1 : 0;
      }
  if (directory != NULL)
    closedir (directory);
  return n;
}

static bool
is_script (const char *name)
{
  char full[AGENT_PATH_SIZE];
  char path[300];
  size_t length = strlen (name);

  if (name[0] == '.' || strcmp (name, "functions.sh") == 0 ||
      (length > 3 && strcmp (name + length - 3, ".sh") == 0))
    return false;
  snprintf (path, sizeof path, "/etc/init.d/%.255s", name);
  return access (agent_path (full, path), X_OK) == 0;
}

static bool
read_openrc (Services *self)
{
  char path[AGENT_PATH_SIZE];
  DIR *directory = opendir (agent_path (path, "/etc/init.d"));
  char *runlevels[RUNLEVELS_MAX];
  unsigned int n_runlevels;
  const struct dirent *entry;

  if (directory == NULL)
    return false;
  n_runlevels = read_runlevels (runlevels);
  while ((entry = readdir (directory)) != NULL)
    {
      const char *name = is_script (entry->d_name) ? strdup (entry->d_name) : NULL;
      Service *service = name != NULL ? add (self, name) : NULL;

      if (service == NULL)
        continue;
      read_openrc_state (service);
      service->description = read_description (name);
      service->enabled = "disabled";
      for (unsigned int i = 0; i < n_runlevels; i++)
        if (exists (runlevels[i], name))
          service->enabled = "enabled";
    }
  closedir (directory);
  return true;
}

static int
compare_services (const void *a, const void *b)
{
  return strcmp (((const Service *) a)->name, ((const Service *) b)->name);
}

static bool
is_wanted (const AgentServiceQuery *query, const Service *service)
{
  switch (query->state)
    {
    case AGENT_SERVICE_STATE_RUNNING:
      return strcmp (service->active, "active") == 0 && strcmp (service->sub, "exited") != 0;
    case AGENT_SERVICE_STATE_FAILED:
      return strcmp (service->active, "failed") == 0;
    case AGENT_SERVICE_STATE_ALL:
      break;
    }
  return true;
}

static json_t *
services_to_json (const AgentServiceQuery *query, Services *self, const char *manager)
{
  json_t *object = json_pack ("{ss}", "manager", manager);
  AgentList list;

  if (self->n > 0)
    qsort (self->services, self->n, sizeof *self->services, compare_services);
  agent_list_init (&list);
  for (unsigned int i = 0; i < self->n; i++)
    {
      const Service *service = &self->services[i];
      json_t *row;

      if (!is_wanted (query, service))
        continue;
      list.full = list.full || list.total >= query->limit;
      row = json_object ();
      agent_json_set_text (row, "name", service->name);
      agent_json_set_text (row, "description", service->description);
      agent_json_set_text (row, "active", service->active);
      agent_json_set_text (row, "sub", service->sub);
      agent_json_set_text (row, "enabled", service->enabled);
      agent_list_add (&list, row);
    }
  agent_list_finish (&list, object, "services");
  return object;
}

/* The worker ends after this, and with it all that was allocated. */
void
agent_services_list (const AgentServiceQuery *query, AgentAnswer *answer)
{
  const char *init = agent_facts_init_name ();
  Services services = { 0 };
  bool is_systemd = strcmp (init, "systemd") == 0;

  if (!is_systemd && strcmp (init, "openrc") != 0)
    agent_answer_error (answer, KVMA_ERROR_UNSUPPORTED, "this guest has neither systemd nor OpenRC",
                        0);
  else if (is_systemd ? read_systemd (&services) : read_openrc (&services))
    agent_answer_result (answer, services_to_json (query, &services, init));
  else
    agent_answer_error (answer, KVMA_ERROR_FAILED, "the manager of the services does not answer",
                        0);
}

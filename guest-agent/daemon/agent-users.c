/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-users.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/agent-util.h"

#define FIELDS_MAX 7

/* Cuts @line at its colons. Returns how many fields there are. */
static int
split (char *line, char **fields)
{
  int n = 0;

  line[strcspn (line, "\n")] = '\0';
  while (n < FIELDS_MAX)
    {
      fields[n++] = line;
      line = strchr (line, ':');
      if (line == NULL)
        break;
      *line++ = '\0';
    }
  return n;
}

/* A number that is not one must not become 0, which is root. The largest means "none" to the
 * kernel. */
static bool
read_id (const char *text, unsigned int *id)
{
  unsigned long value;
  char *end;

  if (!isdigit ((unsigned char) *text))
    return false;
  errno = 0;
  value = strtoul (text, &end, 10);
  if (*end != '\0' || errno != 0 || value >= 4294967295ul)
    return false;
  *id = (unsigned int) value;
  return true;
}

static bool
copy (char *out, size_t size, const char *text)
{
  return snprintf (out, size, "%s", text) < (int) size;
}

static bool
read_user (char **fields, int n, AgentUser *out)
{
  return n == FIELDS_MAX && copy (out->name, sizeof out->name, fields[0]) &&
         read_id (fields[2], &out->uid) && read_id (fields[3], &out->gid) &&
         copy (out->home, sizeof out->home, fields[5][0] == '/' ? fields[5] : "/") &&
         copy (out->shell, sizeof out->shell, fields[6][0] == '/' ? fields[6] : "/bin/sh");
}

static bool
is_member (const char *members, const char *name)
{
  size_t length = strlen (name);

  while (*members != '\0')
    {
      size_t n = strcspn (members, ",");

      if (n == length && memcmp (members, name, n) == 0)
        return true;
      members += n;
      members += *members == ',' ? 1 : 0;
    }
  return false;
}

static void
add_group (AgentUser *user, gid_t gid)
{
  for (int i = 0; i < user->n_groups; i++)
    if (user->groups[i] == gid)
      return;
  if (user->n_groups < AGENT_USER_GROUPS_MAX)
    user->groups[user->n_groups++] = gid;
}

static FILE *
open_below_root (const char *name)
{
  char path[AGENT_PATH_SIZE];

  return fopen (agent_path (path, name), "re");
}

static void
read_groups (AgentUser *user)
{
  FILE *file = open_below_root ("/etc/group");
  char *line = NULL;
  size_t size = 0;

  add_group (user, user->gid);
  while (file != NULL && getline (&line, &size, file) > 0)
    {
      char *fields[FIELDS_MAX];
      unsigned int gid;

      if (split (line, fields) == 4 && read_id (fields[2], &gid) &&
          is_member (fields[3], user->name))
        add_group (user, gid);
    }
  free (line);
  if (file != NULL)
    fclose (file);
}

bool
agent_user_find (const char *name, AgentUser *out)
{
  FILE *file = open_below_root ("/etc/passwd");
  char *line = NULL;
  size_t size = 0;
  bool found = false;

  memset (out, 0, sizeof *out);
  while (file != NULL && getline (&line, &size, file) > 0)
    {
      char *fields[FIELDS_MAX];
      int n = split (line, fields);

      if (name[0] == '\0' || strcmp (fields[0], name) != 0)
        continue;
      /* The first line counts, as everywhere; if it is faulty, there is no such user. */
      found = read_user (fields, n, out);
      break;
    }
  free (line);
  if (file != NULL)
    fclose (file);
  if (found)
    read_groups (out);
  return found;
}

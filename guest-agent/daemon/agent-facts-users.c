/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-facts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmp.h>

#include "daemon/agent-util.h"

static void
add_user (AgentList *list,
          const char *user,
          const char *tty,
          const char *host,
          int64_t login_time,
          uint64_t *hash)
{
  json_t *row = json_object ();

  *hash = agent_hash (*hash, user, strlen (user) + 1);
  *hash = agent_hash (*hash, tty, strlen (tty) + 1);
  *hash = agent_hash (*hash, &login_time, sizeof login_time);
  agent_json_set_text (row, "user", user);
  agent_json_set_text (row, "tty", tty);
  agent_json_set_text (row, "host", host);
  json_object_set_new (row, "login_time", json_integer (login_time));
  agent_list_add (list, row);
}

/* A session whose process died without a word is still in the file. */
static bool
is_alive (const struct utmp *entry)
{
  return agent_has_root () || entry->ut_pid <= 0 || kill (entry->ut_pid, 0) == 0 || errno != ESRCH;
}

/* Read plainly: getutent() keeps state and a descriptor, and knows no other root. */
static bool
read_utmp (AgentList *list, uint64_t *hash)
{
  char path[AGENT_PATH_SIZE];
  int fd = open (agent_path (path, "/run/utmp"), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct utmp entry;

  if (fd < 0)
    fd = open (agent_path (path, "/var/run/utmp"), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return false;
  while (read (fd, &entry, sizeof entry) == (ssize_t) sizeof entry)
    {
      char user[sizeof entry.ut_user + 1] = "";
      char line[sizeof entry.ut_line + 1] = "";
      char host[sizeof entry.ut_host + 1] = "";

      if (entry.ut_type != USER_PROCESS || !is_alive (&entry))
        continue;
      memcpy (user, entry.ut_user, sizeof entry.ut_user);
      memcpy (line, entry.ut_line, sizeof entry.ut_line);
      memcpy (host, entry.ut_host, sizeof entry.ut_host);
      if (user[0] != '\0')
        add_user (list, user, line, host, entry.ut_tv.tv_sec, hash);
    }
  close (fd);
  return true;
}

/* The value of KEY=value in a file of logind. */
static void
session_value (const char *text, const char *key, char *out, size_t size)
{
  size_t n = strlen (key);

  out[0] = '\0';
  for (const char *line = text; line != NULL && *line != '\0';)
    {
      size_t length = strcspn (line, "\n");

      if (length > n && line[n] == '=' && memcmp (line, key, n) == 0)
        {
          snprintf (out, size, "%.*s", (int) (length - n - 1), line + n + 1);
          return;
        }
      line += length;
      line += *line == '\n' ? 1 : 0;
    }
}

static void
read_session (AgentList *list, const char *name, uint64_t *hash)
{
  char path[AGENT_PATH_SIZE];
  char text[4096];
  char user[64], tty[64], host[256], class[32], state[32], started[32];

  snprintf (path, sizeof path, "/run/systemd/sessions/%.64s", name);
  if (agent_read_file (path, text, sizeof text) <= 0)
    return;
  session_value (text, "USER", user, sizeof user);
  session_value (text, "TTY", tty, sizeof tty);
  session_value (text, "REMOTE_HOST", host, sizeof host);
  session_value (text, "CLASS", class, sizeof class);
  session_value (text, "STATE", state, sizeof state);
  session_value (text, "REALTIME", started, sizeof started);
  if (user[0] == '\0' || strncmp (class, "user", 4) != 0 || strcmp (state, "closing") == 0)
    return;
  add_user (list, user, tty, host, (int64_t) (strtoull (started, NULL, 10) / 1000000), hash);
}

/* Newer systems have no utmp; logind's files say the same. */
static void
read_logind (AgentList *list, uint64_t *hash)
{
  char path[AGENT_PATH_SIZE];
  DIR *directory = opendir (agent_path (path, "/run/systemd/sessions"));
  const struct dirent *entry;

  if (directory == NULL)
    return;
  while ((entry = readdir (directory)) != NULL)
    if (entry->d_name[0] != '.' && strchr (entry->d_name, '.') == NULL)
      read_session (list, entry->d_name, hash);
  closedir (directory);
}

json_t *
agent_facts_users (uint64_t *hash)
{
  json_t *object = json_object ();
  uint64_t sum = 0;
  AgentList list;

  agent_list_init (&list);
  if (!read_utmp (&list, &sum))
    read_logind (&list, &sum);
  agent_list_finish (&list, object, "users");
  if (hash != NULL)
    *hash = sum;
  return object;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-sha256.h"
#include "daemon/agent.h"

#define DEFAULT_FILE "/var/log/kvm-manager-agent/audit.log"
#define TARGET_MAX 2048 /* bytes of what a call is about */
#define NAME_MAX_BYTES 64

/* --- The file --- */

/* The directory of the log; the usual one is made if it is not there. @name: (out): of the log in
 * it. */
static int
open_directory (const Agent *agent, char *path, const char **name)
{
  const char *file = agent->policy.audit_file != NULL ? agent->policy.audit_file : DEFAULT_FILE;
  const char *what;
  char *slash;
  int fd;

  agent_path (path, file);
  slash = strrchr (path, '/');
  if (slash == NULL || slash == path || strlen (slash + 1) == 0 ||
      strlen (slash + 1) > NAME_MAX_BYTES)
    {
      errno = EINVAL;
      return -1;
    }
  *slash = '\0';
  *name = slash + 1;
  if (agent->policy.audit_file == NULL && mkdir (path, 0700) < 0 && errno != EEXIST)
    return -1;
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && !agent_policy_check_file (fd, true, &what))
    {
      close (fd);
      errno = EACCES;
      return -1;
    }
  return fd;
}

static int
open_log (int directory, const char *name, off_t *size)
{
  struct stat status;
  const char *what;
  int fd =
      openat (directory, name,
              O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

  if (fd < 0)
    return -1;
  if (fstat (fd, &status) < 0 || !agent_policy_check_file (fd, false, &what) ||
      status.st_nlink != 1 ||
      ((status.st_mode & 0077) != 0 && fchmod (fd, status.st_mode & 0600) < 0))
    {
      close (fd);
      errno = EACCES;
      return -1;
    }
  *size = status.st_size;
  return fd;
}

static bool
rotate (int directory, const char *name)
{
  char from[NAME_MAX_BYTES + 8], to[NAME_MAX_BYTES + 8];

  for (int i = AGENT_AUDIT_FILES - 1; i > 0; i--)
    {
      snprintf (to, sizeof to, "%s.%d", name, i);
      if (i > 1)
        snprintf (from, sizeof from, "%s.%d", name, i - 1);
      else
        snprintf (from, sizeof from, "%s", name);
      if (renameat (directory, from, directory, to) < 0 && errno != ENOENT)
        return false;
    }
  return true;
}

static bool
append (int fd, off_t size, const char *line, size_t length)
{
  ssize_t n;

  do
    n = write (fd, line, length);
  while (n < 0 && errno == EINTR);
  if (n == (ssize_t) length)
    return true;
  /* Half a line would spoil the next one. */
  if (n > 0 && ftruncate (fd, size) < 0)
    agent_log (AGENT_LOG_ERROR, "the audit log ends in the middle of a line");
  if (n >= 0)
    errno = ENOSPC;
  return false;
}

static bool
write_file (const Agent *agent, const char *line, size_t length)
{
  char path[AGENT_PATH_SIZE];
  const char *name;
  off_t size;
  bool good = false;
  int directory = open_directory (agent, path, &name);
  int fd;

  if (directory < 0)
    return false;
  fd = open_log (directory, name, &size);
  if (fd >= 0 && size > 0 && size + (off_t) length > AGENT_AUDIT_FILE_MAX)
    {
      close (fd);
      fd = rotate (directory, name) ? open_log (directory, name, &size) : -1;
    }
  if (fd >= 0)
    {
      good = append (fd, size, line, length);
      close (fd);
    }
  close (directory);
  return good;
}

static void
write_syslog (const Agent *agent, const char *line)
{
  static const int facilities[] = { 0, LOG_AUTHPRIV, LOG_AUTH, LOG_DAEMON };

  if (agent->policy.audit_syslog > 0)
    agent_syslog (facilities[agent->policy.audit_syslog] | LOG_NOTICE, line);
}

/* The line is a plain write to a local file, without waiting for the disk: it takes as long as the
 * page cache does. */
static bool
write_line (Agent *agent, const char *line, size_t length)
{
  AgentAudit *self = &agent->audit;
  bool good = write_file (agent, line, length);

  if (!good && !self->failing)
    agent_log (AGENT_LOG_ERROR, "the audit log cannot be written: %s", strerror (errno));
  self->failing = !good;
  return good;
}

static bool
keep_line (AgentAudit *self, char *line)
{
  unsigned int place;

  if (self->ring == NULL)
    self->ring = calloc (AGENT_AUDIT_RING, sizeof *self->ring);
  if (self->ring == NULL)
    abort ();
  if (self->n_ring == AGENT_AUDIT_RING)
    {
      free (self->ring[self->first]);
      self->ring[self->first] = NULL;
      self->first = (self->first + 1) % AGENT_AUDIT_RING;
      self->n_ring--;
      self->lost++;
    }
  place = (self->first + self->n_ring) % AGENT_AUDIT_RING;
  self->ring[place] = line;
  self->n_ring++;
  return true;
}

/* @object: (transfer full) */
static bool
put (Agent *agent, json_t *object)
{
  char *line = json_dumps (object, JSON_COMPACT);
  size_t length;
  bool good;

  json_decref (object);
  if (line == NULL)
    return false;
  write_syslog (agent, line);
  length = strlen (line);
  line[length] = '\n'; /* in place of the 0 byte: the length is known from here on */
  if (agent->audit.frozen)
    {
      char *kept = calloc (1, length + 2);

      if (kept != NULL)
        memcpy (kept, line, length + 1);
      free (line);
      return kept != NULL && keep_line (&agent->audit, kept);
    }
  good = write_line (agent, line, length + 1);
  free (line);
  return good;
}

/* --- What a line says --- */

static json_t *
new_line (const char *phase, uint64_t number)
{
  int64_t now = agent_realtime_ms ();
  time_t seconds = (time_t) (now / 1000);
  struct tm parts;
  char time[96];

  agent_utc (seconds, &parts);
  snprintf (time, sizeof time, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
            parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
            (int) (now % 1000));
  return json_pack ("{ss ss sI}", "time", time, "phase", phase, "number", (json_int_t) number);
}

static void
hash_value (AgentSha256 *hash, const json_t *value)
{
  if (json_is_string (value))
    agent_sha256_update (hash, json_string_value (value), json_string_length (value) + 1);
  for (size_t i = 0; i < json_array_size (value); i++)
    hash_value (hash, json_array_get (value, i));
}

/* Arguments may hold what a log must not: then their hash says whether they were the same. The hash
 * is of each string and a 0 byte behind it, as in /proc/PID/cmdline. */
static void
hide_arguments (json_t *target)
{
  static const char *const members[] = { "argv", "args", "env" };

  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
    {
      json_t *value = json_object_get (target, members[i]);
      char text[AGENT_SHA256_TEXT_SIZE + 1];
      char key[24];
      AgentSha256 hash;

      if (value == NULL)
        continue;
      agent_sha256_init (&hash);
      hash_value (&hash, value);
      if (json_is_object (value))
        for (void *at = json_object_iter (value); at != NULL;
             at = json_object_iter_next (value, at))
          {
            agent_sha256_update (&hash, json_object_iter_key (at),
                                 strlen (json_object_iter_key (at)) + 1);
            hash_value (&hash, json_object_iter_value (at));
          }
      agent_sha256_finish_text (&hash, text);
      snprintf (key, sizeof key, "%s_sha256", members[i]);
      if (strcmp (members[i], "argv") == 0 && json_array_size (value) > 0)
        agent_json_set_text (target, "program", json_string_value (json_array_get (value, 0)));
      json_object_set_new (target, key, json_string (text));
      json_object_del (target, members[i]);
    }
}

/* @target: (transfer full) */
static json_t *
limit_target (const Agent *agent, json_t *target)
{
  char *text;
  json_t *cut;

  if (agent->policy.audit_argv == 1 && json_is_object (target))
    hide_arguments (target);
  text = json_dumps (target, JSON_COMPACT | JSON_ENCODE_ANY);
  if (text == NULL || strlen (text) <= TARGET_MAX)
    {
      free (text);
      return target;
    }
  cut = json_pack ("{so si}", "cut", agent_json_text (text, KVMA_PATH_MAX), "length",
                   (int) strlen (text));
  free (text);
  json_decref (target);
  return cut;
}

static AgentAuditEntry *
find_entry (AgentAudit *self, uint64_t number)
{
  for (int i = 0; i < AGENT_AUDIT_OPEN_MAX; i++)
    if (self->open[i].number == number)
      return &self->open[i];
  return NULL;
}

static json_t *
first_line (const Agent *agent, const AgentCall *call, uint64_t number)
{
  json_t *line = new_line ("begin", number);
  char session[KVMA_SESSION_TEXT_SIZE + 1];

  kvma_session_format_id (agent->link.session.id, session);
  json_object_set_new (line, "session", json_string (session));
  agent_json_set_text (line, "host", agent->link.label);
  json_object_set_new (line, "uid", json_integer (geteuid ()));
  json_object_set_new (line, "pid", json_integer (getpid ()));
  json_object_set_new (line, "method", json_string (call->method->name));
  return line;
}

bool
agent_audit_is_needed (const AgentMethod *method)
{
  static const bool audited[AGENT_N_GROUPS] = {
    [AGENT_GROUP_LOGS] = true,      [AGENT_GROUP_SUSPEND] = true,    [AGENT_GROUP_TIME] = true,
    [AGENT_GROUP_FREEZE] = true,    [AGENT_GROUP_EXEC] = true,       [AGENT_GROUP_PTY] = true,
    [AGENT_GROUP_FILE_READ] = true, [AGENT_GROUP_FILE_WRITE] = true, [AGENT_GROUP_INBOX] = true,
    [AGENT_GROUP_ACCOUNTS] = true,
  };

  return method->audited || audited[method->group];
}

bool
agent_audit_begin (Agent *agent, AgentCall *call, json_t *target)
{
  AgentAudit *self = &agent->audit;
  bool denied = !agent_policy_allows (&agent->policy, call->method->group);
  AgentAuditEntry *entry;
  json_t *line;

  if (call->method->group == AGENT_GROUP_FILE_READ && !agent->policy.audit_log_reads && !denied)
    {
      json_decref (target);
      return true;
    }
  /* Whoever is denied everything must not push what counts out of the log. */
  if (denied && !agent_bucket_take (&self->denied, 1))
    {
      json_decref (target);
      self->left_out++;
      return true;
    }
  call->audit = self->number++;
  line = first_line (agent, call, call->audit);
  if (self->left_out > 0)
    json_object_set_new (line, "denied_before", json_integer (self->left_out));
  self->left_out = 0;
  if (target != NULL)
    json_object_set_new (line, "target", limit_target (agent, target));
  entry = find_entry (self, 0);
  if (entry != NULL)
    {
      entry->number = call->audit;
      entry->method = call->method;
      entry->begun_ms = agent_now_ms ();
    }
  return put (agent, line) || agent->policy.audit_required == 0;
}

void
agent_audit_end (Agent *agent, uint64_t number, int code, json_t *extra)
{
  AgentAuditEntry *entry;
  json_t *line;

  if (number == 0)
    {
      json_decref (extra);
      return;
    }
  entry = find_entry (&agent->audit, number);
  line = new_line ("end", number);
  if (entry != NULL)
    {
      json_object_set_new (line, "method", json_string (entry->method->name));
      json_object_set_new (line, "ms",
                           json_integer ((json_int_t) (agent_now_ms () - entry->begun_ms)));
      entry->number = 0;
    }
  json_object_set_new (line, "code", json_integer (code));
  json_object_update_missing (line, extra);
  json_decref (extra);
  put (agent, line);
}

uint64_t
agent_audit_take (AgentCall *call)
{
  uint64_t number = call->audit;

  call->audit = 0;
  return number;
}

/* --- While file systems are frozen --- */

static void
flush_ring (Agent *agent)
{
  AgentAudit *self = &agent->audit;

  if (self->lost > 0)
    {
      json_t *line = new_line ("lost", 0);

      json_object_set_new (line, "lines", json_integer (self->lost));
      put (agent, line);
      self->lost = 0;
    }
  while (self->n_ring > 0)
    {
      char *line = self->ring[self->first];

      write_line (agent, line, strlen (line));
      free (line);
      self->first = (self->first + 1) % AGENT_AUDIT_RING;
      self->n_ring--;
    }
  free (self->ring);
  self->ring = NULL;
  self->first = 0;
}

void
agent_audit_set_frozen (Agent *agent, bool frozen)
{
  agent->audit.frozen = frozen;
  if (!frozen)
    flush_ring (agent);
}

void
agent_audit_init (Agent *agent)
{
  memset (&agent->audit, 0, sizeof agent->audit);
  agent->audit.number = 1;
  agent_bucket_init (&agent->audit.denied, AGENT_AUDIT_DENIED_PER_SECOND, AGENT_AUDIT_DENIED_BURST);
}

void
agent_audit_clear (Agent *agent)
{
  agent_audit_set_frozen (agent, false);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/kvma-json.h"
#include "protocol/kvma-names.h"

typedef enum
{
  VALUE_CHOICE, /* one of @words, stored as its index or, for access, as AgentAccess */
  VALUE_ACCESS,
  VALUE_NUMBER, /* @low to @high */
  VALUE_SIZE,   /* the same, with KiB, MiB or GiB */
  VALUE_NAME,   /* a user name */
  VALUE_TEXT,   /* for a person */
  VALUE_PATH,   /* absolute */
  VALUE_NAMES,  /* separated by commas */
  VALUE_WORDS,
  VALUE_PATHS,
  VALUE_ARGV, /* separated by blanks, "double quotes" join */
} ValueType;

typedef struct
{
  const char *section;
  const char *key;
  ValueType type;
  size_t offset; /* in AgentPolicy, or in AgentCommand */
  const char *words;
  int64_t low;
  int64_t high;
} Key;

#define ACCESS(key, group, words)                                                                  \
  {                                                                                                \
    "policy", key, VALUE_ACCESS, offsetof (AgentPolicy, access) + sizeof (int) * (group), words,   \
        0, 0                                                                                       \
  }
#define CHOICE(section, key, field, words)                                                         \
  {                                                                                                \
    section, key, VALUE_CHOICE, offsetof (AgentPolicy, field), words, 0, 0                         \
  }
#define NUMBER(section, key, field, type, low, high)                                               \
  {                                                                                                \
    section, key, type, offsetof (AgentPolicy, field), NULL, low, high                             \
  }
#define TEXT(section, key, field, type)                                                            \
  {                                                                                                \
    section, key, type, offsetof (AgentPolicy, field), NULL, 0, 0                                  \
  }
#define COMMAND(key, field, type, words, low, high)                                                \
  {                                                                                                \
    "command", key, type, offsetof (AgentCommand, field), words, low, high                         \
  }

/* The index of a word is its value. */
static const char access_words[] = "deny allow named any login shell manage";

static const Key keys[] = {
  CHOICE ("agent", "log", log, "error warning info debug"),
  CHOICE ("agent", "identify-host", identify_host, "no yes"),
  NUMBER ("limits", "max-jobs", max_jobs, VALUE_NUMBER, 1, 8),
  NUMBER ("limits", "max-rate", max_rate, VALUE_SIZE, 0, INT64_C (1) << 40),
  NUMBER ("limits", "max-file", max_file, VALUE_SIZE, 0, INT64_C (1) << 50),
  ACCESS ("info", AGENT_GROUP_INFO, "deny allow"),
  ACCESS ("procs", AGENT_GROUP_PROCS, "deny allow manage"),
  CHOICE ("policy", "procs-args", procs_args, "no yes"),
  ACCESS ("logs", AGENT_GROUP_LOGS, "deny allow"),
  ACCESS ("power", AGENT_GROUP_POWER, "deny allow"),
  ACCESS ("suspend", AGENT_GROUP_SUSPEND, "deny allow"),
  ACCESS ("time", AGENT_GROUP_TIME, "deny allow"),
  ACCESS ("maint", AGENT_GROUP_MAINT, "deny allow"),
  ACCESS ("freeze", AGENT_GROUP_FREEZE, "deny allow"),
  ACCESS ("exec", AGENT_GROUP_EXEC, "deny named any"),
  ACCESS ("pty", AGENT_GROUP_PTY, "deny login shell any"),
  ACCESS ("file-read", AGENT_GROUP_FILE_READ, "deny allow"),
  ACCESS ("file-write", AGENT_GROUP_FILE_WRITE, "deny allow"),
  ACCESS ("inbox", AGENT_GROUP_INBOX, "deny allow"),
  ACCESS ("accounts", AGENT_GROUP_ACCOUNTS, "deny allow"),
  TEXT ("exec", "run-as", run_as, VALUE_NAME),
  TEXT ("exec", "users", users, VALUE_NAMES),
  CHOICE ("exec", "root", root, "no yes"),
  TEXT ("exec", "env-keep", env_keep, VALUE_WORDS),
  NUMBER ("exec", "timeout", timeout, VALUE_NUMBER, 1, 86400),
  NUMBER ("exec", "max-timeout", max_timeout, VALUE_NUMBER, 1, 86400),
  CHOICE ("exec", "cgroup", cgroup, "no yes"),
  TEXT ("files", "read", read_paths, VALUE_PATHS),
  TEXT ("files", "write", write_paths, VALUE_PATHS),
  TEXT ("files", "inbox", inbox, VALUE_PATH),
  CHOICE ("files", "follow-symlinks", follow_symlinks, "no yes"),
  CHOICE ("files", "devices", devices, "no yes"),
  TEXT ("audit", "file", audit_file, VALUE_PATH),
  CHOICE ("audit", "syslog", audit_syslog, "none authpriv auth daemon"),
  CHOICE ("audit", "required", audit_required, "no yes"),
  CHOICE ("audit", "argv", audit_argv, "full hash"),
  CHOICE ("audit", "log-reads", audit_log_reads, "no yes"),
  COMMAND ("argv", argv, VALUE_ARGV, NULL, 0, 0),
  COMMAND ("description", description, VALUE_TEXT, NULL, 0, 0),
  COMMAND ("run-as", run_as, VALUE_NAME, NULL, 0, 0),
  COMMAND ("timeout", timeout, VALUE_NUMBER, NULL, 1, 86400),
  COMMAND ("args", args, VALUE_CHOICE, "none any", 0, 0),
};

#define N_KEYS (sizeof keys / sizeof keys[0])
_Static_assert(N_KEYS <= 64, "the keys of a file are remembered in 64 bits");

typedef struct
{
  AgentPolicy *policy;
  const char *name;
  unsigned int line;
  char section[16];
  AgentCommand *command; /* the open [command], if any */
  uint64_t seen;         /* keys given in this file */
} Reader;

static bool
fail (Reader *reader, const char *what, const char *detail)
{
  char quoted[80] = "";

  if (detail != NULL)
    snprintf (quoted, sizeof quoted, " \"%.64s\"", detail);
  snprintf (reader->policy->error, sizeof reader->policy->error, "%.300s:%u: %s%s", reader->name,
            reader->line, what, quoted);
  return false;
}

static void
free_list (char **list)
{
  for (char **item = list; item != NULL && *item != NULL; item++)
    free (*item);
  free (list);
}

static void
free_command (AgentCommand *command)
{
  free (command->name);
  free (command->description);
  free (command->run_as);
  free (command->file);
  free_list (command->argv);
  memset (command, 0, sizeof *command);
}

/* Index of @value in the blank-separated @words, -1 when it is not there. */
static int
word_index (const char *words, const char *value)
{
  size_t length = strlen (value);
  int index = 0;

  for (const char *p = words; *p != '\0'; index++)
    {
      size_t n = strcspn (p, " ");

      if (n == length && memcmp (p, value, n) == 0)
        return index;
      p += n;
      p += strspn (p, " ");
    }
  return -1;
}

static bool
is_name (const char *value)
{
  size_t n = strlen (value);

  if (n == 0 || n > 32 || value[0] == '-')
    return false;
  for (const char *p = value; *p != '\0'; p++)
    if (!isalnum ((unsigned char) *p) && strchr ("_-.$", *p) == NULL)
      return false;
  return true;
}

/* Absolute, and no "." or ".." in it: what is compared by components later must not need resolving.
 */
static bool
is_path (const char *value)
{
  if (value[0] != '/')
    return false;
  for (const char *p = value; *p != '\0';)
    {
      size_t n;

      p += strspn (p, "/");
      n = strcspn (p, "/");
      if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
        return false;
      p += n;
    }
  return true;
}

static bool
item_is_valid (ValueType type, const char *item)
{
  switch (type)
    {
    case VALUE_NAME:
    case VALUE_NAMES:
      return is_name (item);
    case VALUE_PATH:
    case VALUE_PATHS:
      return is_path (item);
    case VALUE_TEXT:
    case VALUE_WORDS:
    case VALUE_ARGV:
    case VALUE_CHOICE:
    case VALUE_ACCESS:
    case VALUE_NUMBER:
    case VALUE_SIZE:
      return item[0] != '\0';
    }
  return false;
}

static bool
append (char ***list, unsigned int *n, const char *item, size_t length)
{
  char **grown;

  if (*n == AGENT_POLICY_LIST_MAX)
    return false;
  grown = realloc (*list, (*n + 2) * sizeof **list);
  if (grown == NULL)
    return false;
  *list = grown;
  grown[*n] = strndup (item, length);
  grown[*n + 1] = NULL;
  return grown[(*n)++] != NULL;
}

static bool
split_commas (ValueType type, const char *value, char ***list)
{
  unsigned int n = 0;

  *list = calloc (1, sizeof **list);
  for (const char *p = value; *list != NULL && *p != '\0';)
    {
      size_t length = strcspn (p, ",");
      size_t kept = length;

      while (kept > 0 && isblank ((unsigned char) p[kept - 1]))
        kept--;
      if (!append (list, &n, p, kept) || !item_is_valid (type, (*list)[n - 1]))
        return false;
      p += length;
      if (*p == ',')
        p++;
      p += strspn (p, " \t");
    }
  return *list != NULL;
}

static bool
split_arguments (const char *value, char ***list)
{
  unsigned int n = 0;
  const char *p = value;

  *list = calloc (1, sizeof **list);
  while (*list != NULL && *p != '\0')
    {
      bool quoted = *p == '"';
      size_t length;

      if (quoted)
        p++;
      length = strcspn (p, quoted ? "\"" : " \t");
      if (quoted && p[length] == '\0')
        return false;
      if (!append (list, &n, p, length))
        return false;
      p += length + (quoted ? 1 : 0);
      if (quoted && *p != '\0' && !isblank ((unsigned char) *p))
        return false;
      p += strspn (p, " \t");
    }
  return *list != NULL && n > 0 && is_path ((*list)[0]);
}

static bool
read_number (const Key *key, const char *value, int64_t *out)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
  int64_t number = 0;
  const char *p = value;

  if (!isdigit ((unsigned char) *p))
    return false;
  for (; isdigit ((unsigned char) *p); p++)
    {
      if (number > (INT64_C (1) << 50))
        return false;
      number = number * 10 + (*p - '0');
    }
  if (key->type == VALUE_SIZE && *p != '\0')
    {
      unsigned int i = 0;

      p += strspn (p, " ");
      while (i < 4 && strcmp (p, units[i]) != 0)
        i++;
      if (i == 4 || number > (INT64_C (1) << 62) >> (10 * (i + 1)))
        return false;
      number <<= 10 * (i + 1);
    }
  else if (*p != '\0')
    return false;
  if (number < key->low || number > key->high)
    return false;
  *out = number;
  return true;
}

static bool
store_text (const Key *key, const char *value, char **place)
{
  char *copy;

  if (!item_is_valid (key->type, value))
    return false;
  copy = strdup (value);
  if (copy == NULL)
    return false;
  free (*place);
  *place = copy;
  return true;
}

static bool
store_list (const Key *key, const char *value, char ***place)
{
  char **list = NULL;
  bool valid = key->type == VALUE_ARGV ? split_arguments (value, &list)
                                       : split_commas (key->type, value, &list);

  if (!valid)
    {
      free_list (list);
      return false;
    }
  free_list (*place);
  *place = list;
  return true;
}

static bool
store (const Key *key, const char *value, void *base)
{
  void *place = (char *) base + key->offset;
  int index;

  switch (key->type)
    {
    case VALUE_CHOICE:
    case VALUE_ACCESS:
      index = word_index (key->words, value);
      if (index >= 0)
        *(int *) place = key->type == VALUE_ACCESS ? word_index (access_words, value) : index;
      return index >= 0;
    case VALUE_NUMBER:
    case VALUE_SIZE:
      return read_number (key, value, place);
    case VALUE_NAME:
    case VALUE_TEXT:
    case VALUE_PATH:
      return store_text (key, value, place);
    case VALUE_NAMES:
    case VALUE_WORDS:
    case VALUE_PATHS:
    case VALUE_ARGV:
      return store_list (key, value, place);
    }
  return false;
}

/* A [command] that an earlier file defined is replaced as a whole: half of one and half of another
 * would be a command that nobody wrote. */
static bool
open_command (Reader *reader, const char *name)
{
  AgentPolicy *policy = reader->policy;
  AgentCommand *command = NULL;

  if (!is_name (name))
    return fail (reader, "bad name of a command", name);
  for (unsigned int i = 0; i < policy->n_commands && command == NULL; i++)
    if (strcmp (policy->commands[i].name, name) == 0)
      command = &policy->commands[i];
  if (command != NULL && strcmp (command->file, reader->name) == 0)
    return fail (reader, "command defined twice", name);
  if (command == NULL && policy->n_commands == AGENT_POLICY_COMMANDS_MAX)
    return fail (reader, "too many commands", NULL);
  if (command == NULL)
    command = &policy->commands[policy->n_commands++];
  free_command (command);
  command->name = strdup (name);
  command->file = strdup (reader->name);
  if (command->name == NULL || command->file == NULL)
    abort ();
  reader->command = command;
  return true;
}

static bool
read_section (Reader *reader, char *line)
{
  size_t length = strlen (line);
  char *name;

  if (line[length - 1] != ']')
    return fail (reader, "section without ]", NULL);
  line[length - 1] = '\0';
  line++;
  reader->command = NULL;
  if (strncmp (line, "command", 7) == 0 && isblank ((unsigned char) line[7]))
    {
      name = line + 7 + strspn (line + 7, " \t");
      strcpy (reader->section, "command");
      return open_command (reader, name);
    }
  for (size_t i = 0; i < N_KEYS; i++)
    if (strcmp (keys[i].section, line) == 0 && strcmp (line, "command") != 0)
      {
        snprintf (reader->section, sizeof reader->section, "%.15s", line);
        return true;
      }
  reader->section[0] = '\0';
  return fail (reader, "unknown section", line);
}

static bool
read_key (Reader *reader, char *line)
{
  char *equals = strchr (line, '=');
  char *end;
  char *value;
  size_t i = 0;

  if (equals == NULL)
    return fail (reader, "neither a section nor key = value:", line);
  if (reader->section[0] == '\0')
    return fail (reader, "a key before the first section", NULL);
  end = equals;
  while (end > line && isblank ((unsigned char) end[-1]))
    end--;
  *end = '\0';
  value = equals + 1 + strspn (equals + 1, " \t");

  while (i < N_KEYS &&
         (strcmp (keys[i].section, reader->section) != 0 || strcmp (keys[i].key, line) != 0))
    i++;
  if (i == N_KEYS)
    return fail (reader, "unknown key", line);
  if (reader->command == NULL && (reader->seen & UINT64_C (1) << i) != 0)
    return fail (reader, "key given twice", line);
  if (reader->command != NULL)
    {
      unsigned int bit = 1u << (N_KEYS - 1 - i);

      if ((reader->command->keys_seen & bit) != 0)
        return fail (reader, "key given twice", line);
      reader->command->keys_seen |= bit;
    }
  reader->seen |= UINT64_C (1) << i;
  if (!store (&keys[i], value, reader->command != NULL ? (void *) reader->command : reader->policy))
    return fail (reader, "bad value of", line);
  return true;
}

static bool
check_line (const char *line, size_t length)
{
  for (size_t i = 0; i < length;)
    {
      size_t n = kvma_utf8_length (line + i, length - i);

      if (n == 0 || line[i] == 0x7f || (line[i] >= 0 && line[i] < 0x20 && line[i] != '\t'))
        return false;
      i += n;
    }
  return true;
}

static bool
read_line (Reader *reader, const char *text, size_t length)
{
  char line[AGENT_POLICY_LINE_MAX + 1];

  if (length > 0 && text[length - 1] == '\r')
    length--;
  if (length > AGENT_POLICY_LINE_MAX)
    return fail (reader, "line too long", NULL);
  if (!check_line (text, length))
    return fail (reader, "control character or bad UTF-8", NULL);
  while (length > 0 && isblank ((unsigned char) *text))
    {
      text++;
      length--;
    }
  while (length > 0 && isblank ((unsigned char) text[length - 1]))
    length--;
  if (length == 0 || text[0] == '#' || text[0] == ';')
    return true;
  memcpy (line, text, length);
  line[length] = '\0';
  return line[0] == '[' ? read_section (reader, line) : read_key (reader, line);
}

static bool
check_commands (Reader *reader)
{
  for (unsigned int i = 0; i < reader->policy->n_commands; i++)
    {
      AgentCommand *command = &reader->policy->commands[i];

      if (command->argv == NULL)
        return fail (reader, "no argv in command", command->name);
    }
  return true;
}

bool
agent_policy_parse (AgentPolicy *self, const char *name, const char *text, size_t length)
{
  Reader reader = { .policy = self, .name = name };

  while (length > 0)
    {
      const char *newline = memchr (text, '\n', length);
      size_t n = newline != NULL ? (size_t) (newline - text) : length;

      reader.line++;
      if (!read_line (&reader, text, n))
        return false;
      if (newline != NULL)
        n++;
      text += n;
      length -= n;
    }
  return check_commands (&reader);
}

void
agent_policy_init (AgentPolicy *self)
{
  memset (self, 0, sizeof *self);
  self->access[AGENT_GROUP_CORE] = AGENT_ACCESS_ALLOW;
  self->access[AGENT_GROUP_INFO] = AGENT_ACCESS_ALLOW;
  self->access[AGENT_GROUP_PROCS] = AGENT_ACCESS_ALLOW;
  self->access[AGENT_GROUP_POWER] = AGENT_ACCESS_ALLOW;
  self->access[AGENT_GROUP_MAINT] = AGENT_ACCESS_ALLOW;
  self->log = AGENT_LOG_INFO;
  self->identify_host = 1;
  self->max_jobs = 4;
  self->max_rate = 0;
  self->max_file = INT64_C (4) << 30;
  self->timeout = 60;
  self->max_timeout = 3600;
  self->cgroup = 1;
  self->audit_syslog = 1;
  self->audit_required = 1;
  self->audit_log_reads = 1;
}

void
agent_policy_clear (AgentPolicy *self)
{
  for (size_t i = 0; i < N_KEYS; i++)
    {
      void *place = (char *) self + keys[i].offset;

      if (strcmp (keys[i].section, "command") == 0)
        continue;
      if (keys[i].type == VALUE_NAME || keys[i].type == VALUE_PATH)
        free (*(char **) place);
      else if (keys[i].type == VALUE_NAMES || keys[i].type == VALUE_WORDS ||
               keys[i].type == VALUE_PATHS)
        free_list (*(char ***) place);
    }
  for (unsigned int i = 0; i < self->n_commands; i++)
    free_command (&self->commands[i]);
  memset (self, 0, sizeof *self);
}

bool
agent_policy_allows (const AgentPolicy *self, AgentGroup group)
{
  return self->access[group] != AGENT_ACCESS_DENY;
}

const char *
agent_group_name (AgentGroup group)
{
  static const char *const names[AGENT_N_GROUPS] = {
    KVMA_GROUP_CORE,       KVMA_GROUP_INFO,    KVMA_GROUP_PROCS,    KVMA_GROUP_LOGS,
    KVMA_GROUP_POWER,      KVMA_GROUP_SUSPEND, KVMA_GROUP_TIME,     KVMA_GROUP_MAINT,
    KVMA_GROUP_FREEZE,     KVMA_GROUP_EXEC,    KVMA_GROUP_PTY,      KVMA_GROUP_FILE_READ,
    KVMA_GROUP_FILE_WRITE, KVMA_GROUP_INBOX,   KVMA_GROUP_ACCOUNTS,
  };

  return names[group];
}

const char *
agent_access_name (AgentAccess access)
{
  static const char *const names[] = {
    "deny", "allow", "named", "any", "login", "shell", "manage"
  };

  return names[access];
}

json_t *
agent_policy_to_json (const AgentPolicy *self)
{
  json_t *object = json_object ();

  for (int i = 0; i < AGENT_N_GROUPS; i++)
    json_object_set_new (object, agent_group_name ((AgentGroup) i),
                         json_string (agent_access_name ((AgentAccess) self->access[i])));
  return object;
}

void
agent_policy_hint (AgentGroup group, char *out, size_t size)
{
  const char *word = "allow";

  if (group == AGENT_GROUP_EXEC)
    word = "named";
  else if (group == AGENT_GROUP_PTY)
    word = "login";
  snprintf (out, size, "[policy] %s=%s", agent_group_name (group), word);
}

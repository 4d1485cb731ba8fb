/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-accounts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/agent-facts.h"
#include "daemon/agent-users.h"
#include "daemon/agent-util.h"
#include "protocol/kvma-json.h"
#include "protocol/kvma-names.h"

#define NAME_MAX_BYTES 32
#define TEMPORARY ".authorized_keys.kvm-manager"

bool
agent_account_name_is_valid (const char *name)
{
  size_t n = strlen (name);

  if (n == 0 || n > NAME_MAX_BYTES || name[0] == '-')
    return false;
  for (const char *p = name; *p != '\0'; p++)
    if (!isalnum ((unsigned char) *p) && strchr ("_-.$", *p) == NULL)
      return false;
  return true;
}

bool
agent_crypt_hash_is_valid (const char *hash)
{
  static const char *const kinds[] = { "$6$",  "$5$",  "$y$",  "$gy$",  "$7$",
                                       "$2a$", "$2b$", "$2y$", "$sha1$" };
  size_t n = strlen (hash);
  bool known = false;

  if (n < 16 || n > AGENT_CRYPT_MAX)
    return false;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    known = known || strncmp (hash, kinds[i], strlen (kinds[i])) == 0;
  for (const char *p = hash; *p != '\0'; p++)
    if (!isalnum ((unsigned char) *p) && strchr ("./$=,", *p) == NULL)
      return false;
  return known;
}

static bool
is_key_type (const char *word, size_t length)
{
  static const char *const types[] = {
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
  };

  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strlen (types[i]) == length && memcmp (types[i], word, length) == 0)
      return true;
  return false;
}

/* Where a word of a key line ends: blanks inside "double quotes" belong to it. */
static size_t
word_length (const char *p)
{
  bool quoted = false;
  size_t n = 0;

  for (; p[n] != '\0' && (quoted || (p[n] != ' ' && p[n] != '\t')); n++)
    {
      if (p[n] == '\\' && p[n + 1] == '"')
        n++;
      else if (p[n] == '"')
        quoted = !quoted;
    }
  return quoted ? 0 : n;
}

static bool
is_base64 (const char *text, size_t length)
{
  size_t n = 0;

  while (n < length && (isalnum ((unsigned char) text[n]) || text[n] == '+' || text[n] == '/'))
    n++;
  return n >= 32 && length - n <= 2 && strspn (text + n, "=") >= length - n && length % 4 == 0;
}

/* The type and the key of @line: what makes two lines the same key. Returns %NULL when it is not a
 * key. */
static const char *
find_key (const char *line, size_t *length)
{
  const char *p = line + strspn (line, " \t");

  for (int word = 0; word < 2; word++)
    {
      size_t n = word_length (p);
      const char *key = p + n + strspn (p + n, " \t");

      if (n == 0 || *p == '#')
        return NULL;
      if (is_key_type (p, n))
        {
          size_t m = strcspn (key, " \t");

          if (!is_base64 (key, m))
            return NULL;
          *length = (size_t) (key + m - p);
          return p;
        }
      p = key;
    }
  return NULL;
}

bool
agent_key_line_is_valid (const char *line)
{
  size_t length = strlen (line);
  size_t ignored;

  for (size_t i = 0; i < length;)
    {
      size_t n = kvma_utf8_length (line + i, length - i);

      if (n == 0 || line[i] == 0x7f || (line[i] >= 0 && line[i] < 0x20 && line[i] != '\t'))
        return false;
      i += n;
    }
  return find_key (line, &ignored) != NULL;
}

static void
answer_errno (AgentAnswer *answer, const char *what, int error)
{
  char text[256];

  snprintf (text, sizeof text, "%s: %s", what, strerror (error));
  agent_answer_error (answer, error == EACCES || error == ELOOP ? KVMA_ERROR_DENIED : KVMA_ERROR_IO,
                      text, error);
}

void
agent_account_set_password (const char *user, const char *hash, AgentAnswer *answer)
{
  static const char *const argv[] = { "chpasswd", "-e", NULL };
  char line[NAME_MAX_BYTES + AGENT_CRYPT_MAX + 8];
  AgentUser account;
  int status;

  if (!agent_user_find (user, &account))
    {
      agent_answer_error (answer, KVMA_ERROR_NOT_FOUND, "there is no such user", 0);
      return;
    }
  snprintf (line, sizeof line, "%s:%s\n", user, hash);
  status = agent_tool_output (argv, line, 0, NULL);
  explicit_bzero (line, sizeof line);
  if (status == 0)
    agent_answer_result (answer, json_object ());
  else if (status < 0)
    agent_answer_error (answer, KVMA_ERROR_UNSUPPORTED, "this guest has no chpasswd", 0);
  else
    agent_answer_error (answer, KVMA_ERROR_FAILED, "chpasswd refused it", 0);
}

/* For good: nothing of what follows is done with more rights than the user has. */
static bool
become (const AgentUser *account)
{
  uid_t real, effective, saved;

  umask (077);
  if (geteuid () != 0)
    return geteuid () == account->uid;
  return setgroups ((size_t) account->n_groups, account->groups) == 0 &&
         setresgid (account->gid, account->gid, account->gid) == 0 &&
         setresuid (account->uid, account->uid, account->uid) == 0 &&
         getresuid (&real, &effective, &saved) == 0 && real == account->uid &&
         effective == account->uid && saved == account->uid &&
         (account->uid == 0 || setuid (0) < 0);
}

/* ~user/.ssh; with @make, made if it is not there. Returns -1 with errno. */
static int
open_directory (const AgentUser *account, bool make)
{
  char path[AGENT_PATH_SIZE];
  int home = open (agent_path (path, account->home), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  int fd;

  if (home < 0)
    return -1;
  if (make && mkdirat (home, ".ssh", 0700) < 0 && errno != EEXIST)
    {
      close (home);
      return -1;
    }
  fd = openat (home, ".ssh", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  close (home);
  if (fd >= 0 && (fstat (fd, &status) < 0 || status.st_uid != account->uid))
    {
      close (fd);
      errno = EACCES;
      return -1;
    }
  return fd;
}

/* The text of the file; "" when there is none. Returns %NULL with errno. */
static char *
read_keys (int directory)
{
  int fd = directory >= 0 ? openat (directory, "authorized_keys",
                                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
                          : -1;
  char *text = calloc (1, AGENT_KEYS_FILE_MAX + 2);
  struct stat status;
  size_t length = 0;
  ssize_t n = 0;

  if (text == NULL || fd < 0)
    {
      if (text != NULL && errno == ENOENT)
        return text;
      free (text);
      return NULL;
    }
  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode))
    errno = ELOOP;
  else
    {
      while (length <= AGENT_KEYS_FILE_MAX &&
             (n = read (fd, text + length, AGENT_KEYS_FILE_MAX + 1 - length)) > 0)
        length += (size_t) n;
      errno = n < 0 ? errno : length > AGENT_KEYS_FILE_MAX ? EFBIG : 0;
    }
  close (fd);
  if (errno == 0)
    return text;
  free (text);
  return NULL;
}

static bool
write_all (int fd, const char *text, size_t length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, text, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return false;
      text += n;
      length -= (size_t) n;
    }
  return true;
}

/* Beside it, and then in its place: a login meanwhile sees the old file or the new one. */
static bool
write_keys (int directory, const char *text)
{
  int fd;
  bool good;

  unlinkat (directory, TEMPORARY, 0);
  fd = openat (directory, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return false;
  good = write_all (fd, text, strlen (text)) && fchmod (fd, 0600) == 0 && fsync (fd) == 0;
  close (fd);
  if (good && renameat (directory, TEMPORARY, directory, "authorized_keys") == 0)
    {
      fchmod (directory, 0700);
      fsync (directory);
      return true;
    }
  unlinkat (directory, TEMPORARY, 0);
  return false;
}

static bool
is_same_key (const char *line, const char *other)
{
  size_t n, m;
  const char *a = find_key (line, &n);
  const char *b = find_key (other, &m);

  return a != NULL && b != NULL && n == m && memcmp (a, b, n) == 0;
}

/* Whether one of the lines of @text is the key of @wanted; with @out, all other lines go there. */
static unsigned int
match_lines (const char *text, const char *wanted, char *out)
{
  char *copy = strdup (text);
  char *rest = copy;
  char *line;
  unsigned int matches = 0;

  if (copy == NULL)
    abort ();
  while ((line = strsep (&rest, "\n")) != NULL)
    {
      bool same = is_same_key (line, wanted);

      matches += same ? 1 : 0;
      if (out == NULL || same || (rest == NULL && *line == '\0'))
        continue;
      out = stpcpy (out, line);
      out = stpcpy (out, "\n");
    }
  free (copy);
  return matches;
}

/* Returns the new text, and counts what has changed. */
static char *
edit (const AgentKeysOrder *order, char *text, unsigned int *changed)
{
  *changed = 0;
  for (size_t i = 0; i < json_array_size (order->keys); i++)
    {
      const char *key = json_string_value (json_array_get (order->keys, i));
      size_t room = strlen (text) + strlen (key) + 4;
      unsigned int matches = match_lines (text, key, NULL);
      char *next;

      if ((order->action == AGENT_KEYS_ADD) != (matches == 0))
        continue;
      next = calloc (1, room);
      if (next == NULL)
        abort ();
      if (order->action == AGENT_KEYS_REMOVE)
        match_lines (text, key, next);
      else
        snprintf (next, room, "%s%s%s\n", text,
                  text[0] != '\0' && text[strlen (text) - 1] != '\n' ? "\n" : "", key);
      *changed += order->action == AGENT_KEYS_REMOVE ? matches : 1;
      free (text);
      text = next;
    }
  return text;
}

static json_t *
keys_to_json (char *text, unsigned int changed)
{
  json_t *object = json_object ();
  AgentList list;
  char *line;

  agent_list_init (&list);
  while ((line = strsep (&text, "\n")) != NULL)
    {
      size_t ignored;

      if (find_key (line, &ignored) != NULL)
        agent_list_add (&list, agent_json_text (line, KVMA_JSON_STRING_MAX));
    }
  agent_list_finish (&list, object, "keys");
  json_object_set_new (object, "changed", json_integer (changed));
  return object;
}

void
agent_account_keys (const AgentKeysOrder *order, AgentAnswer *answer)
{
  bool change = order->action != AGENT_KEYS_LIST;
  unsigned int changed = 0;
  AgentUser account;
  char *text;
  int directory;

  if (!agent_user_find (order->user, &account))
    {
      agent_answer_error (answer, KVMA_ERROR_NOT_FOUND, "there is no such user", 0);
      return;
    }
  if (!become (&account))
    {
      agent_answer_error (answer, KVMA_ERROR_FAILED, "cannot become that user", errno);
      return;
    }
  directory = open_directory (&account, order->action == AGENT_KEYS_ADD);
  if (directory < 0 && errno != ENOENT)
    {
      answer_errno (answer, "~/.ssh", errno);
      return;
    }
  text = read_keys (directory);
  if (text == NULL)
    {
      answer_errno (answer, "~/.ssh/authorized_keys", errno);
      return;
    }
  text = change ? edit (order, text, &changed) : text;
  if (strlen (text) > AGENT_KEYS_FILE_MAX)
    agent_answer_error (answer, KVMA_ERROR_TOO_LARGE, "too many keys", 0);
  else if (changed > 0 && !write_keys (directory, text))
    answer_errno (answer, "~/.ssh/authorized_keys", errno);
  else
    agent_answer_result (answer, keys_to_json (text, changed));
}

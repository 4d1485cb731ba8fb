/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* In a worker: what is in a directory, and small changes to it. */

#include "daemon/agent.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/agent-file.h"
#include "daemon/agent-worker.h"
#include "protocol/kvma-json.h"

/* Of /etc/passwd or /etc/group; who is behind that has a number only. */
#define ACCOUNTS_SIZE (1 << 18)

static char users[ACCOUNTS_SIZE];
static char groups[ACCOUNTS_SIZE];

void
agent_file_fail (AgentAnswer *answer, int error)
{
  int code = KVMA_ERROR_IO;

  switch (error)
    {
    case ENOENT:
    case ENOTDIR:
      code = KVMA_ERROR_NOT_FOUND;
      break;
    case EEXIST:
      code = KVMA_ERROR_EXISTS;
      break;
    case EISDIR:
    case ENAMETOOLONG:
      code = KVMA_ERROR_PARAMS;
      break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      code = KVMA_ERROR_TOO_LARGE;
      break;
    case EBUSY:
      code = KVMA_ERROR_BUSY;
      break;
    case ENOTEMPTY:
      code = KVMA_ERROR_STATE;
      break;
    case ELOOP:
      agent_answer_error (answer, KVMA_ERROR_DENIED, "a symbolic link leads there", error);
      return;
    case EXDEV:
      agent_answer_error (
          answer, KVMA_ERROR_DENIED,
          "outside the directories of the policy, or neither a file nor a directory", error);
      return;
    default:
      break;
    }
  agent_answer_error (answer, code, strerror (error), error);
}

/* Reads the name of @id from "name:x:id:..." lines; no library of the guest is asked. */
static bool
account_name (const char *file, char *text, unsigned int id, char *out, size_t size)
{
  if (text[0] == '\0' && agent_read_file (file, text, ACCOUNTS_SIZE) < 0)
    return false;
  for (const char *line = text; *line != '\0';)
    {
      size_t length = strcspn (line, "\n");
      size_t name = strcspn (line, ":\n");
      const char *p = memchr (line, ':', length);

      p = p != NULL ? memchr (p + 1, ':', length - (size_t) (p + 1 - line)) : NULL;
      if (p != NULL && isdigit ((unsigned char) p[1]) && strtoul (p + 1, NULL, 10) == id &&
          name > 0 && name < size)
        {
          memcpy (out, line, name);
          out[name] = '\0';
          return true;
        }
      line += length;
      if (*line == '\n')
        line++;
    }
  return false;
}

static const char *
type_name (mode_t mode)
{
  switch (mode & S_IFMT)
    {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "dir";
    case S_IFLNK:
      return "link";
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    case S_IFCHR:
      return "char";
    default:
      return "block";
    }
}

/* What file.stat and a row of file.list have in common. @at and @name: where a link is. */
static json_t *
facts_of (const struct stat *info, int at, const char *name)
{
  json_t *object = json_object ();
  char user[64];
  char target[PATH_MAX];
  ssize_t n;

  json_object_set_new (object, "type", json_string (type_name (info->st_mode)));
  json_object_set_new (object, "size", json_integer (info->st_size));
  json_object_set_new (
      object, "mtime",
      json_integer ((json_int_t) info->st_mtim.tv_sec * 1000 + info->st_mtim.tv_nsec / 1000000));
  json_object_set_new (object, "mode", json_integer (info->st_mode & 07777));
  if (account_name ("/etc/passwd", users, info->st_uid, user, sizeof user))
    agent_json_set_text (object, "user", user);
  n = S_ISLNK (info->st_mode) ? readlinkat (at, name, target, sizeof target - 1) : -1;
  if (n > 0)
    {
      target[n] = '\0';
      json_object_set_new (object, "target", agent_json_text (target, KVMA_PATH_MAX));
    }
  return object;
}

static bool
is_writable (Agent *agent, const char *path, const struct stat *info)
{
  AgentRoots roots;
  char *store[2];

  agent_file_roots (agent, AGENT_AREA_WRITE, store, &roots);
  return agent_policy_allows (&agent->policy, AGENT_GROUP_FILE_WRITE) &&
         (S_ISREG (info->st_mode) || S_ISDIR (info->st_mode)) &&
         agent_path_is_allowed (&roots, path);
}

void
agent_file_work_stat (Agent *agent, void *input, AgentAnswer *answer)
{
  AgentFileJob *job = input;
  AgentRoots roots;
  char *store[2];
  char group[64];
  struct stat info;
  json_t *object;
  int fd;

  agent_file_roots (agent, job->area, store, &roots);
  fd = agent_path_open (&roots, job->path, true);
  if (fd < 0 || fstat (fd, &info) < 0)
    {
      agent_file_fail (answer, errno);
      return;
    }
  object = facts_of (&info, fd, "");
  json_object_set_new (object, "path", agent_json_text (job->path, KVMA_PATH_MAX));
  json_object_set_new (object, "uid", json_integer (info.st_uid));
  json_object_set_new (object, "gid", json_integer (info.st_gid));
  if (account_name ("/etc/group", groups, info.st_gid, group, sizeof group))
    agent_json_set_text (object, "group", group);
  json_object_set_new (object, "writable", json_boolean (is_writable (agent, job->path, &info)));
  agent_answer_result (answer, object);
}

typedef struct
{
  bool directory;
  char name[KVMA_FILE_NAME_MAX + 1];
} Entry;

/* The first entries behind the cursor, however many there are: a directory is read whole for each
 * page and never held. One more than asked for says whether there are others. */
typedef struct
{
  Entry pool[KVMA_LIST_ROWS_MAX + 2];
  Entry *sorted[KVMA_LIST_ROWS_MAX + 2];
  unsigned int n;
  unsigned int max;
  unsigned int total;
} Page;

static Page page;

static int
compare (const Entry *a, const Entry *b)
{
  if (a->directory != b->directory)
    return a->directory ? -1 : 1;
  return strcmp (a->name, b->name);
}

static void
page_add (Page *self, const Entry *entry)
{
  unsigned int low = 0, high = self->n;
  Entry *place;

  while (low < high)
    {
      unsigned int middle = (low + high) / 2;

      if (compare (self->sorted[middle], entry) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  if (low == self->max)
    return;
  place = self->n == self->max ? self->sorted[--self->n] : &self->pool[self->n];
  *place = *entry;
  memmove (&self->sorted[low + 1], &self->sorted[low], (self->n - low) * sizeof self->sorted[0]);
  self->sorted[low] = place;
  self->n++;
}

static bool
is_directory (int fd, const struct dirent *entry)
{
  struct stat info;

  if (entry->d_type != DT_UNKNOWN)
    return entry->d_type == DT_DIR;
  return fstatat (fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (info.st_mode);
}

static void
scan (DIR *directory, const AgentFileListJob *job)
{
  Entry cursor = { .directory = job->cursor_directory };
  const struct dirent *item;

  snprintf (cursor.name, sizeof cursor.name, "%s", job->cursor);
  page.max = (unsigned int) job->limit + 1;
  while ((item = readdir (directory)) != NULL)
    {
      Entry entry;

      if (strcmp (item->d_name, ".") == 0 || strcmp (item->d_name, "..") == 0 ||
          strlen (item->d_name) > KVMA_FILE_NAME_MAX)
        continue;
      page.total++;
      entry.directory = is_directory (dirfd (directory), item);
      strcpy (entry.name, item->d_name);
      if (!job->has_cursor || compare (&entry, &cursor) > 0)
        page_add (&page, &entry);
    }
}

static bool
is_usable (const char *name)
{
  size_t left = strlen (name);

  while (left > 0)
    {
      size_t n = kvma_utf8_length (name, left);

      if (n == 0)
        return false;
      name += n;
      left -= n;
    }
  return true;
}

static json_t *
row_of (int fd, const Entry *entry)
{
  struct stat info;
  json_t *row;

  /* It may have gone since; the row says only that it was there. */
  if (fstatat (fd, entry->name, &info, AT_SYMLINK_NOFOLLOW) < 0)
    row = json_pack ("{ss}", "type", entry->directory ? "dir" : "file");
  else
    row = facts_of (&info, fd, entry->name);
  if (is_usable (entry->name))
    json_object_set_new (row, "name", json_string (entry->name));
  else
    {
      json_object_set_new (row, "name", agent_json_text (entry->name, KVMA_FILE_NAME_MAX));
      json_object_set_new (row, "unusable", json_true ());
    }
  return row;
}

/* The raw name in hexadecimal digits, because it need not be UTF-8. */
static json_t *
cursor_of (const Entry *entry)
{
  char text[2 * KVMA_FILE_NAME_MAX + 2];
  char *p = text;

  *p++ = entry->directory ? 'd' : 'f';
  for (const char *c = entry->name; *c != '\0'; c++)
    p += sprintf (p, "%02x", (unsigned char) *c);
  *p = '\0';
  return json_string (text);
}

bool
agent_file_cursor_parse (const char *text, AgentFileListJob *job)
{
  size_t length = strlen (text);
  size_t n = length / 2;

  if (length % 2 == 0 || n == 0 || n > KVMA_FILE_NAME_MAX || (text[0] != 'd' && text[0] != 'f') ||
      strspn (text + 1, "0123456789abcdef") != length - 1)
    return false;
  for (size_t i = 0; i < n; i++)
    {
      const char digits[] = { text[1 + 2 * i], text[2 + 2 * i], '\0' };

      job->cursor[i] = (char) strtoul (digits, NULL, 16);
      if (job->cursor[i] == '\0')
        return false;
    }
  job->cursor[n] = '\0';
  job->cursor_directory = text[0] == 'd';
  job->has_cursor = true;
  return true;
}

static json_t *
page_to_json (int fd, const AgentFileListJob *job)
{
  json_t *object = json_object ();
  AgentList list;
  size_t shown;
  bool more;

  agent_list_init (&list);
  for (unsigned int i = 0; i < page.n && i < job->limit && !list.full; i++)
    agent_list_add (&list, row_of (fd, page.sorted[i]));
  shown = json_array_size (list.rows);
  more = shown < page.n;
  agent_list_finish (&list, object, "entries");
  json_object_set_new (object, "path", agent_json_text (job->job.path, KVMA_PATH_MAX));
  json_object_set_new (object, "total", json_integer (page.total));
  json_object_set_new (object, "truncated", json_boolean (more));
  if (more && shown > 0)
    json_object_set_new (object, "cursor", cursor_of (page.sorted[shown - 1]));
  return object;
}

void
agent_file_work_list (Agent *agent, void *input, AgentAnswer *answer)
{
  AgentFileListJob *job = input;
  AgentRoots roots;
  char *store[2];
  DIR *directory;
  int path, fd;

  agent_file_roots (agent, job->job.area, store, &roots);
  path = agent_path_open (&roots, job->job.path, false);
  fd = path < 0 ? -1 : agent_path_reopen (path, O_RDONLY);
  directory = fd < 0 ? NULL : fdopendir (fd);
  if (directory == NULL && fd >= 0 && errno == ENOTDIR)
    {
      agent_answer_error (answer, KVMA_ERROR_PARAMS, "not a directory", ENOTDIR);
      return;
    }
  if (directory == NULL)
    {
      agent_file_fail (answer, errno);
      return;
    }
  scan (directory, job);
  agent_answer_result (answer, page_to_json (fd, job));
}

void
agent_file_work_make_directory (Agent *agent, void *input, AgentAnswer *answer)
{
  AgentFileJob *job = input;
  AgentRoots roots;
  const char *name;
  char *store[2];
  int parent, fd;

  agent_file_roots (agent, job->area, store, &roots);
  parent = agent_path_open_parent (&roots, job->path, &name);
  if (parent < 0 || mkdirat (parent, name, 0700) < 0)
    {
      agent_file_fail (answer, errno);
      return;
    }
  fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fchmod (fd, (mode_t) (job->mode & 0777)) < 0)
    agent_file_fail (answer, errno);
  else
    agent_answer_result (answer, json_object ());
}

void
agent_file_work_remove (Agent *agent, void *input, AgentAnswer *answer)
{
  AgentFileJob *job = input;
  AgentRoots roots;
  struct stat info;
  const char *name;
  char *store[2];
  int parent;

  agent_file_roots (agent, job->area, store, &roots);
  parent = agent_path_open_parent (&roots, job->path, &name);
  if (parent < 0 || fstatat (parent, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
    agent_file_fail (answer, errno);
  else if (!S_ISREG (info.st_mode) && !S_ISLNK (info.st_mode) && !S_ISDIR (info.st_mode))
    agent_file_fail (answer, EXDEV);
  else if (unlinkat (parent, name, S_ISDIR (info.st_mode) ? AT_REMOVEDIR : 0) < 0)
    agent_file_fail (answer, errno == EEXIST ? ENOTEMPTY : errno);
  else
    agent_answer_result (answer, json_object ());
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* In a worker: reading, writing and moving. All here may block for as long as a disk likes. */

#include "daemon/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent-file-temp.h"
#include "daemon/agent-sha256.h"
#include "daemon/agent-worker.h"

#define BLOCK_SIZE (1 << 18)
#define FLUSH_SIZE (8 << 20) /* written back while more comes, so that the end is not long */
#define LOCK_TRIES 200       /* of 10 ms: a killed worker that is still in the kernel */

/* Of the child alone: pages that nobody touched cost the agent nothing. */
static uint8_t block[BLOCK_SIZE];

typedef struct
{
  uint64_t rate; /* bytes a second, 0: as fast as it goes */
  uint64_t begun_ms;
  uint64_t bytes;
} Pace;

static size_t
pace_begin (Pace *self, const Agent *agent)
{
  self->rate = (uint64_t) agent->policy.max_rate;
  self->begun_ms = agent_now_ms ();
  self->bytes = 0;
  if (self->rate == 0 || self->rate / 4 >= BLOCK_SIZE)
    return BLOCK_SIZE;
  return self->rate / 4 > 1024 ? self->rate / 4 : 1024;
}

/* A worker may sleep: nothing else waits for it, and pipe and credit hold the other side back. */
static void
pace_wait (Pace *self, size_t bytes)
{
  uint64_t due;

  if (self->rate == 0)
    return;
  self->bytes += bytes;
  due = self->bytes * 1000 / self->rate;
  while (agent_now_ms () - self->begun_ms < due)
    {
      uint64_t left = due - (agent_now_ms () - self->begun_ms);
      struct timespec pause = { (time_t) (left / 1000), (long) (left % 1000) * 1000000 };

      if (left > due)
        break;
      nanosleep (&pause, NULL);
    }
}

static bool
write_whole (int fd, const void *data, size_t length)
{
  const uint8_t *p = data;

  while (length > 0)
    {
      ssize_t n = write (fd, p, length);

      if (n < 0 && errno != EINTR)
        return false;
      if (n > 0)
        {
          p += n;
          length -= (size_t) n;
        }
    }
  return true;
}

static ssize_t
read_some (int fd, void *data, size_t length)
{
  ssize_t n;

  do
    n = read (fd, data, length);
  while (n < 0 && errno == EINTR);
  return n;
}

static int64_t
mtime_of (const struct stat *info)
{
  return (int64_t) info->st_mtim.tv_sec * 1000 + info->st_mtim.tv_nsec / 1000000;
}

/* Returns a descriptor of the regular file, -1 after answering. */
static int
open_regular (Agent *agent, const AgentFileJob *job, struct stat *info, AgentAnswer *answer)
{
  AgentRoots roots;
  char *store[2];
  int path, fd;

  agent_file_roots (agent, job->area, store, &roots);
  path = agent_path_open (&roots, job->path, false);
  fd = path < 0 ? -1 : agent_path_reopen (path, O_RDONLY);
  if (fd < 0 || fstat (fd, info) < 0)
    {
      agent_file_fail (answer, errno);
      return -1;
    }
  if (S_ISREG (info->st_mode))
    return fd;
  agent_file_fail (answer, EISDIR);
  return -1;
}

/* Pages go from the cache into the pipe uncopied, where the file system can do that and nobody
 * wants their sum. Returns as read(): 0 at the end of the file. */
static ssize_t
send_some (int fd, size_t length, AgentSha256 *sha)
{
  ssize_t n = -1;

  if (sha == NULL)
    {
      do
        n = splice (fd, NULL, STDOUT_FILENO, NULL, length, SPLICE_F_MOVE);
      while (n < 0 && errno == EINTR);
      if (n >= 0 || errno != EINVAL)
        return n;
    }
  n = read_some (fd, block, length);
  if (n <= 0)
    return n;
  if (sha != NULL)
    agent_sha256_update (sha, block, (size_t) n);
  return write_whole (STDOUT_FILENO, block, (size_t) n) ? n : -1;
}

/* Whoever is woken for some bytes takes them when the agent has nothing to do: else each frame
 * would be two switches of the process, which are dearer than its bytes where a guest is emulated.
 */
static void
give_way (void)
{
  const struct sched_param none = { 0 };

  sched_setscheduler (0, SCHED_BATCH, &none);
}

/* Waits until no more than one step is in the pipe, unless the agent went away. */
static bool
wait_until_taken (int64_t *in_pipe)
{
  char step;

  while (*in_pipe > AGENT_FILE_READ_STEP)
    {
      ssize_t n = read_some (STDIN_FILENO, &step, 1);

      if (n <= 0)
        return false;
      *in_pipe -= AGENT_FILE_READ_STEP;
    }
  return true;
}

static bool
send_content (Agent *agent, int fd, int64_t left, AgentSha256 *sha)
{
  int64_t in_pipe = 0; /* at most: it counts what was taken by whole steps */
  Pace pace;
  size_t step = pace_begin (&pace, agent);

  while (left > 0 && wait_until_taken (&in_pipe))
    {
      ssize_t n = send_some (fd, left < (int64_t) step ? (size_t) left : step, sha);

      if (n == 0)
        errno = ENODATA;
      if (n <= 0)
        return false;
      left -= n;
      in_pipe += n;
      pace_wait (&pace, (size_t) n);
    }
  return left <= 0;
}

void
agent_file_work_read (Agent *agent, void *input, AgentAnswer *answer)
{
  AgentFileJob *job = input;
  AgentFileHead head = { 0 };
  AgentSha256 sha;
  struct stat info;
  char hex[AGENT_SHA256_TEXT_SIZE + 1];
  int fd = open_regular (agent, job, &info, answer);

  if (fd < 0)
    return;
  if (job->offset > info.st_size)
    {
      agent_answer_error (answer, KVMA_ERROR_PARAMS, "offset is beyond the end of the file", 0);
      return;
    }
  head.size = info.st_size;
  head.mtime = mtime_of (&info);
  head.mode = info.st_mode & 07777;
  head.offset = job->offset;
  head.length = info.st_size - job->offset;
  if (job->length >= 0 && job->length < head.length)
    head.length = job->length;
  give_way ();
  posix_fadvise (fd, job->offset, head.length, POSIX_FADV_SEQUENTIAL);
  agent_sha256_init (&sha);
  if (lseek (fd, job->offset, SEEK_SET) < 0 || !write_whole (STDOUT_FILENO, &head, sizeof head) ||
      !send_content (agent, fd, head.length, job->want_sha256 ? &sha : NULL))
    {
      if (errno == ENODATA)
        agent_answer_error (answer, KVMA_ERROR_IO, "the file became shorter while it was read", 0);
      else
        agent_file_fail (answer, errno);
      return;
    }
  agent_sha256_finish_text (&sha, hex);
  agent_answer_result (answer,
                       job->want_sha256 ? json_pack ("{ss}", "sha256", hex) : json_object ());
}

/* Returns 0, or why the target is not what the host takes it for. */
static int
check_target (const AgentTemp *temp, AgentFileIf condition, struct stat *info, bool *exists)
{
  *exists = fstatat (temp->directory, temp->name, info, AT_SYMLINK_NOFOLLOW) == 0;
  if (!*exists)
    return errno != ENOENT || condition == AGENT_IF_REPLACE ? errno : 0;
  if (condition == AGENT_IF_NEW)
    return EEXIST;
  if (S_ISREG (info->st_mode))
    return 0;
  if (S_ISDIR (info->st_mode))
    return EISDIR;
  return S_ISLNK (info->st_mode) ? ELOOP : EXDEV;
}

/* Returns 0 or an errno. What cannot be known counts as enough: the write itself will tell. */
static int
check_space (int fd, int64_t size, int64_t have)
{
  struct statvfs fs;
  uint64_t left = (uint64_t) (size - have);

  if (size == have)
    return 0;
  if (fstatvfs (fd, &fs) == 0 && fs.f_blocks > 0 && fs.f_frsize > 0 &&
      fs.f_bavail < left / fs.f_frsize + 1)
    return ENOSPC;
  if (fallocate (fd, FALLOC_FL_KEEP_SIZE, have, (off_t) left) < 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return errno;
  return 0;
}

/* A write that was interrupted just now may still be in the kernel; two must not write one file. */
static int
lock_temp (int fd)
{
  const struct timespec pause = { 0, 10000000 };

  for (int i = 0; i < LOCK_TRIES; i++)
    {
      if (flock (fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
      if (errno != EWOULDBLOCK && errno != EINTR)
        return errno;
      nanosleep (&pause, NULL);
    }
  return EBUSY;
}

static int
hash_existing (int fd, int64_t length, AgentSha256 *sha)
{
  if (lseek (fd, 0, SEEK_SET) < 0)
    return errno;
  while (sha != NULL && length > 0)
    {
      ssize_t n = read_some (fd, block, length < BLOCK_SIZE ? (size_t) length : BLOCK_SIZE);

      if (n <= 0)
        return n < 0 ? errno : EIO;
      agent_sha256_update (sha, block, (size_t) n);
      length -= n;
    }
  /* It is locked, so nobody else appends; and no pipe is spliced to a file that appends. */
  return lseek (fd, 0, SEEK_END) < 0 || fcntl (fd, F_SETFL, 0) < 0 ? errno : 0;
}

/* Pages are copied once, into the cache, where the file system can take them from a pipe and nobody
 * wants their sum. Returns as read(), -1 with errno for the file: reading the pipe does not fail.
 */
static ssize_t
receive_some (int fd, size_t length, AgentSha256 *sha)
{
  ssize_t n = -1;

  if (sha == NULL)
    {
      struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

      /* Waited for outside of splice(): inside, the kernel counts the wait as a write to the file
       * system, and nobody could freeze it as long as the host sends nothing. */
      do
        n = poll (&input, 1, -1) < 0
                ? -1
                : splice (STDIN_FILENO, NULL, fd, NULL, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      while (n < 0 && (errno == EINTR || errno == EAGAIN));
      if (n >= 0 || errno != EINVAL)
        return n;
    }
  n = read_some (STDIN_FILENO, block, length);
  if (n <= 0)
    return 0;
  if (sha != NULL)
    agent_sha256_update (sha, block, (size_t) n);
  return write_whole (fd, block, (size_t) n) ? n : -1;
}

/* Returns 0 when all is there and the host has said so, an errno, or -1 when the agent went away.
 */
static int
receive_content (Agent *agent, int fd, int64_t have, int64_t size, AgentSha256 *sha)
{
  int64_t flushed = have;
  Pace pace;
  size_t step = pace_begin (&pace, agent);
  char commit;

  while (have < size)
    {
      int64_t left = size - have;
      ssize_t n = receive_some (fd, left < (int64_t) step ? (size_t) left : step, sha);

      if (n <= 0)
        return n == 0 ? -1 : errno;
      have += n;
      if (have - flushed >= FLUSH_SIZE)
        {
          sync_file_range (fd, flushed, have - flushed, SYNC_FILE_RANGE_WRITE);
          flushed = have;
        }
      pace_wait (&pace, (size_t) n);
    }
  return read_some (STDIN_FILENO, &commit, 1) == 1 && commit == AGENT_FILE_COMMIT ? 0 : -1;
}

/* The owner first: changing it takes rights away again. */
static int
dress (int fd, const AgentFileJob *job, const struct stat *replaced)
{
  mode_t mode = job->mode >= 0 ? (mode_t) job->mode : 0644;
  struct timespec times[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };

  if (replaced != NULL && fchown (fd, replaced->st_uid, replaced->st_gid) < 0 && errno != EPERM)
    return errno;
  if (replaced != NULL && job->mode < 0)
    mode = replaced->st_mode;
  if (fchmod (fd, mode & 0777) < 0)
    return errno;
  if (job->mtime >= 0)
    {
      times[1].tv_sec = (time_t) (job->mtime / 1000);
      times[1].tv_nsec = (long) (job->mtime % 1000) * 1000000;
      if (futimens (fd, times) < 0)
        return errno;
    }
  return fsync (fd) < 0 ? errno : 0;
}

static int
put_in_place (const AgentTemp *temp, const AgentFileJob *job)
{
  struct stat replaced;
  bool exists;
  int error = check_target (temp, job->condition, &replaced, &exists);

  if (error == 0)
    error = dress (temp->fd, job, exists ? &replaced : NULL);
  if (error == 0)
    error = agent_temp_move (temp, job->condition == AGENT_IF_NEW);
  return error;
}

static int
begin_write (const AgentFileJob *job, AgentTemp *temp, AgentSha256 *sha, int64_t *have)
{
  struct stat info;
  bool exists;
  int error = check_target (temp, job->condition, &info, &exists);

  if (error == 0)
    error = agent_temp_open (temp, job->token, job->resume);
  if (error != 0)
    return error;
  error = lock_temp (temp->fd);
  if (error == 0 && fstat (temp->fd, &info) < 0)
    error = errno;
  *have = info.st_size;
  if (error == 0 && info.st_size > job->size)
    error = EIO;
  if (error == 0)
    error = check_space (temp->fd, job->size, *have);
  if (error == 0)
    error = hash_existing (temp->fd, *have, sha);
  return error;
}

static void
end_write (const AgentFileJob *job, AgentTemp *temp, AgentSha256 *sha, AgentAnswer *answer)
{
  char hex[AGENT_SHA256_TEXT_SIZE + 1] = "";
  int error;

  if (sha != NULL)
    agent_sha256_finish_text (sha, hex);
  if (sha != NULL && strcmp (hex, job->sha256) != 0)
    {
      agent_temp_remove (temp);
      agent_answer_error (answer, KVMA_ERROR_FAILED, "the content has another SHA-256 sum", 0);
      return;
    }
  error = put_in_place (temp, job);
  if (error != 0)
    {
      agent_temp_remove (temp);
      agent_file_fail (answer, error);
      return;
    }
  agent_answer_result (answer, sha != NULL ? json_pack ("{ss}", "sha256", hex) : json_object ());
}

void
agent_file_work_write (Agent *agent, void *input, AgentAnswer *answer)
{
  AgentFileJob *job = input;
  AgentFileHead head = { 0 };
  AgentTemp temp = { .directory = -1, .fd = -1 };
  AgentRoots roots;
  AgentSha256 state;
  AgentSha256 *sha = job->sha256[0] != '\0' ? &state : NULL;
  char *store[2];
  int error;

  give_way ();
  agent_sha256_init (&state);
  agent_file_roots (agent, job->area, store, &roots);
  if (job->area == AGENT_AREA_INBOX)
    agent_path_make_directories (agent_file_inbox (agent));
  temp.directory = agent_path_open_parent (&roots, job->path, &temp.name);
  error = temp.directory < 0 ? errno : begin_write (job, &temp, sha, &head.offset);
  head.size = job->size;
  if (error == 0 && !write_whole (STDOUT_FILENO, &head, sizeof head))
    error = -1;
  if (error == 0)
    error = receive_content (agent, temp.fd, head.offset, job->size, sha);
  if (error == 0)
    end_write (job, &temp, sha, answer);
  else if (error > 0)
    {
      if (temp.fd >= 0 && error != EBUSY)
        agent_temp_remove (&temp);
      agent_file_fail (answer, error);
    }
}

void
agent_file_work_discard (Agent *agent, void *input, AgentAnswer *answer)
{
  AgentFileJob *job = input;
  AgentTemp temp = { .directory = -1, .fd = -1 };
  AgentRoots roots;
  char *store[2];

  agent_file_roots (agent, job->area, store, &roots);
  temp.directory = agent_path_open_parent (&roots, job->path, &temp.name);
  if (temp.directory >= 0 && agent_temp_open (&temp, job->token, true) == 0)
    agent_temp_remove (&temp);
  agent_answer_result (answer, json_object ());
}

void
agent_file_work_leftovers (Agent *agent, void *input, AgentAnswer *answer)
{
  agent_temp_remove_leftovers (agent->instance);
  agent_answer_result (answer, json_object ());
}

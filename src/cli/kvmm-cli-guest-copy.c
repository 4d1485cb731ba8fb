/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>

#include "agent/kvmm-agent-files.h"
#include "cli/kvmm-cli-guest.h"
#include "util/kvmm-units.h"

/* guest-copy: one file out of a guest, or into it. The name of a file of the host is what was typed
 * and nothing else; what the guest says never becomes part of it. */

#define STANDARD "-"
#define TRIES 5
#define REOPEN_SECONDS 60
#define PROGRESS_MS 250

typedef struct
{
  KvmmCliGuest *guest; /* (unowned) */
  const char *remote;  /* (unowned) the guest's path */
  const char *local;   /* (unowned) */
  gboolean force;

  int fd;          /* of the local side, -1 */
  char *temporary; /* (owned) (nullable) exists and is to be removed */
  guint64 size;    /* of the whole file */
  guint64 offset;  /* done before this try */
  guint64 moved;   /* in this try */
  gint64 modified_ms;
  guint mode;
  char *token; /* (owned) (nullable) of an upload that was begun */
  gint64 begin_us;
  guint64 begin_offset;
} Copy;

static void
copy_clear (Copy *copy)
{
  if (copy->fd >= 0)
    close (copy->fd);
  copy->fd = -1;
  if (copy->temporary != NULL)
    unlink (copy->temporary);
  g_clear_pointer (&copy->temporary, g_free);
  g_clear_pointer (&copy->token, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Copy, copy_clear)

static KvmmExit
local_failed (Copy *copy, const char *what)
{
  kvmm_cli_error ("%s %s: %s", what, copy->local, g_strerror (errno));
  return KVMM_EXIT_FAILED;
}

/* ---- progress ---- */

static gboolean
progress_cb (gpointer user_data)
{
  Copy *copy = user_data;
  guint64 done = copy->offset + copy->moved;
  double seconds = (double) (g_get_monotonic_time () - copy->begin_us) / G_USEC_PER_SEC;
  double fraction = copy->size > 0 ? (double) done / (double) copy->size : 1;
  g_autofree char *so_far = kvmm_units_bytes (done);
  g_autofree char *total = kvmm_units_bytes (copy->size);
  g_autofree char *rate = kvmm_units_rate (
      seconds > 0 ? (double) (done - MIN (done, copy->begin_offset)) / seconds : 0);

  g_printerr (_ ("\r\033[K%3.0f%%  %s of %s  %s"), MIN (fraction, 1) * 100, so_far, total, rate);
  return G_SOURCE_CONTINUE;
}

static guint
begin_progress (Copy *copy)
{
  copy->begin_us = g_get_monotonic_time ();
  copy->begin_offset = copy->offset;
  return isatty (STDERR_FILENO) ? g_timeout_add (PROGRESS_MS, progress_cb, copy) : 0;
}

static void
end_progress (guint id)
{
  if (id == 0)
    return;
  g_source_remove (id);
  g_printerr ("\r\033[K");
}

/* ---- one try ---- */

static gboolean
pump (Copy *copy, GInputStream *from, GOutputStream *to, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  copy->moved = 0;
  kvmm_cli_pump_async (from, to, &copy->moved, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  return kvmm_cli_pump_finish (result, error);
}

static gboolean
wait_end (KvmmAgentStream *stream, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmAgentStreamEnd) end = NULL;

  kvmm_agent_stream_wait_async (stream, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  end = kvmm_agent_stream_wait_finish (stream, result, error);
  return end != NULL;
}

/* The reason is in the end of the stream; without one, what happened on this side counts. */
static void
prefer_end (KvmmAgentStream *stream, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if ((*error)->domain != KVMM_AGENT_ERROR || wait_end (stream, &reason))
    return;
  g_clear_error (error);
  *error = g_steal_pointer (&reason);
}

static gboolean
close_output (KvmmAgentStream *stream, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (stream));

  g_output_stream_close_async (output, G_PRIORITY_DEFAULT, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  return g_output_stream_close_finish (output, result, error);
}

/* ---- out of the guest ---- */

static gboolean
has_changed (Copy *copy, const KvmmAgentFileStream *file)
{
  return copy->offset > 0 &&
         (file->size_bytes != copy->size || file->modified_ms != copy->modified_ms);
}

static gboolean
download (Copy *copy, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmAgentFileStream) file = NULL;
  g_autoptr (GOutputStream) output = NULL;

  kvmm_agent_client_read_file_async (copy->guest->agent, copy->remote, copy->offset, NULL,
                                     kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  file = kvmm_agent_client_read_file_finish (copy->guest->agent, result, error);
  if (file == NULL)
    return FALSE;
  if (has_changed (copy, file))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   _ ("the file was changed in the guest meanwhile"));
      return FALSE;
    }
  copy->size = file->size_bytes;
  copy->modified_ms = file->modified_ms;
  copy->mode = file->mode;
  output = kvmm_cli_output_new (copy->fd);
  if (!pump (copy, g_io_stream_get_input_stream (G_IO_STREAM (file->stream)), output, error))
    {
      prefer_end (file->stream, error);
      return FALSE;
    }
  return wait_end (file->stream, error);
}

/* ---- into the guest ---- */

static gboolean
upload (Copy *copy, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmAgentFileStream) file = NULL;
  g_autoptr (GInputStream) input = g_unix_input_stream_new (copy->fd, FALSE);
  KvmmAgentWrite write = {
    .path = copy->remote,
    .size_bytes = copy->size,
    .mode = copy->mode,
    .modified_ms = copy->modified_ms,
    .write_mode = copy->force ? KVMM_AGENT_WRITE_ANY : KVMM_AGENT_WRITE_NEW,
    .resume = copy->token,
  };

  kvmm_agent_client_write_file_async (copy->guest->agent, &write, NULL, kvmm_cli_result_cb,
                                      &result);
  kvmm_cli_await_result (&result);
  file = kvmm_agent_client_write_file_finish (copy->guest->agent, result, error);
  if (file == NULL)
    return FALSE;
  g_free (copy->token);
  copy->token = g_strdup (file->token);
  copy->offset = file->offset;
  if (lseek (copy->fd, (off_t) copy->offset, SEEK_SET) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
      return FALSE;
    }
  if (!pump (copy, input, g_io_stream_get_output_stream (G_IO_STREAM (file->stream)), error) ||
      !close_output (file->stream, error))
    {
      prefer_end (file->stream, error);
      return FALSE;
    }
  return wait_end (file->stream, error);
}

/* ---- all tries ---- */

static gboolean
begin_anew (Copy *copy)
{
  copy->offset = 0;
  copy->moved = 0;
  g_clear_pointer (&copy->token, g_free);
  return lseek (copy->fd, 0, SEEK_SET) == 0;
}

/* Returns: whether another try makes sense */
static gboolean
recover (Copy *copy, gboolean is_upload, const GError *error)
{
  /* The guest does not remember the upload any more. */
  if (is_upload && copy->token != NULL &&
      g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_FOUND))
    return begin_anew (copy);
  if (!kvmm_cli_guest_is_lost (error))
    return FALSE;
  if (!is_upload)
    copy->offset += copy->moved;
  copy->moved = 0;
  g_printerr ("%s%s\n", isatty (STDERR_FILENO) ? "\r\033[K" : "",
              _ ("The guest agent was lost; waiting for it to go on"));
  return kvmm_cli_guest_reopen (copy->guest, REOPEN_SECONDS);
}

static KvmmExit
run (Copy *copy, gboolean is_upload)
{
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;
  guint progress = begin_progress (copy);

  for (guint i = 0; i < TRIES && !done; i++)
    {
      g_clear_error (&error);
      done = is_upload ? upload (copy, &error) : download (copy, &error);
      if (!done && !recover (copy, is_upload, error))
        break;
    }
  end_progress (progress);
  if (!done && is_upload && !copy->force &&
      g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_EXISTS))
    {
      kvmm_cli_error (_ ("%s exists in the guest; --force overwrites it"), copy->remote);
      return KVMM_EXIT_FAILED;
    }
  return done ? KVMM_EXIT_OK : kvmm_cli_guest_failed (_ ("Could not copy the file"), error);
}

/* Nothing but a file can be copied. */
static KvmmExit
check_remote (Copy *copy)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmGuestFile) file = NULL;

  kvmm_agent_client_stat_file_async (copy->guest->agent, copy->remote, NULL, kvmm_cli_result_cb,
                                     &result);
  kvmm_cli_await_result (&result);
  file = kvmm_agent_client_stat_file_finish (copy->guest->agent, result, &error);
  if (file == NULL)
    return kvmm_cli_guest_failed (_ ("Could not copy the file"), error);
  if (file->type == KVMM_GUEST_FILE_REGULAR || file->type == KVMM_GUEST_FILE_LINK)
    return KVMM_EXIT_OK;
  kvmm_cli_error (file->type == KVMM_GUEST_FILE_DIRECTORY
                      ? _ ("%s is a directory in the guest; only single files are copied")
                      : _ ("%s is no regular file in the guest"),
                  copy->remote);
  return KVMM_EXIT_FAILED;
}

static KvmmExit
open_target (Copy *copy)
{
  struct stat st;

  if (g_str_equal (copy->local, STANDARD))
    {
      copy->fd = dup (STDOUT_FILENO);
      return copy->fd >= 0 ? KVMM_EXIT_OK : local_failed (copy, _ ("Could not open"));
    }
  if (stat (copy->local, &st) == 0)
    {
      if (S_ISDIR (st.st_mode))
        kvmm_cli_error (_ ("%s is a directory; name the file to write"), copy->local);
      else if (!copy->force)
        kvmm_cli_error (_ ("%s exists; --force overwrites it"), copy->local);
      if (S_ISDIR (st.st_mode) || !copy->force)
        return KVMM_EXIT_FAILED;
    }
  /* In the same folder, so that moving it to its place is one step. */
  copy->temporary = g_strdup_printf ("%s.XXXXXX", copy->local);
  copy->fd = g_mkstemp_full (copy->temporary, O_RDWR | O_CLOEXEC, 0600);
  if (copy->fd >= 0)
    return KVMM_EXIT_OK;
  g_clear_pointer (&copy->temporary, g_free);
  return local_failed (copy, _ ("Could not create"));
}

static KvmmExit
put_into_place (Copy *copy)
{
  mode_t mask = umask (0);
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };
  int done;

  umask (mask);
  if (copy->temporary == NULL)
    return KVMM_EXIT_OK;
  /* Never with more rights than this user gives to new files. */
  fchmod (copy->fd, (copy->mode != 0 ? copy->mode : 0644) & 0777 & ~mask);
  if (copy->modified_ms > 0)
    {
      times[1].tv_sec = (time_t) (copy->modified_ms / 1000);
      times[1].tv_nsec = (copy->modified_ms % 1000) * 1000000;
    }
  futimens (copy->fd, times);
  /* A link does not overwrite what came into being meanwhile. */
  done = copy->force ? rename (copy->temporary, copy->local) : link (copy->temporary, copy->local);
  if (done != 0 && !copy->force && errno != EEXIST)
    done = rename (copy->temporary, copy->local);
  if (done != 0)
    return local_failed (copy, _ ("Could not create"));
  if (!copy->force)
    unlink (copy->temporary);
  g_clear_pointer (&copy->temporary, g_free);
  return KVMM_EXIT_OK;
}

static KvmmExit
copy_out (Copy *copy)
{
  KvmmExit code = kvmm_cli_guest_check (copy->guest, KVMM_GUEST_GROUP_FILE_READ, "allow", TRUE);

  if (code == KVMM_EXIT_OK)
    code = check_remote (copy);
  if (code == KVMM_EXIT_OK)
    code = open_target (copy);
  if (code == KVMM_EXIT_OK)
    code = run (copy, FALSE);
  return code == KVMM_EXIT_OK ? put_into_place (copy) : code;
}

/* The guest wants to know the size first. */
static KvmmExit
spool_standard_input (Copy *copy)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "kvm-manager-XXXXXX", NULL);
  g_autoptr (GInputStream) input = kvmm_cli_input_new (STDIN_FILENO);
  g_autoptr (GOutputStream) output = NULL;
  g_autoptr (GError) error = NULL;

  copy->fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (copy->fd < 0)
    return local_failed (copy, _ ("Could not read"));
  unlink (path);
  output = g_unix_output_stream_new (copy->fd, FALSE);
  if (!pump (copy, input, output, &error))
    {
      kvmm_cli_error ("%s", error->message);
      return KVMM_EXIT_FAILED;
    }
  copy->size = copy->moved;
  copy->moved = 0;
  return KVMM_EXIT_OK;
}

static KvmmExit
open_source (Copy *copy)
{
  struct stat st;

  if (g_str_equal (copy->local, STANDARD))
    return spool_standard_input (copy);
  copy->fd = open (copy->local, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (copy->fd < 0 || fstat (copy->fd, &st) != 0)
    return local_failed (copy, _ ("Could not read"));
  if (!S_ISREG (st.st_mode))
    {
      kvmm_cli_error (S_ISDIR (st.st_mode)
                          ? _ ("%s is a directory; only single files are copied")
                          : _ ("%s is no regular file; pass its content through standard input, "
                               "with “-”"),
                      copy->local);
      return KVMM_EXIT_FAILED;
    }
  copy->size = (guint64) st.st_size;
  copy->mode = st.st_mode & 0777;
  copy->modified_ms = (gint64) st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
  return KVMM_EXIT_OK;
}

static KvmmExit
copy_in (Copy *copy)
{
  KvmmExit code = kvmm_cli_guest_check (copy->guest, KVMM_GUEST_GROUP_FILE_WRITE, "allow", TRUE);

  if (code == KVMM_EXIT_OK)
    code = open_source (copy);
  return code == KVMM_EXIT_OK ? run (copy, TRUE) : code;
}

/* NAME:/PATH. Returns: (nullable): the path; what stands before it is cut off */
static char *
split_remote (char *operand)
{
  char *colon = strstr (operand, ":/");

  if (colon == NULL || colon == operand || memchr (operand, '/', (gsize) (colon - operand)) != NULL)
    return NULL;
  *colon = '\0';
  return colon + 1;
}

int
kvmm_cli_guest_copy (KvmmCliSession *session)
{
  g_autofree char *from = g_strdup (session->arguments[1]);
  g_autofree char *to = g_strdup (session->arguments[2]);
  char *from_path = split_remote (from);
  char *to_path = split_remote (to);
  g_auto (KvmmCliGuest) guest = { 0 };
  g_auto (Copy) copy = { .guest = &guest, .fd = -1, .force = session->force };
  KvmmExit code;

  if ((from_path == NULL) == (to_path == NULL))
    {
      kvmm_cli_error (
          _ ("One of the two must be NAME:/PATH, a file in a guest, the other a file on "
             "this computer or “-”"));
      return KVMM_EXIT_USAGE;
    }
  code = kvmm_cli_guest_open (&guest, session, from_path != NULL ? from : to);
  if (code != KVMM_EXIT_OK)
    return (int) code;
  copy.remote = from_path != NULL ? from_path : to_path;
  copy.local = from_path != NULL ? to : from;
  return (int) (from_path != NULL ? copy_out (&copy) : copy_in (&copy));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-ssh-transport.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

/* Longest text of ssh that is shown, in bytes. */
#define MAX_MESSAGE_BYTES 500
/* Seconds until a host that does not answer is given up, and between signs of life. */
#define CONNECT_TIMEOUT "30"
#define ALIVE_INTERVAL "15"
/* Most streams of one host at a time; SPICE takes about ten per screen. */
#define MAX_STREAMS 256
#define CONTROL_NAME "control"

struct _KvmmSshTransport
{
  GObject parent_instance;

  char *key;             /* (owned) in the table of all */
  char *host_name;       /* (owned) for texts */
  GPtrArray *arguments;  /* (owned) (element-type utf8) ssh and how to reach the host */
  char *folder;          /* (owned) (nullable) private, with the control socket */
  GSubprocess *master;   /* (owned) (nullable) */
  GFileMonitor *monitor; /* (owned) (nullable) of folder until the socket is there */
  gboolean is_ready;
  GQueue waiting; /* of GTask (owned): until the master is signed in */
  guint n_streams;
};

G_DEFINE_FINAL_TYPE (KvmmSshTransport, kvmm_ssh_transport, G_TYPE_OBJECT)

/* One stream that is being opened or open. */
typedef struct
{
  char *host;
  guint port;
  gboolean is_greeted;
  GSubprocess *process; /* (owned) (nullable) */
  int fd;               /* (owned) ours of the pair, -1 once given away */
  guint source;         /* waits for the first byte */
  gboolean is_done;     /* the caller has its answer */
} Stream;

static GHashTable *transports; /* key → KvmmSshTransport (unowned) */

static void
stream_free (Stream *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  g_clear_object (&self->process);
  g_free (self->host);
  g_free (self);
}

/* ---- what ssh is called with ---- */

gboolean
kvmm_ssh_transport_is_for (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  const char *transport = parsed != NULL ? strchr (g_uri_get_scheme (parsed), '+') : NULL;

  return transport != NULL &&
         (g_str_equal (transport, "+ssh") || g_str_equal (transport, "+libssh") ||
          g_str_equal (transport, "+libssh2"));
}

static void
add_option (GPtrArray *arguments, const char *name, const char *value)
{
  g_ptr_array_add (arguments, g_strdup (name));
  g_ptr_array_add (arguments, g_strdup (value));
}

/* "ssh [-p PORT] [-l USER] [-i KEY]"; the host comes last, after "--". */
static GPtrArray *
create_arguments (GUri *uri)
{
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);
  const char *query = g_uri_get_query (uri);
  g_autoptr (GHashTable) parameters =
      g_uri_parse_params (query != NULL ? query : "", -1, "&", G_URI_PARAMS_NONE, NULL);
  const char *command = parameters ? g_hash_table_lookup (parameters, "command") : NULL;
  const char *key_file = parameters ? g_hash_table_lookup (parameters, "keyfile") : NULL;
  const char *no_verify = parameters ? g_hash_table_lookup (parameters, "no_verify") : NULL;

  g_ptr_array_add (arguments, g_strdup (command != NULL ? command : "ssh"));
  add_option (arguments, "-o", "ConnectTimeout=" CONNECT_TIMEOUT);
  if (g_uri_get_port (uri) > 0)
    {
      g_autofree char *port = g_strdup_printf ("%d", g_uri_get_port (uri));

      add_option (arguments, "-p", port);
    }
  if (g_uri_get_userinfo (uri) != NULL && *g_uri_get_userinfo (uri) != '\0')
    add_option (arguments, "-l", g_uri_get_userinfo (uri));
  if (key_file != NULL)
    add_option (arguments, "-i", key_file);
  if (no_verify != NULL && !g_str_equal (no_verify, "0"))
    add_option (arguments, "-o", "StrictHostKeyChecking=no");
  return arguments;
}

static char **
build_command (KvmmSshTransport *self, const char *const *more)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *control = g_build_filename (self->folder, CONTROL_NAME, NULL);

  for (guint i = 0; i < self->arguments->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (self->arguments, i));
  g_strv_builder_add_many (builder, "-T", "-S", control, NULL);
  g_strv_builder_addv (builder, (const char **) more);
  g_strv_builder_add_many (builder, "--", self->host_name, NULL);
  return g_strv_builder_end (builder);
}

/* What ssh said, without the lines that name its own channels. */
static char *
dup_message (const char *text)
{
  g_autofree char *cut = g_strndup (text != NULL ? text : "", MAX_MESSAGE_BYTES);
  g_autofree char *line = kvmm_guest_text_sanitise_line (g_strchomp (cut), -1);

  return *line != '\0' ? g_steal_pointer (&line) : g_strdup (_ ("ssh ended without a word"));
}

/* ---- streams ---- */

static void
give_away (GTask *task)
{
  Stream *stream = g_task_get_task_data (task);
  int fd = stream->fd;

  stream->fd = -1;
  stream->is_done = TRUE;
  g_task_return_int (task, fd);
}

static gboolean
has_greeting (Stream *stream)
{
  char byte;

  return stream->is_greeted && recv (stream->fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The process has ended, before or after the stream was given away. */
static void
stream_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmSshTransport *self = g_task_get_source_object (task);
  Stream *stream = g_task_get_task_data (task);
  g_autofree char *errors = NULL;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, NULL, &errors, NULL);
  self->n_streams--;
  g_clear_handle_id (&stream->source, g_source_remove);
  if (stream->is_done)
    return;
  if (has_greeting (stream))
    {
      give_away (task);
      return;
    }
  stream->is_done = TRUE;
  if (g_task_return_error_if_cancelled (task))
    return;

  g_autofree char *message = dup_message (errors);
  g_task_return_new_error (task, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_PORT_CLOSED,
                           _ ("Port %u cannot be reached on %s: %s"), stream->port, self->host_name,
                           message);
}

static gboolean
greeted_cb (int fd, GIOCondition condition, gpointer user_data)
{
  GTask *task = user_data;
  Stream *stream = g_task_get_task_data (task);
  stream->source = 0;
  /* At its end the process says why. */
  if (has_greeting (stream) && !stream->is_done)
    give_away (task);
  return G_SOURCE_REMOVE;
}

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  GTask *task = user_data;
  KvmmSshTransport *self = g_task_get_source_object (task);
  Stream *stream = g_task_get_task_data (task);

  if (stream->is_done)
    return;
  if (stream->process != NULL)
    g_subprocess_force_exit (stream->process);
  else if (g_queue_remove (&self->waiting, task))
    {
      /* Nobody waits for the master any more when the last reference goes with this one. */
      g_autoptr (GTask) owned = task;

      stream->is_done = TRUE;
      g_task_return_error_if_cancelled (owned);
    }
}

static void
start_stream (KvmmSshTransport *self, GTask *task)
{
  Stream *stream = g_task_get_task_data (task);
  g_autofree char *target = g_strdup_printf (strchr (stream->host, ':') ? "[%s]:%u" : "%s:%u",
                                             stream->host, stream->port);
  const char *more[] = { "-W", target, NULL };
  g_auto (GStrv) command = build_command (self, more);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  GError *error = NULL;
  int fds[2];

  if (self->n_streams >= MAX_STREAMS || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
    {
      stream->is_done = TRUE;
      g_task_return_new_error (task, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_SSH,
                               _ ("Too many streams to %s are open"), self->host_name);
      return;
    }
  stream->fd = fds[0];
  g_subprocess_launcher_take_stdin_fd (launcher, fds[1]);
  g_subprocess_launcher_take_stdout_fd (launcher, fcntl (fds[1], F_DUPFD_CLOEXEC, 3));
  stream->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) command, &error);
  if (stream->process == NULL)
    {
      stream->is_done = TRUE;
      g_task_return_error (task, error);
      return;
    }
  self->n_streams++;
  /* The launcher's ends are the process's alone now: its end is the stream's. */
  g_subprocess_launcher_close (launcher);
  g_subprocess_communicate_utf8_async (stream->process, NULL, NULL, stream_ended_cb,
                                       g_object_ref (task));
  if (!stream->is_greeted)
    {
      give_away (task);
      return;
    }
  stream->source = g_unix_fd_add (stream->fd, G_IO_IN | G_IO_HUP, greeted_cb, task);
}

/* ---- the master ---- */

static void
forget_folder (KvmmSshTransport *self)
{
  if (self->folder == NULL)
    return;

  g_autofree char *control = g_build_filename (self->folder, CONTROL_NAME, NULL);
  g_unlink (control);
  g_rmdir (self->folder);
  g_clear_pointer (&self->folder, g_free);
}

static void
forget_master (KvmmSshTransport *self)
{
  self->is_ready = FALSE;
  if (self->monitor != NULL)
    g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_clear_object (&self->monitor);
  g_clear_object (&self->master);
  forget_folder (self);
}

static void
fail_waiting (KvmmSshTransport *self, const char *message)
{
  GTask *task;

  while ((task = g_queue_pop_head (&self->waiting)) != NULL)
    {
      ((Stream *) g_task_get_task_data (task))->is_done = TRUE;
      g_task_return_new_error (task, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_SSH,
                               _ ("There is no ssh connection to %s: %s"), self->host_name,
                               message);
      g_object_unref (task);
    }
}

static void
master_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GWeakRef *ref = user_data;
  g_autoptr (KvmmSshTransport) self = g_weak_ref_get (ref);
  g_autofree char *errors = NULL;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, NULL, &errors, NULL);
  g_weak_ref_clear (ref);
  g_free (ref);
  if (self == NULL || self->master != G_SUBPROCESS (source))
    return;
  forget_master (self);

  g_autofree char *message = dup_message (errors);
  fail_waiting (self, message);
}

static void
check_ready (KvmmSshTransport *self)
{
  g_autofree char *control = g_build_filename (self->folder, CONTROL_NAME, NULL);
  GTask *task;

  if (self->is_ready || !g_file_test (control, G_FILE_TEST_EXISTS))
    return;
  self->is_ready = TRUE;
  while ((task = g_queue_pop_head (&self->waiting)) != NULL)
    {
      start_stream (self, task);
      g_object_unref (task);
    }
}

static void
folder_changed_cb (GFileMonitor *monitor,
                   GFile *file,
                   GFile *other,
                   GFileMonitorEvent event,
                   KvmmSshTransport *self)
{
  check_ready (self);
}

static gboolean
start_master (KvmmSshTransport *self, GError **error)
{
  static const char *const more[] = {
    "-M", "-N", "-o", "ControlPersist=no", "-o", "ServerAliveInterval=" ALIVE_INTERVAL, NULL
  };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autofree char *folder = g_build_filename (g_get_user_runtime_dir (), "kvmm-ssh-XXXXXX", NULL);

  g_mkdir_with_parents (g_get_user_runtime_dir (), 0700);
  if (g_mkdtemp (folder) == NULL)
    {
      g_set_error (error, KVMM_CONSOLE_ERROR, KVMM_CONSOLE_ERROR_SSH,
                   _ ("No private folder can be made in %s"), g_get_user_runtime_dir ());
      return FALSE;
    }
  self->folder = g_steal_pointer (&folder);

  g_autoptr (GFile) file = g_file_new_for_path (self->folder);
  g_auto (GStrv) command = build_command (self, more);
  self->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_NONE, NULL, error);
  self->master = self->monitor != NULL
                     ? g_subprocess_launcher_spawnv (launcher, (const char *const *) command, error)
                     : NULL;
  if (self->master == NULL)
    {
      forget_master (self);
      return FALSE;
    }
  g_signal_connect (self->monitor, "changed", G_CALLBACK (folder_changed_cb), self);

  GWeakRef *ref = g_new0 (GWeakRef, 1);
  g_weak_ref_init (ref, self);
  g_subprocess_communicate_utf8_async (self->master, NULL, NULL, master_ended_cb, ref);
  return TRUE;
}

/* ---- the object ---- */

void
kvmm_ssh_transport_open_async (KvmmSshTransport *self,
                               const char *host,
                               guint port,
                               gboolean is_greeted,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_SSH_TRANSPORT (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Stream *stream = g_new0 (Stream, 1);
  GError *error = NULL;

  stream->host = g_strdup (host);
  stream->port = port;
  stream->is_greeted = is_greeted;
  stream->fd = -1;
  g_task_set_source_tag (task, kvmm_ssh_transport_open_async);
  g_task_set_task_data (task, stream, (GDestroyNotify) stream_free);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (cancellable != NULL)
    g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (cancelled_cb), task, 0);
  if (self->is_ready)
    {
      start_stream (self, task);
      return;
    }
  if (self->master == NULL && !start_master (self, &error))
    {
      stream->is_done = TRUE;
      g_task_return_error (task, error);
      return;
    }
  g_queue_push_tail (&self->waiting, g_object_ref (task));
}

int
kvmm_ssh_transport_open_finish (KvmmSshTransport *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  return (int) g_task_propagate_int (G_TASK (result), error);
}

gboolean
kvmm_ssh_transport_get_is_ready (KvmmSshTransport *self)
{
  g_return_val_if_fail (KVMM_IS_SSH_TRANSPORT (self), FALSE);
  return self->is_ready;
}

static void
kvmm_ssh_transport_finalize (GObject *object)
{
  KvmmSshTransport *self = KVMM_SSH_TRANSPORT (object);

  g_hash_table_remove (transports, self->key);
  if (self->master != NULL)
    g_subprocess_send_signal (self->master, SIGTERM);
  forget_master (self);
  g_clear_pointer (&self->arguments, g_ptr_array_unref);
  g_clear_pointer (&self->host_name, g_free);
  g_clear_pointer (&self->key, g_free);

  G_OBJECT_CLASS (kvmm_ssh_transport_parent_class)->finalize (object);
}

static void
kvmm_ssh_transport_class_init (KvmmSshTransportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_ssh_transport_finalize;
}

static void
kvmm_ssh_transport_init (KvmmSshTransport *self)
{
  g_queue_init (&self->waiting);
}

KvmmSshTransport *
kvmm_ssh_transport_get (const char *uri)
{
  KVMM_ASSERT_MAIN_THREAD ();

  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  g_return_val_if_fail (parsed != NULL, NULL);

  g_autoptr (GPtrArray) arguments = create_arguments (parsed);
  const char *host = g_uri_get_host (parsed) != NULL ? g_uri_get_host (parsed) : "localhost";
  GString *key = g_string_new (host);
  for (guint i = 0; i < arguments->len; i++)
    g_string_append_printf (key, "\n%s", (const char *) g_ptr_array_index (arguments, i));
  g_autofree char *key_text = g_string_free (key, FALSE);

  if (transports == NULL)
    transports = g_hash_table_new (g_str_hash, g_str_equal);
  KvmmSshTransport *self = g_hash_table_lookup (transports, key_text);
  if (self != NULL)
    return g_object_ref (self);

  self = g_object_new (KVMM_TYPE_SSH_TRANSPORT, NULL);
  self->key = g_steal_pointer (&key_text);
  self->host_name = g_strdup (host);
  self->arguments = g_steal_pointer (&arguments);
  g_hash_table_insert (transports, self->key, self);
  return self;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent-fixture.h"

#include <string.h>

#include "agent/kvmm-agent-exec.h"
#include "agent/kvmm-agent-files.h"
#include "agent/kvmm-agent-maintenance.h"
#include "agent/kvmm-agent-processes.h"
#include "protocol/kvma-names.h"
#include "util/kvmm-thread.h"

/* Each typed call: what goes over the wire, what comes back, and what the host's lock stops. */

typedef struct
{
  const char *method;
  void (*start) (KvmmAgentClient *client, GAsyncReadyCallback callback, gpointer data);
  /* Checks what came when @error is %NULL; always finishes the call. */
  void (*finish) (KvmmAgentClient *client, GAsyncResult *result, GError **error);
  const char *params; /* exactly as sent */
  const char *result;
  const char *wrong; /* (nullable) a result that the schema must refuse */
  gboolean is_gated;
  gboolean changes; /* its outcome is unknown when the session ends first */
} Case;

static void
result_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **slot = data;

  g_assert_null (*slot);
  *slot = g_object_ref (result);
}

#define START(name) static void name (KvmmAgentClient *c, GAsyncReadyCallback cb, gpointer d)
#define FINISH(name) static void name (KvmmAgentClient *c, GAsyncResult *r, GError **error)

/* ---- processes ---- */

START (start_processes)
{
  kvmm_agent_client_list_processes_async (c, KVMM_AGENT_SORT_MEMORY, "ssh", TRUE, 1000, NULL, cb,
                                          d);
}

FINISH (finish_processes)
{
  KvmmGuestListInfo info;
  g_autoptr (GPtrArray) rows = kvmm_agent_client_list_processes_finish (c, r, &info, error);
  const KvmmGuestProcess *process;

  if (rows == NULL)
    return;
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpuint (info.total, ==, 7);
  g_assert_true (info.is_truncated);
  process = rows->pdata[0];
  g_assert_cmpuint (process->pid, ==, 12);
  g_assert_cmpuint (process->parent_pid, ==, 1);
  g_assert_cmpstr (process->user, ==, "root");
  g_assert_cmpstr (process->command, ==, "sshd[31m");
  g_assert_cmpint (process->state, ==, 'S');
  g_assert_cmpfloat (process->cpu, ==, 2.5);
  g_assert_cmpuint (process->resident_bytes, ==, 1024 * 1024);
  g_assert_cmpint (process->start_time_s, ==, 1700000000);
}

START (start_signal_process)
{
  kvmm_agent_client_signal_process_async (c, 12, 1700000000, "TERM", NULL, cb, d);
}

FINISH (finish_signal_process)
{
  kvmm_agent_client_signal_process_finish (c, r, error);
}

START (start_services)
{
  kvmm_agent_client_list_services_async (c, NULL, cb, d);
}

FINISH (finish_services)
{
  g_autofree char *manager = NULL;
  KvmmGuestListInfo info;
  g_autoptr (GPtrArray) rows =
      kvmm_agent_client_list_services_finish (c, r, &manager, &info, error);

  if (rows == NULL)
    return;
  g_assert_cmpstr (manager, ==, "systemd");
  g_assert_cmpuint (rows->len, ==, 2);
  g_assert_cmpint (((KvmmGuestService *) rows->pdata[0])->state, ==, KVMM_GUEST_SERVICE_FAILED);
  g_assert_cmpint (((KvmmGuestService *) rows->pdata[1])->state, ==, KVMM_GUEST_SERVICE_UNKNOWN);
}

START (start_log)
{
  kvmm_agent_client_tail_log_async (c, TRUE, "ssh.service", 5000, FALSE, NULL, cb, d);
}

FINISH (finish_log)
{
  g_autofree char *source = NULL;
  g_autoptr (KvmmAgentStream) stream = kvmm_agent_client_tail_log_finish (c, r, &source, error);

  if (stream != NULL)
    g_assert_cmpstr (source, ==, "kmsg");
}

/* ---- commands and terminals ---- */

START (start_commands)
{
  kvmm_agent_client_list_commands_async (c, NULL, cb, d);
}

FINISH (finish_commands)
{
  g_autoptr (GPtrArray) rows = kvmm_agent_client_list_commands_finish (c, r, error);
  const KvmmGuestCommand *command;

  if (rows == NULL)
    return;
  command = rows->pdata[0];
  g_assert_cmpstr (command->name, ==, "restart-nginx");
  g_assert_cmpstr (command->command_line, ==, "/usr/bin/systemctl restart 'my nginx'");
  g_assert_cmpstr (command->run_as, ==, "root");
  g_assert_cmpuint (command->timeout_s, ==, 30);
  g_assert_true (command->takes_arguments);
}

START (start_run)
{
  const char *const arguments[] = { "-v", NULL };
  const KvmmAgentCommandLine line = {
    .command = "backup", .argv = arguments, .merges_errors = TRUE, .survives_us = TRUE
  };

  kvmm_agent_client_start_command_async (c, &line, NULL, cb, d);
}

FINISH (finish_run)
{
  g_autoptr (KvmmAgentJob) job = kvmm_agent_client_start_command_finish (c, r, error);

  if (job == NULL)
    return;
  g_assert_cmpint (job->job, ==, 3);
  g_assert_cmpuint (job->timeout_s, ==, 2);
  g_assert_null (job->errors);
}

START (start_command)
{
  const char *const argv[] = { "/bin/cat", "-", NULL };
  const char *const environment[] = { "LANG=C", "X=a=b", "none", "=x", NULL };
  const KvmmAgentCommandLine line = { .argv = argv,
                                      .environment = environment,
                                      .directory = "/tmp",
                                      .user = "anna",
                                      .wants_input = TRUE,
                                      .timeout_s = 7 };

  kvmm_agent_client_start_command_async (c, &line, NULL, cb, d);
}

FINISH (finish_command)
{
  g_autoptr (KvmmAgentJob) job = kvmm_agent_client_start_command_finish (c, r, error);

  if (job == NULL)
    return;
  g_assert_cmpint (job->job, ==, 3);
  g_assert_cmpuint (job->pid, ==, 99);
  g_assert_nonnull (job->errors);
  g_assert_cmpuint (kvmm_agent_stream_get_id (job->errors), ==, 4);
}

START (start_signal_job)
{
  kvmm_agent_client_signal_job_async (c, 3, "KILL", NULL, cb, d);
}

FINISH (finish_signal_job)
{
  kvmm_agent_client_signal_job_finish (c, r, error);
}

START (start_terminal)
{
  kvmm_agent_client_open_terminal_async (c, KVMM_AGENT_TERMINAL_SHELL, "root", 5000, 0,
                                         "xterm-256color", NULL, cb, d);
}

FINISH (finish_terminal)
{
  g_autoptr (KvmmAgentTerminal) terminal = kvmm_agent_client_open_terminal_finish (c, r, error);

  if (terminal != NULL)
    g_assert_cmpint (terminal->pty, ==, 5);
}

/* ---- files ---- */

START (start_roots)
{
  kvmm_agent_client_file_roots_async (c, NULL, cb, d);
}

FINISH (finish_roots)
{
  g_autoptr (KvmmGuestFileRoots) roots = kvmm_agent_client_file_roots_finish (c, r, error);

  if (roots == NULL)
    return;
  g_assert_cmpuint (g_strv_length (roots->read_paths), ==, 2);
  g_assert_cmpstr (roots->read_paths[0], ==, "/");
  g_assert_cmpstr (roots->read_paths[1], ==, "/a b/\xC3\xA4");
  g_assert_cmpuint (g_strv_length (roots->write_paths), ==, 0);
  g_assert_cmpstr (roots->inbox, ==, "/srv/inbox");
}

START (start_stat)
{
  kvmm_agent_client_stat_file_async (c, "/etc/x", NULL, cb, d);
}

FINISH (finish_stat)
{
  g_autoptr (KvmmGuestFile) file = kvmm_agent_client_stat_file_finish (c, r, error);

  if (file == NULL)
    return;
  g_assert_cmpstr (file->name, ==, "x\xE2\x80\xAEy");
  g_assert_cmpstr (file->display_name, ==, "xy");
  g_assert_cmpint (file->type, ==, KVMM_GUEST_FILE_LINK);
  g_assert_true (file->is_writable);
}

START (start_files)
{
  kvmm_agent_client_list_files_async (c, "/etc", 0, NULL, cb, d);
}

FINISH (finish_files)
{
  KvmmGuestListInfo info;
  g_autoptr (GPtrArray) rows = kvmm_agent_client_list_files_finish (c, r, &info, error);

  if (rows == NULL)
    return;
  g_assert_cmpuint (rows->len, ==, 2);
  g_assert_cmpuint (info.total, ==, 2);
  g_assert_false (info.is_truncated);
  g_assert_cmpint (((KvmmGuestFile *) rows->pdata[0])->type, ==, KVMM_GUEST_FILE_DIRECTORY);
  g_assert_cmpstr (((KvmmGuestFile *) rows->pdata[1])->name, ==, "two\ttabs");
}

START (start_mkdir)
{
  kvmm_agent_client_make_directory_async (c, "/a/b", NULL, cb, d);
}

FINISH (finish_mkdir)
{
  kvmm_agent_client_make_directory_finish (c, r, error);
}

START (start_remove)
{
  kvmm_agent_client_remove_file_async (c, "/a/b", NULL, cb, d);
}

FINISH (finish_remove)
{
  kvmm_agent_client_remove_file_finish (c, r, error);
}

START (start_read)
{
  kvmm_agent_client_read_file_async (c, "/a/b", 10, NULL, cb, d);
}

FINISH (finish_read)
{
  g_autoptr (KvmmAgentFileStream) file = kvmm_agent_client_read_file_finish (c, r, error);

  if (file == NULL)
    return;
  g_assert_cmpuint (file->size_bytes, ==, 100);
  g_assert_cmpuint (file->offset, ==, 10);
  g_assert_cmpuint (file->mode, ==, 0644);
  g_assert_cmpint (file->modified_ms, ==, 1700000000123);
}

START (start_write)
{
  const KvmmAgentWrite write = { .path = "/a/b",
                                 .size_bytes = 100,
                                 .mode = 04755,
                                 .modified_ms = 1700000000123,
                                 .write_mode = KVMM_AGENT_WRITE_REPLACE,
                                 .resume = "t1" };

  kvmm_agent_client_write_file_async (c, &write, NULL, cb, d);
}

FINISH (finish_write)
{
  g_autoptr (KvmmAgentFileStream) file = kvmm_agent_client_write_file_finish (c, r, error);

  if (file == NULL)
    return;
  g_assert_cmpuint (file->size_bytes, ==, 100);
  g_assert_cmpuint (file->offset, ==, 100);
  g_assert_cmpstr (file->token, ==, "t1");
}

START (start_put)
{
  const KvmmAgentWrite write = { .path = "b", .is_inbox = TRUE, .size_bytes = 1 };

  kvmm_agent_client_write_file_async (c, &write, NULL, cb, d);
}

FINISH (finish_put)
{
  g_autoptr (KvmmAgentFileStream) file = kvmm_agent_client_write_file_finish (c, r, error);

  if (file != NULL)
    g_assert_cmpstr (file->path, ==, "/srv/inbox/b");
}

/* ---- care ---- */

START (start_disks)
{
  kvmm_agent_client_disk_stats_async (c, NULL, cb, d);
}

FINISH (finish_disks)
{
  g_autoptr (GPtrArray) rows = kvmm_agent_client_disk_stats_finish (c, r, error);

  if (rows != NULL)
    g_assert_cmpuint (((KvmmGuestDisk *) rows->pdata[0])->busy_ms, ==, 9);
}

START (start_trim)
{
  kvmm_agent_client_trim_async (c, NULL, cb, d);
}

FINISH (finish_trim)
{
  g_autoptr (GPtrArray) rows = kvmm_agent_client_trim_finish (c, r, error);

  if (rows == NULL)
    return;
  g_assert_cmpuint (((KvmmGuestTrim *) rows->pdata[0])->trimmed_bytes, ==, 4096);
  g_assert_cmpstr (((KvmmGuestTrim *) rows->pdata[1])->error, ==, "not supported");
}

START (start_freeze)
{
  kvmm_agent_client_freeze_async (c, 5, NULL, cb, d);
}

FINISH (finish_freeze)
{
  guint n_frozen;
  g_autofree char *token = kvmm_agent_client_freeze_finish (c, r, &n_frozen, error);

  if (token == NULL)
    return;
  g_assert_cmpstr (token, ==, "f1");
  g_assert_cmpuint (n_frozen, ==, 2);
}

START (start_thaw)
{
  kvmm_agent_client_thaw_async (c, "f1", NULL, cb, d);
}

FINISH (finish_thaw)
{
  kvmm_agent_client_thaw_finish (c, r, error);
}

START (start_time)
{
  kvmm_agent_client_set_time_async (c, NULL, cb, d);
}

FINISH (finish_time)
{
  gint64 delta;

  if (kvmm_agent_client_set_time_finish (c, r, &delta, error))
    g_assert_cmpint (delta, ==, -5);
}

START (start_suspend)
{
  kvmm_agent_client_suspend_async (c, KVMM_AGENT_SUSPEND_DISK, NULL, cb, d);
}

FINISH (finish_suspend)
{
  kvmm_agent_client_suspend_finish (c, r, error);
}

START (start_password)
{
  kvmm_agent_client_set_password_async (c, "anna", "$6$x$y", NULL, cb, d);
}

FINISH (finish_password)
{
  kvmm_agent_client_set_password_finish (c, r, error);
}

START (start_keys)
{
  const char *const keys[] = { "ssh-ed25519 AAAA anna", NULL };

  kvmm_agent_client_ssh_keys_async (c, "anna", KVMM_AGENT_KEYS_ADD, keys, NULL, cb, d);
}

FINISH (finish_keys)
{
  g_auto (GStrv) keys = kvmm_agent_client_ssh_keys_finish (c, r, error);

  if (keys == NULL)
    return;
  g_assert_cmpuint (g_strv_length (keys), ==, 1);
  g_assert_cmpstr (keys[0], ==, "ssh-ed25519 AAAA anna");
}

/* ---- all of them ---- */

static const Case cases[] = {
  { KVMA_METHOD_PROC_LIST, start_processes, finish_processes,
    "{\"sort\":\"memory\",\"limit\":256,\"filter\":\"ssh\",\"args\":true}",
    "{\"procs\":[{\"pid\":12,\"ppid\":1,\"uid\":0,\"user\":\"root\",\"comm\":\"sshd\\u001b[31m\","
    "\"state\":\"S\",\"cpu\":2.5,\"rss_kb\":1024,\"start\":1700000000}],\"total\":7,"
    "\"truncated\":true}",
    "{\"procs\":[{\"pid\":0,\"comm\":\"x\"}]}" },
  { KVMA_METHOD_PROC_SIGNAL, start_signal_process, finish_signal_process,
    "{\"pid\":12,\"start\":1700000000,\"signal\":\"TERM\"}", "{\"sent\":true}", NULL, TRUE, TRUE },
  { KVMA_METHOD_SVC_LIST, start_services, finish_services, "{}",
    "{\"manager\":\"systemd\",\"services\":[{\"name\":\"a\",\"active\":\"failed\"},"
    "{\"name\":\"b\",\"active\":\"dreaming\"}],\"total\":2,\"truncated\":false}",
    "{\"services\":[]}" },
  { KVMA_METHOD_LOG_TAIL, start_log, finish_log,
    "{\"source\":\"kernel\",\"unit\":\"ssh.service\",\"lines\":1000,\"follow\":false}",
    "{\"stream\":2,\"source\":\"kmsg\"}", "{\"source\":\"kmsg\"}" },
  { KVMA_METHOD_EXEC_NAMED, start_commands, finish_commands, "{}",
    "{\"commands\":[{\"name\":\"restart-nginx\",\"argv\":[\"/usr/bin/systemctl\",\"restart\","
    "\"my nginx\"],\"args\":true,\"run_as\":\"root\",\"timeout_ms\":29001}],\"total\":1,"
    "\"truncated\":false}",
    "{\"commands\":[{\"name\":\"a;b\",\"argv\":[\"/x\"]}]}" },
  { KVMA_METHOD_EXEC_RUN, start_run, finish_run,
    "{\"name\":\"backup\",\"args\":[\"-v\"],\"stdin\":false,\"stderr\":\"merge\","
    "\"kill_on_disconnect\":false}",
    "{\"job\":3,\"pid\":99,\"stream\":2,\"timeout_ms\":1500}", "{\"job\":3,\"stream\":\"2\"}", TRUE,
    TRUE },
  { KVMA_METHOD_EXEC_START, start_command, finish_command,
    "{\"argv\":[\"/bin/cat\",\"-\"],\"env\":{\"LANG\":\"C\",\"X\":\"a=b\"},\"cwd\":\"/tmp\","
    "\"user\":\"anna\",\"stdin\":true,\"stderr\":\"stream\",\"timeout_ms\":7000,"
    "\"kill_on_disconnect\":true}",
    "{\"job\":3,\"pid\":99,\"stream\":2,\"stderr_stream\":4,\"timeout_ms\":7000}",
    "{\"job\":-1,\"pid\":99,\"stream\":2}", TRUE, TRUE },
  { KVMA_METHOD_EXEC_SIGNAL, start_signal_job, finish_signal_job, "{\"job\":3,\"signal\":\"KILL\"}",
    "{\"sent\":true}", NULL, TRUE, TRUE },
  { KVMA_METHOD_PTY_OPEN, start_terminal, finish_terminal,
    "{\"mode\":\"shell\",\"user\":\"root\",\"cols\":1000,\"rows\":1,"
    "\"term\":\"xterm-256color\"}",
    "{\"pty\":5,\"pid\":7,\"stream\":2}", "{\"pty\":5,\"stream\":0}", TRUE, TRUE },
  { KVMA_METHOD_FILE_ROOTS, start_roots, finish_roots, "{}",
    "{\"read\":[\"/\",\"/a b/\xC3\xA4\"],\"write\":[],\"inbox\":\"/srv/inbox\",\"max_file\":1}",
    "{\"read\":[\"relative\"]}", TRUE },
  { KVMA_METHOD_FILE_STAT, start_stat, finish_stat, "{\"path\":\"/etc/x\"}",
    "{\"path\":\"/etc/x\xE2\x80\xAEy\",\"type\":\"link\",\"size\":1,\"mtime\":2,\"mode\":511,"
    "\"writable\":true}",
    "{\"path\":\"/etc/../x\",\"type\":\"file\"}", TRUE },
  { KVMA_METHOD_FILE_LIST, start_files, finish_files, "{\"path\":\"/etc\",\"limit\":256}",
    "{\"path\":\"/etc\",\"entries\":[{\"name\":\"one\",\"type\":\"dir\",\"size\":1,\"mtime\":2,"
    "\"mode\":493},{\"name\":\"two\\ttabs\",\"type\":\"socket\"}],\"total\":2,"
    "\"truncated\":false}",
    "{\"entries\":[{\"name\":\"../x\",\"type\":\"file\"}]}", TRUE },
  { KVMA_METHOD_FILE_MKDIR, start_mkdir, finish_mkdir, "{\"path\":\"/a/b\"}", "{}", NULL, TRUE,
    TRUE },
  { KVMA_METHOD_FILE_REMOVE, start_remove, finish_remove, "{\"path\":\"/a/b\"}", "{}", NULL, TRUE,
    TRUE },
  { KVMA_METHOD_FILE_READ, start_read, finish_read, "{\"path\":\"/a/b\",\"offset\":10}",
    "{\"stream\":2,\"size\":100,\"mtime\":1700000000123,\"mode\":420}",
    "{\"stream\":2,\"size\":-1}", TRUE },
  { KVMA_METHOD_FILE_WRITE, start_write, finish_write,
    "{\"path\":\"/a/b\",\"size\":100,\"mode\":493,\"mtime\":1700000000123,\"if\":\"replace\","
    "\"resume\":\"t1\"}",
    "{\"stream\":2,\"token\":\"t1\",\"offset\":100}", "{\"stream\":2,\"offset\":101}", TRUE, TRUE },
  { KVMA_METHOD_INBOX_PUT, start_put, finish_put, "{\"name\":\"b\",\"size\":1,\"if\":\"new\"}",
    "{\"stream\":2,\"path\":\"/srv/inbox/b\",\"token\":\"t\",\"offset\":0}",
    "{\"stream\":2,\"path\":\"b\",\"offset\":0}", TRUE, TRUE },
  { KVMA_METHOD_DISK_STATS, start_disks, finish_disks, "{}",
    "{\"disks\":[{\"name\":\"vda\",\"size\":1,\"io_ms\":9}],\"total\":1,\"truncated\":false}",
    "{\"disks\":{}}" },
  { KVMA_METHOD_FS_TRIM, start_trim, finish_trim, "{}",
    "{\"results\":[{\"mount\":\"/\",\"trimmed\":4096},{\"mount\":\"/b\","
    "\"error\":\"not supported\"}]}",
    "{\"results\":[{\"trimmed\":1}]}", FALSE, TRUE },
  { KVMA_METHOD_FS_FREEZE, start_freeze, finish_freeze, "{\"timeout_ms\":1000}",
    "{\"token\":\"f1\",\"frozen\":[\"/\",\"/home\"],\"remaining_ms\":900}",
    "{\"token\":\"f1\",\"frozen\":[1]}", FALSE, TRUE },
  { KVMA_METHOD_FS_THAW, start_thaw, finish_thaw, "{\"token\":\"f1\"}", "{\"thawed\":2}", NULL,
    FALSE, TRUE },
  { KVMA_METHOD_TIME_SET, start_time, finish_time, NULL, "{\"delta_us\":-5}", "{\"delta_us\":0.5}",
    FALSE, TRUE },
  { KVMA_METHOD_POWER_SUSPEND, start_suspend, finish_suspend, "{\"target\":\"disk\"}",
    "{\"accepted\":true}", NULL, FALSE, TRUE },
  { KVMA_METHOD_USER_SET_PASSWORD, start_password, finish_password,
    "{\"user\":\"anna\",\"crypt_hash\":\"$6$x$y\"}", "{}", NULL, TRUE, TRUE },
  { KVMA_METHOD_SSH_KEYS, start_keys, finish_keys,
    "{\"user\":\"anna\",\"action\":\"add\",\"keys\":[\"ssh-ed25519 AAAA anna\"]}",
    "{\"keys\":[\"ssh-ed25519 AAAA anna\"],\"changed\":1}", "{\"keys\":[\"a\\nb\"]}", TRUE, TRUE },
};

static void
call (Fixture *f, const Case *c, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  c->start (f->client, result_cb, &result);
  test_wait_until (result != NULL);
  c->finish (f->client, result, error);
}

static void
test_parameters_and_results (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GError) error = NULL;

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  fake_peer_set_result (f->peer, c->method, c->result);
  call (f, c, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (f->peer->last_method, ==, c->method);
  if (c->params != NULL)
    g_assert_cmpstr (f->peer->last_params, ==, c->params);
}

static void
test_wrong_results_are_refused (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GError) error = NULL;

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  fake_peer_set_result (f->peer, c->method, c->wrong != NULL ? c->wrong : "[]");
  call (f, c, &error);
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY);
  g_assert_true (fixture_is (f, KVMM_AGENT_CLIENT_READY));
}

static void
test_errors_are_mapped (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  guint requests = f->peer->requests;

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  f->peer->is_mute = TRUE;
  c->start (f->client, result_cb, &result);
  test_wait_until (f->peer->requests == requests + 1);
  fake_peer_reply_error (f->peer, f->peer->last_id, KVMA_ERROR_FROZEN, "frozen");
  test_wait_until (result != NULL);
  c->finish (f->client, result, &error);
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_FROZEN);
}

static void
test_the_lock_stops_it (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GError) error = NULL;
  gsize bytes;

  g_assert_false (kvmm_agent_client_get_control_allowed (f->client));
  fake_peer_set_result (f->peer, c->method, c->result);
  test_drain ();
  bytes = f->peer->bytes;
  call (f, c, &error);
  if (!c->is_gated)
    {
      g_assert_no_error (error);
      return;
    }
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED);
  g_assert_nonnull (strstr (error->message, "Guest page"));
  test_drain ();
  g_assert_cmpuint (f->peer->bytes, ==, bytes);
}

static void
test_what_a_lost_session_leaves (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  guint requests = f->peer->requests;

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  f->peer->is_mute = TRUE;
  c->start (f->client, result_cb, &result);
  test_wait_until (f->peer->requests == requests + 1);
  fake_peer_bye (f->peer, "bye");
  test_wait_until (result != NULL);
  c->finish (f->client, result, &error);
  if (c->changes)
    g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN);
  else
    g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  /* And never again. */
  f->peer->is_mute = FALSE;
  test_wait_until (kvmm_agent_client_get_session_count (f->client) == 2);
  test_drain ();
  g_assert_cmpstr (f->peer->last_method, !=, c->method);
}

/* ---- one by one ---- */

static gboolean
answer_page (FakePeer *peer, const KvmaFrame *frame, gpointer user_data)
{
  guint *page = user_data;
  g_autofree char *body = NULL;
  g_autofree char *reply = NULL;

  if (frame->header.kind != KVMA_KIND_REQUEST)
    return FALSE;
  body = g_strndup ((const char *) frame->payload, frame->length);
  if (strstr (body, KVMA_METHOD_FILE_LIST) == NULL)
    return FALSE;
  (*page)++;
  reply = g_strdup_printf ("{\"entries\":[{\"name\":\"f%u\",\"type\":\"file\"}],\"total\":100000,"
                           "\"truncated\":true,\"cursor\":\"c%u\"}",
                           *page, *page);
  if (*page > 1)
    {
      g_autofree char *cursor = g_strdup_printf ("\"cursor\":\"c%u\"", *page - 1);

      g_assert_nonnull (strstr (body, cursor));
    }
  if (*page == 4)
    {
      g_free (reply);
      reply = g_strdup ("{\"entries\":[],\"total\":100000,\"truncated\":true,\"cursor\":\"c\"}");
    }
  fake_peer_set_result (peer, KVMA_METHOD_FILE_LIST, reply);
  return FALSE;
}

static void
test_pages_are_joined (guint max, guint pages, guint rows_expected)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;
  KvmmGuestListInfo info;
  guint page = 0;

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  f->peer->hook = answer_page;
  f->peer->hook_data = &page;
  kvmm_agent_client_list_files_async (f->client, "/a", max, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  rows = kvmm_agent_client_list_files_finish (f->client, result, &info, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, rows_expected);
  g_assert_cmpuint (page, ==, pages);
  g_assert_true (info.is_truncated);
  g_assert_cmpuint (info.total, ==, 100000);
}

static void
test_a_directory_page_after_page (void)
{
  test_pages_are_joined (2, 2, 2);
  /* A page without rows would go on for ever. */
  test_pages_are_joined (0, 4, 3);
}

static void
test_a_page_that_the_rate_refuses_is_asked_for_again (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) rows = NULL;
  g_autoptr (GError) error = NULL;
  guint requests = f->peer->requests;

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  fake_peer_set_result (f->peer, KVMA_METHOD_FILE_LIST,
                        "{\"entries\":[{\"name\":\"f\",\"type\":\"file\"}],\"total\":1,"
                        "\"truncated\":false}");
  f->peer->refusals = 2;
  kvmm_agent_client_list_files_async (f->client, "/a", 0, NULL, result_cb, &result);
  test_wait_until (result != NULL);
  rows = kvmm_agent_client_list_files_finish (f->client, result, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (rows->len, ==, 1);
  g_assert_cmpuint (f->peer->requests - requests, ==, 3);
}

static void
test_the_last_size_of_a_terminal_arrives (void)
{
  g_autoptr (Fixture) f = fixture_new_ready (&quick_intervals);
  guint requests = f->peer->requests;

  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  fake_peer_set_result (f->peer, KVMA_METHOD_PTY_RESIZE, "{}");
  for (guint i = 1; i <= 500; i++)
    kvmm_agent_client_resize_terminal (f->client, 5, i, 24);
  test_wait_until (g_strcmp0 (f->peer->last_params, "{\"pty\":5,\"cols\":500,\"rows\":24}") == 0);
  test_drain ();
  g_assert_cmpuint (f->peer->requests, ==, requests + 2);
  kvmm_agent_client_resize_terminal (f->client, 5, 5000, 0);
  test_wait_until (g_strcmp0 (f->peer->last_params, "{\"pty\":5,\"cols\":1000,\"rows\":1}") == 0);
  test_drain ();
  kvmm_agent_client_set_control_allowed (f->client, FALSE);
  kvmm_agent_client_resize_terminal (f->client, 5, 1, 1);
  test_drain ();
  g_assert_cmpuint (f->peer->requests, ==, requests + 3);
}

static void
test_access_is_what_the_guest_says (void)
{
  g_autoptr (Fixture) f = fixture_new (&quick_intervals);
  g_autoptr (GHashTable) policy = NULL;

  g_assert_cmpstr (kvmm_agent_client_get_access (f->client, "core"), ==, "deny");
  g_assert_null (kvmm_agent_client_dup_policy (f->client));
  f->peer->policy = "{\"core\":\"allow\",\"exec\":\"named\",\"pty\":\"sudo\",\"future\":\"allow\"}";
  kvmm_agent_client_start (f->client);
  test_wait_until (fixture_is (f, KVMM_AGENT_CLIENT_READY));
  g_assert_cmpstr (kvmm_agent_client_get_access (f->client, "core"), ==, "allow");
  g_assert_cmpstr (kvmm_agent_client_get_access (f->client, "exec"), ==, "named");
  /* A word of a newer agent grants nothing. */
  g_assert_cmpstr (kvmm_agent_client_get_access (f->client, "pty"), ==, "deny");
  g_assert_cmpstr (kvmm_agent_client_get_access (f->client, "future"), ==, "deny");
  policy = kvmm_agent_client_dup_policy (f->client);
  g_assert_cmpuint (g_hash_table_size (policy), ==, 2);
  test_wait_until (fixture_has_all_facts (f));
}

static void
test_slow_methods_have_more_time (void)
{
  KvmmAgentIntervals intervals = quick_intervals;
  g_autoptr (Fixture) f = NULL;
  g_autoptr (GAsyncResult) services = NULL;
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (GAsyncResult) trim = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start;

  intervals.request = 100;
  f = fixture_new_ready (&intervals);
  kvmm_agent_client_set_control_allowed (f->client, TRUE);
  f->peer->is_mute = TRUE;
  start = g_get_monotonic_time ();
  kvmm_agent_client_trim_async (f->client, NULL, result_cb, &trim);
  kvmm_agent_client_read_file_async (f->client, "/a", 0, NULL, result_cb, &read);
  kvmm_agent_client_list_services_async (f->client, NULL, result_cb, &services);
  test_wait_until (services != NULL);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 100000);
  test_wait_until (read != NULL);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 300000);
  g_assert_null (trim);
  g_assert_null (kvmm_agent_client_list_services_finish (f->client, services, NULL, NULL, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_TIMEOUT);
  kvmm_agent_client_close (f->client);
  test_wait_until (trim != NULL);
}

static void
add_all (const char *name, GTestDataFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/agent/calls/%s/%s", cases[i].method, name);

      g_test_add_data_func (path, &cases[i], func);
    }
}

#define ADD(path, func) g_test_add_func ("/agent/calls/" path, func)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kvmm_thread_set_main ();
  add_all ("parameters-and-results", test_parameters_and_results);
  add_all ("wrong-results-are-refused", test_wrong_results_are_refused);
  add_all ("errors-are-mapped", test_errors_are_mapped);
  add_all ("the-lock-stops-it", test_the_lock_stops_it);
  add_all ("what-a-lost-session-leaves", test_what_a_lost_session_leaves);
  ADD ("a-directory-page-after-page", test_a_directory_page_after_page);
  ADD ("a-page-that-the-rate-refuses-is-asked-for-again",
       test_a_page_that_the_rate_refuses_is_asked_for_again);
  ADD ("the-last-size-of-a-terminal-arrives", test_the_last_size_of_a_terminal_arrives);
  ADD ("access-is-what-the-guest-says", test_access_is_what_the_guest_says);
  ADD ("slow-methods-have-more-time", test_slow_methods_have_more_time);
  return g_test_run ();
}

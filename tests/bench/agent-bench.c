/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* What the program's own client gets out of a guest's agent, over the channel's unix socket.
 *
 * usage: agent-bench SOCKET FOLDER [MIB [upload|download]]
 *
 * FOLDER: of the guest, where its policy lets files be read and written. The fourth argument asks
 * for that alone; what is downloaded was uploaded before. Prints one JSON object.
 * The same questions are put to the QEMU guest agent by tests/bench/agent.py. */

#include "config.h"

#include <gio/gunixsocketaddress.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/kvmm-agent-client-private.h"
#include "agent/kvmm-agent-exec.h"
#include "agent/kvmm-agent-files.h"
#include "protocol/kvma-names.h"

#define N_ROUND_TRIPS 1000
#define N_REQUESTS 1500 /* within the burst that the agent takes */
#define N_COMMANDS 20

typedef struct
{
  KvmmAgentClient *client;
  GString *out;
} Bench;

static void
die (const char *what, const GError *error)
{
  fprintf (stderr, "agent-bench: %s: %s\n", what, error != NULL ? error->message : "failed");
  exit (1);
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GAsyncResult *
await (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
report (Bench *bench, const char *key, double value)
{
  g_string_append_printf (bench->out, "%s\"%s\": %.3f", bench->out->len > 0 ? ", " : "", key,
                          value);
}

/* ---- requests ---- */

typedef struct
{
  KvmmAgentClient *client;
  guint to_send;
  guint n_done;
} Storm;

static void
storm_cb (JsonObject *result, const GError *error, gpointer user_data)
{
  Storm *storm = user_data;

  if (error != NULL)
    die ("time.get", error);
  storm->n_done++;
  if (storm->to_send == 0)
    return;
  storm->to_send--;
  kvmm_agent_requests_send (storm->client->requests, KVMA_METHOD_TIME_GET, NULL,
                            KVMM_AGENT_REQUEST_READS, NULL, storm_cb, storm);
}

/* Sends @count requests, @parallel of them in flight at each time. */
static void
run_storm (Bench *bench, guint count, guint parallel)
{
  Storm storm = { bench->client, count - parallel, 0 };

  for (guint i = 0; i < parallel; i++)
    kvmm_agent_requests_send (bench->client->requests, KVMA_METHOD_TIME_GET, NULL,
                              KVMM_AGENT_REQUEST_READS, NULL, storm_cb, &storm);
  while (storm.n_done < count)
    g_main_context_iteration (NULL, TRUE);
}

static int
compare (const void *a, const void *b)
{
  return *(const double *) a < *(const double *) b ? -1 : 1;
}

static void
measure_requests (Bench *bench)
{
  double times[N_ROUND_TRIPS];
  gint64 start;

  for (guint i = 0; i < N_ROUND_TRIPS; i++)
    {
      start = g_get_monotonic_time ();
      run_storm (bench, 1, 1);
      times[i] = (double) (g_get_monotonic_time () - start) / 1e3;
    }
  qsort (times, N_ROUND_TRIPS, sizeof times[0], compare);
  report (bench, "round_trip_median_ms", times[N_ROUND_TRIPS / 2]);
  report (bench, "round_trip_p95_ms", times[N_ROUND_TRIPS * 95 / 100]);
  report (bench, "round_trip_p99_ms", times[N_ROUND_TRIPS * 99 / 100]);

  start = g_get_monotonic_time ();
  run_storm (bench, N_REQUESTS, 8);
  report (bench, "requests_per_second",
          N_REQUESTS / ((double) (g_get_monotonic_time () - start) / 1e6));
}

/* ---- files ---- */

static KvmmAgentStreamEnd *
wait_end (KvmmAgentStream *stream)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentStreamEnd *end;

  kvmm_agent_stream_wait_async (stream, NULL, result_cb, &result);
  end = kvmm_agent_stream_wait_finish (stream, await (&result), &error);
  if (end == NULL)
    die ("end of a stream", error);
  return end;
}

static void
upload (Bench *bench, const char *path, GBytes *content)
{
  KvmmAgentWrite write = { .path = path,
                           .size_bytes = g_bytes_get_size (content),
                           .write_mode = KVMM_AGENT_WRITE_ANY };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GError) error = NULL;
  GOutputStream *output;
  gsize length;
  const void *data = g_bytes_get_data (content, &length);

  kvmm_agent_client_write_file_async (bench->client, &write, NULL, result_cb, &result);
  g_autoptr (KvmmAgentFileStream) file =
      kvmm_agent_client_write_file_finish (bench->client, await (&result), &error);
  if (file == NULL)
    die ("file.write", error);
  output = g_io_stream_get_output_stream (G_IO_STREAM (file->stream));
  g_output_stream_write_all_async (output, data, length, G_PRIORITY_DEFAULT, NULL, result_cb,
                                   &written);
  if (!g_output_stream_write_all_finish (output, await (&written), NULL, &error))
    die ("upload", error);
  g_output_stream_close_async (output, G_PRIORITY_DEFAULT, NULL, result_cb, &closed);
  if (!g_output_stream_close_finish (output, await (&closed), &error))
    die ("upload", error);
  g_autoptr (KvmmAgentStreamEnd) end G_GNUC_UNUSED = wait_end (file->stream);
}

/* Reads a stream to its end; returns how many bytes it had. @expected: (nullable): those that they
 * must be. */
static guint64
drain (KvmmAgentStream *stream, GBytes *expected)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (stream));
  g_autofree guint8 *buffer = g_malloc (131072);
  gsize size = 0;
  const guint8 *data = expected != NULL ? g_bytes_get_data (expected, &size) : NULL;
  guint64 total = 0;
  gssize n;

  do
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      g_input_stream_read_async (input, buffer, 131072, G_PRIORITY_DEFAULT, NULL, result_cb,
                                 &result);
      n = g_input_stream_read_finish (input, await (&result), &error);
      if (n < 0)
        die ("reading a stream", error);
      if (data != NULL && (total + (guint64) n > size || memcmp (data + total, buffer, n) != 0))
        die ("the file came back changed", NULL);
      total += (guint64) n;
    }
  while (n > 0);
  return total;
}

static void
download (Bench *bench, const char *path, GBytes *expected)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_agent_client_read_file_async (bench->client, path, 0, NULL, result_cb, &result);
  g_autoptr (KvmmAgentFileStream) file =
      kvmm_agent_client_read_file_finish (bench->client, await (&result), &error);
  if (file == NULL)
    die ("file.read", error);
  if (drain (file->stream, expected) != g_bytes_get_size (expected))
    die ("the file came back shorter", NULL);
}

static void
measure_files (Bench *bench, const char *folder, guint mib, const char *only)
{
  g_autofree char *path = g_build_filename (folder, "bench.bin", NULL);
  gsize size = (gsize) mib << 20;
  guint32 *words = g_malloc (size);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  gint64 start;

  for (gsize i = 0; i < size / 4; i++)
    words[i] = g_rand_int (random);
  g_autoptr (GBytes) content = g_bytes_new_take (words, size);

  start = g_get_monotonic_time ();
  if (g_strcmp0 (only, "download") != 0)
    {
      upload (bench, path, content);
      report (bench, "upload_mib_s", mib / ((double) (g_get_monotonic_time () - start) / 1e6));
    }
  if (g_strcmp0 (only, "upload") == 0)
    return;
  start = g_get_monotonic_time ();
  download (bench, path, content);
  report (bench, "download_mib_s", mib / ((double) (g_get_monotonic_time () - start) / 1e6));
}

/* ---- commands ---- */

static KvmmAgentJob *
start_command (Bench *bench, const char *const *argv)
{
  KvmmAgentCommandLine line = { .argv = argv, .merges_errors = TRUE };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmAgentJob *job;

  kvmm_agent_client_start_command_async (bench->client, &line, NULL, result_cb, &result);
  job = kvmm_agent_client_start_command_finish (bench->client, await (&result), &error);
  if (job == NULL)
    die ("exec.start", error);
  return job;
}

static guint64
run_command (Bench *bench, const char *const *argv)
{
  g_autoptr (KvmmAgentJob) job = start_command (bench, argv);
  guint64 total = drain (job->stream, NULL);
  g_autoptr (KvmmAgentStreamEnd) end = wait_end (job->stream);

  if (end->exit == NULL || end->exit->code != 0)
    die (argv[0], NULL);
  return total;
}

static void
measure_commands (Bench *bench, guint mib)
{
  g_autofree char *count = g_strdup_printf ("count=%u", mib);
  const char *const true_argv[] = { "/bin/true", NULL };
  const char *const output_argv[] = { "/bin/dd", "if=/dev/zero", "bs=1048576",
                                      count,     "status=none",  NULL };
  double times[N_COMMANDS];
  gint64 start;

  for (guint i = 0; i < N_COMMANDS; i++)
    {
      start = g_get_monotonic_time ();
      run_command (bench, true_argv);
      times[i] = (double) (g_get_monotonic_time () - start) / 1e3;
    }
  qsort (times, N_COMMANDS, sizeof times[0], compare);
  report (bench, "exec_median_ms", times[N_COMMANDS / 2]);
  start = g_get_monotonic_time ();
  if (run_command (bench, output_argv) != (guint64) mib << 20)
    die ("output of dd is not whole", NULL);
  report (bench, "exec_output_mib_s", mib / ((double) (g_get_monotonic_time () - start) / 1e6));
}

int
main (int argc, char **argv)
{
  Bench bench = { NULL, g_string_new (NULL) };
  g_autoptr (GSocketClient) socket = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  const char *only = argc > 4 ? argv[4] : NULL;
  guint mib = argc > 3 ? (guint) g_ascii_strtoull (argv[3], NULL, 10) : 32;

  if (argc < 3 || mib == 0)
    {
      fputs ("usage: agent-bench SOCKET FOLDER [MIB [upload|download]]\n", stderr);
      return 2;
    }
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (argv[1]);
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect (socket, G_SOCKET_CONNECTABLE (address), NULL, &error);
  if (connection == NULL)
    die (argv[1], error);
  bench.client = kvmm_agent_client_new (G_IO_STREAM (connection), "agent-bench");
  kvmm_agent_client_set_control_allowed (bench.client, TRUE);
  kvmm_agent_client_start (bench.client);
  while (kvmm_agent_client_get_state (bench.client) != KVMM_AGENT_CLIENT_READY)
    {
      if (kvmm_agent_client_get_state (bench.client) == KVMM_AGENT_CLIENT_CLOSED)
        die ("hello", kvmm_agent_client_get_error (bench.client));
      g_main_context_iteration (NULL, TRUE);
    }
  if (only == NULL)
    {
      measure_requests (&bench);
      measure_commands (&bench, mib);
    }
  measure_files (&bench, argv[2], mib, only);
  printf ("{%s}\n", bench.out->str);
  kvmm_agent_client_close (bench.client);
  g_object_unref (bench.client);
  g_string_free (bench.out, TRUE);
  return 0;
}

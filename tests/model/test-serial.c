/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "model/kvmm-domain-picture.h"
#include "model/kvmm-serial-line.h"
#include "test-model.h"

/* Serial lines of machines that QEMU really runs. There is no disk, so that iPXE comes up, which
 * has a shell on the first serial port. */

static const char *
uri (void)
{
  return g_getenv ("KVMM_LIBVIRT_URI");
}

static void
control (const char *word)
{
  g_autofree char *line = g_strconcat (word, "\n", NULL);
  int fd = g_open (g_getenv ("KVMM_LIBVIRT_CONTROL"), O_WRONLY | O_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, line, strlen (line)), ==, (gssize) strlen (line));
  close (fd);
}

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  KvmmDomain *domain;
  KvmmSerialLine *line;
  GString *text; /* all that the line said */
} Fixture;

static void
define (const char *name, const char *devices)
{
  g_autofree char *xml = g_strdup_printf (
      "<domain type='qemu'><name>%s</name><memory unit='MiB'>64</memory>"
      "<vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type>%s</os>"
      "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>%s"
      "<memballoon model='none'/></devices></domain>",
      name, strstr (devices, "<serial") != NULL ? "<bios useserial='yes'/>" : "", devices);

  test_other_client (uri (), test_client_define, xml);
}

static void
remove_all (virConnectPtr connect, const char *unused)
{
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (connect, &domains, 0);

  for (int i = 0; i < n_domains; i++)
    {
      if (virDomainIsActive (domains[i]) == 1)
        virDomainDestroy (domains[i]);
      virDomainUndefine (domains[i]);
      virDomainFree (domains[i]);
    }
  free (domains);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *devices =
      g_strdup_printf ("<serial type='pty'/><serial type='pty'/><serial type='file'>"
                       "<source path='%s/serial2'/></serial>"
                       "<interface type='user'><model type='e1000'/></interface>"
                       "<video><model type='vga'/></video>"
                       "<graphics type='vnc'><listen type='none'/></graphics>",
                       g_getenv ("KVMM_PRIVATE_DIR"));

  f->settings = test_settings_new ();
  f->text = g_string_new (NULL);
  define ("alpha", devices);
  define ("silent", "");
  f->connection = test_connected (uri (), f->settings);
  f->domain = g_object_ref (kvmm_connection_find (f->connection, "alpha"));
  f->line = kvmm_serial_line_new (f->domain);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  kvmm_serial_line_close (f->line);
  g_assert_finalize_object (f->line);
  g_clear_object (&f->domain);
  test_drop (f->connection);
  g_clear_object (&f->settings);
  g_string_free (f->text, TRUE);
  test_other_client (uri (), remove_all, NULL);
}

static KvmmSerialState
get_state (Fixture *f)
{
  return kvmm_serial_line_get_state (f->line);
}

/* Reads as a terminal does, until nothing is there or the line has ended. */
static void
read_line (KvmmSerialLine *line, GString *text)
{
  GIOStream *stream = kvmm_serial_line_get_stream (line);
  char buffer[4096];
  gssize n = 1;

  while (stream != NULL && n > 0)
    {
      g_autoptr (GError) error = NULL;

      n = g_pollable_input_stream_read_nonblocking (
          G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream)), buffer, sizeof buffer,
          NULL, &error);
      if (n > 0)
        {
          for (gssize i = 0; i < n; i++)
            if (buffer[i] != '\0')
              g_string_append_c (text, buffer[i]);
        }
      else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        kvmm_serial_line_end (line, error);
    }
}

static gboolean
hears (Fixture *f, const char *text)
{
  read_line (f->line, f->text);
  return strstr (f->text->str, text) != NULL;
}

static gboolean
reaches (Fixture *f, KvmmSerialState state)
{
  read_line (f->line, f->text);
  return get_state (f) == state;
}

static void
type (Fixture *f, const char *text)
{
  GIOStream *stream = kvmm_serial_line_get_stream (f->line);
  g_autoptr (GError) error = NULL;
  gssize n = g_pollable_output_stream_write_nonblocking (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream)), text, strlen (text), NULL,
      &error);

  g_assert_no_error (error);
  g_assert_cmpint (n, ==, (gssize) strlen (text));
}

/* On a busy computer the firmware loses what comes faster than it reads. */
static void
type_singly (Fixture *f, const char *text)
{
  for (; *text != '\0'; text++)
    {
      const char letter[] = { *text, '\0' };

      g_string_truncate (f->text, 0);
      type (f, letter);
      TEST_RUN_UNTIL (hears (f, letter));
    }
}

static void
start (Fixture *f)
{
  test_other_client (uri (), test_client_create, "alpha");
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (f->domain));
}

/* iPXE asks for Ctrl+B once or twice, for a moment each time. */
static gboolean
enters_shell (Fixture *f)
{
  if (hears (f, "iPXE>"))
    return TRUE;
  if (hears (f, "Press Ctrl-B"))
    {
      g_string_truncate (f->text, 0);
      type (f, "\002");
    }
  return FALSE;
}

static void
test_speaks_both_ways (Fixture *f, gconstpointer data)
{
  /* It says nothing before somebody listens. */
  test_other_client (uri (), test_client_create_paused, "alpha");
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (f->domain));
  kvmm_serial_line_open (f->line, FALSE);
  TEST_RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
  test_other_client (uri (), test_client_resume, "alpha");
  g_assert_cmpuint (kvmm_serial_line_get_devices (f->line)->len, ==, 3);
  g_assert_cmpstr (kvmm_serial_line_get_device (f->line)->alias, ==, "serial0");
  g_assert_cmpstr (kvmm_serial_line_get_device (f->line)->label, ==, "Serial 1");
  TEST_RUN_UNTIL (enters_shell (f));
  type_singly (f, "echo got-${net0/chip}");
  type (f, "\r");
  TEST_RUN_UNTIL (hears (f, "got-82540em"));
}

static void
test_follows_the_machine (Fixture *f, gconstpointer data)
{
  kvmm_serial_line_open (f->line, FALSE);
  g_assert_cmpint (get_state (f), ==, KVMM_SERIAL_OFF);
  start (f);
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_OPEN));
  TEST_RUN_UNTIL (hears (f, "Booting from"));
  test_other_client (uri (), test_client_destroy, "alpha");
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_OFF));
  g_string_truncate (f->text, 0);
  start (f);
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_OPEN));
  TEST_RUN_UNTIL (hears (f, "Booting from"));
}

static void
test_one_at_a_time (Fixture *f, gconstpointer data)
{
  g_autoptr (KvmmSerialLine) other = kvmm_serial_line_new (f->domain);
  g_autoptr (GString) other_text = g_string_new (NULL);

  start (f);
  kvmm_serial_line_open (f->line, FALSE);
  TEST_RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
  kvmm_serial_line_open (other, FALSE);
  TEST_RUN_UNTIL (kvmm_serial_line_get_state (other) == KVMM_SERIAL_IN_USE);
  g_assert_error (kvmm_serial_line_get_error (other), KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE);
  kvmm_serial_line_open (other, TRUE);
  TEST_RUN_UNTIL (kvmm_serial_line_get_state (other) == KVMM_SERIAL_OPEN);
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_TAKEN));
  TEST_RUN_UNTIL ((read_line (other, other_text), other_text->len > 0));
  /* The other one goes: the line comes back by itself. */
  kvmm_serial_line_close (other);
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_OPEN));
}

static void
test_another_port (Fixture *f, gconstpointer data)
{
  start (f);
  kvmm_serial_line_set_device (f->line, "serial1");
  kvmm_serial_line_open (f->line, FALSE);
  TEST_RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
  g_assert_cmpstr (kvmm_serial_line_get_device (f->line)->label, ==, "Serial 2");
  kvmm_serial_line_set_device (f->line, "Serial 1");
  TEST_RUN_UNTIL (hears (f, "Booting from"));
  g_assert_cmpstr (kvmm_serial_line_get_device (f->line)->alias, ==, "serial0");

  kvmm_serial_line_set_device (f->line, "Serial 3");
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_FAILED));
  g_assert_nonnull (strstr (kvmm_serial_line_get_error (f->line)->message, "“file”"));
  kvmm_serial_line_set_device (f->line, "serial9");
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_ABSENT));
  g_assert_nonnull (strstr (kvmm_serial_line_get_error (f->line)->message, "serial9"));
}

static void
test_a_machine_without (Fixture *f, gconstpointer data)
{
  KvmmDomain *silent = kvmm_connection_find (f->connection, "silent");
  g_autoptr (KvmmSerialLine) line = kvmm_serial_line_new (silent);

  kvmm_serial_line_open (line, FALSE);
  TEST_RUN_UNTIL (kvmm_serial_line_get_state (line) == KVMM_SERIAL_ABSENT ||
                  kvmm_domain_get_facts (silent) == NULL);
  test_other_client (uri (), test_client_create, "silent");
  TEST_RUN_UNTIL (kvmm_domain_get_is_active (silent));
  TEST_RUN_UNTIL (kvmm_serial_line_get_state (line) == KVMM_SERIAL_ABSENT &&
                  kvmm_serial_line_get_error (line) != NULL);
}

static void
test_the_daemon_ends_and_comes_back (Fixture *f, gconstpointer data)
{
  start (f);
  kvmm_serial_line_open (f->line, FALSE);
  TEST_RUN_UNTIL (hears (f, "Booting from"));
  control ("kill");
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_LOST));
  control ("start");
  TEST_RUN_UNTIL (reaches (f, KVMM_SERIAL_OPEN));
}

/* ---- pictures ---- */

static void
ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
test_a_picture_is_read (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) refused = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *mime = NULL;

  kvmm_domain_read_picture_async (f->domain, NULL, ready_cb, &refused);
  TEST_RUN_UNTIL (refused != NULL);
  g_assert_null (kvmm_domain_read_picture_finish (f->domain, refused, &mime, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
  g_clear_error (&error);

  start (f);
  kvmm_domain_read_picture_async (f->domain, NULL, ready_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  bytes = kvmm_domain_read_picture_finish (f->domain, result, &mime, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (mime, "image/"));
  g_assert_cmpuint (g_bytes_get_size (bytes), >, 100);
}

/* Returns: the process id of the machine's QEMU, as it is seen here, which may be another than its
 * own; 0: there is none */
static pid_t
find_qemu (const char *name)
{
  g_autofree char *wanted = g_strdup_printf ("guest=%s,", name);
  g_autofree char *folder = g_strdup_printf ("%s/", g_getenv ("KVMM_PRIVATE_DIR"));
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  const char *entry;

  while ((entry = g_dir_read_name (processes)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%s/cmdline", entry);
      g_autofree char *text = NULL;
      gsize size = 0;

      if (!g_ascii_isdigit (*entry) || !g_file_get_contents (path, &text, &size, NULL))
        continue;
      for (gsize i = 0; i + 1 < size; i++)
        if (text[i] == '\0')
          text[i] = ' ';
      if (strstr (text, wanted) != NULL && strstr (text, folder) != NULL)
        return (pid_t) g_ascii_strtoll (entry, NULL, 10);
    }
  return 0;
}

/* A machine whose QEMU does not answer holds up its picture, and nothing else. */
static void
test_a_picture_delays_nobody (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) picture = NULL;
  g_autoptr (GAsyncResult) xml = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  KvmmDomain *silent = kvmm_connection_find (f->connection, "silent");
  pid_t qemu;

  start (f);
  kvmm_serial_line_open (f->line, FALSE);
  TEST_RUN_UNTIL (get_state (f) == KVMM_SERIAL_OPEN);
  kvmm_serial_line_close (f->line);
  qemu = find_qemu ("alpha");
  if (qemu == 0 || kill (qemu, SIGSTOP) != 0)
    {
      g_test_skip ("QEMU's process cannot be seen from here");
      return;
    }
  kvmm_domain_read_picture_async (f->domain, cancellable, ready_cb, &picture);
  /* The same host: its list, and another stream on the picture's own connection. */
  kvmm_domain_read_xml_async (silent, FALSE, NULL, ready_cb, &xml);
  kvmm_serial_line_open (f->line, FALSE);
  TEST_RUN_UNTIL (xml != NULL && get_state (f) == KVMM_SERIAL_OPEN);
  g_assert_null (picture);
  text = kvmm_domain_read_xml_finish (silent, xml, &error);
  g_assert_no_error (error);
  /* Whoever gives up need not wait for it either. */
  g_cancellable_cancel (cancellable);
  TEST_RUN_UNTIL (picture != NULL);
  g_assert_null (kvmm_domain_read_picture_finish (f->domain, picture, &text, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  kill (qemu, SIGCONT);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);

#define ADD(path, func)                                                                            \
  g_test_add ("/model/serial-line/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("speaks-both-ways", test_speaks_both_ways);
  ADD ("follows-the-machine", test_follows_the_machine);
  ADD ("one-at-a-time", test_one_at_a_time);
  ADD ("another-port", test_another_port);
  ADD ("a-machine-without", test_a_machine_without);
  ADD ("the-daemon-ends-and-comes-back", test_the_daemon_ends_and_comes_back);
  ADD ("a-picture-is-read", test_a_picture_is_read);
  ADD ("a-picture-delays-nobody", test_a_picture_delays_nobody);
#undef ADD
  return g_test_run ();
}

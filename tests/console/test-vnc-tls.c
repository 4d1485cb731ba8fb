/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/kvmm-display-private.h"
#include "console/kvmm-display-vnc.h"
#include "test-wait.h"

/* Encrypted screens, and those that want a name: with QEMU's own server, certificates of the test's
 * own authority, and a home folder in which the library looks for it. A machine of no devices has a
 * screen all the same, on which QEMU writes that it has none. */

#define QEMU "qemu-system-x86_64"
#define HOST "host.test"
#define PASSWORD "sesame42"

typedef struct
{
  char *directory;
  guint16 port;
  GSubprocess *process; /* (nullable) */
  GtkWindow *window;
  KvmmDisplay *display;
  guint n_closed;
  GError *error; /* (nullable) */
} Fixture;

/* Read by the leak sanitizer: the library frees neither its credentials nor the names of the
 * folders that it looks into. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:gnutls_certificate_allocate_credentials\n"
         "leak:gnutls_anon_allocate_client_credentials\n"
         "leak:gnutls_x509_crt_init\n"
         "leak:vnc_connection_set_credential\n";
}

/* The library asks the list of users for the home folder, and not the environment. */
static char *home;
struct passwd *
getpwuid (uid_t uid)
{
  static char name[] = "test", nothing[] = "", shell[] = "/bin/sh";
  static struct passwd entry;

  entry = (struct passwd){ .pw_name = name,
                           .pw_passwd = nothing,
                           .pw_uid = uid,
                           .pw_gecos = nothing,
                           .pw_dir = home,
                           .pw_shell = shell };
  return &entry;
}

static void
run (const char *directory, const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_spawn_sync (directory, (char **) argv, NULL,
                G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, NULL, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

#define RUN(directory, ...) run (directory, (const char *const[]){ __VA_ARGS__, NULL })

static void
write_file (const char *directory, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (directory, name, NULL);

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
make_folder (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

static void
copy_file (const char *directory, const char *from, const char *to)
{
  g_autofree char *source = g_build_filename (directory, from, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (source, &text, NULL, &error);
  g_assert_no_error (error);
  write_file (directory, to, text);
}

#define NEW_KEY "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"

static void
make_authority (const char *directory, const char *key, const char *certificate)
{
  RUN (directory, "openssl", "req", "-x509", NEW_KEY, "-days", "2", "-subj", "/CN=An Authority",
       "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
       "-keyout", key, "-out", certificate);
}

static void
make_certificate (const char *directory,
                  const char *subject,
                  const char *extensions,
                  const char *key,
                  const char *certificate)
{
  write_file (directory, "extensions", extensions);
  RUN (directory, "openssl", "req", NEW_KEY, "-subj", subject, "-keyout", key, "-out", "request");
  RUN (directory, "openssl", "x509", "-req", "-in", "request", "-CA", "server/ca-cert.pem",
       "-CAkey", "ca-key.pem", "-set_serial", "7", "-days", "2", "-extfile", "extensions", "-out",
       certificate);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("kvmm-vnc-XXXXXX", &error);
  g_assert_no_error (error);
  home = g_build_filename (self->directory, "home", NULL);
  make_folder (self->directory, "server");
  make_folder (self->directory, "home/.pki/CA");
  make_folder (self->directory, "home/.pki/libvirt-vnc/private");
  make_authority (self->directory, "ca-key.pem", "server/ca-cert.pem");
  make_certificate (self->directory, "/CN=" HOST,
                    "subjectAltName=DNS:" HOST "\nextendedKeyUsage=serverAuth\n"
                    "keyUsage=digitalSignature\n",
                    "server/server-key.pem", "server/server-cert.pem");
  copy_file (self->directory, "server/ca-cert.pem", "home/.pki/CA/cacert.pem");
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
close_screen (Fixture *self)
{
  gtk_window_destroy (self->window);
  g_signal_handlers_disconnect_by_data (self->display, self);
  g_assert_finalize_object (g_steal_pointer (&self->display));
  g_clear_error (&self->error);
  self->n_closed = 0;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  /* Neither is there after a case that was skipped. */
  if (self->display != NULL)
    close_screen (self);
  if (self->process != NULL)
    {
      g_subprocess_force_exit (self->process);
      g_subprocess_wait (self->process, NULL, NULL);
    }
  g_clear_object (&self->process);
  test_drain ();
  remove_tree (self->directory);
  g_free (self->directory);
  g_clear_pointer (&home, g_free);
}

/* ---- the server ---- */

static int
connect_to_server (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection =
      g_socket_client_connect_to_host (client, "127.0.0.1", self->port, NULL, &error);

  g_assert_no_error (error);
  return fcntl (g_socket_get_fd (g_socket_connection_get_socket (connection)), F_DUPFD_CLOEXEC, 3);
}

/* A test that aborts takes its server along. */
static void
die_with_parent (gpointer unused)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* It listens before it answers, at the first port that is free. What it fails with is in the log of
 * the test. */
static guint16
read_port (GSubprocess *process)
{
  static const char commands[] = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-vnc\"}\n";
  g_autoptr (GDataInputStream) replies =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  g_autoptr (GError) error = NULL;
  guint port = 0;

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (replies), FALSE);
  g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), commands, strlen (commands),
                             NULL, NULL, &error);
  g_assert_no_error (error);
  while (port == 0)
    {
      g_autofree char *line = g_data_input_stream_read_line (replies, NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (line);
      const char *service = strstr (line, "\"service\": \"");
      if (service != NULL)
        port = (guint) g_ascii_strtoull (service + strlen ("\"service\": \""), NULL, 10);
    }
  return (guint16) port;
}

static void
start_server (Fixture *self, const char *tls_object, const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *vnc = g_strdup_printf ("127.0.0.1:300,to=9000,tls-creds=tls0%s", options);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  g_subprocess_launcher_set_cwd (launcher, self->directory);
  g_subprocess_launcher_setenv (launcher, "SASL_CONF_PATH", self->directory, TRUE);
  g_subprocess_launcher_unsetenv (launcher, "G_DEBUG");
  self->process = g_subprocess_launcher_spawn (
      launcher, &error, QEMU, "-M", "none", "-nodefaults", "-no-user-config", "-S", "-display",
      "none", "-qmp", "stdio", "-object", tls_object, "-object",
      "secret,id=password,data=" PASSWORD, "-vnc", vnc, NULL);
  g_assert_no_error (error);
  self->port = read_port (self->process);
}

#define X509 "tls-creds-x509,id=tls0,endpoint=server,dir=server,verify-peer=no"
#define X509_OF_CLIENTS "tls-creds-x509,id=tls0,endpoint=server,dir=server,verify-peer=yes"
#define ANONYMOUS "tls-creds-anon,id=tls0,endpoint=server"

/* ---- the client ---- */

static void
closed_cb (KvmmDisplay *display, const GError *error, Fixture *self)
{
  self->n_closed++;
  g_clear_error (&self->error);
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
open_screen (Fixture *self, const char *host)
{
  self->display = g_object_ref_sink (kvmm_display_vnc_new ());
  g_signal_connect (self->display, "closed", G_CALLBACK (closed_cb), self);
  self->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_child (self->window, GTK_WIDGET (self->display));
  gtk_window_present (self->window);
  kvmm_display_vnc_open_fd (KVMM_DISPLAY_VNC (self->display), connect_to_server (self), FALSE,
                            host);
}

static gboolean
has_picture (Fixture *self)
{
  KvmmFramebuffer *framebuffer = kvmm_display_get_framebuffer (self->display);
  const guint32 *pixels;

  if (framebuffer == NULL)
    return FALSE;
  pixels = (const guint32 *) (gpointer) kvmm_framebuffer_get_data (framebuffer);
  for (guint i = 0;
       i < kvmm_framebuffer_get_width (framebuffer) * kvmm_framebuffer_get_height (framebuffer);
       i++)
    if (pixels[i] & GUINT32_FROM_LE (0x00ffffff))
      return TRUE;
  return FALSE;
}

static void
wait_picture (Fixture *self)
{
  test_wait_until (self->n_closed > 0 || has_picture (self));
  g_assert_no_error (self->error);
}

static void
wait_asked (Fixture *self, KvmmDisplayNeeds needs)
{
  test_wait_until (self->n_closed > 0 ||
                   kvmm_display_get_state (self->display) == KVMM_DISPLAY_AUTH_NEEDED);
  g_assert_no_error (self->error);
  g_assert_cmpuint (kvmm_display_get_auth_needs (self->display), ==, needs);
}

static void
wait_failed (Fixture *self, int code, const char *what, const char *cure)
{
  test_wait_until (self->n_closed > 0 || has_picture (self));
  g_assert_error (self->error, KVMM_DISPLAY_ERROR, code);
  g_test_message ("%s", self->error->message);
  g_assert_nonnull (strstr (self->error->message, what));
  g_assert_nonnull (strstr (self->error->message, cure));
}

/* ---- the cases ---- */

static void
test_a_trusted_authority (Fixture *self, gconstpointer data)
{
  start_server (self, X509, "");
  open_screen (self, HOST);
  wait_picture (self);
}

static void
test_without_certificates (Fixture *self, gconstpointer data)
{
  start_server (self, ANONYMOUS, "");
  open_screen (self, HOST);
  wait_picture (self);
}

static void
test_a_password (Fixture *self, gconstpointer data)
{
  start_server (self, X509, ",password-secret=password");
  open_screen (self, HOST);
  wait_asked (self, KVMM_DISPLAY_NEEDS_PASSWORD);
  kvmm_display_answer_auth (self->display, NULL, PASSWORD);
  wait_picture (self);

  close_screen (self);
  open_screen (self, HOST);
  wait_asked (self, KVMM_DISPLAY_NEEDS_PASSWORD);
  kvmm_display_answer_auth (self->display, NULL, "sesame43");
  wait_failed (self, KVMM_DISPLAY_ERROR_AUTH, "refused the password", "");
}

static void
test_an_unknown_authority (Fixture *self, gconstpointer data)
{
  make_authority (self->directory, "other-key.pem", "home/.pki/CA/cacert.pem");
  start_server (self, X509, "");
  open_screen (self, HOST);
  wait_failed (self, KVMM_DISPLAY_ERROR_PROTOCOL, HOST, "~/.pki/CA/cacert.pem");
}

static void
test_no_authority (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (home, ".pki/CA/cacert.pem", NULL);

  g_unlink (path);
  start_server (self, X509, "");
  open_screen (self, HOST);
  wait_failed (self, KVMM_DISPLAY_ERROR_PROTOCOL, HOST, "~/.pki/CA/cacert.pem");
}

static void
test_another_host (Fixture *self, gconstpointer data)
{
  start_server (self, X509, "");
  open_screen (self, "other.test");
  wait_failed (self, KVMM_DISPLAY_ERROR_PROTOCOL, "other.test", "name");
}

static void
test_a_client_without_certificate (Fixture *self, gconstpointer data)
{
  start_server (self, X509_OF_CLIENTS, "");
  open_screen (self, HOST);
  wait_failed (self, KVMM_DISPLAY_ERROR_PROTOCOL, HOST, "~/.pki/libvirt-vnc/clientcert.pem");
}

static void
test_a_client_with_certificate (Fixture *self, gconstpointer data)
{
  make_certificate (
      self->directory, "/CN=a client", "extendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\n",
      "home/.pki/libvirt-vnc/private/clientkey.pem", "home/.pki/libvirt-vnc/clientcert.pem");
  start_server (self, X509_OF_CLIENTS, "");
  open_screen (self, HOST);
  wait_picture (self);
}

/* Returns: (nullable) (transfer full): the program that makes users */
static char *
find_saslpasswd (void)
{
  static const char system[] = "/usr/sbin/saslpasswd2";
  char *program = g_find_program_in_path ("saslpasswd2");

  if (program == NULL && g_file_test (system, G_FILE_TEST_IS_EXECUTABLE))
    program = g_strdup (system);
  return program;
}

static void
make_user (Fixture *self, const char *program)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autoptr (GSubprocess) process = NULL;

  g_subprocess_launcher_set_cwd (launcher, self->directory);
  process = g_subprocess_launcher_spawn (launcher, &error, program, "-p", "-c", "-f", "users",
                                         "fred", NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, PASSWORD, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
}

static void
test_a_name_and_a_password (Fixture *self, gconstpointer data)
{
  g_autofree char *program = find_saslpasswd ();
  g_autofree char *config = g_strdup_printf ("mech_list: scram-sha-256\nsasldb_path: %s/users\n"
                                             "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n",
                                             self->directory);

  if (program == NULL)
    {
      g_test_skip ("saslpasswd2 is not installed");
      return;
    }
  make_user (self, program);
  write_file (self->directory, "qemu.conf", config);
  start_server (self, X509, ",sasl=on");
  open_screen (self, HOST);
  wait_asked (self, KVMM_DISPLAY_NEEDS_USERNAME | KVMM_DISPLAY_NEEDS_PASSWORD);
  kvmm_display_answer_auth (self->display, "fred", PASSWORD);
  wait_picture (self);

  close_screen (self);
  open_screen (self, HOST);
  wait_asked (self, KVMM_DISPLAY_NEEDS_USERNAME | KVMM_DISPLAY_NEEDS_PASSWORD);
  kvmm_display_answer_auth (self->display, "fred", "sesame43");
  wait_failed (self, KVMM_DISPLAY_ERROR_AUTH, "refused the password", "");
  g_assert_null (strstr (self->error->message, "Unknown"));
}

int
main (int argc, char **argv)
{
  static const char *const tools[] = { QEMU, "openssl" };

  gtk_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      g_autofree char *program = g_find_program_in_path (tools[i]);

      if (program == NULL)
        {
          g_print ("1..0 # SKIP %s is not installed\n", tools[i]);
          return 0;
        }
    }
  if (g_file_test ("/etc/pki/CA/cacert.pem", G_FILE_TEST_EXISTS))
    {
      g_print ("1..0 # SKIP /etc/pki/CA/cacert.pem of this computer would be used\n");
      return 0;
    }

#define ADD(name, function)                                                                        \
  g_test_add ("/console/vnc-tls/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("a-trusted-authority", test_a_trusted_authority);
  ADD ("without-certificates", test_without_certificates);
  ADD ("a-password", test_a_password);
  ADD ("an-unknown-authority", test_an_unknown_authority);
  ADD ("no-authority", test_no_authority);
  ADD ("another-host", test_another_host);
  ADD ("a-client-without-certificate", test_a_client_without_certificate);
  ADD ("a-client-with-certificate", test_a_client_with_certificate);
  ADD ("a-name-and-a-password", test_a_name_and_a_password);
#undef ADD
  return g_test_run ();
}

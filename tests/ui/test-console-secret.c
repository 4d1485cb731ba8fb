/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <libsecret/secret.h>

#include "machine-fixture.h"
#include "scripted-screen.h"
#include "fake-keyring.h"
#include "shoot.h"
#include "ui/kvmm-console-view.h"

/* A screen that wants a password, and a keyring that may know it. */

#define WRONG_PASSWORD "sesame43"

static FakeKeyring *keyring; /* (owned) (nullable) */

static void
start_keyring (void)
{
  keyring = fake_keyring_new ();
}

static void
open_screen (Fixture *f)
{
  g_autoptr (KvmmConsoleOpener) opener = kvmm_console_opener_new (f->domain);
  GtkWidget *overlay = adw_toast_overlay_new ();

  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (overlay),
                               kvmm_console_view_new (f->settings, f->domain, opener, 0));
  f->window = adw_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 700, 560);
  adw_window_set_content (ADW_WINDOW (f->window), overlay);
  gtk_window_present (GTK_WINDOW (f->window));
}

static KvmmConsoleView *
get_view (Fixture *f)
{
  return KVMM_CONSOLE_VIEW (find_type (f->window, KVMM_TYPE_CONSOLE_VIEW));
}

/* Closed by its user: what the screen was opened with is not known any more. */
static void
close_screen (Fixture *f)
{
  gpointer gone = find_type (f->window, KVMM_TYPE_CONSOLE_VIEW);

  g_object_add_weak_pointer (gone, &gone);
  gtk_window_destroy (GTK_WINDOW (f->window));
  RUN_UNTIL (gone == NULL);
  f->window = NULL;
  scripted_screen_clear ();
}

static void
wait_asked (Fixture *f)
{
  RUN_UNTIL (kvmm_console_view_get_state (get_view (f)) == KVMM_CONSOLE_SESSION_SIGN_IN);
}

static void
wait_picture (Fixture *f)
{
  RUN_UNTIL (kvmm_console_view_get_state (get_view (f)) == KVMM_CONSOLE_SESSION_PICTURE);
}

static GtkCheckButton *
get_remember (Fixture *f)
{
  return GTK_CHECK_BUTTON (find_type (f->window, GTK_TYPE_CHECK_BUTTON));
}

static void
sign_in (Fixture *f, const char *password, gboolean remember)
{
  GtkWidget *entry = find_type (f->window, ADW_TYPE_PASSWORD_ENTRY_ROW);

  gtk_check_button_set_active (get_remember (f), remember);
  gtk_editable_set_text (GTK_EDITABLE (entry), password);
  press (f->window, "_Sign In");
}

static const char *
get_kept (Fixture *f)
{
  return fake_keyring_get (keyring, kvmm_connection_get_uri (f->connection),
                           kvmm_domain_get_uuid (f->domain));
}

static void
put (Fixture *f, const char *text)
{
  fake_keyring_put (keyring, kvmm_connection_get_uri (f->connection),
                    kvmm_domain_get_uuid (f->domain), text);
}

static void
finish (Fixture *f)
{
  if (f->window != NULL)
    close_screen (f);
  secret_service_disconnect ();
  g_clear_pointer (&keyring, fake_keyring_free);
}

/* ---- the cases ---- */

static void
test_kept_when_asked_to (Fixture *f, gconstpointer data)
{
  start_keyring ();
  open_screen (f);
  wait_asked (f);
  g_assert_cmpuint (fake_keyring_get_n_searches (keyring), ==, 1);
  g_assert_false (gtk_check_button_get_active (get_remember (f)));
  sign_in (f, RFB_PASSWORD, TRUE);
  wait_picture (f);
  RUN_UNTIL (fake_keyring_get_n_items (keyring) == 1);
  g_assert_cmpstr (get_kept (f), ==, RFB_PASSWORD);
  /* It is told apart in the list of the keyring. */
  g_assert_nonnull (strstr (fake_keyring_get_label (keyring), "test"));

  /* The next opening asks nobody. */
  close_screen (f);
  open_screen (f);
  wait_picture (f);
  g_assert_cmpuint (scripted_screen_get_n_openings (), ==, 1);
  g_assert_cmpuint (fake_keyring_get_n_items (keyring), ==, 1);
  finish (f);
}

static void
test_not_kept_unless_asked_to (Fixture *f, gconstpointer data)
{
  start_keyring ();
  open_screen (f);
  wait_asked (f);
  sign_in (f, RFB_PASSWORD, FALSE);
  wait_picture (f);

  /* Nor is it on its way: the next question to the keyring would come behind it. */
  close_screen (f);
  open_screen (f);
  wait_asked (f);
  g_assert_cmpuint (fake_keyring_get_n_searches (keyring), ==, 2);
  g_assert_cmpuint (fake_keyring_get_n_items (keyring), ==, 0);
  finish (f);
}

/* A wrong one that was typed is not kept, although it was to be. */
static void
test_a_refused_one_is_not_kept (Fixture *f, gconstpointer data)
{
  start_keyring ();
  open_screen (f);
  wait_asked (f);
  sign_in (f, WRONG_PASSWORD, TRUE);
  RUN_UNTIL (scripted_screen_get_n_openings () == 2);
  wait_asked (f);
  g_assert_nonnull (find_label (f->window, "refused the password"));
  g_assert_cmpuint (fake_keyring_get_n_items (keyring), ==, 0);
  /* The keyring was asked once. */
  g_assert_cmpuint (fake_keyring_get_n_searches (keyring), ==, 1);
  sign_in (f, RFB_PASSWORD, TRUE);
  wait_picture (f);
  RUN_UNTIL (fake_keyring_get_n_items (keyring) == 1);
  g_assert_cmpstr (get_kept (f), ==, RFB_PASSWORD);
  finish (f);
}

static void
test_another_machines_is_not_used (Fixture *f, gconstpointer data)
{
  start_keyring ();
  fake_keyring_put (keyring, kvmm_connection_get_uri (f->connection),
                    "00000000-1111-2222-3333-444444444444", RFB_PASSWORD);
  fake_keyring_put (keyring, "qemu+ssh://elsewhere/system", kvmm_domain_get_uuid (f->domain),
                    RFB_PASSWORD);
  open_screen (f);
  wait_asked (f);
  g_assert_null (find_label (f->window, "refused the password"));
  finish (f);
}

static void
ask_with_a_wrong_one (Fixture *f)
{
  start_keyring ();
  put (f, WRONG_PASSWORD);
  open_screen (f);
  wait_asked (f);
  g_assert_cmpuint (scripted_screen_get_n_openings (), ==, 2);
  g_assert_nonnull (find_label (f->window, "refused the password"));
  /* It was kept, so the new one shall be, unless somebody says otherwise. */
  g_assert_true (gtk_check_button_get_active (get_remember (f)));
}

static void
test_a_wrong_one_is_replaced (Fixture *f, gconstpointer data)
{
  ask_with_a_wrong_one (f);
  shoot ("console-secret-wrong");
  sign_in (f, RFB_PASSWORD, TRUE);
  wait_picture (f);
  RUN_UNTIL (g_strcmp0 (get_kept (f), RFB_PASSWORD) == 0);
  g_assert_cmpuint (fake_keyring_get_n_items (keyring), ==, 1);
  finish (f);
}

static void
test_a_wrong_one_is_forgotten (Fixture *f, gconstpointer data)
{
  ask_with_a_wrong_one (f);
  sign_in (f, RFB_PASSWORD, FALSE);
  wait_picture (f);
  RUN_UNTIL (fake_keyring_get_n_items (keyring) == 0);
  finish (f);
}

/* "The password could not be remembered", and why: behind its button. */
static void
wait_told (Fixture *f, const char *why)
{
  RUN_UNTIL (find_label (f->window, "The password could not be remembered") != NULL);
  press (f->window, "_Details");
  GtkWidget *dialog = NULL;
  RUN_UNTIL ((dialog = find_window (f, ADW_TYPE_MESSAGE_DIALOG)) != NULL &&
             find_label (dialog, why) != NULL);
  g_assert_null (find_label (dialog, "GDBus"));
}

static void
test_without_a_keyring (Fixture *f, gconstpointer data)
{
  open_screen (f);
  wait_asked (f);
  sign_in (f, RFB_PASSWORD, TRUE);
  wait_picture (f);
  wait_told (f, "There is no keyring in this session");
  shoot ("console-secret-none");
  finish (f);
}

static void
test_a_keyring_that_stays_locked (Fixture *f, gconstpointer data)
{
  start_keyring ();
  put (f, RFB_PASSWORD);
  fake_keyring_lock (keyring, FALSE);
  open_screen (f);
  wait_asked (f);
  g_assert_cmpuint (fake_keyring_get_n_prompts (keyring), ==, 1);
  sign_in (f, RFB_PASSWORD, TRUE);
  wait_picture (f);
  wait_told (f, "The keyring stayed locked");
  g_assert_cmpuint (fake_keyring_get_n_prompts (keyring), ==, 2);
  finish (f);
}

static void
test_a_keyring_that_is_unlocked (Fixture *f, gconstpointer data)
{
  start_keyring ();
  put (f, RFB_PASSWORD);
  fake_keyring_lock (keyring, TRUE);
  open_screen (f);
  wait_picture (f);
  g_assert_cmpuint (fake_keyring_get_n_prompts (keyring), ==, 1);
  g_assert_cmpuint (scripted_screen_get_n_openings (), ==, 1);
  finish (f);
}

/* ---- a real one ---- */

static GSubprocess *
start_daemon (const char *home)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                 G_SUBPROCESS_FLAGS_STDERR_SILENCE);

  g_subprocess_launcher_setenv (launcher, "HOME", home, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_DATA_HOME", home, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", home, TRUE);
  GSubprocess *daemon =
      g_subprocess_launcher_spawn (launcher, &error, "gnome-keyring-daemon", "--unlock",
                                   "--components=secrets", "--foreground", NULL);
  g_assert_no_error (error);
  GOutputStream *input = g_subprocess_get_stdin_pipe (daemon);
  g_assert_true (g_output_stream_write_all (input, "sesame", 6, NULL, NULL, &error));
  g_assert_true (g_output_stream_close (input, NULL, &error));
  return daemon;
}

static gboolean
has_owner (GDBusProxy *proxy)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (proxy);
  return owner != NULL;
}

static void
stop_daemon (GSubprocess *daemon, GDBusProxy *proxy)
{
  g_subprocess_force_exit (daemon);
  g_assert_true (g_subprocess_wait (daemon, NULL, NULL));
  g_object_unref (daemon);
  RUN_UNTIL (!has_owner (proxy));
  secret_service_disconnect ();
}

static void
test_a_real_keyring (Fixture *f, gconstpointer data)
{
  g_autofree char *found = g_find_program_in_path ("gnome-keyring-daemon");
  g_autofree char *home = NULL;
  g_autoptr (GError) error = NULL;

  if (found == NULL)
    {
      /* It would answer the other tests of this computer too, if it were installed for them. */
      g_test_skip ("gnome-keyring is not installed");
      return;
    }
  home = g_dir_make_tmp ("kvmm-keyring-XXXXXX", &error);
  g_assert_no_error (error);
  g_autoptr (GDBusProxy) proxy = g_dbus_proxy_new_for_bus_sync (
      G_BUS_TYPE_SESSION,
      G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, NULL,
      "org.freedesktop.secrets", "/org/freedesktop/secrets", "org.freedesktop.Secret.Service", NULL,
      &error);
  g_assert_no_error (error);

  GSubprocess *daemon = start_daemon (home);
  RUN_UNTIL (has_owner (proxy));
  open_screen (f);
  wait_asked (f);
  sign_in (f, RFB_PASSWORD, TRUE);
  wait_picture (f);
  /* The answer of the keyring comes before that to the next question. */
  close_screen (f);
  open_screen (f);
  wait_picture (f);
  g_assert_cmpuint (scripted_screen_get_n_openings (), ==, 1);
  close_screen (f);

  /* It is in the file of the keyring, not only in its memory. */
  stop_daemon (daemon, proxy);
  daemon = start_daemon (home);
  RUN_UNTIL (has_owner (proxy));
  open_screen (f);
  wait_picture (f);
  g_assert_cmpuint (scripted_screen_get_n_openings (), ==, 1);
  close_screen (f);
  stop_daemon (daemon, proxy);
  const char *const remove[] = { "rm", "-rf", home, NULL };
  g_assert_true (g_spawn_sync (NULL, (char **) remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { "kept-when-asked-to", test_kept_when_asked_to },
    { "not-kept-unless-asked-to", test_not_kept_unless_asked_to },
    { "a-refused-one-is-not-kept", test_a_refused_one_is_not_kept },
    { "another-machines-is-not-used", test_another_machines_is_not_used },
    { "a-wrong-one-is-replaced", test_a_wrong_one_is_replaced },
    { "a-wrong-one-is-forgotten", test_a_wrong_one_is_forgotten },
    { "without-a-keyring", test_without_a_keyring },
    { "a-keyring-that-stays-locked", test_a_keyring_that_stays_locked },
    { "a-keyring-that-is-unlocked", test_a_keyring_that_is_unlocked },
    { "a-real-keyring", test_a_real_keyring },
  };

  return run_cases (argc, argv, "/ui/console-secret/", cases, G_N_ELEMENTS (cases));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <adwaita.h>

#include "model/kvmm-settings.h"
#include "shoot.h"
#include "ui/kvmm-console-keys.h"
#include "ui/kvmm-console-sign-in.h"
#include "ui/kvmm-full-screen-bar.h"

/* What stands round a guest's screen, without one. */

static GtkWidget *
show (GtkWidget *content, const char *title)
{
  GtkWidget *window = adw_window_new ();

  gtk_window_set_title (GTK_WINDOW (window), title);
  gtk_window_set_default_size (GTK_WINDOW (window), 640, 520);
  adw_window_set_content (ADW_WINDOW (window), content);
  gtk_window_present (GTK_WINDOW (window));
  while (!gtk_widget_get_mapped (content))
    g_main_context_iteration (NULL, TRUE);
  return window;
}

static void
drop (GtkWidget *window)
{
  gpointer gone = window;

  g_object_add_weak_pointer (G_OBJECT (window), &gone);
  gtk_window_destroy (GTK_WINDOW (window));
  while (gone != NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* Returns: (nullable): the first descendant of @type that can be seen, the n-th if there are more
 */
static GtkWidget *
find (GtkWidget *widget, GType type, guint *n)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type) && gtk_widget_get_visible (widget) && (*n)-- == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = gtk_widget_get_visible (child) ? find (child, type, n) : NULL;

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GtkWidget *
find_first (GtkWidget *widget, GType type)
{
  guint n = 0;

  return find (widget, type, &n);
}

static void
count_cb (gpointer source, guint *count)
{
  (*count)++;
}

static void
test_sign_in (void)
{
  GtkWidget *form = g_object_new (KVMM_TYPE_CONSOLE_SIGN_IN, NULL);
  KvmmConsoleSignIn *self = KVMM_CONSOLE_SIGN_IN (form);
  GtkWidget *window = show (form, "web1");
  GtkWidget *password = find_first (form, ADW_TYPE_PASSWORD_ENTRY_ROW);
  guint n_answers = 0;

  g_signal_connect (form, "answered", G_CALLBACK (count_cb), &n_answers);
  kvmm_console_sign_in_ask (self, FALSE, NULL);
  g_assert_null (kvmm_console_sign_in_get_username (self));
  /* An empty password is no answer. */
  g_signal_emit_by_name (password, "entry-activated");
  g_assert_cmpuint (n_answers, ==, 0);
  gtk_editable_set_text (GTK_EDITABLE (password), "secret");
  g_signal_emit_by_name (password, "entry-activated");
  g_assert_cmpuint (n_answers, ==, 1);
  g_assert_cmpstr (kvmm_console_sign_in_get_password (self), ==, "secret");
  g_assert_false (kvmm_console_sign_in_get_remember (self));

  kvmm_console_sign_in_clear (self);
  g_assert_cmpstr (kvmm_console_sign_in_get_password (self), ==, "");
  kvmm_console_sign_in_ask (self, FALSE, "The password was <b>refused</b>");
  shoot ("console-sign-in");
  drop (window);
}

static void
test_sign_in_with_a_name (void)
{
  GtkWidget *form = g_object_new (KVMM_TYPE_CONSOLE_SIGN_IN, NULL);
  KvmmConsoleSignIn *self = KVMM_CONSOLE_SIGN_IN (form);
  GtkWidget *window = show (form, "web1");
  guint n_answers = 0;

  g_signal_connect (form, "answered", G_CALLBACK (count_cb), &n_answers);
  kvmm_console_sign_in_ask (self, TRUE, NULL);
  GtkWidget *username = find_first (form, ADW_TYPE_ENTRY_ROW);
  GtkWidget *password = find_first (form, ADW_TYPE_PASSWORD_ENTRY_ROW);
  gtk_editable_set_text (GTK_EDITABLE (password), "secret");
  g_signal_emit_by_name (password, "entry-activated");
  g_assert_cmpuint (n_answers, ==, 0);
  gtk_editable_set_text (GTK_EDITABLE (username), "anna");
  g_signal_emit_by_name (username, "entry-activated");
  g_assert_cmpuint (n_answers, ==, 1);
  g_assert_cmpstr (kvmm_console_sign_in_get_username (self), ==, "anna");
  drop (window);
}

static void
test_full_screen_bar_hides_itself (void)
{
  GtkWidget *bar = g_object_new (KVMM_TYPE_FULL_SCREEN_BAR, NULL);
  KvmmFullScreenBar *self = KVMM_FULL_SCREEN_BAR (bar);
  GtkWidget *window;

  g_object_set (bar, "content", gtk_label_new ("picture"), NULL);
  kvmm_full_screen_bar_set_title (self, "web1");
  kvmm_full_screen_bar_set_hint (self,
                                 "All keys go to the guest: Ctrl+Alt gives the keyboard back");
  window = show (bar, "web1");
  g_assert_false (kvmm_full_screen_bar_get_is_shown (self));
  kvmm_full_screen_bar_set_is_active (self, TRUE);
  g_assert_true (kvmm_full_screen_bar_get_is_shown (self));
  shoot ("console-full-screen");
  while (kvmm_full_screen_bar_get_is_shown (self))
    g_main_context_iteration (NULL, TRUE);
  kvmm_full_screen_bar_set_is_active (self, FALSE);
  g_assert_false (kvmm_full_screen_bar_get_is_shown (self));
  drop (window);
}

static void
test_keys_have_labels (void)
{
  static const char *const cases[][2] = {
    { "Control_L+Alt_L+Delete", "Ctrl+Alt+Delete" },
    { "Alt_L+Print+b", "Alt+Print+B" },
    { "Control_L+Alt_L", "Ctrl+Alt" },
    { "Caps_Lock", "Caps Lock" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *label = kvmm_console_keys_dup_label (cases[i][0]);

      g_assert_cmpstr (label, ==, cases[i][1]);
    }
  /* evdev codes of A, left Ctrl, F12 and Delete, counted as GDK does. */
  g_assert_cmpstr (kvmm_console_keys_from_keycode (30 + 8), ==, "a");
  g_assert_cmpstr (kvmm_console_keys_from_keycode (29 + 8), ==, "Control_L");
  g_assert_cmpstr (kvmm_console_keys_from_keycode (88 + 8), ==, "F12");
  g_assert_cmpstr (kvmm_console_keys_from_keycode (111 + 8), ==, "Delete");
  g_assert_null (kvmm_console_keys_from_keycode (0));
}

static void
test_recorded_keys_are_bounded (void)
{
  g_autoptr (KvmmSettings) settings = kvmm_settings_new (NULL);
  g_autoptr (GSettings) machine =
      kvmm_settings_open_machine (settings, "b0000000-0000-0000-0000-000000000009");

  for (guint i = 0; i < KVMM_CONSOLE_KEYS_MAX + 3; i++)
    {
      g_autofree char *keys = g_strdup_printf ("Control_L+%c", 'a' + i);
      kvmm_console_keys_remember (machine, keys);
    }
  kvmm_console_keys_remember (machine, "Control_L+k");
  g_auto (GStrv) all = g_settings_get_strv (machine, KVMM_SETTINGS_MACHINE_KEYS);
  g_assert_cmpuint (g_strv_length (all), ==, KVMM_CONSOLE_KEYS_MAX);
  g_assert_cmpstr (all[0], ==, "Control_L+k");
  g_assert_cmpstr (all[1], ==, "Control_L+o");
  for (guint i = 1; all[i] != NULL; i++)
    g_assert_cmpstr (all[i], !=, all[0]);

  g_autoptr (GMenuModel) menu = kvmm_console_keys_create_menu (machine);
  g_assert_cmpint (g_menu_model_get_n_items (menu), >=, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/ui/console-parts/sign-in", test_sign_in);
  g_test_add_func ("/ui/console-parts/sign-in-with-a-name", test_sign_in_with_a_name);
  g_test_add_func ("/ui/console-parts/full-screen-bar-hides-itself",
                   test_full_screen_bar_hides_itself);
  g_test_add_func ("/ui/console-parts/keys-have-labels", test_keys_have_labels);
  g_test_add_func ("/ui/console-parts/recorded-keys-are-bounded", test_recorded_keys_are_bounded);
  return g_test_run ();
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "machine-fixture.h"

#include "ui/kvmm-machine-window.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* Read by the leak sanitizer: fontconfig keeps its tables until the process ends, GLib a table of
 * quarks from its constructor. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libfontconfig\nleak:call_init";
}

gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

GtkWidget *
find_type (GtkWidget *widget, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_type (child, type);

      if (found != NULL)
        return found;
    }
  return NULL;
}

GtkWidget *
find_label (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_label (child, text);

      if (found != NULL)
        return found;
    }
  return NULL;
}

GtkWidget *
find_button (GtkWidget *widget, const char *label)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_BUTTON (widget) && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_button (child, label);

      if (found != NULL)
        return found;
    }
  return NULL;
}

GtkWidget *
find_window (Fixture *f, GType type)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWidget) window = g_list_model_get_item (windows, i);

      if (G_TYPE_CHECK_INSTANCE_TYPE (window, type) && gtk_widget_get_visible (window))
        return window;
    }
  return NULL;
}

GtkWidget *
find_titled (const char *title)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, i);
      const char *text = gtk_window_get_title (window);

      if (text != NULL && g_str_has_prefix (text, title) &&
          gtk_widget_get_mapped (GTK_WIDGET (window)))
        return GTK_WIDGET (window);
    }
  return NULL;
}

void
open_window (Fixture *f, const char *page)
{
  kvmm_machine_window_present (GTK_APPLICATION (f->application), f->settings, f->domain, page);
  f->window = find_window (f, KVMM_TYPE_MACHINE_WINDOW);
  g_assert_nonnull (f->window);
  RUN_UNTIL (gtk_widget_get_mapped (f->window));
}

void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->application = ADW_APPLICATION (g_application_get_default ());
  f->settings = kvmm_settings_new (&error);
  g_assert_no_error (error);
  f->connection = kvmm_connection_new ("test:///default", f->settings);
  kvmm_connection_connect (f->connection);
  RUN_UNTIL (kvmm_connection_get_is_loaded (f->connection));
  f->domain = g_object_ref (kvmm_connection_find (f->connection, "test"));
  f->guest = kvmm_domain_get_guest (f->domain);
  scripted_iso_set_drive (NULL);
  scripted_iso_set_error (-1, NULL, 0);
}

void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GListModel) windows = g_object_ref (gtk_window_get_toplevels ());

  while (g_list_model_get_n_items (windows) > 0)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, 0);

      gtk_window_destroy (window);
    }
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  g_assert_cmpint (scripted_guest_get_holds (f->guest), ==, 0);
  kvmm_connection_disconnect (f->connection);
  RUN_UNTIL (kvmm_connection_get_state (f->connection) == KVMM_CONNECTION_DISCONNECTED);
  g_clear_object (&f->domain);
  g_clear_object (&f->connection);
  g_clear_object (&f->settings);
}

void
press (GtkWidget *widget, const char *label)
{
  GtkWidget *button = find_button (widget, label);

  g_assert_nonnull (button);
  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

int
run_cases (int argc, char **argv, const char *prefix, const Case *cases, guint n_cases)
{
  g_autoptr (AdwApplication) application = NULL;
  g_autoptr (GtkCssProvider) style = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  g_setenv ("GTK_A11Y", "none", TRUE);
  kvmm_thread_set_main ();
  g_test_init (&argc, &argv, NULL);
  kvmm_virt_init ();
  /* One for all cases: a second one cannot be exported on the same bus. */
  application = adw_application_new (NULL, G_APPLICATION_NON_UNIQUE);
  g_application_register (G_APPLICATION (application), NULL, &error);
  g_assert_no_error (error);
  style = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (style, "/org/kvmmanager/KvmManager/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (style),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  for (guint i = 0; i < n_cases; i++)
    {
      g_autofree char *path = g_strconcat (prefix, cases[i].path, NULL);

      g_test_add (path, Fixture, NULL, set_up, cases[i].func, tear_down);
    }
  return g_test_run ();
}

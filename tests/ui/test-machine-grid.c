/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <adwaita.h>
#include <glib/gstdio.h>

#include "model/kvmm-connection.h"
#include "ui/kvmm-grid-cell.h"
#include "ui/kvmm-machine-grid.h"
#include "ui/kvmm-machine-list.h"
#include "ui/kvmm-picture.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"
#include "../util/test-wait.h"

/* The grid of machines on libvirt's test driver, whose machines all show one picture. */

#define DEADLINE_SECONDS 120
/* Of every three, two run. */
#ifdef __SANITIZE_ADDRESS__
/* Each of its allocations is remembered with its whole stack. */
#define N_MACHINES 301
#else
#define N_MACHINES 1000
#endif
/* Longer than this the window would stand still. */
#define LONGEST_TURN_US (400 * 1000)

#define RUN_UNTIL(expression)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 until_us = g_get_monotonic_time () + DEADLINE_SECONDS * G_USEC_PER_SEC;                 \
    guint wake_id = g_timeout_add (20, wake_cb, NULL);                                             \
    while (!(expression))                                                                          \
      {                                                                                            \
        if (g_get_monotonic_time () > until_us)                                                    \
          g_error ("%s: not within %d s: %s", G_STRFUNC, DEADLINE_SECONDS, #expression);           \
        g_main_context_iteration (NULL, TRUE);                                                     \
      }                                                                                            \
    g_source_remove (wake_id);                                                                     \
  }                                                                                                \
  G_STMT_END

/* Read by the leak sanitizer: fontconfig keeps its tables until the process ends, GLib a table of
 * quarks from its constructor. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libfontconfig\nleak:call_init";
}

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  char *path;
  KvmmSettings *settings;
  KvmmConnection *connection;
  GtkWidget *window;
  KvmmMachineList *list;
  KvmmThumbnails *thumbnails;
  KvmmDomain *opened; /* (nullable) */
  guint n_menus;
} Fixture;

static GtkWidget *
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

/* The connection for pictures has the same machines, since they have the same UUIDs; what is done
 * to one there is not done here, which only makes their pictures always available. */
static char *
write_machines (guint n)
{
  g_autoptr (GString) xml = g_string_new ("<node>");
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("kvmm-grid-XXXXXX.xml", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (
        xml,
        "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>"
        "<name>m%04u</name><uuid>b0000000-0000-0000-0000-%012x</uuid><memory>8192</memory><vcpu>1</"
        "vcpu><os><type>hvm</type></os>"
        "<devices><graphics type='vnc'/></devices><test:runstate>%d</test:runstate></domain>",
        i, i, i % 3 == 2 ? 5 : 1);
  g_string_append (xml, "</node>");
  g_assert_true (g_file_set_contents (path, xml->str, -1, NULL));
  return g_steal_pointer (&path);
}

static void
open_cb (KvmmMachineList *list, KvmmDomain *domain, Fixture *f)
{
  f->opened = domain;
}

static void
menu_cb (KvmmMachineList *list, const GdkRectangle *at, Fixture *f)
{
  f->n_menus++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;

  f->path = write_machines (GPOINTER_TO_UINT (data));
  uri = g_strdup_printf ("test://%s", f->path);
  f->settings = kvmm_settings_new (&error);
  g_assert_no_error (error);
  f->connection = kvmm_connection_new (uri, f->settings);
  kvmm_connection_connect (f->connection);
  RUN_UNTIL (kvmm_connection_get_is_loaded (f->connection));
  f->window = gtk_window_new ();
  f->list = g_object_new (KVMM_TYPE_MACHINE_LIST, NULL);
  g_signal_connect (f->list, "open", G_CALLBACK (open_cb), f);
  g_signal_connect (f->list, "context-menu", G_CALLBACK (menu_cb), f);
  kvmm_machine_list_set_model (f->list, f->settings, G_LIST_MODEL (f->connection));
  kvmm_machine_list_set_is_grid (f->list, TRUE);
  f->thumbnails = kvmm_machine_grid_get_thumbnails (
      KVMM_MACHINE_GRID (find_type (GTK_WIDGET (f->list), KVMM_TYPE_MACHINE_GRID)));
  gtk_window_set_default_size (GTK_WINDOW (f->window), 800, 600);
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->list));
  gtk_window_present (GTK_WINDOW (f->window));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  GtkWidget *list = GTK_WIDGET (f->list);

  g_object_add_weak_pointer (G_OBJECT (list), (gpointer *) &list);
  gtk_window_destroy (GTK_WINDOW (f->window));
  RUN_UNTIL (list == NULL);
  kvmm_connection_disconnect (f->connection);
  g_clear_object (&f->connection);
  g_clear_object (&f->settings);
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  g_unlink (f->path);
  g_free (f->path);
}

static KvmmDomain *
get_domain (Fixture *f, const char *name)
{
  return kvmm_connection_find (f->connection, name);
}

static GdkTexture *
get_picture (Fixture *f, const char *name)
{
  return kvmm_thumbnails_get (f->thumbnails, get_domain (f, name));
}

static void
test_running_machines_have_pictures (Fixture *f, gconstpointer data)
{
  RUN_UNTIL (get_picture (f, "m0000") != NULL && get_picture (f, "m0001") != NULL);
  g_assert_cmpint (gdk_texture_get_width (get_picture (f, "m0000")), <=, KVMM_THUMBNAILS_WIDTH);
  g_assert_cmpint (gdk_texture_get_height (get_picture (f, "m0000")), <=, KVMM_THUMBNAILS_HEIGHT);
  g_assert_null (get_picture (f, "m0002"));
  g_assert_cmpuint (kvmm_thumbnails_get_max_in_flight (f->thumbnails), ==, 1);
}

static void
acted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  kvmm_domain_act_finish (KVMM_DOMAIN (source), result, &error);
  g_assert_no_error (error);
}

static void
test_a_machine_that_stops_has_none (Fixture *f, gconstpointer data)
{
  RUN_UNTIL (get_picture (f, "m0000") != NULL);
  kvmm_domain_act_async (get_domain (f, "m0000"), KVMM_DOMAIN_ACTION_FORCE_OFF, NULL, acted_cb,
                         NULL);
  RUN_UNTIL (get_picture (f, "m0000") == NULL);
  kvmm_domain_act_async (get_domain (f, "m0000"), KVMM_DOMAIN_ACTION_START, NULL, acted_cb, NULL);
  RUN_UNTIL (get_picture (f, "m0000") != NULL);
}

static void
test_nothing_is_asked_while_hidden (Fixture *f, gconstpointer data)
{
  guint n_asked;

  RUN_UNTIL (get_picture (f, "m0000") != NULL);
  kvmm_machine_list_set_is_grid (f->list, FALSE);
  RUN_UNTIL (!g_main_context_iteration (NULL, FALSE));
  n_asked = kvmm_thumbnails_get_n_asked (f->thumbnails);
  g_assert_null (get_picture (f, "m0000"));
  /* Twice as long as a picture is good for. */
  gint64 end_us = g_get_monotonic_time () + 2 * KVMM_THUMBNAILS_INTERVAL_MS * 1000;
  RUN_UNTIL (g_get_monotonic_time () > end_us);
  g_assert_cmpuint (kvmm_thumbnails_get_n_asked (f->thumbnails), ==, n_asked);
  kvmm_machine_list_set_is_grid (f->list, TRUE);
  RUN_UNTIL (get_picture (f, "m0000") != NULL);
}

static void
test_pictures_are_renewed (Fixture *f, gconstpointer data)
{
  GdkTexture *first;

  RUN_UNTIL (get_picture (f, "m0000") != NULL);
  first = g_object_ref (get_picture (f, "m0000"));
  RUN_UNTIL (get_picture (f, "m0000") != first);
  g_object_unref (first);
}

static void
test_the_selection_is_that_of_the_list (Fixture *f, gconstpointer data)
{
  GtkWidget *grid = find_type (GTK_WIDGET (f->list), GTK_TYPE_GRID_VIEW);
  g_autoptr (GPtrArray) selected = NULL;
  GtkSelectionModel *model = gtk_grid_view_get_model (GTK_GRID_VIEW (grid));

  gtk_selection_model_select_item (model, 1, TRUE);
  kvmm_machine_list_set_is_grid (f->list, FALSE);
  selected = kvmm_machine_list_dup_selected (f->list);
  g_assert_cmpuint (selected->len, ==, 1);
  g_assert_cmpstr (kvmm_domain_get_name (selected->pdata[0]), ==, "m0001");
  kvmm_machine_list_set_is_grid (f->list, TRUE);
  g_assert_cmpuint (kvmm_machine_list_get_n_selected (f->list), ==, 1);
}

static void
test_enter_opens_and_menu_key_asks (Fixture *f, gconstpointer data)
{
  GtkWidget *grid = find_type (GTK_WIDGET (f->list), GTK_TYPE_GRID_VIEW);
  GtkWidget *cell;

  RUN_UNTIL ((cell = find_type (grid, KVMM_TYPE_GRID_CELL)) != NULL &&
             gtk_widget_get_mapped (cell));
  kvmm_machine_list_grab_focus (f->list);
  g_signal_emit_by_name (grid, "activate", 2u);
  g_assert_true (f->opened == get_domain (f, "m0002"));
  gtk_widget_grab_focus (gtk_widget_get_parent (cell));
  g_assert_true (gtk_widget_is_focus (gtk_widget_get_parent (cell)));
  /* As the Menu key does. */
  GtkEventController *controller = NULL;
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (f->list));
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) one = g_list_model_get_item (controllers, i);

      if (GTK_IS_SHORTCUT_CONTROLLER (one))
        controller = one;
    }
  g_assert_nonnull (controller);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (controller)); i++)
    {
      g_autoptr (GtkShortcut) shortcut = g_list_model_get_item (G_LIST_MODEL (controller), i);

      gtk_shortcut_action_activate (gtk_shortcut_get_action (shortcut), 0, GTK_WIDGET (f->list),
                                    NULL);
    }
  g_assert_cmpuint (f->n_menus, >, 0);
  g_assert_cmpuint (kvmm_machine_list_get_n_selected (f->list), ==, 1);
}

static gboolean
count_frame_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

/* Scrolls from one end to the other. */
static void
test_a_thousand_stay_smooth (Fixture *f, gconstpointer data)
{
  GtkWidget *grid = find_type (GTK_WIDGET (f->list), GTK_TYPE_GRID_VIEW);
  GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (grid));
  gint64 longest = 0;
  g_autofree char *last = g_strdup_printf ("m%04u", N_MACHINES - 1);
  guint n_kept = 0;
  guint n_frames = 0;
  guint tick_id = gtk_widget_add_tick_callback (grid, count_frame_cb, &n_frames, NULL);

  RUN_UNTIL (get_picture (f, "m0000") != NULL);
  RUN_UNTIL (kvmm_machine_list_get_n_shown (f->list) == N_MACHINES &&
             gtk_adjustment_get_upper (adjustment) > 20 * N_MACHINES);
  for (double at = 0; at < gtk_adjustment_get_upper (adjustment); at += 300)
    {
      guint n_before = n_frames;

      gtk_adjustment_set_value (adjustment, at);
      /* What a person sees: one frame for each step. */
      while (n_frames < n_before + 2)
        {
          gint64 before = test_worked_us ();

          g_main_context_iteration (NULL, FALSE);
          longest = MAX (longest, test_worked_us () - before);
        }
    }
  gtk_widget_remove_tick_callback (grid, tick_id);
  g_test_message ("longest turn: %.1f ms", (double) longest / 1000);
#ifndef __SANITIZE_ADDRESS__
  g_assert_cmpint (longest, <, LONGEST_TURN_US);
#endif
  g_assert_cmpuint (kvmm_thumbnails_get_max_in_flight (f->thumbnails), ==, 1);
  /* What is in sight at the end has its pictures; kept are those of the cells that the grid keeps.
   */
  RUN_UNTIL (get_picture (f, last) != NULL);
  for (guint i = 0; i < N_MACHINES; i++)
    {
      g_autofree char *name = g_strdup_printf ("m%04u", i);

      n_kept += get_picture (f, name) != NULL ? 1 : 0;
    }
  g_assert_cmpuint (n_kept, <, 350);
}

/* ---- pictures ---- */

static void
shrunk_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Returns: (transfer full) (nullable) */
static GdkTexture *
shrink (const void *data, gsize size, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  kvmm_picture_shrink_async (bytes, 320, 200, NULL, shrunk_cb, &result);
  RUN_UNTIL (result != NULL);
  return kvmm_picture_shrink_finish (result, error);
}

static void
test_bad_pictures_are_refused (void)
{
  g_autofree char *png = NULL;
  g_autoptr (GError) no_file = NULL;
  gsize size = 0;
  static const char huge[] = "\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\100\0\0\0\100\0\010\002\0\0\0";
  static const char gif[] = "GIF89a\1\0\1\0\200\0\0\0\0\0\377\377\377!\371\4\1\0\0\0\0,\0\0\0\0\1"
                            "\0\1\0\0\2\2D\1\0;";
  static const char ppm[] = "P6\n2 1\n255\nabcdef";
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) good = shrink (ppm, sizeof ppm - 1, &error);

  g_assert_no_error (error);
  g_assert_cmpint (gdk_texture_get_width (good), ==, 2);
  g_assert_null (shrink (ppm, sizeof ppm - 2, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (shrink (huge, sizeof huge - 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  /* Another format, however sound. */
  g_assert_null (shrink (gif, sizeof gif - 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (shrink ("", 0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);

  if (!g_file_get_contents ("/usr/share/libvirt/test-screenshot.png", &png, &size, &no_file))
    {
      g_test_skip (no_file->message);
      return;
    }
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *damaged = g_memdup2 (png, size);
      g_autoptr (GdkTexture) texture = NULL;

      for (guint j = 0; j < 8; j++)
        damaged[g_rand_int_range (random, 24, (gint32) size)] = (char) g_rand_int (random);
      texture = shrink (damaged, (gsize) g_rand_int_range (random, 1, (gint32) size), NULL);
      if (texture != NULL)
        g_assert_cmpint (gdk_texture_get_width (texture), <=, 320);
    }
}

int
main (int argc, char **argv)
{
  kvmm_thread_set_main ();
  kvmm_virt_init ();
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 0;
    }
  adw_init ();

#define ADD(path, n, func)                                                                         \
  g_test_add ("/ui/machine-grid/" path, Fixture, GUINT_TO_POINTER (n), set_up, func, tear_down)
  ADD ("running-machines-have-pictures", 12, test_running_machines_have_pictures);
  ADD ("a-machine-that-stops-has-none", 6, test_a_machine_that_stops_has_none);
  ADD ("nothing-is-asked-while-hidden", 6, test_nothing_is_asked_while_hidden);
  ADD ("pictures-are-renewed", 3, test_pictures_are_renewed);
  ADD ("the-selection-is-that-of-the-list", 6, test_the_selection_is_that_of_the_list);
  ADD ("enter-opens-and-menu-key-asks", 6, test_enter_opens_and_menu_key_asks);
  ADD ("a-thousand-stay-smooth", N_MACHINES, test_a_thousand_stay_smooth);
#undef ADD
  g_test_add_func ("/ui/picture/bad-ones-are-refused", test_bad_pictures_are_refused);
  return g_test_run ();
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* A window with the program's own VNC screen, and nothing else. usage: screen-window PORT WIDTH
 * HEIGHT */

#include <adwaita.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/kvmm-display-vnc.h"
#include "util/kvmm-thread.h"

static gboolean is_over;

static void
closed_cb (KvmmDisplay *display, const GError *error)
{
  if (error != NULL)
    g_printerr ("screen-window: %s\n", error->message);
  is_over = TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;

  if (argc != 4)
    {
      g_printerr ("usage: screen-window PORT WIDTH HEIGHT\n");
      return 2;
    }
  kvmm_thread_set_main ();
  adw_init ();
  connection =
      g_socket_client_connect_to_host (client, "127.0.0.1", (guint16) atoi (argv[1]), NULL, &error);
  if (connection == NULL)
    {
      g_printerr ("screen-window: %s\n", error->message);
      return 1;
    }
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());
  KvmmDisplay *display = kvmm_display_vnc_new ();
  gtk_window_set_title (window, "Screen window");
  gtk_window_set_decorated (window, FALSE);
  gtk_window_set_default_size (window, atoi (argv[2]), atoi (argv[3]));
  gtk_window_set_child (window, GTK_WIDGET (display));
  g_signal_connect (display, "closed", G_CALLBACK (closed_cb), NULL);
  gtk_window_present (window);
  gtk_widget_grab_focus (GTK_WIDGET (display));
  /* As a screen of this computer: both viewers get raw pixels. */
  kvmm_display_vnc_open_fd (KVMM_DISPLAY_VNC (display),
                            dup (g_socket_get_fd (g_socket_connection_get_socket (connection))),
                            TRUE, NULL);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
  return 0;
}

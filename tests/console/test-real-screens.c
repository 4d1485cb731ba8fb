/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-private.h"
#include "model/kvmm-connection.h"
#include "test-model.h"
#include "test-wait.h"
#include "util/kvmm-thread.h"

/* Screens of machines that QEMU really runs, opened as the program does it: no port, a password
 * that is not asked for, descriptors from libvirt. The firmware is guest enough: it writes, and
 * knows Ctrl+Alt+Delete.
 */

#define MACHINE_UUID "5e9a4a2e-7d1c-4a6e-9f55-0c3f6b2a7d10"

#define MACHINE(kind, input)                                                                       \
  "<domain type='qemu'><name>screen</name><uuid>" MACHINE_UUID                                     \
  "</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu><os>"                                        \
  "<type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features><devices>"          \
  "<emulator>/usr/bin/qemu-system-x86_64</emulator>"                                               \
  "<graphics type='" kind "' passwd='secret'><listen type='none'/></graphics>" input               \
  "<video><model type='vga'/></video><memballoon model='none'/></devices></domain>"

typedef struct
{
  KvmmGraphicsKind kind;
  const char *xml;
  gboolean has_tablet;
} Screen;

static const Screen vnc_screen = { KVMM_GRAPHICS_VNC, MACHINE ("vnc", ""), FALSE };
static const Screen spice_screen = { KVMM_GRAPHICS_SPICE,
                                     MACHINE ("spice", "<input type='tablet' bus='usb'/>"), TRUE };

static void
create_machine (virConnectPtr connect, const char *xml)
{
  virDomainPtr domain = virDomainCreateXML (connect, xml, 0);

  g_assert_nonnull (domain);
  virDomainFree (domain);
}

static void
destroy_machine (virConnectPtr connect, const char *uuid)
{
  virDomainPtr domain = virDomainLookupByUUIDString (connect, uuid);

  g_assert_nonnull (domain);
  virDomainDestroy (domain);
  virDomainFree (domain);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmXmlConsoles **consoles = user_data;
  g_autoptr (GError) error = NULL;

  *consoles = kvmm_console_opener_list_finish (KVMM_CONSOLE_OPENER (source), result, &error);
  g_assert_no_error (error);
}

static gboolean
has_picture (KvmmDisplay *display)
{
  KvmmFramebuffer *framebuffer = kvmm_display_get_framebuffer (display);
  const guint32 *pixels;

  if (framebuffer == NULL)
    return FALSE;
  pixels = (const guint32 *) (gpointer) kvmm_framebuffer_get_data (framebuffer);
  for (guint i = 0; i < kvmm_framebuffer_get_width (framebuffer) * 100; i++)
    if (pixels[i] & GUINT32_FROM_LE (0x00ffffff))
      return TRUE;
  return FALSE;
}

/* The firmware takes keys some time after its first picture, and restarts the machine by these. */
static gboolean
is_restarted_by_keys (KvmmDisplay *display, KvmmDomain *domain, gint64 *next_us)
{
  GListModel *log = G_LIST_MODEL (kvmm_domain_get_log (domain));

  for (guint i = 0; i < g_list_model_get_n_items (log); i++)
    {
      g_autoptr (KvmmLogEntry) entry = g_list_model_get_item (log, i);
      if (g_strcmp0 (kvmm_log_entry_get_word (entry), "reset") == 0)
        return TRUE;
    }
  if (g_get_monotonic_time () >= *next_us)
    {
      kvmm_display_send_keys (display, "Control_L+Alt_L+Delete");
      *next_us = g_get_monotonic_time () + G_USEC_PER_SEC;
    }
  return FALSE;
}

static void
test_real_screen (gconstpointer data)
{
  const Screen *screen = data;
  const char *uri = g_getenv ("KVMM_LIBVIRT_URI");
  g_autoptr (KvmmSettings) settings = test_settings_new ();
  g_autoptr (KvmmConnection) connection = kvmm_connection_new (uri, settings);
  g_autoptr (KvmmXmlConsoles) consoles = NULL;
  GtkWindow *window = GTK_WINDOW (gtk_window_new ());
  KvmmDomain *domain;
  gint64 next_us = 0;

  test_other_client (uri, create_machine, screen->xml);
  kvmm_connection_connect (connection);
  test_wait_until ((domain = kvmm_connection_find (connection, MACHINE_UUID)) != NULL &&
                   kvmm_domain_get_is_active (domain));

  g_autoptr (KvmmConsoleOpener) opener = kvmm_console_opener_new (domain);
  kvmm_console_opener_list_async (opener, NULL, listed_cb, &consoles);
  test_wait_until (consoles != NULL);
  g_assert_cmpuint (consoles->graphics->len, ==, 1);
  g_assert_cmpint (consoles->has_tablet, ==, screen->has_tablet);

  KvmmXmlGraphics *graphics = g_ptr_array_index (consoles->graphics, 0);
  g_assert_cmpint (graphics->kind, ==, screen->kind);
  g_assert_cmpuint (graphics->port, ==, 0);
  KvmmDisplay *display = g_object_ref_sink (kvmm_display_new_for_kind (graphics->kind, NULL));
  gtk_window_set_child (window, GTK_WIDGET (display));
  gtk_window_present (window);
  kvmm_display_open (display, opener, graphics);
  test_wait_until (kvmm_display_get_state (display) == KVMM_DISPLAY_CONNECTED);
  test_wait_until (has_picture (display));
  test_wait_until (!kvmm_display_get_pointer_absolute (display));
  test_wait_until (is_restarted_by_keys (display, domain, &next_us));

  test_other_client (uri, destroy_machine, MACHINE_UUID);
  test_wait_until (kvmm_display_get_state (display) == KVMM_DISPLAY_DISCONNECTED);
  g_assert_error (kvmm_display_get_error (display), KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_CLOSED);
  gtk_window_destroy (window);
  g_assert_finalize_object (display);
  kvmm_connection_disconnect (connection);
  test_wait_until (kvmm_connection_get_state (connection) == KVMM_CONNECTION_DISCONNECTED);
}

int
main (int argc, char **argv)
{
  kvmm_thread_set_main ();
  gtk_test_init (&argc, &argv, NULL);
  kvmm_virt_init ();
  g_test_add_data_func ("/console/real-screens/vnc", &vnc_screen, test_real_screen);
  if (kvmm_display_supports_kind (KVMM_GRAPHICS_SPICE))
    g_test_add_data_func ("/console/real-screens/spice", &spice_screen, test_real_screen);
  return g_test_run ();
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "kvmm-console-keys.h"
#include "kvmm-console-page-private.h"
#include "kvmm-dialogs.h"
#include "kvmm-domain-actions.h"
#include "kvmm-key-recorder.h"
#include "kvmm-save-file.h"
#include "kvmm-type-text-dialog.h"

/* Returns: (transfer none) (nullable) */
static KvmmDisplay *
get_display (KvmmConsolePage *self)
{
  KvmmConsoleView *view = kvmm_console_page_get_view (self);

  return view != NULL ? kvmm_console_view_get_display (view) : NULL;
}

static void
send_keys (KvmmConsolePage *self, const char *keys)
{
  KvmmDisplay *display = get_display (self);
  g_autofree char *label = kvmm_console_keys_dup_label (keys);
  g_autofree char *text = NULL;

  if (display != NULL && kvmm_display_send_keys (display, keys))
    {
      /* One goes on typing. */
      gtk_widget_grab_focus (GTK_WIDGET (display));
      return;
    }
  text = g_strdup_printf (_ ("%s could not be sent: the screen is not connected"), label);
  kvmm_dialogs_toast (GTK_WIDGET (self), text);
}

static void
recorded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (source);
  g_autofree char *keys = kvmm_key_recorder_ask_finish (result);

  if (keys == NULL)
    return;
  kvmm_console_keys_remember (kvmm_console_page_get_machine (self), keys);
  send_keys (self, keys);
}

static void
take_screenshot (KvmmConsolePage *self, gboolean is_copy)
{
  KvmmDisplay *display = get_display (self);
  g_autoptr (GdkTexture) texture = display != NULL ? kvmm_display_copy_picture (display) : NULL;
  KvmmDomain *domain = kvmm_console_page_get_domain (self);

  if (texture == NULL)
    {
      kvmm_dialogs_toast (GTK_WIDGET (self), _ ("There is no picture yet"));
      return;
    }
  if (is_copy)
    {
      gdk_clipboard_set_texture (gtk_widget_get_clipboard (GTK_WIDGET (self)), texture);
      kvmm_dialogs_toast (GTK_WIDGET (self), _ ("Screenshot copied"));
      return;
    }

  g_autoptr (GBytes) bytes = gdk_texture_save_to_png_bytes (texture);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%d %H-%M-%S");
  g_autofree char *name = g_strdup_printf ("%s %s.png", kvmm_domain_get_name (domain), time);
  g_strdelimit (name, "/", '_');
  kvmm_save_file_ask (GTK_WIDGET (self), _ ("Save Screenshot"), name, bytes);
}

static void
start (KvmmConsolePage *self)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();

  g_ptr_array_add (domains, kvmm_console_page_get_domain (self));
  kvmm_domain_actions_run (GTK_WIDGET (self), domains, KVMM_DOMAIN_ACTION_START, TRUE);
}

static void
full_screen_on (KvmmConsolePage *self, int index)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GListModel *monitors = gdk_display_get_monitors (gtk_widget_get_display (GTK_WIDGET (self)));
  g_autoptr (GdkMonitor) monitor =
      index >= 0 ? g_list_model_get_item (monitors, (guint) index) : NULL;

  if (!GTK_IS_WINDOW (root))
    return;
  if (monitor != NULL)
    gtk_window_fullscreen_on_monitor (GTK_WINDOW (root), monitor);
  else
    gtk_window_fullscreen (GTK_WINDOW (root));
}

void
kvmm_console_page_toggle_full_screen (KvmmConsolePage *self)
{
  g_return_if_fail (KVMM_IS_CONSOLE_PAGE (self));

  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  if (!GTK_IS_WINDOW (root))
    return;
  if (gtk_window_is_fullscreen (GTK_WINDOW (root)))
    gtk_window_unfullscreen (GTK_WINDOW (root));
  else
    gtk_window_fullscreen (GTK_WINDOW (root));
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (widget);
  KvmmConsoleView *view = kvmm_console_page_get_view (self);
  KvmmDisplay *display = get_display (self);

  if (g_str_equal (name, "console.send-keys"))
    send_keys (self, g_variant_get_string (parameter, NULL));
  else if (g_str_equal (name, "console.record-keys"))
    kvmm_key_recorder_ask_async (widget, _ ("Send Keys"), _ ("_Send"), recorded_cb, NULL);
  else if (g_str_equal (name, "console.type-text") && display != NULL)
    kvmm_type_text_dialog_present (widget, display, kvmm_console_page_get_machine (self));
  else if (g_str_equal (name, "console.save-screenshot"))
    take_screenshot (self, FALSE);
  else if (g_str_equal (name, "console.copy-screenshot"))
    take_screenshot (self, TRUE);
  else if (g_str_equal (name, "console.full-screen"))
    kvmm_console_page_toggle_full_screen (self);
  else if (g_str_equal (name, "console.full-screen-on"))
    full_screen_on (self, g_variant_get_int32 (parameter));
  else if (g_str_equal (name, "console.start"))
    start (self);
  else if (g_str_equal (name, "console.detach"))
    g_signal_emit_by_name (self, "detach");
  else if (g_str_equal (name, "console.retry") && view != NULL)
    kvmm_console_view_retry (view);
  else if (g_str_equal (name, "console.release") && display != NULL)
    kvmm_display_ungrab (display);
}

void
kvmm_console_page_install_actions (GtkWidgetClass *widget_class)
{
  static const struct
  {
    const char *name;
    const char *type;
  } actions[] = {
    { "console.send-keys", "s" },        { "console.record-keys", NULL },
    { "console.type-text", NULL },       { "console.save-screenshot", NULL },
    { "console.copy-screenshot", NULL }, { "console.full-screen", NULL },
    { "console.full-screen-on", "i" },   { "console.start", NULL },
    { "console.detach", NULL },          { "console.retry", NULL },
    { "console.release", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i].name, actions[i].type, action_cb);
}

void
kvmm_console_page_update_actions (KvmmConsolePage *self)
{
  static const char *const of_picture[] = { "console.save-screenshot", "console.copy-screenshot" };
  static const char *const of_connected[] = { "console.send-keys", "console.record-keys",
                                              "console.type-text" };
  GtkWidget *widget = GTK_WIDGET (self);
  KvmmConsoleView *view = kvmm_console_page_get_view (self);
  KvmmConsoleSessionState state =
      view != NULL ? kvmm_console_view_get_state (view) : KVMM_CONSOLE_SESSION_OFF;
  gboolean has_picture =
      state == KVMM_CONSOLE_SESSION_PICTURE || state == KVMM_CONSOLE_SESSION_RECONNECTING;

  for (guint i = 0; i < G_N_ELEMENTS (of_picture); i++)
    gtk_widget_action_set_enabled (widget, of_picture[i], has_picture);
  for (guint i = 0; i < G_N_ELEMENTS (of_connected); i++)
    gtk_widget_action_set_enabled (widget, of_connected[i], state == KVMM_CONSOLE_SESSION_PICTURE);
  gtk_widget_action_set_enabled (
      widget, "console.start",
      kvmm_domain_can (kvmm_console_page_get_domain (self), KVMM_DOMAIN_ACTION_START, NULL));
}

GMenuModel *
kvmm_console_page_create_monitors_menu (KvmmConsolePage *self)
{
  GListModel *monitors = gdk_display_get_monitors (gtk_widget_get_display (GTK_WIDGET (self)));
  guint n_monitors = g_list_model_get_n_items (monitors);
  g_autoptr (GMenu) menu = NULL;

  if (n_monitors < 2)
    return NULL;
  menu = g_menu_new ();
  for (guint i = 0; i < n_monitors; i++)
    {
      g_autoptr (GdkMonitor) monitor = g_list_model_get_item (monitors, i);
      const char *connector = gdk_monitor_get_connector (monitor);
      const char *model = gdk_monitor_get_model (monitor);
      g_autofree char *number = g_strdup_printf (_ ("Monitor %u"), i + 1);
      g_autofree char *label =
          g_strdup_printf ("%s (%s)", model != NULL && *model != '\0' ? model : number,
                           connector != NULL ? connector : number);
      g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

      g_menu_item_set_action_and_target (item, "console.full-screen-on", "i", (gint32) i);
      g_menu_append_item (menu, item);
    }
  return G_MENU_MODEL (g_steal_pointer (&menu));
}

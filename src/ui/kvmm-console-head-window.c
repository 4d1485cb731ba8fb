/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-head-window.h"

#include <glib/gi18n.h>

#include "kvmm-console-keys.h"
#include "kvmm-console-settings.h"
#include "kvmm-console-view.h"
#include "kvmm-full-screen-bar.h"

struct _KvmmConsoleHeadWindow
{
  AdwApplicationWindow parent_instance;

  KvmmSettings *settings; /* (owned) */
  GSettings *machine;     /* (owned) of this machine */
  KvmmDomain *domain;     /* (owned) */
  KvmmDisplay *display;   /* (owned) (nullable) */
  guint head;

  GtkWidget *header_bar;
  AdwWindowTitle *title;
  GtkMenuButton *keys_button;
  KvmmFullScreenBar *full_screen_bar;
  GtkStack *stack;
  GtkScrolledWindow *scrolled;
};

G_DEFINE_FINAL_TYPE (KvmmConsoleHeadWindow, kvmm_console_head_window, ADW_TYPE_APPLICATION_WINDOW)

static guint switch_off_signal;

static void
update_page (KvmmConsoleHeadWindow *self)
{
  gboolean has_picture = self->display != NULL && kvmm_display_get_guest_width (self->display) > 0;
  gboolean is_connected =
      self->display != NULL && kvmm_display_get_state (self->display) == KVMM_DISPLAY_CONNECTED;
  GtkWidget *widget = GTK_WIDGET (self);

  kvmm_console_show_only (self->stack, has_picture ? "picture" : "nothing");
  gtk_widget_action_set_enabled (widget, "console.send-keys", is_connected);
  if (has_picture && is_connected && gtk_window_get_focus (GTK_WINDOW (self)) == NULL)
    gtk_widget_grab_focus (GTK_WIDGET (self->display));
}

static void
update_title (KvmmConsoleHeadWindow *self)
{
  const char *name = kvmm_domain_get_name (self->domain);
  g_autofree char *title = g_strdup_printf (_ ("%s – Screen %u"), name, self->head + 1);
  g_autofree char *label = g_strdup_printf (_ ("Screen %u of %s"), self->head + 1, name);

  gtk_window_set_title (GTK_WINDOW (self), title);
  adw_window_title_set_title (self->title, title);
  kvmm_full_screen_bar_set_title (self->full_screen_bar, title);
  if (self->display != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (self->display), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                    label, -1);
}

static void
update_keys_menu (KvmmConsoleHeadWindow *self)
{
  g_autoptr (GMenuModel) menu = kvmm_console_keys_create_menu (self->machine);

  gtk_menu_button_set_menu_model (self->keys_button, menu);
  kvmm_full_screen_bar_set_keys_menu (self->full_screen_bar, menu);
}

static void
full_screen_changed_cb (KvmmConsoleHeadWindow *self)
{
  gboolean is_full = gtk_window_is_fullscreen (GTK_WINDOW (self));

  gtk_widget_set_visible (self->header_bar, !is_full);
  kvmm_full_screen_bar_set_is_active (self->full_screen_bar, is_full);
}

static void
send_keys (KvmmConsoleHeadWindow *self, const char *keys)
{
  if (self->display != NULL && kvmm_display_send_keys (self->display, keys))
    gtk_widget_grab_focus (GTK_WIDGET (self->display));
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmConsoleHeadWindow *self = KVMM_CONSOLE_HEAD_WINDOW (widget);

  if (g_str_equal (name, "console.send-keys"))
    send_keys (self, g_variant_get_string (parameter, NULL));
  else if (g_str_equal (name, "console.switch-off"))
    g_signal_emit (self, switch_off_signal, 0);
  else if (!g_str_equal (name, "console.full-screen"))
    gtk_window_close (GTK_WINDOW (self));
  else if (gtk_window_is_fullscreen (GTK_WINDOW (self)))
    gtk_window_unfullscreen (GTK_WINDOW (self));
  else
    gtk_window_fullscreen (GTK_WINDOW (self));
}

static void
kvmm_console_head_window_dispose (GObject *object)
{
  KvmmConsoleHeadWindow *self = KVMM_CONSOLE_HEAD_WINDOW (object);

  kvmm_console_head_window_take_display (self, NULL);
  g_clear_object (&self->domain);
  g_clear_object (&self->machine);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_console_head_window_parent_class)->dispose (object);
}

static void
kvmm_console_head_window_class_init (KvmmConsoleHeadWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "console.switch-off", "console.full-screen",
                                         "console.close" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_console_head_window_dispose;
  switch_off_signal = g_signal_new ("switch-off", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (KVMM_TYPE_FULL_SCREEN_BAR);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-console-head-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleHeadWindow, header_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleHeadWindow, title);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleHeadWindow, keys_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleHeadWindow, full_screen_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleHeadWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleHeadWindow, scrolled);
  gtk_widget_class_install_action (widget_class, "console.send-keys", "s", action_cb);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, action_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "console.close",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F11, 0, "console.full-screen", NULL);
}

static void
kvmm_console_head_window_init (KvmmConsoleHeadWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self, "notify::fullscreened", G_CALLBACK (full_screen_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

KvmmConsoleHeadWindow *
kvmm_console_head_window_new (GtkApplication *application,
                              KvmmSettings *settings,
                              KvmmDomain *domain,
                              guint head)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (settings) && KVMM_IS_DOMAIN (domain), NULL);
  g_return_val_if_fail (head > 0, NULL);

  KvmmConsoleHeadWindow *self =
      g_object_new (KVMM_TYPE_CONSOLE_HEAD_WINDOW, "application", application, NULL);
  self->settings = g_object_ref (settings);
  self->machine = kvmm_settings_open_machine (settings, kvmm_domain_get_uuid (domain));
  self->domain = g_object_ref (domain);
  self->head = head;
  g_signal_connect_object (domain, "notify::name", G_CALLBACK (update_title), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->machine, "changed::" KVMM_SETTINGS_MACHINE_KEYS,
                           G_CALLBACK (update_keys_menu), self, G_CONNECT_SWAPPED);
  update_title (self);
  update_keys_menu (self);
  update_page (self);
  return self;
}

guint
kvmm_console_head_window_get_head (KvmmConsoleHeadWindow *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_HEAD_WINDOW (self), 0);
  return self->head;
}

void
kvmm_console_head_window_take_display (KvmmConsoleHeadWindow *self, KvmmDisplay *display)
{
  static const char *const watched[] = { "notify::state", "notify::guest-width" };

  g_return_if_fail (KVMM_IS_CONSOLE_HEAD_WINDOW (self));

  if (self->display != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->display, self);
      kvmm_display_close (self->display);
      if (self->scrolled != NULL)
        gtk_scrolled_window_set_child (self->scrolled, NULL);
      g_clear_object (&self->display);
    }
  if (display == NULL)
    return;
  self->display = g_object_ref_sink (display);
  kvmm_console_settings_follow (display, self->settings, self->machine);
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (display, watched[i], G_CALLBACK (update_page), self,
                             G_CONNECT_SWAPPED);
  gtk_scrolled_window_set_child (self->scrolled, GTK_WIDGET (display));
  update_title (self);
  update_page (self);
}

KvmmDisplay *
kvmm_console_head_window_get_display (KvmmConsoleHeadWindow *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_HEAD_WINDOW (self), NULL);
  return self->display;
}

void
kvmm_console_head_window_set_can_switch (KvmmConsoleHeadWindow *self, gboolean can_switch)
{
  g_return_if_fail (KVMM_IS_CONSOLE_HEAD_WINDOW (self));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "console.switch-off", can_switch);
}

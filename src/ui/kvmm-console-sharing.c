/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-sharing.h"

#include <glib/gi18n.h>

#include "console/kvmm-display-extras.h"
#include "kvmm-console-drop.h"
#include "kvmm-usb-window.h"

struct _KvmmConsoleSharing
{
  GtkPopover parent_instance;

  KvmmDomain *domain;   /* (owned) (nullable) */
  KvmmDisplay *display; /* (owned) (nullable) */

  AdwActionRow *clipboard_row;
  GtkWidget *clipboard;
  AdwActionRow *audio_row;
  GtkWidget *audio;
  AdwActionRow *usb_row;
  AdwActionRow *files_row;
};

G_DEFINE_FINAL_TYPE (KvmmConsoleSharing, kvmm_console_sharing, GTK_TYPE_POPOVER)

static void
usb_cb (KvmmConsoleSharing *self)
{
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (self));

  gtk_popover_popdown (GTK_POPOVER (self));
  if (self->display != NULL)
    kvmm_usb_window_present (parent, kvmm_domain_get_name (self->domain), self->display);
}

static void
set_display (KvmmConsoleSharing *self, KvmmDisplay *display)
{
  KvmmDisplayCapabilities can = display != NULL ? kvmm_display_get_capabilities (display) : 0;
  gboolean is_connected =
      display != NULL && kvmm_display_get_state (display) == KVMM_DISPLAY_CONNECTED;
  gboolean can_audio = (can & KVMM_DISPLAY_CAN_AUDIO) != 0;
  gboolean can_usb = (can & KVMM_DISPLAY_CAN_USB) != 0;
  g_autofree char *clipboard = is_connected ? kvmm_display_dup_clipboard_text (display)
                                            : g_strdup (_ ("The screen is not connected."));

  g_set_object (&self->display, display);
  adw_action_row_set_subtitle (self->clipboard_row, clipboard);
  gtk_widget_set_sensitive (GTK_WIDGET (self->audio_row), !is_connected || can_audio);
  adw_action_row_set_subtitle (self->audio_row,
                               !is_connected || can_audio
                                   ? _ ("What the guest plays is heard here.")
                                   : _ ("This screen carries no sound: SPICE does, on a virtual "
                                        "machine with a sound card."));
  gtk_widget_set_sensitive (GTK_WIDGET (self->usb_row), can_usb);
  adw_action_row_set_subtitle (
      self->usb_row, can_usb        ? _ ("Give devices of this computer to the guest.")
                     : is_connected ? _ ("This screen carries no USB: SPICE does, on a virtual "
                                         "machine with USB redirection ports.")
                                    : _ ("The screen is not connected."));
}

static void
kvmm_console_sharing_dispose (GObject *object)
{
  KvmmConsoleSharing *self = KVMM_CONSOLE_SHARING (object);

  g_clear_object (&self->display);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_console_sharing_parent_class)->dispose (object);
}

static void
kvmm_console_sharing_class_init (KvmmConsoleSharingClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_console_sharing_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-console-sharing.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSharing, clipboard_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSharing, clipboard);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSharing, audio_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSharing, audio);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSharing, usb_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleSharing, files_row);
  gtk_widget_class_bind_template_callback (widget_class, usb_cb);
}

static void
kvmm_console_sharing_init (KvmmConsoleSharing *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_console_sharing_set_machine (KvmmConsoleSharing *self, KvmmDomain *domain, GSettings *machine)
{
  g_return_if_fail (KVMM_IS_CONSOLE_SHARING (self));
  g_return_if_fail (self->domain == NULL);

  self->domain = g_object_ref (domain);
  g_settings_bind (machine, KVMM_SETTINGS_MACHINE_CLIPBOARD, self->clipboard, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (machine, KVMM_SETTINGS_MACHINE_AUDIO, self->audio, "active",
                   G_SETTINGS_BIND_DEFAULT);
}

void
kvmm_console_sharing_set_view (KvmmConsoleSharing *self, KvmmConsoleView *view)
{
  g_return_if_fail (KVMM_IS_CONSOLE_SHARING (self));

  KvmmDisplay *display = view != NULL ? kvmm_console_view_get_display (view) : NULL;
  g_autofree char *files = NULL;

  set_display (self, display);
  files = kvmm_console_drop_dup_text (self->domain, display);
  adw_action_row_set_subtitle (self->files_row, files);
}

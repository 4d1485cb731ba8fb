/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-settings.h"

static void
host_keys_cb (GSettings *global, const char *key, KvmmDisplay *display)
{
  g_auto (GStrv) keys = g_settings_get_strv (global, KVMM_SETTINGS_CONSOLE_HOST_KEYS);

  kvmm_display_set_host_shortcuts (display, (const char *const *) keys);
}

void
kvmm_console_settings_follow (KvmmDisplay *display, KvmmSettings *settings, GSettings *machine)
{
  g_return_if_fail (KVMM_IS_DISPLAY (display));
  g_return_if_fail (KVMM_IS_SETTINGS (settings) && G_IS_SETTINGS (machine));

  GSettings *global = kvmm_settings_get_gsettings (settings);
  g_settings_bind (machine, KVMM_SETTINGS_MACHINE_SCALING, display, "scaling", G_SETTINGS_BIND_GET);
  g_settings_bind (machine, KVMM_SETTINGS_MACHINE_RESIZE_GUEST, display, "resize-guest",
                   G_SETTINGS_BIND_GET);
  g_settings_bind (machine, KVMM_SETTINGS_MACHINE_CLIPBOARD, display, "clipboard-enabled",
                   G_SETTINGS_BIND_GET);
  g_settings_bind (global, KVMM_SETTINGS_CONSOLE_RELEASE_KEYS, display, "release-keys",
                   G_SETTINGS_BIND_GET);
  g_signal_connect_object (global, "changed::" KVMM_SETTINGS_CONSOLE_HOST_KEYS,
                           G_CALLBACK (host_keys_cb), display, 0);
  host_keys_cb (global, KVMM_SETTINGS_CONSOLE_HOST_KEYS, display);
}

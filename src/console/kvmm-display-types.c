/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display.h"

#define VALUE(value, nick)                                                                         \
  {                                                                                                \
    value, #value, nick                                                                            \
  }

GType
kvmm_display_state_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    VALUE (KVMM_DISPLAY_IDLE, "idle"),
    VALUE (KVMM_DISPLAY_CONNECTING, "connecting"),
    VALUE (KVMM_DISPLAY_AUTH_NEEDED, "auth-needed"),
    VALUE (KVMM_DISPLAY_CONNECTED, "connected"),
    VALUE (KVMM_DISPLAY_DISCONNECTED, "disconnected"),
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmDisplayState", values));
  return type;
}

GType
kvmm_display_scaling_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    VALUE (KVMM_DISPLAY_SCALING_FIT, "fit"),
    VALUE (KVMM_DISPLAY_SCALING_NEVER, "never"),
    VALUE (KVMM_DISPLAY_SCALING_ONE_TO_ONE, "one-to-one"),
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("KvmmDisplayScaling", values));
  return type;
}

GType
kvmm_display_needs_get_type (void)
{
  static gsize type;
  static const GFlagsValue values[] = {
    VALUE (KVMM_DISPLAY_NEEDS_USERNAME, "username"),
    VALUE (KVMM_DISPLAY_NEEDS_PASSWORD, "password"),
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_flags_register_static ("KvmmDisplayNeeds", values));
  return type;
}

GType
kvmm_display_capabilities_get_type (void)
{
  static gsize type;
  static const GFlagsValue values[] = {
    VALUE (KVMM_DISPLAY_CAN_RESIZE, "resize"),
    VALUE (KVMM_DISPLAY_CAN_CLIPBOARD_TO_GUEST, "clipboard-to-guest"),
    VALUE (KVMM_DISPLAY_CAN_CLIPBOARD_FROM_GUEST, "clipboard-from-guest"),
    VALUE (KVMM_DISPLAY_CAN_DROP_FILES, "drop-files"),
    VALUE (KVMM_DISPLAY_CAN_AUDIO, "audio"),
    VALUE (KVMM_DISPLAY_CAN_USB, "usb"),
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_flags_register_static ("KvmmDisplayCapabilities", values));
  return type;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-shortcuts-window.h"

void
kvmm_shortcuts_window_present (GtkWindow *parent)
{
  g_autoptr (GtkBuilder) builder =
      gtk_builder_new_from_resource ("/org/kvmmanager/KvmManager/ui/kvmm-shortcuts-window.ui");
  GtkWindow *window = GTK_WINDOW (gtk_builder_get_object (builder, "window"));

  gtk_window_set_transient_for (window, parent);
  if (parent)
    gtk_window_set_application (window, gtk_window_get_application (parent));
  gtk_window_present (window);
}

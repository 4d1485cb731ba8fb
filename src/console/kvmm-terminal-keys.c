/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-terminal-keys.h"

#define ZOOM_STEP 1.1
#define MIN_SCALE 0.5
#define MAX_SCALE 4.0

static const KvmmTerminalKey keys[] = {
  { "<Control><Shift>c", "terminal.copy" },
  { "<Control><Shift>v", "terminal.paste" },
  { "<Control><Shift>f", "terminal.find" },
  { "<Control>plus|<Control>equal|<Control>KP_Add", "terminal.zoom-in" },
  { "<Control>minus|<Control>KP_Subtract", "terminal.zoom-out" },
  { "<Control>0|<Control>KP_0", "terminal.zoom-reset" },
};

static void
add (GtkShortcutController *controller, const KvmmTerminalKey *some, guint n)
{
  for (guint i = 0; i < n; i++)
    gtk_shortcut_controller_add_shortcut (
        controller, gtk_shortcut_new (gtk_shortcut_trigger_parse_string (some[i].trigger),
                                      gtk_named_action_new (some[i].action)));
}

void
kvmm_terminal_add_keys (GtkWidget *widget, const KvmmTerminalKey *more, guint n_more)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  add (GTK_SHORTCUT_CONTROLLER (controller), keys, G_N_ELEMENTS (keys));
  add (GTK_SHORTCUT_CONTROLLER (controller), more, n_more);
  gtk_widget_add_controller (widget, controller);
}

/* ---- what is the guest's ---- */

#define GUARD "kvmm-terminal-guard"

static gboolean
is_the_guests (guint keyval, GdkModifierType state)
{
  const GdkModifierType looked_at = GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK |
                                    GDK_SUPER_MASK | GDK_HYPER_MASK | GDK_META_MASK;

  state &= looked_at;
  if (state == GDK_CONTROL_MASK)
    return (keyval >= GDK_KEY_a && keyval <= GDK_KEY_z) ||
           (keyval >= GDK_KEY_A && keyval <= GDK_KEY_Z);
  return state == 0 && keyval >= GDK_KEY_F1 && keyval <= GDK_KEY_F12 && keyval != GDK_KEY_F11;
}

static gboolean
guard_cb (GtkEventControllerKey *controller,
          guint keyval,
          guint keycode,
          GdkModifierType state,
          gpointer user_data)
{
  GtkWidget *screen = user_data;

  if (!gtk_widget_is_focus (screen) || !is_the_guests (keyval, state))
    return GDK_EVENT_PROPAGATE;
  gtk_event_controller_key_forward (controller, screen);
  return GDK_EVENT_STOP;
}

/* Of two controllers in one phase the later one comes first: the accelerators are there already. */
static void
realize_cb (GtkWidget *screen, gpointer user_data)
{
  GtkEventController *controller = gtk_event_controller_key_new ();

  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  g_signal_connect_object (controller, "key-pressed", G_CALLBACK (guard_cb), screen, 0);
  g_object_set_data (G_OBJECT (screen), GUARD, controller);
  gtk_widget_add_controller (GTK_WIDGET (gtk_widget_get_root (screen)), controller);
}

static void
unrealize_cb (GtkWidget *screen, gpointer user_data)
{
  GtkEventController *controller = g_object_steal_data (G_OBJECT (screen), GUARD);

  gtk_widget_remove_controller (gtk_event_controller_get_widget (controller), controller);
}

void
kvmm_terminal_guard_keys (GtkWidget *screen)
{
  g_signal_connect (screen, "realize", G_CALLBACK (realize_cb), NULL);
  g_signal_connect (screen, "unrealize", G_CALLBACK (unrealize_cb), NULL);
}

double
kvmm_terminal_zoom (double scale, const char *name)
{
  if (g_str_equal (name, "terminal.zoom-in"))
    scale *= ZOOM_STEP;
  else if (g_str_equal (name, "terminal.zoom-out"))
    scale /= ZOOM_STEP;
  else
    scale = 1.0;
  return CLAMP (scale, MIN_SCALE, MAX_SCALE);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-heads.h"

#include <glib/gi18n.h>

#include "console/kvmm-display-extras.h"
#include "kvmm-console-head-window.h"
#include "kvmm-dialogs.h"

struct _KvmmConsoleHeads
{
  GObject parent_instance;

  GtkWidget *page;             /* (unowned) */
  GMenu *section;              /* (owned) */
  KvmmSettings *settings;      /* (owned) */
  KvmmDomain *domain;          /* (owned) */
  KvmmConsoleView *view;       /* (owned) (nullable): of the first screen */
  GPtrArray *windows;          /* (owned) (element-type KvmmConsoleHeadWindow) */
  GSimpleActionGroup *actions; /* (owned) heads.screen-N: whether screen N has a window */
  guint n_heads;               /* as in the menu */
  guint max_heads;
};

G_DEFINE_FINAL_TYPE (KvmmConsoleHeads, kvmm_console_heads, G_TYPE_OBJECT)

/* Returns: (transfer none) (nullable): the first screen, when there is a connection */
static KvmmDisplay *
get_display (KvmmConsoleHeads *self)
{
  KvmmDisplay *display = self->view != NULL ? kvmm_console_view_get_display (self->view) : NULL;

  return display != NULL && kvmm_display_get_state (display) == KVMM_DISPLAY_CONNECTED ? display
                                                                                       : NULL;
}

/* Returns: (transfer none) (nullable) */
static KvmmConsoleHeadWindow *
find_window (KvmmConsoleHeads *self, guint head)
{
  for (guint i = 0; i < self->windows->len; i++)
    if (kvmm_console_head_window_get_head (self->windows->pdata[i]) == head)
      return self->windows->pdata[i];
  return NULL;
}

static void
set_is_open (KvmmConsoleHeads *self, guint head, gboolean is_open)
{
  g_autofree char *name = g_strdup_printf ("screen-%u", head + 1);
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self->actions), name);

  if (action != NULL)
    g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_boolean (is_open));
}

/* ---- the windows ---- */

static void
forget_window (KvmmConsoleHeads *self, KvmmConsoleHeadWindow *window)
{
  guint head = kvmm_console_head_window_get_head (window);

  g_signal_handlers_disconnect_by_data (window, self);
  g_ptr_array_remove (self->windows, window);
  set_is_open (self, head, FALSE);
}

static gboolean
close_request_cb (KvmmConsoleHeadWindow *window, KvmmConsoleHeads *self)
{
  forget_window (self, window);
  return FALSE;
}

static void
close_window (KvmmConsoleHeads *self, KvmmConsoleHeadWindow *window)
{
  g_autoptr (GtkWindow) alive = GTK_WINDOW (g_object_ref (window));

  forget_window (self, window);
  gtk_window_destroy (alive);
}

static void
close_windows (KvmmConsoleHeads *self)
{
  while (self->windows->len > 0)
    close_window (self, self->windows->pdata[0]);
}

static void
switch_off_cb (KvmmConsoleHeadWindow *window, KvmmConsoleHeads *self)
{
  KvmmDisplay *display = get_display (self);
  guint head = kvmm_console_head_window_get_head (window);

  if (display != NULL && kvmm_display_enable_head (display, head, FALSE))
    close_window (self, window);
  else
    kvmm_dialogs_toast (GTK_WIDGET (window), _ ("The guest’s SPICE agent answers no more"));
}

static void
open_window (KvmmConsoleHeads *self, KvmmDisplay *display, guint head)
{
  GtkRoot *root = gtk_widget_get_root (self->page);
  KvmmConsoleHeadWindow *window;

  window = kvmm_console_head_window_new (
      GTK_IS_WINDOW (root) ? gtk_window_get_application (GTK_WINDOW (root)) : NULL, self->settings,
      self->domain, head);
  g_ptr_array_add (self->windows, g_object_ref (window));
  g_signal_connect_object (window, "close-request", G_CALLBACK (close_request_cb), self, 0);
  g_signal_connect_object (window, "switch-off", G_CALLBACK (switch_off_cb), self, 0);
  kvmm_console_head_window_take_display (window, kvmm_display_new_head (display, head));
  kvmm_console_head_window_set_can_switch (
      window, (kvmm_display_get_capabilities (display) & KVMM_DISPLAY_CAN_RESIZE) != 0);
  set_is_open (self, head, TRUE);
  gtk_window_present (GTK_WINDOW (window));
}

/* What a new connection or another agent changes. */
static void
update_windows (KvmmConsoleHeads *self)
{
  KvmmDisplay *display = get_display (self);

  for (guint i = 0; display != NULL && i < self->windows->len; i++)
    {
      KvmmConsoleHeadWindow *window = self->windows->pdata[i];
      KvmmDisplay *shown = kvmm_console_head_window_get_display (window);

      if (shown == NULL || kvmm_display_get_state (shown) == KVMM_DISPLAY_DISCONNECTED)
        kvmm_console_head_window_take_display (
            window, kvmm_display_new_head (display, kvmm_console_head_window_get_head (window)));
      kvmm_console_head_window_set_can_switch (
          window, (kvmm_display_get_capabilities (display) & KVMM_DISPLAY_CAN_RESIZE) != 0);
    }
}

/* ---- the menu ---- */

static void
choose_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmConsoleHeads *self = user_data;
  KvmmDisplay *display = get_display (self);
  guint head = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (action), "head"));
  KvmmConsoleHeadWindow *window = find_window (self, head);
  g_autofree char *text = NULL;

  if (window != NULL)
    close_window (self, window);
  else if (display == NULL)
    kvmm_dialogs_toast (self->page, _ ("The screen is not connected"));
  else if (head < kvmm_display_get_n_heads (display) ||
           kvmm_display_enable_head (display, head, TRUE))
    open_window (self, display, head);
  else
    {
      text = g_strdup_printf (_ ("Screen %u is off, and no SPICE agent in the guest can switch it "
                                 "on: install and start “spice-vdagent” there"),
                              head + 1);
      kvmm_dialogs_toast (self->page, text);
    }
}

static void
add_action (KvmmConsoleHeads *self, guint head)
{
  g_autofree char *name = g_strdup_printf ("screen-%u", head + 1);
  /* The first is where this menu is. */
  gboolean is_open = head == 0 || find_window (self, head) != NULL;
  g_autoptr (GSimpleAction) action =
      g_simple_action_new_stateful (name, NULL, g_variant_new_boolean (is_open));

  g_object_set_data (G_OBJECT (action), "head", GUINT_TO_POINTER (head));
  g_simple_action_set_enabled (action, head != 0);
  g_signal_connect_object (action, "activate", G_CALLBACK (choose_cb), self, 0);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
}

static void
create_menu (KvmmConsoleHeads *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();

  g_menu_remove_all (self->section);
  if (MAX (self->n_heads, self->max_heads) < 2)
    return;
  for (guint head = 0; head < MAX (self->n_heads, self->max_heads); head++)
    {
      g_autofree char *action = g_strdup_printf ("heads.screen-%u", head + 1);
      g_autofree char *label = g_strdup_printf (
          head < self->n_heads ? _ ("Screen %u") : _ ("Screen %u (Off)"), head + 1);

      add_action (self, head);
      g_menu_append (menu, label, action);
    }
  g_menu_append_submenu (self->section, _ ("Screens of the _Guest"), G_MENU_MODEL (menu));
}

static void
update_menu (KvmmConsoleHeads *self)
{
  KvmmDisplay *display = get_display (self);
  guint n_heads = display != NULL ? kvmm_display_get_n_heads (display) : 0;
  guint max_heads = display != NULL ? kvmm_display_get_max_heads (display) : 0;

  if (self->n_heads == n_heads && self->max_heads == max_heads)
    return;
  self->n_heads = n_heads;
  self->max_heads = max_heads;
  create_menu (self);
}

static void
kvmm_console_heads_dispose (GObject *object)
{
  KvmmConsoleHeads *self = KVMM_CONSOLE_HEADS (object);

  close_windows (self);
  g_clear_object (&self->view);
  g_clear_object (&self->domain);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_console_heads_parent_class)->dispose (object);
}

static void
kvmm_console_heads_finalize (GObject *object)
{
  KvmmConsoleHeads *self = KVMM_CONSOLE_HEADS (object);

  g_ptr_array_unref (self->windows);
  g_object_unref (self->actions);
  g_object_unref (self->section);
  G_OBJECT_CLASS (kvmm_console_heads_parent_class)->finalize (object);
}

static void
kvmm_console_heads_class_init (KvmmConsoleHeadsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_console_heads_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_console_heads_finalize;
}

static void
kvmm_console_heads_init (KvmmConsoleHeads *self)
{
  self->windows = g_ptr_array_new_with_free_func (g_object_unref);
  self->actions = g_simple_action_group_new ();
}

KvmmConsoleHeads *
kvmm_console_heads_new (GtkWidget *page, GMenu *section, KvmmSettings *settings, KvmmDomain *domain)
{
  g_return_val_if_fail (GTK_IS_WIDGET (page) && G_IS_MENU (section), NULL);
  g_return_val_if_fail (KVMM_IS_SETTINGS (settings) && KVMM_IS_DOMAIN (domain), NULL);

  KvmmConsoleHeads *self = g_object_new (KVMM_TYPE_CONSOLE_HEADS, NULL);
  self->page = page;
  self->section = g_object_ref (section);
  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  gtk_widget_insert_action_group (page, "heads", G_ACTION_GROUP (self->actions));
  return self;
}

void
kvmm_console_heads_set_view (KvmmConsoleHeads *self, KvmmConsoleView *view)
{
  g_return_if_fail (KVMM_IS_CONSOLE_HEADS (self));

  if (view == NULL)
    return;
  if (self->view != NULL && self->view != view)
    close_windows (self);
  g_set_object (&self->view, view);
  switch (kvmm_console_view_get_state (view))
    {
    case KVMM_CONSOLE_SESSION_OFF:
    case KVMM_CONSOLE_SESSION_SIGN_IN:
    case KVMM_CONSOLE_SESSION_ERROR:
      close_windows (self);
      break;
    case KVMM_CONSOLE_SESSION_WAITING:
    case KVMM_CONSOLE_SESSION_CONNECTING:
    case KVMM_CONSOLE_SESSION_PICTURE:
    case KVMM_CONSOLE_SESSION_RECONNECTING:
      update_windows (self);
      break;
    }
  update_menu (self);
}

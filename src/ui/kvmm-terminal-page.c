/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-terminal-page.h"

#include <glib/gi18n.h>

#include "console/kvmm-terminal-keys.h"
#include "kvmm-dialogs.h"
#include "kvmm-guest-gate.h"
#include "kvmm-terminal-tab.h"

struct _KvmmTerminalPage
{
  AdwBin parent_instance;

  KvmmDomain *domain; /* (owned) */
  KvmmAgentTerminalMode last_mode;
  guint n_opened[2]; /* of each mode */
  double scale;

  GtkStack *stack;
  GtkWidget *shell_row;
  GtkWidget *kind_button;
  AdwTabView *view;
};

G_DEFINE_FINAL_TYPE (KvmmTerminalPage, kvmm_terminal_page, ADW_TYPE_BIN)

/* Returns: (nullable) (transfer none) */
static KvmmTerminalTab *
get_tab (KvmmTerminalPage *self)
{
  AdwTabPage *page = adw_tab_view_get_selected_page (self->view);

  return page != NULL ? KVMM_TERMINAL_TAB (adw_tab_page_get_child (page)) : NULL;
}

/* Returns: (nullable) (transfer none) */
static KvmmTerminal *
get_terminal (KvmmTerminalPage *self)
{
  KvmmTerminalTab *tab = get_tab (self);

  return tab != NULL ? kvmm_terminal_tab_get_terminal (tab) : NULL;
}

static gboolean
may_open_shell (KvmmTerminalPage *self)
{
  const char *word =
      kvmm_guest_get_access (kvmm_domain_get_guest (self->domain), KVMM_GUEST_GROUP_PTY);

  return g_str_equal (word, "shell") || g_str_equal (word, "any");
}

static void
update (KvmmTerminalPage *self)
{
  gboolean has_tabs = adw_tab_view_get_n_pages (self->view) > 0;
  gboolean may_shell = may_open_shell (self);

  if (!may_shell)
    self->last_mode = KVMM_AGENT_TERMINAL_LOGIN;
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "terminal.new-shell", may_shell);
  gtk_widget_set_visible (self->shell_row, may_shell);
  gtk_widget_set_visible (self->kind_button, may_shell);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "terminal.find", has_tabs);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "terminal.close", has_tabs);
  gtk_stack_set_visible_child_name (self->stack, has_tabs ? "tabs" : "choice");
}

static void
tab_changed_cb (KvmmTerminalTab *tab, AdwTabPage *page)
{
  KvmmTerminalTabState state = kvmm_terminal_tab_get_state (tab);
  g_autoptr (GIcon) icon = NULL;

  adw_tab_page_set_loading (page, state == KVMM_TERMINAL_TAB_OPENING);
  if (state >= KVMM_TERMINAL_TAB_ENDED)
    icon = g_themed_icon_new (state == KVMM_TERMINAL_TAB_ENDED ? "media-playback-stop-symbolic"
                                                               : "dialog-warning-symbolic");
  adw_tab_page_set_icon (page, icon);
}

/* The bell of a terminal that is not looked at. */
static void
rung_cb (KvmmTerminalTab *tab, AdwTabPage *page)
{
  if (!adw_tab_page_get_selected (page))
    adw_tab_page_set_needs_attention (page, TRUE);
}

/* The titles are ours: a guest's would be words of a stranger in the frame of this program. */
static void
open_tab (KvmmTerminalPage *self, KvmmAgentTerminalMode mode)
{
  GtkWidget *tab = kvmm_terminal_tab_new (kvmm_domain_get_guest (self->domain), mode);
  AdwTabPage *page = adw_tab_view_append (self->view, tab);
  guint number = ++self->n_opened[mode];
  g_autofree char *title = mode == KVMM_AGENT_TERMINAL_SHELL
                               ? g_strdup_printf (_ ("Root shell %u"), number)
                               : g_strdup_printf (_ ("Login %u"), number);

  self->last_mode = mode;
  adw_tab_page_set_title (page, title);
  kvmm_terminal_set_scale (kvmm_terminal_tab_get_terminal (KVMM_TERMINAL_TAB (tab)), self->scale);
  g_signal_connect_object (tab, "state-changed", G_CALLBACK (tab_changed_cb), page, 0);
  g_signal_connect_object (tab, "rung", G_CALLBACK (rung_cb), page, 0);
  tab_changed_cb (KVMM_TERMINAL_TAB (tab), page);
  adw_tab_view_set_selected_page (self->view, page);
  update (self);
  gtk_widget_grab_focus (tab);
}

typedef struct
{
  AdwTabView *view; /* (owned) */
  AdwTabPage *page; /* (owned) */
} Closing;

static void
close_answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Closing *closing = user_data;
  gboolean is_accepted = kvmm_dialogs_confirm_finish (result);

  /* The whole view may have gone with its window meanwhile. */
  if (adw_tab_page_get_child (closing->page) != NULL &&
      gtk_widget_get_parent (adw_tab_page_get_child (closing->page)) != NULL)
    adw_tab_view_close_page_finish (closing->view, closing->page, is_accepted);
  g_object_unref (closing->view);
  g_object_unref (closing->page);
  g_free (closing);
}

static gboolean
close_page_cb (AdwTabView *view, AdwTabPage *page, KvmmTerminalPage *self)
{
  KvmmTerminalTab *tab = KVMM_TERMINAL_TAB (adw_tab_page_get_child (page));
  g_autofree char *heading = NULL;
  Closing *closing;

  if (!kvmm_terminal_tab_has_work (tab))
    return GDK_EVENT_PROPAGATE;
  closing = g_new0 (Closing, 1);
  closing->view = g_object_ref (view);
  closing->page = g_object_ref (page);
  heading = g_strdup_printf (_ ("Close “%s”?"), adw_tab_page_get_title (page));
  kvmm_dialogs_confirm_async (GTK_WIDGET (self), heading,
                              _ ("What runs in this terminal is ended."), _ ("Close _Terminal"),
                              TRUE, close_answered_cb, closing);
  return GDK_EVENT_STOP;
}

static void
selected_cb (KvmmTerminalPage *self)
{
  AdwTabPage *page = adw_tab_view_get_selected_page (self->view);

  if (page != NULL)
    adw_tab_page_set_needs_attention (page, FALSE);
}

static void
zoom (KvmmTerminalPage *self, double scale)
{
  self->scale = scale;
  for (int i = 0; i < adw_tab_view_get_n_pages (self->view); i++)
    {
      GtkWidget *tab = adw_tab_page_get_child (adw_tab_view_get_nth_page (self->view, i));

      kvmm_terminal_set_scale (kvmm_terminal_tab_get_terminal (KVMM_TERMINAL_TAB (tab)),
                               self->scale);
    }
}

static void
new_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmTerminalPage *self = KVMM_TERMINAL_PAGE (widget);

  if (g_str_equal (name, "terminal.new-login"))
    open_tab (self, KVMM_AGENT_TERMINAL_LOGIN);
  else if (g_str_equal (name, "terminal.new-shell"))
    open_tab (self, KVMM_AGENT_TERMINAL_SHELL);
  else
    open_tab (self, self->last_mode);
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmTerminalPage *self = KVMM_TERMINAL_PAGE (widget);
  KvmmTerminal *terminal = get_terminal (self);

  if (g_str_has_prefix (name, "terminal.zoom-"))
    zoom (self, kvmm_terminal_zoom (self->scale, name));
  else if (terminal == NULL)
    return;
  else if (g_str_equal (name, "terminal.copy"))
    kvmm_terminal_copy (terminal);
  else if (g_str_equal (name, "terminal.paste"))
    kvmm_terminal_paste (terminal);
  else if (g_str_equal (name, "terminal.find"))
    kvmm_terminal_tab_start_search (get_tab (self));
  else if (g_str_equal (name, "terminal.close"))
    adw_tab_view_close_page (self->view, adw_tab_view_get_selected_page (self->view));
}

static gboolean
kvmm_terminal_page_grab_focus (GtkWidget *widget)
{
  KvmmTerminalTab *tab = get_tab (KVMM_TERMINAL_PAGE (widget));

  if (tab != NULL)
    return gtk_widget_grab_focus (GTK_WIDGET (tab));
  return gtk_widget_child_focus (widget, GTK_DIR_TAB_FORWARD);
}

static void
kvmm_terminal_page_dispose (GObject *object)
{
  KvmmTerminalPage *self = KVMM_TERMINAL_PAGE (object);

  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_terminal_page_parent_class)->dispose (object);
}

static void
kvmm_terminal_page_class_init (KvmmTerminalPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "terminal.copy",      "terminal.paste",
                                         "terminal.find",      "terminal.close",
                                         "terminal.zoom-in",   "terminal.zoom-out",
                                         "terminal.zoom-reset" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_terminal_page_dispose;
  widget_class->grab_focus = kvmm_terminal_page_grab_focus;
  gtk_widget_class_install_action (widget_class, "terminal.new", NULL, new_cb);
  gtk_widget_class_install_action (widget_class, "terminal.new-login", NULL, new_cb);
  gtk_widget_class_install_action (widget_class, "terminal.new-shell", NULL, new_cb);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, action_cb);

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-terminal-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalPage, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalPage, shell_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalPage, kind_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalPage, view);
  gtk_widget_class_bind_template_callback (widget_class, close_page_cb);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, selected_cb);
}

static void
add_keys (KvmmTerminalPage *self)
{
  static const KvmmTerminalKey keys[] = {
    { "<Control><Shift>t", "terminal.new" },
    { "<Control><Shift>w", "terminal.close" },
  };

  kvmm_terminal_add_keys (GTK_WIDGET (self), keys, G_N_ELEMENTS (keys));
}

static void
kvmm_terminal_page_init (KvmmTerminalPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->scale = 1.0;
  /* Alt and a digit shows a page of the window. */
  adw_tab_view_remove_shortcuts (self->view,
                                 ADW_TAB_VIEW_SHORTCUT_ALT_DIGITS | ADW_TAB_VIEW_SHORTCUT_ALT_ZERO);
  add_keys (self);
}

static GtkWidget *
create_page (gpointer user_data)
{
  KvmmTerminalPage *self = g_object_new (KVMM_TYPE_TERMINAL_PAGE, NULL);

  self->domain = g_object_ref (KVMM_DOMAIN (user_data));
  g_signal_connect_object (kvmm_domain_get_guest (self->domain), "access-changed",
                           G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

GtkWidget *
kvmm_terminal_page_new (KvmmSettings *settings, KvmmDomain *domain)
{
  GtkWidget *gate;

  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  gate = kvmm_guest_gate_new (domain, KVMM_GUEST_GROUP_PTY, TRUE, _ ("Terminal"));
  kvmm_guest_gate_set_create_func (KVMM_GUEST_GATE (gate), create_page, g_object_ref (domain),
                                   g_object_unref);
  return gate;
}

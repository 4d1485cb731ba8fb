/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-window.h"

#include <glib/gi18n.h>

#include "kvmm-machine-window.h"

struct _KvmmConsoleWindow
{
  AdwApplicationWindow parent_instance;

  KvmmSettings *settings; /* (owned) */

  GtkWidget *header_bar;
  AdwWindowTitle *title;
  AdwTabBar *tab_bar;
  AdwTabView *view;
};

G_DEFINE_FINAL_TYPE (KvmmConsoleWindow, kvmm_console_window, ADW_TYPE_APPLICATION_WINDOW)

/* The child of a tab is a bin, since a tab may keep its child until it has faded. */

/* Returns: (transfer none) (nullable): %NULL when it was given back */
static KvmmConsolePage *
get_console (AdwTabPage *tab)
{
  GtkWidget *child =
      tab != NULL ? adw_bin_get_child (ADW_BIN (adw_tab_page_get_child (tab))) : NULL;

  return child != NULL ? KVMM_CONSOLE_PAGE (child) : NULL;
}

static KvmmConsoleWindow *
get_window (KvmmConsolePage *page)
{
  GtkWidget *window = gtk_widget_get_ancestor (GTK_WIDGET (page), KVMM_TYPE_CONSOLE_WINDOW);

  return window != NULL ? KVMM_CONSOLE_WINDOW (window) : NULL;
}

static AdwTabPage *
get_tab (KvmmConsoleWindow *self, KvmmConsolePage *page)
{
  return adw_tab_view_get_page (self->view, gtk_widget_get_parent (GTK_WIDGET (page)));
}

static void
update_title (KvmmConsoleWindow *self)
{
  KvmmConsolePage *page = get_console (adw_tab_view_get_selected_page (self->view));
  const char *name =
      page != NULL ? kvmm_domain_get_name (kvmm_console_page_get_domain (page)) : NULL;
  g_autofree char *title =
      name != NULL ? g_strdup_printf (_ ("%s – Console"), name) : g_strdup (_ ("Console"));

  gtk_window_set_title (GTK_WINDOW (self), title);
  adw_window_title_set_title (self->title, name != NULL ? name : _ ("Console"));
}

static void
selected_cb (KvmmConsoleWindow *self)
{
  KvmmConsolePage *page = get_console (adw_tab_view_get_selected_page (self->view));

  update_title (self);
  if (page != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (page));
}

static void
full_screen_changed_cb (KvmmConsoleWindow *self)
{
  gboolean is_full = gtk_window_is_fullscreen (GTK_WINDOW (self));

  gtk_widget_set_visible (self->header_bar, !is_full);
  gtk_widget_set_visible (GTK_WIDGET (self->tab_bar), !is_full);
}

static void
detached_cb (KvmmConsoleWindow *self)
{
  update_title (self);
  if (adw_tab_view_get_n_pages (self->view) == 0)
    gtk_window_close (GTK_WINDOW (self));
}

static void
name_changed_cb (KvmmDomain *domain, GParamSpec *pspec, AdwTabPage *tab)
{
  adw_tab_page_set_title (tab, kvmm_domain_get_name (domain));
}

static void
give_back_cb (KvmmConsolePage *page)
{
  kvmm_console_window_give_back (page);
}

static AdwTabView *
create_window_cb (AdwTabView *view, KvmmConsoleWindow *self)
{
  KvmmConsoleWindow *other = g_object_new (KVMM_TYPE_CONSOLE_WINDOW, "application",
                                           gtk_window_get_application (GTK_WINDOW (self)), NULL);

  other->settings = g_object_ref (self->settings);
  gtk_window_set_default_size (GTK_WINDOW (other), 960, 720);
  gtk_window_present (GTK_WINDOW (other));
  return other->view;
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmConsoleWindow *self = KVMM_CONSOLE_WINDOW (widget);
  AdwTabPage *tab = adw_tab_view_get_selected_page (self->view);
  KvmmConsolePage *page = get_console (tab);

  if (page == NULL)
    return;
  if (g_str_equal (name, "consoles.close"))
    adw_tab_view_close_page (self->view, tab);
  else if (g_str_equal (name, "consoles.full-screen"))
    kvmm_console_page_toggle_full_screen (page);
  else if (g_str_equal (name, "consoles.machine"))
    kvmm_machine_window_present (gtk_window_get_application (GTK_WINDOW (self)), self->settings,
                                 kvmm_console_page_get_domain (page), "overview");
}

static void
kvmm_console_window_dispose (GObject *object)
{
  KvmmConsoleWindow *self = KVMM_CONSOLE_WINDOW (object);

  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_console_window_parent_class)->dispose (object);
}

static void
kvmm_console_window_class_init (KvmmConsoleWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "consoles.close", "consoles.full-screen",
                                         "consoles.machine" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_console_window_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-console-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleWindow, header_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleWindow, title);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleWindow, tab_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsoleWindow, view);
  gtk_widget_class_bind_template_callback (widget_class, selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, detached_cb);
  gtk_widget_class_bind_template_callback (widget_class, create_window_cb);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, action_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "consoles.close",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F11, 0, "consoles.full-screen", NULL);
}

static void
kvmm_console_window_init (KvmmConsoleWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self, "notify::fullscreened", G_CALLBACK (full_screen_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

/* The window that takes tabs, or a new one. */
static KvmmConsoleWindow *
choose_window (GtkApplication *application, KvmmSettings *settings)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (settings);
  g_autofree char *placement = g_settings_get_string (gsettings, KVMM_SETTINGS_CONSOLE_PLACEMENT);
  GList *windows =
      g_str_equal (placement, "tabs") ? gtk_application_get_windows (application) : NULL;
  KvmmConsoleWindow *self;
  int width, height;

  for (GList *l = windows; l != NULL; l = l->next)
    if (KVMM_IS_CONSOLE_WINDOW (l->data))
      return l->data;
  self = g_object_new (KVMM_TYPE_CONSOLE_WINDOW, "application", application, NULL);
  self->settings = g_object_ref (settings);
  g_settings_get (gsettings, KVMM_SETTINGS_MACHINE_WINDOW_SIZE, "(ii)", &width, &height);
  gtk_window_set_default_size (GTK_WINDOW (self), MAX (width, 1), MAX (height, 1));
  return self;
}

void
kvmm_console_window_take (GtkApplication *application,
                          KvmmSettings *settings,
                          KvmmConsolePage *page)
{
  g_return_if_fail (GTK_IS_APPLICATION (application));
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_CONSOLE_PAGE (page));
  g_return_if_fail (gtk_widget_get_parent (GTK_WIDGET (page)) == NULL);

  KvmmConsoleWindow *self = choose_window (application, settings);
  KvmmDomain *domain = kvmm_console_page_get_domain (page);
  GtkWidget *bin = adw_bin_new ();
  AdwTabPage *tab;
  adw_bin_set_child (ADW_BIN (bin), GTK_WIDGET (page));
  tab = adw_tab_view_append (self->view, bin);
  adw_tab_page_set_title (tab, kvmm_domain_get_name (domain));
  g_signal_connect_object (domain, "notify::name", G_CALLBACK (name_changed_cb), tab, 0);
  g_signal_connect (page, "detach", G_CALLBACK (give_back_cb), NULL);
  kvmm_console_page_set_is_detached (page, TRUE);
  adw_tab_view_set_selected_page (self->view, tab);
  selected_cb (self);
  gtk_window_present (GTK_WINDOW (self));
}

KvmmConsolePage *
kvmm_console_window_find (GtkApplication *application, KvmmDomain *domain)
{
  g_return_val_if_fail (GTK_IS_APPLICATION (application), NULL);
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  for (GList *l = gtk_application_get_windows (application); l != NULL; l = l->next)
    {
      KvmmConsoleWindow *self = KVMM_IS_CONSOLE_WINDOW (l->data) ? l->data : NULL;
      int n_tabs = self != NULL ? adw_tab_view_get_n_pages (self->view) : 0;

      for (int i = 0; i < n_tabs; i++)
        {
          KvmmConsolePage *page = get_console (adw_tab_view_get_nth_page (self->view, i));

          if (page != NULL && kvmm_console_page_get_domain (page) == domain)
            return page;
        }
    }
  return NULL;
}

void
kvmm_console_window_show (KvmmConsolePage *page)
{
  g_return_if_fail (KVMM_IS_CONSOLE_PAGE (page));

  KvmmConsoleWindow *self = get_window (page);
  if (self == NULL)
    return;
  adw_tab_view_set_selected_page (self->view, get_tab (self, page));
  gtk_window_present (GTK_WINDOW (self));
}

void
kvmm_console_window_give_back (KvmmConsolePage *page)
{
  g_return_if_fail (KVMM_IS_CONSOLE_PAGE (page));

  g_autoptr (KvmmConsolePage) alive = g_object_ref (page);
  KvmmConsoleWindow *self = get_window (alive);
  if (self == NULL)
    return;

  g_autoptr (KvmmSettings) settings = g_object_ref (self->settings);
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (self));
  AdwTabPage *tab = get_tab (self, alive);
  if (gtk_window_is_fullscreen (GTK_WINDOW (self)))
    gtk_window_unfullscreen (GTK_WINDOW (self));
  g_signal_handlers_disconnect_by_func (alive, give_back_cb, NULL);
  kvmm_console_page_set_is_detached (alive, FALSE);
  adw_bin_set_child (ADW_BIN (adw_tab_page_get_child (tab)), NULL);
  kvmm_machine_window_present_console (application, settings, alive);
  adw_tab_view_close_page (self->view, tab);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-machine-window.h"

#include <glib/gi18n.h>

#include "kvmm-console-slot.h"
#include "kvmm-describe-dialog.h"
#include "kvmm-dialogs.h"
#include "kvmm-disc-window.h"
#include "kvmm-domain-actions.h"
#include "kvmm-file-drop.h"
#include "kvmm-first-start-bar.h"
#include "kvmm-guest-page.h"
#include "kvmm-hardware-page.h"
#include "kvmm-install-window.h"
#include "kvmm-log-page.h"
#include "kvmm-mount-flow.h"
#include "kvmm-overview-page.h"
#include "kvmm-power-popover.h"
#include "kvmm-shutdown-bar.h"
#include "kvmm-terminal-page.h"
#include "kvmm-trouble-bar.h"
#include "kvmm-xml-page.h"
#include "model/kvmm-connection.h"

struct _KvmmMachineWindow
{
  AdwApplicationWindow parent_instance;

  KvmmSettings *settings;     /* (owned) */
  KvmmDomain *domain;         /* (owned) */
  KvmmConnection *connection; /* (owned) (nullable) */
  KvmmDomainAction primary;
  gboolean is_gone; /* undefined while the window is open */
  gboolean holds_stats;

  GtkWidget *header_bar;
  AdwWindowTitle *window_title;
  GtkButton *primary_button;
  GtkMenuButton *power_button;
  AdwSqueezer *squeezer;
  GtkWidget *switcher;
  AdwViewSwitcherBar *switcher_bar;
  KvmmTroubleBar *trouble_bar;
  KvmmFirstStartBar *first_start_bar;
  KvmmShutdownBar *shutdown_bar;
  AdwViewStack *stack;
};

G_DEFINE_FINAL_TYPE (KvmmMachineWindow, kvmm_machine_window, ADW_TYPE_APPLICATION_WINDOW)

typedef enum
{
  PROP_AUTOSTART = 1,
} KvmmMachineWindowProp;

static GParamSpec *properties[PROP_AUTOSTART + 1];

/* In the order of Alt+1 to Alt+7. */
static const char *const page_names[] = { "console",  "overview", "guest", "terminal",
                                          "hardware", "xml",      "log" };

static GtkWidget *
create_page (KvmmMachineWindow *self, const char *name)
{
  if (g_str_equal (name, "console"))
    return kvmm_console_slot_new (self->settings, self->domain);
  if (g_str_equal (name, "overview"))
    return kvmm_overview_page_new (self->settings, self->domain);
  if (g_str_equal (name, "guest"))
    return kvmm_guest_page_new (self->settings, self->domain);
  if (g_str_equal (name, "terminal"))
    return kvmm_terminal_page_new (self->settings, self->domain);
  if (g_str_equal (name, "hardware"))
    return kvmm_hardware_page_new (self->domain);
  if (g_str_equal (name, "xml"))
    return kvmm_xml_page_new (self->domain);
  return kvmm_log_page_new (kvmm_domain_get_log (self->domain));
}

/* A page is built when it is looked at for the first time. */
static void
page_changed_cb (KvmmMachineWindow *self)
{
  const char *name = adw_view_stack_get_visible_child_name (self->stack);
  GtkWidget *bin = adw_view_stack_get_visible_child (self->stack);

  if (self->domain == NULL || name == NULL)
    return;
  if (adw_bin_get_child (ADW_BIN (bin)) == NULL)
    adw_bin_set_child (ADW_BIN (bin), create_page (self, name));
  /* Whoever looks at a console means to type to it. */
  if (g_str_equal (name, "console") && gtk_widget_get_mapped (GTK_WIDGET (self)))
    gtk_widget_grab_focus (adw_bin_get_child (ADW_BIN (bin)));
}

static void
show_page (KvmmMachineWindow *self, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (page_names); i++)
    if (g_strcmp0 (name, page_names[i]) == 0)
      adw_view_stack_set_visible_child_name (self->stack, name);
  page_changed_cb (self);
}

static void
run_action (KvmmMachineWindow *self, KvmmDomainAction action)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();

  g_ptr_array_add (domains, self->domain);
  kvmm_domain_actions_run (GTK_WIDGET (self), domains, action, TRUE);
}

static void
primary_cb (KvmmMachineWindow *self)
{
  run_action (self, self->primary);
}

static KvmmDomainAction
find_primary (KvmmDomain *domain)
{
  switch (kvmm_domain_get_state (domain))
    {
    case KVMM_DOMAIN_STATE_RUNNING:
    case KVMM_DOMAIN_STATE_SHUTTING_DOWN:
      return KVMM_DOMAIN_ACTION_SHUT_DOWN;
    case KVMM_DOMAIN_STATE_PAUSED:
    case KVMM_DOMAIN_STATE_SUSPENDED:
      return KVMM_DOMAIN_ACTION_RESUME;
    case KVMM_DOMAIN_STATE_UNKNOWN:
    case KVMM_DOMAIN_STATE_SHUT_OFF:
    case KVMM_DOMAIN_STATE_CRASHED:
      return KVMM_DOMAIN_ACTION_START;
    }
  return KVMM_DOMAIN_ACTION_START;
}

static void
update_actions (KvmmMachineWindow *self)
{
  const char *reason = NULL;
  gboolean can;
  gboolean is_start;

  self->primary = find_primary (self->domain);
  can = !self->is_gone && kvmm_domain_can (self->domain, self->primary, &reason);
  is_start = self->primary == KVMM_DOMAIN_ACTION_START;
  gtk_button_set_label (self->primary_button, kvmm_domain_action_get_label (self->primary));
  gtk_widget_set_sensitive (GTK_WIDGET (self->primary_button), can);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->primary_button), can ? NULL : reason);
  if (is_start)
    gtk_widget_add_css_class (GTK_WIDGET (self->primary_button), "suggested-action");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->primary_button), "suggested-action");
  gtk_widget_set_sensitive (GTK_WIDGET (self->power_button), !self->is_gone);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "machine.install-agent", !self->is_gone);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "machine.insert-disc", !self->is_gone);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "machine.describe",
                                 !self->is_gone && kvmm_domain_get_persistent (self->domain));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "machine.mount-disc", !self->is_gone);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "machine.eject-disc", !self->is_gone);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "machine.autostart",
                                 !self->is_gone &&
                                     kvmm_domain_can (self->domain,
                                                      kvmm_domain_get_autostart (self->domain)
                                                          ? KVMM_DOMAIN_ACTION_AUTOSTART_OFF
                                                          : KVMM_DOMAIN_ACTION_AUTOSTART_ON,
                                                      NULL));
}

static void
update_title (KvmmMachineWindow *self)
{
  const char *name = kvmm_domain_get_name (self->domain);

  gtk_window_set_title (GTK_WINDOW (self), name);
  adw_window_title_set_title (self->window_title, name);
  adw_window_title_set_subtitle (
      self->window_title,
      self->connection != NULL ? kvmm_connection_get_name (self->connection) : "");
}

static void
domain_changed_cb (KvmmMachineWindow *self)
{
  update_title (self);
  update_actions (self);
}

static void
autostart_changed_cb (KvmmMachineWindow *self)
{
  update_actions (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AUTOSTART]);
}

static void
connection_changed_cb (KvmmMachineWindow *self)
{
  update_title (self);
  update_actions (self);
}

static void
listed_cb (KvmmMachineWindow *self)
{
  gboolean is_gone =
      kvmm_connection_find (self->connection, kvmm_domain_get_uuid (self->domain)) != self->domain;

  if (self->is_gone == is_gone)
    return;
  self->is_gone = is_gone;
  kvmm_trouble_bar_set_is_gone (self->trouble_bar, is_gone);
  connection_changed_cb (self);
}

static void
update_switcher (KvmmMachineWindow *self)
{
  adw_view_switcher_bar_set_reveal (
      self->switcher_bar, adw_squeezer_get_visible_child (self->squeezer) != self->switcher);
}

static void
show_install (KvmmMachineWindow *self)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_new ();

  g_ptr_array_add (domains, self->domain);
  kvmm_install_window_present (GTK_WINDOW (self), self->settings, domains);
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (widget);

  if (g_str_equal (name, "machine.install-agent"))
    show_install (self);
  else if (g_str_equal (name, "machine.describe"))
    kvmm_describe_dialog_present (widget, self->domain);
  else if (g_str_equal (name, "machine.insert-disc"))
    kvmm_disc_window_present (widget, self->domain, NULL);
  else if (g_str_equal (name, "machine.mount-disc"))
    kvmm_mount_flow_start (widget, self->settings, self->domain);
  else if (g_str_equal (name, "machine.eject-disc"))
    kvmm_mount_flow_eject (widget, self->settings, self->domain);
  else if (g_str_equal (name, "machine.copy-uuid"))
    kvmm_dialogs_copy (widget, kvmm_domain_get_uuid (self->domain));
  else if (g_str_equal (name, "machine.start"))
    run_action (self, KVMM_DOMAIN_ACTION_START);
  else if (g_str_equal (name, "machine.shut-down"))
    run_action (self, KVMM_DOMAIN_ACTION_SHUT_DOWN);
  else if (g_str_equal (name, "machine.page"))
    show_page (self, g_variant_get_string (parameter, NULL));
  else if (self->connection != NULL && g_str_equal (name, "machine.connect"))
    kvmm_connection_connect (self->connection);
  else if (self->connection != NULL && g_str_equal (name, "machine.refresh"))
    kvmm_connection_refresh (self->connection);
}

static void
search_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (widget);
  GtkWidget *page = adw_bin_get_child (ADW_BIN (adw_view_stack_get_visible_child (self->stack)));

  if (KVMM_IS_GUEST_PAGE (page) && kvmm_guest_page_find (KVMM_GUEST_PAGE (page)))
    return;
  show_page (self, "xml");
  page = adw_bin_get_child (ADW_BIN (adw_view_stack_get_visible_child (self->stack)));
  kvmm_xml_page_search (KVMM_XML_PAGE (page));
}

/* Full screen is for consoles: nothing but the page is left of the window. */
static void
full_screen_changed_cb (KvmmMachineWindow *self)
{
  gboolean is_full = gtk_window_is_fullscreen (GTK_WINDOW (self));

  gtk_widget_set_visible (self->header_bar, !is_full);
  gtk_widget_set_visible (GTK_WIDGET (self->squeezer), !is_full);
  gtk_widget_set_visible (GTK_WIDGET (self->switcher_bar), !is_full);
}

static void
full_screen_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (widget);
  GtkWidget *slot;
  KvmmConsolePage *page;

  if (!gtk_window_is_fullscreen (GTK_WINDOW (self)))
    show_page (self, "console");
  slot = adw_bin_get_child (ADW_BIN (adw_view_stack_get_visible_child (self->stack)));
  page = KVMM_IS_CONSOLE_SLOT (slot) ? kvmm_console_slot_get_page (KVMM_CONSOLE_SLOT (slot)) : NULL;
  if (page != NULL)
    kvmm_console_page_toggle_full_screen (page);
}

/* Not the first button: Enter in a window that has just come up must not shut a machine down. */
static void
focus_switcher (KvmmMachineWindow *self)
{
  GtkWidget *switcher = adw_view_switcher_bar_get_reveal (self->switcher_bar)
                            ? GTK_WIDGET (self->switcher_bar)
                            : self->switcher;

  gtk_widget_child_focus (switcher, GTK_DIR_TAB_FORWARD);
}

static void
kvmm_machine_window_map (GtkWidget *widget)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (widget);

  if (self->connection != NULL)
    {
      kvmm_connection_hold_stats (self->connection);
      self->holds_stats = TRUE;
    }
  GTK_WIDGET_CLASS (kvmm_machine_window_parent_class)->map (widget);
  if (gtk_window_get_focus (GTK_WINDOW (self)) == NULL)
    focus_switcher (self);
  page_changed_cb (self);
}

static void
kvmm_machine_window_unmap (GtkWidget *widget)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (widget);

  GTK_WIDGET_CLASS (kvmm_machine_window_parent_class)->unmap (widget);
  if (self->holds_stats)
    kvmm_connection_release_stats (self->connection);
  self->holds_stats = FALSE;
}

static gboolean
kvmm_machine_window_close_request (GtkWindow *window)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (window);
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  const char *page = adw_view_stack_get_visible_child_name (self->stack);
  int width, height;

  gtk_window_get_default_size (window, &width, &height);
  if (width > 0 && height > 0 && !gtk_window_is_maximized (window))
    g_settings_set (gsettings, KVMM_SETTINGS_MACHINE_WINDOW_SIZE, "(ii)", width, height);
  if (page != NULL)
    g_settings_set_string (gsettings, KVMM_SETTINGS_MACHINE_WINDOW_PAGE, page);
  return GTK_WINDOW_CLASS (kvmm_machine_window_parent_class)->close_request (window);
}

static void
kvmm_machine_window_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (object);

  switch ((KvmmMachineWindowProp) id)
    {
    case PROP_AUTOSTART:
      g_value_set_boolean (value, self->domain != NULL && kvmm_domain_get_autostart (self->domain));
      break;
    }
}

/* Asks libvirt; the property follows the machine. */
static void
kvmm_machine_window_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (object);

  switch ((KvmmMachineWindowProp) id)
    {
    case PROP_AUTOSTART:
      if (self->domain != NULL &&
          g_value_get_boolean (value) != kvmm_domain_get_autostart (self->domain))
        run_action (self, g_value_get_boolean (value) ? KVMM_DOMAIN_ACTION_AUTOSTART_ON
                                                      : KVMM_DOMAIN_ACTION_AUTOSTART_OFF);
      break;
    }
}

static void
kvmm_machine_window_dispose (GObject *object)
{
  KvmmMachineWindow *self = KVMM_MACHINE_WINDOW (object);

  g_clear_object (&self->connection);
  g_clear_object (&self->domain);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_machine_window_parent_class)->dispose (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  static const char *const simple[] = {
    "machine.describe",   "machine.install-agent", "machine.insert-disc", "machine.mount-disc",
    "machine.eject-disc", "machine.copy-uuid",     "machine.start",       "machine.shut-down",
    "machine.connect",    "machine.refresh",
  };

  for (guint i = 0; i < G_N_ELEMENTS (simple); i++)
    gtk_widget_class_install_action (widget_class, simple[i], NULL, action_cb);
  gtk_widget_class_install_action (widget_class, "machine.page", "s", action_cb);
  gtk_widget_class_install_action (widget_class, "machine.search", NULL, search_cb);
  gtk_widget_class_install_action (widget_class, "machine.full-screen", NULL, full_screen_cb);
  gtk_widget_class_install_property_action (widget_class, "machine.autostart", "autostart");

  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_s, GDK_CONTROL_MASK | GDK_SHIFT_MASK,
                                       "machine.start", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_d, GDK_CONTROL_MASK | GDK_SHIFT_MASK,
                                       "machine.shut-down", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "machine.search",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F5, 0, "machine.refresh", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F11, 0, "machine.full-screen", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_w, GDK_CONTROL_MASK, "window.close",
                                       NULL);
}

static void
kvmm_machine_window_class_init (KvmmMachineWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kvmm_machine_window_get_property;
  object_class->set_property = kvmm_machine_window_set_property;
  object_class->dispose = kvmm_machine_window_dispose;
  widget_class->map = kvmm_machine_window_map;
  widget_class->unmap = kvmm_machine_window_unmap;
  GTK_WINDOW_CLASS (klass)->close_request = kvmm_machine_window_close_request;

  properties[PROP_AUTOSTART] =
      g_param_spec_boolean ("autostart", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  g_type_ensure (KVMM_TYPE_FIRST_START_BAR);
  g_type_ensure (KVMM_TYPE_SHUTDOWN_BAR);
  g_type_ensure (KVMM_TYPE_TROUBLE_BAR);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-machine-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, header_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, window_title);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, primary_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, power_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, squeezer);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, switcher);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, switcher_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, trouble_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, first_start_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, shutdown_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineWindow, stack);
  gtk_widget_class_bind_template_callback (widget_class, primary_cb);
  gtk_widget_class_bind_template_callback (widget_class, page_changed_cb);
  install_actions (widget_class);
}

/* Caught on their way down: GtkWindow's own bindings come before those of its subclasses, and
 * Ctrl+Shift+D is its inspector; a focused terminal keeps every key, and the digits lead out of it.
 */
static void
add_first_keys (KvmmMachineWindow *self)
{
  GtkEventController *controller = gtk_shortcut_controller_new ();

  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  for (guint i = 0; i < G_N_ELEMENTS (page_names); i++)
    {
      GtkShortcut *shortcut =
          gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_1 + i, GDK_ALT_MASK),
                            gtk_named_action_new ("machine.page"));

      gtk_shortcut_set_arguments (shortcut, g_variant_new_string (page_names[i]));
      gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (controller), shortcut);
    }
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (controller),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_d, GDK_CONTROL_MASK | GDK_SHIFT_MASK),
                        gtk_named_action_new ("machine.shut-down")));
  gtk_widget_add_controller (GTK_WIDGET (self), controller);
}

static void
kvmm_machine_window_init (KvmmMachineWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_first_keys (self);
  g_signal_connect_object (self->squeezer, "notify::visible-child", G_CALLBACK (update_switcher),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self, "notify::fullscreened", G_CALLBACK (full_screen_changed_cb), self,
                           G_CONNECT_SWAPPED);
  update_switcher (self);
}

static void
follow_domain (KvmmMachineWindow *self)
{
  static const char *const watched[] = { "notify::state", "notify::name", "notify::persistent",
                                         "notify::pending" };

  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (self->domain, watched[i], G_CALLBACK (domain_changed_cb), self,
                             G_CONNECT_SWAPPED);
  g_signal_connect_object (self->domain, "notify::autostart", G_CALLBACK (autostart_changed_cb),
                           self, G_CONNECT_SWAPPED);
}

static void
follow_connection (KvmmMachineWindow *self)
{
  static const char *const watched[] = { "notify::state", "notify::name" };

  if (self->connection == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (self->connection, watched[i], G_CALLBACK (connection_changed_cb), self,
                             G_CONNECT_SWAPPED);
  g_signal_connect_object (self->connection, "items-changed", G_CALLBACK (listed_cb), self,
                           G_CONNECT_SWAPPED);
}

static KvmmMachineWindow *
create_window (GtkApplication *application, KvmmSettings *settings, KvmmDomain *domain)
{
  KvmmMachineWindow *self = g_object_new (KVMM_TYPE_MACHINE_WINDOW, NULL);
  KvmmConnection *connection = kvmm_domain_get_connection (domain);
  int width, height;

  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  if (connection != NULL)
    self->connection = g_object_ref (connection);
  self->is_gone = connection == NULL;
  g_settings_get (kvmm_settings_get_gsettings (settings), KVMM_SETTINGS_MACHINE_WINDOW_SIZE, "(ii)",
                  &width, &height);
  gtk_window_set_default_size (GTK_WINDOW (self), MAX (width, 1), MAX (height, 1));
  gtk_menu_button_set_popover (self->power_button, kvmm_power_popover_new (domain));
  kvmm_first_start_bar_set_domain (self->first_start_bar, domain);
  kvmm_shutdown_bar_set_domain (self->shutdown_bar, domain);
  kvmm_trouble_bar_set_domain (self->trouble_bar, domain);
  kvmm_file_drop_attach (GTK_WIDGET (self), domain);
  follow_domain (self);
  follow_connection (self);
  connection_changed_cb (self);
  gtk_window_set_application (GTK_WINDOW (self), application);
  return self;
}

static KvmmMachineWindow *
find_window (GtkApplication *application, KvmmDomain *domain)
{
  for (GList *l = gtk_application_get_windows (application); l != NULL; l = l->next)
    if (KVMM_IS_MACHINE_WINDOW (l->data) && KVMM_MACHINE_WINDOW (l->data)->domain == domain)
      return l->data;
  return NULL;
}

/* A console that is off is no page to begin with. */
static void
show_first_page (KvmmMachineWindow *self)
{
  g_autofree char *last = g_settings_get_string (kvmm_settings_get_gsettings (self->settings),
                                                 KVMM_SETTINGS_MACHINE_WINDOW_PAGE);
  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (self->domain);
  gboolean has_console = kvmm_domain_get_is_active (self->domain) && facts != NULL &&
                         facts->n_graphics + facts->n_serials > 0;

  show_page (self, g_str_equal (last, "console") && !has_console ? "overview" : last);
}

void
kvmm_machine_window_present (GtkApplication *application,
                             KvmmSettings *settings,
                             KvmmDomain *domain,
                             const char *page)
{
  g_return_if_fail (GTK_IS_APPLICATION (application));
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  KvmmMachineWindow *self = find_window (application, domain);

  if (self == NULL)
    {
      self = create_window (application, settings, domain);
      if (page == NULL)
        show_first_page (self);
    }
  if (page != NULL)
    show_page (self, page);
  gtk_window_present (GTK_WINDOW (self));
}

void
kvmm_machine_window_present_console (GtkApplication *application,
                                     KvmmSettings *settings,
                                     KvmmConsolePage *page)
{
  g_return_if_fail (GTK_IS_APPLICATION (application));
  g_return_if_fail (KVMM_IS_SETTINGS (settings));
  g_return_if_fail (KVMM_IS_CONSOLE_PAGE (page));

  KvmmDomain *domain = kvmm_console_page_get_domain (page);
  KvmmMachineWindow *self = find_window (application, domain);
  GtkWidget *bin;
  if (self == NULL)
    self = create_window (application, settings, domain);
  bin = adw_view_stack_get_child_by_name (self->stack, "console");
  if (adw_bin_get_child (ADW_BIN (bin)) == NULL)
    adw_bin_set_child (ADW_BIN (bin), create_page (self, "console"));
  kvmm_console_slot_take (KVMM_CONSOLE_SLOT (adw_bin_get_child (ADW_BIN (bin))), page);
  show_page (self, "console");
  gtk_window_present (GTK_WINDOW (self));
}

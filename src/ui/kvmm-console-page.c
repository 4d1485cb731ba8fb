/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-page.h"

#include <glib/gi18n.h>
#include <string.h>

#include "console/kvmm-serial-console.h"
#include "kvmm-console-drop.h"
#include "kvmm-console-heads.h"
#include "kvmm-console-keys.h"
#include "kvmm-console-page-private.h"
#include "kvmm-console-sharing.h"
#include "kvmm-console-tablet-bar.h"
#include "kvmm-full-screen-bar.h"

/* What a choice is called in actions and settings. */
#define SERIAL "serial"
#define SCREEN_PREFIX "screen:"

struct _KvmmConsolePage
{
  AdwBin parent_instance;

  KvmmSettings *settings;    /* (owned) */
  GSettings *machine;        /* (owned) of this machine */
  KvmmDomain *domain;        /* (owned) */
  KvmmConsoleOpener *opener; /* (owned) */
  GCancellable *cancellable; /* (owned) of the listing under way */
  KvmmXmlConsoles *consoles; /* (owned) (nullable) as last read */
  char *selected;            /* (owned) (nullable): "screen:0", "serial" */
  KvmmConsoleView *view;     /* (unowned) (nullable): the selected screen */
  KvmmConsoleHeads *heads;   /* (owned) (nullable): its further ones */
  GtkWindow *window;         /* (unowned) (nullable): whose full screen is followed */
  gboolean is_detached;
  gboolean wants_focus; /* somebody gave it the keyboard before anything was listed */

  GtkWidget *tool_bar;
  GtkMenuButton *chooser;
  GtkLabel *keyboard;
  GtkMenuButton *keys_button;
  KvmmConsoleSharing *sharing;
  GtkWidget *screen_tools;
  GtkMenuButton *menu_button;
  KvmmConsoleTabletBar *tablet_bar;
  KvmmFullScreenBar *full_screen_bar;
  GtkStack *stack;
  GMenu *detach_section;
  GMenu *heads_section;
  GMenu *monitors_section;
};

G_DEFINE_FINAL_TYPE (KvmmConsolePage, kvmm_console_page, ADW_TYPE_BIN)

typedef enum
{
  PROP_SELECTED = 1,
  PROP_SCALING,
  PROP_RESIZE_GUEST,
} KvmmConsolePageProp;

static GParamSpec *properties[PROP_RESIZE_GUEST + 1];
static guint detach_signal;

/* ---- which console ---- */

static char *
dup_screen_id (const KvmmXmlGraphics *graphics)
{
  return g_strdup_printf (SCREEN_PREFIX "%u", graphics->index);
}

static const char *
get_kind_name (KvmmGraphicsKind kind)
{
  switch (kind)
    {
    case KVMM_GRAPHICS_VNC:
      return "VNC";
    case KVMM_GRAPHICS_SPICE:
      return "SPICE";
    case KVMM_GRAPHICS_DBUS:
    case KVMM_GRAPHICS_OTHER:
      break;
    }
  return "";
}

/* Those that this build shows; one that it does not is listed when there is no other, so that the
 * error says what is missing. */
static GPtrArray *
list_screens (KvmmConsolePage *self)
{
  GPtrArray *screens = g_ptr_array_new ();
  const GPtrArray *all = self->consoles != NULL ? self->consoles->graphics : NULL;

  for (guint i = 0; all != NULL && i < all->len; i++)
    {
      KvmmXmlGraphics *graphics = g_ptr_array_index (all, i);

      if (kvmm_display_supports_kind (graphics->kind))
        g_ptr_array_add (screens, graphics);
    }
  if (screens->len == 0 && all != NULL && all->len > 0)
    g_ptr_array_add (screens, g_ptr_array_index (all, 0));
  return screens;
}

static gboolean
has_serial_lines (KvmmConsolePage *self)
{
  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (self->domain);

  return facts != NULL && facts->n_serials > 0;
}

static void
update_keyboard (KvmmConsolePage *self)
{
  KvmmDisplay *display = self->view != NULL ? kvmm_console_view_get_display (self->view) : NULL;
  gboolean is_connected =
      display != NULL && kvmm_display_get_state (display) == KVMM_DISPLAY_CONNECTED;
  gboolean sends = is_connected && kvmm_display_get_sends_keys (display);
  g_autofree char *release =
      display != NULL ? kvmm_console_keys_dup_label (kvmm_display_get_release_keys (display))
                      : NULL;
  g_autofree char *text = NULL;

  if (!is_connected)
    text = g_strdup ("");
  else if (!sends)
    text = g_strdup (_ ("Click into the picture to type"));
  else if (kvmm_display_get_pointer_grabbed (display))
    text =
        g_strdup_printf (_ ("Keyboard and pointer are in the guest: %s gives them back"), release);
  else if (kvmm_display_get_keyboard_grabbed (display))
    text = g_strdup_printf (_ ("All keys go to the guest: %s gives the keyboard back"), release);
  else
    text = g_strdup_printf (
        _ ("Keys go to the guest, but for those that the desktop keeps: %s gives them back"),
        release);
  gtk_label_set_text (self->keyboard, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->keyboard), *text != '\0' ? text : NULL);
  kvmm_full_screen_bar_set_hint (self->full_screen_bar, text);
}

static void
view_changed_cb (KvmmConsolePage *self)
{
  kvmm_console_page_update_actions (self);
  update_keyboard (self);
  kvmm_console_tablet_bar_set_is_wanted (
      self->tablet_bar, self->view != NULL && kvmm_console_view_get_wants_tablet (self->view));
  kvmm_console_sharing_set_view (self->sharing, self->view);
  if (self->heads != NULL)
    kvmm_console_heads_set_view (self->heads, self->view);
}

static GtkWidget *
create_console (KvmmConsolePage *self, const char *id)
{
  GtkWidget *view;

  if (g_str_equal (id, SERIAL))
    return kvmm_serial_console_new (self->settings, self->domain);
  view = kvmm_console_view_new (self->settings, self->domain, self->opener,
                                (guint) g_ascii_strtoull (id + strlen (SCREEN_PREFIX), NULL, 10));
  g_signal_connect_object (view, "changed", G_CALLBACK (view_changed_cb), self, G_CONNECT_SWAPPED);
  return view;
}

static void
show_console (KvmmConsolePage *self)
{
  GtkWidget *child = NULL;

  if (self->selected != NULL)
    {
      child = gtk_stack_get_child_by_name (self->stack, self->selected);
      if (child == NULL)
        {
          child = create_console (self, self->selected);
          gtk_stack_add_named (self->stack, child, self->selected);
        }
    }
  self->view = child != NULL && KVMM_IS_CONSOLE_VIEW (child) ? KVMM_CONSOLE_VIEW (child) : NULL;
  kvmm_console_show_only (self->stack, self->selected != NULL   ? self->selected
                                       : self->consoles != NULL ? "none"
                                                                : "reading");
  gtk_widget_set_visible (self->screen_tools, self->view != NULL);
  view_changed_cb (self);
  if (child != NULL && self->wants_focus)
    {
      self->wants_focus = FALSE;
      gtk_widget_grab_focus (child);
    }
}

static void
update_chooser (KvmmConsolePage *self)
{
  g_autoptr (GPtrArray) screens = list_screens (self);
  g_autoptr (GMenu) menu = g_menu_new ();
  gboolean has_serial = has_serial_lines (self);
  const char *current = _ ("Console");
  g_autofree char *current_label = NULL;

  for (guint i = 0; i <= screens->len; i++)
    {
      const KvmmXmlGraphics *graphics = i < screens->len ? g_ptr_array_index (screens, i) : NULL;
      g_autofree char *id = graphics != NULL ? dup_screen_id (graphics) : g_strdup (SERIAL);
      g_autofree char *label = NULL;
      g_autoptr (GMenuItem) item = NULL;

      if (graphics == NULL && !has_serial)
        break;
      if (graphics == NULL)
        label = g_strdup (_ ("Serial Lines"));
      else if (screens->len > 1)
        label = g_strdup_printf (_ ("Screen %u (%s)"), i + 1, get_kind_name (graphics->kind));
      else
        label = g_strdup_printf (_ ("Screen (%s)"), get_kind_name (graphics->kind));
      item = g_menu_item_new (label, NULL);
      g_menu_item_set_action_and_target (item, "console.select", "s", id);
      g_menu_append_item (menu, item);
      if (g_strcmp0 (id, self->selected) == 0)
        {
          g_free (current_label);
          current_label = g_steal_pointer (&label);
          current = current_label;
        }
    }
  gtk_menu_button_set_menu_model (self->chooser, G_MENU_MODEL (menu));
  gtk_menu_button_set_label (self->chooser, current);
  gtk_widget_set_visible (GTK_WIDGET (self->chooser), screens->len + has_serial > 0);
}

static gboolean
has_console (KvmmConsolePage *self, const char *id)
{
  g_autoptr (GPtrArray) screens = list_screens (self);

  if (g_strcmp0 (id, SERIAL) == 0)
    return has_serial_lines (self);
  for (guint i = 0; i < screens->len; i++)
    {
      g_autofree char *screen = dup_screen_id (g_ptr_array_index (screens, i));
      if (g_strcmp0 (screen, id) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
set_selected (KvmmConsolePage *self, const char *id)
{
  if (g_strcmp0 (self->selected, id) != 0)
    {
      g_free (self->selected);
      self->selected = g_strdup (id);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SELECTED]);
    }
  update_chooser (self);
  show_console (self);
}

/* The one that was looked at last, else the first screen, else the serial lines. */
static void
select_default (KvmmConsolePage *self)
{
  g_autofree char *last = g_settings_get_string (self->machine, KVMM_SETTINGS_MACHINE_LAST_CONSOLE);
  g_autoptr (GPtrArray) screens = list_screens (self);
  g_autofree char *first = screens->len > 0 ? dup_screen_id (g_ptr_array_index (screens, 0)) : NULL;

  if (self->selected != NULL && has_console (self, self->selected))
    set_selected (self, self->selected);
  else if (has_console (self, last))
    set_selected (self, last);
  else if (first != NULL)
    set_selected (self, first);
  else
    set_selected (self, has_console (self, SERIAL) ? SERIAL : NULL);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmConsolePage) self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmXmlConsoles *consoles =
      kvmm_console_opener_list_finish (KVMM_CONSOLE_OPENER (source), result, &error);

  if (consoles == NULL)
    {
      /* What was known stays; the next change of state reads anew. */
      g_debug ("%s", error->message);
      return;
    }
  g_clear_pointer (&self->consoles, kvmm_xml_consoles_free);
  self->consoles = consoles;
  select_default (self);
}

static void
read_consoles (KvmmConsolePage *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  kvmm_console_opener_list_async (self->opener, self->cancellable, listed_cb, g_object_ref (self));
}

static void
domain_changed_cb (KvmmConsolePage *self)
{
  kvmm_console_page_update_actions (self);
  if (kvmm_domain_get_state (self->domain) != KVMM_DOMAIN_STATE_UNKNOWN)
    read_consoles (self);
}

/* ---- the window ---- */

static void
full_screen_changed_cb (KvmmConsolePage *self)
{
  gboolean is_full = self->window != NULL && gtk_window_is_fullscreen (self->window);

  gtk_widget_set_visible (self->tool_bar, !is_full);
  kvmm_full_screen_bar_set_is_active (self->full_screen_bar, is_full);
}

static void
update_menu (KvmmConsolePage *self)
{
  g_autoptr (GMenuModel) monitors = kvmm_console_page_create_monitors_menu (self);

  g_menu_remove_all (self->detach_section);
  g_menu_append (self->detach_section,
                 self->is_detached ? _ ("_Back to the Machine's Window")
                                   : _ ("Open in _Own Window"),
                 "console.detach");
  g_menu_remove_all (self->monitors_section);
  if (monitors != NULL)
    g_menu_append_submenu (self->monitors_section, _ ("Full Screen _On"), monitors);
}

static void
update_keys_menu (KvmmConsolePage *self)
{
  g_autoptr (GMenuModel) menu = kvmm_console_keys_create_menu (self->machine);

  gtk_menu_button_set_menu_model (self->keys_button, menu);
  kvmm_full_screen_bar_set_keys_menu (self->full_screen_bar, menu);
}

static void
kvmm_console_page_root (GtkWidget *widget)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (widget);
  GtkRoot *root;

  GTK_WIDGET_CLASS (kvmm_console_page_parent_class)->root (widget);
  root = gtk_widget_get_root (widget);
  self->window = GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
  if (self->window != NULL)
    g_signal_connect_object (self->window, "notify::fullscreened",
                             G_CALLBACK (full_screen_changed_cb), self, G_CONNECT_SWAPPED);
  full_screen_changed_cb (self);
}

static void
kvmm_console_page_unroot (GtkWidget *widget)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (widget);

  if (self->window != NULL)
    g_signal_handlers_disconnect_by_func (self->window, full_screen_changed_cb, self);
  self->window = NULL;
  GTK_WIDGET_CLASS (kvmm_console_page_parent_class)->unroot (widget);
}

static gboolean
kvmm_console_page_grab_focus (GtkWidget *widget)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (widget);
  GtkWidget *child = gtk_stack_get_visible_child (self->stack);

  self->wants_focus = self->selected == NULL;
  return child != NULL && gtk_widget_grab_focus (child);
}

static void
kvmm_console_page_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (object);

  switch ((KvmmConsolePageProp) id)
    {
    case PROP_SELECTED:
      /* An action's state is never NULL. */
      g_value_set_string (value, self->selected != NULL ? self->selected : "");
      break;
    case PROP_SCALING:
      g_value_take_string (
          value, self->machine != NULL
                     ? g_settings_get_string (self->machine, KVMM_SETTINGS_MACHINE_SCALING)
                     : NULL);
      break;
    case PROP_RESIZE_GUEST:
      g_value_set_boolean (
          value, self->machine != NULL &&
                     g_settings_get_boolean (self->machine, KVMM_SETTINGS_MACHINE_RESIZE_GUEST));
      break;
    }
}

static void
kvmm_console_page_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (object);

  switch ((KvmmConsolePageProp) id)
    {
    case PROP_SELECTED:
      if (!has_console (self, g_value_get_string (value)))
        break;
      g_settings_set_string (self->machine, KVMM_SETTINGS_MACHINE_LAST_CONSOLE,
                             g_value_get_string (value));
      set_selected (self, g_value_get_string (value));
      gtk_widget_grab_focus (GTK_WIDGET (self));
      break;
    case PROP_SCALING:
      g_settings_set_string (self->machine, KVMM_SETTINGS_MACHINE_SCALING,
                             g_value_get_string (value));
      break;
    case PROP_RESIZE_GUEST:
      g_settings_set_boolean (self->machine, KVMM_SETTINGS_MACHINE_RESIZE_GUEST,
                              g_value_get_boolean (value));
      break;
    }
}

static void
kvmm_console_page_dispose (GObject *object)
{
  KvmmConsolePage *self = KVMM_CONSOLE_PAGE (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  self->view = NULL;
  g_clear_object (&self->heads);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->consoles, kvmm_xml_consoles_free);
  g_clear_pointer (&self->selected, g_free);
  g_clear_object (&self->opener);
  g_clear_object (&self->domain);
  g_clear_object (&self->machine);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_console_page_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (KVMM_TYPE_CONSOLE_SHARING);
  g_type_ensure (KVMM_TYPE_CONSOLE_TABLET_BAR);
  g_type_ensure (KVMM_TYPE_FULL_SCREEN_BAR);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-console-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, tool_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, chooser);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, keyboard);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, keys_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, heads_section);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, sharing);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, screen_tools);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, menu_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, tablet_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, full_screen_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, detach_section);
  gtk_widget_class_bind_template_child (widget_class, KvmmConsolePage, monitors_section);
}

static void
kvmm_console_page_class_init (KvmmConsolePageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = kvmm_console_page_get_property;
  object_class->set_property = kvmm_console_page_set_property;
  object_class->dispose = kvmm_console_page_dispose;
  widget_class->root = kvmm_console_page_root;
  widget_class->unroot = kvmm_console_page_unroot;
  widget_class->grab_focus = kvmm_console_page_grab_focus;

  properties[PROP_SELECTED] = g_param_spec_string ("selected", NULL, NULL, NULL, flags);
  properties[PROP_SCALING] = g_param_spec_string ("scaling", NULL, NULL, NULL, flags);
  properties[PROP_RESIZE_GUEST] = g_param_spec_boolean ("resize-guest", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
  detach_signal = g_signal_new ("detach", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);

  bind_template (widget_class);
  gtk_widget_class_install_property_action (widget_class, "console.select", "selected");
  gtk_widget_class_install_property_action (widget_class, "console.scaling", "scaling");
  gtk_widget_class_install_property_action (widget_class, "console.resize-guest", "resize-guest");
  kvmm_console_page_install_actions (widget_class);
}

static void
kvmm_console_page_init (KvmmConsolePage *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
setting_changed_cb (KvmmConsolePage *self, const char *key)
{
  if (g_str_equal (key, KVMM_SETTINGS_MACHINE_KEYS))
    update_keys_menu (self);
  else if (g_str_equal (key, KVMM_SETTINGS_MACHINE_SCALING))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SCALING]);
  else if (g_str_equal (key, KVMM_SETTINGS_MACHINE_RESIZE_GUEST))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RESIZE_GUEST]);
}

GtkWidget *
kvmm_console_page_new (KvmmSettings *settings, KvmmDomain *domain)
{
  static const char *const watched[] = { "notify::state", "notify::id" };
  KvmmConsolePage *self = g_object_new (KVMM_TYPE_CONSOLE_PAGE, NULL);

  self->settings = g_object_ref (settings);
  self->machine = kvmm_settings_open_machine (settings, kvmm_domain_get_uuid (domain));
  self->domain = g_object_ref (domain);
  self->opener = kvmm_console_opener_new (domain);
  self->heads = kvmm_console_heads_new (GTK_WIDGET (self), self->heads_section, settings, domain);
  kvmm_console_sharing_set_machine (self->sharing, domain, self->machine);
  kvmm_console_tablet_bar_set_domain (self->tablet_bar, domain);
  kvmm_full_screen_bar_set_title (self->full_screen_bar, kvmm_domain_get_name (domain));
  kvmm_console_drop_install (GTK_WIDGET (self->stack), self);
  for (guint i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (domain, watched[i], G_CALLBACK (domain_changed_cb), self,
                             G_CONNECT_SWAPPED);
  g_signal_connect_object (self->machine, "changed", G_CALLBACK (setting_changed_cb), self,
                           G_CONNECT_SWAPPED);
  update_keys_menu (self);
  update_menu (self);
  update_chooser (self);
  show_console (self);
  domain_changed_cb (self);
  return GTK_WIDGET (self);
}

KvmmDomain *
kvmm_console_page_get_domain (KvmmConsolePage *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_PAGE (self), NULL);
  return self->domain;
}

void
kvmm_console_page_set_is_detached (KvmmConsolePage *self, gboolean is_detached)
{
  g_return_if_fail (KVMM_IS_CONSOLE_PAGE (self));

  self->is_detached = is_detached;
  update_menu (self);
}

KvmmConsoleView *
kvmm_console_page_get_view (KvmmConsolePage *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_PAGE (self), NULL);
  return self->view;
}

GSettings *
kvmm_console_page_get_machine (KvmmConsolePage *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_PAGE (self), NULL);
  return self->machine;
}

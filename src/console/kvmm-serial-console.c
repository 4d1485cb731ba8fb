/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-serial-console.h"

#include <glib/gi18n.h>

#include "console/kvmm-serial-words.h"
#include "console/kvmm-terminal-keys.h"
#include "console/kvmm-terminal-search.h"
#include "model/kvmm-host-file.h"
#include "model/kvmm-serial-log.h"

struct _KvmmSerialConsole
{
  AdwBin parent_instance;

  KvmmSettings *settings; /* (owned) */
  KvmmSerialLine *line;   /* (owned) */
  KvmmSerialLog *log;     /* (owned) (nullable) */
  GPtrArray *shown;       /* (owned) (nullable) the devices in the list */
  guint64 n_dropped;      /* that was told */
  AdwToast *overrun;      /* (nullable) (unowned) on the screen or about to be */
  double scale;
  gboolean was_mapped;
  gboolean has_text;   /* something was on the screen */
  gboolean is_filling; /* the list of devices changes, not the choice */

  AdwToastOverlay *toasts;
  GtkDropDown *devices;
  GtkLabel *status;
  GtkWidget *log_button;
  GtkLabel *log_label;
  GtkMenuButton *size_button;
  GtkPopover *size_popover;
  GtkLabel *stty_label;
  KvmmTerminalSearch *search;
  GtkStack *stack;
  AdwStatusPage *status_page;
  GtkButton *status_button;
  GtkWidget *terminal_box;
  GtkInfoBar *bar;
  GtkLabel *bar_label;
  GtkButton *bar_button;
  KvmmTerminal *terminal;
};

static guint rung_signal;

G_DEFINE_FINAL_TYPE (KvmmSerialConsole, kvmm_serial_console, ADW_TYPE_BIN)

static void
say (KvmmSerialConsole *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

/* ---- what is shown ---- */

static void
set_button (GtkButton *button, const char *label)
{
  gtk_button_set_label (button, label != NULL ? _ (label) : "");
  gtk_widget_set_visible (GTK_WIDGET (button), label != NULL);
}

static void
update_devices (KvmmSerialConsole *self)
{
  GPtrArray *devices = kvmm_serial_line_get_devices (self->line);
  const KvmmXmlSerial *current = kvmm_serial_line_get_device (self->line);
  g_autoptr (GtkStringList) labels = NULL;
  guint selected = 0;

  if (devices == NULL || devices == self->shown)
    return;
  labels = gtk_string_list_new (NULL);
  for (guint i = 0; i < devices->len; i++)
    {
      const KvmmXmlSerial *device = devices->pdata[i];

      gtk_string_list_append (labels, device->label);
      if (device == current)
        selected = i;
    }
  self->is_filling = TRUE;
  gtk_drop_down_set_model (self->devices, G_LIST_MODEL (labels));
  gtk_drop_down_set_selected (self->devices, selected);
  self->is_filling = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self->devices), devices->len > 1);
  g_clear_pointer (&self->shown, g_ptr_array_unref);
  self->shown = g_ptr_array_ref (devices);
}

static void
update_status (KvmmSerialConsole *self, const KvmmSerialWords *words)
{
  const KvmmXmlSerial *device = kvmm_serial_line_get_device (self->line);
  gboolean is_alone = self->shown == NULL || self->shown->len < 2;
  g_autofree char *text = NULL;

  /* The choice beside it names the device. */
  if (is_alone && device != NULL)
    text = g_strdup_printf (C_ ("device and state", "%s: %s"), device->label, _ (words->title));
  gtk_label_set_text (self->status, text != NULL ? text : _ (words->title));
}

static void
update (KvmmSerialConsole *self)
{
  KvmmSerialState state = kvmm_serial_line_get_state (self->line);
  const KvmmSerialWords *words = kvmm_serial_words (state);
  const GError *error = kvmm_serial_line_get_error (self->line);
  gboolean is_open = state == KVMM_SERIAL_OPEN;
  /* What libvirt said is more than we know in general. */
  gboolean is_told = error != NULL && (state == KVMM_SERIAL_FAILED || state == KVMM_SERIAL_ABSENT);
  const char *description = words->description != NULL ? _ (words->description) : NULL;
  const char *bar = words->bar != NULL ? _ (words->bar) : NULL;
  g_autofree char *escaped = NULL;

  if (is_told)
    bar = description = error->message;
  escaped = g_markup_escape_text (description != NULL ? description : "", -1);
  adw_status_page_set_icon_name (self->status_page, words->icon_name);
  adw_status_page_set_title (self->status_page, _ (words->title));
  adw_status_page_set_description (self->status_page, escaped);
  set_button (self->status_button, words->button);

  gtk_info_bar_set_message_type (self->bar,
                                 words->is_warning ? GTK_MESSAGE_WARNING : GTK_MESSAGE_INFO);
  gtk_label_set_text (self->bar_label, bar != NULL ? bar : "");
  set_button (self->bar_button, words->button);
  gtk_widget_set_visible (GTK_WIDGET (self->bar), bar != NULL);
  kvmm_terminal_set_faded (self->terminal, !is_open);

  self->has_text = self->has_text || is_open;
  gtk_stack_set_visible_child (self->stack, self->has_text ? self->terminal_box
                                                           : GTK_WIDGET (self->status_page));
  update_devices (self);
  update_status (self, words);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "terminal.paste", is_open);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "terminal.find", self->has_text);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "serial.type-stty", is_open);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "serial.disconnect",
                                 state != KVMM_SERIAL_CLOSED);
}

static void
update_size (KvmmSerialConsole *self)
{
  guint columns, rows;
  g_autofree char *label = NULL;
  g_autofree char *command = NULL;

  kvmm_terminal_get_size (self->terminal, &columns, &rows);
  label = g_strdup_printf (C_ ("columns and rows", "%u × %u"), columns, rows);
  command = g_strdup_printf ("stty rows %u cols %u", rows, columns);
  gtk_menu_button_set_label (self->size_button, label);
  gtk_label_set_text (self->stty_label, command);
}

/* ---- the line ---- */

static void
line_changed_cb (KvmmSerialConsole *self)
{
  GIOStream *stream = kvmm_serial_line_get_stream (self->line);
  gboolean is_new = stream != NULL && !kvmm_terminal_get_is_attached (self->terminal);

  if (is_new)
    {
      kvmm_terminal_begin_line (self->terminal);
      kvmm_terminal_attach (self->terminal, stream);
    }
  else if (stream == NULL)
    kvmm_terminal_detach (self->terminal);
  update (self);
  /* Only what can be seen can have the keyboard; GTK keeps a pointer to it otherwise. */
  if (is_new && gtk_widget_get_mapped (GTK_WIDGET (self->terminal)))
    gtk_widget_grab_focus (GTK_WIDGET (self->terminal));
}

static void
ended_cb (KvmmSerialConsole *self, const GError *error)
{
  kvmm_serial_line_end (self->line, error);
}

static void
received_cb (KvmmSerialConsole *self, GBytes *bytes)
{
  guint64 n_dropped = kvmm_serial_line_get_n_dropped (self->line);

  if (self->log != NULL)
    kvmm_serial_log_write (self->log, bytes);
  if (n_dropped == self->n_dropped)
    return;
  if (self->n_dropped == 0)
    say (self, _ ("The virtual machine says more than can be shown; some of it is skipped"));
  self->n_dropped = n_dropped;
}

static void
button_cb (KvmmSerialConsole *self)
{
  KvmmSerialState state = kvmm_serial_line_get_state (self->line);

  kvmm_serial_line_open (self->line, kvmm_serial_words (state)->takes_over);
}

static void
device_chosen_cb (KvmmSerialConsole *self)
{
  guint selected = gtk_drop_down_get_selected (self->devices);

  if (self->is_filling || self->shown == NULL || selected >= self->shown->len)
    return;
  kvmm_serial_line_set_device (self->line, ((KvmmXmlSerial *) self->shown->pdata[selected])->label);
}

static void
overrun_cb (KvmmSerialConsole *self)
{
  g_autofree char *text =
      g_strdup_printf (_ ("Nothing was pasted: a serial line takes %u KiB at once at most"),
                       KVMM_SERIAL_CONSOLE_MAX_PASTE / 1024);

  /* A guest can bring this about as often as it likes, with questions to the terminal. */
  if (self->overrun != NULL)
    return;
  g_set_weak_pointer (&self->overrun, adw_toast_new (text));
  adw_toast_overlay_add_toast (self->toasts, self->overrun);
}

static void
resized_cb (KvmmSerialConsole *self, guint columns, guint rows)
{
  update_size (self);
}

static void
rung_cb (KvmmSerialConsole *self)
{
  g_signal_emit (self, rung_signal, 0);
}

/* ---- the log ---- */

static void
update_log (KvmmSerialConsole *self)
{
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  g_autofree char *tooltip = NULL;

  gtk_widget_set_visible (self->log_button, self->log != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "serial.stop-log", self->log != NULL);
  if (self->log == NULL)
    return;
  name = g_file_get_basename (kvmm_serial_log_get_file (self->log));
  path = g_file_get_parse_name (kvmm_serial_log_get_file (self->log));
  tooltip = g_strdup_printf (_ ("What the virtual machine says goes to %s. Click to stop."), path);
  gtk_label_set_text (self->log_label, name);
  gtk_widget_set_tooltip_text (self->log_button, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->log_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Stop the log"), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, tooltip,
                                  -1);
}

static void
log_failed_cb (KvmmSerialLog *log, const GError *error, KvmmSerialConsole *self)
{
  say (self, error->message);
  if (self->log != log)
    return;
  g_clear_object (&self->log);
  update_log (self);
}

static void
log_response_cb (GtkNativeDialog *dialog, int response, KvmmSerialConsole *self)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  gtk_native_dialog_destroy (dialog);
  if (file != NULL)
    kvmm_serial_console_start_log (self, file);
}

static void
ask_for_log (KvmmSerialConsole *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  const char *machine = kvmm_domain_get_name (kvmm_serial_line_get_domain (self->line));
  g_autofree char *name = g_strdup_printf ("%s-serial.log", machine);
  g_autofree char *safe_name = kvmm_host_file_make_safe_name (name);
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (
      _ ("Log to File"), GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
      GTK_FILE_CHOOSER_ACTION_SAVE, _ ("_Log"), _ ("_Cancel"));

  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), safe_name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (log_response_cb), self, 0);
  g_signal_connect (dialog, "response", G_CALLBACK (g_object_unref), NULL);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

/* ---- actions ---- */

static void
stty_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmSerialConsole *self = KVMM_SERIAL_CONSOLE (widget);
  g_autofree char *line = NULL;
  const char *command;

  /* A size is told when it has come to rest; this is about the one of now. */
  update_size (self);
  command = gtk_label_get_text (self->stty_label);
  line = g_strconcat (command, "\r", NULL);
  gtk_popover_popdown (self->size_popover);
  if (g_str_equal (name, "serial.copy-stty"))
    gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), command);
  else
    kvmm_terminal_send (self->terminal, line);
  gtk_widget_grab_focus (GTK_WIDGET (self->terminal));
}

static void
serial_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmSerialConsole *self = KVMM_SERIAL_CONSOLE (widget);

  if (g_str_equal (name, "serial.log"))
    ask_for_log (self);
  else if (g_str_equal (name, "serial.stop-log"))
    kvmm_serial_console_stop_log (self);
  else
    kvmm_serial_console_close (self);
}

static void
terminal_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmSerialConsole *self = KVMM_SERIAL_CONSOLE (widget);

  if (g_str_equal (name, "terminal.copy"))
    kvmm_terminal_copy (self->terminal);
  else if (g_str_equal (name, "terminal.paste"))
    kvmm_terminal_paste (self->terminal);
  else if (g_str_equal (name, "terminal.find"))
    kvmm_terminal_search_start (self->search);
  else if (g_str_equal (name, "screen.select-all"))
    kvmm_terminal_select_all (self->terminal);
  else
    {
      self->scale = kvmm_terminal_zoom (self->scale, name);
      kvmm_terminal_set_scale (self->terminal, self->scale);
    }
}

static void
colors_changed_cb (KvmmSerialConsole *self)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);

  kvmm_terminal_set_colors (self->terminal, (KvmmTerminalColors) g_settings_get_enum (
                                                gsettings, KVMM_SETTINGS_SERIAL_COLORS));
}

static void
scrollback_changed_cb (KvmmSerialConsole *self)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);

  kvmm_terminal_set_scrollback (self->terminal,
                                g_settings_get_uint (gsettings, KVMM_SETTINGS_SERIAL_SCROLLBACK));
}

/* ---- the widget ---- */

static gboolean
kvmm_serial_console_grab_focus (GtkWidget *widget)
{
  KvmmSerialConsole *self = KVMM_SERIAL_CONSOLE (widget);

  if (self->has_text)
    return gtk_widget_grab_focus (GTK_WIDGET (self->terminal));
  return gtk_widget_grab_focus (GTK_WIDGET (self->status_button)) ||
         gtk_widget_grab_focus (GTK_WIDGET (self->size_button));
}

static void
kvmm_serial_console_map (GtkWidget *widget)
{
  KvmmSerialConsole *self = KVMM_SERIAL_CONSOLE (widget);

  GTK_WIDGET_CLASS (kvmm_serial_console_parent_class)->map (widget);
  if (self->was_mapped)
    return;
  self->was_mapped = TRUE;
  kvmm_serial_line_open (self->line, FALSE);
}

static void
kvmm_serial_console_dispose (GObject *object)
{
  KvmmSerialConsole *self = KVMM_SERIAL_CONSOLE (object);

  if (self->line != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->line, self);
      kvmm_terminal_detach (self->terminal);
      kvmm_serial_line_close (self->line);
      kvmm_serial_console_stop_log (self);
    }
  g_clear_weak_pointer (&self->overrun);
  g_clear_object (&self->line);
  g_clear_pointer (&self->shown, g_ptr_array_unref);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_serial_console_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/console/kvmm-serial-console.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, toasts);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, devices);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, status);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, log_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, log_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, size_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, size_popover);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, stty_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, search);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, status_page);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, status_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, terminal_box);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, bar_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, bar_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmSerialConsole, terminal);
  gtk_widget_class_bind_template_callback (widget_class, button_cb);
  gtk_widget_class_bind_template_callback (widget_class, device_chosen_cb);
  gtk_widget_class_bind_template_callback (widget_class, ended_cb);
  gtk_widget_class_bind_template_callback (widget_class, received_cb);
  gtk_widget_class_bind_template_callback (widget_class, resized_cb);
  gtk_widget_class_bind_template_callback (widget_class, overrun_cb);
  gtk_widget_class_bind_template_callback (widget_class, rung_cb);
}

static void
kvmm_serial_console_class_init (KvmmSerialConsoleClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const terminal_actions[] = { "terminal.copy",     "terminal.paste",
                                                  "terminal.find",     "terminal.zoom-in",
                                                  "terminal.zoom-out", "terminal.zoom-reset",
                                                  "screen.select-all" };
  static const char *const serial_actions[] = { "serial.log", "serial.stop-log",
                                                "serial.disconnect" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_serial_console_dispose;
  widget_class->grab_focus = kvmm_serial_console_grab_focus;
  widget_class->map = kvmm_serial_console_map;
  rung_signal = g_signal_new ("rung", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                              NULL, G_TYPE_NONE, 0);
  for (guint i = 0; i < G_N_ELEMENTS (terminal_actions); i++)
    gtk_widget_class_install_action (widget_class, terminal_actions[i], NULL, terminal_action);
  for (guint i = 0; i < G_N_ELEMENTS (serial_actions); i++)
    gtk_widget_class_install_action (widget_class, serial_actions[i], NULL, serial_action);
  gtk_widget_class_install_action (widget_class, "serial.copy-stty", NULL, stty_action);
  gtk_widget_class_install_action (widget_class, "serial.type-stty", NULL, stty_action);
  g_type_ensure (KVMM_TYPE_TERMINAL);
  g_type_ensure (KVMM_TYPE_TERMINAL_SEARCH);
  bind_template (widget_class);
}

static void
kvmm_serial_console_init (KvmmSerialConsole *self)
{
  self->scale = 1.0;
  gtk_widget_init_template (GTK_WIDGET (self));
  kvmm_terminal_set_pace (self->terminal, KVMM_SERIAL_CONSOLE_PACE_BYTES,
                          KVMM_SERIAL_CONSOLE_MAX_PASTE);
  kvmm_terminal_add_keys (GTK_WIDGET (self), NULL, 0);
  update_size (self);
  update_log (self);
}

static void
follow_settings (KvmmSerialConsole *self)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  static const char *const keys[] = { KVMM_SETTINGS_SERIAL_COLORS,
                                      KVMM_SETTINGS_SERIAL_SCROLLBACK };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GAction) action = g_settings_create_action (gsettings, keys[i]);

      g_action_map_add_action (G_ACTION_MAP (group), action);
    }
  gtk_widget_insert_action_group (GTK_WIDGET (self), "settings", G_ACTION_GROUP (group));
  g_signal_connect_object (gsettings, "changed::" KVMM_SETTINGS_SERIAL_COLORS,
                           G_CALLBACK (colors_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gsettings, "changed::" KVMM_SETTINGS_SERIAL_SCROLLBACK,
                           G_CALLBACK (scrollback_changed_cb), self, G_CONNECT_SWAPPED);
  colors_changed_cb (self);
  scrollback_changed_cb (self);
}

GtkWidget *
kvmm_serial_console_new (KvmmSettings *settings, KvmmDomain *domain)
{
  g_return_val_if_fail (KVMM_IS_SETTINGS (settings), NULL);
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  KvmmSerialConsole *self = g_object_new (KVMM_TYPE_SERIAL_CONSOLE, NULL);
  self->settings = g_object_ref (settings);
  self->line = kvmm_serial_line_new (domain);
  g_signal_connect_object (self->line, "state-changed", G_CALLBACK (line_changed_cb), self,
                           G_CONNECT_SWAPPED);
  follow_settings (self);
  update (self);
  return GTK_WIDGET (self);
}

KvmmSerialLine *
kvmm_serial_console_get_line (KvmmSerialConsole *self)
{
  g_return_val_if_fail (KVMM_IS_SERIAL_CONSOLE (self), NULL);

  return self->line;
}

void
kvmm_serial_console_close (KvmmSerialConsole *self)
{
  g_return_if_fail (KVMM_IS_SERIAL_CONSOLE (self));

  kvmm_serial_line_close (self->line);
}

void
kvmm_serial_console_start_log (KvmmSerialConsole *self, GFile *file)
{
  g_return_if_fail (KVMM_IS_SERIAL_CONSOLE (self));

  kvmm_serial_console_stop_log (self);
  self->log = kvmm_serial_log_new (file);
  g_signal_connect_object (self->log, "failed", G_CALLBACK (log_failed_cb), self, 0);
  update_log (self);
}

void
kvmm_serial_console_stop_log (KvmmSerialConsole *self)
{
  g_return_if_fail (KVMM_IS_SERIAL_CONSOLE (self));

  if (self->log == NULL)
    return;
  kvmm_serial_log_stop (self->log);
  g_clear_object (&self->log);
  update_log (self);
}

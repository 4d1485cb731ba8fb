/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-commands-view.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-exec.h"
#include "kvmm-command-run.h"
#include "kvmm-guest-missing.h"

#define ARGUMENTS_WIDTH 14

struct _KvmmCommandsView
{
  AdwBin parent_instance;

  KvmmDomain *domain;        /* (owned) */
  GCancellable *cancellable; /* (owned) (nullable) while the named ones are read */
  GPtrArray *history;        /* (owned) (element-type utf8) the newest last */

  GtkWidget *any_group;
  GtkEditable *command_row;
  GtkEditable *user_row;
  GtkSpinButton *timeout;
  GtkWidget *run_button;
  GtkMenuButton *history_button;
  GtkWidget *any_button;
  GtkLabel *error_label;
  GtkWidget *named_group;
  GtkListBox *named_list;
  GtkLabel *named_label;
  GtkBox *runs_box;
};

G_DEFINE_FINAL_TYPE (KvmmCommandsView, kvmm_commands_view, ADW_TYPE_BIN)

static void
show_error (KvmmCommandsView *self, const char *text)
{
  gtk_label_set_text (self->error_label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), text != NULL);
}

static void
closed_cb (KvmmCommandRun *run, KvmmCommandsView *self)
{
  gtk_box_remove (self->runs_box, GTK_WIDGET (run));
}

/* The oldest that is over goes when there are many. Returns whether there is room. */
static gboolean
make_room (KvmmCommandsView *self)
{
  GtkWidget *oldest = NULL;
  guint n = 0;

  for (GtkWidget *run = gtk_widget_get_first_child (GTK_WIDGET (self->runs_box)); run != NULL;
       run = gtk_widget_get_next_sibling (run))
    {
      n++;
      if (kvmm_command_run_get_is_over (KVMM_COMMAND_RUN (run)))
        oldest = run;
    }
  if (n < KVMM_COMMANDS_VIEW_MAX_RUNS)
    return TRUE;
  if (oldest != NULL)
    gtk_box_remove (self->runs_box, oldest);
  return oldest != NULL;
}

static gboolean
start (KvmmCommandsView *self, const KvmmAgentCommandLine *line, const char *title)
{
  GtkWidget *run;

  if (!make_room (self))
    {
      show_error (self, _ ("Too many commands run here. Close one of them first."));
      return FALSE;
    }
  show_error (self, NULL);
  run = kvmm_command_run_new (self->domain, line, title);
  g_signal_connect_object (run, "closed", G_CALLBACK (closed_cb), self, G_CONNECT_DEFAULT);
  gtk_box_prepend (self->runs_box, run);
  return TRUE;
}

static char **
parse (const char *text, const char **reason)
{
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GError) error = NULL;

  *reason = NULL;
  if (!g_shell_parse_argv (text, NULL, &arguments, &error))
    {
      if (!g_error_matches (error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
        *reason = _ ("A quote is not closed.");
      return NULL;
    }
  return g_steal_pointer (&arguments);
}

static void history_chosen_cb (GtkButton *button, KvmmCommandsView *self);

static void
show_history (KvmmCommandsView *self)
{
  GtkWidget *popover = gtk_popover_new ();
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  for (guint i = self->history->len; i-- > 0;)
    {
      GtkWidget *button = gtk_button_new_with_label (g_ptr_array_index (self->history, i));
      GtkWidget *label = gtk_button_get_child (GTK_BUTTON (button));

      gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
      gtk_label_set_max_width_chars (GTK_LABEL (label), 40);
      gtk_widget_set_halign (label, GTK_ALIGN_START);
      gtk_widget_add_css_class (button, "flat");
      gtk_widget_add_css_class (button, "menu-button");
      g_signal_connect_object (button, "clicked", G_CALLBACK (history_chosen_cb), self,
                               G_CONNECT_DEFAULT);
      gtk_box_append (GTK_BOX (box), button);
    }
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (scroller), 300);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), box);
  gtk_popover_set_child (GTK_POPOVER (popover), scroller);
  gtk_widget_add_css_class (popover, "machine-menu");
  gtk_menu_button_set_popover (self->history_button, popover);
  gtk_widget_set_sensitive (GTK_WIDGET (self->history_button), TRUE);
}

static void
history_chosen_cb (GtkButton *button, KvmmCommandsView *self)
{
  gtk_editable_set_text (self->command_row, gtk_button_get_label (button));
  gtk_menu_button_popdown (self->history_button);
  gtk_widget_grab_focus (GTK_WIDGET (self->command_row));
}

static void
remember (KvmmCommandsView *self, const char *text)
{
  guint index = 0;

  if (g_ptr_array_find_with_equal_func (self->history, text, g_str_equal, &index))
    g_ptr_array_remove_index (self->history, index);
  else if (self->history->len == KVMM_COMMANDS_VIEW_MAX_HISTORY)
    g_ptr_array_remove_index (self->history, 0);
  g_ptr_array_add (self->history, g_strdup (text));
  show_history (self);
}

static void
run_cb (KvmmCommandsView *self)
{
  const char *text = gtk_editable_get_text (self->command_row);
  const char *user = gtk_editable_get_text (self->user_row);
  const char *reason = NULL;
  g_auto (GStrv) arguments = parse (text, &reason);
  KvmmAgentCommandLine line = { 0 };

  if (arguments == NULL)
    {
      show_error (self, reason);
      return;
    }
  if (arguments[0][0] != '/')
    {
      show_error (self, _ ("The first word must be the whole path of a program, such as /bin/ls."));
      return;
    }
  line.argv = (const char *const *) arguments;
  line.user = *user != '\0' ? user : NULL;
  line.timeout_s = (guint) gtk_spin_button_get_value_as_int (self->timeout);
  if (!start (self, &line, text))
    return;
  remember (self, text);
  gtk_editable_set_text (self->command_row, "");
}

static void
typed_cb (KvmmCommandsView *self)
{
  gtk_widget_set_sensitive (self->run_button, *gtk_editable_get_text (self->command_row) != '\0');
  show_error (self, NULL);
}

static void
any_cb (KvmmCommandsView *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  g_autofree char *lines = kvmm_guest_dup_policy_lines_for (guest, KVMM_GUEST_GROUP_EXEC, "any");

  kvmm_guest_missing_present (GTK_WIDGET (self), guest, _ ("Other Commands Are Not Allowed"),
                              lines);
}

/* A row of a named command. */
static void
run_named_cb (GtkWidget *widget, KvmmCommandsView *self)
{
  GtkWidget *row = gtk_widget_get_ancestor (widget, ADW_TYPE_ACTION_ROW);
  const char *name = g_object_get_data (G_OBJECT (row), "kvmm-name");
  GtkEditable *entry = g_object_get_data (G_OBJECT (row), "kvmm-arguments");
  const char *text = entry != NULL ? gtk_editable_get_text (entry) : "";
  const char *reason = NULL;
  g_auto (GStrv) arguments = parse (text, &reason);
  g_autofree char *title = g_strdup_printf ("%s %s", name, text);
  KvmmAgentCommandLine line = { .command = name, .argv = (const char *const *) arguments };

  if (reason != NULL)
    show_error (self, reason);
  else
    start (self, &line, g_strstrip (title));
}

static GtkWidget *
create_arguments_entry (KvmmCommandsView *self)
{
  GtkWidget *entry = gtk_entry_new ();

  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), _ ("Arguments"));
  gtk_editable_set_width_chars (GTK_EDITABLE (entry), ARGUMENTS_WIDTH);
  gtk_widget_set_valign (entry, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Arguments"), -1);
  g_signal_connect_object (entry, "activate", G_CALLBACK (run_named_cb), self, G_CONNECT_DEFAULT);
  return entry;
}

static GtkWidget *
create_row (KvmmCommandsView *self, const KvmmGuestCommand *command)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_Run"));
  /* Translators: a button that runs a command; its name follows */
  g_autofree char *label = g_strdup_printf (_ ("Run %s"), command->name);
  gboolean has_words = command->description != NULL && *command->description != '\0';

  g_object_set (row, "use-markup", FALSE, NULL);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), command->name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row),
                               has_words ? command->description : command->command_line);
  gtk_widget_set_tooltip_text (row, command->command_line);
  g_object_set_data_full (G_OBJECT (row), "kvmm-name", g_strdup (command->name), g_free);
  if (command->takes_arguments)
    {
      GtkWidget *entry = create_arguments_entry (self);

      g_object_set_data (G_OBJECT (row), "kvmm-arguments", entry);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), entry);
    }
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  /* Its word alone would be the same for all. */
  gtk_accessible_reset_relation (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (run_named_cb), self, G_CONNECT_DEFAULT);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return row;
}

static void
show_named_text (KvmmCommandsView *self, const char *text)
{
  gtk_label_set_text (self->named_label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->named_label), text != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->named_list), text == NULL);
}

static void
listed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmCommandsView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) commands =
      kvmm_agent_client_list_commands_finish (KVMM_AGENT_CLIENT (object), result, &error);
  GtkWidget *row;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (commands == NULL)
    {
      show_named_text (self, error->message);
      return;
    }
  while ((row = gtk_widget_get_first_child (GTK_WIDGET (self->named_list))) != NULL)
    gtk_list_box_remove (self->named_list, row);
  for (guint i = 0; i < commands->len; i++)
    gtk_list_box_append (self->named_list, create_row (self, g_ptr_array_index (commands, i)));
  show_named_text (self, commands->len > 0 ? NULL : _ ("The guest's policy names no commands."));
}

static void
stop (KvmmCommandsView *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
refresh (KvmmCommandsView *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  KvmmAgentClient *agent = kvmm_guest_get_agent (guest);
  gboolean is_any = g_strcmp0 (kvmm_guest_get_access (guest, KVMM_GUEST_GROUP_EXEC), "any") == 0;

  stop (self);
  if (agent == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  gtk_widget_set_visible (self->any_group, is_any);
  gtk_widget_set_visible (self->any_button, !is_any);
  self->cancellable = g_cancellable_new ();
  kvmm_agent_client_list_commands_async (agent, self->cancellable, listed_cb, g_object_ref (self));
}

static void
kvmm_commands_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_commands_view_parent_class)->map (widget);
  refresh (KVMM_COMMANDS_VIEW (widget));
}

static void
kvmm_commands_view_unmap (GtkWidget *widget)
{
  stop (KVMM_COMMANDS_VIEW (widget));
  GTK_WIDGET_CLASS (kvmm_commands_view_parent_class)->unmap (widget);
}

static void
kvmm_commands_view_dispose (GObject *object)
{
  KvmmCommandsView *self = KVMM_COMMANDS_VIEW (object);

  stop (self);
  g_clear_pointer (&self->history, g_ptr_array_unref);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_commands_view_parent_class)->dispose (object);
}

#define BIND(name) gtk_widget_class_bind_template_child (widget_class, KvmmCommandsView, name)

static void
kvmm_commands_view_class_init (KvmmCommandsViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_commands_view_dispose;
  widget_class->map = kvmm_commands_view_map;
  widget_class->unmap = kvmm_commands_view_unmap;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-commands-view.ui");
  BIND (any_group);
  BIND (command_row);
  BIND (user_row);
  BIND (timeout);
  BIND (run_button);
  BIND (history_button);
  BIND (any_button);
  BIND (error_label);
  BIND (named_group);
  BIND (named_list);
  BIND (named_label);
  BIND (runs_box);
  gtk_widget_class_bind_template_callback (widget_class, run_cb);
  gtk_widget_class_bind_template_callback (widget_class, typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, any_cb);
}

static void
kvmm_commands_view_init (KvmmCommandsView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->history = g_ptr_array_new_with_free_func (g_free);
  show_named_text (self, _ ("Reading…"));
}

GtkWidget *
kvmm_commands_view_new (KvmmDomain *domain)
{
  KvmmCommandsView *self = g_object_new (KVMM_TYPE_COMMANDS_VIEW, NULL);

  self->domain = g_object_ref (domain);
  g_signal_connect_object (kvmm_domain_get_guest (domain), "access-changed", G_CALLBACK (refresh),
                           self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-install-steps.h"

#include <glib/gi18n.h>

#include "kvmm-command-list.h"
#include "kvmm-install-action.h"

#define N_STEPS KVMM_AGENT_INSTALL_N_STEPS

/* The widgets of one step. */
typedef struct
{
  AdwActionRow *row;
  GtkImage *icon;
  GtkSpinner *spinner;
  GtkButton *button;
} Row;

struct _KvmmInstallSteps
{
  AdwBin parent_instance;

  KvmmAgentInstall *install; /* (owned) */
  Row rows[N_STEPS];
  guint tick_id;
  gint64 busy_since_us; /* 0 while it is not */
  gboolean is_asking;   /* for the question that the installation has now */

  GtkListBox *list;
  GtkProgressBar *progress;
  GtkLabel *note_label;
  GtkWidget *preferences_button;
  GtkWidget *commands_box;
  GtkLabel *commands_label;
  GtkDropDown *systems;
  AdwBin *commands_bin;
  GtkLabel *run_label;
  GtkWidget *output_box;
  GtkLabel *output_label;
  GtkTextView *output;
};

G_DEFINE_FINAL_TYPE (KvmmInstallSteps, kvmm_install_steps, ADW_TYPE_BIN)

static const char *
get_icon_name (KvmmAgentInstallState state)
{
  switch (state)
    {
    case KVMM_AGENT_INSTALL_PENDING:
      return "radio-symbolic";
    case KVMM_AGENT_INSTALL_CURRENT:
    case KVMM_AGENT_INSTALL_BUSY:
      return "go-next-symbolic";
    case KVMM_AGENT_INSTALL_NEEDS_START:
    case KVMM_AGENT_INSTALL_FAILED:
      return "dialog-warning-symbolic";
    case KVMM_AGENT_INSTALL_DONE:
      return "emblem-ok-symbolic";
    }
  return NULL;
}

/* The icon's meaning, for who does not see it. */
static const char *
get_state_word (KvmmAgentInstallState state)
{
  switch (state)
    {
    case KVMM_AGENT_INSTALL_PENDING:
      return _ ("later");
    case KVMM_AGENT_INSTALL_CURRENT:
      return _ ("now");
    case KVMM_AGENT_INSTALL_BUSY:
      return _ ("under way");
    case KVMM_AGENT_INSTALL_NEEDS_START:
      return _ ("needs a start");
    case KVMM_AGENT_INSTALL_DONE:
      return _ ("done");
    case KVMM_AGENT_INSTALL_FAILED:
      return _ ("failed");
    }
  return "";
}

static void
set_dim (GtkWidget *widget, gboolean is_dim)
{
  if (is_dim)
    gtk_widget_add_css_class (widget, "dim-label");
  else
    gtk_widget_remove_css_class (widget, "dim-label");
}

static void
set_icon_colour (GtkImage *icon, KvmmAgentInstallState state)
{
  static const char *const classes[] = { "success", "warning", "accent" };
  const char *wanted = NULL;

  if (state == KVMM_AGENT_INSTALL_DONE)
    wanted = classes[0];
  else if (state == KVMM_AGENT_INSTALL_NEEDS_START || state == KVMM_AGENT_INSTALL_FAILED)
    wanted = classes[1];
  else if (state == KVMM_AGENT_INSTALL_CURRENT)
    wanted = classes[2];
  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (classes[i] == wanted)
      gtk_widget_add_css_class (GTK_WIDGET (icon), classes[i]);
    else
      gtk_widget_remove_css_class (GTK_WIDGET (icon), classes[i]);
}

/* @text: (nullable): in place of the step's own words */
static void
show_step (KvmmInstallSteps *self, KvmmAgentInstallStep step, const char *text)
{
  Row *row = &self->rows[step];
  KvmmAgentInstallState state = kvmm_agent_install_get_state (self->install, step);
  g_autofree char *own = kvmm_agent_install_dup_text (self->install, step);
  g_autofree char *label = NULL;
  gboolean is_busy = state == KVMM_AGENT_INSTALL_BUSY;
  const char *shown = text != NULL ? text : own;

  /* Translators: a step, its state and what it says, to be read aloud */
  label = g_strdup_printf (_ ("%s, %s: %s"), kvmm_agent_install_get_title (step),
                           get_state_word (state), shown);
  adw_action_row_set_subtitle (row->row, state == KVMM_AGENT_INSTALL_PENDING ? "" : shown);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row->row), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  gtk_image_set_from_icon_name (row->icon, get_icon_name (state));
  set_icon_colour (row->icon, state);
  set_dim (GTK_WIDGET (row->row), state == KVMM_AGENT_INSTALL_PENDING);
  gtk_widget_set_visible (GTK_WIDGET (row->icon), !is_busy);
  gtk_widget_set_visible (GTK_WIDGET (row->spinner), is_busy);
  gtk_spinner_set_spinning (row->spinner, is_busy);
}

/* One button, in the row of the step that it moves on. */
static void
show_button (KvmmInstallSteps *self, KvmmAgentInstallStep current)
{
  KvmmInstallAction action = kvmm_install_action_find (self->install);
  const char *label = kvmm_install_action_get_label (action, self->install);
  gboolean has_focus = FALSE;

  for (guint i = 0; i < N_STEPS; i++)
    has_focus = has_focus || gtk_widget_has_focus (GTK_WIDGET (self->rows[i].button));
  for (guint i = 0; i < N_STEPS; i++)
    {
      GtkButton *button = self->rows[i].button;
      gboolean is_here = i == current && label != NULL;

      gtk_widget_set_visible (GTK_WIDGET (button), is_here);
      if (!is_here)
        continue;
      gtk_button_set_label (button, label);
      /* The label inside names it; with both it would be read twice. */
      gtk_accessible_reset_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL);
      if (action == KVMM_INSTALL_ACTION_CANCEL || action == KVMM_INSTALL_ACTION_RETRY)
        gtk_widget_remove_css_class (GTK_WIDGET (button), "suggested-action");
      else
        gtk_widget_add_css_class (GTK_WIDGET (button), "suggested-action");
      /* The keyboard stays with what moves on. */
      if (has_focus)
        gtk_widget_grab_focus (GTK_WIDGET (button));
    }
}

static void
show_commands (KvmmInstallSteps *self, KvmmAgentInstallStep current)
{
  gboolean is_mounted = current >= KVMM_AGENT_INSTALL_COMMAND;
  const char *reason = NULL;

  gtk_label_set_text (self->commands_label, is_mounted
                                                ? _ ("Type in the guest")
                                                : _ ("With the disc mounted, type in the guest"));
  gtk_widget_set_visible (self->commands_box, current <= KVMM_AGENT_INSTALL_WAITING);
  /* Why nobody offers to do it, when it could be done. */
  if (current == KVMM_AGENT_INSTALL_COMMAND && !kvmm_agent_install_can_run (self->install, &reason))
    gtk_label_set_text (self->run_label, reason != NULL ? reason : "");
  gtk_widget_set_visible (GTK_WIDGET (self->run_label), reason != NULL);
}

static void
system_cb (KvmmInstallSteps *self)
{
  guint n = 0;
  const KvmmAgentInstallCommand *commands = kvmm_agent_install_list_commands (&n);
  guint selected = gtk_drop_down_get_selected (self->systems);

  if (selected < n)
    adw_bin_set_child (self->commands_bin, kvmm_command_list_new (commands[selected].command));
}

static void
fill_systems (KvmmInstallSteps *self)
{
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);
  guint n = 0;
  const KvmmAgentInstallCommand *commands = kvmm_agent_install_list_commands (&n);

  for (guint i = 0; i < n; i++)
    gtk_string_list_append (titles, _ (commands[i].title));
  gtk_drop_down_set_model (self->systems, G_LIST_MODEL (titles));
  gtk_drop_down_set_selected (self->systems, kvmm_agent_install_guess_command (
                                                 kvmm_agent_install_get_domain (self->install)));
  system_cb (self);
}

/* It is the guest's text, made inert by the model. */
static void
show_output (KvmmInstallSteps *self)
{
  const char *output = kvmm_agent_install_get_output (self->install);
  int code = kvmm_agent_install_get_exit_code (self->install);
  g_autofree char *heading = NULL;

  gtk_widget_set_visible (self->output_box, output != NULL);
  if (output == NULL)
    return;
  if (code > 0)
    heading = g_strdup_printf (_ ("The installer failed with exit code %d"), code);
  else
    heading = g_strdup (_ ("What the installer said"));
  gtk_label_set_text (self->output_label, heading);
  gtk_text_buffer_set_text (gtk_text_view_get_buffer (self->output), output, -1);
}

static void
show_rest (KvmmInstallSteps *self)
{
  double progress = kvmm_agent_install_get_progress (self->install);
  const char *note = kvmm_agent_install_get_note (self->install);
  const GError *error = kvmm_agent_install_get_error (self->install);

  gtk_widget_set_visible (GTK_WIDGET (self->progress), progress >= 0);
  if (progress >= 0)
    gtk_progress_bar_set_fraction (self->progress, CLAMP (progress, 0, 1));
  gtk_label_set_text (self->note_label, note != NULL ? note : "");
  gtk_widget_set_visible (GTK_WIDGET (self->note_label), note != NULL);
  gtk_widget_set_visible (
      self->preferences_button,
      g_error_matches (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NONE_USABLE));
}

static gboolean tick_cb (gpointer user_data);

static void
show (KvmmInstallSteps *self)
{
  KvmmAgentInstallStep current = kvmm_agent_install_get_step (self->install);
  gboolean is_counting = FALSE;
  g_autofree char *text = NULL;

  if (!kvmm_agent_install_get_is_busy (self->install))
    self->busy_since_us = 0;
  else if (self->busy_since_us == 0)
    self->busy_since_us = g_get_monotonic_time ();
  text = kvmm_install_action_dup_text (self->install, self->busy_since_us, &is_counting);
  for (guint i = 0; i < N_STEPS; i++)
    show_step (self, i, i == current ? text : NULL);
  show_button (self, current);
  show_commands (self, current);
  show_output (self);
  show_rest (self);
  if (!is_counting)
    g_clear_handle_id (&self->tick_id, g_source_remove);
  else if (self->tick_id == 0)
    self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
}

static gboolean
tick_cb (gpointer user_data)
{
  KvmmInstallSteps *self = user_data;
  guint id = self->tick_id;

  show (self);
  return id == self->tick_id ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* A question comes from what this person has just pressed; it is asked at once, and once. */
static void
changed_cb (KvmmInstallSteps *self)
{
  gboolean has_question =
      kvmm_agent_install_get_question (self->install) != KVMM_AGENT_INSTALL_ASKS_NOTHING;
  gboolean is_new = has_question && !self->is_asking;

  if (!gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  self->is_asking = has_question;
  show (self);
  if (is_new)
    kvmm_install_action_run (KVMM_INSTALL_ACTION_ANSWER, GTK_WIDGET (self), self->install);
}

static void
clicked_cb (KvmmInstallSteps *self)
{
  kvmm_install_action_run (kvmm_install_action_find (self->install), GTK_WIDGET (self),
                           self->install);
}

static void
add_row (KvmmInstallSteps *self, KvmmAgentInstallStep step)
{
  Row *row = &self->rows[step];

  row->row = ADW_ACTION_ROW (adw_action_row_new ());
  row->icon = GTK_IMAGE (gtk_image_new ());
  row->spinner = GTK_SPINNER (gtk_spinner_new ());
  row->button = GTK_BUTTON (gtk_button_new ());
  /* A failure's words are libvirt's. */
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row->row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row->row),
                                 kvmm_agent_install_get_title (step));
  adw_action_row_set_subtitle_lines (row->row, 0);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row->row), FALSE);
  gtk_widget_set_focusable (GTK_WIDGET (row->row), FALSE);
  /* It gets a name that says more than its title. */
  gtk_accessible_reset_relation (GTK_ACCESSIBLE (row->row), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_state (GTK_ACCESSIBLE (row->icon), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  adw_action_row_add_prefix (row->row, GTK_WIDGET (row->icon));
  adw_action_row_add_prefix (row->row, GTK_WIDGET (row->spinner));
  gtk_button_set_use_underline (row->button, TRUE);
  gtk_widget_set_valign (GTK_WIDGET (row->button), GTK_ALIGN_CENTER);
  g_signal_connect_swapped (row->button, "clicked", G_CALLBACK (clicked_cb), self);
  adw_action_row_add_suffix (row->row, GTK_WIDGET (row->button));
  gtk_list_box_append (self->list, GTK_WIDGET (row->row));
}

static void
kvmm_install_steps_map (GtkWidget *widget)
{
  KvmmInstallSteps *self = KVMM_INSTALL_STEPS (widget);

  GTK_WIDGET_CLASS (kvmm_install_steps_parent_class)->map (widget);
  /* One that came while nobody looked has its button. */
  self->is_asking =
      kvmm_agent_install_get_question (self->install) != KVMM_AGENT_INSTALL_ASKS_NOTHING;
  show (self);
}

static void
kvmm_install_steps_unmap (GtkWidget *widget)
{
  KvmmInstallSteps *self = KVMM_INSTALL_STEPS (widget);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  GTK_WIDGET_CLASS (kvmm_install_steps_parent_class)->unmap (widget);
}

static void
kvmm_install_steps_dispose (GObject *object)
{
  KvmmInstallSteps *self = KVMM_INSTALL_STEPS (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_object (&self->install);
  G_OBJECT_CLASS (kvmm_install_steps_parent_class)->dispose (object);
}

static void
kvmm_install_steps_class_init (KvmmInstallStepsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_install_steps_dispose;
  widget_class->map = kvmm_install_steps_map;
  widget_class->unmap = kvmm_install_steps_unmap;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-install-steps.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, list);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, progress);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, note_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, preferences_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, commands_box);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, commands_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, systems);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, commands_bin);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, run_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, output_box);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, output_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmInstallSteps, output);
  gtk_widget_class_bind_template_callback (widget_class, system_cb);
}

static void
kvmm_install_steps_init (KvmmInstallSteps *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; i < N_STEPS; i++)
    add_row (self, i);
}

GtkWidget *
kvmm_install_steps_new (KvmmAgentInstall *install)
{
  KvmmInstallSteps *self = g_object_new (KVMM_TYPE_INSTALL_STEPS, NULL);

  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (install), GTK_WIDGET (self));

  self->install = g_object_ref (install);
  fill_systems (self);
  g_signal_connect_object (install, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

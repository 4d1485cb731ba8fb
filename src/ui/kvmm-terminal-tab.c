/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-terminal-tab.h"

#include <glib/gi18n.h>

#include "console/kvmm-terminal-search.h"
#include "kvmm-dialogs.h"

struct _KvmmTerminalTab
{
  AdwBin parent_instance;

  KvmmGuest *guest; /* (owned) */
  KvmmAgentTerminalMode mode;
  KvmmTerminalTabState state;
  KvmmAgentClient *agent;     /* (owned) (nullable) that the terminal is open at */
  KvmmAgentTerminal *channel; /* (owned) (nullable) */
  KvmmAgentStreamEnd *end;    /* (owned) (nullable) what the guest said of the program */
  GCancellable *cancellable;  /* (owned) (nullable) of what runs for this channel */
  gboolean is_read;           /* all of it is on the screen */
  gboolean is_typed;

  KvmmTerminalSearch *search;
  KvmmTerminal *terminal;
  GtkInfoBar *bar;
  GtkLabel *bar_label;
  GtkButton *bar_button;
};

enum
{
  STATE_CHANGED,
  RUNG,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmTerminalTab, kvmm_terminal_tab, ADW_TYPE_BIN)

static void
drop_channel (KvmmTerminalTab *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->channel, kvmm_agent_terminal_free);
  g_clear_pointer (&self->end, kvmm_agent_stream_end_free);
  g_clear_object (&self->agent);
  self->is_read = FALSE;
}

/* @text: (nullable): what the bar says; @button: (nullable) */
static void
set_state (KvmmTerminalTab *self, KvmmTerminalTabState state, const char *text, const char *button)
{
  self->state = state;
  gtk_info_bar_set_message_type (self->bar, state == KVMM_TERMINAL_TAB_ENDED ? GTK_MESSAGE_INFO
                                                                             : GTK_MESSAGE_WARNING);
  gtk_label_set_text (self->bar_label, text != NULL ? text : "");
  gtk_button_set_label (self->bar_button, button != NULL ? button : "");
  gtk_widget_set_visible (GTK_WIDGET (self->bar_button), button != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->bar), text != NULL);
  kvmm_terminal_set_faded (self->terminal, state == KVMM_TERMINAL_TAB_LOST);
  g_signal_emit (self, signals[STATE_CHANGED], 0);
}

static void
lose (KvmmTerminalTab *self, const GError *error)
{
  g_autofree char *text = g_strdup_printf (
      _ ("This terminal was lost, and what ran in it has been ended: %s"), error->message);

  kvmm_terminal_detach (self->terminal);
  drop_channel (self);
  set_state (self, KVMM_TERMINAL_TAB_LOST, text, _ ("Reconnect"));
}

static char *
describe_exit (const KvmmGuestExit *exit)
{
  if (exit == NULL)
    return g_strdup (_ ("The program has ended."));
  if (exit->signal != NULL)
    return g_strdup_printf (_ ("The program was ended by the signal %s."), exit->signal);
  if (exit->code == 0)
    return g_strdup (_ ("The program has ended."));
  return g_strdup_printf (_ ("The program has ended with exit code %d."), exit->code);
}

/* The end is told once everything before it is on the screen. */
static void
end_if_over (KvmmTerminalTab *self)
{
  g_autofree char *text = NULL;

  if (!self->is_read || self->end == NULL)
    return;
  text = describe_exit (self->end->exit);
  kvmm_terminal_detach (self->terminal);
  drop_channel (self);
  set_state (self, KVMM_TERMINAL_TAB_ENDED, text, _ ("Start Again"));
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTerminalTab *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentStreamEnd) end =
      kvmm_agent_stream_wait_finish (KVMM_AGENT_STREAM (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (end == NULL)
    {
      lose (self, error);
      return;
    }
  self->end = g_steal_pointer (&end);
  end_if_over (self);
}

static void
read_ended_cb (KvmmTerminalTab *self, const GError *error)
{
  self->is_read = TRUE;
  end_if_over (self);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmTerminalTab *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentTerminal) channel =
      kvmm_agent_client_open_terminal_finish (KVMM_AGENT_CLIENT (source), result, &error);
  g_autofree char *text = NULL;
  guint columns, rows;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (channel == NULL)
    {
      text = g_strdup_printf (_ ("Could not open a terminal in the guest: %s"), error->message);
      drop_channel (self);
      set_state (self, KVMM_TERMINAL_TAB_FAILED, text, _ ("Try Again"));
      return;
    }
  self->channel = g_steal_pointer (&channel);
  kvmm_terminal_attach (self->terminal, G_IO_STREAM (self->channel->stream));
  kvmm_agent_stream_wait_async (self->channel->stream, self->cancellable, ended_cb, self);
  /* The page may have found its size while the guest was asked. */
  kvmm_terminal_get_size (self->terminal, &columns, &rows);
  kvmm_agent_client_resize_terminal (self->agent, self->channel->pty, columns, rows);
  set_state (self, KVMM_TERMINAL_TAB_RUNNING, NULL, NULL);
}

static void
open_terminal (KvmmTerminalTab *self)
{
  KvmmAgentClient *agent = kvmm_guest_get_agent (self->guest);
  guint columns, rows;

  if (self->channel != NULL || self->cancellable != NULL)
    return;
  if (agent == NULL)
    {
      set_state (self,
                 self->state == KVMM_TERMINAL_TAB_LOST ? self->state : KVMM_TERMINAL_TAB_FAILED,
                 _ ("The guest's agent does not answer now."), _ ("Try Again"));
      return;
    }
  self->agent = g_object_ref (agent);
  self->cancellable = g_cancellable_new ();
  self->is_typed = FALSE;
  kvmm_terminal_get_size (self->terminal, &columns, &rows);
  set_state (self, KVMM_TERMINAL_TAB_OPENING, NULL, NULL);
  kvmm_agent_client_open_terminal_async (agent, self->mode, NULL, columns, rows, NULL,
                                         self->cancellable, opened_cb, self);
  gtk_widget_grab_focus (GTK_WIDGET (self->terminal));
}

/* Return starts anew where a program has ended by itself; after a loss a person has to say so. */
static void
enter_cb (KvmmTerminalTab *self)
{
  if (self->state == KVMM_TERMINAL_TAB_ENDED)
    open_terminal (self);
}

static void
resized_cb (KvmmTerminalTab *self, guint columns, guint rows)
{
  if (self->channel != NULL)
    kvmm_agent_client_resize_terminal (self->agent, self->channel->pty, columns, rows);
}

static void
typed_cb (KvmmTerminalTab *self)
{
  self->is_typed = TRUE;
}

static void
overrun_cb (KvmmTerminalTab *self)
{
  kvmm_dialogs_toast (GTK_WIDGET (self),
                      _ ("The guest does not read what is typed; some of it was dropped"));
}

static void
rung_cb (KvmmTerminalTab *self)
{
  g_signal_emit (self, signals[RUNG], 0);
}

static gboolean
kvmm_terminal_tab_grab_focus (GtkWidget *widget)
{
  return gtk_widget_grab_focus (GTK_WIDGET (KVMM_TERMINAL_TAB (widget)->terminal));
}

static void
kvmm_terminal_tab_dispose (GObject *object)
{
  KvmmTerminalTab *self = KVMM_TERMINAL_TAB (object);

  drop_channel (self);
  g_clear_object (&self->guest);
  G_OBJECT_CLASS (kvmm_terminal_tab_parent_class)->dispose (object);
}

static void
kvmm_terminal_tab_class_init (KvmmTerminalTabClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_terminal_tab_dispose;
  widget_class->grab_focus = kvmm_terminal_tab_grab_focus;
  signals[STATE_CHANGED] =
      g_signal_new ("state-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[RUNG] =
      g_signal_new ("rung", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (KVMM_TYPE_TERMINAL);
  g_type_ensure (KVMM_TYPE_TERMINAL_SEARCH);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-terminal-tab.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalTab, search);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalTab, terminal);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalTab, bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalTab, bar_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalTab, bar_button);
  gtk_widget_class_bind_template_callback (widget_class, read_ended_cb);
  gtk_widget_class_bind_template_callback (widget_class, resized_cb);
  gtk_widget_class_bind_template_callback (widget_class, enter_cb);
  gtk_widget_class_bind_template_callback (widget_class, typed_cb);
  gtk_widget_class_bind_template_callback (widget_class, overrun_cb);
  gtk_widget_class_bind_template_callback (widget_class, rung_cb);
  gtk_widget_class_bind_template_callback (widget_class, open_terminal);
}

static void
kvmm_terminal_tab_init (KvmmTerminalTab *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_terminal_tab_new (KvmmGuest *guest, KvmmAgentTerminalMode mode)
{
  KvmmTerminalTab *self;

  g_return_val_if_fail (KVMM_IS_GUEST (guest), NULL);

  self = g_object_new (KVMM_TYPE_TERMINAL_TAB, NULL);
  self->guest = g_object_ref (guest);
  self->mode = mode;
  open_terminal (self);
  return GTK_WIDGET (self);
}

KvmmTerminalTabState
kvmm_terminal_tab_get_state (KvmmTerminalTab *self)
{
  g_return_val_if_fail (KVMM_IS_TERMINAL_TAB (self), KVMM_TERMINAL_TAB_FAILED);

  return self->state;
}

KvmmTerminal *
kvmm_terminal_tab_get_terminal (KvmmTerminalTab *self)
{
  g_return_val_if_fail (KVMM_IS_TERMINAL_TAB (self), NULL);

  return self->terminal;
}

gboolean
kvmm_terminal_tab_has_work (KvmmTerminalTab *self)
{
  g_return_val_if_fail (KVMM_IS_TERMINAL_TAB (self), FALSE);

  return self->state == KVMM_TERMINAL_TAB_RUNNING && self->is_typed;
}

void
kvmm_terminal_tab_start_search (KvmmTerminalTab *self)
{
  g_return_if_fail (KVMM_IS_TERMINAL_TAB (self));

  kvmm_terminal_search_start (self->search);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-command-run.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-output-store.h"
#include "kvmm-output-view.h"
#include "kvmm-save-file.h"
#include "util/kvmm-guest-output.h"
#include "util/kvmm-units.h"

#define READ_BYTES 32768

/* One of the two streams. */
typedef struct
{
  KvmmAgentStream *stream; /* (owned) (nullable) */
  KvmmGuestOutput *filter; /* (owned) */
  KvmmOutputStore *store;  /* (owned) */
  gboolean is_open;
} Channel;

enum
{
  OUTPUT,
  ERRORS,
  N_CHANNELS
};

struct _KvmmCommandRun
{
  AdwBin parent_instance;

  KvmmDomain *domain;        /* (owned) */
  KvmmAgentClient *agent;    /* (owned) (nullable) while it runs: the job is of its session */
  GCancellable *cancellable; /* (owned) */
  Channel channels[N_CHANNELS];
  gint64 job;
  gint64 began_us;
  gint64 ended_us;
  gboolean is_over;
  gboolean was_asked;      /* to end */
  char *outcome;           /* (owned) (nullable) */
  KvmmAgentStreamEnd *end; /* (owned) (nullable) */
  guint tick_id;

  GtkLabel *title_label;
  GtkLabel *status_label;
  GtkButton *stop_button;
  KvmmOutputView *output;
};

G_DEFINE_FINAL_TYPE (KvmmCommandRun, kvmm_command_run, ADW_TYPE_BIN)

static guint closed_signal;

static void read_on (KvmmCommandRun *self, guint index);

static char *
describe_exit (const KvmmGuestExit *exit)
{
  if (exit == NULL)
    return g_strdup (_ ("Ended"));
  if (exit->is_timed_out)
    return g_strdup (_ ("Ended because its time was over"));
  if (exit->signal != NULL)
    /* Translators: the name of a signal, as "KILL" */
    return g_strdup_printf (_ ("Ended by the signal %s"), exit->signal);
  if (exit->code == 0)
    return g_strdup (_ ("Succeeded"));
  return g_strdup_printf (_ ("Failed with exit code %d"), exit->code);
}

static void
append_lost (KvmmCommandRun *self, GString *text)
{
  guint64 lost = kvmm_output_store_get_lost (self->channels[OUTPUT].store) +
                 kvmm_output_store_get_lost (self->channels[ERRORS].store);
  g_autofree char *size = lost > 0 ? kvmm_units_bytes (lost) : NULL;

  if (size != NULL)
    {
      g_string_append (text, " · ");
      /* Translators: an amount of output that was too much to keep */
      g_string_append_printf (text, _ ("the oldest %s are not kept"), size);
    }
}

static void
show_status (KvmmCommandRun *self)
{
  gint64 until_us = self->is_over ? self->ended_us : g_get_monotonic_time ();
  double seconds = (double) (until_us - self->began_us) / G_USEC_PER_SEC;
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->is_over)
    g_string_append (text, self->outcome);
  else if (self->was_asked)
    g_string_append (text, _ ("Asked to end"));
  else
    g_string_append (text, self->job != 0 ? _ ("Running") : _ ("Starting"));
  g_string_append (text, " · ");
  g_string_append_printf (text, self->is_over ? _ ("%.1f s") : _ ("%.0f s"), seconds);
  append_lost (self, text);
  gtk_label_set_text (self->status_label, text->str);
  gtk_widget_set_visible (GTK_WIDGET (self->stop_button), !self->is_over);
  gtk_widget_set_sensitive (GTK_WIDGET (self->stop_button), self->job != 0);
}

static gboolean
tick_cb (gpointer user_data)
{
  show_status (user_data);
  return G_SOURCE_CONTINUE;
}

static void
update_actions (KvmmCommandRun *self)
{
  gsize sizes[N_CHANNELS];

  for (guint i = 0; i < N_CHANNELS; i++)
    sizes[i] = kvmm_output_store_get_size (self->channels[i].store);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "run.save-output", sizes[OUTPUT] > 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "run.save-errors", sizes[ERRORS] > 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "run.copy", sizes[OUTPUT] + sizes[ERRORS] > 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "run.find", sizes[OUTPUT] + sizes[ERRORS] > 0);
}

static void
finish (KvmmCommandRun *self, char *outcome)
{
  self->is_over = TRUE;
  self->ended_us = g_get_monotonic_time ();
  g_free (self->outcome);
  self->outcome = outcome;
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_object (&self->agent);
  for (guint i = 0; i < N_CHANNELS; i++)
    g_clear_object (&self->channels[i].stream);
  show_status (self);
}

/* Over when the end is known and all that was written is here. */
static void
check_over (KvmmCommandRun *self)
{
  if (self->is_over || self->end == NULL || self->channels[OUTPUT].is_open ||
      self->channels[ERRORS].is_open)
    return;
  finish (self, describe_exit (self->end->exit));
}

typedef struct
{
  KvmmCommandRun *self; /* (owned) */
  guint index;
} Reading;

static void
reading_free (Reading *reading)
{
  g_object_unref (reading->self);
  g_free (reading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static void
show_text (KvmmCommandRun *self, const char *text, guint index)
{
  if (*text != '\0')
    gtk_widget_set_visible (GTK_WIDGET (self->output), TRUE);
  kvmm_output_view_append (self->output, text, index == ERRORS);
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reading) reading = user_data;
  KvmmCommandRun *self = reading->self;
  Channel *channel = &self->channels[reading->index];
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);
  g_autoptr (GString) text = g_string_new (NULL);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      kvmm_guest_output_end (channel->filter, text);
      show_text (self, text->str, reading->index);
      channel->is_open = FALSE;
      check_over (self);
      return;
    }
  kvmm_output_store_push (channel->store, bytes);
  kvmm_guest_output_push (channel->filter, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                          text);
  show_text (self, text->str, reading->index);
  update_actions (self);
  if (channel->stream != NULL)
    read_on (self, reading->index);
}

static void
read_on (KvmmCommandRun *self, guint index)
{
  Reading *reading = g_new0 (Reading, 1);
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->channels[index].stream));

  reading->self = g_object_ref (self);
  reading->index = index;
  g_input_stream_read_bytes_async (input, READ_BYTES, G_PRIORITY_DEFAULT_IDLE, self->cancellable,
                                   read_cb, reading);
}

static void
ended_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmCommandRun) self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmAgentStreamEnd *end =
      kvmm_agent_stream_wait_finish (KVMM_AGENT_STREAM (object), result, &error);

  if (g_cancellable_is_cancelled (self->cancellable) || self->is_over)
    {
      g_clear_pointer (&end, kvmm_agent_stream_end_free);
      return;
    }
  if (end == NULL)
    {
      finish (self, g_strdup (error->message));
      return;
    }
  self->end = end;
  check_over (self);
}

static void
started_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmCommandRun) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmAgentJob) job =
      kvmm_agent_client_start_command_finish (KVMM_AGENT_CLIENT (object), result, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (job == NULL)
    {
      finish (self, g_strdup (error->message));
      return;
    }
  self->job = job->job;
  self->channels[OUTPUT].stream = g_steal_pointer (&job->stream);
  self->channels[ERRORS].stream = g_steal_pointer (&job->errors);
  for (guint i = 0; i < N_CHANNELS; i++)
    if (self->channels[i].stream != NULL)
      {
        self->channels[i].is_open = TRUE;
        read_on (self, i);
      }
  kvmm_agent_stream_wait_async (self->channels[OUTPUT].stream, self->cancellable, ended_cb,
                                g_object_ref (self));
  show_status (self);
}

static void
signalled_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmCommandRun) self = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_agent_client_signal_job_finish (KVMM_AGENT_CLIENT (object), result, &error) ||
      self->is_over || gtk_widget_get_root (GTK_WIDGET (self)) == NULL)
    return;
  kvmm_dialogs_error (GTK_WIDGET (self), _ ("Could not end the command"), error);
}

/* Once it is asked, the second time it is made to. */
static void
stop_cb (KvmmCommandRun *self)
{
  if (self->is_over || self->agent == NULL || self->job == 0)
    return;
  kvmm_agent_client_signal_job_async (self->agent, self->job, self->was_asked ? "KILL" : "TERM",
                                      NULL, signalled_cb, g_object_ref (self));
  self->was_asked = TRUE;
  gtk_button_set_label (self->stop_button, _ ("_Kill"));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->stop_button), _ ("End the Command at Once"));
  gtk_widget_add_css_class (GTK_WIDGET (self->stop_button), "destructive-action");
  show_status (self);
}

static void
save (KvmmCommandRun *self, guint index)
{
  g_autoptr (GBytes) bytes = kvmm_output_store_dup (self->channels[index].store);

  kvmm_save_file_ask (GTK_WIDGET (self), index == OUTPUT ? _ ("Save Output") : _ ("Save Errors"),
                      index == OUTPUT ? "output.txt" : "errors.txt", bytes);
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmCommandRun *self = KVMM_COMMAND_RUN (widget);

  if (g_str_equal (name, "run.save-output"))
    save (self, OUTPUT);
  else if (g_str_equal (name, "run.save-errors"))
    save (self, ERRORS);
  else if (g_str_equal (name, "run.find"))
    kvmm_output_view_find (self->output);
  else if (g_str_equal (name, "run.copy"))
    {
      g_autofree char *text = kvmm_output_view_dup_selection (self->output);

      kvmm_dialogs_copy (widget, text);
    }
  else
    g_signal_emit (self, closed_signal, 0);
}

static void
kvmm_command_run_dispose (GObject *object)
{
  KvmmCommandRun *self = KVMM_COMMAND_RUN (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_object (&self->agent);
  for (guint i = 0; i < N_CHANNELS; i++)
    g_clear_object (&self->channels[i].stream);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_command_run_parent_class)->dispose (object);
}

static void
kvmm_command_run_finalize (GObject *object)
{
  KvmmCommandRun *self = KVMM_COMMAND_RUN (object);

  for (guint i = 0; i < N_CHANNELS; i++)
    {
      kvmm_guest_output_free (self->channels[i].filter);
      kvmm_output_store_free (self->channels[i].store);
    }
  g_clear_pointer (&self->end, kvmm_agent_stream_end_free);
  g_free (self->outcome);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (kvmm_command_run_parent_class)->finalize (object);
}

static void
kvmm_command_run_class_init (KvmmCommandRunClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "run.save-output", "run.save-errors", "run.copy",
                                         "run.find", "run.close" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_command_run_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_command_run_finalize;
  closed_signal = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
  g_type_ensure (KVMM_TYPE_OUTPUT_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-command-run.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmCommandRun, title_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmCommandRun, status_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmCommandRun, stop_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmCommandRun, output);
  gtk_widget_class_bind_template_callback (widget_class, stop_cb);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, action_cb);
}

static void
kvmm_command_run_init (KvmmCommandRun *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  for (guint i = 0; i < N_CHANNELS; i++)
    {
      self->channels[i].filter = kvmm_guest_output_new ();
      self->channels[i].store = kvmm_output_store_new (KVMM_COMMAND_RUN_MAX_BYTES);
    }
  self->began_us = g_get_monotonic_time ();
  update_actions (self);
}

GtkWidget *
kvmm_command_run_new (KvmmDomain *domain, const KvmmAgentCommandLine *line, const char *title)
{
  KvmmCommandRun *self = g_object_new (KVMM_TYPE_COMMAND_RUN, NULL);
  KvmmAgentClient *agent = kvmm_guest_get_agent (kvmm_domain_get_guest (domain));

  self->domain = g_object_ref (domain);
  gtk_label_set_text (self->title_label, title);
  kvmm_output_view_set_label (self->output, title);
  if (agent == NULL)
    {
      finish (self, g_strdup (_ ("The guest's agent does not answer.")));
      return GTK_WIDGET (self);
    }
  self->agent = g_object_ref (agent);
  self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
  kvmm_agent_client_start_command_async (agent, line, self->cancellable, started_cb,
                                         g_object_ref (self));
  show_status (self);
  return GTK_WIDGET (self);
}

gboolean
kvmm_command_run_get_is_over (KvmmCommandRun *self)
{
  g_return_val_if_fail (KVMM_IS_COMMAND_RUN (self), TRUE);

  return self->is_over;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-log-view.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-processes.h"
#include "kvmm-dialogs.h"
#include "kvmm-output-view.h"
#include "kvmm-save-file.h"
#include "util/kvmm-guest-output.h"

#define READ_BYTES 32768

enum
{
  SOURCE_SYSTEM,
  SOURCE_KERNEL,
};

struct _KvmmGuestLogView
{
  AdwBin parent_instance;

  KvmmDomain *domain;        /* (owned) */
  GCancellable *cancellable; /* (owned) (nullable) while something is read */
  KvmmAgentStream *stream;   /* (owned) (nullable) */
  KvmmGuestOutput *filter;   /* (owned) (nullable) */

  GtkDropDown *source;
  GtkDropDown *lines;
  GtkToggleButton *follow;
  GtkEditable *unit;
  KvmmOutputView *output;
  GtkLabel *status_label;
};

G_DEFINE_FINAL_TYPE (KvmmGuestLogView, kvmm_guest_log_view, ADW_TYPE_BIN)

static const guint line_counts[] = { 100, 300, 1000 };

static void read_on (KvmmGuestLogView *self);

/* Dropping the stream tells the guest that nobody reads it any more. */
static void
stop (KvmmGuestLogView *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->filter, kvmm_guest_output_free);
}

static void
show_end (KvmmGuestLogView *self, const GError *error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->filter != NULL)
    kvmm_guest_output_end (self->filter, text);
  kvmm_output_view_append (self->output, text->str, FALSE);
  gtk_label_set_text (self->status_label,
                      error != NULL ? error->message : _ ("This is all there is."));
  stop (self);
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmGuestLogView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);
  g_autoptr (GString) text = NULL;
  const guint8 *data;
  gsize length = 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (bytes == NULL || g_bytes_get_size (bytes) == 0)
    {
      show_end (self, error);
      return;
    }
  data = g_bytes_get_data (bytes, &length);
  text = g_string_sized_new (length);
  kvmm_guest_output_push (self->filter, data, length, text);
  kvmm_output_view_append (self->output, text->str, FALSE);
  read_on (self);
}

static void
read_on (KvmmGuestLogView *self)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->stream));

  g_input_stream_read_bytes_async (input, READ_BYTES, G_PRIORITY_DEFAULT_IDLE, self->cancellable,
                                   read_cb, g_object_ref (self));
}

static const char *
describe_source (const char *source)
{
  if (g_strcmp0 (source, "journal") == 0)
    return _ ("From the journal");
  if (g_strcmp0 (source, "kmsg") == 0)
    return _ ("From the kernel's ring buffer");
  return _ ("From the log file");
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmGuestLogView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *source = NULL;
  g_autoptr (KvmmAgentStream) stream =
      kvmm_agent_client_tail_log_finish (KVMM_AGENT_CLIENT (object), result, &source, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (stream == NULL)
    {
      show_end (self, error);
      return;
    }
  self->stream = g_steal_pointer (&stream);
  gtk_label_set_text (self->status_label, describe_source (source));
  read_on (self);
}

static void
start (KvmmGuestLogView *self)
{
  gboolean is_kernel = gtk_drop_down_get_selected (self->source) == SOURCE_KERNEL;
  guint choice = MIN (gtk_drop_down_get_selected (self->lines), G_N_ELEMENTS (line_counts) - 1);
  const char *unit = gtk_editable_get_text (self->unit);
  KvmmAgentClient *agent;

  stop (self);
  if (self->domain == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  gtk_widget_set_sensitive (GTK_WIDGET (self->unit), !is_kernel);
  kvmm_output_view_clear (self->output);
  agent = kvmm_guest_get_agent (kvmm_domain_get_guest (self->domain));
  if (agent == NULL)
    {
      gtk_label_set_text (self->status_label, _ ("The guest's agent does not answer."));
      return;
    }
  gtk_label_set_text (self->status_label, _ ("Reading…"));
  self->cancellable = g_cancellable_new ();
  self->filter = kvmm_guest_output_new ();
  kvmm_agent_client_tail_log_async (agent, is_kernel, !is_kernel && *unit != '\0' ? unit : NULL,
                                    line_counts[choice],
                                    gtk_toggle_button_get_active (self->follow), self->cancellable,
                                    opened_cb, g_object_ref (self));
}

static void
changed_cb (KvmmGuestLogView *self)
{
  start (self);
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmGuestLogView *self = KVMM_GUEST_LOG_VIEW (widget);
  g_autofree char *text = kvmm_output_view_dup_selection (self->output);

  if (g_str_equal (name, "part.find"))
    kvmm_output_view_find (self->output);
  else if (g_str_equal (name, "guest-log.copy"))
    kvmm_dialogs_copy (widget, text);
  else
    {
      g_autoptr (GBytes) bytes = NULL;
      char *all = kvmm_output_view_dup_text (self->output);

      bytes = g_bytes_new_take (all, strlen (all));
      kvmm_save_file_ask (widget, _ ("Save Log"), "guest.log", bytes);
    }
}

static void
kvmm_guest_log_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_guest_log_view_parent_class)->map (widget);
  start (KVMM_GUEST_LOG_VIEW (widget));
}

static void
kvmm_guest_log_view_unmap (GtkWidget *widget)
{
  stop (KVMM_GUEST_LOG_VIEW (widget));
  GTK_WIDGET_CLASS (kvmm_guest_log_view_parent_class)->unmap (widget);
}

static void
kvmm_guest_log_view_dispose (GObject *object)
{
  KvmmGuestLogView *self = KVMM_GUEST_LOG_VIEW (object);

  stop (self);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_guest_log_view_parent_class)->dispose (object);
}

static void
kvmm_guest_log_view_class_init (KvmmGuestLogViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "part.find", "guest-log.copy", "guest-log.save" };

  G_OBJECT_CLASS (klass)->dispose = kvmm_guest_log_view_dispose;
  widget_class->map = kvmm_guest_log_view_map;
  widget_class->unmap = kvmm_guest_log_view_unmap;
  g_type_ensure (KVMM_TYPE_OUTPUT_VIEW);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-guest-log-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestLogView, source);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestLogView, lines);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestLogView, follow);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestLogView, unit);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestLogView, output);
  gtk_widget_class_bind_template_child (widget_class, KvmmGuestLogView, status_label);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, action_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "part.find",
                                       NULL);
}

static void
kvmm_guest_log_view_init (KvmmGuestLogView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kvmm_output_view_set_label (self->output, _ ("Log of the guest"));
}

GtkWidget *
kvmm_guest_log_view_new (KvmmDomain *domain)
{
  KvmmGuestLogView *self = g_object_new (KVMM_TYPE_GUEST_LOG_VIEW, NULL);

  self->domain = g_object_ref (domain);
  return GTK_WIDGET (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-key-recorder.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "console/kvmm-keymap.h"
#include "kvmm-console-keys.h"

#define RESPONSE_ACCEPT "accept"
#define RESPONSE_CANCEL "cancel"

typedef struct
{
  GTask *task;      /* (owned) */
  GPtrArray *names; /* (owned) (element-type utf8) (unowned elements) in the order of the presses */
  guint n_held;
  gboolean is_answered;
  GtkLabel *label;
  AdwMessageDialog *dialog; /* (unowned) */
} Recorder;

static char *
join (Recorder *recorder)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < recorder->names->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "+" : "",
                            (const char *) g_ptr_array_index (recorder->names, i));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
show (Recorder *recorder, const char *problem)
{
  g_autofree char *keys = join (recorder);
  g_autofree char *text = kvmm_console_keys_dup_label (keys);

  gtk_label_set_text (recorder->label, problem != NULL ? problem : text);
  adw_message_dialog_set_response_enabled (recorder->dialog, RESPONSE_ACCEPT,
                                           recorder->names->len > 0);
}

/* All keys are taken, Tab and Enter too: a mouse, or the next press of Escape after a combination
 * with it, leads on. */
static gboolean
pressed_cb (GtkEventControllerKey *controller,
            guint keyval,
            guint keycode,
            GdkModifierType modifiers,
            Recorder *recorder)
{
  const char *name = kvmm_console_keys_from_keycode (keycode);

  if (recorder->n_held == 0)
    g_ptr_array_set_size (recorder->names, 0);
  if (name == NULL)
    show (recorder, _ ("This key cannot be sent."));
  else if (!g_ptr_array_find (recorder->names, name, NULL) &&
           recorder->names->len < KVMM_KEYMAP_COMBINATION_MAX)
    {
      g_ptr_array_add (recorder->names, (gpointer) name);
      recorder->n_held++;
      show (recorder, NULL);
    }
  return GDK_EVENT_STOP;
}

static void
released_cb (GtkEventControllerKey *controller,
             guint keyval,
             guint keycode,
             GdkModifierType modifiers,
             Recorder *recorder)
{
  if (recorder->n_held > 0 && kvmm_console_keys_from_keycode (keycode) != NULL)
    recorder->n_held--;
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, Recorder *recorder)
{
  recorder->is_answered = TRUE;
  if (g_str_equal (response, RESPONSE_ACCEPT))
    g_task_return_pointer (recorder->task, join (recorder), g_free);
  else
    g_task_return_pointer (recorder->task, NULL, NULL);
}

static void
recorder_free (gpointer data)
{
  Recorder *recorder = data;

  if (!recorder->is_answered)
    g_task_return_pointer (recorder->task, NULL, NULL);
  g_object_unref (recorder->task);
  g_ptr_array_unref (recorder->names);
  g_free (recorder);
}

static void
present (GtkWidget *widget, Recorder *recorder, const char *title, const char *accept_label)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *dialog = adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL,
                                              title, _ ("Press the keys together."));
  GtkEventController *controller = gtk_event_controller_key_new ();
  GtkWidget *label = gtk_label_new (_ ("None yet"));

  recorder->dialog = ADW_MESSAGE_DIALOG (dialog);
  recorder->label = GTK_LABEL (label);
  gtk_widget_add_css_class (label, "title-2");
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_justify (GTK_LABEL (label), GTK_JUSTIFY_CENTER);
  adw_message_dialog_set_extra_child (recorder->dialog, label);
  adw_message_dialog_add_responses (recorder->dialog, RESPONSE_CANCEL, _ ("_Cancel"),
                                    RESPONSE_ACCEPT, accept_label, NULL);
  adw_message_dialog_set_response_appearance (recorder->dialog, RESPONSE_ACCEPT,
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_response_enabled (recorder->dialog, RESPONSE_ACCEPT, FALSE);
  adw_message_dialog_set_close_response (recorder->dialog, RESPONSE_CANCEL);
  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  g_signal_connect (controller, "key-pressed", G_CALLBACK (pressed_cb), recorder);
  g_signal_connect (controller, "key-released", G_CALLBACK (released_cb), recorder);
  gtk_widget_add_controller (dialog, controller);
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), recorder);
  g_object_set_data_full (G_OBJECT (dialog), "kvmm-recorder", recorder, recorder_free);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
kvmm_key_recorder_ask_async (GtkWidget *widget,
                             const char *title,
                             const char *accept_label,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (title != NULL && accept_label != NULL);

  Recorder *recorder = g_new0 (Recorder, 1);
  recorder->task = g_task_new (widget, NULL, callback, user_data);
  g_task_set_source_tag (recorder->task, kvmm_key_recorder_ask_async);
  recorder->names = g_ptr_array_new ();
  present (widget, recorder, title, accept_label);
}

char *
kvmm_key_recorder_ask_finish (GAsyncResult *result)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

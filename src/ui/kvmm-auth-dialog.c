/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-auth-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>

typedef struct
{
  KvmmAuthRequest *request; /* (owned) (nullable) %NULL once answered */
  GPtrArray *entries;       /* (owned) (element-type GtkEditable) (unowned elements) */
} Questions;

/* A dialog that goes away unanswered cancels: the worker waits for us. */
static void
questions_free (gpointer data, GClosure *closure)
{
  Questions *self = data;

  if (self->request)
    kvmm_auth_request_answer (g_steal_pointer (&self->request), NULL);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Questions *self = user_data;
  g_autoptr (GPtrArray) answers = g_ptr_array_new ();

  if (!self->request || !g_str_equal (response, "accept"))
    return;
  for (guint i = 0; i < self->entries->len; i++)
    g_ptr_array_add (answers, (gpointer) gtk_editable_get_text (
                                  GTK_EDITABLE (g_ptr_array_index (self->entries, i))));
  g_ptr_array_add (answers, NULL);
  kvmm_auth_request_answer (g_steal_pointer (&self->request), (const char *const *) answers->pdata);
}

static GtkWidget *
create_entry (KvmmAuthRequest *request, guint i)
{
  GtkWidget *row = kvmm_auth_request_get_is_secret (request, i) ? adw_password_entry_row_new ()
                                                                : adw_entry_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row),
                                 kvmm_auth_request_get_prompt (request, i));
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);

  return row;
}

static GtkWindow *
get_active_window (void)
{
  GApplication *application = g_application_get_default ();

  return GTK_IS_APPLICATION (application)
             ? gtk_application_get_active_window (GTK_APPLICATION (application))
             : NULL;
}

void
kvmm_auth_dialog_ask (KvmmConnection *connection, KvmmAuthRequest *request, gpointer user_data)
{
  g_autofree char *heading =
      g_strdup_printf (_ ("Sign In to %s"), kvmm_connection_get_name (connection));
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (get_active_window (), heading, kvmm_connection_get_uri (connection)));
  GtkWidget *list = gtk_list_box_new ();
  Questions *questions = g_new0 (Questions, 1);

  questions->request = request;
  questions->entries = g_ptr_array_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  for (guint i = 0; i < kvmm_auth_request_get_n_questions (request); i++)
    {
      GtkWidget *entry = create_entry (request, i);

      g_ptr_array_add (questions->entries, entry);
      gtk_list_box_append (GTK_LIST_BOX (list), entry);
    }

  adw_message_dialog_set_extra_child (dialog, list);
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "accept", _ ("_Sign In"),
                                    NULL);
  adw_message_dialog_set_response_appearance (dialog, "accept", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "accept");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (response_cb), questions, questions_free,
                         G_CONNECT_DEFAULT);
  gtk_window_present (GTK_WINDOW (dialog));
}

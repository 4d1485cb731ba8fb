/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-diff-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "xml/kvmm-xml-compare.h"

#define WIDTH 600
#define HEIGHT 320

static const char *const tag_names[] = {
  [KVMM_XML_DIFF_SAME] = NULL,
  [KVMM_XML_DIFF_REMOVED] = "removed",
  [KVMM_XML_DIFF_ADDED] = "added",
  [KVMM_XML_DIFF_GAP] = "gap",
};

/* Signs tell what the colours tell. */
static const char *const marks[] = {
  [KVMM_XML_DIFF_SAME] = "  ",
  [KVMM_XML_DIFF_REMOVED] = "− ",
  [KVMM_XML_DIFF_ADDED] = "+ ",
  [KVMM_XML_DIFF_GAP] = "",
};

static void
add_line (GtkTextBuffer *buffer, const KvmmXmlDiffLine *line)
{
  g_autofree char *text = g_strdup_printf ("%s%s\n", marks[line->kind], line->text);
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (buffer, &end);
  gtk_text_buffer_insert_with_tags_by_name (buffer, &end, valid, -1, tag_names[line->kind], NULL);
}

static GtkWidget *
create_view (GPtrArray *lines)
{
  gboolean is_dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *view = gtk_text_view_new ();
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));

  gtk_text_buffer_create_tag (buffer, "removed", "foreground", is_dark ? "#ff7b63" : "#c01c28",
                              NULL);
  gtk_text_buffer_create_tag (buffer, "added", "foreground", is_dark ? "#8ff0a4" : "#1b7f46", NULL);
  gtk_text_buffer_create_tag (buffer, "gap", "weight", PANGO_WEIGHT_BOLD, NULL);
  for (guint i = 0; i < lines->len; i++)
    add_line (buffer, lines->pdata[i]);
  gtk_text_view_set_editable (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_cursor_visible (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_monospace (GTK_TEXT_VIEW (view), TRUE);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (view), 6);
  gtk_text_view_set_top_margin (GTK_TEXT_VIEW (view), 6);
  gtk_text_view_set_bottom_margin (GTK_TEXT_VIEW (view), 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("What changes"), -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), HEIGHT);
  gtk_widget_add_css_class (scroller, "card");
  gtk_widget_set_overflow (scroller, GTK_OVERFLOW_HIDDEN);
  return scroller;
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_boolean (task, g_str_equal (response, "accept"));
}

void
kvmm_diff_dialog_ask_async (GtkWidget *widget,
                            const char *heading,
                            const char *body,
                            GPtrArray *lines,
                            const char *accept_label,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, heading, body));

  g_task_set_source_tag (task, kvmm_diff_dialog_ask_async);
  adw_message_dialog_set_extra_child (dialog, create_view (lines));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "accept", accept_label, NULL);
  adw_message_dialog_set_response_appearance (dialog, "accept", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "accept");
  adw_message_dialog_set_close_response (dialog, "cancel");
  gtk_window_set_default_size (GTK_WINDOW (dialog), WIDTH, -1);
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), task);
  gtk_window_present (GTK_WINDOW (dialog));
}

gboolean
kvmm_diff_dialog_ask_finish (GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-bulk-result.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-dialogs.h"

#define TOAST_SECONDS 5
#define LIST_WIDTH 320
#define LIST_HEIGHT 280
#define MARGIN 12

struct _KvmmBulkResult
{
  GObject parent_instance;

  char *name;     /* (owned) */
  char *sort_key; /* (owned): "vm2" before "vm10" */
  GError *error;  /* (owned) (nullable) */
  char *reason;   /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (KvmmBulkResult, kvmm_bulk_result, G_TYPE_OBJECT)

static void
kvmm_bulk_result_finalize (GObject *object)
{
  KvmmBulkResult *self = KVMM_BULK_RESULT (object);

  g_free (self->name);
  g_free (self->sort_key);
  g_clear_error (&self->error);
  g_free (self->reason);

  G_OBJECT_CLASS (kvmm_bulk_result_parent_class)->finalize (object);
}

static void
kvmm_bulk_result_class_init (KvmmBulkResultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_bulk_result_finalize;
}

static void
kvmm_bulk_result_init (KvmmBulkResult *self)
{
}

KvmmBulkResult *
kvmm_bulk_result_new (const char *name, const GError *error, const char *reason)
{
  KvmmBulkResult *self = g_object_new (KVMM_TYPE_BULK_RESULT, NULL);

  self->name = g_strdup (name);
  self->sort_key = g_utf8_collate_key_for_filename (name, -1);
  self->error = error ? g_error_copy (error) : NULL;
  self->reason = g_strdup (reason);

  return self;
}

const char *
kvmm_bulk_result_get_name (KvmmBulkResult *self)
{
  g_return_val_if_fail (KVMM_IS_BULK_RESULT (self), NULL);

  return self->name;
}

const GError *
kvmm_bulk_result_get_error (KvmmBulkResult *self)
{
  g_return_val_if_fail (KVMM_IS_BULK_RESULT (self), NULL);

  return self->error;
}

gboolean
kvmm_bulk_result_get_is_left_out (KvmmBulkResult *self)
{
  g_return_val_if_fail (KVMM_IS_BULK_RESULT (self), FALSE);

  return !self->error && self->reason;
}

const char *
kvmm_bulk_result_get_text (KvmmBulkResult *self)
{
  g_return_val_if_fail (KVMM_IS_BULK_RESULT (self), NULL);

  if (self->error)
    return self->error->message;

  return self->reason ? self->reason : _ ("Done");
}

/* Failures, then what was left out, then successes; each by name. */
static int
result_rank (KvmmBulkResult *self)
{
  return self->error ? 0 : self->reason ? 1 : 2;
}

static int
compare_results (gconstpointer a, gconstpointer b)
{
  KvmmBulkResult *left = *(KvmmBulkResult *const *) a;
  KvmmBulkResult *right = *(KvmmBulkResult *const *) b;
  int difference = result_rank (left) - result_rank (right);

  return difference ? difference : strcmp (left->sort_key, right->sort_key);
}

static const char *
get_heading (int rank)
{
  return rank == 0 ? _ ("Failed") : rank == 1 ? _ ("Left out") : _ ("Done");
}

static void
append_result (GtkTextBuffer *buffer, KvmmBulkResult *result, int previous_rank)
{
  int rank = result_rank (result);
  GtkTextIter end;

  gtk_text_buffer_get_end_iter (buffer, &end);
  if (rank != previous_rank)
    {
      if (previous_rank >= 0)
        gtk_text_buffer_insert (buffer, &end, "\n", -1);
      gtk_text_buffer_insert_with_tags_by_name (buffer, &end, get_heading (rank), -1, "heading",
                                                NULL);
      gtk_text_buffer_insert (buffer, &end, "\n", -1);
    }
  gtk_text_buffer_insert (buffer, &end, result->name, -1);
  if (rank < 2)
    {
      gtk_text_buffer_insert (buffer, &end, ": ", -1);
      gtk_text_buffer_insert (buffer, &end, kvmm_bulk_result_get_text (result), -1);
    }
  gtk_text_buffer_insert (buffer, &end, "\n", -1);
}

/* One text, not a thousand widgets; it can be selected and copied, too. */
static GtkWidget *
create_list (GListModel *results)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new_with_free_func (g_object_unref);
  GtkWidget *view = gtk_text_view_new ();
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));
  int rank = -1;

  for (guint i = 0; i < g_list_model_get_n_items (results); i++)
    g_ptr_array_add (sorted, g_list_model_get_item (results, i));
  g_ptr_array_sort (sorted, compare_results);
  gtk_text_buffer_create_tag (buffer, "heading", "weight", PANGO_WEIGHT_BOLD, NULL);
  for (guint i = 0; i < sorted->len; i++)
    {
      append_result (buffer, g_ptr_array_index (sorted, i), rank);
      rank = result_rank (g_ptr_array_index (sorted, i));
    }

  gtk_text_view_set_editable (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_cursor_visible (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (view), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (view), MARGIN);
  gtk_text_view_set_right_margin (GTK_TEXT_VIEW (view), MARGIN);
  gtk_text_view_set_top_margin (GTK_TEXT_VIEW (view), MARGIN);
  gtk_text_view_set_bottom_margin (GTK_TEXT_VIEW (view), MARGIN);
  gtk_text_view_set_pixels_below_lines (GTK_TEXT_VIEW (view), 3);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Result of each machine"), -1);

  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  gtk_widget_set_size_request (scroller, LIST_WIDTH, LIST_HEIGHT);
  gtk_widget_add_css_class (scroller, "card");
  gtk_widget_set_overflow (scroller, GTK_OVERFLOW_HIDDEN);

  return scroller;
}

static guint
count_done (GListModel *results)
{
  guint n_done = 0;

  for (guint i = 0; i < g_list_model_get_n_items (results); i++)
    {
      g_autoptr (KvmmBulkResult) result = g_list_model_get_item (results, i);

      n_done += result_rank (result) == 2;
    }

  return n_done;
}

static void
show_dialog (GtkWidget *parent, const char *action_label, GListModel *results)
{
  guint n = g_list_model_get_n_items (results);
  GtkRoot *root = gtk_widget_get_root (parent);
  g_autofree char *body = g_strdup_printf (
      ngettext ("Done for %u of %u virtual machine", "Done for %u of %u virtual machines", n),
      count_done (results), n);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, action_label, body));

  adw_message_dialog_set_extra_child (dialog, create_list (results));
  adw_message_dialog_add_response (dialog, "close", _ ("_Close"));
  adw_message_dialog_set_default_response (dialog, "close");
  adw_message_dialog_set_close_response (dialog, "close");
  gtk_window_present (GTK_WINDOW (dialog));
}

typedef struct
{
  GWeakRef parent;
  char *action_label;
  GListModel *results; /* (owned) */
} Details;

static void
details_free (gpointer data)
{
  Details *self = data;

  g_weak_ref_clear (&self->parent);
  g_free (self->action_label);
  g_object_unref (self->results);
  g_free (self);
}

static void
details_cb (gpointer user_data)
{
  Details *self = user_data;
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&self->parent);

  if (parent)
    show_dialog (parent, self->action_label, self->results);
}

void
kvmm_bulk_result_show (GtkWidget *parent, const char *action_label, GListModel *results)
{
  guint n = g_list_model_get_n_items (results);
  g_autofree char *text = NULL;
  Details *details;

  g_return_if_fail (GTK_IS_WIDGET (parent));

  if (count_done (results) < n)
    {
      show_dialog (parent, action_label, results);
      return;
    }

  /* Translators: "Shut Down: 3 virtual machines" */
  text = g_strdup_printf (ngettext ("%s: %u virtual machine", "%s: %u virtual machines", n),
                          action_label, n);
  details = g_new0 (Details, 1);
  g_weak_ref_init (&details->parent, parent);
  details->action_label = g_strdup (action_label);
  details->results = g_object_ref (results);
  kvmm_dialogs_toast_with_button (parent, text, _ ("_Details"), TOAST_SECONDS, details_cb, details,
                                  details_free);
}

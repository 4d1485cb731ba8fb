/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-bulk-result.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-dialogs.h"

#define TOAST_SECONDS 5

struct _KvmmBulkResult
{
  GObject parent_instance;

  char *name;    /* (owned) */
  GError *error; /* (owned) (nullable) */
  char *reason;  /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (KvmmBulkResult, kvmm_bulk_result, G_TYPE_OBJECT)

static void
kvmm_bulk_result_finalize (GObject *object)
{
  KvmmBulkResult *self = KVMM_BULK_RESULT (object);

  g_free (self->name);
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
compare_results (gconstpointer a, gconstpointer b, gpointer user_data)
{
  KvmmBulkResult *left = (KvmmBulkResult *) a;
  KvmmBulkResult *right = (KvmmBulkResult *) b;
  int difference = result_rank (left) - result_rank (right);

  return difference ? difference : g_utf8_collate (left->name, right->name);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *icon = gtk_image_new ();
  GtkWidget *texts = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  GtkWidget *name = gtk_label_new (NULL);
  GtkWidget *text = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_label_set_ellipsize (GTK_LABEL (name), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_wrap (GTK_LABEL (text), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (text), PANGO_WRAP_WORD_CHAR);
  gtk_widget_add_css_class (text, "caption");
  gtk_widget_add_css_class (text, "dim-label");
  gtk_widget_set_hexpand (texts, TRUE);
  gtk_box_append (GTK_BOX (texts), name);
  gtk_box_append (GTK_BOX (texts), text);
  gtk_box_append (GTK_BOX (box), icon);
  gtk_box_append (GTK_BOX (box), texts);
  gtk_list_item_set_activatable (item, FALSE);
  gtk_list_item_set_child (item, box);
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  static const char *const icons[] = { "dialog-error-symbolic", "action-unavailable-symbolic",
                                       "emblem-ok-symbolic" };
  KvmmBulkResult *result = gtk_list_item_get_item (item);
  GtkWidget *box = gtk_list_item_get_child (item);
  GtkWidget *icon = gtk_widget_get_first_child (box);
  GtkWidget *texts = gtk_widget_get_last_child (box);

  gtk_image_set_from_icon_name (GTK_IMAGE (icon), icons[result_rank (result)]);
  gtk_label_set_text (GTK_LABEL (gtk_widget_get_first_child (texts)), result->name);
  gtk_label_set_text (GTK_LABEL (gtk_widget_get_last_child (texts)),
                      kvmm_bulk_result_get_text (result));
}

static GtkWidget *
create_list (GListModel *results)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkSorter *sorter = GTK_SORTER (gtk_custom_sorter_new (compare_results, NULL, NULL));
  GtkSortListModel *sorted = gtk_sort_list_model_new (g_object_ref (results), sorter);
  GtkNoSelection *selection = gtk_no_selection_new (G_LIST_MODEL (sorted));
  GtkWidget *list;
  GtkWidget *scroller = gtk_scrolled_window_new ();

  g_signal_connect (factory, "setup", G_CALLBACK (setup_row_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row_cb), NULL);
  list = gtk_list_view_new (GTK_SELECTION_MODEL (selection), factory);
  gtk_widget_add_css_class (list, "kvmm-results");
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Result of each machine"), -1);

  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), list);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_widget_set_size_request (scroller, -1, 260);
  gtk_widget_add_css_class (scroller, "card");

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

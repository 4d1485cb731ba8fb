/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-machine-change.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "model/kvmm-domain-delete.h"
#include "model/kvmm-domain-edit.h"
#include "util/kvmm-guest-text.h"

#define UNDO_SECONDS 30
#define ITEMS_IN_SIGHT 5

/* What a dialog is about, as long as it or the call behind it lives. */
typedef struct
{
  GtkWidget *widget;          /* (owned) where toasts are shown */
  KvmmDomain *domain;         /* (owned) */
  KvmmConnection *connection; /* (owned) (nullable) a machine that is gone has none any more */
  KvmmDeletion *plan;         /* (owned) (nullable) */
  GtkWidget *entry;           /* (unowned) (nullable) of the dialog */
} Change;

static Change *
change_new (GtkWidget *widget, KvmmDomain *domain)
{
  Change *change = g_new0 (Change, 1);

  change->widget = g_object_ref (widget);
  change->domain = g_object_ref (domain);
  g_set_object (&change->connection, kvmm_domain_get_connection (domain));
  return change;
}

static void
change_free (Change *change)
{
  g_object_unref (change->widget);
  g_object_unref (change->domain);
  g_clear_object (&change->connection);
  g_clear_pointer (&change->plan, kvmm_deletion_free);
  g_free (change);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

static GtkWindow *
get_window (GtkWidget *widget)
{
  GtkRoot *root = gtk_widget_get_root (widget);

  return GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL;
}

/* Says so when it is not. */
static gboolean
is_stopped (GtkWidget *widget, KvmmDomain *domain)
{
  KvmmDomainState state = kvmm_domain_get_state (domain);
  g_autofree char *text = NULL;

  if (state == KVMM_DOMAIN_STATE_SHUT_OFF || state == KVMM_DOMAIN_STATE_CRASHED)
    return TRUE;
  text = g_strdup_printf (_ ("Shut “%s” down first"), kvmm_domain_get_name (domain));
  kvmm_dialogs_toast (widget, text);
  return FALSE;
}

static GtkWidget *
create_list (void)
{
  GtkWidget *list = gtk_list_box_new ();

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  return list;
}

/* ---- renaming ---- */

static void
renamed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Change) change = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *summary = NULL;

  if (kvmm_domain_rename_finish (KVMM_DOMAIN (source), result, &error))
    return;
  summary = g_strdup_printf (_ ("Could not rename “%s”"), kvmm_domain_get_name (change->domain));
  kvmm_dialogs_error (change->widget, summary, error);
}

static void
rename_response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Change *change = user_data;
  const char *name = gtk_editable_get_text (GTK_EDITABLE (change->entry));

  if (g_str_equal (response, "rename"))
    kvmm_domain_rename_async (change->domain, name, NULL, renamed_cb,
                              change_new (change->widget, change->domain));
}

/* A name is checked as it is typed. */
static void
name_changed_cb (GtkEditable *entry, gpointer user_data)
{
  AdwMessageDialog *dialog = user_data;
  const char *name = gtk_editable_get_text (entry);
  KvmmDomain *domain = g_object_get_data (G_OBJECT (dialog), "kvmm-domain");
  KvmmConnection *connection = kvmm_domain_get_connection (domain);
  gboolean is_same = g_str_equal (name, kvmm_domain_get_name (domain));
  gboolean is_taken =
      !is_same && connection != NULL && kvmm_connection_find (connection, name) != NULL;
  gboolean is_good = !is_same && !is_taken && kvmm_domain_check_name (name, NULL);

  if (is_good || is_same)
    gtk_widget_remove_css_class (GTK_WIDGET (entry), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (entry), "error");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (entry),
                                 is_taken ? _ ("Another machine has this name") : _ ("Name"));
  adw_message_dialog_set_response_enabled (dialog, "rename", is_good);
}

void
kvmm_machine_change_rename (GtkWidget *widget, KvmmDomain *domain)
{
  AdwMessageDialog *dialog;
  GtkWidget *list;
  Change *change;

  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain));

  if (!is_stopped (widget, domain))
    return;
  change = change_new (widget, domain);
  dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (
      get_window (widget), _ ("Rename Virtual Machine"),
      _ ("Its disks, firmware settings and snapshots stay where they are.")));
  list = create_list ();
  change->entry = adw_entry_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (change->entry), _ ("Name"));
  gtk_editable_set_text (GTK_EDITABLE (change->entry), kvmm_domain_get_name (domain));
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (change->entry), TRUE);
  gtk_list_box_append (GTK_LIST_BOX (list), change->entry);
  adw_message_dialog_set_extra_child (dialog, list);
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "rename", _ ("_Rename"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "rename", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_response_enabled (dialog, "rename", FALSE);
  adw_message_dialog_set_default_response (dialog, "rename");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_object_set_data_full (G_OBJECT (dialog), "kvmm-domain", g_object_ref (domain), g_object_unref);
  g_signal_connect (change->entry, "changed", G_CALLBACK (name_changed_cb), dialog);
  g_signal_connect_data (dialog, "response", G_CALLBACK (rename_response_cb), change,
                         (GClosureNotify) G_CALLBACK (change_free), G_CONNECT_DEFAULT);
  gtk_window_present (GTK_WINDOW (dialog));
  gtk_widget_grab_focus (change->entry);
}

/* ---- deleting ---- */

/* For the Undo button. */
typedef struct
{
  GtkWidget *widget;          /* (owned) */
  KvmmConnection *connection; /* (owned) */
  KvmmDeleted *deleted;       /* (owned) */
} Undo;

static void
undo_free (gpointer data)
{
  Undo *undo = data;

  g_object_unref (undo->widget);
  g_object_unref (undo->connection);
  kvmm_deleted_free (undo->deleted);
  g_free (undo);
}

static void
brought_back_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkWidget) widget = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = kvmm_connection_define_finish (KVMM_CONNECTION (source), result, &error);

  if (uuid == NULL)
    kvmm_dialogs_error (widget, _ ("Could not bring the virtual machine back"), error);
}

static void
undo_cb (gpointer user_data)
{
  Undo *undo = user_data;

  kvmm_connection_define_async (undo->connection, undo->deleted->xml, FALSE, FALSE, NULL,
                                brought_back_cb, g_object_ref (undo->widget));
}

/* Storage that is gone does not come back; the toast says so. */
static char *
describe_deleted (const KvmmDeletion *plan, const KvmmDeleted *deleted)
{
  guint n_files = 0;

  for (guint i = 0; i < plan->items->len; i++)
    {
      const KvmmDeletionItem *item = plan->items->pdata[i];

      n_files += item->is_selected && item->pool != NULL;
    }
  if (deleted->left->len > 0)
    return g_strdup_printf (_ ("“%s” is deleted; %s"), deleted->name,
                            (const char *) deleted->left->pdata[0]);
  if (n_files > 0)
    return g_strdup_printf (_ ("“%s” and its storage are deleted"), deleted->name);
  return g_strdup_printf (_ ("“%s” is deleted"), deleted->name);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Change) change = user_data;
  g_autoptr (GError) error = NULL;
  KvmmDeleted *deleted = kvmm_domain_delete_finish (KVMM_DOMAIN (source), result, &error);
  g_autofree char *text = NULL;
  Undo *undo;

  if (deleted == NULL)
    {
      text = g_strdup_printf (_ ("Could not delete “%s”"), kvmm_domain_get_name (change->domain));
      kvmm_dialogs_error (change->widget, text, error);
      return;
    }
  text = describe_deleted (change->plan, deleted);
  if (change->connection == NULL)
    {
      kvmm_dialogs_toast (change->widget, text);
      kvmm_deleted_free (deleted);
      return;
    }
  undo = g_new0 (Undo, 1);
  undo->widget = g_object_ref (change->widget);
  undo->connection = g_object_ref (change->connection);
  undo->deleted = deleted;
  kvmm_dialogs_toast_with_button (change->widget, text, _ ("_Undo"), UNDO_SECONDS, undo_cb, undo,
                                  undo_free);
}

static void
delete_response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Change *change = user_data;
  Change *call;

  if (!g_str_equal (response, "delete"))
    return;
  call = change_new (change->widget, change->domain);
  g_set_object (&call->connection, change->connection);
  call->plan = g_steal_pointer (&change->plan);
  kvmm_domain_delete_async (change->domain, call->plan, NULL, deleted_cb, call);
}

static void
item_toggled_cb (GtkCheckButton *button, gpointer user_data)
{
  KvmmDeletionItem *item = user_data;

  item->is_selected = gtk_check_button_get_active (button);
}

static GtkWidget *
create_item_row (KvmmDeletionItem *item)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *check = gtk_check_button_new ();
  g_autofree char *path =
      kvmm_guest_text_sanitise (item->path != NULL ? item->path : item->volume, -1);
  g_autofree char *title = g_path_get_basename (path);
  gboolean is_firmware = g_str_equal (item->target, "nvram");

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row),
                                 is_firmware ? _ ("Firmware settings") : title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), item->reason != NULL ? item->reason : path);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  gtk_widget_set_tooltip_text (row, path);
  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (check), item->is_selected);
  gtk_widget_set_sensitive (row, item->can_delete);
  g_signal_connect (check, "toggled", G_CALLBACK (item_toggled_cb), item);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), check);
  return row;
}

static char *
describe_plan (const KvmmDeletion *plan)
{
  g_autoptr (GString) text = g_string_new (
      _ ("The definition can be brought back for a moment; storage that is ticked here "
         "is gone for good."));

  if (plan->n_snapshots > 0)
    {
      g_string_append_c (text, ' ');
      g_string_append_printf (
          text,
          ngettext ("Its %u snapshot goes too.", "Its %u snapshots go too.", plan->n_snapshots),
          plan->n_snapshots);
    }
  if (plan->has_managed_save)
    g_string_append_printf (text, " %s", _ ("The saved state of its memory goes too."));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The rows may be more than a screen has. */
static GtkWidget *
create_item_list (const KvmmDeletion *plan)
{
  GtkWidget *scroller;
  GtkWidget *list = create_list ();

  for (guint i = 0; i < plan->items->len; i++)
    gtk_list_box_append (GTK_LIST_BOX (list), create_item_row (plan->items->pdata[i]));
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Storage to delete"), -1);
  if (plan->items->len <= ITEMS_IN_SIGHT)
    return list;
  scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 280);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), list);
  return scroller;
}

static void
ask_what_goes (Change *change)
{
  g_autofree char *heading =
      g_strdup_printf (_ ("Delete “%s”?"), kvmm_domain_get_name (change->domain));
  g_autofree char *body = describe_plan (change->plan);
  AdwMessageDialog *dialog =
      ADW_MESSAGE_DIALOG (adw_message_dialog_new (get_window (change->widget), heading, body));

  if (change->plan->items->len > 0)
    adw_message_dialog_set_extra_child (dialog, create_item_list (change->plan));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "delete", _ ("_Delete"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "delete", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (delete_response_cb), change,
                         (GClosureNotify) G_CALLBACK (change_free), G_CONNECT_DEFAULT);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
planned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Change) change = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *summary = NULL;

  change->plan = kvmm_domain_plan_deletion_finish (KVMM_DOMAIN (source), result, &error);
  if (change->plan != NULL && gtk_widget_get_mapped (change->widget))
    {
      ask_what_goes (g_steal_pointer (&change));
      return;
    }
  if (error == NULL)
    return;
  summary = g_strdup_printf (_ ("Could not look at the storage of “%s”"),
                             kvmm_domain_get_name (change->domain));
  kvmm_dialogs_error (change->widget, summary, error);
}

void
kvmm_machine_change_delete (GtkWidget *widget, KvmmDomain *domain)
{
  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain));

  if (is_stopped (widget, domain))
    kvmm_domain_plan_deletion_async (domain, NULL, planned_cb, change_new (widget, domain));
}

/* ---- templates ---- */

static void
marked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Change) change = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *summary = NULL;

  if (kvmm_domain_set_template_finish (KVMM_DOMAIN (source), result, &error))
    return;
  summary = g_strdup_printf (_ ("Could not change “%s”"), kvmm_domain_get_name (change->domain));
  kvmm_dialogs_error (change->widget, summary, error);
}

void
kvmm_machine_change_template (GtkWidget *widget, KvmmDomain *domain)
{
  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain));

  if (is_stopped (widget, domain))
    kvmm_domain_set_template_async (domain, !kvmm_domain_get_is_template (domain), NULL, marked_cb,
                                    change_new (widget, domain));
}

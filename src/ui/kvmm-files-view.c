/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-files-view.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-files.h"
#include "kvmm-dialogs.h"
#include "kvmm-file-drag.h"
#include "kvmm-files-columns.h"
#include "kvmm-transfers-view.h"
#include "model/kvmm-transfer-queue.h"
#include "util/kvmm-guest-text.h"

#define REFRESH_DELAY_MS 300

struct _KvmmFilesView
{
  AdwBin parent_instance;

  KvmmDomain *domain;        /* (owned) */
  KvmmTransferQueue *queue;  /* (owned) */
  KvmmGuestFileRoots *roots; /* (owned) (nullable) */
  char *path;                /* (nullable) exact, of the folder that is shown */
  char *shown_path;          /* (nullable) that stands in the entry */
  GListStore *store;         /* (owned) KvmmFileItem */
  GtkMultiSelection *selection;
  GCancellable *reading;         /* (owned) (nullable) */
  GCancellable *cancellable;     /* (owned) of all else, until it is gone */
  GtkFileChooserNative *chooser; /* (owned) (nullable) */
  GtkWidget *row_popover;
  guint refresh_id;

  GtkMenuButton *roots_button;
  GtkEditable *path_entry;
  GtkStack *stack;
  GtkColumnView *view;
  AdwStatusPage *status_page;
  GtkLabel *status_label;
  GtkButton *status_button;
  KvmmTransfersView *transfers;
  GMenuModel *row_menu;
};

G_DEFINE_FINAL_TYPE (KvmmFilesView, kvmm_files_view, ADW_TYPE_BIN)

static void read_folder (KvmmFilesView *self);
static void read_roots (KvmmFilesView *self);

/* Whether the guest's @path is @root or below it. */
static gboolean
is_below (const char *path, const char *root)
{
  gsize length = strlen (root);

  while (length > 1 && root[length - 1] == '/')
    length--;
  if (length == 1 && root[0] == '/')
    return path[0] == '/';
  return strncmp (path, root, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static gboolean
is_below_any (const char *path, char **roots)
{
  for (guint i = 0; path != NULL && roots != NULL && roots[i] != NULL; i++)
    if (is_below (path, roots[i]))
      return TRUE;
  return FALSE;
}

static gboolean
can_write (KvmmFilesView *self)
{
  return self->roots != NULL && is_below_any (self->path, self->roots->write_paths);
}

static gboolean
can_go_up (KvmmFilesView *self)
{
  g_autofree char *parent = self->path != NULL ? g_path_get_dirname (self->path) : NULL;

  return parent != NULL && !g_str_equal (parent, self->path) && self->roots != NULL &&
         (is_below_any (parent, self->roots->read_paths) ||
          is_below_any (parent, self->roots->write_paths));
}

/* Returns: (transfer full) (element-type KvmmFileItem) */
static GPtrArray *
list_selected (KvmmFilesView *self)
{
  g_autoptr (GtkBitset) set =
      gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < gtk_bitset_get_size (set); i++)
    g_ptr_array_add (
        items, g_list_model_get_item (G_LIST_MODEL (self->selection), gtk_bitset_get_nth (set, i)));
  return items;
}

static gboolean
can_download (GPtrArray *items)
{
  for (guint i = 0; i < items->len; i++)
    if (kvmm_file_item_can_download (g_ptr_array_index (items, i)))
      return TRUE;
  return FALSE;
}

static void
update_actions (KvmmFilesView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  g_autoptr (GPtrArray) items = list_selected (self);
  gboolean is_listed = g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "list") == 0;
  gboolean writes = can_write (self);
  gboolean takes = writes || (self->roots != NULL && self->roots->inbox != NULL);

  gtk_widget_action_set_enabled (widget, "files.up", can_go_up (self));
  gtk_widget_action_set_enabled (widget, "files.refresh", self->path != NULL);
  gtk_widget_action_set_enabled (widget, "files.upload", takes);
  gtk_widget_action_set_enabled (widget, "files.upload-folder", writes);
  gtk_widget_action_set_enabled (widget, "files.paste", takes);
  gtk_widget_action_set_enabled (widget, "files.new-folder", writes);
  gtk_widget_action_set_enabled (widget, "files.download", is_listed && can_download (items));
  gtk_widget_action_set_enabled (widget, "files.delete", is_listed && writes && items->len > 0);
  gtk_widget_action_set_enabled (widget, "files.open",
                                 is_listed && items->len == 1 &&
                                     kvmm_file_item_can_open (g_ptr_array_index (items, 0)));
}

/* @action: (nullable) */
static void
show_status (KvmmFilesView *self,
             const char *icon,
             const char *title,
             const char *text,
             const char *action,
             const char *action_label)
{
  adw_status_page_set_icon_name (self->status_page, icon);
  adw_status_page_set_title (self->status_page, title);
  gtk_label_set_text (self->status_label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->status_label), text[0] != '\0');
  gtk_widget_set_visible (GTK_WIDGET (self->status_button), action != NULL);
  if (action != NULL)
    {
      gtk_button_set_label (self->status_button, action_label);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (self->status_button), action);
    }
  gtk_stack_set_visible_child_name (self->stack, "status");
  update_actions (self);
}

static void
show_failure (KvmmFilesView *self, const GError *error)
{
  show_status (self, "dialog-warning-symbolic", _ ("The Folder Cannot Be Read"), error->message,
               "files.refresh", _ ("Try Again"));
}

/* ---- Reading a folder ---- */

static void
set_path (KvmmFilesView *self, const char *path)
{
  if (path != self->path)
    {
      g_free (self->path);
      self->path = g_strdup (path);
    }
  g_free (self->shown_path);
  self->shown_path = kvmm_guest_text_sanitise (path, -1);
  gtk_editable_set_text (self->path_entry, self->shown_path);
}

static void
show_files (KvmmFilesView *self, GPtrArray *files)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < files->len; i++)
    g_ptr_array_add (items, kvmm_file_item_new (g_ptr_array_index (files, i)));
  g_list_store_splice (self->store, 0, g_list_model_get_n_items (G_LIST_MODEL (self->store)),
                       items->pdata, items->len);
  if (files->len == 0)
    show_status (self, "folder-symbolic", _ ("Empty Folder"),
                 can_write (self) ? _ ("Drop files here to put them into it.") : "", NULL, NULL);
  else
    gtk_stack_set_visible_child_name (self->stack, "list");
  update_actions (self);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmFilesView *self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmGuestListInfo info = { 0 };
  g_autoptr (GPtrArray) files =
      kvmm_agent_client_list_files_finish (KVMM_AGENT_CLIENT (source), result, &info, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->reading);
  if (files == NULL)
    {
      show_failure (self, error);
      return;
    }
  show_files (self, files);
  if (info.is_truncated)
    {
      g_autofree char *text =
          g_strdup_printf (ngettext ("Only %u of its entries is shown",
                                     "Only %u of its entries are shown", files->len),
                           files->len);

      kvmm_dialogs_toast (GTK_WIDGET (self), text);
    }
}

/* Returns: (transfer none) (nullable): and says so when there is none */
static KvmmAgentClient *
get_agent (KvmmFilesView *self)
{
  KvmmAgentClient *agent = kvmm_guest_get_agent (kvmm_domain_get_guest (self->domain));

  if (agent == NULL)
    kvmm_dialogs_toast (GTK_WIDGET (self), _ ("The guest's agent does not answer now"));
  return agent;
}

static void
read_folder (KvmmFilesView *self)
{
  KvmmAgentClient *agent = kvmm_guest_get_agent (kvmm_domain_get_guest (self->domain));

  g_clear_handle_id (&self->refresh_id, g_source_remove);
  if (self->path == NULL || agent == NULL)
    return;
  g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  self->reading = g_cancellable_new ();
  kvmm_agent_client_list_files_async (agent, self->path, 0, self->reading, listed_cb, self);
}

static void
go_to (KvmmFilesView *self, const char *path)
{
  set_path (self, path);
  read_folder (self);
}

static gboolean
refresh_cb (gpointer user_data)
{
  KvmmFilesView *self = user_data;

  self->refresh_id = 0;
  read_folder (self);
  return G_SOURCE_REMOVE;
}

static void
finished_cb (KvmmFilesView *self, KvmmTransfer *transfer)
{
  if (kvmm_transfer_get_is_upload (transfer) && self->refresh_id == 0 &&
      gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->refresh_id = g_timeout_add (REFRESH_DELAY_MS, refresh_cb, self);
}

static void
add_root (GMenu *menu, const char *path)
{
  g_autofree char *text = kvmm_guest_text_sanitise (path, -1);
  /* The label of a menu is not markup, but has mnemonics. */
  g_auto (GStrv) parts = g_strsplit (text, "_", -1);
  g_autofree char *label = g_strjoinv ("__", parts);
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target (item, "files.go", "s", path);
  g_menu_append_item (menu, item);
}

static void
add_roots (GMenu *menu, const char *heading, char **paths)
{
  g_autoptr (GMenu) section = g_menu_new ();

  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    add_root (section, paths[i]);
  if (g_menu_model_get_n_items (G_MENU_MODEL (section)) > 0)
    g_menu_append_section (menu, heading, G_MENU_MODEL (section));
}

static void
show_roots (KvmmFilesView *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  const char *first = NULL;

  add_roots (menu, _ ("To read"), self->roots->read_paths);
  add_roots (menu, _ ("To write"), self->roots->write_paths);
  gtk_menu_button_set_menu_model (self->roots_button, G_MENU_MODEL (menu));
  if (self->roots->read_paths != NULL)
    first = self->roots->read_paths[0];
  if (first == NULL && self->roots->write_paths != NULL)
    first = self->roots->write_paths[0];
  gtk_widget_set_sensitive (GTK_WIDGET (self->roots_button), first != NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self->path_entry), first != NULL);
  if (first != NULL)
    {
      go_to (self, self->path != NULL ? self->path : first);
      return;
    }
  g_clear_pointer (&self->path, g_free);
  if (self->roots->inbox != NULL)
    {
      g_autofree char *inbox = kvmm_guest_text_sanitise (self->roots->inbox, -1);
      g_autofree char *text =
          g_strdup_printf (_ ("The guest takes files into %s. Drop them here, or anywhere on this "
                              "window. They cannot be read back."),
                           inbox);

      show_status (self, "document-send-symbolic", _ ("Inbox"), text, "files.upload",
                   _ ("Upload Files…"));
    }
  else
    show_status (self, "folder-symbolic", _ ("No Folders"),
                 _ ("The guest's policy file names no folder in its section [files]."), NULL, NULL);
}

static void
roots_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmFilesView *self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmGuestFileRoots *roots =
      kvmm_agent_client_file_roots_finish (KVMM_AGENT_CLIENT (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->reading);
  if (roots == NULL)
    {
      show_failure (self, error);
      return;
    }
  g_clear_pointer (&self->roots, kvmm_guest_file_roots_free);
  self->roots = roots;
  show_roots (self);
}

static void
read_roots (KvmmFilesView *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  KvmmAgentClient *agent = kvmm_guest_get_agent (guest);

  if (agent == NULL || !kvmm_guest_get_control_allowed (guest) || self->reading != NULL)
    return;
  self->reading = g_cancellable_new ();
  kvmm_agent_client_file_roots_async (agent, self->reading, roots_cb, self);
}

/* A new session may have another policy. */
static void
access_changed_cb (KvmmFilesView *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    read_roots (self);
  else
    g_clear_pointer (&self->roots, kvmm_guest_file_roots_free);
}

/* ---- Transfers ---- */

static void
add_transfer (KvmmFilesView *self, KvmmTransfer *transfer, guint batch)
{
  kvmm_transfer_set_batch (transfer, batch);
  if (!kvmm_transfer_queue_add (self->queue, transfer))
    kvmm_dialogs_toast (GTK_WIDGET (self), _ ("There are too many transfers"));
}

void
kvmm_files_view_upload (KvmmFilesView *self, GSList *files)
{
  gboolean writes;
  guint batch;

  g_return_if_fail (KVMM_IS_FILES_VIEW (self));

  writes = can_write (self);
  if (!writes && (self->roots == NULL || self->roots->inbox == NULL))
    {
      kvmm_dialogs_toast (GTK_WIDGET (self), _ ("The guest's policy lets nothing be put here"));
      return;
    }
  batch = kvmm_transfer_queue_new_batch (self->queue);
  for (GSList *l = files; l != NULL; l = l->next)
    add_transfer (self, kvmm_transfer_new_upload (l->data, writes ? self->path : NULL), batch);
  if (!writes && self->path != NULL)
    kvmm_dialogs_toast (GTK_WIDGET (self),
                        _ ("This folder cannot be written; the files go into the guest's inbox"));
}

void
kvmm_files_view_download (KvmmFilesView *self, GFile *folder)
{
  g_autoptr (GPtrArray) items = NULL;
  guint batch;

  g_return_if_fail (KVMM_IS_FILES_VIEW (self));

  items = list_selected (self);
  batch = kvmm_transfer_queue_new_batch (self->queue);
  for (guint i = 0; i < items->len; i++)
    {
      KvmmFileItem *item = g_ptr_array_index (items, i);
      const KvmmGuestFile *file = kvmm_file_item_get_file (item);
      g_autofree char *path = g_build_path ("/", self->path, file->name, NULL);

      if (kvmm_file_item_can_download (item))
        add_transfer (self,
                      kvmm_transfer_new_download (path, file->name,
                                                  file->type == KVMM_GUEST_FILE_DIRECTORY, folder),
                      batch);
    }
}

static void
chosen_cb (GtkNativeDialog *dialog, int response, KvmmFilesView *self)
{
  GtkFileChooser *chooser = GTK_FILE_CHOOSER (dialog);
  g_autoptr (GListModel) files = gtk_file_chooser_get_files (chooser);
  gboolean is_download = g_object_get_data (G_OBJECT (dialog), "kvmm-download") != NULL;
  GSList *list = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    {
      for (guint i = g_list_model_get_n_items (files); i-- > 0;)
        list = g_slist_prepend (list, g_list_model_get_item (files, i));
      if (is_download && list != NULL)
        kvmm_files_view_download (self, list->data);
      else if (!is_download)
        kvmm_files_view_upload (self, list);
      g_slist_free_full (list, g_object_unref);
    }
  g_clear_object (&self->chooser);
}

static void
choose (KvmmFilesView *self, const char *title, gboolean is_folder, gboolean is_download)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  if (self->chooser != NULL)
    return;
  self->chooser = gtk_file_chooser_native_new (title, GTK_WINDOW (root),
                                               is_folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER
                                                         : GTK_FILE_CHOOSER_ACTION_OPEN,
                                               is_download ? _ ("_Download") : _ ("_Upload"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  gtk_file_chooser_set_select_multiple (GTK_FILE_CHOOSER (self->chooser), !is_folder);
  if (is_download)
    g_object_set_data (G_OBJECT (self->chooser), "kvmm-download", self);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (chosen_cb), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
upload_value (KvmmFilesView *self, const GValue *value)
{
  GSList *files = gdk_file_list_get_files (g_value_get_boxed (value));

  kvmm_files_view_upload (self, files);
  g_slist_free (files);
}

static void
pasted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmFilesView *self = user_data;
  g_autoptr (GError) error = NULL;
  const GValue *value = gdk_clipboard_read_value_finish (GDK_CLIPBOARD (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (value == NULL)
    kvmm_dialogs_toast (GTK_WIDGET (self), _ ("There are no files on the clipboard"));
  else
    upload_value (self, value);
}

/* ---- What a person does with the folder ---- */

typedef struct
{
  KvmmFilesView *view; /* (owned) */
  GPtrArray *items;    /* (owned) */
} Question;

static void
question_free (Question *self)
{
  g_object_unref (self->view);
  g_ptr_array_unref (self->items);
  g_free (self);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmFilesView) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kvmm_agent_client_remove_file_finish (KVMM_AGENT_CLIENT (source), result, &error) &&
      gtk_widget_get_root (GTK_WIDGET (self)) != NULL)
    kvmm_dialogs_error (GTK_WIDGET (self), _ ("Could not delete a file in the guest"), error);
  if (self->refresh_id == 0 && gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->refresh_id = g_timeout_add (REFRESH_DELAY_MS, refresh_cb, self);
}

static void
delete_answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  KvmmFilesView *self = question->view;
  KvmmAgentClient *agent = NULL;

  if (kvmm_dialogs_confirm_finish (result) && self->path != NULL)
    agent = get_agent (self);
  for (guint i = 0; agent != NULL && i < question->items->len; i++)
    {
      const KvmmGuestFile *file = kvmm_file_item_get_file (g_ptr_array_index (question->items, i));
      g_autofree char *path = g_build_path ("/", self->path, file->name, NULL);

      if (!file->is_unusable)
        kvmm_agent_client_remove_file_async (agent, path, self->cancellable, removed_cb,
                                             g_object_ref (self));
    }
  question_free (question);
}

/* The names are the guest's words: they stand below the question, not in it. */
static void
ask_delete (KvmmFilesView *self)
{
  g_autoptr (GPtrArray) items = list_selected (self);
  g_autoptr (GString) body = g_string_new (NULL);
  g_autofree char *heading = NULL;
  guint shown = MIN (items->len, 5);
  Question *question;

  if (items->len == 0 || self->path == NULL)
    return;
  heading =
      g_strdup_printf (ngettext ("Delete %u File?", "Delete %u Files?", items->len), items->len);
  for (guint i = 0; i < shown; i++)
    g_string_append_printf (body, "%s\n",
                            kvmm_file_item_get_file (g_ptr_array_index (items, i))->display_name);
  if (items->len > shown)
    g_string_append_printf (body,
                            ngettext ("and %u other\n", "and %u others\n", items->len - shown),
                            items->len - shown);
  g_string_append (body,
                   _ ("They are deleted in the guest and cannot be brought back. Folders must "
                      "be empty."));
  question = g_new0 (Question, 1);
  question->view = g_object_ref (self);
  question->items = g_steal_pointer (&items);
  kvmm_dialogs_confirm_async (GTK_WIDGET (self), heading, body->str, _ ("_Delete"), TRUE,
                              delete_answered_cb, question);
}

static void
made_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmFilesView) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kvmm_agent_client_make_directory_finish (KVMM_AGENT_CLIENT (source), result, &error) &&
      gtk_widget_get_root (GTK_WIDGET (self)) != NULL)
    kvmm_dialogs_error (GTK_WIDGET (self), _ ("Could not make the folder in the guest"), error);
  read_folder (self);
}

static void
name_changed_cb (GtkEditable *entry, AdwMessageDialog *dialog)
{
  const char *name = gtk_editable_get_text (entry);
  gboolean is_good = name[0] != '\0' && strchr (name, '/') == NULL && strlen (name) <= 255 &&
                     !g_str_equal (name, ".") && !g_str_equal (name, "..");

  adw_message_dialog_set_response_enabled (dialog, "create", is_good);
}

static void
folder_answered_cb (AdwMessageDialog *dialog, const char *response, KvmmFilesView *self)
{
  GtkEditable *entry = GTK_EDITABLE (adw_message_dialog_get_extra_child (dialog));
  g_autofree char *path = NULL;
  KvmmAgentClient *agent;

  if (!g_str_equal (response, "create") || self->path == NULL)
    return;
  agent = get_agent (self);
  path = g_build_path ("/", self->path, gtk_editable_get_text (entry), NULL);
  if (agent != NULL)
    kvmm_agent_client_make_directory_async (agent, path, self->cancellable, made_cb,
                                            g_object_ref (self));
}

static void
ask_folder (KvmmFilesView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *entry = gtk_entry_new ();
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (root), _ ("New Folder"), NULL);

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "create",
                                    _ ("C_reate"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "create",
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "create");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_response_enabled (ADW_MESSAGE_DIALOG (dialog), "create", FALSE);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), _ ("Name of the folder"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Name of the folder"), -1);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), entry);
  g_signal_connect (entry, "changed", G_CALLBACK (name_changed_cb), dialog);
  g_signal_connect_object (dialog, "response", G_CALLBACK (folder_answered_cb), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
open_item (KvmmFilesView *self, KvmmFileItem *item)
{
  g_autofree char *path = NULL;

  if (self->path == NULL || !kvmm_file_item_can_open (item))
    return;
  path = g_build_path ("/", self->path, kvmm_file_item_get_file (item)->name, NULL);
  go_to (self, path);
}

static void
activate_cb (KvmmFilesView *self, guint position)
{
  g_autoptr (KvmmFileItem) item = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  if (item == NULL)
    return;
  if (kvmm_file_item_can_open (item))
    open_item (self, item);
  else if (kvmm_file_item_can_download (item))
    choose (self, _ ("Download Into"), TRUE, TRUE);
}

static void
path_cb (KvmmFilesView *self)
{
  const char *text = gtk_editable_get_text (self->path_entry);

  /* What was shown may be a cleaned picture of the real one. */
  if (g_strcmp0 (text, self->shown_path) == 0)
    read_folder (self);
  else if (text[0] == '/')
    {
      g_autofree char *path = g_strdup (text);
      gsize length = strlen (path);

      while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
      go_to (self, path);
    }
  else
    kvmm_dialogs_toast (GTK_WIDGET (self), _ ("A folder of the guest begins with “/”"));
}

static void
menu_cb (GtkWidget *cell, guint position, double x, double y, gpointer user_data)
{
  KvmmFilesView *self = user_data;
  double at_x = 0, at_y = 0;
  GdkRectangle at = { 0, 0, 1, 1 };

  if (!gtk_selection_model_is_selected (GTK_SELECTION_MODEL (self->selection), position))
    gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), position, TRUE);
  gtk_widget_translate_coordinates (cell, GTK_WIDGET (self), x, y, &at_x, &at_y);
  at.x = (int) at_x;
  at.y = (int) at_y;
  gtk_popover_set_pointing_to (GTK_POPOVER (self->row_popover), &at);
  gtk_popover_popup (GTK_POPOVER (self->row_popover));
}

/* The whole selection when it is dragged by one of its rows. */
static GdkContentProvider *
drag_cb (GtkDragSource *source, GtkWidget *cell, guint position, gpointer user_data)
{
  KvmmFilesView *self = user_data;
  g_autoptr (KvmmFileDrag) files = kvmm_file_drag_new (self->queue);
  g_autoptr (GPtrArray) items = NULL;

  if (!gtk_selection_model_is_selected (GTK_SELECTION_MODEL (self->selection), position))
    gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), position, TRUE);
  items = list_selected (self);
  for (guint i = 0; self->path != NULL && i < items->len; i++)
    {
      KvmmFileItem *item = g_ptr_array_index (items, i);
      const KvmmGuestFile *file = kvmm_file_item_get_file (item);
      g_autofree char *path = g_build_path ("/", self->path, file->name, NULL);

      if (kvmm_file_item_can_download (item))
        kvmm_file_drag_add (files, path, file->name, file->type == KVMM_GUEST_FILE_DIRECTORY);
    }
  if (kvmm_file_drag_get_n_files (files) == 0)
    return NULL;
  kvmm_file_drag_follow (files, source);
  return GDK_CONTENT_PROVIDER (g_steal_pointer (&files));
}

static void
up_or_open (KvmmFilesView *self, gboolean is_up)
{
  g_autoptr (GPtrArray) items = NULL;
  g_autofree char *parent = NULL;

  if (is_up)
    {
      parent = g_path_get_dirname (self->path);
      go_to (self, parent);
      return;
    }
  items = list_selected (self);
  if (items->len == 1)
    open_item (self, g_ptr_array_index (items, 0));
}

static void
action_cb (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmFilesView *self = KVMM_FILES_VIEW (widget);

  if (g_str_equal (name, "files.refresh"))
    read_folder (self);
  else if (g_str_equal (name, "files.up") || g_str_equal (name, "files.open"))
    up_or_open (self, g_str_equal (name, "files.up"));
  else if (g_str_equal (name, "files.go"))
    go_to (self, g_variant_get_string (parameter, NULL));
  else if (g_str_equal (name, "files.upload"))
    choose (self, _ ("Upload Files"), FALSE, FALSE);
  else if (g_str_equal (name, "files.upload-folder"))
    choose (self, _ ("Upload Folder"), TRUE, FALSE);
  else if (g_str_equal (name, "files.download"))
    choose (self, _ ("Download Into"), TRUE, TRUE);
  else if (g_str_equal (name, "files.delete"))
    ask_delete (self);
  else if (g_str_equal (name, "files.new-folder"))
    ask_folder (self);
  else if (g_str_equal (name, "files.paste"))
    gdk_clipboard_read_value_async (gtk_widget_get_clipboard (widget), GDK_TYPE_FILE_LIST,
                                    G_PRIORITY_DEFAULT, self->cancellable, pasted_cb, self);
}

static void
kvmm_files_view_map (GtkWidget *widget)
{
  KvmmFilesView *self = KVMM_FILES_VIEW (widget);

  GTK_WIDGET_CLASS (kvmm_files_view_parent_class)->map (widget);
  if (self->roots == NULL)
    read_roots (self);
}

static void
kvmm_files_view_dispose (GObject *object)
{
  KvmmFilesView *self = KVMM_FILES_VIEW (object);

  g_clear_handle_id (&self->refresh_id, g_source_remove);
  g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->chooser);
  g_clear_pointer (&self->row_popover, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->store);
  g_clear_object (&self->queue);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_files_view_parent_class)->dispose (object);
}

static void
kvmm_files_view_finalize (GObject *object)
{
  KvmmFilesView *self = KVMM_FILES_VIEW (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->roots, kvmm_guest_file_roots_free);
  g_free (self->path);
  g_free (self->shown_path);
  G_OBJECT_CLASS (kvmm_files_view_parent_class)->finalize (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  static const char *const actions[] = { "files.refresh", "files.up",         "files.open",
                                         "files.upload",  "files.download",   "files.upload-folder",
                                         "files.delete",  "files.new-folder", "files.paste" };

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, action_cb);
  gtk_widget_class_install_action (widget_class, "files.go", "s", action_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Up, GDK_ALT_MASK, "files.up", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_v, GDK_CONTROL_MASK, "files.paste",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Delete, 0, "files.delete", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F5, 0, "files.refresh", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_n, GDK_CONTROL_MASK | GDK_SHIFT_MASK,
                                       "files.new-folder", NULL);
}

static void
kvmm_files_view_class_init (KvmmFilesViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_files_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_files_view_finalize;
  widget_class->map = kvmm_files_view_map;
  g_type_ensure (KVMM_TYPE_TRANSFERS_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-files-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, roots_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, path_entry);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, view);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, status_page);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, status_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, status_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, transfers);
  gtk_widget_class_bind_template_child (widget_class, KvmmFilesView, row_menu);
  gtk_widget_class_bind_template_callback (widget_class, path_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  install_actions (widget_class);
}

static void
create_model (KvmmFilesView *self)
{
  GtkMultiSorter *sorter = gtk_multi_sorter_new ();
  GtkSortListModel *sorted;

  kvmm_files_columns_add (self->view, menu_cb, drag_cb, self);
  self->store = g_list_store_new (KVMM_TYPE_FILE_ITEM);
  gtk_multi_sorter_append (sorter, kvmm_file_item_create_kind_sorter ());
  gtk_multi_sorter_append (sorter, g_object_ref (gtk_column_view_get_sorter (self->view)));
  sorted = gtk_sort_list_model_new (g_object_ref (G_LIST_MODEL (self->store)), GTK_SORTER (sorter));
  /* Thousands of entries are put in order over some frames. */
  gtk_sort_list_model_set_incremental (sorted, TRUE);
  self->selection = gtk_multi_selection_new (G_LIST_MODEL (sorted));
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (update_actions), self,
                           G_CONNECT_SWAPPED);
}

static void
kvmm_files_view_init (KvmmFilesView *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  create_model (self);
  self->row_popover = gtk_popover_menu_new_from_model (self->row_menu);
  gtk_popover_set_has_arrow (GTK_POPOVER (self->row_popover), FALSE);
  gtk_widget_set_halign (self->row_popover, GTK_ALIGN_START);
  gtk_widget_set_parent (self->row_popover, GTK_WIDGET (self));
  show_status (self, "folder-symbolic", _ ("Reading the Folder"), "", NULL, NULL);
}

GtkWidget *
kvmm_files_view_new (KvmmSettings *settings, KvmmDomain *domain)
{
  KvmmFilesView *self = g_object_new (KVMM_TYPE_FILES_VIEW, NULL);
  KvmmGuest *guest = kvmm_domain_get_guest (domain);

  self->domain = g_object_ref (domain);
  self->queue = g_object_ref (kvmm_transfer_queue_get (guest));
  kvmm_transfers_view_set_queue (self->transfers, self->queue);
  g_signal_connect_object (self->queue, "finished", G_CALLBACK (finished_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "access-changed", G_CALLBACK (access_changed_cb), self,
                           G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

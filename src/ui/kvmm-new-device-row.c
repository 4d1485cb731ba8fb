/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-new-device-row.h"

#include <glib/gi18n.h>
#include <string.h>

#define FIELD_KEY "kvmm-new-device-field"

static GtkWidget *
create_choice (const KvmmXmlNewField *field)
{
  GtkWidget *row = adw_combo_row_new ();
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);

  for (guint i = 0; i < field->labels->len; i++)
    gtk_string_list_append (list, field->labels->pdata[i]);
  adw_combo_row_set_model (ADW_COMBO_ROW (row), G_LIST_MODEL (list));
  for (guint i = 0; i < field->words->len; i++)
    if (g_strcmp0 (field->words->pdata[i], field->value) == 0)
      adw_combo_row_set_selected (ADW_COMBO_ROW (row), i);
  return row;
}

static void
chosen_cb (GtkNativeDialog *dialog, int response, gpointer user_data)
{
  GtkEditable *row = user_data;
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  if (file != NULL && g_file_peek_path (file) != NULL)
    gtk_editable_set_text (row, g_file_peek_path (file));
  gtk_native_dialog_destroy (dialog);
  g_object_unref (dialog);
}

static void
browse_cb (GtkButton *button, gpointer user_data)
{
  GtkWidget *row = user_data;
  gboolean is_folder = kvmm_new_device_row_get_field (row)->type == KVMM_XML_NEW_FOLDER;
  /* Given back by its response. */
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (
      is_folder ? _ ("Choose a Folder") : _ ("Choose an Image"),
      GTK_WINDOW (gtk_widget_get_root (row)),
      is_folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN,
      _ ("_Choose"), _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (chosen_cb), row, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
suggest (GSimpleAction *action, GVariant *word, gpointer user_data)
{
  gtk_editable_set_text (user_data, g_variant_get_string (word, NULL));
}

/* What the host has, for whoever would rather not type it. */
static void
add_suggestions (GtkWidget *row, const KvmmXmlNewField *field)
{
  const GActionEntry entries[] = {
    { .name = "suggest", .activate = suggest, .parameter_type = "s" }
  };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  g_autoptr (GMenu) menu = g_menu_new ();
  GtkWidget *button = gtk_menu_button_new ();

  for (guint i = 0; i < field->words->len; i++)
    {
      g_autoptr (GString) label = g_string_new (field->labels->pdata[i]);
      g_autoptr (GMenuItem) item = NULL;

      /* One alone would underline the letter behind it. */
      g_string_replace (label, "_", "__", 0);
      item = g_menu_item_new (label->str, NULL);
      g_menu_item_set_action_and_target (item, "field.suggest", "s", field->words->pdata[i]);
      g_menu_append_item (menu, item);
    }
  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), row);
  gtk_widget_insert_action_group (row, "field", G_ACTION_GROUP (group));
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Choose One of the Host"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Choose One of the Host"), -1);
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (row), button);
}

static GtkWidget *
create_entry (const KvmmXmlNewField *field, gboolean may_browse)
{
  GtkWidget *row = adw_entry_row_new ();
  GtkWidget *button;

  gtk_editable_set_text (GTK_EDITABLE (row), field->value);
  adw_entry_row_set_activates_default (ADW_ENTRY_ROW (row), TRUE);
  if (field->words != NULL && field->words->len > 0)
    add_suggestions (row, field);
  if (!may_browse || (field->type != KVMM_XML_NEW_FILE && field->type != KVMM_XML_NEW_FOLDER))
    return row;
  button = gtk_button_new_from_icon_name ("document-open-symbolic");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Browse"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Browse"), -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (browse_cb), row, 0);
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (row), button);
  return row;
}

GtkWidget *
kvmm_new_device_row_new (const KvmmXmlNewField *field,
                         gboolean may_browse,
                         GCallback changed,
                         gpointer user_data)
{
  gboolean is_choice;
  GtkWidget *row;

  g_return_val_if_fail (field != NULL, NULL);

  is_choice = field->type == KVMM_XML_NEW_CHOICE;
  row = is_choice ? create_choice (field) : create_entry (field, may_browse);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), field->label);
  g_object_set_data (G_OBJECT (row), FIELD_KEY, (gpointer) field);
  g_signal_connect_object (row, is_choice ? "notify::selected" : "changed", changed,
                           G_OBJECT (user_data), G_CONNECT_SWAPPED);
  return row;
}

void
kvmm_new_device_row_set_text (GtkWidget *row, const char *text)
{
  const KvmmXmlNewField *field = kvmm_new_device_row_get_field (row);

  g_return_if_fail (field != NULL && text != NULL && field->type != KVMM_XML_NEW_CHOICE);

  if (strcmp (gtk_editable_get_text (GTK_EDITABLE (row)), text) != 0)
    gtk_editable_set_text (GTK_EDITABLE (row), text);
}

const KvmmXmlNewField *
kvmm_new_device_row_get_field (GtkWidget *row)
{
  return g_object_get_data (G_OBJECT (row), FIELD_KEY);
}

const char *
kvmm_new_device_row_get_value (GtkWidget *row)
{
  const KvmmXmlNewField *field = kvmm_new_device_row_get_field (row);
  guint selected;

  g_return_val_if_fail (field != NULL, "");

  if (field->type != KVMM_XML_NEW_CHOICE)
    return gtk_editable_get_text (GTK_EDITABLE (row));
  selected = adw_combo_row_get_selected (ADW_COMBO_ROW (row));
  return selected < field->words->len ? field->words->pdata[selected] : "";
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-hardware-list.h"

#include <glib/gi18n.h>

#include "kvmm-hardware-field.h"

/* More than these are folded away. */
#define MAX_UNFOLDED 4

/* Kept on the group. */
typedef struct
{
  KvmmXmlEditList *list; /* (owned) */
  GPtrArray *rows;       /* (unowned) (element-type GtkWidget) */
  GtkEditable *add_row;  /* (unowned) (nullable) */
} List;
#define LIST_KEY "kvmm-hardware-list"

static void
list_free (gpointer data)
{
  List *self = data;

  kvmm_xml_edit_list_free (self->list);
  g_free (self);
}

static List *
get_list (GtkWidget *group)
{
  return g_object_get_data (G_OBJECT (group), LIST_KEY);
}

/* @field: (transfer full) */
static GtkWidget *
add_row (GtkWidget *group, List *self, KvmmXmlEditField *field)
{
  GtkWidget *row = kvmm_hardware_field_new (field);

  g_ptr_array_add (self->list->fields, field);
  g_ptr_array_add (self->rows, row);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
  return row;
}

gboolean
kvmm_hardware_list_take_typed (GtkWidget *group, GError **error)
{
  List *self = get_list (group);
  g_autoptr (GPtrArray) more = NULL;
  g_autofree char *key = NULL;
  KvmmXmlEditField *field;
  const char *value;
  GtkWidget *row;

  g_return_val_if_fail (self != NULL, FALSE);

  if (self->add_row == NULL)
    return TRUE;
  key = g_strstrip (g_strdup (gtk_editable_get_text (self->add_row)));
  if (*key == '\0')
    return TRUE;
  field = kvmm_xml_edit_list_new_field (self->list, key, &value, error);
  if (field == NULL)
    return FALSE;
  row = add_row (group, self, field);
  kvmm_hardware_field_write (row, value);
  more = kvmm_xml_edit_list_more_fields (self->list, key);
  while (more->len > 0)
    add_row (group, self, g_ptr_array_steal_index (more, 0));
  gtk_editable_set_text (self->add_row, "");
  return TRUE;
}

static void
added_cb (GtkWidget *add_row, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (kvmm_hardware_list_take_typed (user_data, &error))
    gtk_widget_remove_css_class (add_row, "error");
  else
    gtk_widget_add_css_class (add_row, "error");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (add_row),
                                 error != NULL ? error->message
                                               : get_list (user_data)->list->add_label);
}

static GtkWidget *
create_add_row (GtkWidget *group, const char *label)
{
  GtkWidget *row = adw_entry_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), label);
  adw_entry_row_set_show_apply_button (ADW_ENTRY_ROW (row), TRUE);
  g_signal_connect_object (row, "apply", G_CALLBACK (added_cb), group, 0);
  return row;
}

GtkWidget *
kvmm_hardware_list_new (KvmmXmlEditList *list, GPtrArray *rows)
{
  GtkWidget *group = adw_preferences_group_new ();
  GtkWidget *folded = NULL;
  List *self = g_new0 (List, 1);

  g_return_val_if_fail (list != NULL && rows != NULL, NULL);

  self->list = list;
  self->rows = rows;
  g_object_set_data_full (G_OBJECT (group), LIST_KEY, self, list_free);
  if (list->add_label != NULL)
    {
      adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), list->title);
      self->add_row = GTK_EDITABLE (create_add_row (group, list->add_label));
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (self->add_row));
    }
  if (list->add_label == NULL || list->fields->len > MAX_UNFOLDED)
    {
      folded = adw_expander_row_new ();
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (folded), list->title);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), folded);
    }
  for (guint i = 0; i < list->fields->len; i++)
    {
      GtkWidget *row = kvmm_hardware_field_new (list->fields->pdata[i]);

      if (row == NULL)
        continue;
      g_ptr_array_add (rows, row);
      if (folded != NULL)
        adw_expander_row_add_row (ADW_EXPANDER_ROW (folded), row);
      else
        adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
    }
  return group;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-command-list.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"

static void
copy_cb (GtkButton *button, gpointer user_data)
{
  kvmm_dialogs_copy (GTK_WIDGET (button), g_object_get_data (G_OBJECT (button), "command"));
}

/* @name: what the button is called */
static GtkWidget *
create_row (const char *command, const char *name)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (command);
  GtkWidget *button = gtk_button_new_from_icon_name ("edit-copy-symbolic");
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, command, -1);

  /* A hyphen at the end of a line would be typed. */
  pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
  gtk_label_set_attributes (GTK_LABEL (label), attributes);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (label, "monospace");

  gtk_widget_set_tooltip_text (button, _ ("Copy"));
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (button), "command", g_strdup (command), g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (copy_cb), NULL);

  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 6);
  gtk_widget_set_margin_top (box, 4);
  gtk_widget_set_margin_bottom (box, 4);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), button);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  return row;
}

static GtkWidget *
create_list (const char *label)
{
  GtkWidget *list = gtk_list_box_new ();

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  return list;
}

GtkWidget *
kvmm_command_list_new (const char *commands)
{
  g_return_val_if_fail (commands != NULL, NULL);

  GtkWidget *list = create_list (_ ("Commands to type in the guest"));
  g_auto (GStrv) lines = g_strsplit (commands, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0')
      {
        /* Translators: a button that copies; the value follows, as in "Copy 192.0.2.1" */
        g_autofree char *name = g_strdup_printf (_ ("Copy %s"), *line);

        gtk_list_box_append (GTK_LIST_BOX (list), create_row (*line, name));
      }
  return list;
}

GtkWidget *
kvmm_command_list_new_text (const char *text)
{
  g_return_val_if_fail (text != NULL, NULL);

  GtkWidget *list = create_list (_ ("Lines for a file of the guest"));
  g_autofree char *trimmed = g_strchomp (g_strdup (text));

  gtk_list_box_append (GTK_LIST_BOX (list), create_row (trimmed, _ ("Copy the lines")));
  return list;
}

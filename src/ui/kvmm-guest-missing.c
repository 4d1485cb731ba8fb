/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-missing.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-command-list.h"
#include "kvmm-control-row.h"

#define SPACING 6
#define GROUP_SPACING 18

static GtkWidget *
create_heading (const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_widget_add_css_class (label, "heading");
  return label;
}

GtkWidget *
kvmm_guest_missing_create_lines (const char *lines)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, SPACING);
  GtkWidget *then = create_heading (_ ("and then types, as root"));
  /* Translators: the name of a file follows; below it are lines of text */
  g_autofree char *where = g_strdup_printf (_ ("An administrator of the guest adds to %s"),
                                            kvmm_guest_get_policy_path ());

  gtk_box_append (GTK_BOX (box), create_heading (where));
  gtk_box_append (GTK_BOX (box), kvmm_command_list_new_text (lines));
  gtk_widget_set_margin_top (then, SPACING);
  gtk_box_append (GTK_BOX (box), then);
  gtk_box_append (GTK_BOX (box), kvmm_command_list_new (kvmm_guest_get_policy_command ()));
  return box;
}

void
kvmm_guest_missing_present (GtkWidget *widget,
                            KvmmGuest *guest,
                            const char *heading,
                            const char *lines)
{
  GtkRoot *root = gtk_widget_get_root (widget);
  const char *body = lines != NULL
                         ? _ ("The guest's policy must allow it, and this computer as well.")
                         : _ ("It is switched off for this machine on this computer.");
  GtkWidget *dialog =
      adw_message_dialog_new (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, heading, body);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, GROUP_SPACING);
  GtkWidget *group = adw_preferences_group_new ();

  adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), kvmm_control_row_new (guest));
  gtk_box_append (GTK_BOX (box), group);
  if (lines != NULL)
    gtk_box_append (GTK_BOX (box), kvmm_guest_missing_create_lines (lines));
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), box);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "close");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "close");
  gtk_window_present (GTK_WINDOW (dialog));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-describe-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <string.h>

#include "kvmm-dialogs.h"
#include "model/kvmm-domain-edit.h"

#define TEXT_HEIGHT 120

/* From the read to the answer. */
typedef struct
{
  GtkWidget *widget;          /* (owned) where toasts are shown */
  KvmmDomain *domain;         /* (owned) */
  KvmmXmlEdit *edit;          /* (owned) (nullable) as it was read */
  GtkEditable *title;         /* (unowned) of the dialog */
  GtkTextBuffer *description; /* (unowned) of the dialog */
  GtkEditable *tags;          /* (unowned) of the dialog */
  char *old_tags;             /* (owned) (nullable) as they were shown first */
} Description;

static void
description_free (Description *self)
{
  g_object_unref (self->widget);
  g_object_unref (self->domain);
  g_clear_pointer (&self->edit, kvmm_xml_edit_free);
  g_free (self->old_tags);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Description, description_free)

static Description *
description_new (GtkWidget *widget, KvmmDomain *domain)
{
  Description *self = g_new0 (Description, 1);

  self->widget = g_object_ref (widget);
  self->domain = g_object_ref (domain);
  return self;
}

static void
tell_error (Description *self, const GError *error)
{
  g_autofree char *summary = g_strdup_printf (_ ("Could not change the description of “%s”"),
                                              kvmm_domain_get_name (self->domain));

  kvmm_dialogs_error (self->widget, summary, error);
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Description) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied =
      kvmm_domain_apply_edit_finish (KVMM_DOMAIN (source), result, &error);

  if (applied == NULL)
    tell_error (self, error);
}

static void
tagged_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Description) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!kvmm_domain_set_tags_finish (KVMM_DOMAIN (source), result, &error))
    tell_error (self, error);
}

/* "web, db" as people write it. Returns: (transfer full) */
static char **
split_tags (const char *text)
{
  char **tags = g_strsplit (text, ",", -1);

  for (guint i = 0; tags[i] != NULL; i++)
    g_strstrip (tags[i]);
  return tags;
}

static char *
dup_tags (KvmmDomain *domain)
{
  const char *const *tags = kvmm_domain_get_tags (domain);

  return tags != NULL ? g_strjoinv (", ", (char **) tags) : g_strdup ("");
}

/* Only what was changed: the other one may have been changed elsewhere meanwhile. */
static gboolean
set (KvmmXmlEdit *edit, const char *path, char *value, GError **error)
{
  const char *text = *g_strstrip (value) != '\0' ? value : NULL;
  g_autofree char *before = kvmm_xml_edit_get (edit, "domain", 0, path);

  return g_strcmp0 (before, text) == 0 || kvmm_xml_edit_set (edit, "domain", 0, path, text, error);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Description *self = user_data;
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *title = NULL;
  g_autofree char *description = NULL;
  const char *tags = gtk_editable_get_text (self->tags);

  if (!g_str_equal (response, "save"))
    return;
  edit = kvmm_xml_edit_copy (self->edit);
  title = g_strdup (gtk_editable_get_text (self->title));
  g_object_get (self->description, "text", &description, NULL);
  if (!set (edit, "title", title, &error) || !set (edit, "description", description, &error))
    {
      tell_error (self, error);
      return;
    }
  if (kvmm_xml_edit_has_changes (edit))
    kvmm_domain_apply_edit_async (self->domain, edit, KVMM_DOMAIN_EDIT_LIVE, NULL, applied_cb,
                                  description_new (self->widget, self->domain));
  if (strcmp (tags, self->old_tags) != 0)
    {
      g_auto (GStrv) words = split_tags (tags);

      kvmm_domain_set_tags_async (self->domain, (const char *const *) words, NULL, tagged_cb,
                                  description_new (self->widget, self->domain));
    }
}

static GtkWidget *
create_form (Description *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *list = gtk_list_box_new ();
  GtkWidget *title = adw_entry_row_new ();
  GtkWidget *tags = adw_entry_row_new ();
  GtkWidget *label = gtk_label_new (_ ("Description"));
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkWidget *view = gtk_text_view_new ();
  g_autofree char *old_title = kvmm_xml_edit_get (self->edit, "domain", 0, "title");
  g_autofree char *old_description = kvmm_xml_edit_get (self->edit, "domain", 0, "description");

  self->title = GTK_EDITABLE (title);
  self->description = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (title), _ ("Title"));
  gtk_editable_set_text (self->title, old_title != NULL ? old_title : "");
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_list_box_append (GTK_LIST_BOX (list), title);
  self->tags = GTK_EDITABLE (tags);
  self->old_tags = dup_tags (self->domain);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (tags), _ ("Tags, with commas between them"));
  gtk_editable_set_text (self->tags, self->old_tags);
  gtk_list_box_append (GTK_LIST_BOX (list), tags);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "heading");
  gtk_text_buffer_set_text (self->description, old_description != NULL ? old_description : "", -1);
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (view), GTK_WRAP_WORD_CHAR);
  /* Tab leaves it. */
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (view), FALSE);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (view), 12);
  gtk_text_view_set_right_margin (GTK_TEXT_VIEW (view), 12);
  gtk_text_view_set_top_margin (GTK_TEXT_VIEW (view), 12);
  gtk_text_view_set_bottom_margin (GTK_TEXT_VIEW (view), 12);
  gtk_accessible_update_property (GTK_ACCESSIBLE (view), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Description"), -1);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scrolled), TEXT_HEIGHT);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), view);
  gtk_widget_add_css_class (scrolled, "card");
  gtk_box_append (GTK_BOX (box), list);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), scrolled);
  return box;
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Description) self = user_data;
  g_autoptr (GError) error = NULL;
  GtkRoot *root = gtk_widget_get_root (self->widget);
  AdwMessageDialog *dialog;

  self->edit = kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);
  if (self->edit == NULL)
    {
      tell_error (self, error);
      return;
    }
  if (!GTK_IS_WINDOW (root))
    return;
  dialog = ADW_MESSAGE_DIALOG (
      adw_message_dialog_new (GTK_WINDOW (root), _ ("Title, Tags and Description"), NULL));
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "save", _ ("_Save"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "save", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (dialog, "save");
  adw_message_dialog_set_close_response (dialog, "cancel");
  adw_message_dialog_set_extra_child (dialog, create_form (self));
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), self);
  g_object_set_data_full (G_OBJECT (dialog), "kvmm-description", g_steal_pointer (&self),
                          (GDestroyNotify) description_free);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
kvmm_describe_dialog_present (GtkWidget *widget, KvmmDomain *domain)
{
  g_return_if_fail (GTK_IS_WIDGET (widget) && KVMM_IS_DOMAIN (domain));

  kvmm_domain_begin_edit_async (domain, NULL, begun_cb, description_new (widget, domain));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-xml-page.h"

#include <glib/gi18n.h>
#include <gtksourceview/gtksource.h>

#include "kvmm-dialogs.h"
#include "kvmm-diff-dialog.h"
#include "kvmm-history-window.h"
#include "model/kvmm-domain-edit.h"

/* Lines around a change in the question whether to apply it. */
#define CONTEXT_LINES 3

struct _KvmmXmlPage
{
  AdwBin parent_instance;

  KvmmDomain *domain;                     /* (owned) */
  GCancellable *cancellable;              /* (owned) (nullable): of the read that is under way */
  GtkSourceSearchContext *search_context; /* (owned) */
  KvmmXmlEdit *edit;                      /* (owned) (nullable): while it is edited */

  GtkToggleButton *live_button;
  GtkToggleButton *stored_button;
  GtkToggleButton *search_button;
  GtkWidget *choice_box;
  GtkLabel *mode_label;
  GtkWidget *edit_button;
  GtkWidget *history_button;
  GtkWidget *cancel_button;
  GtkWidget *apply_button;
  GtkWidget *copy_button;
  GtkSearchBar *search_bar;
  GtkEditable *search_entry;
  GtkLabel *matches_label;
  GtkStack *stack;
  GtkSourceView *view;
  GtkSourceBuffer *buffer;
  AdwStatusPage *error_page;
};

G_DEFINE_FINAL_TYPE (KvmmXmlPage, kvmm_xml_page, ADW_TYPE_BIN)

static char *
dup_text (KvmmXmlPage *self)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (GTK_TEXT_BUFFER (self->buffer), &start, &end);
  return gtk_text_buffer_get_text (GTK_TEXT_BUFFER (self->buffer), &start, &end, TRUE);
}

/* The same text again would throw away the place that a person reads at. */
static void
show_xml (KvmmXmlPage *self, const char *xml)
{
  GtkTextBuffer *buffer = GTK_TEXT_BUFFER (self->buffer);
  GtkTextIter start;
  g_autofree char *old = dup_text (self);

  if (g_strcmp0 (old, xml) != 0)
    {
      gtk_text_buffer_set_text (buffer, xml, -1);
      gtk_text_buffer_get_start_iter (buffer, &start);
      gtk_text_buffer_place_cursor (buffer, &start);
    }
  gtk_widget_set_sensitive (self->copy_button, TRUE);
  gtk_stack_set_visible_child_name (self->stack, "xml");
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmXmlPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kvmm_domain_read_xml_finish (KVMM_DOMAIN (object), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (xml != NULL)
    {
      /* libvirt checks names and descriptions, but a text buffer aborts on what is no UTF-8. */
      g_autofree char *text = g_utf8_make_valid (xml, -1);

      show_xml (self, text);
      return;
    }

  g_autofree char *description = g_markup_escape_text (error->message, -1);

  gtk_widget_set_sensitive (self->copy_button, FALSE);
  adw_status_page_set_description (self->error_page, description);
  gtk_stack_set_visible_child_name (self->stack, "error");
}

static void
reload (KvmmXmlPage *self)
{
  gboolean is_active = kvmm_domain_get_is_active (self->domain);

  /* What a person writes is not overwritten. */
  if (!gtk_widget_get_mapped (GTK_WIDGET (self)) || self->edit != NULL)
    return;
  gtk_widget_set_sensitive (self->edit_button, kvmm_domain_get_persistent (self->domain));
  gtk_widget_set_sensitive (self->history_button, kvmm_domain_get_persistent (self->domain));
  gtk_widget_set_sensitive (GTK_WIDGET (self->live_button), is_active);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->live_button),
                               is_active ? _ ("The configuration of the running virtual machine")
                                         : _ ("There is no live configuration: the virtual machine "
                                              "does not run"));
  if (!is_active && gtk_toggle_button_get_active (self->live_button))
    {
      /* Comes back here. */
      gtk_toggle_button_set_active (self->stored_button, TRUE);
      return;
    }
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  kvmm_domain_read_xml_async (self->domain, !gtk_toggle_button_get_active (self->live_button),
                              self->cancellable, read_cb, g_object_ref (self));
}

static void
copy_cb (KvmmXmlPage *self)
{
  g_autofree char *text = dup_text (self);

  kvmm_dialogs_copy (GTK_WIDGET (self), text);
}

/* ---- editing ---- */

/* @edit: (transfer full) (nullable): %NULL ends it */
static void
set_edit (KvmmXmlPage *self, KvmmXmlEdit *edit)
{
  gboolean is_editing = edit != NULL;

  g_clear_pointer (&self->edit, kvmm_xml_edit_free);
  self->edit = edit;
  gtk_text_view_set_editable (GTK_TEXT_VIEW (self->view), is_editing);
  gtk_widget_set_visible (self->edit_button, !is_editing);
  gtk_widget_set_visible (self->history_button, !is_editing);
  gtk_widget_set_visible (self->cancel_button, is_editing);
  gtk_widget_set_visible (self->apply_button, is_editing);
  gtk_widget_set_visible (self->choice_box, !is_editing);
  gtk_label_set_text (self->mode_label,
                      is_editing ? _ ("Editing, with passwords") : _ ("Read-only"));
  if (!is_editing)
    reload (self);
}

static void
begun_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmXmlPage) self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmXmlEdit *edit = kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);

  gtk_widget_set_sensitive (self->edit_button, TRUE);
  if (edit == NULL)
    {
      kvmm_dialogs_error (GTK_WIDGET (self), _ ("The definition cannot be edited"), error);
      return;
    }
  gtk_toggle_button_set_active (self->stored_button, TRUE);
  g_cancellable_cancel (self->cancellable);
  show_xml (self, kvmm_xml_edit_get_base (edit));
  set_edit (self, edit);
  gtk_widget_grab_focus (GTK_WIDGET (self->view));
}

static void
edit_cb (KvmmXmlPage *self)
{
  gtk_widget_set_sensitive (self->edit_button, FALSE);
  kvmm_domain_begin_edit_async (self->domain, NULL, begun_cb, g_object_ref (self));
}

static void
cancelled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmXmlPage) self = user_data;

  if (kvmm_dialogs_confirm_finish (result))
    set_edit (self, NULL);
}

static void
cancel_cb (KvmmXmlPage *self)
{
  g_autofree char *text = dup_text (self);

  if (kvmm_xml_same (kvmm_xml_edit_get_base (self->edit), text))
    set_edit (self, NULL);
  else
    kvmm_dialogs_confirm_async (GTK_WIDGET (self), _ ("Discard Changes?"),
                                _ ("What was changed in the XML is lost."), _ ("Discard"), TRUE,
                                cancelled_cb, g_object_ref (self));
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmXmlPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied =
      kvmm_domain_apply_edit_finish (KVMM_DOMAIN (source), result, &error);

  gtk_widget_set_sensitive (self->apply_button, TRUE);
  if (applied == NULL)
    {
      kvmm_dialogs_error (GTK_WIDGET (self), _ ("The definition was not changed"), error);
      return;
    }
  set_edit (self, NULL);
  kvmm_dialogs_toast (GTK_WIDGET (self),
                      applied->needs_restart
                          ? _ ("The virtual machine has this with its next start")
                          : _ ("The definition is changed"));
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmXmlPage) self = user_data;

  if (!kvmm_diff_dialog_ask_finish (result) || self->edit == NULL)
    return;
  gtk_widget_set_sensitive (self->apply_button, FALSE);
  kvmm_domain_apply_edit_async (self->domain, self->edit, KVMM_DOMAIN_EDIT_VALIDATE, NULL,
                                applied_cb, g_object_ref (self));
}

/* The difference is looked at before anything is done. */
static void
apply_cb (KvmmXmlPage *self)
{
  g_autofree char *text = dup_text (self);
  g_autofree char *heading =
      g_strdup_printf (_ ("Change “%s”?"), kvmm_domain_get_name (self->domain));
  g_autoptr (GPtrArray) lines = NULL;
  g_autoptr (GError) error = NULL;

  if (!kvmm_xml_edit_replace_all (self->edit, text, &error) ||
      !kvmm_xml_edit_check (self->edit, &error) ||
      (lines = kvmm_xml_diff (kvmm_xml_edit_get_base (self->edit), text, CONTEXT_LINES, &error)) ==
          NULL)
    kvmm_dialogs_error (GTK_WIDGET (self), _ ("The XML cannot be used"), error);
  else if (lines->len == 0)
    set_edit (self, NULL);
  else
    kvmm_diff_dialog_ask_async (GTK_WIDGET (self), heading,
                                _ ("libvirt checks the definition before it takes it."), lines,
                                _ ("_Change"), asked_cb, g_object_ref (self));
}

static void
history_cb (KvmmXmlPage *self)
{
  kvmm_history_window_present (GTK_WIDGET (self), self->domain);
}

static void
show_match (KvmmXmlPage *self, GtkTextIter *start, GtkTextIter *end)
{
  gtk_text_buffer_select_range (GTK_TEXT_BUFFER (self->buffer), start, end);
  gtk_text_view_scroll_to_iter (GTK_TEXT_VIEW (self->view), start, 0.1, FALSE, 0, 0);
}

static void
search_next_cb (KvmmXmlPage *self)
{
  GtkTextIter from, start, end;

  gtk_text_buffer_get_selection_bounds (GTK_TEXT_BUFFER (self->buffer), NULL, &from);
  if (gtk_source_search_context_forward (self->search_context, &from, &start, &end, NULL))
    show_match (self, &start, &end);
}

static void
search_previous_cb (KvmmXmlPage *self)
{
  GtkTextIter from, start, end;

  gtk_text_buffer_get_selection_bounds (GTK_TEXT_BUFFER (self->buffer), &from, NULL);
  if (gtk_source_search_context_backward (self->search_context, &from, &start, &end, NULL))
    show_match (self, &start, &end);
}

static void
search_changed_cb (KvmmXmlPage *self)
{
  GtkSourceSearchSettings *settings = gtk_source_search_context_get_settings (self->search_context);
  GtkTextIter from, start, end;

  gtk_source_search_settings_set_search_text (settings, gtk_editable_get_text (self->search_entry));
  gtk_text_buffer_get_selection_bounds (GTK_TEXT_BUFFER (self->buffer), &from, NULL);
  if (gtk_source_search_context_forward (self->search_context, &from, &start, &end, NULL))
    show_match (self, &start, &end);
}

static void
count_changed_cb (KvmmXmlPage *self)
{
  int n = gtk_source_search_context_get_occurrences_count (self->search_context);
  g_autofree char *text = NULL;

  /* -1 while the buffer is not wholly searched */
  if (n >= 0 && *gtk_editable_get_text (self->search_entry) != '\0')
    text = g_strdup_printf (ngettext ("%d match", "%d matches", (gulong) n), n);
  gtk_label_set_text (self->matches_label, text != NULL ? text : "");
}

static void
dark_changed_cb (KvmmXmlPage *self)
{
  gboolean is_dark = adw_style_manager_get_dark (adw_style_manager_get_default ());
  GtkSourceStyleSchemeManager *manager = gtk_source_style_scheme_manager_get_default ();

  gtk_source_buffer_set_style_scheme (
      self->buffer,
      gtk_source_style_scheme_manager_get_scheme (manager, is_dark ? "Adwaita-dark" : "Adwaita"));
}

static void
kvmm_xml_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_xml_page_parent_class)->map (widget);
  reload (KVMM_XML_PAGE (widget));
}

static void
kvmm_xml_page_dispose (GObject *object)
{
  KvmmXmlPage *self = KVMM_XML_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->search_context);
  g_clear_pointer (&self->edit, kvmm_xml_edit_free);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_xml_page_parent_class)->dispose (object);
}

static void
kvmm_xml_page_class_init (KvmmXmlPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_xml_page_dispose;
  widget_class->map = kvmm_xml_page_map;

  g_type_ensure (GTK_SOURCE_TYPE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-xml-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, live_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, stored_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, search_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, choice_box);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, mode_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, edit_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, history_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, cancel_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, apply_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, copy_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, search_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, matches_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, view);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, buffer);
  gtk_widget_class_bind_template_child (widget_class, KvmmXmlPage, error_page);
  gtk_widget_class_bind_template_callback (widget_class, reload);
  gtk_widget_class_bind_template_callback (widget_class, copy_cb);
  gtk_widget_class_bind_template_callback (widget_class, edit_cb);
  gtk_widget_class_bind_template_callback (widget_class, history_cb);
  gtk_widget_class_bind_template_callback (widget_class, cancel_cb);
  gtk_widget_class_bind_template_callback (widget_class, apply_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_next_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_previous_cb);
}

static void
kvmm_xml_page_init (KvmmXmlPage *self)
{
  g_autoptr (GtkSourceSearchSettings) settings = gtk_source_search_settings_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->search_bar, self->search_entry);
  gtk_source_buffer_set_language (
      self->buffer,
      gtk_source_language_manager_get_language (gtk_source_language_manager_get_default (), "xml"));
  gtk_source_search_settings_set_wrap_around (settings, TRUE);
  self->search_context = gtk_source_search_context_new (self->buffer, settings);
  g_signal_connect_object (self->search_context, "notify::occurrences-count",
                           G_CALLBACK (count_changed_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark",
                           G_CALLBACK (dark_changed_cb), self, G_CONNECT_SWAPPED);
  dark_changed_cb (self);
}

GtkWidget *
kvmm_xml_page_new (KvmmDomain *domain)
{
  KvmmXmlPage *self = g_object_new (KVMM_TYPE_XML_PAGE, NULL);

  self->domain = g_object_ref (domain);
  /* "xml" notifies from the first time on that somebody asked for it. */
  kvmm_domain_get_xml (domain);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (reload), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::xml", G_CALLBACK (reload), self, G_CONNECT_SWAPPED);
  /* That another one is stored beside what runs is only an event. */
  g_signal_connect_object (kvmm_domain_get_log (domain), "items-changed", G_CALLBACK (reload), self,
                           G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

void
kvmm_xml_page_search (KvmmXmlPage *self)
{
  g_return_if_fail (KVMM_IS_XML_PAGE (self));

  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

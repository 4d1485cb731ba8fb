/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-output-view.h"

/* More lines than the limit are let stand, so that not each new one moves all the others. */
#define SLACK_LINES 500
/* Pixels from the end that still count as the end. */
#define END_SLACK 4

struct _KvmmOutputView
{
  AdwBin parent_instance;

  GtkTextBuffer *buffer; /* (owned) */
  GtkTextMark *end;      /* (unowned): the buffer's */
  GtkTextTag *error_tag; /* (unowned): the buffer's */

  GtkSearchBar *search_bar;
  GtkSearchEntry *search_entry;
  GtkScrolledWindow *scroller;
  GtkTextView *view;
};

G_DEFINE_FINAL_TYPE (KvmmOutputView, kvmm_output_view, ADW_TYPE_BIN)

static gboolean
is_at_end (KvmmOutputView *self)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);

  return gtk_adjustment_get_value (adjustment) + gtk_adjustment_get_page_size (adjustment) >=
         gtk_adjustment_get_upper (adjustment) - END_SLACK;
}

static void
trim (KvmmOutputView *self)
{
  int lines = gtk_text_buffer_get_line_count (self->buffer);
  GtkTextIter begin;
  GtkTextIter kept;

  if (lines <= KVMM_OUTPUT_VIEW_MAX_LINES + SLACK_LINES)
    return;
  gtk_text_buffer_get_start_iter (self->buffer, &begin);
  gtk_text_buffer_get_iter_at_line (self->buffer, &kept, lines - KVMM_OUTPUT_VIEW_MAX_LINES);
  gtk_text_buffer_delete (self->buffer, &begin, &kept);
}

void
kvmm_output_view_append (KvmmOutputView *self, const char *text, gboolean is_error)
{
  gboolean follows = is_at_end (self);
  GtkTextIter end;

  g_return_if_fail (KVMM_IS_OUTPUT_VIEW (self));

  if (*text == '\0')
    return;
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_insert_with_tags (self->buffer, &end, text, -1, is_error ? self->error_tag : NULL,
                                    NULL);
  trim (self);
  if (follows)
    gtk_text_view_scroll_mark_onscreen (self->view, self->end);
}

void
kvmm_output_view_clear (KvmmOutputView *self)
{
  g_return_if_fail (KVMM_IS_OUTPUT_VIEW (self));

  gtk_text_buffer_set_text (self->buffer, "", -1);
}

char *
kvmm_output_view_dup_text (KvmmOutputView *self)
{
  GtkTextIter begin;
  GtkTextIter end;

  g_return_val_if_fail (KVMM_IS_OUTPUT_VIEW (self), NULL);

  gtk_text_buffer_get_bounds (self->buffer, &begin, &end);
  return gtk_text_buffer_get_text (self->buffer, &begin, &end, FALSE);
}

char *
kvmm_output_view_dup_selection (KvmmOutputView *self)
{
  GtkTextIter begin;
  GtkTextIter end;

  g_return_val_if_fail (KVMM_IS_OUTPUT_VIEW (self), NULL);

  if (gtk_text_buffer_get_selection_bounds (self->buffer, &begin, &end))
    return gtk_text_buffer_get_text (self->buffer, &begin, &end, FALSE);
  return kvmm_output_view_dup_text (self);
}

guint
kvmm_output_view_get_n_lines (KvmmOutputView *self)
{
  g_return_val_if_fail (KVMM_IS_OUTPUT_VIEW (self), 0);

  return (guint) gtk_text_buffer_get_line_count (self->buffer);
}

/* Looks on from what was found last, round the ends. */
static void
find (KvmmOutputView *self, gboolean forward, gboolean from_cursor)
{
  const char *word = gtk_editable_get_text (GTK_EDITABLE (self->search_entry));
  GtkTextIter begin;
  GtkTextIter end;
  GtkTextIter match_begin;
  GtkTextIter match_end;
  gboolean is_found = FALSE;

  if (*word == '\0')
    return;
  gtk_text_buffer_get_selection_bounds (self->buffer, &begin, &end);
  for (guint i = 0; i < 2 && !is_found; i++)
    {
      GtkTextIter from = forward && !from_cursor ? end : begin;

      if (i == 1 && forward)
        gtk_text_buffer_get_start_iter (self->buffer, &from);
      else if (i == 1)
        gtk_text_buffer_get_end_iter (self->buffer, &from);
      is_found = (forward ? gtk_text_iter_forward_search : gtk_text_iter_backward_search) (
          &from, word, GTK_TEXT_SEARCH_CASE_INSENSITIVE | GTK_TEXT_SEARCH_TEXT_ONLY, &match_begin,
          &match_end, NULL);
    }
  if (is_found)
    {
      gtk_text_buffer_select_range (self->buffer, &match_begin, &match_end);
      gtk_text_view_scroll_to_mark (self->view, gtk_text_buffer_get_insert (self->buffer), 0.1,
                                    FALSE, 0, 0);
      gtk_widget_remove_css_class (GTK_WIDGET (self->search_entry), "error");
    }
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->search_entry), "error");
}

static void
search_changed_cb (KvmmOutputView *self)
{
  gtk_widget_remove_css_class (GTK_WIDGET (self->search_entry), "error");
  find (self, TRUE, TRUE);
}

static void
find_next_cb (KvmmOutputView *self)
{
  find (self, TRUE, FALSE);
}

static void
find_previous_cb (KvmmOutputView *self)
{
  find (self, FALSE, FALSE);
}

static void
find_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  kvmm_output_view_find (KVMM_OUTPUT_VIEW (widget));
}

static void
update_colours (KvmmOutputView *self)
{
  gboolean is_dark = adw_style_manager_get_dark (adw_style_manager_get_default ());

  /* The red of libadwaita that can be read on the background of either style. */
  g_object_set (self->error_tag, "foreground", is_dark ? "#ff7b63" : "#c01c28", NULL);
}

static void
kvmm_output_view_dispose (GObject *object)
{
  KvmmOutputView *self = KVMM_OUTPUT_VIEW (object);

  g_clear_object (&self->buffer);
  G_OBJECT_CLASS (kvmm_output_view_parent_class)->dispose (object);
}

static void
kvmm_output_view_class_init (KvmmOutputViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_output_view_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-output-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmOutputView, search_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmOutputView, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KvmmOutputView, scroller);
  gtk_widget_class_bind_template_child (widget_class, KvmmOutputView, view);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, find_next_cb);
  gtk_widget_class_bind_template_callback (widget_class, find_previous_cb);
  gtk_widget_class_install_action (widget_class, "output.find", NULL, find_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "output.find",
                                       NULL);
}

static void
kvmm_output_view_init (KvmmOutputView *self)
{
  GtkTextIter end;

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->search_bar, GTK_EDITABLE (self->search_entry));
  self->buffer = g_object_ref (gtk_text_view_get_buffer (self->view));
  gtk_text_buffer_set_enable_undo (self->buffer, FALSE);
  self->error_tag = gtk_text_buffer_create_tag (self->buffer, NULL, NULL);
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  self->end = gtk_text_buffer_create_mark (self->buffer, NULL, &end, FALSE);
  update_colours (self);
  g_signal_connect_object (adw_style_manager_get_default (), "notify::dark",
                           G_CALLBACK (update_colours), self, G_CONNECT_SWAPPED);
}

GtkWidget *
kvmm_output_view_new (void)
{
  return g_object_new (KVMM_TYPE_OUTPUT_VIEW, NULL);
}

void
kvmm_output_view_set_label (KvmmOutputView *self, const char *label)
{
  g_return_if_fail (KVMM_IS_OUTPUT_VIEW (self));

  gtk_accessible_update_property (GTK_ACCESSIBLE (self->view), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
}

void
kvmm_output_view_find (KvmmOutputView *self)
{
  g_return_if_fail (KVMM_IS_OUTPUT_VIEW (self));

  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

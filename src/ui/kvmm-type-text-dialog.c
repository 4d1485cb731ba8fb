/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-type-text-dialog.h"

#include <glib/gi18n.h>

#include "console/kvmm-key-typer.h"
#include "model/kvmm-settings.h"

struct _KvmmTypeTextDialog
{
  AdwWindow parent_instance;

  KvmmDisplay *display;      /* (owned) */
  GSettings *machine;        /* (owned) */
  GCancellable *cancellable; /* (owned) (nullable) while it types */

  GtkTextView *text;
  GtkDropDown *layout;
  GtkLabel *problem;
  GtkProgressBar *progress;
  GtkWidget *type_button;
};

G_DEFINE_FINAL_TYPE (KvmmTypeTextDialog, kvmm_type_text_dialog, ADW_TYPE_WINDOW)

static char *
dup_text (KvmmTypeTextDialog *self)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->text);
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

static const char *
get_layout (KvmmTypeTextDialog *self)
{
  guint n_layouts;
  const KvmmKeyLayoutInfo *layouts = kvmm_key_layout_list (&n_layouts);
  guint selected = gtk_drop_down_get_selected (self->layout);

  return selected < n_layouts ? layouts[selected].id : kvmm_key_layout_guess (NULL);
}

static void
update (KvmmTypeTextDialog *self)
{
  g_autofree char *text = dup_text (self);
  g_autofree char *missing = kvmm_key_layout_list_missing (get_layout (self), text);
  glong length = g_utf8_strlen (text, -1);
  g_autofree char *problem = NULL;

  if (missing != NULL)
    problem = g_strdup_printf (_ ("Not on this keyboard: %s"), missing);
  else if (length > KVMM_KEY_TYPER_MAX)
    problem = g_strdup_printf (_ ("Too long: at most %d characters"), KVMM_KEY_TYPER_MAX);
  gtk_label_set_text (self->problem, problem != NULL ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), problem != NULL);
  gtk_widget_set_sensitive (self->type_button,
                            self->cancellable == NULL && length > 0 && problem == NULL);
}

static void
layout_cb (KvmmTypeTextDialog *self)
{
  if (self->machine == NULL)
    return;
  g_settings_set_string (self->machine, KVMM_SETTINGS_MACHINE_KEYMAP, get_layout (self));
  update (self);
}

static void
progress_cb (guint n_typed, guint n_total, gpointer user_data)
{
  KvmmTypeTextDialog *self = user_data;

  gtk_progress_bar_set_fraction (self->progress, (double) n_typed / MAX (n_total, 1));
}

static void
typed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmTypeTextDialog) self = user_data;
  g_autoptr (GError) error = NULL;

  if (kvmm_key_typer_type_finish (KVMM_DISPLAY (source), result, &error) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      gtk_window_destroy (GTK_WINDOW (self));
      return;
    }
  g_clear_object (&self->cancellable);
  gtk_widget_set_sensitive (GTK_WIDGET (self->text), TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), FALSE);
  update (self);
  gtk_label_set_text (self->problem, error->message);
  gtk_widget_set_visible (GTK_WIDGET (self->problem), TRUE);
}

static void
type_cb (KvmmTypeTextDialog *self)
{
  g_autofree char *text = dup_text (self);

  if (self->cancellable != NULL)
    return;
  self->cancellable = g_cancellable_new ();
  gtk_widget_set_sensitive (GTK_WIDGET (self->text), FALSE);
  gtk_widget_set_sensitive (self->type_button, FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->progress), TRUE);
  kvmm_key_typer_type_async (self->display, text, get_layout (self), KVMM_KEY_TYPER_RATE,
                             progress_cb, self, self->cancellable, typed_cb, g_object_ref (self));
}

/* What is being typed stops, and the window goes when it has. */
static gboolean
kvmm_type_text_dialog_close_request (GtkWindow *window)
{
  KvmmTypeTextDialog *self = KVMM_TYPE_TEXT_DIALOG (window);

  if (self->cancellable == NULL)
    return GTK_WINDOW_CLASS (kvmm_type_text_dialog_parent_class)->close_request (window);
  g_cancellable_cancel (self->cancellable);
  return GDK_EVENT_STOP;
}

static void
kvmm_type_text_dialog_dispose (GObject *object)
{
  KvmmTypeTextDialog *self = KVMM_TYPE_TEXT_DIALOG (object);

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->machine);
  g_clear_object (&self->display);
  G_OBJECT_CLASS (kvmm_type_text_dialog_parent_class)->dispose (object);
}

static void
kvmm_type_text_dialog_class_init (KvmmTypeTextDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_type_text_dialog_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = kvmm_type_text_dialog_close_request;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-type-text-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmTypeTextDialog, text);
  gtk_widget_class_bind_template_child (widget_class, KvmmTypeTextDialog, layout);
  gtk_widget_class_bind_template_child (widget_class, KvmmTypeTextDialog, problem);
  gtk_widget_class_bind_template_child (widget_class, KvmmTypeTextDialog, progress);
  gtk_widget_class_bind_template_child (widget_class, KvmmTypeTextDialog, type_button);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, layout_cb);
  gtk_widget_class_bind_template_callback (widget_class, type_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kvmm_type_text_dialog_init (KvmmTypeTextDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* The layout that was chosen for this machine, else the one of this computer's language. */
static void
fill_layouts (KvmmTypeTextDialog *self, GSettings *machine)
{
  g_autofree char *stored = g_settings_get_string (machine, KVMM_SETTINGS_MACHINE_KEYMAP);
  const char *wanted =
      *stored != '\0' ? stored : kvmm_key_layout_guess (g_get_language_names ()[0]);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint n_layouts, selected = 0;
  const KvmmKeyLayoutInfo *layouts = kvmm_key_layout_list (&n_layouts);

  for (guint i = 0; i < n_layouts; i++)
    {
      gtk_string_list_append (names, _ (layouts[i].name));
      if (g_str_equal (layouts[i].id, wanted))
        selected = i;
    }
  gtk_drop_down_set_model (self->layout, G_LIST_MODEL (names));
  gtk_drop_down_set_selected (self->layout, selected);
}

void
kvmm_type_text_dialog_present (GtkWidget *widget, KvmmDisplay *display, GSettings *machine)
{
  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (KVMM_IS_DISPLAY (display));
  g_return_if_fail (G_IS_SETTINGS (machine));

  GtkRoot *root = gtk_widget_get_root (widget);
  KvmmTypeTextDialog *self = g_object_new (KVMM_TYPE_TYPE_TEXT_DIALOG, "transient-for", root, NULL);
  self->display = g_object_ref (display);
  fill_layouts (self, machine);
  self->machine = g_object_ref (machine);
  update (self);
  gtk_window_present (GTK_WINDOW (self));
}

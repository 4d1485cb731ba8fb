/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-files-columns.h"

#include <glib/gi18n.h>

/* What the cells of a view call; kept with each column's factory. */
typedef struct
{
  KvmmFileColumn column;
  KvmmFilesMenuFunc menu_cb;
  KvmmFilesDragFunc drag_cb;
  gpointer user_data;
} Cells;

static guint
get_position (GtkEventController *controller)
{
  GtkListItem *item = g_object_get_data (G_OBJECT (controller), "kvmm-list-item");

  return gtk_list_item_get_position (item);
}

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, Cells *cells)
{
  GtkEventController *controller = GTK_EVENT_CONTROLLER (gesture);

  cells->menu_cb (gtk_event_controller_get_widget (controller), get_position (controller), x, y,
                  cells->user_data);
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

static GdkContentProvider *
prepare_cb (GtkDragSource *source, double x, double y, Cells *cells)
{
  GtkEventController *controller = GTK_EVENT_CONTROLLER (source);

  return cells->drag_cb (source, gtk_event_controller_get_widget (controller),
                         get_position (controller), cells->user_data);
}

static void
add_gestures (GtkWidget *cell, GtkListItem *item, Cells *cells)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkDragSource *drag = gtk_drag_source_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_object_set_data (G_OBJECT (click), "kvmm-list-item", item);
  g_signal_connect (click, "pressed", G_CALLBACK (pressed_cb), cells);
  gtk_widget_add_controller (cell, GTK_EVENT_CONTROLLER (click));

  g_object_set_data (G_OBJECT (drag), "kvmm-list-item", item);
  gtk_drag_source_set_actions (drag, GDK_ACTION_COPY);
  g_signal_connect (drag, "prepare", G_CALLBACK (prepare_cb), cells);
  gtk_widget_add_controller (cell, GTK_EVENT_CONTROLLER (drag));
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, Cells *cells)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *label = gtk_label_new (NULL);

  if (cells->column == KVMM_FILE_COLUMN_NAME)
    {
      GtkWidget *icon = gtk_image_new ();

      gtk_box_append (GTK_BOX (box), icon);
      gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
      gtk_label_set_width_chars (GTK_LABEL (label), 14);
    }
  gtk_label_set_xalign (GTK_LABEL (label), cells->column == KVMM_FILE_COLUMN_SIZE ? 1 : 0);
  if (cells->column == KVMM_FILE_COLUMN_MODE)
    gtk_widget_add_css_class (label, "monospace");
  else if (cells->column != KVMM_FILE_COLUMN_NAME)
    gtk_widget_add_css_class (label, "numeric");
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), label);
  add_gestures (box, item, cells);
  gtk_list_item_set_child (item, box);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, Cells *cells)
{
  KvmmFileItem *file = gtk_list_item_get_item (item);
  GtkWidget *box = gtk_list_item_get_child (item);
  GtkWidget *label = gtk_widget_get_last_child (box);
  g_autofree char *text = kvmm_file_item_dup_text (file, cells->column);

  if (cells->column == KVMM_FILE_COLUMN_NAME)
    gtk_image_set_from_icon_name (GTK_IMAGE (gtk_widget_get_first_child (box)),
                                  kvmm_file_item_get_icon_name (file));
  gtk_label_set_text (GTK_LABEL (label), text);
}

static void
cells_free (gpointer data, GClosure *closure)
{
  g_free (data);
}

static GtkColumnViewColumn *
create_column (KvmmFileColumn kind, const char *title, const Cells *template)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_autoptr (GtkSorter) sorter = kvmm_file_item_create_sorter (kind);
  Cells *cells = g_memdup2 (template, sizeof *template);
  GtkColumnViewColumn *column;

  cells->column = kind;
  g_signal_connect_data (factory, "setup", G_CALLBACK (setup_cb), cells, cells_free, 0);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), cells);
  column = gtk_column_view_column_new (title, factory);
  gtk_column_view_column_set_sorter (column, sorter);
  gtk_column_view_column_set_resizable (column, TRUE);
  gtk_column_view_column_set_expand (column, kind == KVMM_FILE_COLUMN_NAME);
  return column;
}

void
kvmm_files_columns_add (GtkColumnView *view,
                        KvmmFilesMenuFunc menu_cb,
                        KvmmFilesDragFunc drag_cb,
                        gpointer user_data)
{
  const char *const titles[KVMM_N_FILE_COLUMNS] = { _ ("Name"), _ ("Size"), _ ("Modified"),
                                                    _ ("Owner"), _ ("Mode") };
  const Cells template = { 0, menu_cb, drag_cb, user_data };

  for (guint i = 0; i < KVMM_N_FILE_COLUMNS; i++)
    {
      g_autoptr (GtkColumnViewColumn) column = create_column (i, titles[i], &template);

      gtk_column_view_append_column (view, column);
      if (i == 0)
        gtk_column_view_sort_by_column (view, column, GTK_SORT_ASCENDING);
    }
}

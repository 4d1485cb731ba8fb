/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-text-column.h"

#include <glib/gi18n.h>

#define ICON_SPACING 6

typedef struct
{
  const KvmmTextColumn *column;
  KvmmTextColumnMenuFunc menu; /* (nullable) */
  gpointer user_data;
} Cells;

/* What stands in a cell. */
typedef struct
{
  GtkWidget *icon;  /* (unowned) (nullable) */
  GtkWidget *label; /* (unowned) */
  const Cells *cells;
  GtkListItem *item; /* (unowned) */
  gulong changed_id;
} Cell;

static void
cell_free (gpointer data)
{
  g_free (data);
}

static void
show_item (gpointer object, Cell *cell)
{
  g_autofree char *text = cell->cells->column->dup_text (object);

  gtk_label_set_text (GTK_LABEL (cell->label), text);
  if (cell->icon != NULL)
    gtk_image_set_from_icon_name (GTK_IMAGE (cell->icon), cell->cells->column->get_icon (object));
}

static Cell *
get_cell (GtkListItem *item)
{
  return g_object_get_data (G_OBJECT (gtk_list_item_get_child (item)), "kvmm-cell");
}

static void
menu_at (GtkEventController *controller, Cell *cell, double x, double y)
{
  guint position = gtk_list_item_get_position (cell->item);

  if (position != GTK_INVALID_LIST_POSITION)
    cell->cells->menu (gtk_event_controller_get_widget (controller), position, x, y,
                       cell->cells->user_data);
}

static void
pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, Cell *cell)
{
  menu_at (GTK_EVENT_CONTROLLER (gesture), cell, x, y);
}

static void
long_pressed_cb (GtkGestureLongPress *gesture, double x, double y, Cell *cell)
{
  menu_at (GTK_EVENT_CONTROLLER (gesture), cell, x, y);
}

static void
add_gestures (GtkWidget *box, Cell *cell)
{
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *press = gtk_gesture_long_press_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (press), TRUE);
  g_signal_connect (click, "pressed", G_CALLBACK (pressed_cb), cell);
  g_signal_connect (press, "pressed", G_CALLBACK (long_pressed_cb), cell);
  gtk_widget_add_controller (box, GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (box, GTK_EVENT_CONTROLLER (press));
}

static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, const Cells *cells)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, ICON_SPACING);
  Cell *cell = g_new0 (Cell, 1);

  cell->cells = cells;
  cell->item = item;
  if (cells->column->get_icon != NULL)
    {
      cell->icon = gtk_image_new ();
      gtk_accessible_update_state (GTK_ACCESSIBLE (cell->icon), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE,
                                   -1);
      gtk_box_append (GTK_BOX (box), cell->icon);
    }
  cell->label = gtk_label_new (NULL);
  gtk_widget_set_hexpand (cell->label, TRUE);
  gtk_label_set_xalign (GTK_LABEL (cell->label), cells->column->is_number ? 1 : 0);
  gtk_label_set_ellipsize (GTK_LABEL (cell->label), PANGO_ELLIPSIZE_END);
  if (cells->column->is_number)
    gtk_widget_add_css_class (cell->label, "numeric");
  gtk_box_append (GTK_BOX (box), cell->label);
  g_object_set_data_full (G_OBJECT (box), "kvmm-cell", cell, cell_free);
  if (cells->menu != NULL)
    add_gestures (box, cell);
  gtk_list_item_set_child (item, box);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, const Cells *cells)
{
  Cell *cell = get_cell (item);
  gpointer object = gtk_list_item_get_item (item);

  cell->changed_id = g_signal_connect (object, "changed", G_CALLBACK (show_item), cell);
  show_item (object, cell);
}

static void
unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, const Cells *cells)
{
  Cell *cell = get_cell (item);

  g_clear_signal_handler (&cell->changed_id, gtk_list_item_get_item (item));
}

static void
cells_free (gpointer data, GClosure *closure)
{
  g_free (data);
}

GtkColumnViewColumn *
kvmm_text_column_new (const KvmmTextColumn *column,
                      GtkSorter *sorter,
                      KvmmTextColumnMenuFunc menu,
                      gpointer user_data)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *self;
  Cells *cells = g_new0 (Cells, 1);

  cells->column = column;
  cells->menu = menu;
  cells->user_data = user_data;
  g_signal_connect_data (factory, "setup", G_CALLBACK (setup_cb), cells, cells_free,
                         G_CONNECT_DEFAULT);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), cells);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cb), cells);

  self = gtk_column_view_column_new (_ (column->title), factory);
  gtk_column_view_column_set_resizable (self, TRUE);
  gtk_column_view_column_set_expand (self, column->expands);
  if (column->width > 0)
    gtk_column_view_column_set_fixed_width (self, column->width);
  gtk_column_view_column_set_sorter (self, sorter);
  g_object_set_data (G_OBJECT (self), "kvmm-number", GINT_TO_POINTER (column->is_number));
  return self;
}

/* GTK offers no way to say so: the title's box is its only child. */
void
kvmm_text_column_align_titles (GtkColumnView *view)
{
  GListModel *columns = gtk_column_view_get_columns (view);
  GtkWidget *header = gtk_widget_get_first_child (GTK_WIDGET (view));
  GtkWidget *title = header != NULL ? gtk_widget_get_first_child (header) : NULL;

  for (guint i = 0; title != NULL && i < g_list_model_get_n_items (columns); i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (columns, i);
      GtkWidget *box = gtk_widget_get_first_child (title);

      if (box != NULL)
        gtk_widget_set_halign (box, g_object_get_data (G_OBJECT (column), "kvmm-number") != NULL
                                        ? GTK_ALIGN_END
                                        : GTK_ALIGN_FILL);
      title = gtk_widget_get_next_sibling (title);
    }
}

gboolean
kvmm_text_column_is_at_top (GtkColumnView *view)
{
  GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (view));

  return adjustment == NULL || gtk_adjustment_get_value (adjustment) < 1;
}

void
kvmm_text_column_keep_top (GtkColumnView *view, gboolean was_at_top)
{
  GtkSelectionModel *model = gtk_column_view_get_model (view);

  if (!was_at_top || g_list_model_get_n_items (G_LIST_MODEL (model)) == 0)
    return;
  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (view)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_LIST_VIEW (child))
      gtk_widget_activate_action (child, "list.scroll-to-item", "u", 0);
}

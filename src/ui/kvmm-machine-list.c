/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-machine-list.h"

#include "kvmm-list-columns.h"
#include "kvmm-list-keys.h"
#include "kvmm-grid-cell.h"
#include "kvmm-list-rows.h"
#include "kvmm-machine-grid.h"

#include "model/kvmm-connection.h"

/* GtkColumnView makes the widgets of some 200 rows in one go. Rows are handed to it in steps of
 * this many per frame until it has them all, so that the first frame with machines is not a long
 * one. */
#define RAMP_STEP 50
#define RAMP_END 250

struct _KvmmMachineList
{
  AdwBin parent_instance;

  GtkStack *stack;
  GtkColumnView *view;
  KvmmMachineGrid *grid;

  KvmmSettings *settings;       /* (owned) (nullable) until set_model() */
  KvmmListColumns *columns;     /* (owned) */
  KvmmListRows *rows;           /* (owned) */
  GtkFilter *filter;            /* (owned) */
  GtkSorter *sorter;            /* (owned) */
  GtkSortListModel *sorted;     /* (owned) */
  GtkSliceListModel *ramp;      /* (owned) */
  GtkMultiSelection *selection; /* (owned) */
  char *scope;                  /* (owned) */
  char *search;                 /* (owned) as typed */
  char **words;                 /* (owned) folded */
  guint resort_id;
  guint ramp_id; /* tick callback */
};

enum
{
  OPEN,
  SELECTION_CHANGED,
  SHOWN_CHANGED,
  CONTEXT_MENU,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmMachineList, kvmm_machine_list, ADW_TYPE_BIN)

static gboolean
is_in_scope (KvmmMachineList *self, KvmmDomain *domain)
{
  KvmmDomainState state;
  KvmmConnection *connection;

  if (g_str_equal (self->scope, KVMM_MACHINE_LIST_ALL))
    return TRUE;
  if (g_str_equal (self->scope, KVMM_MACHINE_LIST_RUNNING))
    return kvmm_domain_get_is_active (domain);

  state = kvmm_domain_get_state (domain);
  if (g_str_equal (self->scope, KVMM_MACHINE_LIST_STOPPED))
    return state == KVMM_DOMAIN_STATE_SHUT_OFF || state == KVMM_DOMAIN_STATE_CRASHED;

  connection = kvmm_domain_get_connection (domain);

  return connection && g_str_equal (kvmm_connection_get_uri (connection), self->scope);
}

static gboolean
filter_cb (gpointer item, gpointer user_data)
{
  KvmmMachineList *self = user_data;

  return is_in_scope (self, item) &&
         (!self->words[0] || kvmm_list_keys_matches (item, (const char *const *) self->words));
}

static int
compare_cb (gconstpointer a, gconstpointer b, gpointer user_data)
{
  KvmmMachineList *self = user_data;

  return kvmm_list_column_compare (kvmm_list_columns_get_sort_column (self->columns),
                                   kvmm_list_columns_get_sort_descending (self->columns),
                                   (KvmmDomain *) a, (KvmmDomain *) b);
}

static gboolean
is_in_order (KvmmMachineList *self)
{
  GListModel *model = G_LIST_MODEL (self->sorted);
  guint n = g_list_model_get_n_items (model);
  g_autoptr (KvmmDomain) previous = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KvmmDomain) domain = g_list_model_get_item (model, i);

      if (previous && compare_cb (previous, domain, self) > 0)
        return FALSE;
      g_set_object (&previous, domain);
    }

  return TRUE;
}

/* Figures and what guests tell notify, but do not change the model: once per statistics tick the
 * order and the search are looked at again, and touched only if they are wrong. */
static gboolean
resort_cb (gpointer user_data)
{
  KvmmMachineList *self = user_data;

  if (self->words[0])
    gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
  if (kvmm_list_column_is_live (kvmm_list_columns_get_sort_column (self->columns)) &&
      !is_in_order (self))
    gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);

  return G_SOURCE_CONTINUE;
}

static void
update_resort (KvmmMachineList *self)
{
  g_clear_handle_id (&self->resort_id, g_source_remove);
  if (self->settings && gtk_widget_get_mapped (GTK_WIDGET (self)) &&
      (self->words[0] ||
       kvmm_list_column_is_live (kvmm_list_columns_get_sort_column (self->columns))))
    self->resort_id =
        g_timeout_add_seconds (kvmm_settings_get_stats_interval (self->settings), resort_cb, self);
}

static void
sort_changed_cb (KvmmListColumns *columns, gpointer user_data)
{
  KvmmMachineList *self = user_data;

  gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);
  update_resort (self);
}

static void
activate_cb (GtkWidget *view, guint position, gpointer user_data)
{
  KvmmMachineList *self = user_data;
  g_autoptr (KvmmDomain) domain = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  if (domain)
    g_signal_emit (self, signals[OPEN], 0, domain);
}

/* Returns: (nullable): of the cell that @widget is or holds */
static KvmmDomain *
find_domain_below (GtkWidget *widget)
{
  if (KVMM_IS_LIST_CELL (widget))
    return kvmm_list_cell_get_domain (KVMM_LIST_CELL (widget));
  if (KVMM_IS_GRID_CELL (widget))
    return kvmm_grid_cell_get_domain (KVMM_GRID_CELL (widget));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child;
       child = gtk_widget_get_next_sibling (child))
    {
      KvmmDomain *domain = find_domain_below (child);

      if (domain)
        return domain;
    }

  return NULL;
}

/* (nullable) The row of the list, or the child of the grid, that @widget is in, or is. */
static GtkWidget *
find_row (KvmmMachineList *self, GtkWidget *widget)
{
  while (widget && widget != GTK_WIDGET (self->stack))
    {
      const char *name = gtk_widget_get_css_name (widget);

      if (g_str_equal (name, "row") || g_str_equal (name, "child"))
        return widget;
      widget = gtk_widget_get_parent (widget);
    }

  return NULL;
}

/* A menu on a row that is not selected is about that row alone. */
static void
select_for_menu (KvmmMachineList *self, KvmmDomain *domain)
{
  GListModel *model = G_LIST_MODEL (self->selection);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmDomain) item = g_list_model_get_item (model, i);

      if (item != domain)
        continue;
      if (!gtk_selection_model_is_selected (GTK_SELECTION_MODEL (self->selection), i))
        gtk_selection_model_select_item (GTK_SELECTION_MODEL (self->selection), i, TRUE);
      return;
    }
}

/* Returns whether there was a row to open a menu for. */
static gboolean
open_menu (KvmmMachineList *self, GtkWidget *row, const GdkRectangle *at)
{
  KvmmDomain *domain = row ? find_domain_below (row) : NULL;

  if (!domain)
    return FALSE;
  select_for_menu (self, domain);
  gtk_widget_grab_focus (row);
  g_signal_emit (self, signals[CONTEXT_MENU], 0, at);

  return TRUE;
}

static void
open_menu_at (KvmmMachineList *self, GtkGesture *gesture, double x, double y)
{
  GtkWidget *view = GTK_WIDGET (self->stack);
  GtkWidget *row = find_row (self, gtk_widget_pick (view, x, y, GTK_PICK_DEFAULT));
  double list_x = x;
  double list_y = y;

  gtk_widget_translate_coordinates (view, GTK_WIDGET (self), x, y, &list_x, &list_y);
  if (open_menu (self, row, &(GdkRectangle){ (int) list_x, (int) list_y, 1, 1 }))
    gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
secondary_pressed_cb (GtkGestureClick *gesture, int n_press, double x, double y, gpointer user_data)
{
  open_menu_at (user_data, GTK_GESTURE (gesture), x, y);
}

static void
long_pressed_cb (GtkGestureLongPress *gesture, double x, double y, gpointer user_data)
{
  open_menu_at (user_data, GTK_GESTURE (gesture), x, y);
}

static gboolean
menu_key_cb (GtkWidget *widget, GVariant *arguments, gpointer user_data)
{
  KvmmMachineList *self = KVMM_MACHINE_LIST (widget);
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *row = find_row (self, gtk_root_get_focus (root));
  graphene_rect_t bounds;

  if (!row || !gtk_widget_compute_bounds (row, widget, &bounds))
    return FALSE;

  return open_menu (self, row,
                    &(GdkRectangle){ (int) bounds.origin.x + KVMM_LIST_CELL_ICON_SIZE,
                                     (int) (bounds.origin.y + bounds.size.height / 2), 1, 1 });
}

static void
selection_changed_cb (GtkSelectionModel *model, guint position, guint n_items, gpointer user_data)
{
  g_signal_emit (user_data, signals[SELECTION_CHANGED], 0);
}

static void
shown_changed_cb (GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  g_signal_emit (user_data, signals[SHOWN_CHANGED], 0);
  /* A selected row may have gone. */
  if (removed)
    g_signal_emit (user_data, signals[SELECTION_CHANGED], 0);
}

static gboolean
ramp_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  KvmmMachineList *self = KVMM_MACHINE_LIST (widget);
  guint size = gtk_slice_list_model_get_size (self->ramp) + RAMP_STEP;

  gtk_slice_list_model_set_size (self->ramp, size < RAMP_END ? size : G_MAXUINT);
  if (size < RAMP_END && g_list_model_get_n_items (G_LIST_MODEL (self->sorted)) > size)
    return G_SOURCE_CONTINUE;
  self->ramp_id = 0;

  return G_SOURCE_REMOVE;
}

static void
sorted_changed_cb (
    GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  KvmmMachineList *self = user_data;

  if (self->ramp_id == 0 &&
      g_list_model_get_n_items (model) > gtk_slice_list_model_get_size (self->ramp))
    self->ramp_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), ramp_cb, NULL, NULL);
}

static void
kvmm_machine_list_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_machine_list_parent_class)->map (widget);
  update_resort (KVMM_MACHINE_LIST (widget));
}

static void
kvmm_machine_list_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_machine_list_parent_class)->unmap (widget);
  update_resort (KVMM_MACHINE_LIST (widget));
}

static void
kvmm_machine_list_dispose (GObject *object)
{
  KvmmMachineList *self = KVMM_MACHINE_LIST (object);

  g_clear_handle_id (&self->resort_id, g_source_remove);
  if (self->ramp_id)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->ramp_id);
  self->ramp_id = 0;
  if (self->view)
    gtk_column_view_set_model (self->view, NULL);
  if (self->grid)
    kvmm_machine_grid_set_model (self->grid, NULL);
  g_clear_object (&self->selection);
  g_clear_object (&self->ramp);
  g_clear_object (&self->sorted);
  g_clear_object (&self->filter);
  g_clear_object (&self->sorter);
  g_clear_object (&self->columns);
  g_clear_object (&self->rows);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (kvmm_machine_list_parent_class)->dispose (object);
}

static void
kvmm_machine_list_finalize (GObject *object)
{
  KvmmMachineList *self = KVMM_MACHINE_LIST (object);

  g_free (self->scope);
  g_free (self->search);
  g_strfreev (self->words);

  G_OBJECT_CLASS (kvmm_machine_list_parent_class)->finalize (object);
}

static void
kvmm_machine_list_class_init (KvmmMachineListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = kvmm_machine_list_dispose;
  object_class->finalize = kvmm_machine_list_finalize;
  widget_class->map = kvmm_machine_list_map;
  widget_class->unmap = kvmm_machine_list_unmap;

#define NEW_SIGNAL(name, n, ...)                                                                   \
  g_signal_new (name, G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,           \
                G_TYPE_NONE, n, ##__VA_ARGS__)
  signals[OPEN] = NEW_SIGNAL ("open", 1, KVMM_TYPE_DOMAIN);
  signals[SELECTION_CHANGED] = NEW_SIGNAL ("selection-changed", 0);
  signals[SHOWN_CHANGED] = NEW_SIGNAL ("shown-changed", 0);
  signals[CONTEXT_MENU] =
      NEW_SIGNAL ("context-menu", 1, GDK_TYPE_RECTANGLE | G_SIGNAL_TYPE_STATIC_SCOPE);
#undef NEW_SIGNAL

  g_type_ensure (KVMM_TYPE_MACHINE_GRID);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-machine-list.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineList, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineList, view);
  gtk_widget_class_bind_template_child (widget_class, KvmmMachineList, grid);
  gtk_widget_class_bind_template_callback (widget_class, activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, secondary_pressed_cb);
  gtk_widget_class_bind_template_callback (widget_class, long_pressed_cb);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, menu_key_cb, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, menu_key_cb, NULL);
}

static void
kvmm_machine_list_init (KvmmMachineList *self)
{
  self->scope = g_strdup (KVMM_MACHINE_LIST_ALL);
  self->words = g_new0 (char *, 1);
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_machine_list_set_model (KvmmMachineList *self, KvmmSettings *settings, GListModel *domains)
{
  GtkFilterListModel *filtered;

  g_return_if_fail (KVMM_IS_MACHINE_LIST (self));
  g_return_if_fail (!self->settings);

  self->settings = g_object_ref (settings);
  self->rows = kvmm_list_rows_new (GTK_WIDGET (self->view));
  self->columns = kvmm_list_columns_new (self->view, self->rows, settings);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "columns",
                                  kvmm_list_columns_get_actions (self->columns));
  g_signal_connect_object (self->columns, "sort-changed", G_CALLBACK (sort_changed_cb), self,
                           G_CONNECT_DEFAULT);

  self->filter = GTK_FILTER (gtk_custom_filter_new (filter_cb, self, NULL));
  self->sorter = GTK_SORTER (gtk_custom_sorter_new (compare_cb, self, NULL));
  filtered = gtk_filter_list_model_new (g_object_ref (domains), g_object_ref (self->filter));
  self->sorted = gtk_sort_list_model_new (G_LIST_MODEL (filtered), g_object_ref (self->sorter));
  self->ramp = gtk_slice_list_model_new (g_object_ref (G_LIST_MODEL (self->sorted)), 0, RAMP_STEP);
  g_signal_connect_object (self->sorted, "items-changed", G_CALLBACK (sorted_changed_cb), self,
                           G_CONNECT_DEFAULT);
  self->selection = gtk_multi_selection_new (g_object_ref (G_LIST_MODEL (self->ramp)));
  sorted_changed_cb (G_LIST_MODEL (self->sorted), 0, 0, 0, self);
  g_signal_connect_object (self->selection, "selection-changed", G_CALLBACK (selection_changed_cb),
                           self, G_CONNECT_DEFAULT);
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (shown_changed_cb), self,
                           G_CONNECT_DEFAULT);
  kvmm_machine_list_set_is_grid (self, FALSE);
}

void
kvmm_machine_list_set_is_grid (KvmmMachineList *self, gboolean is_grid)
{
  GtkSelectionModel *model = GTK_SELECTION_MODEL (self->selection);

  g_return_if_fail (KVMM_IS_MACHINE_LIST (self));

  /* The one that is not shown keeps no widgets. */
  gtk_column_view_set_model (self->view, is_grid ? NULL : model);
  kvmm_machine_grid_set_model (self->grid, is_grid ? model : NULL);
  gtk_stack_set_visible_child_name (self->stack, is_grid ? "grid" : "list");
}

gboolean
kvmm_machine_list_get_is_grid (KvmmMachineList *self)
{
  g_return_val_if_fail (KVMM_IS_MACHINE_LIST (self), FALSE);

  return g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "grid") == 0;
}

void
kvmm_machine_list_set_scope (KvmmMachineList *self, const char *scope)
{
  g_return_if_fail (KVMM_IS_MACHINE_LIST (self));
  g_return_if_fail (scope);

  if (g_str_equal (self->scope, scope))
    return;
  g_free (self->scope);
  self->scope = g_strdup (scope);
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

void
kvmm_machine_list_set_search (KvmmMachineList *self, const char *text)
{
  g_autofree char *folded = NULL;
  GtkFilterChange change = GTK_FILTER_CHANGE_DIFFERENT;

  g_return_if_fail (KVMM_IS_MACHINE_LIST (self));

  text = text ? text : "";
  if (g_strcmp0 (self->search, text) == 0)
    return;
  /* One more letter can only hide, one less only show. */
  if (self->search && g_str_has_prefix (text, self->search))
    change = GTK_FILTER_CHANGE_MORE_STRICT;
  else if (self->search && g_str_has_prefix (self->search, text))
    change = GTK_FILTER_CHANGE_LESS_STRICT;

  g_free (self->search);
  self->search = g_strdup (text);
  g_strfreev (self->words);
  folded = kvmm_list_keys_fold (text);
  self->words = g_strsplit_set (g_strstrip (folded), " \t", -1);
  if (self->words[0] && !*self->words[0])
    g_clear_pointer (&self->words[0], g_free);
  gtk_filter_changed (self->filter, change);
  update_resort (self);
}

guint
kvmm_machine_list_get_n_shown (KvmmMachineList *self)
{
  g_return_val_if_fail (KVMM_IS_MACHINE_LIST (self), 0);

  return g_list_model_get_n_items (G_LIST_MODEL (self->sorted));
}

GPtrArray *
kvmm_machine_list_dup_selected (KvmmMachineList *self)
{
  GPtrArray *domains = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GtkBitset) selected = NULL;
  GtkBitsetIter iter;
  guint position;

  g_return_val_if_fail (KVMM_IS_MACHINE_LIST (self), domains);

  selected = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  for (gboolean more = gtk_bitset_iter_init_first (&iter, selected, &position); more;
       more = gtk_bitset_iter_next (&iter, &position))
    {
      gpointer domain = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

      if (domain)
        g_ptr_array_add (domains, domain);
    }

  return domains;
}

guint
kvmm_machine_list_get_n_selected (KvmmMachineList *self)
{
  g_autoptr (GtkBitset) selected = NULL;

  g_return_val_if_fail (KVMM_IS_MACHINE_LIST (self), 0);

  selected = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));

  return (guint) gtk_bitset_get_size (selected);
}

void
kvmm_machine_list_unselect_all (KvmmMachineList *self)
{
  g_return_if_fail (KVMM_IS_MACHINE_LIST (self));

  gtk_selection_model_unselect_all (GTK_SELECTION_MODEL (self->selection));
}

void
kvmm_machine_list_grab_focus (KvmmMachineList *self)
{
  g_return_if_fail (KVMM_IS_MACHINE_LIST (self));

  if (kvmm_machine_list_get_is_grid (self))
    gtk_widget_grab_focus (kvmm_machine_grid_get_view (self->grid));
  /* The last child of a column view is the list of its rows, the one before it the headers. */
  else
    gtk_widget_grab_focus (gtk_widget_get_last_child (GTK_WIDGET (self->view)));
}

void
kvmm_machine_list_set_show_connection (KvmmMachineList *self, gboolean show)
{
  g_return_if_fail (KVMM_IS_MACHINE_LIST (self));

  kvmm_list_columns_set_show_connection (self->columns, show);
}

GMenuModel *
kvmm_machine_list_get_columns_menu (KvmmMachineList *self)
{
  g_return_val_if_fail (KVMM_IS_MACHINE_LIST (self), NULL);

  return kvmm_list_columns_get_menu (self->columns);
}

GMenuModel *
kvmm_machine_list_get_sort_menu (KvmmMachineList *self)
{
  g_return_val_if_fail (KVMM_IS_MACHINE_LIST (self), NULL);

  return kvmm_list_columns_get_sort_menu (self->columns);
}

GActionGroup *
kvmm_machine_list_get_columns_actions (KvmmMachineList *self)
{
  g_return_val_if_fail (KVMM_IS_MACHINE_LIST (self), NULL);

  return kvmm_list_columns_get_actions (self->columns);
}

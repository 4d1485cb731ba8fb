/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-list-columns.h"

#include <glib/gi18n.h>

/* Widths are written once dragging has come to rest. */
#define SAVE_DELAY_MS 400
/* What a hand-edited setting may not exceed. */
#define MAX_WIDTH 2000
#define MIN_WIDTH 40

struct _KvmmListColumns
{
  GObject parent_instance;

  GtkColumnView *view;                               /* (unowned): owns us through its parent */
  KvmmListRows *rows;                                /* (owned) */
  KvmmSettings *settings;                            /* (owned) */
  GtkColumnViewColumn *columns[KVMM_N_LIST_COLUMNS]; /* (owned) */
  GSimpleActionGroup *actions;                       /* (owned) */
  GMenu *menu;                                       /* (owned) */
  GMenu *sort_menu;                                  /* (owned) */
  KvmmListColumn sort_column;
  gboolean sort_descending;
  gboolean is_probing;
  KvmmListColumn probed;
  guint save_id;
};

enum
{
  SORT_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmListColumns, kvmm_list_columns, G_TYPE_OBJECT)

static KvmmListColumn
get_kind (GtkColumnViewColumn *column)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (column), "kvmm-column"));
}

static void
save_order (KvmmListColumns *self)
{
  GListModel *model = gtk_column_view_get_columns (self->view);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (model, i);

      if (get_kind (column) != KVMM_LIST_COLUMN_CONNECTION)
        g_strv_builder_add (builder, kvmm_list_column_get_id (get_kind (column)));
    }
  ids = g_strv_builder_end (builder);
  g_settings_set_strv (kvmm_settings_get_gsettings (self->settings), KVMM_SETTINGS_VISIBLE_COLUMNS,
                       (const char *const *) ids);
}

static void
save_widths (KvmmListColumns *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{si}"));
  for (guint i = 0; i < KVMM_N_LIST_COLUMNS; i++)
    {
      int width = gtk_column_view_column_get_fixed_width (self->columns[i]);

      if (width > 0 && width != kvmm_list_column_get_width (i))
        g_variant_builder_add (&builder, "{si}", kvmm_list_column_get_id (i), width);
    }
  g_settings_set_value (kvmm_settings_get_gsettings (self->settings), KVMM_SETTINGS_COLUMN_WIDTHS,
                        g_variant_builder_end (&builder));
}

static gboolean
save_cb (gpointer user_data)
{
  KvmmListColumns *self = user_data;

  self->save_id = 0;
  save_widths (self);

  return G_SOURCE_REMOVE;
}

static void
width_changed_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  KvmmListColumns *self = user_data;

  if (self->save_id == 0)
    self->save_id = g_timeout_add (SAVE_DELAY_MS, save_cb, self);
}

/* Titles stand over their figures. GTK offers no way to say so: the title's box is its only child.
 */
static void
align_titles (KvmmListColumns *self)
{
  GListModel *model = gtk_column_view_get_columns (self->view);
  GtkWidget *header = gtk_widget_get_first_child (GTK_WIDGET (self->view));
  GtkWidget *title = header ? gtk_widget_get_first_child (header) : NULL;

  for (guint i = 0; title && i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (GtkColumnViewColumn) column = g_list_model_get_item (model, i);
      GtkWidget *box = gtk_widget_get_first_child (title);

      if (box)
        gtk_widget_set_halign (
            box, kvmm_list_column_is_number (get_kind (column)) ? GTK_ALIGN_END : GTK_ALIGN_FILL);
      title = gtk_widget_get_next_sibling (title);
    }
}

static void
order_changed_cb (GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  save_order (user_data);
  align_titles (user_data);
}

static gboolean
is_shown (KvmmListColumns *self, KvmmListColumn kind)
{
  return gtk_column_view_column_get_column_view (self->columns[kind]) != NULL;
}

/* Hidden columns are not in the view: GTK 4.8 gives room to those that are only invisible. */
static void
show_column (KvmmListColumns *self, KvmmListColumn kind, gboolean show)
{
  if (show == is_shown (self, kind))
    return;
  if (show)
    gtk_column_view_append_column (self->view, self->columns[kind]);
  else
    gtk_column_view_remove_column (self->view, self->columns[kind]);
}

static void
setup_cell_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  GtkColumnViewColumn *column = user_data;
  KvmmListRows *rows = g_object_get_data (G_OBJECT (column), "kvmm-rows");

  gtk_list_item_set_child (item, kvmm_list_cell_new (rows, get_kind (column)));
}

static void
bind_cell_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  kvmm_list_cell_bind (KVMM_LIST_CELL (gtk_list_item_get_child (item)),
                       gtk_list_item_get_item (item));
}

static void
unbind_cell_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  kvmm_list_cell_bind (KVMM_LIST_CELL (gtk_list_item_get_child (item)), NULL);
}

/* GTK 4.8 does not say which column is sorted. These sorters are asked by the view's own one,
 * primary column first; the one that is asked names itself, and what the view makes of "smaller" is
 * the direction. */
typedef struct
{
  KvmmListColumns *self; /* (unowned): owns the column, which owns the sorter */
  KvmmListColumn column;
} Probe;

static int
probe_cb (gconstpointer a, gconstpointer b, gpointer user_data)
{
  Probe *probe = user_data;

  if (!probe->self->is_probing)
    return 0;
  if (probe->self->probed == KVMM_N_LIST_COLUMNS)
    probe->self->probed = probe->column;

  return -1;
}

static void
update_sort_actions (KvmmListColumns *self)
{
  GActionMap *map = G_ACTION_MAP (self->actions);

  g_simple_action_set_state (G_SIMPLE_ACTION (g_action_map_lookup_action (map, "sort-by")),
                             g_variant_new_string (kvmm_list_column_get_id (self->sort_column)));
  g_simple_action_set_state (G_SIMPLE_ACTION (g_action_map_lookup_action (map, "sort-descending")),
                             g_variant_new_boolean (self->sort_descending));
}

static void
sorter_changed_cb (GtkSorter *sorter, GtkSorterChange change, gpointer user_data)
{
  KvmmListColumns *self = user_data;
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  g_autoptr (GObject) left = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) right = g_object_new (G_TYPE_OBJECT, NULL);
  gboolean descending;

  self->probed = KVMM_N_LIST_COLUMNS;
  self->is_probing = TRUE;
  descending = gtk_sorter_compare (sorter, left, right) == GTK_ORDERING_LARGER;
  self->is_probing = FALSE;

  if (self->probed == KVMM_N_LIST_COLUMNS ||
      (self->probed == self->sort_column && descending == self->sort_descending))
    return;
  self->sort_column = self->probed;
  self->sort_descending = descending;
  g_settings_set_string (gsettings, KVMM_SETTINGS_SORT_COLUMN,
                         kvmm_list_column_get_id (self->sort_column));
  g_settings_set_boolean (gsettings, KVMM_SETTINGS_SORT_DESCENDING, self->sort_descending);
  update_sort_actions (self);
  g_signal_emit (self, signals[SORT_CHANGED], 0);
}

static void
toggle_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  KvmmListColumns *self = user_data;
  KvmmListColumn column = kvmm_list_column_from_id (g_action_get_name (G_ACTION (action)));
  g_autoptr (GVariant) state = g_action_get_state (G_ACTION (action));
  gboolean visible = !g_variant_get_boolean (state);

  g_return_if_fail (column < KVMM_N_LIST_COLUMNS);

  g_simple_action_set_state (action, g_variant_new_boolean (visible));
  show_column (self, column, visible);
}

static void
apply_sort (KvmmListColumns *self, KvmmListColumn column, gboolean descending)
{
  gtk_column_view_sort_by_column (self->view, self->columns[column],
                                  descending ? GTK_SORT_DESCENDING : GTK_SORT_ASCENDING);
}

static void
sort_by_cb (GSimpleAction *action, GVariant *value, gpointer user_data)
{
  KvmmListColumns *self = user_data;
  KvmmListColumn column = kvmm_list_column_from_id (g_variant_get_string (value, NULL));

  if (column < KVMM_N_LIST_COLUMNS)
    apply_sort (self, column, self->sort_descending);
}

static void
sort_descending_cb (GSimpleAction *action, GVariant *value, gpointer user_data)
{
  KvmmListColumns *self = user_data;

  apply_sort (self, self->sort_column, g_variant_get_boolean (value));
}

static void
create_sort_menu (KvmmListColumns *self)
{
  static const GActionEntry entries[] = {
    { .name = "sort-by", .parameter_type = "s", .state = "'name'", .change_state = sort_by_cb },
    { .name = "sort-descending", .state = "false", .change_state = sort_descending_cb },
  };
  g_autoptr (GMenu) columns = g_menu_new ();
  g_autoptr (GMenu) direction = g_menu_new ();

  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  for (guint i = 0; i < KVMM_N_LIST_COLUMNS; i++)
    {
      g_autofree char *detailed =
          g_strconcat ("columns.sort-by::", kvmm_list_column_get_id (i), NULL);

      g_menu_append (columns, kvmm_list_column_get_title (i), detailed);
    }
  g_menu_append (direction, _ ("_Descending"), "columns.sort-descending");
  g_menu_append_section (self->sort_menu, NULL, G_MENU_MODEL (columns));
  g_menu_append_section (self->sort_menu, NULL, G_MENU_MODEL (direction));
}

static GtkColumnViewColumn *
create_column (KvmmListColumns *self, KvmmListColumn kind, int width)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *column =
      gtk_column_view_column_new (kvmm_list_column_get_title (kind), factory);
  Probe *probe = g_new0 (Probe, 1);
  g_autoptr (GtkSorter) sorter = NULL;

  g_object_set_data (G_OBJECT (column), "kvmm-column", GUINT_TO_POINTER (kind));
  g_object_set_data_full (G_OBJECT (column), "kvmm-rows", g_object_ref (self->rows),
                          g_object_unref);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_cell_cb), column);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cell_cb), column);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_cell_cb), column);

  probe->self = self;
  probe->column = kind;
  sorter = GTK_SORTER (gtk_custom_sorter_new (probe_cb, probe, g_free));
  gtk_column_view_column_set_sorter (column, sorter);
  gtk_column_view_column_set_resizable (column, TRUE);
  gtk_column_view_column_set_expand (column, kind == KVMM_LIST_COLUMN_NAME);
  gtk_column_view_column_set_fixed_width (column, width);
  gtk_column_view_column_set_header_menu (column, G_MENU_MODEL (self->menu));

  return column;
}

static void
create_action (KvmmListColumns *self, KvmmListColumn kind, gboolean visible)
{
  const char *id = kvmm_list_column_get_id (kind);
  g_autoptr (GSimpleAction) action =
      g_simple_action_new_stateful (id, NULL, g_variant_new_boolean (visible));
  g_autofree char *detailed = g_strconcat ("columns.", id, NULL);

  g_signal_connect (action, "activate", G_CALLBACK (toggle_cb), self);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
  g_menu_append (self->menu, kvmm_list_column_get_title (kind), detailed);
}

/* The ids of the settings first, in their order, then what they do not name. */
static void
get_order (KvmmListColumns *self, KvmmListColumn *order, guint *n_visible)
{
  g_auto (GStrv) ids = g_settings_get_strv (kvmm_settings_get_gsettings (self->settings),
                                            KVMM_SETTINGS_VISIBLE_COLUMNS);
  gboolean is_used[KVMM_N_LIST_COLUMNS] = { FALSE };
  guint n = 0;

  /* A list without names would be of no use. */
  if (!g_strv_contains ((const char *const *) ids, kvmm_list_column_get_id (KVMM_LIST_COLUMN_NAME)))
    {
      order[n++] = KVMM_LIST_COLUMN_NAME;
      is_used[KVMM_LIST_COLUMN_NAME] = TRUE;
    }
  for (guint i = 0; ids[i]; i++)
    {
      KvmmListColumn kind = kvmm_list_column_from_id (ids[i]);

      if (kind < KVMM_N_LIST_COLUMNS && !is_used[kind])
        {
          order[n++] = kind;
          is_used[kind] = TRUE;
        }
    }
  *n_visible = n;
  for (guint i = 0; i < KVMM_N_LIST_COLUMNS; i++)
    {
      if (!is_used[i])
        order[n++] = i;
    }
}

static void
create_columns (KvmmListColumns *self)
{
  KvmmListColumn order[KVMM_N_LIST_COLUMNS] = { 0 };
  guint n_visible;
  g_autoptr (GVariant) widths = g_settings_get_value (kvmm_settings_get_gsettings (self->settings),
                                                      KVMM_SETTINGS_COLUMN_WIDTHS);

  get_order (self, order, &n_visible);
  for (guint i = 0; i < KVMM_N_LIST_COLUMNS; i++)
    {
      KvmmListColumn kind = order[i];
      /* A column with a fixed width does not expand: the names' one gets one by hand only. */
      int width = kind == KVMM_LIST_COLUMN_NAME ? -1 : kvmm_list_column_get_width (kind);
      gboolean visible = i < n_visible && kind != KVMM_LIST_COLUMN_CONNECTION;

      if (g_variant_lookup (widths, kvmm_list_column_get_id (kind), "i", &width))
        width = CLAMP (width, MIN_WIDTH, MAX_WIDTH);
      self->columns[kind] = create_column (self, kind, width);
      show_column (self, kind, visible);
      g_signal_connect_object (self->columns[kind], "notify::fixed-width",
                               G_CALLBACK (width_changed_cb), self, G_CONNECT_DEFAULT);
    }
  for (guint i = KVMM_LIST_COLUMN_STATE; i < KVMM_LIST_COLUMN_CONNECTION; i++)
    create_action (self, i, is_shown (self, i));
}

static void
restore_sort (KvmmListColumns *self)
{
  GSettings *gsettings = kvmm_settings_get_gsettings (self->settings);
  g_autofree char *id = g_settings_get_string (gsettings, KVMM_SETTINGS_SORT_COLUMN);
  KvmmListColumn kind = kvmm_list_column_from_id (id);

  self->sort_column = kind < KVMM_N_LIST_COLUMNS ? kind : KVMM_LIST_COLUMN_NAME;
  self->sort_descending = g_settings_get_boolean (gsettings, KVMM_SETTINGS_SORT_DESCENDING);
  apply_sort (self, self->sort_column, self->sort_descending);
  update_sort_actions (self);
}

static void
kvmm_list_columns_dispose (GObject *object)
{
  KvmmListColumns *self = KVMM_LIST_COLUMNS (object);

  if (self->save_id)
    {
      g_clear_handle_id (&self->save_id, g_source_remove);
      save_widths (self);
    }
  /* The probes point here. */
  for (guint i = 0; i < KVMM_N_LIST_COLUMNS; i++)
    {
      if (self->columns[i])
        gtk_column_view_column_set_sorter (self->columns[i], NULL);
      g_clear_object (&self->columns[i]);
    }
  g_clear_object (&self->actions);
  g_clear_object (&self->menu);
  g_clear_object (&self->sort_menu);
  g_clear_object (&self->rows);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (kvmm_list_columns_parent_class)->dispose (object);
}

static void
kvmm_list_columns_class_init (KvmmListColumnsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_list_columns_dispose;

  signals[SORT_CHANGED] = g_signal_new ("sort-changed", G_TYPE_FROM_CLASS (klass),
                                        G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_list_columns_init (KvmmListColumns *self)
{
  self->actions = g_simple_action_group_new ();
  self->menu = g_menu_new ();
  self->sort_menu = g_menu_new ();
}

KvmmListColumns *
kvmm_list_columns_new (GtkColumnView *view, KvmmListRows *rows, KvmmSettings *settings)
{
  KvmmListColumns *self = g_object_new (KVMM_TYPE_LIST_COLUMNS, NULL);

  self->view = view;
  self->rows = g_object_ref (rows);
  self->settings = g_object_ref (settings);
  create_sort_menu (self);
  create_columns (self);
  restore_sort (self);
  align_titles (self);
  g_signal_connect_object (gtk_column_view_get_columns (view), "items-changed",
                           G_CALLBACK (order_changed_cb), self, G_CONNECT_DEFAULT);
  g_signal_connect_object (gtk_column_view_get_sorter (view), "changed",
                           G_CALLBACK (sorter_changed_cb), self, G_CONNECT_DEFAULT);

  return self;
}

KvmmListColumn
kvmm_list_columns_get_sort_column (KvmmListColumns *self)
{
  return self->sort_column;
}

gboolean
kvmm_list_columns_get_sort_descending (KvmmListColumns *self)
{
  return self->sort_descending;
}

GActionGroup *
kvmm_list_columns_get_actions (KvmmListColumns *self)
{
  return G_ACTION_GROUP (self->actions);
}

GMenuModel *
kvmm_list_columns_get_menu (KvmmListColumns *self)
{
  return G_MENU_MODEL (self->menu);
}

GMenuModel *
kvmm_list_columns_get_sort_menu (KvmmListColumns *self)
{
  return G_MENU_MODEL (self->sort_menu);
}

void
kvmm_list_columns_set_show_connection (KvmmListColumns *self, gboolean show)
{
  g_return_if_fail (KVMM_IS_LIST_COLUMNS (self));

  show_column (self, KVMM_LIST_COLUMN_CONNECTION, show);
}

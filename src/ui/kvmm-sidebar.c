/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-sidebar.h"

#include <glib/gi18n.h>

#include "kvmm-connection-row.h"
#include "kvmm-machine-list.h"

/* The rows that are always there. */
#define N_FILTER_ROWS 3

struct _KvmmSidebar
{
  AdwBin parent_instance;

  KvmmSettings *settings;          /* (owned) (nullable) until set_model() */
  KvmmConnectionList *connections; /* (owned) (nullable) until set_model() */
  char *scope;                     /* (owned) */
  guint count_id;                  /* tick callback */

  GtkListBox *list;
  GtkListBoxRow *all_row;
  GtkListBoxRow *running_row;
  GtkListBoxRow *stopped_row;
  GtkLabel *all_count;
  GtkLabel *running_count;
  GtkLabel *stopped_count;
};

enum
{
  SCOPE_CHANGED,
  COUNTS_CHANGED,
  ACTIVATED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KvmmSidebar, kvmm_sidebar, ADW_TYPE_BIN)

static const char *
get_row_scope (KvmmSidebar *self, GtkListBoxRow *row)
{
  if (row == self->running_row)
    return KVMM_MACHINE_LIST_RUNNING;
  if (row == self->stopped_row)
    return KVMM_MACHINE_LIST_STOPPED;
  if (KVMM_IS_CONNECTION_ROW (row))
    return kvmm_connection_get_uri (kvmm_connection_row_get_connection (KVMM_CONNECTION_ROW (row)));

  return KVMM_MACHINE_LIST_ALL;
}

static void
row_selected_cb (GtkListBox *list, GtkListBoxRow *row, gpointer user_data)
{
  KvmmSidebar *self = user_data;
  const char *scope;

  if (!row || !self->settings)
    return;
  scope = get_row_scope (self, row);
  if (g_strcmp0 (scope, self->scope) == 0)
    return;
  g_free (self->scope);
  self->scope = g_strdup (scope);
  g_settings_set_string (kvmm_settings_get_gsettings (self->settings),
                         KVMM_SETTINGS_SIDEBAR_SELECTION, self->scope);
  g_signal_emit (self, signals[SCOPE_CHANGED], 0);
}

static void
row_activated_cb (GtkListBox *list, GtkListBoxRow *row, gpointer user_data)
{
  g_signal_emit (user_data, signals[ACTIVATED], 0);
}

static void
set_count (GtkLabel *label, GtkListBoxRow *row, const char *name, guint n)
{
  g_autofree char *text = g_strdup_printf ("%u", n);
  g_autofree char *accessible = g_strdup_printf ("%s, %u", name, n);

  if (g_str_equal (gtk_label_get_text (label), text))
    return;
  gtk_label_set_text (label, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, accessible,
                                  -1);
}

static void
count (KvmmSidebar *self)
{
  GListModel *domains = kvmm_connection_list_get_domains (self->connections);
  guint n = g_list_model_get_n_items (domains);
  guint n_running = 0;
  guint n_stopped = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KvmmDomain) domain = g_list_model_get_item (domains, i);
      KvmmDomainState state = kvmm_domain_get_state (domain);

      if (kvmm_domain_get_is_active (domain))
        n_running++;
      else if (state == KVMM_DOMAIN_STATE_SHUT_OFF || state == KVMM_DOMAIN_STATE_CRASHED)
        n_stopped++;
    }

  set_count (self->all_count, self->all_row, _ ("All"), n);
  set_count (self->running_count, self->running_row, _ ("Running"), n_running);
  set_count (self->stopped_count, self->stopped_row, _ ("Stopped"), n_stopped);
  g_signal_emit (self, signals[COUNTS_CHANGED], 0);
}

static gboolean
count_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  KvmmSidebar *self = KVMM_SIDEBAR (widget);

  self->count_id = 0;
  count (self);

  return G_SOURCE_REMOVE;
}

/* A thousand machines may come one by one: they are counted once per frame. */
static void
domains_changed_cb (
    GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  KvmmSidebar *self = user_data;

  if (self->count_id == 0)
    self->count_id = gtk_widget_add_tick_callback (GTK_WIDGET (self), count_cb, NULL, NULL);
}

static void
connections_changed_cb (
    GListModel *model, guint position, guint removed, guint added, gpointer user_data)
{
  KvmmSidebar *self = user_data;
  gboolean was_selected = FALSE;

  for (guint i = 0; i < removed; i++)
    {
      GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->list, N_FILTER_ROWS + position);

      was_selected = was_selected || gtk_list_box_row_is_selected (row);
      gtk_list_box_remove (self->list, GTK_WIDGET (row));
    }
  for (guint i = 0; i < added; i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, position + i);
      GtkWidget *row = kvmm_connection_row_new (connection, self->settings, self->connections);

      gtk_list_box_insert (self->list, row, N_FILTER_ROWS + position + i);
      if (g_strcmp0 (kvmm_connection_get_uri (connection), self->scope) == 0)
        {
          was_selected = FALSE;
          gtk_list_box_select_row (self->list, GTK_LIST_BOX_ROW (row));
        }
    }
  if (was_selected)
    gtk_list_box_select_row (self->list, self->all_row);
}

static void
header_cb (GtkListBoxRow *row, GtkListBoxRow *before, gpointer user_data)
{
  GtkWidget *header;

  if (!KVMM_IS_CONNECTION_ROW (row) || (before && KVMM_IS_CONNECTION_ROW (before)))
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  if (gtk_list_box_row_get_header (row))
    return;
  header = gtk_label_new (_ ("Connections"));
  gtk_label_set_xalign (GTK_LABEL (header), 0);
  gtk_widget_add_css_class (header, "heading");
  gtk_widget_add_css_class (header, "dim-label");
  gtk_widget_add_css_class (header, "sidebar-header");
  gtk_list_box_row_set_header (row, header);
}

static void
kvmm_sidebar_dispose (GObject *object)
{
  KvmmSidebar *self = KVMM_SIDEBAR (object);

  if (self->count_id)
    gtk_widget_remove_tick_callback (GTK_WIDGET (self), self->count_id);
  self->count_id = 0;
  g_clear_object (&self->settings);
  g_clear_object (&self->connections);

  G_OBJECT_CLASS (kvmm_sidebar_parent_class)->dispose (object);
}

static void
kvmm_sidebar_finalize (GObject *object)
{
  g_free (KVMM_SIDEBAR (object)->scope);

  G_OBJECT_CLASS (kvmm_sidebar_parent_class)->finalize (object);
}

static void
kvmm_sidebar_class_init (KvmmSidebarClass *klass)
{
  static const char *const names[N_SIGNALS] = { "scope-changed", "counts-changed", "activated" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = kvmm_sidebar_dispose;
  object_class->finalize = kvmm_sidebar_finalize;

  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i] = g_signal_new (names[i], G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                               NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-sidebar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmSidebar, list);
  gtk_widget_class_bind_template_child (widget_class, KvmmSidebar, all_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmSidebar, running_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmSidebar, stopped_row);
  gtk_widget_class_bind_template_child (widget_class, KvmmSidebar, all_count);
  gtk_widget_class_bind_template_child (widget_class, KvmmSidebar, running_count);
  gtk_widget_class_bind_template_child (widget_class, KvmmSidebar, stopped_count);
  gtk_widget_class_bind_template_callback (widget_class, row_selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
}

static void
kvmm_sidebar_init (KvmmSidebar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_list_box_set_header_func (self->list, header_cb, NULL, NULL);
}

static void
restore_scope (KvmmSidebar *self)
{
  g_autofree char *scope = g_settings_get_string (kvmm_settings_get_gsettings (self->settings),
                                                  KVMM_SETTINGS_SIDEBAR_SELECTION);
  GtkListBoxRow *row = self->all_row;

  if (g_str_equal (scope, KVMM_MACHINE_LIST_RUNNING))
    row = self->running_row;
  else if (g_str_equal (scope, KVMM_MACHINE_LIST_STOPPED))
    row = self->stopped_row;
  for (int i = N_FILTER_ROWS; gtk_list_box_get_row_at_index (self->list, i); i++)
    {
      GtkListBoxRow *candidate = gtk_list_box_get_row_at_index (self->list, i);

      if (g_str_equal (get_row_scope (self, candidate), scope))
        row = candidate;
    }
  self->scope = g_strdup (get_row_scope (self, row));
  gtk_list_box_select_row (self->list, row);
}

void
kvmm_sidebar_set_model (KvmmSidebar *self, KvmmSettings *settings, KvmmConnectionList *connections)
{
  GListModel *domains;

  g_return_if_fail (KVMM_IS_SIDEBAR (self));
  g_return_if_fail (!self->settings);

  domains = kvmm_connection_list_get_domains (connections);
  self->settings = g_object_ref (settings);
  self->connections = g_object_ref (connections);
  g_signal_connect_object (connections, "items-changed", G_CALLBACK (connections_changed_cb), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (domains, "items-changed", G_CALLBACK (domains_changed_cb), self,
                           G_CONNECT_DEFAULT);
  connections_changed_cb (G_LIST_MODEL (connections), 0, 0,
                          g_list_model_get_n_items (G_LIST_MODEL (connections)), self);
  restore_scope (self);
  count (self);
}

const char *
kvmm_sidebar_get_scope (KvmmSidebar *self)
{
  g_return_val_if_fail (KVMM_IS_SIDEBAR (self), NULL);

  return self->scope;
}

KvmmConnection *
kvmm_sidebar_get_connection (KvmmSidebar *self)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (KVMM_IS_SIDEBAR (self), NULL);

  row = gtk_list_box_get_selected_row (self->list);

  return KVMM_IS_CONNECTION_ROW (row)
             ? kvmm_connection_row_get_connection (KVMM_CONNECTION_ROW (row))
             : NULL;
}

const char *
kvmm_sidebar_get_title (KvmmSidebar *self)
{
  KvmmConnection *connection = kvmm_sidebar_get_connection (self);

  if (connection)
    return kvmm_connection_get_name (connection);
  if (g_strcmp0 (self->scope, KVMM_MACHINE_LIST_RUNNING) == 0)
    return _ ("Running");
  if (g_strcmp0 (self->scope, KVMM_MACHINE_LIST_STOPPED) == 0)
    return _ ("Stopped");

  return _ ("Virtual Machines");
}

void
kvmm_sidebar_select_all_machines (KvmmSidebar *self)
{
  g_return_if_fail (KVMM_IS_SIDEBAR (self));

  gtk_list_box_select_row (self->list, self->all_row);
}

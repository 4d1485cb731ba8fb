/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-processes-view.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-guest-missing.h"
#include "kvmm-process-item.h"
#include "kvmm-processes-columns.h"

#define REFRESH_S 2
#define MAX_ROWS 256

struct _KvmmProcessesView
{
  AdwBin parent_instance;

  KvmmDomain *domain;                           /* (owned) */
  GListStore *items;                            /* (owned) (element-type KvmmProcessItem) */
  GtkSorter *sorters[KVMM_N_PROCESSES_COLUMNS]; /* (owned) */
  GCancellable *cancellable;                    /* (owned) (nullable) of the request in flight */
  guint refresh_id;
  gboolean hides_arguments; /* the guest's policy refused them */
  gboolean is_probing;
  KvmmProcessesColumn probed;
  KvmmProcessesColumn sort_column;
  GtkColumnViewColumn *arguments_column; /* (owned) */
  GtkWidget *popover;

  GtkSearchEntry *filter;
  GtkColumnView *view;
  GtkLabel *status_label;
  GMenuModel *menu;
};

G_DEFINE_FINAL_TYPE (KvmmProcessesView, kvmm_processes_view, ADW_TYPE_BIN)

typedef struct
{
  KvmmProcessesView *self; /* (unowned): owns the sorter through its view */
  KvmmProcessesColumn column;
} Order;

static void refresh (KvmmProcessesView *self);

static int
compare_cb (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Order *order = user_data;

  /* GTK 4.8 does not tell by which column a view is sorted: the one that is asked first. */
  if (order->self->is_probing)
    {
      if (order->self->probed == KVMM_N_PROCESSES_COLUMNS)
        order->self->probed = order->column;
      return GTK_ORDERING_EQUAL;
    }
  return kvmm_processes_columns_compare (order->column, (gpointer) a, (gpointer) b);
}

static void
sorter_changed_cb (KvmmProcessesView *self, GtkSorterChange change, GtkSorter *sorter)
{
  g_autoptr (GObject) left = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (GObject) right = g_object_new (G_TYPE_OBJECT, NULL);

  if (self->is_probing)
    return;
  self->probed = KVMM_N_PROCESSES_COLUMNS;
  self->is_probing = TRUE;
  gtk_sorter_compare (sorter, left, right);
  self->is_probing = FALSE;
  if (self->probed == KVMM_N_PROCESSES_COLUMNS || self->probed == self->sort_column)
    return;
  self->sort_column = self->probed;
  refresh (self);
}

static KvmmProcessItem *
get_selected (KvmmProcessesView *self)
{
  GtkSelectionModel *selection = gtk_column_view_get_model (self->view);

  return gtk_single_selection_get_selected_item (GTK_SINGLE_SELECTION (selection));
}

static void
selected_cb (KvmmProcessesView *self)
{
  gboolean has_one = get_selected (self) != NULL;

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "processes.end", has_one);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "processes.kill", has_one);
}

static void
show_status (KvmmProcessesView *self, const KvmmGuestListInfo *info)
{
  guint shown = g_list_model_get_n_items (G_LIST_MODEL (self->items));
  g_autofree char *text = NULL;

  if (info->total > shown)
    text = g_strdup_printf (
        ngettext ("Showing %u of %u process", "Showing %u of %u processes", info->total), shown,
        info->total);
  else
    text = g_strdup_printf (ngettext ("%u process", "%u processes", shown), shown);
  gtk_label_set_text (self->status_label, text);
}

static gboolean
refresh_cb (gpointer user_data)
{
  KvmmProcessesView *self = user_data;

  self->refresh_id = 0;
  refresh (self);
  return G_SOURCE_REMOVE;
}

static void
schedule (KvmmProcessesView *self)
{
  if (self->refresh_id == 0 && gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->refresh_id = g_timeout_add_seconds (REFRESH_S, refresh_cb, self);
}

static void
stop (KvmmProcessesView *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->refresh_id, g_source_remove);
}

static void
show_arguments (KvmmProcessesView *self, gboolean show)
{
  gboolean is_shown = gtk_column_view_column_get_column_view (self->arguments_column) != NULL;

  self->hides_arguments = !show;
  if (show && !is_shown)
    gtk_column_view_append_column (self->view, self->arguments_column);
  else if (!show && is_shown)
    gtk_column_view_remove_column (self->view, self->arguments_column);
  kvmm_text_column_align_titles (self->view);
}

static void
listed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmProcessesView) self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmGuestListInfo info = { 0 };
  g_autoptr (GPtrArray) processes =
      kvmm_agent_client_list_processes_finish (KVMM_AGENT_CLIENT (object), result, &info, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (!self->hides_arguments && g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_DENIED))
    {
      show_arguments (self, FALSE);
      refresh (self);
      return;
    }
  if (processes == NULL)
    gtk_label_set_text (self->status_label, error->message);
  else
    {
      gboolean was_at_top = kvmm_text_column_is_at_top (self->view);

      kvmm_process_item_update_list (self->items, processes);
      /* The values moved: the order is made anew. */
      gtk_sorter_changed (self->sorters[self->sort_column], GTK_SORTER_CHANGE_DIFFERENT);
      kvmm_text_column_keep_top (self->view, was_at_top);
      show_status (self, &info);
    }
  schedule (self);
}

/* One request at a time: a newer one takes the place of the one in flight. */
static void
refresh (KvmmProcessesView *self)
{
  KvmmAgentClient *agent;
  const char *filter = gtk_editable_get_text (GTK_EDITABLE (self->filter));

  stop (self);
  if (self->domain == NULL || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  agent = kvmm_guest_get_agent (kvmm_domain_get_guest (self->domain));
  if (agent == NULL)
    {
      schedule (self);
      return;
    }
  self->cancellable = g_cancellable_new ();
  kvmm_agent_client_list_processes_async (
      agent, kvmm_processes_columns_get_sort (self->sort_column), *filter != '\0' ? filter : NULL,
      !self->hides_arguments, MAX_ROWS, self->cancellable, listed_cb, g_object_ref (self));
}

static void
filter_cb (KvmmProcessesView *self)
{
  refresh (self);
}

/* The policy may show the command lines now. */
static void
access_changed_cb (KvmmProcessesView *self)
{
  show_arguments (self, TRUE);
  refresh (self);
}

typedef struct
{
  KvmmProcessesView *self; /* (owned) */
  guint pid;
  gint64 start_time_s;
  char *name;
  const char *signal;
} Ending;

static void
ending_free (Ending *ending)
{
  g_object_unref (ending->self);
  g_free (ending->name);
  g_free (ending);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ending, ending_free)

static void
signalled_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Ending) ending = user_data;
  g_autoptr (GError) error = NULL;

  if (!kvmm_agent_client_signal_process_finish (KVMM_AGENT_CLIENT (object), result, &error))
    {
      g_autofree char *summary = g_strdup_printf (_ ("Could not end “%s”"), ending->name);

      if (gtk_widget_get_root (GTK_WIDGET (ending->self)) != NULL)
        kvmm_dialogs_error (GTK_WIDGET (ending->self), summary, error);
    }
  refresh (ending->self);
}

static void
confirmed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Ending) ending = user_data;
  KvmmAgentClient *agent;

  if (!kvmm_dialogs_confirm_finish (result))
    return;
  agent = kvmm_guest_get_agent (kvmm_domain_get_guest (ending->self->domain));
  if (agent == NULL)
    {
      kvmm_dialogs_toast (GTK_WIDGET (ending->self), _ ("The guest's agent does not answer"));
      return;
    }
  kvmm_agent_client_signal_process_async (agent, ending->pid, ending->start_time_s, ending->signal,
                                          NULL, signalled_cb, ending);
  g_steal_pointer (&ending);
}

static void
ask (KvmmProcessesView *self, KvmmProcessItem *item, gboolean is_kill)
{
  const KvmmGuestProcess *process = kvmm_process_item_get (item);
  const char *machine = kvmm_domain_get_name (self->domain);
  g_autofree char *heading = NULL;
  g_autofree char *body = NULL;
  Ending *ending = g_new0 (Ending, 1);

  ending->self = g_object_ref (self);
  ending->pid = process->pid;
  ending->start_time_s = process->start_time_s;
  ending->name = g_strdup (process->command);
  ending->signal = is_kill ? "KILL" : "TERM";
  /* Translators: a process and its number */
  heading = g_strdup_printf (is_kill ? _ ("Force “%s” (%u) to End?") : _ ("End “%s” (%u)?"),
                             process->command, process->pid);
  body = g_strdup_printf (is_kill ? _ ("The process in “%s” ends at once. What it has not written "
                                       "yet will be lost.")
                                  : _ ("The process in “%s” is asked to end. It may save its work "
                                       "first, or refuse."),
                          machine);
  kvmm_dialogs_confirm_async (GTK_WIDGET (self), heading, body,
                              is_kill ? _ ("_Force End") : _ ("_End Process"), TRUE, confirmed_cb,
                              ending);
}

static void
end_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmProcessesView *self = KVMM_PROCESSES_VIEW (widget);
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);
  KvmmProcessItem *item = get_selected (self);
  g_autofree char *lines =
      kvmm_guest_dup_policy_lines_for (guest, KVMM_GUEST_GROUP_PROCS, "manage");

  if (item == NULL)
    return;
  if (lines == NULL && kvmm_guest_get_control_allowed (guest))
    ask (self, item, g_str_equal (name, "processes.kill"));
  else
    kvmm_guest_missing_present (widget, guest, _ ("Ending Processes Is Not Allowed"), lines);
}

static void
popup (KvmmProcessesView *self, GtkWidget *widget, double x, double y)
{
  graphene_point_t point;

  if (!gtk_widget_compute_point (widget, GTK_WIDGET (self),
                                 &GRAPHENE_POINT_INIT ((float) x, (float) y), &point))
    return;
  gtk_popover_set_pointing_to (GTK_POPOVER (self->popover),
                               &(GdkRectangle){ (int) point.x, (int) point.y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->popover));
}

static void
cell_menu_cb (GtkWidget *cell, guint position, double x, double y, gpointer user_data)
{
  KvmmProcessesView *self = user_data;

  gtk_selection_model_select_item (gtk_column_view_get_model (self->view), position, TRUE);
  popup (self, cell, x, y);
}

static void
menu_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  KvmmProcessesView *self = KVMM_PROCESSES_VIEW (widget);
  GtkRoot *root = gtk_widget_get_root (widget);
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  if (get_selected (self) != NULL && focus != NULL && gtk_widget_is_ancestor (focus, widget))
    popup (self, focus, gtk_widget_get_width (focus) / 2.0, gtk_widget_get_height (focus));
}

static void
find_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_grab_focus (GTK_WIDGET (KVMM_PROCESSES_VIEW (widget)->filter));
}

static void
kvmm_processes_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_processes_view_parent_class)->map (widget);
  refresh (KVMM_PROCESSES_VIEW (widget));
}

static void
kvmm_processes_view_unmap (GtkWidget *widget)
{
  stop (KVMM_PROCESSES_VIEW (widget));
  GTK_WIDGET_CLASS (kvmm_processes_view_parent_class)->unmap (widget);
}

static void
kvmm_processes_view_dispose (GObject *object)
{
  KvmmProcessesView *self = KVMM_PROCESSES_VIEW (object);

  stop (self);
  g_clear_pointer (&self->popover, gtk_widget_unparent);
  g_clear_object (&self->arguments_column);
  for (guint i = 0; i < KVMM_N_PROCESSES_COLUMNS; i++)
    g_clear_object (&self->sorters[i]);
  g_clear_object (&self->items);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_processes_view_parent_class)->dispose (object);
}

static void
kvmm_processes_view_class_init (KvmmProcessesViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_processes_view_dispose;
  widget_class->map = kvmm_processes_view_map;
  widget_class->unmap = kvmm_processes_view_unmap;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-processes-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmProcessesView, filter);
  gtk_widget_class_bind_template_child (widget_class, KvmmProcessesView, view);
  gtk_widget_class_bind_template_child (widget_class, KvmmProcessesView, status_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmProcessesView, menu);
  gtk_widget_class_bind_template_callback (widget_class, filter_cb);
  gtk_widget_class_install_action (widget_class, "processes.end", NULL, end_action);
  gtk_widget_class_install_action (widget_class, "processes.kill", NULL, end_action);
  gtk_widget_class_install_action (widget_class, "processes.menu", NULL, menu_action);
  gtk_widget_class_install_action (widget_class, "part.find", NULL, find_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "processes.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "processes.menu",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "part.find",
                                       NULL);
}

static void
add_columns (KvmmProcessesView *self)
{
  for (guint i = 0; i < KVMM_N_PROCESSES_COLUMNS; i++)
    {
      Order *order = g_new0 (Order, 1);
      g_autoptr (GtkColumnViewColumn) column = NULL;

      order->self = self;
      order->column = i;
      self->sorters[i] = GTK_SORTER (gtk_custom_sorter_new (compare_cb, order, g_free));
      column = kvmm_text_column_new (kvmm_processes_columns_get (i), self->sorters[i], cell_menu_cb,
                                     self);
      gtk_column_view_append_column (self->view, column);
      if (i == KVMM_PROCESSES_COLUMN_COMMAND_LINE)
        self->arguments_column = g_object_ref (column);
      if (i == KVMM_PROCESSES_COLUMN_CPU)
        gtk_column_view_sort_by_column (self->view, column, GTK_SORT_DESCENDING);
    }
  kvmm_text_column_align_titles (self->view);
}

static void
kvmm_processes_view_init (KvmmProcessesView *self)
{
  g_autoptr (GtkSingleSelection) selection = NULL;
  GtkSortListModel *sorted;

  gtk_widget_init_template (GTK_WIDGET (self));
  self->sort_column = KVMM_PROCESSES_COLUMN_CPU;
  self->items = g_list_store_new (KVMM_TYPE_PROCESS_ITEM);
  add_columns (self);
  sorted = gtk_sort_list_model_new (G_LIST_MODEL (g_object_ref (self->items)),
                                    g_object_ref (gtk_column_view_get_sorter (self->view)));
  selection = gtk_single_selection_new (G_LIST_MODEL (sorted));
  gtk_single_selection_set_autoselect (selection, FALSE);
  gtk_single_selection_set_can_unselect (selection, TRUE);
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (selection));
  g_signal_connect_object (selection, "notify::selected-item", G_CALLBACK (selected_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_column_view_get_sorter (self->view), "changed",
                           G_CALLBACK (sorter_changed_cb), self, G_CONNECT_SWAPPED);
  self->popover = gtk_popover_menu_new_from_model (self->menu);
  gtk_popover_set_has_arrow (GTK_POPOVER (self->popover), FALSE);
  gtk_widget_set_halign (self->popover, GTK_ALIGN_START);
  gtk_widget_set_parent (self->popover, GTK_WIDGET (self));
  selected_cb (self);
}

GtkWidget *
kvmm_processes_view_new (KvmmDomain *domain)
{
  KvmmProcessesView *self = g_object_new (KVMM_TYPE_PROCESSES_VIEW, NULL);

  self->domain = g_object_ref (domain);
  g_signal_connect_object (kvmm_domain_get_guest (domain), "access-changed",
                           G_CALLBACK (access_changed_cb), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

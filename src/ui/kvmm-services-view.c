/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-services-view.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-processes.h"
#include "kvmm-service-item.h"
#include "kvmm-text-column.h"

struct _KvmmServicesView
{
  AdwBin parent_instance;

  KvmmDomain *domain;        /* (owned) */
  GListStore *items;         /* (owned) (element-type KvmmServiceItem) */
  GtkFilter *matches;        /* (owned) */
  GtkSorter *order;          /* (owned) */
  GCancellable *cancellable; /* (owned) (nullable) of the request in flight */
  char *word;                /* (owned) of the filter, folded */
  char *manager;             /* (owned) (nullable) */
  KvmmGuestListInfo info;
  gboolean has_read;

  GtkSearchEntry *filter;
  GtkToggleButton *failed_first;
  GtkColumnView *view;
  GtkLabel *status_label;
};

G_DEFINE_FINAL_TYPE (KvmmServicesView, kvmm_services_view, ADW_TYPE_BIN)

static char *
dup_name (gpointer item)
{
  return g_strdup (kvmm_service_item_get (item)->name);
}

static char *
dup_state (gpointer item)
{
  return kvmm_service_item_dup_state (item);
}

static char *
dup_description (gpointer item)
{
  const char *description = kvmm_service_item_get (item)->description;

  return g_strdup (description != NULL ? description : "");
}

static char *
dup_enabled (gpointer item)
{
  const char *enabled = kvmm_service_item_get (item)->enabled;

  return g_strdup (enabled != NULL ? enabled : "");
}

static const char *
get_state_icon (gpointer item)
{
  switch (kvmm_service_item_get (item)->state)
    {
    case KVMM_GUEST_SERVICE_ACTIVE:
      return "emblem-ok-symbolic";
    case KVMM_GUEST_SERVICE_FAILED:
      return "dialog-error-symbolic";
    case KVMM_GUEST_SERVICE_CHANGING:
      return "content-loading-symbolic";
    case KVMM_GUEST_SERVICE_INACTIVE:
      return "media-playback-stop-symbolic";
    case KVMM_GUEST_SERVICE_UNKNOWN:
      break;
    }
  return "dialog-question-symbolic";
}

static const KvmmTextColumn columns[] = {
  { N_ ("Name"), 190, FALSE, FALSE, dup_name, NULL },
  { N_ ("State"), 160, FALSE, FALSE, dup_state, get_state_icon },
  { N_ ("Description"), 0, FALSE, TRUE, dup_description, NULL },
  { N_ ("At Start"), 100, FALSE, FALSE, dup_enabled, NULL },
};

static int
compare_texts (const char *a, const char *b)
{
  return g_utf8_collate (a != NULL ? a : "", b != NULL ? b : "");
}

static int
compare_by_name (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return compare_texts (kvmm_service_item_get ((KvmmServiceItem *) a)->name,
                        kvmm_service_item_get ((KvmmServiceItem *) b)->name);
}

static int
compare_by_state (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return (int) kvmm_service_item_get ((KvmmServiceItem *) a)->state -
         (int) kvmm_service_item_get ((KvmmServiceItem *) b)->state;
}

static int
compare_by_description (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return compare_texts (kvmm_service_item_get ((KvmmServiceItem *) a)->description,
                        kvmm_service_item_get ((KvmmServiceItem *) b)->description);
}

static int
compare_by_enabled (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return compare_texts (kvmm_service_item_get ((KvmmServiceItem *) a)->enabled,
                        kvmm_service_item_get ((KvmmServiceItem *) b)->enabled);
}

static const GCompareDataFunc compares[] = { compare_by_name, compare_by_state,
                                             compare_by_description, compare_by_enabled };

G_STATIC_ASSERT (G_N_ELEMENTS (columns) == G_N_ELEMENTS (compares));

/* Above the order of the columns. */
static int
compare_failed (gconstpointer a, gconstpointer b, gpointer user_data)
{
  KvmmServicesView *self = user_data;
  gboolean a_failed =
      kvmm_service_item_get ((KvmmServiceItem *) a)->state == KVMM_GUEST_SERVICE_FAILED;
  gboolean b_failed =
      kvmm_service_item_get ((KvmmServiceItem *) b)->state == KVMM_GUEST_SERVICE_FAILED;

  return gtk_toggle_button_get_active (self->failed_first) ? b_failed - a_failed : 0;
}

static gboolean
has_word (const char *text, const char *word)
{
  g_autofree char *folded = text != NULL ? g_utf8_casefold (text, -1) : NULL;

  return folded != NULL && strstr (folded, word) != NULL;
}

static gboolean
matches_cb (gpointer item, gpointer user_data)
{
  KvmmServicesView *self = user_data;
  const KvmmGuestService *service = kvmm_service_item_get (item);

  return self->word == NULL || *self->word == '\0' || has_word (service->name, self->word) ||
         has_word (service->description, self->word);
}

static guint
count_failed (KvmmServicesView *self)
{
  guint failed = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->items)); i++)
    {
      g_autoptr (KvmmServiceItem) item = g_list_model_get_item (G_LIST_MODEL (self->items), i);

      failed += kvmm_service_item_get (item)->state == KVMM_GUEST_SERVICE_FAILED;
    }
  return failed;
}

/* "systemd · 183 services, 2 failed" */
static void
show_status (KvmmServicesView *self)
{
  guint shown = g_list_model_get_n_items (G_LIST_MODEL (self->items));
  guint failed = count_failed (self);
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->manager != NULL)
    g_string_append_printf (text, "%s · ", self->manager);
  if (self->info.total > shown)
    g_string_append_printf (
        text, ngettext ("showing %u of %u service", "showing %u of %u services", self->info.total),
        shown, self->info.total);
  else
    g_string_append_printf (text, ngettext ("%u service", "%u services", shown), shown);
  g_string_append (text, ", ");
  g_string_append_printf (text, ngettext ("%u failed", "%u failed", failed), failed);
  gtk_label_set_text (self->status_label, text->str);
}

static void
listed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmServicesView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *manager = NULL;
  KvmmGuestListInfo info = { 0 };
  g_autoptr (GPtrArray) services = kvmm_agent_client_list_services_finish (
      KVMM_AGENT_CLIENT (object), result, &manager, &info, &error);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (services == NULL)
    {
      gtk_label_set_text (self->status_label, error->message);
      return;
    }
  g_ptr_array_set_free_func (services, NULL);
  for (guint i = 0; i < services->len; i++)
    g_ptr_array_add (items, kvmm_service_item_new (g_ptr_array_index (services, i)));
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)),
                       items->pdata, items->len);
  g_free (self->manager);
  self->manager = g_steal_pointer (&manager);
  self->info = info;
  self->has_read = TRUE;
  show_status (self);
}

static void
refresh (KvmmServicesView *self)
{
  KvmmAgentClient *agent = kvmm_guest_get_agent (kvmm_domain_get_guest (self->domain));

  if (self->cancellable != NULL)
    return;
  if (agent == NULL)
    {
      gtk_label_set_text (self->status_label, _ ("The guest's agent does not answer."));
      return;
    }
  self->cancellable = g_cancellable_new ();
  kvmm_agent_client_list_services_async (agent, self->cancellable, listed_cb, g_object_ref (self));
}

static void
filter_cb (KvmmServicesView *self)
{
  g_free (self->word);
  self->word = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->filter)), -1);
  gtk_filter_changed (self->matches, GTK_FILTER_CHANGE_DIFFERENT);
}

static void
order_cb (KvmmServicesView *self)
{
  if (self->order != NULL)
    gtk_sorter_changed (self->order, GTK_SORTER_CHANGE_DIFFERENT);
}

static void
refresh_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  refresh (KVMM_SERVICES_VIEW (widget));
}

static void
find_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gtk_widget_grab_focus (GTK_WIDGET (KVMM_SERVICES_VIEW (widget)->filter));
}

static void
stop (KvmmServicesView *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
kvmm_services_view_map (GtkWidget *widget)
{
  KvmmServicesView *self = KVMM_SERVICES_VIEW (widget);

  GTK_WIDGET_CLASS (kvmm_services_view_parent_class)->map (widget);
  if (!self->has_read)
    refresh (self);
}

static void
kvmm_services_view_unmap (GtkWidget *widget)
{
  stop (KVMM_SERVICES_VIEW (widget));
  GTK_WIDGET_CLASS (kvmm_services_view_parent_class)->unmap (widget);
}

static void
kvmm_services_view_dispose (GObject *object)
{
  KvmmServicesView *self = KVMM_SERVICES_VIEW (object);

  stop (self);
  g_clear_object (&self->matches);
  g_clear_object (&self->order);
  g_clear_object (&self->items);
  g_clear_object (&self->domain);
  g_clear_pointer (&self->word, g_free);
  g_clear_pointer (&self->manager, g_free);
  G_OBJECT_CLASS (kvmm_services_view_parent_class)->dispose (object);
}

static void
kvmm_services_view_class_init (KvmmServicesViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_services_view_dispose;
  widget_class->map = kvmm_services_view_map;
  widget_class->unmap = kvmm_services_view_unmap;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-services-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmServicesView, filter);
  gtk_widget_class_bind_template_child (widget_class, KvmmServicesView, failed_first);
  gtk_widget_class_bind_template_child (widget_class, KvmmServicesView, view);
  gtk_widget_class_bind_template_child (widget_class, KvmmServicesView, status_label);
  gtk_widget_class_bind_template_callback (widget_class, filter_cb);
  gtk_widget_class_bind_template_callback (widget_class, order_cb);
  gtk_widget_class_install_action (widget_class, "services.refresh", NULL, refresh_action);
  gtk_widget_class_install_action (widget_class, "part.find", NULL, find_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_f, GDK_CONTROL_MASK, "part.find",
                                       NULL);
}

static void
add_columns (KvmmServicesView *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      g_autoptr (GtkSorter) sorter = GTK_SORTER (gtk_custom_sorter_new (compares[i], NULL, NULL));
      g_autoptr (GtkColumnViewColumn) column =
          kvmm_text_column_new (&columns[i], sorter, NULL, NULL);

      gtk_column_view_append_column (self->view, column);
      if (i == 0)
        gtk_column_view_sort_by_column (self->view, column, GTK_SORT_ASCENDING);
    }
}

static void
kvmm_services_view_init (KvmmServicesView *self)
{
  GtkMultiSorter *sorter;
  GListModel *model;
  g_autoptr (GtkSingleSelection) selection = NULL;

  gtk_widget_init_template (GTK_WIDGET (self));
  add_columns (self);
  self->items = g_list_store_new (KVMM_TYPE_SERVICE_ITEM);
  self->matches = GTK_FILTER (gtk_custom_filter_new (matches_cb, self, NULL));
  self->order = GTK_SORTER (gtk_custom_sorter_new (compare_failed, self, NULL));
  sorter = gtk_multi_sorter_new ();
  gtk_multi_sorter_append (sorter, g_object_ref (self->order));
  gtk_multi_sorter_append (sorter, g_object_ref (gtk_column_view_get_sorter (self->view)));
  model = G_LIST_MODEL (gtk_filter_list_model_new (G_LIST_MODEL (g_object_ref (self->items)),
                                                   g_object_ref (self->matches)));
  model = G_LIST_MODEL (gtk_sort_list_model_new (model, GTK_SORTER (sorter)));
  selection = gtk_single_selection_new (model);
  gtk_single_selection_set_autoselect (selection, FALSE);
  gtk_single_selection_set_can_unselect (selection, TRUE);
  gtk_column_view_set_model (self->view, GTK_SELECTION_MODEL (selection));
}

GtkWidget *
kvmm_services_view_new (KvmmDomain *domain)
{
  KvmmServicesView *self = g_object_new (KVMM_TYPE_SERVICES_VIEW, NULL);

  self->domain = g_object_ref (domain);
  return GTK_WIDGET (self);
}

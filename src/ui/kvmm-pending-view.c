/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-pending-view.h"

#include <glib/gi18n.h>

#include "model/kvmm-domain-edit.h"

struct _KvmmPendingView
{
  AdwBin parent_instance;

  KvmmDomain *domain; /* (owned) (nullable) */
  GPtrArray *list;    /* (owned) (nullable) (element-type KvmmXmlPending): what is shown */
  GPtrArray *rows;    /* (owned) (element-type GtkWidget) (unowned elements): of the group */
  gboolean is_reading;
  gboolean is_stale;    /* something happened while it was read */
  gboolean wants_focus; /* the button that had it goes with its row */

  AdwPreferencesGroup *group;
  GtkWidget *all_button;
  GtkLabel *error_label;
};

G_DEFINE_FINAL_TYPE (KvmmPendingView, kvmm_pending_view, ADW_TYPE_BIN)

#define INDEX_KEY "kvmm-index"

/* ---- rows ---- */

static char *
dup_title (const KvmmXmlPending *pending)
{
  if (pending->type != KVMM_XML_PENDING_CHANGED)
    return g_strdup (pending->title);
  /* Translators: a device and its field, as in "Disk vda: Cache" */
  return g_strdup_printf (_ ("%s: %s"), pending->title, pending->label);
}

static char *
dup_subtitle (const KvmmXmlPending *pending)
{
  g_autofree char *change = NULL;

  switch (pending->type)
    {
    case KVMM_XML_PENDING_ADDED:
      return g_strdup (_ ("Comes with the next start"));
    case KVMM_XML_PENDING_REMOVED:
      return g_strdup (_ ("Goes with the next start"));
    case KVMM_XML_PENDING_CHANGED:
      break;
    }
  /* Translators: a value now, and the one of the next start */
  change = g_strdup_printf (_ ("%s → %s"), pending->now != NULL ? pending->now : "–",
                            pending->next != NULL ? pending->next : "–");
  if (pending->can_discard)
    return g_steal_pointer (&change);
  return g_strdup_printf ("%s\n%s", change, _ ("Only the XML page can change it back"));
}

/* @error: (nullable): stays until the next try */
static void
show_error (KvmmPendingView *self, const GError *error)
{
  g_autofree char *text =
      error != NULL ? g_strdup_printf (_ ("The change could not be discarded: %s"), error->message)
                    : NULL;

  gtk_label_set_text (self->error_label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), text != NULL);
}

static void
begin_discard (KvmmPendingView *self)
{
  show_error (self, NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (self), FALSE);
}

static void
discarded (KvmmPendingView *self, const GError *error)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self), TRUE);
  show_error (self, error);
  self->wants_focus = TRUE;
  kvmm_pending_view_reload (self);
}

static void
discarded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmPendingView) self = user_data;
  g_autoptr (GError) error = NULL;

  kvmm_domain_discard_finish (KVMM_DOMAIN (source), result, &error);
  discarded (self, error);
}

static void
discarded_all_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmPendingView) self = user_data;
  g_autoptr (GError) error = NULL;

  kvmm_domain_discard_all_finish (KVMM_DOMAIN (source), result, &error);
  discarded (self, error);
}

static void
discard_cb (KvmmPendingView *self, GtkWidget *button)
{
  guint index = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), INDEX_KEY));

  begin_discard (self);
  kvmm_domain_discard_async (self->domain, self->list->pdata[index], NULL, discarded_cb,
                             g_object_ref (self));
}

static void
all_cb (KvmmPendingView *self)
{
  begin_discard (self);
  kvmm_domain_discard_all_async (self->domain, self->list, NULL, discarded_all_cb,
                                 g_object_ref (self));
}

static void
add_button (KvmmPendingView *self, AdwActionRow *row, guint index, const char *title)
{
  GtkWidget *button = gtk_button_new_with_label (_ ("Discard"));
  /* Translators: a button; what is discarded follows, as in "Discard Disk vda: Cache" */
  g_autofree char *name = g_strdup_printf (_ ("Discard %s"), title);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data (G_OBJECT (button), INDEX_KEY, GUINT_TO_POINTER (index));
  g_signal_connect_object (button, "clicked", G_CALLBACK (discard_cb), self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (row, button);
}

static void
add_row (KvmmPendingView *self, guint index)
{
  const KvmmXmlPending *pending = self->list->pdata[index];
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *title = dup_title (pending);
  g_autofree char *subtitle = dup_subtitle (pending);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  if (pending->can_discard)
    add_button (self, ADW_ACTION_ROW (row), index, title);
  adw_preferences_group_add (self->group, row);
  g_ptr_array_add (self->rows, row);
}

/* ---- reading ---- */

static gboolean
is_same (gconstpointer a, gconstpointer b)
{
  const KvmmXmlPending *first = a;
  const KvmmXmlPending *second = b;

  return first->type == second->type && first->can_discard == second->can_discard &&
         g_strcmp0 (first->identity, second->identity) == 0 &&
         g_strcmp0 (first->path, second->path) == 0 &&
         g_strcmp0 (first->title, second->title) == 0 && g_strcmp0 (first->now, second->now) == 0 &&
         g_strcmp0 (first->next, second->next) == 0;
}

static gboolean
is_same_list (GPtrArray *a, GPtrArray *b)
{
  if (a == NULL || a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!is_same (a->pdata[i], b->pdata[i]))
      return FALSE;
  return TRUE;
}

/* @list: (transfer full) */
static void
take_list (KvmmPendingView *self, GPtrArray *list)
{
  guint n_discardable = 0;

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (self->group, self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  g_clear_pointer (&self->list, g_ptr_array_unref);
  self->list = list;
  for (guint i = 0; i < list->len; i++)
    {
      const KvmmXmlPending *pending = list->pdata[i];

      n_discardable += pending->can_discard ? 1 : 0;
      add_row (self, i);
    }
  gtk_widget_set_visible (self->all_button, n_discardable > 1);
  gtk_widget_set_visible (GTK_WIDGET (self), list->len > 0);
  if (list->len == 0)
    show_error (self, NULL);
  if (self->wants_focus && list->len > 0)
    gtk_widget_child_focus (GTK_WIDGET (self), GTK_DIR_TAB_FORWARD);
  self->wants_focus = FALSE;
}

static void
listed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmPendingView) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list =
      kvmm_domain_list_pending_finish (KVMM_DOMAIN (object), result, &error);

  self->is_reading = FALSE;
  if (self->domain == NULL)
    return;
  if (self->is_stale)
    {
      kvmm_pending_view_reload (self);
      return;
    }
  /* What cannot be read is not known to wait; the page says below that the connection is lost. */
  if (list == NULL)
    list = g_ptr_array_new ();
  if (!is_same_list (self->list, list))
    take_list (self, g_steal_pointer (&list));
}

void
kvmm_pending_view_reload (KvmmPendingView *self)
{
  g_return_if_fail (KVMM_IS_PENDING_VIEW (self));

  if (self->domain == NULL)
    return;
  self->is_stale = self->is_reading;
  if (self->is_reading)
    return;
  self->is_reading = TRUE;
  kvmm_domain_list_pending_async (self->domain, NULL, listed_cb, g_object_ref (self));
}

static void
kvmm_pending_view_dispose (GObject *object)
{
  KvmmPendingView *self = KVMM_PENDING_VIEW (object);

  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_pending_view_parent_class)->dispose (object);
}

static void
kvmm_pending_view_finalize (GObject *object)
{
  KvmmPendingView *self = KVMM_PENDING_VIEW (object);

  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  G_OBJECT_CLASS (kvmm_pending_view_parent_class)->finalize (object);
}

static void
kvmm_pending_view_class_init (KvmmPendingViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_pending_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_pending_view_finalize;

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-pending-view.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmPendingView, group);
  gtk_widget_class_bind_template_child (widget_class, KvmmPendingView, all_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmPendingView, error_label);
  gtk_widget_class_bind_template_callback (widget_class, all_cb);
}

static void
kvmm_pending_view_init (KvmmPendingView *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_pending_view_set_domain (KvmmPendingView *self, KvmmDomain *domain)
{
  g_return_if_fail (KVMM_IS_PENDING_VIEW (self) && KVMM_IS_DOMAIN (domain));

  g_set_object (&self->domain, domain);
}

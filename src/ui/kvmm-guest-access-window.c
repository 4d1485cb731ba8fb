/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-guest-access-window.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define WIDTH 460
#define HEIGHT 420

struct _KvmmGuestAccessWindow
{
  AdwWindow parent_instance;

  KvmmConnection *connection; /* (owned) */
  GtkFilter *filter;          /* (owned) */

  AdwPreferencesGroup *group;
  GtkListBox *list;
};

#define KVMM_TYPE_GUEST_ACCESS_WINDOW (kvmm_guest_access_window_get_type ())
G_DECLARE_FINAL_TYPE (
    KvmmGuestAccessWindow, kvmm_guest_access_window, KVMM, GUEST_ACCESS_WINDOW, AdwWindow)
G_DEFINE_FINAL_TYPE (KvmmGuestAccessWindow, kvmm_guest_access_window, ADW_TYPE_WINDOW)

static void
end_cb (GtkButton *button, KvmmDomain *domain)
{
  kvmm_guest_set_control_allowed (kvmm_domain_get_guest (domain), FALSE);
}

static gboolean
is_allowed (gpointer item, gpointer user_data)
{
  return kvmm_guest_get_control_allowed (kvmm_domain_get_guest (item));
}

static void
access_changed_cb (KvmmGuestAccessWindow *self)
{
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

static GtkWidget *
create_row (gpointer item, gpointer user_data)
{
  KvmmDomain *domain = item;
  const char *name = kvmm_domain_get_name (domain);
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_with_label (_ ("Turn Off"));
  /* Translators: a button that takes a permission away; the name of a machine follows */
  g_autofree char *label = g_strdup_printf (_ ("Turn off for %s"), name);

  g_object_set (row, "use-markup", FALSE, NULL);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), name);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  /* Its word alone would be the same for all. */
  gtk_accessible_reset_relation (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (end_cb), domain, G_CONNECT_DEFAULT);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return row;
}

static GtkWidget *
create_content (KvmmGuestAccessWindow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *page = adw_preferences_page_new ();
  GtkWidget *placeholder = gtk_label_new (_ ("None"));

  gtk_box_append (GTK_BOX (box), adw_header_bar_new ());
  self->group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());
  adw_preferences_group_set_title (self->group, _ ("Commands, Terminal and Files"));
  adw_preferences_group_set_description (
      self->group, _ ("Allowed on this computer for these virtual machines. The guest's own "
                      "policy decides as well."));
  self->list = GTK_LIST_BOX (gtk_list_box_new ());
  gtk_list_box_set_selection_mode (self->list, GTK_SELECTION_NONE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Virtual machines whose guests may be controlled"), -1);
  gtk_widget_add_css_class (GTK_WIDGET (self->list), "boxed-list");
  gtk_widget_add_css_class (placeholder, "dim-label");
  gtk_widget_set_margin_top (placeholder, 12);
  gtk_widget_set_margin_bottom (placeholder, 12);
  gtk_list_box_set_placeholder (self->list, placeholder);
  adw_preferences_group_add (self->group, GTK_WIDGET (self->list));
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (page), self->group);
  gtk_widget_set_vexpand (page, TRUE);
  gtk_box_append (GTK_BOX (box), page);
  return box;
}

static void
kvmm_guest_access_window_dispose (GObject *object)
{
  KvmmGuestAccessWindow *self = KVMM_GUEST_ACCESS_WINDOW (object);

  g_clear_object (&self->filter);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (kvmm_guest_access_window_parent_class)->dispose (object);
}

static void
kvmm_guest_access_window_class_init (KvmmGuestAccessWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_guest_access_window_dispose;
  gtk_widget_class_add_binding_action (GTK_WIDGET_CLASS (klass), GDK_KEY_Escape, 0, "window.close",
                                       NULL);
}

static void
kvmm_guest_access_window_init (KvmmGuestAccessWindow *self)
{
  gtk_window_set_default_size (GTK_WINDOW (self), WIDTH, HEIGHT);
  gtk_window_set_modal (GTK_WINDOW (self), TRUE);
  adw_window_set_content (ADW_WINDOW (self), create_content (self));
}

void
kvmm_guest_access_window_present (GtkWindow *parent, KvmmConnection *connection)
{
  KvmmGuestAccessWindow *self = g_object_new (KVMM_TYPE_GUEST_ACCESS_WINDOW, "transient-for",
                                              parent, "destroy-with-parent", TRUE, NULL);
  /* Translators: the title of a window; the name of a connection follows */
  g_autoptr (GtkFilterListModel) model = NULL;
  g_autofree char *title =
      g_strdup_printf (_ ("Access to Guests on %s"), kvmm_connection_get_name (connection));

  self->connection = g_object_ref (connection);
  gtk_window_set_title (GTK_WINDOW (self), title);
  self->filter = GTK_FILTER (gtk_custom_filter_new (is_allowed, NULL, NULL));
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (connection)); i++)
    {
      g_autoptr (KvmmDomain) domain = g_list_model_get_item (G_LIST_MODEL (connection), i);

      g_signal_connect_object (kvmm_domain_get_guest (domain), "access-changed",
                               G_CALLBACK (access_changed_cb), self, G_CONNECT_SWAPPED);
    }
  model = gtk_filter_list_model_new (G_LIST_MODEL (g_object_ref (connection)),
                                     g_object_ref (self->filter));
  gtk_list_box_bind_model (self->list, G_LIST_MODEL (model), create_row, NULL, NULL);
  gtk_window_present (GTK_WINDOW (self));
}

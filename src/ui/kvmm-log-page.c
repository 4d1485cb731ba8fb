/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-log-page.h"

#include <glib/gi18n.h>

#define ROW_SPACING 12
#define ROW_MARGIN 6

struct _KvmmLogPage
{
  AdwBin parent_instance;

  KvmmLog *log; /* (owned) */
  GtkStack *stack;
  GtkListView *list;
};

G_DEFINE_FINAL_TYPE (KvmmLogPage, kvmm_log_page, ADW_TYPE_BIN)

static GtkWidget *
create_label (const char *css_class)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_widget_set_valign (label, GTK_ALIGN_START);
  if (css_class != NULL)
    {
      gtk_widget_add_css_class (label, css_class);
      gtk_widget_add_css_class (label, "dim-label");
    }
  return label;
}

/* A row is an icon, the text and the time. */
static void
setup_cb (GtkSignalListItemFactory *factory, GtkListItem *item, KvmmLogPage *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, ROW_SPACING);
  GtkWidget *icon = gtk_image_new ();
  GtkWidget *text = create_label (NULL);
  GtkWidget *time = create_label ("numeric");

  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_widget_set_hexpand (text, TRUE);
  gtk_label_set_xalign (GTK_LABEL (text), 0);
  gtk_label_set_wrap (GTK_LABEL (text), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (text), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_margin_top (box, ROW_MARGIN);
  gtk_widget_set_margin_bottom (box, ROW_MARGIN);
  gtk_box_append (GTK_BOX (box), icon);
  gtk_box_append (GTK_BOX (box), text);
  gtk_box_append (GTK_BOX (box), time);
  gtk_list_item_set_child (item, box);
  gtk_list_item_set_activatable (item, FALSE);
}

static void
bind_cb (GtkSignalListItemFactory *factory, GtkListItem *item, KvmmLogPage *self)
{
  KvmmLogEntry *entry = gtk_list_item_get_item (item);
  GtkWidget *icon = gtk_widget_get_first_child (gtk_list_item_get_child (item));
  GtkWidget *text = gtk_widget_get_next_sibling (icon);
  GtkWidget *time = gtk_widget_get_next_sibling (text);
  g_autoptr (GDateTime) moment =
      g_date_time_new_from_unix_local (kvmm_log_entry_get_time_us (entry) / G_USEC_PER_SEC);
  g_autofree char *clock = moment != NULL ? g_date_time_format (moment, "%x %X") : NULL;

  gtk_image_set_from_icon_name (GTK_IMAGE (icon), kvmm_log_entry_get_icon_name (entry));
  gtk_label_set_text (GTK_LABEL (text), kvmm_log_entry_get_text (entry));
  gtk_label_set_text (GTK_LABEL (time), clock != NULL ? clock : "");
}

static int
compare_newest_first (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 time_a = kvmm_log_entry_get_time_us ((KvmmLogEntry *) a);
  gint64 time_b = kvmm_log_entry_get_time_us ((KvmmLogEntry *) b);

  return time_a < time_b ? GTK_ORDERING_LARGER
                         : (time_a > time_b ? GTK_ORDERING_SMALLER : GTK_ORDERING_EQUAL);
}

static void
items_changed_cb (KvmmLogPage *self)
{
  gboolean is_empty = g_list_model_get_n_items (G_LIST_MODEL (self->log)) == 0;

  gtk_stack_set_visible_child_name (self->stack, is_empty ? "empty" : "list");
}

static void
kvmm_log_page_dispose (GObject *object)
{
  KvmmLogPage *self = KVMM_LOG_PAGE (object);

  g_clear_object (&self->log);
  G_OBJECT_CLASS (kvmm_log_page_parent_class)->dispose (object);
}

static void
kvmm_log_page_class_init (KvmmLogPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_log_page_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-log-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmLogPage, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmLogPage, list);
  gtk_widget_class_bind_template_callback (widget_class, setup_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_cb);
}

static void
kvmm_log_page_init (KvmmLogPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_log_page_new (KvmmLog *log)
{
  KvmmLogPage *self = g_object_new (KVMM_TYPE_LOG_PAGE, NULL);
  GtkSorter *sorter = GTK_SORTER (gtk_custom_sorter_new (compare_newest_first, NULL, NULL));
  GtkSortListModel *sorted = gtk_sort_list_model_new (G_LIST_MODEL (g_object_ref (log)), sorter);
  g_autoptr (GtkNoSelection) selection = gtk_no_selection_new (G_LIST_MODEL (sorted));

  self->log = g_object_ref (log);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (selection));
  g_signal_connect_object (log, "items-changed", G_CALLBACK (items_changed_cb), self,
                           G_CONNECT_SWAPPED);
  items_changed_cb (self);
  return GTK_WIDGET (self);
}

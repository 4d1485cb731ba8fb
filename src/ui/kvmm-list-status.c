/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-list-status.h"

#include <glib/gi18n.h>

#include "kvmm-countdown.h"
#include "kvmm-dialogs.h"

struct _KvmmListStatus
{
  AdwBin parent_instance;

  KvmmConnection *connection; /* (owned) (nullable) whose problem is shown */
  KvmmCountdown *ticker;      /* (owned) */

  AdwStatusPage *page;
  GtkSpinner *spinner;
  GtkLabel *cure;
  GtkListBox *commands;
  GtkLabel *countdown;
  GtkButton *button;
  GtkWidget *retry_button;
  GtkWidget *add_button;
};

G_DEFINE_FINAL_TYPE (KvmmListStatus, kvmm_list_status, ADW_TYPE_BIN)

static void
copy_cb (GtkButton *button, gpointer user_data)
{
  kvmm_dialogs_copy (GTK_WIDGET (button), g_object_get_data (G_OBJECT (button), "kvmm-command"));
}

static GtkWidget *
create_command (const char *command)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = gtk_label_new (command);
  GtkWidget *button = gtk_button_new_from_icon_name ("edit-copy-symbolic");
  GtkWidget *row = gtk_list_box_row_new ();
  g_autofree char *name = g_strdup_printf (_ ("Copy “%s”"), command);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (label, "monospace");
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, _ ("Copy"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (button), "kvmm-command", g_strdup (command), g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (copy_cb), NULL);

  gtk_widget_add_css_class (box, "command");
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), button);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);

  return row;
}

/* The first line says what to do, each further one is a command. */
static void
set_cure (KvmmListStatus *self, const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);
  GtkListBoxRow *row;
  gboolean has_commands = FALSE;

  while ((row = gtk_list_box_get_row_at_index (self->commands, 0)))
    gtk_list_box_remove (self->commands, GTK_WIDGET (row));
  for (guint i = 1; lines[0] && lines[i]; i++)
    {
      if (*g_strstrip (lines[i]))
        {
          gtk_list_box_append (self->commands, create_command (lines[i]));
          has_commands = TRUE;
        }
    }
  gtk_label_set_text (self->cure, lines[0] ? lines[0] : "");
  gtk_widget_set_visible (GTK_WIDGET (self->cure), lines[0] && *lines[0]);
  gtk_widget_set_visible (GTK_WIDGET (self->commands), has_commands);
}

/* A spinner on a page of a stack that is not shown would keep the frame clock running. */
static void
update_spinner (KvmmListStatus *self)
{
  gtk_spinner_set_spinning (self->spinner, gtk_widget_get_mapped (GTK_WIDGET (self)) &&
                                               gtk_widget_get_visible (GTK_WIDGET (self->spinner)));
}

static void
kvmm_list_status_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_list_status_parent_class)->map (widget);
  update_spinner (KVMM_LIST_STATUS (widget));
}

static void
kvmm_list_status_unmap (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_list_status_parent_class)->unmap (widget);
  update_spinner (KVMM_LIST_STATUS (widget));
}

static void
set_page (KvmmListStatus *self, const char *icon_name, const char *title, const char *description)
{
  /* AdwStatusPage takes its description as markup. */
  g_autofree char *escaped = g_markup_escape_text (description ? description : "", -1);

  adw_status_page_set_icon_name (self->page, icon_name);
  adw_status_page_set_title (self->page, title);
  adw_status_page_set_description (self->page, escaped);
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), icon_name == NULL);
  update_spinner (self);
}

static void
forget_connection (KvmmListStatus *self)
{
  if (self->connection)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_object (&self->connection);
  kvmm_countdown_set_connection (self->ticker, NULL);
}

void
kvmm_list_status_set_text (KvmmListStatus *self,
                           const char *icon_name,
                           const char *title,
                           const char *description,
                           const char *button_label,
                           const char *action_name)
{
  g_return_if_fail (KVMM_IS_LIST_STATUS (self));

  forget_connection (self);
  set_page (self, icon_name, title, description);
  set_cure (self, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->countdown), FALSE);
  gtk_widget_set_visible (self->retry_button, FALSE);
  gtk_widget_set_visible (self->add_button, FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->button), button_label != NULL);
  gtk_button_set_label (self->button, button_label ? button_label : "");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (self->button), action_name);
}

static void
countdown_cb (KvmmCountdown *ticker, const char *text, gpointer user_data)
{
  KvmmListStatus *self = user_data;

  gtk_label_set_text (self->countdown, text ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->countdown), text != NULL);
}

static void
update_problem (KvmmListStatus *self)
{
  g_autofree char *title =
      g_strdup_printf (_ ("Cannot Connect to %s"), kvmm_connection_get_name (self->connection));
  const char *error_text = kvmm_connection_get_error_text (self->connection);

  set_page (self, "network-offline-symbolic", _ ("Cannot Connect"), error_text);
  set_cure (self, kvmm_connection_get_cure_text (self->connection));
}

static void
notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  update_problem (user_data);
}

void
kvmm_list_status_set_problem (KvmmListStatus *self, KvmmConnection *connection)
{
  g_return_if_fail (KVMM_IS_LIST_STATUS (self));
  g_return_if_fail (KVMM_IS_CONNECTION (connection));

  if (self->connection == connection)
    return;
  forget_connection (self);
  self->connection = g_object_ref (connection);
  g_signal_connect (connection, "notify::error-text", G_CALLBACK (notify_cb), self);
  g_signal_connect (connection, "notify::cure-text", G_CALLBACK (notify_cb), self);
  gtk_widget_set_visible (GTK_WIDGET (self->button), FALSE);
  gtk_widget_set_visible (self->retry_button, TRUE);
  gtk_widget_set_visible (self->add_button, TRUE);
  update_problem (self);
  kvmm_countdown_set_connection (self->ticker, connection);
}

static void
retry_cb (GtkButton *button, gpointer user_data)
{
  KvmmListStatus *self = user_data;

  if (self->connection)
    kvmm_connection_connect (self->connection);
}

static void
kvmm_list_status_dispose (GObject *object)
{
  KvmmListStatus *self = KVMM_LIST_STATUS (object);

  if (self->ticker)
    forget_connection (self);
  g_clear_object (&self->ticker);

  G_OBJECT_CLASS (kvmm_list_status_parent_class)->dispose (object);
}

static void
kvmm_list_status_class_init (KvmmListStatusClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_list_status_dispose;
  widget_class->map = kvmm_list_status_map;
  widget_class->unmap = kvmm_list_status_unmap;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-list-status.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, page);
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, spinner);
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, cure);
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, commands);
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, countdown);
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, button);
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, retry_button);
  gtk_widget_class_bind_template_child (widget_class, KvmmListStatus, add_button);
  gtk_widget_class_bind_template_callback (widget_class, retry_cb);
}

static void
kvmm_list_status_init (KvmmListStatus *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->ticker = kvmm_countdown_new ();
  g_signal_connect_object (self->ticker, "changed", G_CALLBACK (countdown_cb), self,
                           G_CONNECT_DEFAULT);
}

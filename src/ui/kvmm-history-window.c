/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-history-window.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-diff-dialog.h"
#include "model/kvmm-domain-edit.h"

/* Lines around a change. */
#define CONTEXT_LINES 3

struct _KvmmHistoryWindow
{
  AdwWindow parent_instance;

  KvmmDomain *domain;        /* (owned) */
  GWeakRef origin;           /* GtkWidget */
  GCancellable *cancellable; /* (owned) */
  GPtrArray *versions;       /* (owned) (nullable) KvmmDomainVersion */
  KvmmDomainVersion *chosen; /* (unowned) (nullable): of versions */

  GtkStack *stack;
  AdwStatusPage *none_page;
  AdwPreferencesGroup *group;
};

G_DEFINE_FINAL_TYPE (KvmmHistoryWindow, kvmm_history_window, ADW_TYPE_WINDOW)

/* Returns: (transfer full): in this computer's time and language */
static char *
dup_date (const KvmmDomainVersion *version)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (version->time_us / G_USEC_PER_SEC);

  /* What the files say of a time is not checked. */
  return time != NULL ? g_date_time_format (time, "%c") : g_strdup (_ ("An unknown time"));
}

static void
set_busy (KvmmHistoryWindow *self, gboolean is_busy)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self->group), !is_busy);
}

static void
restored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHistoryWindow) self = user_data;
  g_autoptr (GtkWidget) origin = g_weak_ref_get (&self->origin);
  g_autoptr (GError) error = NULL;
  KvmmDomain *domain = KVMM_DOMAIN (source);

  set_busy (self, FALSE);
  if (!kvmm_domain_restore_finish (domain, result, &error))
    {
      kvmm_dialogs_error (GTK_WIDGET (self), _ ("The definition was not changed"), error);
      return;
    }
  if (origin != NULL)
    kvmm_dialogs_toast (origin, kvmm_domain_get_is_active (domain)
                                    ? _ ("The virtual machine has this with its next start")
                                    : _ ("The earlier definition is restored"));
  gtk_window_close (GTK_WINDOW (self));
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHistoryWindow) self = user_data;

  if (!kvmm_diff_dialog_ask_finish (result) || self->chosen == NULL)
    {
      set_busy (self, FALSE);
      return;
    }
  kvmm_domain_restore_async (self->domain, self->chosen, self->cancellable, restored_cb,
                             g_object_ref (self));
}

/* The difference to what is stored now, whoever wrote that. */
static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHistoryWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) now =
      kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *date = NULL;
  g_autofree char *body = NULL;

  if (now != NULL && self->chosen != NULL)
    lines = kvmm_xml_diff (kvmm_xml_edit_get_base (now), self->chosen->xml, CONTEXT_LINES, &error);
  if (lines == NULL || lines->len == 0)
    {
      set_busy (self, FALSE);
      if (error != NULL)
        kvmm_dialogs_error (GTK_WIDGET (self), _ ("The definitions cannot be compared"), error);
      else if (lines != NULL)
        kvmm_dialogs_toast (GTK_WIDGET (self), _ ("The definition is the same now"));
      return;
    }
  date = dup_date (self->chosen);
  body = g_strdup_printf (_ ("As it was on %s. The machine keeps its name."), date);
  kvmm_diff_dialog_ask_async (GTK_WIDGET (self), _ ("Restore This Definition?"), body, lines,
                              _ ("_Restore"), asked_cb, g_object_ref (self));
}

static void
chosen_cb (AdwActionRow *row, KvmmHistoryWindow *self)
{
  self->chosen = g_object_get_data (G_OBJECT (row), "version");
  set_busy (self, TRUE);
  kvmm_domain_begin_edit_async (self->domain, self->cancellable, read_cb, g_object_ref (self));
}

static void
add_version (KvmmHistoryWindow *self, KvmmDomainVersion *version)
{
  g_autofree char *date = dup_date (version);
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), date);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                             gtk_image_new_from_icon_name ("go-next-symbolic"));
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  g_object_set_data (G_OBJECT (row), "version", version);
  g_signal_connect (row, "activated", G_CALLBACK (chosen_cb), self);
  adw_preferences_group_add (self->group, row);
}

static void
show_error (KvmmHistoryWindow *self, const GError *error)
{
  g_autofree char *text = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  text = g_markup_escape_text (error->message, -1);
  adw_status_page_set_title (self->none_page, _ ("The Definitions Cannot Be Read"));
  adw_status_page_set_description (self->none_page, text);
  gtk_stack_set_visible_child_name (self->stack, "none");
}

static void
now_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHistoryWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) now =
      kvmm_domain_begin_edit_finish (KVMM_DOMAIN (source), result, &error);
  guint n_added = 0;

  if (now == NULL)
    {
      show_error (self, error);
      return;
    }
  for (guint i = 0; i < self->versions->len; i++)
    {
      KvmmDomainVersion *version = self->versions->pdata[i];

      if (kvmm_xml_same (kvmm_xml_edit_get_base (now), version->xml))
        continue;
      add_version (self, version);
      n_added++;
    }
  gtk_stack_set_visible_child_name (self->stack, n_added > 0 ? "list" : "none");
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmHistoryWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  self->versions = kvmm_domain_list_versions_finish (KVMM_DOMAIN (source), result, &error);
  if (self->versions == NULL)
    {
      show_error (self, error);
      return;
    }
  /* What is still so is not an earlier one. */
  kvmm_domain_begin_edit_async (KVMM_DOMAIN (source), self->cancellable, now_cb,
                                g_object_ref (self));
}

static void
kvmm_history_window_dispose (GObject *object)
{
  KvmmHistoryWindow *self = KVMM_HISTORY_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  self->chosen = NULL;
  g_clear_pointer (&self->versions, g_ptr_array_unref);
  g_clear_object (&self->domain);
  G_OBJECT_CLASS (kvmm_history_window_parent_class)->dispose (object);
}

static void
kvmm_history_window_finalize (GObject *object)
{
  KvmmHistoryWindow *self = KVMM_HISTORY_WINDOW (object);

  g_clear_object (&self->cancellable);
  g_weak_ref_clear (&self->origin);
  G_OBJECT_CLASS (kvmm_history_window_parent_class)->finalize (object);
}

static void
kvmm_history_window_class_init (KvmmHistoryWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_history_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kvmm_history_window_finalize;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-history-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmHistoryWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KvmmHistoryWindow, none_page);
  gtk_widget_class_bind_template_child (widget_class, KvmmHistoryWindow, group);
}

static void
kvmm_history_window_init (KvmmHistoryWindow *self)
{
  self->cancellable = g_cancellable_new ();
  g_weak_ref_init (&self->origin, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kvmm_history_window_present (GtkWidget *origin, KvmmDomain *domain)
{
  GtkRoot *root = gtk_widget_get_root (origin);
  KvmmHistoryWindow *self = g_object_new (KVMM_TYPE_HISTORY_WINDOW, "transient-for",
                                          GTK_IS_WINDOW (root) ? root : NULL, NULL);

  self->domain = g_object_ref (domain);
  g_weak_ref_set (&self->origin, origin);
  kvmm_domain_list_versions_async (domain, self->cancellable, listed_cb, g_object_ref (self));
  gtk_window_present (GTK_WINDOW (self));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-file-drop.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-file-drag.h"
#include "kvmm-files-view.h"
#include "kvmm-guest-missing.h"
#include "model/kvmm-transfer-queue.h"

/* Files on their way into an inbox, without a list of transfers on screen that would tell how they
 * fare. */
typedef struct
{
  GWeakRef widget;
  KvmmDomain *domain; /* (owned) */
  guint batch;
  guint n_rest;
  guint n_failed;
  guint n_done;
  GError *error; /* (owned) (nullable) of the first that failed */
} Watch;

static void
watch_free (gpointer data, GClosure *closure)
{
  Watch *self = data;

  g_weak_ref_clear (&self->widget);
  g_object_unref (self->domain);
  g_clear_error (&self->error);
  g_free (self);
}

/* The folder that is looked at takes them, whether they fall on it or beside it. */
static GtkWidget *
find_files_view (GtkWidget *widget)
{
  if (!gtk_widget_get_mapped (widget) || KVMM_IS_FILES_VIEW (widget))
    return gtk_widget_get_mapped (widget) ? widget : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_files_view (child);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static void
tell (Watch *self, GtkWidget *widget)
{
  const char *name = kvmm_domain_get_name (self->domain);
  g_autofree char *text = NULL;

  if (self->error != NULL)
    {
      text =
          g_strdup_printf (ngettext ("%u file did not get into the inbox of “%s”",
                                     "%u files did not get into the inbox of “%s”", self->n_failed),
                           self->n_failed, name);
      kvmm_dialogs_error (widget, text, self->error);
    }
  else if (self->n_done > 0)
    {
      text = g_strdup_printf (ngettext ("%u file is in the inbox of “%s”",
                                        "%u files are in the inbox of “%s”", self->n_done),
                              self->n_done, name);
      kvmm_dialogs_toast (widget, text);
    }
}

static void
finished_cb (KvmmTransferQueue *queue, KvmmTransfer *transfer, gpointer user_data)
{
  Watch *self = user_data;
  g_autoptr (GtkWidget) widget = g_weak_ref_get (&self->widget);

  if (kvmm_transfer_get_batch (transfer) != self->batch)
    return;
  if (kvmm_transfer_get_state (transfer) == KVMM_TRANSFER_FAILED)
    {
      self->n_failed++;
      if (self->error == NULL && kvmm_transfer_get_error (transfer) != NULL)
        self->error = g_error_copy (kvmm_transfer_get_error (transfer));
    }
  else if (kvmm_transfer_get_state (transfer) == KVMM_TRANSFER_DONE)
    self->n_done++;
  if (--self->n_rest > 0)
    return;
  if (widget != NULL && gtk_widget_get_root (widget) != NULL)
    tell (self, widget);
  g_signal_handlers_disconnect_by_data (queue, self);
}

static void
put_into_inbox (GtkWidget *widget, KvmmDomain *domain, GSList *files)
{
  KvmmTransferQueue *queue = kvmm_transfer_queue_get (kvmm_domain_get_guest (domain));
  Watch *watch = g_new0 (Watch, 1);
  g_autofree char *text = NULL;

  g_weak_ref_init (&watch->widget, widget);
  watch->domain = g_object_ref (domain);
  watch->batch = kvmm_transfer_queue_new_batch (queue);
  watch->n_rest = g_slist_length (files);
  text = g_strdup_printf (ngettext ("%u file goes into the inbox of “%s”",
                                    "%u files go into the inbox of “%s”", watch->n_rest),
                          watch->n_rest, kvmm_domain_get_name (domain));
  kvmm_dialogs_toast (widget, text);
  g_signal_connect_data (queue, "finished", G_CALLBACK (finished_cb), watch, watch_free, 0);
  for (GSList *l = files; l != NULL; l = l->next)
    {
      KvmmTransfer *transfer = kvmm_transfer_new_upload (l->data, NULL);

      kvmm_transfer_set_batch (transfer, watch->batch);
      /* Nobody looks at what is there: nothing of it is replaced. */
      kvmm_transfer_answer (transfer, KVMM_TRANSFER_KEEP_BOTH);
      if (!kvmm_transfer_queue_add (queue, transfer))
        {
          kvmm_dialogs_toast (widget, _ ("There are too many transfers"));
          g_signal_handlers_disconnect_by_data (queue, watch);
          return;
        }
    }
}

void
kvmm_file_drop_take (GtkWidget *widget, KvmmDomain *domain, GSList *files)
{
  KvmmGuest *guest;
  GtkWidget *view;
  g_autofree char *lines = NULL;

  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  guest = kvmm_domain_get_guest (domain);
  view = find_files_view (widget);
  if (view != NULL)
    {
      kvmm_files_view_upload (KVMM_FILES_VIEW (view), files);
      return;
    }
  if (kvmm_guest_get_agent (guest) == NULL)
    {
      g_autofree char *text =
          g_strdup_printf (_ ("Files go to “%s” through its agent, which does not answer now"),
                           kvmm_domain_get_name (domain));

      kvmm_dialogs_toast (widget, text);
      return;
    }
  lines = kvmm_guest_dup_policy_lines (guest, KVMM_GUEST_GROUP_INBOX);
  if (lines != NULL || !kvmm_guest_get_control_allowed (guest))
    {
      kvmm_guest_missing_present (widget, guest, _ ("Files Into the Guest's Inbox"), lines);
      return;
    }
  put_into_inbox (widget, domain, files);
}

static gboolean
dropped_cb (GtkDropTarget *target, const GValue *value, double x, double y, KvmmDomain *domain)
{
  GtkWidget *widget = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (target));
  GSList *files = gdk_file_list_get_files (g_value_get_boxed (value));

  kvmm_file_drop_take (widget, domain, files);
  g_slist_free (files);
  return TRUE;
}

gboolean
kvmm_file_drop_accepts (GdkDrop *drop, KvmmDomain *domain)
{
  g_return_val_if_fail (GDK_IS_DROP (drop) && KVMM_IS_DOMAIN (domain), FALSE);

  return (gdk_drop_get_actions (drop) & GDK_ACTION_COPY) != 0 &&
         gdk_content_formats_contain_gtype (gdk_drop_get_formats (drop), GDK_TYPE_FILE_LIST) &&
         !kvmm_file_drag_is_from (drop, kvmm_transfer_queue_get (kvmm_domain_get_guest (domain)));
}

static gboolean
accept_cb (GtkDropTarget *target, GdkDrop *drop, KvmmDomain *domain)
{
  return kvmm_file_drop_accepts (drop, domain);
}

void
kvmm_file_drop_attach (GtkWidget *widget, KvmmDomain *domain)
{
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_return_if_fail (GTK_IS_WIDGET (widget));
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  g_signal_connect_object (target, "accept", G_CALLBACK (accept_cb), domain, 0);
  g_signal_connect_object (target, "drop", G_CALLBACK (dropped_cb), domain, 0);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (target));
  gtk_widget_add_css_class (widget, "file-drop");
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-disc-flow.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-work-dialog.h"

/* libvirt's patience with a tray that the guest keeps locked. */
#define TRAY_SECONDS 5

typedef struct
{
  GTask *task;               /* (unowned) that has this */
  GWeakRef parent;           /* the window that asked may be closed meanwhile */
  KvmmDomain *domain;        /* (owned) */
  char *target;              /* (owned) */
  char *path;                /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable) of the try under way */
  KvmmWorkDialog *work;      /* (owned) (nullable) */
  gboolean is_forced;
} Flow;

static void
flow_free (gpointer data)
{
  Flow *flow = data;

  g_weak_ref_clear (&flow->parent);
  g_object_unref (flow->domain);
  g_free (flow->target);
  g_free (flow->path);
  g_clear_object (&flow->cancellable);
  g_clear_object (&flow->work);
  g_free (flow);
}

static char *
describe_work (guint elapsed_s, gpointer user_data)
{
  Flow *flow = user_data;
  guint left = TRAY_SECONDS > elapsed_s ? TRAY_SECONDS - elapsed_s : 0;

  if (flow->is_forced || !kvmm_domain_get_is_active (flow->domain))
    return g_strdup (_ ("Waiting for libvirt."));
  if (left == 0)
    return g_strdup (_ ("Waiting for the guest to open the tray."));
  return g_strdup_printf (ngettext ("Waiting for the guest to open the tray; %u second left.",
                                    "Waiting for the guest to open the tray; %u seconds left.",
                                    left),
                          left);
}

static void try_it (Flow *flow);

static void
confirmed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Flow *flow = g_task_get_task_data (task);

  if (!kvmm_dialogs_confirm_finish (result))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Cancelled"));
      return;
    }
  flow->is_forced = TRUE;
  try_it (flow);
}

static void
ask (Flow *flow, GtkWidget *parent)
{
  g_autofree char *body =
      g_strdup_printf (_ ("“%s” has the disc in its drive mounted and keeps the tray "
                          "locked. Unmount it in the guest first, or force it out: "
                          "programs in the guest that read it get errors."),
                       kvmm_domain_get_name (flow->domain));

  kvmm_dialogs_confirm_async (parent, _ ("Force Eject?"), body, _ ("_Force Eject"), TRUE,
                              confirmed_cb, g_object_ref (flow->task));
}

static void
changed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Flow *flow = g_task_get_task_data (task);
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&flow->parent);
  GError *error = NULL;
  KvmmMediumChange *change =
      kvmm_domain_change_medium_finish (KVMM_DOMAIN (source), result, &error);

  kvmm_work_dialog_close (flow->work);
  if (change != NULL)
    g_task_return_pointer (task, change, (GDestroyNotify) kvmm_medium_change_free);
  else if (g_error_matches (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_TRAY_LOCKED) &&
           !flow->is_forced && parent != NULL && gtk_widget_get_root (parent) != NULL)
    {
      g_error_free (error);
      ask (flow, parent);
    }
  else
    g_task_return_error (task, error);
}

static void
try_it (Flow *flow)
{
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&flow->parent);

  if (parent == NULL)
    {
      g_task_return_new_error (flow->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("Cancelled"));
      return;
    }
  g_clear_object (&flow->work);
  g_clear_object (&flow->cancellable);
  flow->cancellable = g_cancellable_new ();
  flow->work = kvmm_work_dialog_new (parent, flow->path != NULL ? _ ("Inserting") : _ ("Ejecting"),
                                     describe_work, flow, flow->cancellable);
  kvmm_domain_change_medium_async (flow->domain, flow->target, flow->path, flow->is_forced,
                                   flow->cancellable, changed_cb, g_object_ref (flow->task));
}

void
kvmm_disc_flow_async (GtkWidget *parent,
                      KvmmDomain *domain,
                      const char *target,
                      const char *path,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Flow *flow;

  g_return_if_fail (GTK_IS_WIDGET (parent) && KVMM_IS_DOMAIN (domain) && target != NULL);

  flow = g_new0 (Flow, 1);
  g_weak_ref_init (&flow->parent, parent);
  flow->domain = g_object_ref (domain);
  flow->target = g_strdup (target);
  flow->path = g_strdup (path);
  task = g_task_new (NULL, NULL, callback, user_data);
  flow->task = task;
  g_task_set_source_tag (task, kvmm_disc_flow_async);
  g_task_set_task_data (task, flow, flow_free);
  try_it (flow);
}

KvmmMediumChange *
kvmm_disc_flow_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-picture.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection-private.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-screenshot.h"

typedef struct
{
  GBytes *bytes; /* (owned) */
  char *mime;    /* (owned) */
} Picture;

static void
picture_free (Picture *picture)
{
  g_clear_pointer (&picture->bytes, g_bytes_unref);
  g_free (picture->mime);
  g_free (picture);
}

/* Worker. */
static void
read_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Picture *picture = g_new0 (Picture, 1);
  GError *error = NULL;

  picture->bytes = kvmm_virt_domain_screenshot (connect, data, &picture->mime, cancellable, &error);
  if (picture->bytes != NULL)
    {
      g_task_return_pointer (task, picture, (GDestroyNotify) picture_free);
      return;
    }
  picture_free (picture);
  g_task_return_error (task, error);
}

void
kvmm_domain_read_picture_async (KvmmDomain *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  KvmmConnection *connection = kvmm_domain_get_connection (self);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_read_picture_async);
  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (self));
      return;
    }
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_PICTURE, G_PRIORITY_LOW, task, read_func,
                       g_strdup (kvmm_domain_get_uuid (self)), g_free);
}

GBytes *
kvmm_domain_read_picture_finish (KvmmDomain *self,
                                 GAsyncResult *result,
                                 char **mime,
                                 GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  Picture *picture = g_task_propagate_pointer (G_TASK (result), error);
  if (picture == NULL)
    return NULL;
  GBytes *bytes = g_steal_pointer (&picture->bytes);
  *mime = g_steal_pointer (&picture->mime);
  picture_free (picture);
  return bytes;
}

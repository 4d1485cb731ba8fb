/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-screenshot.h"

#include <stdlib.h>

#include <glib/gi18n.h>

#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-private.h"

#define CHUNK (256 * 1024)

/* Returns: (transfer full): %NULL with @error set; then the stream is still to be aborted */
static GBytes *
receive (virStreamPtr stream, const char *what, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();

  for (;;)
    {
      guint length = data->len;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      if (length > KVMM_VIRT_SCREENSHOT_MAX)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, _ ("%s: it is larger than %u MiB"),
                       what, KVMM_VIRT_SCREENSHOT_MAX / (1024 * 1024));
          return NULL;
        }
      g_byte_array_set_size (data, length + CHUNK);
      int received = virStreamRecv (stream, (char *) data->data + length, CHUNK);
      if (received < 0)
        {
          kvmm_virt_error_take (error, what);
          return NULL;
        }
      g_byte_array_set_size (data, length + (guint) received);
      if (received == 0)
        return g_byte_array_free_to_bytes (g_steal_pointer (&data));
    }
}

GBytes *
kvmm_virt_domain_screenshot (
    KvmmVirtConnect *self, const char *uuid, char **mime, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL && mime != NULL, NULL);
  KVMM_ASSERT_WORKER ();

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  g_autoptr (virDomain) domain =
      connect ? kvmm_virt_connect_acquire_domain (self, uuid, error) : NULL;
  if (!domain)
    return NULL;

  g_autofree char *what =
      g_strdup_printf (_ ("Could not take a picture of “%s”"), virDomainGetName (domain));
  g_autoptr (virStream) stream = virStreamNew (connect, 0);
  char *type = stream ? virDomainScreenshot (domain, stream, 0, 0) : NULL;
  if (!type)
    {
      g_autoptr (GError) failure = NULL;
      kvmm_virt_error_take (&failure, what);
      if (kvmm_virt_error_get_code (failure) == VIR_ERR_NO_DOMAIN)
        kvmm_virt_connect_forget_domain (self, uuid);
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }

  g_autofree char *kind = g_strdup (type);
  free (type);
  GBytes *picture = receive (stream, what, cancellable, error);
  /* All was read: what finishing says is of no use to anybody. */
  if (!picture)
    virStreamAbort (stream);
  else
    virStreamFinish (stream);
  if (picture)
    *mime = g_steal_pointer (&kind);
  return picture;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-grow.h"

#include <glib/gi18n.h>

#include "model/kvmm-domain-order.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "util/kvmm-units.h"
#include "virt/kvmm-virt-define.h"
#include "virt/kvmm-virt-storage.h"
#include "xml/kvmm-xml-disks.h"
#include "xml/kvmm-xml-domain.h"

/* ---- how large it is ---- */

/* Worker. */
static void
read_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  g_autofree KvmmVirtDiskSize *size = g_new0 (KvmmVirtDiskSize, 1);
  GError *error = NULL;

  if (kvmm_virt_disk_read_size (connect, order->uuid, order->text, size, &error))
    g_task_return_pointer (task, g_steal_pointer (&size), g_free);
  else
    g_task_return_error (task, error);
}

void
kvmm_domain_read_disk_size_async (KvmmDomain *self,
                                  const char *target,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && target != NULL);

  order = kvmm_domain_order_new (self);
  order->text = g_strdup (target);
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_QUERY,
                         kvmm_domain_order_new_task (self, kvmm_domain_read_disk_size_async,
                                                     cancellable, callback, user_data),
                         read_func, order, g_free);
}

gboolean
kvmm_domain_read_disk_size_finish (KvmmDomain *self,
                                   GAsyncResult *result,
                                   KvmmVirtDiskSize *size,
                                   GError **error)
{
  g_autofree KvmmVirtDiskSize *read = kvmm_domain_order_finish (self, result, error);

  if (read == NULL)
    return FALSE;
  *size = *read;
  return TRUE;
}

/* ---- larger ---- */

static gboolean
check_size (const KvmmDomainOrder *order, guint64 capacity_bytes, GError **error)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (order->text, -1);
  g_autofree char *now = kvmm_units_bytes (capacity_bytes);
  g_autofree char *most = kvmm_units_bytes (KVMM_DISK_MAX_BYTES);

  if (order->bytes <= capacity_bytes)
    g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                 _ ("The disk “%s” has %s (%" G_GUINT64_FORMAT
                    " bytes): name a larger size. A disk is never made smaller, since what lies at "
                    "its end would be lost"),
                 shown, now, capacity_bytes);
  else if (order->bytes > KVMM_DISK_MAX_BYTES)
    g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE, _ ("A disk has at most %s"),
                 most);
  else
    return TRUE;
  return FALSE;
}

static const KvmmXmlDisk *
find_disk (GPtrArray *disks, const char *target)
{
  for (guint i = 0; i < disks->len; i++)
    {
      const KvmmXmlDisk *disk = disks->pdata[i];

      if (!disk->is_removable && g_str_equal (disk->target, target))
        return disk;
    }
  return NULL;
}

/* Worker. Of a machine that does not run. */
static gboolean
grow_volume (KvmmVirtConnect *connect,
             const KvmmDomainOrder *order,
             const KvmmXmlDisk *disk,
             GError **error)
{
  g_autofree char *pool = g_strdup (disk->pool);
  g_autofree char *volume = g_strdup (disk->volume);
  g_autoptr (GError) failure = NULL;

  if (pool == NULL &&
      !kvmm_virt_storage_find_volume (connect, disk->path, &pool, &volume, &failure))
    {
      g_set_error (error, failure->domain, failure->code,
                   _ ("%s. Start the machine and make its disk larger then, or make a storage pool "
                      "of its folder"),
                   failure->message);
      return FALSE;
    }
  return kvmm_virt_storage_resize_volume (connect, pool, volume, order->bytes, error);
}

/* Worker. */
static gboolean
grow (KvmmVirtConnect *connect, const KvmmDomainOrder *order, GError **error)
{
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, order->uuid, !order->is_active, error);
  g_autoptr (GPtrArray) disks = xml != NULL ? kvmm_xml_domain_list_disks (xml, error) : NULL;
  const KvmmXmlDisk *disk = disks != NULL ? find_disk (disks, order->text) : NULL;
  KvmmVirtDiskSize size;

  if (disks == NULL)
    return FALSE;
  if (disk == NULL)
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (order->text, -1);

      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_DEVICE,
                   _ ("“%s” has no disk “%s” with a file or device on its host"), order->name,
                   shown);
      return FALSE;
    }
  if (!kvmm_virt_disk_read_size (connect, order->uuid, order->text, &size, error) ||
      !check_size (order, size.capacity_bytes, error))
    return FALSE;
  return order->is_active
             ? kvmm_virt_disk_resize (connect, order->uuid, order->text, order->bytes, error)
             : grow_volume (connect, order, disk, error);
}

/* Worker. */
static void
grow_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  gboolean is_done = grow (connect, data, &error);

  kvmm_domain_order_return_done (task, is_done, error);
}

void
kvmm_domain_grow_disk_async (KvmmDomain *self,
                             const char *target,
                             guint64 capacity_bytes,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  guint64 rest = capacity_bytes % KVMM_DISK_STEP_BYTES;
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && target != NULL);

  order = kvmm_domain_order_new (self);
  order->text = g_strdup (target);
  order->bytes = capacity_bytes > KVMM_DISK_MAX_BYTES || rest == 0
                     ? capacity_bytes
                     : capacity_bytes + KVMM_DISK_STEP_BYTES - rest;
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_SLOW,
                         kvmm_domain_order_new_task (self, kvmm_domain_grow_disk_async, cancellable,
                                                     callback, user_data),
                         grow_func, order, NULL);
}

gboolean
kvmm_domain_grow_disk_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

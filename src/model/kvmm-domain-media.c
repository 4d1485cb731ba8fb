/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-media.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "model/kvmm-connection-private.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

/* What a worker needs to know. */
typedef struct
{
  char uuid[37];
  char *name;             /* (owned) */
  char *target;           /* (owned) (nullable) */
  char *path;             /* (owned) (nullable) */
  char *capabilities_xml; /* (owned) (nullable) */
  KvmmAgentIsoReader reader;
  gboolean is_forced;
  gboolean is_floppy;
  guint64 libvirt_version;
} Order;

static void
order_free (Order *self)
{
  g_free (self->name);
  g_free (self->target);
  g_free (self->path);
  g_free (self->capabilities_xml);
  g_free (self);
}

/* Returns: (transfer full) (nullable): %NULL when the machine is gone: then @task has failed */
static Order *
order_new (KvmmDomain *domain, GTask *task)
{
  KvmmConnection *connection = kvmm_domain_get_connection (domain);
  const KvmmVirtHost *host = connection != NULL ? kvmm_connection_get_host (connection) : NULL;
  Order *order;

  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (domain));
      return NULL;
    }
  order = g_new0 (Order, 1);
  g_strlcpy (order->uuid, kvmm_domain_get_uuid (domain), sizeof order->uuid);
  order->name = g_strdup (kvmm_domain_get_name (domain));
  order->capabilities_xml = g_strdup (host != NULL ? host->capabilities_xml : NULL);
  order->libvirt_version = host != NULL ? host->libvirt_version : 0;
  order->reader =
      kvmm_agent_iso_reader_for (kvmm_connection_get_uri (connection), order->capabilities_xml);
  return order;
}

gboolean
kvmm_domain_is_on_this_computer (KvmmDomain *self)
{
  KvmmConnection *connection;

  g_return_val_if_fail (KVMM_IS_DOMAIN (self), FALSE);

  connection = kvmm_domain_get_connection (self);
  return connection != NULL && kvmm_virt_uri_is_local (kvmm_connection_get_uri (connection));
}

/* ---- what there is to insert ---- */

void
kvmm_disc_free (KvmmDisc *self)
{
  if (self == NULL)
    return;
  g_free (self->pool);
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

static int
compare_discs (gconstpointer a, gconstpointer b)
{
  const KvmmDisc *const *first = a, *const *second = b;

  return g_utf8_collate ((*first)->name, (*second)->name);
}

/* Worker. A pool that cannot be read is left out: the others are still of use. */
static void
add_discs (GPtrArray *discs, KvmmVirtConnect *connect, const char *pool, gboolean is_floppy)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) volumes = kvmm_virt_storage_list_volumes_anew (connect, pool, &error);

  if (volumes == NULL)
    g_debug ("%s", error->message);
  for (guint i = 0; volumes != NULL && i < volumes->len && discs->len < KVMM_DISCS_MAX; i++)
    {
      const KvmmVirtVolume *volume = volumes->pdata[i];
      KvmmDisc *disc;

      if (volume->path == NULL || !g_path_is_absolute (volume->path) ||
          !kvmm_xml_drive_can_hold (is_floppy, volume->name))
        continue;
      disc = g_new0 (KvmmDisc, 1);
      disc->pool = kvmm_guest_text_sanitise (pool, -1);
      disc->name = kvmm_guest_text_sanitise (volume->name, -1);
      disc->path = g_strdup (volume->path);
      disc->size_bytes = volume->size_bytes;
      g_ptr_array_add (discs, disc);
    }
}

/* Worker. */
static void
list_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const Order *order = data;
  GError *error = NULL;
  g_autoptr (GPtrArray) pools = kvmm_virt_storage_list_pools (connect, &error);
  g_autoptr (GPtrArray) discs = NULL;

  if (pools == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  discs = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_disc_free);
  for (guint i = 0; i < pools->len; i++)
    {
      const KvmmVirtPool *pool = pools->pdata[i];

      if (pool->is_active && kvmm_agent_iso_pool_holds_files (pool))
        add_discs (discs, connect, pool->name, order->is_floppy);
    }
  g_ptr_array_sort (discs, compare_discs);
  g_task_return_pointer (task, g_steal_pointer (&discs), (GDestroyNotify) g_ptr_array_unref);
}

void
kvmm_domain_list_discs_async (KvmmDomain *self,
                              gboolean is_floppy,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Order *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_list_discs_async);
  order = order_new (self, task);
  if (order == NULL)
    return;
  order->is_floppy = is_floppy;
  kvmm_connection_run (kvmm_domain_get_connection (self), KVMM_CONNECTION_LANE_QUERY,
                       G_PRIORITY_DEFAULT, task, list_func, order, (GDestroyNotify) order_free);
}

GPtrArray *
kvmm_domain_list_discs_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- changing ---- */

void
kvmm_medium_change_free (KvmmMediumChange *self)
{
  if (self == NULL)
    return;
  g_free (self->warning);
  g_free (self);
}

/* Returns: (transfer full) (nullable): %NULL without @error when the document has no such drive */
static KvmmXmlCdrom *
find_drive (const char *xml, const char *target, GError **error)
{
  g_autoptr (GPtrArray) drives = xml != NULL ? kvmm_xml_domain_list_drives (xml, error) : NULL;

  for (guint i = 0; drives != NULL && i < drives->len; i++)
    if (g_str_equal (((KvmmXmlCdrom *) drives->pdata[i])->target, target))
      return g_ptr_array_steal_index (drives, i);
  return NULL;
}

/* Worker. What can be seen from here of a file that the host's QEMU shall read. @obstacle: (out)
 * (transfer full) (nullable): what may keep it from that; not for sure. @is_packaged: (out)
 * Returns: %FALSE with @error when nobody could use it */
static gboolean
look_at_file (const Order *order, char **obstacle, gboolean *is_packaged, GError **error)
{
  g_autoptr (KvmmAgentIsoProbe) probe = NULL;
  g_autofree char *shown = kvmm_guest_text_sanitise (order->path, -1);

  if (!g_path_is_absolute (order->path))
    {
      g_set_error (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NOT_USABLE,
                   _ ("“%s” is no path of the host: it has to begin with “/”."), shown);
      return FALSE;
    }
  /* A drive of the host is a device. */
  if (order->reader.is_remote || g_str_has_prefix (order->path, "/dev/"))
    return TRUE;
  probe = kvmm_agent_iso_probe (order->path);
  if (probe->file == KVMM_AGENT_ISO_FILE_MISSING || probe->file == KVMM_AGENT_ISO_FILE_IRREGULAR)
    {
      g_set_error (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NOT_USABLE,
                   probe->file == KVMM_AGENT_ISO_FILE_MISSING
                       ? _ ("There is no file “%s”. Choose another one.")
                       : _ ("“%s” is not a file. Choose the image of a disc."),
                   shown);
      return FALSE;
    }
  *obstacle = kvmm_agent_iso_describe_obstacle (probe, &order->reader);
  *is_packaged = probe->is_roots && probe->others_may_read;
  return TRUE;
}

/* Worker. The reason of the host, and the cure that can be told from here. */
static void
explain (GError **error, GError *failure, const char *obstacle)
{
  if (obstacle == NULL || failure->domain == KVMM_DRIVE_ERROR)
    {
      g_propagate_error (error, failure);
      return;
    }
  g_set_error (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NOT_USABLE, "%s\n%s", obstacle,
               failure->message);
  g_error_free (failure);
}

/* Worker. Changes what there is of @live and @config. */
static gboolean
change_drives (KvmmVirtConnect *connect,
               const Order *order,
               const KvmmDriveMachine *machine,
               KvmmMediumChange *result,
               GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (KvmmXmlCdrom) live = find_drive (machine->live_xml, order->target, &failure);
  g_autoptr (KvmmXmlCdrom) config =
      failure == NULL ? find_drive (machine->config_xml, order->target, &failure) : NULL;
  g_autofree char *obstacle = NULL;
  gboolean is_packaged = FALSE;
  KvmmDriveChange change = { .uuid = order->uuid,
                             .name = order->name,
                             .is_forced = order->is_forced,
                             .libvirt_version = order->libvirt_version };

  if (failure == NULL && live == NULL && config == NULL)
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (order->target, -1);

      g_set_error (&failure, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_NO_DRIVE,
                   _ ("“%s” has no drive %s any more."), order->name, shown);
    }
  if (failure == NULL && order->path != NULL)
    look_at_file (order, &obstacle, &is_packaged, &failure);
  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  change.relabel = kvmm_agent_iso_get_relabel (is_packaged, order->capabilities_xml);
  if (live != NULL &&
      !kvmm_drive_change_live (connect, &change, machine, live, order->path, &failure))
    {
      explain (error, g_steal_pointer (&failure), obstacle);
      return FALSE;
    }
  result->is_live = live != NULL;
  if (config != NULL && !kvmm_drive_change_config (connect, &change, config, order->path, &failure))
    {
      explain (error, g_steal_pointer (&failure), obstacle);
      return FALSE;
    }
  /* What QEMU has read just now is no guess any more. */
  if (live == NULL)
    result->warning = g_steal_pointer (&obstacle);
  return TRUE;
}

/* Worker. */
static void
change_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const Order *order = data;
  g_auto (KvmmDriveMachine) machine = { 0 };
  g_autoptr (KvmmMediumChange) result = g_new0 (KvmmMediumChange, 1);
  GError *error = NULL;

  if (kvmm_drive_machine_read (&machine, connect, order->uuid, &error) &&
      change_drives (connect, order, &machine, result, &error))
    g_task_return_pointer (task, g_steal_pointer (&result),
                           (GDestroyNotify) kvmm_medium_change_free);
  else
    g_task_return_error (task, error);
}

static void
changed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data; /* the caller's */
  KvmmDomain *self = KVMM_DOMAIN (source);
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  GError *error = NULL;
  KvmmMediumChange *change = g_task_propagate_pointer (G_TASK (result), &error);

  if (connection != NULL)
    kvmm_connection_reread (connection, kvmm_domain_get_uuid (self));
  if (change != NULL)
    g_task_return_pointer (task, change, (GDestroyNotify) kvmm_medium_change_free);
  else
    g_task_return_error (task, error);
}

void
kvmm_domain_change_medium_async (KvmmDomain *self,
                                 const char *target,
                                 const char *path,
                                 gboolean is_forced,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GTask) call = NULL;
  Order *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && target != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_change_medium_async);
  order = order_new (self, task);
  if (order == NULL)
    return;
  order->target = g_strdup (target);
  order->path = g_strdup (path);
  order->is_forced = is_forced;
  call = g_task_new (self, cancellable, changed_cb, g_steal_pointer (&task));
  g_task_set_source_tag (call, change_func);
  kvmm_connection_run (kvmm_domain_get_connection (self), KVMM_CONNECTION_LANE_CONTROL,
                       G_PRIORITY_DEFAULT, call, change_func, order, (GDestroyNotify) order_free);
}

KvmmMediumChange *
kvmm_domain_change_medium_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

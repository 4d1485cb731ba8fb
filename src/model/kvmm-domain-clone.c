/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-clone.h"

#include <glib/gi18n.h>
#include <string.h>

#include "model/kvmm-clone-watch.h"
#include "model/kvmm-domain-order.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-create.h"
#include "virt/kvmm-virt-define.h"
#include "virt/kvmm-virt-storage.h"
#include "xml/kvmm-xml-clone.h"
#include "xml/kvmm-xml-disks.h"

#define FIRMWARE_TARGET "nvram"

static gboolean
is_floppy (const KvmmXmlDisk *disk)
{
  return disk->is_removable && !disk->is_read_only;
}

/* Whether this may become of such a disk, the host aside. Two machines that write to one disk
 * destroy it: only what is meant for that is shared. */
static gboolean
is_fitting (const KvmmXmlDisk *disk, KvmmCloneFate fate)
{
  gboolean is_firmware = g_str_equal (disk->target, FIRMWARE_TARGET);
  gboolean is_common = disk->is_removable || disk->is_read_only || disk->is_shareable;

  switch (fate)
    {
    case KVMM_CLONE_COPY:
      return !is_common;
    case KVMM_CLONE_LINK:
      return !is_firmware && !is_common;
    case KVMM_CLONE_SHARE:
      return !is_firmware && is_common && !is_floppy (disk);
    case KVMM_CLONE_OMIT:
      return !is_firmware;
    case KVMM_CLONE_RENEW:
      return is_firmware;
    case KVMM_CLONE_REFUSED:
    case KVMM_CLONE_N_FATES:
      break;
    }
  return FALSE;
}

/* @fates: (nullable): what a person decided */
static KvmmCloneFate
get_fate (const KvmmXmlDisk *disk, GHashTable *fates)
{
  gpointer chosen;

  if (fates != NULL && g_hash_table_lookup_extended (fates, disk->target, NULL, &chosen) &&
      is_fitting (disk, GPOINTER_TO_UINT (chosen)))
    return GPOINTER_TO_UINT (chosen);
  if (is_floppy (disk))
    return KVMM_CLONE_OMIT;
  return is_fitting (disk, KVMM_CLONE_SHARE) ? KVMM_CLONE_SHARE : KVMM_CLONE_COPY;
}

static const char *
get_format (const KvmmXmlDisk *disk)
{
  return disk->format != NULL ? disk->format : "raw";
}

/* Worker. @pool, @volume: (out) (transfer full) */
static gboolean
find_volume (
    KvmmVirtConnect *connect, const KvmmXmlDisk *disk, char **pool, char **volume, GError **error)
{
  if (disk->path == NULL)
    {
      *pool = g_strdup (disk->pool);
      *volume = g_strdup (disk->volume);
      return TRUE;
    }
  if (kvmm_virt_storage_find_volume (connect, disk->path, pool, volume, error))
    return TRUE;
  g_prefix_error (error, "%s: ", _ ("Make a storage pool of the folder first"));
  return FALSE;
}

/* Returns: (transfer container) (array length=disks->len): as nothing is copied yet */
static KvmmXmlCloneDisk *
choose (GPtrArray *disks, GHashTable *fates)
{
  KvmmXmlCloneDisk *choices = g_new0 (KvmmXmlCloneDisk, disks->len + 1);

  for (guint i = 0; i < disks->len; i++)
    {
      const KvmmXmlDisk *disk = disks->pdata[i];

      choices[i].target = disk->target;
      if (get_fate (disk, fates) == KVMM_CLONE_OMIT)
        choices[i].choice = KVMM_XML_CLONE_OMIT;
    }
  return choices;
}

/* ---- the firmware's settings ---- */

/* Where they lie, while it is open. */
typedef struct
{
  char *pool;     /* (owned) (nullable) */
  char *volume;   /* (owned) (nullable) */
  char *own_pool; /* (owned) (nullable) made for a moment */
} Settings;

/* Worker. */
static void
settings_close (Settings *self, KvmmVirtConnect *connect)
{
  if (self->own_pool != NULL)
    kvmm_virt_storage_close_folder (connect, self->own_pool);
  g_clear_pointer (&self->own_pool, g_free);
  g_clear_pointer (&self->pool, g_free);
  g_clear_pointer (&self->volume, g_free);
}

/* Worker. A pool's folder as it is, any other one as a pool for a moment: so libvirt copies what
 * only its own daemon may read. Returns: (transfer full): what is there */
static KvmmVirtVolume *
settings_open (Settings *self, KvmmVirtConnect *connect, const KvmmXmlDisk *disk, GError **error)
{
  g_autofree char *folder = NULL;

  if (disk->path == NULL || disk->path[0] != '/')
    {
      g_set_error_literal (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED,
                           _ ("They are no file of the host"));
      return NULL;
    }
  folder = g_path_get_dirname (disk->path);
  if (!kvmm_virt_storage_find_volume (connect, disk->path, &self->pool, &self->volume, NULL))
    {
      self->own_pool = kvmm_virt_storage_open_folder (connect, folder, error);
      if (self->own_pool == NULL)
        return NULL;
      self->pool = g_strdup (self->own_pool);
      self->volume = g_path_get_basename (disk->path);
    }
  return kvmm_virt_storage_check_copy (connect, self->pool, self->volume, get_format (disk), error);
}

static gboolean
is_firmware (const KvmmXmlDisk *disk)
{
  return g_str_equal (disk->target, FIRMWARE_TARGET);
}

/* ---- planning ---- */

static void
item_free (gpointer data)
{
  KvmmCloneItem *item = data;

  g_free (item->target);
  g_free (item->source);
  g_free (item->reason);
  g_free (item->link_reason);
  g_free (item);
}

void
kvmm_clone_plan_free (KvmmClonePlan *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->items);
  g_free (self->reason);
  g_free (self);
}

/* Worker. Whether what is written to can be copied and linked. */
static void
plan_copy (KvmmVirtConnect *connect, const KvmmXmlDisk *disk, KvmmCloneItem *item)
{
  const char *format = get_format (disk);
  g_autofree char *pool = NULL;
  g_autofree char *volume = NULL;
  g_autoptr (KvmmVirtVolume) found = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) link_error = NULL;

  item->can[KVMM_CLONE_LINK] = FALSE;
  if (find_volume (connect, disk, &pool, &volume, &error))
    {
      found = kvmm_virt_storage_check_copy (connect, pool, volume, format, &error);
      item->can[KVMM_CLONE_LINK] =
          kvmm_virt_storage_check_link (connect, pool, volume, format, &link_error);
      g_free (item->source);
      item->source = g_strdup_printf ("%s/%s", pool, volume);
    }
  item->can[KVMM_CLONE_COPY] = found != NULL;
  if (link_error != NULL)
    item->link_reason = g_strdup_printf ("%s.", link_error->message);
  if (found != NULL)
    {
      item->size_bytes = found->size_bytes;
      return;
    }
  item->fate = KVMM_CLONE_REFUSED;
  item->reason = g_strdup (
      pool == NULL && g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT)
          ? _ ("It lies in no storage pool; make one of its folder first.")
          : error->message);
  if (item->link_reason == NULL)
    item->link_reason = g_strdup (item->reason);
}

/* Worker. What cannot be copied is fresh in the copy: the machine is cloned all the same. */
static void
plan_settings (KvmmVirtConnect *connect, const KvmmXmlDisk *disk, KvmmCloneItem *item)
{
  Settings settings = { NULL, NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmVirtVolume) volume = settings_open (&settings, connect, disk, &error);

  settings_close (&settings, connect);
  item->can[KVMM_CLONE_COPY] = volume != NULL;
  if (volume != NULL)
    {
      item->size_bytes = volume->size_bytes;
      return;
    }
  item->fate = KVMM_CLONE_RENEW;
  if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT))
    {
      g_autofree char *path = kvmm_guest_text_sanitise (disk->path, -1);

      item->reason = g_strdup_printf (_ ("There is no file “%s” yet"), path);
    }
  else
    item->reason = g_strdup (error->message);
}

/* Worker. Returns: (transfer full) */
static KvmmCloneItem *
plan_disk (KvmmVirtConnect *connect, const KvmmXmlDisk *disk)
{
  KvmmCloneItem *item = g_new0 (KvmmCloneItem, 1);
  g_autofree char *source = NULL;

  item->target = g_strdup (disk->target);
  item->fate = get_fate (disk, NULL);
  item->is_drive = disk->is_removable;
  item->is_firmware = is_firmware (disk);
  item->source = disk->path != NULL ? g_strdup (disk->path)
                                    : g_strdup_printf ("%s/%s", disk->pool, disk->volume);
  for (KvmmCloneFate fate = 0; fate < KVMM_CLONE_N_FATES; fate++)
    item->can[fate] = is_fitting (disk, fate);
  if (is_firmware (disk))
    plan_settings (connect, disk, item);
  else if (item->fate == KVMM_CLONE_COPY)
    plan_copy (connect, disk, item);
  source = g_steal_pointer (&item->source);
  item->source = kvmm_guest_text_sanitise (source, -1);
  return item;
}

/* Worker. */
static void
plan_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  g_autoptr (GError) refusal = NULL;
  g_autofree char *stored = kvmm_virt_domain_read_xml (connect, order->uuid, TRUE, &error);
  g_autofree char *xml =
      stored != NULL ? kvmm_domain_order_name_settings (connect, order, stored, &error) : NULL;
  g_autoptr (GPtrArray) disks = xml != NULL ? kvmm_xml_domain_list_disks (xml, &error) : NULL;
  g_autofree KvmmXmlCloneDisk *choices = NULL;
  g_autofree char *early = NULL;
  KvmmClonePlan *plan;

  if (disks == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  plan = g_new0 (KvmmClonePlan, 1);
  plan->items = g_ptr_array_new_with_free_func (item_free);
  for (guint i = 0; i < disks->len; i++)
    g_ptr_array_add (plan->items, plan_disk (connect, disks->pdata[i]));
  plan->has_tpm = kvmm_xml_domain_has_own_tpm (xml);
  choices = choose (disks, NULL);
  early = kvmm_xml_domain_clone (xml, order->name, choices, disks->len, &refusal);
  if (early == NULL)
    plan->reason = g_strdup (refusal->message);
  g_task_return_pointer (task, plan, (GDestroyNotify) kvmm_clone_plan_free);
}

void
kvmm_domain_plan_clone_async (KvmmDomain *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_QUERY,
                         kvmm_domain_order_new_task (self, kvmm_domain_plan_clone_async,
                                                     cancellable, callback, user_data),
                         plan_func, kvmm_domain_order_new (self),
                         (GDestroyNotify) kvmm_clone_plan_free);
}

KvmmClonePlan *
kvmm_domain_plan_clone_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error);
}

/* ---- cloning ---- */

/* Of a disk that is copied whole. */
typedef struct
{
  guint position; /* from 1 */
  guint n_disks;
} Turn;

/* What was made so far. */
typedef struct
{
  char *pool;
  KvmmVirtVolume *volume;
} Made;

static void
made_free (gpointer data)
{
  Made *made = data;

  g_free (made->pool);
  kvmm_virt_volume_free (made->volume);
  g_free (made);
}

/* Worker. */
static void
take_back (KvmmVirtConnect *connect, GPtrArray *made)
{
  for (guint i = 0; i < made->len; i++)
    {
      const Made *one = made->pdata[i];
      g_autoptr (GError) error = NULL;

      if (!kvmm_virt_storage_delete_volume (connect, one->pool, one->volume->name, &error))
        g_warning ("%s", error->message);
    }
}

/* Worker. A disk that is written to while it is copied is no disk any more. */
static gboolean
is_at_rest (KvmmVirtConnect *connect, const KvmmDomainOrder *order, GError **error)
{
  g_autoptr (KvmmDomainInfo) info = kvmm_virt_domain_read (connect, order->uuid, error);

  if (info == NULL)
    return FALSE;
  if (kvmm_domain_info_get_id (info) >= 0)
    {
      g_set_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE,
                   _ ("“%s” runs. Shut it down before it is cloned."), order->name);
      return FALSE;
    }
  if (kvmm_domain_info_get_has_managed_save (info))
    {
      g_set_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE,
                   _ ("The memory of “%s” is saved, and its disks are in the middle of something. "
                      "Start it and shut it down before it is cloned."),
                   order->name);
      return FALSE;
    }
  return TRUE;
}

/* Worker. */
static gboolean
is_name_free (KvmmVirtConnect *connect, const char *name, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (*name == '\0' || strchr (name, '/') != NULL || g_ascii_isspace (*name))
    {
      g_set_error_literal (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_XML,
                           _ ("A name is not empty, has no “/” and does not begin with a space"));
      return FALSE;
    }
  if (kvmm_virt_connect_has_domain (connect, name, &failure))
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);

      g_set_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE,
                   _ ("There is a virtual machine “%s” already"), shown);
      return FALSE;
    }
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Worker. Tells that this disk is copied now. */
static void
tell_begin (KvmmVirtConnect *connect,
            const KvmmDomainOrder *order,
            const KvmmXmlDisk *disk,
            const Turn *turn,
            const char *pool,
            const char *source,
            const char *volume)
{
  g_autoptr (KvmmVirtVolume) found = kvmm_virt_storage_peek_volume (connect, pool, source, NULL);
  guint64 total_bytes = found != NULL && found->is_file ? found->allocated_bytes : 0;

  kvmm_clone_watch_begin (order->watch, pool, volume, disk->target, turn->position, turn->n_disks,
                          total_bytes);
}

/* Worker. */
static gboolean
copy_disk (KvmmVirtConnect *connect,
           const KvmmDomainOrder *order,
           const KvmmXmlDisk *disk,
           const Turn *turn,
           KvmmXmlCloneDisk *choice,
           GPtrArray *made,
           GError **error)
{
  const char *format = get_format (disk);
  gboolean is_linked = turn == NULL;
  const char *new_format = is_linked ? "qcow2" : format;
  g_autofree char *pool = NULL;
  g_autofree char *volume = NULL;
  g_autofree char *new_name = g_strdup_printf (
      "%s-%s.%s", order->text, disk->target, g_str_equal (new_format, "raw") ? "img" : new_format);
  KvmmVirtVolume *copy;
  Made *one;

  if (!find_volume (connect, disk, &pool, &volume, error))
    return FALSE;
  if (!is_linked)
    tell_begin (connect, order, disk, turn, pool, volume, new_name);
  copy = is_linked ? kvmm_virt_storage_link_volume (connect, pool, volume, format, new_name, error)
                   : kvmm_virt_storage_copy_volume (connect, pool, volume, format, new_name, error);
  if (copy == NULL)
    return FALSE;
  one = g_new0 (Made, 1);
  one->pool = g_steal_pointer (&pool);
  one->volume = copy;
  g_ptr_array_add (made, one);
  choice->choice = KVMM_XML_CLONE_REPLACE;
  choice->pool = one->pool;
  choice->volume = copy->name;
  if (is_linked)
    choice->format = "qcow2";
  if (disk->path != NULL && copy->path != NULL && !g_str_has_prefix (copy->path, "/dev/"))
    choice->path = copy->path;
  return TRUE;
}

/* Worker. Nobody was asked: where they cannot be copied the copy has fresh ones. */
static gboolean
copy_settings (KvmmVirtConnect *connect,
               const KvmmDomainOrder *order,
               const KvmmXmlDisk *disk,
               Settings *settings,
               KvmmXmlCloneDisk *choice,
               GPtrArray *made,
               GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s_VARS.fd", order->text);
  g_autoptr (GError) failure = NULL;
  g_autoptr (KvmmVirtVolume) found = settings_open (settings, connect, disk, &failure);
  KvmmVirtVolume *copy;
  Made *one;

  if (found == NULL)
    {
      if (order->fates == NULL)
        return TRUE;
      g_propagate_prefixed_error (error, g_steal_pointer (&failure), "%s: ",
                                  _ ("The firmware settings cannot be copied; choose fresh ones"));
      return FALSE;
    }
  copy = kvmm_virt_storage_copy_volume (connect, settings->pool, settings->volume,
                                        get_format (disk), name, error);
  if (copy == NULL)
    return FALSE;
  one = g_new0 (Made, 1);
  one->pool = g_strdup (settings->pool);
  one->volume = copy;
  g_ptr_array_add (made, one);
  choice->choice = KVMM_XML_CLONE_REPLACE;
  choice->path = copy->path;
  return TRUE;
}

/* Worker. Returns: (transfer full): the definition of the copy */
static char *
copy_all (KvmmVirtConnect *connect,
          const KvmmDomainOrder *order,
          const char *xml,
          Settings *settings,
          GPtrArray *made,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (GPtrArray) disks = kvmm_xml_domain_list_disks (xml, error);
  g_autofree KvmmXmlCloneDisk *choices = NULL;
  g_autofree char *early = NULL;
  Turn turn = { 0, 0 };

  if (disks == NULL)
    return NULL;
  for (guint i = 0; i < disks->len; i++)
    turn.n_disks += !is_firmware (disks->pdata[i]) &&
                    get_fate (disks->pdata[i], order->fates) == KVMM_CLONE_COPY;
  choices = choose (disks, order->fates);
  /* What the document itself forbids is found before anything is copied. */
  early = kvmm_xml_domain_clone (xml, order->text, choices, disks->len, error);
  if (early == NULL)
    return NULL;
  for (guint i = 0; i < disks->len; i++)
    {
      const KvmmXmlDisk *disk = disks->pdata[i];
      KvmmCloneFate fate = get_fate (disk, order->fates);

      if (fate != KVMM_CLONE_COPY && fate != KVMM_CLONE_LINK)
        continue;
      if (is_firmware (disk))
        {
          if (!copy_settings (connect, order, disk, settings, &choices[i], made, error))
            return NULL;
          continue;
        }
      turn.position += fate == KVMM_CLONE_COPY;
      if (!copy_disk (connect, order, disk, fate == KVMM_CLONE_COPY ? &turn : NULL, &choices[i],
                      made, error) ||
          g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
    }
  return kvmm_xml_domain_clone (xml, order->text, choices, disks->len, error);
}

/* Worker. */
static void
clone_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *unused)
{
  const KvmmDomainOrder *order = data;
  GCancellable *cancellable = order->cancellable;
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func (made_free);
  Settings settings = { NULL, NULL, NULL };
  g_autofree char *stored = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *clone = NULL;
  GError *error = NULL;
  char *uuid = NULL;

  if (!g_cancellable_set_error_if_cancelled (cancellable, &error) &&
      is_name_free (connect, order->text, &error) && is_at_rest (connect, order, &error))
    stored = kvmm_virt_domain_read_definition (connect, order->uuid, &error);
  if (stored != NULL)
    xml = kvmm_domain_order_name_settings (connect, order, stored, &error);
  if (xml != NULL)
    clone = copy_all (connect, order, xml, &settings, made, cancellable, &error);
  if (clone != NULL && is_at_rest (connect, order, &error))
    uuid = kvmm_virt_connect_create_domain (connect, order->text, clone, FALSE, &error);
  if (uuid != NULL && g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      if (!kvmm_virt_domain_undefine (connect, uuid, KVMM_UNDEFINE_KEEP_FIRMWARE, NULL))
        g_warning ("A clone that was cancelled stays defined");
      g_clear_pointer (&uuid, g_free);
    }
  if (uuid == NULL)
    take_back (connect, made);
  settings_close (&settings, connect);
  if (uuid != NULL)
    g_task_return_pointer (task, uuid, g_free);
  else
    g_task_return_error (task, error);
}

/* Returns: (transfer full) (element-type utf8 KvmmCloneFate) */
static GHashTable *
list_fates (const KvmmClonePlan *plan)
{
  GHashTable *fates = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < plan->items->len; i++)
    {
      const KvmmCloneItem *item = plan->items->pdata[i];

      g_hash_table_insert (fates, g_strdup (item->target), GUINT_TO_POINTER (item->fate));
    }
  return fates;
}

/* Behind the last word of the progress. */
static void
cloned_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data; /* the caller's */
  KvmmCloneWatch *watch = g_task_get_task_data (task);
  GError *error = NULL;
  char *uuid = g_task_propagate_pointer (G_TASK (result), &error);

  if (watch != NULL)
    kvmm_clone_watch_stop (watch);
  if (uuid != NULL)
    g_task_return_pointer (task, uuid, g_free);
  else
    g_task_return_error (task, error);
}

void
kvmm_domain_clone_async (KvmmDomain *self,
                         const char *name,
                         const KvmmClonePlan *plan,
                         KvmmCloneProgressFunc progress,
                         gpointer progress_data,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  KvmmDomainOrder *order;
  GTask *task;
  GTask *call;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && name != NULL);

  order = kvmm_domain_order_new (self);
  order->text = g_strdup (name);
  if (plan != NULL)
    order->fates = list_fates (plan);
  /* Not the task's own: it would be answered at once, while disks are still copied and deleted. */
  if (cancellable != NULL)
    order->cancellable = g_object_ref (cancellable);
  task = kvmm_domain_order_new_task (self, kvmm_domain_clone_async, NULL, callback, user_data);
  if (progress != NULL && connection != NULL)
    {
      order->watch = kvmm_clone_watch_new (connection, progress, progress_data);
      g_task_set_task_data (task, kvmm_clone_watch_ref (order->watch),
                            (GDestroyNotify) kvmm_clone_watch_unref);
    }
  call = kvmm_domain_order_new_task (self, cloned_cb, NULL, cloned_cb, task);
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_SLOW, call, clone_func, order, g_free);
}

char *
kvmm_domain_clone_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  char *uuid = kvmm_domain_order_finish (self, result, error);

  if (uuid != NULL && connection != NULL)
    kvmm_connection_reread (connection, uuid);
  return uuid;
}

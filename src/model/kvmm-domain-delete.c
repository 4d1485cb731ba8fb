/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-cloud-seed.h"
#include "model/kvmm-domain-delete.h"

#include <glib/gi18n.h>

#include "model/kvmm-definition-files.h"
#include "model/kvmm-domain-order.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-define.h"
#include "virt/kvmm-virt-storage.h"
#include "xml/kvmm-xml-disks.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-storage.h"

#define FIRMWARE_TARGET "nvram"

static void
item_free (KvmmDeletionItem *item)
{
  g_free (item->target);
  g_free (item->path);
  g_free (item->pool);
  g_free (item->volume);
  g_free (item->reason);
  g_free (item);
}

static gpointer
item_copy (gconstpointer data, gpointer user_data)
{
  const KvmmDeletionItem *item = data;
  KvmmDeletionItem *copy = g_memdup2 (item, sizeof *item);

  copy->target = g_strdup (item->target);
  copy->path = g_strdup (item->path);
  copy->pool = g_strdup (item->pool);
  copy->volume = g_strdup (item->volume);
  copy->reason = g_strdup (item->reason);
  return copy;
}

static KvmmDeletion *
deletion_new (void)
{
  KvmmDeletion *self = g_new0 (KvmmDeletion, 1);

  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  return self;
}

void
kvmm_deletion_free (KvmmDeletion *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->items);
  g_free (self);
}

void
kvmm_deleted_free (KvmmDeleted *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->xml);
  g_clear_pointer (&self->left, g_ptr_array_unref);
  g_free (self);
}

/* ---- planning ---- */

/* Worker. Whether @xml names the volume; what cannot be read may. */
static gboolean
names (const char *xml, const KvmmDeletionItem *item)
{
  gboolean is_named = TRUE;

  if (!kvmm_xml_domain_names_volume (xml, item->pool, item->volume, item->path, &is_named, NULL))
    return TRUE;
  return is_named;
}

/* Worker. */
static gboolean
uses (KvmmVirtConnect *connect, KvmmDomainInfo *info, const KvmmDeletionItem *item)
{
  g_autofree char *stored = NULL;

  if (kvmm_domain_info_get_xml (info) == NULL || names (kvmm_domain_info_get_xml (info), item))
    return TRUE;
  if (kvmm_domain_info_get_id (info) < 0 || !kvmm_domain_info_get_persistent (info))
    return FALSE;
  stored = kvmm_virt_domain_read_xml (connect, kvmm_domain_info_get_uuid (info), TRUE, NULL);
  return stored == NULL || names (stored, item);
}

/* Worker. Returns: (transfer full) (nullable): the sanitised name of another machine that has it
 * too
 */
static char *
find_other_user (KvmmVirtConnect *connect,
                 GPtrArray *infos,
                 const char *uuid,
                 const KvmmDeletionItem *item)
{
  for (guint i = 0; i < infos->len; i++)
    {
      KvmmDomainInfo *info = infos->pdata[i];

      if (!g_str_equal (kvmm_domain_info_get_uuid (info), uuid) && uses (connect, info, item))
        return kvmm_guest_text_sanitise (kvmm_domain_info_get_name (info), -1);
    }
  return NULL;
}

/* Worker. What libvirt calls the file, when it lies in a pool. */
static void
find_volume (KvmmVirtConnect *connect, const KvmmXmlDisk *disk, KvmmDeletionItem *item)
{
  if (disk->path == NULL)
    {
      item->pool = g_strdup (disk->pool);
      item->volume = g_strdup (disk->volume);
      return;
    }
  kvmm_virt_storage_find_volume (connect, disk->path, &item->pool, &item->volume, NULL);
}

/* What a cloud image was given for its first start is named after its machine, and nobody else's.
 */
static gboolean
is_seed (GPtrArray *infos, const char *uuid, const KvmmDeletionItem *item)
{
  for (guint i = 0; i < infos->len; i++)
    {
      KvmmDomainInfo *info = infos->pdata[i];
      g_autofree char *name = NULL;

      if (!g_str_equal (kvmm_domain_info_get_uuid (info), uuid))
        continue;
      name = g_strconcat (kvmm_domain_info_get_name (info), KVMM_CLOUD_SEED_VOLUME_SUFFIX, NULL);
      return g_strcmp0 (item->volume, name) == 0;
    }
  return FALSE;
}

/* Worker. Returns: (transfer full) (nullable): why it cannot be deleted: what a linked copy does
 * not have itself, it reads there, whether a machine names that copy or not */
static char *
find_dependant (KvmmVirtConnect *connect, const KvmmDeletionItem *item)
{
  g_autofree char *path = NULL;
  g_autofree char *overlay = NULL;
  g_autoptr (KvmmVirtVolume) volume = NULL;
  g_autoptr (GError) error = NULL;

  if (item->path == NULL)
    volume = kvmm_virt_storage_read_volume (connect, item->pool, item->volume, &error);
  path = g_strdup (volume != NULL ? volume->path : item->path);
  if (error == NULL && kvmm_virt_storage_find_overlay (connect, item->pool, path, &overlay, &error))
    return overlay != NULL
               ? g_strdup_printf (_ ("“%s” is a linked copy of it and needs it."), overlay)
               : NULL;
  /* A volume that is gone is missed by nobody; what cannot be looked at may be. */
  if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT))
    return NULL;
  return g_strdup_printf (_ ("Whether it has linked copies is not known: %s"), error->message);
}

static void
judge (KvmmVirtConnect *connect,
       GPtrArray *infos,
       const char *uuid,
       const KvmmXmlDisk *disk,
       KvmmDeletionItem *item)
{
  g_autofree char *other = NULL;
  g_autofree char *dependant = NULL;

  if (g_str_equal (disk->target, FIRMWARE_TARGET))
    {
      item->can_delete = item->is_proposed = item->is_selected = TRUE;
      return;
    }
  find_volume (connect, disk, item);
  if (item->pool == NULL)
    {
      item->reason = g_strdup (_ ("It lies in no storage pool; delete it on the host itself."));
      return;
    }
  other = find_other_user (connect, infos, uuid, item);
  if (other == NULL)
    dependant = find_dependant (connect, item);
  item->can_delete = other == NULL && dependant == NULL;
  if (other != NULL)
    item->reason = g_strdup_printf (_ ("“%s” uses it too."), other);
  else if (dependant != NULL)
    item->reason = g_steal_pointer (&dependant);
  else if (disk->is_shareable)
    item->reason = g_strdup (_ ("It is marked as shared with other machines."));
  else if (is_seed (infos, uuid, item))
    item->is_selected = TRUE;
  else if (disk->is_removable || disk->is_read_only)
    item->reason = g_strdup (_ ("The machine only reads it."));
  item->is_proposed = item->reason == NULL;
}

/* What was made for a machine that was never started is nobody's but its own. */
static void
select_made (const KvmmXmlDomainFacts *facts, const KvmmXmlDisk *disk, KvmmDeletionItem *item)
{
  if (!item->can_delete || disk->path == NULL || facts->made == NULL ||
      !g_strv_contains ((const char *const *) facts->made, disk->path))
    return;
  g_clear_pointer (&item->reason, g_free);
  item->is_proposed = item->is_selected = TRUE;
}

/* Worker. */
static void
plan_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  g_autoptr (KvmmDeletion) plan = deletion_new ();
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, order->uuid, TRUE, &error);
  g_autoptr (GPtrArray) disks = xml != NULL ? kvmm_xml_domain_list_disks (xml, &error) : NULL;
  g_autoptr (KvmmXmlDomainFacts) facts =
      disks != NULL ? kvmm_xml_domain_facts_parse (xml, &error) : NULL;
  g_autoptr (GPtrArray) infos =
      facts != NULL ? kvmm_virt_connect_list_domains (connect, TRUE, &error) : NULL;
  g_autoptr (KvmmDomainInfo) own = NULL;
  int n_snapshots = -1;

  if (infos != NULL)
    n_snapshots = kvmm_virt_domain_count_snapshots (connect, order->uuid, &error);
  if (n_snapshots >= 0)
    own = kvmm_virt_domain_read (connect, order->uuid, &error);
  if (own == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < disks->len; i++)
    {
      const KvmmXmlDisk *disk = disks->pdata[i];
      KvmmDeletionItem *item = g_new0 (KvmmDeletionItem, 1);

      item->target = kvmm_guest_text_sanitise (disk->target, -1);
      item->path = g_strdup (disk->path);
      g_ptr_array_add (plan->items, item);
      judge (connect, infos, order->uuid, disk, item);
      select_made (facts, disk, item);
    }
  plan->n_snapshots = (guint) n_snapshots;
  plan->has_managed_save = kvmm_domain_info_get_has_managed_save (own);
  g_task_return_pointer (task, g_steal_pointer (&plan), (GDestroyNotify) kvmm_deletion_free);
}

void
kvmm_domain_plan_deletion_async (KvmmDomain *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_QUERY,
                         kvmm_domain_order_new_task (self, kvmm_domain_plan_deletion_async,
                                                     cancellable, callback, user_data),
                         plan_func, kvmm_domain_order_new (self),
                         (GDestroyNotify) kvmm_deletion_free);
}

KvmmDeletion *
kvmm_domain_plan_deletion_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error);
}

/* ---- deleting ---- */

static gboolean
keeps_firmware (const KvmmDeletion *plan)
{
  for (guint i = 0; i < plan->items->len; i++)
    {
      const KvmmDeletionItem *item = plan->items->pdata[i];

      if (g_str_equal (item->target, FIRMWARE_TARGET))
        return !item->is_selected;
    }
  return FALSE;
}

/* Worker. Another machine may have got the volume meanwhile: the call looks at all of them. */
static void
delete_storage (KvmmVirtConnect *connect, const KvmmDeletion *plan, GPtrArray *left)
{
  for (guint i = 0; i < plan->items->len; i++)
    {
      const KvmmDeletionItem *item = plan->items->pdata[i];
      g_autoptr (GError) error = NULL;

      if (item->is_selected && item->can_delete && item->pool != NULL &&
          !kvmm_virt_storage_delete_volume (connect, item->pool, item->volume, &error))
        g_ptr_array_add (left, g_strdup (error->message));
    }
}

/* Worker. */
static void
delete_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  KvmmUndefineFlags flags = KVMM_UNDEFINE_SAVED | KVMM_UNDEFINE_SNAPSHOTS;
  g_autoptr (KvmmDeleted) deleted = g_new0 (KvmmDeleted, 1);
  g_autoptr (GError) ignored = NULL;
  GError *error = NULL;

  deleted->name = g_strdup (order->name);
  deleted->left = g_ptr_array_new_with_free_func (g_free);
  deleted->xml = kvmm_virt_domain_read_definition (connect, order->uuid, &error);
  if (keeps_firmware (order->plan))
    flags |= KVMM_UNDEFINE_KEEP_FIRMWARE;
  if (deleted->xml == NULL || !kvmm_virt_domain_undefine (connect, order->uuid, flags, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (!kvmm_definition_files_add (order->folder, deleted->xml, &ignored))
    g_warning ("%s", ignored->message);
  delete_storage (connect, order->plan, deleted->left);
  g_task_return_pointer (task, g_steal_pointer (&deleted), (GDestroyNotify) kvmm_deleted_free);
}

void
kvmm_domain_delete_async (KvmmDomain *self,
                          const KvmmDeletion *plan,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && plan != NULL);

  task =
      kvmm_domain_order_new_task (self, kvmm_domain_delete_async, cancellable, callback, user_data);
  if (kvmm_domain_get_is_active (self))
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE,
                               _ ("“%s” runs. Shut it down before it is deleted."),
                               kvmm_domain_get_name (self));
      return;
    }
  order = kvmm_domain_order_new (self);
  order->plan = g_new0 (KvmmDeletion, 1);
  order->plan->items = g_ptr_array_copy (plan->items, item_copy, NULL);
  g_ptr_array_set_free_func (order->plan->items, (GDestroyNotify) item_free);
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_SLOW, g_steal_pointer (&task), delete_func,
                         order, (GDestroyNotify) kvmm_deleted_free);
}

KvmmDeleted *
kvmm_domain_delete_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error);
}

/* ---- defining ---- */

typedef struct
{
  char *xml; /* (owned) */
  gboolean validate;
  gboolean replace;
} Definition;

static void
definition_free (gpointer data)
{
  Definition *definition = data;

  g_free (definition->xml);
  g_free (definition);
}

/* Worker. libvirt itself would take a known uuid for a change of that machine. */
static gboolean
is_new (KvmmVirtConnect *connect, const char *xml, GError **error)
{
  g_autoptr (GPtrArray) infos = NULL;
  g_autofree char *name = NULL;
  g_autofree char *uuid = NULL;

  if (!kvmm_xml_domain_read_names (xml, &name, &uuid, error))
    return FALSE;
  infos = kvmm_virt_connect_list_domains (connect, FALSE, error);
  if (infos == NULL)
    return FALSE;
  for (guint i = 0; i < infos->len; i++)
    {
      KvmmDomainInfo *info = infos->pdata[i];
      g_autofree char *shown = NULL;

      if (g_strcmp0 (kvmm_domain_info_get_name (info), name) != 0 &&
          (uuid == NULL || g_ascii_strcasecmp (kvmm_domain_info_get_uuid (info), uuid) != 0))
        continue;
      shown = kvmm_guest_text_sanitise (kvmm_domain_info_get_name (info), -1);
      g_set_error (
          error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_IN_USE,
          _ ("There is a virtual machine “%s” with this name or UUID already; give the new "
             "one another name and no UUID"),
          shown);
      return FALSE;
    }
  return TRUE;
}

/* Worker. */
static void
define_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const Definition *definition = data;
  GError *error = NULL;
  char *uuid = NULL;

  if (definition->replace || is_new (connect, definition->xml, &error))
    uuid = kvmm_virt_connect_define (connect, definition->xml, definition->validate, &error);
  if (uuid != NULL)
    g_task_return_pointer (task, uuid, g_free);
  else
    g_task_return_error (task, error);
}

static void
defined_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data; /* the caller's */
  GError *error = NULL;
  char *uuid = g_task_propagate_pointer (G_TASK (result), &error);

  if (uuid == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  kvmm_connection_reread (KVMM_CONNECTION (source), uuid);
  g_task_return_pointer (task, uuid, g_free);
}

void
kvmm_connection_define_async (KvmmConnection *self,
                              const char *xml,
                              gboolean validate,
                              gboolean replace,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) call = NULL;
  GTask *task;
  Definition *definition;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_CONNECTION (self) && xml != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_connection_define_async);
  definition = g_new0 (Definition, 1);
  definition->xml = g_strdup (xml);
  definition->validate = validate;
  definition->replace = replace;
  call = g_task_new (self, cancellable, defined_cb, task);
  g_task_set_source_tag (call, define_func);
  kvmm_connection_run (self, KVMM_CONNECTION_LANE_CONTROL, G_PRIORITY_DEFAULT, call, define_func,
                       definition, definition_free);
}

char *
kvmm_connection_define_finish (KvmmConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

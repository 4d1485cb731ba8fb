/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-storage.h"

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"
#include "virt/kvmm-virt-private.h"
#include "xml/kvmm-xml-storage.h"

/* More pools, or volumes of one, than a person would look through. */
#define MAX_POOLS 1024
#define MAX_VOLUMES 65536

/* ---- pools ---- */

void
kvmm_virt_pool_free (KvmmVirtPool *self)
{
  if (!self)
    return;
  g_free (self->name);
  g_free (self->type);
  g_free (self->path);
  g_free (self);
}

virStoragePoolPtr
kvmm_virt_storage_acquire_pool (KvmmVirtConnect *self, const char *name, GError **error)
{
  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  virStoragePoolPtr pool = virStoragePoolLookupByName (connect, name);
  if (!pool)
    kvmm_virt_error_take_named (error, _ ("The storage pool “%s” cannot be found"), name);
  return pool;
}

static KvmmVirtPool *
read_pool (virStoragePoolPtr pool)
{
  KvmmVirtPool *self = g_new0 (KvmmVirtPool, 1);
  virStoragePoolInfo info = { 0 };
  int autostart = 0;

  self->name = g_strdup (virStoragePoolGetName (pool));
  self->is_active = virStoragePoolIsActive (pool) == 1;
  self->autostart = virStoragePoolGetAutostart (pool, &autostart) == 0 && autostart;
  if (self->is_active && virStoragePoolGetInfo (pool, &info) == 0)
    {
      self->capacity_bytes = info.capacity;
      self->available_bytes = info.available;
    }

  g_autofree char *xml = virStoragePoolGetXMLDesc (pool, 0);
  g_autoptr (KvmmXmlPool) parsed = xml ? kvmm_xml_pool_parse (xml, NULL) : NULL;
  self->type = g_strdup (parsed ? parsed->type : "");
  self->path = g_strdup (parsed ? parsed->path : NULL);
  return self;
}

static int
compare_pools (gconstpointer a, gconstpointer b)
{
  const KvmmVirtPool *const *first = a, *const *second = b;
  return g_strcmp0 ((*first)->name, (*second)->name);
}

GPtrArray *
kvmm_virt_storage_list_pools (KvmmVirtConnect *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  virStoragePoolPtr *pools = NULL;
  int n_pools = virConnectListAllStoragePools (connect, &pools, 0);
  if (n_pools < 0)
    {
      kvmm_virt_error_take (error, _ ("Could not list the storage pools of the host"));
      return NULL;
    }

  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_virt_pool_free);
  for (int i = 0; i < n_pools; i++)
    {
      if (i < MAX_POOLS)
        g_ptr_array_add (result, read_pool (pools[i]));
      virStoragePoolFree (pools[i]);
    }
  free (pools);
  g_ptr_array_sort (result, compare_pools);
  return result;
}

KvmmVirtPool *
kvmm_virt_storage_read_pool (KvmmVirtConnect *self, const char *name, GError **error)
{
  g_return_val_if_fail (self != NULL && name != NULL, NULL);

  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, name, error);
  return pool ? read_pool (pool) : NULL;
}

static gboolean
start_pool (virStoragePoolPtr pool, const char *name, GError **error)
{
  if (virStoragePoolIsActive (pool) == 1 || virStoragePoolCreate (pool, 0) == 0)
    return TRUE;

  g_autoptr (GError) failure = NULL;
  kvmm_virt_error_take_named (&failure, _ ("Could not start the storage pool “%s”"), name);
  /* Somebody else may have been faster: a daemon that has just begun starts its pools itself. */
  if (virStoragePoolIsActive (pool) == 1)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
kvmm_virt_storage_start_pool (KvmmVirtConnect *self, const char *name, GError **error)
{
  g_return_val_if_fail (self != NULL && name != NULL, FALSE);

  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, name, error);
  return pool && start_pool (pool, name, error);
}

gboolean
kvmm_virt_storage_make_pool (KvmmVirtConnect *self,
                             const char *name,
                             const char *path,
                             GError **error)
{
  g_return_val_if_fail (self != NULL && name != NULL && path != NULL, FALSE);

  g_autofree char *xml = kvmm_xml_pool_build_dir (name, path, error);
  g_autoptr (virConnect) connect = xml ? kvmm_virt_connect_acquire (self, error) : NULL;
  if (!connect)
    return FALSE;
  g_autoptr (virStoragePool) pool = virStoragePoolDefineXML (connect, xml, 0);
  if (!pool)
    {
      kvmm_virt_error_take_named (error, _ ("Could not define the storage pool “%s”"), name);
      return FALSE;
    }

  g_autoptr (GError) failure = NULL;
  if (virStoragePoolBuild (pool, 0) < 0)
    kvmm_virt_error_take_named (&failure, _ ("Could not make the folder of the storage pool “%s”"),
                                name);
  if (!failure && start_pool (pool, name, &failure))
    {
      /* Some drivers cannot; then the pool is there until the host restarts. */
      if (virStoragePoolSetAutostart (pool, 1) < 0)
        g_debug ("Pool %s will not start with the host: %s", name, virGetLastErrorMessage ());
      return TRUE;
    }
  if (virStoragePoolUndefine (pool) < 0)
    g_debug ("Pool %s stays defined: %s", name, virGetLastErrorMessage ());
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

char *
kvmm_virt_storage_open_folder (KvmmVirtConnect *self, const char *path, GError **error)
{
  g_return_val_if_fail (self != NULL && path != NULL, NULL);

  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *name = g_strdup_printf ("kvm-manager-%s", uuid);
  g_autofree char *xml = kvmm_xml_pool_build_dir (name, path, error);
  g_autoptr (virConnect) connect = xml ? kvmm_virt_connect_acquire (self, error) : NULL;
  if (!connect)
    return NULL;
  g_autoptr (virStoragePool) pool = virStoragePoolCreateXML (connect, xml, 0);
  if (!pool)
    {
      kvmm_virt_error_take_named (error, _ ("Could not look into the folder “%s”"), path);
      return NULL;
    }
  return g_steal_pointer (&name);
}

void
kvmm_virt_storage_close_folder (KvmmVirtConnect *self, const char *name)
{
  g_return_if_fail (self != NULL && name != NULL);

  g_autoptr (GError) error = NULL;
  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, name, &error);
  if (!pool || virStoragePoolDestroy (pool) < 0)
    g_warning ("The storage pool %s, made for a moment, stays: %s", name,
               error ? error->message : virGetLastErrorMessage ());
}

/* ---- volumes ---- */

void
kvmm_virt_volume_free (KvmmVirtVolume *self)
{
  if (!self)
    return;
  g_free (self->name);
  g_free (self->path);
  g_free (self);
}

virStorageVolPtr
kvmm_virt_storage_acquire_volume (KvmmVirtConnect *self,
                                  const char *pool_name,
                                  const char *name,
                                  GError **error)
{
  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, pool_name, error);
  if (!pool)
    return NULL;
  virStorageVolPtr volume = virStorageVolLookupByName (pool, name);
  if (!volume)
    kvmm_virt_error_take_named (error, _ ("The volume “%s” cannot be found"), name);
  return volume;
}

KvmmVirtVolume *
kvmm_virt_storage_describe_volume (virStorageVolPtr volume)
{
  KvmmVirtVolume *self = g_new0 (KvmmVirtVolume, 1);
  virStorageVolInfo info = { 0 };

  self->name = g_strdup (virStorageVolGetName (volume));
  self->path = virStorageVolGetPath (volume);
  if (virStorageVolGetInfo (volume, &info) == 0)
    {
      self->size_bytes = info.capacity;
      self->allocated_bytes = info.allocation;
      self->is_file = info.type == VIR_STORAGE_VOL_FILE;
    }
  return self;
}

static int
compare_volumes (gconstpointer a, gconstpointer b)
{
  const KvmmVirtVolume *const *first = a, *const *second = b;
  return g_strcmp0 ((*first)->name, (*second)->name);
}

GPtrArray *
kvmm_virt_storage_list_volumes (KvmmVirtConnect *self, const char *pool_name, GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL, NULL);

  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, pool_name, error);
  if (!pool)
    return NULL;
  virStorageVolPtr *volumes = NULL;
  int n_volumes = virStoragePoolListAllVolumes (pool, &volumes, 0);
  if (n_volumes < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not list the volumes of the storage pool “%s”"),
                                  pool_name);
      return NULL;
    }

  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_virt_volume_free);
  for (int i = 0; i < n_volumes; i++)
    {
      if (i < MAX_VOLUMES)
        g_ptr_array_add (result, kvmm_virt_storage_describe_volume (volumes[i]));
      virStorageVolFree (volumes[i]);
    }
  free (volumes);
  g_ptr_array_sort (result, compare_volumes);
  return result;
}

/* A pool that is busy with something else answers from what it knows. */
static void
refresh (virStoragePoolPtr pool)
{
  const char *name = virStoragePoolGetName (pool);

  if (virStoragePoolRefresh (pool, 0) < 0)
    g_debug ("Pool %s: %s", name, virGetLastErrorMessage ());
}

GPtrArray *
kvmm_virt_storage_list_volumes_anew (KvmmVirtConnect *self, const char *pool_name, GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL, NULL);

  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, pool_name, error);
  if (!pool)
    return NULL;
  refresh (pool);
  return kvmm_virt_storage_list_volumes (self, pool_name, error);
}

KvmmVirtVolume *
kvmm_virt_storage_read_volume (KvmmVirtConnect *self,
                               const char *pool_name,
                               const char *name,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && name != NULL, NULL);

  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, pool_name, error);
  if (!pool)
    return NULL;
  /* What was copied into the folder, or removed from it, is not known before. */
  refresh (pool);
  g_autoptr (virStorageVol) volume =
      kvmm_virt_storage_acquire_volume (self, pool_name, name, error);
  return volume ? kvmm_virt_storage_describe_volume (volume) : NULL;
}

KvmmVirtVolume *
kvmm_virt_storage_peek_volume (KvmmVirtConnect *self,
                               const char *pool,
                               const char *name,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && name != NULL, NULL);

  g_autoptr (virStorageVol) volume = kvmm_virt_storage_acquire_volume (self, pool, name, error);
  return volume ? kvmm_virt_storage_describe_volume (volume) : NULL;
}

/* ---- who uses a volume ---- */

/* Returns: %FALSE with @error; a machine that went meanwhile names nothing */
static gboolean
domain_names (virDomainPtr domain,
              unsigned int flags,
              const char *pool,
              const char *volume,
              const char *path,
              gboolean *names,
              GError **error)
{
  const char *name = virDomainGetName (domain);
  g_autofree char *xml = virDomainGetXMLDesc (domain, flags);

  *names = FALSE;
  if (xml)
    return kvmm_xml_domain_names_volume (xml, pool, volume, path, names, error);

  g_autoptr (GError) failure = NULL;
  kvmm_virt_error_take_named (&failure, _ ("Could not read the XML of “%s”"), name);
  if (kvmm_virt_error_get_code (failure) == VIR_ERR_NO_DOMAIN)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
find_among (virDomainPtr *domains,
            int n_domains,
            const char *pool,
            const char *volume,
            const char *path,
            char **user,
            GError **error)
{
  for (int i = 0; i < n_domains; i++)
    {
      gboolean live = FALSE, inactive = FALSE;

      if (!domain_names (domains[i], 0, pool, volume, path, &live, error))
        return FALSE;
      if (!live && virDomainIsActive (domains[i]) == 1 && virDomainIsPersistent (domains[i]) == 1 &&
          !domain_names (domains[i], VIR_DOMAIN_XML_INACTIVE, pool, volume, path, &inactive, error))
        return FALSE;
      if (live || inactive)
        {
          *user = kvmm_guest_text_sanitise (virDomainGetName (domains[i]), -1);
          return TRUE;
        }
    }
  return TRUE;
}

gboolean
kvmm_virt_storage_find_user (KvmmVirtConnect *self,
                             const char *pool,
                             const char *volume,
                             const char *path,
                             char **user,
                             GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && volume != NULL && user != NULL, FALSE);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return FALSE;
  virDomainPtr *domains = NULL;
  int n_domains = virConnectListAllDomains (connect, &domains, 0);
  if (n_domains < 0)
    {
      kvmm_virt_error_take (error, _ ("Could not list the virtual machines of the host"));
      return FALSE;
    }

  g_autofree char *found = NULL;
  gboolean done = find_among (domains, n_domains, pool, volume, path, &found, error);
  for (int i = 0; i < n_domains; i++)
    virDomainFree (domains[i]);
  free (domains);
  if (done)
    *user = g_steal_pointer (&found);
  return done;
}

/* ---- what stands on a volume ---- */

/* Returns: %FALSE with @error; a volume that went meanwhile stands on nothing */
static gboolean
volume_stands_on (virStorageVolPtr volume, const char *path, gboolean *stands_on, GError **error)
{
  /* Asked for afterwards, it would wipe the error. */
  const char *name = virStorageVolGetName (volume);
  g_autofree char *own_path = virStorageVolGetPath (volume);

  *stands_on = FALSE;
  if (g_strcmp0 (own_path, path) == 0)
    return TRUE;
  g_autofree char *xml = virStorageVolGetXMLDesc (volume, 0);
  if (xml)
    return kvmm_xml_volume_stands_on (xml, path, stands_on, error);

  g_autoptr (GError) failure = NULL;
  kvmm_virt_error_take_named (&failure, _ ("The volume “%s” cannot be read"), name);
  if (kvmm_virt_error_get_code (failure) == VIR_ERR_NO_STORAGE_VOL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
find_overlay_in (virStoragePoolPtr pool, const char *path, char **overlay, GError **error)
{
  const char *name = virStoragePoolGetName (pool);
  virStorageVolPtr *volumes = NULL;
  gboolean done = TRUE;

  if (virStoragePoolIsActive (pool) != 1)
    return TRUE;
  int n_volumes = virStoragePoolListAllVolumes (pool, &volumes, 0);
  if (n_volumes < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not list the volumes of the storage pool “%s”"),
                                  name);
      return FALSE;
    }
  for (int i = 0; i < n_volumes; i++)
    {
      gboolean stands_on = FALSE;

      if (done && !*overlay)
        done = volume_stands_on (volumes[i], path, &stands_on, error);
      if (done && stands_on)
        *overlay = kvmm_guest_text_sanitise (virStorageVolGetName (volumes[i]), -1);
      virStorageVolFree (volumes[i]);
    }
  free (volumes);
  return done;
}

gboolean
kvmm_virt_storage_find_overlay (
    KvmmVirtConnect *self, const char *pool_name, const char *path, char **overlay, GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && overlay != NULL, FALSE);

  *overlay = NULL;
  if (!path)
    return TRUE;
  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  g_autoptr (virStoragePool) own =
      connect ? kvmm_virt_storage_acquire_pool (self, pool_name, error) : NULL;
  if (!own)
    return FALSE;
  /* A file that somebody else made on this one lies beside it, most often. */
  refresh (own);
  virStoragePoolPtr *pools = NULL;
  int n_pools = virConnectListAllStoragePools (connect, &pools, 0);
  if (n_pools < 0)
    {
      kvmm_virt_error_take (error, _ ("Could not list the storage pools of the host"));
      return FALSE;
    }
  g_autofree char *found = NULL;
  gboolean done = TRUE;
  for (int i = 0; i < n_pools; i++)
    {
      if (done && !found)
        done = find_overlay_in (pools[i], path, &found, error);
      virStoragePoolFree (pools[i]);
    }
  free (pools);
  if (done)
    *overlay = g_steal_pointer (&found);
  return done;
}

/* Returns: whether nobody would miss it */
static gboolean
check_unused (
    KvmmVirtConnect *self, const char *pool, const char *name, const char *path, GError **error)
{
  g_autofree char *user = NULL;
  g_autofree char *overlay = NULL;
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_autofree char *message = NULL;

  if (!kvmm_virt_storage_find_user (self, pool, name, path, &user, error) ||
      (!user && !kvmm_virt_storage_find_overlay (self, pool, path, &overlay, error)))
    return FALSE;
  if (user)
    message =
        g_strdup_printf (_ ("The volume “%s” is used by “%s”: eject it there first"), shown, user);
  else if (overlay)
    message = g_strdup_printf (_ ("The volume “%s” has a linked copy, “%s”: delete that first"),
                               shown, overlay);
  if (!message)
    return TRUE;
  kvmm_virt_error_set (error, KVMM_VIRT_ERROR_IN_USE, message);
  return FALSE;
}

static gboolean
delete_volume (
    KvmmVirtConnect *self, const char *pool, const char *name, gboolean may_be_used, GError **error)
{
  g_autoptr (virStorageVol) volume = kvmm_virt_storage_acquire_volume (self, pool, name, error);
  if (!volume)
    return FALSE;
  g_autofree char *path = virStorageVolGetPath (volume);
  if (!may_be_used && !check_unused (self, pool, name, path, error))
    return FALSE;
  if (virStorageVolDelete (volume, 0) == 0)
    return TRUE;
  kvmm_virt_error_take_named (error, _ ("Could not delete the volume “%s”"), name);
  return FALSE;
}

gboolean
kvmm_virt_storage_delete_volume (KvmmVirtConnect *self,
                                 const char *pool,
                                 const char *name,
                                 GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && name != NULL, FALSE);

  return delete_volume (self, pool, name, FALSE, error);
}

gboolean
kvmm_virt_storage_delete_own (KvmmVirtConnect *self,
                              const char *pool,
                              const char *name,
                              GError **error)
{
  g_return_val_if_fail (self != NULL && pool != NULL && name != NULL, FALSE);

  return delete_volume (self, pool, name, TRUE, error);
}

gboolean
kvmm_virt_storage_find_volume (
    KvmmVirtConnect *self, const char *path, char **pool, char **volume, GError **error)
{
  g_return_val_if_fail (self != NULL && path != NULL, FALSE);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return FALSE;
  g_autoptr (virStorageVol) found = virStorageVolLookupByPath (connect, path);
  g_autoptr (virStoragePool) owner = found ? virStoragePoolLookupByVolume (found) : NULL;
  if (!owner)
    {
      kvmm_virt_error_take_named (error, _ ("The file “%s” lies in no active storage pool"), path);
      return FALSE;
    }
  *pool = g_strdup (virStoragePoolGetName (owner));
  *volume = g_strdup (virStorageVolGetName (found));
  return TRUE;
}

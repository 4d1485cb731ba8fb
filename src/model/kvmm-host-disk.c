/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-host-disk.h"

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "util/kvmm-units.h"
#include "xml/kvmm-xml-disks.h"

void
kvmm_host_disk_free (KvmmHostDisk *self)
{
  if (self == NULL)
    return;
  g_free (self->pool);
  g_free (self->volume);
  g_free (self->path);
  g_free (self->label);
  g_free (self);
}

static KvmmHostDisk *
disk_new (const char *pool, const KvmmVirtVolume *volume)
{
  KvmmHostDisk *self = g_new0 (KvmmHostDisk, 1);
  g_autofree char *name = kvmm_guest_text_sanitise (volume->name, -1);
  g_autofree char *shown_pool = kvmm_guest_text_sanitise (pool, -1);
  g_autofree char *size = kvmm_units_bytes (volume->size_bytes);

  self->pool = g_strdup (pool);
  self->volume = g_strdup (volume->name);
  self->path = g_strdup (volume->path);
  /* Translators: a volume, its storage pool, its size */
  self->label = g_strdup_printf (_ ("%s (%s, %s)"), name, shown_pool, size);
  return self;
}

GPtrArray *
kvmm_host_disk_list (KvmmVirtConnect *connect, GPtrArray *pools)
{
  GPtrArray *disks = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_host_disk_free);

  KVMM_ASSERT_WORKER ();

  for (guint i = 0; i < pools->len; i++)
    {
      const KvmmVirtPool *pool = pools->pdata[i];
      g_autoptr (GPtrArray) volumes =
          pool->is_active ? kvmm_virt_storage_list_volumes (connect, pool->name, NULL) : NULL;

      for (guint j = 0; volumes != NULL && j < volumes->len && disks->len < KVMM_HOST_DISKS_MAX;
           j++)
        {
          const KvmmVirtVolume *volume = volumes->pdata[j];
          g_autofree char *lower = g_ascii_strdown (volume->name, -1);

          if (volume->path != NULL && !g_str_has_suffix (lower, ".iso"))
            g_ptr_array_add (disks, disk_new (pool->name, volume));
        }
    }
  return disks;
}

/* ---- who has it ---- */

typedef struct
{
  const char *path;
  const char *pool;   /* (nullable) */
  const char *volume; /* (nullable) */
} Wanted;

static gboolean
has_disk (const char *xml, const Wanted *wanted)
{
  g_autoptr (GPtrArray) disks = xml != NULL ? kvmm_xml_domain_list_disks (xml, NULL) : NULL;

  for (guint i = 0; disks != NULL && i < disks->len; i++)
    {
      const KvmmXmlDisk *disk = disks->pdata[i];

      if (g_strcmp0 (disk->path, wanted->path) == 0 || g_strcmp0 (disk->backing, wanted->path) == 0)
        return TRUE;
      if (wanted->pool != NULL && g_strcmp0 (disk->pool, wanted->pool) == 0 &&
          g_strcmp0 (disk->volume, wanted->volume) == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
kvmm_host_disk_find_user (KvmmVirtConnect *connect,
                          const char *path,
                          const char *pool,
                          const char *volume,
                          char **user,
                          GError **error)
{
  const Wanted wanted = { path, pool, volume };
  g_autoptr (GPtrArray) infos = NULL;

  g_return_val_if_fail (path != NULL && user != NULL, FALSE);
  KVMM_ASSERT_WORKER ();

  infos = kvmm_virt_connect_list_domains (connect, TRUE, error);
  if (infos == NULL)
    return FALSE;
  *user = NULL;
  for (guint i = 0; i < infos->len && *user == NULL; i++)
    {
      KvmmDomainInfo *info = infos->pdata[i];
      g_autofree char *stored = NULL;

      /* A disk that comes with the next start stands there alone. */
      if (kvmm_domain_info_get_id (info) >= 0 && kvmm_domain_info_get_persistent (info))
        stored = kvmm_virt_domain_read_xml (connect, kvmm_domain_info_get_uuid (info), TRUE, NULL);
      if (has_disk (kvmm_domain_info_get_xml (info), &wanted) || has_disk (stored, &wanted))
        *user = kvmm_guest_text_sanitise (kvmm_domain_info_get_name (info), -1);
    }
  return TRUE;
}

char *
kvmm_host_disk_dup_warning (const char *path, const char *user)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (path, -1);

  return g_strdup_printf (
      _ ("“%s” has the disk %s already. When two machines write to one disk at a "
         "time, what is on it is lost."),
      user, shown);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-definition-files.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "model/kvmm-domain-edit.h"
#include "util/kvmm-thread.h"

#define SUFFIX ".xml"
/* Files that are looked at in one folder; we write far fewer. */
#define FILES_MAX 1000

char *
kvmm_definition_files_dup_folder (const char *uri, const char *uuid)
{
  g_autofree char *host = g_compute_checksum_for_string (G_CHECKSUM_SHA256, uri, -1);

  host[16] = '\0';
  return g_build_filename (g_get_user_data_dir (), "kvm-manager", "definitions", host, uuid, NULL);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) b, *(const char *const *) a);
}

/* The names are times of one length, so that they sort. Returns: (transfer full): the newest first
 */
static GPtrArray *
list_names (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && names->len < FILES_MAX && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, SUFFIX) && g_ascii_isdigit (*name))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

static KvmmDomainVersion *
read_version (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  KvmmDomainVersion *version;
  char *xml = NULL;

  if (!g_file_get_contents (path, &xml, NULL, NULL))
    return NULL;
  version = g_new0 (KvmmDomainVersion, 1);
  version->time_us = g_ascii_strtoll (name, NULL, 10);
  version->xml = xml;
  return version;
}

GPtrArray *
kvmm_definition_files_list (const char *folder)
{
  g_autoptr (GPtrArray) names = list_names (folder);
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_domain_version_free);

  KVMM_ASSERT_WORKER ();
  for (guint i = 0; i < names->len && i < KVMM_DOMAIN_VERSIONS_MAX; i++)
    {
      KvmmDomainVersion *version = read_version (folder, names->pdata[i]);

      if (version != NULL)
        g_ptr_array_add (list, version);
    }
  return list;
}

static void
remove_old (const char *folder)
{
  g_autoptr (GPtrArray) names = list_names (folder);

  for (guint i = KVMM_DOMAIN_VERSIONS_MAX; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);

      g_unlink (path);
    }
}

gboolean
kvmm_definition_files_add (const char *folder, const char *xml, GError **error)
{
  g_autoptr (GPtrArray) names = list_names (folder);
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  gint64 now_us = g_get_real_time ();

  KVMM_ASSERT_WORKER ();
  if (names->len > 0)
    {
      KvmmDomainVersion *newest = read_version (folder, names->pdata[0]);
      gboolean is_same = newest != NULL && kvmm_xml_same (newest->xml, xml);

      /* A clock that was set back must not make an old one of it. */
      if (newest != NULL)
        now_us = MAX (now_us, newest->time_us + 1);
      g_clear_pointer (&newest, kvmm_domain_version_free);
      if (is_same)
        return TRUE;
    }
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      int saved = errno;

      g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (saved),
                   _ ("The folder “%s” for earlier definitions cannot be made: %s"), folder,
                   g_strerror (saved));
      return FALSE;
    }
  name = g_strdup_printf ("%020" G_GINT64_FORMAT SUFFIX, now_us);
  path = g_build_filename (folder, name, NULL);
  if (!g_file_set_contents_full (path, xml, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return FALSE;
  remove_old (folder);
  return TRUE;
}

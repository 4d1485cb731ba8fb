/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-install-tree.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "model/kvmm-install-tree-private.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* The boot protocol of x86 Linux: "HdrS" stands there. */
#define X86_MAGIC_OFFSET 0x202

G_DEFINE_QUARK (kvmm - install - tree - error - quark, kvmm_install_tree_error)

KvmmInstallTree *
kvmm_install_tree_copy (const KvmmInstallTree *self)
{
  KvmmInstallTree *copy;

  if (self == NULL)
    return NULL;
  copy = g_memdup2 (self, sizeof *self);
  copy->url = g_strdup (self->url);
  copy->arch = g_strdup (self->arch);
  copy->kernel_url = g_strdup (self->kernel_url);
  copy->initrd_url = g_strdup (self->initrd_url);
  copy->kernel_sha256 = g_strdup (self->kernel_sha256);
  copy->initrd_sha256 = g_strdup (self->initrd_sha256);
  copy->name = g_strdup (self->name);
  copy->os_id = g_strdup (self->os_id);
  return copy;
}

void
kvmm_install_tree_free (KvmmInstallTree *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_free (self->arch);
  g_free (self->kernel_url);
  g_free (self->initrd_url);
  g_free (self->kernel_sha256);
  g_free (self->initrd_sha256);
  g_free (self->name);
  g_free (self->os_id);
  g_free (self);
}

/* ---- finding ---- */

/* The search of a caller's task: by HTTP on a thread of its own, then in the database. */
typedef struct
{
  KvmmLane *lane;            /* (owned) one server that is slow is nobody else's matter */
  KvmmInstallTreeLook *look; /* (owned) (nullable) */
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  kvmm_lane_shutdown (search->lane);
  g_object_unref (search->lane);
  kvmm_install_tree_look_free (search->look);
  g_free (search);
}

static void
look_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (KvmmHttp) http = kvmm_http_new ();
  GError *error = NULL;
  KvmmInstallTreeLook *look = kvmm_install_tree_look (http, task_data, cancellable, &error);

  if (look != NULL)
    g_task_return_pointer (task, look, (GDestroyNotify) kvmm_install_tree_look_free);
  else
    g_task_return_error (task, error);
}

static void
identified_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data; /* the caller's */
  Search *search = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  KvmmInstallTree *tree = g_steal_pointer (&search->look->tree);

  tree->os_id = kvmm_os_catalog_identify_tree_finish (KVMM_OS_CATALOG (source), result, &error);
  if (error == NULL)
    {
      g_task_return_pointer (task, tree, (GDestroyNotify) kvmm_install_tree_free);
      return;
    }
  kvmm_install_tree_free (tree);
  g_task_return_error (task, g_steal_pointer (&error));
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data; /* the caller's */
  Search *search = g_task_get_task_data (task);
  GError *error = NULL;

  search->look = g_task_propagate_pointer (G_TASK (result), &error);
  if (search->look == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  kvmm_os_catalog_identify_tree_async (
      KVMM_OS_CATALOG (source), search->look->info, search->look->tree->url, search->look->short_id,
      g_task_get_cancellable (task), identified_cb, g_object_ref (task));
}

void
kvmm_install_tree_find_async (KvmmOsCatalog *catalog,
                              const char *url,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (catalog, cancellable, callback, user_data);
  g_autoptr (GTask) call = NULL;
  Search *search = g_new0 (Search, 1);

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_OS_CATALOG (catalog) && url != NULL);

  search->lane = kvmm_lane_new ("install-tree", 1);
  g_task_set_source_tag (task, kvmm_install_tree_find_async);
  g_task_set_task_data (task, search, search_free);
  call = g_task_new (catalog, cancellable, looked_cb, g_object_ref (task));
  g_task_set_source_tag (call, look_func);
  g_task_set_task_data (call, g_strdup (url), g_free);
  g_task_set_return_on_cancel (call, TRUE);
  kvmm_lane_run (search->lane, call, look_func, G_PRIORITY_DEFAULT);
}

KvmmInstallTree *
kvmm_install_tree_find_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- what the kernel is told ---- */

char *
kvmm_install_tree_build_arguments (const KvmmInstallTree *self, const char *more, GError **error)
{
  g_autofree char *words = g_strstrip (g_strdup (more != NULL ? more : ""));
  g_autofree char *line = NULL;

  for (const char *p = words; *p != '\0'; p++)
    if (!g_ascii_isprint (*p))
      {
        g_set_error_literal (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID,
                             _ ("The kernel's arguments are one line of plain letters, such as "
                                "console=ttyS0"));
        return NULL;
      }
  switch (self->kind)
    {
    case KVMM_INSTALL_TREE_REPO:
      line = g_strdup_printf ("inst.repo=%s %s", self->url, words);
      break;
    case KVMM_INSTALL_TREE_SUSE:
      line = g_strdup_printf ("install=%s %s", self->url, words);
      break;
    case KVMM_INSTALL_TREE_DEBIAN:
      line = g_strdup (words);
      break;
    }
  g_strchomp (line);
  if (strlen (line) > KVMM_INSTALL_TREE_ARGUMENTS_MAX)
    {
      g_set_error (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID,
                   _ ("The kernel's arguments are longer than the %d bytes that it takes"),
                   KVMM_INSTALL_TREE_ARGUMENTS_MAX);
      return NULL;
    }
  return g_steal_pointer (&line);
}

/* ---- downloading ---- */

/* A page that says in words that something went wrong is no kernel. */
static gboolean
check_kernel (const KvmmInstallTree *self, int fd, GError **error)
{
  char magic[4] = { 0 };

  /* Those of other architectures come in many wrappings. */
  if (!g_str_equal (self->arch, "x86_64") ||
      (pread (fd, magic, sizeof magic, X86_MAGIC_OFFSET) == sizeof magic &&
       memcmp (magic, "HdrS", sizeof magic) == 0))
    return TRUE;
  g_set_error (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID,
               _ ("What is at “%s” is no kernel of Linux for x86_64. Choose another mirror."),
               self->kernel_url);
  return FALSE;
}

int
kvmm_install_tree_download (const KvmmInstallTree *self,
                            KvmmHttp *http,
                            gboolean is_kernel,
                            guint64 *size_bytes,
                            KvmmHttpProgressFunc progress,
                            gpointer progress_data,
                            GCancellable *cancellable,
                            GError **error)
{
  int fd =
      kvmm_http_download (http, is_kernel ? self->kernel_url : self->initrd_url,
                          is_kernel ? KVMM_INSTALL_TREE_KERNEL_MAX : KVMM_INSTALL_TREE_INITRD_MAX,
                          is_kernel ? self->kernel_sha256 : self->initrd_sha256, size_bytes,
                          progress, progress_data, cancellable, error);

  if (fd >= 0 && is_kernel && !check_kernel (self, fd, error))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

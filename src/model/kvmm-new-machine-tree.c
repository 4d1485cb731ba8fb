/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "model/kvmm-new-machine-private.h"
#include "virt/kvmm-virt-create.h"
#include "virt/kvmm-virt-define.h"

/* A machine that an installer from the network starts once. */

#define KERNEL_SUFFIX "-install-kernel"
#define INITRD_SUFFIX "-install-initrd"

gboolean
kvmm_new_machine_check_tree (const KvmmNewMachine *plan, GError **error)
{
  g_autofree char *arguments = NULL;

  if (plan->tree == NULL)
    return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                                  _ ("Look up the installation tree first"));
  if (plan->pool == NULL)
    return kvmm_new_machine_fail (
        error, KVMM_NEW_MACHINE_ERROR_INVALID,
        _ ("The host has no storage pool for the installer. Make one first."));
  if (!plan->start)
    return kvmm_new_machine_fail (
        error, KVMM_NEW_MACHINE_ERROR_INVALID,
        _ ("A machine that is installed from a tree starts at once: its installer is there for "
           "the first start alone"));
  arguments = kvmm_install_tree_build_arguments (plan->tree, plan->tree_arguments, error);
  return arguments != NULL;
}

gboolean
kvmm_new_machine_check_tree_arch (const KvmmInstallTree *tree, const char *arch, GError **error)
{
  g_autofree char *message = NULL;

  if (g_strcmp0 (tree->arch, arch) == 0)
    return TRUE;
  message = g_strdup_printf (
      _ ("The tree is for %s, and the host's machines are for %s. Choose the tree for %s."),
      tree->arch, arch, arch);
  return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID, message);
}

/* ---- fetching ---- */

typedef struct
{
  KvmmProgress *progress; /* (unowned) */
  guint64 before_bytes;
  guint64 total_bytes;
} Part;

static void
downloaded (guint64 done_bytes, gpointer user_data)
{
  const Part *part = user_data;
  guint64 done = part->before_bytes + done_bytes;

  kvmm_progress_count (done, MAX (done, part->total_bytes), part->progress);
}

static void
uploaded (guint64 done_bytes, guint64 total_bytes, gpointer user_data)
{
  downloaded (done_bytes, user_data);
}

/* Each of the two goes twice: from the server to here, from here to the host. */
static gboolean
fetch (KvmmNewMachineWork *self,
       KvmmVirtConnect *connect,
       KvmmHttp *http,
       gboolean is_kernel,
       Part *part,
       GCancellable *cancellable,
       GError **error)
{
  const KvmmNewMachine *plan = self->plan;
  g_autofree char *name = g_strconcat (plan->name, is_kernel ? KERNEL_SUFFIX : INITRD_SUFFIX, NULL);
  g_autoptr (KvmmVirtVolume) volume = NULL;
  guint64 size = 0;
  int fd = kvmm_install_tree_download (plan->tree, http, is_kernel, &size, downloaded, part,
                                       cancellable, error);

  if (fd < 0)
    return FALSE;
  part->before_bytes += size;
  volume = kvmm_virt_storage_upload (connect, plan->pool, name, fd, size, FALSE, uploaded, part,
                                     cancellable, error);
  part->before_bytes += size;
  close (fd);
  if (volume == NULL)
    return FALSE;
  *(is_kernel ? &self->kernel_volume : &self->initrd_volume) = g_strdup (name);
  *(is_kernel ? &self->kernel_path : &self->initrd_path) = g_strdup (volume->path);
  return TRUE;
}

gboolean
kvmm_new_machine_prepare_tree (KvmmNewMachineWork *self,
                               KvmmVirtConnect *connect,
                               GCancellable *cancellable,
                               GError **error)
{
  const KvmmInstallTree *tree = self->plan->tree;
  g_autoptr (KvmmHttp) http = NULL;
  Part part = { self->progress, 0, 0 };

  if (self->plan->source != KVMM_NEW_MACHINE_TREE)
    return TRUE;
  http = kvmm_http_new ();
  part.total_bytes = 2 * (tree->kernel_bytes + tree->initrd_bytes);
  return fetch (self, connect, http, TRUE, &part, cancellable, error) &&
         fetch (self, connect, http, FALSE, &part, cancellable, error);
}

/* ---- starting ---- */

gboolean
kvmm_new_machine_start_tree (KvmmNewMachineWork *self,
                             KvmmVirtConnect *connect,
                             const char *uuid,
                             GError **error)
{
  const KvmmNewMachine *plan = self->plan;
  g_autofree char *arguments =
      kvmm_install_tree_build_arguments (plan->tree, plan->tree_arguments, error);
  g_autofree char *stored =
      arguments != NULL ? kvmm_virt_domain_read_definition (connect, uuid, error) : NULL;
  g_autofree char *xml = stored != NULL
                             ? kvmm_xml_domain_boot_kernel (stored, self->kernel_path,
                                                            self->initrd_path, arguments, error)
                             : NULL;
  g_autoptr (GError) failure = NULL;

  if (xml == NULL || !kvmm_virt_domain_start_as (connect, uuid, xml, error))
    {
      if (!kvmm_virt_domain_undefine (connect, uuid, 0, &failure))
        g_warning ("%s", failure->message);
      return FALSE;
    }
  /* QEMU has both in its memory since before it answered: whoever ends the installation, from
   * wherever, nothing is left to be cleaned up. */
  kvmm_new_machine_remove_volume (self, connect, self->kernel_volume, TRUE);
  kvmm_new_machine_remove_volume (self, connect, self->initrd_volume, TRUE);
  return TRUE;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-new-machine.h"

#include <glib/gi18n.h>
#include <string.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-new-machine-private.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-create.h"

/* What is less does not boot anything, what is more was meant in another unit. */
#define MEMORY_MIN_KIB (16 * 1024)
#define MEMORY_MAX_KIB (G_GUINT64_CONSTANT (64) << 30)
#define DISK_MIN_BYTES (G_GUINT64_CONSTANT (1) << 20)
#define DISK_MAX_BYTES (G_GUINT64_CONSTANT (1) << 50)
#define VCPUS_MAX 1024
/* Where libvirt's own tools make the pool of a host. */
#define SYSTEM_POOL_FOLDER "/var/lib/libvirt/images"

G_DEFINE_QUARK (kvmm - new - machine - error - quark, kvmm_new_machine_error)

KvmmNewMachine *
kvmm_new_machine_new (void)
{
  KvmmNewMachine *self = g_new0 (KvmmNewMachine, 1);

  self->memory_kib = KVMM_OS_DEFAULT_MEMORY_BYTES / 1024;
  self->vcpus = KVMM_OS_DEFAULT_VCPUS;
  self->disk_bytes = KVMM_OS_DEFAULT_DISK_BYTES;
  self->needs.has_virtio = TRUE;
  self->start = TRUE;
  return self;
}

static KvmmNewMachine *
copy (const KvmmNewMachine *self)
{
  KvmmNewMachine *other = g_memdup2 (self, sizeof *self);

  other->name = g_strdup (self->name);
  other->path = g_strdup (self->path);
  other->os_id = g_strdup (self->os_id);
  other->virt_type = g_strdup (self->virt_type);
  other->pool = g_strdup (self->pool);
  other->pool_folder = g_strdup (self->pool_folder);
  other->volume = g_strdup (self->volume);
  other->network = g_strdup (self->network);
  other->graphics = g_strdup (self->graphics);
  other->cloud = kvmm_cloud_seed_copy (self->cloud);
  other->tree = kvmm_install_tree_copy (self->tree);
  other->tree_arguments = g_strdup (self->tree_arguments);
  return other;
}

void
kvmm_new_machine_free (KvmmNewMachine *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->path);
  g_free (self->os_id);
  g_free (self->virt_type);
  g_free (self->pool);
  g_free (self->pool_folder);
  g_free (self->volume);
  g_free (self->network);
  g_free (self->graphics);
  kvmm_cloud_seed_free (self->cloud);
  kvmm_install_tree_free (self->tree);
  g_free (self->tree_arguments);
  g_free (self);
}

/* ---- what the host has ---- */

void
kvmm_new_machine_host_free (KvmmNewMachineHost *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->options, kvmm_xml_machine_options_free);
  g_clear_pointer (&self->networks, g_ptr_array_unref);
  g_clear_pointer (&self->interfaces, g_ptr_array_unref);
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_clear_pointer (&self->disks, g_ptr_array_unref);
  g_free (self->new_pool);
  g_free (self->new_pool_folder);
  g_free (self);
}

/* Worker. The best way of running a machine that the host has, for its own processor. */
static KvmmXmlMachineOptions *
read_options (KvmmVirtConnect *connect, const char *virt_type, GError **error)
{
  KvmmXmlMachineOptions *options =
      kvmm_virt_connect_read_machine_options (connect, virt_type, NULL, "q35", NULL);

  /* Not every architecture has it. */
  return options != NULL
             ? options
             : kvmm_virt_connect_read_machine_options (connect, virt_type, NULL, NULL, error);
}

static void
look_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmNewMachineHost **slot = data;
  static const char *const file_pools[] = { "dir", "fs", "netfs", NULL };
  g_autoptr (KvmmNewMachineHost) host = g_steal_pointer (slot);
  GError *error = NULL;

  host->options = read_options (connect, NULL, &error);
  if (host->options != NULL)
    host->networks = kvmm_virt_connect_list_networks (connect, &error);
  if (host->networks != NULL)
    host->interfaces = kvmm_virt_connect_list_host_interfaces (connect, &error);
  if (host->interfaces != NULL)
    host->pools = kvmm_virt_storage_list_pools (connect, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = host->pools->len; i-- > 0;)
    {
      const KvmmVirtPool *pool = host->pools->pdata[i];

      if (!pool->is_active || !g_strv_contains (file_pools, pool->type))
        g_ptr_array_remove_index (host->pools, i);
    }
  host->disks = kvmm_host_disk_list (connect, host->pools);
  if (host->pools->len > 0)
    {
      g_clear_pointer (&host->new_pool, g_free);
      g_clear_pointer (&host->new_pool_folder, g_free);
    }
  g_task_return_pointer (task, g_steal_pointer (&host),
                         (GDestroyNotify) kvmm_new_machine_host_free);
}

static void
free_slot (gpointer data)
{
  KvmmNewMachineHost **slot = data;

  kvmm_new_machine_host_free (*slot);
  g_free (slot);
}

void
kvmm_new_machine_look_async (KvmmConnection *connection,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  const char *uri = kvmm_connection_get_uri (connection);
  KvmmNewMachineHost **slot = g_new0 (KvmmNewMachineHost *, 1);

  KVMM_ASSERT_MAIN_THREAD ();
  *slot = g_new0 (KvmmNewMachineHost, 1);
  (*slot)->is_session = kvmm_virt_uri_is_session (uri);
  (*slot)->is_remote = !kvmm_virt_uri_is_local (uri);
  (*slot)->new_pool = kvmm_settings_dup_agent_iso_pool (kvmm_connection_get_settings (connection));
  if (!(*slot)->is_session)
    (*slot)->new_pool_folder = g_strdup (SYSTEM_POOL_FOLDER);
  else if (!(*slot)->is_remote)
    (*slot)->new_pool_folder = g_build_filename (g_get_user_data_dir (), "libvirt", "images", NULL);
  else
    g_clear_pointer (&(*slot)->new_pool, g_free);
  g_task_set_source_tag (task, kvmm_new_machine_look_async);
  g_task_set_return_on_cancel (task, TRUE);
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_QUERY, G_PRIORITY_DEFAULT, task, look_func,
                       slot, free_slot);
}

KvmmNewMachineHost *
kvmm_new_machine_look_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_new_machine_apply_needs (KvmmNewMachine *self,
                              const KvmmOsNeeds *needs,
                              const KvmmNewMachineHost *host)
{
  const KvmmXmlMachineOptions *options = host->options;
  guint processors = options->max_vcpus > 0 ? options->max_vcpus : VCPUS_MAX;

  self->needs = *needs;
  self->memory_kib = needs->memory_bytes / 1024;
  self->vcpus = MIN (needs->vcpus, processors);
  self->disk_bytes = needs->disk_bytes;
  self->firmware = KVMM_XML_FIRMWARE_BIOS;
  if (needs->wants_secure && options->has_secure_boot)
    self->firmware = KVMM_XML_FIRMWARE_UEFI_SECURE;
  else if ((needs->wants_uefi || !g_str_has_suffix (options->arch, "86_64")) && options->has_uefi)
    self->firmware = KVMM_XML_FIRMWARE_UEFI;
  self->has_tpm = needs->wants_secure && options->has_tpm;
}

/* ---- making it ---- */

static void
work_free (gpointer data)
{
  KvmmNewMachineWork *work = data;

  kvmm_progress_end (work->progress);
  kvmm_progress_unref (work->progress);
  kvmm_new_machine_free (work->plan);
  g_free (work->disk_path);
  g_free (work->disk_volume);
  g_free (work->disk_format);
  g_free (work->image_path);
  g_free (work->image_volume);
  g_free (work->seed_path);
  g_free (work->seed_volume);
  kvmm_appliance_free (work->appliance);
  g_clear_pointer (&work->disks, g_ptr_array_unref);
  g_clear_pointer (&work->disk_volumes, g_ptr_array_unref);
  g_free (work->kernel_path);
  g_free (work->kernel_volume);
  g_free (work->initrd_path);
  g_free (work->initrd_volume);
  g_free (work);
}

gboolean
kvmm_new_machine_fail (GError **error, KvmmNewMachineError code, const char *text)
{
  g_set_error_literal (error, KVMM_NEW_MACHINE_ERROR, (int) code, text);
  return FALSE;
}

static gboolean
check_plan (const KvmmNewMachine *plan, GError **error)
{
  gboolean is_cloud = plan->source == KVMM_NEW_MACHINE_CLOUD;
  gboolean needs_path = plan->source == KVMM_NEW_MACHINE_DISC ||
                        plan->source == KVMM_NEW_MACHINE_IMPORT ||
                        plan->source == KVMM_NEW_MACHINE_APPLIANCE || is_cloud;

  if (!kvmm_xml_machine_name_check (plan->name != NULL ? plan->name : "", error))
    return FALSE;
  if (needs_path && (plan->path == NULL || plan->path[0] != '/'))
    return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                                  _ ("Name the image by its whole path, from “/” on"));
  if (plan->memory_kib < MEMORY_MIN_KIB || plan->memory_kib > MEMORY_MAX_KIB)
    return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                                  _ ("A machine has between 16 MiB and 64 TiB of memory"));
  if (plan->vcpus < 1 || plan->vcpus > VCPUS_MAX)
    return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                                  _ ("A machine has between 1 and 1024 processors"));
  if (is_cloud && plan->pool == NULL)
    return kvmm_new_machine_fail (
        error, KVMM_NEW_MACHINE_ERROR_INVALID,
        _ ("The host has no storage pool for the copy of the image. Make one first."));
  if (is_cloud && (plan->cloud == NULL || !kvmm_cloud_seed_check (plan->cloud, error)))
    return FALSE;
  if (plan->source == KVMM_NEW_MACHINE_TREE && !kvmm_new_machine_check_tree (plan, error))
    return FALSE;
  if ((plan->network_kind == KVMM_XML_NETWORK_BRIDGE ||
       plan->network_kind == KVMM_XML_NETWORK_DIRECT) &&
      !kvmm_xml_interface_name_check (plan->network != NULL ? plan->network : ""))
    return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                                  _ ("Name the bridge or the card as the host does (“ip link”), "
                                     "such as br0 or eth0"));
  if (plan->source == KVMM_NEW_MACHINE_VOLUME && (plan->pool == NULL || plan->volume == NULL))
    return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                                  _ ("Choose a volume of a storage pool"));
  if (plan->source != KVMM_NEW_MACHINE_IMPORT && plan->source != KVMM_NEW_MACHINE_VOLUME &&
      plan->source != KVMM_NEW_MACHINE_APPLIANCE && plan->disk_bytes > 0)
    {
      if (plan->disk_bytes < DISK_MIN_BYTES || plan->disk_bytes > DISK_MAX_BYTES)
        return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID,
                                      _ ("A disk has between 1 MiB and 1 PiB"));
      if (plan->pool == NULL)
        return kvmm_new_machine_fail (
            error, KVMM_NEW_MACHINE_ERROR_INVALID,
            _ ("The host has no storage pool for the disk. Make one, or choose a machine "
               "without a disk."));
    }
  return TRUE;
}

/* Worker. A person agreed that the pool is made. */
static gboolean
prepare_pool (KvmmNewMachineWork *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autoptr (KvmmVirtPool) pool = NULL;

  if (plan->pool == NULL || plan->pool_folder == NULL)
    return TRUE;
  pool = kvmm_virt_storage_read_pool (connect, plan->pool, NULL);
  return pool != NULL ? kvmm_virt_storage_start_pool (connect, plan->pool, error)
                      : kvmm_virt_storage_make_pool (connect, plan->pool, plan->pool_folder, error);
}

/* Worker. What another machine has is nobody's by mistake. */
static gboolean
check_alone (KvmmNewMachineWork *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  gboolean is_volume = plan->source == KVMM_NEW_MACHINE_VOLUME;
  g_autofree char *pool = is_volume ? g_strdup (plan->pool) : NULL;
  g_autofree char *volume = is_volume ? g_strdup (plan->volume) : NULL;
  g_autofree char *user = NULL;
  g_autofree char *warning = NULL;

  if (plan->may_share)
    return TRUE;
  if (!is_volume)
    kvmm_virt_storage_find_volume (connect, work->disk_path, &pool, &volume, NULL);
  if (!kvmm_host_disk_find_user (connect, work->disk_path, pool, volume, &user, error))
    return FALSE;
  if (user == NULL)
    return TRUE;
  warning = kvmm_host_disk_dup_warning (work->disk_path, user);
  return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_SHARED, warning);
}

/* Worker. A disk that is in a pool, and stays there as it is. */
static gboolean
take_volume (KvmmNewMachineWork *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *format =
      kvmm_virt_storage_read_format (connect, plan->pool, plan->volume, error);
  g_autoptr (KvmmVirtVolume) volume =
      format != NULL ? kvmm_virt_storage_read_volume (connect, plan->pool, plan->volume, error)
                     : NULL;

  if (volume == NULL)
    return FALSE;
  if (volume->path == NULL || (!g_str_equal (format, "qcow2") && !g_str_equal (format, "raw")))
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (plan->volume, -1);
      g_autofree char *message = g_strdup_printf (
          _ ("“%s” has the format %s, which a machine does not run from; import it as an image"),
          shown, format);

      return kvmm_new_machine_fail (error, KVMM_NEW_MACHINE_ERROR_INVALID, message);
    }
  work->disk_path = g_strdup (volume->path);
  work->disk_format = g_steal_pointer (&format);
  return check_alone (work, connect, error);
}

static gboolean
prepare_disk (KvmmNewMachineWork *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autofree char *name = g_strdup_printf ("%s.qcow2", plan->name);
  g_autoptr (KvmmVirtVolume) volume = NULL;

  if (plan->source == KVMM_NEW_MACHINE_IMPORT || plan->source == KVMM_NEW_MACHINE_CLOUD)
    {
      work->disk_path = g_strdup (work->image_path);
      return work->image_volume != NULL || check_alone (work, connect, error);
    }
  if (plan->source == KVMM_NEW_MACHINE_VOLUME)
    return take_volume (work, connect, error);
  if (plan->disk_bytes == 0 || plan->source == KVMM_NEW_MACHINE_APPLIANCE)
    return TRUE;
  volume =
      kvmm_virt_storage_create_disk (connect, plan->pool, name, "qcow2", plan->disk_bytes, error);
  if (volume == NULL)
    return FALSE;
  work->disk_volume = g_strdup (name);
  work->disk_path = g_strdup (volume->path);
  g_free (work->disk_format);
  work->disk_format = g_strdup ("qcow2");
  return TRUE;
}

/* Returns: (element-type utf8): paths of the storage that is the machine's alone; %NULL at the end
 */
static GPtrArray *
list_made (KvmmNewMachineWork *work)
{
  GPtrArray *made = g_ptr_array_new ();

  if (work->disk_volume != NULL)
    g_ptr_array_add (made, work->disk_path);
  if (work->image_volume != NULL)
    g_ptr_array_add (made, work->image_path);
  if (work->seed_volume != NULL)
    g_ptr_array_add (made, work->seed_path);
  for (guint i = 0; work->disks != NULL && i < work->disks->len; i++)
    g_ptr_array_add (made, ((KvmmXmlNewDisk *) work->disks->pdata[i])->path);
  g_ptr_array_add (made, NULL);
  return made;
}

static char *
define (KvmmNewMachineWork *work, KvmmVirtConnect *connect, GError **error)
{
  const KvmmNewMachine *plan = work->plan;
  g_autoptr (KvmmXmlMachineOptions) options = read_options (connect, plan->virt_type, error);
  gboolean is_tree = plan->source == KVMM_NEW_MACHINE_TREE;
  g_autofree char *xml = NULL;
  g_autoptr (GPtrArray) made = list_made (work);
  g_autofree char *uuid = NULL;
  KvmmXmlNewMachine machine = { 0 };

  if (options == NULL ||
      (is_tree && !kvmm_new_machine_check_tree_arch (plan->tree, options->arch, error)))
    return NULL;
  machine.name = plan->name;
  machine.virt_type = options->virt_type;
  machine.arch = options->arch;
  machine.machine = strstr (options->machine, "q35") != NULL    ? "q35"
                    : g_str_has_prefix (options->machine, "pc") ? "pc"
                                                                : options->machine;
  machine.os_id = plan->os_id;
  machine.memory_kib = plan->memory_kib;
  machine.vcpus = plan->vcpus;
  if (g_str_equal (options->virt_type, "kvm") && options->has_host_cpu)
    machine.cpu_mode = "host-passthrough";
  else if (options->has_maximum_cpu)
    machine.cpu_mode = "maximum";
  machine.firmware = plan->firmware;
  machine.has_tpm = plan->has_tpm;
  machine.is_windows = plan->needs.is_windows;
  machine.has_virtio = plan->needs.has_virtio;
  machine.disk_path = work->disk_path;
  machine.disk_format = work->disk_format;
  machine.has_cdrom =
      plan->source != KVMM_NEW_MACHINE_IMPORT && plan->source != KVMM_NEW_MACHINE_CLOUD &&
      plan->source != KVMM_NEW_MACHINE_APPLIANCE && plan->source != KVMM_NEW_MACHINE_VOLUME;
  machine.seed_path = work->seed_path;
  if (plan->source == KVMM_NEW_MACHINE_DISC)
    machine.cdrom_path = work->image_path;
  machine.network_kind = plan->network_kind;
  machine.network = plan->network;
  machine.boots_network = plan->source == KVMM_NEW_MACHINE_NETWORK;
  machine.graphics = plan->graphics;
  machine.has_virtio_video = options->has_virtio_video;
  kvmm_new_machine_describe_appliance (work, &machine);
  if (!plan->start)
    {
      machine.wait =
          plan->source == KVMM_NEW_MACHINE_DISC || plan->source == KVMM_NEW_MACHINE_NETWORK
              ? KVMM_XML_WAIT_INSTALLATION
              : KVMM_XML_WAIT_START;
      machine.made = (const char *const *) made->pdata;
    }
  xml = kvmm_xml_new_machine_build (&machine, error);
  if (xml != NULL)
    uuid =
        kvmm_virt_connect_create_domain (connect, plan->name, xml, plan->start && !is_tree, error);
  if (uuid == NULL || (is_tree && !kvmm_new_machine_start_tree (work, connect, uuid, error)))
    return NULL;
  return g_steal_pointer (&uuid);
}

void
kvmm_new_machine_remove_volume (KvmmNewMachineWork *self,
                                KvmmVirtConnect *connect,
                                const char *volume,
                                gboolean is_running)
{
  const char *pool = self->plan->pool;
  g_autoptr (GError) error = NULL;

  if (volume != NULL &&
      !(is_running ? kvmm_virt_storage_delete_own
                   : kvmm_virt_storage_delete_volume) (connect, pool, volume, &error))
    g_warning ("The volume %s, which no machine needs, stays in the pool %s: %s", volume, pool,
               error->message);
}

/* What was made for a machine that there is not. */
static void
remove_volumes (KvmmNewMachineWork *work, KvmmVirtConnect *connect)
{
  const char *const volumes[] = { work->disk_volume, work->image_volume, work->seed_volume,
                                  work->kernel_volume, work->initrd_volume };

  for (gsize i = 0; i < G_N_ELEMENTS (volumes); i++)
    kvmm_new_machine_remove_volume (work, connect, volumes[i], FALSE);
  for (guint i = 0; work->disk_volumes != NULL && i < work->disk_volumes->len; i++)
    kvmm_new_machine_remove_volume (work, connect, work->disk_volumes->pdata[i], FALSE);
}

static void
create_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmNewMachineWork *work = data;
  GError *error = NULL;
  char *uuid = NULL;

  if (!check_plan (work->plan, &error))
    ;
  else if (kvmm_virt_connect_has_domain (connect, work->plan->name, &error))
    g_set_error (&error, KVMM_NEW_MACHINE_ERROR, KVMM_NEW_MACHINE_ERROR_NAME_TAKEN,
                 _ ("There is a machine called “%s” on this host; choose another name"),
                 work->plan->name);
  else if (error == NULL && prepare_pool (work, connect, &error) &&
           kvmm_new_machine_prepare_image (work, connect, cancellable, &error) &&
           kvmm_new_machine_prepare_cloud (work, connect, cancellable, &error) &&
           kvmm_new_machine_prepare_appliance (work, connect, cancellable, &error) &&
           prepare_disk (work, connect, &error) &&
           kvmm_new_machine_prepare_tree (work, connect, cancellable, &error) &&
           !g_cancellable_set_error_if_cancelled (cancellable, &error))
    uuid = define (work, connect, &error);
  if (uuid != NULL)
    {
      g_task_return_pointer (task, uuid, g_free);
      return;
    }
  remove_volumes (work, connect);
  g_task_return_error (task, error);
}

void
kvmm_new_machine_create_async (const KvmmNewMachine *self,
                               KvmmConnection *connection,
                               GFileProgressCallback progress,
                               gpointer progress_data,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  KvmmNewMachineWork *work = g_new0 (KvmmNewMachineWork, 1);

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_new_machine_create_async);
  work->plan = copy (self);
  work->is_remote = !kvmm_virt_uri_is_local (kvmm_connection_get_uri (connection));
  work->is_session = kvmm_virt_uri_is_session (kvmm_connection_get_uri (connection));
  work->progress = kvmm_progress_new (progress, progress_data);
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_BULK, G_PRIORITY_DEFAULT, task, create_func,
                       work, work_free);
}

char *
kvmm_new_machine_create_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

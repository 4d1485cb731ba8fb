/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-new-device.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/kvmm-disk-convert.h"
#include "model/kvmm-domain-order.h"
#include "model/kvmm-host-disk.h"
#include "util/kvmm-thread.h"
#include "util/kvmm-units.h"
#include "virt/kvmm-virt-create.h"
#include "virt/kvmm-virt-define.h"
#include "xml/kvmm-xml-domain.h"

/* What is more was meant in another unit. */
#define DISK_MIN_BYTES (G_GUINT64_CONSTANT (1) << 20)
#define DISK_MAX_BYTES (G_GUINT64_CONSTANT (1) << 50)
#define GIB ((double) (G_GUINT64_CONSTANT (1) << 30))
#define VSOCK_DEVICE "/dev/vhost-vsock"
/* Enough to tell the formats apart. */
#define HEAD_BYTES 16

G_DEFINE_QUARK (kvmm - new - device - error - quark, kvmm_new_device_error)

/* ---- what there is to choose from ---- */

void
kvmm_new_device_choices_free (KvmmNewDeviceChoices *self)
{
  if (self == NULL)
    return;
  g_free (self->stored_xml);
  g_free (self->live_xml);
  g_clear_pointer (&self->kinds, g_ptr_array_unref);
  g_free (self);
}

/* Worker. Whatever cannot be found out does not keep a person from trying. */
static KvmmXmlMachineOptions *
read_options (KvmmVirtConnect *connect, const char *xml)
{
  g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (xml, NULL);

  return facts != NULL ? kvmm_virt_connect_read_machine_options (connect, facts->virt_type,
                                                                 facts->arch, facts->machine, NULL)
                       : NULL;
}

/* What there is of storage: words, and what is shown for each. */
typedef struct
{
  GPtrArray *pools;
  GPtrArray *pool_labels;
  GPtrArray *volumes; /* paths */
  GPtrArray *volume_labels;
} Storage;

static void
storage_clear (Storage *self)
{
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_clear_pointer (&self->pool_labels, g_ptr_array_unref);
  g_clear_pointer (&self->volumes, g_ptr_array_unref);
  g_clear_pointer (&self->volume_labels, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Storage, storage_clear)

/* Worker. Pools that hold files, and the disks in them. */
static void
list_storage (KvmmVirtConnect *connect, Storage *storage)
{
  static const char *const file_pools[] = { "dir", "fs", "netfs", NULL };
  g_autoptr (GPtrArray) pools = kvmm_virt_storage_list_pools (connect, NULL);
  g_autoptr (GPtrArray) disks = NULL;

  storage->pools = g_ptr_array_new_with_free_func (g_free);
  storage->pool_labels = g_ptr_array_new_with_free_func (g_free);
  storage->volumes = g_ptr_array_new_with_free_func (g_free);
  storage->volume_labels = g_ptr_array_new_with_free_func (g_free);
  for (guint i = pools != NULL ? pools->len : 0; i-- > 0;)
    {
      const KvmmVirtPool *pool = pools->pdata[i];

      if (!pool->is_active || !g_strv_contains (file_pools, pool->type))
        g_ptr_array_remove_index (pools, i);
    }
  for (guint i = 0; pools != NULL && i < pools->len; i++)
    {
      const KvmmVirtPool *pool = pools->pdata[i];
      g_autofree char *available = kvmm_units_bytes (pool->available_bytes);

      g_ptr_array_add (storage->pools, g_strdup (pool->name));
      g_ptr_array_add (storage->pool_labels,
                       g_strdup_printf (_ ("%s (%s free)"), pool->name, available));
    }
  disks = pools != NULL ? kvmm_host_disk_list (connect, pools) : NULL;
  for (guint i = 0; disks != NULL && i < disks->len; i++)
    {
      const KvmmHostDisk *disk = disks->pdata[i];

      g_ptr_array_add (storage->volumes, g_strdup (disk->path));
      g_ptr_array_add (storage->volume_labels, g_strdup (disk->label));
    }
}

static void
look_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  g_autoptr (KvmmNewDeviceChoices) choices = g_new0 (KvmmNewDeviceChoices, 1);
  g_autoptr (KvmmXmlMachineOptions) options = NULL;
  g_autoptr (GPtrArray) networks = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GPtrArray) interfaces = NULL;
  g_auto (Storage) storage = { 0 };
  KvmmXmlNewHost host = { 0 };
  GError *error = NULL;

  choices->is_remote = order->is_remote;
  choices->stored_xml = kvmm_virt_domain_read_xml (connect, order->uuid, TRUE, &error);
  if (choices->stored_xml != NULL && order->is_active)
    choices->live_xml = kvmm_virt_domain_read_xml (connect, order->uuid, FALSE, &error);
  if (error == NULL)
    {
      options = read_options (connect, choices->stored_xml);
      networks = kvmm_virt_connect_list_networks (connect, NULL);
      list_storage (connect, &storage);
      devices = kvmm_virt_connect_list_host_devices (connect, NULL);
      interfaces = kvmm_virt_connect_list_host_interfaces (connect, NULL);
      host.options = options;
      host.interfaces = interfaces;
      host.devices = devices;
      host.networks = networks;
      host.pools = storage.pools;
      host.pool_labels = storage.pool_labels;
      host.volumes = storage.volumes;
      host.volume_labels = storage.volume_labels;
      host.is_session = order->is_session;
      host.lacks_vsock = !order->is_remote && access (VSOCK_DEVICE, F_OK) != 0;
      host.libvirt_version = order->libvirt_version;
      choices->kinds =
          kvmm_xml_new_device_list_kinds (choices->stored_xml, choices->live_xml, &host, &error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&choices),
                           (GDestroyNotify) kvmm_new_device_choices_free);
}

void
kvmm_new_device_look_async (KvmmDomain *domain,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  kvmm_domain_order_run (domain, KVMM_CONNECTION_LANE_QUERY,
                         kvmm_domain_order_new_task (domain, kvmm_new_device_look_async,
                                                     cancellable, callback, user_data),
                         look_func, kvmm_domain_order_new (domain),
                         (GDestroyNotify) kvmm_new_device_choices_free);
}

KvmmNewDeviceChoices *
kvmm_new_device_look_finish (KvmmDomain *domain, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (domain, result, error);
}

/* ---- storage ---- */

static const char *
get_value (const KvmmDomainOrder *order, const char *path)
{
  const char *value = g_hash_table_lookup (order->values, path);

  return value != NULL ? value : "";
}

static void
set_value (const KvmmDomainOrder *order, const char *path, const char *value)
{
  g_hash_table_insert (order->values, g_strdup (path), g_strdup (value));
}

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_clear_error (error);
  if (error != NULL)
    *error =
        g_error_new_valist (KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_INVALID, format, args);
  va_end (args);
  return FALSE;
}

/* A decimal point is a comma in many languages. */
static gboolean
read_size (const char *text, guint64 *bytes, GError **error)
{
  g_autofree char *plain = g_strdelimit (g_strdup (text), ",", '.');
  char *end = NULL;
  double gib = g_ascii_strtod (g_strstrip (plain), &end);

  if (end == plain || *end != '\0' || !isfinite (gib))
    return fail (error, _ ("The size “%s” is not a number of GiB, such as 20 or 0.5"), text);
  if (gib * GIB < (double) DISK_MIN_BYTES || gib * GIB > (double) DISK_MAX_BYTES)
    return fail (error, _ ("A disk has between 1 MiB and 1 PiB"));
  *bytes = (guint64) (gib * GIB) / 512 * 512;
  return TRUE;
}

/* Worker. @volume: (out) (transfer full): what was made */
static gboolean
make_volume (const KvmmDomainOrder *order, KvmmVirtConnect *connect, char **volume, GError **error)
{
  const char *pool = get_value (order, KVMM_XML_NEW_POOL);
  const char *format = get_value (order, KVMM_XML_NEW_FORMAT);
  g_autofree char *typed = g_strstrip (g_strdup (get_value (order, KVMM_XML_NEW_VOLUME)));
  g_autofree char *suffix = g_strdup (strcmp (format, "raw") == 0 ? ".img" : ".qcow2");
  g_autofree char *name =
      g_str_has_suffix (typed, suffix) ? g_strdup (typed) : g_strconcat (typed, suffix, NULL);
  g_autoptr (KvmmVirtVolume) made = NULL;
  guint64 bytes = 0;

  if (*typed == '\0' || *typed == '.' || strchr (typed, '/') != NULL)
    return fail (error, _ ("The volume needs a name, without “/” and not beginning with a dot"));
  if (!read_size (get_value (order, KVMM_XML_NEW_SIZE_GIB), &bytes, error))
    return FALSE;
  made = kvmm_virt_storage_create_disk (connect, pool, name, format, bytes, error);
  if (made == NULL)
    return FALSE;
  *volume = g_steal_pointer (&name);
  set_value (order, KVMM_XML_NEW_PATH, made->path != NULL ? made->path : "");
  set_value (order, "driver/@type", format);
  return TRUE;
}

/* Of a file of this computer. Returns: how many bytes, -1 with errno set */
static gssize
read_head_here (const char *path, guint8 head[HEAD_BYTES], gboolean *is_file)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st = { 0 };
  gssize length = -1;
  int code;

  if (fd < 0)
    return -1;
  *is_file = fstat (fd, &st) == 0 && S_ISREG (st.st_mode);
  if (*is_file)
    length = pread (fd, head, HEAD_BYTES, 0);
  code = errno;
  close (fd);
  errno = code;
  return length;
}

/* Of a file that only the host may read. */
static gssize
read_head_there (KvmmVirtConnect *connect, const char *path, guint8 head[HEAD_BYTES])
{
  g_autofree char *pool = NULL;
  g_autofree char *volume = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize size = 0;

  if (!kvmm_virt_storage_find_volume (connect, path, &pool, &volume, NULL))
    return -1;
  bytes = kvmm_virt_storage_read_head (connect, pool, volume, HEAD_BYTES, NULL);
  if (bytes == NULL)
    return -1;
  memcpy (head, g_bytes_get_data (bytes, &size), MIN (g_bytes_get_size (bytes), HEAD_BYTES));
  return (gssize) MIN (g_bytes_get_size (bytes), HEAD_BYTES);
}

/* Worker. */
static gboolean
find_format (const KvmmDomainOrder *order, KvmmVirtConnect *connect, GError **error)
{
  const char *path = get_value (order, KVMM_XML_NEW_PATH);
  const char *foreign;
  guint8 head[HEAD_BYTES] = { 0 };
  gboolean is_file = TRUE;
  gssize length = -1;

  if (g_str_has_prefix (path, "/dev/"))
    {
      set_value (order, "driver/@type", "raw");
      return TRUE;
    }
  if (!order->is_remote)
    length = read_head_here (path, head, &is_file);
  if (!is_file)
    return fail (error, _ ("“%s” is not a file with an image in it"), path);
  if (length < 0)
    length = read_head_there (connect, path, head);
  if (length < 0)
    return fail (error, _ ("The format of “%s” cannot be found out from here; choose it"), path);
  foreign = kvmm_disk_convert_find_format (head, (gsize) length);
  if (foreign != NULL)
    {
      g_autofree char *quoted = g_shell_quote (path);

      return fail (error,
                   _ ("“%s” is of another program's format. Convert it first:\n"
                      "qemu-img convert -O qcow2 %s %s.qcow2"),
                   path, quoted, quoted);
    }
  set_value (order, "driver/@type",
             length >= 4 && memcmp (head, "QFI\xfb", 4) == 0 ? "qcow2" : "raw");
  return TRUE;
}

/* Worker. What this computer has not, libvirt would only miss at the next start. */
static gboolean
check_path (const KvmmDomainOrder *order, GError **error)
{
  const char *path = get_value (order, KVMM_XML_NEW_PATH);
  struct stat st;

  if (*path == '\0')
    return TRUE;
  if (*path != '/')
    return fail (error, _ ("Name the image by its whole path, from “/” on"));
  if (!order->is_remote && stat (path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
    return fail (error, _ ("“%s” is not there"), path);
  return TRUE;
}

/* Worker. Of a folder that is not there the machine would not start. */
static gboolean
check_folder (const KvmmDomainOrder *order, GError **error)
{
  const char *path = get_value (order, "source/@dir");
  struct stat st = { 0 };

  if (*path != '/')
    return fail (error, _ ("Name the folder by its whole path, from “/” on"));
  if (order->is_remote || (stat (path, &st) != 0 && errno != ENOENT && errno != ENOTDIR))
    return TRUE;
  if (!S_ISDIR (st.st_mode))
    return fail (error, st.st_mode == 0 ? _ ("“%s” is not there") : _ ("“%s” is not a folder"),
                 path);
  return TRUE;
}

/* Worker. What another machine has is nobody's by mistake. */
static gboolean
check_alone (const KvmmDomainOrder *order, KvmmVirtConnect *connect, GError **error)
{
  const char *path = get_value (order, KVMM_XML_NEW_PATH);
  g_autofree char *pool = NULL;
  g_autofree char *volume = NULL;
  g_autofree char *user = NULL;
  g_autofree char *warning = NULL;

  if (strcmp (get_value (order, KVMM_NEW_DEVICE_MAY_SHARE), "yes") == 0)
    return TRUE;
  kvmm_virt_storage_find_volume (connect, path, &pool, &volume, NULL);
  if (!kvmm_host_disk_find_user (connect, path, pool, volume, &user, error))
    return FALSE;
  if (user == NULL)
    return TRUE;
  warning = kvmm_host_disk_dup_warning (path, user);
  g_set_error_literal (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_SHARED, warning);
  return FALSE;
}

/* Worker. @order->text: the kind. @volume: (out) (transfer full) (nullable): what was made */
static gboolean
prepare_storage (const KvmmDomainOrder *order,
                 KvmmVirtConnect *connect,
                 char **volume,
                 GError **error)
{
  const char *source = get_value (order, KVMM_XML_NEW_SOURCE);
  const char *format = get_value (order, KVMM_XML_NEW_PATH_FORMAT);

  if (strcmp (order->text, "cdrom") == 0)
    return check_path (order, error);
  if (strcmp (order->text, "filesystem") == 0)
    return check_folder (order, error);
  if (strcmp (order->text, "disk") != 0)
    return TRUE;
  if (strcmp (source, "volume") == 0)
    return make_volume (order, connect, volume, error);
  if (strcmp (source, "existing") == 0)
    {
      set_value (order, KVMM_XML_NEW_PATH, get_value (order, KVMM_XML_NEW_EXISTING));
      format = "auto";
    }
  if (*get_value (order, KVMM_XML_NEW_PATH) == '\0')
    return fail (error, _ ("Name the image by its whole path, from “/” on"));
  if (!check_path (order, error) || !check_alone (order, connect, error))
    return FALSE;
  if (strcmp (format, "auto") == 0)
    return find_format (order, connect, error);
  set_value (order, "driver/@type", format);
  return TRUE;
}

/* ---- adding ---- */

/* Worker. */
static gboolean
define (const KvmmDomainOrder *order,
        KvmmVirtConnect *connect,
        const char *stored,
        const char *device,
        GError **error)
{
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (stored, error);
  g_autofree char *xml = NULL;
  g_autofree char *uuid = NULL;

  if (edit == NULL || !kvmm_xml_new_device_add (edit, device, error) ||
      !kvmm_xml_edit_check (edit, error))
    return FALSE;
  xml = kvmm_xml_edit_dup_xml (edit);
  uuid = kvmm_virt_connect_define (connect, xml, FALSE, error);
  return uuid != NULL;
}

/* Worker. */
static gboolean
attach (const KvmmDomainOrder *order, KvmmVirtConnect *connect, const char *device, GError **error)
{
  g_autoptr (GError) refusal = NULL;

  if (kvmm_virt_domain_attach_device (connect, order->uuid, device,
                                      KVMM_AFFECT_LIVE | KVMM_AFFECT_CONFIG, &refusal))
    return TRUE;
  g_set_error_literal (error, KVMM_NEW_DEVICE_ERROR, KVMM_NEW_DEVICE_ERROR_AT_ONCE,
                       refusal->message);
  return FALSE;
}

/* Worker. */
static gboolean
add (const KvmmDomainOrder *order,
     KvmmVirtConnect *connect,
     const char *stored,
     const char *live,
     KvmmNewDeviceAdded *added,
     GError **error)
{
  g_autofree char *device =
      kvmm_xml_new_device_build (stored, live, order->text, order->values, error);
  g_autofree char *now = NULL;
  gboolean is_hot;

  if (device == NULL)
    return FALSE;
  is_hot = live != NULL && order->flags & KVMM_DOMAIN_EDIT_LIVE &&
           kvmm_xml_new_device_is_hot (live, order->text, order->values);
  if (is_hot ? !attach (order, connect, device, error)
             : !define (order, connect, stored, device, error))
    return FALSE;
  added->needs_restart = live != NULL && !is_hot;
  kvmm_domain_order_keep (order, stored);
  now = kvmm_virt_domain_read_definition (connect, order->uuid, NULL);
  if (now != NULL)
    kvmm_domain_order_keep (order, now);
  return TRUE;
}

/* Worker. What was made for a device that there is not. */
static void
remove_volume (KvmmVirtConnect *connect, const char *pool, const char *volume)
{
  g_autoptr (GError) error = NULL;

  if (volume != NULL && !kvmm_virt_storage_delete_volume (connect, pool, volume, &error))
    g_warning ("The volume %s of a disk that was not added stays in the pool %s: %s", volume, pool,
               error->message);
}

static void
add_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  g_autofree KvmmNewDeviceAdded *added = g_new0 (KvmmNewDeviceAdded, 1);
  g_autofree char *stored = NULL;
  g_autofree char *live = NULL;
  g_autofree char *volume = NULL;
  GError *error = NULL;

  if (!order->is_persistent)
    {
      g_task_return_new_error (
          task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED,
          _ ("“%s” is transient: it has no stored definition that could be changed"), order->name);
      return;
    }
  stored = kvmm_virt_domain_read_definition (connect, order->uuid, &error);
  if (stored != NULL && order->is_active)
    live = kvmm_virt_domain_read_xml (connect, order->uuid, FALSE, &error);
  if (error == NULL && prepare_storage (order, connect, &volume, &error) &&
      add (order, connect, stored, live, added, &error))
    {
      g_task_return_pointer (task, g_steal_pointer (&added), g_free);
      return;
    }
  remove_volume (connect, get_value (order, KVMM_XML_NEW_POOL), volume);
  g_task_return_error (task, error);
}

/* Bytes of a volume come over the connection that carries files. */
static KvmmConnectionLane
choose_lane (const KvmmDomainOrder *order)
{
  const char *source = get_value (order, KVMM_XML_NEW_SOURCE);

  return strcmp (source, "path") == 0 || strcmp (source, "existing") == 0
             ? KVMM_CONNECTION_LANE_BULK
             : KVMM_CONNECTION_LANE_CONTROL;
}

void
kvmm_new_device_add_async (KvmmDomain *domain,
                           const char *kind,
                           GHashTable *values,
                           gboolean at_once,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  KvmmDomainOrder *order;
  GHashTableIter iter;
  gpointer path, value;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (domain) && kind != NULL && values != NULL);

  order = kvmm_domain_order_new (domain);
  order->text = g_strdup (kind);
  order->flags = at_once ? KVMM_DOMAIN_EDIT_LIVE : KVMM_DOMAIN_EDIT_DEFAULT;
  order->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_iter_init (&iter, values);
  while (g_hash_table_iter_next (&iter, &path, &value))
    set_value (order, path, value);
  kvmm_domain_order_run (domain, choose_lane (order),
                         kvmm_domain_order_new_task (domain, kvmm_new_device_add_async, cancellable,
                                                     callback, user_data),
                         add_func, order, g_free);
}

KvmmNewDeviceAdded *
kvmm_new_device_add_finish (KvmmDomain *domain, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (domain, result, error);
}

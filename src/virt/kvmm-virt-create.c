/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-create.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "virt/kvmm-virt-disk.h"
#include "virt/kvmm-virt-private.h"
#include "xml/kvmm-xml-clone.h"
#include "xml/kvmm-xml-host-device.h"
#include "xml/kvmm-xml-host-interface.h"
#include "xml/kvmm-xml-new-machine.h"
#include "xml/kvmm-xml-storage.h"

/* More networks than a person would choose from. */
#define MAX_NETWORKS 1024
/* Each of them is one more question to the host. */
#define MAX_HOST_DEVICES 512

KvmmXmlMachineOptions *
kvmm_virt_connect_read_machine_options (KvmmVirtConnect *self,
                                        const char *virt_type,
                                        const char *arch,
                                        const char *machine,
                                        GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  g_autofree char *xml =
      virConnectGetDomainCapabilities (connect, NULL, arch, machine, virt_type, 0);
  if (!xml)
    {
      kvmm_virt_error_take (error, _ ("The host does not tell what its machines can have"));
      return NULL;
    }
  return kvmm_xml_machine_options_parse (xml, error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
kvmm_virt_connect_list_networks (KvmmVirtConnect *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  virNetworkPtr *networks = NULL;
  int n_networks = virConnectListAllNetworks (connect, &networks, VIR_CONNECT_LIST_NETWORKS_ACTIVE);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  if (n_networks < 0)
    {
      g_autoptr (GError) failure = NULL;

      kvmm_virt_error_take (&failure, _ ("Could not list the networks of the host"));
      /* A host without its network driver has no networks. */
      if (g_error_matches (failure, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED))
        return g_steal_pointer (&names);
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  for (int i = 0; i < n_networks; i++)
    {
      if (i < MAX_NETWORKS)
        g_ptr_array_add (names, g_strdup (virNetworkGetName (networks[i])));
      virNetworkFree (networks[i]);
    }
  free (networks);
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

GPtrArray *
kvmm_virt_connect_list_host_devices (KvmmVirtConnect *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  virNodeDevicePtr *devices = NULL;
  int n_devices = virConnectListAllNodeDevices (connect, &devices,
                                                VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV |
                                                    VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV);
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_host_device_free);
  if (n_devices < 0)
    g_debug ("The devices of the host are not told: %s", virGetLastErrorMessage ());
  for (int i = 0; i < n_devices; i++)
    {
      g_autofree char *xml = i < MAX_HOST_DEVICES ? virNodeDeviceGetXMLDesc (devices[i], 0) : NULL;
      KvmmXmlHostDevice *device = xml ? kvmm_xml_host_device_parse (xml) : NULL;

      if (device)
        g_ptr_array_add (list, device);
      virNodeDeviceFree (devices[i]);
    }
  free (devices);
  return list;
}

static int
compare_interfaces (gconstpointer a, gconstpointer b)
{
  const KvmmXmlHostInterface *const *first = a, *const *second = b;

  return strcmp ((*first)->name, (*second)->name);
}

static void
take_interface (GPtrArray *list, char *xml)
{
  g_autofree char *owned = xml;
  KvmmXmlHostInterface *interface = owned ? kvmm_xml_host_interface_parse (owned) : NULL;

  if (interface)
    g_ptr_array_add (list, interface);
}

/* What there is without the driver of interfaces: cards alone, of which it cannot be said whether
 * they are up. */
static void
list_cards (virConnectPtr connect, GPtrArray *list)
{
  virNodeDevicePtr *devices = NULL;
  int n_devices =
      virConnectListAllNodeDevices (connect, &devices, VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET);

  if (n_devices < 0)
    g_debug ("The network cards of the host are not told: %s", virGetLastErrorMessage ());
  for (int i = 0; i < n_devices; i++)
    {
      if (i < MAX_HOST_DEVICES)
        take_interface (list, virNodeDeviceGetXMLDesc (devices[i], 0));
      virNodeDeviceFree (devices[i]);
    }
  free (devices);
}

GPtrArray *
kvmm_virt_connect_list_host_interfaces (KvmmVirtConnect *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  virInterfacePtr *interfaces = NULL;
  int n_interfaces =
      virConnectListAllInterfaces (connect, &interfaces, VIR_CONNECT_LIST_INTERFACES_ACTIVE);
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_host_interface_free);
  if (n_interfaces < 0)
    g_debug ("The interfaces of the host are not told: %s", virGetLastErrorMessage ());
  for (int i = 0; i < n_interfaces; i++)
    {
      if (i < MAX_HOST_DEVICES)
        take_interface (list, virInterfaceGetXMLDesc (interfaces[i], 0));
      virInterfaceFree (interfaces[i]);
    }
  free (interfaces);
  if (n_interfaces < 0)
    list_cards (connect, list);
  g_ptr_array_sort (list, compare_interfaces);
  return list;
}

static void
take_volume_error (GError **error, const char *name)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_autofree char *what = g_strdup_printf (_ ("Could not make the disk “%s”"), shown);
  kvmm_virt_error_take (&failure, what);
  if (kvmm_virt_error_get_code (failure) == VIR_ERR_STORAGE_VOL_EXIST)
    kvmm_virt_error_set (error, KVMM_VIRT_ERROR_IN_USE, failure->message);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
}

/* Returns: (transfer full): see kvmm_xml_volume_build_copy() */
static char *
build_copy (virStorageVol *source,
            const char *source_name,
            const char *format,
            const char *name,
            GError **error)
{
  g_autofree char *described = virStorageVolGetXMLDesc (source, 0);

  if (!described)
    {
      take_volume_error (error, source_name);
      return NULL;
    }
  return kvmm_xml_volume_build_copy (described, format, name, error);
}

/* A pool of files on a file system, where a path is what QEMU opens. */
static gboolean
check_link_pool (KvmmVirtConnect *self, const char *name, GError **error)
{
  static const char *const types[] = { "dir", "fs", "netfs", NULL };
  g_autoptr (KvmmVirtPool) pool = kvmm_virt_storage_read_pool (self, name, error);

  if (!pool)
    return FALSE;
  if (g_strv_contains (types, pool->type))
    return TRUE;
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_autofree char *message =
      g_strdup_printf (_ ("The storage pool “%s” holds no files, and so no linked copies"), shown);
  kvmm_virt_error_set (error, KVMM_VIRT_ERROR_UNSUPPORTED, message);
  return FALSE;
}

/* Returns: (transfer full): see kvmm_xml_volume_build_link() */
static char *
build_link (KvmmVirtConnect *self,
            const char *pool_name,
            const char *source_name,
            const char *format,
            const char *name,
            GError **error)
{
  g_autoptr (virStorageVol) source =
      check_link_pool (self, pool_name, error)
          ? kvmm_virt_storage_acquire_volume (self, pool_name, source_name, error)
          : NULL;
  if (!source)
    return NULL;
  g_autofree char *described = virStorageVolGetXMLDesc (source, 0);
  if (!described)
    {
      take_volume_error (error, source_name);
      return NULL;
    }
  return kvmm_xml_volume_build_link (described, format, name, error);
}

gboolean
kvmm_virt_storage_check_link (KvmmVirtConnect *self,
                              const char *pool_name,
                              const char *source_name,
                              const char *format,
                              GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && source_name != NULL, FALSE);

  g_autofree char *xml = build_link (self, pool_name, source_name, format, source_name, error);
  return xml != NULL;
}

KvmmVirtVolume *
kvmm_virt_storage_link_volume (KvmmVirtConnect *self,
                               const char *pool_name,
                               const char *source_name,
                               const char *format,
                               const char *name,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && source_name != NULL, NULL);

  g_autofree char *xml = build_link (self, pool_name, source_name, format, name, error);
  g_autoptr (virStoragePool) pool =
      xml ? kvmm_virt_storage_acquire_pool (self, pool_name, error) : NULL;
  if (!pool)
    return NULL;
  g_autoptr (virStorageVol) volume = virStorageVolCreateXML (pool, xml, 0);
  if (!volume)
    {
      take_volume_error (error, name);
      return NULL;
    }
  return kvmm_virt_storage_describe_volume (volume);
}

KvmmVirtVolume *
kvmm_virt_storage_check_copy (KvmmVirtConnect *self,
                              const char *pool_name,
                              const char *source_name,
                              const char *format,
                              GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && source_name != NULL, NULL);

  g_autoptr (virStorageVol) source =
      kvmm_virt_storage_acquire_volume (self, pool_name, source_name, error);
  g_autofree char *xml =
      source ? build_copy (source, source_name, format, source_name, error) : NULL;

  return xml ? kvmm_virt_storage_describe_volume (source) : NULL;
}

KvmmVirtVolume *
kvmm_virt_storage_copy_volume (KvmmVirtConnect *self,
                               const char *pool_name,
                               const char *source_name,
                               const char *format,
                               const char *name,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && source_name != NULL, NULL);

  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, pool_name, error);
  g_autoptr (virStorageVol) source =
      pool ? kvmm_virt_storage_acquire_volume (self, pool_name, source_name, error) : NULL;
  g_autofree char *xml = source ? build_copy (source, source_name, format, name, error) : NULL;
  if (!xml)
    return NULL;
  g_autoptr (virStorageVol) volume = virStorageVolCreateXMLFrom (pool, xml, source, 0);
  if (!volume)
    {
      take_volume_error (error, name);
      return NULL;
    }
  return kvmm_virt_storage_describe_volume (volume);
}

KvmmVirtVolume *
kvmm_virt_storage_create_disk (KvmmVirtConnect *self,
                               const char *pool_name,
                               const char *name,
                               const char *format,
                               guint64 capacity_bytes,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && name != NULL, NULL);

  g_autofree char *xml = kvmm_xml_volume_build_disk (name, format, capacity_bytes, error);
  g_autoptr (virStoragePool) pool =
      xml ? kvmm_virt_storage_acquire_pool (self, pool_name, error) : NULL;
  if (!pool)
    return NULL;
  g_autoptr (virStorageVol) volume = virStorageVolCreateXML (pool, xml, 0);
  if (!volume)
    {
      take_volume_error (error, name);
      return NULL;
    }
  return kvmm_virt_storage_describe_volume (volume);
}

/* Returns: (transfer full): with what came into it since the host looked last */
static virStorageVolPtr
acquire_anew (KvmmVirtConnect *self, const char *pool_name, const char *name, GError **error)
{
  g_autoptr (virStoragePool) pool = kvmm_virt_storage_acquire_pool (self, pool_name, error);

  if (!pool)
    return NULL;
  if (virStoragePoolRefresh (pool, 0) < 0)
    g_debug ("Pool %s: %s", pool_name, virGetLastErrorMessage ());
  return kvmm_virt_storage_acquire_volume (self, pool_name, name, error);
}

static char *
dup_format (virStorageVolPtr volume)
{
  g_autofree char *xml = virStorageVolGetXMLDesc (volume, 0);

  return xml ? kvmm_xml_volume_dup_format (xml, NULL) : NULL;
}

char *
kvmm_virt_storage_read_format (KvmmVirtConnect *self,
                               const char *pool_name,
                               const char *name,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && name != NULL, NULL);

  g_autoptr (virStorageVol) volume = acquire_anew (self, pool_name, name, error);
  if (!volume)
    return NULL;
  char *format = dup_format (volume);
  if (!format)
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
      g_autofree char *message =
          g_strdup_printf (_ ("The host does not tell what is in the volume “%s”"), shown);

      kvmm_virt_error_set (error, KVMM_VIRT_ERROR_FAILED, message);
    }
  return format;
}

gboolean
kvmm_virt_storage_grow_volume (KvmmVirtConnect *self,
                               const char *pool_name,
                               const char *name,
                               const char *format,
                               guint64 capacity_bytes,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && pool_name != NULL && name != NULL, FALSE);

  /* A volume is made as raw; what came into it is seen at the next look alone. */
  g_autoptr (virStorageVol) volume = acquire_anew (self, pool_name, name, error);
  if (!volume)
    return FALSE;
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_autofree char *found = dup_format (volume);
  if (g_strcmp0 (found, format) != 0)
    {
      g_autofree char *message =
          g_strdup_printf (_ ("The host does not take the disk “%s” for %s, and cannot make it "
                              "larger; try again when it is less busy"),
                           shown, format);

      kvmm_virt_error_set (error, KVMM_VIRT_ERROR_INVALID_STATE, message);
      return FALSE;
    }
  virStorageVolInfo info = { 0 };
  if (virStorageVolGetInfo (volume, &info) == 0 && info.capacity >= capacity_bytes)
    return TRUE;
  return kvmm_virt_storage_resize_volume (self, pool_name, name, capacity_bytes, error);
}

gboolean
kvmm_virt_connect_has_domain (KvmmVirtConnect *self, const char *name, GError **error)
{
  g_return_val_if_fail (self != NULL && name != NULL, FALSE);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return FALSE;
  g_autoptr (virDomain) domain = virDomainLookupByName (connect, name);
  if (domain)
    return TRUE;
  g_autoptr (GError) failure = NULL;
  kvmm_virt_error_take (&failure, _ ("Could not look for the name"));
  if (!g_error_matches (failure, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT))
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* What was made for a machine that did not start goes with it. */
static void
undefine (virDomainPtr domain)
{
  const unsigned int flags = VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_MANAGED_SAVE;

  if (virDomainUndefineFlags (domain, flags) < 0 && virDomainUndefine (domain) < 0)
    g_debug ("A machine stays defined: %s", virGetLastErrorMessage ());
}

char *
kvmm_virt_connect_create_domain (
    KvmmVirtConnect *self, const char *name, const char *xml, gboolean start, GError **error)
{
  g_return_val_if_fail (self != NULL && name != NULL && xml != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_autoptr (virDomain) domain = virDomainDefineXMLFlags (connect, xml, VIR_DOMAIN_DEFINE_VALIDATE);
  if (!domain)
    {
      g_autofree char *what = g_strdup_printf (_ ("Could not define “%s”"), shown);

      kvmm_virt_error_take (error, what);
      return NULL;
    }
  char uuid[VIR_UUID_STRING_BUFLEN];
  if (virDomainGetUUIDString (domain, uuid) < 0 || (start && virDomainCreate (domain) < 0))
    {
      g_autofree char *what = g_strdup_printf (_ ("Could not start “%s”"), shown);

      kvmm_virt_error_take (error, what);
      undefine (domain);
      return NULL;
    }
  return g_strdup (uuid);
}

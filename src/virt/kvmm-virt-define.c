/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-define.h"

#include <glib/gi18n.h>

#include "virt/kvmm-virt-private.h"
#include "xml/kvmm-xml-domain.h"

/* ---- reading and writing ---- */

char *
kvmm_virt_domain_read_definition (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, NULL);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return NULL;
  const char *name = virDomainGetName (domain);
  char *xml = virDomainGetXMLDesc (domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
  if (xml == NULL)
    kvmm_virt_error_take_named (error, _ ("Could not read the definition of “%s”"), name);
  return xml;
}

char *
kvmm_virt_connect_define (KvmmVirtConnect *self, const char *xml, gboolean validate, GError **error)
{
  g_return_val_if_fail (self != NULL && xml != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (connect == NULL)
    return NULL;
  g_autoptr (virDomain) domain =
      virDomainDefineXMLFlags (connect, xml, validate ? VIR_DOMAIN_DEFINE_VALIDATE : 0);
  if (domain == NULL)
    {
      kvmm_virt_error_take (error, _ ("Could not define the virtual machine"));
      return NULL;
    }
  char uuid[VIR_UUID_STRING_BUFLEN];
  if (virDomainGetUUIDString (domain, uuid) < 0)
    {
      kvmm_virt_error_take (error, _ ("Could not define the virtual machine"));
      return NULL;
    }
  return g_strdup (uuid);
}

/* ---- starting by another one ---- */

gboolean
kvmm_virt_domain_start_as (KvmmVirtConnect *self, const char *uuid, const char *xml, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL && xml != NULL, FALSE);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  g_autoptr (virDomain) domain =
      connect != NULL ? kvmm_virt_connect_acquire_domain (self, uuid, error) : NULL;
  if (domain == NULL)
    return FALSE;
  const char *name = virDomainGetName (domain);
  if (virDomainHasManagedSaveImage (domain, 0) == 1)
    {
      g_autofree char *message = g_strdup_printf (
          _ ("“%s” has a saved state: start it as usual, and shut it down first"), name);

      kvmm_virt_error_set (error, KVMM_VIRT_ERROR_INVALID_STATE, message);
      return FALSE;
    }
  g_autoptr (virDomain) started = virDomainCreateXML (connect, xml, 0);
  if (started != NULL)
    return TRUE;
  kvmm_virt_error_take_named (error, _ ("Could not start “%s”"), name);
  return FALSE;
}

/* ---- removing ---- */

static unsigned int
to_undefine_flags (KvmmUndefineFlags flags)
{
  unsigned int result = 0;

  if (flags & KVMM_UNDEFINE_SAVED)
    result |= VIR_DOMAIN_UNDEFINE_MANAGED_SAVE;
  if (flags & KVMM_UNDEFINE_SNAPSHOTS)
    result |= VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;
  if (flags & KVMM_UNDEFINE_KEEP_FIRMWARE)
    result |= VIR_DOMAIN_UNDEFINE_KEEP_NVRAM | VIR_DOMAIN_UNDEFINE_KEEP_TPM;
  else
    result |= VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_TPM;
  return result;
}

gboolean
kvmm_virt_domain_undefine (KvmmVirtConnect *self,
                           const char *uuid,
                           KvmmUndefineFlags flags,
                           GError **error)
{
  /* A driver that has neither firmware files nor checkpoints refuses the words for them. */
  static const unsigned int optional = VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_KEEP_NVRAM |
                                       VIR_DOMAIN_UNDEFINE_TPM | VIR_DOMAIN_UNDEFINE_KEEP_TPM |
                                       VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;

  g_return_val_if_fail (self != NULL && uuid != NULL, FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  const char *name = virDomainGetName (domain);
  unsigned int wanted = to_undefine_flags (flags);
  int result = virDomainUndefineFlags (domain, wanted);
  if (result < 0 && virGetLastErrorCode () == VIR_ERR_INVALID_ARG)
    result = virDomainUndefineFlags (domain, wanted & ~optional);
  if (result < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not delete “%s”"), name);
      return FALSE;
    }
  return TRUE;
}

int
kvmm_virt_domain_count_snapshots (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, -1);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return -1;
  const char *name = virDomainGetName (domain);
  int count = virDomainSnapshotNum (domain, 0);
  if (count < 0 && virGetLastErrorCode () == VIR_ERR_NO_SUPPORT)
    return 0;
  if (count < 0)
    kvmm_virt_error_take_named (error, _ ("Could not count the snapshots of “%s”"), name);
  return count;
}

/* ---- renaming ---- */

gboolean
kvmm_virt_domain_rename (KvmmVirtConnect *self,
                         const char *uuid,
                         const char *new_name,
                         GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL && new_name != NULL, FALSE);

  /* libvirt's remote driver frees the name in the handle, which another lane may be reading. */
  g_autoptr (virDomain) domain = kvmm_virt_connect_lookup_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  const char *name = virDomainGetName (domain);
  if (virDomainRename (domain, new_name, 0) < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not rename “%s”"), name);
      return FALSE;
    }
  /* The cached handle keeps the name it was made with. */
  kvmm_virt_connect_forget_domain (self, uuid);
  return TRUE;
}

/* ---- metadata ---- */

static const struct
{
  int type;
  const char *key;
  const char *uri;
} metadata_kinds[] = {
  [KVMM_METADATA_TITLE] = { VIR_DOMAIN_METADATA_TITLE, NULL, NULL },
  [KVMM_METADATA_DESCRIPTION] = { VIR_DOMAIN_METADATA_DESCRIPTION, NULL, NULL },
  [KVMM_METADATA_OURS] = { VIR_DOMAIN_METADATA_ELEMENT, KVMM_XML_METADATA_PREFIX,
                           KVMM_XML_METADATA_URI },
};

static unsigned int
to_impact (KvmmAffectFlags affect)
{
  unsigned int flags = 0;

  if (affect & KVMM_AFFECT_LIVE)
    flags |= VIR_DOMAIN_AFFECT_LIVE;
  if (affect & KVMM_AFFECT_CONFIG)
    flags |= VIR_DOMAIN_AFFECT_CONFIG;
  return flags;
}

gboolean
kvmm_virt_domain_set_metadata (KvmmVirtConnect *self,
                               const char *uuid,
                               KvmmMetadata metadata,
                               const char *value,
                               KvmmAffectFlags affect,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, FALSE);
  g_return_val_if_fail (metadata < G_N_ELEMENTS (metadata_kinds), FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  const char *name = virDomainGetName (domain);
  if (virDomainSetMetadata (domain, metadata_kinds[metadata].type, value,
                            metadata_kinds[metadata].key, metadata_kinds[metadata].uri,
                            to_impact (affect)) < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not change the description of “%s”"), name);
      return FALSE;
    }
  return TRUE;
}

char *
kvmm_virt_domain_get_metadata (KvmmVirtConnect *self,
                               const char *uuid,
                               KvmmMetadata metadata,
                               KvmmAffectFlags affect,
                               GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, NULL);
  g_return_val_if_fail (metadata < G_N_ELEMENTS (metadata_kinds), NULL);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return NULL;
  const char *name = virDomainGetName (domain);
  char *value = virDomainGetMetadata (domain, metadata_kinds[metadata].type,
                                      metadata_kinds[metadata].uri, to_impact (affect));
  if (value == NULL && virGetLastErrorCode () != VIR_ERR_NO_DOMAIN_METADATA)
    kvmm_virt_error_take_named (error, _ ("Could not read the description of “%s”"), name);
  return value;
}

/* ---- a running machine's processors and memory ---- */

gboolean
kvmm_virt_domain_set_vcpus (KvmmVirtConnect *self, const char *uuid, guint vcpus, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  const char *name = virDomainGetName (domain);
  if (virDomainSetVcpusFlags (domain, vcpus, VIR_DOMAIN_AFFECT_LIVE) < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not change the processors of “%s”"), name);
      return FALSE;
    }
  return TRUE;
}

gboolean
kvmm_virt_domain_set_memory (KvmmVirtConnect *self,
                             const char *uuid,
                             guint64 memory_kib,
                             GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  const char *name = virDomainGetName (domain);
  if (virDomainSetMemoryFlags (domain, (unsigned long) memory_kib, VIR_DOMAIN_AFFECT_LIVE) < 0)
    {
      kvmm_virt_error_take_named (error, _ ("Could not change the memory of “%s”"), name);
      return FALSE;
    }
  return TRUE;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* The description of an appliance that a stranger wrote: what is read of it is within the limits,
 * and every disk's file is a plain name. */

#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "fuzz.h"
#include "xml/kvmm-xml-ovf.h"

static void
check (gboolean is_true)
{
  if (!is_true)
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlOvf) ovf = kvmm_xml_ovf_parse (text, &error);

  check ((ovf == NULL) == (error != NULL));
  if (ovf == NULL)
    return 0;
  check (ovf->vcpus <= KVMM_XML_OVF_VCPUS_MAX && ovf->memory_kib <= KVMM_XML_OVF_MEMORY_MAX_KIB);
  check (ovf->disks->len <= KVMM_XML_OVF_DISKS_MAX && ovf->cards->len <= KVMM_XML_OVF_CARDS_MAX);
  check (ovf->name == NULL || g_utf8_validate (ovf->name, -1, NULL));
  for (guint i = 0; i < ovf->disks->len; i++)
    {
      const KvmmXmlOvfDisk *disk = ovf->disks->pdata[i];

      check (disk->bus != NULL && disk->capacity_bytes <= KVMM_XML_OVF_DISK_MAX_BYTES);
      check (disk->file != NULL ? strchr (disk->file, '/') == NULL && *disk->file != '.' &&
                                      strlen (disk->file) <= KVMM_XML_OVF_FILE_NAME_MAX
                                : disk->capacity_bytes > 0);
    }
  return 0;
}

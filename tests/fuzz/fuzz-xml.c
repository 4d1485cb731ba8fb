/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* A domain document of somebody else: whatever can be read is written down again with the same
 * meaning, and an edit that is taken back leaves nothing behind. */

#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "fuzz.h"
#include "xml/kvmm-xml-compare.h"
#include "xml/kvmm-xml-disks.h"
#include "xml/kvmm-xml-edit.h"
#include "xml/kvmm-xml-pending.h"

static void
check (gboolean is_true)
{
  if (!is_true)
    abort ();
}

static void
edit_fields (KvmmXmlEdit *edit, const char *kind)
{
  g_autoptr (GPtrArray) fields = kvmm_xml_edit_list_fields (edit, kind, 0);

  for (guint i = 0; i < fields->len; i++)
    {
      const KvmmXmlEditField *field = fields->pdata[i];

      if (kvmm_xml_edit_set (edit, kind, 0, field->path, "1", NULL))
        {
          g_autofree char *value = kvmm_xml_edit_get (edit, kind, 0, field->path);

          check (g_strcmp0 (value, "1") == 0);
          check (kvmm_xml_edit_set (edit, kind, 0, field->path, NULL, NULL));
        }
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *xml = g_strndup ((const char *) data, size);
  g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (xml, NULL);
  g_autofree char *written = NULL;
  g_autofree char *changed = NULL;
  g_autoptr (GPtrArray) same = NULL;
  g_autoptr (GPtrArray) pending = NULL;
  g_autoptr (GPtrArray) disks = NULL;
  g_autoptr (KvmmXmlEdit) replayed = NULL;

  if (edit == NULL)
    return 0;
  written = kvmm_xml_edit_dup_xml (edit);
  check (kvmm_xml_same (xml, written));
  same = kvmm_xml_diff (xml, written, 3, NULL);
  check (same != NULL && same->len == 0);
  kvmm_xml_edit_check (edit, NULL);
  edit_fields (edit, "domain/cpu");
  edit_fields (edit, "disk");
  edit_fields (edit, "interface");
  changed = kvmm_xml_edit_dup_xml (edit);
  pending = kvmm_xml_list_pending (xml, changed, NULL);
  check (pending != NULL);
  for (guint i = 0; i < pending->len; i++)
    kvmm_xml_edit_discard (edit, xml, pending->pdata[i], NULL);
  disks = kvmm_xml_domain_list_disks (changed, NULL);
  replayed = kvmm_xml_edit_replay (edit, written, NULL);
  check (disks != NULL && replayed != NULL);
  return 0;
}

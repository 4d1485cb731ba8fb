/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-edit.h"

G_BEGIN_DECLS

/* What a running machine does not have yet: its stored definition against the live one, field by
 * field. Any thread.
 *
 * What libvirt fills in by itself when the machine starts (ports, aliases, host devices, the model
 * of a host's processor) is no difference. */

/* Most differences listed. */
#define KVMM_XML_PENDING_MAX 1000

typedef enum
{
  KVMM_XML_PENDING_CHANGED,
  KVMM_XML_PENDING_ADDED,   /* a device that comes with the next start */
  KVMM_XML_PENDING_REMOVED, /* a device that goes with it */
} KvmmXmlPendingType;

typedef struct
{
  KvmmXmlPendingType type;
  char *kind;           /* "disk", "domain/cpu" … */
  char *identity;       /* (nullable) of a device */
  char *path;           /* (nullable) of a field */
  char *title;          /* "Disk vda", "Processors" (translated, sanitised) */
  char *label;          /* (nullable) the field (translated) */
  char *now;            /* (nullable) as people read it, of the running machine */
  char *next;           /* (nullable) with the next start */
  gboolean can_discard; /* else only an edit of the whole document puts it back */
} KvmmXmlPending;

/**
 * kvmm_xml_list_pending:
 * @live_xml: of the running machine
 * @inactive_xml: what is stored
 *
 * Returns: (transfer full) (element-type KvmmXmlPending): or %NULL with KVMM_XML_ERROR set
 */
GPtrArray *kvmm_xml_list_pending (const char *live_xml, const char *inactive_xml, GError **error);
void kvmm_xml_pending_free (KvmmXmlPending *self);
KvmmXmlPending *kvmm_xml_pending_copy (const KvmmXmlPending *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlPending, kvmm_xml_pending_free)

/**
 * kvmm_xml_edit_discard:
 * @self: of the stored definition
 * @live_xml: of the running machine
 *
 * Makes the stored definition say what the running machine has.
 *
 * Returns: %FALSE with KVMM_XML_ERROR_CONFLICT when the difference is not there any more
 */
gboolean kvmm_xml_edit_discard (KvmmXmlEdit *self,
                                const char *live_xml,
                                const KvmmXmlPending *pending,
                                GError **error);

G_END_DECLS

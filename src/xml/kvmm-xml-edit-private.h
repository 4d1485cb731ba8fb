/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-edit.h"
#include "xml/kvmm-xml-kinds.h"

G_BEGIN_DECLS

/* The inside of KvmmXmlEdit, shared by its files. */

typedef enum
{
  KVMM_XML_CHANGE_SET,
  KVMM_XML_CHANGE_ADD,
  KVMM_XML_CHANGE_REPLACE,
  KVMM_XML_CHANGE_REMOVE,
  KVMM_XML_CHANGE_BOOT,
  KVMM_XML_CHANGE_ALL,
} KvmmXmlChangeType;

/* One edit, and what it found: enough to make it again in another document. */
typedef struct
{
  KvmmXmlChangeType type;
  char *kind;     /* (owned) (nullable) */
  char *identity; /* (owned) (nullable) of the device */
  char *path;     /* (owned) (nullable) SET */
  char
      *old_value; /* (owned) (nullable) SET: raw; REPLACE, REMOVE: canonical; BOOT: the old order */
  char *new_value;  /* (owned) (nullable) SET: raw; ADD, REPLACE, ALL: XML */
  GPtrArray *order; /* (owned) (nullable) BOOT: identities */
} KvmmXmlChange;

struct _KvmmXmlEdit
{
  char *base;         /* (owned) */
  xmlDoc *document;   /* (owned) */
  GPtrArray *changes; /* (owned) (element-type KvmmXmlChange) */
};

/* What a kind is called and what fields it has; and where its paths start. */
typedef struct
{
  const KvmmXmlFieldSpec *fields; /* (nullable) */
  xmlNode *node;                  /* (nullable) */
} KvmmXmlPart;

/* kvmm-xml-edit.c */
KvmmXmlChange *kvmm_xml_edit_record (KvmmXmlEdit *self, KvmmXmlChangeType type, const char *kind);
xmlNode *kvmm_xml_edit_root (KvmmXmlEdit *self);

/* kvmm-xml-edit-field.c */
gboolean
kvmm_xml_edit_find_part (KvmmXmlEdit *self, const char *kind, guint index, KvmmXmlPart *part);
gboolean kvmm_xml_edit_no_such_part (const char *kind, guint index, GError **error);

/* kvmm-xml-edit-device.c */
/* Among those of its kind. */
guint kvmm_xml_edit_number_of (const xmlNode *device);
xmlNode *kvmm_xml_edit_nth_device (KvmmXmlEdit *self, const char *kind, guint index);

/* kvmm-xml-boot.c */
/* Returns: (transfer full): the places of all devices that have one */
char *kvmm_xml_edit_dup_boot_order (KvmmXmlEdit *self);
/* Whether a field says from what the machine boots: these stand for each other. */
gboolean kvmm_xml_is_boot_path (const char *path);
/* All that the `<domain>` @other says about it, for the devices that both have. */
void kvmm_xml_edit_take_boot_order (KvmmXmlEdit *self, xmlNode *other);

G_END_DECLS

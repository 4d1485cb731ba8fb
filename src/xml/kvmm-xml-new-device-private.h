/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-document.h"
#include "xml/kvmm-xml-new-device.h"

G_BEGIN_DECLS

/* The tables of new devices, shared by the files that list and build them. */

#define KVMM_XML_NEW_WORDS_MAX 9
#define KVMM_XML_NEW_FIELDS_MAX 10

/* What a word, or a whole kind, needs of the machine or its host. */
typedef enum
{
  KVMM_XML_NEEDS_X86 = 1 << 0,
  KVMM_XML_NEEDS_OLD_PC = 1 << 1,    /* machine type pc: i440fx */
  KVMM_XML_NEEDS_PCIE = 1 << 2,      /* machine type q35 */
  KVMM_XML_NEEDS_USB = 1 << 3,       /* USB is not switched off */
  KVMM_XML_NEEDS_RIGHTS = 1 << 4,    /* no session */
  KVMM_XML_NEEDS_NETWORK = 1 << 5,   /* the host has a virtual network */
  KVMM_XML_NEEDS_POOL = 1 << 6,      /* the host has a storage pool */
  KVMM_XML_NEEDS_SPICE = 1 << 7,     /* the machine has a SPICE screen */
  KVMM_XML_NEEDS_NO_OTHER = 1 << 8,  /* the machine has none with the same word yet */
  KVMM_XML_NEEDS_VOLUME = 1 << 9,    /* a storage pool has a disk in it */
  KVMM_XML_NEEDS_VIRTIOFS = 1 << 10, /* the host's libvirt runs its program, in a session too */
} KvmmXmlNeeds;

typedef struct
{
  const char *word;
  const char *label; /* (nullable) to be translated; %NULL: the word itself */
  KvmmXmlNeeds needs;
} KvmmXmlNewWord;

typedef struct
{
  const char *path;
  const char *label; /* to be translated */
  KvmmXmlNewType type;
  gboolean is_optional;
  const char *caps; /* (nullable) the list of the domain capabilities: "bus" */
  const char *asks;
  const char *answer;
  const char *value; /* (nullable) what is suggested */
  KvmmXmlNewWord words[KVMM_XML_NEW_WORDS_MAX];
} KvmmXmlNewSpec;

typedef struct
{
  const char *name;      /* %NULL ends the table */
  const char *title;     /* (nullable) to be translated; %NULL: as its element is called */
  const char *icon_name; /* (nullable) the same */
  const char *note;      /* (nullable) to be translated */
  KvmmXmlNeeds needs;
  const char *xml; /* the element, without what is chosen */
  KvmmXmlNewSpec fields[KVMM_XML_NEW_FIELDS_MAX];
} KvmmXmlNewTable;

extern const KvmmXmlNewTable kvmm_xml_new_tables[];

/** kvmm_xml_new_table_find: Returns: (nullable) (transfer none) */
const KvmmXmlNewTable *kvmm_xml_new_table_find (const char *name);
/** kvmm_xml_new_table_dup_element: Returns: (transfer full): "interface" */
char *kvmm_xml_new_table_dup_element (const KvmmXmlNewTable *table);

G_END_DECLS

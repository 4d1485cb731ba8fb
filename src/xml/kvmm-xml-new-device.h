/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-edit.h"
#include "xml/kvmm-xml-machine-options.h"

G_BEGIN_DECLS

/* Devices that a machine does not have yet: which it can get, what is to be chosen of them, and
 * their elements. Any thread. The format is https://libvirt.org/formatdomain.html. */

typedef enum
{
  KVMM_XML_NEW_CHOICE, /* one of words */
  KVMM_XML_NEW_TEXT,
  KVMM_XML_NEW_FILE,   /* a path of the host */
  KVMM_XML_NEW_FOLDER, /* a path of the host */
  KVMM_XML_NEW_SIZE,   /* GiB, with a fraction */
  KVMM_XML_NEW_SWITCH, /* "yes", "no" */
} KvmmXmlNewType;

/* Fields that do not stand in the element, but decide what does. */
#define KVMM_XML_NEW_SOURCE ":source" /* "volume", "existing", "path" */
#define KVMM_XML_NEW_POOL ":pool"
#define KVMM_XML_NEW_VOLUME ":volume"
#define KVMM_XML_NEW_SIZE_GIB ":size"
#define KVMM_XML_NEW_FORMAT ":format"     /* of the new volume */
#define KVMM_XML_NEW_EXISTING ":existing" /* the path of a volume that is in a pool */
#define KVMM_XML_NEW_PATH ":path"         /* of an image or a block device */
#define KVMM_XML_NEW_USB_DEVICE ":usb-device"
#define KVMM_XML_NEW_PCI_DEVICE ":pci-device"
#define KVMM_XML_NEW_PATH_FORMAT ":detect" /* "auto", "qcow2", "raw" */

typedef struct
{
  const char *path;   /* as in kvmm_xml_edit_set(), or one of those above */
  const char *label;  /* translated */
  GPtrArray *words;   /* (nullable) (element-type utf8) raw; of a text, what it could be */
  GPtrArray *labels;  /* (nullable) (element-type utf8) of the words, as they are shown */
  char *value;        /* what is suggested; may be "" */
  const char *asks;   /* (nullable) it counts only while the field of this path … */
  const char *answer; /* … has this value */
  KvmmXmlNewType type;
} KvmmXmlNewField;

typedef struct
{
  const char *name;      /* "disk", "cdrom", "interface" … */
  const char *title;     /* translated */
  const char *icon_name; /* symbolic */
  const char *note;      /* (nullable) translated: what else comes with it */
  char *refusal;         /* (nullable) why this machine cannot get one */
  GPtrArray *fields;     /* (element-type KvmmXmlNewField) */
} KvmmXmlNewKind;
void kvmm_xml_new_kind_free (KvmmXmlNewKind *self);

/* What a host has for it. All of it is (unowned). */
typedef struct
{
  const KvmmXmlMachineOptions *options; /* (nullable) of machines like this one */
  GPtrArray *networks;                  /* (nullable) (element-type utf8) */
  GPtrArray *pools;                     /* (nullable) (element-type utf8) */
  GPtrArray *pool_labels;               /* (nullable) (element-type utf8) of the same */
  GPtrArray *devices;                   /* (nullable) (element-type KvmmXmlHostDevice) */
  gboolean lacks_vsock;                 /* its kernel has no device for it */
  gboolean is_session;                  /* without rights: no bridges */
  GPtrArray *volumes;                   /* (nullable) (element-type utf8) paths of disks in them */
  GPtrArray *volume_labels;             /* (nullable) (element-type utf8) of the same */
  GPtrArray *interfaces;                /* (nullable) (element-type KvmmXmlHostInterface) */
  guint64 libvirt_version;              /* 9000000 is 9.0.0; 0: not known */
} KvmmXmlNewHost;

/**
 * kvmm_xml_new_device_list_kinds:
 * @stored_xml: the machine's definition
 * @live_xml: (nullable): while it runs
 *
 * Returns: (transfer full) (element-type KvmmXmlNewKind): every kind, those that are refused too;
 *     %NULL with KVMM_XML_ERROR
 */
GPtrArray *kvmm_xml_new_device_list_kinds (const char *stored_xml,
                                           const char *live_xml,
                                           const KvmmXmlNewHost *host,
                                           GError **error);

/** kvmm_xml_new_field_counts: @values: (element-type utf8 utf8): by path. Returns: whether the
 * field is asked for while the others have these values */
gboolean kvmm_xml_new_field_counts (const KvmmXmlNewField *self, GHashTable *values);

/** kvmm_xml_new_device_is_hot: Returns: whether libvirt gives such a device to a machine that runs
 */
gboolean kvmm_xml_new_device_is_hot (const char *live_xml, const char *kind, GHashTable *values);

/**
 * kvmm_xml_new_device_build:
 * @live_xml: (nullable): while it runs
 * @values: (element-type utf8 utf8): by path; of a disk, "driver/@type" is its format
 *
 * Returns: (transfer full): the element; %NULL with KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE
 *     when the message names a field and what it takes
 */
char *kvmm_xml_new_device_build (const char *stored_xml,
                                 const char *live_xml,
                                 const char *kind,
                                 GHashTable *values,
                                 GError **error);

/** kvmm_xml_new_device_add: adds @xml, as built, to a definition, with what that asks of the rest
 * of it. Returns: %FALSE with KVMM_XML_ERROR */
gboolean kvmm_xml_new_device_add (KvmmXmlEdit *edit, const char *xml, GError **error);

G_END_DECLS

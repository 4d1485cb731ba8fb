/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A domain document that is edited in place: what is not named by an edit stays as it is, known to
 * this program or not. Any thread, one at a time. The format is
 * https://libvirt.org/formatdomain.html.
 *
 * A part is named by its kind and its number among those of its kind, in document order. Kinds are
 * "domain" (the machine itself) and the sections of the Hardware page ("domain/cpu",
 * "domain/memory", "domain/os", "domain/features", "domain/clock", "domain/lifecycle"), of which
 * there is one each, and the names of the elements below `<devices>`.
 *
 * A field is named by a path of element names below its part, like "driver/@cache" or
 * "target/size". One of several elements of one name is picked by an attribute,
 * "cputune/vcpupin[@vcpu='3']/@cpuset", or by its place from 1 on, "vlan/tag[2]/@id"; without that,
 * the first. Values are raw: what stands in the document, except that a size is in KiB and that an
 * element which is there or not is "yes" or %NULL. */

/* What may be written in a field. */
typedef enum
{
  KVMM_XML_TYPE_TEXT,     /* one line */
  KVMM_XML_TYPE_LINES,    /* several lines */
  KVMM_XML_TYPE_TOKEN,    /* one word without blanks; words are suggestions */
  KVMM_XML_TYPE_CHOICE,   /* one of words */
  KVMM_XML_TYPE_NUMBER,   /* minimum to maximum */
  KVMM_XML_TYPE_SIZE,     /* KiB, minimum to maximum */
  KVMM_XML_TYPE_YES_NO,   /* "yes", "no" */
  KVMM_XML_TYPE_ON_OFF,   /* "on", "off" */
  KVMM_XML_TYPE_PRESENCE, /* "yes": the element is there; "no" and %NULL take it away */
  KVMM_XML_TYPE_STATE,    /* the element's state attribute, "on" or "off" */
  KVMM_XML_TYPE_MAC,      /* of one card: no multicast */
  KVMM_XML_TYPE_PATH,     /* absolute, of the host */
  KVMM_XML_TYPE_CPUS,     /* "0-3,^2,8" */
  KVMM_XML_TYPE_UUID,
  KVMM_XML_TYPE_SECRET, /* as text; not shown */
  KVMM_XML_TYPE_FIXED,  /* cannot be written: libvirt's own, or made of several values */
} KvmmXmlType;

typedef struct
{
  char *path;               /* as in kvmm_xml_edit_set() */
  char *label;              /* translated */
  char *value;              /* (nullable) raw */
  const char *const *words; /* (nullable) %NULL-terminated */
  guint64 minimum;
  guint64 maximum;
  KvmmXmlType type;
} KvmmXmlEditField;

typedef struct _KvmmXmlEdit KvmmXmlEdit;

/**
 * kvmm_xml_edit_open:
 * @xml: a `<domain>` document
 *
 * Returns: (transfer full): the document, not changed yet, or %NULL with KVMM_XML_ERROR set
 */
KvmmXmlEdit *kvmm_xml_edit_open (const char *xml, GError **error);
KvmmXmlEdit *kvmm_xml_edit_copy (const KvmmXmlEdit *self);
void kvmm_xml_edit_free (KvmmXmlEdit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlEdit, kvmm_xml_edit_free)

/** kvmm_xml_edit_get_base: Returns: (transfer none): the text it was opened with */
const char *kvmm_xml_edit_get_base (KvmmXmlEdit *self);

/** kvmm_xml_edit_dup_xml: Returns: (transfer full): the document as it is now, with the layout it
 * had */
char *kvmm_xml_edit_dup_xml (KvmmXmlEdit *self);

/** kvmm_xml_edit_has_changes: whether it says something else than its base */
gboolean kvmm_xml_edit_has_changes (KvmmXmlEdit *self);

/** kvmm_xml_edit_get_n_changes: Returns: how many edits were made */
guint kvmm_xml_edit_get_n_changes (KvmmXmlEdit *self);

/**
 * kvmm_xml_edit_replay:
 * @xml: the document as somebody else left it meanwhile
 *
 * Makes the same edits there. What each of them found must be found there too.
 *
 * Returns: (transfer full): the document with both changes, its base being @xml; %NULL with
 *     KVMM_XML_ERROR_CONFLICT that names what both changed
 */
KvmmXmlEdit *kvmm_xml_edit_replay (KvmmXmlEdit *self, const char *xml, GError **error);

/**
 * kvmm_xml_edit_replace_all:
 * @xml: a `<domain>` document written by a person
 *
 * The name and the uuid must be those of the base.
 *
 * Returns: %FALSE with KVMM_XML_ERROR; then nothing was changed
 */
gboolean kvmm_xml_edit_replace_all (KvmmXmlEdit *self, const char *xml, GError **error);

/** kvmm_xml_domain_with_name_of: Returns: (transfer full): @xml with the name that @other has;
 * %NULL with KVMM_XML_ERROR when one of them cannot be read */
char *kvmm_xml_domain_with_name_of (const char *xml, const char *other, GError **error);

/**
 * kvmm_xml_edit_check:
 *
 * What no single field shows: memory, processors and topology that do not fit together, two disks
 * of one name, boot orders given twice or in both ways.
 *
 * Returns: %FALSE with KVMM_XML_ERROR_INVALID_VALUE that names the field and the cure
 */
gboolean kvmm_xml_edit_check (KvmmXmlEdit *self, GError **error);

/* ---- fields ---- */

/** kvmm_xml_edit_get: Returns: (transfer full) (nullable): the raw value, %NULL when it is not
 * there
 */
char *kvmm_xml_edit_get (KvmmXmlEdit *self, const char *kind, guint index, const char *path);

/**
 * kvmm_xml_edit_set:
 * @value: (nullable): %NULL takes it away, with the elements that are empty then
 *
 * Returns: %FALSE with KVMM_XML_ERROR_NO_SUCH_DEVICE, KVMM_XML_ERROR_NO_SUCH_FIELD or
 *     KVMM_XML_ERROR_INVALID_VALUE; then nothing was changed
 */
gboolean kvmm_xml_edit_set (KvmmXmlEdit *self,
                            const char *kind,
                            guint index,
                            const char *path,
                            const char *value,
                            GError **error);

/**
 * kvmm_xml_edit_list_fields:
 *
 * Every field that can be written, set or not, in the order in which it is shown.
 *
 * Returns: (transfer full) (element-type KvmmXmlEditField): empty when there is no such part
 */
GPtrArray *kvmm_xml_edit_list_fields (KvmmXmlEdit *self, const char *kind, guint index);
void kvmm_xml_edit_field_free (KvmmXmlEditField *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlEditField, kvmm_xml_edit_field_free)

/* ---- lists of values ---- */

/* Most entries of one list that are shown. */
#define KVMM_XML_EDIT_ENTRIES_MAX 256

/* Elements of one name that a part has several of, each with a value. */
typedef struct
{
  const char *title;     /* translated */
  const char *add_label; /* (nullable) translated: what to write for another one; %NULL: each has
                          * its field already */
  GPtrArray *fields;     /* (element-type KvmmXmlEditField): without a value it is not there */
  const void *spec;      /* private */
} KvmmXmlEditList;
void kvmm_xml_edit_list_free (KvmmXmlEditList *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlEditList, kvmm_xml_edit_list_free)

/** kvmm_xml_edit_list_lists: Returns: (transfer full) (element-type KvmmXmlEditList): of the part;
 * empty when it has none */
GPtrArray *kvmm_xml_edit_list_lists (KvmmXmlEdit *self, const char *kind, guint index);

/**
 * kvmm_xml_edit_list_new_field:
 * @key: what makes it this entry: the name of a CPU feature, the number of a VLAN
 * @value: (out) (transfer none): what people mostly want there
 *
 * Returns: (transfer full): a field for it, without a value; %NULL with
 * KVMM_XML_ERROR_INVALID_VALUE when there is such an entry or @key is none
 */
KvmmXmlEditField *kvmm_xml_edit_list_new_field (KvmmXmlEditList *self,
                                                const char *key,
                                                const char **value,
                                                GError **error);

/** kvmm_xml_edit_list_more_fields: @key: as in kvmm_xml_edit_list_new_field(). Returns: (transfer
 * full) (element-type KvmmXmlEditField): its further values, all without one; most have none */
GPtrArray *kvmm_xml_edit_list_more_fields (KvmmXmlEditList *self, const char *key);

/* ---- devices ---- */

/** kvmm_xml_edit_count: Returns: how many devices of this kind there are */
guint kvmm_xml_edit_count (KvmmXmlEdit *self, const char *kind);

/** kvmm_xml_edit_dup_device: Returns: (transfer full) (nullable): its element as text */
char *kvmm_xml_edit_dup_device (KvmmXmlEdit *self, const char *kind, guint index);

/**
 * kvmm_xml_edit_find:
 * @xml: a device's element, of this document or of the machine's live one
 * @kind: (out) (transfer none): valid as long as the document
 * @index: (out)
 *
 * By what makes it this device and no other: the name of a disk, the MAC address of a card …
 *
 * Returns: whether the document has it
 */
gboolean kvmm_xml_edit_find (KvmmXmlEdit *self, const char *xml, const char **kind, guint *index);

/**
 * kvmm_xml_edit_add_device:
 * @xml: one element
 * @index: (out) (optional): its number
 *
 * Returns: %FALSE with KVMM_XML_ERROR
 */
gboolean
kvmm_xml_edit_add_device (KvmmXmlEdit *self, const char *xml, guint *index, GError **error);

/** kvmm_xml_edit_replace_device: @xml: one element of the same name */
gboolean kvmm_xml_edit_replace_device (
    KvmmXmlEdit *self, const char *kind, guint index, const char *xml, GError **error);

gboolean
kvmm_xml_edit_remove_device (KvmmXmlEdit *self, const char *kind, guint index, GError **error);

/** kvmm_xml_edit_drop_address: takes away where the device sits, for libvirt to find a new place:
 * after its bus was changed. Returns: %FALSE with KVMM_XML_ERROR */
gboolean
kvmm_xml_edit_drop_address (KvmmXmlEdit *self, const char *kind, guint index, GError **error);

/* ---- boot order ---- */

typedef struct
{
  const char *kind; /* "disk", "interface", "hostdev", "redirdev" */
  guint index;
} KvmmXmlBootItem;

/* A device that a machine can boot from. */
typedef struct
{
  KvmmXmlBootItem item;
  char *title;     /* "CD drive sda" (translated, sanitised) */
  char *summary;   /* one line (sanitised); may be empty */
  char *icon_name; /* symbolic */
  guint64 place;   /* among those that boot, from 1 on; 0: it does not boot */
  guint number;    /* in the document */
  gboolean boots;
} KvmmXmlBootDevice;
void kvmm_xml_boot_device_free (KvmmXmlBootDevice *self);

/* Most devices listed. */
#define KVMM_XML_BOOT_DEVICES_MAX 256

/**
 * kvmm_xml_edit_list_boot_devices:
 *
 * Disks, network cards, host devices and redirected ones: first those that the machine boots from,
 * in that order, whether the devices say so or `<os>`; then the others.
 *
 * Returns: (transfer full) (element-type KvmmXmlBootDevice)
 */
GPtrArray *kvmm_xml_edit_list_boot_devices (KvmmXmlEdit *self);

/**
 * kvmm_xml_edit_set_boot_order:
 *
 * Gives the devices the places 1 to @n_items; no other device boots. What `<os>` says about boot
 * devices goes, since libvirt takes only one of the two.
 */
gboolean kvmm_xml_edit_set_boot_order (KvmmXmlEdit *self,
                                       const KvmmXmlBootItem *items,
                                       guint n_items,
                                       GError **error);

G_END_DECLS

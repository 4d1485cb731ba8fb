/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-ovf-private.h"

/* The hardware of an appliance: a list of items that point at each other. */

/* CIM_ResourceAllocationSettingData.ResourceType */
enum
{
  TYPE_OTHER = 1,
  TYPE_PROCESSOR = 3,
  TYPE_MEMORY = 4,
  TYPE_IDE = 5,
  TYPE_SCSI = 6,
  TYPE_CARD = 10,
  TYPE_FLOPPY = 14,
  TYPE_CD = 15,
  TYPE_DVD = 16,
  TYPE_DISK = 17,
  TYPE_STORAGE = 20,
  TYPE_SERIAL = 21,
  TYPE_PARALLEL = 22,
  TYPE_SOUND = 35,
};

typedef struct
{
  const xmlNode *node;
  guint type;
  guint place;   /* among the items */
  char *id;      /* (owned) (nullable) */
  char *parent;  /* (owned) (nullable) */
  char *subtype; /* (owned) "" when it is not told */
  guint64 address;
  guint64 address_on_parent;
} Item;

static void
free_item (gpointer data)
{
  Item *item = data;

  g_free (item->id);
  g_free (item->parent);
  g_free (item->subtype);
  g_free (item);
}

guint64
kvmm_xml_ovf_parse_units (const char *text)
{
  static const struct
  {
    const char *word;
    guint64 bytes;
  } words[] = {
    { "byte", 1 },     { "bytes", 1 },     { "kilobytes", 1 << 10 },
    { "kb", 1 << 10 }, { "kib", 1 << 10 }, { "megabytes", 1 << 20 },
    { "mb", 1 << 20 }, { "mib", 1 << 20 }, { "gigabytes", 1 << 30 },
    { "gb", 1 << 30 }, { "gib", 1 << 30 }, { "terabytes", G_GINT64_CONSTANT (1) << 40 },
  };
  g_auto (GStrv) factors = g_strsplit (text != NULL ? text : "", "*", 8);
  guint64 bytes = 0;

  if (factors[0] == NULL)
    return 0;
  g_strstrip (factors[0]);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_ascii_strcasecmp (factors[0], words[i].word) == 0)
      bytes = words[i].bytes;
  for (char **factor = factors + 1; *factor != NULL; factor++)
    {
      g_auto (GStrv) power = g_strsplit (g_strstrip (*factor), "^", 3);
      guint64 base = 0;
      guint64 exponent = 1;

      if (power[0] == NULL || g_strv_length (power) > 2 ||
          !g_ascii_string_to_unsigned (g_strstrip (power[0]), 10, 1, G_MAXUINT32, &base, NULL) ||
          (power[1] != NULL &&
           !g_ascii_string_to_unsigned (g_strstrip (power[1]), 10, 0, 64, &exponent, NULL)))
        return 0;
      for (; exponent > 0; exponent--)
        if (!g_uint64_checked_mul (&bytes, bytes, base))
          return 0;
    }
  return bytes;
}

static gboolean
read_uint (const xmlNode *node, const char *name, guint64 *number)
{
  g_autofree char *text = kvmm_xml_ovf_dup_child (node, name);

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, number, NULL);
}

static Item *
read_item (const xmlNode *node, guint place)
{
  Item *item = g_new0 (Item, 1);
  guint64 type = 0;

  read_uint (node, "ResourceType", &type);
  read_uint (node, "Address", &item->address);
  if (!read_uint (node, "AddressOnParent", &item->address_on_parent))
    item->address_on_parent = G_MAXUINT64;
  item->node = node;
  item->type = (guint) MIN (type, G_MAXUINT);
  item->place = place;
  /* Spelled in both ways. */
  item->id = kvmm_xml_ovf_dup_child (node, "InstanceID");
  if (item->id == NULL)
    item->id = kvmm_xml_ovf_dup_child (node, "InstanceId");
  item->parent = kvmm_xml_ovf_dup_child (node, "Parent");
  item->subtype = kvmm_xml_ovf_dup_child (node, "ResourceSubType");
  if (item->subtype == NULL)
    item->subtype = g_strdup ("");
  return item;
}

/* The items of the machine as it is by default: others are bounds, or another configuration's. */
static GPtrArray *
list_items (const xmlNode *hardware, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (free_item);

  for (const xmlNode *node = hardware->children; node != NULL; node = node->next)
    {
      const char *configuration = kvmm_xml_ovf_attribute (node, "configuration");
      const char *bound = kvmm_xml_ovf_attribute (node, "bound");

      if ((!kvmm_xml_ovf_is (node, "Item") && !kvmm_xml_ovf_is (node, "StorageItem") &&
           !kvmm_xml_ovf_is (node, "EthernetPortItem")) ||
          (configuration != NULL && *configuration != '\0') || (bound != NULL && *bound != '\0'))
        continue;
      if (items->len == KVMM_XML_OVF_ITEMS_MAX)
        {
          g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                       _ ("The appliance has more than %d pieces of hardware"),
                       KVMM_XML_OVF_ITEMS_MAX);
          return NULL;
        }
      g_ptr_array_add (items, read_item (node, items->len));
    }
  return g_steal_pointer (&items);
}

static const Item *
find_item (GPtrArray *items, const char *id)
{
  for (guint i = 0; id != NULL && i < items->len; i++)
    if (g_strcmp0 (((const Item *) items->pdata[i])->id, id) == 0)
      return items->pdata[i];
  return NULL;
}

/* ---- processors and memory ---- */

static gboolean
read_processors (KvmmXmlOvf *self, const Item *item, GError **error)
{
  guint64 number = 0;

  if (!read_uint (item->node, "VirtualQuantity", &number) || number == 0 ||
      number > KVMM_XML_OVF_VCPUS_MAX)
    {
      g_autofree char *text = kvmm_xml_ovf_dup_child (item->node, "VirtualQuantity");

      return kvmm_xml_ovf_fail (error,
                                _ ("The appliance asks for “%s” processors; a machine has between "
                                   "1 and 1024"),
                                text);
    }
  self->vcpus = (guint) MIN (self->vcpus + number, KVMM_XML_OVF_VCPUS_MAX);
  return TRUE;
}

static gboolean
read_memory (KvmmXmlOvf *self, const Item *item, GError **error)
{
  g_autofree char *quantity = kvmm_xml_ovf_dup_child (item->node, "VirtualQuantity");
  g_autofree char *units = kvmm_xml_ovf_dup_child (item->node, "AllocationUnits");
  /* Who names none means what one counts memory in. */
  guint64 factor = units != NULL ? kvmm_xml_ovf_parse_units (units) : 1 << 20;
  guint64 bytes = 0;
  g_autofree char *shown =
      g_strdup_printf ("%s %s", quantity != NULL ? quantity : "", units != NULL ? units : "");

  if (!read_uint (item->node, "VirtualQuantity", &bytes) || factor == 0 ||
      !g_uint64_checked_mul (&bytes, bytes, factor) ||
      !g_uint64_checked_add (&bytes, bytes, self->memory_kib * 1024) || bytes < 1024 ||
      bytes / 1024 > KVMM_XML_OVF_MEMORY_MAX_KIB)
    return kvmm_xml_ovf_fail (
        error, _ ("The appliance asks for “%s” of memory; a machine has at most 64 TiB"), shown);
  self->memory_kib = bytes / 1024;
  return TRUE;
}

/* ---- disks ---- */

static const xmlNode *
find_child_by (const xmlNode *section,
               const char *element,
               const char *attribute,
               const char *value)
{
  for (const xmlNode *node = section != NULL ? section->children : NULL; node != NULL;
       node = node->next)
    if (kvmm_xml_ovf_is (node, element) &&
        g_strcmp0 (kvmm_xml_ovf_attribute (node, attribute), value) == 0)
      return node;
  return NULL;
}

/* Each disk is one file beside the descriptor, whatever else a reference could be. */
static gboolean
read_file (KvmmXmlOvfDisk *disk, const xmlNode *file, GError **error)
{
  const char *href = kvmm_xml_ovf_attribute (file, "href");
  const char *compression = kvmm_xml_ovf_attribute (file, "compression");
  g_autofree char *name = href != NULL ? g_uri_unescape_string (href, NULL) : NULL;

  if (name == NULL || *name == '\0' || strlen (name) > KVMM_XML_OVF_FILE_NAME_MAX ||
      !g_utf8_validate (name, -1, NULL) || strchr (name, '/') != NULL ||
      strchr (name, '\\') != NULL || *name == '.')
    return kvmm_xml_ovf_fail (error,
                              _ ("A disk of the appliance is to be in “%s”, which is no file "
                                 "beside its description; put it there and name it so in the .ovf"),
                              href);
  if (compression != NULL && *compression != '\0' &&
      g_ascii_strcasecmp (compression, "identity") != 0)
    return kvmm_xml_ovf_fail (error,
                              _ ("“%s” is compressed. Unpack the appliance and this file, take "
                                 "“ovf:compression” out of the .ovf, and open that."),
                              name);
  if (kvmm_xml_ovf_attribute (file, "chunkSize") != NULL)
    return kvmm_xml_ovf_fail (error,
                              _ ("“%s” is cut into pieces. Unpack the appliance, join them with "
                                 "“cat”, take “ovf:chunkSize” out of the .ovf, and open that."),
                              name);
  disk->file = g_steal_pointer (&name);
  return TRUE;
}

static gboolean
read_capacity (KvmmXmlOvfDisk *disk, const xmlNode *node, const char *id, GError **error)
{
  const char *text = kvmm_xml_ovf_attribute (node, "capacity");
  const char *units = kvmm_xml_ovf_attribute (node, "capacityAllocationUnits");
  guint64 factor = units != NULL ? kvmm_xml_ovf_parse_units (units) : 1;
  guint64 bytes = 0;

  /* The image knows better. */
  if (disk->file != NULL && (text == NULL || *text == '$'))
    return TRUE;
  if (text == NULL || factor == 0 ||
      !g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT64, &bytes, NULL) ||
      !g_uint64_checked_mul (&bytes, bytes, factor) || bytes > KVMM_XML_OVF_DISK_MAX_BYTES)
    return kvmm_xml_ovf_fail (
        error, _ ("The size of the disk “%s” cannot be read, or is more than 1 PiB"), id);
  disk->capacity_bytes = bytes;
  return TRUE;
}

static gboolean
read_disk_node (KvmmXmlOvfDisk *disk,
                const xmlNode *references,
                const xmlNode *node,
                GError **error)
{
  const char *id = kvmm_xml_ovf_attribute (node, "diskId");
  const char *file_id = kvmm_xml_ovf_attribute (node, "fileRef");
  const xmlNode *file;

  if (kvmm_xml_ovf_attribute (node, "parentRef") != NULL)
    return kvmm_xml_ovf_fail (
        error,
        _ ("The disk “%s” is only what differs from another one; export the appliance whole"), id);
  if (file_id != NULL && *file_id != '\0')
    {
      file = find_child_by (references, "File", "id", file_id);
      if (file == NULL)
        return kvmm_xml_ovf_fail (
            error, _ ("The appliance names no file for “%s”; it is damaged: load it anew"),
            file_id);
      if (!read_file (disk, file, error))
        return FALSE;
    }
  disk->format = g_strdup (kvmm_xml_ovf_attribute (node, "format"));
  return read_capacity (disk, node, id, error);
}

/* "ovf:/disk/ID" and "ovf:/file/ID", with and without what stands in front; some tools write the
 * file's id alone. */
static gboolean
read_source (KvmmXmlOvfDisk *disk, const xmlNode *envelope, const Item *item, GError **error)
{
  const xmlNode *references = kvmm_xml_ovf_find (envelope, "References");
  const xmlNode *section = kvmm_xml_ovf_find (envelope, "DiskSection");
  g_autofree char *resource = kvmm_xml_ovf_dup_child (item->node, "HostResource");
  const char *id = resource != NULL ? strstr (resource, "disk/") : NULL;
  const xmlNode *node = NULL;

  if (resource == NULL)
    return kvmm_xml_ovf_fail (error, _ ("The appliance does not say what is on its disk “%s”"),
                              item->id);
  if (id != NULL)
    node = find_child_by (section, "Disk", "diskId", id + strlen ("disk/"));
  if (node == NULL)
    node = find_child_by (section, "Disk", "fileRef", resource);
  if (node != NULL)
    return read_disk_node (disk, references, node, error);
  id = strstr (resource, "file/");
  node = id != NULL ? find_child_by (references, "File", "id", id + strlen ("file/")) : NULL;
  if (node == NULL)
    return kvmm_xml_ovf_fail (
        error, _ ("The appliance has no disk for “%s”; it is damaged: load it anew"), resource);
  return read_file (disk, node, error);
}

/* What the system on the disk has drivers for: what it had. */
static void
choose_bus (KvmmXmlOvfDisk *disk, const Item *controller)
{
  static const struct
  {
    const char *subtype;
    const char *model;
  } models[] = {
    { "lsilogic", "lsilogic" },      { "lsilogicsas", "lsisas1068" },
    { "virtualscsi", "vmpvscsi" },   { "virtio-scsi", "virtio-scsi" },
    { "virtioscsi", "virtio-scsi" },
  };

  disk->bus = "sata";
  if (controller == NULL)
    return;
  if (g_ascii_strncasecmp (controller->subtype, "virtio", 6) == 0)
    disk->bus = "virtio";
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (g_ascii_strcasecmp (controller->subtype, models[i].subtype) == 0)
      {
        disk->bus = "scsi";
        disk->controller = models[i].model;
      }
}

static gboolean
read_disk (
    KvmmXmlOvf *self, const xmlNode *envelope, GPtrArray *items, const Item *item, GError **error)
{
  KvmmXmlOvfDisk *disk = g_new0 (KvmmXmlOvfDisk, 1);

  g_ptr_array_add (self->disks, disk);
  if (self->disks->len > KVMM_XML_OVF_DISKS_MAX)
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                   _ ("The appliance has more than %d disks"), KVMM_XML_OVF_DISKS_MAX);
      return FALSE;
    }
  choose_bus (disk, find_item (items, item->parent));
  return read_source (disk, envelope, item, error);
}

/* Kinds of controllers in the order of the document, then controllers, then places on them. */
typedef struct
{
  const Item *item;
  guint kind;
  guint64 address;
  guint controller;
} Place;

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const Place *one = a;
  const Place *other = b;

#define COMPARE(x, y)                                                                              \
  if ((x) != (y))                                                                                  \
  return (x) < (y) ? -1 : 1
  COMPARE (one->kind, other->kind);
  COMPARE (one->address, other->address);
  COMPARE (one->controller, other->controller);
  COMPARE (one->item->address_on_parent, other->item->address_on_parent);
  COMPARE (one->item->place, other->item->place);
#undef COMPARE
  return 0;
}

static GArray *
sort_disks (GPtrArray *items)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (Place));

  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = items->pdata[i];
      const Item *controller = item->type == TYPE_DISK ? find_item (items, item->parent) : NULL;
      Place place = { .item = item, .kind = G_MAXUINT };

      if (item->type != TYPE_DISK)
        continue;
      for (guint j = 0; controller != NULL && j < items->len && place.kind == G_MAXUINT; j++)
        if (((const Item *) items->pdata[j])->type == controller->type)
          place.kind = j;
      if (controller != NULL)
        {
          place.address = controller->address;
          place.controller = controller->place;
        }
      g_array_append_val (places, place);
    }
  g_array_sort (places, compare_places);
  return places;
}

/* ---- cards, and what is left out ---- */

static gboolean
read_card (KvmmXmlOvf *self, const Item *item, GError **error)
{
  static const struct
  {
    const char *subtype;
    const char *model;
  } models[] = {
    { "e1000e", "e1000e" }, { "vmxnet3", "vmxnet3" },   { "pcnet32", "pcnet" },
    { "virtio", "virtio" }, { "virtio-net", "virtio" },
  };
  KvmmXmlOvfCard *card;

  if (self->cards->len == KVMM_XML_OVF_CARDS_MAX)
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                   _ ("The appliance has more than %d network cards"), KVMM_XML_OVF_CARDS_MAX);
      return FALSE;
    }
  card = g_new0 (KvmmXmlOvfCard, 1);
  card->network = kvmm_xml_ovf_dup_words (item->node, "Connection");
  /* Every system of the last twenty years knows it. */
  card->model = "e1000";
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (g_ascii_strcasecmp (item->subtype, models[i].subtype) == 0)
      card->model = models[i].model;
  g_ptr_array_add (self->cards, card);
  return TRUE;
}

static void
note_left_out (KvmmXmlOvf *self, const Item *item)
{
  switch (item->type)
    {
    case TYPE_FLOPPY:
      kvmm_xml_ovf_left_out (self, _ ("a floppy drive"));
      break;
    case TYPE_CD:
    case TYPE_DVD:
      kvmm_xml_ovf_left_out (self, _ ("a CD/DVD drive"));
      break;
    case TYPE_SOUND:
      kvmm_xml_ovf_left_out (self, _ ("a sound card"));
      break;
    case TYPE_SERIAL:
    case TYPE_PARALLEL:
      kvmm_xml_ovf_left_out (self, _ ("serial and parallel ports"));
      break;
    case TYPE_OTHER:
      if (strstr (item->subtype, "tpm") != NULL)
        kvmm_xml_ovf_left_out (self, _ ("what its TPM held"));
      break;
    default:
      break;
    }
}

gboolean
kvmm_xml_ovf_read_hardware (KvmmXmlOvf *self,
                            const xmlNode *envelope,
                            const xmlNode *hardware,
                            GError **error)
{
  const xmlNode *references = kvmm_xml_ovf_find (envelope, "References");
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (GArray) disks = NULL;
  gboolean is_good = TRUE;
  guint n_files = 0;

  for (const xmlNode *node = references != NULL ? references->children : NULL; node != NULL;
       node = node->next)
    n_files += kvmm_xml_ovf_is (node, "File") ? 1 : 0;
  if (n_files > KVMM_XML_OVF_FILES_MAX)
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                   _ ("The appliance has more than %d files"), KVMM_XML_OVF_FILES_MAX);
      return FALSE;
    }
  items = list_items (hardware, error);
  if (items == NULL)
    return FALSE;
  for (guint i = 0; is_good && i < items->len; i++)
    {
      const Item *item = items->pdata[i];

      if (item->type == TYPE_PROCESSOR)
        is_good = read_processors (self, item, error);
      else if (item->type == TYPE_MEMORY)
        is_good = read_memory (self, item, error);
      else if (item->type == TYPE_CARD)
        is_good = read_card (self, item, error);
      else
        note_left_out (self, item);
    }
  disks = sort_disks (items);
  for (guint i = 0; is_good && i < disks->len; i++)
    is_good = read_disk (self, envelope, items, g_array_index (disks, Place, i).item, error);
  return is_good;
}

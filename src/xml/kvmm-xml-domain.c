/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-domain.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-document.h"

#define KIB G_GUINT64_CONSTANT (1024)
#define LIBOSINFO_NAMESPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"

/* Most virtual processors believed; libvirt stores them in 16 bits. */
#define VCPUS_MAX 65535

static char *
dup_clean_text (const xmlNode *node)
{
  g_autofree char *text = kvmm_xml_node_dup_text (node);

  return text != NULL ? kvmm_guest_text_sanitise (text, -1) : NULL;
}

static char *
dup_clean_attribute (const xmlNode *node, const char *name)
{
  const char *value = kvmm_xml_node_attribute (node, name);

  return value != NULL ? kvmm_guest_text_sanitise (value, -1) : NULL;
}

static void
read_vcpus (KvmmXmlDomainFacts *facts, const xmlNode *node)
{
  g_autofree char *text = kvmm_xml_node_dup_text (node);
  guint64 max;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, VCPUS_MAX, &max, NULL))
    return;
  facts->max_vcpus = (guint) max;
  facts->vcpus = (guint) MIN (kvmm_xml_node_attribute_uint (node, "current", max), max);
}

static gboolean
is_libosinfo (const xmlNode *node, const char *name)
{
  return node->ns != NULL && strcmp ((const char *) node->name, name) == 0 &&
         g_strcmp0 ((const char *) node->ns->href, LIBOSINFO_NAMESPACE) == 0;
}

static gboolean
is_ours (const xmlNode *node, const char *name)
{
  return node->ns != NULL && strcmp ((const char *) node->name, name) == 0 &&
         g_strcmp0 ((const char *) node->ns->href, KVMM_XML_METADATA_URI) == 0;
}

/* Paths are compared with the machine's own, and never shown. */
static void
read_wait (KvmmXmlDomainFacts *facts, const xmlNode *waiting)
{
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func (g_free);

  if (!is_ours (waiting, "waiting") || facts->wait != KVMM_XML_WAIT_NONE)
    return;
  facts->wait = kvmm_xml_node_attribute_is (waiting, "for", "installation")
                    ? KVMM_XML_WAIT_INSTALLATION
                    : KVMM_XML_WAIT_START;
  for (const xmlNode *node = kvmm_xml_node_child (waiting, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      char *path = is_ours (node, "made") ? kvmm_xml_node_dup_text (node) : NULL;

      if (path != NULL && made->len < KVMM_XML_MADE_MAX)
        g_ptr_array_add (made, path);
      else
        g_free (path);
    }
  if (made->len == 0)
    return;
  g_ptr_array_add (made, NULL);
  facts->made = (char **) g_ptr_array_steal (made, NULL);
}

static void
read_ours (KvmmXmlDomainFacts *facts, const xmlNode *machine)
{
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (g_free);

  for (const xmlNode *node = kvmm_xml_node_child (machine, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      char *tag = is_ours (node, "tag") ? dup_clean_text (node) : NULL;

      if (tag != NULL && tags->len < KVMM_XML_TAGS_MAX)
        g_ptr_array_add (tags, tag);
      else
        g_free (tag);
      facts->is_template |= is_ours (node, "template");
      read_wait (facts, node);
    }
  if (tags->len == 0 || facts->tags != NULL)
    return;
  g_ptr_array_add (tags, NULL);
  facts->tags = (char **) g_ptr_array_steal (tags, NULL);
}

static void
read_metadata (KvmmXmlDomainFacts *facts, const xmlNode *metadata)
{
  for (xmlNode *node = kvmm_xml_node_child (metadata, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      if (is_ours (node, "machine"))
        read_ours (facts, node);
      if (!is_libosinfo (node, "libosinfo"))
        continue;
      for (xmlNode *os = kvmm_xml_node_child (node, NULL); os != NULL;
           os = kvmm_xml_node_next (os, NULL))
        if (facts->os_info_id == NULL && is_libosinfo (os, "os"))
          facts->os_info_id = dup_clean_attribute (os, "id");
    }
}

static void
read_channel (KvmmXmlDomainFacts *facts, const xmlNode *channel)
{
  const xmlNode *target = kvmm_xml_node_child (channel, "target");
  const char *name = kvmm_xml_node_attribute (target, "name");
  const char *text = kvmm_xml_node_attribute (target, "state");
  KvmmChannelState state = KVMM_CHANNEL_UNKNOWN;

  if (name == NULL || !kvmm_xml_node_attribute_is (target, "type", "virtio"))
    return;
  if (g_strcmp0 (text, "connected") == 0)
    state = KVMM_CHANNEL_CONNECTED;
  else if (g_strcmp0 (text, "disconnected") == 0)
    state = KVMM_CHANNEL_DISCONNECTED;

  if (strcmp (name, KVMM_AGENT_CHANNEL_NAME) == 0)
    facts->agent_channel = state;
  else if (strcmp (name, KVMM_QGA_CHANNEL_NAME) == 0)
    facts->qga_channel = state;
}

/* libvirt shows the first serial port a second time, as a console. */
static void
read_console (KvmmXmlDomainFacts *facts, const xmlNode *console)
{
  const char *type = kvmm_xml_node_attribute (kvmm_xml_node_child (console, "target"), "type");

  if (facts->n_serials == 0 || (type != NULL && strcmp (type, "serial") != 0))
    facts->n_serials++;
}

static void
read_devices (KvmmXmlDomainFacts *facts, const xmlNode *devices)
{
  for (xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      if (kvmm_xml_node_is (node, "disk"))
        {
          const char *device = kvmm_xml_node_attribute (node, "device");

          if (g_strcmp0 (device, "cdrom") != 0 && g_strcmp0 (device, "floppy") != 0)
            facts->n_disks++;
        }
      else if (kvmm_xml_node_is (node, "interface"))
        facts->n_interfaces++;
      else if (kvmm_xml_node_is (node, "graphics"))
        facts->n_graphics++;
      else if (kvmm_xml_node_is (node, "serial"))
        facts->n_serials++;
      else if (kvmm_xml_node_is (node, "console"))
        read_console (facts, node);
      else if (kvmm_xml_node_is (node, "channel"))
        read_channel (facts, node);
      else if (kvmm_xml_node_is (node, "controller") &&
               kvmm_xml_node_attribute_is (node, "type", "virtio-serial"))
        facts->has_virtio_serial = TRUE;
    }
}

KvmmXmlDomainFacts *
kvmm_xml_domain_facts_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return NULL;

  const xmlNode *root = xmlDocGetRootElement (document);
  const xmlNode *memory = kvmm_xml_node_child (root, "memory");
  const xmlNode *current_memory = kvmm_xml_node_child (root, "currentMemory");
  const xmlNode *os_type = kvmm_xml_node_child (kvmm_xml_node_child (root, "os"), "type");
  g_autoptr (KvmmXmlDomainFacts) facts = g_new0 (KvmmXmlDomainFacts, 1);

  facts->virt_type = dup_clean_attribute (root, "type");
  if (facts->virt_type == NULL)
    facts->virt_type = g_strdup ("");
  facts->title = dup_clean_text (kvmm_xml_node_child (root, "title"));
  facts->description = dup_clean_text (kvmm_xml_node_child (root, "description"));
  facts->machine = dup_clean_attribute (os_type, "machine");
  facts->arch = dup_clean_attribute (os_type, "arch");
  facts->memory_kib = kvmm_xml_node_bytes (memory, KIB) / KIB;
  facts->current_memory_kib =
      current_memory != NULL ? kvmm_xml_node_bytes (current_memory, KIB) / KIB : facts->memory_kib;
  read_vcpus (facts, kvmm_xml_node_child (root, "vcpu"));
  read_metadata (facts, kvmm_xml_node_child (root, "metadata"));
  read_devices (facts, kvmm_xml_node_child (root, "devices"));
  return g_steal_pointer (&facts);
}

gboolean
kvmm_xml_domain_read_names (const char *xml, char **name, char **uuid, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);

  if (document == NULL)
    return FALSE;
  *name = kvmm_xml_node_dup_text (kvmm_xml_node_child (xmlDocGetRootElement (document), "name"));
  *uuid = kvmm_xml_node_dup_text (kvmm_xml_node_child (xmlDocGetRootElement (document), "uuid"));
  return TRUE;
}

static gboolean
check_tag (const char *tag, GError **error)
{
  g_autofree char *clean = kvmm_guest_text_sanitise (tag, -1);

  if (strlen (tag) <= KVMM_XML_TAG_LENGTH_MAX && strcmp (clean, tag) == 0)
    return TRUE;
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
               _ ("The tag “%s” is longer than %d bytes or has characters that cannot be shown"),
               clean, KVMM_XML_TAG_LENGTH_MAX);
  return FALSE;
}

/* @kept: (out): without the empty ones and those that stand there twice */
static gboolean
choose_tags (const char *const *tags, GPtrArray *kept, GError **error)
{
  for (guint i = 0; tags != NULL && tags[i] != NULL; i++)
    {
      if (*tags[i] == '\0' || g_ptr_array_find_with_equal_func (kept, tags[i], g_str_equal, NULL))
        continue;
      if (!check_tag (tags[i], error))
        return FALSE;
      g_ptr_array_add (kept, (gpointer) tags[i]);
    }
  if (kept->len <= KVMM_XML_TAGS_MAX)
    return TRUE;
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
               _ ("A machine has at most %d tags"), KVMM_XML_TAGS_MAX);
  return FALSE;
}

KvmmXmlWords
kvmm_xml_words_of (const KvmmXmlDomainFacts *facts)
{
  const KvmmXmlWords words = { (const char *const *) facts->tags, facts->is_template, facts->wait,
                               (const char *const *) facts->made };

  return words;
}

static void
add_wait (xmlNode *root, const KvmmXmlWords *words)
{
  xmlNode *waiting;

  if (words->wait == KVMM_XML_WAIT_NONE)
    return;
  waiting = xmlNewChild (root, NULL, BAD_CAST "waiting", NULL);
  if (words->wait == KVMM_XML_WAIT_INSTALLATION)
    xmlSetProp (waiting, BAD_CAST "for", BAD_CAST "installation");
  for (guint i = 0; words->made != NULL && words->made[i] != NULL && i < KVMM_XML_MADE_MAX; i++)
    if (kvmm_xml_text_is_writable (words->made[i]))
      xmlNewTextChild (waiting, NULL, BAD_CAST "made", BAD_CAST words->made[i]);
}

char *
kvmm_xml_metadata_build (const KvmmXmlWords *words, GError **error)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  g_autoptr (xmlDoc) document = NULL;
  xmlNode *root;

  if (!choose_tags (words->tags, kept, error) ||
      (kept->len == 0 && !words->is_template && words->wait == KVMM_XML_WAIT_NONE))
    return NULL;
  document = xmlNewDoc (BAD_CAST "1.0");
  root = xmlNewDocNode (document, NULL, BAD_CAST "machine", NULL);
  xmlDocSetRootElement (document, root);
  if (words->is_template)
    xmlNewChild (root, NULL, BAD_CAST "template", NULL);
  add_wait (root, words);
  for (guint i = 0; i < kept->len; i++)
    xmlNewTextChild (root, NULL, BAD_CAST "tag", kept->pdata[i]);
  return kvmm_xml_node_serialise (root);
}

void
kvmm_xml_domain_facts_free (KvmmXmlDomainFacts *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_free (self->description);
  g_free (self->virt_type);
  g_free (self->machine);
  g_free (self->arch);
  g_free (self->os_info_id);
  g_strfreev (self->tags);
  g_strfreev (self->made);
  g_free (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-identity.h"

#include <string.h>

#include "xml/kvmm-xml-fields.h"

#define IDENTITY_PATHS_MAX 8

/* Paths whose values are enough; a kind that is not here has none, and its devices are counted. */
static const struct
{
  const char *kind;
  const char *paths[IDENTITY_PATHS_MAX];
} identities[] = {
  { "disk", { "target/@dev" } },
  { "interface", { "mac/@address" } },
  { "controller", { "@type", "@index" } },
  { "filesystem", { "target/@dir" } },
  { "channel", { "target/@type", "target/@name", "target/@port", "target/@address" } },
  { "serial", { "target/@port" } },
  { "parallel", { "target/@port" } },
  { "console", { "target/@type", "target/@port" } },
  { "graphics", { "@type" } },
  { "input", { "@type", "@bus" } },
  { "audio", { "@id" } },
  { "shmem", { "@name" } },
  { "memory", { "@model", "target/size", "target/node" } },
  { "hostdev",
    { "@mode", "@type", "source/address", "source/vendor/@id", "source/product/@id",
      "source/adapter/@name", "source/@name" } },
  { "lease", { "key" } },
};

char *
kvmm_xml_identity_of (const xmlNode *device)
{
  g_autoptr (GString) text = g_string_new ((const char *) device->name);

  for (guint i = 0; i < G_N_ELEMENTS (identities); i++)
    if (kvmm_xml_node_is (device, identities[i].kind))
      for (guint j = 0; j < IDENTITY_PATHS_MAX && identities[i].paths[j] != NULL; j++)
        {
          const char *path = identities[i].paths[j];
          g_autofree char *value = kvmm_xml_field_dup (
              (xmlNode *) device, path,
              g_str_has_suffix (path, "/address") ? KVMM_XML_VALUE_ADDRESS : KVMM_XML_VALUE_TEXT);

          if (value != NULL)
            g_string_append_printf (text, " %s", value);
        }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* @counts: (element-type utf8 guint): how many of each there were */
static char *
number (GHashTable *counts, const xmlNode *device)
{
  char *identity = kvmm_xml_identity_of (device);
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, identity)) + 1;
  char *numbered = count > 1 ? g_strdup_printf ("%s #%u", identity, count) : g_strdup (identity);

  g_hash_table_insert (counts, identity, GUINT_TO_POINTER (count));
  return numbered;
}

GHashTable *
kvmm_xml_identity_list (const xmlNode *domain)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTable *list = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const xmlNode *devices = kvmm_xml_node_child (domain, "devices");

  for (xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    g_hash_table_insert (list, number (counts, node), node);
  return list;
}

char *
kvmm_xml_identity_find (const xmlNode *device)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (xmlNode *node = kvmm_xml_node_child (device->parent, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      g_autofree char *identity = number (counts, node);

      if (node == device)
        return g_steal_pointer (&identity);
    }
  return kvmm_xml_identity_of (device);
}

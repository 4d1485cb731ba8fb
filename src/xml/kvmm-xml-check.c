/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"
#include "xml/kvmm-xml-identity.h"

/* What libvirt would refuse with a message that says less, or what it would take and nobody meant.
 */

static gboolean refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE, message);
  return FALSE;
}

/* 0 when it is not there or no number. */
static guint64
get_number (KvmmXmlEdit *self, const char *part, const char *path)
{
  g_autofree char *text = kvmm_xml_edit_get (self, part, 0, path);
  guint64 number;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &number, NULL))
    return 0;
  return number;
}

static gboolean
check_memory (KvmmXmlEdit *self, GError **error)
{
  guint64 memory = get_number (self, "domain/memory", "memory");
  guint64 current = get_number (self, "domain/memory", "currentMemory");
  guint64 with_hotplug = get_number (self, "domain/memory", "maxMemory");

  if (memory > 0 && current > memory)
    return refuse (error,
                   _ ("“Memory” (%" G_GUINT64_FORMAT
                      " KiB) is more than “Maximum memory” (%" G_GUINT64_FORMAT
                      " KiB); raise the maximum too"),
                   current, memory);
  if (with_hotplug > 0 && memory > with_hotplug)
    return refuse (
        error, _ ("“Maximum memory” is more than “Maximum memory with hot-plug”; raise that too"));
  return TRUE;
}

static gboolean
check_processors (KvmmXmlEdit *self, GError **error)
{
  static const char *const parts[] = { "cpu/topology/@sockets", "cpu/topology/@dies",
                                       "cpu/topology/@clusters", "cpu/topology/@cores",
                                       "cpu/topology/@threads" };
  guint64 maximum = get_number (self, "domain/cpu", "vcpu");
  guint64 current = get_number (self, "domain/cpu", "vcpu/@current");
  guint64 product = 1;
  gboolean has_topology = FALSE;

  if (current > maximum && maximum > 0)
    return refuse (error,
                   _ ("“Processors” (%" G_GUINT64_FORMAT
                      ") is more than “Maximum processors” (%" G_GUINT64_FORMAT
                      "); raise the maximum too"),
                   current, maximum);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      guint64 number = get_number (self, "domain/cpu", parts[i]);

      if (number == 0)
        continue;
      has_topology = TRUE;
      product = product > G_MAXUINT32 ? product : product * MIN (number, G_MAXUINT16);
    }
  if (has_topology && maximum > 0 && product != maximum)
    return refuse (error,
                   _ ("Sockets, dies, cores and threads make %" G_GUINT64_FORMAT
                      " processors, but “Maximum processors” is %" G_GUINT64_FORMAT
                      "; make them the same or remove the topology"),
                   product, maximum);
  return TRUE;
}

/* Two of them with one name, in the words of the device. */
static gboolean
check_unique (KvmmXmlEdit *self, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const xmlNode *devices = kvmm_xml_node_child (kvmm_xml_edit_root (self), "devices");

  for (const xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      char *identity;

      if (!kvmm_xml_node_is (node, "disk") && !kvmm_xml_node_is (node, "controller"))
        continue;
      identity = kvmm_xml_identity_of (node);
      /* A controller without a number gets one. */
      if (strchr (identity, ' ') == NULL || (kvmm_xml_node_is (node, "controller") &&
                                             kvmm_xml_node_attribute (node, "index") == NULL))
        g_free (identity);
      else if (!g_hash_table_add (seen, identity))
        {
          g_autofree char *shown = kvmm_guest_text_sanitise (identity, -1);

          return refuse (error, _ ("There are two of “%s”; give one of them another name"), shown);
        }
    }
  return TRUE;
}

static gboolean
check_boot (KvmmXmlEdit *self, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  const xmlNode *root = kvmm_xml_edit_root (self);
  gboolean has_os_boot = kvmm_xml_node_child (kvmm_xml_node_child (root, "os"), "boot") != NULL;
  const xmlNode *devices = kvmm_xml_node_child (root, "devices");

  for (const xmlNode *node = kvmm_xml_node_child (devices, NULL); node != NULL;
       node = kvmm_xml_node_next (node, NULL))
    {
      const char *order = kvmm_xml_node_attribute (kvmm_xml_node_child (node, "boot"), "order");
      g_autofree char *shown = order != NULL ? kvmm_guest_text_sanitise (order, -1) : NULL;

      if (order == NULL)
        continue;
      if (has_os_boot)
        return refuse (error, _ ("“Boot devices” and a “Boot order” of single devices exclude each "
                                 "other; remove the boot devices"));
      if (!g_hash_table_add (seen, (gpointer) order))
        return refuse (error, _ ("Two devices have the “Boot order” %s; give one of them another"),
                       shown);
    }
  return TRUE;
}

gboolean
kvmm_xml_edit_check (KvmmXmlEdit *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return check_memory (self, error) && check_processors (self, error) &&
         check_unique (self, error) && check_boot (self, error);
}

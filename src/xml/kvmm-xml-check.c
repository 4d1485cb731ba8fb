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

/* ---- NUMA cells ---- */

/* Only what this edit made of them: another program's machine may be as it likes. */
static gboolean
touches_numa (KvmmXmlEdit *self)
{
  for (guint i = 0; i < self->changes->len; i++)
    {
      const KvmmXmlChange *change = self->changes->pdata[i];

      if (change->type == KVMM_XML_CHANGE_ALL ||
          (change->type == KVMM_XML_CHANGE_SET &&
           (g_str_has_prefix (change->path, "cpu/numa/") || strcmp (change->path, "vcpu") == 0 ||
            strcmp (change->path, "memory") == 0)))
        return TRUE;
    }
  return FALSE;
}

/* @owners: of each processor, the cell it is in, from 1 on; adds those of @text, "0-3,^2,8" */
static gboolean
take_processors (guint16 *owners, guint maximum, guint cell, const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  g_autofree gboolean *mine = g_new0 (gboolean, maximum);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      gboolean is_out = parts[i][0] == '^';
      char *end = NULL;
      guint64 low = g_ascii_strtoull (parts[i] + is_out, &end, 10);
      guint64 high = *end == '-' ? g_ascii_strtoull (end + 1, NULL, 10) : low;

      if (high >= maximum && !is_out)
        return refuse (error,
                       _ ("NUMA cell %u has the processor %" G_GUINT64_FORMAT
                          ", but the machine has only those from 0 to %u; take it out or raise "
                          "“Maximum processors”"),
                       cell, high, maximum - 1);
      for (guint64 number = low; number <= MIN (high, maximum - 1); number++)
        mine[number] = !is_out;
    }
  for (guint number = 0; number < maximum; number++)
    {
      if (mine[number] && owners[number] != 0)
        return refuse (error,
                       _ ("The processor %u is in the NUMA cells %u and %u; leave it in one of "
                          "them"),
                       number, owners[number] - 1U, cell);
      if (mine[number])
        owners[number] = (guint16) (cell + 1);
    }
  return TRUE;
}

static guint64
sum_memory_devices (KvmmXmlEdit *self)
{
  const xmlNode *devices = kvmm_xml_node_child (kvmm_xml_edit_root (self), "devices");
  guint64 bytes = 0;

  for (const xmlNode *node = kvmm_xml_node_child (devices, "memory"); node != NULL;
       node = kvmm_xml_node_next (node, "memory"))
    bytes += kvmm_xml_node_bytes (
        kvmm_xml_node_child (kvmm_xml_node_child (node, "target"), "size"), 1024);
  return bytes / 1024;
}

/* libvirt would make the machine's memory what the cells have together, and say nothing. */
static gboolean
check_cell_memory (KvmmXmlEdit *self, guint64 sum_kib, GError **error)
{
  guint64 memory = get_number (self, "domain/memory", "memory");
  guint64 plugged = sum_memory_devices (self);

  if (memory == 0 || sum_kib + plugged == memory)
    return TRUE;
  return refuse (error,
                 _ ("The NUMA cells have %" G_GUINT64_FORMAT
                    " MiB together, but “Maximum memory” is %" G_GUINT64_FORMAT
                    " MiB; make them the same in “Processors”, where both stand"),
                 (sum_kib + plugged) / 1024, memory / 1024);
}

static gboolean
check_numa (KvmmXmlEdit *self, GError **error)
{
  const xmlNode *cpu = kvmm_xml_node_child (kvmm_xml_edit_root (self), "cpu");
  const xmlNode *cell = kvmm_xml_node_child (kvmm_xml_node_child (cpu, "numa"), "cell");
  guint maximum = (guint) MIN (get_number (self, "domain/cpu", "vcpu"), G_MAXUINT16);
  g_autofree guint16 *owners = g_new0 (guint16, maximum + 1);
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);
  guint64 sum_kib = 0;
  guint n_cells = 0;

  if (cell == NULL || maximum == 0 || !touches_numa (self))
    return TRUE;
  for (; cell != NULL; cell = kvmm_xml_node_next (cell, "cell"), n_cells++)
    {
      guint number =
          (guint) MIN (kvmm_xml_node_attribute_uint (cell, "id", n_cells), G_MAXUINT16 - 1);
      const char *processors = kvmm_xml_node_attribute (cell, "cpus");
      guint64 kib = kvmm_xml_attribute_bytes (cell, "memory", 1024) / 1024;

      g_hash_table_add (numbers, GUINT_TO_POINTER (number + 1));
      if (kib == 0)
        return refuse (error,
                       _ ("NUMA cell %u has no memory; write how much, or empty all its fields to "
                          "take it away"),
                       number);
      sum_kib += kib;
      if (processors != NULL && !take_processors (owners, maximum, number, processors, error))
        return FALSE;
    }
  for (guint i = 0; i < n_cells; i++)
    if (!g_hash_table_contains (numbers, GUINT_TO_POINTER (i + 1)))
      return refuse (
          error, _ ("NUMA cells are numbered from 0 on without a gap, and there is no cell %u"), i);
  for (guint i = 0; i < maximum; i++)
    if (owners[i] == 0)
      return refuse (error, _ ("The processor %u is in no NUMA cell; put each of them in one"), i);
  return check_cell_memory (self, sum_kib, error);
}

gboolean
kvmm_xml_edit_check (KvmmXmlEdit *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return check_memory (self, error) && check_processors (self, error) && check_numa (self, error) &&
         check_unique (self, error) && check_boot (self, error);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <stdio.h>

#include "model/kvmm-connection.h"
#include "model/kvmm-domain-edit.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

/* What an edit of the first machine of a host costs, and what libvirt itself takes of that: reading
 * its definition and defining it. Prints one JSON object with medians in milliseconds. */

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
fail (const GError *error)
{
  g_printerr ("edit-bench: %s\n", error->message);
  exit (1);
}

static double
since_ms (gint64 begin_us)
{
  return (double) (g_get_monotonic_time () - begin_us) / 1000;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return first < second ? -1 : first > second;
}

static double
get_median (GArray *times)
{
  g_array_sort (times, compare);
  return g_array_index (times, double, times->len / 2);
}

/* What the Hardware page asks. */
static guint
list_devices (KvmmDomain *domain)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_domain_list_devices_async (domain, NULL, result_cb, &result);
  wait_for (&result);
  devices = kvmm_domain_list_devices_finish (domain, result, &error);
  if (devices == NULL)
    fail (error);
  return devices->len;
}

/* What its editor does from Edit to Apply: one field, which is another each time. */
static void
edit_once (KvmmDomain *domain, guint round)
{
  g_autoptr (GAsyncResult) begun = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (KvmmDomainApplied) applied = NULL;
  g_autoptr (GError) error = NULL;

  kvmm_domain_begin_edit_async (domain, NULL, result_cb, &begun);
  wait_for (&begun);
  edit = kvmm_domain_begin_edit_finish (domain, begun, &error);
  if (edit == NULL || !kvmm_xml_edit_set (edit, "disk", 0, "driver/@cache",
                                          round % 2 ? "none" : "writeback", &error))
    fail (error);
  kvmm_domain_apply_edit_async (domain, edit, KVMM_DOMAIN_EDIT_DEFAULT, NULL, result_cb, &result);
  wait_for (&result);
  applied = kvmm_domain_apply_edit_finish (domain, result, &error);
  if (applied == NULL)
    fail (error);
}

/* The same three calls of libvirt that an edit makes, and nothing else. */
static void
define_once (virConnectPtr connect, const char *name)
{
  const unsigned int flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
  virDomainPtr domain = virDomainLookupByName (connect, name);

  for (guint i = 0; i < 2; i++)
    {
      char *xml = virDomainGetXMLDesc (domain, flags);

      if (i == 0)
        {
          virDomainPtr defined = virDomainDefineXML (connect, xml);

          if (defined == NULL)
            exit (1);
          virDomainFree (defined);
        }
      free (xml);
    }
  virDomainFree (domain);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("kvmm-edit-bench-XXXXXX", NULL);
  g_autoptr (GArray) lists = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) edits = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) floors = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmSettings) settings = NULL;
  g_autoptr (KvmmConnection) connection = NULL;
  g_autoptr (KvmmDomain) domain = NULL;
  guint n_devices = 0;
  virConnectPtr connect;

  if (argc != 3)
    {
      g_printerr ("usage: edit-bench URI ROUNDS\n");
      return 2;
    }
  /* The history of a bench is nobody's. */
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  kvmm_thread_set_main ();
  kvmm_virt_init ();
  settings = kvmm_settings_new (&error);
  if (settings == NULL)
    fail (error);
  connection = kvmm_connection_new (argv[1], settings);
  kvmm_connection_connect (connection);
  while (!kvmm_connection_get_is_loaded (connection))
    g_main_context_iteration (NULL, TRUE);
  domain = g_list_model_get_item (G_LIST_MODEL (connection), 0);
  connect = virConnectOpen (argv[1]);
  if (connect == NULL || domain == NULL)
    return 1;
  for (guint round = 0; round < (guint) g_ascii_strtoull (argv[2], NULL, 10); round++)
    {
      gint64 begin_us = g_get_monotonic_time ();
      double ms;

      n_devices = list_devices (domain);
      ms = since_ms (begin_us);
      g_array_append_val (lists, ms);
      begin_us = g_get_monotonic_time ();
      edit_once (domain, round);
      ms = since_ms (begin_us);
      g_array_append_val (edits, ms);
      begin_us = g_get_monotonic_time ();
      define_once (connect, kvmm_domain_get_name (domain));
      ms = since_ms (begin_us);
      g_array_append_val (floors, ms);
    }
  virConnectClose (connect);
  printf ("{\"label\": \"%u devices\", \"devices_ms\": %.2f, \"edit_ms\": %.2f, "
          "\"edit_floor_ms\": %.2f}\n",
          n_devices, get_median (lists), get_median (edits), get_median (floors));
  return 0;
}

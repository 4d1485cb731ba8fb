/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <locale.h>

#include "xml/kvmm-xml-domain.h"

/* usage: bench-xml-domain FILE…; prints the µs that reading the facts of each takes. */

#define ROUNDS 3000

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  for (int i = 1; i < argc; i++)
    {
      g_autofree char *xml = NULL;
      g_autoptr (GError) error = NULL;
      gsize length;

      if (!g_file_get_contents (argv[i], &xml, &length, &error))
        g_error ("%s", error->message);
      gint64 start = g_get_monotonic_time ();
      for (guint round = 0; round < ROUNDS; round++)
        {
          g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (xml, &error);

          if (facts == NULL)
            g_error ("%s", error->message);
        }
      g_print ("%s: %" G_GSIZE_FORMAT " bytes, %.1f µs\n", argv[i], length,
               (double) (g_get_monotonic_time () - start) / ROUNDS);
    }
  return 0;
}

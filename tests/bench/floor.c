/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* What libvirt itself costs: opens a URI, lists, and reads every XML and state. Prints one JSON
 * object with seconds. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libvirt/libvirt.h>

static double
now (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main (int argc, char **argv)
{
  virConnectPtr connect;
  virDomainPtr *domains = NULL;
  double start = now ();
  double opened, listed, read;
  int n;

  if (argc != 2)
    {
      fprintf (stderr, "usage: floor URI\n");
      return 2;
    }
  connect = virConnectOpen (argv[1]);
  if (connect == NULL)
    return 1;
  opened = now ();
  n = virConnectListAllDomains (connect, &domains, 0);
  if (n < 0)
    return 1;
  listed = now ();
  for (int i = 0; i < n; i++)
    {
      virDomainInfo info;

      free (virDomainGetXMLDesc (domains[i], 0));
      virDomainGetInfo (domains[i], &info);
      virDomainFree (domains[i]);
    }
  read = now ();
  free (domains);
  virConnectClose (connect);
  printf ("{\"machines\": %d, \"open\": %.3f, \"list\": %.3f, \"read\": %.3f, \"total\": %.3f}\n",
          n, opened - start, listed - opened, read - listed, read - start);
  return 0;
}

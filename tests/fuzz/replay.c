/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Runs a fuzz target over the files of a directory, and over damaged copies of each: without
 * libFuzzer, with any compiler, the same way each time. Prints TAP. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX 65536
#define DAMAGED 200

static uint32_t state;

static uint32_t
next_random (void)
{
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

static void
run (const uint8_t *data, size_t size)
{
  /* On the heap and exactly as long, so that a sanitizer sees one byte too many. */
  uint8_t *copy = malloc (size > 0 ? size : 1);

  memcpy (copy, data, size);
  LLVMFuzzerTestOneInput (copy, size);
  free (copy);
}

static void
run_damaged (const uint8_t *data, size_t size)
{
  static uint8_t damaged[INPUT_MAX];

  for (unsigned int i = 0; i < DAMAGED && size > 0; i++)
    {
      size_t length = size;

      memcpy (damaged, data, size);
      for (unsigned int k = next_random () % 4; k > 0; k--)
        damaged[next_random () % size] = (uint8_t) next_random ();
      if (next_random () % 3 == 0)
        length = next_random () % (size + 1);
      run (damaged, length);
    }
}

static int
replay_file (const char *path)
{
  static uint8_t data[INPUT_MAX];
  FILE *file = fopen (path, "rb");
  size_t size;

  if (file == NULL)
    return 0;
  size = fread (data, 1, sizeof data, file);
  fclose (file);
  run (data, size);
  run_damaged (data, size);
  return 1;
}

int
main (int argc, char **argv)
{
  DIR *directory = argc > 1 ? opendir (argv[1]) : NULL;
  const struct dirent *entry;
  char path[4096];
  int n = 0;

  if (directory == NULL)
    {
      fprintf (stderr, "usage: %s DIRECTORY\n", argv[0]);
      return 2;
    }
  state = 1;
  run ((const uint8_t *) "", 0);
  while ((entry = readdir (directory)) != NULL)
    {
      if (entry->d_name[0] == '.')
        continue;
      snprintf (path, sizeof path, "%s/%s", argv[1], entry->d_name);
      if (replay_file (path))
        printf ("ok %d %s\n", ++n, entry->d_name);
      else
        printf ("not ok %d %s\n", ++n, entry->d_name);
    }
  closedir (directory);
  printf ("1..%d\n", n);
  return n > 0 ? 0 : 1;
}

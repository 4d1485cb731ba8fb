/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* The path checker against a slower one: input is a root, a newline, and a path. */

#include <stdlib.h>
#include <string.h>

#include "daemon/agent-path.h"
#include "fuzz.h"
#include "protocol/kvma-limits.h"

/* Returns the next component and its length, NULL at the end. Empty ones are left out. */
static const char *
next (const char **path, size_t *length)
{
  const char *begin;

  while (**path == '/')
    (*path)++;
  begin = *path;
  while (**path != '/' && **path != '\0')
    (*path)++;
  *length = (size_t) (*path - begin);
  return *length > 0 ? begin : NULL;
}

static bool
is_inside (const char *path, const char *root)
{
  for (;;)
    {
      size_t n, m;
      const char *wanted = next (&root, &n);
      const char *got;

      if (wanted == NULL)
        return true;
      got = next (&path, &m);
      if (got == NULL || n != m || memcmp (got, wanted, n) != 0)
        return false;
    }
}

static void
check_plain (const char *path, size_t length)
{
  size_t n;
  const char *component;
  const char *p = path;

  if (path[0] != '/' || strlen (path) != length || length > KVMA_FILE_PATH_MAX ||
      strstr (path, "//") != NULL || (length > 1 && path[length - 1] == '/'))
    abort ();
  while ((component = next (&p, &n)) != NULL)
    if ((n <= 2 && strspn (component, ".") >= n) || n > KVMA_FILE_NAME_MAX)
      abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const uint8_t *newline = size > 0 ? memchr (data, '\n', size) : NULL;
  size_t n = newline != NULL ? (size_t) (newline - data) : 0;
  size_t length = newline != NULL ? size - n - 1 : size;
  char *root = calloc (1, n + 1);
  char *path = calloc (1, length + 1);
  char *list[] = { root, NULL };
  const AgentRoots roots = { list, false };

  if (n > 0)
    memcpy (root, data, n);
  if (length > 0)
    memcpy (path, data + size - length, length);
  agent_path_is_name (path, length);
  if (agent_path_is_valid (path, length))
    {
      bool inside = is_inside (path, root);
      bool kernel =
          is_inside (path, "/proc") || is_inside (path, "/sys") || is_inside (path, "/dev");

      check_plain (path, length);
      if (agent_path_is_inside (path, root) != inside ||
          agent_path_is_allowed (&roots, path) != (inside && !kernel))
        abort ();
    }
  free (root);
  free (path);
  return 0;
}

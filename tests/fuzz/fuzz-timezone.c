/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Zone files belong to root, but a reader of binary data is fuzzed all the same. */

#include <stdlib.h>
#include <string.h>

#include "daemon/agent-timezone.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const int64_t moments[] = { 0, 1, 1700000000, 4102444800, INT64_C (1) << 39, -5 };
  char name[AGENT_TIMEZONE_NAME_SIZE];
  int offset;

  for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
    if (agent_timezone_at (data, size, moments[i], &offset, name) &&
        (strlen (name) >= sizeof name || abs (offset) > 26 * 3600))
      abort ();
  return 0;
}

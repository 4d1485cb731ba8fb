/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* The scanner: what it accepts, jansson accepts as well, with no deeper nesting and no larger
 * numbers than the limits say. */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "protocol/kvma-json.h"

static void
check_value (json_t *value, int depth)
{
  const char *key;
  json_t *member;
  size_t i;

  if ((json_is_object (value) || json_is_array (value)) && depth > KVMA_JSON_DEPTH_MAX)
    abort ();
  if (json_array_size (value) > KVMA_JSON_ARRAY_MAX)
    abort ();
  if (json_string_length (value) > KVMA_JSON_STRING_MAX)
    abort ();
  if (json_is_integer (value) && llabs (json_integer_value (value)) > KVMA_JSON_INTEGER_MAX)
    abort ();
  json_object_foreach (value, key, member) check_value (member, depth + 1);
  json_array_foreach (value, i, member) check_value (member, depth + 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  size_t offset = 0;
  KvmaJsonError error = kvma_json_check ((const char *) data, size, &offset);
  json_t *value;

  if (error != KVMA_JSON_OK)
    {
      if (offset > size || strlen (kvma_json_error_text (error)) < 3)
        abort ();
      return 0;
    }
  value = json_loadb ((const char *) data, size, JSON_REJECT_DUPLICATES, NULL);
  if (value == NULL || !json_is_object (value))
    abort ();
  check_value (value, 1);
  json_decref (value);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "protocol/kvma-limits.h"

#include <stddef.h>

/* A strict JSON scanner. Every body from a peer passes it before any JSON library sees it, so that
 * deep, huge or ambiguous input never reaches one. No allocation; about 18 KiB of stack. Any
 * thread. */

typedef enum
{
  KVMA_JSON_OK,
  KVMA_JSON_EMPTY,
  KVMA_JSON_TOO_LARGE,  /* above KVMA_JSON_MAX bytes */
  KVMA_JSON_NOT_OBJECT, /* the top is not an object */
  KVMA_JSON_SYNTAX,
  KVMA_JSON_UNFINISHED,      /* ends in the middle */
  KVMA_JSON_TRAILING,        /* something after the object */
  KVMA_JSON_UTF8,            /* not valid UTF-8 */
  KVMA_JSON_CONTROL,         /* a control character inside a string */
  KVMA_JSON_NUL,             /* \u0000 */
  KVMA_JSON_SURROGATE,       /* half of a surrogate pair */
  KVMA_JSON_ESCAPE,          /* an unknown escape */
  KVMA_JSON_DEPTH,           /* deeper than KVMA_JSON_DEPTH_MAX */
  KVMA_JSON_TOKENS,          /* more than KVMA_JSON_TOKENS_MAX */
  KVMA_JSON_STRING_TOO_LONG, /* above KVMA_JSON_STRING_MAX bytes */
  KVMA_JSON_ARRAY_TOO_LONG,  /* above KVMA_JSON_ARRAY_MAX elements */
  KVMA_JSON_NUMBER_RANGE,    /* an integer beyond 2^53, a fraction beyond 10^308 */
  KVMA_JSON_DUPLICATE_KEY,
} KvmaJsonError;

/**
 * kvma_json_check:
 * @text: @length bytes; needs no 0 byte at the end
 * @offset: (out) (nullable): where the fault is, in bytes; untouched when there is none
 *
 * Checks that @text is one JSON object within all limits of kvma-limits.h. Member names are
 * compared after escapes are resolved. Numbers without fraction and exponent are integers.
 *
 * Returns KVMA_JSON_OK, or the first fault found.
 */
KvmaJsonError kvma_json_check (const char *text, size_t length, size_t *offset);

/**
 * kvma_json_error_text:
 *
 * Returns what @error means, for a log. Static text.
 */
const char *kvma_json_error_text (KvmaJsonError error);

/**
 * kvma_utf8_length:
 * @text: @left bytes, at least 1
 *
 * Returns the length of the UTF-8 sequence that @text begins with, 0 when it is not valid (RFC
 * 3629: overlong forms, surrogates and values above U+10FFFF are not).
 */
size_t kvma_utf8_length (const char *text, size_t left);

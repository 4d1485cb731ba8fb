/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "protocol/kvma-json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define KEYS_MAX (KVMA_JSON_TOKENS_MAX / 2)
#define INTEGER_DIGITS 16 /* of KVMA_JSON_INTEGER_MAX */
#define EXPONENT_MAX 308

/* A member name seen in an object that is still open. Offsets fit because the text is bounded. */
typedef struct
{
  uint16_t offset; /* of the first byte inside the quotes */
  uint16_t length; /* in the text, escapes and all */
  uint32_t hash;   /* of the resolved name */
} Key;

typedef struct
{
  uint16_t first_key; /* index of its first key in keys[] */
  uint16_t elements;
  bool is_object;
} Level;

typedef struct
{
  const uint8_t *text;
  size_t length;
  size_t at;
  unsigned int tokens;
  unsigned int depth;
  unsigned int n_keys;
  Level levels[KVMA_JSON_DEPTH_MAX];
  Key keys[KEYS_MAX];
} Scanner;

_Static_assert(KVMA_JSON_MAX <= UINT16_MAX, "offsets of keys are 16 bits");

static void
skip_space (Scanner *self)
{
  while (self->at < self->length)
    {
      uint8_t c = self->text[self->at];

      if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
        return;
      self->at++;
    }
}

/* The next byte, 0 at the end: a 0 byte is never valid outside a string, so the two need no
 * distinction. */
static uint8_t
peek (const Scanner *self)
{
  return self->at < self->length ? self->text[self->at] : 0;
}

static KvmaJsonError
syntax (const Scanner *self)
{
  return self->at < self->length ? KVMA_JSON_SYNTAX : KVMA_JSON_UNFINISHED;
}

size_t
kvma_utf8_length (const char *text, size_t left)
{
  const uint8_t *p = (const uint8_t *) text;
  uint8_t c = p[0];
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
  size_t n;

  if (c < 0x80)
    return 1;
  if (c >= 0xc2 && c <= 0xdf)
    n = 2;
  else if ((c & 0xf0) == 0xe0)
    n = 3;
  else if (c >= 0xf0 && c <= 0xf4)
    n = 4;
  else
    return 0;
  if (c == 0xe0)
    low = 0xa0;
  else if (c == 0xed)
    high = 0x9f;
  else if (c == 0xf0)
    low = 0x90;
  else if (c == 0xf4)
    high = 0x8f;
  if (left < n || p[1] < low || p[1] > high)
    return 0;
  for (size_t i = 2; i < n; i++)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  return n;
}

static bool
read_hex4 (const uint8_t *p, size_t left, uint32_t *value)
{
  uint32_t v = 0;

  if (left < 4)
    return false;
  for (int i = 0; i < 4; i++)
    {
      uint8_t c = p[i];

      if (c >= '0' && c <= '9')
        v = v << 4 | (uint32_t) (c - '0');
      else if (c >= 'a' && c <= 'f')
        v = v << 4 | (uint32_t) (c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        v = v << 4 | (uint32_t) (c - 'A' + 10);
      else
        return false;
    }
  *value = v;
  return true;
}

static size_t
put_utf8 (uint32_t c, uint8_t out[4])
{
  if (c < 0x80)
    {
      out[0] = (uint8_t) c;
      return 1;
    }
  if (c < 0x800)
    {
      out[0] = (uint8_t) (0xc0 | c >> 6);
      out[1] = (uint8_t) (0x80 | (c & 0x3f));
      return 2;
    }
  if (c < 0x10000)
    {
      out[0] = (uint8_t) (0xe0 | c >> 12);
      out[1] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
      out[2] = (uint8_t) (0x80 | (c & 0x3f));
      return 3;
    }
  out[0] = (uint8_t) (0xf0 | c >> 18);
  out[1] = (uint8_t) (0x80 | (c >> 12 & 0x3f));
  out[2] = (uint8_t) (0x80 | (c >> 6 & 0x3f));
  out[3] = (uint8_t) (0x80 | (c & 0x3f));
  return 4;
}

static KvmaJsonError
read_unicode_escape (const uint8_t *p, size_t left, size_t *used, uint32_t *character)
{
  uint32_t high, low;

  if (!read_hex4 (p + 2, left - 2, &high))
    return KVMA_JSON_ESCAPE;
  *used = 6;
  *character = high;
  if (high == 0)
    return KVMA_JSON_NUL;
  if (high < 0xd800 || high > 0xdfff)
    return KVMA_JSON_OK;
  if (high >= 0xdc00 || left < 12 || p[6] != '\\' || p[7] != 'u' ||
      !read_hex4 (p + 8, left - 8, &low) || low < 0xdc00 || low > 0xdfff)
    return KVMA_JSON_SURROGATE;
  *used = 12;
  *character = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  return KVMA_JSON_OK;
}

/* Resolves one character of a string at @p (not its closing quote): @n bytes into @out, *@used of
 * the text. */
static KvmaJsonError
read_character (const uint8_t *p, size_t left, size_t *used, uint8_t out[4], size_t *n)
{
  static const char escapes[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  const char *found;
  uint32_t character;
  KvmaJsonError error;

  if (p[0] < 0x20)
    return KVMA_JSON_CONTROL;
  if (p[0] != '\\')
    {
      *used = *n = kvma_utf8_length ((const char *) p, left);
      if (*n == 0)
        return KVMA_JSON_UTF8;
      memcpy (out, p, *n);
      return KVMA_JSON_OK;
    }
  if (left < 2)
    return KVMA_JSON_UNFINISHED;
  if (p[1] == 'u')
    {
      error = read_unicode_escape (p, left, used, &character);
      if (error == KVMA_JSON_OK)
        *n = put_utf8 (character, out);
      return error;
    }
  found = p[1] != 0 ? strchr (escapes, p[1]) : NULL;
  if (found == NULL)
    return KVMA_JSON_ESCAPE;
  out[0] = (uint8_t) meanings[found - escapes];
  *n = 1;
  *used = 2;
  return KVMA_JSON_OK;
}

/* Reads a string whose opening quote is next. *@key receives where it was. */
static KvmaJsonError
read_string (Scanner *self, Key *key)
{
  size_t resolved = 0;
  uint32_t hash = 2166136261u;
  size_t begin = ++self->at;

  while (peek (self) != '"')
    {
      uint8_t character[4];
      size_t used, n;
      KvmaJsonError error;

      if (self->at >= self->length)
        return KVMA_JSON_UNFINISHED;
      error = read_character (self->text + self->at, self->length - self->at, &used, character, &n);
      if (error != KVMA_JSON_OK)
        return error;
      self->at += used;
      resolved += n;
      if (resolved > KVMA_JSON_STRING_MAX)
        return KVMA_JSON_STRING_TOO_LONG;
      for (size_t i = 0; i < n; i++)
        hash = (hash ^ character[i]) * 16777619u;
    }
  key->offset = (uint16_t) begin;
  key->length = (uint16_t) (self->at - begin);
  key->hash = hash;
  self->at++;
  return KVMA_JSON_OK;
}

/* Both were read before, so no character can fail. */
static bool
same_key (const Scanner *self, const Key *a, const Key *b)
{
  size_t i = 0;
  size_t j = 0;

  while (i < a->length && j < b->length)
    {
      uint8_t x[4], y[4];
      size_t used_x, used_y, n_x, n_y;

      if (read_character (self->text + a->offset + i, a->length - i, &used_x, x, &n_x) !=
              KVMA_JSON_OK ||
          read_character (self->text + b->offset + j, b->length - j, &used_y, y, &n_y) !=
              KVMA_JSON_OK)
        return false;
      if (n_x != n_y || memcmp (x, y, n_x) != 0)
        return false;
      i += used_x;
      j += used_y;
    }
  return i == a->length && j == b->length;
}

static KvmaJsonError
count_token (Scanner *self)
{
  return ++self->tokens > KVMA_JSON_TOKENS_MAX ? KVMA_JSON_TOKENS : KVMA_JSON_OK;
}

static KvmaJsonError
read_key (Scanner *self)
{
  const Level *level = &self->levels[self->depth - 1];
  size_t begin = self->at;
  KvmaJsonError error;
  Key key;

  if (peek (self) != '"')
    return syntax (self);
  error = count_token (self);
  if (error == KVMA_JSON_OK)
    error = read_string (self, &key);
  if (error != KVMA_JSON_OK)
    return error;
  for (unsigned int i = level->first_key; i < self->n_keys; i++)
    if (self->keys[i].hash == key.hash && same_key (self, &self->keys[i], &key))
      {
        self->at = begin;
        return KVMA_JSON_DUPLICATE_KEY;
      }
  /* Each name is followed by a value, which is a token as well; one more name may be open per
   * level. */
  if (self->n_keys == KEYS_MAX)
    return KVMA_JSON_TOKENS;
  self->keys[self->n_keys++] = key;
  skip_space (self);
  if (peek (self) != ':')
    return syntax (self);
  self->at++;
  skip_space (self);
  return KVMA_JSON_OK;
}

static size_t
skip_digits (Scanner *self)
{
  size_t begin = self->at;

  while (peek (self) >= '0' && peek (self) <= '9')
    self->at++;
  return self->at - begin;
}

static KvmaJsonError
check_integer (const uint8_t *digits, size_t n)
{
  int64_t value = 0;

  if (n > INTEGER_DIGITS)
    return KVMA_JSON_NUMBER_RANGE;
  for (size_t i = 0; i < n; i++)
    value = value * 10 + (digits[i] - '0');
  return value <= KVMA_JSON_INTEGER_MAX ? KVMA_JSON_OK : KVMA_JSON_NUMBER_RANGE;
}

static KvmaJsonError
read_number (Scanner *self)
{
  size_t begin, digits;
  bool is_integer = true;
  bool negative_exponent = false;
  long exponent = 0;

  if (peek (self) == '-')
    self->at++;
  begin = self->at;
  digits = skip_digits (self);
  if (digits == 0)
    return syntax (self);
  if (digits > 1 && self->text[begin] == '0')
    return KVMA_JSON_SYNTAX;
  if (peek (self) == '.')
    {
      is_integer = false;
      self->at++;
      if (skip_digits (self) == 0)
        return syntax (self);
    }
  if (peek (self) == 'e' || peek (self) == 'E')
    {
      size_t first;

      is_integer = false;
      self->at++;
      if (peek (self) == '+' || peek (self) == '-')
        negative_exponent = self->text[self->at++] == '-';
      first = self->at;
      if (skip_digits (self) == 0)
        return syntax (self);
      for (size_t i = first; i < self->at && exponent <= EXPONENT_MAX; i++)
        exponent = exponent * 10 + (self->text[i] - '0');
    }
  if (is_integer)
    return check_integer (self->text + begin, digits);
  /* Below 10^(digits + exponent): a little stricter than a double, and needs no floating point. */
  if (!negative_exponent && (long) digits + exponent > EXPONENT_MAX)
    return KVMA_JSON_NUMBER_RANGE;
  if (negative_exponent && (long) digits > EXPONENT_MAX)
    return KVMA_JSON_NUMBER_RANGE;
  return KVMA_JSON_OK;
}

static KvmaJsonError
read_literal (Scanner *self, const char *word)
{
  for (; *word != '\0'; word++, self->at++)
    if (peek (self) != (uint8_t) *word)
      return syntax (self);
  return KVMA_JSON_OK;
}

static KvmaJsonError
open_level (Scanner *self, bool is_object)
{
  Level *level;

  if (self->depth == KVMA_JSON_DEPTH_MAX)
    return KVMA_JSON_DEPTH;
  level = &self->levels[self->depth++];
  level->first_key = (uint16_t) self->n_keys;
  level->elements = 0;
  level->is_object = is_object;
  self->at++;
  return KVMA_JSON_OK;
}

/* Reads a scalar, or the opening bracket of an object or array (*@opened). */
static KvmaJsonError
read_value (Scanner *self, bool *opened)
{
  KvmaJsonError error = count_token (self);
  Key unused;

  *opened = false;
  if (error != KVMA_JSON_OK)
    return error;
  switch (peek (self))
    {
    case '{':
    case '[':
      *opened = true;
      return open_level (self, peek (self) == '{');
    case '"':
      return read_string (self, &unused);
    case 't':
      return read_literal (self, "true");
    case 'f':
      return read_literal (self, "false");
    case 'n':
      return read_literal (self, "null");
    default:
      return read_number (self);
    }
}

/* After a complete value: closes what ends here and reads the comma before the next one.
 * *@done is set once the top object is closed. */
static KvmaJsonError
read_separator (Scanner *self, bool *done)
{
  for (;;)
    {
      const Level *level;

      *done = self->depth == 0;
      if (*done)
        return KVMA_JSON_OK;
      level = &self->levels[self->depth - 1];
      skip_space (self);
      if (peek (self) == ',')
        {
          self->at++;
          skip_space (self);
          return KVMA_JSON_OK;
        }
      if (peek (self) != (level->is_object ? '}' : ']'))
        return syntax (self);
      self->at++;
      self->n_keys = level->first_key;
      self->depth--;
    }
}

/* Reads what must stand before a value inside the open level: its name, or nothing but a place in
 * an array. */
static KvmaJsonError
begin_member (Scanner *self)
{
  Level *level = &self->levels[self->depth - 1];

  if (level->is_object)
    return read_key (self);
  return ++level->elements > KVMA_JSON_ARRAY_MAX ? KVMA_JSON_ARRAY_TOO_LONG : KVMA_JSON_OK;
}

/* Whether the bracket that was just opened is closed at once. */
static bool
is_empty_level (Scanner *self)
{
  const Level *level = &self->levels[self->depth - 1];

  skip_space (self);
  return peek (self) == (level->is_object ? '}' : ']');
}

static KvmaJsonError
scan (Scanner *self)
{
  bool opened;
  bool done;
  KvmaJsonError error;

  skip_space (self);
  if (self->at == self->length)
    return KVMA_JSON_EMPTY;
  if (peek (self) != '{')
    return KVMA_JSON_NOT_OBJECT;
  error = read_value (self, &opened);
  while (error == KVMA_JSON_OK)
    {
      if (!opened || is_empty_level (self))
        {
          error = read_separator (self, &done);
          if (error != KVMA_JSON_OK)
            return error;
          if (done)
            {
              skip_space (self);
              return self->at == self->length ? KVMA_JSON_OK : KVMA_JSON_TRAILING;
            }
        }
      error = begin_member (self);
      if (error == KVMA_JSON_OK)
        error = read_value (self, &opened);
    }
  return error;
}

KvmaJsonError
kvma_json_check (const char *text, size_t length, size_t *offset)
{
  Scanner scanner;
  KvmaJsonError error;

  scanner.text = (const uint8_t *) text;
  scanner.length = length;
  scanner.at = 0;
  scanner.tokens = 0;
  scanner.depth = 0;
  scanner.n_keys = 0;
  error = length > KVMA_JSON_MAX ? KVMA_JSON_TOO_LARGE : scan (&scanner);
  if (error != KVMA_JSON_OK && offset != NULL)
    *offset = scanner.at;
  return error;
}

const char *
kvma_json_error_text (KvmaJsonError error)
{
  switch (error)
    {
    case KVMA_JSON_OK:
      return "no error";
    case KVMA_JSON_EMPTY:
      return "empty";
    case KVMA_JSON_TOO_LARGE:
      return "too large";
    case KVMA_JSON_NOT_OBJECT:
      return "not an object";
    case KVMA_JSON_SYNTAX:
      return "syntax error";
    case KVMA_JSON_UNFINISHED:
      return "ends in the middle";
    case KVMA_JSON_TRAILING:
      return "something follows the object";
    case KVMA_JSON_UTF8:
      return "not valid UTF-8";
    case KVMA_JSON_CONTROL:
      return "control character in a string";
    case KVMA_JSON_NUL:
      return "zero character in a string";
    case KVMA_JSON_SURROGATE:
      return "half of a surrogate pair";
    case KVMA_JSON_ESCAPE:
      return "unknown escape";
    case KVMA_JSON_DEPTH:
      return "too deep";
    case KVMA_JSON_TOKENS:
      return "too many values";
    case KVMA_JSON_STRING_TOO_LONG:
      return "string too long";
    case KVMA_JSON_ARRAY_TOO_LONG:
      return "array too long";
    case KVMA_JSON_NUMBER_RANGE:
      return "number out of range";
    case KVMA_JSON_DUPLICATE_KEY:
      return "member given twice";
    }
  return "unknown error";
}

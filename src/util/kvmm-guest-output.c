/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-guest-output.h"

#include <string.h>

#include "util/kvmm-guest-text.h"

#define ESCAPE 0x1B
#define BELL 0x07
#define REPLACEMENT 0xFFFD
/* Of one character in UTF-8. */
#define MAX_BYTES 4

typedef enum
{
  STATE_TEXT,
  STATE_ESCAPE,   /* after ESC */
  STATE_SEQUENCE, /* CSI: up to a letter */
  STATE_STRING,   /* OSC, DCS, APC, PM, SOS: up to BEL or ESC \ */
  STATE_STRING_ESCAPE,
} State;

struct _KvmmGuestOutput
{
  State state;
  char bytes[MAX_BYTES]; /* the begin of a character */
  guint n_bytes;
  gsize line_length;
  guint escape_length;
  gboolean after_return;
};

KvmmGuestOutput *
kvmm_guest_output_new (void)
{
  return g_new0 (KvmmGuestOutput, 1);
}

void
kvmm_guest_output_free (KvmmGuestOutput *self)
{
  g_free (self);
}

static void
append_break (KvmmGuestOutput *self, GString *text)
{
  g_string_append_c (text, '\n');
  self->line_length = 0;
}

static void
append (KvmmGuestOutput *self, gunichar c, GString *text)
{
  gsize before = text->len;

  if (c == '\n' || c == '\r')
    {
      /* CR LF is one break. */
      if (c == '\r' || !self->after_return)
        append_break (self, text);
      self->after_return = c == '\r';
      return;
    }
  self->after_return = FALSE;
  if (c != '\t' && kvmm_guest_text_is_invisible (c))
    return;
  /* Line and paragraph separators are breaks to a text view, and nobody's line here. */
  if (c == 0x2028 || c == 0x2029)
    c = ' ';
  g_string_append_unichar (text, c);
  self->line_length += text->len - before;
  if (self->line_length >= KVMM_GUEST_OUTPUT_MAX_LINE)
    append_break (self, text);
}

/* Gives out the waiting bytes as far as they are whole characters, or never can be. */
static void
flush_bytes (KvmmGuestOutput *self, gboolean at_end, GString *text)
{
  while (self->n_bytes > 0)
    {
      gunichar c = self->bytes[0] == '\0'
                       ? 0
                       : g_utf8_get_char_validated (self->bytes, (gssize) self->n_bytes);
      guint used = 1;

      if (c == (gunichar) -2 && !at_end)
        return;
      if (c == (gunichar) -1 || c == (gunichar) -2)
        c = REPLACEMENT;
      else if (c != 0)
        used = (guint) (g_utf8_next_char (self->bytes) - self->bytes);
      self->n_bytes -= used;
      memmove (self->bytes, self->bytes + used, self->n_bytes);
      append (self, c, text);
    }
}

static void
push_text (KvmmGuestOutput *self, guint8 byte, GString *text)
{
  if (byte == ESCAPE)
    {
      flush_bytes (self, TRUE, text);
      self->state = STATE_ESCAPE;
      self->escape_length = 0;
      return;
    }
  self->bytes[self->n_bytes++] = (char) byte;
  flush_bytes (self, self->n_bytes == MAX_BYTES, text);
}

static State
after_escape (guint8 byte)
{
  if (byte == '[')
    return STATE_SEQUENCE;
  if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_')
    return STATE_STRING;
  /* Intermediate bytes, as in ESC ( B: one more follows. */
  if (byte >= 0x20 && byte <= 0x2F)
    return STATE_ESCAPE;
  return STATE_TEXT;
}

static State
next_state (State state, guint8 byte)
{
  switch (state)
    {
    case STATE_TEXT:
      break;
    case STATE_ESCAPE:
      return after_escape (byte);
    case STATE_SEQUENCE:
      return byte >= 0x40 ? STATE_TEXT : STATE_SEQUENCE;
    case STATE_STRING:
      if (byte == ESCAPE)
        return STATE_STRING_ESCAPE;
      return byte == BELL ? STATE_TEXT : STATE_STRING;
    case STATE_STRING_ESCAPE:
      return byte == '\\' ? STATE_TEXT : STATE_STRING;
    }
  return STATE_TEXT;
}

void
kvmm_guest_output_push (KvmmGuestOutput *self, const guint8 *data, gsize length, GString *text)
{
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = data[i];

      if (self->state == STATE_TEXT)
        {
          push_text (self, byte, text);
          continue;
        }
      /* No sequence goes over a line: one that was cut off must not eat what follows. */
      if (byte == '\n' || byte == '\r' || ++self->escape_length > KVMM_GUEST_OUTPUT_MAX_ESCAPE)
        {
          self->state = STATE_TEXT;
          push_text (self, byte, text);
        }
      else if (self->state == STATE_ESCAPE && byte == ESCAPE)
        self->escape_length = 0;
      else
        self->state = next_state (self->state, byte);
    }
}

void
kvmm_guest_output_end (KvmmGuestOutput *self, GString *text)
{
  flush_bytes (self, TRUE, text);
  memset (self, 0, sizeof *self);
}

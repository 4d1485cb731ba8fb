/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-legacy.h"

#include <string.h>

#include "protocol/kvma-json.h"

struct _KvmmAgentLegacy
{
  GString *line;     /* (owned) (nullable) the line being collected */
  gboolean skipping; /* to the end of a line that is none of theirs */
  gboolean found;
};

KvmmAgentLegacy *
kvmm_agent_legacy_new (void)
{
  return g_new0 (KvmmAgentLegacy, 1);
}

void
kvmm_agent_legacy_free (KvmmAgentLegacy *self)
{
  if (self->line != NULL)
    g_string_free (self->line, TRUE);
  g_free (self);
}

static void
drop_line (KvmmAgentLegacy *self)
{
  if (self->line != NULL)
    g_string_truncate (self->line, 0);
}

static void
feed_byte (KvmmAgentLegacy *self, guint8 byte)
{
  gboolean begun = self->line != NULL && self->line->len > 0;

  /* A 0 byte delimits frames: what follows may begin a line as well. */
  if (byte == '\n' || byte == 0)
    {
      if (byte == '\n' && begun && !self->skipping &&
          kvma_json_check (self->line->str, self->line->len, NULL) == KVMA_JSON_OK)
        self->found = TRUE;
      drop_line (self);
      self->skipping = FALSE;
      return;
    }
  if (self->skipping)
    return;
  if ((!begun && byte != '{') || (begun && self->line->len >= KVMM_AGENT_LEGACY_LINE_MAX))
    {
      drop_line (self);
      self->skipping = TRUE;
      return;
    }
  if (self->line == NULL)
    self->line = g_string_new (NULL);
  g_string_append_c (self->line, (char) byte);
}

gboolean
kvmm_agent_legacy_feed (KvmmAgentLegacy *self, const guint8 *data, gsize length)
{
  for (gsize i = 0; i < length && !self->found; i++)
    feed_byte (self, data[i]);
  return self->found;
}

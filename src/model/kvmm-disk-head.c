/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-disk-head.h"

#include <string.h>

static gboolean
begins_with (const guint8 *head, gsize size, const char *magic)
{
  return size >= strlen (magic) && memcmp (head, magic, strlen (magic)) == 0;
}

gboolean
kvmm_disk_head_is_qcow2 (const guint8 *head, gsize size)
{
  return begins_with (head, size, "QFI\xfb");
}

gboolean
kvmm_disk_head_is_whole (const guint8 *head, gsize size)
{
  guint64 backing_offset, incompatible;

  if (size < 80)
    return FALSE;
  memcpy (&backing_offset, head + 8, sizeof backing_offset);
  memcpy (&incompatible, head + 72, sizeof incompatible);
  /* Version 2 has no features. */
  return backing_offset == 0 && (head[7] < 3 || (GUINT64_FROM_BE (incompatible) & 4) == 0);
}

gboolean
kvmm_disk_head_is_description (const guint8 *head, gsize size)
{
  return begins_with (head, size, "COWD") || begins_with (head, size, "# Disk Desc");
}

gboolean
kvmm_disk_head_is_compressed (const guint8 *head, gsize size)
{
  static const char *const magics[] = { "\xfd"
                                        "7zXZ",
                                        "BZh", "\x28\xb5\x2f\xfd", "PK\3\4", "\x1f\x8b" };

  for (gsize i = 0; i < G_N_ELEMENTS (magics); i++)
    if (size >= 6 && begins_with (head, size, magics[i]))
      return TRUE;
  return FALSE;
}

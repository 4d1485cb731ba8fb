/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>
#include <glib/gstdio.h>

/* Writes what a disc's beginning looks like: @label and @application as ISO 9660 has them, or
 * something else with %NULL. */
static inline void
test_disc_write (const char *path, const char *label, const char *application)
{
  g_autoptr (GError) error = NULL;
  char image[64 * 1024] = { 0 };

  if (label != NULL)
    {
      memcpy (image + 32768, "\1CD001\1", 7);
      memset (image + 32768 + 40, ' ', 32);
      memcpy (image + 32768 + 40, label, strlen (label));
      memset (image + 32768 + 574, ' ', 128);
      memcpy (image + 32768 + 574, application, strlen (application));
    }
  g_file_set_contents (path, image, sizeof image, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
}

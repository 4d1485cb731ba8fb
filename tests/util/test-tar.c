/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "config.h"

#include "util/kvmm-tar.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Archives written here byte by byte; those of other programs are read by model-new-appliance. */

static void
put_sum (char *header)
{
  guint sum = 0;

  memset (header + 148, ' ', 8);
  for (guint i = 0; i < 512; i++)
    sum += (guint8) header[i];
  g_snprintf (header + 148, 8, "%06o", sum);
}

static void
append (GByteArray *archive, const char *header, const char *data, gsize size)
{
  static const char padding[512];

  g_byte_array_append (archive, (const guint8 *) header, 512);
  g_byte_array_append (archive, (const guint8 *) data, (guint) size);
  g_byte_array_append (archive, (const guint8 *) padding, (512 - size % 512) % 512);
}

static void
make_header (char *header, const char *name, char type, guint64 size)
{
  memset (header, 0, 512);
  g_strlcpy (header, name, 100);
  g_snprintf (header + 124, 12, "%011" G_GINT64_MODIFIER "o", size);
  header[156] = type;
  memcpy (header + 257, "ustar\00000", 8);
  put_sum (header);
}

static void
add (GByteArray *archive, const char *name, char type, const char *data)
{
  char header[512];

  make_header (header, name, type, strlen (data));
  append (archive, header, data, strlen (data));
}

static void
end (GByteArray *archive)
{
  static const guint8 nothing[1024];

  g_byte_array_append (archive, nothing, sizeof nothing);
}

static GPtrArray *
list (GByteArray *archive, GError **error)
{
  int fd = memfd_create ("archive", MFD_CLOEXEC);
  GPtrArray *members;

  g_assert_cmpint (write (fd, archive->data, archive->len), ==, archive->len);
  members = kvmm_tar_list (fd, archive->len, error);
  close (fd);
  return members;
}

/* @words: "name=data" of each, with spaces between */
static void
assert_members (GByteArray *archive, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) members = list (archive, &error);
  g_autoptr (GString) found = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < members->len; i++)
    {
      const KvmmTarMember *member = members->pdata[i];

      g_string_append_printf (found, "%s%s=%.*s", i > 0 ? " " : "", member->name,
                              (int) member->size_bytes,
                              (const char *) archive->data + member->offset_bytes);
    }
  g_assert_cmpstr (found->str, ==, words);
}

static void
assert_refused (GByteArray *archive, KvmmTarError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) members = list (archive, &error);

  g_assert_null (members);
  g_assert_error (error, KVMM_TAR_ERROR, (int) code);
}

static void
test_files_are_found_where_they_lie (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  char header[512];

  add (archive, "./a.ovf", '0', "one");
  add (archive, "folder/", '5', "");
  add (archive, "old/", '\0', "");
  add (archive, "link", '2', "");
  add (archive, "b", '\0', "two");
  make_header (header, "c", '0', 5);
  g_strlcpy (header + 345, "far", 155);
  put_sum (header);
  append (archive, header, "three", 5);
  /* GNU's numbers. */
  make_header (header, "d", '0', 0);
  memset (header + 124, 0, 12);
  header[124] = (char) 0x80;
  header[135] = 4;
  put_sum (header);
  append (archive, header, "four", 4);
  assert_members (archive, "a.ovf=one b=two far/c=three d=four");
  end (archive);
  assert_members (archive, "a.ovf=one b=two far/c=three d=four");
}

static void
test_long_names_and_sizes_are_read (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  g_autofree char *name = g_strnfill (150, 'n');
  g_autofree char *record = g_strdup_printf ("160 path=%s\n", name);
  g_autofree char *words = g_strdup_printf ("%s=one %s=two after=three sized=ab", name, name);
  char header[512];

  add (archive, "././@LongLink", 'L', name);
  add (archive, "nnn", '0', "one");
  add (archive, "pax", 'x', record);
  add (archive, "nnn", '0', "two");
  add (archive, "global", 'g', "19 comment=nothing\n");
  add (archive, "after", '0', "three");
  add (archive, "pax", 'x', "9 size=2\n");
  make_header (header, "sized", '0', 0);
  append (archive, header, "ab", 2);
  assert_members (archive, words);
}

static void
test_what_is_no_archive_is_refused (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  static const char *const records[] = { "0 path=x\n", "99 path=x\n", "9 path=x",    "9path=xx\n",
                                         "7 path\n",   "x path=x\n",  "10 size=-1\n" };

  end (archive);
  assert_refused (archive, KVMM_TAR_ERROR_INVALID);
  g_byte_array_set_size (archive, 0);
  add (archive, "a", '0', "data");
  archive->data[3] ^= 1;
  assert_refused (archive, KVMM_TAR_ERROR_INVALID);
  g_byte_array_set_size (archive, 100);
  assert_refused (archive, KVMM_TAR_ERROR_TRUNCATED);
  for (gsize i = 0; i < G_N_ELEMENTS (records); i++)
    {
      g_byte_array_set_size (archive, 0);
      add (archive, "pax", 'x', records[i]);
      add (archive, "a", '0', "data");
      assert_refused (archive, KVMM_TAR_ERROR_INVALID);
    }
}

static void
test_what_is_not_whole_is_refused (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  char header[512];

  add (archive, "a", '0', "data");
  g_byte_array_set_size (archive, 516);
  assert_members (archive, "a=data");
  g_byte_array_set_size (archive, 515);
  assert_refused (archive, KVMM_TAR_ERROR_TRUNCATED);
  /* As large as a number can be. */
  g_byte_array_set_size (archive, 0);
  make_header (header, "a", '0', 0);
  memset (header + 124, 0xff, 12);
  memset (header + 124, 0, 4);
  header[124] = (char) 0x80;
  put_sum (header);
  append (archive, header, "data", 4);
  assert_refused (archive, KVMM_TAR_ERROR_TRUNCATED);
  header[127] = 1;
  put_sum (header);
  memcpy (archive->data, header, 512);
  assert_refused (archive, KVMM_TAR_ERROR_INVALID);
}

static void
test_holes_and_volumes_are_refused (void)
{
  static const char types[] = { 'S', 'M' };
  g_autoptr (GByteArray) archive = g_byte_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_byte_array_set_size (archive, 0);
      add (archive, "a", types[i], "data");
      assert_refused (archive, KVMM_TAR_ERROR_UNSUPPORTED);
    }
  g_byte_array_set_size (archive, 0);
  add (archive, "pax", 'x', "22 GNU.sparse.major=1\n");
  add (archive, "a", '0', "data");
  assert_refused (archive, KVMM_TAR_ERROR_UNSUPPORTED);
}

static void
test_limits_hold (void)
{
  g_autoptr (GByteArray) archive = g_byte_array_new ();
  g_autoptr (GPtrArray) members = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strnfill (KVMM_TAR_EXTRA_MAX, 'n');
  g_autofree char *longer = g_strconcat (name, "n", NULL);

  for (guint i = 0; i < KVMM_TAR_ENTRIES_MAX; i++)
    add (archive, "a", '0', "");
  members = list (archive, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (members->len, ==, KVMM_TAR_ENTRIES_MAX);
  add (archive, "a", '0', "");
  assert_refused (archive, KVMM_TAR_ERROR_UNSUPPORTED);
  g_byte_array_set_size (archive, 0);
  add (archive, "long", 'L', name);
  add (archive, "a", '0', "");
  g_clear_pointer (&members, g_ptr_array_unref);
  members = list (archive, &error);
  g_assert_no_error (error);
  g_byte_array_set_size (archive, 0);
  add (archive, "long", 'L', longer);
  add (archive, "a", '0', "");
  assert_refused (archive, KVMM_TAR_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/tar/files-are-found-where-they-lie", test_files_are_found_where_they_lie);
  g_test_add_func ("/util/tar/long-names-and-sizes-are-read", test_long_names_and_sizes_are_read);
  g_test_add_func ("/util/tar/what-is-no-archive-is-refused", test_what_is_no_archive_is_refused);
  g_test_add_func ("/util/tar/what-is-not-whole-is-refused", test_what_is_not_whole_is_refused);
  g_test_add_func ("/util/tar/holes-and-volumes-are-refused", test_holes_and_volumes_are_refused);
  g_test_add_func ("/util/tar/limits-hold", test_limits_hold);
  return g_test_run ();
}

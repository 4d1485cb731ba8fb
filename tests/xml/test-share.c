/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-share.h"

#define MACHINE(parts, devices)                                                                    \
  "<domain type='qemu'><name>web</name><memory unit='MiB'>64</memory><vcpu>2</vcpu>"               \
  "<os><type arch='x86_64' machine='q35'>hvm</type></os>" parts "<devices>" devices                \
  "</devices></domain>"
#define FOLDER(tag)                                                                                \
  "<filesystem type='mount'><source dir='/srv'/><target dir='" tag "'/></filesystem>"
#define CELLS(first, second)                                                                       \
  "<cpu><numa><cell id='0' cpus='0' memory='32' unit='MiB'" first                                  \
  "/><cell id='1' cpus='1' memory='32' unit='MiB'" second "/></numa></cpu>"
#define BACKING(more) "<memoryBacking>" more "</memoryBacking>"
#define SHARED "<access mode='shared'/>"

static void
test_a_name_is_made_of_the_folder (void)
{
  static const struct
  {
    const char *folder;
    const char *tag;
  } rows[] = {
    { "/home/me/Documents", "Documents" },
    { "/home/me/Documents/", "Documents" },
    { "/srv/my  folder & more", "my-folder-more" },
    { "/srv/.hidden", "hidden" },
    { "/srv/--o evil", "o-evil" },
    { "/srv/Müller", "M-ller" },
    { "/srv/日本", "share" },
    { "/srv/0123456789012345678901234567890123456789", "0123456789012345678901234567890" },
    { "/", "share" },
    { "", "share" },
    { "relative", "relative" },
    { "/srv/a\xff\xfe", "a" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *tag = kvmm_xml_share_dup_tag (rows[i].folder, NULL);

      g_assert_cmpstr (tag, ==, rows[i].tag);
      g_assert_cmpuint (strlen (tag), <=, KVMM_XML_SHARE_TAG_MAX_9P);
    }
}

static void
test_a_name_that_is_taken_gets_a_number (void)
{
  static const char xml[] =
      MACHINE ("", FOLDER ("docs") FOLDER ("docs-2") FOLDER ("0123456789012345678901234567890"));
  g_autofree char *docs = kvmm_xml_share_dup_tag ("/srv/docs", xml);
  g_autofree char *longest = kvmm_xml_share_dup_tag ("/srv/0123456789012345678901234567890", xml);
  g_autofree char *other = kvmm_xml_share_dup_tag ("/srv/docs", "no xml");

  g_assert_cmpstr (docs, ==, "docs-3");
  g_assert_cmpstr (longest, ==, "01234567890123456789012345678-2");
  g_assert_cmpstr (other, ==, "docs");
}

/* ---- in the guest ---- */

static void
test_lines_for_the_guest (void)
{
  static const struct
  {
    KvmmXmlShare share;
    const char *place;
    const char *command;
    const char *fstab;
  } rows[] = {
    { { (char *) "docs", NULL, TRUE, FALSE },
      "/mnt/docs",
      "mkdir -p /mnt/docs && mount -t virtiofs docs /mnt/docs",
      "docs /mnt/docs virtiofs rw,nofail 0 0" },
    { { (char *) "docs", NULL, TRUE, TRUE },
      "/mnt/docs",
      "mkdir -p /mnt/docs && mount -t virtiofs -r docs /mnt/docs",
      "docs /mnt/docs virtiofs ro,nofail 0 0" },
    { { (char *) "docs", NULL, FALSE, FALSE },
      "/mnt/docs",
      "mkdir -p /mnt/docs && mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 docs "
      "/mnt/docs",
      "docs /mnt/docs 9p rw,nofail,trans=virtio,version=9p2000.L,msize=262144 0 0" },
    /* A name that somebody else gave it; a shell reads neither of them as its own words. */
    { { (char *) "-o x;reboot", NULL, TRUE, FALSE },
      "/mnt/it's $(reboot)",
      "mkdir -p '/mnt/it'\\''s $(reboot)' && mount -t virtiofs -- '-o x;reboot' "
      "'/mnt/it'\\''s $(reboot)'",
      "-o\\040x;reboot /mnt/it's\\040$(reboot) virtiofs rw,nofail 0 0" },
    { { (char *) "#a\\b", NULL, TRUE, FALSE },
      "/mnt/a",
      "mkdir -p /mnt/a && mount -t virtiofs '#a\\b' /mnt/a",
      "\\043a\\134b /mnt/a virtiofs rw,nofail 0 0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *command = kvmm_xml_share_dup_command (&rows[i].share, rows[i].place);
      g_autofree char *fstab = kvmm_xml_share_dup_fstab (&rows[i].share, rows[i].place);

      g_assert_cmpstr (command, ==, rows[i].command);
      g_assert_cmpstr (fstab, ==, rows[i].fstab);
    }
}

/* A shell of this computer with a mount of the test's own says what a guest's would do. */
static void
test_a_shell_does_what_the_line_says (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kvmm-share-XXXXXX", NULL);
  g_autofree char *place = g_build_filename (folder, "it's $(touch x)", "deep", NULL);
  g_autofree char *fake = g_build_filename (folder, "mount", NULL);
  g_autofree char *path = g_strconcat (folder, ":", g_getenv ("PATH"), NULL);
  KvmmXmlShare share = { (char *) "-a b", NULL, TRUE, FALSE };
  g_autofree char *command = kvmm_xml_share_dup_command (&share, place);
  g_autofree char *expected = g_strdup_printf ("[-t][virtiofs][--][-a b][%s]", place);
  g_autofree char *output = NULL;
  const char *argv[] = { "/bin/sh", "-c", command, NULL };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "PATH", path, TRUE);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (fake, "#!/bin/sh\nprintf '[%s]' \"$@\"\n", -1, NULL));
  g_assert_cmpint (chmod (fake, 0755), ==, 0);
  g_spawn_sync (folder, (char **) argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL,
                NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (output, ==, expected);
  g_assert_true (g_file_test (place, G_FILE_TEST_IS_DIR));
}

static void
test_a_place_is_a_whole_path (void)
{
  static const char *const bad[] = { "", "mnt", "/", "//", "/mnt/a\nb", "/mnt/\xff", "~/a" };
  static const char *const good[] = { "/mnt/a", "/srv/ü b", "/a" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (kvmm_xml_share_check_place (good[i], NULL));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (kvmm_xml_share_check_place (bad[i], &error));
      g_assert_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE);
    }
}

static void
test_a_device_is_read (void)
{
  g_autoptr (KvmmXmlShare) share = kvmm_xml_share_parse (
      "<filesystem type='mount'><driver type='virtiofs'/><source dir='/srv'/><target dir='t'/>"
      "<readonly/></filesystem>");
  static const char *const none[] = {
    "<filesystem type='ram'><source usage='1'/><target dir='/t'/></filesystem>",
    "<filesystem type='mount'><source dir='/srv'/></filesystem>",
    "<filesystem type='mount'><target dir=''/></filesystem>",
    "<disk/>",
    "no xml",
  };

  g_assert_nonnull (share);
  g_assert_cmpstr (share->tag, ==, "t");
  g_assert_cmpstr (share->folder, ==, "/srv");
  g_assert_true (share->is_virtiofs);
  g_assert_true (share->is_read_only);
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_null (kvmm_xml_share_parse (none[i]));
}

/* ---- memory ---- */

static void
test_memory_is_shared_once (void)
{
  static const struct
  {
    const char *xml;
    gboolean is_shared;
    const char *source; /* afterwards */
    const char *access;
    const char *first_cell;
  } rows[] = {
    { MACHINE ("", ""), FALSE, "memfd", "shared", NULL },
    { MACHINE (BACKING (SHARED), ""), TRUE, NULL, "shared", NULL },
    { MACHINE (BACKING ("<source type='file'/>"), ""), FALSE, "file", "shared", NULL },
    { MACHINE (BACKING ("<hugepages/>"), ""), FALSE, NULL, "shared", NULL },
    { MACHINE (BACKING ("<access mode='private'/>"), ""), FALSE, "memfd", "shared", NULL },
    { MACHINE (CELLS (" memAccess='shared'", " memAccess='shared'"), ""), TRUE, NULL, NULL,
      "shared" },
    { MACHINE (CELLS (" memAccess='private'", ""), ""), FALSE, "memfd", "shared", "shared" },
    { MACHINE (BACKING (SHARED) CELLS (" memAccess='private'", ""), ""), FALSE, "memfd", "shared",
      "shared" },
    { MACHINE (BACKING (SHARED) CELLS ("", ""), ""), TRUE, NULL, "shared", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KvmmXmlEdit) edit = kvmm_xml_edit_open (rows[i].xml, NULL);
      g_autofree char *whole = NULL;
      g_autofree char *source = NULL;
      g_autofree char *access = NULL;
      g_autofree char *cell = NULL;

      g_test_message ("%s", rows[i].xml);
      g_assert_cmpint (kvmm_xml_share_has_memory (rows[i].xml), ==, rows[i].is_shared);
      g_assert_true (kvmm_xml_share_memory (edit, NULL));
      g_assert_cmpint (kvmm_xml_edit_has_changes (edit), ==, !rows[i].is_shared);
      whole = kvmm_xml_edit_dup_xml (edit);
      g_assert_true (kvmm_xml_share_has_memory (whole));
      source = kvmm_xml_edit_get (edit, "domain/memory", 0, "memoryBacking/source/@type");
      access = kvmm_xml_edit_get (edit, "domain/memory", 0, "memoryBacking/access/@mode");
      cell = kvmm_xml_edit_get (edit, "domain/cpu", 0, "cpu/numa/cell[1]/@memAccess");
      g_assert_cmpstr (source, ==, rows[i].source);
      g_assert_cmpstr (access, ==, rows[i].access);
      g_assert_cmpstr (cell, ==, rows[i].first_cell);
    }
  g_assert_false (kvmm_xml_share_has_memory ("no xml"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/xml/share/" path, func)
  ADD ("a-name-is-made-of-the-folder", test_a_name_is_made_of_the_folder);
  ADD ("a-name-that-is-taken-gets-a-number", test_a_name_that_is_taken_gets_a_number);
  ADD ("lines-for-the-guest", test_lines_for_the_guest);
  ADD ("a-shell-does-what-the-line-says", test_a_shell_does_what_the_line_says);
  ADD ("a-place-is-a-whole-path", test_a_place_is_a_whole_path);
  ADD ("a-device-is-read", test_a_device_is_read);
  ADD ("memory-is-shared-once", test_memory_is_shared_once);
#undef ADD
  return g_test_run ();
}

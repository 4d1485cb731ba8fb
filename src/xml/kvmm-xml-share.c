/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-share.h"

#include <glib/gi18n.h>
#include <limits.h>
#include <string.h>

#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-edit-private.h"

/* Bytes that mean nothing to a shell, to fstab and to any kernel's command line. */
#define PLAIN_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
#define PLAIN_PATH_BYTES PLAIN_BYTES "/+,=@%"
#define DEFAULT_TAG "share"
/* Larger requests than the 8 KiB that old kernels begin with. */
#define OPTIONS_9P "trans=virtio,version=9p2000.L,msize=262144"

void
kvmm_xml_share_free (KvmmXmlShare *self)
{
  if (self == NULL)
    return;
  g_free (self->tag);
  g_free (self->folder);
  g_free (self);
}

/* ---- what there is ---- */

KvmmXmlShare *
kvmm_xml_share_parse (const char *xml)
{
  g_autoptr (xmlDoc) document = NULL;
  const xmlNode *root;
  const char *tag;
  KvmmXmlShare *self;

  g_return_val_if_fail (xml != NULL, NULL);

  document = kvmm_xml_document_parse (xml, "filesystem", KVMM_XML_READ_DEFAULT, NULL);
  root = document != NULL ? xmlDocGetRootElement (document) : NULL;
  tag = kvmm_xml_node_attribute (kvmm_xml_node_child (root, "target"), "dir");
  if (tag == NULL || *tag == '\0' || !g_utf8_validate (tag, -1, NULL) ||
      kvmm_xml_node_attribute_is (root, "type", "ram") ||
      kvmm_xml_node_attribute_is (root, "type", "template"))
    return NULL;
  self = g_new0 (KvmmXmlShare, 1);
  self->tag = g_strdup (tag);
  self->folder = g_strdup (kvmm_xml_node_attribute (kvmm_xml_node_child (root, "source"), "dir"));
  self->is_virtiofs =
      kvmm_xml_node_attribute_is (kvmm_xml_node_child (root, "driver"), "type", "virtiofs");
  self->is_read_only = kvmm_xml_node_child (root, "readonly") != NULL;
  return self;
}

/* ---- names ---- */

/* A byte that is not plain becomes a hyphen, several of them one. */
static char *
dup_plain (const char *name)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  gsize first;

  for (const char *p = name; *p != '\0'; p++)
    {
      gboolean is_plain = strchr (PLAIN_BYTES, *p) != NULL;

      if (is_plain || (plain->len > 0 && plain->str[plain->len - 1] != '-'))
        g_string_append_c (plain, is_plain ? *p : '-');
    }
  g_string_truncate (plain, MIN (plain->len, KVMM_XML_SHARE_TAG_MAX_9P));
  while (plain->len > 0 && plain->str[plain->len - 1] == '-')
    g_string_truncate (plain, plain->len - 1);
  /* Neither an option nor a hidden file. */
  first = strspn (plain->str, "-._");
  return g_strdup (plain->str[first] != '\0' ? plain->str + first : DEFAULT_TAG);
}

static gboolean
is_taken (const xmlNode *domain, const char *tag)
{
  for (const xmlNode *node =
           kvmm_xml_node_child (kvmm_xml_node_child (domain, "devices"), "filesystem");
       node != NULL; node = kvmm_xml_node_next (node, "filesystem"))
    if (kvmm_xml_node_attribute_is (kvmm_xml_node_child (node, "target"), "dir", tag))
      return TRUE;
  return FALSE;
}

char *
kvmm_xml_share_dup_tag (const char *folder, const char *domain_xml)
{
  g_autoptr (xmlDoc) document = NULL;
  g_autofree char *base = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *tag = NULL;
  const xmlNode *domain;

  g_return_val_if_fail (folder != NULL, NULL);

  if (domain_xml != NULL)
    document = kvmm_xml_document_parse (domain_xml, "domain", KVMM_XML_READ_DEFAULT, NULL);
  domain = document != NULL ? xmlDocGetRootElement (document) : NULL;
  base = *folder != '\0' ? g_path_get_basename (folder) : g_strdup ("");
  plain = dup_plain (base);
  tag = g_strdup (plain);
  for (guint number = 2; is_taken (domain, tag); number++)
    {
      g_autofree char *suffix = g_strdup_printf ("-%u", number);

      g_free (tag);
      tag = g_strdup_printf ("%.*s%s", (int) (KVMM_XML_SHARE_TAG_MAX_9P - strlen (suffix)), plain,
                             suffix);
    }
  return g_steal_pointer (&tag);
}

/* ---- in the guest ---- */

gboolean
kvmm_xml_share_check_place (const char *place, GError **error)
{
  g_return_val_if_fail (place != NULL, FALSE);

  if (*place == '/' && place[strspn (place, "/")] != '\0' && strlen (place) < PATH_MAX &&
      kvmm_xml_text_is_writable (place) && strpbrk (place, "\n\t\r") == NULL)
    return TRUE;
  g_set_error_literal (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                       _ ("Name a folder of the guest by its whole path, as “/mnt/share”"));
  return FALSE;
}

static char *
dup_word (const char *text)
{
  return text[strspn (text, PLAIN_PATH_BYTES)] == '\0' ? g_strdup (text) : g_shell_quote (text);
}

char *
kvmm_xml_share_dup_command (const KvmmXmlShare *self, const char *place)
{
  g_autofree char *tag = NULL;
  g_autofree char *folder = NULL;

  g_return_val_if_fail (self != NULL && place != NULL, NULL);

  tag = dup_word (self->tag);
  folder = dup_word (place);
  return g_strdup_printf ("mkdir -p %s && mount -t %s%s%s%s %s", folder,
                          self->is_virtiofs ? "virtiofs " : "9p -o " OPTIONS_9P " ",
                          self->is_read_only ? "-r " : "", *self->tag == '-' ? "-- " : "", tag,
                          folder);
}

/* Blanks end a field, a backslash begins a byte's number, and a line that begins with # is none. */
static void
append_field (GString *line, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (strchr (" \t\n\r\\#", *p) != NULL)
      g_string_append_printf (line, "\\%03o", (guint) *p);
    else
      g_string_append_c (line, *p);
}

/* A machine that lost the device starts all the same. */
char *
kvmm_xml_share_dup_fstab (const KvmmXmlShare *self, const char *place)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_return_val_if_fail (self != NULL && place != NULL, NULL);

  append_field (line, self->tag);
  g_string_append_c (line, ' ');
  append_field (line, place);
  g_string_append_printf (line, " %s %s,nofail%s 0 0", self->is_virtiofs ? "virtiofs" : "9p",
                          self->is_read_only ? "ro" : "rw",
                          self->is_virtiofs ? "" : "," OPTIONS_9P);
  return g_strdup (line->str);
}

/* ---- memory ---- */

/* What a cell does not say, the machine says for it. */
static gboolean
shares_memory (const xmlNode *domain)
{
  const xmlNode *access =
      kvmm_xml_node_child (kvmm_xml_node_child (domain, "memoryBacking"), "access");
  const xmlNode *numa = kvmm_xml_node_child (kvmm_xml_node_child (domain, "cpu"), "numa");
  const xmlNode *cell = kvmm_xml_node_child (numa, "cell");
  gboolean is_shared = kvmm_xml_node_attribute_is (access, "mode", "shared");

  if (cell == NULL)
    return is_shared;
  for (; cell != NULL; cell = kvmm_xml_node_next (cell, "cell"))
    {
      const char *own = kvmm_xml_node_attribute (cell, "memAccess");

      if (own != NULL ? strcmp (own, "shared") != 0 : !is_shared)
        return FALSE;
    }
  return TRUE;
}

gboolean
kvmm_xml_share_has_memory (const char *domain_xml)
{
  g_autoptr (xmlDoc) document = NULL;

  g_return_val_if_fail (domain_xml != NULL, FALSE);

  document = kvmm_xml_document_parse (domain_xml, "domain", KVMM_XML_READ_DEFAULT, NULL);
  return document != NULL && shares_memory (xmlDocGetRootElement (document));
}

/* A cell that keeps its memory for itself would keep the device away. */
static gboolean
share_cells (KvmmXmlEdit *edit, GError **error)
{
  const xmlNode *cpu = kvmm_xml_node_child (kvmm_xml_edit_root (edit), "cpu");
  guint number = 1;

  for (const xmlNode *cell = kvmm_xml_node_child (kvmm_xml_node_child (cpu, "numa"), "cell");
       cell != NULL; cell = kvmm_xml_node_next (cell, "cell"), number++)
    {
      g_autofree char *path = g_strdup_printf ("cpu/numa/cell[%u]/@memAccess", number);

      if (kvmm_xml_node_attribute (cell, "memAccess") != NULL &&
          !kvmm_xml_edit_set (edit, "domain/cpu", 0, path, "shared", error))
        return FALSE;
    }
  return TRUE;
}

gboolean
kvmm_xml_share_memory (KvmmXmlEdit *edit, GError **error)
{
  g_autofree char *huge = NULL;
  g_autofree char *source = NULL;

  g_return_val_if_fail (edit != NULL, FALSE);

  if (shares_memory (kvmm_xml_edit_root (edit)))
    return TRUE;
  huge = kvmm_xml_edit_get (edit, "domain/memory", 0, "memoryBacking/hugepages");
  source = kvmm_xml_edit_get (edit, "domain/memory", 0, "memoryBacking/source/@type");
  /* Huge pages are a source of their own. */
  if (huge == NULL && source == NULL &&
      !kvmm_xml_edit_set (edit, "domain/memory", 0, "memoryBacking/source/@type", "memfd", error))
    return FALSE;
  return kvmm_xml_edit_set (edit, "domain/memory", 0, "memoryBacking/access/@mode", "shared",
                            error) &&
         share_cells (edit, error);
}

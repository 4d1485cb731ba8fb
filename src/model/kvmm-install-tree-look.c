/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <osinfo/osinfo.h>
#include <string.h>

#include "model/kvmm-install-tree-private.h"
#include "util/kvmm-guest-text.h"

/* Where in a tree the kernel of its installer lies, and what it is. */

/* Of a release's description the first lines say which it is; lists of many files follow. */
#define RELEASE_BYTES 4096
#define DEBIAN_PART "/main/installer-"

void
kvmm_install_tree_look_free (KvmmInstallTreeLook *self)
{
  if (self == NULL)
    return;
  kvmm_install_tree_free (self->tree);
  g_free (self->info);
  g_free (self->short_id);
  g_free (self);
}

static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_NOT_FOUND);
}

/* ---- trees that describe themselves ---- */

/* A file inside of the tree. Who wrote the description is not known: it must not send one to
 * another place. */
static char *
build_file_url (const char *tree, const char *path, GError **error)
{
  g_autofree char *plain = path != NULL ? g_uri_unescape_string (path, NULL) : NULL;
  g_auto (GStrv) parts = g_strsplit (plain != NULL ? plain : "..", "/", -1);
  g_autofree char *url = g_strconcat (tree, path, NULL);
  g_autofree char *shown = NULL;

  if (plain != NULL && *plain != '\0' && *plain != '/' && strpbrk (plain, ":\\?#") == NULL &&
      !g_strv_contains ((const char *const *) parts, "..") && kvmm_http_check_url (url, NULL))
    return g_steal_pointer (&url);
  shown = kvmm_guest_text_sanitise (path, -1);
  if (path == NULL || *path == '\0')
    g_set_error (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID,
                 _ ("The .treeinfo of “%s” names no kernel with an initial RAM disk. Give the "
                    "address of the tree with the installer."),
                 tree);
  else
    g_set_error (
        error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID,
        _ ("The tree's .treeinfo names “%s” as a file of the installer, which is not inside "
           "of the tree. Choose another mirror."),
        shown);
  return NULL;
}

/* Returns: (transfer full) (nullable): of "[checksums] images/pxeboot/vmlinuz = sha256:…" */
static char *
read_sha256 (GKeyFile *file, const char *path)
{
  g_autofree char *value = g_key_file_get_string (file, "checksums", path, NULL);

  return value != NULL && g_str_has_prefix (value, "sha256:") ? g_strdup (value + 7) : NULL;
}

static gboolean
take_info (KvmmInstallTreeLook *self, GError **error)
{
  KvmmInstallTree *tree = self->tree;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) failure = NULL;
  g_autoptr (OsinfoTree) read = osinfo_tree_create_from_treeinfo (self->info, tree->url, &failure);
  const char *family, *version;
  g_autofree char *name = NULL;

  if (read == NULL || !g_key_file_load_from_data (file, self->info, (gsize) -1, 0, &failure))
    {
      g_set_error (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_INVALID,
                   _ ("The .treeinfo of “%s” cannot be read: %s"), tree->url, failure->message);
      return FALSE;
    }
  family = osinfo_tree_get_treeinfo_family (read);
  version = osinfo_tree_get_treeinfo_version (read);
  name = g_strdup_printf ("%s %s", family != NULL ? family : "", version != NULL ? version : "");
  tree->name = kvmm_guest_text_sanitise (name, -1);
  tree->arch = kvmm_guest_text_sanitise (osinfo_tree_get_treeinfo_arch (read), -1);
  tree->kind = family != NULL && (strstr (family, "SUSE") != NULL || strstr (family, "SLE") != NULL)
                   ? KVMM_INSTALL_TREE_SUSE
                   : KVMM_INSTALL_TREE_REPO;
  tree->kernel_url = build_file_url (tree->url, osinfo_tree_get_kernel_path (read), error);
  if (tree->kernel_url == NULL)
    return FALSE;
  tree->initrd_url = build_file_url (tree->url, osinfo_tree_get_initrd_path (read), error);
  tree->kernel_sha256 = read_sha256 (file, osinfo_tree_get_kernel_path (read));
  if (tree->initrd_url != NULL)
    tree->initrd_sha256 = read_sha256 (file, osinfo_tree_get_initrd_path (read));
  return tree->initrd_url != NULL;
}

/* Returns: %TRUE with info, or without when there is none */
static gboolean
read_info (KvmmInstallTreeLook *self, KvmmHttp *http, GCancellable *cancellable, GError **error)
{
  static const char *const names[] = { ".treeinfo", "treeinfo" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *url = g_strconcat (self->tree->url, names[i], NULL);
      g_autoptr (GError) failure = NULL;
      gsize size = 0;

      self->info = kvmm_http_read (http, url, KVMM_INSTALL_TREE_INFO_MAX, FALSE, &size, cancellable,
                                   &failure);
      if (self->info != NULL)
        return TRUE;
      /* Some servers forbid all files with a dot, instead of saying that there is none. */
      if (!is_missing (failure) &&
          !g_error_matches (failure, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REFUSED))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- trees that are known by where their files lie ---- */

static const struct
{
  const char *folder;
  const char *kernel;
  const char *initrd;
  KvmmInstallTreeKind kind;
} layouts[] = {
  { "main/installer-amd64/current/images/netboot/debian-installer/amd64/", "linux", "initrd.gz",
    KVMM_INSTALL_TREE_DEBIAN },
  { "main/installer-amd64/current/images/netboot/ubuntu-installer/amd64/", "linux", "initrd.gz",
    KVMM_INSTALL_TREE_DEBIAN },
  { "main/installer-amd64/current/legacy-images/netboot/ubuntu-installer/amd64/", "linux",
    "initrd.gz", KVMM_INSTALL_TREE_DEBIAN },
  { "boot/x86_64/loader/", "linux", "initrd", KVMM_INSTALL_TREE_SUSE },
  /* From an installer's folder on. */
  { "", "linux", "initrd.gz", KVMM_INSTALL_TREE_DEBIAN },
  { "debian-installer/amd64/", "linux", "initrd.gz", KVMM_INSTALL_TREE_DEBIAN },
  { "ubuntu-installer/amd64/", "linux", "initrd.gz", KVMM_INSTALL_TREE_DEBIAN },
  { "netboot/debian-installer/amd64/", "linux", "initrd.gz", KVMM_INSTALL_TREE_DEBIAN },
  { "images/netboot/debian-installer/amd64/", "linux", "initrd.gz", KVMM_INSTALL_TREE_DEBIAN },
  { "current/images/netboot/debian-installer/amd64/", "linux", "initrd.gz",
    KVMM_INSTALL_TREE_DEBIAN },
};

static gboolean
find_layout (KvmmInstallTreeLook *self, KvmmHttp *http, GCancellable *cancellable, GError **error)
{
  KvmmInstallTree *tree = self->tree;

  for (gsize i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      g_autofree char *url = g_strconcat (tree->url, layouts[i].folder, layouts[i].kernel, NULL);
      g_autoptr (GError) failure = NULL;
      guint64 size = 0;

      if (kvmm_http_probe (http, url, KVMM_INSTALL_TREE_KERNEL_MAX, &size, cancellable, &failure))
        {
          tree->kind = layouts[i].kind;
          tree->arch = g_strdup ("x86_64");
          tree->kernel_url = g_steal_pointer (&url);
          tree->initrd_url = g_strconcat (tree->url, layouts[i].folder, layouts[i].initrd, NULL);
          return TRUE;
        }
      if (!is_missing (failure))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }
  g_set_error (error, KVMM_INSTALL_TREE_ERROR, KVMM_INSTALL_TREE_ERROR_UNKNOWN,
               _ ("There is no installer at “%s”: neither a .treeinfo nor the folders of Debian, "
                  "Ubuntu or openSUSE for x86_64. Give the folder that has them, such as "
                  "https://deb.debian.org/debian/dists/stable/."),
               tree->url);
  return FALSE;
}

/* Returns: (transfer full) (nullable): the first lines, as far as they are text */
static char *
read_lines (KvmmHttp *http, const char *folder, const char *name, GCancellable *cancellable)
{
  g_autofree char *url = g_strconcat (folder, name, NULL);
  gsize size = 0;

  /* What cannot be read leaves the system unknown, and nothing else. */
  return kvmm_http_read (http, url, RELEASE_BYTES, TRUE, &size, cancellable, NULL);
}

/* Returns: (transfer full) (nullable): of "Origin: Debian" */
static char *
get_line (const char *text, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", 64);

  for (gsize i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], key) && lines[i][strlen (key)] == ':')
      return kvmm_guest_text_sanitise (lines[i] + strlen (key) + 1, -1);
  return NULL;
}

/* The folder of the suite: that of an installer lies inside of it. */
static void
identify_debian (KvmmInstallTreeLook *self, KvmmHttp *http, GCancellable *cancellable)
{
  const char *part = strstr (self->tree->url, DEBIAN_PART);
  g_autofree char *suite = part != NULL
                               ? g_strndup (self->tree->url, (gsize) (part + 1 - self->tree->url))
                               : g_strdup (self->tree->url);
  g_autofree char *text = read_lines (http, suite, "Release", cancellable);
  g_autofree char *origin = text != NULL ? get_line (text, "Origin") : NULL;
  g_autofree char *version = text != NULL ? get_line (text, "Version") : NULL;
  g_autofree char *codename = text != NULL ? get_line (text, "Codename") : NULL;
  gboolean is_debian = g_strcmp0 (origin, "Debian") == 0;
  char *point;

  if (!is_debian && g_strcmp0 (origin, "Ubuntu") != 0)
    return;
  if (is_debian && version != NULL && (point = strchr (version, '.')) != NULL)
    *point = '\0';
  self->tree->name = g_strdup_printf ("%s %s", origin,
                                      version != NULL    ? version
                                      : codename != NULL ? codename
                                                         : "");
  self->short_id = g_strdup_printf ("%s%s", is_debian ? "debian" : "ubuntu",
                                    version != NULL ? version : "testing");
}

/* "/ openSUSE-Leap 15.5-1": what SUSE's media say. */
static void
identify_suse (KvmmInstallTreeLook *self, KvmmHttp *http, GCancellable *cancellable)
{
  g_autofree char *text = read_lines (http, self->tree->url, "media.1/products", cancellable);
  g_autoptr (GRegex) regex = NULL;
  g_autoptr (GMatchInfo) match = NULL;

  if (text == NULL || !g_utf8_validate (text, -1, NULL))
    return;
  if (strstr (text, "Tumbleweed") != NULL)
    {
      self->tree->name = g_strdup ("openSUSE Tumbleweed");
      self->short_id = g_strdup ("opensusetumbleweed");
      return;
    }
  regex = g_regex_new ("Leap[- ]([0-9]{2}\\.[0-9])", 0, 0, NULL);
  if (g_regex_match (regex, text, 0, &match))
    {
      g_autofree char *version = g_match_info_fetch (match, 1);

      self->tree->name = g_strdup_printf ("openSUSE Leap %s", version);
      self->short_id = g_strdup_printf ("opensuse%s", version);
    }
}

/* ---- all of it ---- */

static gboolean
probe (KvmmInstallTreeLook *self, KvmmHttp *http, GCancellable *cancellable, GError **error)
{
  KvmmInstallTree *tree = self->tree;

  return kvmm_http_probe (http, tree->kernel_url, KVMM_INSTALL_TREE_KERNEL_MAX, &tree->kernel_bytes,
                          cancellable, error) &&
         kvmm_http_probe (http, tree->initrd_url, KVMM_INSTALL_TREE_INITRD_MAX, &tree->initrd_bytes,
                          cancellable, error);
}

KvmmInstallTreeLook *
kvmm_install_tree_look (KvmmHttp *http, const char *url, GCancellable *cancellable, GError **error)
{
  g_autoptr (KvmmInstallTreeLook) self = g_new0 (KvmmInstallTreeLook, 1);

  self->tree = g_new0 (KvmmInstallTree, 1);
  self->tree->url = g_strconcat (url, g_str_has_suffix (url, "/") ? "" : "/", NULL);
  if (!kvmm_http_check_url (self->tree->url, error) ||
      !read_info (self, http, cancellable, error) ||
      !(self->info != NULL ? take_info (self, error)
                           : find_layout (self, http, cancellable, error)) ||
      !probe (self, http, cancellable, error))
    return NULL;
  if (self->info == NULL && self->tree->kind == KVMM_INSTALL_TREE_DEBIAN)
    identify_debian (self, http, cancellable);
  else if (self->info == NULL)
    identify_suse (self, http, cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

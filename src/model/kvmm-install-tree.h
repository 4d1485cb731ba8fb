/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-http.h"
#include "model/kvmm-os-catalog.h"

G_BEGIN_DECLS

/* A folder of a web server from which a system installs itself: the kernel and the initial RAM disk
 * of its installer, and what that is told. Main thread only, but for what says otherwise. */

/* More than any installer has: Fedora's are 18 and 180 MiB. */
#define KVMM_INSTALL_TREE_KERNEL_MAX (G_GUINT64_CONSTANT (64) << 20)
#define KVMM_INSTALL_TREE_INITRD_MAX (G_GUINT64_CONSTANT (512) << 20)
#define KVMM_INSTALL_TREE_INFO_MAX (64 * 1024)
/* What x86 takes, less a zero byte. */
#define KVMM_INSTALL_TREE_ARGUMENTS_MAX 2047

typedef enum
{
  KVMM_INSTALL_TREE_REPO,   /* Fedora and its family: the installer is told the tree */
  KVMM_INSTALL_TREE_SUSE,   /* the same in another word */
  KVMM_INSTALL_TREE_DEBIAN, /* the installer asks for a mirror */
} KvmmInstallTreeKind;

typedef enum
{
  KVMM_INSTALL_TREE_ERROR_UNKNOWN, /* no installer is where one would be */
  KVMM_INSTALL_TREE_ERROR_INVALID, /* what the tree says of itself is not to be followed */
} KvmmInstallTreeError;
#define KVMM_INSTALL_TREE_ERROR (kvmm_install_tree_error_quark ())
GQuark kvmm_install_tree_error_quark (void);

/* All strings are (owned). */
typedef struct
{
  char *url; /* of the tree, with a slash at its end */
  KvmmInstallTreeKind kind;
  char *arch; /* as libvirt says it: "x86_64" */
  char *kernel_url;
  char *initrd_url;
  guint64 kernel_bytes; /* 0: the server does not tell */
  guint64 initrd_bytes;
  char *kernel_sha256; /* (nullable) */
  char *initrd_sha256; /* (nullable) */
  char *name;          /* (nullable) what it calls itself, sanitised */
  char *os_id;         /* (nullable) libosinfo's */
} KvmmInstallTree;
KvmmInstallTree *kvmm_install_tree_copy (const KvmmInstallTree *self);
void kvmm_install_tree_free (KvmmInstallTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmInstallTree, kvmm_install_tree_free)

/** kvmm_install_tree_find_async: @url: of the tree, or of an installer's own folder */
void kvmm_install_tree_find_async (KvmmOsCatalog *catalog,
                                   const char *url,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/** kvmm_install_tree_find_finish: Returns: (transfer full): %NULL with KVMM_INSTALL_TREE_ERROR,
 * KVMM_HTTP_ERROR, G_IO_ERROR_CANCELLED */
KvmmInstallTree *kvmm_install_tree_find_finish (GAsyncResult *result, GError **error);

/** kvmm_install_tree_build_arguments: Any thread. @more: (nullable): a person's words. Returns:
 * (transfer full): the kernel's command line, "" for none; %NULL with
 * KVMM_INSTALL_TREE_ERROR_INVALID */
char *
kvmm_install_tree_build_arguments (const KvmmInstallTree *self, const char *more, GError **error);

/** kvmm_install_tree_download: worker: see kvmm_http_download(); looks at whether it is a kernel */
int kvmm_install_tree_download (const KvmmInstallTree *self,
                                KvmmHttp *http,
                                gboolean is_kernel,
                                guint64 *size_bytes,
                                KvmmHttpProgressFunc progress,
                                gpointer progress_data,
                                GCancellable *cancellable,
                                GError **error);

G_END_DECLS

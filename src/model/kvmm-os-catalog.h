/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The operating systems that libosinfo knows, and what each wants. Main thread only; the database
 * (some 10 MB of files, about a second) is read and asked on a thread of its own. */

#define KVMM_TYPE_OS_CATALOG (kvmm_os_catalog_get_type ())
G_DECLARE_FINAL_TYPE (KvmmOsCatalog, kvmm_os_catalog, KVMM, OS_CATALOG, GObject)

/* One system. A boxed value, so that a list can show it. */
typedef struct
{
  char *id;              /* libosinfo's: "http://debian.org/debian/12" */
  char *name;            /* "Debian 12" */
  char *released;        /* "2023-06-10", "" when not known */
  gboolean is_supported; /* by who made it, as of today */
} KvmmOs;
KvmmOs *kvmm_os_copy (const KvmmOs *self);
void kvmm_os_free (KvmmOs *self);

typedef struct
{
  guint64 memory_bytes; /* recommended, else twice the minimum */
  guint64 least_memory_bytes;
  guint64 disk_bytes;
  guint vcpus;
  gboolean is_windows;
  gboolean has_virtio;   /* drivers for virtio disks and networks come with it */
  gboolean wants_uefi;   /* it boots from UEFI, and from nothing else, or is of a time when that is
                            usual */
  gboolean wants_secure; /* with secure boot and a TPM */
} KvmmOsNeeds;

/* For systems that nobody knows anything about. */
#define KVMM_OS_DEFAULT_MEMORY_BYTES (G_GUINT64_CONSTANT (2) << 30)
#define KVMM_OS_DEFAULT_DISK_BYTES (G_GUINT64_CONSTANT (20) << 30)
#define KVMM_OS_DEFAULT_VCPUS 2

KvmmOsCatalog *kvmm_os_catalog_new (void);

/** kvmm_os_catalog_list_async: the systems, those of today first, by name */
void kvmm_os_catalog_list_async (KvmmOsCatalog *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/** kvmm_os_catalog_list_finish: Returns: (transfer full) (element-type KvmmOs): empty when there is
 * no database */
GPtrArray *kvmm_os_catalog_list_finish (KvmmOsCatalog *self, GAsyncResult *result, GError **error);

/** kvmm_os_catalog_detect_async: @path: an ISO on this computer */
void kvmm_os_catalog_detect_async (KvmmOsCatalog *self,
                                   const char *path,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/** kvmm_os_catalog_detect_finish: Returns: (transfer full) (nullable): the id of the system on it;
 * %NULL without @error when nobody knows it, with @error when the file cannot be read */
char *kvmm_os_catalog_detect_finish (KvmmOsCatalog *self, GAsyncResult *result, GError **error);

/** kvmm_os_catalog_identify_tree_async: @info: (nullable): the .treeinfo of an installation tree;
 * @short_id: (nullable): libosinfo's word for the system, for a tree that has none */
void kvmm_os_catalog_identify_tree_async (KvmmOsCatalog *self,
                                          const char *info,
                                          const char *url,
                                          const char *short_id,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
/** kvmm_os_catalog_identify_tree_finish: Returns: (transfer full) (nullable): the id of the system;
 * %NULL without @error when nobody knows it */
char *
kvmm_os_catalog_identify_tree_finish (KvmmOsCatalog *self, GAsyncResult *result, GError **error);

/** kvmm_os_catalog_describe_async: @id: (nullable): %NULL or one that is not known gives the
 * defaults */
void kvmm_os_catalog_describe_async (KvmmOsCatalog *self,
                                     const char *id,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
/** kvmm_os_catalog_describe_finish: @needs: (out caller-allocates) */
gboolean kvmm_os_catalog_describe_finish (KvmmOsCatalog *self,
                                          GAsyncResult *result,
                                          KvmmOsNeeds *needs,
                                          GError **error);

G_END_DECLS

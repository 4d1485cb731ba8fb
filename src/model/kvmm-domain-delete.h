/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"
#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Deleting a machine, with what belongs to it alone; and defining one. Main thread only. */

typedef struct
{
  char *target; /* "vda"; "nvram" for the firmware's settings (sanitised) */
  char *path;   /* (nullable) as it stands in the definition: sanitise it to show it */
  char *pool;   /* (nullable) to delete it by; %NULL: libvirt cannot */
  char *volume; /* (nullable) */
  char *reason; /* (nullable) translated: why it had better stay, or cannot be deleted */
  gboolean can_delete;
  gboolean is_proposed; /* belongs to this machine alone and is nothing that is only read */
  gboolean is_selected; /* what a person decided; at first is_proposed for firmware settings, for
                           what cloud-init was told, which carries a password's hash, and for what
                           was made for a machine that was never started */
} KvmmDeletionItem;

typedef struct
{
  GPtrArray *items; /* (element-type KvmmDeletionItem) (owned) */
  guint n_snapshots;
  gboolean has_managed_save;
} KvmmDeletion;
void kvmm_deletion_free (KvmmDeletion *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmDeletion, kvmm_deletion_free)

/** kvmm_domain_plan_deletion_async: looks at the storage of this machine and of all others; finish
 * returns: (transfer full): nothing of it is done yet */
void kvmm_domain_plan_deletion_async (KvmmDomain *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
KvmmDeletion *
kvmm_domain_plan_deletion_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/* What was deleted, for taking it back. */
typedef struct
{
  char *name;
  char *xml;       /* with its passwords */
  GPtrArray *left; /* (element-type utf8) (owned) sentences: storage that could not be deleted */
} KvmmDeleted;
void kvmm_deleted_free (KvmmDeleted *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmDeleted, kvmm_deleted_free)

/**
 * kvmm_domain_delete_async:
 * @plan: a copy is taken; what is selected in it goes, each looked at once more
 *
 * The definition goes first, with the saved state and what is known of snapshots; then the storage.
 * Fails with INVALID_STATE while the machine runs. Storage that cannot be deleted is no failure.
 */
void kvmm_domain_delete_async (KvmmDomain *self,
                               const KvmmDeletion *plan,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
KvmmDeleted *kvmm_domain_delete_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/**
 * kvmm_connection_define_async:
 * @xml: a `<domain>` document: of a file, or of a KvmmDeleted
 * @validate: ask libvirt's schema first
 * @replace: %FALSE: refuse when there is a machine of its uuid or name
 *
 * finish returns: (transfer full): the machine's uuid
 */
void kvmm_connection_define_async (KvmmConnection *self,
                                   const char *xml,
                                   gboolean validate,
                                   gboolean replace,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
char *kvmm_connection_define_finish (KvmmConnection *self, GAsyncResult *result, GError **error);

G_END_DECLS

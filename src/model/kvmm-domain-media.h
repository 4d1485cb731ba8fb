/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"
#include "model/kvmm-drive-media.h"

G_BEGIN_DECLS

/* Discs and floppies put into a machine's drives, and taken out. Main thread only. */

/* An image in a storage pool of the machine's host. */
typedef struct
{
  char *pool; /* made inert */
  char *name; /* made inert */
  char *path; /* on the host, as it is there */
  guint64 size_bytes;
} KvmmDisc;
void kvmm_disc_free (KvmmDisc *self);

/* Most images listed. */
#define KVMM_DISCS_MAX 1000

/**
 * kvmm_domain_list_discs_async:
 * @is_floppy: images of floppies, not of discs
 *
 * Looks anew at the storage pools of the host that run. finish returns: (transfer full)
 * (element-type KvmmDisc): by name; fails with KVMM_VIRT_ERROR_UNSUPPORTED when the host has no
 * storage pools
 */
void kvmm_domain_list_discs_async (KvmmDomain *self,
                                   gboolean is_floppy,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
GPtrArray *kvmm_domain_list_discs_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_is_on_this_computer: whether a path of this computer means the same on the machine's
 * host */
gboolean kvmm_domain_is_on_this_computer (KvmmDomain *self);

/* How a medium was changed. */
typedef struct
{
  gboolean is_live; /* the running machine has it */
  char *warning;    /* (nullable) translated: why the next start will not have it, and the cure */
} KvmmMediumChange;
void kvmm_medium_change_free (KvmmMediumChange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmMediumChange, kvmm_medium_change_free)

/**
 * kvmm_domain_change_medium_async:
 * @target: of a CD or floppy drive, "sda"
 * @path: (nullable): absolute, of the host; %NULL ejects
 * @is_forced: opens a tray that the guest keeps locked
 *
 * In the running machine, and for its next start. Errors: KVMM_DRIVE_ERROR (TRAY_LOCKED after a
 * wait of 5 s, NO_DRIVE, NOT_USABLE), KVMM_VIRT_ERROR; what the running machine refuses is not
 * stored either. Cancelling detaches.
 */
void kvmm_domain_change_medium_async (KvmmDomain *self,
                                      const char *target,
                                      const char *path,
                                      gboolean is_forced,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
KvmmMediumChange *
kvmm_domain_change_medium_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

G_END_DECLS

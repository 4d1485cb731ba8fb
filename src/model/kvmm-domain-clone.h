/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* Copying a machine. Main thread only. */

/* What becomes of a disk. */
typedef enum
{
  KVMM_CLONE_COPY,    /* the copy gets one of its own */
  KVMM_CLONE_LINK,    /* the copy gets one that holds only what differs, and reads the rest here */
  KVMM_CLONE_SHARE,   /* both machines name it */
  KVMM_CLONE_OMIT,    /* the copy has an empty drive, or no such disk */
  KVMM_CLONE_RENEW,   /* firmware settings only: the copy starts with fresh ones */
  KVMM_CLONE_REFUSED, /* it cannot be copied, and so the machine cannot */
  KVMM_CLONE_N_FATES
} KvmmCloneFate;

typedef struct
{
  char *target;       /* "vda" as it stands in the definition: sanitise it to show it */
  char *source;       /* "pool/volume", else the path (sanitised) */
  guint64 size_bytes; /* of what is copied */
  KvmmCloneFate fate; /* what a person decided; at first what is proposed */
  gboolean can[KVMM_CLONE_N_FATES]; /* what fate may be set to */
  gboolean is_drive;                /* for discs or floppies */
  gboolean is_firmware;             /* its settings */
  char *reason;                     /* (nullable) why it cannot be copied: a sentence */
  char *link_reason;                /* (nullable) why it cannot have a linked copy: a sentence */
} KvmmCloneItem;

typedef struct
{
  GPtrArray *items; /* (element-type KvmmCloneItem) (owned) in document order */
  gboolean has_tpm; /* which is new and empty in the copy */
  char *reason;     /* (nullable) why the machine as a whole cannot be cloned */
} KvmmClonePlan;
void kvmm_clone_plan_free (KvmmClonePlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmClonePlan, kvmm_clone_plan_free)

/** kvmm_domain_plan_clone_async: what kvmm_domain_clone_async() would do with the disks; nothing is
 * done, and the machine may run */
void kvmm_domain_plan_clone_async (KvmmDomain *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
KvmmClonePlan *
kvmm_domain_plan_clone_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/* How far the copy of one disk is. */
typedef struct
{
  const char *target; /* (sanitised) */
  guint position;     /* among those that are copied, from 1 */
  guint n_disks;
  guint64 done_bytes;
  guint64 total_bytes; /* 0 when nobody knows */
} KvmmCloneProgress;
typedef void (*KvmmCloneProgressFunc) (const KvmmCloneProgress *progress, gpointer user_data);

/**
 * kvmm_domain_clone_async:
 * @name: of the copy
 * @plan: (nullable): what a person decided; %NULL, and disks that are new since: what is proposed
 *
 * @progress: (nullable): called with @progress_data, never behind @callback, when a disk is begun
 * and as it grows
 *
 * Main thread only. Makes a copy of a stopped machine. Proposed is: each disk that it writes to is
 * copied whole into the pool it lies in; discs, read-only and shareable disks are named by both; a
 * floppy is left out. The firmware's settings are copied where libvirt can, and fresh
 * elsewhere. Fails with INVALID_STATE
 * while the machine runs or has a saved state, IN_USE when the name or a volume's name is taken,
 * UNSUPPORTED for a disk that cannot be copied or linked. A failed or cancelled call leaves no
 * volume and no definition; cancelling takes effect behind the disk that is being copied, and the
 * call returns when what was made is gone; where it came too late, the copy is there and the call
 * succeeds. After a linked copy the disk of the machine must not change any more.
 *
 * finish returns: (transfer full): the copy's uuid
 */
void kvmm_domain_clone_async (KvmmDomain *self,
                              const char *name,
                              const KvmmClonePlan *plan,
                              KvmmCloneProgressFunc progress,
                              gpointer progress_data,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
char *kvmm_domain_clone_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

G_END_DECLS

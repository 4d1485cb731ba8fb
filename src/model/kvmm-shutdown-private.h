/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-guest.h"
#include "model/kvmm-shutdown.h"

G_BEGIN_DECLS

/* How a KvmmDomain, or a test, runs a KvmmShutdown. Main thread only. */

typedef enum
{
  KVMM_SHUTDOWN_WAY_QGA,
  KVMM_SHUTDOWN_WAY_BUTTON,
} KvmmShutdownWay;

/* What it asks of the world outside it. */
typedef struct
{
  /** get_agent: Returns: (transfer none) (nullable): our agent, when it is there */
  KvmmAgentClient *(*get_agent) (gpointer target);
  /** has_qga: Returns: whether a QEMU guest agent is connected */
  gboolean (*has_qga) (gpointer target);
  /** ask_async: through libvirt; completes when it was handed on */
  void (*ask_async) (gpointer target,
                     KvmmShutdownWay way,
                     gboolean restart,
                     GAsyncReadyCallback callback,
                     gpointer user_data);
  gboolean (*ask_finish) (gpointer target, GAsyncResult *result, GError **error);
} KvmmShutdownBackend;

/* In milliseconds. */
typedef struct
{
  guint answer;  /* for the answer of whoever was asked */
  guint reacts;  /* for the machine, after somebody said yes */
  guint unknown; /* for the machine, after somebody said nothing */
  guint tick;    /* the text counts down */
} KvmmShutdownIntervals;
extern const KvmmShutdownIntervals kvmm_shutdown_default_intervals;

/**
 * kvmm_shutdown_new:
 * @target: (unowned): of @backend; outlives what is under way, or calls kvmm_shutdown_cancel()
 *
 * Returns: (transfer full): kvmm_shutdown_start() begins
 */
KvmmShutdown *kvmm_shutdown_new (const KvmmShutdownBackend *backend,
                                 gpointer target,
                                 const KvmmShutdownIntervals *intervals,
                                 gboolean restart);
void kvmm_shutdown_start (KvmmShutdown *self);

/** kvmm_shutdown_machine_off: libvirt says that it does not run any more */
void kvmm_shutdown_machine_off (KvmmShutdown *self);
/** kvmm_shutdown_machine_restarted: libvirt says that it was reset from inside */
void kvmm_shutdown_machine_restarted (KvmmShutdown *self);

G_END_DECLS

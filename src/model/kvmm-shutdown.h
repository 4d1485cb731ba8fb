/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One shut down, or restart, of one machine: our agent is asked, then the QEMU guest agent where it
 * is connected, then the power button is pressed, twice. Each step has a deadline that can be
 * shown. Nothing is ever forced here: when nobody reacts, that is the outcome. Main thread only. */

typedef enum
{
  KVMM_SHUTDOWN_STEP_AGENT, /* our agent was asked */
  KVMM_SHUTDOWN_STEP_QGA,   /* the QEMU guest agent was asked */
  KVMM_SHUTDOWN_STEP_BUTTON,
  KVMM_SHUTDOWN_STEP_BUTTON_AGAIN,
  KVMM_SHUTDOWN_STEP_DONE,      /* the machine is off, or has restarted */
  KVMM_SHUTDOWN_STEP_GAVE_UP,   /* it did not react: time to offer to force it off */
  KVMM_SHUTDOWN_STEP_FAILED,    /* see kvmm_shutdown_get_error() */
  KVMM_SHUTDOWN_STEP_CANCELLED, /* nobody waits any more; what was asked for may still happen */
} KvmmShutdownStep;
GType kvmm_shutdown_step_get_type (void);
#define KVMM_TYPE_SHUTDOWN_STEP (kvmm_shutdown_step_get_type ())

#define KVMM_TYPE_SHUTDOWN (kvmm_shutdown_get_type ())
G_DECLARE_FINAL_TYPE (KvmmShutdown, kvmm_shutdown, KVMM, SHUTDOWN, GObject)

/* Made by kvmm_domain_begin_shutdown().
 *
 * Properties, all readable with notify:
 *   "step" KvmmShutdownStep
 *   "text" one sentence: "Asked the guest agent; waiting for the machine to shut down, 43 s left";
 *       it changes each second
 *   "deadline-us" gint64 monotonic: when this step is given up, 0 when nothing is waited for
 *   "is-finished" boolean: one of the last four steps
 * Signal "finished" once, when that becomes true.
 */
KvmmShutdownStep kvmm_shutdown_get_step (KvmmShutdown *self);
const char *kvmm_shutdown_get_text (KvmmShutdown *self);
gint64 kvmm_shutdown_get_deadline_us (KvmmShutdown *self);
gboolean kvmm_shutdown_get_is_finished (KvmmShutdown *self);
gboolean kvmm_shutdown_get_is_restart (KvmmShutdown *self);
/** kvmm_shutdown_get_error: Returns: (nullable): why it FAILED */
const GError *kvmm_shutdown_get_error (KvmmShutdown *self);
/** kvmm_shutdown_cancel: stops waiting and asks nobody else. What was asked for is not taken back.
 * Nothing happens when it is finished. */
void kvmm_shutdown_cancel (KvmmShutdown *self);
/** kvmm_shutdown_skip: goes on to the next step at once instead of waiting longer for this one */
void kvmm_shutdown_skip (KvmmShutdown *self);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-domain.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* What the QEMU guest agent is asked to do. */
typedef enum
{
  KVMM_GUEST_QGA_FREEZE,
  KVMM_GUEST_QGA_THAW,
  KVMM_GUEST_QGA_SET_PASSWORD,
} KvmmGuestQgaCall;

/* What a KvmmGuest asks of the world outside it: libvirt through the machine's connection, or
 * something else in a test. Main thread only. Every callback runs once, on the main context. */

typedef struct
{
  /** open_async: opens the agent's channel; @take_over: by force */
  void (*open_async) (gpointer target,
                      gboolean take_over,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  /** open_finish: Returns: (transfer full): a stream with pollable halves */
  GIOStream *(*open_finish) (gpointer target, GAsyncResult *result, GError **error);

  /** read_qga_async: asks the QEMU guest agent; may take many seconds */
  void (*read_qga_async) (gpointer target,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  KvmmQgaFacts *(*read_qga_finish) (gpointer target, GAsyncResult *result, GError **error);

  /** read_addresses_async: from DHCP leases and ARP */
  void (*read_addresses_async) (gpointer target,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
  /** read_addresses_finish: Returns: (transfer full) (element-type KvmmGuestInterface) */
  GPtrArray *(*read_addresses_finish) (gpointer target, GAsyncResult *result, GError **error);

  /** reread: the machine's XML, which brings a kvmm_guest_update() */
  void (*reread) (gpointer target);
  /** add_log: a line in the machine's timeline */
  void (*add_log) (gpointer target, const char *word, const char *text);
  /** get_interval_ms: Returns: how often somebody who looks wants figures */
  guint (*get_interval_ms) (gpointer target);
  /** is_on_demand: Returns: whether agents are spoken to only once somebody looks */
  gboolean (*is_on_demand) (gpointer target);
  /** get_owner: Returns: (transfer none) (nullable): what the calls to QEMU guest agents are
   * counted by: the connection */
  GObject *(*get_owner) (gpointer target);

  /** get_control_allowed: Returns: what is stored about this machine: whether this host's side may
   * run commands, open terminals and touch files in it */
  gboolean (*get_control_allowed) (gpointer target);
  /** store_control_allowed_async: kvmm_guest_control_changed() says when somebody else did */
  void (*store_control_allowed_async) (gpointer target,
                                       gboolean allowed,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
  gboolean (*store_control_allowed_finish) (gpointer target, GAsyncResult *result, GError **error);

  /** call_qga_async: @user, @crypt_hash: (nullable): of SET_PASSWORD */
  void (*call_qga_async) (gpointer target,
                          KvmmGuestQgaCall call,
                          const char *user,
                          const char *crypt_hash,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  /** call_qga_finish: Returns: how many file systems, -1 with @error set */
  gssize (*call_qga_finish) (gpointer target, GAsyncResult *result, GError **error);
} KvmmGuestBackend;

/* What get_interval_ms() answers while nothing else was configured. */
#define KVMM_GUEST_INTERVAL_MS 2000

/** kvmm_guest_libvirt_backend: its target is a KvmmDomain */
extern const KvmmGuestBackend kvmm_guest_libvirt_backend;

G_END_DECLS

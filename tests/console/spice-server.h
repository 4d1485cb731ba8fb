/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "console/kvmm-spice-session.h"

/* A QEMU of the test's own with a SPICE server on a unix socket, and a session that connects to it
 * one descriptor at a time, as libvirt passes them. */

#define SPICE_SERVER_LIMIT_S 60

typedef struct
{
  char *directory;
  char *socket;
  GSubprocess *process;
  guint n_opened;    /* descriptors that a session asked for */
  guint n_tls;       /* of them, those that were to be encrypted */
  gboolean refuses;  /* the way fails: "it is closed" */
  gboolean holds;    /* the way answers only when its request is cancelled */
  guint holds_after; /* when not 0: the ways behind so many wait for spice_server_let_go() */
  GPtrArray *held;   /* (element-type GTask) */
} SpiceServer;

/** spice_server_is_there: whether this computer has a QEMU with SPICE; says why not in TAP */
gboolean spice_server_is_there (void);
/**
 * spice_server_new:
 * @ticket: (nullable): the password
 * @arguments: (nullable) (array zero-terminated=1): further ones for QEMU
 *
 * Runs the main loop until the socket is there.
 */
SpiceServer *spice_server_new (const char *ticket, const char *const *arguments);
/** spice_server_stop: kills QEMU and waits for its end */
void spice_server_stop (SpiceServer *self);
void spice_server_free (SpiceServer *self);
/** spice_server_let_go: answers the ways that were held */
void spice_server_let_go (SpiceServer *self);

extern const KvmmSpiceWay spice_server_way;
/** spice_server_connect: Returns: (transfer full): an idle session; @self must outlive it */
KvmmSpiceSession *spice_server_connect (SpiceServer *self);

/** spice_server_count_descriptors: Returns: open descriptors of this process */
guint spice_server_count_descriptors (void);

/* Runs the main loop until @condition; the program ends with @what when it never comes true. */
#define spice_wait_until(condition, what)                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    guint expired_id =                                                                             \
        g_timeout_add_seconds (SPICE_SERVER_LIMIT_S, spice_server_expired_cb, (gpointer) what);    \
    guint tick_id = g_timeout_add (20, spice_server_tick_cb, NULL);                                \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (tick_id);                                                                     \
    g_source_remove (expired_id);                                                                  \
  }                                                                                                \
  G_STMT_END
gboolean spice_server_expired_cb (gpointer what);
gboolean spice_server_tick_cb (gpointer unused);

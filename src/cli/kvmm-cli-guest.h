/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <json-glib/json-glib.h>

#include "agent/kvmm-agent-stream.h"
#include "cli/kvmm-cli-session.h"

G_BEGIN_DECLS

/* What the commands about a guest have in common. Main thread only. */

/* The guest of one machine, held until it is closed. */
typedef struct
{
  KvmmDomain *domain;     /* (owned) */
  KvmmGuest *guest;       /* (unowned) of domain */
  KvmmAgentClient *agent; /* (owned) (nullable) */
} KvmmCliGuest;
void kvmm_cli_guest_close (KvmmCliGuest *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KvmmCliGuest, kvmm_cli_guest_close)

/**
 * kvmm_cli_guest_open:
 * @name: of the machine
 *
 * Opens the connections, finds the machine and waits for our agent in it (--wait). Reports on
 * stderr what went wrong.
 */
KvmmExit kvmm_cli_guest_open (KvmmCliGuest *self, KvmmCliSession *session, const char *name);

/** kvmm_cli_guest_reopen: the session was lost: waits for the next one. Returns: whether it came */
gboolean kvmm_cli_guest_reopen (KvmmCliGuest *self, guint timeout_s);

/**
 * kvmm_cli_guest_check:
 * @group: KVMM_GUEST_GROUP_*
 * @word: what is needed of it, see kvmm_guest_dup_policy_lines_for()
 * @needs_control: whether the switch of this machine must be on
 *
 * Returns: KVMM_EXIT_OK, or KVMM_EXIT_REFUSED after having said on stderr who does not allow it and
 * what to do
 */
KvmmExit kvmm_cli_guest_check (KvmmCliGuest *self,
                               const char *group,
                               const char *word,
                               gboolean needs_control);

/** kvmm_cli_guest_failed: says on stderr that @what failed and why. Returns: the exit code */
KvmmExit kvmm_cli_guest_failed (const char *what, const GError *error);

/** kvmm_cli_guest_is_lost: Returns: whether the session ended under the call */
gboolean kvmm_cli_guest_is_lost (const GError *error);

/* ---- streams ---- */

/** kvmm_cli_input_new: @fd: not closed. Returns: (transfer full): reads without blocking the loop
 */
GInputStream *kvmm_cli_input_new (int fd);
/** kvmm_cli_output_new: @fd: not closed. Returns: (transfer full): writes without blocking the
 * loop, however slow the reader is */
GOutputStream *kvmm_cli_output_new (int fd);

/**
 * kvmm_cli_pump_async:
 * @moved: (nullable): counts the bytes that were written
 *
 * Copies until the end of @from. Neither is closed. Finished by kvmm_cli_pump_finish().
 */
void kvmm_cli_pump_async (GInputStream *from,
                          GOutputStream *to,
                          guint64 *moved,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
gboolean kvmm_cli_pump_finish (GAsyncResult *result, GError **error);

/* ---- JSON and tables ---- */

void kvmm_cli_json_string (JsonBuilder *builder, const char *name, const char *value);
void kvmm_cli_json_int (JsonBuilder *builder, const char *name, guint64 value);
void kvmm_cli_json_bool (JsonBuilder *builder, const char *name, gboolean value);
void kvmm_cli_json_double (JsonBuilder *builder, const char *name, double value);
/** kvmm_cli_json_print: on stdout */
void kvmm_cli_json_print (JsonBuilder *builder);
/** kvmm_cli_guest_state_word: Returns: "ready", "waiting" … */
const char *kvmm_cli_guest_state_word (KvmmGuest *guest);

G_END_DECLS

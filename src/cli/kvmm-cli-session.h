/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "cli/kvmm-cli.h"
#include "model/kvmm-connection-list.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* What every sub-command does first: options, settings, connections. Main thread only. */

typedef struct
{
  char **uris;   /* (nullable) (owned) --connect */
  gboolean json; /* --json */
  gboolean deploy;
  gboolean eject;
  gboolean install;
  gboolean make_pool;
  gboolean remove_old;
  gboolean replace;
  gboolean force;
  gboolean follow;
  gboolean kernel;
  gboolean login_shell; /* --shell */
  gboolean standard_input;
  gboolean show_arguments;
  gboolean linked;
  gboolean storage;
  gboolean stored;
  gboolean yes;
  int wait_s;    /* --wait, seconds */
  int timeout_s; /* --timeout, 0: not given */
  int lines;     /* --lines */
  char *user;    /* (nullable) (owned) and so on, as given */
  char *named;
  char *sort;
  char *filter;
  char *unit;
  char *device;
  char **arguments; /* (nullable) (owned) what is left: the command and its operands */

  KvmmSettings *settings;          /* (owned) */
  KvmmConnectionList *connections; /* (owned) */
  GDBusConnection *loan;           /* (owned) (nullable) channels borrowed from the window */
} KvmmCliSession;

/**
 * kvmm_cli_session_open:
 *
 * Connects to every URI asked for (or to the connections of the settings) and waits until each is
 * listed or refused. A refused one is reported on stderr.
 *
 * Returns: %TRUE when each was listed
 */
gboolean kvmm_cli_session_open (KvmmCliSession *self);
void kvmm_cli_session_clear (KvmmCliSession *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KvmmCliSession, kvmm_cli_session_clear)

/**
 * kvmm_cli_session_find:
 * @domain: (out) (transfer none): the machine
 *
 * Opens the connections and finds the machine that the command's operand names. Reports on stderr
 * what went wrong.
 *
 * Returns: KVMM_EXIT_OK, KVMM_EXIT_NOT_FOUND or KVMM_EXIT_CONNECTION
 */
KvmmExit kvmm_cli_session_find (KvmmCliSession *self, const char *name, KvmmDomain **domain);

/** kvmm_cli_await: iterates the main context until @done is %TRUE or @timeout_s (0: no limit) is
 * over. Returns: whether it is done */
gboolean kvmm_cli_await (gboolean (*done) (gpointer data), gpointer data, guint timeout_s);

/**
 * kvmm_cli_await_guest:
 *
 * Waits, at most session->wait_s, until @done is %TRUE of the machine's guest. When the window of
 * the same person holds the guest's channel, it is borrowed; that it cannot be is said on stderr.
 *
 * Returns: whether it is done
 */
gboolean
kvmm_cli_await_guest (KvmmCliSession *self, KvmmDomain *domain, gboolean (*done) (gpointer guest));

/** kvmm_cli_await_result: iterates the main context until @result is set by kvmm_cli_result_cb() */
void kvmm_cli_await_result (GAsyncResult **result);
/** kvmm_cli_result_cb: a GAsyncReadyCallback; @user_data is a GAsyncResult ** to fill */
void kvmm_cli_result_cb (GObject *source, GAsyncResult *result, gpointer user_data);

/** kvmm_cli_error: prints "kvm-manager: …" with a final newline to stderr */
void kvmm_cli_error (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* The commands. Each returns the exit code. */
int kvmm_cli_list (KvmmCliSession *session);
int kvmm_cli_guest_info (KvmmCliSession *session);
int kvmm_cli_define (KvmmCliSession *session);
int kvmm_cli_delete (KvmmCliSession *session);
int kvmm_cli_pending (KvmmCliSession *session);
int kvmm_cli_clone (KvmmCliSession *session);
int kvmm_cli_grow (KvmmCliSession *session);
int kvmm_cli_template (KvmmCliSession *session);
int kvmm_cli_rename (KvmmCliSession *session);
int kvmm_cli_xml (KvmmCliSession *session);
int kvmm_cli_mount_agent_iso (KvmmCliSession *session);
int kvmm_cli_agent_iso (KvmmCliSession *session);
int kvmm_cli_guest_agents (KvmmCliSession *session);
int kvmm_cli_guest_allow (KvmmCliSession *session);
int kvmm_cli_guest_copy (KvmmCliSession *session);
int kvmm_cli_guest_log (KvmmCliSession *session);
int kvmm_cli_guest_ps (KvmmCliSession *session);
int kvmm_cli_guest_run (KvmmCliSession *session);
int kvmm_cli_guest_services (KvmmCliSession *session);
int kvmm_cli_guest_shell (KvmmCliSession *session);
int kvmm_cli_serial (KvmmCliSession *session);
int kvmm_cli_shutdown (KvmmCliSession *session);

G_END_DECLS

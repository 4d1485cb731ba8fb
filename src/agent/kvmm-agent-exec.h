/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-stream.h"
#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* Commands and terminals in a guest. All need the host's permission
 * (kvmm_agent_client_set_control_allowed()) but for the list of named commands. Never repeated:
 * OUTCOME_UNKNOWN after a loss. Main thread only. */

void kvmm_agent_client_list_commands_async (KvmmAgentClient *self,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
/** Returns: (transfer full) (element-type KvmmGuestCommand) */
GPtrArray *kvmm_agent_client_list_commands_finish (KvmmAgentClient *self,
                                                   GAsyncResult *result,
                                                   GError **error);

typedef struct
{
  const char *command;            /* (nullable): a named one; else argv */
  const char *const *argv;        /* with a command: its further arguments (nullable) */
  const char *const *environment; /* (nullable): "NAME=value" */
  const char *directory;          /* (nullable) */
  const char *user;               /* (nullable) */
  gboolean wants_input;           /* else its standard input is empty */
  gboolean merges_errors;         /* standard error joins the standard output */
  guint timeout_s;                /* 0: the guest's default */
  gboolean survives_us;           /* not killed when the session ends */
} KvmmAgentCommandLine;

/* A job under way. The streams belong to the caller; their ends are waited for one by one: the exit
 * is in the end of @stream. */
typedef struct
{
  gint64 job;
  guint pid;
  guint timeout_s;
  KvmmAgentStream *stream; /* (owned) standard input and output */
  KvmmAgentStream *errors; /* (owned) (nullable) standard error */
} KvmmAgentJob;
void kvmm_agent_job_free (KvmmAgentJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentJob, kvmm_agent_job_free)

/** @line: copied */
void kvmm_agent_client_start_command_async (KvmmAgentClient *self,
                                            const KvmmAgentCommandLine *line,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
/** Returns: (transfer full) */
KvmmAgentJob *kvmm_agent_client_start_command_finish (KvmmAgentClient *self,
                                                      GAsyncResult *result,
                                                      GError **error);

/** @signal: "TERM", "KILL", "INT", "HUP", "QUIT", "USR1", "USR2", "STOP", "CONT" */
void kvmm_agent_client_signal_job_async (KvmmAgentClient *self,
                                         gint64 job,
                                         const char *signal,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean
kvmm_agent_client_signal_job_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

typedef enum
{
  KVMM_AGENT_TERMINAL_LOGIN, /* asks for name and password */
  KVMM_AGENT_TERMINAL_SHELL, /* a shell at once; full control */
} KvmmAgentTerminalMode;

typedef struct
{
  gint64 pty;
  KvmmAgentStream *stream; /* (owned) */
} KvmmAgentTerminal;
void kvmm_agent_terminal_free (KvmmAgentTerminal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentTerminal, kvmm_agent_terminal_free)

/** @user: (nullable); @columns, @rows: 1 to 1000, clamped; @term: (nullable) "xterm-256color" */
void kvmm_agent_client_open_terminal_async (KvmmAgentClient *self,
                                            KvmmAgentTerminalMode mode,
                                            const char *user,
                                            guint columns,
                                            guint rows,
                                            const char *term,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
/** Returns: (transfer full) */
KvmmAgentTerminal *kvmm_agent_client_open_terminal_finish (KvmmAgentClient *self,
                                                           GAsyncResult *result,
                                                           GError **error);
/** kvmm_agent_client_resize_terminal: sends the new size; an error is only logged */
void
kvmm_agent_client_resize_terminal (KvmmAgentClient *self, gint64 pty, guint columns, guint rows);

G_END_DECLS

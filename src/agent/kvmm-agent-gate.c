/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-client-private.h"

#include <glib/gi18n.h>

#include "protocol/kvma-names.h"

/* The two locks: what the guest's policy grants, and what this host allows itself. */

/* Whoever may call these has the guest in his hands. */
static const char *const gated_methods[] = {
  KVMA_METHOD_EXEC_RUN,    KVMA_METHOD_EXEC_START,  KVMA_METHOD_EXEC_SIGNAL,
  KVMA_METHOD_PTY_OPEN,    KVMA_METHOD_PTY_RESIZE,  KVMA_METHOD_PTY_CLOSE,
  KVMA_METHOD_FILE_ROOTS,  KVMA_METHOD_FILE_STAT,   KVMA_METHOD_FILE_LIST,
  KVMA_METHOD_FILE_READ,   KVMA_METHOD_FILE_WRITE,  KVMA_METHOD_FILE_MKDIR,
  KVMA_METHOD_FILE_REMOVE, KVMA_METHOD_INBOX_PUT,   KVMA_METHOD_USER_SET_PASSWORD,
  KVMA_METHOD_SSH_KEYS,    KVMA_METHOD_PROC_SIGNAL, NULL,
};

gboolean
kvmm_agent_gate_has (const char *method)
{
  return g_strv_contains (gated_methods, method);
}

GError *
kvmm_agent_gate_new_error (void)
{
  return g_error_new_literal (KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED,
                              _ ("This is locked on this computer. Turn on “Allow commands, "
                                 "terminal and files” on the Guest "
                                 "page of the machine"));
}

void
kvmm_agent_client_set_control_allowed (KvmmAgentClient *self, gboolean allowed)
{
  g_autoptr (KvmmAgentClient) keep G_GNUC_UNUSED = NULL;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  if (self->control_allowed == !!allowed)
    return;
  keep = g_object_ref (self);
  self->control_allowed = !!allowed;
  if (allowed)
    return;
  kvmm_agent_requests_end_gated (self->requests);
  kvmm_agent_streams_close_gated (self->streams);
}

gboolean
kvmm_agent_client_get_control_allowed (KvmmAgentClient *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_CLIENT (self), FALSE);

  return self->control_allowed;
}

const char *
kvmm_agent_client_get_access (KvmmAgentClient *self, const char *group)
{
  const char *word = NULL;

  g_return_val_if_fail (KVMM_IS_AGENT_CLIENT (self), "deny");
  g_return_val_if_fail (group != NULL, "deny");

  if (self->welcome != NULL)
    word = g_hash_table_lookup (self->welcome->policy, group);
  return word != NULL ? word : "deny";
}

GHashTable *
kvmm_agent_client_dup_policy (KvmmAgentClient *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_CLIENT (self), NULL);

  return self->welcome != NULL ? g_hash_table_ref (self->welcome->policy) : NULL;
}

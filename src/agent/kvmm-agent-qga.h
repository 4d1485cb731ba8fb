/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is said to the QEMU guest agent to run a program, as JSON: libvirt has no function for that,
 * only one that passes texts. Any thread. The format is
 * https://www.qemu.org/docs/master/interop/qemu-ga-ref.html; replies are as little trusted as those
 * of our own agent, and fail with KVMM_AGENT_ERROR_INVALID_REPLY. */

/** kvmm_agent_qga_build_exec: Returns: (transfer full): a guest-exec of `/bin/sh -c @script`, as
 * root, whose output is kept */
char *kvmm_agent_qga_build_exec (const char *script);
/** kvmm_agent_qga_parse_exec: @pid: (out): for kvmm_agent_qga_build_status() */
gboolean kvmm_agent_qga_parse_exec (const char *reply, gint64 *pid, GError **error);

/** kvmm_agent_qga_build_status: Returns: (transfer full): a guest-exec-status */
char *kvmm_agent_qga_build_status (gint64 pid);

typedef struct
{
  gboolean has_exited; /* before that nothing else is known */
  int exit_code;       /* 128 + signal when it was killed by one */
  char *output;        /* (owned) made inert, several lines; "" when there is none */
} KvmmAgentQgaStatus;
void kvmm_agent_qga_status_clear (KvmmAgentQgaStatus *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KvmmAgentQgaStatus, kvmm_agent_qga_status_clear)
/** kvmm_agent_qga_parse_status: @status: (out): untouched on failure */
gboolean
kvmm_agent_qga_parse_status (const char *reply, KvmmAgentQgaStatus *status, GError **error);

G_END_DECLS

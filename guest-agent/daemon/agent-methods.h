/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "daemon/agent-rpc.h"

/** agent_params_mounts: the parameter "mounts", at most @max; *@names is %NULL without it. Returns
 * false after it has replied with -32602. */
bool agent_params_mounts (
    Agent *agent, AgentCall *call, const json_t *params, size_t max, const json_t **names);

/** agent_describe_mounts: the mounts of a call, for the audit. */
json_t *agent_describe_mounts (const json_t *params);

/* One table of methods per noun, each in its own agent-methods-*.c; they end with an entry without
 * a name. agent-methods.c lists the tables. */

extern const AgentMethod agent_core_methods[];  /* agent.*, events.* */
extern const AgentMethod agent_file_methods[];  /* file.*, inbox.put */
extern const AgentMethod agent_info_methods[];  /* sys.*, net.list, fs.list, disk.stats, time.get */
extern const AgentMethod agent_power_methods[]; /* power.* */
extern const AgentMethod agent_procs_methods[]; /* proc.*, svc.* */
extern const AgentMethod agent_freeze_methods[];   /* fs.freeze, fs.thaw, fs.freeze_status */
extern const AgentMethod agent_logs_methods[];     /* log.* */
extern const AgentMethod agent_care_methods[];     /* fs.trim, power.suspend, time.set */
extern const AgentMethod agent_accounts_methods[]; /* user.set_password, ssh.* */
extern const AgentMethod agent_exec_methods[];     /* exec.* */
extern const AgentMethod agent_pty_methods[];      /* pty.* */

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

/* The words of kvma/1: methods, events, capabilities, reasons, groups and error codes. PROTOCOL.md
 * gives the parameters and results of each. */

#define KVMA_METHOD_AGENT_INFO "agent.info"
#define KVMA_METHOD_AGENT_CANCEL "agent.cancel"
#define KVMA_METHOD_EVENTS_SUBSCRIBE "events.subscribe"
#define KVMA_METHOD_EVENTS_UNSUBSCRIBE "events.unsubscribe"
#define KVMA_METHOD_SYS_INFO "sys.info"
#define KVMA_METHOD_SYS_METRICS "sys.metrics"
#define KVMA_METHOD_NET_LIST "net.list"
#define KVMA_METHOD_FS_LIST "fs.list"
#define KVMA_METHOD_USER_SESSIONS "user.sessions"
#define KVMA_METHOD_POWER_SHUTDOWN "power.shutdown"
#define KVMA_METHOD_POWER_CANCEL "power.cancel"

#define KVMA_EVENT_METRICS_SAMPLE "metrics.sample"
#define KVMA_EVENT_NET_CHANGED "net.changed"
#define KVMA_EVENT_FS_CHANGED "fs.changed"
#define KVMA_EVENT_USERS_CHANGED "users.changed"
#define KVMA_EVENT_TIME_JUMP "time.jump"
#define KVMA_EVENT_POWER_SHUTTING_DOWN "power.shutting_down"
#define KVMA_EVENT_POWER_FAILED "power.failed"
#define KVMA_EVENT_AGENT_POLICY_CHANGED "agent.policy_changed"
#define KVMA_EVENT_AGENT_OVERLOAD "agent.overload"

/* Capabilities: a name, "@", the revision of its parameters and results. */
#define KVMA_CAP_SYS_INFO "sys.info@1"
#define KVMA_CAP_SYS_METRICS "sys.metrics@1"
#define KVMA_CAP_NET_LIST "net.list@1"
#define KVMA_CAP_FS_LIST "fs.list@1"
#define KVMA_CAP_USER_SESSIONS "user.sessions@1"
#define KVMA_CAP_POWER_SHUTDOWN "power.shutdown@1"
#define KVMA_CAP_EVENTS "events@1"

/* Reasons of a BYE. */
#define KVMA_BYE_BYE "bye"
#define KVMA_BYE_NO_SESSION "no_session"
#define KVMA_BYE_SUPERSEDED "superseded"
#define KVMA_BYE_PROTOCOL "protocol"
#define KVMA_BYE_FLOOD "flood"
#define KVMA_BYE_POLICY_RELOAD "policy_reload"
#define KVMA_BYE_SHUTTING_DOWN "shutting_down"
#define KVMA_BYE_TOO_OLD "too_old"

/* Policy groups. */
#define KVMA_GROUP_CORE "core"
#define KVMA_GROUP_INFO "info"
#define KVMA_GROUP_PROCS "procs"
#define KVMA_GROUP_LOGS "logs"
#define KVMA_GROUP_POWER "power"
#define KVMA_GROUP_SUSPEND "suspend"
#define KVMA_GROUP_TIME "time"
#define KVMA_GROUP_MAINT "maint"
#define KVMA_GROUP_FREEZE "freeze"
#define KVMA_GROUP_EXEC "exec"
#define KVMA_GROUP_PTY "pty"
#define KVMA_GROUP_FILE_READ "file-read"
#define KVMA_GROUP_FILE_WRITE "file-write"
#define KVMA_GROUP_INBOX "inbox"
#define KVMA_GROUP_ACCOUNTS "accounts"

/* JSON-RPC error codes. */
#define KVMA_ERROR_PARSE (-32700)
#define KVMA_ERROR_INVALID_REQUEST (-32600)
#define KVMA_ERROR_NO_METHOD (-32601)
#define KVMA_ERROR_PARAMS (-32602)
#define KVMA_ERROR_INTERNAL (-32603)
#define KVMA_ERROR_FAILED (-32000)
#define KVMA_ERROR_DENIED (-32001)
#define KVMA_ERROR_NOT_FOUND (-32002)
#define KVMA_ERROR_TIMEOUT (-32003)
#define KVMA_ERROR_UNSUPPORTED (-32004)
#define KVMA_ERROR_TOO_LARGE (-32005)
#define KVMA_ERROR_CANCELLED (-32006)
#define KVMA_ERROR_BUSY (-32007)
#define KVMA_ERROR_IO (-32008)
#define KVMA_ERROR_FROZEN (-32009)
#define KVMA_ERROR_RATE_LIMITED (-32010)
#define KVMA_ERROR_EXISTS (-32011)
#define KVMA_ERROR_STATE (-32012)
#define KVMA_ERROR_AUDIT (-32013)

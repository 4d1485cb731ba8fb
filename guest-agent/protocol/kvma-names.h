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
#define KVMA_METHOD_DISK_STATS "disk.stats"
#define KVMA_METHOD_TIME_GET "time.get"
#define KVMA_METHOD_TIME_SET "time.set"
#define KVMA_METHOD_PROC_LIST "proc.list"
#define KVMA_METHOD_PROC_SIGNAL "proc.signal"
#define KVMA_METHOD_SVC_LIST "svc.list"
#define KVMA_METHOD_LOG_TAIL "log.tail"
#define KVMA_METHOD_FS_TRIM "fs.trim"
#define KVMA_METHOD_POWER_SUSPEND "power.suspend"
#define KVMA_METHOD_FS_FREEZE "fs.freeze"
#define KVMA_METHOD_FS_THAW "fs.thaw"
#define KVMA_METHOD_FS_FREEZE_STATUS "fs.freeze_status"
#define KVMA_METHOD_EXEC_NAMED "exec.named"
#define KVMA_METHOD_EXEC_RUN "exec.run"
#define KVMA_METHOD_EXEC_START "exec.start"
#define KVMA_METHOD_EXEC_SIGNAL "exec.signal"
#define KVMA_METHOD_EXEC_JOBS "exec.jobs"
#define KVMA_METHOD_PTY_OPEN "pty.open"
#define KVMA_METHOD_PTY_RESIZE "pty.resize"
#define KVMA_METHOD_PTY_CLOSE "pty.close"
#define KVMA_METHOD_FILE_ROOTS "file.roots"
#define KVMA_METHOD_FILE_STAT "file.stat"
#define KVMA_METHOD_FILE_LIST "file.list"
#define KVMA_METHOD_FILE_READ "file.read"
#define KVMA_METHOD_FILE_WRITE "file.write"
#define KVMA_METHOD_FILE_MKDIR "file.mkdir"
#define KVMA_METHOD_FILE_REMOVE "file.remove"
#define KVMA_METHOD_INBOX_PUT "inbox.put"
#define KVMA_METHOD_USER_SET_PASSWORD "user.set_password"
#define KVMA_METHOD_SSH_KEYS "ssh.keys"

#define KVMA_EVENT_METRICS_SAMPLE "metrics.sample"
#define KVMA_EVENT_NET_CHANGED "net.changed"
#define KVMA_EVENT_FS_CHANGED "fs.changed"
#define KVMA_EVENT_USERS_CHANGED "users.changed"
#define KVMA_EVENT_TIME_JUMP "time.jump"
#define KVMA_EVENT_POWER_SHUTTING_DOWN "power.shutting_down"
#define KVMA_EVENT_POWER_FAILED "power.failed"
#define KVMA_EVENT_AGENT_POLICY_CHANGED "agent.policy_changed"
#define KVMA_EVENT_AGENT_OVERLOAD "agent.overload"
#define KVMA_EVENT_EXEC_EXITED "exec.exited"
#define KVMA_EVENT_FS_FROZEN "fs.frozen"

/* A capability is the name of a method, "@" and the revision of its parameters and results; events
 * together are one. */
#define KVMA_CAP(method) method "@1"
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

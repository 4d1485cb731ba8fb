/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/agent-util.h"

/* What the administrator of this guest allows. Read from a root-owned file and its drop-ins, never
 * changed by the channel. Whatever is wrong with it denies everything but the groups core and info.
 */

#define AGENT_POLICY_FILE "/etc/kvm-manager-agent/agent.conf"
#define AGENT_POLICY_FILE_MAX 65536
#define AGENT_POLICY_LINE_MAX 1024
#define AGENT_POLICY_DROPINS_MAX 64
#define AGENT_POLICY_COMMANDS_MAX 32
#define AGENT_POLICY_LIST_MAX 64
#define AGENT_POLICY_ERROR_SIZE 512

typedef enum
{
  AGENT_GROUP_CORE,
  AGENT_GROUP_INFO,
  AGENT_GROUP_PROCS,
  AGENT_GROUP_LOGS,
  AGENT_GROUP_POWER,
  AGENT_GROUP_SUSPEND,
  AGENT_GROUP_TIME,
  AGENT_GROUP_MAINT,
  AGENT_GROUP_FREEZE,
  AGENT_GROUP_EXEC,
  AGENT_GROUP_PTY,
  AGENT_GROUP_FILE_READ,
  AGENT_GROUP_FILE_WRITE,
  AGENT_GROUP_INBOX,
  AGENT_GROUP_ACCOUNTS,
} AgentGroup;

#define AGENT_N_GROUPS (AGENT_GROUP_ACCOUNTS + 1)

typedef enum
{
  AGENT_ACCESS_DENY,
  AGENT_ACCESS_ALLOW,
  AGENT_ACCESS_NAMED,
  AGENT_ACCESS_ANY,
  AGENT_ACCESS_LOGIN,
  AGENT_ACCESS_SHELL,
  AGENT_ACCESS_MANAGE,
} AgentAccess;

/* [command NAME]: what exec=named may run. */
typedef struct
{
  char *name;
  char *description; /* (nullable): for a person at the host */
  char **argv;       /* ends with NULL; argv[0] is absolute */
  char *run_as;      /* (nullable): [exec] run-as */
  int64_t timeout;   /* seconds; 0: [exec] timeout */
  int args;          /* 0 none, 1 any: whether the caller may add arguments */
  char *file;        /* where it was defined */
  unsigned int keys_seen;
} AgentCommand;

typedef struct
{
  int access[AGENT_N_GROUPS]; /* AgentAccess */
  int procs_args;

  int log; /* AgentLogLevel */
  int identify_host;

  int64_t max_jobs;
  int64_t max_rate; /* bytes a second of a file transfer; 0: no limit */
  int64_t max_file; /* bytes */

  char *run_as;
  char **users;
  int root;
  char **env_keep;
  int64_t timeout;     /* seconds */
  int64_t max_timeout; /* seconds */
  int cgroup;

  char **read_paths;
  char **write_paths;
  char *inbox;
  int follow_symlinks;
  int devices;

  char *audit_file;
  int audit_syslog; /* 0 none, 1 authpriv, 2 auth, 3 daemon */
  int audit_required;
  int audit_argv; /* 0 full, 1 hash */
  int audit_log_reads;

  AgentCommand commands[AGENT_POLICY_COMMANDS_MAX];
  unsigned int n_commands;

  char error[AGENT_POLICY_ERROR_SIZE]; /* "": none; else "file:line: what" */
} AgentPolicy;

/** agent_policy_init: the defaults of an empty file. */
void agent_policy_init (AgentPolicy *self);

void agent_policy_clear (AgentPolicy *self);

/**
 * agent_policy_parse:
 * @name: for messages
 * @text: @length bytes of one file
 *
 * Adds what the file says; later files override earlier ones. Returns false with @self->error at
 * its first fault; what stood before it stays read.
 */
bool agent_policy_parse (AgentPolicy *self, const char *name, const char *text, size_t length);

/**
 * agent_policy_load:
 * @path: the file; drop-ins are in @path with ".d" added
 *
 * Replaces @self by what the files say. Every file must be regular, owned by root (or by who runs
 * the agent), and writable for nobody else; so must its directory. Returns false when anything is
 * wrong: @self->error says what and where, and every group but core and info is denied. A denial of
 * info that could be read stays.
 */
bool agent_policy_load (AgentPolicy *self, const char *path);

/** agent_policy_allows: Returns whether @group may be used at all. */
bool agent_policy_allows (const AgentPolicy *self, AgentGroup group);

/** agent_policy_to_json: Returns the object "policy" of WELCOME (new). */
json_t *agent_policy_to_json (const AgentPolicy *self);

const char *agent_group_name (AgentGroup group);
const char *agent_access_name (AgentAccess access);

/**
 * agent_policy_hint:
 * @out: (out): the line that would allow @group
 */
void agent_policy_hint (AgentGroup group, char *out, size_t size);

/**
 * agent_policy_check_file:
 * @fd: an open file or directory
 * @what: (out): why it cannot be trusted
 *
 * Returns whether it is a regular file (or a directory) that only root, or who runs the agent, can
 * write.
 */
bool agent_policy_check_file (int fd, bool directory, const char **what);

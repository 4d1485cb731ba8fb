/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "daemon/agent-loop.h"
#include "daemon/agent-path.h"
#include "daemon/agent-rpc.h"
#include "protocol/kvma-limits.h"

typedef struct Agent Agent;
typedef struct AgentTransfer AgentTransfer;

/* Transfers of files: the side of the loop. A worker opens, reads, writes and moves; here are only
 * pipes, streams, and what is remembered of an interrupted write. */

#define AGENT_FILE_TOKEN_SIZE 32    /* hexadecimal digits: 16 of this process, 16 of the file */
#define AGENT_FILE_KEPT_MAX 16      /* interrupted writes; the oldest gives way */
#define AGENT_FILE_STALL_MS 120000  /* a worker that moves nothing for so long is given up */
#define AGENT_FILE_COMMIT_MS 600000 /* but it may take so long to get it to the disk */
#define AGENT_FILE_WORK_MS 30000    /* file.stat, file.list, file.mkdir, file.remove */
#define AGENT_FILE_PIPE_SIZE (1 << 18)
/* Reading: the worker fills half a pipe at a time, and is told by a byte when one of the two halves
 * was taken. Woken by every read instead, it and the agent would change places at each frame. */
#define AGENT_FILE_READ_PIPE_SIZE (1 << 20)
#define AGENT_FILE_READ_STEP (AGENT_FILE_READ_PIPE_SIZE / 2)

/* Which directories of the policy count. */
typedef enum
{
  AGENT_AREA_READ,
  AGENT_AREA_WRITE,
  AGENT_AREA_INBOX,
} AgentArea;

/** agent_file_inbox: Returns the directory of inbox.put. */
const char *agent_file_inbox (const Agent *agent);

/**
 * agent_file_roots:
 * @store: (out): two pointers that must live as long as @roots
 */
void agent_file_roots (const Agent *agent, AgentArea area, char **store, AgentRoots *roots);

typedef enum
{
  AGENT_IF_NEW,
  AGENT_IF_REPLACE,
  AGENT_IF_ANY,
} AgentFileIf;

/* What a worker is told. It lives in both processes. */
typedef struct
{
  AgentArea area;
  char path[KVMA_FILE_PATH_MAX + 1];

  /* Reading. */
  int64_t offset; /* writing: where to go on */
  int64_t length; /* -1: to the end */

  /* Writing. */
  int64_t size;
  int64_t mode;  /* -1: not said */
  int64_t mtime; /* -1: not said */
  AgentFileIf condition;
  char token[AGENT_FILE_TOKEN_SIZE + 1];
  bool resume;

  bool want_sha256;
  char sha256[65]; /* expected, "" for none */
} AgentFileJob;

/* What a worker says first, through its pipe, before any content. */
typedef struct
{
  int64_t size;
  int64_t mtime;
  int64_t mode;
  int64_t offset;
  int64_t length; /* reading: what follows */
} AgentFileHead;

/* The byte behind the content that says that the host has sent END: without it nothing is moved, so
 * that a lost agent or session never looks like the end of a file. */
#define AGENT_FILE_COMMIT 'C'

typedef struct
{
  char token[AGENT_FILE_TOKEN_SIZE + 1]; /* "": free */
  AgentArea area;
  char *path;
  int64_t size;
  uint64_t until_ms;
} AgentKept;

typedef struct
{
  AgentTransfer *transfers;
  AgentKept kept[AGENT_FILE_KEPT_MAX];
  AgentTimer kept_timer;
  bool removing; /* one whose time is over */
} AgentFiles;

/** agent_files_init: also removes, in a worker, what an earlier agent left. */
void agent_files_init (Agent *agent);

/** agent_files_clear: the agent ends. */
void agent_files_clear (Agent *agent);

/**
 * agent_file_begin:
 * @job: with a path that was checked; @token is filled in unless it resumes
 * @write: else it reads
 * @tell_path: in the reply, of inbox.put
 *
 * Replies to @call, at once or later.
 */
void agent_file_begin (
    Agent *agent, AgentCall *call, const AgentFileJob *job, bool write, bool tell_path);

/* In a worker: agent-file-work.c, agent-file-facts.c. Each is an AgentWorkFunc. */

typedef struct AgentAnswer AgentAnswer;

void agent_file_work_read (Agent *agent, void *input, AgentAnswer *answer);
void agent_file_work_write (Agent *agent, void *input, AgentAnswer *answer);

/** agent_file_work_discard: @input: AgentFileJob: removes the unfinished file of its token. */
void agent_file_work_discard (Agent *agent, void *input, AgentAnswer *answer);

/** agent_file_work_leftovers: removes what earlier agents recorded. */
void agent_file_work_leftovers (Agent *agent, void *input, AgentAnswer *answer);

void agent_file_work_make_directory (Agent *agent, void *input, AgentAnswer *answer);
void agent_file_work_remove (Agent *agent, void *input, AgentAnswer *answer);
void agent_file_work_stat (Agent *agent, void *input, AgentAnswer *answer);

/** agent_file_fail: answers for @error. */
void agent_file_fail (AgentAnswer *answer, int error);

/* What file.list is told. */
typedef struct
{
  AgentFileJob job;
  int64_t limit;
  bool has_cursor;
  bool cursor_directory; /* the last entry was one */
  char cursor[KVMA_FILE_NAME_MAX + 1];
} AgentFileListJob;

/** agent_file_cursor_parse: Returns false when @text is none of ours. */
bool agent_file_cursor_parse (const char *text, AgentFileListJob *job);

void agent_file_work_list (Agent *agent, void *input, AgentAnswer *answer);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Small tools of the daemon: logging, clocks, files below the root, clean text. */

typedef enum
{
  AGENT_LOG_ERROR,
  AGENT_LOG_WARNING,
  AGENT_LOG_INFO,
  AGENT_LOG_DEBUG,
} AgentLogLevel;

/** agent_log_set_level: nothing less important than @level is written. */
void agent_log_set_level (AgentLogLevel level);

/** agent_log_to_syslog: there is no terminal or journal at the standard error. */
void agent_log_to_syslog (void);

/**
 * agent_log:
 *
 * Writes one line. What a peer sent must go through agent_clean() first and never be @format.
 */
void agent_log (AgentLogLevel level, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/** agent_syslog: sends one line to the guest's syslog, below the root, if one listens. @priority:
 * with its facility. A long line is cut. */
void agent_syslog (int priority, const char *line);

/** agent_log_hold: while @hold, lines are dropped and counted: who writes them may wait for ever.
 */
void agent_log_hold (bool hold);

/**
 * agent_release_pages:
 *
 * Before a long sleep: the pages of the program's own file are let go. The kernel has them still,
 * and maps again what is used.
 */
void agent_release_pages (void);

/** agent_now_ms: Returns the monotonic clock. */
uint64_t agent_now_ms (void);

/** agent_realtime_ms: Returns the wall clock, Unix time. */
int64_t agent_realtime_ms (void);

/**
 * agent_utc:
 * @seconds: Unix time
 * @out: (out): year, month, day, hour, minute, second, day of the week and of the year
 *
 * As gmtime_r(), which brings glibc's time zones along: a tenth of the agent.
 */
void agent_utc (int64_t seconds, struct tm *out);

/**
 * agent_random:
 *
 * Fills @data from the kernel; never returns weak bytes (it waits, or ends the program).
 */
void agent_random (void *data, size_t length);

/** agent_set_root: all of agent_path() from now on is below @root ("" for the real root). */
void agent_set_root (const char *root);

/** agent_has_root: Returns whether agent_set_root() gave another root than the real one. */
bool agent_has_root (void);

#define AGENT_PATH_SIZE 1280

/**
 * agent_path:
 * @out: AGENT_PATH_SIZE bytes
 *
 * Returns @out: @path below the root. A path that is too long becomes "", which no file has.
 */
const char *agent_path (char *out, const char *path);

/**
 * agent_read_file:
 * @path: below the root
 * @out: always ends with a 0 byte when @size > 0
 *
 * Reads at most @size - 1 bytes. Returns how many, -1 when the file cannot be read.
 */
ssize_t agent_read_file (const char *path, char *out, size_t size);

/**
 * agent_read_line:
 *
 * The same, without the first newline and all behind it. Returns false when it cannot be read.
 */
bool agent_read_line (const char *path, char *out, size_t size);

/**
 * agent_clean:
 * @text: anything
 * @out: (out): @size bytes; valid UTF-8 and no control characters
 *
 * What is not valid becomes U+FFFD, a control character "?"; cut at a character. Returns @out.
 */
char *agent_clean (const char *text, char *out, size_t size);

/**
 * agent_json_text:
 * @text: (nullable)
 * @max: bytes kept, at most KVMA_PATH_MAX
 *
 * Returns a new JSON string of the cleaned text, %NULL when @text is %NULL.
 */
json_t *agent_json_text (const char *text, size_t max);

/**
 * agent_json_set_text:
 *
 * Sets @key of @object to the cleaned text (KVMA_TEXT_MAX); leaves it out when @text is %NULL or
 * "".
 */
void agent_json_set_text (json_t *object, const char *key, const char *text);

/** agent_hash: FNV-1a of 64 bits; @hash 0 to begin. */
uint64_t agent_hash (uint64_t hash, const void *data, size_t length);

/* Tokens that refill with time; for rates. */
typedef struct
{
  uint32_t per_second;
  uint32_t burst;
  uint64_t level; /* thousandths of a token */
  uint64_t filled_ms;
} AgentBucket;

/** agent_bucket_init: full. */
void agent_bucket_init (AgentBucket *self, uint32_t per_second, uint32_t burst);

/** agent_bucket_has: Returns whether @tokens are there; takes none. */
bool agent_bucket_has (AgentBucket *self, uint32_t tokens);

/** agent_bucket_take: Returns whether @tokens were there; takes them only then. */
bool agent_bucket_take (AgentBucket *self, uint32_t tokens);

/** agent_bucket_force: takes @tokens even if that many are not there: what has to be sent anyway.
 */
void agent_bucket_force (AgentBucket *self, uint32_t tokens);

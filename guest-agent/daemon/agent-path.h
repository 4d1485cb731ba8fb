/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Which path of the guest a host may name, and how it is opened so that nothing outside the
 * directories of the policy is reached, whatever somebody in the guest does with links meanwhile.
 * Opening may block for ever: in a worker only. */

typedef struct
{
  char *const *paths; /* (nullable): of the policy; ends with NULL */
  bool follow;        /* links that stay inside; else none */
} AgentRoots;

/** agent_path_is_valid: Returns whether @length bytes are an absolute path in plain form: UTF-8, at
 * most KVMA_FILE_PATH_MAX, no "." and ".." and no empty component, "/" alone excepted. */
bool agent_path_is_valid (const char *path, size_t length);

/** agent_path_is_name: Returns whether @name may be a file in the inbox: one component, not hidden.
 */
bool agent_path_is_name (const char *name, size_t length);

/** agent_path_plain: writes @path, as the policy has it, in the plain form that a host may send
 * back. Returns @out, which is cut at @size. */
char *agent_path_plain (const char *path, char *out, size_t size);

/** agent_path_is_system: Returns whether @path is /proc, /sys or /dev, or below. */
bool agent_path_is_system (const char *path);

/** agent_path_is_inside: Returns whether @path is @root or below it, by components. */
bool agent_path_is_inside (const char *path, const char *root);

/** agent_path_is_allowed: Returns whether a valid @path is inside one of @roots, and no system one.
 */
bool agent_path_is_allowed (const AgentRoots *roots, const char *path);

/**
 * agent_path_open:
 * @path: valid and allowed
 * @link: wants a link itself, when the last component is one
 *
 * Returns an O_PATH descriptor of what @path is. -1 with errno: ELOOP and EXDEV when a link or a
 * mount leads where nothing may be opened.
 */
int agent_path_open (const AgentRoots *roots, const char *path, bool link);

/**
 * agent_path_open_parent:
 * @name: (out): the last component, inside @path
 *
 * Returns an O_PATH descriptor of the directory that holds @path, which need not exist. -1 as
 * above.
 */
int agent_path_open_parent (const AgentRoots *roots, const char *path, const char **name);

/**
 * agent_path_reopen:
 * @fd: of agent_path_open(), of a regular file or a directory
 *
 * Returns a descriptor for @flags of the very same object, -1 with errno.
 */
int agent_path_reopen (int fd, int flags);

/**
 * agent_path_make_directories:
 *
 * Makes @path, a directory that the policy itself names, and those above it, as far as they are
 * missing. Returns false with errno.
 */
bool agent_path_make_directories (const char *path);

/** agent_path_set_openat2: whether the kernel is asked for openat2() at all; for tests of the other
 * way. */
void agent_path_set_openat2 (bool use);

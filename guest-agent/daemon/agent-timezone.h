/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The time zone of the guest, read from TZif data (RFC 8536) without libc: its own reader would
 * double the part of libc that the binary carries. */

#define AGENT_TIMEZONE_NAME_SIZE 16

/**
 * agent_timezone_at:
 * @data: @length bytes of /etc/localtime
 * @now: Unix time in seconds
 * @offset: (out): seconds east of UTC
 * @name: (out): abbreviation ("CET")
 *
 * Returns false, and leaves both untouched, when @data is not a valid zone.
 */
bool agent_timezone_at (const uint8_t *data,
                        size_t length,
                        int64_t now,
                        int *offset,
                        char name[AGENT_TIMEZONE_NAME_SIZE]);

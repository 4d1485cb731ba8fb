/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <stddef.h>
#include <stdint.h>

/* What libFuzzer, or the replay driver, calls for each input. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-serial-line.h"

G_BEGIN_DECLS

/* What a person reads about a serial line in one state. Main thread only. */
typedef struct
{
  const char *icon_name;
  const char *title;       /* translated */
  const char *description; /* (nullable) to be translated: where nothing was ever shown */
  const char *bar;         /* (nullable) to be translated: above what was shown before */
  const char *button;      /* (nullable) translated, with a mnemonic */
  gboolean is_warning;
  gboolean takes_over; /* what the button does; else it connects */
} KvmmSerialWords;

/** kvmm_serial_words: Returns: (transfer none) for @state, never %NULL */
const KvmmSerialWords *kvmm_serial_words (KvmmSerialState state);

G_END_DECLS

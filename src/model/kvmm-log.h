/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The timeline of one machine or one connection: at most KVMM_LOG_MAX_ENTRIES, newest last. Main
 * thread only. A GListModel of KvmmLogEntry. */

#define KVMM_LOG_MAX_ENTRIES 500

#define KVMM_TYPE_LOG_ENTRY (kvmm_log_entry_get_type ())
G_DECLARE_FINAL_TYPE (KvmmLogEntry, kvmm_log_entry, KVMM, LOG_ENTRY, GObject)
/* Properties: "time-us" (gint64, Unix time), "word" (string, machine-readable), "text" (string,
 * translated, plain), "icon-name" */
gint64 kvmm_log_entry_get_time_us (KvmmLogEntry *self);
const char *kvmm_log_entry_get_word (KvmmLogEntry *self);
const char *kvmm_log_entry_get_text (KvmmLogEntry *self);
const char *kvmm_log_entry_get_icon_name (KvmmLogEntry *self);

#define KVMM_TYPE_LOG (kvmm_log_get_type ())
G_DECLARE_FINAL_TYPE (KvmmLog, kvmm_log, KVMM, LOG, GObject)
KvmmLog *kvmm_log_new (void);
/** kvmm_log_add: @time_us: Unix time in µs, 0 for now; @word, @text: copied */
void kvmm_log_add (KvmmLog *self, gint64 time_us, const char *word, const char *text);

G_END_DECLS

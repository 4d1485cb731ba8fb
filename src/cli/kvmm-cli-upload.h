/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <json-glib/json-glib.h>

#include "cli/kvmm-cli-session.h"
#include "model/kvmm-agent-iso.h"

G_BEGIN_DECLS

/* What the commands about the agent disc share. Main thread only. */

/* An upload that may happen: shown on a terminal, and taken back when the person presses Ctrl+C. */
typedef struct
{
  GCancellable *cancellable; /* (owned) */
  guint signal_id;
  gboolean is_shown; /* on the terminal's last line */
} KvmmCliUpload;

void kvmm_cli_upload_begin (KvmmCliUpload *self);
/** kvmm_cli_upload_progress_cb: a GFileProgressCallback; @user_data is a KvmmCliUpload * */
void kvmm_cli_upload_progress_cb (goffset done_bytes, goffset total_bytes, gpointer user_data);
void kvmm_cli_upload_end (KvmmCliUpload *self);
void kvmm_cli_upload_clear (KvmmCliUpload *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KvmmCliUpload, kvmm_cli_upload_clear)

/** kvmm_cli_upload_report: prints @error and the option that cures it, if there is one; after a
 * cancelled upload waits until it was taken back */
void
kvmm_cli_upload_report (KvmmCliSession *session, KvmmConnection *connection, const GError *error);

/** kvmm_cli_add_nullable: a member of the object under construction */
void kvmm_cli_add_nullable (JsonBuilder *builder, const char *name, const char *value);
/** kvmm_cli_print_json: what was built, on standard output */
void kvmm_cli_print_json (JsonBuilder *builder);

G_END_DECLS

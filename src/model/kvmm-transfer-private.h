/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-files.h"
#include "kvmm-transfer.h"

G_BEGIN_DECLS

#define KVMM_TRANSFER_CHUNK (128 * 1024)
#define KVMM_TRANSFER_MAX_NUMBER 999

struct _KvmmTransfer
{
  GObject parent_instance;

  KvmmTransferState state;
  KvmmTransferAnswer answer;
  gboolean is_upload;
  gboolean is_directory;
  guint depth;
  guint batch;
  char *title;     /* to be shown */
  char *path;      /* (nullable) exact, in the guest: what is read */
  char *directory; /* (nullable) exact, in the guest: where it is written, %NULL: the inbox */
  char *name;      /* at the end that is written */
  guint number;    /* behind the name when both are kept */
  GFile *folder;   /* (owned) (nullable) on this host */
  GFile *source;   /* (owned) (nullable) on this host */
  GFile *target;   /* (owned) (nullable) on this host, chosen */
  GError *error;   /* (owned) (nullable) */
  GPtrArray *children;

  guint64 done_bytes;
  guint64 size_bytes;
  double rate;
  guint64 rate_bytes; /* done at rate_us */
  gint64 rate_us;
  gint64 notified_us;

  /* Of the run under way. */
  GTask *run;                /* (owned) (nullable) */
  KvmmAgentClient *agent;    /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable) */
  KvmmAgentFileStream *file; /* (owned) (nullable) */
  GInputStream *reading;     /* (owned) (nullable) the host's file */
  GBytes *chunk;             /* (owned) (nullable) being written */
  GError *write_error;       /* (owned) (nullable) which the guest may explain */

  /* What an interrupted run leaves for the next. */
  gboolean is_whole; /* a download lacks only its name */
  gint64 modified_ms;
  GFile *part;            /* (owned) (nullable) */
  GOutputStream *writing; /* (owned) (nullable) to part */
  char *token;            /* (nullable) */
  char *written_path;     /* (nullable) exact, in the guest */
  gboolean is_resumed;    /* an upload goes on with what the guest had kept */
};

/* Each ends the run. @error: (transfer full) */
void kvmm_transfer_end (KvmmTransfer *self, KvmmTransferState state);
void kvmm_transfer_fail (KvmmTransfer *self, GError *error);
void kvmm_transfer_add_done (KvmmTransfer *self, guint64 bytes);
void kvmm_transfer_set_size (KvmmTransfer *self, guint64 bytes);
/* The name at the end that is written, with its number. */
char *kvmm_transfer_dup_name (KvmmTransfer *self);
/* Nobody takes @name there: ask, number it, or give up. Returns: whether to go on with what is set
 */
gboolean kvmm_transfer_meet_existing (KvmmTransfer *self);
/* @child: (transfer full) */
void kvmm_transfer_add_child (KvmmTransfer *self, KvmmTransfer *child);
/* What an unfinished download wrote is removed. */
void kvmm_transfer_drop_part (KvmmTransfer *self);
/* One that is over has failed nevertheless. @message: (transfer full) */
void kvmm_transfer_refuse (KvmmTransfer *self, char *message);

void kvmm_transfer_download (KvmmTransfer *self);
void kvmm_transfer_upload (KvmmTransfer *self);
void kvmm_transfer_download_directory (KvmmTransfer *self);
void kvmm_transfer_upload_directory (KvmmTransfer *self);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-stream.h"
#include "util/kvmm-guest-work.h"

G_BEGIN_DECLS

/* Files of a guest. All need the host's permission (kvmm_agent_client_set_control_allowed()). Paths
 * are the guest's: absolute, exact, never used as a path of the host. Main thread only. */

void kvmm_agent_client_file_roots_async (KvmmAgentClient *self,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
KvmmGuestFileRoots *
kvmm_agent_client_file_roots_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

void kvmm_agent_client_stat_file_async (KvmmAgentClient *self,
                                        const char *path,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
KvmmGuestFile *
kvmm_agent_client_stat_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

/** All entries of a directory, page after page, at most @max (0: 10000) */
void kvmm_agent_client_list_files_async (KvmmAgentClient *self,
                                         const char *path,
                                         guint max,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
/** Returns: (transfer full) (element-type KvmmGuestFile) */
GPtrArray *kvmm_agent_client_list_files_finish (KvmmAgentClient *self,
                                                GAsyncResult *result,
                                                KvmmGuestListInfo *info,
                                                GError **error);

void kvmm_agent_client_make_directory_async (KvmmAgentClient *self,
                                             const char *path,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
gboolean kvmm_agent_client_make_directory_finish (KvmmAgentClient *self,
                                                  GAsyncResult *result,
                                                  GError **error);
void kvmm_agent_client_remove_file_async (KvmmAgentClient *self,
                                          const char *path,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
gboolean
kvmm_agent_client_remove_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

/* One file under way. */
typedef struct
{
  KvmmAgentStream *stream; /* (owned) */
  guint64 size_bytes;      /* of the whole file */
  guint64 offset;          /* where the bytes of the stream begin */
  gint64 modified_ms;
  guint mode;
  char *token; /* (nullable) exact: to resume an upload */
  char *path;  /* (nullable) exact: where an inbox puts it */
} KvmmAgentFileStream;
void kvmm_agent_file_stream_free (KvmmAgentFileStream *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentFileStream, kvmm_agent_file_stream_free)

void kvmm_agent_client_read_file_async (KvmmAgentClient *self,
                                        const char *path,
                                        guint64 offset,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
KvmmAgentFileStream *
kvmm_agent_client_read_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

typedef enum
{
  KVMM_AGENT_WRITE_NEW, /* KVMM_AGENT_ERROR_EXISTS when it is there */
  KVMM_AGENT_WRITE_REPLACE,
  KVMM_AGENT_WRITE_ANY,
} KvmmAgentWriteMode;

typedef struct
{
  const char *path;  /* absolute; with is_inbox: a name */
  gboolean is_inbox; /* into the guest's drop directory */
  guint64 size_bytes;
  guint mode;         /* 0: 0644 */
  gint64 modified_ms; /* 0: now */
  KvmmAgentWriteMode write_mode;
  const char *resume; /* (nullable): a token */
} KvmmAgentWrite;

/** Upload: write exactly size - offset bytes to the stream, close its output half, then wait for
 * its end. @write: copied */
void kvmm_agent_client_write_file_async (KvmmAgentClient *self,
                                         const KvmmAgentWrite *write,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
KvmmAgentFileStream *
kvmm_agent_client_write_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "agent/kvmm-agent-files.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-call.h"
#include "protocol/kvma-names.h"

/* Times the ordinary ten seconds: disks of guests can be slow. */
#define PATIENCE 3
#define FILES_MAX 10000
/* The agent sends no more than so many bytes a second (4.8): the next page waits, and asks again.
 */
#define PAGE_WAIT_MS 250
#define PAGE_WAITS_MAX 60

static JsonObject *
path_params (const char *path)
{
  JsonObject *params = json_object_new ();

  json_object_set_string_member (params, "path", path);
  return params;
}

/* ---- looking ---- */

static gpointer
parse_roots (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file_roots (result, error);
}

static const KvmmAgentCall file_roots = {
  .method = KVMA_METHOD_FILE_ROOTS,
  .parse = parse_roots,
  .free = (GDestroyNotify) kvmm_guest_file_roots_free,
};

void
kvmm_agent_client_file_roots_async (KvmmAgentClient *self,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));

  kvmm_agent_call_start (self, &file_roots, NULL, cancellable, callback, user_data);
}

KvmmGuestFileRoots *
kvmm_agent_client_file_roots_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  gpointer value = NULL;

  kvmm_agent_call_finish (self, &file_roots, result, &value, error);
  return value;
}

static gpointer
parse_file (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file (result, error);
}

static const KvmmAgentCall stat_file = {
  .method = KVMA_METHOD_FILE_STAT,
  .patience = PATIENCE,
  .parse = parse_file,
  .free = (GDestroyNotify) kvmm_guest_file_free,
};

void
kvmm_agent_client_stat_file_async (KvmmAgentClient *self,
                                   const char *path,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (path != NULL);

  kvmm_agent_call_start (self, &stat_file, path_params (path), cancellable, callback, user_data);
}

KvmmGuestFile *
kvmm_agent_client_stat_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  gpointer value = NULL;

  kvmm_agent_call_finish (self, &stat_file, result, &value, error);
  return value;
}

/* ---- a directory, page after page ---- */

typedef struct
{
  char *path;                /* (owned) */
  guint max;                 /* rows */
  guint n_waits;             /* for this page */
  KvmmAgentListing *listing; /* (owned) (nullable) all pages so far */
} Paging;

static void
paging_free (gpointer data)
{
  Paging *paging = data;

  g_free (paging->path);
  g_clear_pointer (&paging->listing, kvmm_agent_listing_free);
  g_free (paging);
}

static void page_cb (JsonObject *result, const GError *error, gpointer user_data);

/* Takes @task. */
static void
request_page (GTask *task)
{
  KvmmAgentClient *self = g_task_get_source_object (task);
  Paging *paging = g_task_get_task_data (task);
  guint have = paging->listing != NULL ? paging->listing->rows->len : 0;
  JsonObject *params = path_params (paging->path);

  json_object_set_int_member (params, "limit", MIN (paging->max - have, KVMA_LIST_ROWS_MAX));
  if (paging->listing != NULL)
    json_object_set_string_member (params, "cursor", paging->listing->cursor);
  kvmm_agent_requests_send_within (self->requests, KVMA_METHOD_FILE_LIST, params,
                                   KVMM_AGENT_REQUEST_READS, PATIENCE * self->intervals.request,
                                   g_task_get_cancellable (task), page_cb, task);
}

/* Takes @page. */
static void
add_page (Paging *paging, KvmmAgentListing *page)
{
  if (paging->listing == NULL)
    {
      paging->listing = page;
      return;
    }
  g_ptr_array_extend_and_steal (paging->listing->rows, g_steal_pointer (&page->rows));
  paging->listing->info = page->info;
  g_free (paging->listing->cursor);
  paging->listing->cursor = g_steal_pointer (&page->cursor);
  kvmm_agent_listing_free (page);
}

static gboolean
request_page_again_cb (gpointer user_data)
{
  request_page (user_data);
  return G_SOURCE_REMOVE;
}

static void
page_cb (JsonObject *result, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Paging *paging = g_task_get_task_data (task);
  KvmmAgentListing *page = NULL;
  GError *invalid = NULL;
  gboolean is_empty;

  if (g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_BUSY) &&
      paging->n_waits++ < PAGE_WAITS_MAX)
    {
      g_timeout_add (PAGE_WAIT_MS, request_page_again_cb, g_steal_pointer (&task));
      return;
    }
  paging->n_waits = 0;
  if (error == NULL)
    page = kvmm_agent_schema_files (result, &invalid);
  if (page == NULL)
    {
      g_task_return_error (task, invalid != NULL ? invalid : g_error_copy (error));
      return;
    }
  is_empty = page->rows->len == 0;
  add_page (paging, page);
  /* A page without rows makes no progress, and might go on for ever. */
  if (!is_empty && paging->listing->cursor != NULL && paging->listing->rows->len < paging->max)
    {
      request_page (g_steal_pointer (&task));
      return;
    }
  if (paging->listing->rows->len > paging->max)
    g_ptr_array_set_size (paging->listing->rows, (int) paging->max);
  paging->listing->info.total = MAX (paging->listing->info.total, paging->listing->rows->len);
  paging->listing->info.is_truncated =
      paging->listing->rows->len < paging->listing->info.total || paging->listing->cursor != NULL;
  g_task_return_pointer (task, g_steal_pointer (&paging->listing),
                         (GDestroyNotify) kvmm_agent_listing_free);
}

static const KvmmAgentCall list_files = {
  .method = KVMA_METHOD_FILE_LIST,
  .free = (GDestroyNotify) kvmm_agent_listing_free,
};

void
kvmm_agent_client_list_files_async (KvmmAgentClient *self,
                                    const char *path,
                                    guint max,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  Paging *paging;
  GTask *task;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (path != NULL);

  paging = g_new0 (Paging, 1);
  paging->path = g_strdup (path);
  paging->max = max > 0 ? MIN (max, FILES_MAX) : FILES_MAX;
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, (gpointer) &list_files);
  g_task_set_task_data (task, paging, paging_free);
  request_page (task);
}

GPtrArray *
kvmm_agent_client_list_files_finish (KvmmAgentClient *self,
                                     GAsyncResult *result,
                                     KvmmGuestListInfo *info,
                                     GError **error)
{
  return kvmm_agent_call_finish_listing (self, &list_files, result, info, NULL, error);
}

/* ---- changing ---- */

static const KvmmAgentCall make_directory = {
  .method = KVMA_METHOD_FILE_MKDIR,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .patience = PATIENCE,
};

void
kvmm_agent_client_make_directory_async (KvmmAgentClient *self,
                                        const char *path,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (path != NULL);

  kvmm_agent_call_start (self, &make_directory, path_params (path), cancellable, callback,
                         user_data);
}

gboolean
kvmm_agent_client_make_directory_finish (KvmmAgentClient *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  return kvmm_agent_call_finish (self, &make_directory, result, NULL, error);
}

static const KvmmAgentCall remove_file = {
  .method = KVMA_METHOD_FILE_REMOVE,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .patience = PATIENCE,
};

void
kvmm_agent_client_remove_file_async (KvmmAgentClient *self,
                                     const char *path,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (path != NULL);

  kvmm_agent_call_start (self, &remove_file, path_params (path), cancellable, callback, user_data);
}

gboolean
kvmm_agent_client_remove_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  return kvmm_agent_call_finish (self, &remove_file, result, NULL, error);
}

/* ---- content ---- */

void
kvmm_agent_file_stream_free (KvmmAgentFileStream *self)
{
  g_clear_object (&self->stream);
  g_free (self->token);
  g_free (self->path);
  g_free (self);
}

/* Takes @opened. */
static KvmmAgentFileStream *
make_file_stream (KvmmAgentClient *self,
                  const char *method,
                  KvmmAgentOpened *opened,
                  KvmmAgentFlowFlags flags,
                  GError **error)
{
  g_autoptr (KvmmAgentFileStream) file = g_new0 (KvmmAgentFileStream, 1);

  file->size_bytes = opened->size_bytes;
  file->offset = opened->offset;
  file->modified_ms = opened->modified_ms;
  file->mode = opened->mode;
  file->token = g_steal_pointer (&opened->token);
  file->path = g_steal_pointer (&opened->path);
  file->stream = kvmm_agent_call_claim (self, method, opened->stream, flags, error);
  kvmm_agent_opened_free (opened);
  return file->stream != NULL ? g_steal_pointer (&file) : NULL;
}

static gpointer
parse_read (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file_read (result, error);
}

static gpointer
take_read (KvmmAgentClient *self, gpointer parsed, gpointer data, GError **error)
{
  ((KvmmAgentOpened *) parsed)->offset = *(guint64 *) data;
  return make_file_stream (self, KVMA_METHOD_FILE_READ, parsed, KVMM_AGENT_FLOW_BULK, error);
}

static const KvmmAgentCall read_file = {
  .method = KVMA_METHOD_FILE_READ,
  .patience = PATIENCE,
  .parse = parse_read,
  .take = take_read,
  .free = (GDestroyNotify) kvmm_agent_file_stream_free,
};

void
kvmm_agent_client_read_file_async (KvmmAgentClient *self,
                                   const char *path,
                                   guint64 offset,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (path != NULL);

  params = path_params (path);
  if (offset > 0)
    json_object_set_int_member (params, "offset", (gint64) MIN (offset, KVMA_JSON_INTEGER_MAX));
  kvmm_agent_call_start_full (self, &read_file, params, 0, g_memdup2 (&offset, sizeof offset),
                              g_free, cancellable, callback, user_data);
}

KvmmAgentFileStream *
kvmm_agent_client_read_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  gpointer value = NULL;

  kvmm_agent_call_finish (self, &read_file, result, &value, error);
  return value;
}

static gpointer
parse_write (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_file_write (result, error);
}

static gpointer
parse_put (JsonObject *result, GError **error)
{
  return kvmm_agent_schema_inbox_put (result, error);
}

static gpointer
take_write (KvmmAgentClient *self, gpointer parsed, gpointer data, GError **error)
{
  KvmmAgentOpened *opened = parsed;

  opened->size_bytes = *(guint64 *) data;
  if (opened->offset > opened->size_bytes)
    {
      kvmm_agent_opened_free (opened);
      g_set_error_literal (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_INVALID_REPLY,
                           _ ("The guest agent wants to go on behind the end of the file"));
      return NULL;
    }
  return make_file_stream (self, KVMA_METHOD_FILE_WRITE, opened,
                           KVMM_AGENT_FLOW_WRITES | KVMM_AGENT_FLOW_CHANGES, error);
}

static const KvmmAgentCall write_file = {
  .method = KVMA_METHOD_FILE_WRITE,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .patience = PATIENCE,
  .parse = parse_write,
  .take = take_write,
  .free = (GDestroyNotify) kvmm_agent_file_stream_free,
};

static const KvmmAgentCall put_file = {
  .method = KVMA_METHOD_INBOX_PUT,
  .kind = KVMM_AGENT_REQUEST_CHANGES,
  .patience = PATIENCE,
  .parse = parse_put,
  .take = take_write,
  .free = (GDestroyNotify) kvmm_agent_file_stream_free,
};

static const char *
write_mode_word (KvmmAgentWriteMode mode)
{
  switch (mode)
    {
    case KVMM_AGENT_WRITE_REPLACE:
      return "replace";
    case KVMM_AGENT_WRITE_ANY:
      return "any";
    case KVMM_AGENT_WRITE_NEW:
      break;
    }
  return "new";
}

void
kvmm_agent_client_write_file_async (KvmmAgentClient *self,
                                    const KvmmAgentWrite *write,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  JsonObject *params;

  g_return_if_fail (KVMM_IS_AGENT_CLIENT (self));
  g_return_if_fail (write != NULL && write->path != NULL);
  g_return_if_fail (write->size_bytes <= KVMA_JSON_INTEGER_MAX);

  params = json_object_new ();
  json_object_set_string_member (params, write->is_inbox ? "name" : "path", write->path);
  json_object_set_int_member (params, "size", (gint64) write->size_bytes);
  if (write->mode != 0)
    json_object_set_int_member (params, "mode", write->mode & 0777);
  if (write->modified_ms != 0)
    json_object_set_int_member (params, "mtime", write->modified_ms);
  json_object_set_string_member (params, "if", write_mode_word (write->write_mode));
  if (write->resume != NULL)
    json_object_set_string_member (params, "resume", write->resume);
  kvmm_agent_call_start_full (self, write->is_inbox ? &put_file : &write_file, params, 0,
                              g_memdup2 (&write->size_bytes, sizeof write->size_bytes), g_free,
                              cancellable, callback, user_data);
}

KvmmAgentFileStream *
kvmm_agent_client_write_file_finish (KvmmAgentClient *self, GAsyncResult *result, GError **error)
{
  const KvmmAgentCall *call =
      g_async_result_is_tagged (result, (gpointer) &put_file) ? &put_file : &write_file;
  gpointer value = NULL;

  kvmm_agent_call_finish (self, call, result, &value, error);
  return value;
}

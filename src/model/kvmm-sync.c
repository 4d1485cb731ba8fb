/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-sync.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "model/kvmm-connection-private.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* Reads after events at once: as many as the lane has threads, so that one machine that does not
 * answer does not hold up the others. What comes meanwhile waits and is read together. */
#define MAX_READS 2
/* Of one read, so that a flood of events shows results while it lasts. */
#define MAX_UUIDS_PER_READ 64
#define RETRY_SECONDS 5

struct _KvmmSync
{
  GObject parent_instance;

  KvmmConnection *connection; /* (unowned) (nullable) */
  KvmmDomainStore *store;     /* (owned) */
  GSourceOnceFunc listed_func;
  KvmmSyncErrorFunc error_func;
  GHashTable *dirty;  /* set of UUID (owned) to be read */
  GHashTable *failed; /* set of UUID (owned) to be read some seconds later */
  guint read_id;
  guint retry_id;
  guint n_reads;
  guint64 last_serial;
  guint epoch; /* of the current link; what was asked for in an older one is dropped */
  gboolean is_started;
  gboolean is_listing; /* the quick list is on its way: nothing may overtake it */
  gboolean list_again; /* asked for meanwhile */
};

G_DEFINE_FINAL_TYPE (KvmmSync, kvmm_sync, G_TYPE_OBJECT)

/* One question to libvirt, and what came back. */
typedef struct
{
  guint epoch;
  guint64 serial;
  gboolean with_xml;        /* of a list */
  GPtrArray *uuids;         /* (owned) (nullable) of a read */
  GPtrArray *removed;       /* (owned) (nullable) UUIDs that were not there */
  GPtrArray *failed;        /* (owned) (nullable) UUIDs that could not be read now */
  KvmmVirtConnect *connect; /* (owned) (nullable) what it was asked of */
  GPtrArray *infos;         /* (owned) (nullable) of KvmmDomainInfo */
} Query;

static void list (KvmmSync *self, gboolean with_xml);
static void schedule_read (KvmmSync *self);

static void
query_free (Query *query)
{
  g_clear_pointer (&query->uuids, g_ptr_array_unref);
  g_clear_pointer (&query->removed, g_ptr_array_unref);
  g_clear_pointer (&query->failed, g_ptr_array_unref);
  g_clear_pointer (&query->connect, kvmm_virt_connect_unref);
  g_clear_pointer (&query->infos, g_ptr_array_unref);
  g_free (query);
}

static Query *
query_new (KvmmSync *self)
{
  Query *query = g_new0 (Query, 1);

  query->epoch = self->epoch;
  query->serial = ++self->last_serial;
  return query;
}

static void
report (KvmmSync *self, const Query *query, const GError *error)
{
  g_debug ("%s: %s", kvmm_connection_get_uri (self->connection), error->message);
  if (query->connect != NULL)
    self->error_func (self->connection, query->connect, error);
}

/* ---- listing ---- */

/* Worker. */
static void
list_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Query *query = data;
  GError *error = NULL;

  query->connect = kvmm_virt_connect_ref (connect);
  query->infos = kvmm_virt_connect_list_domains (connect, query->with_xml, &error);
  if (query->infos == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* On the disposal thread. Opening a host and reading all XML leaves the heap full of holes: 16 MB
 * after 1000 machines. */
static void
trim_heap (gpointer unused)
{
#ifdef __GLIBC__
  malloc_trim (0);
#endif
}

static void
full_list_shown_cb (gpointer user_data)
{
  KvmmSync *self = user_data;

  if (self->connection != NULL)
    self->listed_func (self->connection);
  kvmm_lane_dispose_later (NULL, trim_heap);
}

static void
list_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmSync *self = KVMM_SYNC (source);
  Query *query = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_listed = g_task_propagate_boolean (G_TASK (result), &error);

  if (self->connection == NULL || query->epoch != self->epoch)
    return;
  if (!query->with_xml)
    self->is_listing = FALSE;
  if (!is_listed)
    {
      report (self, query, error);
      schedule_read (self);
      return;
    }

  kvmm_domain_store_push_infos (self->store, g_steal_pointer (&query->infos), query->serial);
  if (query->with_xml)
    kvmm_domain_store_push_call (self->store, full_list_shown_cb, g_object_ref (self),
                                 g_object_unref);
  else
    {
      kvmm_domain_store_push_sweep (self->store, query->serial);
      list (self, TRUE);
    }
  kvmm_domain_store_flush (self->store);
  if (self->list_again && !self->is_listing)
    {
      self->list_again = FALSE;
      kvmm_sync_start (self);
    }
  schedule_read (self);
}

/* The quick list has every row in a handful of calls; the one with XML takes a call for each
 * machine and only fills in columns, so it goes to another lane and after it. */
static void
list (KvmmSync *self, gboolean with_xml)
{
  Query *query = query_new (self);
  g_autoptr (GTask) task = g_task_new (self, NULL, list_ready_cb, query);

  query->with_xml = with_xml;
  g_task_set_source_tag (task, list);
  kvmm_connection_run (self->connection,
                       with_xml ? KVMM_CONNECTION_LANE_QUERY : KVMM_CONNECTION_LANE_CONTROL,
                       G_PRIORITY_DEFAULT, task, list_func, query, (GDestroyNotify) query_free);
}

/* ---- reading after events ---- */

/* Worker. */
static void
read_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Query *query = data;

  query->connect = kvmm_virt_connect_ref (connect);
  for (guint i = 0; i < query->uuids->len; i++)
    {
      const char *uuid = query->uuids->pdata[i];
      g_autoptr (GError) error = NULL;
      KvmmDomainInfo *info = kvmm_virt_domain_read (connect, uuid, &error);

      if (info != NULL)
        g_ptr_array_add (query->infos, info);
      else if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT))
        g_ptr_array_add (query->removed, g_strdup (uuid));
      else if (g_error_matches (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST))
        {
          g_task_return_error (task, g_steal_pointer (&error));
          return;
        }
      else
        {
          g_debug ("%s", error->message);
          g_ptr_array_add (query->failed, g_strdup (uuid));
        }
    }
  g_task_return_boolean (task, TRUE);
}

static gboolean
retry_cb (gpointer user_data)
{
  KvmmSync *self = user_data;
  GHashTableIter iter;
  gpointer uuid;

  self->retry_id = 0;
  g_hash_table_iter_init (&iter, self->failed);
  while (g_hash_table_iter_next (&iter, &uuid, NULL))
    {
      g_hash_table_add (self->dirty, uuid);
      g_hash_table_iter_steal (&iter);
    }
  schedule_read (self);
  return G_SOURCE_REMOVE;
}

/* A machine whose lock is held for long (a save, a stuck monitor) cannot be read now. */
static void
plan_retry (KvmmSync *self, const GPtrArray *uuids)
{
  for (guint i = 0; i < uuids->len; i++)
    g_hash_table_add (self->failed, g_strdup (uuids->pdata[i]));
  if (g_hash_table_size (self->failed) > 0 && self->retry_id == 0)
    self->retry_id = g_timeout_add_seconds (RETRY_SECONDS, retry_cb, self);
}

static void
read_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmSync *self = KVMM_SYNC (source);
  Query *query = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_read = g_task_propagate_boolean (G_TASK (result), &error);

  self->n_reads--;
  if (self->connection == NULL || query->epoch != self->epoch)
    {
      schedule_read (self);
      return;
    }
  if (is_read)
    {
      kvmm_domain_store_push_infos (self->store, g_steal_pointer (&query->infos), query->serial);
      for (guint i = 0; i < query->removed->len; i++)
        kvmm_domain_store_push_removed (self->store, query->removed->pdata[i], query->serial);
      plan_retry (self, query->failed);
      kvmm_domain_store_flush (self->store);
    }
  else
    report (self, query, error);
  schedule_read (self);
}

static void
take_dirty (KvmmSync *self, GPtrArray *uuids)
{
  GHashTableIter iter;
  gpointer uuid;

  g_hash_table_iter_init (&iter, self->dirty);
  while (uuids->len < MAX_UUIDS_PER_READ && g_hash_table_iter_next (&iter, &uuid, NULL))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (uuids, uuid);
    }
}

static gboolean
read_cb (gpointer user_data)
{
  KvmmSync *self = user_data;

  self->read_id = 0;
  while (g_hash_table_size (self->dirty) > 0 && self->n_reads < MAX_READS)
    {
      Query *query = query_new (self);
      g_autoptr (GTask) task = g_task_new (self, NULL, read_ready_cb, query);

      query->uuids = g_ptr_array_new_with_free_func (g_free);
      query->removed = g_ptr_array_new_with_free_func (g_free);
      query->failed = g_ptr_array_new_with_free_func (g_free);
      query->infos = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_domain_info_unref);
      take_dirty (self, query->uuids);
      self->n_reads++;
      g_task_set_source_tag (task, read_cb);
      g_task_set_priority (task, G_PRIORITY_HIGH);
      kvmm_connection_run (self->connection, KVMM_CONNECTION_LANE_QUERY, G_PRIORITY_HIGH, task,
                           read_func, query, (GDestroyNotify) query_free);
    }
  return G_SOURCE_REMOVE;
}

/* Several events of one change arrive in one main-loop turn; one read answers them all. */
static void
schedule_read (KvmmSync *self)
{
  if (self->read_id == 0 && self->is_started && !self->is_listing && self->n_reads < MAX_READS &&
      g_hash_table_size (self->dirty) > 0)
    self->read_id = g_idle_add_full (G_PRIORITY_DEFAULT, read_cb, self, NULL);
}

/* ---- the object ---- */

static void
drop_work (KvmmSync *self)
{
  self->epoch++;
  self->is_started = FALSE;
  self->is_listing = FALSE;
  self->list_again = FALSE;
  g_clear_handle_id (&self->read_id, g_source_remove);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_hash_table_remove_all (self->dirty);
  g_hash_table_remove_all (self->failed);
}

static void
kvmm_sync_dispose (GObject *object)
{
  KvmmSync *self = KVMM_SYNC (object);

  kvmm_sync_close (self);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (kvmm_sync_parent_class)->dispose (object);
}

static void
kvmm_sync_finalize (GObject *object)
{
  KvmmSync *self = KVMM_SYNC (object);

  g_clear_pointer (&self->dirty, g_hash_table_unref);
  g_clear_pointer (&self->failed, g_hash_table_unref);
  G_OBJECT_CLASS (kvmm_sync_parent_class)->finalize (object);
}

static void
kvmm_sync_class_init (KvmmSyncClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_sync_dispose;
  object_class->finalize = kvmm_sync_finalize;
}

static void
kvmm_sync_init (KvmmSync *self)
{
  self->dirty = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->failed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

KvmmSync *
kvmm_sync_new (KvmmConnection *connection,
               KvmmDomainStore *store,
               GSourceOnceFunc listed_func,
               KvmmSyncErrorFunc error_func)
{
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmSync *self = g_object_new (KVMM_TYPE_SYNC, NULL);
  self->connection = connection;
  self->store = g_object_ref (store);
  self->listed_func = listed_func;
  self->error_func = error_func;
  return self;
}

void
kvmm_sync_start (KvmmSync *self)
{
  if (self->is_listing)
    {
      self->list_again = TRUE;
      return;
    }
  self->is_started = TRUE;
  self->is_listing = TRUE;
  list (self, FALSE);
}

void
kvmm_sync_stop (KvmmSync *self)
{
  drop_work (self);
  kvmm_domain_store_push_unknown (self->store);
  kvmm_domain_store_flush (self->store);
}

void
kvmm_sync_mark (KvmmSync *self, const char *uuid)
{
  if (!self->is_started || self->connection == NULL)
    return;
  g_hash_table_add (self->dirty, g_strdup (uuid));
  schedule_read (self);
}

void
kvmm_sync_close (KvmmSync *self)
{
  drop_work (self);
  self->connection = NULL;
}

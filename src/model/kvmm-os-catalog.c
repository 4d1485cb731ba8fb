/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-os-catalog.h"

#include <osinfo/osinfo.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* Systems of this year and later start from UEFI where the host has it. */
#define UEFI_SINCE_YEAR 2020

/* The database: made and asked by the one thread of the lane only. */
typedef struct
{
  gatomicrefcount ref_count;
  OsinfoLoader *loader; /* (owned) (nullable) until somebody asked */
} Database;

struct _KvmmOsCatalog
{
  GObject parent_instance;

  KvmmLane *lane; /* (owned) */
  Database *database;
};

G_DEFINE_FINAL_TYPE (KvmmOsCatalog, kvmm_os_catalog, G_TYPE_OBJECT)

KvmmOs *
kvmm_os_copy (const KvmmOs *self)
{
  KvmmOs *copy = g_new0 (KvmmOs, 1);

  copy->id = g_strdup (self->id);
  copy->name = g_strdup (self->name);
  copy->released = g_strdup (self->released);
  copy->is_supported = self->is_supported;
  return copy;
}

void
kvmm_os_free (KvmmOs *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->name);
  g_free (self->released);
  g_free (self);
}

static Database *
database_ref (Database *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
database_unref (Database *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->loader);
  g_free (self);
}

/* What a worker gets: the database, and the question. */
typedef struct
{
  Database *database; /* (owned) */
  char *text;         /* (owned) (nullable) an id, a path, a .treeinfo */
  char *url;          /* (owned) (nullable) of a tree */
  char *short_id;     /* (owned) (nullable) */
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  database_unref (question->database);
  g_free (question->text);
  g_free (question->url);
  g_free (question->short_id);
  g_free (question);
}

/* Worker. Returns: (transfer none): never %NULL; empty when there are no files */
static OsinfoDb *
open_database (Database *self)
{
  g_autoptr (GError) error = NULL;

  if (self->loader == NULL)
    {
      self->loader = osinfo_loader_new ();
      osinfo_loader_process_default_path (self->loader, &error);
      if (error != NULL)
        g_debug ("The database of operating systems was not read whole: %s", error->message);
    }
  return osinfo_loader_get_db (self->loader);
}

static Question *
question_new (KvmmOsCatalog *self, const char *text)
{
  Question *question = g_new0 (Question, 1);

  question->database = database_ref (self->database);
  question->text = g_strdup (text);
  return question;
}

/* @question: (transfer full) */
static void
ask_question (KvmmOsCatalog *self, Question *question, GTaskThreadFunc func, GTask *task)
{
  g_task_set_task_data (task, question, question_free);
  g_task_set_return_on_cancel (task, TRUE);
  kvmm_lane_run (self->lane, task, func, G_PRIORITY_DEFAULT);
}

static void
ask (KvmmOsCatalog *self, const char *text, GTaskThreadFunc func, GTask *task)
{
  ask_question (self, question_new (self, text), func, task);
}

/* ---- the list ---- */

static gboolean
is_supported (OsinfoOs *os, const char *today)
{
  const char *end = osinfo_product_get_eol_date_string (OSINFO_PRODUCT (os));

  return osinfo_os_get_release_status (os) == OSINFO_RELEASE_STATUS_RELEASED &&
         (end == NULL || strcmp (end, today) >= 0);
}

static int
compare_systems (gconstpointer a, gconstpointer b)
{
  const KvmmOs *first = *(const KvmmOs *const *) a;
  const KvmmOs *second = *(const KvmmOs *const *) b;

  if (first->is_supported != second->is_supported)
    return first->is_supported ? -1 : 1;
  return g_utf8_collate (first->name, second->name);
}

static void
list_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Question *question = task_data;
  g_autoptr (OsinfoOsList) list = osinfo_db_get_os_list (open_database (question->database));
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *today = g_date_time_format (now, "%Y-%m-%d");
  GPtrArray *systems = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_os_free);
  int n = osinfo_list_get_length (OSINFO_LIST (list));

  for (int i = 0; i < n; i++)
    {
      OsinfoEntity *entity = osinfo_list_get_nth (OSINFO_LIST (list), i);
      const char *name = osinfo_product_get_name (OSINFO_PRODUCT (entity));
      const char *released = osinfo_product_get_release_date_string (OSINFO_PRODUCT (entity));
      KvmmOs *os;

      if (name == NULL)
        continue;
      os = g_new0 (KvmmOs, 1);
      os->id = g_strdup (osinfo_entity_get_id (entity));
      os->name = kvmm_guest_text_sanitise (name, -1);
      os->released = g_strdup (released != NULL ? released : "");
      os->is_supported = is_supported (OSINFO_OS (entity), today);
      g_ptr_array_add (systems, os);
    }
  g_ptr_array_sort (systems, compare_systems);
  g_task_return_pointer (task, systems, (GDestroyNotify) g_ptr_array_unref);
}

void
kvmm_os_catalog_list_async (KvmmOsCatalog *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_os_catalog_list_async);
  ask (self, NULL, list_func, task);
}

GPtrArray *
kvmm_os_catalog_list_finish (KvmmOsCatalog *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- what is on a disc ---- */

/* The library waits in a main loop: it must not be that of the main thread. */
static OsinfoMedia *
read_media (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  OsinfoMedia *media;

  g_main_context_push_thread_default (context);
  media = osinfo_media_create_from_location (path, cancellable, error);
  g_main_context_pop_thread_default (context);
  return media;
}

static void
detect_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Question *question = task_data;
  OsinfoDb *db = open_database (question->database);
  g_autoptr (GError) error = NULL;
  g_autoptr (OsinfoMedia) media = read_media (question->text, cancellable, &error);
  g_autoptr (OsinfoOs) os = NULL;

  if (media == NULL)
    {
      /* A disc that does not boot is none that anybody could know. */
      if (error != NULL && error->domain == OSINFO_MEDIA_ERROR)
        g_task_return_pointer (task, NULL, NULL);
      else
        g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (osinfo_db_identify_media (db, media))
    os = osinfo_media_get_os (media);
  g_task_return_pointer (
      task, os != NULL ? g_strdup (osinfo_entity_get_id (OSINFO_ENTITY (os))) : NULL, g_free);
}

void
kvmm_os_catalog_detect_async (KvmmOsCatalog *self,
                              const char *path,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_os_catalog_detect_async);
  ask (self, path, detect_func, task);
}

char *
kvmm_os_catalog_detect_finish (KvmmOsCatalog *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- what is in a tree ---- */

/* Returns: (transfer full) (nullable) */
static OsinfoOs *
find_by_short_id (OsinfoDb *db, const char *short_id)
{
  g_autoptr (OsinfoOsList) list = osinfo_db_get_os_list (db);
  int n = osinfo_list_get_length (OSINFO_LIST (list));

  for (int i = 0; i < n; i++)
    {
      OsinfoEntity *entity = osinfo_list_get_nth (OSINFO_LIST (list), i);

      if (g_strcmp0 (osinfo_product_get_short_id (OSINFO_PRODUCT (entity)), short_id) == 0)
        return g_object_ref (OSINFO_OS (entity));
    }
  return NULL;
}

static void
identify_tree_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Question *question = task_data;
  OsinfoDb *db = open_database (question->database);
  g_autoptr (OsinfoTree) tree = NULL;
  g_autoptr (OsinfoOs) os = NULL;
  g_autoptr (GError) ignored = NULL;

  /* One that cannot be read was told of by who asks. Without a place for its error the library
   * crashes at the first line that is missing. */
  if (question->text != NULL)
    tree = osinfo_tree_create_from_treeinfo (question->text, question->url, &ignored);
  if (tree != NULL && osinfo_db_identify_tree (db, tree))
    os = osinfo_tree_get_os (tree);
  if (os == NULL && question->short_id != NULL)
    os = find_by_short_id (db, question->short_id);
  g_task_return_pointer (
      task, os != NULL ? g_strdup (osinfo_entity_get_id (OSINFO_ENTITY (os))) : NULL, g_free);
}

void
kvmm_os_catalog_identify_tree_async (KvmmOsCatalog *self,
                                     const char *info,
                                     const char *url,
                                     const char *short_id,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Question *question;

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_os_catalog_identify_tree_async);
  question = question_new (self, info);
  question->url = g_strdup (url);
  question->short_id = g_strdup (short_id);
  ask_question (self, question, identify_tree_func, task);
}

char *
kvmm_os_catalog_identify_tree_finish (KvmmOsCatalog *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- what a system wants ---- */

static void
read_resources (OsinfoResourcesList *list, gint64 *memory, gint64 *disk, int *vcpus)
{
  int n = list != NULL ? osinfo_list_get_length (OSINFO_LIST (list)) : 0;

  for (int i = 0; i < n; i++)
    {
      OsinfoResources *resources = OSINFO_RESOURCES (osinfo_list_get_nth (OSINFO_LIST (list), i));
      const char *arch = osinfo_resources_get_architecture (resources);

      if (g_strcmp0 (arch, "all") != 0 && g_strcmp0 (arch, "x86_64") != 0)
        continue;
      *memory = MAX (*memory, osinfo_resources_get_ram (resources));
      *disk = MAX (*disk, osinfo_resources_get_storage (resources));
      *vcpus = MAX (*vcpus, osinfo_resources_get_n_cpus (resources));
    }
}

static gboolean
has_virtio_disk (OsinfoOs *os)
{
  g_autoptr (OsinfoDeviceList) devices = osinfo_os_get_all_devices (os, NULL);
  int n = osinfo_list_get_length (OSINFO_LIST (devices));

  for (int i = 0; i < n; i++)
    {
      const char *id = osinfo_entity_get_id (osinfo_list_get_nth (OSINFO_LIST (devices), i));

      if (g_str_equal (id, "http://pcisig.com/pci/1af4/1001") ||
          g_str_equal (id, "http://pcisig.com/pci/1af4/1042"))
        return TRUE;
    }
  return FALSE;
}

/* @type: "bios", "efi" */
static gboolean
lists_firmware (OsinfoOs *os, const char *type)
{
  g_autoptr (OsinfoFirmwareList) list = osinfo_os_get_firmware_list (os, NULL);
  int n = osinfo_list_get_length (OSINFO_LIST (list));

  for (int i = 0; i < n; i++)
    {
      OsinfoFirmware *firmware = OSINFO_FIRMWARE (osinfo_list_get_nth (OSINFO_LIST (list), i));

      if (g_strcmp0 (osinfo_firmware_get_firmware_type (firmware), type) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
read_needs (OsinfoOs *os, KvmmOsNeeds *needs)
{
  g_autoptr (OsinfoResourcesList) recommended = osinfo_os_get_recommended_resources (os);
  g_autoptr (OsinfoResourcesList) least = osinfo_os_get_minimum_resources (os);
  const char *short_id = osinfo_product_get_short_id (OSINFO_PRODUCT (os));
  const char *released = osinfo_product_get_release_date_string (OSINFO_PRODUCT (os));
  const char *family = osinfo_os_get_family (os);
  gint64 memory = 0, disk = 0, least_memory = 0, least_disk = 0;
  int vcpus = 0, least_vcpus = 0;

  read_resources (recommended, &memory, &disk, &vcpus);
  read_resources (least, &least_memory, &least_disk, &least_vcpus);
  needs->least_memory_bytes = (guint64) MAX (least_memory, 0);
  if (memory > 0 || least_memory > 0)
    needs->memory_bytes = (guint64) (memory > 0 ? memory : 2 * MIN (least_memory, G_MAXINT64 / 2));
  if (disk > 0 || least_disk > 0)
    needs->disk_bytes = MAX ((guint64) MAX (disk, least_disk), KVMM_OS_DEFAULT_DISK_BYTES);
  needs->vcpus = (guint) CLAMP (MAX (vcpus, least_vcpus), KVMM_OS_DEFAULT_VCPUS, 64);
  needs->is_windows = family != NULL && g_str_has_prefix (family, "win");
  needs->has_virtio = has_virtio_disk (os);
  needs->wants_secure = g_strcmp0 (short_id, "win11") == 0;
  needs->wants_uefi =
      needs->wants_secure || (lists_firmware (os, "efi") && !lists_firmware (os, "bios")) ||
      (released != NULL && g_ascii_strtoull (released, NULL, 10) >= UEFI_SINCE_YEAR);
}

static void
describe_func (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Question *question = task_data;
  KvmmOsNeeds *needs = g_new0 (KvmmOsNeeds, 1);
  g_autoptr (OsinfoOs) os = NULL;

  needs->memory_bytes = KVMM_OS_DEFAULT_MEMORY_BYTES;
  needs->disk_bytes = KVMM_OS_DEFAULT_DISK_BYTES;
  needs->vcpus = KVMM_OS_DEFAULT_VCPUS;
  needs->has_virtio = TRUE;
  if (question->text != NULL)
    os = osinfo_db_get_os (open_database (question->database), question->text);
  if (os != NULL)
    {
      g_object_ref (os);
      read_needs (os, needs);
    }
  g_task_return_pointer (task, needs, g_free);
}

void
kvmm_os_catalog_describe_async (KvmmOsCatalog *self,
                                const char *id,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_os_catalog_describe_async);
  ask (self, id, describe_func, task);
}

gboolean
kvmm_os_catalog_describe_finish (KvmmOsCatalog *self,
                                 GAsyncResult *result,
                                 KvmmOsNeeds *needs,
                                 GError **error)
{
  g_autofree KvmmOsNeeds *value = g_task_propagate_pointer (G_TASK (result), error);

  if (value == NULL)
    return FALSE;
  *needs = *value;
  return TRUE;
}

static void
finalize (GObject *object)
{
  KvmmOsCatalog *self = KVMM_OS_CATALOG (object);

  kvmm_lane_shutdown (self->lane);
  g_object_unref (self->lane);
  database_unref (self->database);
  G_OBJECT_CLASS (kvmm_os_catalog_parent_class)->finalize (object);
}

static void
kvmm_os_catalog_class_init (KvmmOsCatalogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
kvmm_os_catalog_init (KvmmOsCatalog *self)
{
  self->lane = kvmm_lane_new ("osinfo", 1);
  self->database = g_new0 (Database, 1);
  g_atomic_ref_count_init (&self->database->ref_count);
}

KvmmOsCatalog *
kvmm_os_catalog_new (void)
{
  return g_object_new (KVMM_TYPE_OS_CATALOG, NULL);
}

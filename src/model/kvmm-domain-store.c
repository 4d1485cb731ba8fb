/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-store.h"

#include "util/kvmm-thread.h"

/* One turn's worth of work: a frame is 16 ms, and the interface needs most of it. */
#define TURN_BUDGET_US 3000
/* Until the rows that a window can show are there, they come in small portions. */
#define VISIBLE_ROWS 250
#define VISIBLE_CHUNK 24
#define HIDDEN_CHUNK 250
/* Machines that went lately; what is on its way about one of them was read before. */
#define GONE_MAX 4096

typedef enum
{
  STEP_INFOS,
  STEP_REMOVED,
  STEP_SWEEP,
  STEP_UNKNOWN,
  STEP_CALL,
} StepKind;

typedef struct
{
  StepKind kind;
  guint64 serial;
  GPtrArray *infos; /* (owned) (nullable) of KvmmDomainInfo; what was applied is NULL */
  char *uuid;       /* (owned) (nullable) */
  guint position;   /* how far a step over many machines has come */
  GSourceOnceFunc func;
  gpointer data;
  GDestroyNotify destroy; /* (nullable) */
} Step;

struct _KvmmDomainStore
{
  GObject parent_instance;

  KvmmConnection *connection; /* (unowned) (nullable) */
  GPtrArray *domains;         /* of KvmmDomain (owned) */
  GHashTable *by_uuid;        /* uuid (unowned, the domain's) → KvmmDomain (unowned) */
  GHashTable *gone;           /* uuid (owned) → the serial that missed it (owned) */
  GQueue steps;               /* of Step (owned) */
  guint idle_id;
  guint n_announced;  /* items that listeners know of; the rest was appended in this turn */
  guint n_added_turn; /* of this turn */
  guint n_running;
  gboolean in_turn;
};

static GType
kvmm_domain_store_get_item_type (GListModel *model)
{
  return KVMM_TYPE_DOMAIN;
}

static guint
kvmm_domain_store_get_n_items (GListModel *model)
{
  return KVMM_DOMAIN_STORE (model)->n_announced;
}

static gpointer
kvmm_domain_store_get_item (GListModel *model, guint position)
{
  KvmmDomainStore *self = KVMM_DOMAIN_STORE (model);

  return position < self->n_announced ? g_object_ref (self->domains->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kvmm_domain_store_get_item_type;
  iface->get_n_items = kvmm_domain_store_get_n_items;
  iface->get_item = kvmm_domain_store_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmDomainStore,
                               kvmm_domain_store,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

typedef enum
{
  PROP_N_DOMAINS = 1,
  PROP_N_RUNNING,
} KvmmDomainStoreProp;

static GParamSpec *properties[PROP_N_RUNNING + 1];

static void
step_free (Step *step)
{
  if (step->infos != NULL)
    for (guint i = step->position; i < step->infos->len; i++)
      kvmm_domain_info_unref (step->infos->pdata[i]);
  g_clear_pointer (&step->infos, g_ptr_array_unref);
  g_free (step->uuid);
  if (step->destroy != NULL)
    step->destroy (step->data);
  g_free (step);
}

/* New rows are appended silently and announced together; before any other change, because a
 * listener counts positions. */
static void
announce_added (KvmmDomainStore *self)
{
  guint position = self->n_announced;
  guint n_added = self->domains->len - position;

  if (n_added == 0)
    return;
  self->n_announced = self->domains->len;
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, n_added);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_DOMAINS]);
}

static void
count_running (KvmmDomainStore *self, gboolean was_active, gboolean is_active)
{
  self->n_running += (guint) is_active - (guint) was_active;
}

static void
announce_row (KvmmDomainStore *self, KvmmDomain *domain)
{
  guint index = kvmm_domain_get_index (domain);

  if (index < self->n_announced)
    g_list_model_items_changed (G_LIST_MODEL (self), index, 1, 1);
}

static void
remember_gone (KvmmDomainStore *self, const char *uuid, guint64 serial)
{
  if (g_hash_table_size (self->gone) >= GONE_MAX)
    g_hash_table_remove_all (self->gone);
  g_hash_table_replace (self->gone, g_strdup (uuid), g_memdup2 (&serial, sizeof serial));
}

/* Reads run side by side: one that saw the machine may be told after the one that missed it. */
static gboolean
is_gone (KvmmDomainStore *self, const char *uuid, guint64 serial)
{
  const guint64 *missed = g_hash_table_lookup (self->gone, uuid);

  if (missed != NULL && *missed > serial)
    return TRUE;
  g_hash_table_remove (self->gone, uuid);
  return FALSE;
}

static void
apply_info (KvmmDomainStore *self, KvmmDomainInfo *info, guint64 serial)
{
  KvmmDomain *domain = kvmm_domain_store_find_uuid (self, kvmm_domain_info_get_uuid (info));

  if (domain == NULL)
    {
      if (is_gone (self, kvmm_domain_info_get_uuid (info), serial))
        return;
      domain = kvmm_domain_new (self->connection, info, serial);
      kvmm_domain_set_index (domain, self->domains->len);
      g_ptr_array_add (self->domains, domain);
      g_hash_table_insert (self->by_uuid, (gpointer) kvmm_domain_get_uuid (domain), domain);
      count_running (self, FALSE, kvmm_domain_get_is_active (domain));
      self->n_added_turn++;
      return;
    }

  gboolean was_active = kvmm_domain_get_is_active (domain);
  gboolean must_sort = kvmm_domain_apply (domain, info, serial);
  count_running (self, was_active, kvmm_domain_get_is_active (domain));
  if (must_sort)
    announce_row (self, domain);
}

static void
remove_domain (KvmmDomainStore *self, KvmmDomain *domain)
{
  guint index = kvmm_domain_get_index (domain);
  g_autoptr (KvmmDomain) owned = NULL;

  announce_added (self);
  g_hash_table_remove (self->by_uuid, kvmm_domain_get_uuid (domain));
  owned = g_ptr_array_steal_index (self->domains, index);
  for (guint i = index; i < self->domains->len; i++)
    kvmm_domain_set_index (self->domains->pdata[i], i);
  self->n_announced--;
  count_running (self, kvmm_domain_get_is_active (owned), FALSE);
  g_list_model_items_changed (G_LIST_MODEL (self), index, 1, 0);
  kvmm_domain_detach (owned);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_DOMAINS]);
}

static void
apply_removed (KvmmDomainStore *self, const char *uuid, guint64 serial)
{
  KvmmDomain *domain = kvmm_domain_store_find_uuid (self, uuid);

  if (domain != NULL && kvmm_domain_get_serial (domain) > serial)
    return;
  remember_gone (self, uuid, serial);
  if (domain != NULL)
    remove_domain (self, domain);
}

/* The steps over many machines go one row a call, so that a turn can end between two of them. Each
 * returns whether the step is complete. An info is let go at once: its XML is what takes memory. */
static gboolean
apply_infos (KvmmDomainStore *self, Step *step)
{
  if (step->position >= step->infos->len)
    return TRUE;

  g_autoptr (KvmmDomainInfo) info = g_steal_pointer (&step->infos->pdata[step->position++]);
  apply_info (self, info, step->serial);
  return FALSE;
}

static gboolean
apply_sweep (KvmmDomainStore *self, Step *step)
{
  if (step->position >= self->domains->len)
    return TRUE;

  KvmmDomain *domain = self->domains->pdata[step->position];
  if (kvmm_domain_get_serial (domain) < step->serial)
    remove_domain (self, domain);
  else
    step->position++;
  return FALSE;
}

static gboolean
apply_unknown (KvmmDomainStore *self, Step *step)
{
  if (step->position >= self->domains->len)
    return TRUE;

  KvmmDomain *domain = self->domains->pdata[step->position++];
  gboolean was_active = kvmm_domain_get_is_active (domain);
  if (kvmm_domain_set_unknown (domain))
    {
      count_running (self, was_active, FALSE);
      announce_row (self, domain);
    }
  return FALSE;
}

static gboolean
apply_step (KvmmDomainStore *self, Step *step)
{
  switch (step->kind)
    {
    case STEP_INFOS:
      return apply_infos (self, step);
    case STEP_REMOVED:
      apply_removed (self, step->uuid, step->serial);
      return TRUE;
    case STEP_SWEEP:
      return apply_sweep (self, step);
    case STEP_UNKNOWN:
      return apply_unknown (self, step);
    case STEP_CALL:
      announce_added (self);
      step->func (step->data);
      return TRUE;
    }
  return TRUE;
}

/* Returns whether steps are left. A listener may close the store or push more steps meanwhile. */
static gboolean
run_turn (KvmmDomainStore *self)
{
  gint64 end_us = g_get_monotonic_time () + TURN_BUDGET_US;
  guint chunk = kvmm_domain_store_get_chunk (self->domains->len);
  guint n_running = self->n_running;

  if (self->in_turn)
    return TRUE;
  self->in_turn = TRUE;
  self->n_added_turn = 0;
  while (self->n_added_turn < chunk && g_get_monotonic_time () < end_us)
    {
      Step *step = g_queue_pop_head (&self->steps);

      if (step == NULL)
        break;
      if (apply_step (self, step))
        step_free (step);
      else if (self->connection != NULL)
        g_queue_push_head (&self->steps, step);
      else
        step_free (step);
    }
  announce_added (self);
  if (n_running != self->n_running)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_N_RUNNING]);
  self->in_turn = FALSE;
  return self->steps.length > 0;
}

static gboolean
turn_cb (gpointer user_data)
{
  g_autoptr (KvmmDomainStore) self = g_object_ref (user_data);

  if (run_turn (self))
    return G_SOURCE_CONTINUE;
  self->idle_id = 0;
  return G_SOURCE_REMOVE;
}

/* Below the priority of drawing, so that the rows added so far are on screen before the next come.
 */
static void
schedule_turn (KvmmDomainStore *self)
{
  if (self->idle_id == 0)
    self->idle_id = g_idle_add (turn_cb, self);
}

static Step *
push_step (KvmmDomainStore *self, StepKind kind, guint64 serial)
{
  Step *step = g_new0 (Step, 1);

  step->kind = kind;
  step->serial = serial;
  g_queue_push_tail (&self->steps, step);
  schedule_turn (self);
  return step;
}

static void
kvmm_domain_store_dispose (GObject *object)
{
  KvmmDomainStore *self = KVMM_DOMAIN_STORE (object);

  kvmm_domain_store_close (self);
  g_clear_pointer (&self->by_uuid, g_hash_table_unref);
  g_clear_pointer (&self->gone, g_hash_table_unref);
  g_clear_pointer (&self->domains, g_ptr_array_unref);
  G_OBJECT_CLASS (kvmm_domain_store_parent_class)->dispose (object);
}

static void
kvmm_domain_store_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KvmmDomainStore *self = KVMM_DOMAIN_STORE (object);

  switch ((KvmmDomainStoreProp) prop_id)
    {
    case PROP_N_DOMAINS:
      g_value_set_uint (value, self->n_announced);
      break;
    case PROP_N_RUNNING:
      g_value_set_uint (value, self->n_running);
      break;
    }
}

static void
kvmm_domain_store_class_init (KvmmDomainStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = kvmm_domain_store_dispose;
  object_class->get_property = kvmm_domain_store_get_property;

  properties[PROP_N_DOMAINS] = g_param_spec_uint ("n-domains", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_N_RUNNING] = g_param_spec_uint ("n-running", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
kvmm_domain_store_init (KvmmDomainStore *self)
{
  self->domains = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_uuid = g_hash_table_new (g_str_hash, g_str_equal);
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init (&self->steps);
}

KvmmDomainStore *
kvmm_domain_store_new (KvmmConnection *connection)
{
  KVMM_ASSERT_MAIN_THREAD ();

  KvmmDomainStore *self = g_object_new (KVMM_TYPE_DOMAIN_STORE, NULL);
  self->connection = connection;
  return self;
}

guint
kvmm_domain_store_get_chunk (guint n_shown)
{
  return n_shown < VISIBLE_ROWS ? VISIBLE_CHUNK : HIDDEN_CHUNK;
}

void
kvmm_domain_store_push_infos (KvmmDomainStore *self, GPtrArray *infos, guint64 serial)
{
  g_ptr_array_set_free_func (infos, NULL);
  push_step (self, STEP_INFOS, serial)->infos = infos;
}

void
kvmm_domain_store_push_removed (KvmmDomainStore *self, const char *uuid, guint64 serial)
{
  push_step (self, STEP_REMOVED, serial)->uuid = g_strdup (uuid);
}

void
kvmm_domain_store_push_sweep (KvmmDomainStore *self, guint64 serial)
{
  push_step (self, STEP_SWEEP, serial);
}

void
kvmm_domain_store_push_unknown (KvmmDomainStore *self)
{
  push_step (self, STEP_UNKNOWN, 0);
}

void
kvmm_domain_store_push_call (KvmmDomainStore *self,
                             GSourceOnceFunc func,
                             gpointer user_data,
                             GDestroyNotify destroy)
{
  Step *step = push_step (self, STEP_CALL, 0);

  step->func = func;
  step->data = user_data;
  step->destroy = destroy;
}

void
kvmm_domain_store_flush (KvmmDomainStore *self)
{
  g_autoptr (KvmmDomainStore) keep = g_object_ref (self);

  run_turn (keep);
}

void
kvmm_domain_store_close (KvmmDomainStore *self)
{
  g_clear_handle_id (&self->idle_id, g_source_remove);
  g_queue_clear_full (&self->steps, (GDestroyNotify) step_free);
  self->connection = NULL;
  if (self->domains == NULL)
    return;
  for (guint i = 0; i < self->domains->len; i++)
    kvmm_domain_detach (self->domains->pdata[i]);
}

KvmmDomain *
kvmm_domain_store_get (KvmmDomainStore *self, guint position)
{
  return position < self->n_announced ? self->domains->pdata[position] : NULL;
}

KvmmDomain *
kvmm_domain_store_find_uuid (KvmmDomainStore *self, const char *uuid)
{
  return g_hash_table_lookup (self->by_uuid, uuid);
}

KvmmDomain *
kvmm_domain_store_find_name (KvmmDomainStore *self, const char *name)
{
  for (guint i = 0; i < self->n_announced; i++)
    {
      KvmmDomain *domain = self->domains->pdata[i];

      if (g_str_equal (kvmm_domain_get_name (domain), name))
        return domain;
    }
  return NULL;
}

guint
kvmm_domain_store_get_n_running (KvmmDomainStore *self)
{
  return self->n_running;
}

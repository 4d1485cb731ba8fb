/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-transfer-queue.h"

#include <glib/gi18n.h>

#include "kvmm-transfer-private.h"

struct _KvmmTransferQueue
{
  GObject parent_instance;

  KvmmTransferQueueFunc get_agent;
  gpointer user_data;
  gboolean has_guest; /* user_data is a KvmmGuest, which may be gone */
  GWeakRef guest;
  GListStore *store; /* (owned) */
  guint n_running;
  guint n_batches;
  guint first_waiting; /* none before it waits */
};

enum
{
  CHANGED,
  FINISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void kvmm_transfer_queue_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmTransferQueue,
                               kvmm_transfer_queue,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      kvmm_transfer_queue_list_model_init))

static void run_next (KvmmTransferQueue *self);

static GType
get_item_type (GListModel *model)
{
  return KVMM_TYPE_TRANSFER;
}

static guint
get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (KVMM_TRANSFER_QUEUE (model)->store));
}

static gpointer
get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (KVMM_TRANSFER_QUEUE (model)->store), position);
}

static void
kvmm_transfer_queue_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

/* Borrowed: the store keeps it. */
static KvmmTransfer *
peek (KvmmTransferQueue *self, guint position)
{
  g_autoptr (KvmmTransfer) transfer = g_list_model_get_item (G_LIST_MODEL (self->store), position);

  return transfer;
}

static KvmmTransfer *
find_state (KvmmTransferQueue *self, KvmmTransferState state)
{
  guint n = get_n_items (G_LIST_MODEL (self));

  for (guint i = 0; i < n; i++)
    if (kvmm_transfer_get_state (peek (self, i)) == state)
      return peek (self, i);
  return NULL;
}

static void
transfer_changed_cb (KvmmTransferQueue *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
append (KvmmTransferQueue *self, KvmmTransfer *transfer)
{
  g_signal_connect_object (transfer, "changed", G_CALLBACK (transfer_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_list_store_append (self->store, transfer);
}

static void
add_children (KvmmTransferQueue *self, KvmmTransfer *parent)
{
  g_autoptr (GPtrArray) children = kvmm_transfer_steal_children (parent);

  if (children == NULL)
    return;
  if (get_n_items (G_LIST_MODEL (self)) + children->len > KVMM_TRANSFER_QUEUE_MAX)
    {
      kvmm_transfer_refuse (parent, g_strdup_printf (_ ("More than %d files are too many at once"),
                                                     KVMM_TRANSFER_QUEUE_MAX));
      return;
    }
  for (guint i = 0; i < children->len; i++)
    append (self, g_ptr_array_index (children, i));
}

static void
ran_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmTransferQueue) self = user_data;
  KvmmTransfer *transfer = KVMM_TRANSFER (source);

  kvmm_transfer_run_finish (transfer, result);
  self->n_running--;
  if (kvmm_transfer_get_state (transfer) == KVMM_TRANSFER_DONE)
    add_children (self, transfer);
  if (kvmm_transfer_get_is_over (transfer))
    g_signal_emit (self, signals[FINISHED], 0, transfer);
  g_signal_emit (self, signals[CHANGED], 0);
  run_next (self);
}

static KvmmAgentClient *
find_agent (KvmmTransferQueue *self)
{
  g_autoptr (KvmmGuest) guest = NULL;

  if (!self->has_guest)
    return self->get_agent (self->user_data);
  guest = g_weak_ref_get (&self->guest);
  return guest != NULL ? kvmm_guest_get_agent (guest) : NULL;
}

/* Returns: (transfer none) (nullable) */
static KvmmTransfer *
find_waiting (KvmmTransferQueue *self)
{
  guint n = get_n_items (G_LIST_MODEL (self));

  for (; self->first_waiting < n; self->first_waiting++)
    if (kvmm_transfer_get_state (peek (self, self->first_waiting)) == KVMM_TRANSFER_WAITING)
      return peek (self, self->first_waiting);
  return NULL;
}

static void
run_next (KvmmTransferQueue *self)
{
  KvmmAgentClient *agent = find_agent (self);
  KvmmTransfer *transfer;

  while (agent != NULL && self->n_running < KVMM_TRANSFER_QUEUE_AT_ONCE &&
         (transfer = find_waiting (self)) != NULL)
    {
      self->n_running++;
      kvmm_transfer_run_async (transfer, agent, ran_cb, g_object_ref (self));
    }
}

static void
kvmm_transfer_queue_finalize (GObject *object)
{
  KvmmTransferQueue *self = KVMM_TRANSFER_QUEUE (object);

  g_clear_object (&self->store);
  g_weak_ref_clear (&self->guest);
  G_OBJECT_CLASS (kvmm_transfer_queue_parent_class)->finalize (object);
}

static void
kvmm_transfer_queue_class_init (KvmmTransferQueueClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_transfer_queue_finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[FINISHED] = g_signal_new ("finished", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 1, KVMM_TYPE_TRANSFER);
}

static void
kvmm_transfer_queue_init (KvmmTransferQueue *self)
{
  self->store = g_list_store_new (KVMM_TYPE_TRANSFER);
  g_weak_ref_init (&self->guest, NULL);
  g_signal_connect_object (self->store, "items-changed", G_CALLBACK (g_list_model_items_changed),
                           self, G_CONNECT_SWAPPED);
}

KvmmTransferQueue *
kvmm_transfer_queue_new (KvmmTransferQueueFunc get_agent, gpointer user_data)
{
  KvmmTransferQueue *self = g_object_new (KVMM_TYPE_TRANSFER_QUEUE, NULL);

  self->get_agent = get_agent;
  self->user_data = user_data;
  return self;
}

KvmmTransferQueue *
kvmm_transfer_queue_get (KvmmGuest *guest)
{
  static const char key[] = "kvmm-transfer-queue";
  KvmmTransferQueue *self;

  g_return_val_if_fail (KVMM_IS_GUEST (guest), NULL);

  self = g_object_get_data (G_OBJECT (guest), key);
  if (self == NULL)
    {
      self = g_object_new (KVMM_TYPE_TRANSFER_QUEUE, NULL);
      self->has_guest = TRUE;
      g_weak_ref_set (&self->guest, guest);
      g_signal_connect_object (guest, "notify::state", G_CALLBACK (kvmm_transfer_queue_resume),
                               self, G_CONNECT_SWAPPED);
      g_object_set_data_full (G_OBJECT (guest), key, self, g_object_unref);
    }
  return self;
}

guint
kvmm_transfer_queue_new_batch (KvmmTransferQueue *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER_QUEUE (self), 0);

  /* 0 is none. */
  if (++self->n_batches == 0)
    self->n_batches = 1;
  return self->n_batches;
}

gboolean
kvmm_transfer_queue_add (KvmmTransferQueue *self, KvmmTransfer *transfer)
{
  g_autoptr (KvmmTransfer) owned = transfer;

  g_return_val_if_fail (KVMM_IS_TRANSFER_QUEUE (self), FALSE);
  g_return_val_if_fail (KVMM_IS_TRANSFER (transfer), FALSE);

  if (get_n_items (G_LIST_MODEL (self)) >= KVMM_TRANSFER_QUEUE_MAX)
    kvmm_transfer_queue_clear (self);
  if (get_n_items (G_LIST_MODEL (self)) >= KVMM_TRANSFER_QUEUE_MAX)
    return FALSE;
  append (self, owned);
  run_next (self);
  return TRUE;
}

void
kvmm_transfer_queue_answer (KvmmTransferQueue *self,
                            KvmmTransfer *transfer,
                            KvmmTransferAnswer answer,
                            gboolean for_all)
{
  guint batch = kvmm_transfer_get_batch (transfer);

  g_return_if_fail (KVMM_IS_TRANSFER_QUEUE (self));

  self->first_waiting = 0;
  kvmm_transfer_answer (transfer, answer);
  for (guint i = 0; for_all && batch != 0 && i < get_n_items (G_LIST_MODEL (self)); i++)
    if (kvmm_transfer_get_batch (peek (self, i)) == batch)
      kvmm_transfer_answer (peek (self, i), answer);
  run_next (self);
}

void
kvmm_transfer_queue_retry (KvmmTransferQueue *self, KvmmTransfer *transfer)
{
  g_return_if_fail (KVMM_IS_TRANSFER_QUEUE (self));

  self->first_waiting = 0;
  kvmm_transfer_retry (transfer);
  run_next (self);
}

void
kvmm_transfer_queue_resume (KvmmTransferQueue *self)
{
  g_return_if_fail (KVMM_IS_TRANSFER_QUEUE (self));

  if (find_agent (self) == NULL)
    return;
  self->first_waiting = 0;
  for (guint i = 0; i < get_n_items (G_LIST_MODEL (self)); i++)
    if (kvmm_transfer_get_state (peek (self, i)) == KVMM_TRANSFER_INTERRUPTED)
      kvmm_transfer_retry (peek (self, i));
  run_next (self);
}

void
kvmm_transfer_queue_cancel_all (KvmmTransferQueue *self)
{
  g_return_if_fail (KVMM_IS_TRANSFER_QUEUE (self));

  for (guint i = 0; i < get_n_items (G_LIST_MODEL (self)); i++)
    kvmm_transfer_cancel (peek (self, i));
}

void
kvmm_transfer_queue_clear (KvmmTransferQueue *self)
{
  g_return_if_fail (KVMM_IS_TRANSFER_QUEUE (self));

  self->first_waiting = 0;
  for (guint i = get_n_items (G_LIST_MODEL (self)); i-- > 0;)
    if (kvmm_transfer_get_is_over (peek (self, i)))
      g_list_store_remove (self->store, i);
  g_signal_emit (self, signals[CHANGED], 0);
}

KvmmTransfer *
kvmm_transfer_queue_get_asking (KvmmTransferQueue *self)
{
  g_return_val_if_fail (KVMM_IS_TRANSFER_QUEUE (self), NULL);

  return find_state (self, KVMM_TRANSFER_ASKING);
}

guint
kvmm_transfer_queue_get_unfinished (KvmmTransferQueue *self)
{
  guint count = 0;

  g_return_val_if_fail (KVMM_IS_TRANSFER_QUEUE (self), 0);

  for (guint i = 0; i < get_n_items (G_LIST_MODEL (self)); i++)
    count += !kvmm_transfer_get_is_over (peek (self, i));
  return count;
}

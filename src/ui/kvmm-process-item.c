/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-process-item.h"

struct _KvmmProcessItem
{
  GObject parent_instance;

  KvmmGuestProcess *process; /* (owned) */
};

G_DEFINE_FINAL_TYPE (KvmmProcessItem, kvmm_process_item, G_TYPE_OBJECT)

static guint changed_signal;

static void
kvmm_process_item_finalize (GObject *object)
{
  KvmmProcessItem *self = KVMM_PROCESS_ITEM (object);

  g_clear_pointer (&self->process, kvmm_guest_process_free);
  G_OBJECT_CLASS (kvmm_process_item_parent_class)->finalize (object);
}

static void
kvmm_process_item_class_init (KvmmProcessItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_process_item_finalize;
  changed_signal = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_process_item_init (KvmmProcessItem *self)
{
}

KvmmProcessItem *
kvmm_process_item_new (KvmmGuestProcess *process)
{
  KvmmProcessItem *self = g_object_new (KVMM_TYPE_PROCESS_ITEM, NULL);

  self->process = process;
  return self;
}

const KvmmGuestProcess *
kvmm_process_item_get (KvmmProcessItem *self)
{
  return self->process;
}

void
kvmm_process_item_take (KvmmProcessItem *self, KvmmGuestProcess *process)
{
  kvmm_guest_process_free (self->process);
  self->process = process;
  g_signal_emit (self, changed_signal, 0);
}

/* A number is used again: only with its begin it is the same process. */
static gboolean
is_same (const KvmmGuestProcess *a, const KvmmGuestProcess *b)
{
  return a->pid == b->pid && ABS (a->start_time_s - b->start_time_s) <= 1;
}

void
kvmm_process_item_update_list (GListStore *items, GPtrArray *processes)
{
  g_autoptr (GHashTable) by_pid =
      g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) kvmm_guest_process_free);
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer process;

  g_ptr_array_set_free_func (processes, NULL);
  for (guint i = 0; i < processes->len; i++)
    {
      KvmmGuestProcess *one = g_ptr_array_index (processes, i);

      g_hash_table_replace (by_pid, GUINT_TO_POINTER (one->pid), one);
    }
  g_ptr_array_set_size (processes, 0);

  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (items)); i-- > 0;)
    {
      g_autoptr (KvmmProcessItem) item = g_list_model_get_item (G_LIST_MODEL (items), i);
      gpointer key = GUINT_TO_POINTER (item->process->pid);
      KvmmGuestProcess *now = g_hash_table_lookup (by_pid, key);

      if (now == NULL || !is_same (now, item->process))
        g_list_store_remove (items, i);
      else
        {
          g_hash_table_steal (by_pid, key);
          kvmm_process_item_take (item, now);
        }
    }

  g_hash_table_iter_init (&iter, by_pid);
  while (g_hash_table_iter_next (&iter, NULL, &process))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (added, kvmm_process_item_new (process));
    }
  g_list_store_splice (items, g_list_model_get_n_items (G_LIST_MODEL (items)), 0, added->pdata,
                       added->len);
}

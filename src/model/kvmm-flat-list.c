/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-flat-list.h"

struct _KvmmFlatList
{
  GObject parent_instance;

  GType item_type;
  GPtrArray *models; /* (owned) of GListModel; a handful, so that walking them costs nothing */
  guint n_items;
};

static GType
kvmm_flat_list_get_item_type (GListModel *model)
{
  return KVMM_FLAT_LIST (model)->item_type;
}

static guint
kvmm_flat_list_get_n_items (GListModel *model)
{
  return KVMM_FLAT_LIST (model)->n_items;
}

static gpointer
kvmm_flat_list_get_item (GListModel *model, guint position)
{
  KvmmFlatList *self = KVMM_FLAT_LIST (model);

  for (guint i = 0; i < self->models->len; i++)
    {
      guint n_items = g_list_model_get_n_items (self->models->pdata[i]);

      if (position < n_items)
        return g_list_model_get_item (self->models->pdata[i], position);
      position -= n_items;
    }
  return NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kvmm_flat_list_get_item_type;
  iface->get_n_items = kvmm_flat_list_get_n_items;
  iface->get_item = kvmm_flat_list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmFlatList,
                               kvmm_flat_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static guint
get_offset (KvmmFlatList *self, guint index)
{
  guint offset = 0;

  for (guint i = 0; i < index; i++)
    offset += g_list_model_get_n_items (self->models->pdata[i]);
  return offset;
}

static void
changed (KvmmFlatList *self, guint position, guint n_removed, guint n_added)
{
  self->n_items += n_added - n_removed;
  g_list_model_items_changed (G_LIST_MODEL (self), position, n_removed, n_added);
}

static void
items_changed_cb (
    GListModel *model, guint position, guint n_removed, guint n_added, KvmmFlatList *self)
{
  guint index;

  if (g_ptr_array_find (self->models, model, &index))
    changed (self, get_offset (self, index) + position, n_removed, n_added);
}

static void
kvmm_flat_list_dispose (GObject *object)
{
  KvmmFlatList *self = KVMM_FLAT_LIST (object);

  g_clear_pointer (&self->models, g_ptr_array_unref);
  self->n_items = 0;
  G_OBJECT_CLASS (kvmm_flat_list_parent_class)->dispose (object);
}

static void
kvmm_flat_list_class_init (KvmmFlatListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_flat_list_dispose;
}

static void
kvmm_flat_list_init (KvmmFlatList *self)
{
  self->models = g_ptr_array_new_with_free_func (g_object_unref);
}

KvmmFlatList *
kvmm_flat_list_new (GType item_type)
{
  KvmmFlatList *self = g_object_new (KVMM_TYPE_FLAT_LIST, NULL);

  self->item_type = item_type;
  return self;
}

void
kvmm_flat_list_append (KvmmFlatList *self, GListModel *model)
{
  guint n_items = g_list_model_get_n_items (model);

  g_ptr_array_add (self->models, g_object_ref (model));
  g_signal_connect_object (model, "items-changed", G_CALLBACK (items_changed_cb), self, 0);
  if (n_items > 0)
    changed (self, self->n_items, 0, n_items);
}

void
kvmm_flat_list_remove (KvmmFlatList *self, GListModel *model)
{
  guint index;

  if (!g_ptr_array_find (self->models, model, &index))
    return;

  guint offset = get_offset (self, index);
  guint n_items = g_list_model_get_n_items (model);
  g_signal_handlers_disconnect_by_func (model, items_changed_cb, self);
  g_ptr_array_remove_index (self->models, index);
  if (n_items > 0)
    changed (self, offset, n_items, 0);
}

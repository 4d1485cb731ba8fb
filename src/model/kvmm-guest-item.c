/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-item.h"

struct _KvmmGuestItem
{
  GObject parent_instance;

  KvmmGuestRows rows;
  char *key;      /* (owned) */
  gpointer value; /* (owned) of the type that rows says */
};

G_DEFINE_FINAL_TYPE (KvmmGuestItem, kvmm_guest_item, G_TYPE_OBJECT)

static guint changed_signal;

/* ---- what differs between the kinds ---- */

static char *
interface_key (gconstpointer value)
{
  return g_strdup (((const KvmmGuestInterface *) value)->name);
}

static char *
filesystem_key (gconstpointer value)
{
  return g_strdup (((const KvmmGuestFilesystem *) value)->mount);
}

static char *
user_key (gconstpointer value)
{
  const KvmmGuestUser *user = value;

  return g_strdup_printf ("%s\n%s", user->user, user->terminal != NULL ? user->terminal : "");
}

static int
compare_interfaces (gconstpointer a, gconstpointer b)
{
  const KvmmGuestInterface *x = *(gpointer *) a;
  const KvmmGuestInterface *y = *(gpointer *) b;

  if (!x->is_virtual != !y->is_virtual)
    return x->is_virtual ? 1 : -1;
  if (x->index != y->index)
    return x->index < y->index ? -1 : 1;
  return g_strcmp0 (x->name, y->name);
}

static int
compare_filesystems (gconstpointer a, gconstpointer b)
{
  const KvmmGuestFilesystem *x = *(gpointer *) a;
  const KvmmGuestFilesystem *y = *(gpointer *) b;

  return g_strcmp0 (x->mount, y->mount);
}

static int
compare_users (gconstpointer a, gconstpointer b)
{
  const KvmmGuestUser *x = *(gpointer *) a;
  const KvmmGuestUser *y = *(gpointer *) b;
  int order = g_strcmp0 (x->user, y->user);

  return order != 0 ? order : g_strcmp0 (x->terminal, y->terminal);
}

typedef struct
{
  char *(*key) (gconstpointer value);
  GCompareFunc compare;
  GBoxedCopyFunc copy;
  GDestroyNotify free;
  gboolean (*equal) (gconstpointer a, gconstpointer b);
} Kind;

static const Kind kinds[KVMM_GUEST_N_ROWS] = {
  [KVMM_GUEST_ROWS_INTERFACES] = { interface_key, compare_interfaces,
                                   (GBoxedCopyFunc) kvmm_guest_interface_copy,
                                   (GDestroyNotify) kvmm_guest_interface_free,
                                   (gboolean (*) (gconstpointer,
                                                  gconstpointer)) kvmm_guest_interface_equal },
  [KVMM_GUEST_ROWS_FILESYSTEMS] = { filesystem_key, compare_filesystems,
                                    (GBoxedCopyFunc) kvmm_guest_filesystem_copy,
                                    (GDestroyNotify) kvmm_guest_filesystem_free,
                                    (gboolean (*) (gconstpointer,
                                                   gconstpointer)) kvmm_guest_filesystem_equal },
  [KVMM_GUEST_ROWS_USERS] = { user_key, compare_users, (GBoxedCopyFunc) kvmm_guest_user_copy,
                              (GDestroyNotify) kvmm_guest_user_free,
                              (gboolean (*) (gconstpointer, gconstpointer)) kvmm_guest_user_equal },
};

/* ---- the item ---- */

static void
kvmm_guest_item_finalize (GObject *object)
{
  KvmmGuestItem *self = KVMM_GUEST_ITEM (object);

  g_clear_pointer (&self->key, g_free);
  g_clear_pointer (&self->value, kinds[self->rows].free);
  G_OBJECT_CLASS (kvmm_guest_item_parent_class)->finalize (object);
}

static void
kvmm_guest_item_class_init (KvmmGuestItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_guest_item_finalize;

  changed_signal = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_guest_item_init (KvmmGuestItem *self)
{
}

static gconstpointer
get_value (KvmmGuestItem *self, KvmmGuestRows rows)
{
  return self->rows == rows ? self->value : NULL;
}

const KvmmGuestInterface *
kvmm_guest_item_get_interface (KvmmGuestItem *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST_ITEM (self), NULL);

  return get_value (self, KVMM_GUEST_ROWS_INTERFACES);
}

const KvmmGuestFilesystem *
kvmm_guest_item_get_filesystem (KvmmGuestItem *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST_ITEM (self), NULL);

  return get_value (self, KVMM_GUEST_ROWS_FILESYSTEMS);
}

const KvmmGuestUser *
kvmm_guest_item_get_user (KvmmGuestItem *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST_ITEM (self), NULL);

  return get_value (self, KVMM_GUEST_ROWS_USERS);
}

/* Takes @key. */
static KvmmGuestItem *
item_new (KvmmGuestRows rows, char *key, gconstpointer value)
{
  KvmmGuestItem *self = g_object_new (KVMM_TYPE_GUEST_ITEM, NULL);

  self->rows = rows;
  self->key = key;
  self->value = kinds[rows].copy ((gpointer) value);
  return self;
}

static void
item_set_value (KvmmGuestItem *self, gconstpointer value)
{
  const Kind *kind = &kinds[self->rows];

  if (kind->equal (self->value, value))
    return;
  kind->free (self->value);
  self->value = kind->copy ((gpointer) value);
  g_signal_emit (self, changed_signal, 0);
}

/* ---- the list ---- */

GListStore *
kvmm_guest_rows_new (void)
{
  return g_list_store_new (KVMM_TYPE_GUEST_ITEM);
}

/* Returns: (transfer full): the items of @store by their keys, which they own */
static GHashTable *
index_items (GListStore *store)
{
  GHashTable *items = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  guint n_items = g_list_model_get_n_items (G_LIST_MODEL (store));

  for (guint i = 0; i < n_items; i++)
    {
      KvmmGuestItem *item = g_list_model_get_item (G_LIST_MODEL (store), i);

      g_hash_table_insert (items, item->key, item);
    }
  return items;
}

static void
replace_items (GListStore *store, GPtrArray *items)
{
  GListModel *model = G_LIST_MODEL (store);
  guint n_old = g_list_model_get_n_items (model);
  guint head = 0;
  guint tail = 0;

  while (head < MIN (n_old, items->len))
    {
      g_autoptr (KvmmGuestItem) old = g_list_model_get_item (model, head);

      if (old != g_ptr_array_index (items, head))
        break;
      head++;
    }
  while (tail < MIN (n_old, items->len) - head)
    {
      g_autoptr (KvmmGuestItem) old = g_list_model_get_item (model, n_old - tail - 1);

      if (old != g_ptr_array_index (items, items->len - tail - 1))
        break;
      tail++;
    }
  if (head + tail < MAX (n_old, items->len))
    g_list_store_splice (store, head, n_old - head - tail,
                         items->pdata != NULL ? items->pdata + head : NULL,
                         items->len - head - tail);
}

void
kvmm_guest_rows_set (GListStore *store, KvmmGuestRows rows, GPtrArray *values)
{
  const Kind *kind = &kinds[rows];
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) old = index_items (store);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; values != NULL && i < values->len; i++)
    g_ptr_array_add (sorted, g_ptr_array_index (values, i));
  g_ptr_array_sort (sorted, kind->compare);
  for (guint i = 0; i < sorted->len; i++)
    {
      gconstpointer value = g_ptr_array_index (sorted, i);
      g_autofree char *key = kind->key (value);
      KvmmGuestItem *item = g_hash_table_lookup (old, key);

      /* A guest may name the same thing twice. */
      if (g_hash_table_contains (seen, key))
        continue;
      if (item != NULL)
        g_object_ref (item);
      else
        item = item_new (rows, g_steal_pointer (&key), value);
      g_hash_table_add (seen, item->key);
      g_ptr_array_add (items, item);
      item_set_value (item, value);
    }
  replace_items (store, items);
}

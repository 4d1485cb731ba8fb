/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-connection-list.h"

#include "model/kvmm-flat-list.h"
#include "util/kvmm-thread.h"

struct _KvmmConnectionList
{
  GObject parent_instance;

  KvmmSettings *settings; /* (owned) (nullable) */
  GPtrArray *connections; /* (owned) of KvmmConnection */
  KvmmFlatList *domains;  /* (owned) */
};

static GType
kvmm_connection_list_get_item_type (GListModel *model)
{
  return KVMM_TYPE_CONNECTION;
}

static guint
kvmm_connection_list_get_n_items (GListModel *model)
{
  return KVMM_CONNECTION_LIST (model)->connections->len;
}

static gpointer
kvmm_connection_list_get_item (GListModel *model, guint position)
{
  GPtrArray *connections = KVMM_CONNECTION_LIST (model)->connections;

  return position < connections->len ? g_object_ref (connections->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kvmm_connection_list_get_item_type;
  iface->get_n_items = kvmm_connection_list_get_n_items;
  iface->get_item = kvmm_connection_list_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (KvmmConnectionList,
                               kvmm_connection_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static KvmmConnection *
find_uri (KvmmConnectionList *self, const char *uri)
{
  for (guint i = 0; i < self->connections->len; i++)
    {
      KvmmConnection *connection = self->connections->pdata[i];

      if (g_str_equal (kvmm_connection_get_uri (connection), uri))
        return connection;
    }
  return NULL;
}

static void
kvmm_connection_list_dispose (GObject *object)
{
  KvmmConnectionList *self = KVMM_CONNECTION_LIST (object);

  KVMM_ASSERT_MAIN_THREAD ();
  g_clear_object (&self->domains);
  g_ptr_array_set_size (self->connections, 0);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_connection_list_parent_class)->dispose (object);
}

static void
kvmm_connection_list_finalize (GObject *object)
{
  KvmmConnectionList *self = KVMM_CONNECTION_LIST (object);

  g_clear_pointer (&self->connections, g_ptr_array_unref);
  G_OBJECT_CLASS (kvmm_connection_list_parent_class)->finalize (object);
}

static void
kvmm_connection_list_class_init (KvmmConnectionListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kvmm_connection_list_dispose;
  object_class->finalize = kvmm_connection_list_finalize;
}

static void
kvmm_connection_list_init (KvmmConnectionList *self)
{
  self->connections = g_ptr_array_new_with_free_func (g_object_unref);
  self->domains = kvmm_flat_list_new (KVMM_TYPE_DOMAIN);
}

KvmmConnectionList *
kvmm_connection_list_new (KvmmSettings *settings)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_SETTINGS (settings), NULL);

  KvmmConnectionList *self = g_object_new (KVMM_TYPE_CONNECTION_LIST, NULL);
  self->settings = g_object_ref (settings);
  return self;
}

void
kvmm_connection_list_load (KvmmConnectionList *self)
{
  g_return_if_fail (KVMM_IS_CONNECTION_LIST (self));

  g_auto (GStrv) uris = kvmm_settings_dup_connections (self->settings);
  for (guint i = 0; uris[i] != NULL; i++)
    {
      KvmmConnection *connection = kvmm_connection_list_ensure (self, uris[i], FALSE);

      if (kvmm_settings_get_autoconnect (self->settings, uris[i]))
        kvmm_connection_connect (connection);
    }
}

KvmmConnection *
kvmm_connection_list_ensure (KvmmConnectionList *self, const char *uri, gboolean remember)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION_LIST (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);

  KvmmConnection *connection = find_uri (self, uri);
  if (remember)
    kvmm_settings_add_connection (self->settings, uri, TRUE);
  if (connection != NULL)
    return connection;

  connection = kvmm_connection_new (uri, self->settings);
  g_ptr_array_add (self->connections, connection);
  g_list_model_items_changed (G_LIST_MODEL (self), self->connections->len - 1, 0, 1);
  kvmm_flat_list_append (self->domains, G_LIST_MODEL (connection));
  return connection;
}

void
kvmm_connection_list_remove (KvmmConnectionList *self, KvmmConnection *connection)
{
  guint position;

  g_return_if_fail (KVMM_IS_CONNECTION_LIST (self));
  g_return_if_fail (KVMM_IS_CONNECTION (connection));

  if (!g_ptr_array_find (self->connections, connection, &position))
    return;

  g_autoptr (KvmmConnection) owned = g_ptr_array_steal_index (self->connections, position);
  kvmm_settings_remove_connection (self->settings, kvmm_connection_get_uri (owned));
  kvmm_flat_list_remove (self->domains, G_LIST_MODEL (owned));
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  kvmm_connection_disconnect (owned);
}

GListModel *
kvmm_connection_list_get_domains (KvmmConnectionList *self)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION_LIST (self), NULL);
  return G_LIST_MODEL (self->domains);
}

KvmmDomain *
kvmm_connection_list_find (KvmmConnectionList *self, const char *name_or_uuid)
{
  g_return_val_if_fail (KVMM_IS_CONNECTION_LIST (self), NULL);
  g_return_val_if_fail (name_or_uuid != NULL, NULL);

  gboolean is_uuid = g_uuid_string_is_valid (name_or_uuid);
  for (guint pass = is_uuid ? 0 : 1; pass < 2; pass++)
    for (guint i = 0; i < self->connections->len; i++)
      {
        KvmmDomain *domain = kvmm_connection_find (self->connections->pdata[i], name_or_uuid);

        if (domain != NULL &&
            (pass == 1 || g_ascii_strcasecmp (kvmm_domain_get_uuid (domain), name_or_uuid) == 0))
          return domain;
      }
  return NULL;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "test-model.h"

#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <locale.h>

#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

void
test_model_init (int *argc, char ***argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_setenv ("GSETTINGS_BACKEND", "memory", FALSE);
  kvmm_thread_set_main ();
  g_test_init (argc, argv, NULL);
  kvmm_virt_init ();
}

gboolean
test_wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
test_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

KvmmSettings *
test_settings_new (void)
{
  g_autoptr (GError) error = NULL;
  KvmmSettings *settings = kvmm_settings_new (&error);
  g_assert_no_error (error);

  g_autoptr (GSettingsSchema) schema = NULL;
  GSettings *gsettings = kvmm_settings_get_gsettings (settings);
  g_object_get (gsettings, "settings-schema", &schema, NULL);
  g_auto (GStrv) keys = g_settings_schema_list_keys (schema);
  for (guint i = 0; keys[i] != NULL; i++)
    g_settings_reset (gsettings, keys[i]);
  g_settings_set_uint (gsettings, KVMM_SETTINGS_STATS_INTERVAL, 1);
  return settings;
}

static void
shadow_cb (GListModel *model, guint position, guint n_removed, guint n_added, TestShadow *self)
{
  self->n_signals++;
  self->max_added = MAX (self->max_added, n_added);
  g_assert_cmpuint (position + n_removed, <=, self->items->len);
  if (n_removed > 0)
    g_ptr_array_remove_range (self->items, position, n_removed);
  for (guint i = 0; i < n_added; i++)
    {
      gpointer item = g_list_model_get_item (model, position + i);
      g_assert_nonnull (item);
      g_ptr_array_insert (self->items, (int) (position + i), item);
    }
  test_shadow_check (self);
}

TestShadow *
test_shadow_new (GListModel *model)
{
  TestShadow *self = g_new0 (TestShadow, 1);
  guint n_items = g_list_model_get_n_items (model);

  self->model = g_object_ref (model);
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < n_items; i++)
    g_ptr_array_add (self->items, g_list_model_get_item (model, i));
  self->handler = g_signal_connect (model, "items-changed", G_CALLBACK (shadow_cb), self);
  return self;
}

void
test_shadow_check (TestShadow *self)
{
  g_assert_cmpuint (g_list_model_get_n_items (self->model), ==, self->items->len);
  g_assert_null (g_list_model_get_item (self->model, self->items->len));
  for (guint i = 0; i < self->items->len; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (self->model, i);
      g_assert_true (item == self->items->pdata[i]);
    }
}

GPtrArray *
test_shadow_dup_items (TestShadow *self)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->items->len; i++)
    g_ptr_array_add (items, g_object_ref (self->items->pdata[i]));
  return items;
}

void
test_shadow_free (TestShadow *self)
{
  g_signal_handler_disconnect (self->model, self->handler);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_object (&self->model);
  g_free (self);
}

void
test_count_cb (GObject *object, gpointer user_data)
{
  (*(guint *) user_data)++;
}

void
test_count_notify_cb (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  (*(guint *) user_data)++;
}

void
test_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  g_assert_null (*place);
  *place = g_object_ref (result);
}

gboolean
test_act (KvmmDomain *domain, KvmmDomainAction action, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_domain_act_async (domain, action, NULL, test_result_cb, &result);
  TEST_RUN_UNTIL (result != NULL);
  return kvmm_domain_act_finish (domain, result, error);
}

typedef struct
{
  const char *uri;
  TestClientFunc func;
  const char *argument;
  int done;
} OtherClient;

static gpointer
other_client_thread (gpointer data)
{
  OtherClient *client = data;
  virConnectPtr connect = virConnectOpen (client->uri);

  if (connect == NULL)
    g_error ("%s: %s", client->uri, virGetLastErrorMessage ());
  client->func (connect, client->argument);
  virConnectClose (connect);
  g_atomic_int_set (&client->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

void
test_other_client (const char *uri, TestClientFunc func, const char *argument)
{
  OtherClient client = { uri, func, argument, 0 };
  GThread *thread = g_thread_new ("other-client", other_client_thread, &client);

  TEST_RUN_UNTIL (g_atomic_int_get (&client.done));
  g_thread_join (thread);
}

void
test_client_define (virConnectPtr connect, const char *xml)
{
  virDomainPtr domain = virDomainDefineXML (connect, xml);

  if (domain == NULL)
    g_error ("%s", virGetLastErrorMessage ());
  virDomainFree (domain);
}

static void
with_domain (virConnectPtr connect, const char *name, int (*func) (virDomainPtr domain))
{
  virDomainPtr domain = virDomainLookupByName (connect, name);

  if (domain == NULL || func (domain) < 0)
    g_error ("%s: %s", name, virGetLastErrorMessage ());
  virDomainFree (domain);
}

void
test_client_undefine (virConnectPtr connect, const char *name)
{
  with_domain (connect, name, virDomainUndefine);
}

void
test_client_destroy (virConnectPtr connect, const char *name)
{
  with_domain (connect, name, virDomainDestroy);
}

void
test_client_create (virConnectPtr connect, const char *name)
{
  with_domain (connect, name, virDomainCreate);
}

static int
create_paused (virDomainPtr domain)
{
  return virDomainCreateWithFlags (domain, VIR_DOMAIN_START_PAUSED);
}

void
test_client_create_paused (virConnectPtr connect, const char *name)
{
  with_domain (connect, name, create_paused);
}

void
test_client_resume (virConnectPtr connect, const char *name)
{
  with_domain (connect, name, virDomainResume);
}

char *
test_host_file_new (guint n_domains)
{
  g_autoptr (GString) xml = g_string_new ("<node>");
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  for (guint i = 0; i < n_domains; i++)
    g_string_append_printf (
        xml,
        "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>"
        "<name>machine-%05u</name><uuid>b0000000-0000-4000-8000-%012u</uuid>"
        "<title>Title %u</title><memory unit='MiB'>1024</memory><vcpu>2</vcpu>"
        "<os><type arch='x86_64'>hvm</type></os>%s</domain>",
        i, i, i, i % 2 == 0 ? "" : "<test:runstate>5</test:runstate>");
  g_string_append (xml, "</node>");

  int fd = g_file_open_tmp ("kvmm-test-XXXXXX.xml", &path, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (path, xml->str, (gssize) xml->len, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&path);
}

KvmmConnection *
test_connected (const char *uri, KvmmSettings *settings)
{
  KvmmConnection *connection = kvmm_connection_new (uri, settings);

  kvmm_connection_connect (connection);
  TEST_RUN_UNTIL (kvmm_connection_get_is_loaded (connection));
  g_assert_cmpint (kvmm_connection_get_state (connection), ==, KVMM_CONNECTION_CONNECTED);
  return connection;
}

void
test_drop_object (gpointer object)
{
  gpointer gone = object;

  g_object_add_weak_pointer (object, &gone);
  g_object_unref (object);
  TEST_RUN_UNTIL (gone == NULL);
}

void
test_drop (KvmmConnection *connection)
{
  kvmm_connection_disconnect (connection);
  test_drop_object (connection);
}

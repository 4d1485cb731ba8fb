/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "fake-keyring.h"

#include <string.h>

#define NAME "org.freedesktop.secrets"
#define SERVICE_PATH "/org/freedesktop/secrets"
#define COLLECTION_PATH SERVICE_PATH "/collection/login"
#define DEFAULT_PATH SERVICE_PATH "/aliases/default"
#define SESSION_PATH SERVICE_PATH "/session/1"
#define PROMPT_PATH SERVICE_PATH "/prompt/1"

typedef struct
{
  FakeKeyring *service; /* (unowned) */
  char *path;
  char *label;
  GVariant *attributes; /* a{ss} */
  char *text;
  guint id; /* of the object */
} Item;

struct _SecretService
{
  GDBusConnection *bus;
  GDBusNodeInfo *interfaces;
  GPtrArray *items; /* (element-type Item) */
  GVariant *asked;  /* (nullable) ao: what the prompt is about */
  char *label;      /* (nullable) */
  guint n_made;
  guint n_prompts;
  guint n_searches;
  gboolean is_locked;
  gboolean opens;
};

static const char interfaces_xml[] =
    "<node>"
    "<interface name='org.freedesktop.Secret.Service'>"
    "<method name='OpenSession'><arg type='s' direction='in'/><arg type='v' direction='in'/>"
    "<arg type='v' direction='out'/><arg type='o' direction='out'/></method>"
    "<method name='SearchItems'><arg type='a{ss}' direction='in'/>"
    "<arg type='ao' direction='out'/><arg type='ao' direction='out'/></method>"
    "<method name='Unlock'><arg type='ao' direction='in'/><arg type='ao' direction='out'/>"
    "<arg type='o' direction='out'/></method>"
    "<method name='GetSecrets'><arg type='ao' direction='in'/><arg type='o' direction='in'/>"
    "<arg type='a{o(oayays)}' direction='out'/></method>"
    "<method name='ReadAlias'><arg type='s' direction='in'/><arg type='o' direction='out'/>"
    "</method>"
    "<property name='Collections' type='ao' access='read'/>"
    "</interface>"
    "<interface name='org.freedesktop.Secret.Collection'>"
    "<method name='CreateItem'><arg type='a{sv}' direction='in'/>"
    "<arg type='(oayays)' direction='in'/><arg type='b' direction='in'/>"
    "<arg type='o' direction='out'/><arg type='o' direction='out'/></method>"
    "<property name='Items' type='ao' access='read'/>"
    "<property name='Label' type='s' access='read'/>"
    "<property name='Locked' type='b' access='read'/>"
    "<property name='Created' type='t' access='read'/>"
    "<property name='Modified' type='t' access='read'/>"
    "</interface>"
    "<interface name='org.freedesktop.Secret.Item'>"
    "<method name='Delete'><arg type='o' direction='out'/></method>"
    "<property name='Locked' type='b' access='read'/>"
    "<property name='Attributes' type='a{ss}' access='read'/>"
    "<property name='Label' type='s' access='read'/>"
    "<property name='Created' type='t' access='read'/>"
    "<property name='Modified' type='t' access='read'/>"
    "</interface>"
    "<interface name='org.freedesktop.Secret.Prompt'>"
    "<method name='Prompt'><arg type='s' direction='in'/></method>"
    "<method name='Dismiss'/>"
    "<signal name='Completed'><arg type='b'/><arg type='v'/></signal>"
    "</interface>"
    "</node>";

/* ---- items ---- */

static void
item_free (gpointer data)
{
  Item *self = data;

  g_dbus_connection_unregister_object (self->service->bus, self->id);
  g_variant_unref (self->attributes);
  g_free (self->path);
  g_free (self->label);
  g_free (self->text);
  g_free (self);
}

/* Whether @self has all that is asked for, whatever else it has. */
static gboolean
item_matches (const Item *self, GVariant *attributes)
{
  GVariantIter iter;
  const char *name, *value, *own;

  g_variant_iter_init (&iter, attributes);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
    if (!g_variant_lookup (self->attributes, name, "&s", &own) || !g_str_equal (own, value))
      return FALSE;
  return TRUE;
}

static void
item_call_cb (GDBusConnection *bus,
              const char *sender,
              const char *path,
              const char *interface,
              const char *method,
              GVariant *parameters,
              GDBusMethodInvocation *invocation,
              gpointer user_data)
{
  Item *item = user_data;

  /* Delete is its only method. */
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", "/"));
  g_ptr_array_remove (item->service->items, item);
}

static GVariant *
item_get_cb (GDBusConnection *bus,
             const char *sender,
             const char *path,
             const char *interface,
             const char *name,
             GError **error,
             gpointer user_data)
{
  Item *item = user_data;

  if (g_str_equal (name, "Locked"))
    return g_variant_new_boolean (item->service->is_locked);
  if (g_str_equal (name, "Attributes"))
    return g_variant_ref (item->attributes);
  if (g_str_equal (name, "Label"))
    return g_variant_new_string (item->label);
  return g_variant_new_uint64 (0);
}

static Item *
add_item (FakeKeyring *self, const char *label, GVariant *attributes, const char *text)
{
  static const GDBusInterfaceVTable vtable = { item_call_cb, item_get_cb, NULL, { NULL } };
  g_autoptr (GError) error = NULL;
  Item *item = g_new0 (Item, 1);

  item->service = self;
  item->path = g_strdup_printf (COLLECTION_PATH "/%u", ++self->n_made);
  item->label = g_strdup (label);
  item->attributes = g_variant_ref_sink (attributes);
  item->text = g_strdup (text);
  item->id = g_dbus_connection_register_object (
      self->bus, item->path,
      g_dbus_node_info_lookup_interface (self->interfaces, "org.freedesktop.Secret.Item"), &vtable,
      item, NULL, &error);
  g_assert_no_error (error);
  g_ptr_array_add (self->items, item);
  return item;
}

static Item *
find_item (FakeKeyring *self, GVariant *attributes)
{
  Item *found = NULL;

  for (guint i = 0; i < self->items->len; i++)
    if (item_matches (g_ptr_array_index (self->items, i), attributes))
      found = g_ptr_array_index (self->items, i);
  return found;
}

static Item *
find_path (FakeKeyring *self, const char *path)
{
  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = g_ptr_array_index (self->items, i);

      if (g_str_equal (item->path, path))
        return item;
    }
  return NULL;
}

/* ---- the service ---- */

static void
search_items (FakeKeyring *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) attributes = g_variant_get_child_value (parameters, 0);
  GVariantBuilder open, locked;

  self->n_searches++;
  g_variant_builder_init (&open, G_VARIANT_TYPE ("ao"));
  g_variant_builder_init (&locked, G_VARIANT_TYPE ("ao"));
  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = g_ptr_array_index (self->items, i);

      if (item_matches (item, attributes))
        g_variant_builder_add (self->is_locked ? &locked : &open, "o", item->path);
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(aoao)", &open, &locked));
}

static void
get_secrets (FakeKeyring *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariantIter) paths = NULL;
  const char *path, *session;
  GVariantBuilder secrets;

  g_variant_get (parameters, "(ao&o)", &paths, &session);
  g_assert_cmpstr (session, ==, SESSION_PATH);
  g_variant_builder_init (&secrets, G_VARIANT_TYPE ("a{o(oayays)}"));
  while (!self->is_locked && g_variant_iter_next (paths, "&o", &path))
    {
      Item *item = find_path (self, path);

      if (item != NULL)
        g_variant_builder_add (
            &secrets, "{o@(oayays)}", path,
            g_variant_new (
                "(o@ay@ays)", SESSION_PATH,
                g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "", 0, 1),
                g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, item->text, strlen (item->text), 1),
                "text/plain"));
    }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{o(oayays)})", &secrets));
}

static void
unlock (FakeKeyring *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) paths = g_variant_get_child_value (parameters, 0);

  if (!self->is_locked)
    {
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@aoo)", paths, "/"));
      return;
    }
  g_clear_pointer (&self->asked, g_variant_unref);
  self->asked = g_steal_pointer (&paths);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(aoo)", NULL, PROMPT_PATH));
}

static void
open_session (GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *algorithm;

  g_variant_get_child (parameters, 0, "&s", &algorithm);
  if (g_str_equal (algorithm, "plain"))
    g_dbus_method_invocation_return_value (
        invocation, g_variant_new ("(vo)", g_variant_new_string (""), SESSION_PATH));
  else
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_NOT_SUPPORTED,
                                           "%s is not supported", algorithm);
}

/* ---- the collection and the prompt ---- */

static void
create_item (FakeKeyring *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GVariant) secret = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) attributes = NULL;
  g_autofree char *text = NULL;
  const char *label = "";
  gboolean replaces;
  gsize length;

  if (self->is_locked)
    {
      g_dbus_method_invocation_return_dbus_error (
          invocation, "org.freedesktop.Secret.Error.IsLocked", "The collection is locked");
      return;
    }
  g_variant_get (parameters, "(@a{sv}@(oayays)b)", &properties, &secret, &replaces);
  g_variant_lookup (properties, "org.freedesktop.Secret.Item.Label", "&s", &label);
  attributes = g_variant_lookup_value (properties, "org.freedesktop.Secret.Item.Attributes",
                                       G_VARIANT_TYPE ("a{ss}"));
  value = g_variant_get_child_value (secret, 2);
  const char *bytes = g_variant_get_fixed_array (value, &length, 1);
  text = g_strndup (bytes, length);

  Item *item = replaces ? find_item (self, attributes) : NULL;
  if (item != NULL)
    {
      g_free (item->text);
      item->text = g_steal_pointer (&text);
    }
  else
    item = add_item (self, label, attributes, text);
  g_free (self->label);
  self->label = g_strdup (label);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(oo)", item->path, "/"));
}

static void
answer_prompt (FakeKeyring *self, GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;

  self->n_prompts++;
  self->is_locked = !self->opens;
  g_dbus_method_invocation_return_value (invocation, NULL);
  g_dbus_connection_emit_signal (
      self->bus, NULL, PROMPT_PATH, "org.freedesktop.Secret.Prompt", "Completed",
      g_variant_new ("(bv)", !self->opens,
                     self->opens ? self->asked : g_variant_new_objv (NULL, 0)),
      &error);
  g_assert_no_error (error);
}

static void
call_cb (GDBusConnection *bus,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  FakeKeyring *self = user_data;

  if (g_str_equal (method, "OpenSession"))
    open_session (parameters, invocation);
  else if (g_str_equal (method, "SearchItems"))
    search_items (self, parameters, invocation);
  else if (g_str_equal (method, "GetSecrets"))
    get_secrets (self, parameters, invocation);
  else if (g_str_equal (method, "Unlock"))
    unlock (self, parameters, invocation);
  else if (g_str_equal (method, "ReadAlias"))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", COLLECTION_PATH));
  else if (g_str_equal (method, "CreateItem"))
    create_item (self, parameters, invocation);
  else if (g_str_equal (method, "Prompt"))
    answer_prompt (self, invocation);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static GVariant *
get_cb (GDBusConnection *bus,
        const char *sender,
        const char *path,
        const char *interface,
        const char *name,
        GError **error,
        gpointer user_data)
{
  FakeKeyring *self = user_data;
  static const char *const collections[] = { COLLECTION_PATH };

  if (g_str_equal (name, "Collections"))
    return g_variant_new_objv (collections, G_N_ELEMENTS (collections));
  if (g_str_equal (name, "Items"))
    return g_variant_new_objv (NULL, 0);
  if (g_str_equal (name, "Label"))
    return g_variant_new_string ("Login");
  if (g_str_equal (name, "Locked"))
    return g_variant_new_boolean (self->is_locked);
  return g_variant_new_uint64 (0);
}

FakeKeyring *
fake_keyring_new (void)
{
  static const GDBusInterfaceVTable vtable = { call_cb, get_cb, NULL, { NULL } };
  static const struct
  {
    const char *path, *interface;
  } objects[] = {
    { SERVICE_PATH, "org.freedesktop.Secret.Service" },
    { COLLECTION_PATH, "org.freedesktop.Secret.Collection" },
    { DEFAULT_PATH, "org.freedesktop.Secret.Collection" },
    { PROMPT_PATH, "org.freedesktop.Secret.Prompt" },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) owned = NULL;
  g_autofree char *address = NULL;
  FakeKeyring *self = g_new0 (FakeKeyring, 1);
  guint32 answer = 0;

  address = g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_assert_no_error (error);
  self->bus =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  self->interfaces = g_dbus_node_info_new_for_xml (interfaces_xml, &error);
  g_assert_no_error (error);
  self->items = g_ptr_array_new_with_free_func (item_free);
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      g_dbus_connection_register_object (
          self->bus, objects[i].path,
          g_dbus_node_info_lookup_interface (self->interfaces, objects[i].interface), &vtable, self,
          NULL, &error);
      g_assert_no_error (error);
    }
  owned = g_dbus_connection_call_sync (self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", NAME, 0), G_VARIANT_TYPE ("(u)"),
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  g_variant_get (owned, "(u)", &answer);
  g_assert_cmpuint (answer, ==, 1); /* the primary owner */
  return self;
}

void
fake_keyring_free (FakeKeyring *self)
{
  g_autoptr (GError) error = NULL;

  g_ptr_array_unref (self->items);
  g_clear_pointer (&self->asked, g_variant_unref);
  g_dbus_connection_close_sync (self->bus, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (self->bus);
  g_dbus_node_info_unref (self->interfaces);
  g_free (self->label);
  g_free (self);
}

/* ---- what the test says and asks ---- */

/* As libsecret writes them; without the schema, what is asked for by whoever does not mind it. */
static GVariant *
new_attributes (const char *uri, const char *uuid, const char *schema)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&builder, "{ss}", "uri", uri);
  g_variant_builder_add (&builder, "{ss}", "uuid", uuid);
  if (schema != NULL)
    g_variant_builder_add (&builder, "{ss}", "xdg:schema", schema);
  return g_variant_builder_end (&builder);
}

void
fake_keyring_put (FakeKeyring *self, const char *uri, const char *uuid, const char *text)
{
  add_item (self, "put by the test", new_attributes (uri, uuid, APPLICATION_ID ".Console"), text);
}

const char *
fake_keyring_get (FakeKeyring *self, const char *uri, const char *uuid)
{
  g_autoptr (GVariant) attributes = g_variant_ref_sink (new_attributes (uri, uuid, NULL));
  Item *item = find_item (self, attributes);

  return item != NULL ? item->text : NULL;
}

guint
fake_keyring_get_n_items (FakeKeyring *self)
{
  return self->items->len;
}

const char *
fake_keyring_get_label (FakeKeyring *self)
{
  return self->label;
}

void
fake_keyring_lock (FakeKeyring *self, gboolean opens)
{
  self->is_locked = TRUE;
  self->opens = opens;
}

guint
fake_keyring_get_n_prompts (FakeKeyring *self)
{
  return self->n_prompts;
}

guint
fake_keyring_get_n_searches (FakeKeyring *self)
{
  return self->n_searches;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* usage: guest-watch URI [NAME…]
 *
 * Holds a connection and the guests of the named machines as the program's windows do, and prints a
 * line of JSON for each change: what a test with real guests waits for. Reads from standard input:
 * "take-over NAME", "retry NAME", "reboot NAME", "shutdown NAME", "freeze NAME", "thaw NAME",
 * "password NAME USER PASSWORD"; ends with its standard input. */

#include "config.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <json-glib/json-glib.h>

#include "model/kvmm-connection.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"

typedef struct
{
  GMainLoop *loop;            /* (owned) */
  KvmmConnection *connection; /* (owned) */
  char **names;               /* (unowned) the machines to hold */
  GHashTable *held;           /* (owned) (element-type KvmmDomain) */
  GDataInputStream *input;    /* (owned) */
} Watch;

static const char *
nick (GType type, int value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  const GEnumValue *found = g_enum_get_value (klass, value);

  return found != NULL ? found->value_nick : "?";
}

static void
begin (JsonBuilder *builder, const char *what, KvmmDomain *domain)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "what");
  json_builder_add_string_value (builder, what);
  if (domain != NULL)
    {
      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, kvmm_domain_get_name (domain));
    }
}

static void
add (JsonBuilder *builder, const char *member, const char *value)
{
  json_builder_set_member_name (builder, member);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
end (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  puts (text);
  fflush (stdout);
}

static void
guest_changed_cb (KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  const KvmmGuestSystem *system = kvmm_guest_get_system (guest);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin (builder, "guest", domain);
  add (builder, "state", nick (KVMM_TYPE_GUEST_STATE, (int) kvmm_guest_get_state (guest)));
  add (builder, "detail", kvmm_guest_get_state_detail (guest));
  add (builder, "version", kvmm_guest_get_agent_version (guest));
  add (builder, "boot_id", system != NULL ? system->boot_id : NULL);
  add (builder, "hostname", system != NULL ? system->hostname : NULL);
  end (builder);
}

static void
metrics_cb (KvmmDomain *domain)
{
  const KvmmGuestMetrics *metrics = kvmm_guest_get_metrics (kvmm_domain_get_guest (domain));
  g_autoptr (JsonBuilder) builder = NULL;

  if (metrics == NULL)
    return;
  builder = json_builder_new ();
  begin (builder, "metrics", domain);
  json_builder_set_member_name (builder, "time_ms");
  json_builder_add_int_value (builder, metrics->time_ms);
  json_builder_set_member_name (builder, "busy");
  if (isnan (metrics->cpu_user) || isnan (metrics->cpu_system))
    json_builder_add_null_value (builder);
  else
    json_builder_add_double_value (builder, metrics->cpu_user + metrics->cpu_system);
  end (builder);
}

static void
add_item (JsonBuilder *builder, KvmmGuestItem *item)
{
  const KvmmGuestInterface *interface = kvmm_guest_item_get_interface (item);

  if (interface != NULL)
    for (guint i = 0; i < interface->addresses->len; i++)
      {
        const KvmmGuestAddress *address = g_ptr_array_index (interface->addresses, i);
        g_autofree char *text =
            g_strdup_printf ("%s %s/%u", interface->name, address->ip, address->prefix);

        json_builder_add_string_value (builder, text);
      }
  else if (kvmm_guest_item_get_filesystem (item) != NULL)
    json_builder_add_string_value (builder, kvmm_guest_item_get_filesystem (item)->mount);
  else if (kvmm_guest_item_get_user (item) != NULL)
    json_builder_add_string_value (builder, kvmm_guest_item_get_user (item)->user);
}

static void
print_list (KvmmDomain *domain, const char *what, GListModel *model)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin (builder, what, domain);
  json_builder_set_member_name (builder, "items");
  json_builder_begin_array (builder);
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmGuestItem) item = g_list_model_get_item (model, i);

      add_item (builder, item);
    }
  json_builder_end_array (builder);
  end (builder);
}

static void
lists_changed_cb (KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);

  print_list (domain, "interfaces", kvmm_guest_get_interfaces (guest));
  print_list (domain, "filesystems", kvmm_guest_get_filesystems (guest));
  print_list (domain, "users", kvmm_guest_get_users (guest));
}

/* An item stays for the same name and says when its value was replaced. */
static void
items_changed_cb (GListModel *model, guint position, guint removed, guint added, KvmmDomain *domain)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (KvmmGuestItem) item = g_list_model_get_item (model, i);

      g_signal_handlers_disconnect_by_func (item, lists_changed_cb, domain);
      g_signal_connect_object (item, "changed", G_CALLBACK (lists_changed_cb), domain,
                               G_CONNECT_SWAPPED);
    }
  lists_changed_cb (domain);
}

static void
state_changed_cb (KvmmDomain *domain)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin (builder, "machine", domain);
  add (builder, "state", nick (KVMM_TYPE_DOMAIN_STATE, (int) kvmm_domain_get_state (domain)));
  end (builder);
}

static void
hold_domain (Watch *watch, KvmmDomain *domain)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  GListModel *lists[] = { kvmm_guest_get_interfaces (guest), kvmm_guest_get_filesystems (guest),
                          kvmm_guest_get_users (guest) };

  if (g_hash_table_contains (watch->held, domain))
    return;
  g_hash_table_add (watch->held, g_object_ref (domain));
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (state_changed_cb), domain,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "notify::state", G_CALLBACK (guest_changed_cb), domain,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "system-changed", G_CALLBACK (guest_changed_cb), domain,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "metrics-changed", G_CALLBACK (metrics_cb), domain,
                           G_CONNECT_SWAPPED);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_signal_connect_object (lists[i], "items-changed", G_CALLBACK (items_changed_cb), domain,
                               G_CONNECT_DEFAULT);
      items_changed_cb (lists[i], 0, 0, g_list_model_get_n_items (lists[i]), domain);
    }
  state_changed_cb (domain);
  guest_changed_cb (domain);
  kvmm_guest_hold (guest);
}

static void
machines_changed_cb (Watch *watch)
{
  GListModel *machines = G_LIST_MODEL (watch->connection);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin (builder, "list", NULL);
  json_builder_set_member_name (builder, "names");
  json_builder_begin_array (builder);
  for (guint i = 0; i < g_list_model_get_n_items (machines); i++)
    {
      g_autoptr (KvmmDomain) domain = g_list_model_get_item (machines, i);

      json_builder_add_string_value (builder, kvmm_domain_get_name (domain));
      if (g_strv_contains ((const char *const *) watch->names, kvmm_domain_get_name (domain)))
        hold_domain (watch, domain);
    }
  json_builder_end_array (builder);
  end (builder);
}

static void
connection_changed_cb (Watch *watch)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin (builder, "connection", NULL);
  add (builder, "state",
       nick (KVMM_TYPE_CONNECTION_STATE, (int) kvmm_connection_get_state (watch->connection)));
  add (builder, "error", kvmm_connection_get_error_text (watch->connection));
  end (builder);
}

static void
acted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  kvmm_domain_act_finish (KVMM_DOMAIN (source), result, &error);
  begin (builder, "acted", KVMM_DOMAIN (source));
  add (builder, "error", error != NULL ? error->message : NULL);
  end (builder);
}

/* ---- what two agents can do ---- */

static void
print_care (
    KvmmDomain *domain, const char *what, KvmmGuestSource source, guint n, const GError *error)
{
  static const char *const words[] = { "none", "agent", "qemu-ga", "network" };
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin (builder, what, domain);
  add (builder, "source", words[source]);
  add (builder, "error", error != NULL ? error->message : NULL);
  json_builder_set_member_name (builder, "n");
  json_builder_add_int_value (builder, n);
  end (builder);
}

static void
frozen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  KvmmGuestSource who = KVMM_GUEST_SOURCE_NONE;
  guint n = 0;

  kvmm_guest_freeze_finish (KVMM_GUEST (source), result, &who, &n, &error);
  print_care (user_data, "frozen", who, n, error);
}

static void
thawed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  KvmmGuestSource who = KVMM_GUEST_SOURCE_NONE;

  kvmm_guest_thaw_finish (KVMM_GUEST (source), result, &who, &error);
  print_care (user_data, "thawed", who, 0, error);
}

static void
password_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  KvmmGuestSource who = KVMM_GUEST_SOURCE_NONE;

  kvmm_guest_set_password_finish (KVMM_GUEST (source), result, &who, &error);
  print_care (user_data, "password", who, 0, error);
}

static void
set_password (KvmmDomain *domain, const char *user, const char *password)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);

  kvmm_guest_set_control_allowed (guest, TRUE);
  kvmm_guest_set_password_async (guest, user, password, password_cb, domain);
}

static void
obey (Watch *watch, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);
  KvmmDomain *domain;

  if (g_strv_length (words) < 2 ||
      (domain = kvmm_connection_find (watch->connection, words[1])) == NULL)
    g_printerr ("guest-watch: cannot do “%s”\n", line);
  else if (g_str_equal (words[0], "take-over"))
    kvmm_guest_take_over (kvmm_domain_get_guest (domain));
  else if (g_str_equal (words[0], "retry"))
    kvmm_guest_retry (kvmm_domain_get_guest (domain));
  else if (g_str_equal (words[0], "reboot"))
    kvmm_domain_act_async (domain, KVMM_DOMAIN_ACTION_REBOOT, NULL, acted_cb, NULL);
  else if (g_str_equal (words[0], "shutdown"))
    kvmm_domain_act_async (domain, KVMM_DOMAIN_ACTION_SHUT_DOWN, NULL, acted_cb, NULL);
  else if (g_str_equal (words[0], "freeze"))
    kvmm_guest_freeze_async (kvmm_domain_get_guest (domain), 60000, frozen_cb, domain);
  else if (g_str_equal (words[0], "thaw"))
    kvmm_guest_thaw_async (kvmm_domain_get_guest (domain), thawed_cb, domain);
  else if (g_str_equal (words[0], "password") && g_strv_length (words) == 4)
    set_password (domain, words[2], words[3]);
  else
    g_printerr ("guest-watch: unknown command “%s”\n", words[0]);
}

static void
line_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Watch *watch = user_data;
  g_autofree char *line =
      g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source), result, NULL, NULL);

  if (line == NULL)
    {
      g_main_loop_quit (watch->loop);
      return;
    }
  obey (watch, line);
  g_data_input_stream_read_line_async (watch->input, G_PRIORITY_DEFAULT, NULL, line_cb, watch);
}

static void
release_guest (gpointer key, gpointer value, gpointer user_data)
{
  kvmm_guest_release (kvmm_domain_get_guest (KVMM_DOMAIN (key)));
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmSettings) settings = NULL;
  g_autoptr (GInputStream) input = NULL;
  Watch watch = { 0 };

  if (argc < 2)
    {
      g_printerr ("usage: guest-watch URI [NAME…]\n");
      return 2;
    }
  signal (SIGPIPE, SIG_IGN);
  kvmm_thread_set_main ();
  kvmm_virt_init ();
  settings = kvmm_settings_new (&error);
  if (settings == NULL)
    {
      g_printerr ("guest-watch: %s\n", error->message);
      return 1;
    }
  watch.loop = g_main_loop_new (NULL, FALSE);
  watch.names = argv + 2;
  watch.held = g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
  watch.connection = kvmm_connection_new (argv[1], settings);
  g_signal_connect_swapped (watch.connection, "items-changed", G_CALLBACK (machines_changed_cb),
                            &watch);
  g_signal_connect_swapped (watch.connection, "listed", G_CALLBACK (machines_changed_cb), &watch);
  g_signal_connect_swapped (watch.connection, "notify::state", G_CALLBACK (connection_changed_cb),
                            &watch);
  input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  watch.input = g_data_input_stream_new (input);
  g_data_input_stream_read_line_async (watch.input, G_PRIORITY_DEFAULT, NULL, line_cb, &watch);
  kvmm_connection_connect (watch.connection);
  g_main_loop_run (watch.loop);

  g_hash_table_foreach (watch.held, release_guest, NULL);
  g_clear_pointer (&watch.held, g_hash_table_unref);
  g_signal_handlers_disconnect_by_data (watch.connection, &watch);
  g_clear_object (&watch.connection);
  g_clear_object (&watch.input);
  g_clear_pointer (&watch.loop, g_main_loop_unref);
  return 0;
}

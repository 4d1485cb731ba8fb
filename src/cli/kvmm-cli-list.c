/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "cli/kvmm-cli-session.h"
#include "util/kvmm-units.h"

static int
compare_domains (gconstpointer a, gconstpointer b)
{
  KvmmDomain *first = *(KvmmDomain *const *) a;
  KvmmDomain *second = *(KvmmDomain *const *) b;
  int order = g_utf8_collate (kvmm_domain_get_name (first), kvmm_domain_get_name (second));

  return order != 0 ? order
                    : g_strcmp0 (kvmm_domain_get_uuid (first), kvmm_domain_get_uuid (second));
}

static GPtrArray *
sorted_domains (GListModel *model)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    g_ptr_array_add (domains, g_list_model_get_item (model, i));
  g_ptr_array_sort (domains, compare_domains);
  return g_steal_pointer (&domains);
}

/* The enum's nick is the machine-readable word: "shut-off". */
static const char *
state_word (KvmmDomain *domain)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (KVMM_TYPE_DOMAIN_STATE);
  const GEnumValue *value = g_enum_get_value (klass, (int) kvmm_domain_get_state (domain));

  return value != NULL ? value->value_nick : "unknown";
}

static void
print_json (GPtrArray *domains)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_array (builder);
  for (guint i = 0; i < domains->len; i++)
    {
      KvmmDomain *domain = g_ptr_array_index (domains, i);

      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, kvmm_domain_get_name (domain));
      json_builder_set_member_name (builder, "uuid");
      json_builder_add_string_value (builder, kvmm_domain_get_uuid (domain));
      json_builder_set_member_name (builder, "connection");
      json_builder_add_string_value (builder,
                                     kvmm_connection_get_uri (kvmm_domain_get_connection (domain)));
      json_builder_set_member_name (builder, "state");
      json_builder_add_string_value (builder, state_word (domain));
      json_builder_set_member_name (builder, "memory_kib");
      json_builder_add_int_value (builder, (gint64) kvmm_domain_get_memory_kib (domain));
      json_builder_set_member_name (builder, "vcpus");
      json_builder_add_int_value (builder, kvmm_domain_get_vcpus (domain));
      json_builder_set_member_name (builder, "autostart");
      json_builder_add_boolean_value (builder, kvmm_domain_get_autostart (domain));
      json_builder_set_member_name (builder, "template");
      json_builder_add_boolean_value (builder, kvmm_domain_get_is_template (domain));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, TRUE);
  g_print ("%s\n", text);
}

static void
print_table (GPtrArray *domains, gboolean with_connection)
{
  for (guint i = 0; i < domains->len; i++)
    {
      KvmmDomain *domain = g_ptr_array_index (domains, i);
      g_autofree char *memory = kvmm_units_bytes (kvmm_domain_get_memory_kib (domain) * 1024);

      g_print ("%-32s %-14s %10s %4u CPU", kvmm_domain_get_name (domain),
               kvmm_domain_get_state_text (domain), memory, kvmm_domain_get_vcpus (domain));
      if (with_connection)
        g_print ("  %s", kvmm_connection_get_uri (kvmm_domain_get_connection (domain)));
      g_print ("\n");
    }
}

int
kvmm_cli_list (KvmmCliSession *session)
{
  gboolean all_open = kvmm_cli_session_open (session);
  g_autoptr (GPtrArray) domains = NULL;

  if (session->connections == NULL)
    return KVMM_EXIT_CONNECTION;
  domains = sorted_domains (kvmm_connection_list_get_domains (session->connections));
  if (session->json)
    print_json (domains);
  else
    print_table (domains, g_list_model_get_n_items (G_LIST_MODEL (session->connections)) > 1);
  return all_open ? KVMM_EXIT_OK : KVMM_EXIT_CONNECTION;
}

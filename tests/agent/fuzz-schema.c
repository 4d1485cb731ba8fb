/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Every body a guest can send, through the scanner, json-glib and each schema: what comes out is
 * inert, whatever went in. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/kvmm-agent-schema.h"
#include "fuzz.h"
#include "util/kvmm-guest-text.h"

static void
check_text (const char *text)
{
  g_autofree char *again = NULL;

  if (text == NULL)
    return;
  again = kvmm_guest_text_sanitise (text, -1);
  if (strcmp (text, again) != 0)
    abort ();
}

static void
check_interfaces (GPtrArray *rows)
{
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const KvmmGuestInterface *row = g_ptr_array_index (rows, i);

      check_text (row->name);
      check_text (row->state);
      check_text (row->kind);
      check_text (row->mac);
      for (guint k = 0; k < row->addresses->len; k++)
        check_text (((KvmmGuestAddress *) g_ptr_array_index (row->addresses, k))->ip);
    }
}

static void
check_filesystems (GPtrArray *rows)
{
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const KvmmGuestFilesystem *row = g_ptr_array_index (rows, i);

      check_text (row->mount);
      check_text (row->device);
      check_text (row->type);
      if (row->used_bytes > row->total_bytes || row->available_bytes > row->total_bytes)
        abort ();
    }
}

static void
check_users (GPtrArray *rows)
{
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const KvmmGuestUser *row = g_ptr_array_index (rows, i);

      check_text (row->user);
      check_text (row->terminal);
      check_text (row->remote_host);
    }
}

static void
check_facts (JsonObject *object)
{
  g_autoptr (KvmmGuestSystem) system = kvmm_agent_schema_system (object, NULL);
  g_autoptr (KvmmGuestMetrics) metrics = kvmm_agent_schema_metrics (object, NULL);
  g_autoptr (GPtrArray) interfaces = kvmm_agent_schema_interfaces (object, NULL);
  g_autoptr (GPtrArray) filesystems = kvmm_agent_schema_filesystems (object, NULL);
  g_autoptr (GPtrArray) users = kvmm_agent_schema_users (object, NULL);

  if (system != NULL)
    {
      check_text (system->os_pretty);
      check_text (system->hostname);
    }
  if (metrics != NULL && metrics->memory_available_bytes > metrics->memory_total_bytes)
    abort ();
  check_interfaces (interfaces);
  check_filesystems (filesystems);
  check_users (users);
}

static void
check_messages (JsonObject *object)
{
  g_autoptr (KvmmAgentAnnounce) announce = kvmm_agent_schema_announce (object, NULL);
  g_autoptr (KvmmAgentWelcome) welcome = kvmm_agent_schema_welcome (object, NULL);
  g_autoptr (KvmmAgentBye) bye = kvmm_agent_schema_bye (object, NULL);
  g_autoptr (KvmmAgentNotice) notice = kvmm_agent_schema_notice (object, NULL);
  g_autofree char *message = NULL;
  g_autofree char *hint = NULL;
  const char *method = NULL;
  JsonObject *inner;
  gint64 number;

  if (welcome != NULL)
    {
      check_text (welcome->version);
      check_text (welcome->policy_error);
    }
  if (notice != NULL)
    check_text (notice->message);
  if (announce != NULL)
    check_text (announce->instance);
  if (bye != NULL)
    check_text (bye->reason);
  kvmm_agent_schema_reply_id (object, &number);
  if (kvmm_agent_schema_error (object, &number, &message, &hint, NULL))
    check_text (message);
  check_text (hint);
  if ((inner = kvmm_agent_schema_result (object, NULL)) != NULL)
    check_facts (inner);
  if ((inner = kvmm_agent_schema_event (object, &method, NULL)) != NULL)
    check_facts (inner);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = kvmm_agent_schema_parse (data, size, &error);

  if (object == NULL)
    {
      if (error == NULL)
        abort ();
      return 0;
    }
  check_facts (object);
  check_messages (object);
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "cli/kvmm-cli-guest.h"
#include "model/kvmm-domain-grow.h"
#include "util/kvmm-units.h"

/* grow NAME DISK [SIZE] */

static KvmmExit
report (const GError *error)
{
  kvmm_cli_error ("%s", error->message);
  return KVMM_EXIT_FAILED;
}

static gboolean
read_size (KvmmDomain *domain, const char *target, KvmmVirtDiskSize *size, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_domain_read_disk_size_async (domain, target, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  return kvmm_domain_read_disk_size_finish (domain, result, size, error);
}

/* @text: a size, or "+" and what is added to @now. Returns: %FALSE when it is none */
static gboolean
parse_size (const char *text, guint64 now, guint64 *wanted)
{
  gboolean is_more = *text == '+';

  if (!kvmm_units_parse_bytes (is_more ? text + 1 : text, wanted))
    return FALSE;
  if (is_more)
    *wanted = now <= G_MAXUINT64 - *wanted ? now + *wanted : G_MAXUINT64;
  return TRUE;
}

static void
print_size (KvmmCliSession *session, const KvmmVirtDiskSize *size)
{
  g_autofree char *capacity = kvmm_units_bytes (size->capacity_bytes);
  g_autofree char *allocation = kvmm_units_bytes (size->allocation_bytes);

  if (session->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      json_builder_begin_object (builder);
      kvmm_cli_json_int (builder, "capacity_bytes", size->capacity_bytes);
      kvmm_cli_json_int (builder, "allocation_bytes", size->allocation_bytes);
      json_builder_end_object (builder);
      kvmm_cli_json_print (builder);
      return;
    }
  g_print (_ ("%s, of which %s are taken on the host\n"), capacity, allocation);
}

int
kvmm_cli_grow (KvmmCliSession *session)
{
  const char *target = session->arguments[2];
  const char *text = session->arguments[3];
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  KvmmVirtDiskSize size;
  guint64 wanted;

  if (found != KVMM_EXIT_OK)
    return found;
  if (!read_size (domain, target, &size, &error))
    return report (error);
  if (text != NULL)
    {
      if (!parse_size (text, size.capacity_bytes, &wanted))
        {
          kvmm_cli_error (_ ("“%s” is no size: write 40G, or +10G for that much more"), text);
          return KVMM_EXIT_USAGE;
        }
      kvmm_domain_grow_disk_async (domain, target, wanted, NULL, kvmm_cli_result_cb, &result);
      kvmm_cli_await_result (&result);
      if (!kvmm_domain_grow_disk_finish (domain, result, &error) ||
          !read_size (domain, target, &size, &error))
        return report (error);
    }
  print_size (session, &size);
  return KVMM_EXIT_OK;
}

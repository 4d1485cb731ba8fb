/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* Every body a guest can send, through the scanner, json-glib and each schema: what comes out is
 * inert, whatever went in. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/kvmm-agent-schema.h"
#include "fuzz.h"
#include "protocol/kvma-limits.h"
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

static void
check_name (const char *name)
{
  if (name == NULL || name[0] == '\0' || strlen (name) > KVMA_FILE_NAME_MAX)
    abort ();
  if (strcmp (name, "/") != 0 &&
      (strchr (name, '/') != NULL || strcmp (name, ".") == 0 || strcmp (name, "..") == 0))
    abort ();
}

static void
check_file (const KvmmGuestFile *file)
{
  check_name (file->name);
  check_text (file->display_name);
  check_text (file->user);
  check_text (file->target);
  if (file->display_name[0] == '\0' || file->mode > 07777)
    abort ();
}

static void
check_paths (char **paths)
{
  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    if (paths[i][0] != '/' || strstr (paths[i], "/../") != NULL)
      abort ();
}

static void
check_lists (JsonObject *object)
{
  g_autoptr (KvmmAgentListing) processes = kvmm_agent_schema_processes (object, NULL);
  g_autoptr (KvmmAgentListing) services = kvmm_agent_schema_services (object, NULL);
  g_autoptr (KvmmAgentListing) commands = kvmm_agent_schema_commands (object, NULL);
  g_autoptr (KvmmAgentListing) files = kvmm_agent_schema_files (object, NULL);
  g_autoptr (KvmmAgentListing) disks = kvmm_agent_schema_disks (object, NULL);
  g_autoptr (KvmmAgentListing) trims = kvmm_agent_schema_trims (object, NULL);

  for (guint i = 0; processes != NULL && i < processes->rows->len; i++)
    {
      const KvmmGuestProcess *row = processes->rows->pdata[i];

      check_text (row->user);
      check_text (row->command);
      check_text (row->arguments);
    }
  for (guint i = 0; services != NULL && i < services->rows->len; i++)
    {
      const KvmmGuestService *row = services->rows->pdata[i];

      check_text (row->name);
      check_text (row->description);
      check_text (row->sub_state);
      check_text (row->enabled);
    }
  for (guint i = 0; commands != NULL && i < commands->rows->len; i++)
    {
      const KvmmGuestCommand *row = commands->rows->pdata[i];

      check_text (row->name);
      check_text (row->description);
      check_text (row->command_line);
      check_text (row->run_as);
    }
  for (guint i = 0; files != NULL && i < files->rows->len; i++)
    check_file (files->rows->pdata[i]);
  for (guint i = 0; disks != NULL && i < disks->rows->len; i++)
    check_text (((KvmmGuestDisk *) disks->rows->pdata[i])->name);
  for (guint i = 0; trims != NULL && i < trims->rows->len; i++)
    check_text (((KvmmGuestTrim *) trims->rows->pdata[i])->error);
}

static void
check_opened (KvmmAgentOpened *opened)
{
  g_autoptr (KvmmAgentOpened) owned = opened;

  if (owned == NULL)
    return;
  if (owned->stream < 2)
    abort ();
  check_text (owned->source);
}

static void
check_work (JsonObject *object)
{
  g_autoptr (KvmmGuestFile) file = kvmm_agent_schema_file (object, NULL);
  g_autoptr (KvmmGuestFileRoots) roots = kvmm_agent_schema_file_roots (object, NULL);
  g_autoptr (KvmmAgentFrozen) frozen G_GNUC_UNUSED = kvmm_agent_schema_frozen (object, NULL);
  g_autoptr (KvmmAgentStreamEnd) end = kvmm_agent_schema_stream_end (object, NULL);
  g_auto (GStrv) keys = kvmm_agent_schema_ssh_keys (object, NULL);
  g_autofree gint64 *delta G_GNUC_UNUSED = kvmm_agent_schema_delta (object, NULL);

  if (file != NULL)
    check_file (file);
  if (roots != NULL)
    {
      check_paths (roots->read_paths);
      check_paths (roots->write_paths);
    }
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    if (strpbrk (keys[i], "\r\n\033") != NULL)
      abort ();
  if (end != NULL && end->exit != NULL)
    {
      check_text (end->exit->signal);
      if ((end->exit->code < 0) != (end->exit->signal != NULL))
        abort ();
    }
  check_opened (kvmm_agent_schema_job (object, NULL));
  check_opened (kvmm_agent_schema_terminal (object, NULL));
  check_opened (kvmm_agent_schema_log (object, NULL));
  check_opened (kvmm_agent_schema_file_read (object, NULL));
  check_opened (kvmm_agent_schema_file_write (object, NULL));
  check_opened (kvmm_agent_schema_inbox_put (object, NULL));
  check_lists (object);
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
  check_work (object);
  return 0;
}

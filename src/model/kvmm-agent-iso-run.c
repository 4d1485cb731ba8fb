/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-qga.h"
#include "model/kvmm-agent-iso-private.h"
#include "model/kvmm-connection-private.h"
#include "util/kvmm-thread.h"
#include "xml/kvmm-xml-domain.h"

/* The disc's installer, run by a QEMU guest agent that is there already. Each question to that is
 * short, and between two of them the slow lane is free. */

#define POLL_MS 1000
/* The installer waits for nothing longer than 10 s at a time. */
#define MAX_SECONDS 120
/* How long libvirt waits for one answer. */
#define ANSWER_SECONDS 10

/* Its output is cut in the guest, to what fits into a string of KVMA_JSON_STRING_MAX in base64. A
 * disc that has just been inserted is seen after some seconds. */
static const char script[] =
    "d=$(mktemp -d) && o=$(mktemp) || exit 1\n"
    "find_disc ()\n"
    "{\n"
    "  for f in /dev/disk/by-label/KVMMANAGER_AGENT /dev/sr0 /dev/sr1 /dev/sr2 /dev/sr3; do\n"
    "    mount -t iso9660 -o ro \"$f\" \"$d\" 2>/dev/null || continue\n"
    "    [ -f \"$d/install.sh\" ] && [ -f \"$d/VERSION\" ] && return\n"
    "    umount \"$d\"\n"
    "  done\n"
    "  return 1\n"
    "}\n"
    "n=0\n"
    "until find_disc || [ $n -ge 15 ]; do n=$((n + 1)); sleep 1; done\n"
    "if [ -f \"$d/install.sh\" ]; then\n"
    "  sh \"$d/install.sh\" >\"$o\" 2>&1 </dev/null; s=$?\n"
    "  umount \"$d\" 2>>\"$o\"\n"
    "else\n"
    "  echo 'No drive of this machine holds the agent disc.' >\"$o\"; s=1\n"
    "fi\n"
    "tail -c 6000 \"$o\"; rm -f \"$o\"; rmdir \"$d\"\n"
    "exit $s\n";

void
kvmm_agent_iso_run_free (KvmmAgentIsoRun *self)
{
  if (self == NULL)
    return;
  g_free (self->output);
  g_free (self);
}

gboolean
kvmm_agent_iso_can_run (KvmmDomain *domain, const char **reason)
{
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), FALSE);

  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (domain);
  const char *why_not = NULL;
  if (!kvmm_domain_get_is_active (domain))
    why_not = _ ("The machine does not run.");
  else if (facts == NULL || facts->qga_channel != KVMM_CHANNEL_CONNECTED)
    why_not = _ ("No QEMU guest agent runs in the guest.");
  else if (!kvmm_guest_get_control_allowed (kvmm_domain_get_guest (domain)))
    why_not = _ ("Commands in this machine are not allowed on this computer. Allow them first.");
  if (reason != NULL)
    *reason = why_not;
  return why_not == NULL;
}

typedef struct
{
  KvmmDomain *domain; /* (owned) */
  gint64 pid;
  gint64 deadline_us;
} Run;

static void
run_free (Run *self)
{
  g_object_unref (self->domain);
  g_free (self);
}

/* ---- one question ---- */

typedef struct
{
  char *uuid;
  char *text;
} Question;

static void
question_free (Question *self)
{
  g_free (self->uuid);
  g_free (self->text);
  g_free (self);
}

static void
ask_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Question *question = data;
  GError *error = NULL;
  char *reply = kvmm_virt_domain_command_qga (connect, question->uuid, question->text,
                                              ANSWER_SECONDS, &error);

  if (reply != NULL)
    g_task_return_pointer (task, reply, g_free);
  else
    g_task_return_error (task, error);
}

/* (transfer full) @task, @text */
static void
ask (GTask *task, char *text, GAsyncReadyCallback callback)
{
  Run *run = g_task_get_task_data (task);
  KvmmConnection *connection = kvmm_domain_get_connection (run->domain);

  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (run->domain));
      g_object_unref (task);
      g_free (text);
      return;
    }
  Question *question = g_new0 (Question, 1);
  question->uuid = g_strdup (kvmm_domain_get_uuid (run->domain));
  question->text = text;
  g_autoptr (GTask) call = g_task_new (run->domain, g_task_get_cancellable (task), callback, task);
  g_task_set_source_tag (call, ask);
  kvmm_connection_run (connection, KVMM_CONNECTION_LANE_SLOW, G_PRIORITY_DEFAULT, call, ask_func,
                       question, (GDestroyNotify) question_free);
}

/* ---- until it has ended ---- */

static void status_cb (GObject *source, GAsyncResult *result, gpointer user_data);

static gboolean
poll_cb (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  Run *run = g_task_get_task_data (task);

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  if (g_get_monotonic_time () >= run->deadline_us)
    g_task_return_new_error (
        task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_TIMEOUT,
        _ ("The installer in “%s” has not ended within %d seconds. It may still "
           "run there."),
        kvmm_domain_get_name (run->domain), MAX_SECONDS);
  else
    ask (g_steal_pointer (&task), kvmm_agent_qga_build_status (run->pid), status_cb);
  return G_SOURCE_REMOVE;
}

/* (transfer full) @task */
static void
poll_later (GTask *task)
{
  g_timeout_add_full (G_PRIORITY_DEFAULT, POLL_MS, poll_cb, task, g_object_unref);
}

static void
status_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_auto (KvmmAgentQgaStatus) status = { 0 };
  GError *error = NULL;
  g_autofree char *reply = g_task_propagate_pointer (G_TASK (result), &error);

  if (reply == NULL || !kvmm_agent_qga_parse_status (reply, &status, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (!status.has_exited)
    {
      poll_later (g_steal_pointer (&task));
      return;
    }
  KvmmAgentIsoRun *done = g_new0 (KvmmAgentIsoRun, 1);
  done->exit_code = status.exit_code;
  done->output = g_steal_pointer (&status.output);
  g_task_return_pointer (task, done, (GDestroyNotify) kvmm_agent_iso_run_free);
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Run *run = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *reply = g_task_propagate_pointer (G_TASK (result), &error);

  if (reply == NULL || !kvmm_agent_qga_parse_exec (reply, &run->pid, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  run->deadline_us = g_get_monotonic_time () + MAX_SECONDS * G_USEC_PER_SEC;
  poll_later (g_steal_pointer (&task));
}

void
kvmm_agent_iso_run_async (KvmmDomain *domain,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (domain));

  Run *run = g_new0 (Run, 1);
  const char *reason = NULL;
  g_autoptr (GTask) task = g_task_new (domain, cancellable, callback, user_data);
  run->domain = g_object_ref (domain);
  g_task_set_source_tag (task, kvmm_agent_iso_run_async);
  g_task_set_task_data (task, run, (GDestroyNotify) run_free);
  if (!kvmm_agent_iso_can_run (domain, &reason))
    g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED,
                             _ ("The installer cannot be run in “%s”: %s"),
                             kvmm_domain_get_name (domain), reason);
  else
    ask (g_steal_pointer (&task), kvmm_agent_qga_build_exec (script), started_cb);
}

KvmmAgentIsoRun *
kvmm_agent_iso_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "cli/kvmm-cli-guest.h"
#include "model/kvmm-domain-clone.h"
#include "model/kvmm-domain-delete.h"
#include "model/kvmm-domain-edit.h"
#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"

/* xml, define, rename, delete, pending: the definition of a machine. */

/* Largest file that is read; libvirt takes no more. */
#define FILE_MAX (8 * 1024 * 1024)
#define CONTEXT_LINES 3

/* Without a terminal nobody can be asked. Returns: whether to go on */
static gboolean
confirm (KvmmCliSession *session, const char *question)
{
  char line[16] = "";

  if (session->yes)
    return TRUE;
  if (!isatty (STDIN_FILENO))
    {
      kvmm_cli_error (_ ("Nobody can be asked here; give --yes"));
      return FALSE;
    }
  /* Translators: "y" and "yes" are what is taken for yes */
  g_printerr (_ ("%s [y/N] "), question);
  if (fgets (line, sizeof line, stdin) == NULL)
    return FALSE;
  g_strstrip (line);
  return g_ascii_strcasecmp (line, "y") == 0 || g_ascii_strcasecmp (line, "yes") == 0;
}

static KvmmExit
report (const GError *error)
{
  kvmm_cli_error ("%s", error->message);
  return KVMM_EXIT_FAILED;
}

/* ---- xml ---- */

int
kvmm_cli_xml (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  kvmm_domain_read_xml_async (domain, session->stored, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  xml = kvmm_domain_read_xml_finish (domain, result, &error);
  if (xml == NULL)
    return report (error);
  fputs (xml, stdout);
  if (!g_str_has_suffix (xml, "\n"))
    fputc ('\n', stdout);
  return KVMM_EXIT_OK;
}

/* ---- pending ---- */

static void
print_pending (const KvmmXmlPending *pending)
{
  switch (pending->type)
    {
    case KVMM_XML_PENDING_ADDED:
      g_print (_ ("%s: comes with the next start\n"), pending->title);
      break;
    case KVMM_XML_PENDING_REMOVED:
      g_print (_ ("%s: goes with the next start\n"), pending->title);
      break;
    case KVMM_XML_PENDING_CHANGED:
      /* Translators: a device, its field, the value now and the one of the next start */
      g_print (_ ("%s: %s: %s → %s\n"), pending->title, pending->label,
               pending->now != NULL ? pending->now : "–",
               pending->next != NULL ? pending->next : "–");
      break;
    }
}

int
kvmm_cli_pending (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  kvmm_domain_list_pending_async (domain, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  list = kvmm_domain_list_pending_finish (domain, result, &error);
  if (list == NULL)
    return report (error);
  for (guint i = 0; i < list->len; i++)
    print_pending (list->pdata[i]);
  return KVMM_EXIT_OK;
}

/* ---- define ---- */

/* Returns: (transfer full) (nullable): what was wrong was said */
static char *
read_file (const char *name)
{
  g_autoptr (GFile) file =
      g_file_new_for_commandline_arg (g_str_equal (name, "-") ? "/dev/stdin" : name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, &error);
  g_autofree char *text = g_malloc (FILE_MAX + 2);
  gsize length = 0;

  if (stream == NULL ||
      !g_input_stream_read_all (G_INPUT_STREAM (stream), text, FILE_MAX + 1, &length, NULL, &error))
    {
      kvmm_cli_error (_ ("“%s” cannot be read: %s"), name, error->message);
      return NULL;
    }
  if (length > FILE_MAX)
    {
      kvmm_cli_error (_ ("“%s” is larger than a definition can be"), name);
      return NULL;
    }
  text[length] = '\0';
  return g_strdup (text);
}

/* Returns: (nullable) (transfer none): the only one; else it was said which ones there are */
static KvmmConnection *
get_connection (KvmmCliSession *session)
{
  GListModel *model = G_LIST_MODEL (session->connections);
  g_autoptr (KvmmConnection) connection = NULL;

  if (g_list_model_get_n_items (model) != 1)
    {
      kvmm_cli_error (_ ("There are several connections; say which with --connect"));
      return NULL;
    }
  connection = g_list_model_get_item (model, 0);
  return connection; /* the list keeps it */
}

static KvmmExit
define_new (KvmmConnection *connection, const char *xml)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = NULL;

  kvmm_connection_define_async (connection, xml, TRUE, FALSE, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  uuid = kvmm_connection_define_finish (connection, result, &error);
  if (uuid == NULL)
    return report (error);
  g_print ("%s\n", uuid);
  return KVMM_EXIT_OK;
}

static KvmmExit
apply (KvmmDomain *domain, KvmmXmlEdit *edit)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDomainApplied) applied = NULL;

  kvmm_domain_apply_edit_async (domain, edit, KVMM_DOMAIN_EDIT_VALIDATE, NULL, kvmm_cli_result_cb,
                                &result);
  kvmm_cli_await_result (&result);
  applied = kvmm_domain_apply_edit_finish (domain, result, &error);
  if (applied == NULL)
    return report (error);
  if (applied->by_libvirt->len > 0)
    {
      g_autofree char *text = kvmm_xml_diff_to_text (applied->by_libvirt);

      g_printerr (_ ("libvirt made of it:\n%s"), text);
    }
  if (applied->needs_restart)
    g_printerr (_ ("“%s” runs; it has this with its next start.\n"), kvmm_domain_get_name (domain));
  return KVMM_EXIT_OK;
}

/* The difference is shown before anything is done. */
static KvmmExit
define_again (KvmmCliSession *session, KvmmDomain *domain, const char *xml)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlEdit) edit = NULL;
  g_autoptr (GPtrArray) lines = NULL;
  g_autofree char *text = NULL;

  kvmm_domain_begin_edit_async (domain, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  edit = kvmm_domain_begin_edit_finish (domain, result, &error);
  if (edit == NULL || !kvmm_xml_edit_replace_all (edit, xml, &error))
    return report (error);
  lines = kvmm_xml_diff (kvmm_xml_edit_get_base (edit), xml, CONTEXT_LINES, &error);
  if (lines == NULL)
    return report (error);
  if (lines->len == 0)
    {
      g_printerr (_ ("Nothing changes.\n"));
      return KVMM_EXIT_OK;
    }
  text = kvmm_xml_diff_to_text (lines);
  g_printerr ("%s", text);
  if (!confirm (session, _ ("Change the definition?")))
    return KVMM_EXIT_REFUSED;
  return apply (domain, edit);
}

int
kvmm_cli_define (KvmmCliSession *session)
{
  g_autofree char *xml = read_file (session->arguments[1]);
  g_autofree char *name = NULL;
  g_autofree char *uuid = NULL;
  g_autoptr (GError) error = NULL;
  KvmmConnection *connection;
  KvmmDomain *domain;

  if (xml == NULL)
    return KVMM_EXIT_FAILED;
  if (!kvmm_xml_domain_read_names (xml, &name, &uuid, &error))
    return report (error);
  if (!kvmm_cli_session_open (session))
    return KVMM_EXIT_CONNECTION;
  connection = get_connection (session);
  if (connection == NULL)
    return KVMM_EXIT_USAGE;
  domain = uuid != NULL ? kvmm_connection_find (connection, uuid) : NULL;
  return domain != NULL ? define_again (session, domain, xml) : define_new (connection, xml);
}

/* ---- rename ---- */

int
kvmm_cli_rename (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  kvmm_domain_rename_async (domain, session->arguments[2], NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  return kvmm_domain_rename_finish (domain, result, &error) ? KVMM_EXIT_OK : report (error);
}

/* ---- clone ---- */

/* Returns: (transfer full) (nullable): with @is_linked every disk that would be copied is linked,
 * or none is */
static KvmmClonePlan *
plan_clone (KvmmDomain *domain, gboolean is_linked, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KvmmClonePlan) plan = NULL;

  kvmm_domain_plan_clone_async (domain, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  plan = kvmm_domain_plan_clone_finish (domain, result, error);
  for (guint i = 0; is_linked && plan != NULL && i < plan->items->len; i++)
    {
      KvmmCloneItem *item = plan->items->pdata[i];

      if (item->is_firmware)
        continue;
      if (item->fate != KVMM_CLONE_COPY && item->fate != KVMM_CLONE_REFUSED)
        continue;
      if (!item->can[KVMM_CLONE_LINK])
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _ ("The disk %s cannot have a linked copy: %s"), item->source,
                       item->link_reason);
          return NULL;
        }
      item->fate = KVMM_CLONE_LINK;
    }
  return g_steal_pointer (&plan);
}

/* What the copy has not is told, and no failure. */
static void
tell_what_is_new (const KvmmClonePlan *plan)
{
  for (guint i = 0; i < plan->items->len; i++)
    {
      const KvmmCloneItem *item = plan->items->pdata[i];

      if (item->is_firmware && item->fate == KVMM_CLONE_RENEW)
        g_printerr (_ ("The copy starts with fresh firmware settings: %s\n"), item->reason);
    }
  if (plan->has_tpm)
    g_printerr ("%s\n", _ ("The TPM of the copy is new and empty: BitLocker asks for its recovery "
                           "key"));
}

int
kvmm_cli_clone (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmClonePlan) plan = NULL;
  g_autofree char *uuid = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  plan = plan_clone (domain, session->linked, &error);
  if (plan == NULL)
    return report (error);
  kvmm_domain_clone_async (domain, session->arguments[2], plan, NULL, NULL, NULL,
                           kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  uuid = kvmm_domain_clone_finish (domain, result, &error);
  if (uuid == NULL)
    return report (error);
  tell_what_is_new (plan);
  g_print ("%s\n", uuid);
  return KVMM_EXIT_OK;
}

/* ---- template ---- */

int
kvmm_cli_template (KvmmCliSession *session)
{
  const char *word = session->arguments[2];
  gboolean is_template = g_strcmp0 (word, "yes") == 0;
  KvmmDomain *domain = NULL;
  KvmmExit found;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (word != NULL && !is_template && !g_str_equal (word, "no"))
    {
      kvmm_cli_error (_ ("Say “yes” or “no”, or nothing to see what is set"));
      return KVMM_EXIT_USAGE;
    }
  found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  if (found != KVMM_EXIT_OK)
    return found;
  if (word == NULL)
    {
      g_print ("%s\n", kvmm_domain_get_is_template (domain) ? "yes" : "no");
      return KVMM_EXIT_OK;
    }
  kvmm_domain_set_template_async (domain, is_template, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  return kvmm_domain_set_template_finish (domain, result, &error) ? KVMM_EXIT_OK : report (error);
}

/* ---- delete ---- */

static void
print_item (const KvmmDeletionItem *item)
{
  g_autofree char *shown =
      kvmm_guest_text_sanitise (item->path != NULL ? item->path : item->volume, -1);

  g_printerr ("  %s %s: %s%s%s\n", item->is_selected ? "×" : "–", item->target, shown,
              item->reason != NULL ? ": " : "", item->reason != NULL ? item->reason : "");
}

/* What goes is marked by a cross. */
static void
print_plan (KvmmDomain *domain, const KvmmDeletion *plan)
{
  g_printerr (_ ("“%s” is deleted, and of its storage what is marked ×:\n"),
              kvmm_domain_get_name (domain));
  for (guint i = 0; i < plan->items->len; i++)
    print_item (plan->items->pdata[i]);
  if (plan->n_snapshots > 0)
    g_printerr (ngettext ("  × %u snapshot\n", "  × %u snapshots\n", plan->n_snapshots),
                plan->n_snapshots);
  if (plan->has_managed_save)
    g_printerr (_ ("  × the saved state of its memory\n"));
}

static KvmmDeletion *
plan_deletion (KvmmCliSession *session, KvmmDomain *domain, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  KvmmDeletion *plan;

  kvmm_domain_plan_deletion_async (domain, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  plan = kvmm_domain_plan_deletion_finish (domain, result, error);
  for (guint i = 0; plan != NULL && session->storage && i < plan->items->len; i++)
    {
      KvmmDeletionItem *item = plan->items->pdata[i];

      item->is_selected |= item->is_proposed && item->can_delete;
    }
  return plan;
}

int
kvmm_cli_delete (KvmmCliSession *session)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, session->arguments[1], &domain);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmDeletion) plan = NULL;
  g_autoptr (KvmmDeleted) deleted = NULL;

  if (found != KVMM_EXIT_OK)
    return found;
  plan = plan_deletion (session, domain, &error);
  if (plan == NULL)
    return report (error);
  print_plan (domain, plan);
  if (!confirm (session, _ ("Delete it?")))
    return KVMM_EXIT_REFUSED;
  kvmm_domain_delete_async (domain, plan, NULL, kvmm_cli_result_cb, &result);
  kvmm_cli_await_result (&result);
  deleted = kvmm_domain_delete_finish (domain, result, &error);
  if (deleted == NULL)
    return report (error);
  for (guint i = 0; i < deleted->left->len; i++)
    kvmm_cli_error ("%s", (const char *) deleted->left->pdata[i]);
  return deleted->left->len > 0 ? KVMM_EXIT_FAILED : KVMM_EXIT_OK;
}

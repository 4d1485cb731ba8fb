/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-domain-edit.h"

#include <glib/gi18n.h>

#include "model/kvmm-definition-files.h"
#include "model/kvmm-domain-order.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-define.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-live.h"

/* Lines before and after a change in what is told of libvirt's own changes. */
#define CONTEXT_LINES 2

/* ---- beginning ---- */

/* Worker. */
static void
begin_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  g_autofree char *xml = kvmm_virt_domain_read_definition (connect, order->uuid, &error);
  KvmmXmlEdit *edit = xml != NULL ? kvmm_xml_edit_open (xml, &error) : NULL;

  if (edit != NULL)
    g_task_return_pointer (task, edit, (GDestroyNotify) kvmm_xml_edit_free);
  else
    g_task_return_error (task, error);
}

void
kvmm_domain_begin_edit_async (KvmmDomain *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_QUERY,
                         kvmm_domain_order_new_task (self, kvmm_domain_begin_edit_async,
                                                     cancellable, callback, user_data),
                         begin_func, kvmm_domain_order_new (self),
                         (GDestroyNotify) kvmm_xml_edit_free);
}

KvmmXmlEdit *
kvmm_domain_begin_edit_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error);
}

/* ---- applying ---- */

void
kvmm_domain_applied_free (KvmmDomainApplied *self)
{
  if (self == NULL)
    return;
  g_free (self->live_error);
  g_clear_pointer (&self->by_libvirt, g_ptr_array_unref);
  g_free (self);
}

/* Worker. Puts @edit into the definition, as it is now. @written: (out): what was defined. */
static gboolean
define (KvmmVirtConnect *connect,
        const KvmmDomainOrder *order,
        gboolean *was_merged,
        char **written,
        GError **error)
{
  g_autofree char *stored = NULL;
  g_autoptr (KvmmXmlEdit) merged = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *uuid = NULL;

  /* Defining it would make it a persistent one. */
  if (!order->is_persistent)
    {
      g_set_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED,
                   _ ("“%s” is transient: it has no stored definition that could be changed"),
                   order->name);
      return FALSE;
    }
  stored = kvmm_virt_domain_read_definition (connect, order->uuid, error);
  if (stored != NULL)
    merged = kvmm_xml_edit_replay (order->edit, stored, error);
  if (merged == NULL || !kvmm_xml_edit_check (merged, error))
    return FALSE;
  *was_merged = !kvmm_xml_same (stored, kvmm_xml_edit_get_base (order->edit));
  if (!kvmm_xml_edit_has_changes (merged))
    {
      *written = g_steal_pointer (&stored);
      return TRUE;
    }
  xml = kvmm_xml_edit_dup_xml (merged);
  uuid = kvmm_virt_connect_define (connect, xml, (order->flags & KVMM_DOMAIN_EDIT_VALIDATE) != 0,
                                   error);
  if (uuid == NULL)
    return FALSE;
  kvmm_domain_order_keep (order, stored);
  *written = g_steal_pointer (&xml);
  return TRUE;
}

static gboolean
take_step (KvmmVirtConnect *connect, const char *uuid, const KvmmXmlLiveStep *step, GError **error)
{
  const char *value = step->value;

  switch (step->type)
    {
    case KVMM_XML_LIVE_ATTACH:
      return kvmm_virt_domain_attach_device (connect, uuid, value, KVMM_AFFECT_LIVE, error);
    case KVMM_XML_LIVE_UPDATE:
      return kvmm_virt_domain_update_device (connect, uuid, value, KVMM_AFFECT_LIVE, error);
    case KVMM_XML_LIVE_DETACH:
      return kvmm_virt_domain_detach_device (connect, uuid, value, KVMM_AFFECT_LIVE, error);
    case KVMM_XML_LIVE_VCPUS:
      return value != NULL && kvmm_virt_domain_set_vcpus (
                                  connect, uuid, (guint) g_ascii_strtoull (value, NULL, 10), error);
    case KVMM_XML_LIVE_MEMORY:
      return value != NULL &&
             kvmm_virt_domain_set_memory (connect, uuid, g_ascii_strtoull (value, NULL, 10), error);
    case KVMM_XML_LIVE_TITLE:
      return kvmm_virt_domain_set_metadata (connect, uuid, KVMM_METADATA_TITLE, value,
                                            KVMM_AFFECT_LIVE, error);
    case KVMM_XML_LIVE_DESCRIPTION:
      return kvmm_virt_domain_set_metadata (connect, uuid, KVMM_METADATA_DESCRIPTION, value,
                                            KVMM_AFFECT_LIVE, error);
    case KVMM_XML_LIVE_NEVER:
      return FALSE;
    }
  return FALSE;
}

/* Worker. What the running machine does not take waits for its next start. */
static void
apply_live (KvmmVirtConnect *connect, const KvmmDomainOrder *order, KvmmDomainApplied *applied)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *live_xml = kvmm_virt_domain_read_xml (connect, order->uuid, FALSE, &error);
  g_autoptr (GPtrArray) steps =
      live_xml != NULL ? kvmm_xml_edit_list_live_steps (order->edit, live_xml, &error) : NULL;

  if (steps == NULL)
    {
      applied->needs_restart = TRUE;
      applied->live_error = g_strdup (error->message);
      return;
    }
  for (guint i = 0; i < steps->len; i++)
    {
      g_autoptr (GError) refusal = NULL;

      if (take_step (connect, order->uuid, steps->pdata[i], &refusal))
        continue;
      applied->needs_restart = TRUE;
      if (refusal != NULL && applied->live_error == NULL)
        applied->live_error = g_strdup (refusal->message);
    }
}

/* Worker. */
static void
apply_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  g_autoptr (KvmmDomainApplied) applied = g_new0 (KvmmDomainApplied, 1);
  g_autofree char *written = NULL;
  g_autofree char *stored = NULL;
  GError *error = NULL;

  if (!define (connect, order, &applied->was_merged, &written, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  stored = kvmm_virt_domain_read_definition (connect, order->uuid, NULL);
  if (stored != NULL)
    {
      kvmm_domain_order_keep (order, stored);
      applied->by_libvirt = kvmm_xml_diff (written, stored, CONTEXT_LINES, NULL);
    }
  if (applied->by_libvirt == NULL)
    applied->by_libvirt = g_ptr_array_new ();
  if (order->is_active && order->flags & KVMM_DOMAIN_EDIT_LIVE)
    apply_live (connect, order, applied);
  else
    applied->needs_restart = order->is_active;
  g_task_return_pointer (task, g_steal_pointer (&applied),
                         (GDestroyNotify) kvmm_domain_applied_free);
}

void
kvmm_domain_apply_edit_async (KvmmDomain *self,
                              KvmmXmlEdit *edit,
                              KvmmDomainEditFlags flags,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && edit != NULL);

  order = kvmm_domain_order_new (self);
  order->edit = kvmm_xml_edit_copy (edit);
  order->flags = flags;
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_apply_edit_async,
                                                     cancellable, callback, user_data),
                         apply_func, order, (GDestroyNotify) kvmm_domain_applied_free);
}

KvmmDomainApplied *
kvmm_domain_apply_edit_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error);
}

/* ---- starting by another definition, once ---- */

/* Worker. */
static gboolean
start_as (KvmmVirtConnect *connect, const KvmmDomainOrder *order, GError **error)
{
  g_autofree char *stored = kvmm_virt_domain_read_definition (connect, order->uuid, error);
  g_autoptr (KvmmXmlEdit) merged =
      stored != NULL ? kvmm_xml_edit_replay (order->edit, stored, error) : NULL;
  g_autofree char *xml = NULL;
  g_autofree char *after = NULL;

  if (merged == NULL || !kvmm_xml_edit_check (merged, error))
    return FALSE;
  xml = kvmm_xml_edit_dup_xml (merged);
  if (kvmm_virt_domain_start_as (connect, order->uuid, xml, error))
    return TRUE;
  /* It is to have the definition again that it had; libvirt takes care of that, but for a start
   * that fails before there is a process. */
  after = kvmm_virt_domain_read_definition (connect, order->uuid, NULL);
  if (after != NULL && !kvmm_xml_same (after, stored))
    g_free (kvmm_virt_connect_define (connect, stored, FALSE, NULL));
  return FALSE;
}

/* Worker. */
static void
start_as_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  gboolean is_done = start_as (connect, data, &error);

  kvmm_domain_order_return_done (task, is_done, error);
}

void
kvmm_domain_start_as_async (KvmmDomain *self,
                            KvmmXmlEdit *edit,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && edit != NULL);

  order = kvmm_domain_order_new (self);
  order->edit = kvmm_xml_edit_copy (edit);
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_start_as_async, cancellable,
                                                     callback, user_data),
                         start_as_func, order, NULL);
}

gboolean
kvmm_domain_start_as_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

/* ---- what waits for the next start ---- */

/* Worker. */
static void
pending_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;
  GError *error = NULL;
  g_autofree char *live = NULL;
  g_autofree char *stored = NULL;
  GPtrArray *list = NULL;

  if (!order->is_active)
    {
      g_task_return_pointer (task, g_ptr_array_new (), (GDestroyNotify) g_ptr_array_unref);
      return;
    }
  live = kvmm_virt_domain_read_xml (connect, order->uuid, FALSE, &error);
  if (live != NULL)
    stored = kvmm_virt_domain_read_xml (connect, order->uuid, TRUE, &error);
  if (stored != NULL)
    list = kvmm_xml_list_pending (live, stored, &error);
  if (list != NULL)
    g_task_return_pointer (task, list, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

void
kvmm_domain_list_pending_async (KvmmDomain *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_QUERY,
                         kvmm_domain_order_new_task (self, kvmm_domain_list_pending_async,
                                                     cancellable, callback, user_data),
                         pending_func, kvmm_domain_order_new (self),
                         (GDestroyNotify) g_ptr_array_unref);
}

GPtrArray *
kvmm_domain_list_pending_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error);
}

/* Worker. Of several, one that is gone is none to complain of. */
static gboolean
discard_each (const KvmmDomainOrder *order, const char *live, GError **error)
{
  for (guint i = 0; i < order->pending->len; i++)
    {
      g_autoptr (GError) refusal = NULL;

      if (kvmm_xml_edit_discard (order->edit, live, order->pending->pdata[i], &refusal) ||
          (order->pending->len > 1 &&
           g_error_matches (refusal, KVMM_XML_ERROR, KVMM_XML_ERROR_CONFLICT)))
        continue;
      g_propagate_error (error, g_steal_pointer (&refusal));
      return FALSE;
    }
  return TRUE;
}

/* Worker. */
static void
discard_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmDomainOrder *order = data;
  GError *error = NULL;
  gboolean is_done;
  g_autofree char *live = kvmm_virt_domain_read_xml (connect, order->uuid, FALSE, &error);
  g_autofree char *stored =
      live != NULL ? kvmm_virt_domain_read_definition (connect, order->uuid, &error) : NULL;
  g_autofree char *written = NULL;
  gboolean was_merged;

  if (stored != NULL)
    order->edit = kvmm_xml_edit_open (stored, &error);
  is_done = order->edit != NULL && discard_each (order, live, &error) &&
            define (connect, order, &was_merged, &written, &error);
  kvmm_domain_order_return_done (task, is_done, error);
}

void
kvmm_domain_discard_async (KvmmDomain *self,
                           const KvmmXmlPending *pending,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && pending != NULL);

  order = kvmm_domain_order_new (self);
  order->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_pending_free);
  g_ptr_array_add (order->pending, kvmm_xml_pending_copy (pending));
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_discard_async, cancellable,
                                                     callback, user_data),
                         discard_func, order, NULL);
}

gboolean
kvmm_domain_discard_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

void
kvmm_domain_discard_all_async (KvmmDomain *self,
                               GPtrArray *list,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && list != NULL);

  order = kvmm_domain_order_new (self);
  order->pending = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_pending_free);
  for (guint i = 0; i < list->len; i++)
    {
      const KvmmXmlPending *pending = list->pdata[i];

      if (pending->can_discard)
        g_ptr_array_add (order->pending, kvmm_xml_pending_copy (pending));
    }
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_discard_all_async,
                                                     cancellable, callback, user_data),
                         discard_func, order, NULL);
}

gboolean
kvmm_domain_discard_all_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

/* ---- history ---- */

void
kvmm_domain_version_free (KvmmDomainVersion *self)
{
  g_free (self->xml);
  g_free (self);
}

/* Worker. */
static void
versions_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const KvmmDomainOrder *order = data;

  g_task_return_pointer (task, kvmm_definition_files_list (order->folder),
                         (GDestroyNotify) g_ptr_array_unref);
}

void
kvmm_domain_list_versions_async (KvmmDomain *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_QUERY,
                         kvmm_domain_order_new_task (self, kvmm_domain_list_versions_async,
                                                     cancellable, callback, user_data),
                         versions_func, kvmm_domain_order_new (self),
                         (GDestroyNotify) g_ptr_array_unref);
}

GPtrArray *
kvmm_domain_list_versions_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error);
}

/* Worker. The machine may have been renamed since. */
static void
restore_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  KvmmDomainOrder *order = data;
  GError *error = NULL;
  gboolean is_done;
  g_autofree char *stored = kvmm_virt_domain_read_definition (connect, order->uuid, &error);
  g_autofree char *xml =
      stored != NULL ? kvmm_xml_domain_with_name_of (order->text, stored, &error) : NULL;
  g_autofree char *written = NULL;
  gboolean was_merged;

  if (xml != NULL)
    order->edit = kvmm_xml_edit_open (stored, &error);
  is_done = order->edit != NULL && kvmm_xml_edit_replace_all (order->edit, xml, &error) &&
            define (connect, order, &was_merged, &written, &error);
  kvmm_domain_order_return_done (task, is_done, error);
}

void
kvmm_domain_restore_async (KvmmDomain *self,
                           const KvmmDomainVersion *version,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  KvmmDomainOrder *order;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self) && version != NULL);

  order = kvmm_domain_order_new (self);
  order->text = g_strdup (version->xml);
  kvmm_domain_order_run (self, KVMM_CONNECTION_LANE_CONTROL,
                         kvmm_domain_order_new_task (self, kvmm_domain_restore_async, cancellable,
                                                     callback, user_data),
                         restore_func, order, NULL);
}

gboolean
kvmm_domain_restore_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  return kvmm_domain_order_finish (self, result, error) != NULL;
}

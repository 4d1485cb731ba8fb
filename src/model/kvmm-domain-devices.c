/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-connection-private.h"
#include "model/kvmm-domain-private.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-connect.h"
#include "xml/kvmm-xml-console.h"
#include "xml/kvmm-xml-device.h"
#include "xml/kvmm-xml-domain.h"
#include "xml/kvmm-xml-media.h"

/* A machine's XML and devices, read and changed. */

typedef struct
{
  char uuid[37];
  gboolean inactive;
  gboolean is_active;
  gboolean persistent;
} Question;

static void
ask (KvmmDomain *self,
     KvmmConnectionLane lane,
     GTask *task,
     KvmmConnectionFunc func,
     gboolean inactive)
{
  KvmmConnection *connection = kvmm_domain_get_connection (self);

  if (connection == NULL)
    {
      g_task_return_new_error (task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
                               _ ("“%s” was deleted."), kvmm_domain_get_name (self));
      return;
    }

  Question *question = g_new0 (Question, 1);
  g_strlcpy (question->uuid, kvmm_domain_get_uuid (self), sizeof question->uuid);
  question->inactive = inactive;
  question->is_active = kvmm_domain_get_is_active (self);
  question->persistent = kvmm_domain_get_persistent (self);
  kvmm_connection_run (connection, lane, G_PRIORITY_DEFAULT, task, func, question, g_free);
}

/* ---- the XML ---- */

/* Worker. */
static void
read_xml_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Question *question = data;
  GError *error = NULL;
  char *xml = kvmm_virt_domain_read_xml (connect, question->uuid, question->inactive, &error);

  if (xml != NULL)
    g_task_return_pointer (task, xml, g_free);
  else
    g_task_return_error (task, error);
}

void
kvmm_domain_read_xml_async (KvmmDomain *self,
                            gboolean inactive,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_read_xml_async);
  ask (self, KVMM_CONNECTION_LANE_QUERY, task, read_xml_func, inactive);
}

char *
kvmm_domain_read_xml_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- devices ---- */

/* Worker. */
static void
list_devices_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  Question *question = data;
  GError *error = NULL;
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, question->uuid, FALSE, &error);
  GPtrArray *devices = xml != NULL ? kvmm_xml_domain_list_devices (xml, &error) : NULL;

  if (devices != NULL)
    g_task_return_pointer (task, devices, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

void
kvmm_domain_list_devices_async (KvmmDomain *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_list_devices_async);
  ask (self, KVMM_CONNECTION_LANE_QUERY, task, list_devices_func, FALSE);
}

GPtrArray *
kvmm_domain_list_devices_finish (KvmmDomain *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the agent's channel ---- */

static KvmmXmlDomainFacts *
read_facts (KvmmVirtConnect *connect, const char *uuid, gboolean inactive, GError **error)
{
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, uuid, inactive, error);

  return xml != NULL ? kvmm_xml_domain_facts_parse (xml, error) : NULL;
}

/* Worker. Whether the running machine has the channel when this returns; any failure only means
 * that it has to wait for the next start, and libvirt's message texts are no contract. */
static gboolean
add_channel_live (KvmmVirtConnect *connect, const Question *question, const char *channel_xml)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts (connect, question->uuid, FALSE, &error);

  if (facts == NULL)
    g_debug ("%s", error->message);
  if (facts == NULL || !facts->has_virtio_serial)
    return FALSE;
  if (facts->agent_channel != KVMM_CHANNEL_ABSENT)
    return TRUE;
  if (kvmm_virt_domain_attach_device (connect, question->uuid, channel_xml, KVMM_AFFECT_LIVE,
                                      &error))
    return TRUE;
  g_debug ("%s", error->message);
  return FALSE;
}

/* Worker. libvirt adds the virtio-serial controller to the configuration by itself. */
static gboolean
add_channel_config (KvmmVirtConnect *connect,
                    const Question *question,
                    const char *channel_xml,
                    GError **error)
{
  g_autoptr (KvmmXmlDomainFacts) facts = read_facts (connect, question->uuid, TRUE, error);

  if (facts == NULL)
    return FALSE;
  return facts->agent_channel != KVMM_CHANNEL_ABSENT ||
         kvmm_virt_domain_attach_device (connect, question->uuid, channel_xml, KVMM_AFFECT_CONFIG,
                                         error);
}

/* Worker. The value returned is whether the channel comes with the next start only. */
static void
add_channel_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const Question *question = data;
  GError *error = NULL;
  g_autofree char *channel_xml = kvmm_xml_channel_build (KVMM_AGENT_CHANNEL_NAME);
  gboolean is_live = question->is_active && add_channel_live (connect, question, channel_xml);

  if (!question->persistent && !is_live)
    g_task_return_new_error (
        task, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED, "%s",
        _ ("The running virtual machine cannot get the agent's channel, and being transient it has "
           "no next start. Create it anew with a virtio-serial controller."));
  else if (question->persistent && !add_channel_config (connect, question, channel_xml, &error))
    g_task_return_error (task, error);
  else
    g_task_return_int (task, question->is_active && !is_live);
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmDomain *self = KVMM_DOMAIN (source);
  KvmmConnection *connection = kvmm_domain_get_connection (self);
  g_autoptr (GTask) task = user_data; /* the caller's */
  g_autoptr (GError) error = NULL;
  gssize needs_restart = g_task_propagate_int (G_TASK (result), &error);

  if (connection != NULL)
    kvmm_connection_reread (connection, kvmm_domain_get_uuid (self));
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_int (task, needs_restart);
}

void
kvmm_domain_add_channel_async (KvmmDomain *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_add_channel_async);
  g_autoptr (GTask) call = g_task_new (self, cancellable, added_cb, task);
  g_task_set_source_tag (call, add_channel_func);
  ask (self, KVMM_CONNECTION_LANE_CONTROL, call, add_channel_func, FALSE);
}

static gboolean
finish_add (GAsyncResult *result, gboolean *needs_restart, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gssize value = g_task_propagate_int (G_TASK (result), &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (needs_restart != NULL)
    *needs_restart = value != 0;
  return TRUE;
}

gboolean
kvmm_domain_add_channel_finish (KvmmDomain *self,
                                GAsyncResult *result,
                                gboolean *needs_restart,
                                GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return finish_add (result, needs_restart, error);
}

/* ---- a tablet ---- */

/* Worker. */
static gboolean
add_tablet_to (KvmmVirtConnect *connect,
               const Question *question,
               KvmmAffectFlags where,
               GError **error)
{
  g_autofree char *tablet_xml = kvmm_xml_tablet_build ();
  g_autofree char *xml =
      kvmm_virt_domain_read_xml (connect, question->uuid, where == KVMM_AFFECT_CONFIG, error);
  g_autoptr (KvmmXmlConsoles) consoles =
      xml != NULL ? kvmm_xml_domain_list_consoles (xml, error) : NULL;

  if (consoles == NULL)
    return FALSE;
  return consoles->has_tablet ||
         kvmm_virt_domain_attach_device (connect, question->uuid, tablet_xml, where, error);
}

/* Worker. The value returned is whether the tablet comes with the next start only. A machine that
 * runs on without a USB controller can still get it then; a transient one has no next start. */
static void
add_tablet_func (GTask *task, KvmmVirtConnect *connect, gpointer data, GCancellable *cancellable)
{
  const Question *question = data;
  g_autoptr (GError) live_error = NULL;
  GError *error = NULL;
  gboolean is_live =
      question->is_active && add_tablet_to (connect, question, KVMM_AFFECT_LIVE, &live_error);

  if (!question->persistent && !is_live && live_error != NULL)
    g_task_return_error (task, g_steal_pointer (&live_error));
  else if (question->persistent && !add_tablet_to (connect, question, KVMM_AFFECT_CONFIG, &error))
    g_task_return_error (task, error);
  else
    g_task_return_int (task, question->is_active && !is_live);
  if (live_error != NULL)
    g_debug ("%s", live_error->message);
}

void
kvmm_domain_add_tablet_async (KvmmDomain *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_DOMAIN (self));

  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, kvmm_domain_add_tablet_async);
  g_autoptr (GTask) call = g_task_new (self, cancellable, added_cb, task);
  g_task_set_source_tag (call, add_tablet_func);
  ask (self, KVMM_CONNECTION_LANE_CONTROL, call, add_tablet_func, FALSE);
}

gboolean
kvmm_domain_add_tablet_finish (KvmmDomain *self,
                               GAsyncResult *result,
                               gboolean *needs_restart,
                               GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return finish_add (result, needs_restart, error);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "agent/kvmm-agent-maintenance.h"
#include "model/kvmm-guest-state.h"
#include "model/kvmm-password.h"
#include "util/kvmm-thread.h"

/* What two agents can do for a guest: ours if it may, else the QEMU guest agent. */

#define FREEZE_MIN_MS 1000
#define FREEZE_MAX_MS 60000

typedef struct
{
  KvmmGuestSource source;
  guint n_frozen;
  guint timeout_ms;
} Care;

static GTask *
new_task (KvmmGuest *self, gpointer tag, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, g_new0 (Care, 1), g_free);
  return task;
}

static gboolean
finish (GAsyncResult *result, KvmmGuestSource *source, GError **error)
{
  const Care *care = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  if (source != NULL)
    *source = care->source;
  return TRUE;
}

static gboolean
has_qga (KvmmGuest *self)
{
  return self->is_connected && self->input.is_active &&
         self->input.qga_channel == KVMM_CHANNEL_CONNECTED;
}

/* Ours goes first, unless its policy says no and there is another one. */
static KvmmGuestSource
pick (KvmmGuest *self, const char *group)
{
  gboolean is_granted = !g_str_equal (kvmm_guest_get_access (self, group), "deny");

  if (kvmm_guest_has_session (self) && (is_granted || !has_qga (self)))
    return KVMM_GUEST_SOURCE_AGENT;
  return has_qga (self) ? KVMM_GUEST_SOURCE_QGA : KVMM_GUEST_SOURCE_NONE;
}

static void
return_nobody (GTask *task)
{
  g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED,
                           _ ("No agent in the guest answers"));
}

/* ---- freeze ---- */

void
kvmm_guest_care_clear (KvmmGuest *self)
{
  self->frozen_by = KVMM_GUEST_SOURCE_NONE;
  g_clear_pointer (&self->freeze_token, g_free);
  g_clear_handle_id (&self->thaw_id, g_source_remove);
}

/* The QEMU guest agent would keep the file systems frozen for ever. */
static gboolean
thaw_due_cb (gpointer user_data)
{
  KvmmGuest *self = user_data;

  self->thaw_id = 0;
  self->backend->add_log (self->target, "thaw-deadline",
                          _ ("The file systems were frozen for too long and are thawed"));
  kvmm_guest_thaw_async (self, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
agent_frozen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmGuest *self = g_task_get_source_object (task);
  Care *care = g_task_get_task_data (task);
  GError *error = NULL;
  char *token =
      kvmm_agent_client_freeze_finish (KVMM_AGENT_CLIENT (source), result, &care->n_frozen, &error);

  if (token == NULL)
    {
      kvmm_guest_care_clear (self);
      g_task_return_error (task, error);
      return;
    }
  g_free (self->freeze_token);
  self->freeze_token = token;
  g_task_return_boolean (task, TRUE);
}

static void
qga_frozen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmGuest *self = g_task_get_source_object (task);
  Care *care = g_task_get_task_data (task);
  GError *error = NULL;
  gssize n = self->backend->call_qga_finish (self->target, result, &error);

  if (n < 0)
    {
      kvmm_guest_care_clear (self);
      g_task_return_error (task, error);
      return;
    }
  care->n_frozen = (guint) n;
  g_clear_handle_id (&self->thaw_id, g_source_remove);
  self->thaw_id = g_timeout_add (care->timeout_ms, thaw_due_cb, self);
  g_task_return_boolean (task, TRUE);
}

void
kvmm_guest_freeze_async (KvmmGuest *self,
                         guint timeout_ms,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Care *care;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  task = new_task (self, kvmm_guest_freeze_async, callback, user_data);
  care = g_task_get_task_data (task);
  care->timeout_ms = CLAMP (timeout_ms, FREEZE_MIN_MS, FREEZE_MAX_MS);
  if (self->frozen_by != KVMM_GUEST_SOURCE_NONE)
    {
      g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_WRONG_STATE,
                               _ ("The file systems are frozen already"));
      return;
    }
  care->source = pick (self, KVMM_GUEST_GROUP_FREEZE);
  self->frozen_by = care->source; /* from now on: no second one beside it */
  if (care->source == KVMM_GUEST_SOURCE_AGENT)
    kvmm_agent_client_freeze_async (self->client, care->timeout_ms, NULL, agent_frozen_cb,
                                    g_object_ref (task));
  else if (care->source == KVMM_GUEST_SOURCE_QGA)
    self->backend->call_qga_async (self->target, KVMM_GUEST_QGA_FREEZE, NULL, NULL, qga_frozen_cb,
                                   g_object_ref (task));
  else
    return_nobody (task);
}

gboolean
kvmm_guest_freeze_finish (
    KvmmGuest *self, GAsyncResult *result, KvmmGuestSource *source, guint *n_frozen, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!finish (result, source, error))
    return FALSE;
  if (n_frozen != NULL)
    *n_frozen = ((const Care *) g_task_get_task_data (G_TASK (result)))->n_frozen;
  return TRUE;
}

/* ---- thaw ---- */

static void
agent_thawed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (kvmm_agent_client_thaw_finish (KVMM_AGENT_CLIENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
qga_thawed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmGuest *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (self->backend->call_qga_finish (self->target, result, &error) >= 0)
    g_task_return_boolean (task, TRUE);
  else
    {
      self->backend->add_log (self->target, "thaw-failed", error->message);
      g_task_return_error (task, error);
    }
}

void
kvmm_guest_thaw_async (KvmmGuest *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *token = NULL;
  KvmmGuestSource source;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  task = new_task (self, kvmm_guest_thaw_async, callback, user_data);
  source = self->frozen_by;
  token = g_steal_pointer (&self->freeze_token);
  ((Care *) g_task_get_task_data (task))->source = source;
  kvmm_guest_care_clear (self);
  if (source == KVMM_GUEST_SOURCE_QGA)
    self->backend->call_qga_async (self->target, KVMM_GUEST_QGA_THAW, NULL, NULL, qga_thawed_cb,
                                   g_object_ref (task));
  else if (source == KVMM_GUEST_SOURCE_AGENT && token != NULL && kvmm_guest_has_session (self))
    kvmm_agent_client_thaw_async (self->client, token, NULL, agent_thawed_cb, g_object_ref (task));
  else
    g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_WRONG_STATE,
                             _ ("The file systems are not frozen"));
}

gboolean
kvmm_guest_thaw_finish (KvmmGuest *self,
                        GAsyncResult *result,
                        KvmmGuestSource *source,
                        GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return finish (result, source, error);
}

/* ---- passwords ---- */

static void
agent_password_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (kvmm_agent_client_set_password_finish (KVMM_AGENT_CLIENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
qga_password_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  KvmmGuest *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (self->backend->call_qga_finish (self->target, result, &error) >= 0)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
kvmm_guest_set_password_async (KvmmGuest *self,
                               const char *user,
                               const char *password,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *hash = NULL;
  KvmmGuestSource source;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));
  g_return_if_fail (user != NULL && password != NULL);

  task = new_task (self, kvmm_guest_set_password_async, callback, user_data);
  source = pick (self, KVMM_GUEST_GROUP_ACCOUNTS);
  ((Care *) g_task_get_task_data (task))->source = source;
  if (!kvmm_guest_get_control_allowed (self))
    {
      g_task_return_new_error (
          task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED,
          _ ("Commands, terminals, files and accounts of this guest are not allowed on this "
             "computer"));
      return;
    }
  if (source == KVMM_GUEST_SOURCE_NONE)
    {
      return_nobody (task);
      return;
    }
  hash = kvmm_password_hash (password);
  if (hash == NULL)
    g_task_return_new_error (task, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_FAILED,
                             _ ("The password could not be hashed"));
  else if (source == KVMM_GUEST_SOURCE_AGENT)
    kvmm_agent_client_set_password_async (self->client, user, hash, NULL, agent_password_cb,
                                          g_object_ref (task));
  else
    self->backend->call_qga_async (self->target, KVMM_GUEST_QGA_SET_PASSWORD, user, hash,
                                   qga_password_cb, g_object_ref (task));
}

gboolean
kvmm_guest_set_password_finish (KvmmGuest *self,
                                GAsyncResult *result,
                                KvmmGuestSource *source,
                                GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return finish (result, source, error);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-channel-lender.h"

#include <glib/gi18n.h>

#include "model/kvmm-guest.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

#define OBJECT_PATH "/org/kvmmanager/KvmManager/Channels"
#define INTERFACE "org.kvmmanager.KvmManager.Channels"
/* The window answers from what it knows. */
#define CALL_TIMEOUT_MS 5000
/* Whoever asks for more has gone wrong. */
#define LOANS_MAX 256

static const char introspection_xml[] =
    "<node><interface name='" INTERFACE "'>"
    "<method name='Borrow'><arg type='s' direction='in'/><arg type='s' direction='in'/></method>"
    "<method name='Describe'><arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='out'/><arg type='s' direction='out'/><arg type='s' direction='out'/>"
    "<arg type='s' direction='out'/>"
    "<arg type='t' direction='out'/></method>"
    "</interface></node>";

struct _KvmmChannelLender
{
  GDBusConnection *bus;            /* (owned) */
  KvmmConnectionList *connections; /* (owned) */
  GPtrArray *loans;                /* (owned) Loan */
  guint registration;
};

typedef struct
{
  KvmmChannelLender *lender; /* (unowned) */
  KvmmDomain *domain;        /* (owned) */
  guint watch;               /* of the borrower's name */
} Loan;

static void
loan_free (gpointer data)
{
  Loan *loan = data;

  g_bus_unwatch_name (loan->watch);
  kvmm_guest_end_loan (kvmm_domain_get_guest (loan->domain));
  g_object_unref (loan->domain);
  g_free (loan);
}

static void
borrower_left_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  Loan *loan = user_data;

  g_ptr_array_remove_fast (loan->lender->loans, loan);
}

static KvmmDomain *
find_domain (KvmmChannelLender *self, const char *uri, const char *uuid)
{
  GListModel *model = G_LIST_MODEL (self->connections);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      g_autoptr (KvmmConnection) connection = g_list_model_get_item (model, i);

      if (g_str_equal (kvmm_connection_get_uri (connection), uri))
        return kvmm_connection_find (connection, uuid);
    }
  return NULL;
}

static void
lend (KvmmChannelLender *self, KvmmDomain *domain, GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  Loan *loan;

  if (self->loans->len >= LOANS_MAX)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_BUSY,
                         _ ("Too many commands use guest agents at once"));
  if (error != NULL || !kvmm_guest_lend (kvmm_domain_get_guest (domain), &error))
    {
      g_dbus_method_invocation_return_gerror (invocation, error);
      return;
    }
  loan = g_new0 (Loan, 1);
  loan->lender = self;
  loan->domain = g_object_ref (domain);
  g_ptr_array_add (self->loans, loan);
  loan->watch = g_bus_watch_name_on_connection (
      self->bus, g_dbus_method_invocation_get_sender (invocation), G_BUS_NAME_WATCHER_FLAGS_NONE,
      NULL, borrower_left_cb, loan, NULL);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
describe (KvmmDomain *domain, GDBusMethodInvocation *invocation)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  g_autoptr (GEnumClass) klass = g_type_class_ref (KVMM_TYPE_GUEST_STATE);
  const GEnumValue *value = g_enum_get_value (klass, (int) kvmm_guest_get_state (guest));
  const char *detail = kvmm_guest_get_state_detail (guest);
  const char *version = kvmm_guest_get_agent_version (guest);

  g_dbus_method_invocation_return_value (
      invocation, g_variant_new ("(sssst)", value != NULL ? value->value_nick : "unknown",
                                 kvmm_guest_get_state_text (guest), detail != NULL ? detail : "",
                                 version != NULL ? version : "", kvmm_guest_get_uptime_ms (guest)));
}

static void
method_call_cb (GDBusConnection *bus,
                const char *sender,
                const char *path,
                const char *interface,
                const char *method,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  KvmmChannelLender *self = user_data;
  const char *uri = NULL;
  const char *uuid = NULL;
  KvmmDomain *domain;

  g_variant_get (parameters, "(&s&s)", &uri, &uuid);
  domain = find_domain (self, uri, uuid);
  if (domain == NULL)
    g_dbus_method_invocation_return_error (invocation, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                                           "No such machine");
  else if (g_str_equal (method, "Borrow"))
    lend (self, domain, invocation);
  else
    describe (domain, invocation);
}

KvmmChannelLender *
kvmm_channel_lender_new (GDBusConnection *bus, KvmmConnectionList *connections, GError **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = method_call_cb };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (introspection_xml, NULL);
  KvmmChannelLender *self;
  guint registration;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (G_IS_DBUS_CONNECTION (bus), NULL);

  self = g_new0 (KvmmChannelLender, 1);
  registration = g_dbus_connection_register_object (bus, OBJECT_PATH, node->interfaces[0], &vtable,
                                                    self, NULL, error);
  if (registration == 0)
    {
      g_free (self);
      return NULL;
    }
  self->bus = g_object_ref (bus);
  self->connections = g_object_ref (connections);
  self->loans = g_ptr_array_new_with_free_func (loan_free);
  self->registration = registration;
  return self;
}

void
kvmm_channel_lender_free (KvmmChannelLender *self)
{
  g_dbus_connection_unregister_object (self->bus, self->registration);
  g_ptr_array_unref (self->loans);
  g_object_unref (self->connections);
  g_object_unref (self->bus);
  g_free (self);
}

/* ---- the borrower ---- */

typedef struct
{
  const char *method;
  const GVariantType *reply;
  char *uri;  /* (owned) */
  char *uuid; /* (owned) */
  char *name; /* (owned) of the holder */
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  g_free (question->uri);
  g_free (question->uuid);
  g_free (question->name);
  g_free (question);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Question *question = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    {
      /* That no window is there is no news. */
      if (error->domain == G_DBUS_ERROR)
        g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s", error->message);
      else
        {
          g_dbus_error_strip_remote_error (error);
          g_task_return_error (task, g_steal_pointer (&error));
        }
    }
  else if (question->reply == NULL)
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_pointer (task, g_steal_pointer (&reply), (GDestroyNotify) g_variant_unref);
}

static void
bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Question *question = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (bus == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s", error->message);
      return;
    }
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  g_dbus_connection_call (bus, question->name, OBJECT_PATH, INTERFACE, question->method,
                          g_variant_new ("(ss)", question->uri, question->uuid), question->reply,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_TIMEOUT_MS,
                          g_task_get_cancellable (task), answered_cb, g_object_ref (task));
}

/* Without a session there is no window to ask, and GLib would start a bus for the question. */
static gboolean
has_session_bus (void)
{
  g_autofree char *socket = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);

  return g_getenv ("DBUS_SESSION_BUS_ADDRESS") != NULL || g_file_test (socket, G_FILE_TEST_EXISTS);
}

static void
ask (const char *method,
     const GVariantType *reply,
     const char *uri,
     const char *uuid,
     const char *name,
     GTask *task)
{
  Question *question = g_new0 (Question, 1);

  KVMM_ASSERT_MAIN_THREAD ();
  question->method = method;
  question->reply = reply;
  question->uri = g_strdup (uri);
  question->uuid = g_strdup (uuid);
  question->name = g_strdup (name != NULL ? name : APPLICATION_ID);
  g_task_set_task_data (task, question, question_free);
  if (has_session_bus ())
    g_bus_get (G_BUS_TYPE_SESSION, g_task_get_cancellable (task), bus_cb, g_object_ref (task));
  else
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no session bus");
}

void
kvmm_channel_borrow_async (const char *uri,
                           const char *uuid,
                           const char *name,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, kvmm_channel_borrow_async);
  ask ("Borrow", NULL, uri, uuid, name, task);
}

GDBusConnection *
kvmm_channel_borrow_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
kvmm_channel_describe_async (const char *uri,
                             const char *uuid,
                             const char *name,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, kvmm_channel_describe_async);
  ask ("Describe", G_VARIANT_TYPE ("(sssst)"), uri, uuid, name, task);
}

KvmmChannelReport *
kvmm_channel_describe_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = g_task_propagate_pointer (G_TASK (result), error);
  KvmmChannelReport *report;
  const char *state, *text, *detail, *version;

  if (reply == NULL)
    return NULL;
  report = g_new0 (KvmmChannelReport, 1);
  g_variant_get (reply, "(&s&s&s&st)", &state, &text, &detail, &version, &report->uptime_ms);
  report->state = kvmm_guest_text_sanitise (state, -1);
  report->text = kvmm_guest_text_sanitise (text, -1);
  report->detail = *detail != '\0' ? kvmm_guest_text_sanitise (detail, -1) : NULL;
  report->version = *version != '\0' ? kvmm_guest_text_sanitise (version, -1) : NULL;
  return report;
}

void
kvmm_channel_report_free (KvmmChannelReport *self)
{
  g_free (self->state);
  g_free (self->text);
  g_free (self->detail);
  g_free (self->version);
  g_free (self);
}

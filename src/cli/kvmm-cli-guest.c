/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "cli/kvmm-cli-guest.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>

#define PUMP_BYTES 65536

/* ---- the guest ---- */

static gboolean
is_ready (gpointer data)
{
  return kvmm_guest_get_agent (data) != NULL;
}

KvmmExit
kvmm_cli_guest_open (KvmmCliGuest *self, KvmmCliSession *session, const char *name)
{
  KvmmDomain *domain = NULL;
  KvmmExit found = kvmm_cli_session_find (session, name, &domain);

  if (found != KVMM_EXIT_OK)
    return found;
  self->domain = g_object_ref (domain);
  self->guest = kvmm_domain_get_guest (domain);
  kvmm_guest_hold (self->guest);
  if (!kvmm_cli_await_guest (session, domain, is_ready))
    {
      const char *detail = kvmm_guest_get_state_detail (self->guest);

      kvmm_cli_error (_ ("The guest agent of “%s” is not available: %s"),
                      kvmm_domain_get_name (domain),
                      detail != NULL ? detail : kvmm_guest_get_state_text (self->guest));
      return KVMM_EXIT_NO_AGENT;
    }
  self->agent = g_object_ref (kvmm_guest_get_agent (self->guest));
  return KVMM_EXIT_OK;
}

gboolean
kvmm_cli_guest_reopen (KvmmCliGuest *self, guint timeout_s)
{
  g_clear_object (&self->agent);
  if (!kvmm_cli_await (is_ready, self->guest, timeout_s))
    return FALSE;
  self->agent = g_object_ref (kvmm_guest_get_agent (self->guest));
  return TRUE;
}

void
kvmm_cli_guest_close (KvmmCliGuest *self)
{
  g_clear_object (&self->agent);
  if (self->guest != NULL)
    kvmm_guest_release (self->guest);
  self->guest = NULL;
  g_clear_object (&self->domain);
}

KvmmExit
kvmm_cli_guest_check (KvmmCliGuest *self,
                      const char *group,
                      const char *word,
                      gboolean needs_control)
{
  const char *name = kvmm_domain_get_name (self->domain);
  g_autofree char *lines = kvmm_guest_dup_policy_lines_for (self->guest, group, word);

  if (needs_control && !kvmm_guest_get_control_allowed (self->guest))
    kvmm_cli_error (_ ("Commands, terminals and files in the guest of “%s” are not allowed on this "
                       "computer. To allow them: kvm-manager guest-allow %s yes"),
                    name, name);
  else
    needs_control = FALSE;
  if (lines != NULL)
    kvmm_cli_error (_ ("The policy of the guest of “%s” does not allow it. To allow it, add these "
                       "lines to %s in the guest:\n\n%s\nand run as root in the guest: %s"),
                    name, kvmm_guest_get_policy_path (), lines, kvmm_guest_get_policy_command ());
  return lines != NULL || needs_control ? KVMM_EXIT_REFUSED : KVMM_EXIT_OK;
}

gboolean
kvmm_cli_guest_is_lost (const GError *error)
{
  return g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED) ||
         g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_OUTCOME_UNKNOWN) ||
         g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_TIMEOUT);
}

KvmmExit
kvmm_cli_guest_failed (const char *what, const GError *error)
{
  kvmm_cli_error ("%s: %s", what, error->message);
  if (g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_DENIED) ||
      g_error_matches (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED))
    return KVMM_EXIT_REFUSED;
  return kvmm_cli_guest_is_lost (error) ? KVMM_EXIT_NO_AGENT : KVMM_EXIT_FAILED;
}

/* ---- streams ---- */

GInputStream *
kvmm_cli_input_new (int fd)
{
  return g_unix_input_stream_new (fd, FALSE);
}

/* A pipe says that it can be written to when it takes a part only, and then blocks: what is opened
 * anew does not, and the programs that share the old one do not notice. A regular file keeps its
 * position, and is written to by a thread of GIO. */
GOutputStream *
kvmm_cli_output_new (int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat st;
  int own = -1;

  if (fstat (fd, &st) == 0 && (S_ISFIFO (st.st_mode) || S_ISCHR (st.st_mode)))
    own = open (path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return own >= 0 ? g_unix_output_stream_new (own, TRUE) : g_unix_output_stream_new (fd, FALSE);
}

typedef struct
{
  GInputStream *from; /* (owned) */
  GOutputStream *to;  /* (owned) */
  guint64 *moved;     /* (unowned) (nullable) */
  guint8 *buffer;     /* (owned) */
} Pump;

static void
pump_free (Pump *pump)
{
  g_object_unref (pump->from);
  g_object_unref (pump->to);
  g_free (pump->buffer);
  g_free (pump);
}

static void pump_next (GTask *task);

static void
pump_written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Pump *pump = g_task_get_task_data (task);
  GError *error = NULL;
  gsize written = 0;
  gboolean done =
      g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, &written, &error);

  if (pump->moved != NULL)
    *pump->moved += written;
  if (done)
    pump_next (task);
  else
    g_task_return_error (task, error);
}

static void
pump_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Pump *pump = g_task_get_task_data (task);
  GError *error = NULL;
  gssize length = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (length < 0)
    g_task_return_error (task, error);
  else if (length == 0)
    g_task_return_boolean (task, TRUE);
  else
    g_output_stream_write_all_async (pump->to, pump->buffer, (gsize) length, G_PRIORITY_DEFAULT,
                                     g_task_get_cancellable (task), pump_written_cb,
                                     g_object_ref (task));
}

static void
pump_next (GTask *task)
{
  Pump *pump = g_task_get_task_data (task);

  g_input_stream_read_async (pump->from, pump->buffer, PUMP_BYTES, G_PRIORITY_DEFAULT,
                             g_task_get_cancellable (task), pump_read_cb, g_object_ref (task));
}

void
kvmm_cli_pump_async (GInputStream *from,
                     GOutputStream *to,
                     guint64 *moved,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Pump *pump = g_new0 (Pump, 1);

  g_task_set_source_tag (task, kvmm_cli_pump_async);
  pump->from = g_object_ref (from);
  pump->to = g_object_ref (to);
  pump->moved = moved;
  pump->buffer = g_malloc (PUMP_BYTES);
  g_task_set_task_data (task, pump, (GDestroyNotify) pump_free);
  pump_next (task);
}

gboolean
kvmm_cli_pump_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- JSON ---- */

void
kvmm_cli_json_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
kvmm_cli_json_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

void
kvmm_cli_json_bool (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

void
kvmm_cli_json_double (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  if (isnan (value))
    json_builder_add_null_value (builder);
  else
    json_builder_add_double_value (builder, value);
}

void
kvmm_cli_json_print (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);

  g_print ("%s\n", text);
}

const char *
kvmm_cli_guest_state_word (KvmmGuest *guest)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (KVMM_TYPE_GUEST_STATE);
  const GEnumValue *value = g_enum_get_value (klass, (int) kvmm_guest_get_state (guest));

  return value != NULL ? value->value_nick : "unknown";
}

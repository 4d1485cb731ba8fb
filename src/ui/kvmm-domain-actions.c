/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-domain-actions.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "kvmm-bulk-result.h"
#include "kvmm-dialogs.h"
#include "kvmm-machine-window.h"

/* A confirmation names this many machines, the rest is a number. */
#define MAX_NAMES 8

typedef struct
{
  GWeakRef parent;
  KvmmDomainAction action;
  GListStore *results; /* (owned) (element-type KvmmBulkResult) */
  guint n_asked;
  guint n_pending;
} Batch;

typedef struct
{
  Batch *batch;       /* (unowned): freed with its last call */
  KvmmDomain *domain; /* (owned) */
} Call;

static const struct
{
  const char *label;
  const char *icon_name;
} actions[KVMM_DOMAIN_N_ACTIONS] = {
  [KVMM_DOMAIN_ACTION_START] = { N_ ("Start"), "media-playback-start-symbolic" },
  [KVMM_DOMAIN_ACTION_SHUT_DOWN] = { N_ ("Shut Down"), "system-shutdown-symbolic" },
  [KVMM_DOMAIN_ACTION_REBOOT] = { N_ ("Reboot"), "system-reboot-symbolic" },
  [KVMM_DOMAIN_ACTION_FORCE_OFF] = { N_ ("Force Off"), "process-stop-symbolic" },
  [KVMM_DOMAIN_ACTION_RESET] = { N_ ("Reset"), "view-refresh-symbolic" },
  [KVMM_DOMAIN_ACTION_PAUSE] = { N_ ("Pause"), "media-playback-pause-symbolic" },
  [KVMM_DOMAIN_ACTION_RESUME] = { N_ ("Resume"), "media-seek-forward-symbolic" },
  [KVMM_DOMAIN_ACTION_SAVE] = { N_ ("Save"), "document-save-symbolic" },
  [KVMM_DOMAIN_ACTION_AUTOSTART_ON] = { N_ ("Start With the Host"), "starred-symbolic" },
  [KVMM_DOMAIN_ACTION_AUTOSTART_OFF] = { N_ ("Do Not Start With the Host"),
                                         "non-starred-symbolic" },
};

const char *
kvmm_domain_action_get_label (KvmmDomainAction action)
{
  g_return_val_if_fail (action < KVMM_DOMAIN_N_ACTIONS, NULL);

  return _ (actions[action].label);
}

const char *
kvmm_domain_action_get_icon_name (KvmmDomainAction action)
{
  g_return_val_if_fail (action < KVMM_DOMAIN_N_ACTIONS, NULL);

  return actions[action].icon_name;
}

static char *
describe_failure (KvmmDomainAction action, const char *name)
{
  switch (action)
    {
    case KVMM_DOMAIN_ACTION_START:
      return g_strdup_printf (_ ("Could not start “%s”"), name);
    case KVMM_DOMAIN_ACTION_SHUT_DOWN:
      return g_strdup_printf (_ ("Could not shut down “%s”"), name);
    case KVMM_DOMAIN_ACTION_REBOOT:
      return g_strdup_printf (_ ("Could not reboot “%s”"), name);
    case KVMM_DOMAIN_ACTION_FORCE_OFF:
      return g_strdup_printf (_ ("Could not force off “%s”"), name);
    case KVMM_DOMAIN_ACTION_RESET:
      return g_strdup_printf (_ ("Could not reset “%s”"), name);
    case KVMM_DOMAIN_ACTION_PAUSE:
      return g_strdup_printf (_ ("Could not pause “%s”"), name);
    case KVMM_DOMAIN_ACTION_RESUME:
      return g_strdup_printf (_ ("Could not resume “%s”"), name);
    case KVMM_DOMAIN_ACTION_SAVE:
      return g_strdup_printf (_ ("Could not save “%s”"), name);
    case KVMM_DOMAIN_ACTION_AUTOSTART_ON:
    case KVMM_DOMAIN_ACTION_AUTOSTART_OFF:
      return g_strdup_printf (_ ("Could not change whether “%s” starts with the host"), name);
    case KVMM_DOMAIN_N_ACTIONS:
      break;
    }

  g_return_val_if_reached (NULL);
}

static char *
list_names (GPtrArray *domains)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < MIN (domains->len, MAX_NAMES); i++)
    g_string_append_printf (names, "%s%s", i ? ", " : "",
                            kvmm_domain_get_name (g_ptr_array_index (domains, i)));
  if (domains->len > MAX_NAMES)
    {
      guint rest = domains->len - MAX_NAMES;

      g_string_append_c (names, ' ');
      g_string_append_printf (names, ngettext ("and %u more", "and %u more", rest), rest);
    }

  return g_string_free (names, FALSE);
}

static Batch *
batch_new (GtkWidget *parent, KvmmDomainAction action)
{
  Batch *self = g_new0 (Batch, 1);

  g_weak_ref_init (&self->parent, parent);
  self->action = action;
  self->results = g_list_store_new (KVMM_TYPE_BULK_RESULT);

  return self;
}

static void
batch_free (Batch *self)
{
  g_weak_ref_clear (&self->parent);
  g_clear_object (&self->results);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Batch, batch_free)

static void
show_single (Batch *self, GtkWidget *parent)
{
  g_autoptr (KvmmBulkResult) result = g_list_model_get_item (G_LIST_MODEL (self->results), 0);
  const char *name = kvmm_bulk_result_get_name (result);
  const GError *error = kvmm_bulk_result_get_error (result);

  if (error)
    {
      g_autofree char *summary = describe_failure (self->action, name);

      kvmm_dialogs_error (parent, summary, error);
    }
  else if (kvmm_bulk_result_get_is_left_out (result))
    kvmm_dialogs_toast (parent, kvmm_bulk_result_get_text (result));
}

/* The last answer is here: success of one shows nothing, the event changes the row. */
static void
batch_finish (Batch *batch)
{
  g_autoptr (Batch) self = batch;
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&self->parent);

  if (!parent || !gtk_widget_get_root (parent))
    return;
  if (self->n_asked == 1)
    show_single (self, parent);
  else
    kvmm_bulk_result_show (parent, kvmm_domain_action_get_label (self->action),
                           G_LIST_MODEL (self->results));
}

static void
act_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  Batch *batch = call->batch;
  g_autoptr (KvmmDomain) domain = g_steal_pointer (&call->domain);
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmBulkResult) item = NULL;

  g_free (call);
  kvmm_domain_act_finish (domain, result, &error);
  item = kvmm_bulk_result_new (kvmm_domain_get_name (domain), error, NULL);
  g_list_store_append (batch->results, item);

  if (--batch->n_pending == 0)
    batch_finish (batch);
}

static void
run (GtkWidget *parent, GPtrArray *domains, KvmmDomainAction action)
{
  Batch *batch = batch_new (parent, action);
  g_autoptr (GPtrArray) able = g_ptr_array_new_with_free_func (g_object_unref);

  batch->n_asked = domains->len;
  for (guint i = 0; i < domains->len; i++)
    {
      KvmmDomain *domain = g_ptr_array_index (domains, i);
      const char *reason = NULL;

      if (kvmm_domain_can (domain, action, &reason))
        g_ptr_array_add (able, g_object_ref (domain));
      else
        {
          g_autoptr (KvmmBulkResult) item =
              kvmm_bulk_result_new (kvmm_domain_get_name (domain), NULL, reason);

          g_list_store_append (batch->results, item);
        }
    }

  if (able->len == 0)
    {
      batch_finish (batch);
      return;
    }

  /* Counted before the first call, so that no answer can find the batch complete too early. */
  batch->n_pending = able->len;
  for (guint i = 0; i < able->len; i++)
    {
      Call *call = g_new0 (Call, 1);

      call->batch = batch;
      call->domain = g_object_ref (g_ptr_array_index (able, i));
      kvmm_domain_act_async (call->domain, action, NULL, act_cb, call);
    }
}

/* Where no bar of the machine's own window tells how it goes, the end does. */
static void
shutdown_finished_cb (KvmmShutdown *shutdown, GtkWidget *parent)
{
  KvmmShutdownStep step = kvmm_shutdown_get_step (shutdown);
  const char *name = g_object_get_data (G_OBJECT (shutdown), "kvmm-name");
  GtkRoot *root = gtk_widget_get_root (parent);
  const GError *error = kvmm_shutdown_get_error (shutdown);
  g_autofree char *summary = NULL;

  if (root == NULL || KVMM_IS_MACHINE_WINDOW (root))
    return;
  summary =
      describe_failure (kvmm_shutdown_get_is_restart (shutdown) ? KVMM_DOMAIN_ACTION_REBOOT
                                                                : KVMM_DOMAIN_ACTION_SHUT_DOWN,
                        name);
  if (step == KVMM_SHUTDOWN_STEP_FAILED && error != NULL)
    kvmm_dialogs_error (parent, summary, error);
  else if (step == KVMM_SHUTDOWN_STEP_GAVE_UP)
    kvmm_dialogs_toast (parent, summary);
}

/* One machine is asked by whatever way it listens to; the machine's window shows how it goes. */
static void
ask_to_shut_down (GtkWidget *parent, KvmmDomain *domain, gboolean restart)
{
  KvmmShutdown *shutdown = kvmm_domain_begin_shutdown (domain, restart);

  if (g_object_get_data (G_OBJECT (shutdown), "kvmm-name") != NULL)
    return;
  g_object_set_data_full (G_OBJECT (shutdown), "kvmm-name",
                          g_strdup (kvmm_domain_get_name (domain)), g_free);
  g_signal_connect_object (shutdown, "finished", G_CALLBACK (shutdown_finished_cb), parent,
                           G_CONNECT_DEFAULT);
}

typedef struct
{
  GWeakRef parent;
  GPtrArray *domains; /* (owned) */
  KvmmDomainAction action;
} Question;

static void
confirm_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GtkWidget) parent = g_weak_ref_get (&question->parent);
  g_autoptr (GPtrArray) domains = g_steal_pointer (&question->domains);

  if (kvmm_dialogs_confirm_finish (result) && parent)
    run (parent, domains, question->action);
  g_weak_ref_clear (&question->parent);
  g_free (question);
}

/* Only machines that would be acted on are named in the question. */
static GPtrArray *
keep_able (GPtrArray *domains, KvmmDomainAction action)
{
  GPtrArray *able = g_ptr_array_new ();

  for (guint i = 0; i < domains->len; i++)
    {
      if (kvmm_domain_can (g_ptr_array_index (domains, i), action, NULL))
        g_ptr_array_add (able, g_ptr_array_index (domains, i));
    }

  return able;
}

static Question *
question_new (GtkWidget *parent, GPtrArray *domains, KvmmDomainAction action)
{
  Question *question = g_new0 (Question, 1);

  g_weak_ref_init (&question->parent, parent);
  question->domains = g_ptr_array_copy (domains, (GCopyFunc) (void (*) (void)) g_object_ref, NULL);
  g_ptr_array_set_free_func (question->domains, g_object_unref);
  question->action = action;
  return question;
}

static void
ask (GtkWidget *parent, GPtrArray *able, GPtrArray *domains, KvmmDomainAction action)
{
  const char *label = kvmm_domain_action_get_label (action);
  g_autofree char *names = list_names (able);
  g_autofree char *heading = NULL;
  g_autofree char *body = NULL;
  Question *question = question_new (parent, domains, action);

  if (able->len == 1)
    {
      /* Translators: "Force Off “db1”?" */
      heading = g_strdup_printf (_ ("%s “%s”?"), label, names);
      body = g_strdup_printf (_ ("Unsaved work in “%s” will be lost."), names);
    }
  else
    {
      /* Translators: "Force Off: 3 virtual machines?" */
      heading = g_strdup_printf (
          ngettext ("%s: %u virtual machine?", "%s: %u virtual machines?", able->len), label,
          able->len);
      body = g_strdup_printf (_ ("Unsaved work in these virtual machines will be lost: %s"), names);
    }

  kvmm_dialogs_confirm_async (parent, heading, body, label, TRUE, confirm_cb, question);
}

/* Returns: (transfer container) (element-type KvmmDomain) */
static GPtrArray *
keep_templates (GPtrArray *able)
{
  GPtrArray *templates = g_ptr_array_new ();

  for (guint i = 0; i < able->len; i++)
    if (kvmm_domain_get_is_template (g_ptr_array_index (able, i)))
      g_ptr_array_add (templates, g_ptr_array_index (able, i));
  return templates;
}

/* Whoever has linked copies reads the disks that would change. */
static void
ask_for_templates (GtkWidget *parent, GPtrArray *templates, GPtrArray *domains)
{
  g_autofree char *names = list_names (templates);
  g_autofree char *heading = NULL;
  Question *question = question_new (parent, domains, KVMM_DOMAIN_ACTION_START);

  heading = g_strdup_printf (
      ngettext ("Start the Template “%s”?", "Start the Templates “%s”?", templates->len), names);
  kvmm_dialogs_confirm_async (
      parent, heading, _ ("Linked copies read its disks. When those change, the copies are lost."),
      _ ("Start"), TRUE, confirm_cb, question);
}

void
kvmm_domain_actions_run (GtkWidget *parent,
                         GPtrArray *domains,
                         KvmmDomainAction action,
                         gboolean confirm)
{
  gboolean loses = action == KVMM_DOMAIN_ACTION_FORCE_OFF || action == KVMM_DOMAIN_ACTION_RESET;
  gboolean asks = action == KVMM_DOMAIN_ACTION_SHUT_DOWN || action == KVMM_DOMAIN_ACTION_REBOOT;
  g_autoptr (GPtrArray) able = NULL;
  g_autoptr (GPtrArray) templates = NULL;

  g_return_if_fail (GTK_IS_WIDGET (parent));
  g_return_if_fail (domains && domains->len > 0);
  g_return_if_fail (action < KVMM_DOMAIN_N_ACTIONS);

  able = keep_able (domains, action);
  templates = keep_templates (able);
  if (action == KVMM_DOMAIN_ACTION_START && templates->len > 0)
    ask_for_templates (parent, templates, domains);
  else if (confirm && loses && able->len > 0)
    ask (parent, able, domains, action);
  else if (asks && domains->len == 1 && able->len == 1)
    ask_to_shut_down (parent, g_ptr_array_index (able, 0), action == KVMM_DOMAIN_ACTION_REBOOT);
  else
    run (parent, domains, action);
}

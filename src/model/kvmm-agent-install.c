/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-agent-install.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "util/kvmm-thread.h"
#include "xml/kvmm-xml-domain.h"

typedef enum
{
  WORK_NONE,
  WORK_PREPARE,
  WORK_RUN,
  WORK_EJECT,
} Work;

struct _KvmmAgentInstall
{
  GObject parent_instance;

  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) */

  /* what was seen */
  char *disc_version;          /* (owned) (nullable) */
  gboolean disc_is_in;         /* in a drive of the running machine */
  gboolean disc_is_configured; /* in a drive of the stored configuration */
  gboolean channel_is_configured;
  gboolean is_reading; /* the stored configuration */
  gboolean must_reread;

  /* what is done */
  Work work;
  GCancellable *cancellable; /* (owned) (nullable) */
  KvmmAgentIsoMountFlags flags;
  gboolean was_typed;
  double progress;
  GError *error; /* (owned) (nullable) */
  KvmmAgentInstallStep error_step;
  char *note;   /* (owned) (nullable) */
  char *output; /* (owned) (nullable) of the installer */
  int exit_code;
  KvmmAgentInstallQuestion question;
  char *question_text; /* (owned) (nullable) */
  Work question_work;
};

G_DEFINE_FINAL_TYPE (KvmmAgentInstall, kvmm_agent_install, G_TYPE_OBJECT)

static guint changed_signal;

static void
emit_changed (KvmmAgentInstall *self)
{
  g_signal_emit (self, changed_signal, 0);
}

/* ---- where the machine stands ---- */

static gboolean
is_update_available (KvmmAgentInstall *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);

  return kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_READY &&
         kvmm_agent_iso_is_newer (self->disc_version, kvmm_guest_get_agent_version (guest));
}

static gboolean
is_ready (KvmmAgentInstall *self)
{
  KvmmGuest *guest = kvmm_domain_get_guest (self->domain);

  return kvmm_guest_get_state (guest) == KVMM_GUEST_STATE_READY && !is_update_available (self);
}

static gboolean
has_channel_now (KvmmAgentInstall *self)
{
  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (self->domain);

  return facts != NULL && facts->agent_channel != KVMM_CHANNEL_ABSENT;
}

static gboolean
is_done (KvmmAgentInstall *self, KvmmAgentInstallStep step)
{
  gboolean is_active = kvmm_domain_get_is_active (self->domain);

  switch (step)
    {
    case KVMM_AGENT_INSTALL_CHANNEL:
      return is_ready (self) || has_channel_now (self);
    case KVMM_AGENT_INSTALL_DISC:
      return is_ready (self) || (is_active ? self->disc_is_in : self->disc_is_configured);
    case KVMM_AGENT_INSTALL_COMMAND:
      return is_ready (self) || self->was_typed;
    case KVMM_AGENT_INSTALL_WAITING:
    case KVMM_AGENT_INSTALL_READY:
      return is_ready (self);
    case KVMM_AGENT_INSTALL_EJECT:
      return is_ready (self) && !self->disc_is_in && !self->disc_is_configured;
    case KVMM_AGENT_INSTALL_N_STEPS:
    default:
      g_assert_not_reached ();
    }
}

/* Whether the step was done in the configuration of a machine that runs without it, or can only
 * go on in a machine that runs. */
static gboolean
needs_start (KvmmAgentInstall *self, KvmmAgentInstallStep step)
{
  gboolean is_active = kvmm_domain_get_is_active (self->domain);

  if (step == KVMM_AGENT_INSTALL_CHANNEL)
    return is_active && self->channel_is_configured;
  if (step == KVMM_AGENT_INSTALL_DISC)
    return is_active && self->disc_is_configured;
  return step == KVMM_AGENT_INSTALL_COMMAND && !is_active;
}

KvmmAgentInstallStep
kvmm_agent_install_get_step (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), KVMM_AGENT_INSTALL_CHANNEL);

  KvmmAgentInstallStep step = KVMM_AGENT_INSTALL_CHANNEL;
  while (step < KVMM_AGENT_INSTALL_N_STEPS && is_done (self, step))
    step++;
  return step;
}

static gboolean
is_worked_on (KvmmAgentInstall *self, KvmmAgentInstallStep step)
{
  switch (self->work)
    {
    case WORK_PREPARE:
      return step <= KVMM_AGENT_INSTALL_DISC;
    case WORK_RUN:
      return step == KVMM_AGENT_INSTALL_COMMAND;
    case WORK_EJECT:
      return step == KVMM_AGENT_INSTALL_EJECT;
    case WORK_NONE:
    default:
      return step == KVMM_AGENT_INSTALL_WAITING;
    }
}

KvmmAgentInstallState
kvmm_agent_install_get_state (KvmmAgentInstall *self, KvmmAgentInstallStep step)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), KVMM_AGENT_INSTALL_PENDING);
  g_return_val_if_fail (step < KVMM_AGENT_INSTALL_N_STEPS, KVMM_AGENT_INSTALL_PENDING);

  KvmmAgentInstallStep current = kvmm_agent_install_get_step (self);
  if (is_done (self, step))
    return KVMM_AGENT_INSTALL_DONE;
  if (self->error != NULL && self->error_step == step)
    return KVMM_AGENT_INSTALL_FAILED;
  if (step <= KVMM_AGENT_INSTALL_DISC && self->work != WORK_PREPARE && needs_start (self, step))
    return KVMM_AGENT_INSTALL_NEEDS_START;
  if (step != current)
    return KVMM_AGENT_INSTALL_PENDING;
  if (is_worked_on (self, step))
    return KVMM_AGENT_INSTALL_BUSY;
  return needs_start (self, step) ? KVMM_AGENT_INSTALL_NEEDS_START : KVMM_AGENT_INSTALL_CURRENT;
}

/* ---- words ---- */

const char *
kvmm_agent_install_get_title (KvmmAgentInstallStep step)
{
  switch (step)
    {
    case KVMM_AGENT_INSTALL_CHANNEL:
      return _ ("Channel");
    case KVMM_AGENT_INSTALL_DISC:
      return _ ("Agent Disc");
    case KVMM_AGENT_INSTALL_COMMAND:
      return _ ("Installation");
    case KVMM_AGENT_INSTALL_WAITING:
      return _ ("Connection");
    case KVMM_AGENT_INSTALL_READY:
      return _ ("Agent Ready");
    case KVMM_AGENT_INSTALL_EJECT:
      return _ ("Eject the Disc");
    case KVMM_AGENT_INSTALL_N_STEPS:
    default:
      g_return_val_if_reached ("");
    }
}

static const char *
describe_open_step (KvmmAgentInstallStep step, KvmmAgentInstallState state)
{
  switch (step)
    {
    case KVMM_AGENT_INSTALL_CHANNEL:
      if (state == KVMM_AGENT_INSTALL_NEEDS_START)
        return _ ("The channel was added for the next start. Shut the machine down and start it "
                  "again; restarting the guest is not enough.");
      return _ ("The agent needs a channel between the guest and this computer.");
    case KVMM_AGENT_INSTALL_DISC:
      if (state == KVMM_AGENT_INSTALL_NEEDS_START)
        return _ ("The disc is in a drive that comes with the next start. Shut the machine down "
                  "and start it again.");
      return _ ("The disc with the agent goes into a CD drive of the machine.");
    case KVMM_AGENT_INSTALL_COMMAND:
      if (state == KVMM_AGENT_INSTALL_NEEDS_START)
        return _ ("Start the machine, then run the installer in it.");
      return _ ("Run the installer in the guest, as root.");
    case KVMM_AGENT_INSTALL_WAITING:
      return _ ("Waiting for the agent to report.");
    case KVMM_AGENT_INSTALL_READY:
      return _ ("The agent will tell about the guest.");
    case KVMM_AGENT_INSTALL_EJECT:
      return _ ("The disc is not needed any more. Unmount it in the guest, then eject it.");
    case KVMM_AGENT_INSTALL_N_STEPS:
    default:
      g_return_val_if_reached ("");
    }
}

static char *
describe_done_step (KvmmAgentInstall *self, KvmmAgentInstallStep step)
{
  const char *version = kvmm_guest_get_agent_version (kvmm_domain_get_guest (self->domain));

  switch (step)
    {
    case KVMM_AGENT_INSTALL_CHANNEL:
      return g_strdup (_ ("The machine has the agent's channel."));
    case KVMM_AGENT_INSTALL_DISC:
      return self->disc_is_in || self->disc_is_configured
                 ? g_strdup (_ ("The agent disc is in a drive of the machine."))
                 : g_strdup (_ ("The disc is not needed."));
    case KVMM_AGENT_INSTALL_COMMAND:
      return g_strdup (_ ("The installer was run."));
    case KVMM_AGENT_INSTALL_WAITING:
      return g_strdup (_ ("The agent has reported."));
    case KVMM_AGENT_INSTALL_READY:
      return version != NULL ? g_strdup_printf (_ ("Version %s runs in the guest."), version)
                             : g_strdup (_ ("The agent runs in the guest."));
    case KVMM_AGENT_INSTALL_EJECT:
      return g_strdup (_ ("No drive of the machine holds the disc."));
    case KVMM_AGENT_INSTALL_N_STEPS:
    default:
      g_return_val_if_reached (g_strdup (""));
    }
}

char *
kvmm_agent_install_dup_text (KvmmAgentInstall *self, KvmmAgentInstallStep step)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  g_return_val_if_fail (step < KVMM_AGENT_INSTALL_N_STEPS, NULL);

  KvmmAgentInstallState state = kvmm_agent_install_get_state (self, step);
  if (state == KVMM_AGENT_INSTALL_FAILED)
    return g_strdup (self->error->message);
  return state == KVMM_AGENT_INSTALL_DONE ? describe_done_step (self, step)
                                          : g_strdup (describe_open_step (step, state));
}

/* ---- looking ---- */

static void read_configuration (KvmmAgentInstall *self);

static void
configuration_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentInstall) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kvmm_domain_read_xml_finish (KVMM_DOMAIN (source), result, &error);
  g_autoptr (KvmmXmlDomainFacts) facts = xml ? kvmm_xml_domain_facts_parse (xml, &error) : NULL;
  g_autofree char *target = facts != NULL ? kvmm_agent_iso_find_in_xml (xml) : NULL;

  self->is_reading = FALSE;
  /* A transient machine has none, and one that was deleted neither. */
  if (error != NULL)
    g_debug ("%s", error->message);
  self->channel_is_configured = facts != NULL && facts->agent_channel != KVMM_CHANNEL_ABSENT;
  self->disc_is_configured = target != NULL;
  if (self->must_reread)
    read_configuration (self);
  emit_changed (self);
}

static void
read_configuration (KvmmAgentInstall *self)
{
  self->must_reread = self->is_reading;
  if (self->is_reading || kvmm_domain_get_connection (self->domain) == NULL)
    return;
  self->is_reading = TRUE;
  kvmm_domain_read_xml_async (self->domain, TRUE, NULL, configuration_read_cb, g_object_ref (self));
}

static void
look_at_machine (KvmmAgentInstall *self)
{
  g_autofree char *target = kvmm_agent_iso_find_mounted (self->domain);

  self->disc_is_in = kvmm_domain_get_is_active (self->domain) && target != NULL;
  read_configuration (self);
}

static void
machine_changed_cb (KvmmAgentInstall *self)
{
  look_at_machine (self);
  emit_changed (self);
}

static void
guest_changed_cb (KvmmAgentInstall *self)
{
  if (is_ready (self))
    self->was_typed = FALSE;
  emit_changed (self);
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentInstall) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) candidates = kvmm_agent_iso_resolve_finish (result, &error);

  if (candidates == NULL)
    {
      g_debug ("%s", error->message);
      return;
    }
  g_free (self->disc_version);
  self->disc_version = g_strdup (kvmm_agent_iso_find_version (candidates));
  emit_changed (self);
}

/* ---- doing ---- */

static void
begin (KvmmAgentInstall *self, Work work)
{
  self->work = work;
  g_clear_error (&self->error);
  g_clear_pointer (&self->note, g_free);
  g_clear_pointer (&self->question_text, g_free);
  self->question = KVMM_AGENT_INSTALL_ASKS_NOTHING;
  self->cancellable = g_cancellable_new ();
  emit_changed (self);
}

static KvmmAgentInstallQuestion
get_question_of (const GError *error)
{
  if (error->domain != KVMM_AGENT_ISO_ERROR)
    return KVMM_AGENT_INSTALL_ASKS_NOTHING;
  switch ((KvmmAgentIsoError) error->code)
    {
    case KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED:
      return KVMM_AGENT_INSTALL_ASKS_REPLACE;
    case KVMM_AGENT_ISO_ERROR_TRAY_LOCKED:
      return KVMM_AGENT_INSTALL_ASKS_FORCE;
    case KVMM_AGENT_ISO_ERROR_POOL_NEEDED:
      return KVMM_AGENT_INSTALL_ASKS_MAKE_POOL;
    case KVMM_AGENT_ISO_ERROR_NONE_USABLE:
    case KVMM_AGENT_ISO_ERROR_NOT_MOUNTED:
    case KVMM_AGENT_ISO_ERROR_IN_USE:
    case KVMM_AGENT_ISO_ERROR_UNSUPPORTED:
    case KVMM_AGENT_ISO_ERROR_DAMAGED:
    default:
      return KVMM_AGENT_INSTALL_ASKS_NOTHING;
    }
}

static KvmmAgentInstallStep
get_step_of (Work work)
{
  if (work == WORK_EJECT)
    return KVMM_AGENT_INSTALL_EJECT;
  return work == WORK_RUN ? KVMM_AGENT_INSTALL_COMMAND : KVMM_AGENT_INSTALL_DISC;
}

/* @error: (nullable) (transfer full) */
static void
end (KvmmAgentInstall *self, GError *error)
{
  Work work = self->work;
  gboolean was_cancelled =
      error != NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  self->work = WORK_NONE;
  self->progress = -1;
  g_clear_object (&self->cancellable);
  if (error != NULL && !was_cancelled)
    {
      self->question = get_question_of (error);
      if (self->question != KVMM_AGENT_INSTALL_ASKS_NOTHING)
        {
          self->question_text = g_strdup (error->message);
          self->question_work = work;
        }
      else
        {
          self->error = g_error_copy (error);
          self->error_step = get_step_of (work);
        }
    }
  g_clear_error (&error);
  look_at_machine (self);
  emit_changed (self);
}

static void
progress_cb (goffset done_bytes, goffset total_bytes, gpointer user_data)
{
  KvmmAgentInstall *self = user_data;

  self->progress = total_bytes > 0 ? (double) done_bytes / (double) total_bytes : -1;
  emit_changed (self);
}

static void
mounted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentInstall) self = user_data;
  GError *error = NULL;
  g_autoptr (KvmmAgentIsoMounted) mounted = kvmm_agent_iso_mount_finish (result, &error);

  if (mounted != NULL)
    self->note = g_steal_pointer (&mounted->note);
  end (self, error);
}

static void
ejected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentInstall) self = user_data;
  GError *error = NULL;

  kvmm_agent_iso_eject_finish (result, &error);
  end (self, error);
}

static void
ran_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmAgentInstall) self = user_data;
  GError *error = NULL;
  g_autoptr (KvmmAgentIsoRun) done = kvmm_agent_iso_run_finish (result, &error);

  if (done != NULL)
    {
      self->output = g_steal_pointer (&done->output);
      self->exit_code = done->exit_code;
      self->was_typed = done->exit_code == 0;
      if (done->exit_code != 0)
        g_set_error (&error, G_IO_ERROR, G_IO_ERROR_FAILED,
                     _ ("The installer ended with exit status %d."), done->exit_code);
    }
  end (self, error);
}

static void
run (KvmmAgentInstall *self, Work work)
{
  begin (self, work);
  if (work == WORK_RUN)
    {
      g_clear_pointer (&self->output, g_free);
      self->exit_code = -1;
      kvmm_agent_iso_run_async (self->domain, self->cancellable, ran_cb, g_object_ref (self));
      return;
    }
  if (work == WORK_EJECT)
    kvmm_agent_iso_eject_async (self->settings, self->domain, self->flags, self->cancellable,
                                ejected_cb, g_object_ref (self));
  else
    kvmm_agent_iso_mount_async (self->settings, self->domain, self->flags, progress_cb, self,
                                self->cancellable, mounted_cb, g_object_ref (self));
}

void
kvmm_agent_install_prepare (KvmmAgentInstall *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_INSTALL (self));

  if (self->work != WORK_NONE)
    return;
  self->flags = KVMM_AGENT_ISO_MOUNT_NONE;
  self->was_typed = FALSE;
  run (self, WORK_PREPARE);
}

gboolean
kvmm_agent_install_can_run (KvmmAgentInstall *self, const char **reason)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), FALSE);

  if (!kvmm_agent_iso_can_run (self->domain, reason))
    return FALSE;
  if (reason != NULL && !self->disc_is_in)
    *reason = _ ("The agent disc is not in a drive of the machine.");
  return self->disc_is_in;
}

void
kvmm_agent_install_run (KvmmAgentInstall *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_INSTALL (self));

  if (self->work == WORK_NONE)
    run (self, WORK_RUN);
}

void
kvmm_agent_install_eject (KvmmAgentInstall *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_INSTALL (self));

  if (self->work != WORK_NONE)
    return;
  self->flags = KVMM_AGENT_ISO_MOUNT_NONE;
  self->was_typed = FALSE;
  run (self, WORK_EJECT);
}

void
kvmm_agent_install_answer (KvmmAgentInstall *self, gboolean agreed)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_INSTALL (self));

  KvmmAgentInstallQuestion question = self->question;
  if (question == KVMM_AGENT_INSTALL_ASKS_NOTHING || self->work != WORK_NONE)
    return;
  if (!agreed)
    {
      self->question = KVMM_AGENT_INSTALL_ASKS_NOTHING;
      g_clear_pointer (&self->question_text, g_free);
      emit_changed (self);
      return;
    }
  if (question == KVMM_AGENT_INSTALL_ASKS_REPLACE)
    self->flags |= KVMM_AGENT_ISO_MOUNT_REPLACE;
  else if (question == KVMM_AGENT_INSTALL_ASKS_FORCE)
    self->flags |= KVMM_AGENT_ISO_MOUNT_FORCE;
  else
    self->flags |= KVMM_AGENT_ISO_MOUNT_MAKE_POOL;
  run (self, self->question_work);
}

void
kvmm_agent_install_set_typed (KvmmAgentInstall *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_INSTALL (self));

  if (self->was_typed || is_ready (self))
    return;
  self->was_typed = TRUE;
  emit_changed (self);
}

void
kvmm_agent_install_cancel (KvmmAgentInstall *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_AGENT_INSTALL (self));

  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}

/* ---- the object ---- */

static void
kvmm_agent_install_finalize (GObject *object)
{
  KvmmAgentInstall *self = KVMM_AGENT_INSTALL (object);

  g_clear_object (&self->settings);
  g_clear_object (&self->domain);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_free (self->disc_version);
  g_free (self->note);
  g_free (self->output);
  g_free (self->question_text);
  G_OBJECT_CLASS (kvmm_agent_install_parent_class)->finalize (object);
}

static void
kvmm_agent_install_class_init (KvmmAgentInstallClass *class)
{
  G_OBJECT_CLASS (class)->finalize = kvmm_agent_install_finalize;
  changed_signal = g_signal_new ("changed", KVMM_TYPE_AGENT_INSTALL, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
kvmm_agent_install_init (KvmmAgentInstall *self)
{
  self->progress = -1;
  self->exit_code = -1;
}

KvmmAgentInstall *
kvmm_agent_install_new (KvmmSettings *settings, KvmmDomain *domain)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_SETTINGS (settings), NULL);
  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), NULL);

  KvmmAgentInstall *self = g_object_new (KVMM_TYPE_AGENT_INSTALL, NULL);
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  g_signal_connect_object (domain, "notify::state", G_CALLBACK (machine_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (domain, "notify::xml", G_CALLBACK (machine_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "notify::state", G_CALLBACK (guest_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (guest, "notify::agent-version", G_CALLBACK (guest_changed_cb), self,
                           G_CONNECT_SWAPPED);
  look_at_machine (self);
  kvmm_agent_iso_resolve_async (settings, kvmm_domain_get_connection (domain), NULL, resolved_cb,
                                g_object_ref (self));
  return self;
}

KvmmDomain *
kvmm_agent_install_get_domain (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  return self->domain;
}

const char *
kvmm_agent_install_get_installed_version (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  return kvmm_guest_get_agent_version (kvmm_domain_get_guest (self->domain));
}

const char *
kvmm_agent_install_get_available_version (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  return self->disc_version;
}

gboolean
kvmm_agent_install_get_update_available (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), FALSE);
  return is_update_available (self);
}

gboolean
kvmm_agent_install_get_is_busy (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), FALSE);
  return self->work != WORK_NONE;
}

double
kvmm_agent_install_get_progress (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), -1);
  return self->progress;
}

const GError *
kvmm_agent_install_get_error (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  return self->error;
}

const char *
kvmm_agent_install_get_note (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  return self->note;
}

KvmmAgentInstallQuestion
kvmm_agent_install_get_question (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), KVMM_AGENT_INSTALL_ASKS_NOTHING);
  return self->question;
}

const char *
kvmm_agent_install_get_question_text (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  return self->question_text;
}

const char *
kvmm_agent_install_get_output (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), NULL);
  return self->output;
}

int
kvmm_agent_install_get_exit_code (KvmmAgentInstall *self)
{
  g_return_val_if_fail (KVMM_IS_AGENT_INSTALL (self), -1);
  return self->exit_code;
}

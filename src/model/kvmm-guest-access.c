/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-state.h"

#include "util/kvmm-thread.h"

/* Who may do what in a guest: the switch of this host and the policy of the guest. Both must allow
 * it. */

#define ACCESS_DENY "deny"
#define POLICY_PATH "/etc/kvm-manager-agent/agent.conf.d/50-host.conf"
#define POLICY_COMMAND "kill -HUP $(pidof kvm-manager-agent)"

/* ---- our agent ---- */

KvmmAgentClient *
kvmm_guest_get_agent (KvmmGuest *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST (self), NULL);

  return kvmm_guest_has_session (self) ? self->client : NULL;
}

/* ---- the switch of this host ---- */

/* It is read when it is first needed: of most machines it never is. */
static void
read_control (KvmmGuest *self)
{
  if (self->is_control_known)
    return;
  self->is_control_known = TRUE;
  self->control_allowed = self->backend->get_control_allowed (self->target);
}

static void
apply_control (KvmmGuest *self, gboolean allowed)
{
  if (self->control_allowed == !!allowed)
    return;
  self->control_allowed = !!allowed;
  if (self->client != NULL)
    kvmm_agent_client_set_control_allowed (self->client, self->control_allowed);
  kvmm_guest_notify (self, KVMM_GUEST_PROP_CONTROL_ALLOWED);
  kvmm_guest_emit_access_changed (self);
}

void
kvmm_guest_access_new_client (KvmmGuest *self)
{
  read_control (self);
  kvmm_agent_client_set_control_allowed (self->client, self->control_allowed);
}

void
kvmm_guest_control_changed (KvmmGuest *self)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  if (self->is_control_known && self->n_control_stores == 0)
    apply_control (self, self->backend->get_control_allowed (self->target));
}

static void
control_stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmGuest) self = user_data;
  g_autoptr (GError) error = NULL;

  self->n_control_stores--;
  if (!self->backend->store_control_allowed_finish (self->target, result, &error))
    self->backend->add_log (self->target, "control-not-stored", error->message);
  kvmm_guest_control_changed (self);
}

gboolean
kvmm_guest_get_control_allowed (KvmmGuest *self)
{
  g_return_val_if_fail (KVMM_IS_GUEST (self), FALSE);

  read_control (self);
  return self->control_allowed;
}

void
kvmm_guest_set_control_allowed (KvmmGuest *self, gboolean allowed)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (KVMM_IS_GUEST (self));

  read_control (self);
  if (self->control_allowed == !!allowed || self->is_shut_down)
    return;
  self->n_control_stores++;
  self->backend->store_control_allowed_async (self->target, allowed, control_stored_cb,
                                              g_object_ref (self));
  apply_control (self, allowed);
}

/* ---- the policy of the guest ---- */

/* From little to much. */
static const struct
{
  const char *group;
  const char *words[4];
  const char *more; /* (nullable): what the group needs besides its word */
} groups[] = {
  { KVMM_GUEST_GROUP_INFO, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_PROCS, { "allow", "manage" }, NULL },
  { KVMM_GUEST_GROUP_LOGS, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_POWER, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_SUSPEND, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_TIME, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_MAINT, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_FREEZE, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_EXEC, { "any" }, "\n[exec]\nrun-as=nobody\nusers=nobody\n" },
  { KVMM_GUEST_GROUP_PTY, { "login", "shell", "any" }, NULL },
  { KVMM_GUEST_GROUP_FILE_READ, { "allow" }, "\n[files]\nread=/var/log\n" },
  { KVMM_GUEST_GROUP_FILE_WRITE, { "allow" }, "\n[files]\nwrite=/srv\n" },
  { KVMM_GUEST_GROUP_INBOX, { "allow" }, NULL },
  { KVMM_GUEST_GROUP_ACCOUNTS, { "allow" }, NULL },
};

#define NAMED "named"
#define NAMED_LINES                                                                                \
  "\n[command uptime]\ndescription=How long it runs\nargv=/usr/bin/uptime\nrun-as=nobody\n"

const char *
kvmm_guest_get_access (KvmmGuest *self, const char *group)
{
  g_return_val_if_fail (KVMM_IS_GUEST (self), ACCESS_DENY);
  g_return_val_if_fail (group != NULL, ACCESS_DENY);

  return kvmm_guest_has_session (self) ? kvmm_agent_client_get_access (self->client, group)
                                       : ACCESS_DENY;
}

/* Returns: how much @word of the group is; 0 for "deny" and what is not known */
static guint
rank_of (guint group, const char *word)
{
  if (g_str_equal (groups[group].group, KVMM_GUEST_GROUP_EXEC) && g_str_equal (word, NAMED))
    return 1;
  for (guint i = 0; i < G_N_ELEMENTS (groups[group].words) && groups[group].words[i] != NULL; i++)
    if (g_str_equal (word, groups[group].words[i]))
      return i + 2;
  return 0;
}

static char *
dup_lines (guint group, const char *word)
{
  const char *more = g_str_equal (word, NAMED) ? NAMED_LINES : groups[group].more;

  return g_strdup_printf ("[policy]\n%s=%s\n%s", groups[group].group, word,
                          more != NULL ? more : "");
}

static int
find_group (const char *group)
{
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (groups[i].group, group))
      return (int) i;
  return -1;
}

char *
kvmm_guest_dup_policy_lines_for (KvmmGuest *self, const char *group, const char *word)
{
  int index;

  g_return_val_if_fail (KVMM_IS_GUEST (self), NULL);
  g_return_val_if_fail (group != NULL && word != NULL, NULL);

  index = find_group (group);
  if (index < 0 ||
      rank_of ((guint) index, kvmm_guest_get_access (self, group)) >= rank_of ((guint) index, word))
    return NULL;
  return dup_lines ((guint) index, word);
}

char *
kvmm_guest_dup_policy_lines (KvmmGuest *self, const char *group)
{
  int index;

  g_return_val_if_fail (KVMM_IS_GUEST (self), NULL);
  g_return_val_if_fail (group != NULL, NULL);

  index = find_group (group);
  if (index < 0 || !g_str_equal (kvmm_guest_get_access (self, group), ACCESS_DENY))
    return NULL;
  return dup_lines ((guint) index, groups[index].words[0]);
}

const char *
kvmm_guest_get_policy_path (void)
{
  return POLICY_PATH;
}

const char *
kvmm_guest_get_policy_command (void)
{
  return POLICY_COMMAND;
}

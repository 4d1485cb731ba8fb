/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-guest-state.h"

#include <glib/gi18n.h>

static const struct
{
  const char *word;
  const char *detail; /* (nullable) one sentence */
} words[] = {
  [KVMM_GUEST_STATE_OFF] = { N_ ("Off"), N_ ("The machine does not run.") },
  [KVMM_GUEST_STATE_NOT_SUPPORTED] = { N_ ("Not supported"),
                                       N_ ("This hypervisor has no channel for a guest agent.") },
  [KVMM_GUEST_STATE_NO_CHANNEL] = { N_ ("No channel"),
                                    N_ ("The machine has no channel for the guest agent; it can be "
                                        "added while it runs.") },
  [KVMM_GUEST_STATE_NEEDS_POWER_OFF] = { N_ ("Needs power off"),
                                         N_ ("The channel for the guest agent needs a controller "
                                             "that comes with the next start.") },
  [KVMM_GUEST_STATE_WAITING] = { N_ ("Waiting for agent"),
                                 N_ ("The channel is there, but no agent runs in the guest.") },
  [KVMM_GUEST_STATE_CONNECTING] = { N_ ("Connecting"), N_ ("The guest agent is being greeted.") },
  [KVMM_GUEST_STATE_READY] = { N_ ("Ready"), NULL },
  [KVMM_GUEST_STATE_UNRESPONSIVE] = { N_ ("Not responding"),
                                      N_ ("The guest agent was there and does not answer now.") },
  [KVMM_GUEST_STATE_IN_USE] = { N_ ("In use elsewhere"),
                                N_ ("Another program uses the guest agent's channel.") },
  [KVMM_GUEST_STATE_INCOMPATIBLE] = { N_ ("Incompatible agent"), NULL },
  [KVMM_GUEST_STATE_BLOCKED] = { N_ ("Blocked"), NULL },
};

const char *
kvmm_guest_words_state (KvmmGuestState state)
{
  return _ (words[state].word);
}

char *
kvmm_guest_words_detail (KvmmGuest *self, KvmmGuestState state)
{
  gboolean is_kept_out = state == KVMM_GUEST_STATE_WAITING ||
                         state == KVMM_GUEST_STATE_CONNECTING || state == KVMM_GUEST_STATE_IN_USE ||
                         state == KVMM_GUEST_STATE_INCOMPATIBLE ||
                         state == KVMM_GUEST_STATE_BLOCKED;

  if (state == KVMM_GUEST_STATE_OFF && self->input.is_active && !self->is_connected)
    return g_strdup (_ ("There is no connection to the host."));
  if (state == KVMM_GUEST_STATE_READY && self->policy_error != NULL)
    return g_strdup_printf (_ ("The guest's policy file is faulty: %s"), self->policy_error);
  if (is_kept_out && self->hurdle_text != NULL)
    return g_strdup (self->hurdle_text);
  return words[state].detail != NULL ? g_strdup (_ (words[state].detail)) : NULL;
}

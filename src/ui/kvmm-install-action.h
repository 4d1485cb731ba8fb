/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-agent-install.h"

G_BEGIN_DECLS

/* The one thing that moves an installation of the agent on from where it is. Main thread only. */
typedef enum
{
  KVMM_INSTALL_ACTION_NONE,    /* all is done */
  KVMM_INSTALL_ACTION_PREPARE, /* channel and disc */
  KVMM_INSTALL_ACTION_ANSWER,  /* a question stands in the way */
  KVMM_INSTALL_ACTION_CANCEL,  /* it is under way */
  KVMM_INSTALL_ACTION_SHUT_DOWN,
  KVMM_INSTALL_ACTION_START,
  KVMM_INSTALL_ACTION_RUN,   /* the installer, by the QEMU guest agent; asks first */
  KVMM_INSTALL_ACTION_TYPED, /* a person has typed the command */
  KVMM_INSTALL_ACTION_RETRY, /* look again for the agent */
  KVMM_INSTALL_ACTION_EJECT,
} KvmmInstallAction;

KvmmInstallAction kvmm_install_action_find (KvmmAgentInstall *install);
/** kvmm_install_action_get_label: Returns: (transfer none) (nullable): with mnemonic; %NULL for
 * NONE */
const char *kvmm_install_action_get_label (KvmmInstallAction action, KvmmAgentInstall *install);
/** kvmm_install_action_run: @widget: where questions and errors are shown */
void
kvmm_install_action_run (KvmmInstallAction action, GtkWidget *widget, KvmmAgentInstall *install);
/** kvmm_install_action_get_question: Returns: (transfer none) (nullable): translated: the heading
 * of what the installation asks */
const char *kvmm_install_action_get_question (KvmmAgentInstall *install);

/** kvmm_install_action_dup_text: Returns: (transfer full): one or two sentences: where it is now
 * and what it waits for, with the seconds that count; @is_counting: (out): whether it will be
 * another one in a second; @busy_since_us: monotonic, when the work that is under way began */
char *kvmm_install_action_dup_text (KvmmAgentInstall *install,
                                    gint64 busy_since_us,
                                    gboolean *is_counting);

G_END_DECLS

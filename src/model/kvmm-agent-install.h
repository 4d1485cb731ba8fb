/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-agent-iso.h"

G_BEGIN_DECLS

/* The way to a working agent in one machine, step by step. Main thread only.
 *
 * Nothing is kept between two runs of the program: where the machine stands is read from its
 * drives, its channel and its agent, so that the assistant goes on where it was, whoever did the
 * steps. */

typedef enum
{
  KVMM_AGENT_INSTALL_CHANNEL, /* the agent's channel is in the machine */
  KVMM_AGENT_INSTALL_DISC,    /* the disc is in a drive */
  KVMM_AGENT_INSTALL_COMMAND, /* a person types the command in the guest, or has it run */
  KVMM_AGENT_INSTALL_WAITING, /* for the agent to report */
  KVMM_AGENT_INSTALL_READY,   /* it did, in the version of the disc or a later one */
  KVMM_AGENT_INSTALL_EJECT,   /* the disc is out again */
  KVMM_AGENT_INSTALL_N_STEPS
} KvmmAgentInstallStep;

typedef enum
{
  KVMM_AGENT_INSTALL_PENDING,     /* after the current step */
  KVMM_AGENT_INSTALL_CURRENT,     /* somebody has to do something */
  KVMM_AGENT_INSTALL_BUSY,        /* the program does, or waits for the guest */
  KVMM_AGENT_INSTALL_NEEDS_START, /* done in the machine's configuration: shut it down and start it
                                   */
  KVMM_AGENT_INSTALL_DONE,
  KVMM_AGENT_INSTALL_FAILED, /* see kvmm_agent_install_get_error() */
} KvmmAgentInstallState;

/* What kvmm_agent_install_prepare() and kvmm_agent_install_eject() stopped at. */
typedef enum
{
  KVMM_AGENT_INSTALL_ASKS_NOTHING,
  KVMM_AGENT_INSTALL_ASKS_REPLACE,   /* the disc that is in the drive */
  KVMM_AGENT_INSTALL_ASKS_FORCE,     /* a tray that the guest keeps locked */
  KVMM_AGENT_INSTALL_ASKS_MAKE_POOL, /* make, or start, the host's storage pool */
} KvmmAgentInstallQuestion;

#define KVMM_TYPE_AGENT_INSTALL (kvmm_agent_install_get_type ())
G_DECLARE_FINAL_TYPE (KvmmAgentInstall, kvmm_agent_install, KVMM, AGENT_INSTALL, GObject)

/* Signal "changed": any of the getters may answer anew. */

/** kvmm_agent_install_new: looks at the machine at once, and for as long as it lives; changes
 * nothing by itself */
KvmmAgentInstall *kvmm_agent_install_new (KvmmSettings *settings, KvmmDomain *domain);

KvmmDomain *kvmm_agent_install_get_domain (KvmmAgentInstall *self);
/** kvmm_agent_install_get_step: Returns: the first step that is not DONE; N_STEPS when all are */
KvmmAgentInstallStep kvmm_agent_install_get_step (KvmmAgentInstall *self);
KvmmAgentInstallState kvmm_agent_install_get_state (KvmmAgentInstall *self,
                                                    KvmmAgentInstallStep step);
/** kvmm_agent_install_get_title: Returns: (transfer none): translated, "The disc is in a drive" */
const char *kvmm_agent_install_get_title (KvmmAgentInstallStep step);
/** kvmm_agent_install_dup_text: Returns: (transfer full): one or two translated sentences: what
 * this step waits for, or what was done */
char *kvmm_agent_install_dup_text (KvmmAgentInstall *self, KvmmAgentInstallStep step);

/** kvmm_agent_install_get_installed_version: Returns: (nullable) (transfer none): of the agent that
 * runs in the guest */
const char *kvmm_agent_install_get_installed_version (KvmmAgentInstall *self);
/** kvmm_agent_install_get_available_version: Returns: (nullable) (transfer none): of the disc */
const char *kvmm_agent_install_get_available_version (KvmmAgentInstall *self);
/** kvmm_agent_install_get_update_available: the guest's agent is READY and older than the disc */
gboolean kvmm_agent_install_get_update_available (KvmmAgentInstall *self);

gboolean kvmm_agent_install_get_is_busy (KvmmAgentInstall *self);
/** kvmm_agent_install_get_progress: Returns: 0 to 1 while something is uploaded, else -1 */
double kvmm_agent_install_get_progress (KvmmAgentInstall *self);
/** kvmm_agent_install_get_error: Returns: (nullable) (transfer none): of the last thing done */
const GError *kvmm_agent_install_get_error (KvmmAgentInstall *self);
/** kvmm_agent_install_get_note: Returns: (nullable) (transfer none): translated: see
 * KvmmAgentIsoMounted.note */
const char *kvmm_agent_install_get_note (KvmmAgentInstall *self);
KvmmAgentInstallQuestion kvmm_agent_install_get_question (KvmmAgentInstall *self);
/** kvmm_agent_install_get_question_text: Returns: (nullable) (transfer none): translated */
const char *kvmm_agent_install_get_question_text (KvmmAgentInstall *self);

/** kvmm_agent_install_prepare: brings channel and disc into the machine. Nothing while busy. */
void kvmm_agent_install_prepare (KvmmAgentInstall *self);
/** kvmm_agent_install_answer: to the question; goes on with what asked it. %FALSE drops both. */
void kvmm_agent_install_answer (KvmmAgentInstall *self, gboolean agreed);
/** kvmm_agent_install_set_typed: the person says that the command was typed: COMMAND is DONE and
 * the agent is awaited */
void kvmm_agent_install_set_typed (KvmmAgentInstall *self);
/** kvmm_agent_install_can_run: see kvmm_agent_iso_can_run(); also needs the disc to be in */
gboolean kvmm_agent_install_can_run (KvmmAgentInstall *self, const char **reason);
/** kvmm_agent_install_run: has the QEMU guest agent run the installer, after the person agreed to
 * it: COMMAND is BUSY meanwhile. Nothing while busy. */
void kvmm_agent_install_run (KvmmAgentInstall *self);
/** kvmm_agent_install_get_output: Returns: (nullable) (transfer none): what the installer printed,
 * made inert, several lines */
const char *kvmm_agent_install_get_output (KvmmAgentInstall *self);
/** kvmm_agent_install_get_exit_code: Returns: of the installer, -1 when it has not been run */
int kvmm_agent_install_get_exit_code (KvmmAgentInstall *self);

/** kvmm_agent_install_eject: takes the disc out. Nothing while busy. */
void kvmm_agent_install_eject (KvmmAgentInstall *self);
/** kvmm_agent_install_cancel: what is under way; an upload is taken back */
void kvmm_agent_install_cancel (KvmmAgentInstall *self);

/* What a person types in the guest. */
typedef struct
{
  const char *id;      /* "debian" */
  const char *title;   /* for gettext(): "Debian, Ubuntu" */
  const char *command; /* several lines */
} KvmmAgentInstallCommand;
/** kvmm_agent_install_list_commands: Returns: (transfer none): the last one fits any Linux */
const KvmmAgentInstallCommand *kvmm_agent_install_list_commands (guint *n_commands);
/** kvmm_agent_install_guess_command: Returns: the index of the one that fits what is known of the
 * guest's system */
guint kvmm_agent_install_guess_command (KvmmDomain *domain);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-new-machine.h"

G_BEGIN_DECLS

/* The rows of a new machine that depend on its host: what can be chosen there, and what was. Main
 * thread only. */

typedef struct
{
  /* (unowned) the window's */
  AdwComboRow *firmware;
  AdwComboRow *pool;
  AdwComboRow *network;
  AdwComboRow *screen;

  GArray *firmwares; /* (owned) KvmmXmlFirmware, a row each */
  GArray *networks;  /* (owned) a row each */
} KvmmNewMachineChoices;

void kvmm_new_machine_choices_init (KvmmNewMachineChoices *self);
void kvmm_new_machine_choices_clear (KvmmNewMachineChoices *self);

/** kvmm_new_machine_choices_fill: Returns: (transfer full) (nullable): what there is to say about
 * the host's storage */
char *kvmm_new_machine_choices_fill (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host);
void kvmm_new_machine_choices_select_firmware (KvmmNewMachineChoices *self,
                                               KvmmXmlFirmware firmware);
/** kvmm_new_machine_choices_is_bridge: whether the name of a bridge is wanted */
gboolean kvmm_new_machine_choices_is_bridge (KvmmNewMachineChoices *self);
/** kvmm_new_machine_choices_read: fills in firmware, pool, network and screen. @bridge: as typed */
void kvmm_new_machine_choices_read (KvmmNewMachineChoices *self,
                                    const KvmmNewMachineHost *host,
                                    const char *bridge,
                                    KvmmNewMachine *plan);

G_END_DECLS

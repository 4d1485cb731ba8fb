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
  AdwComboRow *volume;
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
/** kvmm_new_machine_choices_get_network: @is_typed: (out): whether the name of a bridge or a card
 * is wanted */
KvmmXmlNetworkKind kvmm_new_machine_choices_get_network (KvmmNewMachineChoices *self,
                                                         gboolean *is_typed);
/** kvmm_new_machine_choices_get_volume: Returns: (transfer none) (nullable): what is chosen, while
 * @host lives */
const KvmmHostDisk *kvmm_new_machine_choices_get_volume (KvmmNewMachineChoices *self,
                                                         const KvmmNewMachineHost *host);
/** kvmm_new_machine_choices_read: fills in firmware, pool, volume, network and screen. @interface:
 * as typed */
void kvmm_new_machine_choices_read (KvmmNewMachineChoices *self,
                                    const KvmmNewMachineHost *host,
                                    const char *interface,
                                    KvmmNewMachine *plan);

G_END_DECLS

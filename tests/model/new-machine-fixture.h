/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-new-machine.h"
#include "test-model.h"

/* Machines made on the daemon that script/lib/private-libvirt.sh started, and run by QEMU. */

typedef struct
{
  KvmmSettings *settings;
  KvmmConnection *connection;
  char *folder; /* of the pool */
  char *disc;
} NewMachineFixture;

void new_machine_set_up (NewMachineFixture *f, gconstpointer data);
void new_machine_tear_down (NewMachineFixture *f, gconstpointer data);
guint new_machine_count_files (NewMachineFixture *f);
KvmmNewMachine *
new_machine_plan_new (NewMachineFixture *f, const char *name, KvmmNewMachineSource source);
char *new_machine_create (NewMachineFixture *f, KvmmNewMachine *plan, GError **error);
KvmmDomain *new_machine_wait_for_machine (NewMachineFixture *f, const char *name);
char *new_machine_read_xml (KvmmDomain *domain);
void new_machine_assert_nothing_left (NewMachineFixture *f);
char *new_machine_make_image (const char *format, const char *options);
void new_machine_assert_same_disk (NewMachineFixture *f, const char *name);
void new_machine_assert_no_temporary_file (void);

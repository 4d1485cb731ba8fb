/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gtk/gtk.h>

#include "model/kvmm-os-catalog.h"

G_BEGIN_DECLS

/* Which system a new machine is for: chosen, or found on a disc. Main thread only. */

typedef struct
{
  /* (unowned) the window's */
  GtkDropDown *chooser;
  GtkLabel *found;

  void (*needs_cb) (gpointer user_data); /* what the system needs is another than before */
  void (*named_cb) (const char *name, gpointer user_data);
  gpointer user_data;

  KvmmOsNeeds needs;        /* of the chosen system */
  KvmmOsCatalog *catalog;   /* (owned) */
  GPtrArray *systems;       /* (owned) (nullable) KvmmOs; row 0 of the chooser is none of them */
  char *detected_id;        /* (owned) (nullable) chosen once the systems are here */
  gboolean is_told;         /* who had it chosen says itself what was found */
  char *described_id;       /* (owned) (nullable) whose needs these are, or are asked for */
  char *path;               /* (owned) (nullable) of the disc that is looked at next */
  GCancellable *listing;    /* (owned) (nullable) the systems */
  GCancellable *detecting;  /* (owned) (nullable) */
  GCancellable *describing; /* (owned) (nullable) */
  guint detect_id;
} KvmmNewMachineSystem;

void kvmm_new_machine_system_init (KvmmNewMachineSystem *self,
                                   void (*needs_cb) (gpointer user_data),
                                   void (*named_cb) (const char *name, gpointer user_data),
                                   gpointer user_data);
/** kvmm_new_machine_system_stop: nothing is told any more, and no widget is touched */
void kvmm_new_machine_system_stop (KvmmNewMachineSystem *self);
void kvmm_new_machine_system_clear (KvmmNewMachineSystem *self);

/** kvmm_new_machine_system_list: fills the chooser */
void kvmm_new_machine_system_list (KvmmNewMachineSystem *self);
/** kvmm_new_machine_system_chosen: to be called when another is selected */
void kvmm_new_machine_system_chosen (KvmmNewMachineSystem *self);
/** kvmm_new_machine_system_get: Returns: (transfer none) (nullable): %NULL for another one */
const KvmmOs *kvmm_new_machine_system_get (KvmmNewMachineSystem *self);
/** kvmm_new_machine_system_choose: @id: (nullable): selects it; %NULL or one that is not in the
 * list leaves what is selected */
void kvmm_new_machine_system_choose (KvmmNewMachineSystem *self, const char *id);
/** kvmm_new_machine_system_detect: @path: (nullable): of a disc of this computer, which is looked
 * at in a moment; %NULL: no longer */
void kvmm_new_machine_system_detect (KvmmNewMachineSystem *self, const char *path);

G_END_DECLS

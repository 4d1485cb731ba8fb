/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-guest-work.h"

void
kvmm_guest_process_free (KvmmGuestProcess *self)
{
  if (self == NULL)
    return;
  g_free (self->user);
  g_free (self->command);
  g_free (self->arguments);
  g_free (self);
}

void
kvmm_guest_service_free (KvmmGuestService *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->description);
  g_free (self->sub_state);
  g_free (self->enabled);
  g_free (self);
}

void
kvmm_guest_command_free (KvmmGuestCommand *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->description);
  g_free (self->command_line);
  g_free (self->run_as);
  g_free (self);
}

void
kvmm_guest_exit_free (KvmmGuestExit *self)
{
  if (self == NULL)
    return;
  g_free (self->signal);
  g_free (self);
}

KvmmGuestExit *
kvmm_guest_exit_copy (const KvmmGuestExit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  KvmmGuestExit *copy = g_memdup2 (self, sizeof *self);
  copy->signal = g_strdup (self->signal);
  return copy;
}

void
kvmm_guest_file_free (KvmmGuestFile *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->display_name);
  g_free (self->user);
  g_free (self->target);
  g_free (self);
}

KvmmGuestFile *
kvmm_guest_file_copy (const KvmmGuestFile *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  KvmmGuestFile *copy = g_memdup2 (self, sizeof *self);
  copy->name = g_strdup (self->name);
  copy->display_name = g_strdup (self->display_name);
  copy->user = g_strdup (self->user);
  copy->target = g_strdup (self->target);
  return copy;
}

void
kvmm_guest_file_roots_free (KvmmGuestFileRoots *self)
{
  if (self == NULL)
    return;
  g_strfreev (self->read_paths);
  g_strfreev (self->write_paths);
  g_free (self->inbox);
  g_free (self);
}

void
kvmm_guest_disk_free (KvmmGuestDisk *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->serial);
  g_free (self);
}

void
kvmm_guest_trim_free (KvmmGuestTrim *self)
{
  if (self == NULL)
    return;
  g_free (self->mount);
  g_free (self->error);
  g_free (self);
}

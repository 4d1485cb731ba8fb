/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-agent-iso.h"

G_BEGIN_DECLS

/* The agent's disc, on hosts and in drives, that does what a test tells it to, in place of the real
 * one. Each setting counts until the next. */

/** scripted_iso_set_drive: @target: (nullable): the drive that holds the disc */
void scripted_iso_set_drive (const char *target);
/** scripted_iso_set_version: @version: (nullable): of the disc that is there to be mounted */
void scripted_iso_set_version (const char *version);
/** scripted_iso_set_run: @output: (nullable): what the installer prints when the QEMU guest agent
 * runs it; %NULL: it cannot be run */
void scripted_iso_set_run (const char *output, int exit_code);
/** scripted_iso_add_candidate: what resolving answers from now on, in this order; @reason:
 * (nullable): %NULL forgets them all */
void scripted_iso_add_candidate (const char *path,
                                 KvmmAgentIsoSource source,
                                 KvmmAgentIsoVerdict verdict,
                                 const char *reason);
/** scripted_iso_add_volume: an old disc in the host's storage; @volume: (nullable): %NULL forgets
 * them all; @used_by: (nullable) */
void scripted_iso_add_volume (const char *volume, const char *used_by);
/** scripted_iso_set_holds: mounts stand still at 43 % of an upload until they are cancelled */
void scripted_iso_set_holds (gboolean holds);
/** scripted_iso_set_error: the next mounts and ejects fail so until their flags hold @cure; 0 never
 * cures; code -1: none fails */
void scripted_iso_set_error (int code, const char *message, KvmmAgentIsoMountFlags cure);

G_END_DECLS

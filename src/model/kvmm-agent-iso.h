/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* Where the agent's ISO comes from, and how it gets into a machine. Main thread only (files are
 * looked at on a worker). */

typedef enum
{
  KVMM_AGENT_ISO_TAKEN,
  KVMM_AGENT_ISO_SKIPPED, /* a better one was taken before */
  KVMM_AGENT_ISO_MISSING,
  KVMM_AGENT_ISO_NOT_A_FILE,
  KVMM_AGENT_ISO_UNREADABLE,   /* by us */
  KVMM_AGENT_ISO_NOT_FOR_QEMU, /* the host's QEMU could not read it: o+r, a parent's o+x, AppArmor's
                                  refused prefixes */
  KVMM_AGENT_ISO_NOT_OURS,     /* no ISO 9660, or not labelled KVMMANAGER_AGENT */
  KVMM_AGENT_ISO_REMOTE, /* the machine's host is another computer: the path says nothing there */
} KvmmAgentIsoVerdict;

typedef struct
{
  char *path;      /* as configured */
  char *real_path; /* (nullable) symlinks resolved: what goes into the XML */
  char *version;   /* (nullable) of the agent on it */
  char *reason;    /* translated sentence: why taken or left */
  KvmmAgentIsoVerdict verdict;
  gboolean is_packaged; /* root-owned and world-readable: gets relabel='no' */
} KvmmAgentIsoCandidate;
void kvmm_agent_iso_candidate_free (KvmmAgentIsoCandidate *self);

/**
 * kvmm_agent_iso_resolve_async:
 * @connection: (nullable): whose QEMU must read it; %NULL: this computer's
 *
 * With agent-iso-path set only that one is a candidate; else every search path in order.
 */
void kvmm_agent_iso_resolve_async (KvmmSettings *settings,
                                   KvmmConnection *connection,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
/** kvmm_agent_iso_resolve_finish: Returns: (transfer full) (element-type KvmmAgentIsoCandidate):
 * every candidate tried, never %NULL without error; at most one is TAKEN */
GPtrArray *kvmm_agent_iso_resolve_finish (GAsyncResult *result, GError **error);

/** kvmm_agent_iso_describe_failure: Returns: (transfer full): one text that names each path tried
 * and why it failed */
char *kvmm_agent_iso_describe_failure (GPtrArray *candidates);

typedef enum
{
  KVMM_AGENT_ISO_ERROR_NONE_USABLE,    /* message: each path and why */
  KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED, /* every drive holds a medium: ask, then pass
                                          KVMM_AGENT_ISO_MOUNT_REPLACE; message names the medium */
  KVMM_AGENT_ISO_ERROR_TRAY_LOCKED,    /* the guest has the medium mounted: ask, then pass
                                          KVMM_AGENT_ISO_MOUNT_FORCE */
  KVMM_AGENT_ISO_ERROR_NOT_MOUNTED,    /* eject: no drive holds the agent ISO */
} KvmmAgentIsoError;
#define KVMM_AGENT_ISO_ERROR (kvmm_agent_iso_error_quark ())
GQuark kvmm_agent_iso_error_quark (void);

typedef enum
{
  KVMM_AGENT_ISO_MOUNT_NONE = 0,
  KVMM_AGENT_ISO_MOUNT_REPLACE = 1 << 0,
  KVMM_AGENT_ISO_MOUNT_FORCE = 1 << 1,
} KvmmAgentIsoMountFlags;

typedef struct
{
  char *path;                   /* what was mounted */
  char *version;                /* (nullable) */
  char *target;                 /* "sda" */
  gboolean drive_added;         /* there was no drive */
  gboolean drive_needs_restart; /* the drive comes with the next start */
  gboolean channel_added;
  gboolean channel_needs_restart;
} KvmmAgentIsoMounted;
void kvmm_agent_iso_mounted_free (KvmmAgentIsoMounted *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentIsoMounted, kvmm_agent_iso_mounted_free)

/**
 * kvmm_agent_iso_mount_async:
 *
 * Inserts the ISO: into an empty CD drive; else, with REPLACE, into the first drive; else adds a
 * drive (live onto a virtio-scsi controller, otherwise for the next start). Adds the agent's
 * channel if it is missing. Errors: KVMM_AGENT_ISO_ERROR, KVMM_VIRT_ERROR.
 */
void kvmm_agent_iso_mount_async (KvmmSettings *settings,
                                 KvmmDomain *domain,
                                 KvmmAgentIsoMountFlags flags,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
KvmmAgentIsoMounted *kvmm_agent_iso_mount_finish (GAsyncResult *result, GError **error);

/** kvmm_agent_iso_eject_async: empties the drive that holds an ISO named
 * kvmmanager-guest-agent*.iso or the configured one */
void kvmm_agent_iso_eject_async (KvmmSettings *settings,
                                 KvmmDomain *domain,
                                 KvmmAgentIsoMountFlags flags,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kvmm_agent_iso_eject_finish (GAsyncResult *result, GError **error);

/** kvmm_agent_iso_find_mounted: Returns: (transfer full) (nullable): the target of the drive that
 * holds the agent ISO, from the XML last read */
char *kvmm_agent_iso_find_mounted (KvmmDomain *domain);

/** kvmm_agent_iso_get_install_command: Returns: (transfer none): what a person types in the guest
 * as root to install from the disc, plain text, several lines */
const char *kvmm_agent_iso_get_install_command (void);

G_END_DECLS

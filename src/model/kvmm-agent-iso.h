/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-connection.h"
#include "model/kvmm-settings.h"

G_BEGIN_DECLS

/* Where the agent's disc comes from, how it gets onto a host, and into a machine. Main thread only
 * (files are looked at on a worker; what goes over libvirt runs in the connection's lanes). */

/* Where a candidate would come from. */
typedef enum
{
  KVMM_AGENT_ISO_SOURCE_FILE,   /* a path of the settings, on this computer */
  KVMM_AGENT_ISO_SOURCE_VOLUME, /* a volume that is in a storage pool of the machine's host */
  KVMM_AGENT_ISO_SOURCE_UPLOAD, /* a volume to be made there, from a file of this computer */
} KvmmAgentIsoSource;

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
  KVMM_AGENT_ISO_OTHER_VERSION, /* a volume of another version, or another build of this one */
  KVMM_AGENT_ISO_INCOMPLETE,    /* a volume of which only a part was uploaded */
  KVMM_AGENT_ISO_POOL_NEEDED,   /* upload: the pool does not exist or does not run; somebody has to
                                   agree to making or starting it */
  KVMM_AGENT_ISO_NO_SOURCE,     /* upload: no disc on this computer to upload */
  KVMM_AGENT_ISO_UNSUPPORTED,   /* the hypervisor is not QEMU, or its host has no storage pools */
} KvmmAgentIsoVerdict;

typedef struct
{
  char *path;      /* as configured; of a volume and of an upload "pool/volume" */
  char *real_path; /* (nullable) symlinks resolved: what goes into the XML. %NULL for an upload */
  char *version;   /* (nullable) of the agent on it */
  char *reason;    /* translated sentence: why taken or left */
  char *pool;      /* (nullable) of a volume and of an upload */
  char *volume;    /* (nullable) of a volume and of an upload */
  KvmmAgentIsoSource source;
  KvmmAgentIsoVerdict verdict;
  gboolean is_packaged; /* root-owned and world-readable: gets relabel='no' */
} KvmmAgentIsoCandidate;
void kvmm_agent_iso_candidate_free (KvmmAgentIsoCandidate *self);

/**
 * kvmm_agent_iso_resolve_async:
 * @connection: (nullable): whose QEMU must read it; %NULL: this computer's
 *
 * Candidates, best first: with agent-iso-path set only that file, else every search path in order;
 * then, while @connection is connected, the agent discs in the storage pools of its host, and an
 * upload into the pool of agent-iso-pool. Changes nothing.
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
/** kvmm_agent_iso_find_version: Returns: (transfer none) (nullable): the version of the disc that
 * is taken, or would be uploaded */
const char *kvmm_agent_iso_find_version (GPtrArray *candidates);
/** kvmm_agent_iso_is_newer: Returns: whether version @disc is later than version @guest; %FALSE
 * when either is %NULL. Numbers are compared as numbers, "1.0~rc1" is before "1.0". */
gboolean kvmm_agent_iso_is_newer (const char *disc, const char *guest);

typedef enum
{
  KVMM_AGENT_ISO_ERROR_NONE_USABLE,    /* message: each path and why */
  KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED, /* every drive holds a medium: ask, then pass
                                          KVMM_AGENT_ISO_MOUNT_REPLACE; message names the medium */
  KVMM_AGENT_ISO_ERROR_TRAY_LOCKED,    /* the guest has the medium mounted: ask, then pass
                                          KVMM_AGENT_ISO_MOUNT_FORCE */
  KVMM_AGENT_ISO_ERROR_NOT_MOUNTED,    /* eject: no drive holds the agent ISO */
  KVMM_AGENT_ISO_ERROR_POOL_NEEDED,    /* the host has no such pool, or it does not run: ask, then
                                          pass KVMM_AGENT_ISO_MOUNT_MAKE_POOL; message says what
                                          would be made */
  KVMM_AGENT_ISO_ERROR_IN_USE,         /* a volume is named by a machine; message names both */
  KVMM_AGENT_ISO_ERROR_UNSUPPORTED,    /* the hypervisor is not QEMU */
  KVMM_AGENT_ISO_ERROR_DAMAGED,        /* what was read back is not what was uploaded */
} KvmmAgentIsoError;
#define KVMM_AGENT_ISO_ERROR (kvmm_agent_iso_error_quark ())
GQuark kvmm_agent_iso_error_quark (void);

typedef enum
{
  KVMM_AGENT_ISO_MOUNT_NONE = 0,
  KVMM_AGENT_ISO_MOUNT_REPLACE = 1 << 0,
  KVMM_AGENT_ISO_MOUNT_FORCE = 1 << 1,
  KVMM_AGENT_ISO_MOUNT_MAKE_POOL = 1 << 2, /* the storage pool may be made, and started */
} KvmmAgentIsoMountFlags;

/* ---- onto a host ---- */

typedef struct
{
  char *pool;
  char *volume;
  char *path;    /* (nullable) on the host */
  char *version; /* (nullable) */
  guint64 size_bytes;
  gboolean uploaded;  /* %FALSE: it was there */
  gboolean pool_made; /* just now */
} KvmmAgentIsoDeployed;
void kvmm_agent_iso_deployed_free (KvmmAgentIsoDeployed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentIsoDeployed, kvmm_agent_iso_deployed_free)

/**
 * kvmm_agent_iso_deploy_async:
 * @flags: KVMM_AGENT_ISO_MOUNT_MAKE_POOL or KVMM_AGENT_ISO_MOUNT_NONE
 * @progress: (nullable): main thread: bytes done and bytes in all
 * @progress_data: must live until the operation completes
 *
 * Uploads the disc of this computer into the pool of agent-iso-pool, as a volume with the version
 * in its name, and reads it back. A whole one that is there already is left as it is; half a one is
 * uploaded anew. Errors: KVMM_AGENT_ISO_ERROR (NONE_USABLE, POOL_NEEDED, IN_USE, UNSUPPORTED,
 * DAMAGED), KVMM_VIRT_ERROR, G_IO_ERROR. Cancelling returns at once and takes the upload back.
 */
void kvmm_agent_iso_deploy_async (KvmmSettings *settings,
                                  KvmmConnection *connection,
                                  KvmmAgentIsoMountFlags flags,
                                  GFileProgressCallback progress,
                                  gpointer progress_data,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
KvmmAgentIsoDeployed *kvmm_agent_iso_deploy_finish (GAsyncResult *result, GError **error);

/* An agent disc in a storage pool. */
typedef struct
{
  char *pool;
  char *volume;
  char *path;    /* (nullable) on the host */
  char *version; /* (nullable) */
  char *used_by; /* (nullable) the name of a machine that names it, in its drives or anywhere */
  guint64 size_bytes;
  gboolean is_whole;   /* %FALSE: what an interrupted upload left */
  gboolean is_current; /* of the version of this computer's disc */
} KvmmAgentIsoVolume;
void kvmm_agent_iso_volume_free (KvmmAgentIsoVolume *self);

/** kvmm_agent_iso_list_volumes_async: in all pools of the host. Those that are not current and not
 * used may be offered for removal. */
void kvmm_agent_iso_list_volumes_async (KvmmSettings *settings,
                                        KvmmConnection *connection,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
/** Returns: (transfer full) (element-type KvmmAgentIsoVolume) */
GPtrArray *kvmm_agent_iso_list_volumes_finish (GAsyncResult *result, GError **error);

/** kvmm_agent_iso_delete_volume_async: fails with KVMM_VIRT_ERROR_IN_USE when any machine, running
 * or not, names the volume; only for
 * volumes that are named like an agent disc */
void kvmm_agent_iso_delete_volume_async (KvmmConnection *connection,
                                         const char *pool,
                                         const char *volume,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
gboolean kvmm_agent_iso_delete_volume_finish (GAsyncResult *result, GError **error);

/* ---- into a machine ---- */

typedef struct
{
  char *path;                   /* what was mounted */
  char *version;                /* (nullable) */
  char *target;                 /* "sda" */
  char *note;                   /* (nullable) translated: what was done that nobody asked for, as
                                   an upload because QEMU was refused the file */
  gboolean uploaded;            /* onto the machine's host, just now */
  gboolean drive_added;         /* there was no drive */
  gboolean drive_needs_restart; /* the drive comes with the next start */
  gboolean channel_added;
  gboolean channel_needs_restart;
} KvmmAgentIsoMounted;
void kvmm_agent_iso_mounted_free (KvmmAgentIsoMounted *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentIsoMounted, kvmm_agent_iso_mounted_free)

/**
 * kvmm_agent_iso_mount_async:
 * @progress: (nullable): main thread, only while something is uploaded or read back: bytes done and
 *     bytes in all
 * @progress_data: must live until the operation completes
 *
 * Inserts the ISO: into an empty CD drive; else, with REPLACE, into the first drive; else adds a
 * drive (live onto a virtio-scsi controller, otherwise for the next start). Adds the agent's
 * channel if it is missing. When no file of this computer can be used, or when the host refuses the
 * one that should do, the disc is uploaded into a storage pool of the host and used from there.
 * Errors: KVMM_AGENT_ISO_ERROR, KVMM_VIRT_ERROR. Cancelling takes back an upload under way.
 */
void kvmm_agent_iso_mount_async (KvmmSettings *settings,
                                 KvmmDomain *domain,
                                 KvmmAgentIsoMountFlags flags,
                                 GFileProgressCallback progress,
                                 gpointer progress_data,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
KvmmAgentIsoMounted *kvmm_agent_iso_mount_finish (GAsyncResult *result, GError **error);

/** kvmm_agent_iso_eject_async: empties the drives that hold an ISO named
 * kvmmanager-guest-agent*.iso or the configured one. TRAY_LOCKED comes after a wait of 5 s, while
 * the guest is asked to open the tray. */
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

/* ---- in a machine ---- */

typedef struct
{
  int exit_code; /* 128 + signal when it was killed by one */
  char *output;  /* made inert, several lines: the last 6000 bytes */
} KvmmAgentIsoRun;
void kvmm_agent_iso_run_free (KvmmAgentIsoRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentIsoRun, kvmm_agent_iso_run_free)

/** kvmm_agent_iso_can_run: whether the QEMU guest agent of the machine may be asked to run the
 * installer: one is connected, and commands in this machine are allowed on this computer. @reason:
 * (out) (optional) (nullable) (transfer none): translated, why not */
gboolean kvmm_agent_iso_can_run (KvmmDomain *domain, const char **reason);
/**
 * kvmm_agent_iso_run_async:
 *
 * Has the QEMU guest agent run the installer of the disc that is in a drive, as root of the guest:
 * ask first. At most 120 s. Completes when the installer has ended, whichever way. Cancelling
 * detaches: it goes on in the guest.
 */
void kvmm_agent_iso_run_async (KvmmDomain *domain,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
/** Returns: (transfer full): KVMM_AGENT_ERROR (NOT_ALLOWED, INVALID_REPLY), KVMM_VIRT_ERROR
 * (TIMEOUT, AGENT_UNRESPONSIVE, …) */
KvmmAgentIsoRun *kvmm_agent_iso_run_finish (GAsyncResult *result, GError **error);

/** kvmm_agent_iso_get_install_command: Returns: (transfer none): what a person types in the guest
 * as root to install from the disc, plain text, several lines */
const char *kvmm_agent_iso_get_install_command (void);

G_END_DECLS

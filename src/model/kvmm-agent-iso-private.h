/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-agent-iso.h"
#include "virt/kvmm-virt-connect.h"
#include "virt/kvmm-virt-storage.h"
#include "xml/kvmm-xml-media.h"

G_BEGIN_DECLS

/* What the files of kvmm-agent-iso share. All of it may run on a worker: none touches a GObject of
 * the model. */

/* ---- kvmm-agent-iso-probe.c: looking at a file; kvmm-agent-iso-resolve.c: judging it ---- */

#define KVMM_AGENT_ISO_VOLUME_ID "KVMMANAGER_AGENT"

typedef enum
{
  KVMM_AGENT_ISO_FILE_GOOD,
  KVMM_AGENT_ISO_FILE_MISSING,
  KVMM_AGENT_ISO_FILE_IRREGULAR, /* a folder, a device, no absolute path */
  KVMM_AGENT_ISO_FILE_UNREADABLE,
} KvmmAgentIsoFile;

/* What was seen of one path. */
typedef struct
{
  char *path;
  char *real_path; /* (nullable) symlinks resolved */
  KvmmAgentIsoFile file;
  char *problem;       /* (nullable) in the system's words */
  char *version;       /* (nullable) */
  char *closed_folder; /* (nullable) the first folder on the way that others may not enter */
  guint64 size_bytes;
  gboolean is_ours;         /* its volume is labelled KVMMANAGER_AGENT */
  gboolean others_may_read; /* o+r */
  gboolean is_roots;        /* only root may write to it */
} KvmmAgentIsoProbe;

/* Who has to read the file. */
typedef struct
{
  gboolean is_remote;
  gboolean is_session;   /* QEMU runs as this user */
  gboolean has_apparmor; /* libvirt's AppArmor driver is on */
} KvmmAgentIsoReader;

KvmmAgentIsoProbe *kvmm_agent_iso_probe (const char *path);
void kvmm_agent_iso_probe_free (KvmmAgentIsoProbe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentIsoProbe, kvmm_agent_iso_probe_free)

/** kvmm_agent_iso_judge: Pure. Returns: (transfer full): TAKEN when usable, else why not */
KvmmAgentIsoCandidate *kvmm_agent_iso_judge (const KvmmAgentIsoProbe *probe,
                                             const KvmmAgentIsoReader *reader);
/** kvmm_agent_iso_is_refused_by_apparmor: whatever the local rules say */
gboolean kvmm_agent_iso_is_refused_by_apparmor (const char *real_path);
/** kvmm_agent_iso_describe_obstacle: Pure. @probe: of any file. Returns: (transfer full)
 * (nullable): translated: what may keep the host's QEMU from reading it, and the cure; %NULL when
 * nothing is seen */
char *kvmm_agent_iso_describe_obstacle (const KvmmAgentIsoProbe *probe,
                                        const KvmmAgentIsoReader *reader);
/** kvmm_agent_iso_probe_all: @paths: %NULL-terminated, in order of preference; empty and repeated
 * ones are left out. Returns: (transfer full) (element-type KvmmAgentIsoProbe) */
GPtrArray *kvmm_agent_iso_probe_all (const char *const *paths);
/** kvmm_agent_iso_parse_head: what the first bytes of a disc say. @version: (out) (nullable)
 * (transfer full). Returns: whether it is the agent's */
gboolean kvmm_agent_iso_parse_head (const char *head, gsize size, char **version);
/* How much of a disc kvmm_agent_iso_parse_head() needs. */
#define KVMM_AGENT_ISO_HEAD_BYTES (36 * 1024)

/* ---- kvmm-agent-iso-choose.c ---- */

/** kvmm_agent_iso_reader_for: Pure. @uri: (nullable): of the connection; @capabilities_xml:
 * (nullable): of its host */
KvmmAgentIsoReader kvmm_agent_iso_reader_for (const char *uri, const char *capabilities_xml);
/** kvmm_agent_iso_get_relabel: Pure. A file of a package keeps its owner and label, as far as the
 * host knows the models; any other one libvirt may adapt */
KvmmRelabelFlags kvmm_agent_iso_get_relabel (gboolean is_packaged, const char *capabilities_xml);

/* An agent disc, by its name, in a storage pool. */
typedef struct
{
  char *pool;
  char *volume;
  char *path;    /* (nullable) on the host */
  char *problem; /* (nullable) why its beginning could not be read */
  char *version; /* (nullable) as it says itself */
  guint64 size_bytes;
  gboolean is_ours;
} KvmmAgentIsoStored;
void kvmm_agent_iso_stored_free (KvmmAgentIsoStored *self);

/* What was seen of the storage of a machine's host. */
typedef struct
{
  char *driver;     /* "QEMU" */
  char *pool;       /* the one to upload to */
  char *folder;     /* (nullable) where that pool would be made; not known for a remote session */
  char *configured; /* (nullable) agent-iso-path: it may be a volume of this host */
  char *problem;    /* (nullable) why nothing could be seen */
  GPtrArray *pools; /* (nullable) (element-type KvmmVirtPool) */
  GPtrArray *discs; /* (nullable) (element-type KvmmAgentIsoStored) */
} KvmmAgentIsoHost;
void kvmm_agent_iso_host_free (KvmmAgentIsoHost *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentIsoHost, kvmm_agent_iso_host_free)
/** kvmm_agent_iso_host_copy: Returns: (transfer full): without what was seen */
KvmmAgentIsoHost *kvmm_agent_iso_host_copy (const KvmmAgentIsoHost *self);

/**
 * kvmm_agent_iso_choose:
 * @probes: (element-type KvmmAgentIsoProbe)
 * @host: (nullable): %NULL: only files are looked at
 *
 * Pure. Returns: (transfer full) (element-type KvmmAgentIsoCandidate)
 */
GPtrArray *kvmm_agent_iso_choose (GPtrArray *probes,
                                  const KvmmAgentIsoReader *reader,
                                  const KvmmAgentIsoHost *host);
/** kvmm_agent_iso_find_upload: Returns: (transfer none) (nullable): the first disc of this computer
 * that can be read */
const KvmmAgentIsoProbe *kvmm_agent_iso_find_upload (GPtrArray *probes);
/** kvmm_agent_iso_dup_volume_name: @version: (nullable). Returns: (transfer full):
 * "kvmmanager-guest-agent-VERSION.iso" */
char *kvmm_agent_iso_dup_volume_name (const char *version);
/** kvmm_agent_iso_describe_pool: Returns: (transfer full) (nullable): what somebody has to agree to
 * before something can be uploaded; %NULL when nothing is missing */
char *kvmm_agent_iso_describe_pool (const KvmmVirtPool *pool, const char *name, const char *folder);
/** kvmm_agent_iso_pool_holds_files: whether volumes of this pool are files, for QEMU to open */
gboolean kvmm_agent_iso_pool_holds_files (const KvmmVirtPool *pool);

/** kvmm_agent_iso_find_taken: Returns: (transfer none) (nullable) */
const KvmmAgentIsoCandidate *kvmm_agent_iso_find_taken (GPtrArray *candidates);

/* ---- kvmm-agent-iso-storage.c. Worker only; the bulk lane. ---- */

/** kvmm_agent_iso_look_at_host: fills pools and discs, or problem */
void kvmm_agent_iso_look_at_host (KvmmVirtConnect *connect,
                                  KvmmAgentIsoHost *host,
                                  GCancellable *cancellable);

typedef struct
{
  char *file; /* of this computer, symlinks resolved */
  char *version;
  char *pool;
  char *folder; /* (nullable) where the pool would be made */
  gboolean may_make_pool;
  KvmmVirtProgressFunc progress; /* (nullable) */
  gpointer progress_data;
} KvmmAgentIsoDelivery;

/** kvmm_agent_iso_deliver: brings the file into the pool, unless it is there already. Returns:
 * (transfer full): %NULL with an error; then there is no more in the pool than before, or it is not
 * taken for a disc */
KvmmAgentIsoDeployed *kvmm_agent_iso_deliver (KvmmVirtConnect *connect,
                                              const KvmmAgentIsoDelivery *delivery,
                                              GCancellable *cancellable,
                                              GError **error);
/** kvmm_agent_iso_list_stored: @host: as for kvmm_agent_iso_look_at_host(); @version: (nullable):
 * the current one. Returns: (transfer full) (element-type KvmmAgentIsoVolume) */
GPtrArray *kvmm_agent_iso_list_stored (KvmmVirtConnect *connect,
                                       KvmmAgentIsoHost *host,
                                       const char *version,
                                       GCancellable *cancellable,
                                       GError **error);

/* ---- kvmm-agent-iso-lookup.c, kvmm-agent-iso-deploy.c. Main thread only. ---- */

/** kvmm_agent_iso_host_new: Returns: (transfer full): what is known of a host without looking */
KvmmAgentIsoHost *kvmm_agent_iso_host_new (KvmmSettings *settings, KvmmConnection *connection);
/** kvmm_agent_iso_probe_async: looks at the files of the settings. finish: (transfer full)
 * (element-type KvmmAgentIsoProbe) */
void kvmm_agent_iso_probe_async (KvmmSettings *settings,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
GPtrArray *kvmm_agent_iso_probe_finish (GAsyncResult *result, GError **error);

/* ---- kvmm-agent-iso-media.c: drives of a machine. Worker only. ---- */

typedef struct
{
  const char *uuid;
  const char *name;       /* of the machine, for messages */
  const char *path;       /* (nullable) the disc, symlinks resolved */
  const char *configured; /* (nullable) a path that counts as the agent disc whatever its name */
  KvmmRelabelFlags relabel;
  KvmmAgentIsoMountFlags flags;
  guint64 libvirt_version;
} KvmmAgentIsoMedium;

/**
 * kvmm_agent_iso_check:
 * @needs_channel: (out): the machine, or its configuration, has no agent channel
 * @channel_waits: (out): only its configuration has one
 *
 * Whether kvmm_agent_iso_insert() would find a place. Changes nothing.
 */
gboolean kvmm_agent_iso_check (KvmmVirtConnect *connect,
                               const KvmmAgentIsoMedium *medium,
                               gboolean *needs_channel,
                               gboolean *channel_waits,
                               GError **error);
/** kvmm_agent_iso_insert: Returns: (transfer full): where it is now; version and channel unset */
KvmmAgentIsoMounted *
kvmm_agent_iso_insert (KvmmVirtConnect *connect, const KvmmAgentIsoMedium *medium, GError **error);
gboolean
kvmm_agent_iso_eject (KvmmVirtConnect *connect, const KvmmAgentIsoMedium *medium, GError **error);
/** kvmm_agent_iso_is_agent_disc: @source: (nullable): of a drive */
gboolean kvmm_agent_iso_is_agent_disc (const char *source, const char *configured);
/** kvmm_agent_iso_find_in_xml: Any thread. Returns: (transfer full) (nullable): the target of the
 * drive of this `<domain>` document that holds the agent's disc */
char *kvmm_agent_iso_find_in_xml (const char *xml);

G_END_DECLS

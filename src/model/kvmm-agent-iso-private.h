/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-agent-iso.h"
#include "virt/kvmm-virt-connect.h"
#include "xml/kvmm-xml-media.h"

G_BEGIN_DECLS

/* What the files of kvmm-agent-iso share. All of it may run on a worker: none touches a GObject of
 * the model. */

/* ---- kvmm-agent-iso-resolve.c: looking at a file, and judging what was seen ---- */

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
  char *problem;            /* (nullable) in the system's words */
  char *version;            /* (nullable) */
  char *closed_folder;      /* (nullable) the first folder on the way that others may not enter */
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
/**
 * kvmm_agent_iso_choose:
 * @paths: %NULL-terminated, in order of preference; empty and repeated ones are left out
 *
 * Returns: (transfer full) (element-type KvmmAgentIsoCandidate)
 */
GPtrArray *kvmm_agent_iso_choose (const char *const *paths, const KvmmAgentIsoReader *reader);

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

G_END_DECLS

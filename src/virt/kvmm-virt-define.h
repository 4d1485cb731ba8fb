/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* Definitions of machines: written, renamed, removed; their metadata.
 * Worker only: each call blocks, and on failure sets KVMM_VIRT_ERROR, whose message names the
 * machine. */

/**
 * kvmm_virt_domain_read_definition:
 *
 * The stored definition with what libvirt keeps from readers (passwords of consoles): what is
 * defined again without them has lost them. Not for logs and screens.
 *
 * Returns: (transfer full): the XML; ACCESS_DENIED on a connection that may not see secrets
 */
char *kvmm_virt_domain_read_definition (KvmmVirtConnect *self, const char *uuid, GError **error);

/**
 * kvmm_virt_connect_define:
 * @xml: a `<domain>` document
 * @validate: have libvirt check it against its schema first: for what a person wrote
 *
 * Defines a new machine, or changes the definition of the one with this uuid; a running one gets it
 * with the next start. Fails with INVALID_XML; FAILED when another machine has the name.
 *
 * Returns: (transfer full): the machine's uuid
 */
char *kvmm_virt_connect_define (KvmmVirtConnect *self,
                                const char *xml,
                                gboolean validate,
                                GError **error);

/**
 * kvmm_virt_domain_start_as:
 * @xml: of the machine, with what is to be different this time
 *
 * Starts a stopped machine by another definition than the stored one, which it has again when it
 * stops. INVALID_STATE when it has a saved state, which would be of another past.
 */
gboolean kvmm_virt_domain_start_as (KvmmVirtConnect *self,
                                    const char *uuid,
                                    const char *xml,
                                    GError **error);

typedef enum
{
  KVMM_UNDEFINE_KEEP_FIRMWARE = 1 << 0, /* NVRAM file and TPM state stay where they are */
  KVMM_UNDEFINE_SAVED = 1 << 1,         /* also the saved state of its memory */
  KVMM_UNDEFINE_SNAPSHOTS = 1 << 2,     /* also what is known of its snapshots and checkpoints */
} KvmmUndefineFlags;

/**
 * kvmm_virt_domain_undefine:
 *
 * Removes the definition; a running machine goes on until it stops. INVALID_STATE when there is
 * something that @flags do not name.
 */
gboolean kvmm_virt_domain_undefine (KvmmVirtConnect *self,
                                    const char *uuid,
                                    KvmmUndefineFlags flags,
                                    GError **error);

/** kvmm_virt_domain_count_snapshots: Returns: how many snapshots libvirt knows, 0 where there is no
 * such thing, -1 with @error set */
int kvmm_virt_domain_count_snapshots (KvmmVirtConnect *self, const char *uuid, GError **error);

/** kvmm_virt_domain_rename: of a stopped machine. INVALID_STATE while it runs; the firmware's
 * settings, snapshots and the saved state stay its own */
gboolean kvmm_virt_domain_rename (KvmmVirtConnect *self,
                                  const char *uuid,
                                  const char *new_name,
                                  GError **error);

typedef enum
{
  KVMM_METADATA_TITLE,
  KVMM_METADATA_DESCRIPTION,
  KVMM_METADATA_OURS, /* an element in KVMM_XML_METADATA_URI */
} KvmmMetadata;

/** kvmm_virt_domain_set_metadata: @value: (nullable): %NULL removes it. Nobody else's metadata is
 * touched. */
gboolean kvmm_virt_domain_set_metadata (KvmmVirtConnect *self,
                                        const char *uuid,
                                        KvmmMetadata metadata,
                                        const char *value,
                                        KvmmAffectFlags affect,
                                        GError **error);
/** kvmm_virt_domain_get_metadata: Returns: (transfer full) (nullable): %NULL without @error when
 * there is none */
char *kvmm_virt_domain_get_metadata (KvmmVirtConnect *self,
                                     const char *uuid,
                                     KvmmMetadata metadata,
                                     KvmmAffectFlags affect,
                                     GError **error);

/** kvmm_virt_domain_set_vcpus: of a running machine, at most its maximum */
gboolean
kvmm_virt_domain_set_vcpus (KvmmVirtConnect *self, const char *uuid, guint vcpus, GError **error);
/** kvmm_virt_domain_set_memory: of a running machine, by its balloon; at most its maximum */
gboolean kvmm_virt_domain_set_memory (KvmmVirtConnect *self,
                                      const char *uuid,
                                      guint64 memory_kib,
                                      GError **error);

G_END_DECLS

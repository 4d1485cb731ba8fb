/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a cloud image asks for at its first start, as cloud-init reads it: a disc "cidata" with the
 * files of its NoCloud source (https://cloudinit.readthedocs.io, "NoCloud"). Any thread. */

/* All strings are (owned). */
typedef struct
{
  char *host_name;
  char *user_name;
  char *password; /* (nullable) plain: it goes no further than this computer's memory */
  GStrv ssh_keys; /* (nullable) as in authorized_keys, one each */
  GStrv packages; /* (nullable) */
} KvmmCloudSeed;
KvmmCloudSeed *kvmm_cloud_seed_copy (const KvmmCloudSeed *self);
/** kvmm_cloud_seed_free: the password does not stay in memory */
void kvmm_cloud_seed_free (KvmmCloudSeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmCloudSeed, kvmm_cloud_seed_free)

/* Of the volume in a storage pool, behind the machine's name. */
#define KVMM_CLOUD_SEED_VOLUME_SUFFIX "-cloud-init.iso"

/* Bounds of what a person types and of what lies in ~/.ssh. */
#define KVMM_CLOUD_SEED_KEY_MAX 16384 /* bytes */
#define KVMM_CLOUD_SEED_KEYS_MAX 64
#define KVMM_CLOUD_SEED_PACKAGES_MAX 200
#define KVMM_CLOUD_SEED_PASSWORD_MAX 256 /* bytes */

#define KVMM_CLOUD_SEED_ERROR (kvmm_cloud_seed_error_quark ())
GQuark kvmm_cloud_seed_error_quark (void);
/* The message says what, and what would do. */
typedef enum
{
  KVMM_CLOUD_SEED_ERROR_INVALID,
  KVMM_CLOUD_SEED_ERROR_FAILED, /* this system cannot hash the password */
} KvmmCloudSeedError;

gboolean kvmm_cloud_seed_check_host_name (const char *host_name, GError **error);
gboolean kvmm_cloud_seed_check_user_name (const char *user_name, GError **error);
/** kvmm_cloud_seed_check_ssh_key: a public key in a line of its own, without options: its first
 * word is also what stands in its bytes */
gboolean kvmm_cloud_seed_check_ssh_key (const char *key, GError **error);
/** kvmm_cloud_seed_split_packages: @text: names with spaces or commas between them. Returns:
 * (transfer full): %NULL with an error */
GStrv kvmm_cloud_seed_split_packages (const char *text, GError **error);
/** kvmm_cloud_seed_check: all of it, and that somebody can sign in */
gboolean kvmm_cloud_seed_check (const KvmmCloudSeed *self, GError **error);

/**
 * kvmm_cloud_seed_build_user_data:
 * @self: checked
 * @password_hash: (nullable): as crypt(5) makes it
 *
 * Returns: (transfer full): a "#cloud-config" document, whose YAML is JSON: one rule of quoting
 * that both agree on
 */
char *kvmm_cloud_seed_build_user_data (const KvmmCloudSeed *self, const char *password_hash);
/** kvmm_cloud_seed_build_meta_data: @instance_id: another one makes cloud-init begin anew. Returns:
 * (transfer full) */
char *kvmm_cloud_seed_build_meta_data (const KvmmCloudSeed *self, const char *instance_id);

/** kvmm_cloud_seed_build_image: Worker only: the password is hashed. Returns: (transfer full): an
 * ISO 9660 image; %NULL with KVMM_CLOUD_SEED_ERROR */
GBytes *
kvmm_cloud_seed_build_image (const KvmmCloudSeed *self, const char *instance_id, GError **error);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The public SSH keys of whoever runs the program. */

typedef struct
{
  char *name; /* of the file, made inert */
  char *line; /* as in authorized_keys, checked by kvmm_cloud_seed_check_ssh_key() */
} KvmmSshKey;
void kvmm_ssh_key_free (KvmmSshKey *self);

/** kvmm_ssh_keys_read: Worker only. @folder: as "~/.ssh". Returns: (transfer full) (element-type
 * KvmmSshKey): of its files *.pub, by name, at most KVMM_CLOUD_SEED_KEYS_MAX; what is no public key
 * is left out */
GPtrArray *kvmm_ssh_keys_read (const char *folder);

/** kvmm_ssh_keys_list_async: Main thread only. Those of ~/.ssh. */
void kvmm_ssh_keys_list_async (GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
/** Returns: (transfer full) (element-type KvmmSshKey): %NULL with G_IO_ERROR_CANCELLED */
GPtrArray *kvmm_ssh_keys_list_finish (GAsyncResult *result, GError **error);

G_END_DECLS

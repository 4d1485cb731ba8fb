/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A web server of the test's own, with installation trees that are good and such as nobody should
 * follow. It listens on 127.0.0.1 and answers on threads of its own. */
typedef struct _TreeServer TreeServer;

TreeServer *tree_server_new (void);
void tree_server_free (TreeServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TreeServer, tree_server_free)

/** tree_server_build_url: Returns: (transfer full): @path begins with a slash */
char *tree_server_build_url (TreeServer *self, const char *path);
/** tree_server_get_n_waiting: how many are in the folder that never answers */
int tree_server_get_n_waiting (TreeServer *self);

/* What every kernel here has: it is one of Linux to who looks at its head. */
#define TREE_SERVER_KERNEL_BYTES 4096
#define TREE_SERVER_INITRD_BYTES 1000

G_END_DECLS

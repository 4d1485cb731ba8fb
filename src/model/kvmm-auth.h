/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection.h"
#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* How a worker that opens a connection asks a person for credentials. Private to the model. */

/* Called on the main thread with a request that must be answered once. */
typedef void (*KvmmAuthPresentFunc) (KvmmAuthRequest *request, gpointer owner);

/* What the worker holds: a weak reference to who will ask. */
typedef struct _KvmmAuthAsker KvmmAuthAsker;

/** kvmm_auth_asker_new: @owner: a GObject, handed to @present while it lives; when it is gone every
 * question is cancelled */
KvmmAuthAsker *kvmm_auth_asker_new (GObject *owner, KvmmAuthPresentFunc present);
void kvmm_auth_asker_free (KvmmAuthAsker *self); /* any thread */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAuthAsker, kvmm_auth_asker_free)

/** kvmm_auth_ask: Worker only: a #KvmmVirtAuthFunc; @user_data is the asker. Blocks until a person
 * has answered. */
gboolean kvmm_auth_ask (KvmmVirtQuestion *questions, guint n_questions, gpointer user_data);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-connection-private.h"
#include "model/kvmm-domain-edit.h"
#include "model/kvmm-domain-delete.h"

G_BEGIN_DECLS

/* One call that changes a machine, on its way to a worker and back. Shared by kvmm-domain-edit.c,
 * -describe.c, -delete.c and others. Main thread only, where it does not say otherwise. */

typedef struct
{
  char uuid[37];
  char *name;   /* (owned) */
  char *folder; /* (owned) of the history */
  gboolean is_active;
  gboolean is_persistent;
  gboolean is_template; /* what it is to be */
  gboolean is_session;  /* the connection's */
  gboolean is_remote;
  guint64 libvirt_version; /* of the connection's host; 0: not known */
  GHashTable *values;      /* (owned) (nullable) (element-type utf8 utf8) of a new device */
  KvmmXmlEdit *edit;       /* (owned) (nullable) */
  KvmmDomainEditFlags flags;
  GPtrArray *pending; /* (owned) (nullable) (element-type KvmmXmlPending) */
  KvmmDeletion *plan; /* (owned) (nullable) */
  guint64 bytes;
  struct _KvmmCloneWatch *watch; /* (owned) (nullable) of a clone */
  GHashTable *fates;         /* (owned) (nullable) (element-type utf8 KvmmCloneFate) of a clone */
  char *text;                /* (owned) (nullable) */
  char **tags;               /* (owned) (nullable) */
  GCancellable *cancellable; /* (owned) (nullable) for a call that is answered when it has ended */
} KvmmDomainOrder;

KvmmDomainOrder *kvmm_domain_order_new (KvmmDomain *self);

/** kvmm_domain_order_new_task: a task of @self with this tag */
GTask *kvmm_domain_order_new_task (KvmmDomain *self,
                                   gpointer tag,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);

/**
 * kvmm_domain_order_run:
 * @task: (transfer full): the caller's; it returns the pointer that @func returned
 * @order: (transfer full)
 * @destroy: (nullable): of that pointer
 *
 * The machine is read anew when @func has ended.
 */
void kvmm_domain_order_run (KvmmDomain *self,
                            KvmmConnectionLane lane,
                            GTask *task,
                            KvmmConnectionFunc func,
                            KvmmDomainOrder *order,
                            GDestroyNotify destroy);
gpointer kvmm_domain_order_finish (KvmmDomain *self, GAsyncResult *result, GError **error);

/** kvmm_domain_order_keep: worker: into the machine's history, which is no reason not to change
 * anything when it cannot be written */
void kvmm_domain_order_keep (const KvmmDomainOrder *order, const char *xml);

/**
 * kvmm_domain_order_name_settings:
 * @xml: the machine's stored definition
 *
 * Worker. Of a machine with UEFI whose definition does not say where the firmware's settings lie,
 * though libvirt puts them into a file that is known here. In a session of this computer the file
 * is there; elsewhere it may not be yet.
 *
 * Returns: (transfer full): @xml with that file, else @xml as it is; %NULL when it cannot be read
 */
char *kvmm_domain_order_name_settings (KvmmVirtConnect *connect,
                                       const KvmmDomainOrder *order,
                                       const char *xml,
                                       GError **error);

/** kvmm_domain_order_return_done: any thread: for calls that only succeed or fail. @error:
 * (transfer full) (nullable) */
void kvmm_domain_order_return_done (GTask *task, gboolean is_done, GError *error);

G_END_DECLS

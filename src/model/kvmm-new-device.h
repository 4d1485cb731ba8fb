/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-new-device.h"

G_BEGIN_DECLS

/* Giving a machine a device that it does not have. Main thread only. */

/* What there is to choose from. */
typedef struct
{
  char *stored_xml;
  char *live_xml;     /* (nullable) while the machine runs */
  GPtrArray *kinds;   /* (element-type KvmmXmlNewKind) */
  gboolean is_remote; /* paths are the host's, not this computer's */
} KvmmNewDeviceChoices;
void kvmm_new_device_choices_free (KvmmNewDeviceChoices *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmNewDeviceChoices, kvmm_new_device_choices_free)

void kvmm_new_device_look_async (KvmmDomain *domain,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/** kvmm_new_device_look_finish: Returns: (transfer full): %NULL with KVMM_VIRT_ERROR,
 * KVMM_XML_ERROR or G_IO_ERROR_CANCELLED */
KvmmNewDeviceChoices *
kvmm_new_device_look_finish (KvmmDomain *domain, GAsyncResult *result, GError **error);

#define KVMM_NEW_DEVICE_ERROR (kvmm_new_device_error_quark ())
GQuark kvmm_new_device_error_quark (void);
typedef enum
{
  KVMM_NEW_DEVICE_ERROR_INVALID, /* the message says what, and what would do */
  KVMM_NEW_DEVICE_ERROR_AT_ONCE, /* libvirt's words; with the next start it may go */
  KVMM_NEW_DEVICE_ERROR_SHARED,  /* a machine has this disk already: ask, then say that it may be
                                    shared */
} KvmmNewDeviceError;

typedef struct
{
  gboolean needs_restart; /* the machine runs, and has it with its next start only */
} KvmmNewDeviceAdded;

#define KVMM_NEW_DEVICE_MAY_SHARE ":may-share"

/**
 * kvmm_new_device_add_async:
 * @kind: of the choices
 * @values: (element-type utf8 utf8): by the paths of its fields; copied
 *     With KVMM_NEW_DEVICE_MAY_SHARE, "yes", a disk may be that of another machine
 * @at_once: also to the machine that runs, where kvmm_xml_new_device_is_hot()
 *
 * A running machine and its definition get it both or neither. A volume that is made for it goes
 * again when the machine does not get it. Cancelling detaches.
 */
void kvmm_new_device_add_async (KvmmDomain *domain,
                                const char *kind,
                                GHashTable *values,
                                gboolean at_once,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
/** kvmm_new_device_add_finish: Returns: (transfer full): free it with g_free(); %NULL with
 * KVMM_NEW_DEVICE_ERROR, KVMM_XML_ERROR or KVMM_VIRT_ERROR */
KvmmNewDeviceAdded *
kvmm_new_device_add_finish (KvmmDomain *domain, GAsyncResult *result, GError **error);

G_END_DECLS

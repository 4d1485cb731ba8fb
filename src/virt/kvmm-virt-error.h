/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* libvirt's errors in ten words of ours. Any thread. */

typedef enum
{
  KVMM_VIRT_ERROR_FAILED, /* anything else */
  KVMM_VIRT_ERROR_NO_SUCH_OBJECT,
  KVMM_VIRT_ERROR_ACCESS_DENIED, /* permission, polkit refusal, not in group libvirt */
  KVMM_VIRT_ERROR_AUTH_CANCELLED,
  KVMM_VIRT_ERROR_CONNECTION_LOST, /* also: cannot be reached at all */
  KVMM_VIRT_ERROR_INVALID_STATE,   /* "domain is not running" … */
  KVMM_VIRT_ERROR_UNSUPPORTED,     /* the driver cannot: hide the control */
  KVMM_VIRT_ERROR_TIMEOUT,
  KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE, /* the QEMU guest agent */
  KVMM_VIRT_ERROR_INVALID_XML,
  KVMM_VIRT_ERROR_IN_USE,  /* "Active channel stream exists for this domain" */
  KVMM_VIRT_ERROR_STORAGE, /* a file of the machine cannot be opened on the host */
} KvmmVirtErrorCode;

#define KVMM_VIRT_ERROR (kvmm_virt_error_quark ())
/* An extended error domain: the GError also carries libvirt's own code and domain. */
GQuark kvmm_virt_error_quark (void);

/** kvmm_virt_error_get_code: Returns: libvirt's VIR_ERR_* of @error, 0 if @error is of another
 * domain */
int kvmm_virt_error_get_code (const GError *error);
/** kvmm_virt_error_get_domain: Returns: libvirt's VIR_FROM_* of @error, 0 if @error is of another
 * domain */
int kvmm_virt_error_get_domain (const GError *error);
/** kvmm_virt_error_get_code_name: Returns: (transfer none): "VIR_ERR_OPERATION_INVALID" or "VIR_ERR
 * 123" is "" when unknown */
const char *kvmm_virt_error_get_code_name (const GError *error);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-console.h"

#include <glib/gi18n.h>

#include "virt/kvmm-virt-private.h"

static KvmmVirtErrorCode
classify_graphics_failure (void)
{
  const virError *last = virGetLastError ();

  if (last && last->domain == VIR_FROM_QEMU && last->code == VIR_ERR_INTERNAL_ERROR)
    return KVMM_VIRT_ERROR_NO_SUCH_OBJECT;
  /* "fd passing is not supported" and "no way to pass FD" of a connection that is no unix socket.
   */
  if (last && last->code == VIR_ERR_NO_SUPPORT)
    return KVMM_VIRT_ERROR_UNSUPPORTED;
  return KVMM_VIRT_ERROR_FAILED;
}

/* To be called right after the failing call. */
static void
take_failure (KvmmVirtConnect *self,
              const char *uuid,
              KvmmVirtErrorCode code,
              const char *what,
              GError **error)
{
  g_autoptr (GError) failure = NULL;

  kvmm_virt_error_take (&failure, what);
  if (code != KVMM_VIRT_ERROR_FAILED)
    failure->code = (int) code;
  if (kvmm_virt_error_get_code (failure) == VIR_ERR_NO_DOMAIN)
    kvmm_virt_connect_forget_domain (self, uuid);
  g_propagate_error (error, g_steal_pointer (&failure));
}

int
kvmm_virt_domain_open_graphics_fd (KvmmVirtConnect *self,
                                   const char *uuid,
                                   guint index,
                                   GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, -1);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  g_autoptr (virDomain) domain =
      connect ? kvmm_virt_connect_acquire_domain (self, uuid, error) : NULL;
  if (!domain)
    return -1;

  g_autofree char *what =
      g_strdup_printf (_ ("Could not open the screen of “%s”"), virDomainGetName (domain));
  int fd = virDomainOpenGraphicsFD (domain, index, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
  if (fd < 0)
    take_failure (self, uuid, classify_graphics_failure (), what, error);
  return fd;
}

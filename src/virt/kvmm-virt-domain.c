/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "virt/kvmm-virt-private.h"

/* What one can do to a domain. Every call takes the cached handle, so that it is one RPC. */

typedef enum
{
  ACTION_START,
  ACTION_SHUT_DOWN,
  ACTION_REBOOT,
  ACTION_FORCE_OFF,
  ACTION_RESET,
  ACTION_PAUSE,
  ACTION_RESUME,
  ACTION_SAVE,
  ACTION_SET_AUTOSTART,
  ACTION_WAKE_UP,
  ACTION_ATTACH,
  ACTION_UPDATE,
  ACTION_DETACH,
} Action;

static char *
describe_failure (Action action, const char *name)
{
  switch (action)
    {
    case ACTION_START:
      return g_strdup_printf (_ ("Could not start “%s”"), name);
    case ACTION_SHUT_DOWN:
      return g_strdup_printf (_ ("Could not shut down “%s”"), name);
    case ACTION_REBOOT:
      return g_strdup_printf (_ ("Could not reboot “%s”"), name);
    case ACTION_FORCE_OFF:
      return g_strdup_printf (_ ("Could not force off “%s”"), name);
    case ACTION_RESET:
      return g_strdup_printf (_ ("Could not reset “%s”"), name);
    case ACTION_PAUSE:
      return g_strdup_printf (_ ("Could not pause “%s”"), name);
    case ACTION_RESUME:
      return g_strdup_printf (_ ("Could not resume “%s”"), name);
    case ACTION_SAVE:
      return g_strdup_printf (_ ("Could not save “%s”"), name);
    case ACTION_SET_AUTOSTART:
      return g_strdup_printf (_ ("Could not change the autostart of “%s”"), name);
    case ACTION_WAKE_UP:
      return g_strdup_printf (_ ("Could not wake up “%s”"), name);
    case ACTION_ATTACH:
      return g_strdup_printf (_ ("Could not add the device to “%s”"), name);
    case ACTION_UPDATE:
      return g_strdup_printf (_ ("Could not change the device of “%s”"), name);
    case ACTION_DETACH:
      return g_strdup_printf (_ ("Could not remove the device from “%s”"), name);
    default:
      g_assert_not_reached ();
    }
}

/* What an action may need beside the domain. */
typedef struct
{
  gboolean flag;
  const char *xml;
  KvmmAffectFlags affect;
  unsigned int flags; /* libvirt's own */
} Arguments;

static unsigned int
to_libvirt_flags (KvmmAffectFlags affect)
{
  unsigned int flags = 0;
  if (affect & KVMM_AFFECT_LIVE)
    flags |= VIR_DOMAIN_DEVICE_MODIFY_LIVE;
  if (affect & KVMM_AFFECT_CONFIG)
    flags |= VIR_DOMAIN_DEVICE_MODIFY_CONFIG;
  if (affect & KVMM_AFFECT_FORCE)
    flags |= VIR_DOMAIN_DEVICE_MODIFY_FORCE;
  return flags;
}

static int
call (virDomainPtr domain, Action action, const Arguments *arguments)
{
  switch (action)
    {
    case ACTION_START:
      return virDomainCreateWithFlags (domain, arguments->flag ? VIR_DOMAIN_START_PAUSED : 0);
    case ACTION_SHUT_DOWN:
      return arguments->flags ? virDomainShutdownFlags (domain, arguments->flags)
                              : virDomainShutdown (domain);
    case ACTION_REBOOT:
      return virDomainReboot (domain, arguments->flags);
    case ACTION_FORCE_OFF:
      return virDomainDestroy (domain);
    case ACTION_RESET:
      return virDomainReset (domain, 0);
    case ACTION_PAUSE:
      return virDomainSuspend (domain);
    case ACTION_RESUME:
      return virDomainResume (domain);
    case ACTION_SAVE:
      return virDomainManagedSave (domain, 0);
    case ACTION_SET_AUTOSTART:
      return virDomainSetAutostart (domain, arguments->flag ? 1 : 0);
    case ACTION_WAKE_UP:
      return virDomainPMWakeup (domain, 0);
    case ACTION_ATTACH:
      return virDomainAttachDeviceFlags (domain, arguments->xml,
                                         to_libvirt_flags (arguments->affect));
    case ACTION_UPDATE:
      return virDomainUpdateDeviceFlags (domain, arguments->xml,
                                         to_libvirt_flags (arguments->affect));
    case ACTION_DETACH:
      return virDomainDetachDeviceFlags (domain, arguments->xml,
                                         to_libvirt_flags (arguments->affect));
    default:
      g_assert_not_reached ();
    }
}

static gboolean
act (KvmmVirtConnect *self,
     const char *uuid,
     Action action,
     const Arguments *arguments,
     GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return FALSE;
  /* Before the call: this too wipes libvirt's last error. */
  const char *name = virDomainGetName (domain);
  if (call (domain, action, arguments) == 0)
    return TRUE;

  g_autoptr (GError) failure = NULL;
  g_autofree char *what = describe_failure (action, name);
  kvmm_virt_error_take (&failure, what);
  if (g_error_matches (failure, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_NO_SUCH_OBJECT) &&
      kvmm_virt_error_get_code (failure) == VIR_ERR_NO_DOMAIN)
    kvmm_virt_connect_forget_domain (self, uuid);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
kvmm_virt_domain_start (KvmmVirtConnect *self, const char *uuid, gboolean paused, GError **error)
{
  return act (self, uuid, ACTION_START, &(Arguments){ .flag = paused }, error);
}

gboolean
kvmm_virt_domain_shutdown (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_SHUT_DOWN, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_reboot (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_REBOOT, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_ask (
    KvmmVirtConnect *self, const char *uuid, gboolean restart, gboolean by_agent, GError **error)
{
  Action action = restart ? ACTION_REBOOT : ACTION_SHUT_DOWN;
  Arguments arguments = { 0 };
  g_autoptr (GError) failure = NULL;

  if (restart)
    arguments.flags = by_agent ? VIR_DOMAIN_REBOOT_GUEST_AGENT : VIR_DOMAIN_REBOOT_ACPI_POWER_BTN;
  else
    arguments.flags =
        by_agent ? VIR_DOMAIN_SHUTDOWN_GUEST_AGENT : VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
  if (act (self, uuid, action, &arguments, &failure))
    return TRUE;
  /* A driver that knows one way only knows no flags. */
  if (by_agent || kvmm_virt_error_get_code (failure) != VIR_ERR_INVALID_ARG)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  arguments.flags = 0;
  return act (self, uuid, action, &arguments, error);
}

gboolean
kvmm_virt_domain_force_off (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_FORCE_OFF, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_reset (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_RESET, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_pause (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_PAUSE, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_resume (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_RESUME, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_save (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_SAVE, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_set_autostart (KvmmVirtConnect *self,
                                const char *uuid,
                                gboolean autostart,
                                GError **error)
{
  return act (self, uuid, ACTION_SET_AUTOSTART, &(Arguments){ .flag = autostart }, error);
}

gboolean
kvmm_virt_domain_wakeup (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  return act (self, uuid, ACTION_WAKE_UP, &(Arguments){ 0 }, error);
}

gboolean
kvmm_virt_domain_attach_device (
    KvmmVirtConnect *self, const char *uuid, const char *xml, KvmmAffectFlags flags, GError **error)
{
  g_return_val_if_fail (xml != NULL && !(flags & KVMM_AFFECT_FORCE), FALSE);
  return act (self, uuid, ACTION_ATTACH, &(Arguments){ .xml = xml, .affect = flags }, error);
}

gboolean
kvmm_virt_domain_update_device (
    KvmmVirtConnect *self, const char *uuid, const char *xml, KvmmAffectFlags flags, GError **error)
{
  g_return_val_if_fail (xml != NULL, FALSE);
  return act (self, uuid, ACTION_UPDATE, &(Arguments){ .xml = xml, .affect = flags }, error);
}

gboolean
kvmm_virt_domain_detach_device (
    KvmmVirtConnect *self, const char *uuid, const char *xml, KvmmAffectFlags flags, GError **error)
{
  g_return_val_if_fail (xml != NULL && !(flags & KVMM_AFFECT_FORCE), FALSE);
  return act (self, uuid, ACTION_DETACH, &(Arguments){ .xml = xml, .affect = flags }, error);
}

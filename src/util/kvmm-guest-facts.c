/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-guest-facts.h"

#include <gio/gio.h>
#include <string.h>

void
kvmm_guest_system_free (KvmmGuestSystem *self)
{
  if (self == NULL)
    return;
  g_free (self->os_id);
  g_free (self->os_name);
  g_free (self->os_version);
  g_free (self->os_pretty);
  g_free (self->kernel);
  g_free (self->arch);
  g_free (self->hostname);
  g_free (self->boot_id);
  g_free (self->timezone);
  g_free (self->virt);
  g_free (self);
}

KvmmGuestSystem *
kvmm_guest_system_copy (const KvmmGuestSystem *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  KvmmGuestSystem *copy = g_memdup2 (self, sizeof *self);
  copy->os_id = g_strdup (self->os_id);
  copy->os_name = g_strdup (self->os_name);
  copy->os_version = g_strdup (self->os_version);
  copy->os_pretty = g_strdup (self->os_pretty);
  copy->kernel = g_strdup (self->kernel);
  copy->arch = g_strdup (self->arch);
  copy->hostname = g_strdup (self->hostname);
  copy->boot_id = g_strdup (self->boot_id);
  copy->timezone = g_strdup (self->timezone);
  copy->virt = g_strdup (self->virt);
  return copy;
}

gboolean
kvmm_guest_system_equal (const KvmmGuestSystem *a, const KvmmGuestSystem *b)
{
  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL)
    return FALSE;
  return g_strcmp0 (a->os_id, b->os_id) == 0 && g_strcmp0 (a->os_name, b->os_name) == 0 &&
         g_strcmp0 (a->os_version, b->os_version) == 0 &&
         g_strcmp0 (a->os_pretty, b->os_pretty) == 0 && g_strcmp0 (a->kernel, b->kernel) == 0 &&
         g_strcmp0 (a->arch, b->arch) == 0 && g_strcmp0 (a->hostname, b->hostname) == 0 &&
         g_strcmp0 (a->boot_id, b->boot_id) == 0 && g_strcmp0 (a->timezone, b->timezone) == 0 &&
         g_strcmp0 (a->virt, b->virt) == 0 && a->boot_time_s == b->boot_time_s &&
         a->uptime_ms == b->uptime_ms && a->cpus == b->cpus && a->memory_bytes == b->memory_bytes;
}

void
kvmm_guest_metrics_free (KvmmGuestMetrics *self)
{
  g_free (self);
}

KvmmGuestMetrics *
kvmm_guest_metrics_copy (const KvmmGuestMetrics *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_memdup2 (self, sizeof *self);
}

void
kvmm_guest_address_free (KvmmGuestAddress *self)
{
  if (self == NULL)
    return;
  g_free (self->ip);
  g_free (self->scope);
  g_free (self);
}

static KvmmGuestAddress *
guest_address_copy (const KvmmGuestAddress *self)
{
  KvmmGuestAddress *copy = g_memdup2 (self, sizeof *self);

  copy->ip = g_strdup (self->ip);
  copy->scope = g_strdup (self->scope);
  return copy;
}

static gboolean
guest_address_equal (const KvmmGuestAddress *a, const KvmmGuestAddress *b)
{
  return g_strcmp0 (a->ip, b->ip) == 0 && a->prefix == b->prefix &&
         g_strcmp0 (a->scope, b->scope) == 0 && a->is_dynamic == b->is_dynamic;
}

void
kvmm_guest_interface_free (KvmmGuestInterface *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->mac);
  g_free (self->state);
  g_free (self->kind);
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_free (self);
}

KvmmGuestInterface *
kvmm_guest_interface_copy (const KvmmGuestInterface *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  KvmmGuestInterface *copy = g_memdup2 (self, sizeof *self);
  copy->name = g_strdup (self->name);
  copy->mac = g_strdup (self->mac);
  copy->state = g_strdup (self->state);
  copy->kind = g_strdup (self->kind);
  copy->addresses =
      g_ptr_array_new_full (self->addresses->len, (GDestroyNotify) kvmm_guest_address_free);
  for (guint i = 0; i < self->addresses->len; i++)
    g_ptr_array_add (copy->addresses, guest_address_copy (self->addresses->pdata[i]));
  return copy;
}

gboolean
kvmm_guest_interface_equal (const KvmmGuestInterface *a, const KvmmGuestInterface *b)
{
  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL)
    return FALSE;
  if (g_strcmp0 (a->name, b->name) != 0 || g_strcmp0 (a->mac, b->mac) != 0 ||
      g_strcmp0 (a->state, b->state) != 0 || g_strcmp0 (a->kind, b->kind) != 0 ||
      a->index != b->index || a->mtu != b->mtu || a->is_virtual != b->is_virtual ||
      a->rx_bytes != b->rx_bytes || a->tx_bytes != b->tx_bytes ||
      a->addresses->len != b->addresses->len)
    return FALSE;
  for (guint i = 0; i < a->addresses->len; i++)
    if (!guest_address_equal (a->addresses->pdata[i], b->addresses->pdata[i]))
      return FALSE;
  return TRUE;
}

void
kvmm_guest_filesystem_free (KvmmGuestFilesystem *self)
{
  if (self == NULL)
    return;
  g_free (self->mount);
  g_free (self->device);
  g_free (self->type);
  g_free (self->disk_serial);
  g_free (self);
}

KvmmGuestFilesystem *
kvmm_guest_filesystem_copy (const KvmmGuestFilesystem *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  KvmmGuestFilesystem *copy = g_memdup2 (self, sizeof *self);
  copy->mount = g_strdup (self->mount);
  copy->device = g_strdup (self->device);
  copy->type = g_strdup (self->type);
  copy->disk_serial = g_strdup (self->disk_serial);
  return copy;
}

gboolean
kvmm_guest_filesystem_equal (const KvmmGuestFilesystem *a, const KvmmGuestFilesystem *b)
{
  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL)
    return FALSE;
  return g_strcmp0 (a->mount, b->mount) == 0 && g_strcmp0 (a->device, b->device) == 0 &&
         g_strcmp0 (a->type, b->type) == 0 && g_strcmp0 (a->disk_serial, b->disk_serial) == 0 &&
         a->total_bytes == b->total_bytes && a->used_bytes == b->used_bytes &&
         a->available_bytes == b->available_bytes && a->is_read_only == b->is_read_only &&
         a->is_stale == b->is_stale;
}

void
kvmm_guest_user_free (KvmmGuestUser *self)
{
  if (self == NULL)
    return;
  g_free (self->user);
  g_free (self->terminal);
  g_free (self->remote_host);
  g_free (self);
}

KvmmGuestUser *
kvmm_guest_user_copy (const KvmmGuestUser *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  KvmmGuestUser *copy = g_memdup2 (self, sizeof *self);
  copy->user = g_strdup (self->user);
  copy->terminal = g_strdup (self->terminal);
  copy->remote_host = g_strdup (self->remote_host);
  return copy;
}

gboolean
kvmm_guest_user_equal (const KvmmGuestUser *a, const KvmmGuestUser *b)
{
  if (a == b)
    return TRUE;
  if (a == NULL || b == NULL)
    return FALSE;
  return g_strcmp0 (a->user, b->user) == 0 && g_strcmp0 (a->terminal, b->terminal) == 0 &&
         g_strcmp0 (a->remote_host, b->remote_host) == 0 && a->login_time_s == b->login_time_s;
}

/* The QEMU guest agent tells no state: an interface counts as up unless somebody said otherwise. */
static gboolean
interface_is_up (const KvmmGuestInterface *self)
{
  static const char *const down[] = { "down", "lowerlayerdown", "dormant", "notpresent", NULL };

  return self->state == NULL || !g_strv_contains (down, self->state);
}

/* Nor does it tell a scope: then the address itself says. */
static gboolean
address_is_global (const KvmmGuestAddress *self)
{
  if (self->ip == NULL)
    return FALSE;
  if (self->scope != NULL)
    return strcmp (self->scope, "global") == 0;

  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (self->ip);
  return address != NULL && !g_inet_address_get_is_any (address) &&
         !g_inet_address_get_is_loopback (address) && !g_inet_address_get_is_link_local (address) &&
         !g_inet_address_get_is_multicast (address);
}

static const char *
find_address (GPtrArray *interfaces, gboolean is_virtual, gboolean is_ipv6)
{
  for (guint i = 0; i < interfaces->len; i++)
    {
      const KvmmGuestInterface *interface = interfaces->pdata[i];

      if (interface->is_virtual != is_virtual || !interface_is_up (interface))
        continue;
      for (guint j = 0; j < interface->addresses->len; j++)
        {
          const KvmmGuestAddress *address = interface->addresses->pdata[j];

          if (address_is_global (address) && (strchr (address->ip, ':') != NULL) == is_ipv6)
            return address->ip;
        }
    }
  return NULL;
}

const char *
kvmm_guest_interfaces_primary_address (GPtrArray *interfaces)
{
  if (interfaces == NULL)
    return NULL;
  for (guint is_virtual = 0; is_virtual < 2; is_virtual++)
    for (guint is_ipv6 = 0; is_ipv6 < 2; is_ipv6++)
      {
        const char *ip = find_address (interfaces, is_virtual == 1, is_ipv6 == 1);

        if (ip != NULL)
          return ip;
      }
  return NULL;
}

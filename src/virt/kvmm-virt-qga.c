/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>
#include <libvirt/libvirt-qemu.h>

#include "util/kvmm-guest-text.h"
#include "virt/kvmm-virt-private.h"

/* What the QEMU guest agent and the host's own tables know about a guest. The keys are those of
 * virDomainGetGuestInfo(3). All of it was said by the guest: counted, bounded and sanitised. */

/* Container hosts list dozens of interfaces; nobody reads more than this. */
#define MAX_ITEMS 256
#define MAX_ADDRESSES 64

typedef struct
{
  virTypedParameterPtr params; /* (unowned) */
  int n_params;
} Params;

static const virTypedParameter *
find (Params *self, const char *key)
{
  for (int i = 0; i < self->n_params; i++)
    if (g_str_equal (self->params[i].field, key))
      return &self->params[i];
  return NULL;
}

/* Returns: (transfer full) (nullable): sanitised */
static char *
dup_text (Params *self, const char *key)
{
  const virTypedParameter *param = find (self, key);
  if (!param || param->type != VIR_TYPED_PARAM_STRING || !param->value.s)
    return NULL;
  return kvmm_guest_text_sanitise (param->value.s, -1);
}

static guint64
get_number (Params *self, const char *key)
{
  const virTypedParameter *param = find (self, key);
  if (!param)
    return 0;
  switch (param->type)
    {
    case VIR_TYPED_PARAM_UINT:
      return param->value.ui;
    case VIR_TYPED_PARAM_ULLONG:
      return param->value.ul;
    case VIR_TYPED_PARAM_INT:
      return (guint64) MAX (param->value.i, 0);
    case VIR_TYPED_PARAM_LLONG:
      return (guint64) MAX (param->value.l, 0);
    default:
      return 0;
    }
}

/* The value of "@group.@index.@field". */
static char *
dup_item_text (Params *self, const char *group, guint index, const char *field)
{
  g_autofree char *key = g_strdup_printf ("%s.%u.%s", group, index, field);
  return dup_text (self, key);
}

static guint64
get_item_number (Params *self, const char *group, guint index, const char *field)
{
  g_autofree char *key = g_strdup_printf ("%s.%u.%s", group, index, field);
  return get_number (self, key);
}

static guint
get_count (Params *self, const char *key, guint max)
{
  return (guint) MIN (get_number (self, key), max);
}

static KvmmGuestSystem *
read_system (Params *params)
{
  KvmmGuestSystem *system = g_new0 (KvmmGuestSystem, 1);
  system->os_id = dup_text (params, "os.id");
  system->os_name = dup_text (params, "os.name");
  system->os_version = dup_text (params, "os.version-id");
  system->os_pretty = dup_text (params, "os.pretty-name");
  system->kernel = dup_text (params, "os.kernel-release");
  system->arch = dup_text (params, "os.machine");
  system->hostname = dup_text (params, "hostname");
  system->timezone = dup_text (params, "timezone.name");
  if (system->os_pretty || system->os_name || system->hostname || system->kernel)
    return system;
  kvmm_guest_system_free (system);
  return NULL;
}

/* Returns: (transfer full) (nullable): %NULL when the agent did not tell */
static GPtrArray *
read_filesystems (Params *params)
{
  if (!find (params, "fs.count"))
    return NULL;

  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_filesystem_free);
  guint count = get_count (params, "fs.count", MAX_ITEMS);
  for (guint i = 0; i < count; i++)
    {
      KvmmGuestFilesystem *item = g_new0 (KvmmGuestFilesystem, 1);
      item->mount = dup_item_text (params, "fs", i, "mountpoint");
      item->device = dup_item_text (params, "fs", i, "name");
      item->type = dup_item_text (params, "fs", i, "fstype");
      item->disk_serial = dup_item_text (params, "fs", i, "disk.0.serial");
      item->total_bytes = get_item_number (params, "fs", i, "total-bytes");
      item->used_bytes = MIN (get_item_number (params, "fs", i, "used-bytes"), item->total_bytes);
      item->available_bytes = item->total_bytes - item->used_bytes;
      g_ptr_array_add (result, item);
    }
  return result;
}

static GPtrArray *
read_users (Params *params)
{
  if (!find (params, "user.count"))
    return NULL;

  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_user_free);
  guint count = get_count (params, "user.count", MAX_ITEMS);
  for (guint i = 0; i < count; i++)
    {
      KvmmGuestUser *item = g_new0 (KvmmGuestUser, 1);
      item->user = dup_item_text (params, "user", i, "name");
      item->login_time_s = (gint64) (get_item_number (params, "user", i, "login-time") / 1000);
      g_ptr_array_add (result, item);
    }
  return result;
}

/* ---- interfaces ---- */

/* By name and, where there is one, by MAC: what libvirt tells says nothing about the kind. */
static gboolean
is_virtual_name (const char *name)
{
  static const char *const prefixes[] = { "docker",  "br-",  "veth", "virbr", "cni",
                                          "flannel", "cali", "vnet", "tap",   "podman" };
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return TRUE;
  return FALSE;
}

static const char *
get_scope (const char *ip)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (ip);
  if (!address)
    return "global";
  if (g_inet_address_get_is_loopback (address))
    return "host";
  if (g_inet_address_get_is_link_local (address))
    return "link";
  return g_inet_address_get_is_site_local (address) &&
                 g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
             ? "site"
             : "global";
}

/* (transfer full) @name, @mac: sanitised */
static KvmmGuestInterface *
new_interface (char *name, char *mac)
{
  KvmmGuestInterface *item = g_new0 (KvmmGuestInterface, 1);
  gboolean loopback = g_strcmp0 (name, "lo") == 0;
  item->name = name ? name : g_strdup ("");
  item->mac = mac;
  /* An address is reported for what is up; nothing tells about the others. */
  item->state = g_strdup ("unknown");
  item->kind = g_strdup (loopback ? "loopback" : "ether");
  item->is_virtual = loopback || is_virtual_name (item->name);
  item->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_address_free);
  return item;
}

static void
add_address (KvmmGuestInterface *item, const char *ip, guint64 prefix)
{
  if (!ip || !*ip || item->addresses->len >= MAX_ADDRESSES)
    return;
  KvmmGuestAddress *address = g_new0 (KvmmGuestAddress, 1);
  address->ip = kvmm_guest_text_sanitise (ip, -1);
  address->prefix = (guint) MIN (prefix, 128);
  address->scope = g_strdup (get_scope (address->ip));
  g_ptr_array_add (item->addresses, address);
  if (g_str_equal (item->state, "unknown"))
    {
      g_free (item->state);
      item->state = g_strdup ("up");
    }
}

static GPtrArray *
read_interfaces (Params *params)
{
  if (!find (params, "if.count"))
    return NULL;

  GPtrArray *result = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_interface_free);
  guint count = get_count (params, "if.count", MAX_ITEMS);
  for (guint i = 0; i < count; i++)
    {
      KvmmGuestInterface *item = new_interface (dup_item_text (params, "if", i, "name"),
                                                dup_item_text (params, "if", i, "hwaddr"));
      guint n_addresses =
          (guint) MIN (get_item_number (params, "if", i, "addr.count"), MAX_ADDRESSES);
      for (guint j = 0; j < n_addresses; j++)
        {
          g_autofree char *group = g_strdup_printf ("if.%u.addr", i);
          g_autofree char *ip = dup_item_text (params, group, j, "addr");
          add_address (item, ip, get_item_number (params, group, j, "prefix"));
        }
      g_ptr_array_add (result, item);
    }
  return result;
}

void
kvmm_qga_facts_free (KvmmQgaFacts *self)
{
  if (!self)
    return;
  g_clear_pointer (&self->system, kvmm_guest_system_free);
  g_clear_pointer (&self->interfaces, g_ptr_array_unref);
  g_clear_pointer (&self->filesystems, g_ptr_array_unref);
  g_clear_pointer (&self->users, g_ptr_array_unref);
  g_free (self);
}

KvmmQgaFacts *
kvmm_qga_facts_new (virTypedParameterPtr params, int n_params)
{
  Params answer = { .params = params, .n_params = n_params };
  KvmmQgaFacts *facts = g_new0 (KvmmQgaFacts, 1);
  facts->system = read_system (&answer);
  facts->interfaces = read_interfaces (&answer);
  facts->filesystems = read_filesystems (&answer);
  facts->users = read_users (&answer);
  return facts;
}

KvmmQgaFacts *
kvmm_virt_domain_read_qga (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, NULL);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return NULL;

  const char *name = virDomainGetName (domain);
  virTypedParameterPtr params = NULL;
  int n_params = 0;
  /* 0 asks for all that this agent knows, and skips what it does not. */
  if (virDomainGetGuestInfo (domain, 0, &params, &n_params, 0) < 0)
    {
      g_autofree char *what =
          g_strdup_printf (_ ("The QEMU guest agent of “%s” gave no answer"), name);
      kvmm_virt_error_take (error, what);
      return NULL;
    }

  KvmmQgaFacts *facts = kvmm_qga_facts_new (params, n_params);
  virTypedParamsFree (params, n_params);
  return facts;
}

/* ---- what it can do ---- */

/* Returns: @result, with @error set when it is -1 */
static int
check (int result, const char *format, const char *name, GError **error)
{
  if (result >= 0)
    return result;
  g_autoptr (GString) what = g_string_new (format);
  g_string_replace (what, "%s", name, 1);
  kvmm_virt_error_take (error, what->str);
  return -1;
}

int
kvmm_virt_domain_freeze_qga (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, -1);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return -1;
  const char *name = virDomainGetName (domain);
  return check (virDomainFSFreeze (domain, NULL, 0, 0),
                _ ("Could not freeze the file systems of “%s”"), name, error);
}

int
kvmm_virt_domain_thaw_qga (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, -1);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return -1;
  const char *name = virDomainGetName (domain);
  return check (virDomainFSThaw (domain, NULL, 0, 0), _ ("Could not thaw the file systems of “%s”"),
                name, error);
}

gboolean
kvmm_virt_domain_set_password_qga (KvmmVirtConnect *self,
                                   const char *uuid,
                                   const char *user,
                                   const char *crypt_hash,
                                   GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, FALSE);
  g_return_val_if_fail (user != NULL && crypt_hash != NULL, FALSE);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return FALSE;
  const char *name = virDomainGetName (domain);
  return check (virDomainSetUserPassword (domain, user, crypt_hash, VIR_DOMAIN_PASSWORD_ENCRYPTED),
                _ ("Could not set a password in “%s”"), name, error) >= 0;
}

char *
kvmm_virt_domain_command_qga (
    KvmmVirtConnect *self, const char *uuid, const char *command, int timeout_s, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL && command != NULL, NULL);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return NULL;
  const char *name = virDomainGetName (domain);
  char *reply = virDomainQemuAgentCommand (domain, command, timeout_s, 0);
  if (!reply)
    {
      g_autofree char *what =
          g_strdup_printf (_ ("The QEMU guest agent of “%s” did not do it"), name);
      kvmm_virt_error_take (error, what);
    }
  return reply;
}

/* ---- what the host knows ---- */

static KvmmGuestInterface *
find_by_mac (GPtrArray *interfaces, const char *mac)
{
  for (guint i = 0; i < interfaces->len; i++)
    {
      KvmmGuestInterface *item = interfaces->pdata[i];
      if (g_strcmp0 (item->mac, mac) == 0)
        return item;
    }
  return NULL;
}

static gboolean
has_address (KvmmGuestInterface *item, const char *ip)
{
  for (guint i = 0; i < item->addresses->len; i++)
    {
      const KvmmGuestAddress *address = item->addresses->pdata[i];
      if (g_strcmp0 (address->ip, ip) == 0)
        return TRUE;
    }
  return FALSE;
}

/* A source that the driver lacks adds nothing. Returns: %FALSE when the connection or the domain is
 * gone */
static gboolean
add_from_source (virDomainPtr domain, unsigned int source, GPtrArray *result, GError **error)
{
  const char *name = virDomainGetName (domain);
  virDomainInterfacePtr *interfaces = NULL;
  int n_interfaces = virDomainInterfaceAddresses (domain, &interfaces, source, 0);
  if (n_interfaces < 0)
    {
      g_autoptr (GError) failure = NULL;
      g_autofree char *what = g_strdup_printf (_ ("Could not read the addresses of “%s”"), name);
      kvmm_virt_error_take (&failure, what);
      gboolean fatal =
          kvmm_virt_error_get_code (failure) == VIR_ERR_NO_DOMAIN ||
          g_error_matches (failure, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_CONNECTION_LOST) ||
          g_error_matches (failure, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_INVALID_STATE);
      if (fatal)
        g_propagate_error (error, g_steal_pointer (&failure));
      return !fatal;
    }

  for (int i = 0; i < n_interfaces; i++)
    {
      virDomainInterfacePtr from = interfaces[i];
      KvmmGuestInterface *item = from->hwaddr ? find_by_mac (result, from->hwaddr) : NULL;
      if (!item && result->len < MAX_ITEMS)
        {
          char *mac = from->hwaddr ? kvmm_guest_text_sanitise (from->hwaddr, -1) : NULL;
          item = new_interface (kvmm_guest_text_sanitise (from->name, -1), mac);
          /* The name is that of the host's tap device, which says nothing about the guest's. */
          item->is_virtual = FALSE;
          g_ptr_array_add (result, item);
        }
      for (guint j = 0; item && j < from->naddrs; j++)
        if (!has_address (item, from->addrs[j].addr))
          add_address (item, from->addrs[j].addr, from->addrs[j].prefix);
      virDomainInterfaceFree (from);
    }
  g_free (interfaces);
  return TRUE;
}

GPtrArray *
kvmm_virt_domain_read_addresses (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_return_val_if_fail (self != NULL && uuid != NULL, NULL);

  g_autoptr (virDomain) domain = kvmm_virt_connect_acquire_domain (self, uuid, error);
  if (!domain)
    return NULL;

  g_autoptr (GPtrArray) result =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_interface_free);
  if (!add_from_source (domain, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, result, error) ||
      !add_from_source (domain, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP, result, error))
    return NULL;
  return g_steal_pointer (&result);
}

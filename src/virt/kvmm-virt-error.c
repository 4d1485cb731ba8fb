/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-error.h"

#include <errno.h>

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"
#include "virt/kvmm-virt-private.h"

/* libvirt's texts may quote guests and files: long ones are cut, so that a toast stays a toast. */
#define MAX_MESSAGE_BYTES 2048

typedef struct
{
  int code;
  int domain;
} KvmmVirtErrorPrivate;

static void
kvmm_virt_error_private_init (KvmmVirtErrorPrivate *priv)
{
  priv->code = VIR_ERR_OK;
  priv->domain = VIR_FROM_NONE;
}

static void
kvmm_virt_error_private_copy (const KvmmVirtErrorPrivate *source, KvmmVirtErrorPrivate *target)
{
  *target = *source;
}

static void
kvmm_virt_error_private_clear (KvmmVirtErrorPrivate *priv)
{
}

/* Defines the quark and the accessor of the private data, which GLib allocates aligned although the
 * macro's cast does not show it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-align"
G_DEFINE_EXTENDED_ERROR (KvmmVirtError, kvmm_virt_error)
#pragma GCC diagnostic pop

#define NAME(code) [code] = #code
static const char *const code_names[] = {
  NAME (VIR_ERR_INTERNAL_ERROR),
  NAME (VIR_ERR_NO_MEMORY),
  NAME (VIR_ERR_NO_SUPPORT),
  NAME (VIR_ERR_UNKNOWN_HOST),
  NAME (VIR_ERR_NO_CONNECT),
  NAME (VIR_ERR_INVALID_CONN),
  NAME (VIR_ERR_INVALID_DOMAIN),
  NAME (VIR_ERR_INVALID_ARG),
  NAME (VIR_ERR_OPERATION_FAILED),
  NAME (VIR_ERR_GET_FAILED),
  NAME (VIR_ERR_POST_FAILED),
  NAME (VIR_ERR_HTTP_ERROR),
  NAME (VIR_ERR_SEXPR_SERIAL),
  NAME (VIR_ERR_NO_XEN),
  NAME (VIR_ERR_XEN_CALL),
  NAME (VIR_ERR_OS_TYPE),
  NAME (VIR_ERR_NO_KERNEL),
  NAME (VIR_ERR_NO_ROOT),
  NAME (VIR_ERR_NO_SOURCE),
  NAME (VIR_ERR_NO_TARGET),
  NAME (VIR_ERR_NO_NAME),
  NAME (VIR_ERR_NO_OS),
  NAME (VIR_ERR_NO_DEVICE),
  NAME (VIR_ERR_NO_XENSTORE),
  NAME (VIR_ERR_DRIVER_FULL),
  NAME (VIR_ERR_CALL_FAILED),
  NAME (VIR_ERR_XML_ERROR),
  NAME (VIR_ERR_DOM_EXIST),
  NAME (VIR_ERR_OPERATION_DENIED),
  NAME (VIR_ERR_OPEN_FAILED),
  NAME (VIR_ERR_READ_FAILED),
  NAME (VIR_ERR_PARSE_FAILED),
  NAME (VIR_ERR_CONF_SYNTAX),
  NAME (VIR_ERR_WRITE_FAILED),
  NAME (VIR_ERR_XML_DETAIL),
  NAME (VIR_ERR_INVALID_NETWORK),
  NAME (VIR_ERR_NETWORK_EXIST),
  NAME (VIR_ERR_SYSTEM_ERROR),
  NAME (VIR_ERR_RPC),
  NAME (VIR_ERR_GNUTLS_ERROR),
  NAME (VIR_ERR_NO_DOMAIN),
  NAME (VIR_ERR_NO_NETWORK),
  NAME (VIR_ERR_INVALID_MAC),
  NAME (VIR_ERR_AUTH_FAILED),
  NAME (VIR_ERR_INVALID_STORAGE_POOL),
  NAME (VIR_ERR_INVALID_STORAGE_VOL),
  NAME (VIR_ERR_NO_STORAGE_POOL),
  NAME (VIR_ERR_NO_STORAGE_VOL),
  NAME (VIR_ERR_INVALID_NODE_DEVICE),
  NAME (VIR_ERR_NO_NODE_DEVICE),
  NAME (VIR_ERR_NO_SECURITY_MODEL),
  NAME (VIR_ERR_OPERATION_INVALID),
  NAME (VIR_ERR_NO_INTERFACE),
  NAME (VIR_ERR_INVALID_INTERFACE),
  NAME (VIR_ERR_MULTIPLE_INTERFACES),
  NAME (VIR_ERR_INVALID_NWFILTER),
  NAME (VIR_ERR_NO_NWFILTER),
  NAME (VIR_ERR_BUILD_FIREWALL),
  NAME (VIR_ERR_INVALID_SECRET),
  NAME (VIR_ERR_NO_SECRET),
  NAME (VIR_ERR_CONFIG_UNSUPPORTED),
  NAME (VIR_ERR_OPERATION_TIMEOUT),
  NAME (VIR_ERR_MIGRATE_PERSIST_FAILED),
  NAME (VIR_ERR_HOOK_SCRIPT_FAILED),
  NAME (VIR_ERR_INVALID_DOMAIN_SNAPSHOT),
  NAME (VIR_ERR_NO_DOMAIN_SNAPSHOT),
  NAME (VIR_ERR_INVALID_STREAM),
  NAME (VIR_ERR_ARGUMENT_UNSUPPORTED),
  NAME (VIR_ERR_STORAGE_PROBE_FAILED),
  NAME (VIR_ERR_STORAGE_POOL_BUILT),
  NAME (VIR_ERR_SNAPSHOT_REVERT_RISKY),
  NAME (VIR_ERR_OPERATION_ABORTED),
  NAME (VIR_ERR_AUTH_CANCELLED),
  NAME (VIR_ERR_NO_DOMAIN_METADATA),
  NAME (VIR_ERR_MIGRATE_UNSAFE),
  NAME (VIR_ERR_OVERFLOW),
  NAME (VIR_ERR_BLOCK_COPY_ACTIVE),
  NAME (VIR_ERR_OPERATION_UNSUPPORTED),
  NAME (VIR_ERR_SSH),
  NAME (VIR_ERR_AGENT_UNRESPONSIVE),
  NAME (VIR_ERR_RESOURCE_BUSY),
  NAME (VIR_ERR_ACCESS_DENIED),
  NAME (VIR_ERR_DBUS_SERVICE),
  NAME (VIR_ERR_STORAGE_VOL_EXIST),
  NAME (VIR_ERR_CPU_INCOMPATIBLE),
  NAME (VIR_ERR_XML_INVALID_SCHEMA),
  NAME (VIR_ERR_MIGRATE_FINISH_OK),
  NAME (VIR_ERR_AUTH_UNAVAILABLE),
  NAME (VIR_ERR_NO_SERVER),
  NAME (VIR_ERR_NO_CLIENT),
  NAME (VIR_ERR_AGENT_UNSYNCED),
  NAME (VIR_ERR_LIBSSH),
  NAME (VIR_ERR_DEVICE_MISSING),
  NAME (VIR_ERR_INVALID_NWFILTER_BINDING),
  NAME (VIR_ERR_NO_NWFILTER_BINDING),
  NAME (VIR_ERR_INVALID_DOMAIN_CHECKPOINT),
  NAME (VIR_ERR_NO_DOMAIN_CHECKPOINT),
  NAME (VIR_ERR_NO_DOMAIN_BACKUP),
  NAME (VIR_ERR_INVALID_NETWORK_PORT),
  NAME (VIR_ERR_NETWORK_PORT_EXIST),
  NAME (VIR_ERR_NO_NETWORK_PORT),
  NAME (VIR_ERR_NO_HOSTNAME),
  NAME (VIR_ERR_CHECKPOINT_INCONSISTENT),
  NAME (VIR_ERR_MULTIPLE_DOMAINS),
};
#undef NAME

/* Which of our words each libvirt code stands for, whatever the function. */
static const struct
{
  int code;
  KvmmVirtErrorCode meaning;
} meanings[] = {
  { VIR_ERR_NO_DOMAIN, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_NETWORK, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_STORAGE_POOL, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_STORAGE_VOL, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_NODE_DEVICE, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_INTERFACE, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_NWFILTER, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_SECRET, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_DOMAIN_SNAPSHOT, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_DOMAIN_CHECKPOINT, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_NO_DOMAIN_METADATA, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_DEVICE_MISSING, KVMM_VIRT_ERROR_NO_SUCH_OBJECT },
  { VIR_ERR_AUTH_FAILED, KVMM_VIRT_ERROR_ACCESS_DENIED },
  { VIR_ERR_AUTH_UNAVAILABLE, KVMM_VIRT_ERROR_ACCESS_DENIED },
  { VIR_ERR_ACCESS_DENIED, KVMM_VIRT_ERROR_ACCESS_DENIED },
  { VIR_ERR_OPERATION_DENIED, KVMM_VIRT_ERROR_ACCESS_DENIED },
  { VIR_ERR_AUTH_CANCELLED, KVMM_VIRT_ERROR_AUTH_CANCELLED },
  { VIR_ERR_INVALID_CONN, KVMM_VIRT_ERROR_CONNECTION_LOST },
  { VIR_ERR_OPERATION_INVALID, KVMM_VIRT_ERROR_INVALID_STATE },
  { VIR_ERR_NO_SUPPORT, KVMM_VIRT_ERROR_UNSUPPORTED },
  { VIR_ERR_CONFIG_UNSUPPORTED, KVMM_VIRT_ERROR_UNSUPPORTED },
  { VIR_ERR_ARGUMENT_UNSUPPORTED, KVMM_VIRT_ERROR_UNSUPPORTED },
  { VIR_ERR_OPERATION_UNSUPPORTED, KVMM_VIRT_ERROR_UNSUPPORTED },
  { VIR_ERR_OPERATION_TIMEOUT, KVMM_VIRT_ERROR_TIMEOUT },
  { VIR_ERR_AGENT_UNRESPONSIVE, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE },
  { VIR_ERR_AGENT_UNSYNCED, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE },
  { VIR_ERR_XML_ERROR, KVMM_VIRT_ERROR_INVALID_XML },
  { VIR_ERR_XML_DETAIL, KVMM_VIRT_ERROR_INVALID_XML },
  { VIR_ERR_XML_INVALID_SCHEMA, KVMM_VIRT_ERROR_INVALID_XML },
  { VIR_ERR_RESOURCE_BUSY, KVMM_VIRT_ERROR_IN_USE },
};

KvmmVirtErrorCode
kvmm_virt_error_classify (int code, int domain, int system_errno)
{
  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (meanings[i].code == code)
      return meanings[i].meaning;

  /* The client side of the wire: "client socket is closed", "End of file while reading data",
   * "connection closed due to keepalive timeout". VIR_ERR_RPC is a stream's own failure. */
  if (domain == VIR_FROM_RPC && (code == VIR_ERR_INTERNAL_ERROR || code == VIR_ERR_SYSTEM_ERROR))
    return KVMM_VIRT_ERROR_CONNECTION_LOST;
  if (domain == VIR_FROM_STORAGE && (code == VIR_ERR_SYSTEM_ERROR || code == VIR_ERR_OPEN_FAILED))
    return KVMM_VIRT_ERROR_STORAGE;
  if (code == VIR_ERR_SYSTEM_ERROR && system_errno == ETIMEDOUT)
    return KVMM_VIRT_ERROR_TIMEOUT;
  return KVMM_VIRT_ERROR_FAILED;
}

KvmmVirtErrorCode
kvmm_virt_error_classify_connect (int code, int domain, int system_errno)
{
  /* Credentials were asked for and nobody was there to give them. */
  if (domain == VIR_FROM_AUTH && code == VIR_ERR_INVALID_ARG)
    return KVMM_VIRT_ERROR_ACCESS_DENIED;
  /* "no connection driver available for foo:///" */
  if (code == VIR_ERR_NO_CONNECT || code == VIR_ERR_INVALID_ARG || domain == VIR_FROM_URI)
    return KVMM_VIRT_ERROR_UNSUPPORTED;
  /* polkit without a system bus to ask on */
  if (domain == VIR_FROM_DBUS || domain == VIR_FROM_POLKIT || code == VIR_ERR_DBUS_SERVICE)
    return code == VIR_ERR_AUTH_CANCELLED ? KVMM_VIRT_ERROR_AUTH_CANCELLED
                                          : KVMM_VIRT_ERROR_ACCESS_DENIED;
  if (code == VIR_ERR_SYSTEM_ERROR && (system_errno == EACCES || system_errno == EPERM))
    return KVMM_VIRT_ERROR_ACCESS_DENIED;
  if (domain == VIR_FROM_RPC && code == VIR_ERR_SYSTEM_ERROR)
    return KVMM_VIRT_ERROR_CONNECTION_LOST;
  if (code == VIR_ERR_UNKNOWN_HOST || code == VIR_ERR_SSH || code == VIR_ERR_LIBSSH)
    return KVMM_VIRT_ERROR_CONNECTION_LOST;
  return kvmm_virt_error_classify (code, domain, system_errno);
}

static void
set_literal (
    GError **error, KvmmVirtErrorCode code, int raw_code, int raw_domain, const char *message)
{
  g_autofree char *valid = g_utf8_make_valid (message, -1);
  if (strlen (valid) > MAX_MESSAGE_BYTES)
    {
      char *end = g_utf8_find_prev_char (valid, valid + MAX_MESSAGE_BYTES);
      *end = '\0';
    }

  g_autoptr (GError) made = g_error_new_literal (KVMM_VIRT_ERROR, (int) code, valid);
  KvmmVirtErrorPrivate *priv = kvmm_virt_error_get_private (made);
  priv->code = raw_code;
  priv->domain = raw_domain;
  g_propagate_error (error, g_steal_pointer (&made));
}

void
kvmm_virt_error_set (GError **error, KvmmVirtErrorCode code, const char *message)
{
  set_literal (error, code, VIR_ERR_OK, VIR_FROM_NONE, message);
}

/* What a person can do about it, where that follows from the code alone. */
static const char *
describe_cure (KvmmVirtErrorCode code)
{
  switch (code)
    {
    case KVMM_VIRT_ERROR_ACCESS_DENIED:
      return _ ("Ask the administrator of the host for the permission.");
    case KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE:
      return _ ("Check that the QEMU guest agent runs in the guest.");
    case KVMM_VIRT_ERROR_STORAGE:
      return _ ("Check that the file exists on the host and that QEMU may read it.");
    case KVMM_VIRT_ERROR_CONNECTION_LOST:
    case KVMM_VIRT_ERROR_FAILED:
    case KVMM_VIRT_ERROR_NO_SUCH_OBJECT:
    case KVMM_VIRT_ERROR_AUTH_CANCELLED:
    case KVMM_VIRT_ERROR_INVALID_STATE:
    case KVMM_VIRT_ERROR_UNSUPPORTED:
    case KVMM_VIRT_ERROR_TIMEOUT:
    case KVMM_VIRT_ERROR_INVALID_XML:
    case KVMM_VIRT_ERROR_IN_USE:
    default:
      return NULL;
    }
}

static const char *
message_of (const virError *last)
{
  return last->message && *last->message ? last->message : _ ("libvirt gave no reason");
}

void
kvmm_virt_error_take (GError **error, const char *what)
{
  g_autoptr (virError) last = virSaveLastError ();
  if (!last || last->code == VIR_ERR_OK)
    {
      kvmm_virt_error_set (error, KVMM_VIRT_ERROR_FAILED, what);
      return;
    }

  KvmmVirtErrorCode code = kvmm_virt_error_classify (last->code, last->domain, last->int1);
  const char *cure = describe_cure (code);
  g_autofree char *message = cure ? g_strdup_printf ("%s: %s. %s", what, message_of (last), cure)
                                  : g_strdup_printf ("%s: %s", what, message_of (last));
  set_literal (error, code, last->code, last->domain, message);
}

void
kvmm_virt_error_take_named (GError **error, const char *format, const char *name)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);
  g_autoptr (GString) what = g_string_new (format);

  g_string_replace (what, "%s", shown, 1);
  kvmm_virt_error_take (error, what->str);
}

static char *
describe_connect_failure (const char *uri, const virError *last, KvmmVirtErrorCode code)
{
  gboolean local = kvmm_virt_uri_is_local (uri);

  if (code == KVMM_VIRT_ERROR_AUTH_CANCELLED)
    return g_strdup_printf (_ ("The login to %s was cancelled"), uri);
  if (code == KVMM_VIRT_ERROR_UNSUPPORTED)
    return g_strdup_printf (_ ("libvirt on this computer cannot open %s"), uri);
  gboolean wrong_login = last->domain == VIR_FROM_AUTH ||
                         (last->code == VIR_ERR_AUTH_FAILED && last->domain != VIR_FROM_POLKIT);
  if (code == KVMM_VIRT_ERROR_ACCESS_DENIED && local && !wrong_login)
    return g_strdup_printf (_ ("You may not manage virtual machines on %s. Add yourself to the "
                               "group “libvirt” and log in again"),
                            uri);
  if (code == KVMM_VIRT_ERROR_ACCESS_DENIED)
    return g_strdup_printf (_ ("%s refused the login"), uri);
  if (code == KVMM_VIRT_ERROR_CONNECTION_LOST && local && last->int1 == ENOENT)
    return g_strdup_printf (_ ("libvirt is not running on this computer (%s)"), uri);
  if (code == KVMM_VIRT_ERROR_CONNECTION_LOST && local)
    return g_strdup_printf (_ ("libvirt on this computer does not answer (%s)"), uri);
  if (code == KVMM_VIRT_ERROR_CONNECTION_LOST)
    return g_strdup_printf (_ ("%s cannot be reached"), uri);
  return g_strdup_printf (_ ("Could not connect to %s"), uri);
}

void
kvmm_virt_error_take_connect (GError **error, const char *uri, gboolean was_cancelled)
{
  g_autoptr (virError) last = virSaveLastError ();
  if (!last || last->code == VIR_ERR_OK)
    {
      g_autofree char *message = g_strdup_printf (_ ("Could not connect to %s"), uri);
      kvmm_virt_error_set (error, KVMM_VIRT_ERROR_FAILED, message);
      return;
    }

  KvmmVirtErrorCode code =
      was_cancelled ? KVMM_VIRT_ERROR_AUTH_CANCELLED
                    : kvmm_virt_error_classify_connect (last->code, last->domain, last->int1);
  g_autofree char *what = describe_connect_failure (uri, last, code);
  g_autofree char *message = g_strdup_printf ("%s: %s", what, message_of (last));
  set_literal (error, code, last->code, last->domain, message);
}

int
kvmm_virt_error_get_code (const GError *error)
{
  if (!error || error->domain != KVMM_VIRT_ERROR)
    return VIR_ERR_OK;
  return kvmm_virt_error_get_private (error)->code;
}

int
kvmm_virt_error_get_domain (const GError *error)
{
  if (!error || error->domain != KVMM_VIRT_ERROR)
    return VIR_FROM_NONE;
  return kvmm_virt_error_get_private (error)->domain;
}

const char *
kvmm_virt_error_get_code_name (const GError *error)
{
  int code = kvmm_virt_error_get_code (error);
  if (code <= VIR_ERR_OK || code >= (int) G_N_ELEMENTS (code_names) || !code_names[code])
    return "";
  return code_names[code];
}

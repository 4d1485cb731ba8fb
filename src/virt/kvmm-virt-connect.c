/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "virt/kvmm-virt-connect.h"

#include <signal.h>

#include <glib/gi18n.h>

#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"
#include "virt/kvmm-virt-private.h"
#include "xml/kvmm-xml-media.h"

#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 3
#define MAX_QUESTIONS 16

struct _KvmmVirtConnect
{
  gatomicrefcount ref_count;
  char *uri; /* (owned) */

  GMutex mutex;                /* guards all below */
  virConnectPtr connect;       /* (owned) (nullable) NULL once closed */
  GHashTable *domains;         /* (owned) UUID text → virDomainPtr */
  KvmmVirtCallbacks callbacks; /* what close has to take back */
};

G_DEFINE_BOXED_TYPE (KvmmVirtConnect,
                     kvmm_virt_connect,
                     kvmm_virt_connect_ref,
                     kvmm_virt_connect_unref)

static void
quiet_error_cb (void *user_data, virErrorPtr error)
{
  /* Without a function of ours libvirt prints to stderr; who made the call reports it. */
  if (error)
    g_debug ("libvirt: %s", error->message ? error->message : "(no message)");
}

void
kvmm_virt_init (void)
{
  static gsize done = 0;

  KVMM_ASSERT_MAIN_THREAD ();
  if (!g_once_init_enter (&done))
    return;

  /* A dropped daemon must be an error of the call, not the end of the program. */
  signal (SIGPIPE, SIG_IGN);
  virSetErrorFunc (NULL, quiet_error_cb);
  if (virInitialize () < 0 || virEventRegisterDefaultImpl () < 0)
    g_error ("libvirt cannot be initialised: %s", virGetLastErrorMessage ());
  g_once_init_leave (&done, 1);
}

/* ---- opening ---- */

typedef struct
{
  KvmmVirtAuthFunc func;
  gpointer user_data;
  gboolean was_cancelled;
} AuthClosure;

static int
auth_cb (virConnectCredentialPtr credentials, unsigned int n_credentials, void *user_data)
{
  AuthClosure *closure = user_data;
  KvmmVirtQuestion questions[MAX_QUESTIONS] = { 0 };

  if (n_credentials > MAX_QUESTIONS)
    return -1;
  for (guint i = 0; i < n_credentials; i++)
    {
      questions[i].prompt = credentials[i].prompt;
      questions[i].is_secret = credentials[i].type == VIR_CRED_PASSPHRASE ||
                               credentials[i].type == VIR_CRED_NOECHOPROMPT;
    }

  gboolean answered = closure->func (questions, n_credentials, closure->user_data);
  for (guint i = 0; i < n_credentials; i++)
    answered = answered && questions[i].answer;
  for (guint i = 0; i < n_credentials; i++)
    {
      if (answered)
        {
          /* libvirt frees the result with free(), as g_free() does since GLib 2.46. */
          credentials[i].result = g_steal_pointer (&questions[i].answer);
          credentials[i].resultlen = (unsigned int) strlen (credentials[i].result);
        }
      g_free (questions[i].answer);
    }

  closure->was_cancelled = !answered;
  return answered ? 0 : -1;
}

static virConnectPtr
open_handle (const char *uri, AuthClosure *closure)
{
  int kinds[] = { VIR_CRED_AUTHNAME,   VIR_CRED_USERNAME,     VIR_CRED_ECHOPROMPT,
                  VIR_CRED_PASSPHRASE, VIR_CRED_NOECHOPROMPT, VIR_CRED_REALM };
  virConnectAuth auth = {
    .credtype = kinds, .ncredtype = G_N_ELEMENTS (kinds), .cb = auth_cb, .cbdata = closure
  };

  return closure->func ? virConnectOpenAuth (uri, &auth, 0) : virConnectOpen (uri);
}

static void
free_domain (gpointer data)
{
  virDomainFree (data);
}

KvmmVirtConnect *
kvmm_virt_connect_open (const char *uri, KvmmVirtAuthFunc auth, gpointer auth_data, GError **error)
{
  g_return_val_if_fail (uri != NULL, NULL);
  KVMM_ASSERT_WORKER ();

  AuthClosure closure = { .func = auth, .user_data = auth_data };
  virConnectPtr connect = open_handle (uri, &closure);
  if (!connect)
    {
      kvmm_virt_error_take_connect (error, uri, closure.was_cancelled);
      return NULL;
    }
  /* Local drivers know no keepalive, and a peer may refuse it: both are fine. */
  virConnectSetKeepAlive (connect, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);

  KvmmVirtConnect *self = g_new0 (KvmmVirtConnect, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->uri = g_strdup (uri);
  self->connect = connect;
  self->domains = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_domain);
  return self;
}

/* ---- closing ---- */

void
kvmm_virt_connect_close (KvmmVirtConnect *self)
{
  g_return_if_fail (self != NULL);
  KVMM_ASSERT_WORKER ();

  g_mutex_lock (&self->mutex);
  virConnectPtr connect = g_steal_pointer (&self->connect);
  KvmmVirtCallbacks callbacks = self->callbacks;
  self->callbacks = (KvmmVirtCallbacks){ 0 };
  g_hash_table_remove_all (self->domains);
  g_mutex_unlock (&self->mutex);

  if (!connect)
    return;
  kvmm_virt_callbacks_deregister (&callbacks, connect);
  virConnectClose (connect);
}

static void
dispose (gpointer data)
{
  KvmmVirtConnect *self = data;
  kvmm_virt_connect_close (self);
  g_hash_table_unref (self->domains);
  g_mutex_clear (&self->mutex);
  g_free (self->uri);
  g_free (self);
}

KvmmVirtConnect *
kvmm_virt_connect_ref (KvmmVirtConnect *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
kvmm_virt_connect_unref (KvmmVirtConnect *self)
{
  g_return_if_fail (self != NULL);
  if (g_atomic_ref_count_dec (&self->ref_count))
    kvmm_lane_dispose_later (self, dispose);
}

const char *
kvmm_virt_connect_get_uri (KvmmVirtConnect *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->uri;
}

/* ---- handles ---- */

virConnectPtr
kvmm_virt_connect_acquire (KvmmVirtConnect *self, GError **error)
{
  KVMM_ASSERT_WORKER ();

  g_mutex_lock (&self->mutex);
  virConnectPtr connect = self->connect;
  if (connect)
    virConnectRef (connect);
  g_mutex_unlock (&self->mutex);

  if (!connect)
    {
      g_autofree char *message = g_strdup_printf (_ ("The connection to %s is closed"), self->uri);
      kvmm_virt_error_set (error, KVMM_VIRT_ERROR_CONNECTION_LOST, message);
    }
  return connect;
}

virDomainPtr
kvmm_virt_connect_lookup_domain (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;

  virDomainPtr domain = virDomainLookupByUUIDString (connect, uuid);
  if (!domain)
    {
      g_autofree char *what = g_strdup_printf (_ ("The virtual machine %s cannot be found"), uuid);
      kvmm_virt_error_take (error, what);
    }
  return domain;
}

virDomainPtr
kvmm_virt_connect_acquire_domain (KvmmVirtConnect *self, const char *uuid, GError **error)
{
  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;

  g_mutex_lock (&self->mutex);
  virDomainPtr domain = g_hash_table_lookup (self->domains, uuid);
  if (domain)
    virDomainRef (domain);
  g_mutex_unlock (&self->mutex);
  if (domain)
    return domain;

  domain = kvmm_virt_connect_lookup_domain (self, uuid, error);
  if (!domain)
    return NULL;

  g_mutex_lock (&self->mutex);
  if (self->connect)
    {
      virDomainRef (domain);
      g_hash_table_replace (self->domains, g_strdup (uuid), domain);
    }
  g_mutex_unlock (&self->mutex);
  return domain;
}

void
kvmm_virt_connect_forget_domain (KvmmVirtConnect *self, const char *uuid)
{
  /* Never the last reference of the connection: that one is self's. So freeing stays local. */
  g_mutex_lock (&self->mutex);
  g_hash_table_remove (self->domains, uuid);
  g_mutex_unlock (&self->mutex);
}

void
kvmm_virt_connect_replace_domains (KvmmVirtConnect *self, virDomainPtr *domains, guint n_domains)
{
  g_mutex_lock (&self->mutex);
  g_hash_table_remove_all (self->domains);
  for (guint i = 0; i < n_domains && self->connect; i++)
    {
      char uuid[VIR_UUID_STRING_BUFLEN];
      if (virDomainGetUUIDString (domains[i], uuid) < 0)
        continue;
      virDomainRef (domains[i]);
      g_hash_table_replace (self->domains, g_strdup (uuid), domains[i]);
    }
  g_mutex_unlock (&self->mutex);
}

gboolean
kvmm_virt_connect_register_events (KvmmVirtConnect *self,
                                   KvmmVirtEventFunc func,
                                   gpointer user_data,
                                   GDestroyNotify destroy,
                                   GError **error)
{
  g_return_val_if_fail (self != NULL && func != NULL, FALSE);

  KvmmVirtCallbacks callbacks = { 0 };
  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    {
      if (destroy)
        destroy (user_data);
      return FALSE;
    }
  if (!kvmm_virt_callbacks_register (&callbacks, connect, func, user_data, destroy, error))
    return FALSE;

  g_mutex_lock (&self->mutex);
  gboolean closed_meanwhile = self->connect == NULL;
  KvmmVirtCallbacks previous = self->callbacks;
  self->callbacks = closed_meanwhile ? (KvmmVirtCallbacks){ 0 } : callbacks;
  g_mutex_unlock (&self->mutex);

  kvmm_virt_callbacks_deregister (closed_meanwhile ? &callbacks : &previous, connect);
  return TRUE;
}

/* ---- the host ---- */

void
kvmm_virt_host_free (KvmmVirtHost *self)
{
  if (!self)
    return;
  g_free (self->canonical_uri);
  g_free (self->driver);
  g_free (self->hostname);
  g_free (self->cpu_model);
  g_free (self->capabilities_xml);
  g_free (self);
}

static void
read_host_hardware (virConnectPtr connect, KvmmVirtHost *host)
{
  virNodeInfo info = { 0 };
  if (virNodeGetInfo (connect, &info) == 0)
    {
      host->cpus = info.cpus;
      host->memory_kib = info.memory;
      host->cpu_model = g_strndup (info.model, sizeof info.model);
    }

  host->capabilities_xml = virConnectGetCapabilities (connect);
  if (!host->capabilities_xml)
    return;
  /* virNodeInfo's "model" is the architecture; the capabilities know better, if readable. */
  g_autoptr (GError) error = NULL;
  KvmmXmlCapabilities *capabilities = kvmm_xml_capabilities_parse (host->capabilities_xml, &error);
  if (!capabilities)
    g_debug ("Capabilities cannot be read: %s", error->message);
  else if (capabilities->host_cpu_model)
    {
      g_free (host->cpu_model);
      host->cpu_model = g_strdup (capabilities->host_cpu_model);
    }
  g_clear_pointer (&capabilities, kvmm_xml_capabilities_free);
}

KvmmVirtHost *
kvmm_virt_connect_get_host (KvmmVirtConnect *self, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (virConnect) connect = kvmm_virt_connect_acquire (self, error);
  if (!connect)
    return NULL;

  g_autoptr (KvmmVirtHost) host = g_new0 (KvmmVirtHost, 1);
  /* The one call that must work: it also proves that the connection is alive. */
  unsigned long version = 0;
  if (virConnectGetLibVersion (connect, &version) < 0)
    {
      g_autofree char *what = g_strdup_printf (_ ("Could not read the host of %s"), self->uri);
      kvmm_virt_error_take (error, what);
      return NULL;
    }
  host->libvirt_version = version;
  version = 0;
  if (virConnectGetVersion (connect, &version) == 0)
    host->hypervisor_version = version;

  host->canonical_uri = virConnectGetURI (connect);
  if (!host->canonical_uri)
    host->canonical_uri = g_strdup (self->uri);
  host->driver = g_strdup (virConnectGetType (connect));
  host->hostname = virConnectGetHostname (connect);
  if (!host->hostname)
    host->hostname = g_strdup ("");
  /* The URI as given decides: the canonical one of "qemu+unix:///system?socket=…" is the daemon's
   * own view. */
  host->is_local = kvmm_virt_uri_is_local (self->uri);
  host->is_session = kvmm_virt_uri_is_session (self->uri);
  read_host_hardware (connect, host);
  return g_steal_pointer (&host);
}

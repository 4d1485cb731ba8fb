/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <unistd.h>

#include "test-virt.h"
#include "virt/kvmm-virt-private.h"
#include "virt/kvmm-virt-stream.h"

/* Cases against the daemon that script/lib/private-libvirt.sh started. They run on the main thread;
 * what blocks goes to a thread while the main loop turns. */

#define REMOTE_UUID "c0000000-0000-0000-0000-000000000001"
#define REMOTE_CHANNEL "org.kvmmanager.agent.1"

static inline gpointer
remote_thread (gpointer data)
{
  gpointer *call = data;
  gpointer result = ((GThreadFunc) call[0]) (call[1]);
  g_atomic_int_set ((int *) call[2], 1);
  g_main_context_wakeup (NULL);
  return result;
}

/* Runs @func on a worker and the main loop meanwhile. */
static inline gpointer
remote_call (GThreadFunc func, gpointer data)
{
  int done = 0;
  gpointer call[] = { (gpointer) func, data, &done };
  guint expired_id = g_timeout_add_seconds (TEST_DEADLINE_S, test_expired_cb, NULL);
  GThread *thread = g_thread_new ("test", remote_thread, call);
  while (!g_atomic_int_get (&done))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (expired_id);
  return g_thread_join (thread);
}

static inline gboolean
remote_tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Turns the main loop until @condition; the program aborts when it never comes true. */
#define remote_wait_until(condition)                                                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    guint expired_id = g_timeout_add_seconds (TEST_DEADLINE_S, test_expired_cb, NULL);             \
    guint tick_id = g_timeout_add (20, remote_tick_cb, NULL);                                      \
    while (!(condition))                                                                           \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (tick_id);                                                                     \
    g_source_remove (expired_id);                                                                  \
  }                                                                                                \
  G_STMT_END

static inline gpointer
remote_open_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  KvmmVirtConnect *connect =
      kvmm_virt_connect_open (g_getenv ("KVMM_LIBVIRT_URI"), NULL, NULL, &error);
  if (data)
    g_assert_no_error (error);
  return connect;
}

static inline KvmmVirtConnect *
remote_open (void)
{
  return remote_call (remote_open_thread, (gpointer) "must work");
}

/* kill, start, stop, continue: does that to the daemon */
static inline void
remote_control (const char *word)
{
  g_autofree char *line = g_strconcat (word, "\n", NULL);
  int fd = g_open (g_getenv ("KVMM_LIBVIRT_CONTROL"), O_WRONLY | O_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, line, strlen (line)), ==, (gssize) strlen (line));
  close (fd);
}

static inline void
remote_restart_daemon (void)
{
  KvmmVirtConnect *connect = NULL;
  remote_control ("start");
  remote_wait_until ((connect = remote_call (remote_open_thread, NULL)) != NULL);
  kvmm_virt_connect_unref (connect);
}

/* ---- a machine without an operating system ---- */

typedef struct
{
  KvmmVirtConnect *connect;
  const char *xml;
} RemoteDefine;

static inline gpointer
remote_define_thread (gpointer data)
{
  RemoteDefine *define = data;
  g_autoptr (virConnect) handle = kvmm_virt_connect_acquire (define->connect, NULL);
  g_autoptr (virDomain) domain = virDomainDefineXML (handle, define->xml);
  if (!domain)
    g_error ("the test machine cannot be defined: %s", virGetLastErrorMessage ());
  return NULL;
}

static inline gpointer
remote_undefine_thread (gpointer data)
{
  g_autoptr (virConnect) handle = kvmm_virt_connect_acquire (data, NULL);
  g_autoptr (virDomain) domain = virDomainLookupByUUIDString (handle, REMOTE_UUID);
  if (domain && virDomainIsActive (domain) == 1)
    virDomainDestroy (domain);
  if (domain)
    virDomainUndefineFlags (domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE);
  return NULL;
}

static inline gpointer
remote_start_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  kvmm_virt_domain_start (data, REMOTE_UUID, FALSE, &error);
  g_assert_no_error (error);
  return NULL;
}

static inline gpointer
remote_force_off_thread (gpointer data)
{
  g_autoptr (GError) error = NULL;
  kvmm_virt_domain_force_off (data, REMOTE_UUID, &error);
  g_assert_no_error (error);
  return NULL;
}

/* The channel of this machine leads to @socket_path, which QEMU connects to, and so does libvirtd
 * for each stream: a test that listens there is the guest. */
static inline void
remote_define (KvmmVirtConnect *connect, const char *socket_path)
{
  g_autofree char *xml = g_markup_printf_escaped (
      "<domain type='qemu'><name>remote-test</name><uuid>" REMOTE_UUID "</uuid>"
      "<memory unit='MiB'>64</memory><vcpu>1</vcpu>"
      "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
      "<emulator>/usr/bin/qemu-system-x86_64</emulator>"
      "<disk type='file' device='cdrom'><target dev='hda' bus='ide'/><readonly/></disk>"
      "<channel type='unix'><source mode='connect' path='%s'/>"
      "<target type='virtio' name='" REMOTE_CHANNEL "'/></channel>"
      "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
      "<memballoon model='none'/></devices></domain>",
      socket_path);
  remote_call (remote_define_thread, &(RemoteDefine){ .connect = connect, .xml = xml });
}

/* ---- the guest's side of the channel ---- */

typedef struct
{
  char *path;
  GSocketService *service;
  GPtrArray *peers; /* (element-type GSocketConnection): the first is QEMU, then the streams */
} RemoteGuest;

static inline gboolean
remote_incoming_cb (GSocketService *service,
                    GSocketConnection *connection,
                    GObject *source,
                    gpointer user_data)
{
  RemoteGuest *self = user_data;
  g_socket_set_blocking (g_socket_connection_get_socket (connection), FALSE);
  g_ptr_array_add (self->peers, g_object_ref (connection));
  return TRUE;
}

static inline RemoteGuest *
remote_guest_new (void)
{
  g_autoptr (GError) error = NULL;
  RemoteGuest *self = g_new0 (RemoteGuest, 1);
  self->path = g_build_filename (g_getenv ("KVMM_PRIVATE_DIR"), "guest", NULL);
  self->peers = g_ptr_array_new_with_free_func (g_object_unref);
  self->service = g_socket_service_new ();
  g_unlink (self->path);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->path);
  g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address, G_SOCKET_TYPE_STREAM,
                                 G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, &error);
  g_assert_no_error (error);
  g_chmod (self->path, 0777);
  g_signal_connect (self->service, "incoming", G_CALLBACK (remote_incoming_cb), self);
  g_socket_service_start (self->service);
  return self;
}

static inline void
remote_guest_free (RemoteGuest *self)
{
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  g_ptr_array_unref (self->peers);
  g_unlink (self->path);
  g_free (self->path);
  g_free (self);
}

static inline GSocket *
remote_guest_get_socket (RemoteGuest *self, guint index)
{
  return g_socket_connection_get_socket (self->peers->pdata[index]);
}

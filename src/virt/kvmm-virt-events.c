/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"
#include "virt/kvmm-virt-private.h"

/* libvirt's events, each turned into a uuid, a word and a text. Nothing here makes an RPC: an event
 * is a hint, the state is re-read. */

/* The opaque of every callback of one registration. libvirt frees its share on whichever thread
 * deregisters, so it holds nothing that may not die there. */
typedef struct
{
  KvmmVirtEventFunc func;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
} Closure;

static void
closure_clear (gpointer data)
{
  Closure *closure = data;
  if (closure->destroy)
    closure->destroy (closure->user_data);
}

static void
closure_release_cb (void *data)
{
  g_atomic_rc_box_release_full (data, closure_clear);
}

static void
emit (Closure *closure,
      KvmmVirtEventKind kind,
      virDomainPtr domain,
      const char *detail,
      const char *text)
{
  char uuid[VIR_UUID_STRING_BUFLEN];
  if (domain && virDomainGetUUIDString (domain, uuid) < 0)
    return;

  KvmmVirtEvent event = { .kind = kind,
                          .uuid = domain ? uuid : NULL,
                          .detail = detail,
                          .text = text,
                          .time_us = g_get_real_time () };
  closure->func (&event, closure->user_data);
}

/* A driver without a close event takes the callback, keeps nothing and never frees the opaque. So
 * whoever deregisters has to be able to tell. */
typedef struct
{
  Closure *closure; /* (owned) until is_released */
  int is_released;  /* atomic */
} CloseLink;

static void
close_link_release (CloseLink *link)
{
  if (g_atomic_int_compare_and_exchange (&link->is_released, 0, 1))
    closure_release_cb (link->closure);
}

static void
close_link_free_cb (void *data)
{
  close_link_release (data);
  g_atomic_rc_box_release (data);
}

typedef struct
{
  Closure *closure; /* (owned) */
  const char *detail;
  const char *text;
} Closed;

static gboolean
closed_cb (gpointer user_data)
{
  const Closed *closed = user_data;
  emit (closed->closure, KVMM_VIRT_EVENT_CLOSED, NULL, closed->detail, closed->text);
  return G_SOURCE_REMOVE;
}

static void
closed_free (gpointer data)
{
  Closed *closed = data;
  closure_release_cb (closed->closure);
  g_free (closed);
}

static void
close_cb (virConnectPtr connect, int reason, void *opaque)
{
  CloseLink *link = opaque;
  const char *detail = "error";
  const char *text = _ ("The connection was lost");

  if (reason == VIR_CONNECT_CLOSE_REASON_EOF)
    {
      detail = "eof";
      text = _ ("The connection was closed by libvirt");
    }
  else if (reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE)
    {
      detail = "keepalive";
      text = _ ("libvirt did not answer for a while");
    }
  else if (reason == VIR_CONNECT_CLOSE_REASON_CLIENT)
    {
      detail = "client";
      text = _ ("The connection was closed");
    }
  /* Whoever reads the socket at that moment notices, and that may be a worker inside a call. */
  Closed *closed = g_new0 (Closed, 1);
  closed->closure = g_atomic_rc_box_acquire (link->closure);
  closed->detail = detail;
  closed->text = text;
  g_idle_add_full (G_PRIORITY_DEFAULT, closed_cb, closed, closed_free);
}

/* Returns: (transfer full) (nullable) */
static CloseLink *
register_close (virConnectPtr connect, Closure *closure)
{
  CloseLink *link = g_atomic_rc_box_new0 (CloseLink);
  link->closure = g_atomic_rc_box_acquire (closure);
  if (virConnectRegisterCloseCallback (connect, close_cb, g_atomic_rc_box_acquire (link),
                                       close_link_free_cb) == 0)
    return link;
  close_link_free_cb (link);
  g_atomic_rc_box_release (link);
  return NULL;
}

static void
deregister_close (virConnectPtr connect, CloseLink *link)
{
  if (virConnectUnregisterCloseCallback (connect, close_cb) == 0 &&
      !g_atomic_int_get (&link->is_released))
    close_link_free_cb (link);
  g_atomic_rc_box_release (link);
}

/* ---- lifecycle ---- */

typedef struct
{
  int event;
  int reason; /* -1: any */
  const char *word;
  const char *text;
} LifecycleText;

/* The first line that matches counts. */
static const LifecycleText lifecycle_texts[] = {
  { VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_ADDED, "defined", N_ ("Defined") },
  { VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_RENAMED, "renamed", N_ ("Renamed") },
  { VIR_DOMAIN_EVENT_DEFINED, -1, "redefined", N_ ("Configuration changed") },
  { VIR_DOMAIN_EVENT_UNDEFINED, VIR_DOMAIN_EVENT_UNDEFINED_RENAMED, "renaming", NULL },
  { VIR_DOMAIN_EVENT_UNDEFINED, -1, "undefined", N_ ("Deleted") },
  { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED, "started", N_ ("Migrated here") },
  { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_RESTORED, "started",
    N_ ("Restored from a saved state") },
  { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT, "started",
    N_ ("Started from a snapshot") },
  { VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_WAKEUP, "wakeup", N_ ("Woke up") },
  { VIR_DOMAIN_EVENT_STARTED, -1, "started", N_ ("Started") },
  { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_IOERROR, "paused:io-error",
    N_ ("Paused after an I/O error") },
  { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG, "paused:watchdog",
    N_ ("Paused by the watchdog") },
  { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED, "paused:migrated",
    N_ ("Paused after migration") },
  { VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR, "paused:error",
    N_ ("Paused after an error of libvirt") },
  { VIR_DOMAIN_EVENT_SUSPENDED, -1, "paused", N_ ("Paused") },
  { VIR_DOMAIN_EVENT_RESUMED, -1, "resumed", N_ ("Resumed") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, "stopped:shutdown",
    N_ ("Shut down") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_DESTROYED, "stopped:destroyed",
    N_ ("Forced off") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED, "stopped:crashed",
    N_ ("Crashed and stopped") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED, "stopped:migrated",
    N_ ("Migrated to another host") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SAVED, "stopped:saved", N_ ("Saved") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED, "stopped:failed",
    N_ ("Stopped: QEMU failed") },
  { VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT, "stopped:snapshot",
    N_ ("Stopped to load a snapshot") },
  { VIR_DOMAIN_EVENT_STOPPED, -1, "stopped", N_ ("Stopped") },
  { VIR_DOMAIN_EVENT_SHUTDOWN, VIR_DOMAIN_EVENT_SHUTDOWN_GUEST, "shutdown:guest",
    N_ ("The guest has shut down") },
  { VIR_DOMAIN_EVENT_SHUTDOWN, -1, "shutdown", N_ ("Shutting down finished") },
  { VIR_DOMAIN_EVENT_PMSUSPENDED, -1, "suspended", N_ ("The guest went to sleep") },
  { VIR_DOMAIN_EVENT_CRASHED, -1, "crashed", N_ ("Crashed") },
};

static int
lifecycle_cb (virConnectPtr connect, virDomainPtr domain, int event, int reason, void *opaque)
{
  for (guint i = 0; i < G_N_ELEMENTS (lifecycle_texts); i++)
    {
      const LifecycleText *line = &lifecycle_texts[i];
      if (line->event != event || (line->reason != -1 && line->reason != reason))
        continue;
      emit (opaque, line->text ? KVMM_VIRT_EVENT_DOMAIN_LOG : KVMM_VIRT_EVENT_DOMAIN_CHANGED,
            domain, line->word, line->text ? _ (line->text) : NULL);
      return 0;
    }
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_CHANGED, domain, "changed", NULL);
  return 0;
}

/* ---- the others ---- */

static void
reboot_cb (virConnectPtr connect, virDomainPtr domain, void *opaque)
{
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, "reset", _ ("Restarted"));
}

static void
watchdog_cb (virConnectPtr connect, virDomainPtr domain, int action, void *opaque)
{
  static const struct
  {
    const char *word;
    const char *text;
  } actions[] = {
    [VIR_DOMAIN_EVENT_WATCHDOG_NONE] = { "watchdog:none", N_ ("The watchdog fired") },
    [VIR_DOMAIN_EVENT_WATCHDOG_PAUSE] = { "watchdog:pause", N_ ("The watchdog fired: paused") },
    [VIR_DOMAIN_EVENT_WATCHDOG_RESET] = { "watchdog:reset", N_ ("The watchdog fired: restarted") },
    [VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF] = { "watchdog:poweroff",
                                             N_ ("The watchdog fired: powered off") },
    [VIR_DOMAIN_EVENT_WATCHDOG_SHUTDOWN] = { "watchdog:shutdown",
                                             N_ ("The watchdog fired: shutting down") },
    [VIR_DOMAIN_EVENT_WATCHDOG_DEBUG] = { "watchdog:debug", N_ ("The watchdog fired") },
    [VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI] = { "watchdog:nmi", N_ ("The watchdog fired: sent NMI") },
  };
  if (action < 0 || action >= (int) G_N_ELEMENTS (actions))
    action = VIR_DOMAIN_EVENT_WATCHDOG_NONE;
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, actions[action].word, _ (actions[action].text));
}

static void
io_error_cb (virConnectPtr connect,
             virDomainPtr domain,
             const char *path,
             const char *alias,
             int action,
             const char *reason,
             void *opaque)
{
  g_autofree char *shown_path = kvmm_guest_text_sanitise (path, -1);
  const char *disk = *shown_path ? shown_path : alias;
  g_autofree char *shown = kvmm_guest_text_sanitise (disk, -1);
  gboolean no_space = g_strcmp0 (reason, "enospc") == 0;
  g_autofree char *text =
      no_space ? g_strdup_printf (_ ("I/O error on %s: no space left on the host"), shown)
               : g_strdup_printf (_ ("I/O error on %s"), shown);
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, no_space ? "io-error:enospc" : "io-error",
        text);
}

static void
control_error_cb (virConnectPtr connect, virDomainPtr domain, void *opaque)
{
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, "control-error",
        _ ("libvirt lost control of QEMU"));
}

static void
tray_cb (virConnectPtr connect, virDomainPtr domain, const char *alias, int reason, void *opaque)
{
  gboolean opened = reason == VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN;
  g_autofree char *shown = kvmm_guest_text_sanitise (alias, -1);
  g_autofree char *text = opened ? g_strdup_printf (_ ("Drive tray opened (%s)"), shown)
                                 : g_strdup_printf (_ ("Drive tray closed (%s)"), shown);
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, opened ? "tray:open" : "tray:closed", text);
}

static void
device_added_cb (virConnectPtr connect, virDomainPtr domain, const char *alias, void *opaque)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (alias, -1);
  g_autofree char *text = g_strdup_printf (_ ("Device %s added"), shown);
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, "device-added", text);
}

static void
device_removed_cb (virConnectPtr connect, virDomainPtr domain, const char *alias, void *opaque)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (alias, -1);
  g_autofree char *text = g_strdup_printf (_ ("Device %s removed"), shown);
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, "device-removed", text);
}

static void
removal_failed_cb (virConnectPtr connect, virDomainPtr domain, const char *alias, void *opaque)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (alias, -1);
  g_autofree char *text = g_strdup_printf (_ ("The guest did not let go of device %s"), shown);
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, "device-removal-failed", text);
}

static void
agent_lifecycle_cb (virConnectPtr connect, virDomainPtr domain, int state, int reason, void *opaque)
{
  gboolean connected = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_GUEST, domain,
        connected ? "agent:connected" : "agent:disconnected",
        connected ? _ ("QEMU guest agent connected") : _ ("QEMU guest agent disconnected"));
}

#if LIBVIR_VERSION_NUMBER >= 12004000
static void
channel_lifecycle_cb (virConnectPtr connect,
                      virDomainPtr domain,
                      const char *channel,
                      int state,
                      int reason,
                      void *opaque)
{
  gboolean connected = state == VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_STATE_CONNECTED;
  g_autofree char *shown = kvmm_guest_text_sanitise (channel, -1);
  g_autofree char *text = connected ? g_strdup_printf (_ ("Channel %s opened by the guest"), shown)
                                    : g_strdup_printf (_ ("Channel %s closed by the guest"), shown);
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_GUEST, domain,
        connected ? "channel:connected" : "channel:disconnected", text);
}
#endif

static void
job_completed_cb (virConnectPtr connect,
                  virDomainPtr domain,
                  virTypedParameterPtr params,
                  int n_params,
                  void *opaque)
{
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, "job-completed", _ ("Job completed"));
}

static void
block_job_cb (virConnectPtr connect,
              virDomainPtr domain,
              const char *disk,
              int type,
              int status,
              void *opaque)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (disk, -1);
  g_autofree char *text = NULL;
  const char *word = "block-job";

  switch ((virConnectDomainEventBlockJobStatus) status)
    {
    case VIR_DOMAIN_BLOCK_JOB_COMPLETED:
      word = "block-job:completed";
      text = g_strdup_printf (_ ("Block job on %s completed"), shown);
      break;
    case VIR_DOMAIN_BLOCK_JOB_FAILED:
      word = "block-job:failed";
      text = g_strdup_printf (_ ("Block job on %s failed"), shown);
      break;
    case VIR_DOMAIN_BLOCK_JOB_CANCELED:
      word = "block-job:cancelled";
      text = g_strdup_printf (_ ("Block job on %s was cancelled"), shown);
      break;
    case VIR_DOMAIN_BLOCK_JOB_READY:
      word = "block-job:ready";
      text = g_strdup_printf (_ ("Block job on %s is ready"), shown);
      break;
    default:
      break;
    }
  emit (opaque, text ? KVMM_VIRT_EVENT_DOMAIN_LOG : KVMM_VIRT_EVENT_DOMAIN_CHANGED, domain, word,
        text);
}

static void
block_threshold_cb (virConnectPtr connect,
                    virDomainPtr domain,
                    const char *device,
                    const char *path,
                    unsigned long long threshold,
                    unsigned long long excess,
                    void *opaque)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (device, -1);
  g_autofree char *text = g_strdup_printf (_ ("Disk %s passed its write threshold"), shown);
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain, "block-threshold", text);
}

static void
metadata_cb (
    virConnectPtr connect, virDomainPtr domain, int type, const char *namespace_uri, void *opaque)
{
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_CHANGED, domain, "metadata", _ ("Description changed"));
}

static void
memory_failure_cb (virConnectPtr connect,
                   virDomainPtr domain,
                   int recipient,
                   int action,
                   unsigned int flags,
                   void *opaque)
{
  emit (opaque, KVMM_VIRT_EVENT_DOMAIN_LOG, domain,
        action == VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_IGNORE ? "memory-failure:ignored"
                                                                : "memory-failure",
        _ ("The host's memory reported a hardware error"));
}

/* ---- registration ---- */

/* Not here: balloon changes and RTC changes, which only flood; migration iterations; PM suspend
 * and wakeup, which come as lifecycle too. */
static const struct
{
  int event;
  virConnectDomainEventGenericCallback callback;
} handlers[] = {
  { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK (lifecycle_cb) },
  { VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK (reboot_cb) },
  { VIR_DOMAIN_EVENT_ID_WATCHDOG, VIR_DOMAIN_EVENT_CALLBACK (watchdog_cb) },
  { VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK (io_error_cb) },
  { VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, VIR_DOMAIN_EVENT_CALLBACK (control_error_cb) },
  { VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, VIR_DOMAIN_EVENT_CALLBACK (block_job_cb) },
  { VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, VIR_DOMAIN_EVENT_CALLBACK (tray_cb) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK (device_added_cb) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK (device_removed_cb) },
  { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, VIR_DOMAIN_EVENT_CALLBACK (removal_failed_cb) },
  { VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK (agent_lifecycle_cb) },
  { VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, VIR_DOMAIN_EVENT_CALLBACK (job_completed_cb) },
  { VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD, VIR_DOMAIN_EVENT_CALLBACK (block_threshold_cb) },
  { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK (metadata_cb) },
  { VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE, VIR_DOMAIN_EVENT_CALLBACK (memory_failure_cb) },
#if LIBVIR_VERSION_NUMBER >= 12004000
  { VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK (channel_lifecycle_cb) },
#endif
};
G_STATIC_ASSERT (G_N_ELEMENTS (handlers) <= KVMM_VIRT_MAX_CALLBACKS);

gboolean
kvmm_virt_callbacks_register (KvmmVirtCallbacks *self,
                              virConnectPtr connect,
                              KvmmVirtEventFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy,
                              GError **error)
{
  Closure *closure = g_atomic_rc_box_new0 (Closure);
  closure->func = func;
  closure->user_data = user_data;
  closure->destroy = destroy;
  *self = (KvmmVirtCallbacks){ 0 };

  self->close_link = register_close (connect, closure);

  gboolean result = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (handlers) && result; i++)
    {
      int id =
          virConnectDomainEventRegisterAny (connect, NULL, handlers[i].event, handlers[i].callback,
                                            g_atomic_rc_box_acquire (closure), closure_release_cb);
      if (id >= 0)
        {
          self->ids[self->n_ids++] = id;
          continue;
        }
      /* Without lifecycle events nothing would ever change on screen; the rest is optional. */
      if (handlers[i].event == VIR_DOMAIN_EVENT_ID_LIFECYCLE)
        {
          kvmm_virt_error_take (error, _ ("libvirt cannot report changes of virtual machines"));
          result = FALSE;
        }
      closure_release_cb (closure);
    }

  if (!result)
    kvmm_virt_callbacks_deregister (self, connect);
  closure_release_cb (closure);
  return result;
}

void
kvmm_virt_callbacks_deregister (KvmmVirtCallbacks *self, virConnectPtr connect)
{
  for (guint i = 0; i < self->n_ids; i++)
    virConnectDomainEventDeregisterAny (connect, self->ids[i]);
  if (self->close_link)
    deregister_close (connect, self->close_link);
  *self = (KvmmVirtCallbacks){ 0 };
}

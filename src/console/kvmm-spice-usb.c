/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-spice-usb.h"

#include <glib/gi18n.h>

#include "console/kvmm-display.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

/* One list's devices and the library's, side by side. */
typedef struct
{
  KvmmUsbList *list;              /* (unowned): it owns this */
  SpiceUsbDeviceManager *manager; /* (owned) */
  GHashTable *devices;            /* (owned) SpiceUsbDevice → KvmmUsbDevice (owned) */
  char *name;                     /* (owned): the machine's */
} Carrier;

/* What is on its way for one device. */
typedef struct
{
  GWeakRef list;         /* of KvmmUsbList */
  KvmmUsbDevice *device; /* (owned) */
  gboolean attach;
} Move;

static GQuark
get_quark (void)
{
  return g_quark_from_static_string ("kvmm-spice-usb");
}

static Carrier *
get_carrier (KvmmUsbList *list)
{
  return g_object_get_qdata (G_OBJECT (list), get_quark ());
}

static void
carrier_free (gpointer data)
{
  Carrier *self = data;

  g_signal_handlers_disconnect_by_data (self->manager, self);
  g_object_unref (self->manager);
  g_hash_table_unref (self->devices);
  g_free (self->name);
  g_free (self);
}

static void
move_free (Move *self)
{
  g_weak_ref_clear (&self->list);
  g_object_unref (self->device);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Move, move_free)

/* ---- state ---- */

/* Which of them can be attached depends on the others: there are so many ports. */
static void
update_devices (Carrier *self)
{
  GHashTableIter iter;
  gpointer library, device;

  g_hash_table_iter_init (&iter, self->devices);
  while (g_hash_table_iter_next (&iter, &library, &device))
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *reason = NULL;

      if (!spice_usb_device_manager_can_redirect_device (self->manager, library, &error))
        reason = kvmm_guest_text_sanitise (error != NULL ? error->message : NULL, -1);
      kvmm_usb_device_set_blocked_reason (device, reason);
      kvmm_usb_device_set_attached (
          device, spice_usb_device_manager_is_device_connected (self->manager, library));
    }
}

static void
set_failure (Carrier *self, KvmmUsbDevice *device, const GError *error, gboolean attach)
{
  g_autofree char *words = kvmm_guest_text_sanitise (error->message, -1);
  g_autofree char *text = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    text = g_strdup (_ ("Not attached: the permission was not given"));
  else if (!attach)
    text = g_strdup_printf (_ ("It could not be taken from “%s”: %s"), self->name, words);
  else
    text = g_strdup_printf (_ ("It could not be attached to “%s”: %s. Close the programs of this "
                               "computer that use it, and see that the package "
                               "spice-client-glib-usb-acl-helper is installed."),
                            self->name, words);
  kvmm_usb_device_set_error_text (device, text);
}

static void
moved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Move) move = user_data;
  g_autoptr (KvmmUsbList) list = g_weak_ref_get (&move->list);
  g_autoptr (GError) error = NULL;
  SpiceUsbDeviceManager *manager = SPICE_USB_DEVICE_MANAGER (source);

  if (move->attach)
    spice_usb_device_manager_connect_device_finish (manager, result, &error);
  else
    spice_usb_device_manager_disconnect_device_finish (manager, result, &error);
  kvmm_usb_device_set_busy (move->device, FALSE);
  if (list == NULL)
    return;
  Carrier *self = get_carrier (list);
  if (error != NULL)
    set_failure (self, move->device, error, move->attach);
  update_devices (self);
}

static void
requested_cb (KvmmUsbDevice *device, gboolean attach, gpointer user_data)
{
  Carrier *self = user_data;
  GHashTableIter iter;
  gpointer library, value;

  g_hash_table_iter_init (&iter, self->devices);
  while (g_hash_table_iter_next (&iter, &library, &value))
    {
      if (value != device)
        continue;
      Move *move = g_new0 (Move, 1);
      g_weak_ref_init (&move->list, self->list);
      move->device = g_object_ref (device);
      move->attach = attach;
      kvmm_usb_device_set_busy (device, TRUE);
      if (attach)
        spice_usb_device_manager_connect_device_async (self->manager, library, NULL, moved_cb,
                                                       move);
      else
        spice_usb_device_manager_disconnect_device_async (self->manager, library, NULL, moved_cb,
                                                          move);
      return;
    }
}

/* ---- devices ---- */

static void
added_cb (SpiceUsbDeviceManager *manager, SpiceUsbDevice *library, gpointer user_data)
{
  Carrier *self = user_data;

  if (g_hash_table_size (self->devices) >= KVMM_USB_LIST_MAX ||
      g_hash_table_contains (self->devices, library))
    return;
  /* What the device says about itself; none of it has a line break that is not ours. */
  g_autofree char *said = spice_usb_device_get_description (library, "%s\n%s\n%s\n%d\n%d");
  g_auto (GStrv) words = g_strsplit (said != NULL ? said : "", "\n", 6);
  gboolean is_whole = g_strv_length (words) == 5;
  g_autofree char *title =
      is_whole ? g_strdup_printf ("%s %s", words[0], words[1]) : g_strdup (_ ("USB device"));
  /* Translators: vendor and product id, number of the USB bus, number of the device on it */
  g_autofree char *details =
      is_whole ? g_strdup_printf (_ ("%s bus %s, device %s"), words[2], words[3], words[4])
               : g_strdup ("");
  KvmmUsbDevice *device = kvmm_usb_device_new (title, details);

  g_hash_table_insert (self->devices, g_boxed_copy (SPICE_TYPE_USB_DEVICE, library), device);
  g_signal_connect (device, "requested", G_CALLBACK (requested_cb), self);
  kvmm_usb_list_add (self->list, device);
  update_devices (self);
}

static void
removed_cb (SpiceUsbDeviceManager *manager, SpiceUsbDevice *library, gpointer user_data)
{
  Carrier *self = user_data;
  KvmmUsbDevice *device = g_hash_table_lookup (self->devices, library);

  if (device == NULL)
    return;
  kvmm_usb_list_remove (self->list, device);
  g_hash_table_remove (self->devices, library);
  update_devices (self);
}

/* The guest, or the device itself, ended it. */
static void
device_error_cb (SpiceUsbDeviceManager *manager,
                 SpiceUsbDevice *library,
                 const GError *error,
                 gpointer user_data)
{
  Carrier *self = user_data;
  KvmmUsbDevice *device = g_hash_table_lookup (self->devices, library);

  if (device != NULL && error != NULL)
    set_failure (self, device, error, TRUE);
  update_devices (self);
}

static void
free_library_device (gpointer data)
{
  g_boxed_free (SPICE_TYPE_USB_DEVICE, data);
}

KvmmUsbList *
kvmm_spice_usb_new (KvmmSpiceSession *session, GError **error)
{
  g_autoptr (GError) reason = NULL;

  KVMM_ASSERT_MAIN_THREAD ();
  g_return_val_if_fail (KVMM_IS_SPICE_SESSION (session), NULL);

  const char *name = kvmm_spice_session_get_name (session);
  SpiceSession *library = kvmm_spice_session_get_library_session (session);
  if (library == NULL || !kvmm_spice_session_has_usb (session))
    {
      g_set_error (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                   _ ("“%s” has no port for USB devices of this computer. Add “USB redirection” "
                      "devices to its hardware."),
                   name);
      return NULL;
    }
  SpiceUsbDeviceManager *manager = spice_usb_device_manager_get (library, &reason);
  if (manager == NULL)
    {
      g_set_error (error, KVMM_DISPLAY_ERROR, KVMM_DISPLAY_ERROR_UNSUPPORTED,
                   _ ("The USB devices of this computer cannot be listed: %s"), reason->message);
      return NULL;
    }

  KvmmUsbList *list = kvmm_usb_list_new ();
  Carrier *self = g_new0 (Carrier, 1);
  g_autoptr (GPtrArray) present = spice_usb_device_manager_get_devices (manager);

  self->list = list;
  self->manager = g_object_ref (manager);
  self->name = g_strdup (name);
  self->devices =
      g_hash_table_new_full (g_direct_hash, g_direct_equal, free_library_device, g_object_unref);
  g_object_set_qdata_full (G_OBJECT (list), get_quark (), self, carrier_free);
  for (guint i = 0; present != NULL && i < present->len; i++)
    added_cb (manager, present->pdata[i], self);
  g_signal_connect (manager, "device-added", G_CALLBACK (added_cb), self);
  g_signal_connect (manager, "device-removed", G_CALLBACK (removed_cb), self);
  g_signal_connect (manager, "device-error", G_CALLBACK (device_error_cb), self);
  return list;
}

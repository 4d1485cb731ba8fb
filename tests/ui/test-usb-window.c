/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <adwaita.h>

#include "shoot.h"
#include "ui/kvmm-usb-window.h"

/* The window that chooses USB devices, with devices that the test makes up. */

typedef struct
{
  KvmmUsbList *list;
  KvmmUsbDevice *device;
  GtkWidget *window;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->list = kvmm_usb_list_new ();
  self->device = kvmm_usb_device_new ("SanDisk <b>Cruzer</b> & Co", "0781:5530 bus 1, device 7");
  self->window = kvmm_usb_window_new ("web-1 & co", self->list, NULL);
  gtk_window_present (GTK_WINDOW (self->window));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gpointer gone = self->window;

  g_object_add_weak_pointer (G_OBJECT (self->window), &gone);
  gtk_window_destroy (GTK_WINDOW (self->window));
  while (gone != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_finalize_object (self->list);
  g_assert_finalize_object (self->device);
}

/* Returns: (nullable): the first mapped descendant of @type */
static GtkWidget *
find (GtkWidget *widget, GType type)
{
  if (g_type_is_a (G_OBJECT_TYPE (widget), type) && gtk_widget_get_child_visible (widget))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, type);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* Once all of it is drawn. */
static void
show (const char *name)
{
  gint64 until = g_get_monotonic_time () + G_TIME_SPAN_SECOND / 2;

  while (g_getenv ("KVMM_UI_SHOTS") != NULL && g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, FALSE);
  shoot (name);
}

static const char *
get_page (Fixture *self)
{
  return gtk_stack_get_visible_child_name (GTK_STACK (find (self->window, GTK_TYPE_STACK)));
}

static void
test_none_is_said (Fixture *self, gconstpointer data)
{
  g_assert_cmpstr (get_page (self), ==, "none");
  show ("usb-none");
  kvmm_usb_list_add (self->list, self->device);
  g_assert_cmpstr (get_page (self), ==, "list");
  kvmm_usb_list_remove (self->list, self->device);
  g_assert_cmpstr (get_page (self), ==, "none");
}

static void
requested_cb (KvmmUsbDevice *device, gboolean attach, gpointer user_data)
{
  *(guint *) user_data += 1;
  kvmm_usb_device_set_busy (device, TRUE);
}

static void
test_the_switch_waits_for_the_device (Fixture *self, gconstpointer data)
{
  guint n_requests = 0;

  kvmm_usb_list_add (self->list, self->device);
  g_signal_connect (self->device, "requested", G_CALLBACK (requested_cb), &n_requests);
  GtkSwitch *control = GTK_SWITCH (find (self->window, GTK_TYPE_SWITCH));
  AdwActionRow *row = ADW_ACTION_ROW (find (self->window, ADW_TYPE_ACTION_ROW));

  gtk_switch_set_active (control, TRUE);
  g_assert_cmpuint (n_requests, ==, 1);
  g_assert_false (gtk_switch_get_state (control));
  g_assert_false (gtk_widget_get_sensitive (GTK_WIDGET (control)));

  /* It fails: the switch goes back, and the row says why. */
  kvmm_usb_device_set_error_text (self->device, "It is in use");
  kvmm_usb_device_set_busy (self->device, FALSE);
  g_assert_false (gtk_switch_get_active (control));
  g_assert_cmpstr (adw_action_row_get_subtitle (row), ==, "It is in use");

  gtk_switch_set_active (control, TRUE);
  g_assert_cmpuint (n_requests, ==, 2);
  kvmm_usb_device_set_attached (self->device, TRUE);
  kvmm_usb_device_set_busy (self->device, FALSE);
  g_assert_true (gtk_switch_get_state (control));
  g_assert_cmpstr (adw_action_row_get_subtitle (row), ==, "0781:5530 bus 1, device 7");
  g_assert_cmpuint (n_requests, ==, 2);
}

static void
test_a_blocked_device_says_why (Fixture *self, gconstpointer data)
{
  g_autoptr (KvmmUsbDevice) other =
      kvmm_usb_device_new ("Logitech USB Receiver", "046d:c52b bus 1, device 3");
  g_autoptr (KvmmUsbDevice) moving = kvmm_usb_device_new (
      "A camera with a name that is far longer than any window of this kind is wide",
      "1bcf:2c99 bus 2, device 2");

  kvmm_usb_device_set_blocked_reason (self->device, "There are no free USB channels");
  kvmm_usb_list_add (self->list, self->device);
  kvmm_usb_device_set_attached (other, TRUE);
  kvmm_usb_list_add (self->list, other);
  kvmm_usb_device_set_busy (moving, TRUE);
  kvmm_usb_list_add (self->list, moving);
  GtkWidget *control = find (self->window, GTK_TYPE_SWITCH);
  g_assert_false (gtk_widget_get_sensitive (control));
  show ("usb-list");
  kvmm_usb_device_set_blocked_reason (self->device, NULL);
  g_assert_true (gtk_widget_get_sensitive (control));
  kvmm_usb_list_remove (self->list, other);
  kvmm_usb_list_remove (self->list, moving);
}

static void
test_a_reason_instead_of_devices (void)
{
  GtkWidget *window = kvmm_usb_window_new ("m", NULL, "No port <b>here</b> & now");
  gpointer gone = window;

  g_object_add_weak_pointer (G_OBJECT (window), &gone);
  gtk_window_present (GTK_WINDOW (window));
  show ("usb-reason");
  gtk_window_destroy (GTK_WINDOW (window));
  while (gone != NULL)
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();

#define ADD(name, function)                                                                        \
  g_test_add ("/ui/usb-window/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("none-is-said", test_none_is_said);
  ADD ("the-switch-waits-for-the-device", test_the_switch_waits_for_the_device);
  ADD ("a-blocked-device-says-why", test_a_blocked_device_says_why);
#undef ADD
  g_test_add_func ("/ui/usb-window/a-reason-instead-of-devices", test_a_reason_instead_of_devices);
  return g_test_run ();
}

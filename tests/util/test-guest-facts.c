/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-guest-facts.h"

static KvmmGuestInterface *
add_interface (GPtrArray *interfaces, const char *name, const char *state, gboolean is_virtual)
{
  KvmmGuestInterface *interface = g_new0 (KvmmGuestInterface, 1);

  interface->name = g_strdup (name);
  interface->state = g_strdup (state);
  interface->is_virtual = is_virtual;
  interface->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_address_free);
  g_ptr_array_add (interfaces, interface);
  return interface;
}

static void
add_address (KvmmGuestInterface *interface, const char *ip, const char *scope)
{
  KvmmGuestAddress *address = g_new0 (KvmmGuestAddress, 1);

  address->ip = g_strdup (ip);
  address->scope = g_strdup (scope);
  g_ptr_array_add (interface->addresses, address);
}

static GPtrArray *
new_interfaces (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_guest_interface_free);
}

static void
test_none_is_null (void)
{
  g_autoptr (GPtrArray) interfaces = new_interfaces ();

  g_assert_null (kvmm_guest_interfaces_primary_address (NULL));
  g_assert_null (kvmm_guest_interfaces_primary_address (interfaces));
  add_interface (interfaces, "eth0", "up", FALSE);
  g_assert_null (kvmm_guest_interfaces_primary_address (interfaces));
}

static void
test_prefers_global_ipv4_of_a_real_interface (void)
{
  g_autoptr (GPtrArray) interfaces = new_interfaces ();
  KvmmGuestInterface *interface;

  interface = add_interface (interfaces, "lo", "unknown", TRUE);
  add_address (interface, "127.0.0.1", "host");
  interface = add_interface (interfaces, "docker0", "up", TRUE);
  add_address (interface, "172.17.0.1", "global");
  interface = add_interface (interfaces, "eth9", "down", FALSE);
  add_address (interface, "10.9.9.9", "global");
  interface = add_interface (interfaces, "eth0", "up", FALSE);
  add_address (interface, "fe80::1", "link");
  add_address (interface, "2001:db8::5", "global");
  add_address (interface, "169.254.3.4", "link");
  add_address (interface, "192.0.2.7", "global");
  g_assert_cmpstr (kvmm_guest_interfaces_primary_address (interfaces), ==, "192.0.2.7");
}

static void
test_prefers_ipv6_to_a_virtual_interface (void)
{
  g_autoptr (GPtrArray) interfaces = new_interfaces ();
  KvmmGuestInterface *interface;

  interface = add_interface (interfaces, "docker0", "up", TRUE);
  add_address (interface, "172.17.0.1", "global");
  interface = add_interface (interfaces, "eth0", "up", FALSE);
  add_address (interface, "2001:db8::5", "global");
  g_assert_cmpstr (kvmm_guest_interfaces_primary_address (interfaces), ==, "2001:db8::5");
}

static void
test_takes_a_virtual_interface_last (void)
{
  g_autoptr (GPtrArray) interfaces = new_interfaces ();
  KvmmGuestInterface *interface;

  interface = add_interface (interfaces, "br0", "up", TRUE);
  add_address (interface, "2001:db8::6", "global");
  add_address (interface, "192.0.2.8", "global");
  interface = add_interface (interfaces, "eth0", "up", FALSE);
  add_address (interface, "fe80::1", "link");
  g_assert_cmpstr (kvmm_guest_interfaces_primary_address (interfaces), ==, "192.0.2.8");
}

static void
test_judges_the_address_when_nothing_else_is_known (void)
{
  g_autoptr (GPtrArray) interfaces = new_interfaces ();
  KvmmGuestInterface *interface = add_interface (interfaces, "eth0", NULL, FALSE);

  add_address (interface, NULL, NULL);
  add_address (interface, "not an address", NULL);
  add_address (interface, "127.0.0.1", NULL);
  add_address (interface, "169.254.1.1", NULL);
  g_assert_null (kvmm_guest_interfaces_primary_address (interfaces));
  add_address (interface, "192.0.2.9", NULL);
  g_assert_cmpstr (kvmm_guest_interfaces_primary_address (interfaces), ==, "192.0.2.9");
}

static void
test_interface_copy_is_deep_and_equal (void)
{
  g_autoptr (GPtrArray) interfaces = new_interfaces ();
  KvmmGuestInterface *interface = add_interface (interfaces, "eth0", "up", FALSE);

  add_address (interface, "192.0.2.7", "global");
  g_autoptr (KvmmGuestInterface) copy = kvmm_guest_interface_copy (interface);
  g_assert_true (kvmm_guest_interface_equal (interface, copy));
  g_assert_true (copy->addresses != interface->addresses);

  KvmmGuestAddress *address = copy->addresses->pdata[0];
  address->prefix = 24;
  g_assert_false (kvmm_guest_interface_equal (interface, copy));
  address->prefix = 0;
  copy->rx_bytes = 1;
  g_assert_false (kvmm_guest_interface_equal (interface, copy));
  copy->rx_bytes = 0;
  add_address (copy, "192.0.2.8", "global");
  g_assert_false (kvmm_guest_interface_equal (interface, copy));
  g_assert_false (kvmm_guest_interface_equal (interface, NULL));
}

static void
test_system_copy_is_deep_and_equal (void)
{
  g_autoptr (KvmmGuestSystem) system = g_new0 (KvmmGuestSystem, 1);
  char **strings[] = { &system->os_id,    &system->os_name, &system->os_version, &system->os_pretty,
                       &system->kernel,   &system->arch,    &system->hostname,   &system->boot_id,
                       &system->timezone, &system->virt };

  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    *strings[i] = g_strdup_printf ("text %u", i);
  system->memory_bytes = G_MAXUINT64;

  g_autoptr (KvmmGuestSystem) copy = kvmm_guest_system_copy (system);
  g_assert_true (kvmm_guest_system_equal (system, copy));
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      g_autofree char *kept = g_steal_pointer (strings[i]);

      g_assert_false (kvmm_guest_system_equal (system, copy));
      *strings[i] = g_steal_pointer (&kept);
    }
  copy->cpus = 3;
  g_assert_false (kvmm_guest_system_equal (system, copy));
  g_assert_true (kvmm_guest_system_equal (NULL, NULL));
}

static void
test_filesystem_and_user_copy (void)
{
  g_autoptr (KvmmGuestFilesystem) filesystem = g_new0 (KvmmGuestFilesystem, 1);
  g_autoptr (KvmmGuestUser) user = g_new0 (KvmmGuestUser, 1);

  filesystem->mount = g_strdup ("/");
  filesystem->used_bytes = 5;
  user->user = g_strdup ("ada");
  user->login_time_s = 1700000000;

  g_autoptr (KvmmGuestFilesystem) filesystem_copy = kvmm_guest_filesystem_copy (filesystem);
  g_autoptr (KvmmGuestUser) user_copy = kvmm_guest_user_copy (user);
  g_assert_true (kvmm_guest_filesystem_equal (filesystem, filesystem_copy));
  g_assert_true (kvmm_guest_user_equal (user, user_copy));
  filesystem_copy->is_stale = TRUE;
  user_copy->login_time_s++;
  g_assert_false (kvmm_guest_filesystem_equal (filesystem, filesystem_copy));
  g_assert_false (kvmm_guest_user_equal (user, user_copy));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/util/guest-facts/none-is-null", test_none_is_null);
  g_test_add_func ("/util/guest-facts/prefers-global-ipv4-of-a-real-interface",
                   test_prefers_global_ipv4_of_a_real_interface);
  g_test_add_func ("/util/guest-facts/prefers-ipv6-to-a-virtual-interface",
                   test_prefers_ipv6_to_a_virtual_interface);
  g_test_add_func ("/util/guest-facts/takes-a-virtual-interface-last",
                   test_takes_a_virtual_interface_last);
  g_test_add_func ("/util/guest-facts/judges-the-address-when-nothing-else-is-known",
                   test_judges_the_address_when_nothing_else_is_known);
  g_test_add_func ("/util/guest-facts/interface-copy-is-deep-and-equal",
                   test_interface_copy_is_deep_and_equal);
  g_test_add_func ("/util/guest-facts/system-copy-is-deep-and-equal",
                   test_system_copy_is_deep_and_equal);
  g_test_add_func ("/util/guest-facts/filesystem-and-user-copy", test_filesystem_and_user_copy);
  return g_test_run ();
}

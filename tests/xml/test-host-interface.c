/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-host-interface.h"

static void
assert_interface (const char *xml, const char *name, gboolean is_bridge)
{
  g_autoptr (KvmmXmlHostInterface) found = kvmm_xml_host_interface_parse (xml);

  if (name == NULL)
    {
      g_assert_null (found);
      return;
    }
  g_assert_nonnull (found);
  g_assert_cmpstr (found->name, ==, name);
  g_assert_cmpint (found->is_bridge, ==, is_bridge);
}

static void
test_bridges_and_cards_are_told_apart (void)
{
  assert_interface ("<interface type='ethernet' name='eth0'><mac address='00:00:00:00:00:01'/>"
                    "</interface>",
                    "eth0", FALSE);
  assert_interface ("<interface type='bridge' name='br0'><bridge><interface type='ethernet' "
                    "name='eth0'/></bridge></interface>",
                    "br0", TRUE);
  assert_interface ("<interface type='bond' name='bond0'/>", "bond0", FALSE);
  assert_interface ("<interface type='vlan' name='eth0.10'/>", "eth0.10", FALSE);
}

#define CARD(name, parent)                                                                         \
  "<device><name>net_" name "</name><parent>" parent "</parent><capability type='net'>"            \
  "<interface>" name "</interface><address>00:00:00:00:00:01</address></capability></device>"

static void
test_hosts_without_interfaces_have_cards (void)
{
  assert_interface (CARD ("enp3s0", "pci_0000_03_00_0"), "enp3s0", FALSE);
  assert_interface (CARD ("docker0", "computer"), NULL, FALSE);
  assert_interface ("<device><name>x</name><parent>computer</parent><capability type='pci'/>"
                    "</device>",
                    NULL, FALSE);
}

static void
test_what_no_machine_shares_is_left_out (void)
{
  static const char *const names[] = { "lo",   "vnet0",  "virbr0", "macvtap1", "",
                                       ".",    "a b",    "a/b",    "../x",     "1234567890123456",
                                       "&#9;", "&quot;", NULL };

  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *xml = g_strdup_printf ("<interface type='ethernet' name=\"%s\"/>", names[i]);

      assert_interface (xml, NULL, FALSE);
    }
  assert_interface ("<interface type='ethernet'/>", NULL, FALSE);
  assert_interface ("<domain/>", NULL, FALSE);
  assert_interface ("no document", NULL, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/xml/host-interface/" path, func)
  ADD ("bridges-and-cards-are-told-apart", test_bridges_and_cards_are_told_apart);
  ADD ("hosts-without-interfaces-have-cards", test_hosts_without_interfaces_have_cards);
  ADD ("what-no-machine-shares-is-left-out", test_what_no_machine_shares_is_left_out);
  return g_test_run ();
}

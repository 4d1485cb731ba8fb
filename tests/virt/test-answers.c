/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "virt/kvmm-virt-private.h"

/* What libvirt answers about guests and figures, without a libvirt. */

typedef struct
{
  virTypedParameterPtr params;
  int n_params;
  int n_allocated;
} Answer;

static void
add_text (Answer *self, const char *key, const char *value)
{
  g_assert_cmpint (
      virTypedParamsAddString (&self->params, &self->n_params, &self->n_allocated, key, value), ==,
      0);
}

static void
add_number (Answer *self, const char *key, guint64 value)
{
  g_assert_cmpint (
      virTypedParamsAddULLong (&self->params, &self->n_params, &self->n_allocated, key, value), ==,
      0);
}

static void
add_count (Answer *self, const char *key, guint value)
{
  g_assert_cmpint (
      virTypedParamsAddUInt (&self->params, &self->n_params, &self->n_allocated, key, value), ==,
      0);
}

static KvmmQgaFacts *
read_answer (Answer *self)
{
  KvmmQgaFacts *facts = kvmm_qga_facts_new (self->params, self->n_params);
  virTypedParamsFree (self->params, self->n_params);
  *self = (Answer){ 0 };
  return facts;
}

static void
test_nothing_told_is_nothing_known (void)
{
  Answer answer = { 0 };
  g_autoptr (KvmmQgaFacts) facts = read_answer (&answer);
  g_assert_null (facts->system);
  g_assert_null (facts->interfaces);
  g_assert_null (facts->filesystems);
  g_assert_null (facts->users);
}

static void
test_reads_system_and_users (void)
{
  Answer answer = { 0 };
  add_text (&answer, "os.id", "debian");
  add_text (&answer, "os.pretty-name", "Debian\033[31m 12\n");
  add_text (&answer, "os.kernel-release", "6.1.0");
  add_text (&answer, "hostname", "web1");
  add_text (&answer, "timezone.name", "CET");
  add_count (&answer, "user.count", 1);
  add_text (&answer, "user.0.name", "ann");
  add_number (&answer, "user.0.login-time", 1700000000123);
  g_autoptr (KvmmQgaFacts) facts = read_answer (&answer);
  g_assert_cmpstr (facts->system->os_id, ==, "debian");
  g_assert_null (strchr (facts->system->os_pretty, '\033'));
  g_assert_null (strchr (facts->system->os_pretty, '\n'));
  g_assert_cmpstr (facts->system->hostname, ==, "web1");
  g_assert_cmpstr (facts->system->timezone, ==, "CET");
  g_assert_cmpuint (facts->users->len, ==, 1);
  const KvmmGuestUser *user = facts->users->pdata[0];
  g_assert_cmpstr (user->user, ==, "ann");
  g_assert_cmpint (user->login_time_s, ==, 1700000000);
}

static void
test_reads_filesystems (void)
{
  Answer answer = { 0 };
  add_count (&answer, "fs.count", 2);
  add_text (&answer, "fs.0.mountpoint", "/");
  add_text (&answer, "fs.0.name", "vda1");
  add_text (&answer, "fs.0.fstype", "ext4");
  add_text (&answer, "fs.0.disk.0.serial", "S1");
  add_number (&answer, "fs.0.total-bytes", 1000);
  add_number (&answer, "fs.0.used-bytes", 300);
  /* A guest's nonsense: more used than there is. */
  add_text (&answer, "fs.1.mountpoint", "/srv");
  add_number (&answer, "fs.1.total-bytes", 10);
  add_number (&answer, "fs.1.used-bytes", 30);
  g_autoptr (KvmmQgaFacts) facts = read_answer (&answer);
  g_assert_cmpuint (facts->filesystems->len, ==, 2);
  const KvmmGuestFilesystem *root = facts->filesystems->pdata[0];
  g_assert_cmpstr (root->mount, ==, "/");
  g_assert_cmpstr (root->disk_serial, ==, "S1");
  g_assert_cmpuint (root->available_bytes, ==, 700);
  const KvmmGuestFilesystem *srv = facts->filesystems->pdata[1];
  g_assert_cmpuint (srv->used_bytes, ==, 10);
  g_assert_cmpuint (srv->available_bytes, ==, 0);
}

static void
test_reads_interfaces (void)
{
  Answer answer = { 0 };
  add_count (&answer, "if.count", 3);
  add_text (&answer, "if.0.name", "lo");
  add_count (&answer, "if.0.addr.count", 1);
  add_text (&answer, "if.0.addr.0.addr", "127.0.0.1");
  add_count (&answer, "if.0.addr.0.prefix", 8);
  add_text (&answer, "if.1.name", "docker0");
  add_count (&answer, "if.1.addr.count", 1);
  add_text (&answer, "if.1.addr.0.addr", "172.17.0.1");
  add_text (&answer, "if.2.name", "eth0");
  add_text (&answer, "if.2.hwaddr", "52:54:00:00:00:01");
  add_count (&answer, "if.2.addr.count", 2);
  add_text (&answer, "if.2.addr.0.addr", "fe80::1");
  add_count (&answer, "if.2.addr.0.prefix", 64);
  add_text (&answer, "if.2.addr.1.addr", "192.0.2.7");
  add_count (&answer, "if.2.addr.1.prefix", 24);
  g_autoptr (KvmmQgaFacts) facts = read_answer (&answer);
  g_assert_cmpuint (facts->interfaces->len, ==, 3);
  const KvmmGuestInterface *eth0 = facts->interfaces->pdata[2];
  g_assert_cmpstr (eth0->mac, ==, "52:54:00:00:00:01");
  g_assert_false (eth0->is_virtual);
  const KvmmGuestAddress *link = eth0->addresses->pdata[0];
  g_assert_cmpstr (link->scope, ==, "link");
  g_assert_cmpuint (link->prefix, ==, 64);
  g_assert_true (((const KvmmGuestInterface *) facts->interfaces->pdata[1])->is_virtual);
  g_assert_cmpstr (kvmm_guest_interfaces_primary_address (facts->interfaces), ==, "192.0.2.7");
}

static void
test_counts_are_bounded (void)
{
  Answer answer = { 0 };
  add_count (&answer, "if.count", G_MAXUINT);
  add_text (&answer, "if.0.name", "eth0");
  add_count (&answer, "if.0.addr.count", G_MAXUINT);
  add_text (&answer, "if.0.addr.0.addr", "192.0.2.7");
  add_count (&answer, "fs.count", 257);
  add_count (&answer, "user.count", 256);
  g_autoptr (KvmmQgaFacts) facts = read_answer (&answer);
  g_assert_cmpuint (facts->interfaces->len, ==, 256);
  g_assert_cmpuint (facts->filesystems->len, ==, 256);
  g_assert_cmpuint (facts->users->len, ==, 256);
}

static void
test_wrong_types_count_as_nothing (void)
{
  Answer answer = { 0 };
  add_number (&answer, "hostname", 7);
  add_text (&answer, "os.name", "Linux");
  add_text (&answer, "fs.count", "two");
  g_autoptr (KvmmQgaFacts) facts = read_answer (&answer);
  g_assert_null (facts->system->hostname);
  g_assert_cmpuint (facts->filesystems->len, ==, 0);
}

static void
test_sums_figures (void)
{
  Answer answer = { 0 };
  KvmmDomainStats stats = { 0 };
  add_number (&answer, "cpu.time", 5);
  add_count (&answer, "vcpu.current", 2);
  add_number (&answer, "balloon.current", 1024);
  add_number (&answer, "balloon.unused", 100);
  add_number (&answer, "balloon.usable", 300);
  add_number (&answer, "balloon.rss", 700);
  add_count (&answer, "block.count", 2);
  add_number (&answer, "block.0.rd.bytes", 10);
  add_number (&answer, "block.1.rd.bytes", 1);
  add_number (&answer, "block.10.wr.reqs", 3);
  add_number (&answer, "block.x.rd.bytes", 1000);
  add_number (&answer, "net.0.rx.bytes", 20);
  add_number (&answer, "net.1.rx.bytes", 2);
  add_number (&answer, "net.0.tx.bytes", 4);
  for (int i = 0; i < answer.n_params; i++)
    kvmm_domain_stats_take (&stats, &answer.params[i]);
  virTypedParamsFree (answer.params, answer.n_params);
  g_assert_true (stats.has_cpu && stats.has_memory && stats.has_block && stats.has_net);
  g_assert_cmpuint (stats.cpu_time_ns, ==, 5);
  g_assert_cmpuint (stats.vcpus, ==, 2);
  g_assert_cmpuint (stats.memory_current_kib, ==, 1024);
  g_assert_cmpuint (stats.memory_unused_kib, ==, 300);
  g_assert_cmpuint (stats.memory_rss_kib, ==, 700);
  g_assert_cmpuint (stats.read_bytes, ==, 11);
  g_assert_cmpuint (stats.write_requests, ==, 3);
  g_assert_cmpuint (stats.rx_bytes, ==, 22);
  g_assert_cmpuint (stats.tx_bytes, ==, 4);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  virInitialize ();
  g_test_add_func ("/virt/qga/nothing-told-is-nothing-known", test_nothing_told_is_nothing_known);
  g_test_add_func ("/virt/qga/reads-system-and-users", test_reads_system_and_users);
  g_test_add_func ("/virt/qga/reads-filesystems", test_reads_filesystems);
  g_test_add_func ("/virt/qga/reads-interfaces", test_reads_interfaces);
  g_test_add_func ("/virt/qga/counts-are-bounded", test_counts_are_bounded);
  g_test_add_func ("/virt/qga/wrong-types-count-as-nothing", test_wrong_types_count_as_nothing);
  g_test_add_func ("/virt/stats/sums-figures", test_sums_figures);
  return g_test_run ();
}

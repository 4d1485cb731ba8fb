/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utmp.h>

#include "daemon-peer.h"
#include "daemon/agent-util.h"

static Peer *
start (PeerFlags flags)
{
  Peer *peer = peer_new ();

  peer_start (peer, flags);
  json_decref (peer_hello (peer));
  return peer;
}

static guint64
meminfo (const char *key)
{
  g_autofree char *text = NULL;
  g_autofree char *pattern = g_strdup_printf ("\n%s:", key);
  g_autofree char *whole = NULL;
  const char *found;

  g_assert_true (g_file_get_contents ("/proc/meminfo", &text, NULL, NULL));
  whole = g_strconcat ("\n", text, NULL);
  found = strstr (whole, pattern);
  g_assert_nonnull (found);
  return g_ascii_strtoull (found + strlen (pattern), NULL, 10) * 1024;
}

static void
test_system_is_this_one (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  json_t *info = peer_call (peer, KVMA_METHOD_SYS_INFO, NULL);
  g_autofree char *id = g_get_os_info (G_OS_INFO_KEY_ID);
  g_autofree char *pretty = g_get_os_info (G_OS_INFO_KEY_PRETTY_NAME);
  g_autofree char *boot_id = NULL;
  g_autofree char *uptime = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  struct utsname name;

  g_assert_cmpint (uname (&name), ==, 0);
  g_assert_cmpstr (json_text (info, "os.id"), ==, id);
  g_assert_cmpstr (json_text (info, "os.pretty"), ==, pretty);
  g_assert_cmpstr (json_text (info, "kernel"), ==, name.release);
  g_assert_cmpstr (json_text (info, "arch"), ==, name.machine);
  g_assert_cmpstr (json_text (info, "hostname"), ==, name.nodename);
  g_assert_cmpint (json_number (info, "cpus"), ==, sysconf (_SC_NPROCESSORS_ONLN));
  g_assert_cmpuint ((guint64) json_number (info, "mem_total"), ==, meminfo ("MemTotal"));
  g_assert_true (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL));
  g_assert_cmpstr (json_text (info, "boot_id"), ==, g_strstrip (boot_id));
  g_assert_true (g_file_get_contents ("/proc/uptime", &uptime, NULL, NULL));
  g_assert_cmpfloat_with_epsilon ((double) json_number (info, "uptime_ms") / 1000,
                                  g_ascii_strtod (uptime, NULL), 5);
  g_assert_cmpfloat_with_epsilon (
      (double) (json_number (info, "boot_time") + json_number (info, "uptime_ms") / 1000),
      (double) g_get_real_time () / 1000000, 5);
  if (g_getenv ("TZ") == NULL)
    g_assert_cmpint (json_number (info, "tz.offset"), ==,
                     g_date_time_get_utc_offset (now) / G_USEC_PER_SEC);
  g_assert_nonnull (json_text (info, "tz.name"));
  g_assert_nonnull (json_text (info, "virt"));
  json_decref (info);
  peer_free (peer);
}

static void
test_metrics_are_right (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  json_t *metrics = NULL;
  gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  double sum = 0, available;

  /* The first sample may be too short to say anything of the processors. */
  do
    {
      json_decref (metrics);
      metrics = peer_call (peer, KVMA_METHOD_SYS_METRICS, NULL);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  while (json_path (metrics, "cpu") == NULL);
  sum = json_fraction (metrics, "cpu.user") + json_fraction (metrics, "cpu.system") +
        json_fraction (metrics, "cpu.idle") + json_fraction (metrics, "cpu.iowait") +
        json_fraction (metrics, "cpu.steal");
  g_assert_cmpfloat_with_epsilon (sum, 1, 0.001);
  g_assert_cmpuint (json_array_size (json_path (metrics, "load")), ==, 3);
  g_assert_cmpuint ((guint64) json_number (metrics, "mem.total"), ==, meminfo ("MemTotal"));
  g_assert_cmpuint ((guint64) json_number (metrics, "mem.swap_total"), ==, meminfo ("SwapTotal"));
  available = (double) meminfo ("MemAvailable");
  g_assert_cmpfloat (fabs ((double) json_number (metrics, "mem.avail") - available), <,
                     0.05 * (double) meminfo ("MemTotal"));
  g_assert_cmpint (json_number (metrics, "procs"), >, 1);
  g_assert_cmpint (llabs (json_number (metrics, "t") - g_get_real_time () / 1000), <, 5000);
  json_decref (metrics);
  peer_free (peer);
}

static json_t *
find_row (json_t *rows, const char *key, const char *value)
{
  for (size_t i = 0; i < json_array_size (rows); i++)
    if (g_strcmp0 (json_text (json_array_get (rows, i), key), value) == 0)
      return json_array_get (rows, i);
  return NULL;
}

static void
check_address (json_t *ifaces, const struct ifaddrs *entry)
{
  char text[INET6_ADDRSTRLEN];
  json_t *iface = find_row (ifaces, "name", entry->ifa_name);
  json_t *address;
  const guint8 *mask;
  guint size, prefix = 0;

  if (entry->ifa_addr->sa_family == AF_INET)
    {
      inet_ntop (AF_INET, &((struct sockaddr_in *) (void *) entry->ifa_addr)->sin_addr, text,
                 sizeof text);
      mask = (guint8 *) &((struct sockaddr_in *) (void *) entry->ifa_netmask)->sin_addr;
      size = 4;
    }
  else
    {
      inet_ntop (AF_INET6, &((struct sockaddr_in6 *) (void *) entry->ifa_addr)->sin6_addr, text,
                 sizeof text);
      mask = (guint8 *) &((struct sockaddr_in6 *) (void *) entry->ifa_netmask)->sin6_addr;
      size = 16;
    }
  for (guint i = 0; i < size; i++)
    prefix += (guint) __builtin_popcount (mask[i]);
  g_assert_nonnull (iface);
  address = find_row (json_path (iface, "addrs"), "ip", text);
  g_assert_nonnull (address);
  g_assert_cmpint (json_number (address, "prefix"), ==, prefix);
  g_assert_cmpint (json_number (iface, "index"), ==, if_nametoindex (entry->ifa_name));
}

static void
test_addresses_equal_getifaddrs (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  json_t *net = peer_call (peer, KVMA_METHOD_NET_LIST, json_pack ("{sb}", "virtual", TRUE));
  json_t *ifaces = json_path (net, "ifaces");
  json_t *loopback = find_row (ifaces, "name", "lo");
  struct ifaddrs *addresses = NULL;
  guint n = 0, told = 0;

  g_assert_cmpint (getifaddrs (&addresses), ==, 0);
  for (const struct ifaddrs *entry = addresses; entry != NULL; entry = entry->ifa_next)
    if (entry->ifa_addr != NULL &&
        (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6))
      {
        check_address (ifaces, entry);
        n++;
      }
  freeifaddrs (addresses);
  for (size_t i = 0; i < json_array_size (ifaces); i++)
    told += (guint) json_array_size (json_path (json_array_get (ifaces, i), "addrs"));
  g_assert_cmpuint (told, ==, n);
  g_assert_cmpstr (json_text (loopback, "kind"), ==, "loopback");
  g_assert_true (json_is_true (json_path (loopback, "virtual")));
  g_assert_null (json_path (loopback, "mac"));
  json_decref (net);

  net = peer_call (peer, KVMA_METHOD_NET_LIST, NULL);
  ifaces = json_path (net, "ifaces");
  for (size_t i = 0; i < json_array_size (ifaces); i++)
    g_assert_true (json_is_false (json_path (json_array_get (ifaces, i), "virtual")));
  json_decref (net);
  peer_free (peer);
}

static void
test_disks_equal_statvfs (void)
{
  Peer *peer = start (PEER_REAL_FACTS);
  json_t *list = peer_call (peer, KVMA_METHOD_FS_LIST, NULL);
  json_t *root = find_row (json_path (list, "fs"), "mount", "/");
  struct statvfs status;

  g_assert_nonnull (root);
  g_assert_cmpint (statvfs ("/", &status), ==, 0);
  g_assert_cmpuint ((guint64) json_number (root, "total"), ==,
                    (guint64) status.f_blocks * status.f_frsize);
  /* Others write to it while we look: 1 % is what a person would call equal. */
  g_assert_cmpfloat (fabs ((double) json_number (root, "used") -
                           (double) (status.f_blocks - status.f_bfree) * (double) status.f_frsize),
                     <, 0.01 * (double) json_number (root, "total"));
  g_assert_cmpfloat (fabs ((double) json_number (root, "avail") -
                           (double) status.f_bavail * (double) status.f_frsize),
                     <, 0.01 * (double) json_number (root, "total"));
  g_assert_true (json_is_false (json_path (root, "stale")));
  for (size_t i = 0; i < json_array_size (json_path (list, "fs")); i++)
    g_assert_cmpstr (json_text (json_array_get (json_path (list, "fs"), i), "type"), !=, "proc");
  json_decref (list);

  list = peer_call (peer, KVMA_METHOD_FS_LIST, json_pack ("{sb}", "all", TRUE));
  g_assert_nonnull (find_row (json_path (list, "fs"), "type", "proc"));
  json_decref (list);
  peer_free (peer);
}

static void
test_os_release_is_unquoted (void)
{
  Peer *peer = peer_new ();
  json_t *info;

  peer_write (peer, "etc/os-release",
              "# a comment\nNAME='Some OS'\nID=some\nVERSION_ID=\"3.1\"\n"
              "PRETTY_NAME=\"The \\\"Some\\\" \xff OS\"\nXID=no");
  peer_write (peer, "proc/uptime", "12.34 5.6\n");
  peer_write (peer, "etc/timezone", "Europe/Nowhere\n");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  info = peer_call (peer, KVMA_METHOD_SYS_INFO, NULL);
  g_assert_cmpstr (json_text (info, "os.id"), ==, "some");
  g_assert_cmpstr (json_text (info, "os.name"), ==, "Some OS");
  g_assert_cmpstr (json_text (info, "os.version"), ==, "3.1");
  g_assert_cmpstr (json_text (info, "os.pretty"), ==, "The \"Some\" \xef\xbf\xbd OS");
  g_assert_cmpstr (json_text (info, "tz.name"), ==, "Europe/Nowhere");
  g_assert_cmpint (json_number (info, "uptime_ms"), ==, 12340);
  g_assert_null (json_path (info, "mem_total"));
  json_decref (info);
  peer_free (peer);
}

#define MOUNTS                                                                                     \
  "1 0 0:2 / / rw - rootfs rootfs rw\n"                                                            \
  "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"                                      \
  "23 22 0:21 / /proc rw - proc proc rw\n"                                                         \
  "24 22 0:22 / /run rw - tmpfs tmpfs rw\n"                                                        \
  "25 22 254:1 /srv /srv/bind rw - ext4 /dev/vda1 rw\n"                                            \
  "26 22 254:2 / /data\\040disk ro - xfs /dev/vdb rw\n"                                            \
  "27 22 0:50 / /gone rw - nfs4 server:/export rw\n"                                               \
  "28 22 7:1 / /snap/x ro - squashfs /dev/loop1 ro\n"                                              \
  "29 22 0:51 / /auto rw - autofs systemd-1 rw\n"                                                  \
  "not a line of the table\n"

static void
test_mount_table (void)
{
  Peer *peer = peer_new ();
  json_t *list, *row;

  peer_write (peer, "proc/self/mountinfo", MOUNTS);
  peer_write (peer, "data disk/file", "");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  list = peer_call (peer, KVMA_METHOD_FS_LIST, NULL);
  g_assert_cmpint (json_number (list, "total"), ==, 3);
  g_assert_cmpstr (json_text (list, "fs.0.mount"), ==, "/");
  g_assert_cmpstr (json_text (list, "fs.0.dev"), ==, "/dev/vda1");
  g_assert_cmpstr (json_text (list, "fs.1.mount"), ==, "/data disk");
  g_assert_true (json_is_true (json_path (list, "fs.1.ro")));
  row = json_path (list, "fs.2");
  g_assert_cmpstr (json_text (row, "mount"), ==, "/gone");
  g_assert_true (json_is_true (json_path (row, "stale")));
  g_assert_null (json_path (row, "total"));
  json_decref (list);
  list = peer_call (peer, KVMA_METHOD_FS_LIST, json_pack ("{sb}", "all", TRUE));
  g_assert_cmpint (json_number (list, "total"), ==, 7);
  g_assert_null (find_row (json_path (list, "fs"), "type", "autofs"));
  json_decref (list);
  peer_free (peer);
}

static void
test_disk_serials (void)
{
  Peer *peer = peer_new ();
  json_t *list;

  peer_write (peer, "proc/self/mountinfo", MOUNTS);
  peer_write (peer, "data disk/file", "");
  peer_write (peer, "sys/dev/block/254:1/partition", "1\n");
  peer_write (peer, "sys/dev/block/serial", "ROOT-1\n");
  peer_write (peer, "sys/dev/block/254:2/slaves/dm/serial", "DATA-2\n");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  list = peer_call (peer, KVMA_METHOD_FS_LIST, NULL);
  g_assert_cmpstr (json_text (list, "fs.0.disk_serial"), ==, "ROOT-1");
  g_assert_cmpstr (json_text (list, "fs.1.disk_serial"), ==, "DATA-2");
  json_decref (list);
  peer_free (peer);
}

/* More mounts than one reply has room for: the most that fit, and the truth about the rest. */
static void
test_long_lists_are_cut (void)
{
  Peer *peer = peer_new ();
  g_autoptr (GString) table = g_string_new (NULL);
  json_t *list;

  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (table, "%u 1 254:%u / /mnt/%08u rw - ext4 /dev/vd%u rw\n", i + 10, i, i,
                            i);
  peer_write (peer, "proc/self/mountinfo", table->str);
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  list = peer_call (peer, KVMA_METHOD_FS_LIST, NULL);
  g_assert_cmpint (json_number (list, "total"), ==, 3000);
  g_assert_true (json_is_true (json_path (list, "truncated")));
  g_assert_cmpuint (json_array_size (json_path (list, "fs")), >, 100);
  g_assert_cmpuint (json_array_size (json_path (list, "fs")), <=, KVMA_LIST_ROWS_MAX);
  json_decref (list);
  peer_free (peer);
}

/* A file system that never answers: the others come within two seconds, it is marked, and PING goes
 * on. */
static void
test_dead_mount_is_stale (void)
{
  Peer *peer = start (PEER_REAL_FACTS | PEER_DEAD_MOUNT);
  g_autofree char *dead = g_build_filename (peer->root, "dead", NULL);
  guint8 ping[KVMA_PING_PAYLOAD_SIZE] = { 0 };
  gint64 begin = g_get_monotonic_time ();
  gint64 id = peer_request (peer, KVMA_METHOD_FS_LIST, json_pack ("{sb}", "all", TRUE));
  json_t *reply, *row;
  KvmaFrame frame;

  peer_send (peer, KVMA_KIND_PING, ping, sizeof ping);
  g_assert_true (peer_receive (peer, &frame));
  reply = frame.header.kind == KVMA_KIND_REPLY
              ? json_loadb ((const char *) frame.payload, frame.length, 0, NULL)
              : peer_reply (peer, id);
  row = find_row (json_path (reply, "result.fs"), "mount", dead);
  if (row == NULL)
    {
      g_test_skip ("no right to mount a FUSE file system here");
    }
  else
    {
      g_assert_cmpint (frame.header.kind, ==, KVMA_KIND_PONG);
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 2 * G_USEC_PER_SEC);
      g_assert_true (json_is_true (json_path (row, "stale")));
      row = find_row (json_path (reply, "result.fs"), "mount", "/");
      g_assert_true (json_is_false (json_path (row, "stale")));
      /* It is not asked again so soon. */
      begin = g_get_monotonic_time ();
      json_decref (peer_call (peer, KVMA_METHOD_FS_LIST, json_pack ("{sb}", "all", TRUE)));
      g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC / 2);
    }
  json_decref (reply);
  peer_free (peer);
}

static void
test_cancels_a_waiting_call (void)
{
  Peer *peer = start (PEER_REAL_FACTS | PEER_DEAD_MOUNT);
  gint64 id = peer_request (peer, KVMA_METHOD_FS_LIST, json_pack ("{sb}", "all", TRUE));
  gint64 cancel = peer_request (peer, KVMA_METHOD_AGENT_CANCEL, json_pack ("{sI}", "id", id));
  json_t *reply = peer_expect (peer, KVMA_KIND_REPLY, 0);

  g_assert_cmpint (json_number (reply, "id"), ==, id);
  if (json_path (reply, "result") != NULL)
    g_test_skip ("no right to mount a FUSE file system here");
  else
    {
      g_assert_cmpint (json_number (reply, "error.code"), ==, KVMA_ERROR_CANCELLED);
      json_decref (reply);
      reply = peer_reply (peer, cancel);
      g_assert_true (json_is_true (json_path (reply, "result.cancelled")));
      /* The answer that comes from the worker later is nobody's. */
      json_decref (peer_call (peer, KVMA_METHOD_AGENT_INFO, NULL));
    }
  json_decref (reply);
  peer_free (peer);
}

static void
test_users_from_utmp (void)
{
  Peer *peer = peer_new ();
  struct utmp entries[3] = { 0 };
  g_autofree char *path = g_build_filename (peer->root, "run", "utmp", NULL);
  json_t *users;

  entries[0].ut_type = BOOT_TIME;
  entries[1].ut_type = USER_PROCESS;
  memset (entries[1].ut_user, 'u', sizeof entries[1].ut_user);
  strcpy (entries[1].ut_line, "pts/3");
  strcpy (entries[1].ut_host, "desk.example");
  entries[1].ut_tv.tv_sec = 1700000000;
  entries[2].ut_type = DEAD_PROCESS;
  strcpy (entries[2].ut_user, "gone");
  peer_write (peer, "run/utmp", "");
  g_assert_true (g_file_set_contents (path, (const char *) entries, sizeof entries, NULL));
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  users = peer_call (peer, KVMA_METHOD_USER_SESSIONS, NULL);
  g_assert_cmpint (json_number (users, "total"), ==, 1);
  g_assert_cmpuint (strlen (json_text (users, "users.0.user")), ==, 32);
  g_assert_cmpstr (json_text (users, "users.0.tty"), ==, "pts/3");
  g_assert_cmpstr (json_text (users, "users.0.host"), ==, "desk.example");
  g_assert_cmpint (json_number (users, "users.0.login_time"), ==, 1700000000);
  json_decref (users);
  peer_free (peer);
}

static void
test_users_from_logind (void)
{
  Peer *peer = peer_new ();
  json_t *users;

  peer_write (peer, "run/systemd/sessions/3",
              "# private\nUID=1000\nUSER=anna\nACTIVE=1\nSTATE=active\nTTY=tty1\nCLASS=user\n"
              "REALTIME=1700000000123456\n");
  peer_write (peer, "run/systemd/sessions/c1", "USER=gdm\nCLASS=greeter\nREALTIME=1\n");
  peer_write (peer, "run/systemd/sessions/4", "USER=old\nCLASS=user\nSTATE=closing\n");
  peer_write (peer, "run/systemd/sessions/3.ref", "");
  peer_start (peer, 0);
  json_decref (peer_hello (peer));
  users = peer_call (peer, KVMA_METHOD_USER_SESSIONS, NULL);
  g_assert_cmpint (json_number (users, "total"), ==, 1);
  g_assert_cmpstr (json_text (users, "users.0.user"), ==, "anna");
  g_assert_cmpstr (json_text (users, "users.0.tty"), ==, "tty1");
  g_assert_null (json_path (users, "users.0.host"));
  g_assert_cmpint (json_number (users, "users.0.login_time"), ==, 1700000000);
  json_decref (users);
  peer_free (peer);
}

/* A guest with nothing in it, not even /proc: empty answers, no crash. */
static void
test_empty_guest (void)
{
  Peer *peer = start (0);
  json_t *result = peer_call (peer, KVMA_METHOD_USER_SESSIONS, NULL);

  g_assert_cmpint (json_number (result, "total"), ==, 0);
  json_decref (result);
  result = peer_call (peer, KVMA_METHOD_FS_LIST, NULL);
  g_assert_cmpint (json_number (result, "total"), ==, 0);
  json_decref (result);
  result = peer_call (peer, KVMA_METHOD_SYS_METRICS, NULL);
  g_assert_null (json_path (result, "mem"));
  json_decref (result);
  json_decref (peer_call (peer, KVMA_METHOD_SYS_INFO, NULL));
  peer_free (peer);
}

/* Each day of two 400-year cycles, and the seconds round midnight. */
static void
test_utc_equals_gmtime (void)
{
  for (gint64 day = -146097; day <= 146097; day++)
    for (gint64 second = day % 2 == 0 ? 0 : 86399; second < 86400; second += 43201)
      {
        time_t seconds = (time_t) (day * 86400 + second);
        struct tm expected = { 0 };
        struct tm got;

        g_assert_nonnull (gmtime_r (&seconds, &expected));
        agent_utc (seconds, &got);
        g_assert_cmpint (got.tm_year, ==, expected.tm_year);
        g_assert_cmpint (got.tm_mon, ==, expected.tm_mon);
        g_assert_cmpint (got.tm_mday, ==, expected.tm_mday);
        g_assert_cmpint (got.tm_hour, ==, expected.tm_hour);
        g_assert_cmpint (got.tm_min, ==, expected.tm_min);
        g_assert_cmpint (got.tm_sec, ==, expected.tm_sec);
        g_assert_cmpint (got.tm_wday, ==, expected.tm_wday);
        g_assert_cmpint (got.tm_yday, ==, expected.tm_yday);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/facts/system-is-this-one", test_system_is_this_one);
  g_test_add_func ("/daemon/facts/metrics-are-right", test_metrics_are_right);
  g_test_add_func ("/daemon/facts/addresses-equal-getifaddrs", test_addresses_equal_getifaddrs);
  g_test_add_func ("/daemon/facts/disks-equal-statvfs", test_disks_equal_statvfs);
  g_test_add_func ("/daemon/facts/os-release-is-unquoted", test_os_release_is_unquoted);
  g_test_add_func ("/daemon/facts/mount-table", test_mount_table);
  g_test_add_func ("/daemon/facts/disk-serials", test_disk_serials);
  g_test_add_func ("/daemon/facts/long-lists-are-cut", test_long_lists_are_cut);
  g_test_add_func ("/daemon/facts/dead-mount-is-stale", test_dead_mount_is_stale);
  g_test_add_func ("/daemon/facts/cancels-a-waiting-call", test_cancels_a_waiting_call);
  g_test_add_func ("/daemon/facts/users-from-utmp", test_users_from_utmp);
  g_test_add_func ("/daemon/facts/users-from-logind", test_users_from_logind);
  g_test_add_func ("/daemon/facts/utc-equals-gmtime", test_utc_equals_gmtime);
  g_test_add_func ("/daemon/facts/empty-guest", test_empty_guest);
  return g_test_run ();
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "daemon/agent-timezone.h"
#include "daemon/agent-util.h"
#include "protocol/kvma-limits.h"

/* The value of one line of os-release: KEY=value, KEY="value" or KEY='value' with backslash
 * escapes. */
static void
read_os_value (const char *value, size_t length, char *out, size_t size)
{
  char quote = length > 0 && (*value == '"' || *value == '\'') ? *value : '\0';
  size_t used = 0;

  for (size_t i = quote != '\0' ? 1 : 0; i < length && used + 1 < size; i++)
    {
      if (value[i] == quote && quote != '\0')
        break;
      if (value[i] == '\\' && quote != '\'' && i + 1 < length)
        i++;
      out[used++] = value[i];
    }
  out[used] = '\0';
}

static json_t *
operating_system (void)
{
  static const struct
  {
    const char *key;
    const char *member;
  } wanted[] = {
    { "ID", "id" }, { "NAME", "name" }, { "VERSION_ID", "version" }, { "PRETTY_NAME", "pretty" }
  };
  char text[8192];
  char value[KVMA_TEXT_MAX + 1];
  json_t *os = json_object ();

  if (agent_read_file ("/etc/os-release", text, sizeof text) <= 0 &&
      agent_read_file ("/usr/lib/os-release", text, sizeof text) <= 0)
    return os;
  for (const char *line = text; *line != '\0';)
    {
      size_t length = strcspn (line, "\n");

      for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        {
          size_t n = strlen (wanted[i].key);

          if (length > n && line[n] == '=' && memcmp (line, wanted[i].key, n) == 0)
            {
              read_os_value (line + n + 1, length - n - 1, value, sizeof value);
              agent_json_set_text (os, wanted[i].member, value);
            }
        }
      line += length;
      line += *line == '\n' ? 1 : 0;
    }
  return os;
}

#if defined(__x86_64__) || defined(__i386__)
/* The hypervisor's own signature: it cannot be mistaken for a vendor's name in the firmware. */
static const char *
virt_from_cpu (void)
{
  static const struct
  {
    const char *signature;
    const char *name;
  } known[] = {
    { "KVMKVMKVM", "kvm" },       { "Linux KVM Hv", "kvm" },       { "TCGTCGTCGTCG", "qemu" },
    { "VMwareVMware", "vmware" }, { "Microsoft Hv", "microsoft" }, { "XenVMMXenVMM", "xen" },
    { "bhyve bhyve ", "bhyve" },  { "QNXQVMBSQG", "qnx" },         { "ACRNACRNACRN", "acrn" },
    { "VBoxVBoxVBox", "oracle" },
  };
  unsigned int a, b, c, d;
  char signature[13] = "";

  if (!__get_cpuid (1, &a, &b, &c, &d) || (c & 1u << 31) == 0)
    return "none";
  __cpuid (0x40000000, a, b, c, d);
  memcpy (signature, &b, 4);
  memcpy (signature + 4, &c, 4);
  memcpy (signature + 8, &d, 4);
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp (signature, known[i].signature) == 0)
      return known[i].name;
  return "vm-other";
}
#else
static const char *
virt_from_cpu (void)
{
  return NULL;
}
#endif

static const char *
virt_name (void)
{
  const char *name = virt_from_cpu ();
  char text[64];

  if (name != NULL && strcmp (name, "none") != 0 && strcmp (name, "vm-other") != 0)
    return name;
  if (agent_read_line ("/sys/hypervisor/type", text, sizeof text) && strcmp (text, "xen") == 0)
    return "xen";
  if (agent_read_line ("/sys/class/dmi/id/sys_vendor", text, sizeof text) ||
      agent_read_line ("/proc/device-tree/hypervisor/compatible", text, sizeof text))
    {
      if (strcmp (text, "QEMU") == 0 || strcmp (text, "linux,kvm") == 0)
        return strcmp (text, "QEMU") == 0 ? "qemu" : "kvm";
      if (strncmp (text, "VMware", 6) == 0)
        return "vmware";
    }
  return name != NULL ? name : "none";
}

static void
set_timezone (json_t *object)
{
  char path[AGENT_PATH_SIZE];
  char data[8192];
  char abbreviation[AGENT_TIMEZONE_NAME_SIZE] = "UTC";
  char name[64] = "";
  const char *zone;
  int offset = 0;
  ssize_t n = readlink (agent_path (path, "/etc/localtime"), data, sizeof data - 1);
  json_t *tz = json_object ();

  if (n > 0)
    {
      data[n] = '\0';
      zone = strstr (data, "zoneinfo/");
      if (zone != NULL)
        snprintf (name, sizeof name, "%.63s", zone + 9);
    }
  n = agent_read_file ("/etc/localtime", data, sizeof data);
  if (n > 0)
    agent_timezone_at ((const uint8_t *) data, (size_t) n, agent_realtime_ms () / 1000, &offset,
                       abbreviation);
  if (name[0] == '\0' && !agent_read_line ("/etc/timezone", name, sizeof name))
    snprintf (name, sizeof name, "%s", abbreviation);
  agent_json_set_text (tz, "name", name);
  json_object_set_new (tz, "offset", json_integer (offset));
  json_object_set_new (object, "tz", tz);
}

/* Number after "@key " at the beginning of a line; 0 when there is none. */
static uint64_t
number_of (const char *text, const char *key)
{
  size_t n = strlen (key);

  for (const char *line = text; line != NULL;)
    {
      if (strncmp (line, key, n) == 0)
        return strtoull (line + n, NULL, 10);
      line = strchr (line, '\n');
      line = line != NULL ? line + 1 : NULL;
    }
  return 0;
}

json_t *
agent_facts_system (void)
{
  char text[4096];
  char boot_id[64];
  double uptime = 0;
  struct utsname name;
  uint64_t boot_time;
  json_t *object = json_object ();

  uname (&name);
  json_object_set_new (object, "os", operating_system ());
  agent_json_set_text (object, "kernel", name.release);
  agent_json_set_text (object, "arch", name.machine);
  agent_json_set_text (object, "hostname", name.nodename);
  if (agent_read_line ("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id))
    agent_json_set_text (object, "boot_id", boot_id);
  if (agent_read_line ("/proc/uptime", text, sizeof text))
    uptime = strtod (text, NULL);
  json_object_set_new (object, "uptime_ms", json_integer ((json_int_t) (uptime * 1000)));
  boot_time = (uint64_t) (agent_realtime_ms () / 1000) - (uint64_t) uptime;
  json_object_set_new (object, "boot_time", json_integer ((json_int_t) boot_time));
  set_timezone (object);
  json_object_set_new (object, "cpus", json_integer (sysconf (_SC_NPROCESSORS_ONLN)));
  if (agent_read_file ("/proc/meminfo", text, sizeof text) > 0)
    json_object_set_new (object, "mem_total",
                         json_integer ((json_int_t) (number_of (text, "MemTotal:") * 1024)));
  agent_json_set_text (object, "virt", virt_name ());
  return object;
}

const char *
agent_facts_init_name (void)
{
  static const char *const shells[] = { "sh", "ash", "bash", "dash", "hush", "busybox" };
  char path[AGENT_PATH_SIZE];
  char command[256];
  char target[64] = "";
  const char *name;

  if (access (agent_path (path, "/run/systemd/system"), F_OK) == 0)
    return "systemd";
  if (access (agent_path (path, "/run/openrc"), F_OK) == 0)
    return "openrc";
  /* A script as the first process knows no shutdown; its command line begins with the interpreter.
   */
  if (agent_read_file ("/proc/1/cmdline", command, sizeof command) <= 0)
    return "other";
  name = strrchr (command, '/');
  name = name != NULL ? name + 1 : command;
  for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
    if (strcmp (name, shells[i]) == 0)
      return "none";
  if (readlink (agent_path (path, "/sbin/init"), target, sizeof target - 1) > 0 &&
      strstr (target, "busybox") != NULL)
    return "busybox";
  if (strncmp (name, "init", 4) == 0)
    return access (agent_path (path, "/bin/busybox"), F_OK) == 0 &&
                   access (agent_path (path, "/sbin/shutdown"), F_OK) != 0
               ? "busybox"
               : "sysvinit";
  return "other";
}

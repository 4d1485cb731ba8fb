/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-kinds.h"

#include <glib/gi18n.h>
#include <string.h>

#define TEXT(path, label)                                                                          \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_TEXT                                                               \
  }
#define BOOLEAN(path, label)                                                                       \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_BOOLEAN                                                            \
  }
#define SIZE(path, label)                                                                          \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_SIZE                                                               \
  }
#define MILLISECONDS(path, label)                                                                  \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_MS                                                                 \
  }
#define ITEM(path, label)                                                                          \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_ITEM                                                               \
  }

static const KvmmXmlFieldSpec cpu_fields[] = {
  TEXT ("vcpu/@current", N_ ("Processors")),
  TEXT ("vcpu", N_ ("Maximum processors")),
  TEXT ("vcpu/@placement", N_ ("Placement")),
  TEXT ("vcpu/@cpuset", N_ ("Host processors")),
  ITEM ("vcpus/vcpu", N_ ("Each processor")),
  TEXT ("cpu/@mode", N_ ("Mode")),
  TEXT ("cpu/model", N_ ("Model")),
  TEXT ("cpu/vendor", N_ ("Vendor")),
  TEXT ("cpu/@match", N_ ("Match")),
  TEXT ("cpu/@check", N_ ("Check")),
  BOOLEAN ("cpu/@migratable", N_ ("Migratable")),
  TEXT ("cpu/model/@fallback", N_ ("If the model is not available")),
  TEXT ("cpu/topology/@sockets", N_ ("Sockets")),
  TEXT ("cpu/topology/@dies", N_ ("Dies per socket")),
  TEXT ("cpu/topology/@clusters", N_ ("Clusters per die")),
  TEXT ("cpu/topology/@cores", N_ ("Cores")),
  TEXT ("cpu/topology/@threads", N_ ("Threads per core")),
  TEXT ("cpu/cache/@mode", N_ ("Cache")),
  ITEM ("cpu/feature", N_ ("Features")),
  ITEM ("cpu/numa/cell", N_ ("NUMA cells")),
  TEXT ("iothreads", N_ ("I/O threads")),
  TEXT ("cputune/shares", N_ ("Shares")),
  TEXT ("cputune/period", N_ ("Period")),
  TEXT ("cputune/quota", N_ ("Quota")),
  ITEM ("cputune/vcpupin", N_ ("Pinned processors")),
  TEXT ("cputune/emulatorpin/@cpuset", N_ ("Emulator pinned to")),
  ITEM ("cputune/iothreadpin", N_ ("Pinned I/O threads")),
  { NULL },
};

static const KvmmXmlFieldSpec memory_fields[] = {
  SIZE ("currentMemory", N_ ("Memory")),
  SIZE ("memory", N_ ("Maximum memory")),
  SIZE ("maxMemory", N_ ("Maximum memory with hot-plug")),
  TEXT ("maxMemory/@slots", N_ ("Hot-plug slots")),
  BOOLEAN ("memoryBacking/hugepages", N_ ("Huge pages")),
  ITEM ("memoryBacking/hugepages/page", N_ ("Huge page sizes")),
  TEXT ("memoryBacking/source/@type", N_ ("Source")),
  TEXT ("memoryBacking/access/@mode", N_ ("Access mode")),
  TEXT ("memoryBacking/allocation/@mode", N_ ("Allocation")),
  BOOLEAN ("memoryBacking/locked", N_ ("Locked")),
  BOOLEAN ("memoryBacking/nosharepages", N_ ("Pages not shared")),
  BOOLEAN ("memoryBacking/discard", N_ ("Discard")),
  SIZE ("memtune/hard_limit", N_ ("Hard limit")),
  SIZE ("memtune/soft_limit", N_ ("Soft limit")),
  SIZE ("memtune/swap_hard_limit", N_ ("Limit with swap")),
  SIZE ("memtune/min_guarantee", N_ ("Guaranteed")),
  TEXT ("numatune/memory/@mode", N_ ("NUMA mode")),
  TEXT ("numatune/memory/@nodeset", N_ ("NUMA nodes")),
  TEXT ("numatune/memory/@placement", N_ ("NUMA placement")),
  ITEM ("numatune/memnode", N_ ("NUMA nodes by cell")),
  { NULL },
};

static const KvmmXmlFieldSpec os_fields[] = {
  TEXT ("os/type/@machine", N_ ("Machine type")),
  TEXT ("os/type/@arch", N_ ("Architecture")),
  TEXT ("os/type", N_ ("Type")),
  TEXT ("os/@firmware", N_ ("Firmware")),
  ITEM ("os/firmware/feature", N_ ("Firmware features")),
  TEXT ("os/loader", N_ ("Firmware file")),
  TEXT ("os/loader/@type", N_ ("Firmware type")),
  BOOLEAN ("os/loader/@secure", N_ ("Secure boot")),
  BOOLEAN ("os/loader/@readonly", N_ ("Firmware read-only")),
  TEXT ("os/nvram", N_ ("Firmware settings")),
  TEXT ("os/nvram/@template", N_ ("Template of the settings")),
  TEXT ("os/boot/@dev", N_ ("Boot devices")),
  BOOLEAN ("os/bootmenu/@enable", N_ ("Boot menu")),
  MILLISECONDS ("os/bootmenu/@timeout", N_ ("Boot menu shown for")),
  BOOLEAN ("os/bios/@useserial", N_ ("Firmware on the serial port")),
  MILLISECONDS ("os/bios/@rebootTimeout", N_ ("Reboot when nothing boots after")),
  TEXT ("os/kernel", N_ ("Kernel")),
  TEXT ("os/initrd", N_ ("Initial RAM disk")),
  TEXT ("os/cmdline", N_ ("Kernel command line")),
  TEXT ("os/dtb", N_ ("Device tree")),
  TEXT ("os/init", N_ ("Init program")),
  TEXT ("os/initarg", N_ ("Init arguments")),
  TEXT ("os/smbios/@mode", N_ ("SMBIOS")),
  TEXT ("os/acpi/table", N_ ("ACPI table")),
  TEXT ("bootloader", N_ ("Boot loader")),
  TEXT ("bootloader_args", N_ ("Boot loader arguments")),
  { NULL },
};

static const KvmmXmlFieldSpec features_fields[] = {
  BOOLEAN ("features/acpi", N_ ("ACPI")),
  BOOLEAN ("features/apic", N_ ("APIC")),
  BOOLEAN ("features/pae", N_ ("PAE")),
  BOOLEAN ("features/smm", N_ ("System management mode")),
  BOOLEAN ("features/vmport", N_ ("VMware port")),
  BOOLEAN ("features/pmu", N_ ("Performance counters")),
  BOOLEAN ("features/vmcoreinfo", N_ ("Crash information")),
  BOOLEAN ("features/kvm/hidden", N_ ("KVM hidden")),
  TEXT ("features/hyperv/@mode", N_ ("Hyper-V mode")),
  TEXT ("features/ioapic/@driver", N_ ("I/O APIC")),
  TEXT ("features/gic/@version", N_ ("Interrupt controller version")),
  { NULL },
};

static const KvmmXmlFieldSpec clock_fields[] = {
  TEXT ("clock/@offset", N_ ("Offset")),         TEXT ("clock/@timezone", N_ ("Time zone")),
  TEXT ("clock/@adjustment", N_ ("Adjustment")), TEXT ("clock/@basis", N_ ("Basis")),
  ITEM ("clock/timer", N_ ("Timers")),           { NULL },
};

static const KvmmXmlFieldSpec lifecycle_fields[] = {
  TEXT ("on_poweroff", N_ ("When it shuts down")),
  TEXT ("on_reboot", N_ ("When it reboots")),
  TEXT ("on_crash", N_ ("When it crashes")),
  TEXT ("on_lockfailure", N_ ("When a lock is lost")),
  BOOLEAN ("pm/suspend-to-mem/@enabled", N_ ("Can suspend to memory")),
  BOOLEAN ("pm/suspend-to-disk/@enabled", N_ ("Can suspend to disk")),
  { NULL },
};

const KvmmXmlKind kvmm_xml_sections[] = {
  { "cpu",
    "application-x-firmware-symbolic",
    N_ ("Processors"),
    NULL,
    { NULL },
    cpu_fields,
    { "vcpu", "vcpus", "cpu", "iothreads", "iothreadids", "defaultiothread", "cputune" } },
  { "memory",
    "media-flash-symbolic",
    N_ ("Memory"),
    NULL,
    { NULL },
    memory_fields,
    { "memory", "currentMemory", "maxMemory", "memoryBacking", "memtune", "numatune" } },
  { "os",
    "computer-symbolic",
    N_ ("Boot and firmware"),
    NULL,
    { NULL },
    os_fields,
    { "os", "bootloader", "bootloader_args" } },
  { "features",
    "preferences-other-symbolic",
    N_ ("Features"),
    NULL,
    { NULL },
    features_fields,
    { "features" } },
  { "clock",
    "preferences-system-time-symbolic",
    N_ ("Clock"),
    NULL,
    { "clock/@offset", "clock/@timezone" },
    clock_fields,
    { "clock" } },
  { "lifecycle",
    "system-shutdown-symbolic",
    N_ ("Lifecycle"),
    NULL,
    { NULL },
    lifecycle_fields,
    { "on_poweroff", "on_reboot", "on_crash", "on_lockfailure", "pm" } },
  { NULL },
};

static const KvmmXmlFieldSpec no_fields[] = { { NULL } };

static const KvmmXmlFieldSpec seclabel_fields[] = {
  TEXT ("@model", N_ ("Model")),
  TEXT ("@type", N_ ("Type")),
  BOOLEAN ("@relabel", N_ ("Relabel")),
  TEXT ("label", N_ ("Label")),
  TEXT ("imagelabel", N_ ("Image label")),
  TEXT ("baselabel", N_ ("Base label")),
  { NULL },
};

/* What stands beside <devices> and is neither a section nor the machine's name. */
static const KvmmXmlKind setting_kinds[] = {
  { "seclabel",
    "channel-secure-symbolic",
    N_ ("Security label"),
    "@model",
    { "@type" },
    seclabel_fields },
  { "launchSecurity",
    "channel-secure-symbolic",
    N_ ("Memory encryption"),
    NULL,
    { "@type" },
    no_fields },
  { "keywrap", "channel-secure-symbolic", N_ ("Key wrapping"), NULL, { NULL }, no_fields },
  { "sysinfo",
    "preferences-system-details-symbolic",
    N_ ("System information"),
    NULL,
    { "@type" },
    no_fields },
  { "genid",
    "preferences-system-details-symbolic",
    N_ ("Generation id"),
    NULL,
    { NULL },
    no_fields },
  { "resource",
    "applications-system-symbolic",
    N_ ("Resource partition"),
    NULL,
    { "partition" },
    no_fields },
  { "blkiotune",
    "applications-system-symbolic",
    N_ ("Disk I/O tuning"),
    NULL,
    { NULL },
    no_fields },
  { "perf", "applications-system-symbolic", N_ ("Performance events"), NULL, { NULL }, no_fields },
  { "idmap", "system-users-symbolic", N_ ("User id mapping"), NULL, { NULL }, no_fields },
  { NULL },
};

static const KvmmXmlKind *
find_kind (const KvmmXmlKind *kinds, const char *name)
{
  for (const KvmmXmlKind *kind = kinds; kind->name != NULL; kind++)
    if (strcmp (kind->name, name) == 0)
      return kind;
  return NULL;
}

const KvmmXmlKind *
kvmm_xml_kind_of_device (const char *name)
{
  return find_kind (kvmm_xml_device_kinds, name);
}

const KvmmXmlKind *
kvmm_xml_kind_of_setting (const char *name)
{
  return find_kind (setting_kinds, name);
}

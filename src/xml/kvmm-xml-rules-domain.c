/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "xml/kvmm-xml-rules.h"

/* libvirt stores numbers of processors in 16 bits. */
#define VCPUS_MAX 65535

static const KvmmXmlRule machine_rules[] = {
  { "title", KVMM_XML_TYPE_TEXT }, { "description", KVMM_XML_TYPE_LINES },
  { "name", KVMM_XML_TYPE_FIXED }, { "uuid", KVMM_XML_TYPE_FIXED },
  { "genid", KVMM_XML_TYPE_UUID }, { NULL },
};

static const KvmmXmlRule cpu_rules[] = {
  { "vcpu/@current", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = VCPUS_MAX },
  { "vcpu", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = VCPUS_MAX },
  { "vcpu/@placement", KVMM_XML_TYPE_CHOICE, { "static", "auto" } },
  { "vcpu/@cpuset", KVMM_XML_TYPE_CPUS },
  { "cpu/@mode", KVMM_XML_TYPE_CHOICE, { "host-passthrough", "host-model", "maximum", "custom" } },
  { "cpu/model", KVMM_XML_TYPE_TOKEN },
  { "cpu/vendor", KVMM_XML_TYPE_TOKEN },
  { "cpu/@match", KVMM_XML_TYPE_CHOICE, { "minimum", "exact", "strict" } },
  { "cpu/@check", KVMM_XML_TYPE_CHOICE, { "none", "partial", "full" } },
  { "cpu/@migratable", KVMM_XML_TYPE_ON_OFF },
  { "cpu/model/@fallback", KVMM_XML_TYPE_CHOICE, { "allow", "forbid" } },
  { "cpu/topology/@sockets", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = VCPUS_MAX },
  { "cpu/topology/@dies", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = VCPUS_MAX },
  { "cpu/topology/@clusters", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = VCPUS_MAX },
  { "cpu/topology/@cores", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = VCPUS_MAX },
  { "cpu/topology/@threads", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = VCPUS_MAX },
  { "cpu/cache/@mode", KVMM_XML_TYPE_CHOICE, { "emulate", "passthrough", "disable" } },
  { "cpu/cache/@level", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 3,
    .label = N_ ("Cache level") },
  { "cpu/feature/@policy",
    KVMM_XML_TYPE_CHOICE,
    { "force", "require", "optional", "disable", "forbid" },
    .label = N_ ("Feature") },
  { "cpu/numa/cell/@cpus", KVMM_XML_TYPE_CPUS, .label = N_ ("Processors of the NUMA cell") },
  { "cpu/numa/cell/@memory", KVMM_XML_TYPE_SIZE, .minimum = 1024,
    .label = N_ ("Memory of the NUMA cell") },
  { "cpu/numa/cell/@memAccess",
    KVMM_XML_TYPE_CHOICE,
    { "shared", "private" },
    .label = N_ ("Access to the NUMA cell") },
  /* Beside the cells: it is what they have together. */
  { "memory", KVMM_XML_TYPE_SIZE, .minimum = 1024, .label = N_ ("Maximum memory") },
  { "iothreads", KVMM_XML_TYPE_NUMBER, .minimum = 0, .maximum = 1024 },
  { "cputune/shares", KVMM_XML_TYPE_NUMBER, .minimum = 2, .maximum = 262144 },
  { "cputune/period", KVMM_XML_TYPE_NUMBER, .minimum = 1000, .maximum = 1000000 },
  { "cputune/quota", KVMM_XML_TYPE_NUMBER, .minimum = 1000 },
  { "cputune/vcpupin/@cpuset", KVMM_XML_TYPE_CPUS, .label = N_ ("Host processors") },
  { "cputune/emulatorpin/@cpuset", KVMM_XML_TYPE_CPUS },
  { "cputune/iothreadpin/@cpuset", KVMM_XML_TYPE_CPUS,
    .label = N_ ("Host processors of the I/O thread") },
  { NULL },
};

static const KvmmXmlRule memory_rules[] = {
  { "currentMemory", KVMM_XML_TYPE_SIZE, .minimum = 1024 },
  { "memory", KVMM_XML_TYPE_SIZE, .minimum = 1024 },
  { "maxMemory", KVMM_XML_TYPE_SIZE, .minimum = 1024 },
  { "maxMemory/@slots", KVMM_XML_TYPE_NUMBER, .minimum = 0, .maximum = 65535 },
  { "memoryBacking/source/@type", KVMM_XML_TYPE_CHOICE, { "anonymous", "file", "memfd" } },
  { "memoryBacking/access/@mode", KVMM_XML_TYPE_CHOICE, { "shared", "private" } },
  { "memoryBacking/allocation/@mode", KVMM_XML_TYPE_CHOICE, { "immediate", "ondemand" } },
  { "memoryBacking/hugepages/page/@size", KVMM_XML_TYPE_NUMBER, .minimum = 1,
    .label = N_ ("Huge page size") },
  { "memoryBacking/hugepages/page/@unit",
    KVMM_XML_TYPE_CHOICE,
    { "KiB", "MiB", "GiB" },
    .label = N_ ("Unit of the huge page size") },
  { "numatune/memory/@mode",
    KVMM_XML_TYPE_CHOICE,
    { "strict", "preferred", "interleave", "restrictive" } },
  { "numatune/memory/@nodeset", KVMM_XML_TYPE_CPUS },
  { "numatune/memory/@placement", KVMM_XML_TYPE_CHOICE, { "static", "auto" } },
  { "numatune/memnode/@nodeset", KVMM_XML_TYPE_CPUS, .label = N_ ("NUMA nodes of the cell") },
  { "numatune/memnode/@mode",
    KVMM_XML_TYPE_CHOICE,
    { "strict", "preferred", "interleave", "restrictive" },
    .label = N_ ("NUMA mode of the cell") },
  { NULL },
};

static const KvmmXmlRule os_rules[] = {
  { "os/type/@machine", KVMM_XML_TYPE_TOKEN },
  { "os/type/@arch", KVMM_XML_TYPE_FIXED },
  { "os/type", KVMM_XML_TYPE_FIXED },
  { "os/@firmware", KVMM_XML_TYPE_CHOICE, { "bios", "efi" } },
  { "os/firmware/feature/@enabled", KVMM_XML_TYPE_YES_NO, .label = N_ ("Firmware feature") },
  { "os/loader", KVMM_XML_TYPE_PATH },
  { "os/loader/@type", KVMM_XML_TYPE_CHOICE, { "rom", "pflash" } },
  { "os/nvram", KVMM_XML_TYPE_PATH },
  { "os/nvram/@template", KVMM_XML_TYPE_PATH },
  { "os/boot/@dev", KVMM_XML_TYPE_CHOICE, { "hd", "cdrom", "network", "fd" } },
  { "os/bootmenu/@timeout", KVMM_XML_TYPE_NUMBER, .maximum = 65535 },
  { "os/bios/@rebootTimeout", KVMM_XML_TYPE_TOKEN },
  { "os/kernel", KVMM_XML_TYPE_PATH },
  { "os/initrd", KVMM_XML_TYPE_PATH },
  { "os/dtb", KVMM_XML_TYPE_PATH },
  { "os/smbios/@mode", KVMM_XML_TYPE_CHOICE, { "emulate", "host", "sysinfo" } },
  { NULL },
};

static const KvmmXmlRule features_rules[] = {
  { "features/pae", KVMM_XML_TYPE_PRESENCE },
  { "features/apic", KVMM_XML_TYPE_PRESENCE },
  { "features/acpi", KVMM_XML_TYPE_PRESENCE },
  { "features/smm", KVMM_XML_TYPE_STATE },
  { "features/vmport", KVMM_XML_TYPE_STATE },
  { "features/pmu", KVMM_XML_TYPE_STATE },
  { "features/vmcoreinfo", KVMM_XML_TYPE_STATE },
  { "features/kvm/hidden", KVMM_XML_TYPE_STATE },
  { "features/hyperv/@mode", KVMM_XML_TYPE_CHOICE, { "custom", "passthrough" } },
  { "features/hyperv/relaxed", KVMM_XML_TYPE_STATE, .label = N_ ("Hyper-V relaxed timers") },
  { "features/hyperv/vapic", KVMM_XML_TYPE_STATE, .label = N_ ("Hyper-V virtual APIC") },
  { "features/hyperv/spinlocks", KVMM_XML_TYPE_STATE, .label = N_ ("Hyper-V spin locks") },
  { "features/hyperv/spinlocks/@retries", KVMM_XML_TYPE_NUMBER, .minimum = 4095,
    .label = N_ ("Hyper-V spin lock tries") },
  { "features/hyperv/vpindex", KVMM_XML_TYPE_STATE, .label = N_ ("Hyper-V processor index") },
  { "features/hyperv/synic", KVMM_XML_TYPE_STATE, .label = N_ ("Hyper-V interrupt controller") },
  { "features/hyperv/stimer", KVMM_XML_TYPE_STATE, .label = N_ ("Hyper-V timers") },
  { "features/ioapic/@driver", KVMM_XML_TYPE_CHOICE, { "kvm", "qemu" } },
  { "features/gic/@version", KVMM_XML_TYPE_TOKEN, { "2", "3", "host" } },
  { NULL },
};

static const KvmmXmlRule clock_rules[] = {
  { "clock/@offset",
    KVMM_XML_TYPE_CHOICE,
    { "utc", "localtime", "timezone", "variable", "absolute" } },
  { "clock/@timezone", KVMM_XML_TYPE_TOKEN },
  { "clock/@adjustment", KVMM_XML_TYPE_TOKEN, { "reset" } },
  { "clock/@basis", KVMM_XML_TYPE_CHOICE, { "utc", "localtime" } },
  { "clock/timer/@present", KVMM_XML_TYPE_YES_NO, .label = N_ ("Timer") },
  { "clock/timer/@tickpolicy",
    KVMM_XML_TYPE_CHOICE,
    { "delay", "catchup", "merge", "discard" },
    .label = N_ ("Timer policy") },
  { NULL },
};

static const KvmmXmlRule lifecycle_rules[] = {
  { "on_poweroff", KVMM_XML_TYPE_CHOICE, { "destroy", "restart", "preserve", "rename-restart" } },
  { "on_reboot", KVMM_XML_TYPE_CHOICE, { "destroy", "restart", "preserve", "rename-restart" } },
  { "on_crash",
    KVMM_XML_TYPE_CHOICE,
    { "destroy", "restart", "preserve", "rename-restart", "coredump-destroy",
      "coredump-restart" } },
  { "on_lockfailure", KVMM_XML_TYPE_CHOICE, { "poweroff", "restart", "pause", "ignore" } },
  { NULL },
};

const KvmmXmlRuleTable kvmm_xml_domain_rules[] = {
  { "domain", machine_rules },
  { "domain/cpu", cpu_rules },
  { "domain/memory", memory_rules },
  { "domain/os", os_rules },
  { "domain/features", features_rules },
  { "domain/clock", clock_rules },
  { "domain/lifecycle", lifecycle_rules },
  { NULL },
};

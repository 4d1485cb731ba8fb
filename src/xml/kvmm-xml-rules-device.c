/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "xml/kvmm-xml-rules.h"

#define PORT_MAX 65535

/* What every device can have. */
#define COMMON_RULES                                                                               \
  { "alias/@name", KVMM_XML_TYPE_TOKEN }, { "boot/@order", KVMM_XML_TYPE_NUMBER, .minimum = 1 },   \
  {                                                                                                \
    NULL                                                                                           \
  }

static const KvmmXmlRule disk_rules[] = {
  { "@device", KVMM_XML_TYPE_CHOICE, { "disk", "cdrom", "floppy", "lun" } },
  { "@type",
    KVMM_XML_TYPE_CHOICE,
    { "file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa" } },
  { "source/@file", KVMM_XML_TYPE_PATH },
  { "source/@dev", KVMM_XML_TYPE_PATH },
  { "source/@dir", KVMM_XML_TYPE_PATH },
  { "source/@startupPolicy", KVMM_XML_TYPE_CHOICE, { "mandatory", "requisite", "optional" } },
  { "source/host/@name", KVMM_XML_TYPE_TOKEN, .label = N_ ("Host") },
  { "source/host/@port", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = PORT_MAX,
    .label = N_ ("Port") },
  { "target/@dev", KVMM_XML_TYPE_TOKEN },
  { "target/@bus",
    KVMM_XML_TYPE_CHOICE,
    { "virtio", "sata", "scsi", "ide", "usb", "fdc", "sd", "xen", "uml" } },
  { "target/@tray", KVMM_XML_TYPE_CHOICE, { "open", "closed" } },
  { "target/@removable", KVMM_XML_TYPE_ON_OFF },
  { "target/@rotation_rate", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 65534 },
  { "driver/@type", KVMM_XML_TYPE_TOKEN, { "raw", "qcow2", "qed", "vmdk", "vdi", "vpc", "vhdx" } },
  { "driver/@cache",
    KVMM_XML_TYPE_CHOICE,
    { "default", "none", "writethrough", "writeback", "directsync", "unsafe" } },
  { "driver/@io", KVMM_XML_TYPE_CHOICE, { "native", "threads", "io_uring" } },
  { "driver/@discard", KVMM_XML_TYPE_CHOICE, { "unmap", "ignore" } },
  { "driver/@detect_zeroes", KVMM_XML_TYPE_CHOICE, { "off", "on", "unmap" } },
  { "driver/@iothread", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 1024 },
  { "driver/@queues", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 65535 },
  { "driver/@queue_size", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 1024 },
  { "driver/@error_policy", KVMM_XML_TYPE_CHOICE, { "stop", "report", "ignore", "enospace" } },
  { "driver/@rerror_policy", KVMM_XML_TYPE_CHOICE, { "stop", "report", "ignore" } },
  { "driver/@copy_on_read", KVMM_XML_TYPE_ON_OFF },
  { "@snapshot", KVMM_XML_TYPE_CHOICE, { "internal", "external", "no", "manual" } },
  { "@sgio", KVMM_XML_TYPE_CHOICE, { "filtered", "unfiltered" } },
  { "serial", KVMM_XML_TYPE_TOKEN },
  { "wwn", KVMM_XML_TYPE_TOKEN },
  { "backingStore/source/@file", KVMM_XML_TYPE_FIXED },
  { "backingStore/source/@dev", KVMM_XML_TYPE_FIXED },
  { "backingStore/format/@type", KVMM_XML_TYPE_FIXED },
  { "mirror/@job", KVMM_XML_TYPE_FIXED },
  { "iotune/total_iops_sec", KVMM_XML_TYPE_NUMBER },
  { "iotune/read_iops_sec", KVMM_XML_TYPE_NUMBER },
  { "iotune/write_iops_sec", KVMM_XML_TYPE_NUMBER },
  { "blockio/@logical_block_size", KVMM_XML_TYPE_NUMBER, .minimum = 512 },
  { "blockio/@physical_block_size", KVMM_XML_TYPE_NUMBER, .minimum = 512 },
  COMMON_RULES,
};

static const KvmmXmlRule interface_rules[] = {
  { "@type",
    KVMM_XML_TYPE_CHOICE,
    { "network", "bridge", "direct", "user", "ethernet", "hostdev", "vhostuser", "vdpa", "mcast",
      "server", "client", "udp" } },
  { "source/@network", KVMM_XML_TYPE_TEXT },
  { "source/@bridge", KVMM_XML_TYPE_TOKEN },
  { "source/@dev", KVMM_XML_TYPE_TOKEN },
  { "source/@mode",
    KVMM_XML_TYPE_TOKEN,
    { "bridge", "vepa", "private", "passthrough", "client", "server" } },
  { "source/@port", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = PORT_MAX },
  { "mac/@address", KVMM_XML_TYPE_MAC },
  { "model/@type",
    KVMM_XML_TYPE_TOKEN,
    { "virtio", "e1000e", "e1000", "rtl8139", "igb", "virtio-transitional",
      "virtio-non-transitional" } },
  { "target/@dev", KVMM_XML_TYPE_TOKEN },
  { "link/@state", KVMM_XML_TYPE_CHOICE, { "up", "down" } },
  { "mtu/@size", KVMM_XML_TYPE_NUMBER, .minimum = 68, .maximum = 65535 },
  { "vlan/@trunk", KVMM_XML_TYPE_YES_NO },
  { "vlan/tag/@id", KVMM_XML_TYPE_NUMBER, .maximum = 4095, .label = N_ ("VLAN number") },
  { "bandwidth/inbound/@average", KVMM_XML_TYPE_NUMBER },
  { "bandwidth/inbound/@peak", KVMM_XML_TYPE_NUMBER },
  { "bandwidth/inbound/@burst", KVMM_XML_TYPE_NUMBER },
  { "bandwidth/inbound/@floor", KVMM_XML_TYPE_NUMBER, .label = N_ ("Inbound guarantee") },
  { "bandwidth/outbound/@average", KVMM_XML_TYPE_NUMBER },
  { "bandwidth/outbound/@peak", KVMM_XML_TYPE_NUMBER },
  { "bandwidth/outbound/@burst", KVMM_XML_TYPE_NUMBER },
  { "virtualport/@type",
    KVMM_XML_TYPE_CHOICE,
    { "openvswitch", "midonet", "802.1Qbg", "802.1Qbh" } },
  { "driver/@name", KVMM_XML_TYPE_TOKEN, { "vhost", "qemu" } },
  { "driver/@queues", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 256 },
  { "backend/@type", KVMM_XML_TYPE_CHOICE, { "default", "passt" } },
  { "portForward/@proto",
    KVMM_XML_TYPE_CHOICE,
    { "tcp", "udp" },
    .label = N_ ("Protocol of the port forward") },
  { "portForward/range/@start", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = PORT_MAX,
    .label = N_ ("Port on the host") },
  { "portForward/range/@to", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = PORT_MAX,
    .label = N_ ("Port in the machine") },
  { "teaming/@type", KVMM_XML_TYPE_CHOICE, { "persistent", "transient" } },
  COMMON_RULES,
};

static const KvmmXmlRule controller_rules[] = {
  { "@type", KVMM_XML_TYPE_FIXED },
  { "@index", KVMM_XML_TYPE_NUMBER },
  { "@model", KVMM_XML_TYPE_TOKEN },
  { "@ports", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 511 },
  { "@vectors", KVMM_XML_TYPE_NUMBER },
  { "driver/@queues", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 256 },
  { "driver/@iothread", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 1024 },
  { "target/@hotplug", KVMM_XML_TYPE_ON_OFF },
  COMMON_RULES,
};

static const KvmmXmlRule filesystem_rules[] = {
  { "@type", KVMM_XML_TYPE_CHOICE, { "mount", "template", "file", "block", "ram", "bind" } },
  { "driver/@type", KVMM_XML_TYPE_TOKEN, { "virtiofs", "path", "handle", "loop", "nbd" } },
  { "driver/@queue", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 1024,
    .label = N_ ("Queue size") },
  { "source/@dir", KVMM_XML_TYPE_PATH },
  { "source/@file", KVMM_XML_TYPE_PATH },
  { "source/@dev", KVMM_XML_TYPE_PATH },
  { "source/@socket", KVMM_XML_TYPE_PATH },
  { "target/@dir", KVMM_XML_TYPE_TEXT },
  { "@accessmode", KVMM_XML_TYPE_CHOICE, { "passthrough", "mapped", "squash" } },
  { "binary/@path", KVMM_XML_TYPE_PATH },
  { "binary/@xattr", KVMM_XML_TYPE_ON_OFF },
  { "binary/cache/@mode", KVMM_XML_TYPE_CHOICE, { "none", "always" } },
  COMMON_RULES,
};

static const KvmmXmlRule hostdev_rules[] = {
  { "@mode", KVMM_XML_TYPE_FIXED },
  { "@type", KVMM_XML_TYPE_FIXED },
  { "source/@startupPolicy", KVMM_XML_TYPE_CHOICE, { "mandatory", "requisite", "optional" } },
  { "@display", KVMM_XML_TYPE_ON_OFF },
  { "@ramfb", KVMM_XML_TYPE_ON_OFF },
  { "rom/@bar", KVMM_XML_TYPE_ON_OFF },
  { "rom/@file", KVMM_XML_TYPE_PATH },
  COMMON_RULES,
};

static const KvmmXmlRule character_rules[] = {
  { "@type",
    KVMM_XML_TYPE_CHOICE,
    { "pty", "unix", "tcp", "udp", "file", "dev", "pipe", "stdio", "null", "vc", "spicevmc",
      "spiceport", "qemu-vdagent" } },
  { "@tty", KVMM_XML_TYPE_FIXED },
  { "source/@path", KVMM_XML_TYPE_PATH },
  { "source/@mode", KVMM_XML_TYPE_CHOICE, { "bind", "connect" } },
  { "source/@append", KVMM_XML_TYPE_ON_OFF },
  { "source/@service", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = PORT_MAX },
  { "protocol/@type", KVMM_XML_TYPE_CHOICE, { "raw", "telnet", "telnets", "tls" } },
  { "target/@state", KVMM_XML_TYPE_FIXED },
  { "target/@port", KVMM_XML_TYPE_NUMBER },
  { "target/@type",
    KVMM_XML_TYPE_TOKEN,
    { "virtio", "serial", "isa-serial", "pci-serial", "usb-serial", "spapr-vio-serial", "isa-debug",
      "system-serial" } },
  { "log/@file", KVMM_XML_TYPE_PATH },
  { "log/@append", KVMM_XML_TYPE_ON_OFF, .label = N_ ("Append to the log file") },
  { "mouse/@mode", KVMM_XML_TYPE_CHOICE, { "client", "server" } },
  COMMON_RULES,
};

static const KvmmXmlRule input_rules[] = {
  { "@type", KVMM_XML_TYPE_CHOICE, { "tablet", "mouse", "keyboard", "passthrough", "evdev" } },
  { "@bus", KVMM_XML_TYPE_CHOICE, { "usb", "virtio", "ps2", "xen", "parallels" } },
  { "@model", KVMM_XML_TYPE_TOKEN, { "virtio", "virtio-transitional", "virtio-non-transitional" } },
  { "source/@dev", KVMM_XML_TYPE_PATH },
  { "source/@evdev", KVMM_XML_TYPE_PATH },
  { "source/@grab", KVMM_XML_TYPE_CHOICE, { "all" } },
  { "source/@repeat", KVMM_XML_TYPE_ON_OFF },
  COMMON_RULES,
};

static const KvmmXmlRule tpm_rules[] = {
  { "@model", KVMM_XML_TYPE_TOKEN, { "tpm-crb", "tpm-tis", "tpm-spapr", "spapr-tpm-proxy" } },
  { "backend/@type", KVMM_XML_TYPE_CHOICE, { "emulator", "passthrough", "external" } },
  { "backend/@version", KVMM_XML_TYPE_CHOICE, { "2.0", "1.2" } },
  { "backend/device/@path", KVMM_XML_TYPE_PATH },
  { "backend/encryption/@secret", KVMM_XML_TYPE_UUID },
  COMMON_RULES,
};

static const KvmmXmlRule graphics_rules[] = {
  { "@type",
    KVMM_XML_TYPE_CHOICE,
    { "vnc", "spice", "rdp", "sdl", "dbus", "egl-headless", "desktop" } },
  { "listen/@type", KVMM_XML_TYPE_CHOICE, { "none", "address", "network", "socket" } },
  { "listen/@address", KVMM_XML_TYPE_TOKEN },
  { "listen/@socket", KVMM_XML_TYPE_PATH },
  { "@listen", KVMM_XML_TYPE_TOKEN },
  { "@socket", KVMM_XML_TYPE_PATH },
  { "@port", KVMM_XML_TYPE_TOKEN, { "-1" } },
  { "@tlsPort", KVMM_XML_TYPE_TOKEN, { "-1" } },
  { "@websocket", KVMM_XML_TYPE_TOKEN, { "-1" } },
  { "@passwdValidTo", KVMM_XML_TYPE_TOKEN },
  { "@keymap", KVMM_XML_TYPE_TOKEN, { "en-us", "en-gb", "de", "fr", "es", "it" } },
  { "@sharePolicy", KVMM_XML_TYPE_CHOICE, { "allow-exclusive", "force-shared", "ignore" } },
  { "@defaultMode", KVMM_XML_TYPE_CHOICE, { "any", "secure", "insecure" } },
  { "gl/@rendernode", KVMM_XML_TYPE_PATH },
  { "image/@compression",
    KVMM_XML_TYPE_CHOICE,
    { "auto_glz", "auto_lz", "quic", "glz", "lz", "off" } },
  { "jpeg/@compression", KVMM_XML_TYPE_CHOICE, { "auto", "never", "always" } },
  { "zlib/@compression", KVMM_XML_TYPE_CHOICE, { "auto", "never", "always" } },
  { "playback/@compression", KVMM_XML_TYPE_ON_OFF },
  { "streaming/@mode", KVMM_XML_TYPE_CHOICE, { "filter", "all", "off" } },
  { "mouse/@mode", KVMM_XML_TYPE_CHOICE, { "client", "server" } },
  { "audio/@id", KVMM_XML_TYPE_NUMBER, .minimum = 1 },
  COMMON_RULES,
};

static const KvmmXmlRule sound_rules[] = {
  { "@model",
    KVMM_XML_TYPE_TOKEN,
    { "ich9", "ich6", "ich7", "ac97", "es1370", "sb16", "pcspk", "usb", "virtio" } },
  { "codec/@type", KVMM_XML_TYPE_CHOICE, { "duplex", "micro", "output" } },
  { "audio/@id", KVMM_XML_TYPE_NUMBER, .minimum = 1 },
  { "@streams", KVMM_XML_TYPE_NUMBER, .minimum = 1 },
  COMMON_RULES,
};

static const KvmmXmlRule audio_rules[] = {
  { "@type",
    KVMM_XML_TYPE_CHOICE,
    { "none", "spice", "pulseaudio", "pipewire", "alsa", "jack", "oss", "sdl", "file", "dbus",
      "coreaudio" } },
  { "@id", KVMM_XML_TYPE_NUMBER, .minimum = 1 },
  { "@timerPeriod", KVMM_XML_TYPE_NUMBER },
  COMMON_RULES,
};

static const KvmmXmlRule video_rules[] = {
  { "model/@type",
    KVMM_XML_TYPE_CHOICE,
    { "virtio", "qxl", "vga", "bochs", "ramfb", "cirrus", "vmvga", "none", "xen", "vbox", "gop",
      "parallels" } },
  { "model/@heads", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 16 },
  { "model/@blob", KVMM_XML_TYPE_ON_OFF },
  { "model/acceleration/@rendernode", KVMM_XML_TYPE_PATH },
  { "model/resolution/@x", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 32768 },
  { "model/resolution/@y", KVMM_XML_TYPE_NUMBER, .minimum = 1, .maximum = 32768 },
  { "driver/@name", KVMM_XML_TYPE_CHOICE, { "qemu", "vhostuser" } },
  { "driver/@vgaconf", KVMM_XML_TYPE_CHOICE, { "io", "on", "off" } },
  COMMON_RULES,
};

static const KvmmXmlRule watchdog_rules[] = {
  { "@model", KVMM_XML_TYPE_TOKEN, { "itco", "i6300esb", "ib700", "diag288" } },
  { "@action",
    KVMM_XML_TYPE_CHOICE,
    { "reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi" } },
  COMMON_RULES,
};

static const KvmmXmlRule memballoon_rules[] = {
  { "@model",
    KVMM_XML_TYPE_CHOICE,
    { "virtio", "virtio-transitional", "virtio-non-transitional", "xen", "none" } },
  { "@autodeflate", KVMM_XML_TYPE_ON_OFF },
  { "@freePageReporting", KVMM_XML_TYPE_ON_OFF },
  { "stats/@period", KVMM_XML_TYPE_NUMBER },
  COMMON_RULES,
};

static const KvmmXmlRule rng_rules[] = {
  { "@model",
    KVMM_XML_TYPE_CHOICE,
    { "virtio", "virtio-transitional", "virtio-non-transitional" } },
  { "backend/@model", KVMM_XML_TYPE_CHOICE, { "random", "egd", "builtin" } },
  { "rate/@bytes", KVMM_XML_TYPE_NUMBER, .minimum = 1 },
  { "rate/@period", KVMM_XML_TYPE_NUMBER, .minimum = 1 },
  COMMON_RULES,
};

static const KvmmXmlRule memory_rules[] = {
  { "@model", KVMM_XML_TYPE_CHOICE, { "dimm", "nvdimm", "virtio-mem", "virtio-pmem", "sgx-epc" } },
  { "target/node", KVMM_XML_TYPE_NUMBER },
  { "target/current", KVMM_XML_TYPE_FIXED },
  { "source/path", KVMM_XML_TYPE_PATH },
  { "source/nodemask", KVMM_XML_TYPE_CPUS },
  { "@access", KVMM_XML_TYPE_CHOICE, { "shared", "private" } },
  { "uuid", KVMM_XML_TYPE_UUID },
  COMMON_RULES,
};

static const KvmmXmlRule iommu_rules[] = {
  { "@model", KVMM_XML_TYPE_CHOICE, { "intel", "virtio", "smmuv3" } },
  { "driver/@intremap", KVMM_XML_TYPE_ON_OFF },
  { "driver/@caching_mode", KVMM_XML_TYPE_ON_OFF },
  { "driver/@iotlb", KVMM_XML_TYPE_ON_OFF },
  { "driver/@eim", KVMM_XML_TYPE_ON_OFF },
  { "driver/@aw_bits", KVMM_XML_TYPE_NUMBER, .minimum = 32, .maximum = 64 },
  COMMON_RULES,
};

static const KvmmXmlRule vsock_rules[] = {
  { "@model",
    KVMM_XML_TYPE_CHOICE,
    { "virtio", "virtio-transitional", "virtio-non-transitional" } },
  { "cid/@address", KVMM_XML_TYPE_NUMBER, .minimum = 3, .maximum = G_MAXUINT32 },
  COMMON_RULES,
};

static const KvmmXmlRule shmem_rules[] = {
  { "@name", KVMM_XML_TYPE_TOKEN },
  { "@role", KVMM_XML_TYPE_CHOICE, { "master", "peer" } },
  { "model/@type", KVMM_XML_TYPE_CHOICE, { "ivshmem-plain", "ivshmem-doorbell", "ivshmem" } },
  { "server/@path", KVMM_XML_TYPE_PATH },
  COMMON_RULES,
};

static const KvmmXmlRule other_rules[] = { COMMON_RULES };

const KvmmXmlRuleTable kvmm_xml_device_rules[] = {
  { "disk", disk_rules },
  { "interface", interface_rules },
  { "controller", controller_rules },
  { "filesystem", filesystem_rules },
  { "hostdev", hostdev_rules },
  { "serial", character_rules },
  { "parallel", character_rules },
  { "console", character_rules },
  { "channel", character_rules },
  { "input", input_rules },
  { "tpm", tpm_rules },
  { "graphics", graphics_rules },
  { "sound", sound_rules },
  { "audio", audio_rules },
  { "video", video_rules },
  { "watchdog", watchdog_rules },
  { "memballoon", memballoon_rules },
  { "rng", rng_rules },
  { "memory", memory_rules },
  { "iommu", iommu_rules },
  { "vsock", vsock_rules },
  { "shmem", shmem_rules },
  { "redirdev", other_rules },
  { NULL },
};

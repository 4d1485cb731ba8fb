/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "xml/kvmm-xml-kinds.h"

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
#define BYTE_RATE(path, label)                                                                     \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_BYTE_RATE                                                          \
  }
#define KIB_RATE(path, label)                                                                      \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_KIB_RATE                                                           \
  }
#define SECONDS(path, label)                                                                       \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_SECONDS                                                            \
  }
#define MILLISECONDS(path, label)                                                                  \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_MS                                                                 \
  }
#define ITEM(path, label)                                                                          \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_ITEM                                                               \
  }
#define ADDRESS(path, label)                                                                       \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_ADDRESS                                                            \
  }
#define SECRET(path, label)                                                                        \
  {                                                                                                \
    path, label, KVMM_XML_VALUE_SECRET                                                             \
  }
/* What every device can have; it ends a table. */
#define COMMON_FIELDS                                                                              \
  TEXT ("boot/@order", N_ ("Boot order")), TEXT ("boot/@loadparm", N_ ("Boot parameter")),         \
      TEXT ("acpi/@index", N_ ("ACPI index")), ADDRESS ("address", N_ ("Address")),                \
      TEXT ("alias/@name", N_ ("Alias")),                                                          \
  {                                                                                                \
    NULL                                                                                           \
  }

static const KvmmXmlFieldSpec plain_fields[] = {
  TEXT ("@model", N_ ("Model")),
  TEXT ("@type", N_ ("Type")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec disk_fields[] = {
  TEXT ("@device", N_ ("Device")),
  TEXT ("@type", N_ ("Source type")),
  TEXT ("source/@file", N_ ("Source file")),
  TEXT ("source/@dev", N_ ("Source device")),
  TEXT ("source/@dir", N_ ("Source folder")),
  TEXT ("source/@pool", N_ ("Storage pool")),
  TEXT ("source/@volume", N_ ("Volume")),
  TEXT ("source/@protocol", N_ ("Protocol")),
  TEXT ("source/@name", N_ ("Source name")),
  ITEM ("source/host", N_ ("Hosts")),
  ADDRESS ("source/address", N_ ("Source address")),
  TEXT ("source/@namespace", N_ ("NVMe namespace")),
  TEXT ("source/@path", N_ ("Socket")),
  TEXT ("source/@startupPolicy", N_ ("If the source is missing")),
  BOOLEAN ("source/@tls", N_ ("TLS")),
  TEXT ("target/@dev", N_ ("Name in the machine")),
  TEXT ("target/@bus", N_ ("Bus")),
  TEXT ("target/@tray", N_ ("Tray")),
  BOOLEAN ("target/@removable", N_ ("Removable")),
  TEXT ("target/@rotation_rate", N_ ("Rotation rate")),
  TEXT ("@model", N_ ("Model")),
  TEXT ("driver/@name", N_ ("Driver")),
  TEXT ("driver/@type", N_ ("Format")),
  TEXT ("driver/@cache", N_ ("Cache mode")),
  TEXT ("driver/@io", N_ ("I/O mode")),
  TEXT ("driver/@discard", N_ ("Discard")),
  TEXT ("driver/@detect_zeroes", N_ ("Detect zeroes")),
  TEXT ("driver/@iothread", N_ ("I/O thread")),
  TEXT ("driver/@queues", N_ ("Queues")),
  TEXT ("driver/@queue_size", N_ ("Queue size")),
  TEXT ("driver/@error_policy", N_ ("On a write error")),
  TEXT ("driver/@rerror_policy", N_ ("On a read error")),
  BOOLEAN ("driver/@copy_on_read", N_ ("Copy on read")),
  BOOLEAN ("readonly", N_ ("Read-only")),
  BOOLEAN ("shareable", N_ ("Shareable")),
  BOOLEAN ("transient", N_ ("Discard changes")),
  TEXT ("@snapshot", N_ ("In snapshots")),
  TEXT ("@sgio", N_ ("SCSI commands")),
  BOOLEAN ("@rawio", N_ ("Raw I/O")),
  TEXT ("serial", N_ ("Serial number")),
  TEXT ("wwn", N_ ("World Wide Name")),
  TEXT ("vendor", N_ ("Vendor")),
  TEXT ("product", N_ ("Product")),
  TEXT ("backingStore/source/@file", N_ ("Backing file")),
  TEXT ("backingStore/source/@dev", N_ ("Backing device")),
  TEXT ("backingStore/format/@type", N_ ("Backing format")),
  TEXT ("mirror/@job", N_ ("Running block job")),
  TEXT ("encryption/@format", N_ ("Encryption")),
  TEXT ("source/encryption/@format", N_ ("Encryption")),
  TEXT ("auth/@username", N_ ("User name")),
  TEXT ("source/auth/@username", N_ ("User name")),
  BYTE_RATE ("iotune/total_bytes_sec", N_ ("Limit")),
  BYTE_RATE ("iotune/read_bytes_sec", N_ ("Read limit")),
  BYTE_RATE ("iotune/write_bytes_sec", N_ ("Write limit")),
  TEXT ("iotune/total_iops_sec", N_ ("Operations per second")),
  TEXT ("iotune/read_iops_sec", N_ ("Reads per second")),
  TEXT ("iotune/write_iops_sec", N_ ("Writes per second")),
  TEXT ("iotune/group_name", N_ ("Limit group")),
  TEXT ("blockio/@logical_block_size", N_ ("Logical block size")),
  TEXT ("blockio/@physical_block_size", N_ ("Physical block size")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec interface_fields[] = {
  TEXT ("@type", N_ ("Connection")),
  TEXT ("source/@network", N_ ("Network")),
  TEXT ("source/@portgroup", N_ ("Port group")),
  TEXT ("source/@bridge", N_ ("Bridge")),
  TEXT ("source/@dev", N_ ("Host device")),
  TEXT ("source/@mode", N_ ("Mode")),
  TEXT ("source/@type", N_ ("Source type")),
  TEXT ("source/@path", N_ ("Socket")),
  TEXT ("source/@address", N_ ("Host address")),
  TEXT ("source/@port", N_ ("Host port")),
  ADDRESS ("source/address", N_ ("Host address")),
  TEXT ("mac/@address", N_ ("MAC address")),
  TEXT ("model/@type", N_ ("Model")),
  TEXT ("target/@dev", N_ ("Device on the host")),
  TEXT ("guest/@dev", N_ ("Name in the machine")),
  ITEM ("ip", N_ ("Addresses")),
  TEXT ("link/@state", N_ ("Link")),
  TEXT ("mtu/@size", N_ ("MTU")),
  ITEM ("vlan/tag", N_ ("VLAN")),
  BOOLEAN ("vlan/@trunk", N_ ("VLAN trunk")),
  KIB_RATE ("bandwidth/inbound/@average", N_ ("Inbound limit")),
  KIB_RATE ("bandwidth/inbound/@peak", N_ ("Inbound peak")),
  SIZE ("bandwidth/inbound/@burst", N_ ("Inbound burst")),
  KIB_RATE ("bandwidth/outbound/@average", N_ ("Outbound limit")),
  KIB_RATE ("bandwidth/outbound/@peak", N_ ("Outbound peak")),
  SIZE ("bandwidth/outbound/@burst", N_ ("Outbound burst")),
  TEXT ("virtualport/@type", N_ ("Virtual port")),
  TEXT ("filterref/@filter", N_ ("Network filter")),
  ITEM ("filterref/parameter", N_ ("Filter parameters")),
  BOOLEAN ("@trustGuestRxFilters", N_ ("Trust guest filters")),
  BOOLEAN ("port/@isolated", N_ ("Isolated port")),
  TEXT ("driver/@name", N_ ("Driver")),
  TEXT ("driver/@queues", N_ ("Queues")),
  TEXT ("backend/@type", N_ ("Backend")),
  BOOLEAN ("@managed", N_ ("Managed")),
  TEXT ("teaming/@type", N_ ("Teaming")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec controller_fields[] = {
  TEXT ("@type", N_ ("Type")),
  TEXT ("@model", N_ ("Model")),
  TEXT ("@index", N_ ("Number")),
  TEXT ("@ports", N_ ("Ports")),
  TEXT ("@vectors", N_ ("Vectors")),
  TEXT ("driver/@queues", N_ ("Queues")),
  TEXT ("driver/@iothread", N_ ("I/O thread")),
  TEXT ("driver/@cmd_per_lun", N_ ("Commands per unit")),
  TEXT ("driver/@max_sectors", N_ ("Largest request in sectors")),
  TEXT ("master/@startport", N_ ("First port")),
  TEXT ("target/@chassis", N_ ("Chassis")),
  TEXT ("target/@port", N_ ("Port")),
  BOOLEAN ("target/@hotplug", N_ ("Hot-plug")),
  SIZE ("pcihole64", N_ ("64-bit PCI hole")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec filesystem_fields[] = {
  TEXT ("@type", N_ ("Type")),
  TEXT ("driver/@type", N_ ("Driver")),
  TEXT ("source/@dir", N_ ("Folder on the host")),
  TEXT ("source/@file", N_ ("Source file")),
  TEXT ("source/@dev", N_ ("Source device")),
  TEXT ("source/@name", N_ ("Source name")),
  TEXT ("source/@socket", N_ ("Socket")),
  TEXT ("target/@dir", N_ ("Name in the machine")),
  TEXT ("@accessmode", N_ ("Access mode")),
  BOOLEAN ("readonly", N_ ("Read-only")),
  TEXT ("binary/@path", N_ ("Program")),
  BOOLEAN ("binary/@xattr", N_ ("Extended attributes")),
  TEXT ("binary/cache/@mode", N_ ("Cache mode")),
  SIZE ("space_hard_limit", N_ ("Limit")),
  SIZE ("space_soft_limit", N_ ("Soft limit")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec hostdev_fields[] = {
  TEXT ("@mode", N_ ("Mode")),
  TEXT ("@type", N_ ("Type")),
  ADDRESS ("source/address", N_ ("Address on the host")),
  TEXT ("source/vendor/@id", N_ ("Vendor")),
  TEXT ("source/product/@id", N_ ("Product")),
  TEXT ("source/adapter/@name", N_ ("SCSI adapter")),
  TEXT ("source/@protocol", N_ ("Protocol")),
  TEXT ("source/@name", N_ ("Source name")),
  TEXT ("source/@wwpn", N_ ("World Wide Port Name")),
  TEXT ("source/block", N_ ("Block device")),
  TEXT ("source/char", N_ ("Character device")),
  TEXT ("source/interface", N_ ("Network interface")),
  TEXT ("source/@startupPolicy", N_ ("If the source is missing")),
  TEXT ("@model", N_ ("Model")),
  BOOLEAN ("@managed", N_ ("Managed")),
  BOOLEAN ("@display", N_ ("Display")),
  BOOLEAN ("@ramfb", N_ ("Boot display")),
  TEXT ("driver/@name", N_ ("Driver")),
  BOOLEAN ("rom/@bar", N_ ("ROM visible")),
  TEXT ("rom/@file", N_ ("ROM file")),
  BOOLEAN ("readonly", N_ ("Read-only")),
  BOOLEAN ("shareable", N_ ("Shareable")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec redirdev_fields[] = {
  TEXT ("@bus", N_ ("Bus")),
  TEXT ("@type", N_ ("Connection")),
  TEXT ("source/@mode", N_ ("Mode")),
  TEXT ("source/@host", N_ ("Host")),
  TEXT ("source/@service", N_ ("Port")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec redirfilter_fields[] = {
  ITEM ("usbdev", N_ ("USB devices")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec smartcard_fields[] = {
  TEXT ("@mode", N_ ("Mode")),
  TEXT ("@type", N_ ("Connection")),
  TEXT ("certificate", N_ ("Certificates")),
  TEXT ("database", N_ ("Certificate database")),
  TEXT ("source/@path", N_ ("Path")),
  COMMON_FIELDS,
};

/* serial, parallel, console and channel */
static const KvmmXmlFieldSpec character_fields[] = {
  TEXT ("@type", N_ ("Connection")),
  TEXT ("source/@path", N_ ("Path")),
  TEXT ("@tty", N_ ("Terminal on the host")),
  TEXT ("source/@mode", N_ ("Mode")),
  TEXT ("source/@host", N_ ("Host")),
  TEXT ("source/@service", N_ ("Port")),
  TEXT ("source/@channel", N_ ("Channel")),
  BOOLEAN ("source/@append", N_ ("Append")),
  BOOLEAN ("source/@tls", N_ ("TLS")),
  TEXT ("protocol/@type", N_ ("Protocol")),
  TEXT ("target/@name", N_ ("Name in the machine")),
  TEXT ("target/@type", N_ ("Target type")),
  TEXT ("target/@port", N_ ("Target port")),
  TEXT ("target/@address", N_ ("Target address")),
  TEXT ("target/model/@name", N_ ("Model")),
  TEXT ("target/@state", N_ ("State")),
  TEXT ("log/@file", N_ ("Log file")),
  BOOLEAN ("clipboard/@copypaste", N_ ("Clipboard")),
  TEXT ("mouse/@mode", N_ ("Mouse mode")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec input_fields[] = {
  TEXT ("@type", N_ ("Type")),
  TEXT ("@bus", N_ ("Bus")),
  TEXT ("@model", N_ ("Model")),
  TEXT ("source/@dev", N_ ("Device on the host")),
  TEXT ("source/@evdev", N_ ("Device on the host")),
  TEXT ("source/@grab", N_ ("Grab")),
  BOOLEAN ("source/@repeat", N_ ("Repeat keys")),
  TEXT ("source/@grabToggle", N_ ("Grab keys")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec tpm_fields[] = {
  TEXT ("@model", N_ ("Model")),
  TEXT ("backend/@type", N_ ("Backend")),
  TEXT ("backend/@version", N_ ("Version")),
  TEXT ("backend/device/@path", N_ ("Device on the host")),
  BOOLEAN ("backend/@persistent_state", N_ ("Keep the state")),
  TEXT ("backend/encryption/@secret", N_ ("Encryption secret")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec graphics_fields[] = {
  TEXT ("@type", N_ ("Type")),
  TEXT ("listen/@type", N_ ("Listens on")),
  TEXT ("listen/@address", N_ ("Address")),
  TEXT ("listen/@network", N_ ("Network")),
  TEXT ("listen/@socket", N_ ("Socket")),
  TEXT ("@listen", N_ ("Listen address")),
  TEXT ("@socket", N_ ("Socket")),
  TEXT ("@port", N_ ("Port")),
  TEXT ("@tlsPort", N_ ("TLS port")),
  TEXT ("@websocket", N_ ("Web socket port")),
  BOOLEAN ("@autoport", N_ ("Port chosen by libvirt")),
  SECRET ("@passwd", N_ ("Password")),
  TEXT ("@passwdValidTo", N_ ("Password valid until")),
  TEXT ("@keymap", N_ ("Keyboard layout")),
  TEXT ("@sharePolicy", N_ ("Sharing")),
  TEXT ("@defaultMode", N_ ("Default mode")),
  TEXT ("@display", N_ ("Display")),
  BOOLEAN ("@fullscreen", N_ ("Full screen")),
  BOOLEAN ("gl/@enable", N_ ("OpenGL")),
  TEXT ("gl/@rendernode", N_ ("Render node")),
  TEXT ("image/@compression", N_ ("Image compression")),
  TEXT ("jpeg/@compression", N_ ("JPEG compression")),
  TEXT ("zlib/@compression", N_ ("Compression")),
  BOOLEAN ("playback/@compression", N_ ("Sound compression")),
  TEXT ("streaming/@mode", N_ ("Video streaming")),
  BOOLEAN ("clipboard/@copypaste", N_ ("Clipboard")),
  BOOLEAN ("filetransfer/@enable", N_ ("File transfer")),
  TEXT ("mouse/@mode", N_ ("Mouse mode")),
  TEXT ("audio/@id", N_ ("Audio backend")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec sound_fields[] = {
  TEXT ("@model", N_ ("Model")),
  TEXT ("codec/@type", N_ ("Codecs")),
  TEXT ("audio/@id", N_ ("Audio backend")),
  TEXT ("@streams", N_ ("Streams")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec audio_fields[] = {
  TEXT ("@type", N_ ("Type")),
  TEXT ("@id", N_ ("Number")),
  TEXT ("@serverName", N_ ("Server")),
  MILLISECONDS ("@timerPeriod", N_ ("Timer period")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec video_fields[] = {
  TEXT ("model/@type", N_ ("Model")),
  TEXT ("model/@heads", N_ ("Screens")),
  BOOLEAN ("model/@primary", N_ ("Primary")),
  SIZE ("model/@vram", N_ ("Video memory")),
  SIZE ("model/@ram", N_ ("Shared video memory")),
  SIZE ("model/@vgamem", N_ ("VGA memory")),
  BOOLEAN ("model/@blob", N_ ("Blob resources")),
  BOOLEAN ("model/acceleration/@accel3d", N_ ("3D acceleration")),
  BOOLEAN ("model/acceleration/@accel2d", N_ ("2D acceleration")),
  TEXT ("model/acceleration/@rendernode", N_ ("Render node")),
  TEXT ("model/resolution/@x", N_ ("Width")),
  TEXT ("model/resolution/@y", N_ ("Height")),
  TEXT ("driver/@name", N_ ("Driver")),
  TEXT ("driver/@vgaconf", N_ ("VGA mode")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec watchdog_fields[] = {
  TEXT ("@model", N_ ("Model")),
  TEXT ("@action", N_ ("When it runs out")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec memballoon_fields[] = {
  TEXT ("@model", N_ ("Model")),
  BOOLEAN ("@autodeflate", N_ ("Deflate when memory runs out")),
  BOOLEAN ("@freePageReporting", N_ ("Report free pages")),
  SECONDS ("stats/@period", N_ ("Statistics every")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec rng_fields[] = {
  TEXT ("@model", N_ ("Model")),
  TEXT ("backend/@model", N_ ("Backend")),
  TEXT ("backend", N_ ("Source")),
  TEXT ("backend/@type", N_ ("Connection")),
  TEXT ("rate/@bytes", N_ ("Bytes per period")),
  MILLISECONDS ("rate/@period", N_ ("Period")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec memory_fields[] = {
  TEXT ("@model", N_ ("Model")),
  SIZE ("target/size", N_ ("Size")),
  SIZE ("target/requested", N_ ("Requested")),
  SIZE ("target/current", N_ ("Current")),
  SIZE ("target/block", N_ ("Block size")),
  SIZE ("target/label/size", N_ ("Label size")),
  TEXT ("target/node", N_ ("NUMA node")),
  TEXT ("target/address/@base", N_ ("Base address")),
  TEXT ("source/path", N_ ("Path")),
  SIZE ("source/pagesize", N_ ("Page size")),
  TEXT ("source/nodemask", N_ ("Host nodes")),
  TEXT ("@access", N_ ("Access mode")),
  BOOLEAN ("@discard", N_ ("Discard")),
  TEXT ("uuid", N_ ("UUID")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec iommu_fields[] = {
  TEXT ("@model", N_ ("Model")),
  BOOLEAN ("driver/@intremap", N_ ("Interrupt remapping")),
  BOOLEAN ("driver/@caching_mode", N_ ("Caching mode")),
  BOOLEAN ("driver/@iotlb", N_ ("I/O TLB")),
  BOOLEAN ("driver/@eim", N_ ("Extended interrupt mode")),
  TEXT ("driver/@aw_bits", N_ ("Address width")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec vsock_fields[] = {
  TEXT ("@model", N_ ("Model")),
  TEXT ("cid/@address", N_ ("Context id")),
  BOOLEAN ("cid/@auto", N_ ("Chosen by libvirt")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec shmem_fields[] = {
  TEXT ("@name", N_ ("Name")),
  TEXT ("@role", N_ ("Role")),
  TEXT ("model/@type", N_ ("Model")),
  SIZE ("size", N_ ("Size")),
  TEXT ("server/@path", N_ ("Server")),
  BOOLEAN ("msi", N_ ("Message signalled interrupts")),
  COMMON_FIELDS,
};

static const KvmmXmlFieldSpec lease_fields[] = {
  TEXT ("lockspace", N_ ("Lock space")),
  TEXT ("key", N_ ("Key")),
  TEXT ("target/@path", N_ ("Path")),
  TEXT ("target/@offset", N_ ("Offset")),
  COMMON_FIELDS,
};

const KvmmXmlKind kvmm_xml_device_kinds[] = {
  { "disk",
    "drive-harddisk-symbolic",
    N_ ("Disk"),
    "target/@dev",
    { "target/@bus", "driver/@type" },
    disk_fields },
  { "controller",
    "application-x-addon-symbolic",
    N_ ("Controller"),
    "@index",
    { "@model" },
    controller_fields },
  { "interface",
    "network-wired-symbolic",
    N_ ("Network"),
    "mac/@address",
    { "source/@network", "source/@bridge", "source/@dev", "source/@path", "model/@type" },
    interface_fields },
  { "graphics",
    "video-display-symbolic",
    N_ ("Graphics"),
    NULL,
    { "listen/@address", "listen/@socket" },
    graphics_fields },
  { "video", "video-single-display-symbolic", N_ ("Video"), NULL, { "model/@type" }, video_fields },
  { "input", "input-mouse-symbolic", N_ ("Input"), NULL, { "@bus", "source/@dev" }, input_fields },
  { "sound", "audio-card-symbolic", N_ ("Sound"), NULL, { "@model" }, sound_fields },
  { "audio", "audio-speakers-symbolic", N_ ("Audio backend"), "@id", { "@type" }, audio_fields },
  { "serial",
    "utilities-terminal-symbolic",
    N_ ("Serial port"),
    "target/@port",
    { "@type", "target/@type" },
    character_fields },
  { "parallel",
    "printer-symbolic",
    N_ ("Parallel port"),
    "target/@port",
    { "@type" },
    character_fields },
  { "console",
    "utilities-terminal-symbolic",
    N_ ("Text console"),
    "target/@port",
    { "@type", "target/@type" },
    character_fields },
  { "channel",
    "network-transmit-receive-symbolic",
    N_ ("Channel"),
    "target/@name",
    { "@type", "target/@state" },
    character_fields },
  { "hostdev",
    "application-x-addon-symbolic",
    N_ ("Host device"),
    NULL,
    { "@type", "source/adapter/@name", "source/vendor/@id", "source/product/@id" },
    hostdev_fields },
  { "redirdev",
    "media-removable-symbolic",
    N_ ("USB redirection"),
    NULL,
    { "@type" },
    redirdev_fields },
  { "redirfilter",
    "media-removable-symbolic",
    N_ ("USB redirection filter"),
    NULL,
    { NULL },
    redirfilter_fields },
  { "filesystem",
    "folder-publicshare-symbolic",
    N_ ("Shared folder"),
    "target/@dir",
    { "driver/@type", "source/@dir", "source/@file", "source/@name" },
    filesystem_fields },
  { "smartcard",
    "auth-smartcard-symbolic",
    N_ ("Smart card"),
    NULL,
    { "@mode" },
    smartcard_fields },
  { "tpm",
    "security-high-symbolic",
    N_ ("TPM"),
    NULL,
    { "@model", "backend/@type", "backend/@version" },
    tpm_fields },
  { "rng",
    "media-playlist-shuffle-symbolic",
    N_ ("Random number generator"),
    NULL,
    { "@model", "backend" },
    rng_fields },
  { "memballoon",
    "media-flash-symbolic",
    N_ ("Memory balloon"),
    NULL,
    { "@model" },
    memballoon_fields },
  { "memory", "media-flash-symbolic", N_ ("Memory module"), NULL, { "@model" }, memory_fields },
  { "watchdog", "alarm-symbolic", N_ ("Watchdog"), NULL, { "@model", "@action" }, watchdog_fields },
  { "panic", "computer-fail-symbolic", N_ ("Panic notifier"), NULL, { "@model" }, plain_fields },
  { "iommu", "application-x-addon-symbolic", N_ ("IOMMU"), NULL, { "@model" }, iommu_fields },
  { "vsock",
    "network-transmit-receive-symbolic",
    N_ ("Virtual socket"),
    "cid/@address",
    { "@model" },
    vsock_fields },
  { "shmem",
    "media-flash-symbolic",
    N_ ("Shared memory"),
    "@name",
    { "model/@type" },
    shmem_fields },
  { "hub", "media-removable-symbolic", N_ ("Hub"), NULL, { "@type" }, plain_fields },
  { "lease", "changes-prevent-symbolic", N_ ("Lease"), "key", { "lockspace" }, lease_fields },
  { "nvram", "media-flash-symbolic", N_ ("NVRAM"), NULL, { NULL }, plain_fields },
  { "crypto", "security-high-symbolic", N_ ("Crypto device"), NULL, { "@model" }, plain_fields },
  { "pstore", "media-flash-symbolic", N_ ("Persistent store"), NULL, { NULL }, plain_fields },
  { "emulator",
    "application-x-executable-symbolic",
    N_ ("Emulator"),
    NULL,
    { NULL },
    plain_fields },
  { NULL },
};

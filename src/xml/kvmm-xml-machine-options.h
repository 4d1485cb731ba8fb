/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a host offers to new machines of one kind, read from libvirt's domain capabilities. Any
 * thread. The format is https://libvirt.org/formatdomaincaps.html. */

typedef struct
{
  char *virt_type; /* "kvm", "qemu" */
  char *arch;      /* "x86_64" */
  char *machine;   /* "pc-q35-7.2": what the name that was asked for stands for */
  char *emulator;  /* (nullable) path on the host */
  guint max_vcpus; /* 0: not told */
  gboolean has_uefi;
  gboolean has_secure_boot;
  gboolean has_tpm; /* an emulated one, version 2.0 */
  gboolean has_vnc;
  gboolean has_spice;
  gboolean has_host_cpu;    /* mode host-passthrough */
  gboolean has_maximum_cpu; /* mode maximum */
  gboolean has_virtio_video;
  GHashTable *devices; /* (owned) see kvmm_xml_machine_options_offers() */
} KvmmXmlMachineOptions;

/** kvmm_xml_machine_options_parse: @xml: a `<domainCapabilities>` document. Returns: (transfer
 * full): %NULL with KVMM_XML_ERROR */
KvmmXmlMachineOptions *kvmm_xml_machine_options_parse (const char *xml, GError **error);

/**
 * kvmm_xml_machine_options_offers:
 * @self: (nullable): %NULL: nothing is known
 * @device: "disk", "video"
 * @name: (nullable): of one of its lists, "bus", "modelType"
 * @value: (nullable): "virtio"
 *
 * Returns: %FALSE when the host tells of the device, or of the list, and that this is not in it; of
 *     what it does not tell nobody knows before it is tried
 */
gboolean kvmm_xml_machine_options_offers (const KvmmXmlMachineOptions *self,
                                          const char *device,
                                          const char *name,
                                          const char *value);
void kvmm_xml_machine_options_free (KvmmXmlMachineOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlMachineOptions, kvmm_xml_machine_options_free)

G_END_DECLS

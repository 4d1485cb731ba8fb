/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-connect.h"
#include "virt/kvmm-virt-storage.h"
#include "xml/kvmm-xml-machine-options.h"

G_BEGIN_DECLS

/* What making a machine asks of a host. Worker only: each call blocks, and on failure sets
 * KVMM_VIRT_ERROR. */

/**
 * kvmm_virt_connect_read_machine_options:
 * @virt_type: (nullable): "kvm", "qemu"; %NULL: the best the host has
 * @arch: (nullable): %NULL: the host's own
 * @machine: (nullable): "q35" …; %NULL: the emulator's default
 *
 * Returns: (transfer full): UNSUPPORTED when the driver tells nothing
 */
KvmmXmlMachineOptions *kvmm_virt_connect_read_machine_options (KvmmVirtConnect *self,
                                                               const char *virt_type,
                                                               const char *arch,
                                                               const char *machine,
                                                               GError **error);

/** kvmm_virt_connect_list_networks: Returns: (transfer full) (element-type utf8): the names of the
 * active virtual networks, sorted; empty where the driver has none */
GPtrArray *kvmm_virt_connect_list_networks (KvmmVirtConnect *self, GError **error);

/** kvmm_virt_connect_list_host_devices: Returns: (transfer full) (element-type KvmmXmlHostDevice):
 * of USB and PCI, what a machine can be given; empty where the driver tells of none */
GPtrArray *kvmm_virt_connect_list_host_devices (KvmmVirtConnect *self, GError **error);

/** kvmm_virt_connect_list_host_interfaces: Returns: (transfer full) (element-type
 * KvmmXmlHostInterface): bridges and cards that machines can share, by name; empty where the host
 * tells of none */
GPtrArray *kvmm_virt_connect_list_host_interfaces (KvmmVirtConnect *self, GError **error);

/** kvmm_virt_storage_create_disk: makes an empty volume. Returns: (transfer full): IN_USE when
 * there is such a volume, which is left alone */
KvmmVirtVolume *kvmm_virt_storage_create_disk (KvmmVirtConnect *self,
                                               const char *pool,
                                               const char *volume,
                                               const char *format,
                                               guint64 capacity_bytes,
                                               GError **error);

/** kvmm_virt_storage_check_copy: Returns: (transfer full): what would be copied; fails as
 * kvmm_virt_storage_copy_volume() for a volume that is not there or is not as the machine says */
KvmmVirtVolume *kvmm_virt_storage_check_copy (KvmmVirtConnect *self,
                                              const char *pool,
                                              const char *volume,
                                              const char *format,
                                              GError **error);

/**
 * kvmm_virt_storage_copy_volume:
 * @format: see kvmm_xml_volume_build_copy()
 * @name: of the copy, which is made in the same pool
 *
 * Returns: (transfer full): IN_USE when there is such a volume, which is left alone
 */
KvmmVirtVolume *kvmm_virt_storage_copy_volume (KvmmVirtConnect *self,
                                               const char *pool,
                                               const char *volume,
                                               const char *format,
                                               const char *name,
                                               GError **error);

/**
 * kvmm_virt_storage_grow_volume:
 * @format: "qcow2", "raw": what was uploaded, which libvirt has to see before it can make it larger
 * @capacity_bytes: of the disk that is in the volume; one that is as large already stays as it is
 *
 * INVALID_STATE when the host takes the volume for something else.
 */
gboolean kvmm_virt_storage_grow_volume (KvmmVirtConnect *self,
                                        const char *pool,
                                        const char *volume,
                                        const char *format,
                                        guint64 capacity_bytes,
                                        GError **error);

/** kvmm_virt_storage_check_link: Returns: whether kvmm_virt_storage_link_volume() could make one:
 * UNSUPPORTED or KVMM_XML_ERROR_INVALID_VALUE say why not */
gboolean kvmm_virt_storage_check_link (KvmmVirtConnect *self,
                                       const char *pool,
                                       const char *volume,
                                       const char *format,
                                       GError **error);

/**
 * kvmm_virt_storage_link_volume:
 * @format: of @volume, as the machine takes it; it is written down in the new one, which is qcow2
 * @name: of the new volume, which is made in the same pool and holds only what differs from @volume
 *
 * Returns: (transfer full): IN_USE when there is such a volume, which is left alone
 */
KvmmVirtVolume *kvmm_virt_storage_link_volume (KvmmVirtConnect *self,
                                               const char *pool,
                                               const char *volume,
                                               const char *format,
                                               const char *name,
                                               GError **error);

/** kvmm_virt_storage_read_format: looks at the pool anew first. Returns: (transfer full): how the
 * host takes the volume: "qcow2", "raw", "vmdk" … */
char *kvmm_virt_storage_read_format (KvmmVirtConnect *self,
                                     const char *pool,
                                     const char *volume,
                                     GError **error);

/** kvmm_virt_connect_has_domain: Returns: whether a machine has this name; %FALSE with @error set
 * when nobody knows */
gboolean kvmm_virt_connect_has_domain (KvmmVirtConnect *self, const char *name, GError **error);

/**
 * kvmm_virt_connect_create_domain:
 * @xml: of a machine that does not exist yet
 * @start: whether to start it at once
 *
 * Defines the machine, checked against libvirt's schema. One that cannot be started is not left
 * defined.
 *
 * Returns: (transfer full): its UUID
 */
char *kvmm_virt_connect_create_domain (
    KvmmVirtConnect *self, const char *name, const char *xml, gboolean start, GError **error);

G_END_DECLS

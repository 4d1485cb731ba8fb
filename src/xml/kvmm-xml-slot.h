/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "xml/kvmm-xml-document.h"

G_BEGIN_DECLS

/* Where a new CD drive can be plugged into a domain. Any thread. Only for src/xml. */
typedef struct
{
  char *target;    /* "sdb", used by no other disk */
  const char *bus; /* "sata" (unowned, static) */
  gboolean has_address;
  guint controller;
  guint channel; /* what libvirt calls "bus" in a drive address; only ide has two */
  guint unit;
} KvmmXmlSlot;

/**
 * kvmm_xml_slot_find:
 * @domain: a `<domain>` element
 * @force_bus: (nullable): "ide", "sata", "scsi" or "usb"; %NULL chooses by the machine type
 * @slot: (out): set only on success; clear it with kvmm_xml_slot_clear()
 *
 * Returns: %TRUE, or %FALSE with KVMM_XML_ERROR_UNEXPECTED set when the bus is unknown or full
 */
gboolean kvmm_xml_slot_find (const xmlNode *domain,
                             const char *force_bus,
                             KvmmXmlSlot *slot,
                             GError **error);
void kvmm_xml_slot_clear (KvmmXmlSlot *self);

/**
 * kvmm_xml_slot_find_target:
 * @domain: a `<domain>` element
 * @other: (nullable): another one, of the same machine as it runs
 * @bus: "virtio", "sata" …
 *
 * Returns: (transfer full): a name like "vdb" that no disk of either has
 */
char *kvmm_xml_slot_find_target (const xmlNode *domain, const xmlNode *other, const char *bus);

/**
 * kvmm_xml_slot_find_virtio_scsi:
 * @index: (out) (optional): the controller's number
 *
 * Returns: whether the domain has a virtio-scsi controller
 */
gboolean kvmm_xml_slot_find_virtio_scsi (const xmlNode *domain, guint *index);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KvmmXmlSlot, kvmm_xml_slot_clear)

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Every device of a domain, as a person reads it: the Hardware page. Any thread. */

/* Most devices listed; a last entry of kind "" counts the rest. */
#define KVMM_XML_DEVICES_MAX 4096

typedef struct
{
  char *label; /* "Source" (translated) */
  char *value; /* "/var/lib/libvirt/images/db1.qcow2" (sanitised) */
} KvmmXmlDeviceField;

typedef struct
{
  char *kind; /* element name: "disk", "interface", "controller", "cpu", "memory", "os" … */
  char *part; /* (nullable) what edits call it, "disk", "domain/cpu"; %NULL: not to be edited */
  char *icon_name;   /* symbolic icon name */
  char *title;       /* "Disk vda", "Network 52:54:00:…" (translated) */
  char *summary;     /* one line: "virtio, qcow2, db1.qcow2" */
  char *xml;         /* the element, serialised */
  GPtrArray *fields; /* (element-type KvmmXmlDeviceField) (owned) never NULL */
} KvmmXmlDevice;

/**
 * kvmm_xml_domain_list_devices:
 * @xml: a `<domain>` document
 *
 * Processors, memory, boot and firmware, features, clock and lifecycle come first, then each child
 * of
 * `<devices>` in document order, then what else stands in the domain (security labels, tuning, …);
 * a kind this program does not know is listed too, under its element name with all its attributes.
 * Passwords are not among the fields; they stand in @xml where libvirt gave them.
 *
 * Returns: (transfer full) (element-type KvmmXmlDevice): the devices, or %NULL with KVMM_XML_ERROR
 * set
 */
GPtrArray *kvmm_xml_domain_list_devices (const char *xml, GError **error);
void kvmm_xml_device_free (KvmmXmlDevice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlDevice, kvmm_xml_device_free)

G_END_DECLS

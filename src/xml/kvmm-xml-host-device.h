/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A device of the host that a machine can be given. Any thread. The format is
 * https://libvirt.org/formatnode.html. */

typedef struct
{
  gboolean is_usb; /* else PCI */
  char *word;      /* "0x1234:0x5678@1.4" of USB, "0000:00:19.0" of PCI */
  char *label;     /* sanitised: what it calls itself */
} KvmmXmlHostDevice;
void kvmm_xml_host_device_free (KvmmXmlHostDevice *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlHostDevice, kvmm_xml_host_device_free)

/** kvmm_xml_host_device_parse: @xml: a `<device>` document. Returns: (transfer full) (nullable):
 * %NULL for what no machine can be given, such as hubs and bridges, and for what cannot be read */
KvmmXmlHostDevice *kvmm_xml_host_device_parse (const char *xml);

/**
 * kvmm_xml_host_device_build:
 * @word: of such a device; without "@1.4", one of USB is named by what it is, wherever it is
 *     plugged in
 *
 * Returns: (transfer full): `<hostdev>`; %NULL with KVMM_XML_ERROR_INVALID_VALUE
 */
char *kvmm_xml_host_device_build (const char *word, GError **error);

G_END_DECLS

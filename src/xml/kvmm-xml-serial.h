/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The lines of a machine that carry text: serial ports and text consoles. Any thread (pure
 * functions). The format is
 * https://libvirt.org/formatdomain.html#consoles-serial-parallel-channel-devices */

/* Lines read of one document. libvirt allows a few; what comes after is not offered. */
#define KVMM_XML_SERIAL_MAX 64

typedef struct
{
  char *alias;         /* (nullable) "serial0": libvirt's name of it; a stopped machine has none */
  char *label;         /* translated, sanitised: "Serial 1", "Virtio console 1" */
  char *source_type;   /* "pty", "file" … sanitised */
  gboolean is_console; /* <console>, else <serial> */
  gboolean is_pty;     /* libvirt opens only these */
} KvmmXmlSerial;

/**
 * kvmm_xml_domain_list_serials:
 * @xml: a `<domain>` document, live or inactive
 *
 * The `<console type='serial'>` that libvirt makes of the first `<serial>` is left out.
 *
 * Returns: (transfer full) (element-type KvmmXmlSerial): in document order, serial ports before
 *     consoles, or %NULL with KVMM_XML_ERROR set
 */
GPtrArray *kvmm_xml_domain_list_serials (const char *xml, GError **error);
void kvmm_xml_serial_free (KvmmXmlSerial *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlSerial, kvmm_xml_serial_free)

G_END_DECLS

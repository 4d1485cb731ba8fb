/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A network interface of the host that machines can share. Any thread. The formats are libvirt's
 * `<interface>` of the host (docs/schemas/interface.rng) and
 * https://libvirt.org/formatnode.html. */

typedef struct
{
  char *name; /* letters, digits and "._-:@", as Linux names have in practice */
  gboolean is_bridge;
} KvmmXmlHostInterface;
void kvmm_xml_host_interface_free (KvmmXmlHostInterface *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlHostInterface, kvmm_xml_host_interface_free)

/** kvmm_xml_host_interface_parse: @xml: an `<interface>` document, or the `<device>` of a network
 * card. Returns: (transfer full) (nullable): %NULL for what no machine shares: the loopback, what
 * libvirt makes for its machines and networks, and a `<device>` without hardware; and for what
 * cannot be read */
KvmmXmlHostInterface *kvmm_xml_host_interface_parse (const char *xml);

/** kvmm_xml_interface_name_check: Returns: whether Linux could have an interface of this name */
gboolean kvmm_xml_interface_name_check (const char *name);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How the processors of a host hang together, and sets of them. Any thread (pure functions). The
 * formats are https://libvirt.org/formatcaps.html and the "cpuset" of formatdomain.html. */

/* A host with more is not drawn. */
#define KVMM_XML_HOST_CPUS_MAX 4096
/* Above all numbers that a set can hold. */
#define KVMM_XML_CPU_NUMBERS 65536

/* One core; its threads are the host's processors. */
typedef struct
{
  guint socket;
  guint die;
  guint core;
  gboolean is_known; /* whether the host tells these three */
  GArray *cpus;      /* (element-type guint) rising */
} KvmmXmlHostCore;

typedef struct
{
  guint id;
  guint64 memory_kib; /* 0: not told */
  GPtrArray *cores;   /* (element-type KvmmXmlHostCore) by socket, die and core */
} KvmmXmlHostCell;

typedef struct
{
  GPtrArray *cells; /* (element-type KvmmXmlHostCell) as the host lists them */
  guint n_cpus;
} KvmmXmlHostTopology;
void kvmm_xml_host_topology_free (KvmmXmlHostTopology *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlHostTopology, kvmm_xml_host_topology_free)

/** kvmm_xml_host_topology_parse: @xml: a `<capabilities>` document. Returns: (transfer full)
 * (nullable): %NULL when it tells of no processor, of too many, or of one of them twice */
KvmmXmlHostTopology *kvmm_xml_host_topology_parse (const char *xml);

/** kvmm_xml_cpu_set_parse: @text: "0-3,^2,8". Returns: (transfer full): KVMM_XML_CPU_NUMBERS
 * marks; what cannot be read marks nothing */
gboolean *kvmm_xml_cpu_set_parse (const char *text);

/** kvmm_xml_cpu_set_format: @set: KVMM_XML_CPU_NUMBERS marks. Returns: (transfer full): "0-1,3,8";
 * "" of none */
char *kvmm_xml_cpu_set_format (const gboolean *set);

G_END_DECLS

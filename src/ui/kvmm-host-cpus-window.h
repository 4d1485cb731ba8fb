/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <adwaita.h>

#include "model/kvmm-connection.h"
#include "model/kvmm-domain.h"
#include "xml/kvmm-xml-host-topology.h"

G_BEGIN_DECLS

/* A picture of the host's processors, cell by cell and core by core, in which a set of them is
 * chosen. Main thread only. */

#define KVMM_TYPE_HOST_CPUS_WINDOW (kvmm_host_cpus_window_get_type ())
G_DECLARE_FINAL_TYPE (KvmmHostCpusWindow, kvmm_host_cpus_window, KVMM, HOST_CPUS_WINDOW, AdwWindow)

/** kvmm_host_cpus_window_read: Returns: (transfer full) (nullable): the processors of the machine's
 * host, %NULL when it does not tell of them in a way that can be drawn */
KvmmXmlHostTopology *kvmm_host_cpus_window_read (KvmmDomain *domain);

/** kvmm_host_cpus_window_attach: gives an #AdwEntryRow that takes a set of processors of the
 * domain's host a button that opens the window; what is chosen there is written in the row. Each
 * opening reads the host anew. */
void kvmm_host_cpus_window_attach (GtkWidget *row, KvmmDomain *domain);

G_END_DECLS

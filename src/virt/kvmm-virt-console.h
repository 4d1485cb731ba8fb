/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "virt/kvmm-virt-connect.h"

G_BEGIN_DECLS

/* Screens of a running machine. Worker only. */

/**
 * kvmm_virt_domain_open_graphics_fd:
 * @index: which `<graphics>` element of the live XML, counted from 0
 *
 * Connects to the machine's display server without a port and without its password: libvirtd does
 * it and passes the descriptor. Only over a unix socket to a daemon of this machine. It takes a job
 * of the machine, so it waits for one that is under way.
 *
 * Returns: a connected descriptor that the caller closes, or -1: UNSUPPORTED (remote connection, or
 * a driver without it), INVALID_STATE (not running), NO_SUCH_OBJECT (no such screen)
 */
int kvmm_virt_domain_open_graphics_fd (KvmmVirtConnect *self,
                                       const char *uuid,
                                       guint index,
                                       GError **error);

G_END_DECLS

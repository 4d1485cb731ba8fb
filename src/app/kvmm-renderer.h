/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * kvmm_renderer_choose:
 *
 * Main thread only, once, before the first window. Where OpenGL is drawn by the processor (a
 * virtual machine, a remote desktop), GTK's cairo renderer takes a tenth of the time and a third of
 * the memory: selects it there unless GSK_RENDERER says otherwise.
 */
void kvmm_renderer_choose (void);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-thread.h"

static gpointer main_thread; /* (nullable) the GThread of the main thread, only compared */

void
kvmm_thread_set_main (void)
{
  g_atomic_pointer_set (&main_thread, g_thread_self ());
}

gboolean
kvmm_thread_is_main (void)
{
  gpointer recorded = g_atomic_pointer_get (&main_thread);

  return recorded == NULL || recorded == (gpointer) g_thread_self ();
}

gboolean
kvmm_thread_is_worker (void)
{
  gpointer recorded = g_atomic_pointer_get (&main_thread);

  return recorded == NULL || recorded != (gpointer) g_thread_self ();
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Recognises an agent of the older line protocol (".0") on the channel: it sends JSON objects, one
 * a line, where ours sends frames. Main thread only. */

/* A longer line is no sign of it. */
#define KVMM_AGENT_LEGACY_LINE_MAX 4096

typedef struct _KvmmAgentLegacy KvmmAgentLegacy;

KvmmAgentLegacy *kvmm_agent_legacy_new (void);
void kvmm_agent_legacy_free (KvmmAgentLegacy *self);

/**
 * kvmm_agent_legacy_feed:
 * @data: what came over the channel, in order, cut anywhere
 *
 * Returns: whether a whole line was one JSON object, now or before
 */
gboolean kvmm_agent_legacy_feed (KvmmAgentLegacy *self, const guint8 *data, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmAgentLegacy, kvmm_agent_legacy_free)

G_END_DECLS

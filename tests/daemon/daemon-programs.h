/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "daemon-peer.h"

/* Programs that the agent runs for a test: as whom, and what is left of them. */

/** programs_new_peer: a guest with the users root, tester (nobody, or who runs the test) and other,
 * and the policy @policy. Its agent runs, and the session has begun. */
Peer *programs_new_peer (const char *policy);

/** programs_mark: Returns a number that stands in no command line but those of this call's test. */
char *programs_mark (void);

/** programs_count: Returns how many processes have @mark in their command line. */
guint programs_count (const char *mark);

/** programs_wait_count: waits until there are @n; fails after @seconds. */
void programs_wait_count (Peer *peer, const char *mark, guint n, guint seconds);

/** programs_ping: fails when the agent does not answer at once. */
void programs_ping (Peer *peer);

/** programs_audit: Returns the audit log of the guest, "" without one. */
char *programs_audit (Peer *peer);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "daemon-peer.h"

/* Transfers of files over a Peer. Every wait has a deadline. */

extern gint64 peer_offset; /* of the last file_peer_upload() or file_peer_begin() */
extern guint peer_frames;  /* DATA of the last file_peer_download() */

/** file_peer_new: an agent in session whose policy allows files: read=/srv, write=/srv/inbox,
 * inbox=/srv/drop; @limits: lines of [limits]. */
Peer *file_peer_new (const char *limits);

GByteArray *file_random (gsize length);

void file_peer_link (Peer *self, const char *path, const char *target);
void file_peer_write (Peer *self, const char *path, const GByteArray *bytes);
gboolean file_peer_exists (Peer *self, const char *path);
void file_peer_assert (Peer *self, const char *path, const GByteArray *bytes);
void file_peer_assert_text (Peer *self, const char *path, const char *text);

/** file_peer_count_temps: unfinished files in /srv/inbox. */
guint file_peer_count_temps (Peer *self);
void file_peer_wait_temps (Peer *self, guint n);

/** file_peer_grant: for bytes that were dropped. */
void file_peer_grant (Peer *self, guint32 stream, guint32 credit);

/** file_peer_call: as peer_call(), while DATA of streams comes in and is dropped. */
json_t *file_peer_call (Peer *self, const char *method, json_t *params);
int file_peer_call_error (Peer *self, const char *method, json_t *params);

/** file_peer_download: everything up to the CLOSE of @stream, granting credit. */
GByteArray *file_peer_download (Peer *self, guint32 stream, json_t **close);

/** file_peer_begin: asks to write @all and sends @n bytes of it. Returns the token. */
char *file_peer_begin (Peer *self, json_t *params, const GByteArray *all, gsize n);

/** file_peer_cancel: CLOSE for the stream of file_peer_begin(), and waits for the answer. */
void file_peer_cancel (Peer *self);

/**
 * file_peer_upload:
 * @params: (transfer full): of file.write, or with "name" of inbox.put; "size" is added
 * @offset: that the agent must want, -1 for any
 *
 * Sends up to @n, END if @end. Returns the CLOSE.
 */
json_t *file_peer_upload (
    Peer *self, json_t *params, const GByteArray *all, gint64 offset, gsize n, gboolean end);

/** file_peer_upload_sized: all of it, after announcing @size. */
json_t *file_peer_upload_sized (Peer *self, json_t *params, const GByteArray *all, gint64 size);

/** file_peer_put: all of it, and it must succeed. */
void file_peer_put (Peer *self, json_t *params, const GByteArray *all);

int file_write_error (Peer *self, const char *path, gint64 size, const char *condition);

/** file_peer_kill: ends the agent at once; peer_start() starts another one. */
void file_peer_kill (Peer *self);

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>
#include <jansson.h>

#include "protocol/kvma-names.h"
#include "protocol/kvma-session.h"

/* The real agent at the other end of a socketpair, and a directory that it takes for the root of
 * its guest. Every wait has a deadline and fails the test when it passes. */

#define PEER_PATIENCE_MS 60000

/* The host's end of one stream. It is made when the first frame for it comes, and belongs to the
 * peer until the next session. Nothing is granted or checked before peer_stream() asks for it. */
typedef struct
{
  guint32 id;
  GByteArray *received; /* (owned): DATA so far */
  gboolean ended;       /* END came */
  json_t *close;        /* (owned) (nullable): the body of CLOSE */
  gint64 credit;        /* bytes that may be sent */
  gint64 granted;       /* bytes that the agent may still send; the test fails when it sends more */
  gint64 taken;         /* received and not granted again */
  gboolean asked;
  gboolean hold; /* grants nothing by itself */
} PeerStream;

typedef struct
{
  GSubprocess *process; /* (owned) */
  int fd;
  int slave;  /* of a terminal that stands for the port, -1 with a socket */
  char *root; /* (owned): a temporary directory with a valid policy */
  KvmaReceiver receiver;
  KvmaSession session;
  guint8 buffer[65536];
  const guint8 *unread;
  gsize n_unread;
  gint64 next_id;
  GPtrArray *streams;    /* (owned): PeerStream */
  void (*turn) (void *); /* an agent in this process: lets it work once */
  void *turn_data;
} Peer;

typedef enum
{
  PEER_REAL_FACTS = 1 << 0,   /* facts of this machine; else those below @root */
  PEER_SMALL_BUFFER = 1 << 1, /* the agent's socket takes little before it is full */
  PEER_OWN_NETWORK = 1 << 2,  /* a network namespace; see peer_raise_loopback() */
  PEER_DEAD_MOUNT = 1 << 3,   /* a file system that never answers, at @root/dead */
} PeerFlags;

/** peer_new: writes @root/etc/kvm-manager-agent/agent.conf with the defaults. Starts nothing. */
Peer *peer_new (void);

/** peer_start: starts the agent. */
void peer_start (Peer *self, PeerFlags flags);

/** peer_adopt: speaks with an agent in this process through @fd; @turn lets it work. */
void peer_adopt (Peer *self, int fd, void (*turn) (void *), void *data);

/** peer_die_with_parent: a child setup: an agent without a socket would outlive a failed test. */
void peer_die_with_parent (gpointer data);

/** peer_start_port: starts the agent with the port @root/port, which need not exist. */
void peer_start_port (Peer *self);

/** peer_plug: makes @root/port, a terminal in raw mode; @fd is its other end. */
void peer_plug (Peer *self);

/** peer_unplug: takes it away. */
void peer_unplug (Peer *self);

/** peer_free: closes the socket, and sees the agent end by itself with status 0. */
void peer_free (Peer *self);

/** peer_write: writes a file below @root, with the directories above it. */
void peer_write (Peer *self, const char *path, const char *text);

/** peer_write_policy: replaces the policy. */
void peer_write_policy (Peer *self, const char *text);

/** peer_raise_loopback: brings "lo" up in the agent's own network. */
void peer_raise_loopback (Peer *self);

void peer_send_bytes (Peer *self, const void *data, gsize length);

/** peer_send: one frame of the session, or outside it for HELLO. */
void peer_send (Peer *self, KvmaKind kind, const void *payload, gsize length);

/** peer_send_header: one frame with exactly this header. */
void peer_send_header (Peer *self, const KvmaHeader *header, const void *payload, gsize length);

/** peer_wait_handled: waits until the agent has handled all that was sent, without reading its
 * answers. */
void peer_wait_handled (Peer *self);

/** peer_receive: waits for the next frame. Returns FALSE at the end of the stream. */
gboolean peer_receive (Peer *self, KvmaFrame *frame);

/** peer_receive_within: the same; FALSE as well when nothing came within @ms. */
gboolean peer_receive_within (Peer *self, KvmaFrame *frame, gint ms);

/** peer_expect: waits for a frame of @kind, which must be the next but for ACK and @skip. Returns
 * its JSON body (new), %NULL when it has none. */
json_t *peer_expect (Peer *self, KvmaKind kind, KvmaKind skip);

/** peer_hello: a HELLO with a fresh nonce. Returns the body of its WELCOME (new); the session has
 * begun. */
json_t *peer_hello (Peer *self);

/** peer_request: sends a request. @params: (transfer full) (nullable). Returns its id. */
gint64 peer_request (Peer *self, const char *method, json_t *params);

/** peer_reply: waits for the reply to @id; events in between are dropped. Returns the whole body
 * (new). */
json_t *peer_reply (Peer *self, gint64 id);

/** peer_call: both; the result (new), and the test fails at an error. */
json_t *peer_call (Peer *self, const char *method, json_t *params);

/** peer_call_error: both; the code, and the test fails at a result. */
int peer_call_error (Peer *self, const char *method, json_t *params);

/** peer_event: waits for an event of @topic. Returns its params (new). */
json_t *peer_event (Peer *self, const char *topic);

/** peer_subscribe: to one topic. */
void peer_subscribe (Peer *self, const char *topic, gint interval_ms);

/** peer_expect_bye: waits for a BYE, which must have @reason; the session is over. */
void peer_expect_bye (Peer *self, const char *reason);

/** peer_stream: the stream @id, as a method named it (borrowed). */
PeerStream *peer_stream (Peer *self, gint64 id);

/** peer_stream_send: as much as there is credit for, and waits for more of it, until all is sent.
 */
void
peer_stream_send (Peer *self, PeerStream *stream, const void *data, gsize length, gboolean end);

/** peer_stream_send_frame: one DATA frame as it is, whatever the credit. */
void peer_stream_send_frame (
    Peer *self, PeerStream *stream, const void *data, gsize length, guint8 flags);

/** peer_stream_grant: credit for the agent. Without @hold it is granted as it is used. */
void peer_stream_grant (Peer *self, PeerStream *stream, guint32 credit);

/** peer_stream_close: CLOSE of the host. */
void peer_stream_close (Peer *self, PeerStream *stream);

/** peer_stream_wait_bytes: waits until @length bytes are there, or END or CLOSE. */
void peer_stream_wait_bytes (Peer *self, PeerStream *stream, gsize length);

/** peer_stream_wait_text: waits until @text is in what was received; fails when it ends without. */
void peer_stream_wait_text (Peer *self, PeerStream *stream, const char *text);

/** peer_stream_wait_end: waits for END. */
void peer_stream_wait_end (Peer *self, PeerStream *stream);

/** peer_stream_wait_close: waits for CLOSE. Returns its body (borrowed). */
json_t *peer_stream_wait_close (Peer *self, PeerStream *stream);

/** peer_stream_text: what was received, with a 0 byte behind it (borrowed, until more comes). */
const char *peer_stream_text (PeerStream *stream);

/** json_path: the member "a.b.0.c" of @value. Returns %NULL when there is none (borrowed). */
json_t *json_path (json_t *value, const char *path);
const char *json_text (json_t *value, const char *path);
gint64 json_number (json_t *value, const char *path);
double json_fraction (json_t *value, const char *path);

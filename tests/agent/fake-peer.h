/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "protocol/kvma-session.h"

/* The agent's end of a socketpair, in this process and on the same main loop: it behaves well until
 * a test tells it not to. Main thread only. */

typedef struct _FakePeer FakePeer;

/* Called for each frame first; TRUE: dealt with, do nothing else. */
typedef gboolean (*FakePeerFunc) (FakePeer *peer, const KvmaFrame *frame, gpointer user_data);

struct _FakePeer
{
  int fd;
  guint read_source;
  guint write_source;
  GByteArray *out;
  gsize write_chunk; /* bytes per write, 0: as many as go */
  KvmaReceiver receiver;
  KvmaSession session;
  FakePeerFunc hook;
  gpointer hook_data;
  /* Called for each DATA, CLOSE and ACK of the session, after it was counted. */
  void (*stream_hook) (FakePeer *peer, const KvmaFrame *frame, gpointer user_data);
  gpointer stream_data;

  /* knobs */
  gboolean is_mute;          /* answers nothing */
  guint refusals;            /* as many of the next requests are refused: too many bytes */
  gboolean acknowledges;     /* sends ACK after what one read brought */
  const char *protos;        /* JSON, "[1]" */
  const char *policy;        /* JSON, the whole object */
  const char *welcome_extra; /* JSON members, with a leading comma */
  const char *version;
  const char *instance;
  GHashTable *results; /* method → JSON of its result; one without gets -32601 */

  /* what came */
  guint hellos;
  guint requests;
  guint pongs;
  guint byes;
  guint closes;
  gsize bytes;
  char *last_nonce;
  char *last_bye;
  char *last_topics; /* of events.subscribe */
  char *last_method;
  char *last_params; /* JSON */
  gint64 last_id;
  gint64 cancelled_id;
};

/* @stream: (out) (transfer full): the client's end */
FakePeer *fake_peer_new (GIOStream **stream);
void fake_peer_free (FakePeer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakePeer, fake_peer_free)

void fake_peer_hang_up (FakePeer *self);
void fake_peer_stop_reading (FakePeer *self);

void fake_peer_send_raw (FakePeer *self, const void *data, gsize length);
/* In the session */
void fake_peer_send (FakePeer *self, KvmaKind kind, const char *json);
void fake_peer_send_frame (FakePeer *self, KvmaHeader *header, const void *data, gsize length);
/* With every field as given */
void fake_peer_send_bare (FakePeer *self, const KvmaHeader *header, const char *json);
void fake_peer_announce (FakePeer *self);
void fake_peer_welcome (FakePeer *self, const char *nonce);
void fake_peer_event (FakePeer *self, const char *method, const char *params);
void fake_peer_reply (FakePeer *self, gint64 id, const char *result);
void fake_peer_reply_error (FakePeer *self, gint64 id, int code, const char *message);
void fake_peer_bye (FakePeer *self, const char *reason);
void
fake_peer_send_data (FakePeer *peer, guint32 stream, guint8 flags, const void *bytes, gsize length);
void fake_peer_grant (FakePeer *peer, guint32 stream, guint32 credit);
void fake_peer_close_stream (FakePeer *peer, guint32 stream, const char *json);
void fake_peer_set_result (FakePeer *self, const char *method, const char *result);

extern const char fake_peer_sys_info[];
extern const char fake_peer_sys_metrics[];
extern const char fake_peer_net_list[];
extern const char fake_peer_fs_list[];
extern const char fake_peer_user_sessions[];

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A display server in the program that tests its client: speaks RFB over one end of a socketpair,
 * on the main loop, and says exactly what a test wants. After
 * https://www.rfc-editor.org/rfc/rfc6143 and the extensions of
 * https://github.com/rfbproto/rfbproto. */

typedef enum
{
  RFB_STAGE_NONE,
  RFB_STAGE_VERSION,
  RFB_STAGE_SECURITY,
  RFB_STAGE_CHALLENGE,
  RFB_STAGE_SHARED,
  RFB_STAGE_RUNNING,
  RFB_STAGE_CLOSED,
} RfbStage;

/* The only password that the server knows, as eight characters. */
#define RFB_PASSWORD "sesame42"

typedef struct
{
  guint width, height;  /* both 0: 640 by 480 */
  guint8 security;      /* 0 or 1 none, 2 password, others as they are */
  RfbStage drop_at;     /* closes the connection on reaching this */
  gboolean is_silent;   /* says nothing at all */
  gboolean auto_update; /* answers each request with all its pixels */
} RfbConfig;

typedef struct
{
  gboolean down;
  guint keyval;
  guint qnum; /* 0: plain key event */
} RfbKey;

typedef struct
{
  guint mask, x, y;
} RfbPointer;

typedef struct
{
  gboolean incremental;
  guint x, y, width, height;
} RfbRequest;

typedef struct
{
  RfbConfig config;
  RfbStage stage;
  guint32 *pixels; /* what the client should show */
  gboolean is_shared;
  GArray *keys;                    /* (element-type RfbKey) */
  GArray *pointers;                /* (element-type RfbPointer) */
  GArray *requests;                /* (element-type RfbRequest) */
  GArray *encodings;               /* (element-type gint32) */
  char *cut_text;                  /* (nullable) */
  guint asked_width, asked_height; /* of the last SetDesktopSize */
  guint n_asked;
  guint n_sets; /* how often encodings were set */

  /* private */
  int fd;
  int client_fd;
  guint in_source, out_source;
  GByteArray *in, *out;
} RfbServer;

RfbServer *rfb_server_new (const RfbConfig *config);
void rfb_server_free (RfbServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RfbServer, rfb_server_free)
/* The client's end, once. */
int rfb_server_take_fd (RfbServer *self);
void rfb_server_drop (RfbServer *self);
/* Bytes that wait for the client to read. */
guint rfb_server_get_pending (RfbServer *self);

void rfb_put_u8 (RfbServer *self, guint value);
void rfb_put_u16 (RfbServer *self, guint value);
void rfb_put_u32 (RfbServer *self, guint value);
void rfb_put_data (RfbServer *self, const void *data, gsize length);

void rfb_begin_update (RfbServer *self, guint n_rects);
void rfb_put_rect (RfbServer *self, guint x, guint y, guint width, guint height, gint32 encoding);
/* Pixels of the server's screen; the fourth byte is 0, as QEMU leaves it. */
void rfb_put_raw (RfbServer *self, guint x, guint y, guint width, guint height);
void rfb_put_all (RfbServer *self);
void rfb_put_extended_size (RfbServer *self, guint width, guint height);
void rfb_put_cut_text (RfbServer *self, const char *text, gsize length);

G_END_DECLS

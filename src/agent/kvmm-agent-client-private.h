/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "agent/kvmm-agent-client.h"
#include "agent/kvmm-agent-legacy.h"
#include "agent/kvmm-agent-link.h"
#include "agent/kvmm-agent-rate.h"
#include "agent/kvmm-agent-request.h"
#include "agent/kvmm-agent-schema.h"
#include "agent/kvmm-agent-stream-private.h"

G_BEGIN_DECLS

/* The inside of KvmmAgentClient, shared by its files only; and, for tests, its intervals. Main
 * thread only. */

#define KVMM_AGENT_HELLO_RETRIES 8

/* PINGs of the guest answered in one event window; more are dropped and counted. */
#define KVMM_AGENT_MAX_PONGS 20

/* Every waiting time, in milliseconds. The defaults are those of kvma-limits.h. */
typedef struct
{
  guint hello_retry[KVMM_AGENT_HELLO_RETRIES];
  guint hello_gap;        /* between two HELLOs, whatever asks for them */
  guint hello_timeout;    /* no WELCOME for so long: unresponsive */
  guint stable_session;   /* a session that lived so long begins the retries anew when it ends */
  guint heartbeat;        /* PING while somebody looks */
  guint heartbeat_hidden; /* PING after so long without a frame while nobody looks */
  guint partial_frame;    /* a frame begun and not ended */
  guint request;          /* deadline of a request */
  guint rate_window;      /* "per second" of the event and PING limits */
  guint metrics_hidden;   /* between two samples while nobody looks */
} KvmmAgentIntervals;

/** kvmm_agent_client_set_intervals: before kvmm_agent_client_start(); tests only */
void kvmm_agent_client_set_intervals (KvmmAgentClient *self, const KvmmAgentIntervals *intervals);
const KvmmAgentIntervals *kvmm_agent_client_get_intervals (KvmmAgentClient *self);

/* What was counted, for tests and for a debug log. */
typedef struct
{
  guint64 bytes;
  guint64 stale_frames;    /* of another session, dropped unread */
  guint64 unknown_frames;  /* of a kind from a newer peer */
  guint64 faults;          /* damaged frames */
  guint64 late_replies;    /* to requests given up before */
  guint64 invalid_bodies;  /* JSON that the scanner or a schema refused, but for replies */
  guint64 refused_streams; /* DATA on a stream that nobody opened */
  guint64 dropped_events;
  guint64 dropped_pings;
  guint64 hellos;
  gsize max_unacked; /* the most bytes ever un-acknowledged */
} KvmmAgentCounters;
const KvmmAgentCounters *kvmm_agent_client_get_counters (KvmmAgentClient *self);

typedef enum
{
  KVMM_AGENT_TIMER_HELLO,     /* the next HELLO */
  KVMM_AGENT_TIMER_TIMEOUT,   /* no WELCOME came */
  KVMM_AGENT_TIMER_HEARTBEAT, /* the next PING */
  KVMM_AGENT_TIMER_PARTIAL,   /* a frame must have ended */
  KVMM_AGENT_TIMER_REQUEST,   /* the nearest deadline of a request */
  KVMM_AGENT_TIMER_LEGACY,    /* a legacy agent spoke, ours did not */
  KVMM_AGENT_TIMER_BROKEN,    /* nothing can be written any more */
  KVMM_AGENT_N_TIMERS
} KvmmAgentTimer;

#define KVMM_AGENT_PINGS_KEPT 4
typedef struct
{
  guint64 cookie;
  gint64 sent_us; /* 0: not in use, or answered */
} KvmmAgentPing;

struct _KvmmAgentClient
{
  GObject parent_instance;

  GIOStream *stream;   /* (owned) */
  char *label;         /* (owned) (nullable) */
  KvmmAgentLink *link; /* (owned) (nullable) from start to close */
  KvmmAgentClientState state;
  GError *error; /* (owned) (nullable) */
  KvmmAgentIntervals intervals;
  KvmmAgentCounters counters;
  GSource *timer;                  /* (owned) fires at the nearest of due[] */
  gint64 due[KVMM_AGENT_N_TIMERS]; /* monotonic µs, 0 unarmed */
  gboolean suspended;
  gboolean visible;
  guint metrics_interval_ms;

  /* handshake */
  char nonce[2 * KVMA_NONCE_SIZE + 1]; /* of the latest HELLO, "" when it was answered */
  guint hello_index;                   /* which retry comes next */
  guint hello_count;                   /* HELLOs since the guest last proved that it reads */
  gsize hello_bytes;
  gint64 last_hello_us;
  gint64 welcome_us;           /* when the session began */
  gboolean heard;              /* an ANNOUNCE or a WELCOME came on this stream */
  gboolean expected;           /* it was announced or ready: silence is "unresponsive" */
  KvmmAgentWelcome *welcome;   /* (owned) (nullable) of the last session */
  gboolean no_common_protocol; /* the last ANNOUNCE named none of ours */
  gint64 announced_protocol;   /* the newest that it named */
  guint session_count;
  KvmmAgentLegacy *legacy; /* (owned) (nullable) until something of ours is heard */

  /* liveness */
  gint64 last_seen_us;
  KvmmAgentPing sent_pings[KVMM_AGENT_PINGS_KEPT]; /* the last ones, a ring */
  guint next_ping;
  gint64 awaited_since_us; /* the first PING since the last frame, 0: none */
  guint misses;
  gint64 round_trip_us;
  guint64 partial_count; /* frames received when the partial one was seen first */

  /* limits */
  guint64 stale_bytes;    /* since the last WELCOME or the start, without a session */
  KvmmAgentBucket bucket; /* control bytes in a session */
  gsize unframed_bytes;   /* received in a session and in no frame yet */
  KvmmAgentWindow events;
  KvmmAgentWindow pings;
  gboolean muted;

  guint untold; /* bits by KvmmAgentFact: refused in this session */
  gboolean control_allowed;
  KvmmAgentRequests *requests; /* (owned) */
  KvmmAgentStreams *streams;   /* (owned) */
  GHashTable *resizes;         /* (owned) (nullable) sizes of terminals under way */
};

enum
{
  KVMM_AGENT_SIGNAL_METRICS,
  KVMM_AGENT_SIGNAL_INTERFACES,
  KVMM_AGENT_SIGNAL_FILESYSTEMS,
  KVMM_AGENT_SIGNAL_USERS,
  KVMM_AGENT_SIGNAL_SYSTEM,
  KVMM_AGENT_SIGNAL_UNTOLD,
  KVMM_AGENT_SIGNAL_LOG,
  KVMM_AGENT_N_SIGNALS
};
extern guint kvmm_agent_client_signals[KVMM_AGENT_N_SIGNALS];

/* kvmm-agent-client.c */
void kvmm_agent_client_arm (KvmmAgentClient *self, KvmmAgentTimer timer, guint after_ms);
/* @at_us: monotonic */
void kvmm_agent_client_arm_at (KvmmAgentClient *self, KvmmAgentTimer timer, gint64 at_us);
void kvmm_agent_client_disarm (KvmmAgentClient *self, KvmmAgentTimer timer);
gboolean kvmm_agent_client_is_armed (KvmmAgentClient *self, KvmmAgentTimer timer);
void kvmm_agent_client_set_state (KvmmAgentClient *self, KvmmAgentClientState state);
void kvmm_agent_client_set_round_trip (KvmmAgentClient *self, gint64 round_trip_us);
/* Closes for good. @error: (transfer full) */
void kvmm_agent_client_fail (KvmmAgentClient *self, GError *error);
/* The same with KVMM_AGENT_ERROR_ABUSE, and a BYE before it. */
void kvmm_agent_client_fail_abuse (KvmmAgentClient *self, const char *why);
void kvmm_agent_client_note_window (KvmmAgentClient *self);
void kvmm_agent_client_log (KvmmAgentClient *self, const char *word, const char *text);
gboolean
kvmm_agent_client_send (KvmmAgentClient *self, KvmaKind kind, const void *payload, gsize length);
gboolean kvmm_agent_client_has_session (KvmmAgentClient *self);

/* kvmm-agent-handshake.c: from the stream to a session and out of it again */
void kvmm_agent_handshake_begin (KvmmAgentClient *self);
void kvmm_agent_handshake_nudge (KvmmAgentClient *self);
void kvmm_agent_handshake_resume (KvmmAgentClient *self);
void kvmm_agent_handshake_hello_due (KvmmAgentClient *self);
void kvmm_agent_handshake_timed_out (KvmmAgentClient *self);
void kvmm_agent_handshake_announce (KvmmAgentClient *self, const KvmaFrame *frame);
void kvmm_agent_handshake_welcome (KvmmAgentClient *self, const KvmaFrame *frame);
void kvmm_agent_handshake_bye (KvmmAgentClient *self, const KvmaFrame *frame);
void kvmm_agent_handshake_say_bye (KvmmAgentClient *self, const char *reason);
/* The peer broke the protocol: BYE, session over, HELLO. @what: for a debug log */
void kvmm_agent_handshake_violation (KvmmAgentClient *self, const char *what);

/* kvmm-agent-heartbeat.c: PING, PONG, silence */
void kvmm_agent_heartbeat_begin (KvmmAgentClient *self);
void kvmm_agent_heartbeat_end (KvmmAgentClient *self);
void kvmm_agent_heartbeat_due (KvmmAgentClient *self);
void kvmm_agent_heartbeat_seen (KvmmAgentClient *self);
void kvmm_agent_heartbeat_ping (KvmmAgentClient *self, const KvmaFrame *frame);
void kvmm_agent_heartbeat_pong (KvmmAgentClient *self, const KvmaFrame *frame);
gboolean kvmm_agent_heartbeat_send (KvmmAgentClient *self);

/* kvmm-agent-facts.c: subscriptions, reads, events */
void kvmm_agent_facts_begin (KvmmAgentClient *self);
void kvmm_agent_facts_event (KvmmAgentClient *self, const KvmaFrame *frame);
void kvmm_agent_facts_subscribe (KvmmAgentClient *self);

/* kvmm-agent-gate.c: the host's own lock */
gboolean kvmm_agent_gate_has (const char *method);
GError *kvmm_agent_gate_new_error (void);

/* kvmm-agent-dispatch.c: each frame to where it belongs, each limit watched */
extern const KvmmAgentLinkFuncs kvmm_agent_dispatch_funcs;

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "model/kvmm-guest-backend.h"
#include "model/kvmm-guest-item.h"
#include "model/kvmm-guest-private.h"

G_BEGIN_DECLS

/* The inside of KvmmGuest, shared by its files; and what a test needs to drive one without a
 * libvirt. Main thread only. */

#define KVMM_GUEST_HISTORY_CAPACITY 150

/* Every waiting time, in milliseconds. */
typedef struct
{
  guint retry_min; /* the channel is opened again: doubled each time … */
  guint retry_max;
  guint in_use_held; /* quietly looked whether the other program has gone, while somebody looks … */
  guint in_use;      /* … and while nobody does */
  guint blocked;     /* after abuse: doubled each time … */
  guint blocked_max;
  guint forgiven;     /* a session that lived so long makes all back-offs begin anew */
  guint incompatible; /* looked again: somebody may have installed another agent */
  guint poll_held;    /* the XML is read for the port's state while somebody looks … */
  guint poll;         /* … and while nobody does */
  guint qga_grace;    /* our own agent goes first where the machine has its channel */
  guint qga_held;
  guint qga;
  guint qga_backoff_max;
  guint addresses_first; /* after a start */
  guint addresses;       /* while somebody looks and nothing better is known */
} KvmmGuestIntervals;
extern const KvmmGuestIntervals kvmm_guest_default_intervals;

typedef enum
{
  KVMM_GUEST_TIMER_OPEN,
  KVMM_GUEST_TIMER_POLL,
  KVMM_GUEST_TIMER_QGA,
  KVMM_GUEST_TIMER_ADDRESSES,
  KVMM_GUEST_N_TIMERS
} KvmmGuestTimer;

/* What matters of an info. */
typedef struct
{
  gboolean is_active;
  gboolean was_start_seen; /* it did not run before, while we looked */
  gboolean is_suspended;   /* paused or asleep: no answer is expected */
  gboolean has_facts;      /* the fields below are known */
  gboolean is_supported;   /* the driver has channels */
  gboolean has_virtio_serial;
  int id;
  KvmmChannelState agent_channel;
  KvmmChannelState qga_channel;
} KvmmGuestInput;

/* Why there is no client although there could be one. */
typedef enum
{
  KVMM_GUEST_HURDLE_NONE,
  KVMM_GUEST_HURDLE_UNSUPPORTED,
  KVMM_GUEST_HURDLE_IN_USE,
  KVMM_GUEST_HURDLE_INCOMPATIBLE,
  KVMM_GUEST_HURDLE_BLOCKED,
} KvmmGuestHurdle;

struct _KvmmGuest
{
  GObject parent_instance;

  const KvmmGuestBackend *backend;                  /* (unowned) */
  gpointer target;                                  /* (unowned) of backend */
  const KvmmGuestIntervals *intervals;              /* (unowned) */
  void (*prepare_client) (KvmmAgentClient *client); /* (nullable) tests set intervals here */

  KvmmGuestInput input;
  gboolean is_connected;
  gboolean is_shut_down;
  guint n_holds;
  guint n_loans;

  /* the state */
  KvmmGuestState state;
  char *detail; /* (owned) (nullable) */
  gint64 waiting_since_us;
  gint64 retry_at_us;

  /* the channel */
  KvmmGuestHurdle hurdle;
  char *hurdle_text;       /* (owned) (nullable) what was said about it */
  KvmmAgentClient *client; /* (owned) (nullable) */
  GIOStream *stream;       /* (owned) (nullable) of client */
  GCancellable *opening;   /* (owned) (nullable) while it is being opened */
  guint retry_ms;
  guint blocked_ms;
  gint64 ready_since_us;
  gboolean has_channel_events; /* libvirt tells: no poll */

  /* timers */
  GSource *timer; /* (owned) (nullable) made when the first is armed */
  gint64 due[KVMM_GUEST_N_TIMERS];

  /* the other sources */
  GCancellable *calls; /* (owned) (nullable) of calls under way */
  gboolean qga_queued; /* waits for its turn */
  gboolean qga_running;
  guint qga_backoff_ms;
  gboolean addresses_running;
  guint addresses_left; /* reads after a start that was seen */

  /* who may do what */
  gboolean is_control_known; /* the stored word was read */
  gboolean control_allowed;
  guint n_control_stores; /* under way */

  /* a freeze that is not over */
  KvmmGuestSource frozen_by; /* NONE: there is none */
  char *freeze_token;        /* (owned) (nullable) of our agent */
  guint thaw_id;             /* of what the QEMU guest agent froze */

  /* the values */
  KvmmGuestSource source;
  KvmmGuestSource fact_sources[KVMM_GUEST_N_FACTS];
  char *address;       /* (owned) (nullable) */
  char *os_name;       /* (owned) (nullable) */
  char *hostname;      /* (owned) (nullable) */
  char *agent_version; /* (owned) (nullable) */
  char *policy_error;  /* (owned) (nullable) */
  gint64 round_trip_us;
  gint64 last_seen_us;
  KvmmGuestSystem *system; /* (owned) (nullable) */
  gint64 system_at_us;
  KvmmGuestMetrics *metrics;             /* (owned) (nullable) */
  GPtrArray *values[KVMM_GUEST_N_ROWS];  /* (owned) (nullable) as they came */
  GListStore *stores[KVMM_GUEST_N_ROWS]; /* (owned) (nullable) made when somebody asks */
  KvmmHistory *history;                  /* (owned) (nullable) */
  GPtrArray *refreshes; /* (owned) (nullable) GTask, waiting for the QEMU guest agent */
};

/** kvmm_guest_new_with_backend: @prepare_client: (nullable): called with each client before it
 * starts */
KvmmGuest *kvmm_guest_new_with_backend (const KvmmGuestBackend *backend,
                                        gpointer target,
                                        const KvmmGuestIntervals *intervals,
                                        void (*prepare_client) (KvmmAgentClient *client));
void kvmm_guest_set_input (KvmmGuest *self, const KvmmGuestInput *input);

/* kvmm-guest.c */
typedef enum
{
  KVMM_GUEST_PROP_STATE = 1,
  KVMM_GUEST_PROP_STATE_TEXT,
  KVMM_GUEST_PROP_STATE_DETAIL,
  KVMM_GUEST_PROP_SOURCE,
  KVMM_GUEST_PROP_ADDRESS,
  KVMM_GUEST_PROP_OS_NAME,
  KVMM_GUEST_PROP_HOSTNAME,
  KVMM_GUEST_PROP_AGENT_VERSION,
  KVMM_GUEST_PROP_POLICY_ERROR,
  KVMM_GUEST_PROP_ROUND_TRIP_US,
  KVMM_GUEST_PROP_RETRY_AT_US,
  KVMM_GUEST_PROP_WAITING_SINCE_US,
  KVMM_GUEST_PROP_CONTROL_ALLOWED,
  KVMM_GUEST_N_PROPS
} KvmmGuestProp;
void kvmm_guest_notify (KvmmGuest *self, KvmmGuestProp prop);
void kvmm_guest_emit_system_changed (KvmmGuest *self);
void kvmm_guest_emit_metrics_changed (KvmmGuest *self);
void kvmm_guest_emit_fact_sources_changed (KvmmGuest *self);
void kvmm_guest_emit_access_changed (KvmmGuest *self);
void kvmm_guest_arm (KvmmGuest *self, KvmmGuestTimer timer, guint after_ms);
void kvmm_guest_disarm (KvmmGuest *self, KvmmGuestTimer timer);
gboolean kvmm_guest_is_armed (KvmmGuest *self, KvmmGuestTimer timer);
/* Decides the state anew and what follows from it; call after anything changed. */
void kvmm_guest_evaluate (KvmmGuest *self);
gboolean kvmm_guest_has_session (KvmmGuest *self);
/* Somebody looks, or did, or need not. */
gboolean kvmm_guest_is_wanted (KvmmGuest *self);
/* The machine runs and has our channel, as far as is known. */
gboolean kvmm_guest_may_have_channel (KvmmGuest *self);

/* kvmm-guest-channel.c: opening, the client, back-offs */
void kvmm_guest_channel_evaluate (KvmmGuest *self);
void kvmm_guest_channel_due (KvmmGuest *self);
void kvmm_guest_channel_open (KvmmGuest *self, gboolean take_over);
void kvmm_guest_channel_port_opened (KvmmGuest *self);
void kvmm_guest_channel_lost (KvmmGuest *self);
void kvmm_guest_channel_hurry (KvmmGuest *self);
void kvmm_guest_channel_forget_hurdle (KvmmGuest *self);
void kvmm_guest_channel_reset (KvmmGuest *self);

/* kvmm-guest-sources.c: the QEMU guest agent, DHCP leases */
void kvmm_guest_sources_evaluate (KvmmGuest *self);
void kvmm_guest_sources_qga_due (KvmmGuest *self);
void kvmm_guest_sources_addresses_due (KvmmGuest *self);
void kvmm_guest_sources_poll_due (KvmmGuest *self);
void kvmm_guest_sources_hurry (KvmmGuest *self);
void kvmm_guest_sources_qga_appeared (KvmmGuest *self);
void kvmm_guest_sources_drop (KvmmGuest *self);
gboolean kvmm_guest_sources_can_qga (KvmmGuest *self);
/* Whether our agent is there and tells this. */
gboolean kvmm_guest_sources_ours_tells (KvmmGuest *self, KvmmGuestFact fact);

/* kvmm-guest-values.c: what was told */
void kvmm_guest_values_connect (KvmmGuest *self, KvmmAgentClient *client);
void kvmm_guest_values_session (KvmmGuest *self);
void kvmm_guest_values_set_system (KvmmGuest *self,
                                   const KvmmGuestSystem *system,
                                   KvmmGuestSource source);
void kvmm_guest_values_set_rows (KvmmGuest *self,
                                 KvmmGuestRows rows,
                                 GPtrArray *values,
                                 KvmmGuestSource source);
void kvmm_guest_values_set_address (KvmmGuest *self, const char *address, KvmmGuestSource source);
void kvmm_guest_values_set_source (KvmmGuest *self, KvmmGuestSource source);
void kvmm_guest_values_clear (KvmmGuest *self);
void kvmm_guest_values_free (KvmmGuest *self);

/* kvmm-guest-access.c: who may do what */
void kvmm_guest_access_new_client (KvmmGuest *self);

/* kvmm-guest-care.c: freeze, thaw, passwords */
void kvmm_guest_care_clear (KvmmGuest *self);

/* kvmm-guest-words.c */
const char *kvmm_guest_words_state (KvmmGuestState state);
/* Returns: (transfer full) (nullable): one sentence */
char *kvmm_guest_words_detail (KvmmGuest *self, KvmmGuestState state);

G_END_DECLS

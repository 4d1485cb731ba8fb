/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

#include "model/kvmm-domain.h"

G_BEGIN_DECLS

/* The life of one graphic console: when it is opened, what a person is told, when it is opened
 * again. Knows neither a protocol nor a widget: who draws it reports what happens and does what the
 * signals ask for. Main thread only. */

typedef enum
{
  KVMM_CONSOLE_SESSION_OFF,          /* the machine does not run */
  KVMM_CONSOLE_SESSION_WAITING,      /* libvirt cannot be asked; it is opened as soon as it can */
  KVMM_CONSOLE_SESSION_CONNECTING,   /* see kvmm_console_session_get_progress() */
  KVMM_CONSOLE_SESSION_SIGN_IN,      /* a person must give a password */
  KVMM_CONSOLE_SESSION_PICTURE,      /* the guest's screen is there */
  KVMM_CONSOLE_SESSION_RECONNECTING, /* it was; the last picture stays meanwhile */
  KVMM_CONSOLE_SESSION_ERROR, /* see kvmm_console_session_get_error(); kvmm_console_session_retry()
                               */
} KvmmConsoleSessionState;

/* How an opened or opening display came to its end. */
typedef enum
{
  KVMM_CONSOLE_SESSION_END_LOST,    /* the other side closed it */
  KVMM_CONSOLE_SESSION_END_REFUSED, /* the password was wrong, or none was given */
  KVMM_CONSOLE_SESSION_END_FAILED,  /* it cannot be opened, and trying again does not help */
} KvmmConsoleSessionEnd;

#define KVMM_CONSOLE_SESSION_PROBLEM (kvmm_console_session_problem_quark ())
GQuark kvmm_console_session_problem_quark (void);
typedef enum
{
  KVMM_CONSOLE_SESSION_PROBLEM_CLOSED, /* the console closed */
  KVMM_CONSOLE_SESSION_PROBLEM_TAKEN,  /* another viewer has it now */
} KvmmConsoleSessionProblem;

/* How often a console that had a picture is opened again before that is given up. */
#define KVMM_CONSOLE_SESSION_MAX_TRIES 8
#define KVMM_CONSOLE_SESSION_RETRY_MS 500 /* before the first of them; twice as long each time */
#define KVMM_CONSOLE_SESSION_RETRY_MAX_MS 8000 /* and never longer */
#define KVMM_CONSOLE_SESSION_SHORT_MS 5000     /* a picture that lasts less was taken away */

#define KVMM_TYPE_CONSOLE_SESSION (kvmm_console_session_get_type ())
G_DECLARE_FINAL_TYPE (KvmmConsoleSession, kvmm_console_session, KVMM, CONSOLE_SESSION, GObject)

/* Signals: "changed": what a getter returns did;
 *          "open": open a display now, and report with the functions below;
 *          "close": drop the display, no report is wanted any more. Never emitted in "open". */

KvmmConsoleSession *kvmm_console_session_new (void);
/** kvmm_console_session_follow: takes the machine's state from @domain from now on, which it keeps
 */
void kvmm_console_session_follow (KvmmConsoleSession *self, KvmmDomain *domain);
/**
 * kvmm_console_session_set_machine:
 * @can_ask: whether libvirt is reached; without it the others are not known
 * @id: libvirt's id of the running machine, another one for each start
 */
void kvmm_console_session_set_machine (KvmmConsoleSession *self,
                                       gboolean can_ask,
                                       gboolean is_active,
                                       int id);
/** kvmm_console_session_set_exclusive: whether the server serves one viewer only (SPICE): what
 * closes it while the machine goes on is another viewer */
void kvmm_console_session_set_exclusive (KvmmConsoleSession *self, gboolean is_exclusive);
/** kvmm_console_session_set_delays: instead of KVMM_CONSOLE_SESSION_RETRY_MS and
 * KVMM_CONSOLE_SESSION_SHORT_MS */
void kvmm_console_session_set_delays (KvmmConsoleSession *self, guint retry_ms, guint short_ms);

/** kvmm_console_session_start: somebody looks: opens it when the machine runs, now and later.
 * Nothing is opened before. */
void kvmm_console_session_start (KvmmConsoleSession *self);
/** kvmm_console_session_stop: nobody does any more: closes it */
void kvmm_console_session_stop (KvmmConsoleSession *self);
/** kvmm_console_session_retry: opens it at once, whatever it waits for */
void kvmm_console_session_retry (KvmmConsoleSession *self);

/* What happens to the display that "open" asked for. Without effect once it is closed. */

/** kvmm_console_session_report_progress: @text: translated: what is being waited for */
void kvmm_console_session_report_progress (KvmmConsoleSession *self, const char *text);
/** kvmm_console_session_report_asked: it waits for a password of a person */
void kvmm_console_session_report_asked (KvmmConsoleSession *self);
/** kvmm_console_session_report_answered: it got one */
void kvmm_console_session_report_answered (KvmmConsoleSession *self);
/** kvmm_console_session_report_picture: the guest's screen is there */
void kvmm_console_session_report_picture (KvmmConsoleSession *self);
/** kvmm_console_session_report_end: @error: (nullable): why */
void kvmm_console_session_report_end (KvmmConsoleSession *self,
                                      KvmmConsoleSessionEnd end,
                                      const GError *error);

KvmmConsoleSessionState kvmm_console_session_get_state (KvmmConsoleSession *self);
const char *
kvmm_console_session_get_progress (KvmmConsoleSession *self); /* (nullable) while connecting */
/** kvmm_console_session_get_error: Returns: (nullable): why it is in ERROR, or why the last
 * password was refused while it is connecting anew and in SIGN_IN */
const GError *kvmm_console_session_get_error (KvmmConsoleSession *self);
/** kvmm_console_session_get_retry_at_us: monotonic, 0: no retry is planned */
gint64 kvmm_console_session_get_retry_at_us (KvmmConsoleSession *self);

G_END_DECLS

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-auth.h"

#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"

struct _KvmmAuthAsker
{
  GWeakRef owner;
  KvmmAuthPresentFunc present;
};

/* Made by the worker, answered and freed by the main thread. The worker only keeps the queue that
 * the answer comes through. */
struct _KvmmAuthRequest
{
  guint n_questions;
  char **prompts; /* (owned) */
  gboolean *is_secret;
  GAsyncQueue *reply; /* (owned) of Answer */
};

typedef struct
{
  char **texts; /* (owned) (nullable): cancelled */
} Answer;

static void
answer_free (Answer *answer)
{
  g_strfreev (answer->texts);
  g_free (answer);
}

static void
request_free (KvmmAuthRequest *self)
{
  g_strfreev (self->prompts);
  g_free (self->is_secret);
  g_async_queue_unref (self->reply);
  g_free (self);
}

static KvmmAuthRequest *
request_new (const KvmmVirtQuestion *questions, guint n_questions, GAsyncQueue *reply)
{
  KvmmAuthRequest *self = g_new0 (KvmmAuthRequest, 1);

  self->n_questions = n_questions;
  self->prompts = g_new0 (char *, n_questions + 1);
  self->is_secret = g_new0 (gboolean, n_questions);
  self->reply = g_async_queue_ref (reply);
  for (guint i = 0; i < n_questions; i++)
    {
      self->prompts[i] = kvmm_guest_text_sanitise (questions[i].prompt, -1);
      self->is_secret[i] = questions[i].is_secret;
    }
  return self;
}

typedef struct
{
  KvmmAuthAsker *asker; /* (unowned) the worker that waits keeps it */
  KvmmAuthRequest *request;
} Presentation;

static gboolean
present_cb (gpointer user_data)
{
  Presentation *presentation = user_data;
  KvmmAuthAsker *asker = presentation->asker;
  g_autoptr (GObject) owner = g_weak_ref_get (&asker->owner);

  if (owner != NULL)
    asker->present (presentation->request, owner);
  else
    kvmm_auth_request_answer (presentation->request, NULL);
  return G_SOURCE_REMOVE;
}

KvmmAuthAsker *
kvmm_auth_asker_new (GObject *owner, KvmmAuthPresentFunc present)
{
  KvmmAuthAsker *self = g_new0 (KvmmAuthAsker, 1);

  g_weak_ref_init (&self->owner, owner);
  self->present = present;
  return self;
}

void
kvmm_auth_asker_free (KvmmAuthAsker *self)
{
  if (self == NULL)
    return;
  g_weak_ref_clear (&self->owner);
  g_free (self);
}

gboolean
kvmm_auth_ask (KvmmVirtQuestion *questions, guint n_questions, gpointer user_data)
{
  KVMM_ASSERT_WORKER ();

  g_autoptr (GAsyncQueue) reply = g_async_queue_new ();
  Presentation *presentation = g_new0 (Presentation, 1);
  presentation->asker = user_data;
  presentation->request = request_new (questions, n_questions, reply);
  /* Not g_main_context_invoke(): between two iterations that would call from this thread. */
  g_idle_add_full (G_PRIORITY_DEFAULT, present_cb, presentation, g_free);

  Answer *answer = g_async_queue_pop (reply);
  gboolean is_answered = answer->texts != NULL;
  for (guint i = 0; is_answered && i < n_questions; i++)
    questions[i].answer = g_strdup (answer->texts[i]);
  answer_free (answer);
  return is_answered;
}

guint
kvmm_auth_request_get_n_questions (KvmmAuthRequest *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->n_questions;
}

const char *
kvmm_auth_request_get_prompt (KvmmAuthRequest *self, guint i)
{
  g_return_val_if_fail (self != NULL && i < self->n_questions, NULL);
  return self->prompts[i];
}

gboolean
kvmm_auth_request_get_is_secret (KvmmAuthRequest *self, guint i)
{
  g_return_val_if_fail (self != NULL && i < self->n_questions, TRUE);
  return self->is_secret[i];
}

void
kvmm_auth_request_answer (KvmmAuthRequest *self, const char *const *answers)
{
  KVMM_ASSERT_MAIN_THREAD ();
  g_return_if_fail (self != NULL);

  Answer *answer = g_new0 (Answer, 1);
  if (answers != NULL && g_strv_length ((char **) answers) == self->n_questions)
    answer->texts = g_strdupv ((char **) answers);
  g_async_queue_push (self->reply, answer);
  request_free (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <crypt.h>
#include <string.h>

#include "guest-fixture.h"
#include "util/kvmm-thread.h"

/* Freeze, thaw and passwords: by which agent. */

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* @policy: JSON; with the QEMU guest agent when @has_qga. */
static Fixture *
new_guest (const char *policy, gboolean has_qga)
{
  Fixture *f = fixture_new ();
  KvmmGuestInput input = guest_running;

  input.qga_channel = has_qga ? KVMM_CHANNEL_CONNECTED : KVMM_CHANNEL_ABSENT;
  f->mute_peers = TRUE;
  fixture_run (f, &input);
  test_wait_until (f->peers->len == 1 && fixture_last_peer (f)->hellos > 0);
  if (policy == NULL)
    return f;
  fixture_last_peer (f)->policy = policy;
  fixture_last_peer (f)->is_mute = FALSE;
  fake_peer_set_result (fixture_last_peer (f), "fs.freeze",
                        "{\"token\":\"t1\",\"frozen\":[\"/\"],\"remaining_ms\":1000}");
  fake_peer_set_result (fixture_last_peer (f), "fs.thaw", "{\"thawed\":1}");
  fake_peer_set_result (fixture_last_peer (f), "user.set_password", "{}");
  fake_peer_announce (fixture_last_peer (f));
  test_wait_until (fixture_is (f, KVMM_GUEST_STATE_READY));
  return f;
}

static gboolean
freeze (Fixture *f, guint timeout_ms, KvmmGuestSource *source, guint *n, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_guest_freeze_async (f->guest, timeout_ms, result_cb, &result);
  test_wait_until (result != NULL);
  return kvmm_guest_freeze_finish (f->guest, result, source, n, error);
}

static gboolean
thaw (Fixture *f, KvmmGuestSource *source, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_guest_thaw_async (f->guest, result_cb, &result);
  test_wait_until (result != NULL);
  return kvmm_guest_thaw_finish (f->guest, result, source, error);
}

static gboolean
set_password (Fixture *f, KvmmGuestSource *source, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  kvmm_guest_set_password_async (f->guest, "anna", "correct horse", result_cb, &result);
  test_wait_until (result != NULL);
  return kvmm_guest_set_password_finish (f->guest, result, source, error);
}

static void
check_freeze (const char *policy, gboolean has_qga, KvmmGuestSource wanted, guint wanted_n)
{
  g_autoptr (Fixture) f = new_guest (policy, has_qga);
  g_autoptr (GError) error = NULL;
  KvmmGuestSource source = KVMM_GUEST_SOURCE_NONE;
  gboolean by_qga = wanted == KVMM_GUEST_SOURCE_QGA;
  guint n = 0;

  g_assert_true (freeze (f, 60000, &source, &n, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, wanted);
  g_assert_cmpuint (n, ==, wanted_n);
  g_assert_cmpuint (f->n_qga_calls[KVMM_GUEST_QGA_FREEZE], ==, by_qga);

  g_assert_false (freeze (f, 60000, NULL, NULL, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_WRONG_STATE);
  g_clear_error (&error);

  g_assert_true (thaw (f, &source, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, wanted);
  g_assert_cmpuint (f->n_qga_calls[KVMM_GUEST_QGA_THAW], ==, by_qga);
  g_assert_false (thaw (f, NULL, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_WRONG_STATE);
}

static void
test_ours_freezes_where_it_may (void)
{
  check_freeze ("{\"freeze\":\"allow\"}", TRUE, KVMM_GUEST_SOURCE_AGENT, 1);
}

static void
test_qemu_ga_freezes_where_ours_is_denied (void)
{
  check_freeze ("{\"freeze\":\"deny\"}", TRUE, KVMM_GUEST_SOURCE_QGA, 2);
}

static void
test_qemu_ga_freezes_where_ours_is_absent (void)
{
  check_freeze (NULL, TRUE, KVMM_GUEST_SOURCE_QGA, 2);
}

static void
test_nobody_there_is_an_error_and_freezes_nothing (void)
{
  g_autoptr (Fixture) f = new_guest (NULL, FALSE);
  g_autoptr (GError) error = NULL;

  g_assert_false (freeze (f, 1000, NULL, NULL, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_CLOSED);
  g_assert_cmpint (f->guest->frozen_by, ==, KVMM_GUEST_SOURCE_NONE);
}

static void
test_a_freeze_that_fails_can_be_tried_again (void)
{
  g_autoptr (Fixture) f = new_guest (NULL, TRUE);
  g_autoptr (GError) error = NULL;

  f->qga_fails = TRUE;
  g_assert_false (freeze (f, 1000, NULL, NULL, &error));
  g_assert_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_AGENT_UNRESPONSIVE);
  g_clear_error (&error);
  f->qga_fails = FALSE;
  g_assert_true (freeze (f, 60000, NULL, NULL, &error));
}

static void
test_what_qemu_ga_froze_is_thawed_at_the_deadline (void)
{
  g_autoptr (Fixture) f = new_guest (NULL, TRUE);
  g_autoptr (GError) error = NULL;

  g_assert_true (freeze (f, 1, NULL, NULL, &error));
  g_assert_cmpuint (f->n_qga_calls[KVMM_GUEST_QGA_THAW], ==, 0);
  test_wait_until (f->n_qga_calls[KVMM_GUEST_QGA_THAW] == 1);
  test_drain ();
  g_assert_nonnull (strstr (f->words->str, "thaw-deadline"));
  g_assert_true (freeze (f, 60000, NULL, NULL, &error));
}

static void
test_a_password_needs_the_switch (void)
{
  g_autoptr (Fixture) f = new_guest (NULL, TRUE);
  g_autoptr (GError) error = NULL;

  g_assert_false (set_password (f, NULL, &error));
  g_assert_error (error, KVMM_AGENT_ERROR, KVMM_AGENT_ERROR_NOT_ALLOWED);
  g_assert_cmpuint (f->n_qga_calls[KVMM_GUEST_QGA_SET_PASSWORD], ==, 0);
}

static void
test_a_password_goes_as_a_hash (void)
{
  g_autoptr (Fixture) f = new_guest ("{\"accounts\":\"deny\"}", TRUE);
  g_autoptr (GError) error = NULL;
  g_autofree struct crypt_data *data = g_new0 (struct crypt_data, 1);
  g_autofree char *first = NULL;
  KvmmGuestSource source = KVMM_GUEST_SOURCE_NONE;

  kvmm_guest_set_control_allowed (f->guest, TRUE);
  g_assert_true (set_password (f, &source, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, KVMM_GUEST_SOURCE_QGA);
  first = g_strdup (f->crypt_hash);
  g_assert_true (g_str_has_prefix (first, "$6$"));
  g_assert_null (strstr (first, "horse"));
  g_assert_cmpstr (crypt_r ("correct horse", first, data), ==, first);
  /* Another salt each time. */
  g_assert_true (set_password (f, NULL, &error));
  g_assert_cmpstr (f->crypt_hash, !=, first);
}

static void
test_a_password_goes_through_ours_where_it_may (void)
{
  g_autoptr (Fixture) f = new_guest ("{\"accounts\":\"allow\"}", TRUE);
  g_autoptr (GError) error = NULL;
  KvmmGuestSource source = KVMM_GUEST_SOURCE_NONE;

  kvmm_guest_set_control_allowed (f->guest, TRUE);
  g_assert_true (set_password (f, &source, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, KVMM_GUEST_SOURCE_AGENT);
  g_assert_cmpuint (f->n_qga_calls[KVMM_GUEST_QGA_SET_PASSWORD], ==, 0);
}

int
main (int argc, char **argv)
{
  kvmm_thread_set_main ();
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/model/guest-care/" name, func)
  ADD ("ours-freezes-where-it-may", test_ours_freezes_where_it_may);
  ADD ("qemu-ga-freezes-where-ours-is-denied", test_qemu_ga_freezes_where_ours_is_denied);
  ADD ("qemu-ga-freezes-where-ours-is-absent", test_qemu_ga_freezes_where_ours_is_absent);
  ADD ("nobody-there-is-an-error-and-freezes-nothing",
       test_nobody_there_is_an_error_and_freezes_nothing);
  ADD ("a-freeze-that-fails-can-be-tried-again", test_a_freeze_that_fails_can_be_tried_again);
  ADD ("what-qemu-ga-froze-is-thawed-at-the-deadline",
       test_what_qemu_ga_froze_is_thawed_at_the_deadline);
  ADD ("a-password-needs-the-switch", test_a_password_needs_the_switch);
  ADD ("a-password-goes-as-a-hash", test_a_password_goes_as_a_hash);
  ADD ("a-password-goes-through-ours-where-it-may", test_a_password_goes_through_ours_where_it_may);
  return g_test_run ();
}

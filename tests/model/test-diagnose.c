/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gstdio.h>

#include "model/kvmm-auth.h"
#include "model/kvmm-diagnose.h"
#include "test-model.h"

/* ---- what is missing, and the command that cures it ---- */

typedef struct
{
  const char *uri;
  KvmmVirtErrorCode code;
  const KvmmDiagnoseSystem *system;
  const KvmmVirtHost *host; /* (nullable): asks about this host instead */
} Case;

static gpointer
diagnose_thread (gpointer data)
{
  const Case *self = data;
  g_autoptr (GError) error = g_error_new_literal (KVMM_VIRT_ERROR, (int) self->code, "failed");

  return self->host != NULL ? kvmm_diagnose_host_system (self->host, self->system)
                            : kvmm_diagnose_system (self->uri, error, self->system);
}

static char *
diagnose (const char *uri, KvmmVirtErrorCode code, const KvmmDiagnoseSystem *system)
{
  Case self = { uri, code, system, NULL };

  return g_thread_join (g_thread_new ("diagnose", diagnose_thread, &self));
}

static char *
root_new (void)
{
  g_autoptr (GError) error = NULL;
  char *root = g_dir_make_tmp ("kvmm-root-XXXXXX", &error);

  g_assert_no_error (error);
  return root;
}

static void
touch (const char *root, const char *path)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (full, "", 0, NULL));
}

static void
root_free (char *root)
{
  const char *argv[] = { "rm", "-r", root, NULL };
  g_autoptr (GError) error = NULL;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                &error);
  g_assert_no_error (error);
  g_free (root);
}

#define assert_cure(uri, code, system, part)                                                       \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *cure = diagnose (uri, code, system);                                          \
    g_assert_nonnull (cure);                                                                       \
    if (strstr (cure, part) == NULL)                                                               \
      g_error ("“%s” is not in “%s”", part, cure);                                                 \
  }                                                                                                \
  G_STMT_END

static void
test_no_libvirt (void)
{
  char *root = root_new ();
  KvmmDiagnoseSystem system = { .root = root, .user = "anna" };

  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system, "not installed");
  touch (root, "/etc/debian_version");
  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system,
               "\nsudo apt install libvirt-daemon-system qemu-system");
  root_free (root);
}

static void
test_no_service (void)
{
  char *root = root_new ();
  KvmmDiagnoseSystem system = { .root = root, .user = "anna" };

  touch (root, "/usr/sbin/libvirtd");
  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system,
               "\nsudo service libvirtd start");
  touch (root, "/run/systemd/system/x");
  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system,
               "\nsudo systemctl enable --now libvirtd.socket");
  touch (root, "/run/libvirt/libvirt-sock");
  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system,
               "\nsudo systemctl restart libvirtd.socket");
  root_free (root);
}

static void
test_modular_daemon (void)
{
  char *root = root_new ();
  KvmmDiagnoseSystem system = { .root = root, .user = "anna" };

  touch (root, "/usr/sbin/virtqemud");
  touch (root, "/run/systemd/system/x");
  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system,
               "\nsudo systemctl enable --now virtqemud.socket");
  root_free (root);
}

static void
test_group (void)
{
  KvmmDiagnoseSystem system = { .root = "/nowhere", .user = "anna" };

  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_ACCESS_DENIED, &system,
               "\nsudo usermod -aG libvirt anna");
  system.is_member = TRUE;
  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_ACCESS_DENIED, &system, "Log out and in");
  system.in_group = TRUE;
  assert_cure ("qemu:///system", KVMM_VIRT_ERROR_ACCESS_DENIED, &system, "polkit");
}

static void
test_other_hosts (void)
{
  KvmmDiagnoseSystem system = { .root = "/nowhere", .user = "anna" };

  assert_cure ("qemu+ssh://root@db1/system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system,
               "\nssh -- 'root@db1' virsh list");
  /* What is in an address does not become a command. */
  assert_cure ("qemu+ssh://a%27%3Brm%20x@db1/system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system,
               "\nssh -- 'a'\\'';rm x@db1' virsh list");
  assert_cure ("qemu+tls://db1/system", KVMM_VIRT_ERROR_CONNECTION_LOST, &system, "db1");
  assert_cure ("nonsense", KVMM_VIRT_ERROR_UNSUPPORTED, &system, "qemu:///session");
  g_autofree char *none = diagnose ("test:///default", KVMM_VIRT_ERROR_FAILED, &system);
  g_assert_null (none);
}

static void
test_no_kvm (void)
{
  char *root = root_new ();
  KvmmDiagnoseSystem system = { .root = root, .user = "anna" };
  KvmmVirtHost host = { .driver = (char *) "QEMU", .is_local = TRUE };
  Case self = { NULL, KVMM_VIRT_ERROR_FAILED, &system, &host };
  g_autofree char *cure = g_thread_join (g_thread_new ("diagnose", diagnose_thread, &self));

  g_assert_nonnull (strstr (cure, "\nsudo modprobe"));
  touch (root, "/dev/kvm");
  g_assert_null (g_thread_join (g_thread_new ("diagnose", diagnose_thread, &self)));
  root_free (root);
}

/* ---- asking a person ---- */

typedef struct
{
  KvmmAuthAsker *asker;
  KvmmVirtQuestion questions[2];
  gboolean is_answered;
  int done;
} Asking;

static gpointer
ask_thread (gpointer data)
{
  Asking *asking = data;

  asking->is_answered = kvmm_auth_ask (asking->questions, 2, asking->asker);
  g_atomic_int_set (&asking->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
ask (GObject *owner, KvmmAuthPresentFunc present, Asking *asking)
{
  GObject *asker_owner = owner != NULL ? g_object_ref (owner) : g_object_new (G_TYPE_OBJECT, NULL);

  *asking = (Asking){ .asker = kvmm_auth_asker_new (asker_owner, present),
                      .questions = { { .prompt = "User\x1b[31mname" },
                                     { .prompt = "Password", .is_secret = TRUE } } };
  g_object_unref (asker_owner);
  GThread *thread = g_thread_new ("ask", ask_thread, asking);
  TEST_RUN_UNTIL (g_atomic_int_get (&asking->done));
  g_thread_join (thread);
  kvmm_auth_asker_free (asking->asker);
}

static void
answer_cb (KvmmAuthRequest *request, gpointer owner)
{
  const char *const answers[] = { "anna", "secret", NULL };

  g_assert_true (G_IS_OBJECT (owner));
  g_assert_cmpuint (kvmm_auth_request_get_n_questions (request), ==, 2);
  g_assert_cmpstr (kvmm_auth_request_get_prompt (request, 0), ==, "User[31mname");
  g_assert_false (kvmm_auth_request_get_is_secret (request, 0));
  g_assert_true (kvmm_auth_request_get_is_secret (request, 1));
  kvmm_auth_request_answer (request, answers);
}

static void
cancel_cb (KvmmAuthRequest *request, gpointer owner)
{
  kvmm_auth_request_answer (request, NULL);
}

static void
too_few_cb (KvmmAuthRequest *request, gpointer owner)
{
  const char *const answers[] = { "anna", NULL };

  kvmm_auth_request_answer (request, answers);
}

static void
test_a_person_answers (void)
{
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  Asking asking;

  ask (owner, answer_cb, &asking);
  g_assert_true (asking.is_answered);
  g_assert_cmpstr (asking.questions[0].answer, ==, "anna");
  g_assert_cmpstr (asking.questions[1].answer, ==, "secret");
  g_free (asking.questions[0].answer);
  g_free (asking.questions[1].answer);
}

static void
test_cancel_and_nobody_there (void)
{
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  Asking asking;

  ask (owner, cancel_cb, &asking);
  g_assert_false (asking.is_answered);
  ask (owner, too_few_cb, &asking);
  g_assert_false (asking.is_answered);
  ask (NULL, answer_cb, &asking);
  g_assert_false (asking.is_answered);
  g_assert_null (asking.questions[0].answer);
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/diagnose/no-libvirt", test_no_libvirt);
  g_test_add_func ("/model/diagnose/no-service", test_no_service);
  g_test_add_func ("/model/diagnose/modular-daemon", test_modular_daemon);
  g_test_add_func ("/model/diagnose/group", test_group);
  g_test_add_func ("/model/diagnose/other-hosts", test_other_hosts);
  g_test_add_func ("/model/diagnose/no-kvm", test_no_kvm);
  g_test_add_func ("/model/auth/a-person-answers", test_a_person_answers);
  g_test_add_func ("/model/auth/cancel-and-nobody-there", test_cancel_and_nobody_there);
  return g_test_run ();
}

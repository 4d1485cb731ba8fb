/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-agent-iso-private.h"
#include "test-model.h"

/* Which disc a machine gets: every security model × every kind of URI × every kind of path, and
 * then what the storage of the host adds to that. All of it is pure. */

/* ---- files ---- */

#define GOOD .file = KVMM_AGENT_ISO_FILE_GOOD, .is_ours = TRUE, .version = (char *) "1.0"
#define OPEN .others_may_read = TRUE, .is_roots = TRUE

typedef enum
{
  PATH_SRV,
  PATH_SHARE,         /* where an .rpm puts it */
  PATH_LINK_TO_VAR,   /* what a .deb has in /usr/share */
  PATH_LINK_TO_SHARE, /* the other way round */
  PATH_PRIVATE,       /* 0600 */
  PATH_HOME,          /* below a folder that others may not enter */
  PATH_MISSING,
  PATH_OTHER_DISC,
  N_PATHS
} PathKind;

static const KvmmAgentIsoProbe probes[N_PATHS] = {
  [PATH_SRV] = { .path = (char *) "/srv/a.iso", .real_path = (char *) "/srv/a.iso", GOOD, OPEN },
  [PATH_SHARE] = { .path = (char *) "/usr/share/kvm-manager/a.iso",
                   .real_path = (char *) "/usr/share/kvm-manager/a.iso",
                   GOOD,
                   OPEN },
  [PATH_LINK_TO_VAR] = { .path = (char *) "/usr/share/kvm-manager/a.iso",
                         .real_path = (char *) "/var/lib/kvm-manager/a.iso",
                         GOOD,
                         OPEN },
  [PATH_LINK_TO_SHARE] = { .path = (char *) "/var/lib/kvm-manager/a.iso",
                           .real_path = (char *) "/usr/share/kvm-manager/a.iso",
                           GOOD,
                           OPEN },
  [PATH_PRIVATE] = { .path = (char *) "/srv/p.iso", .real_path = (char *) "/srv/p.iso", GOOD },
  [PATH_HOME] = { .path = (char *) "/home/me/a.iso",
                  .real_path = (char *) "/home/me/a.iso",
                  .closed_folder = (char *) "/home/me",
                  .others_may_read = TRUE,
                  GOOD },
  [PATH_MISSING] = { .path = (char *) "/none.iso", .file = KVMM_AGENT_ISO_FILE_MISSING },
  [PATH_OTHER_DISC] = { .path = (char *) "/srv/debian.iso",
                        .real_path = (char *) "/srv/debian.iso",
                        .file = KVMM_AGENT_ISO_FILE_GOOD,
                        OPEN },
};

#define MODEL(name) "<secmodel><model>" name "</model><doi>0</doi></secmodel>"
#define CAPABILITIES(models)                                                                       \
  "<capabilities><host><cpu><arch>x86_64</arch></cpu>" models "</host></capabilities>"

static const struct
{
  const char *name;
  const char *xml;
  gboolean is_apparmor;
  KvmmRelabelFlags relabel; /* of a packaged file */
} models[] = {
  { "none", CAPABILITIES (MODEL ("none")), FALSE, KVMM_RELABEL_DEFAULT },
  { "no secmodel at all, as of a session", CAPABILITIES (""), FALSE, KVMM_RELABEL_DEFAULT },
  { "dac", CAPABILITIES (MODEL ("none") MODEL ("dac")), FALSE, KVMM_RELABEL_NO_DAC },
  { "apparmor", CAPABILITIES (MODEL ("apparmor") MODEL ("dac")), TRUE, KVMM_RELABEL_NO_DAC },
  { "selinux", CAPABILITIES (MODEL ("selinux") MODEL ("dac")), FALSE,
    KVMM_RELABEL_NO_DAC | KVMM_RELABEL_NO_SELINUX },
};

/* One letter a path, in the order of PathKind. */
static const struct
{
  const char *uri;
  const char *verdicts;
  const char *with_apparmor;
} uris[] = {
  { "qemu:///system", "TTTTQQM!", "TQTQQQM!" },
  { "qemu+unix:///system?socket=/run/libvirt/libvirt-sock", "TTTTQQM!", "TQTQQQM!" },
  { "qemu:///session", "TTTTTTM!", "TTTTTTM!" },
  { "qemu+ssh://me@host.example/system", "RRRRRRRR", "RRRRRRRR" },
  { "qemu+ssh://host.example/session", "RRRRRRRR", "RRRRRRRR" },
  { "qemu+tls://host.example/system", "RRRRRRRR", "RRRRRRRR" },
  { "qemu+ssh://localhost/system", "RRRRRRRR", "RRRRRRRR" },
  { "test:///default", "TTTTQQM!", "TQTQQQM!" },
  { NULL, "TTTTQQM!", "TQTQQQM!" },
};

static char
get_letter (KvmmAgentIsoVerdict verdict)
{
  static const struct
  {
    KvmmAgentIsoVerdict verdict;
    char letter;
  } letters[] = {
    { KVMM_AGENT_ISO_TAKEN, 'T' },   { KVMM_AGENT_ISO_NOT_FOR_QEMU, 'Q' },
    { KVMM_AGENT_ISO_MISSING, 'M' }, { KVMM_AGENT_ISO_NOT_OURS, '!' },
    { KVMM_AGENT_ISO_REMOTE, 'R' },
  };

  for (guint i = 0; i < G_N_ELEMENTS (letters); i++)
    if (letters[i].verdict == verdict)
      return letters[i].letter;
  return '?';
}

static void
test_every_model_uri_and_path (void)
{
  guint n_cases = 0;

  for (guint model = 0; model < G_N_ELEMENTS (models); model++)
    for (guint uri = 0; uri < G_N_ELEMENTS (uris); uri++)
      {
        KvmmAgentIsoReader reader = kvmm_agent_iso_reader_for (uris[uri].uri, models[model].xml);
        const char *expected =
            models[model].is_apparmor ? uris[uri].with_apparmor : uris[uri].verdicts;
        char got[N_PATHS + 1] = "";

        g_test_message ("%s × %s", models[model].name, uris[uri].uri);
        for (guint path = 0; path < N_PATHS; path++, n_cases++)
          {
            KvmmAgentIsoCandidate *candidate = kvmm_agent_iso_judge (&probes[path], &reader);
            got[path] = get_letter (candidate->verdict);
            g_assert_cmpstr (candidate->reason, !=, "");
            g_assert_cmpint (candidate->source, ==, KVMM_AGENT_ISO_SOURCE_FILE);
            /* What goes into the XML is never the link. */
            if (candidate->verdict == KVMM_AGENT_ISO_TAKEN)
              g_assert_cmpstr (candidate->real_path, ==, probes[path].real_path);
            kvmm_agent_iso_candidate_free (candidate);
          }
        g_assert_cmpstr (got, ==, expected);
      }
  g_assert_cmpuint (n_cases, ==, G_N_ELEMENTS (models) * G_N_ELEMENTS (uris) * N_PATHS);
}

static void
test_only_models_of_the_host_are_named (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (models); i++)
    {
      g_test_message ("%s", models[i].name);
      g_assert_cmpint (kvmm_agent_iso_get_relabel (TRUE, models[i].xml), ==, models[i].relabel);
      g_assert_cmpint (kvmm_agent_iso_get_relabel (FALSE, models[i].xml), ==, 0);
    }
  g_assert_cmpint (kvmm_agent_iso_get_relabel (TRUE, NULL), ==, 0);
  g_assert_cmpint (kvmm_agent_iso_get_relabel (TRUE, "<broken"), ==, 0);
}

/* ---- storage ---- */

#define NOTHING -1

typedef struct
{
  const char *pool, *volume, *version;
  guint64 size_bytes;
  gboolean is_broken;
  const char *problem;
} Disc;

typedef struct
{
  const char *name, *type;
  gboolean is_active;
} Pool;

static const struct
{
  const char *what;
  int probe; /* a PathKind, or NOTHING */
  const char *uri;
  const char *driver;
  const char *configured;
  Pool pools[3];
  Disc discs[4];
  const char *problem;
  gboolean has_no_folder;
  /* what comes out */
  const char *verdicts; /* of discs and upload, one letter each */
  const char *taken;    /* (nullable) its path */
} hosts[] = {
  { .what = "a file that is good enough: nothing is uploaded",
    .probe = PATH_SRV,
    .pools = { { "default", "dir", TRUE } },
    .verdicts = "s",
    .taken = "/srv/a.iso" },
  { .what = "a file that QEMU may not read is uploaded",
    .probe = PATH_HOME,
    .pools = { { "default", "dir", TRUE } },
    .verdicts = "T",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "another computer: uploaded",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .verdicts = "T",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "another computer that has it",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .discs = { { "default", "kvmmanager-guest-agent-1.0.iso", "1.0", 100 } },
    .verdicts = "Ts",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "an older and a newer version are left",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .discs = { { "default", "kvmmanager-guest-agent-0.9.iso", "0.9", 100 },
               { "default", "kvmmanager-guest-agent-1.1.iso", "1.1", 100 } },
    .verdicts = "ooT",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "half an upload is never taken",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .discs = { { "default", "kvmmanager-guest-agent-1.0.iso", NULL, 100, .is_broken = TRUE } },
    .verdicts = "iT",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "another size is another build",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .discs = { { "default", "kvmmanager-guest-agent-1.0.iso", "1.0", 99 } },
    .verdicts = "oT",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "a volume that cannot be read",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .discs = { { "default", "kvmmanager-guest-agent-1.0.iso", NULL, 100, .problem = "gone" } },
    .verdicts = "uT",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "the pool of the settings before others",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "a", "dir", TRUE }, { "default", "dir", TRUE } },
    .discs = { { "a", "kvmmanager-guest-agent-1.0.iso", "1.0", 100 },
               { "default", "kvmmanager-guest-agent-1.0.iso", "1.0", 100 } },
    .verdicts = "Tss",
    .taken = "default/kvmmanager-guest-agent-1.0.iso" },
  { .what = "what was chosen before all, whatever its version",
    .probe = PATH_MISSING,
    .uri = "qemu+ssh://host/system",
    .configured = "/pools/b/kvmmanager-guest-agent-0.9.iso",
    .pools = { { "b", "dir", TRUE }, { "default", "dir", TRUE } },
    .discs = { { "b", "kvmmanager-guest-agent-0.9.iso", "0.9", 100 },
               { "default", "kvmmanager-guest-agent-" PACKAGE_VERSION ".iso", PACKAGE_VERSION,
                 7 } },
    .verdicts = "Tss",
    .taken = "b/kvmmanager-guest-agent-0.9.iso" },
  { .what = "nothing here: what is there in the program's version",
    .probe = NOTHING,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .discs = { { "default", "kvmmanager-guest-agent-" PACKAGE_VERSION ".iso", PACKAGE_VERSION,
                 7 } },
    .verdicts = "Ts",
    .taken = "default/kvmmanager-guest-agent-" PACKAGE_VERSION ".iso" },
  { .what = "nothing here and nothing there",
    .probe = PATH_OTHER_DISC,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", TRUE } },
    .verdicts = "n" },
  { .what = "no pool: somebody has to agree",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .verdicts = "p" },
  { .what = "a pool that does not run",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "dir", FALSE } },
    .verdicts = "p" },
  { .what = "no pool, and no folder known for one",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/session",
    .has_no_folder = TRUE,
    .verdicts = "x" },
  { .what = "a pool that holds no files",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .pools = { { "default", "logical", TRUE } },
    .verdicts = "x" },
  { .what = "a host without storage",
    .probe = PATH_SRV,
    .uri = "qemu+ssh://host/system",
    .problem = "this function is not supported",
    .verdicts = "x" },
  { .what = "another hypervisor",
    .probe = PATH_HOME,
    .uri = "test:///default",
    .driver = "TEST",
    .verdicts = "x" },
};

static char
get_host_letter (KvmmAgentIsoVerdict verdict)
{
  static const struct
  {
    KvmmAgentIsoVerdict verdict;
    char letter;
  } letters[] = {
    { KVMM_AGENT_ISO_TAKEN, 'T' },         { KVMM_AGENT_ISO_SKIPPED, 's' },
    { KVMM_AGENT_ISO_OTHER_VERSION, 'o' }, { KVMM_AGENT_ISO_INCOMPLETE, 'i' },
    { KVMM_AGENT_ISO_UNREADABLE, 'u' },    { KVMM_AGENT_ISO_POOL_NEEDED, 'p' },
    { KVMM_AGENT_ISO_NO_SOURCE, 'n' },     { KVMM_AGENT_ISO_UNSUPPORTED, 'x' },
  };

  for (guint i = 0; i < G_N_ELEMENTS (letters); i++)
    if (letters[i].verdict == verdict)
      return letters[i].letter;
  return '?';
}

static KvmmAgentIsoHost *
make_host (guint index)
{
  KvmmAgentIsoHost *host = g_new0 (KvmmAgentIsoHost, 1);

  host->driver = g_strdup (hosts[index].driver != NULL ? hosts[index].driver : "QEMU");
  host->pool = g_strdup ("default");
  host->folder = hosts[index].has_no_folder ? NULL : g_strdup ("/var/lib/libvirt/images");
  host->configured = g_strdup (hosts[index].configured);
  host->problem = g_strdup (hosts[index].problem);
  if (host->problem != NULL)
    return host;
  host->pools = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_virt_pool_free);
  host->discs = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_stored_free);
  for (const Pool *from = hosts[index].pools; from->name != NULL; from++)
    {
      KvmmVirtPool *pool = g_new0 (KvmmVirtPool, 1);
      pool->name = g_strdup (from->name);
      pool->type = g_strdup (from->type);
      pool->is_active = from->is_active;
      g_ptr_array_add (host->pools, pool);
    }
  for (const Disc *from = hosts[index].discs; from->pool != NULL; from++)
    {
      KvmmAgentIsoStored *disc = g_new0 (KvmmAgentIsoStored, 1);
      disc->pool = g_strdup (from->pool);
      disc->volume = g_strdup (from->volume);
      disc->path = g_strdup_printf ("/pools/%s/%s", from->pool, from->volume);
      disc->version = g_strdup (from->version);
      disc->problem = g_strdup (from->problem);
      disc->size_bytes = from->size_bytes;
      disc->is_ours = !from->is_broken && from->problem == NULL;
      g_ptr_array_add (host->discs, disc);
    }
  return host;
}

static void
test_what_storage_adds (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    {
      g_autoptr (KvmmAgentIsoHost) host = make_host (i);
      g_autoptr (GPtrArray) files = g_ptr_array_new ();
      g_autoptr (GString) verdicts = g_string_new (NULL);
      KvmmAgentIsoProbe probe = { 0 };
      const char *uri = hosts[i].uri != NULL ? hosts[i].uri : "qemu:///system";
      KvmmAgentIsoReader reader = kvmm_agent_iso_reader_for (uri, models[2].xml);

      g_test_message ("%s", hosts[i].what);
      if (hosts[i].probe != NOTHING)
        {
          probe = probes[hosts[i].probe];
          probe.size_bytes = 100;
          g_ptr_array_add (files, &probe);
        }
      g_autoptr (GPtrArray) candidates = kvmm_agent_iso_choose (files, &reader, host);
      for (guint j = files->len; j < candidates->len; j++)
        {
          const KvmmAgentIsoCandidate *candidate = candidates->pdata[j];
          g_string_append_c (verdicts, get_host_letter (candidate->verdict));
          g_assert_cmpstr (candidate->reason, !=, "");
        }
      g_assert_cmpstr (verdicts->str, ==, hosts[i].verdicts);
      const KvmmAgentIsoCandidate *taken = kvmm_agent_iso_find_taken (candidates);
      g_assert_cmpstr (taken != NULL ? taken->path : NULL, ==, hosts[i].taken);
      if (taken != NULL && taken->source == KVMM_AGENT_ISO_SOURCE_VOLUME)
        {
          g_autofree char *path = g_strdup_printf ("/pools/%s", taken->path);
          g_assert_cmpstr (taken->real_path, ==, path);
          g_assert_false (taken->is_packaged);
        }
    }
}

/* ---- names and versions ---- */

static void
test_names_volumes_safely (void)
{
  static const struct
  {
    const char *version, *name;
  } cases[] = {
    { "1.2.3", "kvmmanager-guest-agent-1.2.3.iso" },
    { "1.0~rc1+git", "kvmmanager-guest-agent-1.0~rc1+git.iso" },
    { "../../etc/x y", "kvmmanager-guest-agent-.._.._etc_x_y.iso" },
    { NULL, "kvmmanager-guest-agent-0.iso" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = kvmm_agent_iso_dup_volume_name (cases[i].version);
      g_assert_cmpstr (name, ==, cases[i].name);
      g_assert_true (kvmm_agent_iso_is_agent_disc (name, NULL));
    }
  g_autofree char *long_version = g_strnfill (500, '1');
  g_autofree char *name = kvmm_agent_iso_dup_volume_name (long_version);
  g_assert_cmpuint (strlen (name), <, 100);
}

static void
test_knows_what_is_newer (void)
{
  /* in order */
  static const char *const versions[] = { "",       "0.9", "0.10~rc1", "0.10~rc2", "0.10", "0.10a",
                                          "0.10.1", "1.0", "1.9",      "1.10",     "2" };

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    for (guint j = 0; j < G_N_ELEMENTS (versions); j++)
      {
        g_test_message ("%s > %s", versions[i], versions[j]);
        g_assert_cmpint (kvmm_agent_iso_is_newer (versions[i], versions[j]), ==, i > j);
      }
  g_assert_false (kvmm_agent_iso_is_newer (NULL, "1"));
  g_assert_false (kvmm_agent_iso_is_newer ("1", NULL));
  g_assert_false (kvmm_agent_iso_is_newer ("1.0", "1.00"));
  g_assert_true (kvmm_agent_iso_is_newer ("99999999999999999999999", "9"));
}

int
main (int argc, char **argv)
{
  test_model_init (&argc, &argv);
  g_test_add_func ("/model/agent-iso-choose/every-model-uri-and-path",
                   test_every_model_uri_and_path);
  g_test_add_func ("/model/agent-iso-choose/only-models-of-the-host-are-named",
                   test_only_models_of_the_host_are_named);
  g_test_add_func ("/model/agent-iso-choose/what-storage-adds", test_what_storage_adds);
  g_test_add_func ("/model/agent-iso-choose/names-volumes-safely", test_names_volumes_safely);
  g_test_add_func ("/model/agent-iso-choose/knows-what-is-newer", test_knows_what_is_newer);
  return g_test_run ();
}

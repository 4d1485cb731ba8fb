/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"

/* More paths than anybody configures. */
#define MAX_PATHS 64

/* ---- judging ---- */

void
kvmm_agent_iso_candidate_free (KvmmAgentIsoCandidate *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->real_path);
  g_free (self->version);
  g_free (self->reason);
  g_free (self->pool);
  g_free (self->volume);
  g_free (self);
}

/* (transfer full) @reason. Returns: %FALSE, for the caller to return */
static gboolean
refuse (KvmmAgentIsoCandidate *self, KvmmAgentIsoVerdict verdict, char *reason)
{
  self->verdict = verdict;
  self->reason = reason;
  return FALSE;
}

static gboolean
judge_file (KvmmAgentIsoCandidate *self, const KvmmAgentIsoProbe *probe)
{
  switch (probe->file)
    {
    case KVMM_AGENT_ISO_FILE_MISSING:
      return refuse (self, KVMM_AGENT_ISO_MISSING, g_strdup (_ ("There is no such file.")));
    case KVMM_AGENT_ISO_FILE_IRREGULAR:
      return refuse (self, KVMM_AGENT_ISO_NOT_A_FILE,
                     g_path_is_absolute (probe->path)
                         ? g_strdup (_ ("This is not a file."))
                         : g_strdup (_ ("The path has to begin with “/”.")));
    case KVMM_AGENT_ISO_FILE_UNREADABLE:
      return refuse (
          self, KVMM_AGENT_ISO_UNREADABLE,
          g_strdup_printf (_ ("You may not read it: %s."), probe->problem ? probe->problem : ""));
    case KVMM_AGENT_ISO_FILE_GOOD:
      break;
    default:
      g_assert_not_reached ();
    }
  if (!probe->is_ours)
    return refuse (self, KVMM_AGENT_ISO_NOT_OURS,
                   g_strdup_printf (_ ("This is not the agent disc: its label is not %s."),
                                    KVMM_AGENT_ISO_VOLUME_ID));
  return TRUE;
}

/* The system's QEMU runs as a user of its own; that of a session as this one, who just read it. */
static gboolean
judge_reader (KvmmAgentIsoCandidate *self,
              const KvmmAgentIsoProbe *probe,
              const KvmmAgentIsoReader *reader)
{
  if (reader->is_session)
    return TRUE;
  if (reader->has_apparmor && kvmm_agent_iso_is_refused_by_apparmor (probe->real_path))
    return refuse (self, KVMM_AGENT_ISO_NOT_FOR_QEMU,
                   g_strdup_printf (_ ("AppArmor forbids QEMU to read %s. Copy it to "
                                       "/var/lib/kvm-manager."),
                                    probe->real_path));
  if (!probe->others_may_read)
    return refuse (self, KVMM_AGENT_ISO_NOT_FOR_QEMU,
                   g_strdup_printf (_ ("QEMU may not read it. Allow it with “chmod o+r %s”."),
                                    probe->real_path));
  if (probe->closed_folder != NULL)
    return refuse (self, KVMM_AGENT_ISO_NOT_FOR_QEMU,
                   g_strdup_printf (_ ("QEMU may not enter the folder %s. Copy the file to "
                                       "/var/lib/kvm-manager."),
                                    probe->closed_folder));
  return TRUE;
}

KvmmAgentIsoCandidate *
kvmm_agent_iso_judge (const KvmmAgentIsoProbe *probe, const KvmmAgentIsoReader *reader)
{
  KvmmAgentIsoCandidate *self = g_new0 (KvmmAgentIsoCandidate, 1);

  self->path = g_strdup (probe->path);
  if (reader->is_remote)
    {
      refuse (self, KVMM_AGENT_ISO_REMOTE,
              g_strdup (_ ("The virtual machine runs on another computer, where this path means "
                           "another file.")));
      return self;
    }
  self->real_path = g_strdup (probe->real_path);
  self->version = g_strdup (probe->version);
  self->is_packaged = probe->is_roots && probe->others_may_read;
  if (!judge_file (self, probe) || !judge_reader (self, probe, reader))
    return self;

  self->verdict = KVMM_AGENT_ISO_TAKEN;
  self->reason = self->version != NULL
                     ? g_strdup_printf (_ ("The agent disc, version %s."), self->version)
                     : g_strdup (_ ("The agent disc, of an unknown version."));
  return self;
}

GPtrArray *
kvmm_agent_iso_probe_all (const char *const *paths)
{
  GPtrArray *probes = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_probe_free);

  for (guint i = 0; paths[i] != NULL && probes->len < MAX_PATHS; i++)
    {
      gboolean repeated = FALSE;

      for (guint j = 0; j < i && !repeated; j++)
        repeated = g_str_equal (paths[i], paths[j]);
      if (*paths[i] != '\0' && !repeated)
        g_ptr_array_add (probes, kvmm_agent_iso_probe (paths[i]));
    }
  return probes;
}

const KvmmAgentIsoCandidate *
kvmm_agent_iso_find_taken (GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = candidates->pdata[i];

      if (candidate->verdict == KVMM_AGENT_ISO_TAKEN)
        return candidate;
    }
  return NULL;
}

const char *
kvmm_agent_iso_find_version (GPtrArray *candidates)
{
  g_return_val_if_fail (candidates != NULL, NULL);

  const KvmmAgentIsoCandidate *taken = kvmm_agent_iso_find_taken (candidates);
  return taken != NULL ? taken->version : NULL;
}

char *
kvmm_agent_iso_describe_failure (GPtrArray *candidates)
{
  g_return_val_if_fail (candidates != NULL, NULL);

  if (candidates->len == 0)
    return g_strdup (_ ("No path of an agent disc is set. Set one in Preferences."));
  GString *text = g_string_new (_ ("No agent disc can be used:"));
  for (guint i = 0; i < candidates->len; i++)
    {
      const KvmmAgentIsoCandidate *candidate = candidates->pdata[i];

      g_string_append_printf (text, "\n%s: %s", candidate->path, candidate->reason);
    }
  return g_string_free (text, FALSE);
}

/* ---- versions ---- */

/* How a character sorts where two versions first differ, as dpkg has it: "~" before the end, that
 * before letters, these before all else. */
static int
get_weight (char c)
{
  if (c == '~')
    return -1;
  if (c == '\0' || g_ascii_isdigit (c))
    return 0;
  return g_ascii_isalpha (c) ? c : c + 256;
}

/* Returns: negative, 0 or positive, as strcmp() does */
static int
compare_versions (const char *a, const char *b)
{
  while (*a != '\0' || *b != '\0')
    {
      while ((*a != '\0' && !g_ascii_isdigit (*a)) || (*b != '\0' && !g_ascii_isdigit (*b)))
        {
          int difference = get_weight (*a) - get_weight (*b);

          if (difference != 0)
            return difference;
          a++;
          b++;
        }
      a += strspn (a, "0");
      b += strspn (b, "0");

      gsize a_digits = strspn (a, "0123456789"), b_digits = strspn (b, "0123456789");
      if (a_digits != b_digits)
        return a_digits < b_digits ? -1 : 1;
      int difference = strncmp (a, b, a_digits);
      if (difference != 0)
        return difference;
      a += a_digits;
      b += b_digits;
    }
  return 0;
}

gboolean
kvmm_agent_iso_is_newer (const char *disc, const char *guest)
{
  return disc != NULL && guest != NULL && compare_versions (disc, guest) > 0;
}

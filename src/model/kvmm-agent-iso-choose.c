/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "util/kvmm-guest-text.h"

/* Which disc a machine gets: a file of this computer, a volume of its host, or a volume that is
 * made there. Pure: everything was seen before. */

#define MAX_VERSION_CHARS 64

void
kvmm_agent_iso_stored_free (KvmmAgentIsoStored *self)
{
  if (self == NULL)
    return;
  g_free (self->pool);
  g_free (self->volume);
  g_free (self->path);
  g_free (self->problem);
  g_free (self->version);
  g_free (self);
}

void
kvmm_agent_iso_host_free (KvmmAgentIsoHost *self)
{
  if (self == NULL)
    return;
  g_free (self->driver);
  g_free (self->pool);
  g_free (self->folder);
  g_free (self->configured);
  g_free (self->problem);
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_clear_pointer (&self->discs, g_ptr_array_unref);
  g_free (self);
}

KvmmAgentIsoHost *
kvmm_agent_iso_host_copy (const KvmmAgentIsoHost *self)
{
  KvmmAgentIsoHost *copy = g_new0 (KvmmAgentIsoHost, 1);

  copy->driver = g_strdup (self->driver);
  copy->pool = g_strdup (self->pool);
  copy->folder = g_strdup (self->folder);
  copy->configured = g_strdup (self->configured);
  return copy;
}

/* ---- what can be uploaded, and where to ---- */

const KvmmAgentIsoProbe *
kvmm_agent_iso_find_upload (GPtrArray *probes)
{
  for (guint i = 0; i < probes->len; i++)
    {
      const KvmmAgentIsoProbe *probe = probes->pdata[i];

      if (probe->file == KVMM_AGENT_ISO_FILE_GOOD && probe->is_ours)
        return probe;
    }
  return NULL;
}

char *
kvmm_agent_iso_dup_volume_name (const char *version)
{
  g_autofree char *safe = g_strndup (version != NULL ? version : "0", MAX_VERSION_CHARS);

  for (char *p = safe; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._+~-", *p) == NULL)
      *p = '_';
  return g_strconcat ("kvmmanager-guest-agent-", safe, ".iso", NULL);
}

char *
kvmm_agent_iso_describe_pool (const KvmmVirtPool *pool, const char *name, const char *folder)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (name, -1);

  if (pool != NULL && pool->is_active)
    return NULL;
  if (pool != NULL)
    return g_strdup_printf (
        _ ("The storage pool “%s” of the host does not run. It has to be started "
           "before the disc can be uploaded."),
        shown);
  return g_strdup_printf (
      _ ("The host has no storage pool “%s”. It can be made in %s, to upload the "
         "disc to."),
      shown, folder);
}

static const KvmmVirtPool *
find_pool (const KvmmAgentIsoHost *host)
{
  for (guint i = 0; i < host->pools->len; i++)
    {
      const KvmmVirtPool *pool = host->pools->pdata[i];

      if (g_str_equal (pool->name, host->pool))
        return pool;
    }
  return NULL;
}

/* ---- the candidates ---- */

typedef struct
{
  const KvmmAgentIsoHost *host;    /* (unowned) */
  const KvmmAgentIsoProbe *upload; /* (unowned) (nullable) */
  const char *version;             /* (unowned) (nullable) that is wanted */
  char *taken;                     /* (owned) (nullable) path of what was taken */
  GPtrArray *candidates;           /* (unowned) */
} Choice;

/* (transfer full) @reason */
static void
give_verdict (KvmmAgentIsoCandidate *self, KvmmAgentIsoVerdict verdict, char *reason)
{
  g_free (self->reason);
  self->verdict = verdict;
  self->reason = reason;
}

/* Of everything that could be taken, the first is. */
static void
add (Choice *choice, KvmmAgentIsoCandidate *candidate)
{
  if (candidate->verdict == KVMM_AGENT_ISO_TAKEN && choice->taken != NULL)
    give_verdict (candidate, KVMM_AGENT_ISO_SKIPPED,
                  g_strdup_printf (_ ("Not needed: %s is used."), choice->taken));
  else if (candidate->verdict == KVMM_AGENT_ISO_TAKEN)
    choice->taken = g_strdup (candidate->path);
  g_ptr_array_add (choice->candidates, candidate);
}

static KvmmAgentIsoCandidate *
new_in_pool (KvmmAgentIsoSource source, const char *pool, const char *volume)
{
  KvmmAgentIsoCandidate *self = g_new0 (KvmmAgentIsoCandidate, 1);
  g_autofree char *path = g_strdup_printf ("%s/%s", pool, volume);

  self->source = source;
  self->path = kvmm_guest_text_sanitise (path, -1);
  self->pool = g_strdup (pool);
  self->volume = g_strdup (volume);
  return self;
}

static gboolean
is_configured (const Choice *choice, const KvmmAgentIsoStored *disc)
{
  return choice->host->configured != NULL && g_strcmp0 (disc->path, choice->host->configured) == 0;
}

/* The one that was chosen, then what was uploaded to where we would upload, then all others. */
#define N_RANKS 3
static guint
get_rank (const Choice *choice, const KvmmAgentIsoStored *disc)
{
  if (is_configured (choice, disc))
    return 0;
  return g_str_equal (disc->pool, choice->host->pool) ? 1 : 2;
}

static void
judge_stored (const Choice *choice,
              const KvmmAgentIsoStored *disc,
              KvmmAgentIsoCandidate *candidate)
{
  const char *version = disc->version != NULL ? disc->version : _ ("unknown");

  if (disc->problem != NULL || disc->path == NULL)
    give_verdict (
        candidate, KVMM_AGENT_ISO_UNREADABLE,
        g_strdup (disc->problem != NULL ? disc->problem : _ ("libvirt does not tell its path.")));
  else if (!disc->is_ours)
    give_verdict (candidate, KVMM_AGENT_ISO_INCOMPLETE,
                  g_strdup (_ ("This is not a whole agent disc: its upload was interrupted.")));
  else if (is_configured (choice, disc))
    give_verdict (candidate, KVMM_AGENT_ISO_TAKEN,
                  g_strdup_printf (_ ("The agent disc that was chosen, version %s."), version));
  else if (g_strcmp0 (disc->version, choice->version) != 0)
    give_verdict (candidate, KVMM_AGENT_ISO_OTHER_VERSION,
                  g_strdup_printf (_ ("Version %s; version %s is wanted."), version,
                                   choice->version != NULL ? choice->version : _ ("unknown")));
  else if (choice->upload != NULL && choice->upload->size_bytes != disc->size_bytes)
    give_verdict (candidate, KVMM_AGENT_ISO_OTHER_VERSION,
                  g_strdup_printf (_ ("Another build of version %s than the one on this computer."),
                                   version));
  else
    give_verdict (
        candidate, KVMM_AGENT_ISO_TAKEN,
        g_strdup_printf (_ ("The agent disc in a storage pool of the host, version %s."), version));
}

static void
add_stored (Choice *choice, const KvmmAgentIsoStored *disc)
{
  KvmmAgentIsoCandidate *candidate =
      new_in_pool (KVMM_AGENT_ISO_SOURCE_VOLUME, disc->pool, disc->volume);

  candidate->real_path = g_strdup (disc->path);
  candidate->version = g_strdup (disc->version);
  judge_stored (choice, disc, candidate);
  add (choice, candidate);
}

static void
judge_upload (const Choice *choice, KvmmAgentIsoCandidate *candidate)
{
  const KvmmAgentIsoHost *host = choice->host;
  const KvmmVirtPool *pool = host->pools != NULL ? find_pool (host) : NULL;
  g_autofree char *type = kvmm_guest_text_sanitise (pool != NULL ? pool->type : NULL, -1);
  g_autofree char *missing = NULL;

  if (g_strcmp0 (host->driver, "QEMU") != 0)
    give_verdict (candidate, KVMM_AGENT_ISO_UNSUPPORTED,
                  g_strdup_printf (_ ("The hypervisor %s has no channel for the agent."),
                                   host->driver != NULL ? host->driver : _ ("unknown")));
  else if (host->problem != NULL || host->pools == NULL)
    give_verdict (
        candidate, KVMM_AGENT_ISO_UNSUPPORTED,
        g_strdup (host->problem != NULL ? host->problem : _ ("The host has no storage pools.")));
  else if (choice->taken != NULL)
    give_verdict (candidate, KVMM_AGENT_ISO_SKIPPED,
                  g_strdup_printf (_ ("Not needed: %s is used."), choice->taken));
  else if (choice->upload == NULL)
    give_verdict (candidate, KVMM_AGENT_ISO_NO_SOURCE,
                  g_strdup (_ ("There is no agent disc on this computer that could be uploaded.")));
  else if (pool != NULL && !kvmm_agent_iso_pool_holds_files (pool))
    give_verdict (
        candidate, KVMM_AGENT_ISO_UNSUPPORTED,
        g_strdup_printf (_ ("This storage pool is of type “%s” and holds no files. Choose "
                            "another one in Preferences."),
                         type));
  else if (pool == NULL && host->folder == NULL)
    give_verdict (candidate, KVMM_AGENT_ISO_UNSUPPORTED,
                  g_strdup (_ ("The host has no such storage pool. Make one there first.")));
  else if ((missing = kvmm_agent_iso_describe_pool (pool, host->pool, host->folder)) != NULL)
    give_verdict (candidate, KVMM_AGENT_ISO_POOL_NEEDED, g_steal_pointer (&missing));
  else
    give_verdict (candidate, KVMM_AGENT_ISO_TAKEN,
                  g_strdup_printf (_ ("%s will be uploaded."), choice->upload->path));
}

static void
add_upload (Choice *choice)
{
  g_autofree char *volume = kvmm_agent_iso_dup_volume_name (choice->version);
  KvmmAgentIsoCandidate *candidate =
      new_in_pool (KVMM_AGENT_ISO_SOURCE_UPLOAD, choice->host->pool, volume);

  candidate->version = g_strdup (choice->upload != NULL ? choice->version : NULL);
  judge_upload (choice, candidate);
  add (choice, candidate);
}

GPtrArray *
kvmm_agent_iso_choose (GPtrArray *probes,
                       const KvmmAgentIsoReader *reader,
                       const KvmmAgentIsoHost *host)
{
  GPtrArray *candidates =
      g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_agent_iso_candidate_free);
  Choice choice = { .host = host,
                    .upload = kvmm_agent_iso_find_upload (probes),
                    .candidates = candidates };

  for (guint i = 0; i < probes->len; i++)
    add (&choice, kvmm_agent_iso_judge (probes->pdata[i], reader));
  if (host != NULL)
    {
      choice.version = choice.upload != NULL ? choice.upload->version : PACKAGE_VERSION;
      for (guint rank = 0; host->discs != NULL && rank < N_RANKS; rank++)
        for (guint i = 0; i < host->discs->len; i++)
          if (get_rank (&choice, host->discs->pdata[i]) == rank)
            add_stored (&choice, host->discs->pdata[i]);
      add_upload (&choice);
    }
  g_free (choice.taken);
  return candidates;
}

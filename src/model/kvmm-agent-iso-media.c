/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-iso-private.h"
#include "model/kvmm-drive-media.h"
#include "util/kvmm-guest-text.h"

/* The agent disc and the drives of one machine. */

#define DISC_PREFIX "kvmmanager-guest-agent"

G_DEFINE_QUARK (kvmm - agent - iso - error - quark, kvmm_agent_iso_error)

gboolean
kvmm_agent_iso_is_agent_disc (const char *source, const char *configured)
{
  if (source == NULL)
    return FALSE;
  if (configured != NULL && g_str_equal (source, configured))
    return TRUE;
  /* A volume's source reads "pool/volume", a file's is a path: the last part is the name. */
  const char *slash = strrchr (source, '/');
  const char *name = slash != NULL ? slash + 1 : source;
  return g_str_has_prefix (name, DISC_PREFIX) && g_str_has_suffix (name, ".iso");
}

char *
kvmm_agent_iso_find_in_xml (const char *xml)
{
  g_autoptr (GPtrArray) drives = kvmm_xml_domain_list_cdroms (xml, NULL);

  for (guint i = 0; drives != NULL && i < drives->len; i++)
    {
      const KvmmXmlCdrom *drive = drives->pdata[i];

      if (kvmm_agent_iso_is_agent_disc (drive->source, NULL))
        return g_strdup (drive->target);
    }
  return NULL;
}

/* ---- where the disc can go ---- */

typedef enum
{
  PLACE_LIVE_DRIVE,
  PLACE_LIVE_NEW,
  PLACE_CONFIG_DRIVE,
  PLACE_CONFIG_NEW,
} PlaceKind;

typedef struct
{
  PlaceKind kind;
  const KvmmXmlCdrom *drive; /* (unowned) (nullable): none for the two new ones */
  gboolean is_there;         /* the disc is in that drive already */
} Place;

static void
set_replace_needed (GError **error, const KvmmAgentIsoMedium *medium, const KvmmXmlCdrom *drive)
{
  g_autofree char *source = kvmm_guest_text_sanitise (drive->source, -1);
  g_autofree char *target = kvmm_guest_text_sanitise (drive->target, -1);

  g_set_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_REPLACE_NEEDED,
               _ ("No CD drive of “%s” is empty: drive %s holds %s."), medium->name, target,
               source);
}

/* The drive that has the disc, else one with another version of it, else an empty one, else, if
 * that was agreed to, the first.
 * Returns: %FALSE when every drive holds something else */
static gboolean
pick_drive (GPtrArray *drives, const KvmmAgentIsoMedium *medium, Place *place, GError **error)
{
  const KvmmXmlCdrom *best = NULL;
  int best_rank = 0;

  for (guint i = 0; i < drives->len; i++)
    {
      const KvmmXmlCdrom *drive = drives->pdata[i];
      int rank = (medium->flags & KVMM_AGENT_ISO_MOUNT_REPLACE) != 0 ? 1 : 0;

      if (g_strcmp0 (drive->source, medium->path) == 0)
        rank = 4;
      else if (kvmm_agent_iso_is_agent_disc (drive->source, medium->configured))
        rank = 3;
      else if (drive->is_empty)
        rank = 2;
      if (rank > best_rank)
        {
          best = drive;
          best_rank = rank;
        }
    }
  if (best == NULL && drives->len > 0)
    {
      set_replace_needed (error, medium, drives->pdata[0]);
      return FALSE;
    }
  place->drive = best;
  place->is_there = best_rank == 4 && !best->tray_open;
  return TRUE;
}

static gboolean
find_config_place (const KvmmDriveMachine *machine,
                   const KvmmAgentIsoMedium *medium,
                   Place *place,
                   GError **error)
{
  if (!machine->is_persistent)
    {
      g_set_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_UNSUPPORTED,
                   _ ("“%s” has no CD drive, none can be added while it runs, and being transient "
                      "it has no next start. Create it anew with a CD drive."),
                   medium->name);
      return FALSE;
    }
  if (!pick_drive (machine->config_drives, medium, place, error))
    return FALSE;
  place->kind = place->drive != NULL ? PLACE_CONFIG_DRIVE : PLACE_CONFIG_NEW;
  return TRUE;
}

static gboolean
find_place (const KvmmDriveMachine *machine,
            const KvmmAgentIsoMedium *medium,
            Place *place,
            GError **error)
{
  if (!machine->is_active)
    return find_config_place (machine, medium, place, error);
  if (!pick_drive (machine->live_drives, medium, place, error))
    return FALSE;
  if (place->drive != NULL)
    place->kind = PLACE_LIVE_DRIVE;
  else if (kvmm_xml_domain_has_virtio_scsi (machine->live_xml))
    place->kind = PLACE_LIVE_NEW;
  else
    return find_config_place (machine, medium, place, error);
  return TRUE;
}

static gboolean
has_channel (const char *xml, GError **error, gboolean *has)
{
  g_autoptr (KvmmXmlDomainFacts) facts = kvmm_xml_domain_facts_parse (xml, error);

  if (facts == NULL)
    return FALSE;
  *has = facts->agent_channel != KVMM_CHANNEL_ABSENT;
  return TRUE;
}

gboolean
kvmm_agent_iso_check (KvmmVirtConnect *connect,
                      const KvmmAgentIsoMedium *medium,
                      gboolean *needs_channel,
                      gboolean *channel_waits,
                      GError **error)
{
  g_auto (KvmmDriveMachine) machine = { 0 };
  Place place = { 0 };
  gboolean in_live = FALSE, in_config = FALSE;

  if (!kvmm_drive_machine_read (&machine, connect, medium->uuid, error) ||
      !find_place (&machine, medium, &place, error) ||
      (machine.live_xml != NULL && !has_channel (machine.live_xml, error, &in_live)) ||
      (machine.config_xml != NULL && !has_channel (machine.config_xml, error, &in_config)))
    return FALSE;
  *needs_channel =
      (machine.is_active && !in_live && !in_config) || (machine.is_persistent && !in_config);
  *channel_waits = machine.is_active && !in_live && in_config;
  return TRUE;
}

/* ---- changing a medium ---- */

static KvmmDriveChange
get_change (const KvmmAgentIsoMedium *medium)
{
  return (KvmmDriveChange){ .uuid = medium->uuid,
                            .name = medium->name,
                            .relabel = medium->relabel,
                            .is_forced = (medium->flags & KVMM_AGENT_ISO_MOUNT_FORCE) != 0,
                            .libvirt_version = medium->libvirt_version };
}

/* @path: (nullable): %NULL ejects */
static gboolean
change_live (KvmmVirtConnect *connect,
             const KvmmAgentIsoMedium *medium,
             const KvmmDriveMachine *machine,
             const KvmmXmlCdrom *drive,
             const char *path,
             GError **error)
{
  g_autoptr (GError) failure = NULL;
  KvmmDriveChange change = get_change (medium);

  if (kvmm_drive_change_live (connect, &change, machine, drive, path, &failure))
    return TRUE;
  if (g_error_matches (failure, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_TRAY_LOCKED))
    g_set_error_literal (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_TRAY_LOCKED,
                         failure->message);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
change_config (KvmmVirtConnect *connect,
               const KvmmAgentIsoMedium *medium,
               const KvmmXmlCdrom *drive,
               const char *path,
               GError **error)
{
  KvmmDriveChange change = get_change (medium);

  return kvmm_drive_change_config (connect, &change, drive, path, error);
}

/* ---- adding a drive ---- */

/* Returns: (transfer full): the new drive's target as libvirt lists it, %NULL with @error */
static char *
find_target (KvmmVirtConnect *connect,
             const KvmmAgentIsoMedium *medium,
             KvmmAffectFlags affect,
             GError **error)
{
  gboolean inactive = (affect & KVMM_AFFECT_CONFIG) != 0;
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, medium->uuid, inactive, error);
  g_autoptr (GPtrArray) drives = xml != NULL ? kvmm_xml_domain_list_cdroms (xml, error) : NULL;

  for (guint i = 0; drives != NULL && i < drives->len; i++)
    {
      const KvmmXmlCdrom *drive = drives->pdata[i];

      if (g_strcmp0 (drive->source, medium->path) == 0)
        return g_strdup (drive->target);
    }
  if (drives != NULL)
    g_set_error (error, KVMM_VIRT_ERROR, KVMM_VIRT_ERROR_FAILED,
                 _ ("libvirt added a CD drive to “%s” and does not list it."), medium->name);
  return NULL;
}

/* Returns: (transfer full) (nullable): the new drive's target */
static char *
add_drive (KvmmVirtConnect *connect,
           const KvmmAgentIsoMedium *medium,
           const char *domain_xml,
           const char *bus,
           KvmmAffectFlags affect,
           GError **error)
{
  g_autofree char *xml =
      kvmm_xml_cdrom_build_drive (domain_xml, bus, medium->path, medium->relabel, error);

  if (xml == NULL || !kvmm_virt_domain_attach_device (connect, medium->uuid, xml, affect, error))
    return NULL;
  return find_target (connect, medium, affect, error);
}

static gboolean
insert_at (KvmmVirtConnect *connect,
           const KvmmAgentIsoMedium *medium,
           const KvmmDriveMachine *machine,
           const Place *place,
           KvmmAgentIsoMounted *mounted,
           GError **error)
{
  gboolean in_config = place->kind == PLACE_CONFIG_DRIVE || place->kind == PLACE_CONFIG_NEW;

  switch (place->kind)
    {
    case PLACE_LIVE_DRIVE:
      if (!place->is_there &&
          !change_live (connect, medium, machine, place->drive, medium->path, error))
        return FALSE;
      mounted->target = g_strdup (place->drive->target);
      break;
    case PLACE_CONFIG_DRIVE:
      if (!place->is_there && !change_config (connect, medium, place->drive, medium->path, error))
        return FALSE;
      mounted->target = g_strdup (place->drive->target);
      break;
    case PLACE_LIVE_NEW:
      mounted->target =
          add_drive (connect, medium, machine->live_xml, "scsi", KVMM_AFFECT_LIVE, error);
      break;
    case PLACE_CONFIG_NEW:
      mounted->target =
          add_drive (connect, medium, machine->config_xml, NULL, KVMM_AFFECT_CONFIG, error);
      break;
    default:
      g_assert_not_reached ();
    }
  if (mounted->target == NULL)
    return FALSE;
  mounted->drive_added = place->kind == PLACE_LIVE_NEW || place->kind == PLACE_CONFIG_NEW;
  mounted->drive_needs_restart = in_config && machine->is_active;
  return TRUE;
}

KvmmAgentIsoMounted *
kvmm_agent_iso_insert (KvmmVirtConnect *connect, const KvmmAgentIsoMedium *medium, GError **error)
{
  g_auto (KvmmDriveMachine) machine = { 0 };
  g_autoptr (KvmmAgentIsoMounted) mounted = g_new0 (KvmmAgentIsoMounted, 1);
  g_autoptr (GError) failure = NULL;
  Place place = { 0 };

  if (!kvmm_drive_machine_read (&machine, connect, medium->uuid, error) ||
      !find_place (&machine, medium, &place, error))
    return NULL;
  mounted->path = g_strdup (medium->path);
  if (insert_at (connect, medium, &machine, &place, mounted, &failure))
    return g_steal_pointer (&mounted);

  /* Whatever the reason, a drive that cannot come now can come with the next start. */
  if (place.kind == PLACE_LIVE_NEW && machine.is_persistent)
    {
      g_debug ("%s", failure->message);
      if (find_config_place (&machine, medium, &place, error) &&
          insert_at (connect, medium, &machine, &place, mounted, error))
        return g_steal_pointer (&mounted);
      return NULL;
    }
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

/* ---- ejecting ---- */

gboolean
kvmm_agent_iso_eject (KvmmVirtConnect *connect, const KvmmAgentIsoMedium *medium, GError **error)
{
  g_auto (KvmmDriveMachine) machine = { 0 };
  guint n_ejected = 0;

  if (!kvmm_drive_machine_read (&machine, connect, medium->uuid, error))
    return FALSE;
  for (guint i = 0; machine.live_drives != NULL && i < machine.live_drives->len; i++)
    {
      const KvmmXmlCdrom *drive = machine.live_drives->pdata[i];

      if (!kvmm_agent_iso_is_agent_disc (drive->source, medium->configured))
        continue;
      if (!change_live (connect, medium, &machine, drive, NULL, error))
        return FALSE;
      n_ejected++;
    }
  for (guint i = 0; machine.config_drives != NULL && i < machine.config_drives->len; i++)
    {
      const KvmmXmlCdrom *drive = machine.config_drives->pdata[i];

      if (!kvmm_agent_iso_is_agent_disc (drive->source, medium->configured))
        continue;
      if (!change_config (connect, medium, drive, NULL, error))
        return FALSE;
      n_ejected++;
    }
  if (n_ejected > 0)
    return TRUE;
  g_set_error (error, KVMM_AGENT_ISO_ERROR, KVMM_AGENT_ISO_ERROR_NOT_MOUNTED,
               _ ("No drive of “%s” holds the agent disc."), medium->name);
  return FALSE;
}

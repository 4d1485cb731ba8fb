/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-drive-media.h"

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"

/* What libvirt and QEMU do here was measured; the table is in docs/deployment.md. */

/* Before this version the medium of a hot-plugged drive could be neither changed nor ejected. */
#define VERSION_HOTPLUGGED_MEDIA 9003000

G_DEFINE_QUARK (kvmm - drive - error - quark, kvmm_drive_error)

/* ---- the machine as it is now ---- */

void
kvmm_drive_machine_clear (KvmmDriveMachine *self)
{
  g_clear_pointer (&self->live_xml, g_free);
  g_clear_pointer (&self->config_xml, g_free);
  g_clear_pointer (&self->live_drives, g_ptr_array_unref);
  g_clear_pointer (&self->config_drives, g_ptr_array_unref);
}

static gboolean
is_active_state (KvmmDomainState state)
{
  return state != KVMM_DOMAIN_STATE_SHUT_OFF && state != KVMM_DOMAIN_STATE_UNKNOWN &&
         state != KVMM_DOMAIN_STATE_CRASHED;
}

gboolean
kvmm_drive_machine_read (KvmmDriveMachine *self,
                         KvmmVirtConnect *connect,
                         const char *uuid,
                         GError **error)
{
  g_autoptr (KvmmDomainInfo) info = kvmm_virt_domain_read (connect, uuid, error);

  if (info == NULL)
    return FALSE;
  self->is_active = is_active_state (kvmm_domain_info_get_state (info));
  self->is_persistent = kvmm_domain_info_get_persistent (info);
  if (self->is_active)
    {
      self->live_xml = kvmm_virt_domain_read_xml (connect, uuid, FALSE, error);
      if (self->live_xml == NULL)
        return FALSE;
      self->live_drives = kvmm_xml_domain_list_cdroms (self->live_xml, error);
      if (self->live_drives == NULL)
        return FALSE;
    }
  if (self->is_persistent)
    {
      self->config_xml = kvmm_virt_domain_read_xml (connect, uuid, TRUE, error);
      if (self->config_xml == NULL)
        return FALSE;
      self->config_drives = kvmm_xml_domain_list_cdroms (self->config_xml, error);
    }
  return self->config_drives != NULL || !self->is_persistent;
}

/* ---- changing the medium of a running machine ---- */

static KvmmAffectFlags
live_flags (const KvmmDriveChange *change)
{
  return change->is_forced ? KVMM_AFFECT_LIVE | KVMM_AFFECT_FORCE : KVMM_AFFECT_LIVE;
}

static gboolean
has_code (const GError *error, const char *name)
{
  return g_str_equal (kvmm_virt_error_get_code_name (error), name);
}

/* Whether libvirt says that the tray of the running machine's drive @target is open. */
static gboolean
is_tray_open (KvmmVirtConnect *connect, const KvmmDriveChange *change, const char *target)
{
  g_autofree char *xml = kvmm_virt_domain_read_xml (connect, change->uuid, FALSE, NULL);
  g_autoptr (GPtrArray) drives = xml != NULL ? kvmm_xml_domain_list_cdroms (xml, NULL) : NULL;

  for (guint i = 0; drives != NULL && i < drives->len; i++)
    {
      const KvmmXmlCdrom *drive = drives->pdata[i];

      if (g_str_equal (drive->target, target))
        return drive->tray_open;
    }
  return FALSE;
}

/* After a failed insertion QEMU's tray stays open and empty, while libvirt still lists the old
 * disc. Sending that again would change nothing in libvirt's eyes, so the drive is emptied first.
 * Failing at that changes nothing. */
static void
close_tray (KvmmVirtConnect *connect, const KvmmDriveChange *change, const KvmmXmlCdrom *before)
{
  g_autoptr (GError) error = NULL;

  if (before->tray_open || !is_tray_open (connect, change, before->target))
    return;
  g_autofree char *empty =
      kvmm_xml_cdrom_build_media (before->xml, NULL, KVMM_RELABEL_DEFAULT, &error);
  if (empty != NULL &&
      kvmm_virt_domain_update_device (connect, change->uuid, empty, KVMM_AFFECT_LIVE, &error) &&
      !before->is_empty)
    kvmm_virt_domain_update_device (connect, change->uuid, before->xml, KVMM_AFFECT_LIVE, &error);
  if (error != NULL)
    g_debug ("Drive %s of %s stays open: %s", before->target, change->name, error->message);
}

static gboolean
has_target (GPtrArray *drives, const char *target)
{
  for (guint i = 0; drives != NULL && i < drives->len; i++)
    if (g_str_equal (((const KvmmXmlCdrom *) drives->pdata[i])->target, target))
      return TRUE;
  return FALSE;
}

/* Takes the whole drive away and adds it again with the other medium in it. The same libvirt cannot
 * add an empty one, so that ejecting ends without the drive, which had come with its disc.
 * @new_xml: (nullable): %NULL ejects */
static gboolean
replug (KvmmVirtConnect *connect,
        const KvmmDriveChange *change,
        const KvmmXmlCdrom *drive,
        const char *new_xml)
{
  g_autoptr (GError) error = NULL;

  if (!kvmm_virt_domain_detach_device (connect, change->uuid, drive->xml, KVMM_AFFECT_LIVE, &error))
    {
      g_debug ("%s", error->message);
      return FALSE;
    }
  if (new_xml == NULL ||
      kvmm_virt_domain_attach_device (connect, change->uuid, new_xml, KVMM_AFFECT_LIVE, &error))
    return TRUE;

  g_debug ("%s", error->message);
  g_clear_error (&error);
  if (!kvmm_virt_domain_attach_device (connect, change->uuid, drive->xml, KVMM_AFFECT_LIVE, &error))
    g_debug ("Drive %s of %s is lost: %s", drive->target, change->name, error->message);
  return FALSE;
}

/* Only a SCSI drive can have been plugged into a running machine, and then its configuration has
 * none of that name. */
static gboolean
must_replug (const KvmmDriveChange *change,
             const KvmmDriveMachine *machine,
             const KvmmXmlCdrom *drive,
             const GError *failure)
{
  return change->libvirt_version < VERSION_HOTPLUGGED_MEDIA && g_str_equal (drive->bus, "scsi") &&
         has_code (failure, "VIR_ERR_INTERNAL_ERROR") &&
         !has_target (machine->config_drives, drive->target);
}

static void
set_tray_locked (GError **error, const KvmmDriveChange *change, const KvmmXmlCdrom *drive)
{
  g_autofree char *target = kvmm_guest_text_sanitise (drive->target, -1);

  g_set_error (error, KVMM_DRIVE_ERROR, KVMM_DRIVE_ERROR_TRAY_LOCKED,
               _ ("The guest of “%s” uses the disc in drive %s and keeps the tray locked. Unmount "
                  "it in the guest, or take it out by force."),
               change->name, target);
}

gboolean
kvmm_drive_change_live (KvmmVirtConnect *connect,
                        const KvmmDriveChange *change,
                        const KvmmDriveMachine *machine,
                        const KvmmXmlCdrom *drive,
                        const char *path,
                        GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *xml = kvmm_xml_cdrom_build_media (drive->xml, path, change->relabel, error);

  if (xml == NULL)
    return FALSE;
  if (kvmm_virt_domain_update_device (connect, change->uuid, xml, live_flags (change), &failure))
    return TRUE;

  if (must_replug (change, machine, drive, failure) &&
      replug (connect, change, drive, path != NULL ? xml : NULL))
    return TRUE;

  close_tray (connect, change, drive);
  /* The one failure of this call that has this code is a guest that does not open the tray. */
  if (has_code (failure, "VIR_ERR_OPERATION_FAILED") && !change->is_forced)
    set_tray_locked (error, change, drive);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
kvmm_drive_change_config (KvmmVirtConnect *connect,
                          const KvmmDriveChange *change,
                          const KvmmXmlCdrom *drive,
                          const char *path,
                          GError **error)
{
  g_autofree char *xml = kvmm_xml_cdrom_build_media (drive->xml, path, change->relabel, error);

  return xml != NULL &&
         kvmm_virt_domain_update_device (connect, change->uuid, xml, KVMM_AFFECT_CONFIG, error);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-new-machine-choices.h"

#include <glib/gi18n.h>

#include "util/kvmm-units.h"
#include "virt/kvmm-virt-storage.h"

/* A row of the network chooser. */
typedef struct
{
  KvmmXmlNetworkKind kind;
  char *name; /* (nullable) */
} Network;

static void
clear_network (gpointer data)
{
  g_free (((Network *) data)->name);
}

void
kvmm_new_machine_choices_init (KvmmNewMachineChoices *self)
{
  self->firmwares = g_array_new (FALSE, FALSE, sizeof (KvmmXmlFirmware));
  self->networks = g_array_new (FALSE, FALSE, sizeof (Network));
  g_array_set_clear_func (self->networks, clear_network);
}

void
kvmm_new_machine_choices_clear (KvmmNewMachineChoices *self)
{
  g_clear_pointer (&self->firmwares, g_array_unref);
  g_clear_pointer (&self->networks, g_array_unref);
}

static void
fill_firmwares (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host)
{
  const KvmmXmlMachineOptions *options = host->options;
  const struct
  {
    KvmmXmlFirmware firmware;
    const char *word;
    gboolean is_there;
  } rows[] = {
    { KVMM_XML_FIRMWARE_BIOS, _ ("BIOS"),
      g_str_equal (options->arch, "x86_64") || g_str_equal (options->arch, "i686") ||
          !options->has_uefi },
    { KVMM_XML_FIRMWARE_UEFI, _ ("UEFI"), options->has_uefi },
    { KVMM_XML_FIRMWARE_UEFI_SECURE, _ ("UEFI With Secure Boot"), options->has_secure_boot },
  };
  g_autoptr (GtkStringList) words = gtk_string_list_new (NULL);

  g_array_set_size (self->firmwares, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].is_there)
      {
        gtk_string_list_append (words, rows[i].word);
        g_array_append_val (self->firmwares, rows[i].firmware);
      }
  adw_combo_row_set_model (self->firmware, G_LIST_MODEL (words));
}

static void
add_network (KvmmNewMachineChoices *self,
             GtkStringList *words,
             KvmmXmlNetworkKind kind,
             const char *name,
             const char *word)
{
  Network row = { .kind = kind, .name = g_strdup (name) };

  gtk_string_list_append (words, word);
  g_array_append_val (self->networks, row);
}

/* Those of the host, and one whose name is typed. */
static void
fill_interfaces (KvmmNewMachineChoices *self, GtkStringList *words, const KvmmNewMachineHost *host)
{
  for (guint i = 0; i < host->interfaces->len; i++)
    {
      const KvmmXmlHostInterface *interface = host->interfaces->pdata[i];
      g_autofree char *word = interface->is_bridge
                                  ? g_strdup_printf (_ ("Bridge “%s”"), interface->name)
                                  : g_strdup_printf (_ ("Card “%s” (macvtap)"), interface->name);

      add_network (self, words,
                   interface->is_bridge ? KVMM_XML_NETWORK_BRIDGE : KVMM_XML_NETWORK_DIRECT,
                   interface->name, word);
    }
  add_network (self, words, KVMM_XML_NETWORK_BRIDGE, NULL, _ ("Another bridge of the host"));
  add_network (self, words, KVMM_XML_NETWORK_DIRECT, NULL, _ ("Another card of the host"));
}

static void
fill_networks (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host)
{
  g_autoptr (GtkStringList) words = gtk_string_list_new (NULL);

  g_array_set_size (self->networks, 0);
  for (guint i = 0; i < host->networks->len; i++)
    {
      const char *name = host->networks->pdata[i];
      g_autofree char *word = g_strdup_printf (_ ("Virtual network “%s”"), name);

      add_network (self, words, KVMM_XML_NETWORK_VIRTUAL, name, word);
    }
  add_network (self, words, KVMM_XML_NETWORK_USER, NULL, _ ("Outgoing only"));
  if (!host->is_session)
    fill_interfaces (self, words, host);
  add_network (self, words, KVMM_XML_NETWORK_NONE, NULL, _ ("None"));
  adw_combo_row_set_model (self->network, G_LIST_MODEL (words));
}

/* Returns: (transfer full) (nullable): what there is to say */
static char *
fill_pools (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host)
{
  g_autoptr (GtkStringList) words = gtk_string_list_new (NULL);
  char *note = NULL;

  for (guint i = 0; i < host->pools->len; i++)
    {
      const KvmmVirtPool *pool = host->pools->pdata[i];
      g_autofree char *available = kvmm_units_bytes (pool->available_bytes);
      g_autofree char *word = g_strdup_printf (_ ("%s (%s free)"), pool->name, available);

      gtk_string_list_append (words, word);
    }
  if (host->pools->len == 0 && host->new_pool != NULL)
    {
      gtk_string_list_append (words, host->new_pool);
      note = g_strdup_printf (
          _ ("The host has no storage pool yet: “%s” will be made in %s, and start with the host."),
          host->new_pool, host->new_pool_folder);
    }
  else if (host->pools->len == 0)
    note =
        g_strdup (_ ("The host has no storage pool; only a machine without a disk can be made."));
  adw_combo_row_set_model (self->pool, G_LIST_MODEL (words));
  return note;
}

static void
fill_volumes (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host)
{
  g_autoptr (GtkStringList) words = gtk_string_list_new (NULL);

  for (guint i = 0; i < host->disks->len; i++)
    gtk_string_list_append (words, ((const KvmmHostDisk *) host->disks->pdata[i])->label);
  adw_combo_row_set_model (self->volume, G_LIST_MODEL (words));
  gtk_widget_set_sensitive (GTK_WIDGET (self->volume), host->disks->len > 0);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->volume),
                               host->disks->len > 0
                                   ? _ ("It is used as it is, and not copied.")
                                   : _ ("No storage pool of the host has a disk in it."));
}

static void
fill_screens (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host)
{
  g_autoptr (GtkStringList) words = gtk_string_list_new (NULL);

  if (host->options->has_vnc)
    gtk_string_list_append (words, "VNC");
  if (host->options->has_spice)
    gtk_string_list_append (words, "SPICE");
  gtk_string_list_append (words, _ ("None, serial console only"));
  adw_combo_row_set_model (self->screen, G_LIST_MODEL (words));
}

char *
kvmm_new_machine_choices_fill (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host)
{
  fill_firmwares (self, host);
  fill_networks (self, host);
  fill_volumes (self, host);
  fill_screens (self, host);
  return fill_pools (self, host);
}

void
kvmm_new_machine_choices_select_firmware (KvmmNewMachineChoices *self, KvmmXmlFirmware firmware)
{
  for (guint i = 0; i < self->firmwares->len; i++)
    if (g_array_index (self->firmwares, KvmmXmlFirmware, i) == firmware)
      adw_combo_row_set_selected (self->firmware, i);
}

KvmmXmlNetworkKind
kvmm_new_machine_choices_get_network (KvmmNewMachineChoices *self, gboolean *is_typed)
{
  guint i = adw_combo_row_get_selected (self->network);
  const Network *row = i < self->networks->len ? &g_array_index (self->networks, Network, i) : NULL;
  KvmmXmlNetworkKind kind = row != NULL ? row->kind : KVMM_XML_NETWORK_NONE;

  *is_typed = row != NULL && row->name == NULL &&
              (kind == KVMM_XML_NETWORK_BRIDGE || kind == KVMM_XML_NETWORK_DIRECT);
  return kind;
}

static void
read_network (KvmmNewMachineChoices *self, const char *typed, KvmmNewMachine *plan)
{
  guint i = adw_combo_row_get_selected (self->network);
  gboolean is_typed;

  if (i >= self->networks->len)
    return;
  plan->network_kind = kvmm_new_machine_choices_get_network (self, &is_typed);
  plan->network = g_strdup (is_typed ? typed : g_array_index (self->networks, Network, i).name);
}

static void
read_pool (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host, KvmmNewMachine *plan)
{
  guint i = adw_combo_row_get_selected (self->pool);

  if (i < host->pools->len)
    plan->pool = g_strdup (((KvmmVirtPool *) host->pools->pdata[i])->name);
  else if (host->new_pool != NULL)
    {
      plan->pool = g_strdup (host->new_pool);
      plan->pool_folder = g_strdup (host->new_pool_folder);
    }
}

const KvmmHostDisk *
kvmm_new_machine_choices_get_volume (KvmmNewMachineChoices *self, const KvmmNewMachineHost *host)
{
  guint i = adw_combo_row_get_selected (self->volume);

  return i < host->disks->len ? host->disks->pdata[i] : NULL;
}

void
kvmm_new_machine_choices_read (KvmmNewMachineChoices *self,
                               const KvmmNewMachineHost *host,
                               const char *interface,
                               KvmmNewMachine *plan)
{
  const KvmmXmlMachineOptions *options = host->options;
  guint firmware = adw_combo_row_get_selected (self->firmware);
  guint screen = adw_combo_row_get_selected (self->screen);

  if (firmware < self->firmwares->len)
    plan->firmware = g_array_index (self->firmwares, KvmmXmlFirmware, firmware);
  if (plan->source == KVMM_NEW_MACHINE_VOLUME)
    {
      const KvmmHostDisk *disk = kvmm_new_machine_choices_get_volume (self, host);

      plan->pool = g_strdup (disk != NULL ? disk->pool : NULL);
      plan->volume = g_strdup (disk != NULL ? disk->volume : NULL);
    }
  else
    read_pool (self, host, plan);
  read_network (self, interface, plan);
  if (options->has_vnc && screen == 0)
    plan->graphics = g_strdup ("vnc");
  else if (options->has_spice && screen == (options->has_vnc ? 1 : 0))
    plan->graphics = g_strdup ("spice");
}

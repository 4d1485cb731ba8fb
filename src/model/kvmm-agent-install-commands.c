/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include <glib/gi18n.h>

#include "model/kvmm-agent-install.h"
#include "xml/kvmm-xml-domain.h"

/* What a person types in the guest to install from the disc. */

const KvmmAgentInstallCommand *
kvmm_agent_install_list_commands (guint *n_commands)
{
  static const KvmmAgentInstallCommand commands[] = {
    { "debian", N_ ("Debian, Ubuntu"),
      "sudo mkdir -p /mnt/kvmm\n"
      "sudo mount -o ro LABEL=KVMMANAGER_AGENT /mnt/kvmm\n"
      "sudo bash /mnt/kvmm/install-debian.sh\n"
      "sudo umount /mnt/kvmm" },
    { "rhel", N_ ("Fedora, RHEL, CentOS, Rocky, Alma"),
      "sudo mkdir -p /mnt/kvmm\n"
      "sudo mount -o ro LABEL=KVMMANAGER_AGENT /mnt/kvmm\n"
      "sudo bash /mnt/kvmm/install-rhel.sh\n"
      "sudo umount /mnt/kvmm" },
    { "alpine", N_ ("Alpine, as root"),
      "mkdir -p /mnt/kvmm\n"
      "mount -t iso9660 -o ro LABEL=KVMMANAGER_AGENT /mnt/kvmm\n"
      "sh /mnt/kvmm/install-alpine.sh\n"
      "umount /mnt/kvmm" },
    { "other", N_ ("Any other Linux, as root"),
      "mkdir -p /mnt/kvmm\n"
      "mount -o ro LABEL=KVMMANAGER_AGENT /mnt/kvmm\n"
      "sh /mnt/kvmm/install.sh\n"
      "umount /mnt/kvmm" },
  };

  *n_commands = G_N_ELEMENTS (commands);
  return commands;
}

guint
kvmm_agent_install_guess_command (KvmmDomain *domain)
{
  static const struct
  {
    const char *word; /* in libosinfo's id, or that of /etc/os-release */
    guint index;
  } words[] = {
    { "debian", 0 }, { "ubuntu", 0 }, { "linuxmint", 0 }, { "fedora", 1 },
    { "rhel", 1 },   { "redhat", 1 }, { "centos", 1 },    { "rocky", 1 },
    { "alma", 1 },   { "oracle", 1 }, { "alpine", 2 },
  };
  guint n_commands;

  g_return_val_if_fail (KVMM_IS_DOMAIN (domain), 0);
  kvmm_agent_install_list_commands (&n_commands);

  const KvmmXmlDomainFacts *facts = kvmm_domain_get_facts (domain);
  const KvmmGuestSystem *system = kvmm_guest_get_system (kvmm_domain_get_guest (domain));
  const char *told = system != NULL ? system->os_id : NULL;
  const char *id = told != NULL ? told : facts != NULL ? facts->os_info_id : NULL;
  for (guint i = 0; id != NULL && i < G_N_ELEMENTS (words); i++)
    if (strstr (id, words[i].word) != NULL)
      return words[i].index;
  return n_commands - 1;
}

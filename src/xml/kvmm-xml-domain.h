/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* libvirt's domain XML, read. Any thread (pure functions; parsed without network and without
 * entities). The format is https://libvirt.org/formatdomain.html. Input is never trusted:
 * everything returned was sanitised where it is for display, and a document that cannot be read
 * gives KVMM_XML_ERROR. */

#define KVMM_XML_ERROR (kvmm_xml_error_quark ())
GQuark kvmm_xml_error_quark (void);
typedef enum
{
  KVMM_XML_ERROR_MALFORMED,  /* not well-formed, too large (8 MiB), too deep, or with a DTD */
  KVMM_XML_ERROR_UNEXPECTED, /* well-formed, but not the document that was asked for */
  KVMM_XML_ERROR_NO_SUCH_DEVICE,
  KVMM_XML_ERROR_NO_SUCH_FIELD, /* no field of this name, or one that cannot be written */
  KVMM_XML_ERROR_INVALID_VALUE, /* the message names the field and what it takes */
  KVMM_XML_ERROR_CONFLICT,      /* somebody else changed the same */
} KvmmXmlError;

/* The name of our channel and of the QEMU guest agent's. */
#define KVMM_AGENT_CHANNEL_NAME "org.kvmmanager.agent.1"
#define KVMM_QGA_CHANNEL_NAME "org.qemu.guest_agent.0"

typedef enum
{
  KVMM_CHANNEL_ABSENT,  /* the machine has no such channel */
  KVMM_CHANNEL_UNKNOWN, /* there is one; its state is not known (stopped machine, no state= yet) */
  KVMM_CHANNEL_DISCONNECTED, /* the guest has not opened the port */
  KVMM_CHANNEL_CONNECTED,    /* the guest has opened the port */
} KvmmChannelState;

/* A machine that was made here and not started since. */
typedef enum
{
  KVMM_XML_WAIT_NONE,
  KVMM_XML_WAIT_START,
  KVMM_XML_WAIT_INSTALLATION, /* its first start installs a system */
} KvmmXmlWait;

/* The few fields the list and the state machine need, read once per XML on a worker. */
typedef struct
{
  char *title;       /* (nullable) */
  char *description; /* (nullable) */
  char *virt_type;   /* "kvm", "qemu", "test" … */
  char *machine;     /* (nullable) "pc-q35-7.2" */
  char *arch;        /* (nullable) "x86_64" */
  char **tags;       /* (nullable) a person's own words for it, from our metadata */
  gboolean is_template;
  KvmmXmlWait wait;   /* from our metadata */
  char **made;        /* (nullable) while it waits: paths of storage that was made for it */
  char *os_info_id;   /* (nullable) libosinfo id from metadata, "http://debian.org/debian/12" */
  guint64 memory_kib; /* <memory> */
  guint64 current_memory_kib;
  guint vcpus; /* current */
  guint max_vcpus;
  gboolean has_virtio_serial; /* a virtio-serial controller is there */
  KvmmChannelState agent_channel;
  KvmmChannelState qga_channel;
  guint n_disks; /* without CD and floppy drives */
  guint n_interfaces;
  guint n_graphics;
  guint n_serials; /* serial ports and text consoles, each once */
} KvmmXmlDomainFacts;

/**
 * kvmm_xml_domain_facts_parse:
 * @xml: a `<domain>` document
 *
 * Returns: (transfer full): the facts, or %NULL with KVMM_XML_ERROR set
 */
KvmmXmlDomainFacts *kvmm_xml_domain_facts_parse (const char *xml, GError **error);
/** kvmm_xml_domain_read_names: @name, @uuid: (out) (transfer full) (nullable): as they stand there.
 * Returns: %FALSE with KVMM_XML_ERROR when @xml is no `<domain>` document */
gboolean kvmm_xml_domain_read_names (const char *xml, char **name, char **uuid, GError **error);

/* Our own part of `<metadata>`; nobody else's is touched. */
#define KVMM_XML_METADATA_URI "https://kvmmanager.org/xmlns/domain/1.0"
#define KVMM_XML_METADATA_PREFIX "kvmmanager"
#define KVMM_XML_TAGS_MAX 32
#define KVMM_XML_TAG_LENGTH_MAX 64 /* bytes */
#define KVMM_XML_MADE_MAX 16

/* All that we say of a machine in its metadata. All strings are (unowned). */
typedef struct
{
  const char *const *tags; /* (nullable) empty ones and those that are there twice are left out */
  gboolean is_template;
  KvmmXmlWait wait;
  const char *const *made; /* (nullable) with @wait */
} KvmmXmlWords;

/** kvmm_xml_words_of: Returns: what @facts say, while they live */
KvmmXmlWords kvmm_xml_words_of (const KvmmXmlDomainFacts *facts);

/**
 * kvmm_xml_metadata_build:
 *
 * Returns: (transfer full) (nullable): the element for virDomainSetMetadata(), %NULL when it would
 *     say nothing; KVMM_XML_ERROR_INVALID_VALUE when a tag is too long or there are too many
 */
char *kvmm_xml_metadata_build (const KvmmXmlWords *words, GError **error);

void kvmm_xml_domain_facts_free (KvmmXmlDomainFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlDomainFacts, kvmm_xml_domain_facts_free)

G_END_DECLS

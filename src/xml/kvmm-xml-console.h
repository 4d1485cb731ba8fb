/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a machine shows itself through: the screens of a `<domain>` document. Any thread.
 * Texts are as they stand in the document: sanitise them before they are shown. */

/* Most screens read from one document; what comes after them is left out. */
#define KVMM_XML_CONSOLES_MAX 64

typedef enum
{
  KVMM_GRAPHICS_VNC,
  KVMM_GRAPHICS_SPICE,
  KVMM_GRAPHICS_DBUS,
  KVMM_GRAPHICS_OTHER, /* sdl, rdp, desktop, egl-headless, …: cannot be shown here */
} KvmmGraphicsKind;

/* One `<graphics>` element. */
typedef struct
{
  KvmmGraphicsKind kind;
  guint index;        /* counts all <graphics> elements: what virDomainOpenGraphicsFD() takes */
  char *type;         /* "vnc", "spice", … */
  char *listen;       /* (nullable) address of the host it listens on */
  char *socket;       /* (nullable) path of a unix socket on the host */
  guint port;         /* TCP, 0: none (stopped machine, listen type none) */
  guint tls_port;     /* SPICE only: TCP with TLS, 0: none */
  gboolean is_keymap; /* keymap= is set: the guest's host translates key symbols, and layouts of
                         both sides must agree */
  gboolean has_agent; /* the machine has a channel through which clipboard text reaches an agent */
} KvmmXmlGraphics;

typedef struct
{
  GPtrArray *graphics; /* (element-type KvmmXmlGraphics) in document order */
  gboolean has_tablet; /* an input device of type tablet: the pointer is absolute */
} KvmmXmlConsoles;

/**
 * kvmm_xml_domain_list_consoles:
 * @xml: a `<domain>` document; ports and aliases are only in the live one
 *
 * Returns: (transfer full): what there is, or %NULL with KVMM_XML_ERROR set
 */
KvmmXmlConsoles *kvmm_xml_domain_list_consoles (const char *xml, GError **error);
void kvmm_xml_consoles_free (KvmmXmlConsoles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlConsoles, kvmm_xml_consoles_free)

KvmmXmlGraphics *kvmm_xml_graphics_copy (const KvmmXmlGraphics *self);
void kvmm_xml_graphics_free (KvmmXmlGraphics *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KvmmXmlGraphics, kvmm_xml_graphics_free)

G_END_DECLS

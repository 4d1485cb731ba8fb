/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-console.h"

#include <string.h>

#include "xml/kvmm-xml-document.h"

static KvmmGraphicsKind
graphics_kind (const char *type)
{
  if (strcmp (type, "vnc") == 0)
    return KVMM_GRAPHICS_VNC;
  if (strcmp (type, "spice") == 0)
    return KVMM_GRAPHICS_SPICE;
  if (strcmp (type, "dbus") == 0)
    return KVMM_GRAPHICS_DBUS;
  return KVMM_GRAPHICS_OTHER;
}

/* libvirt writes -1 for a port that is not there yet. */
static guint
read_port (const xmlNode *node, const char *name)
{
  guint64 port = kvmm_xml_node_attribute_uint (node, name, 0);

  return port <= G_MAXUINT16 ? (guint) port : 0;
}

static KvmmXmlGraphics *
graphics_new (const xmlNode *node, guint index)
{
  KvmmXmlGraphics *self = g_new0 (KvmmXmlGraphics, 1);
  const xmlNode *listen = kvmm_xml_node_child (node, "listen");
  const char *type = kvmm_xml_node_attribute (node, "type");
  const char *address = kvmm_xml_node_attribute (node, "listen");
  const char *path = kvmm_xml_node_attribute (node, "socket");

  self->index = index;
  self->type = g_strdup (type != NULL ? type : "");
  self->kind = graphics_kind (self->type);
  if (address == NULL && !kvmm_xml_node_attribute_is (listen, "type", "socket"))
    address = kvmm_xml_node_attribute (listen, "address");
  if (path == NULL)
    path = kvmm_xml_node_attribute (listen, "socket");
  self->listen = g_strdup (address);
  self->socket = g_strdup (path);
  self->port = read_port (node, "port");
  self->tls_port = read_port (node, "tlsPort");
  self->is_keymap = kvmm_xml_node_attribute (node, "keymap") != NULL;
  return self;
}

static gboolean
has_child_with_type (const xmlNode *devices, const char *name, const char *type)
{
  for (const xmlNode *node = kvmm_xml_node_child (devices, name); node != NULL;
       node = kvmm_xml_node_next (node, name))
    if (kvmm_xml_node_attribute_is (node, "type", type))
      return TRUE;
  return FALSE;
}

KvmmXmlConsoles *
kvmm_xml_domain_list_consoles (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) document =
      kvmm_xml_document_parse (xml, "domain", KVMM_XML_READ_DEFAULT, error);
  if (document == NULL)
    return NULL;

  const xmlNode *devices = kvmm_xml_node_child (xmlDocGetRootElement (document), "devices");
  KvmmXmlConsoles *self = g_new0 (KvmmXmlConsoles, 1);
  guint index = 0;

  self->graphics = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_xml_graphics_free);
  for (const xmlNode *node = kvmm_xml_node_child (devices, "graphics");
       node != NULL && index < KVMM_XML_CONSOLES_MAX; node = kvmm_xml_node_next (node, "graphics"))
    g_ptr_array_add (self->graphics, graphics_new (node, index++));
  self->has_tablet = has_child_with_type (devices, "input", "tablet");
  gboolean has_spice = has_child_with_type (devices, "channel", "spicevmc");
  gboolean has_vdagent = has_child_with_type (devices, "channel", "qemu-vdagent");
  for (guint i = 0; i < self->graphics->len; i++)
    {
      KvmmXmlGraphics *graphics = g_ptr_array_index (self->graphics, i);

      graphics->has_agent = has_vdagent || (graphics->kind == KVMM_GRAPHICS_SPICE && has_spice);
    }
  return self;
}

void
kvmm_xml_consoles_free (KvmmXmlConsoles *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->graphics);
  g_free (self);
}

KvmmXmlGraphics *
kvmm_xml_graphics_copy (const KvmmXmlGraphics *self)
{
  KvmmXmlGraphics *copy = g_memdup2 (self, sizeof *self);

  copy->type = g_strdup (self->type);
  copy->listen = g_strdup (self->listen);
  copy->socket = g_strdup (self->socket);
  return copy;
}

void
kvmm_xml_graphics_free (KvmmXmlGraphics *self)
{
  if (self == NULL)
    return;
  g_free (self->type);
  g_free (self->listen);
  g_free (self->socket);
  g_free (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-path.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"

#define INDENT 2

/* ---- reading a path ---- */

static void
step_free (KvmmXmlStep *step)
{
  g_free (step->name);
  g_free (step->attribute);
  g_free (step->value);
  g_free (step);
}

void
kvmm_xml_path_free (KvmmXmlPath *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->steps);
  g_free (self->attribute);
  g_free (self->plain);
  g_free (self);
}

static gsize
name_length (const char *text)
{
  return strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
}

/* "[@vcpu='3']" or "[2]". Returns: (nullable): what stands behind it */
static const char *
read_predicate (KvmmXmlStep *step, const char *text)
{
  const char *end;
  gsize length;

  if (text[1] != '@')
    {
      guint64 position = g_ascii_strtoull (text + 1, (char **) &end, 10);

      if (position == 0 || position > G_MAXUINT16 || *end != ']')
        return NULL;
      step->position = (guint) position;
      return end + 1;
    }
  length = name_length (text + 2);
  if (length == 0 || strncmp (text + 2 + length, "='", 2) != 0)
    return NULL;
  step->attribute = g_strndup (text + 2, length);
  text += 2 + length + 2;
  end = strchr (text, '\'');
  if (end == NULL || end[1] != ']')
    return NULL;
  step->value = g_strndup (text, (gsize) (end - text));
  return end + 2;
}

/* Returns: (nullable): what stands behind the step */
static const char *
read_step (KvmmXmlPath *self, GString *plain, const char *text)
{
  gsize length = name_length (text);
  KvmmXmlStep *step;

  if (length == 0 || self->steps->len >= KVMM_XML_PATH_STEPS_MAX)
    return NULL;
  step = g_new0 (KvmmXmlStep, 1);
  step->name = g_strndup (text, length);
  g_ptr_array_add (self->steps, step);
  g_string_append (plain, step->name);
  text += length;
  if (*text == '[')
    text = read_predicate (step, text);
  if (text == NULL || *text == '\0')
    return text;
  if (*text != '/' || text[1] == '\0')
    return NULL;
  g_string_append_c (plain, '/');
  return text + 1;
}

KvmmXmlPath *
kvmm_xml_path_parse (const char *text, GError **error)
{
  g_autoptr (KvmmXmlPath) self = g_new0 (KvmmXmlPath, 1);
  g_autoptr (GString) plain = g_string_new (NULL);
  const char *rest = text;

  self->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) step_free);
  while (rest != NULL && *rest != '\0' && *rest != '@')
    rest = read_step (self, plain, rest);
  if (rest != NULL && *rest == '@')
    {
      gsize length = name_length (rest + 1);

      self->attribute = g_strdup (rest + 1);
      g_string_append (plain, rest);
      rest = length > 0 && rest[1 + length] == '\0' ? rest + 1 + length : NULL;
    }
  if (rest == NULL || plain->len == 0)
    {
      g_autofree char *shown = kvmm_guest_text_sanitise (text, -1);

      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_FIELD,
                   _ ("“%s” does not name a field"), shown);
      return NULL;
    }
  self->plain = g_string_free (g_steal_pointer (&plain), FALSE);
  return g_steal_pointer (&self);
}

/* ---- following it ---- */

/* @n_seen: (out): how many of that name there are */
static xmlNode *
find_step (const KvmmXmlStep *step, xmlNode *parent, guint *n_seen)
{
  guint position = MAX (step->position, 1);

  *n_seen = 0;
  for (xmlNode *child = kvmm_xml_node_child (parent, step->name); child != NULL;
       child = kvmm_xml_node_next (child, step->name))
    {
      (*n_seen)++;
      if (step->attribute != NULL ? kvmm_xml_node_attribute_is (child, step->attribute, step->value)
                                  : *n_seen == position)
        return child;
    }
  return NULL;
}

xmlNode *
kvmm_xml_path_find (const KvmmXmlPath *self, xmlNode *base)
{
  xmlNode *node = base;
  guint n_seen;

  for (guint i = 0; i < self->steps->len && node != NULL; i++)
    node = find_step (self->steps->pdata[i], node, &n_seen);
  return node;
}

/* A new part of a domain stands before its devices, where libvirt writes it. */
static xmlNode *
place_for (xmlNode *parent)
{
  return kvmm_xml_node_is (parent, "domain") ? kvmm_xml_node_child (parent, "devices") : NULL;
}

xmlNode *
kvmm_xml_path_make (const KvmmXmlPath *self, xmlNode *base)
{
  xmlNode *node = base;

  for (guint i = 0; i < self->steps->len; i++)
    {
      const KvmmXmlStep *step = self->steps->pdata[i];
      guint n_seen;
      xmlNode *child = find_step (step, node, &n_seen);

      if (child == NULL)
        {
          if (step->position > n_seen + 1)
            return NULL;
          child = xmlNewDocNode (node->doc, NULL, BAD_CAST step->name, NULL);
          if (step->attribute != NULL)
            xmlSetProp (child, BAD_CAST step->attribute, BAD_CAST step->value);
          kvmm_xml_node_insert (node, child, place_for (node));
        }
      node = child;
    }
  return node;
}

/* ---- layout ---- */

static gboolean
is_blank (const xmlNode *node)
{
  return node != NULL && node->type == XML_TEXT_NODE && xmlIsBlankNode (node);
}

/* Whether the document has lines at all. */
static gboolean
has_layout (const xmlNode *node)
{
  const xmlNode *root = xmlDocGetRootElement (node->doc);

  return root != NULL && (root->children == NULL || is_blank (root->children));
}

static guint
depth_of (const xmlNode *node)
{
  guint depth = 0;

  for (; node->parent != NULL && node->parent->type == XML_ELEMENT_NODE; node = node->parent)
    depth++;
  return depth;
}

/* Returns: (transfer full): the line break before what stands @depth deep */
static xmlNode *
new_break (const xmlNode *near, guint depth)
{
  g_autofree char *text = g_strdup_printf ("\n%*s", (int) (depth * INDENT), "");

  return xmlNewDocText (near->doc, BAD_CAST text);
}

/* What a child of @parent has before it. */
static xmlNode *
new_separator (const xmlNode *parent)
{
  for (const xmlNode *child = parent->children; child != NULL; child = child->next)
    if (is_blank (child) && child->next != NULL && child->next->type == XML_ELEMENT_NODE)
      return xmlNewDocText (parent->doc, child->content);
  return new_break (parent, depth_of (parent) + 1);
}

/* A subtree read without blanks. */
static void
lay_out (xmlNode *node)
{
  guint depth = depth_of (node);
  xmlNode *child = kvmm_xml_node_child (node, NULL);

  if (child == NULL)
    return;
  for (; child != NULL; child = kvmm_xml_node_next (child, NULL))
    {
      if (child->prev == NULL || child->prev->type != XML_TEXT_NODE)
        xmlAddPrevSibling (child, new_break (node, depth + 1));
      lay_out (child);
    }
  if (node->last->type != XML_TEXT_NODE)
    xmlAddChild (node, new_break (node, depth));
}

void
kvmm_xml_node_insert (xmlNode *parent, xmlNode *child, xmlNode *before)
{
  gboolean has_lines = has_layout (parent);

  /* libxml2 joins texts that come to stand side by side; the element goes in first. */
  if (before != NULL)
    {
      xmlAddPrevSibling (before, child);
      if (has_lines)
        xmlAddNextSibling (child, new_separator (parent));
    }
  else if (is_blank (parent->last))
    {
      xmlNode *separator = new_separator (parent);

      xmlAddPrevSibling (parent->last, child);
      xmlAddPrevSibling (child, separator);
    }
  else
    {
      xmlAddChild (parent, child);
      if (has_lines)
        {
          xmlAddPrevSibling (child, new_break (parent, depth_of (parent) + 1));
          xmlAddNextSibling (child, new_break (parent, depth_of (parent)));
        }
    }
  if (has_lines)
    lay_out (child);
}

void
kvmm_xml_node_remove (xmlNode *node)
{
  xmlNode *parent = node->parent;
  xmlNode *blank = node->prev;

  if (is_blank (blank) && (node->next == NULL || is_blank (node->next)))
    {
      xmlUnlinkNode (blank);
      xmlFreeNode (blank);
    }
  xmlUnlinkNode (node);
  xmlFreeNode (node);
  if (parent->children != NULL && parent->children == parent->last && is_blank (parent->children))
    {
      blank = parent->children;
      xmlUnlinkNode (blank);
      xmlFreeNode (blank);
    }
}

void
kvmm_xml_node_set_text (xmlNode *node, const char *text)
{
  gboolean has_elements = kvmm_xml_node_child (node, NULL) != NULL;
  xmlNode *next;

  for (xmlNode *child = node->children; child != NULL; child = next)
    {
      next = child->next;
      if (child->type == XML_ELEMENT_NODE || (has_elements && is_blank (child)))
        continue;
      xmlUnlinkNode (child);
      xmlFreeNode (child);
    }
  if (text == NULL || *text == '\0')
    return;
  if (node->children != NULL)
    xmlAddPrevSibling (node->children, xmlNewDocText (node->doc, BAD_CAST text));
  else
    xmlAddChild (node, xmlNewDocText (node->doc, BAD_CAST text));
}

gboolean
kvmm_xml_node_is_bare (const xmlNode *node)
{
  return node->properties == NULL && node->nsDef == NULL && node->children == NULL;
}

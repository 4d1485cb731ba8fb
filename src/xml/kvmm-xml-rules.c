/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "xml/kvmm-xml-rules.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "xml/kvmm-xml-domain.h"

/* Longest value that is written, in bytes. */
#define VALUE_MAX 65536

/* ---- finding ---- */

static const KvmmXmlRule *
find_in (const KvmmXmlRuleTable *tables, const char *kind)
{
  for (; tables->kind != NULL; tables++)
    if (strcmp (tables->kind, kind) == 0)
      return tables->rules;
  return NULL;
}

const KvmmXmlRule *
kvmm_xml_rules_of (const char *kind)
{
  return find_in (g_str_has_prefix (kind, "domain") ? kvmm_xml_domain_rules : kvmm_xml_device_rules,
                  kind);
}

static const KvmmXmlRule *
find_rule (const KvmmXmlRule *rules, const char *path)
{
  for (; rules != NULL && rules->path != NULL; rules++)
    if (strcmp (rules->path, path) == 0)
      return rules;
  return NULL;
}

/* What the way in which it is shown says about it. */
static KvmmXmlType
default_type (const KvmmXmlFieldSpec *spec)
{
  const char *last = strrchr (spec->path, '/');
  gboolean is_attribute = *(last != NULL ? last + 1 : spec->path) == '@';

  switch (spec->value)
    {
    case KVMM_XML_VALUE_TEXT:
      return KVMM_XML_TYPE_TEXT;
    case KVMM_XML_VALUE_BOOLEAN:
      return is_attribute ? KVMM_XML_TYPE_YES_NO : KVMM_XML_TYPE_PRESENCE;
    case KVMM_XML_VALUE_SIZE:
      return KVMM_XML_TYPE_SIZE;
    case KVMM_XML_VALUE_BYTE_RATE:
    case KVMM_XML_VALUE_KIB_RATE:
    case KVMM_XML_VALUE_MS:
    case KVMM_XML_VALUE_SECONDS:
      return KVMM_XML_TYPE_NUMBER;
    case KVMM_XML_VALUE_SECRET:
      return KVMM_XML_TYPE_SECRET;
    case KVMM_XML_VALUE_ITEM:
    case KVMM_XML_VALUE_ADDRESS:
      return KVMM_XML_TYPE_FIXED;
    }
  return KVMM_XML_TYPE_FIXED;
}

KvmmXmlRule
kvmm_xml_rule_of_spec (const char *kind, const KvmmXmlFieldSpec *spec)
{
  const KvmmXmlRule *rule = find_rule (kvmm_xml_rules_of (kind), spec->path);

  return rule != NULL ? *rule : (KvmmXmlRule){ .path = spec->path, .type = default_type (spec) };
}

gboolean
kvmm_xml_rule_find (const char *kind,
                    const KvmmXmlFieldSpec *fields,
                    const char *plain,
                    KvmmXmlRule *rule,
                    const char **label)
{
  const KvmmXmlRule *known;

  for (const KvmmXmlFieldSpec *spec = fields; spec != NULL && spec->path != NULL; spec++)
    if (strcmp (spec->path, plain) == 0)
      {
        *rule = kvmm_xml_rule_of_spec (kind, spec);
        *label = _ (spec->label);
        return TRUE;
      }
  known = find_rule (kvmm_xml_rules_of (kind), plain);
  if (known == NULL || known->label == NULL)
    return FALSE;
  *rule = *known;
  *label = _ (known->label);
  return TRUE;
}

/* ---- checking ---- */

static gboolean
refuse (GError **error, const char *label, const char *value, const char *wanted)
{
  g_autofree char *shown = kvmm_guest_text_sanitise (value, -1);

  /* Translators: a field, what it takes, and what was written there */
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE, _ ("“%s” takes %s, not “%s”"),
               label, wanted, shown);
  return FALSE;
}

/* What XML can hold. */
static gboolean
check_characters (const char *label, const char *value, gboolean many_lines, GError **error)
{
  if (strlen (value) > VALUE_MAX)
    {
      g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_INVALID_VALUE,
                   _ ("“%s” takes at most %d bytes"), label, VALUE_MAX);
      return FALSE;
    }
  if (!g_utf8_validate (value, -1, NULL))
    return refuse (error, label, value, _ ("UTF-8 text"));
  for (const char *p = value; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (many_lines && (c == '\n' || c == '\t'))
        continue;
      if (c < 0x20 || c == 0x7f || c == 0xFFFE || c == 0xFFFF)
        return refuse (error, label, value,
                       many_lines ? _ ("text without control characters")
                                  : _ ("one line of text without control characters"));
    }
  return TRUE;
}

static gboolean
check_word (const KvmmXmlRule *rule, const char *label, const char *value, GError **error)
{
  g_autofree char *wanted = NULL;
  g_autofree char *words = g_strjoinv (", ", (char **) rule->words);

  for (guint i = 0; rule->words[i] != NULL; i++)
    if (strcmp (rule->words[i], value) == 0)
      return TRUE;
  /* Translators: a list of words follows */
  wanted = g_strdup_printf (_ ("one of %s"), words);
  return refuse (error, label, value, wanted);
}

static gboolean
check_number (const KvmmXmlRule *rule, const char *label, const char *value, GError **error)
{
  guint64 maximum = rule->maximum > 0 ? rule->maximum : G_MAXINT64;
  g_autofree char *wanted = NULL;
  guint64 number;

  if (g_ascii_string_to_unsigned (value, 10, rule->minimum, maximum, &number, NULL))
    return TRUE;
  if (rule->maximum > 0)
    wanted = g_strdup_printf (_ ("a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT),
                              rule->minimum, rule->maximum);
  else
    wanted = g_strdup_printf (_ ("a number from %" G_GUINT64_FORMAT " on"), rule->minimum);
  return refuse (error, label, value, wanted);
}

static gboolean
is_mac (const char *value)
{
  for (guint i = 0; i < 17; i++)
    if (i % 3 == 2 ? value[i] != ':' : !g_ascii_isxdigit (value[i]))
      return FALSE;
  return value[17] == '\0';
}

static gboolean
check_mac (const char *label, const char *value, GError **error)
{
  if (!is_mac (value))
    return refuse (error, label, value, _ ("six pairs of digits, like 52:54:00:12:34:56"));
  if (g_ascii_xdigit_value (value[1]) & 1)
    return refuse (error, label, value,
                   _ ("the address of one card (its second digit is even), like "
                      "52:54:00:12:34:56"));
  return TRUE;
}

/* "0-3,^2,8" */
static gboolean
is_cpu_list (const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      const char *part = parts[i][0] == '^' ? parts[i] + 1 : parts[i];
      const char *dash = strchr (part, '-');
      g_autofree char *first =
          dash != NULL ? g_strndup (part, (gsize) (dash - part)) : g_strdup (part);
      guint64 low;
      guint64 high;

      if (!g_ascii_string_to_unsigned (first, 10, 0, G_MAXUINT16, &low, NULL))
        return FALSE;
      if (dash != NULL && (part != parts[i] || !g_ascii_string_to_unsigned (
                                                   dash + 1, 10, low, G_MAXUINT16, &high, NULL)))
        return FALSE;
    }
  return parts[0] != NULL;
}

static gboolean
check_text (const KvmmXmlRule *rule, const char *label, const char *value, GError **error)
{
  if (*value == '\0')
    return refuse (error, label, value, _ ("some text"));
  if (rule->type == KVMM_XML_TYPE_TOKEN && strpbrk (value, " \t") != NULL)
    return refuse (error, label, value, _ ("one word without blanks"));
  if (rule->type == KVMM_XML_TYPE_PATH && *value != '/')
    return refuse (error, label, value, _ ("a path that begins with /"));
  if (rule->type == KVMM_XML_TYPE_CPUS && !is_cpu_list (value))
    return refuse (error, label, value, _ ("numbers and ranges, like 0-3,^2,8"));
  if (rule->type == KVMM_XML_TYPE_UUID && !g_uuid_string_is_valid (value))
    return refuse (error, label, value, _ ("a UUID"));
  return TRUE;
}

gboolean
kvmm_xml_rule_check (const KvmmXmlRule *rule, const char *label, const char *value, GError **error)
{
  static const KvmmXmlRule yes_no = { .words = { "yes", "no" } };
  static const KvmmXmlRule on_off = { .words = { "on", "off" } };

  if (!check_characters (label, value, rule->type == KVMM_XML_TYPE_LINES, error))
    return FALSE;
  switch (rule->type)
    {
    case KVMM_XML_TYPE_TEXT:
    case KVMM_XML_TYPE_LINES:
    case KVMM_XML_TYPE_TOKEN:
    case KVMM_XML_TYPE_PATH:
    case KVMM_XML_TYPE_CPUS:
    case KVMM_XML_TYPE_UUID:
    case KVMM_XML_TYPE_SECRET:
      return check_text (rule, label, value, error);
    case KVMM_XML_TYPE_CHOICE:
      return check_word (rule, label, value, error);
    case KVMM_XML_TYPE_NUMBER:
    case KVMM_XML_TYPE_SIZE:
      return check_number (rule, label, value, error);
    case KVMM_XML_TYPE_YES_NO:
    case KVMM_XML_TYPE_PRESENCE:
      return check_word (&yes_no, label, value, error);
    case KVMM_XML_TYPE_ON_OFF:
    case KVMM_XML_TYPE_STATE:
      return check_word (&on_off, label, value, error);
    case KVMM_XML_TYPE_MAC:
      return check_mac (label, value, error);
    case KVMM_XML_TYPE_FIXED:
      break;
    }
  g_set_error (error, KVMM_XML_ERROR, KVMM_XML_ERROR_NO_SUCH_FIELD,
               _ ("“%s” cannot be changed here"), label);
  return FALSE;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-hardware-field.h"

#include <glib/gi18n.h>
#include <string.h>

#define KIB_PER_MIB 1024

/* What a row needs to know of its field when it is applied. */
typedef struct
{
  char *path;
  char *shown;      /* what the row said at first */
  GPtrArray *words; /* (nullable) (element-type utf8): raw, of the choices; the first is %NULL */
  guint64 factor;   /* of a size: KiB in what the row shows; 0: no size */
} Field;

static void
field_free (gpointer data)
{
  Field *self = data;

  g_free (self->path);
  g_free (self->shown);
  g_clear_pointer (&self->words, g_ptr_array_unref);
  g_free (self);
}

static Field *
get_field (GtkWidget *row)
{
  return g_object_get_data (G_OBJECT (row), "kvmm-hardware-field");
}

/* ---- choices ---- */

static const char *
get_word_label (const char *word)
{
  if (strcmp (word, "yes") == 0)
    return _ ("Yes");
  if (strcmp (word, "no") == 0)
    return _ ("No");
  if (strcmp (word, "on") == 0)
    return _ ("On");
  if (strcmp (word, "off") == 0)
    return _ ("Off");
  return word;
}

/* Models and formats are words of libvirt's that nobody remembers; of other words a list would
 * hide that any may be written. */
static gboolean
is_choice (const KvmmXmlEditField *field)
{
  switch (field->type)
    {
    case KVMM_XML_TYPE_CHOICE:
      return field->words != NULL;
    case KVMM_XML_TYPE_TOKEN:
      return field->words != NULL &&
             (g_str_has_suffix (field->path, "@model") || g_str_has_suffix (field->path, "@type"));
    case KVMM_XML_TYPE_YES_NO:
    case KVMM_XML_TYPE_ON_OFF:
    case KVMM_XML_TYPE_STATE:
    case KVMM_XML_TYPE_PRESENCE:
      return TRUE;
    case KVMM_XML_TYPE_TEXT:
    case KVMM_XML_TYPE_LINES:
    case KVMM_XML_TYPE_NUMBER:
    case KVMM_XML_TYPE_SIZE:
    case KVMM_XML_TYPE_MAC:
    case KVMM_XML_TYPE_PATH:
    case KVMM_XML_TYPE_CPUS:
    case KVMM_XML_TYPE_UUID:
    case KVMM_XML_TYPE_SECRET:
    case KVMM_XML_TYPE_FIXED:
      return FALSE;
    }
  return FALSE;
}

static const char *const *
get_words (const KvmmXmlEditField *field)
{
  static const char *const yes_no[] = { "yes", "no", NULL };
  static const char *const on_off[] = { "on", "off", NULL };
  static const char *const presence[] = { "yes", NULL };

  if (field->words != NULL)
    return field->words;
  if (field->type == KVMM_XML_TYPE_PRESENCE)
    return presence;
  return field->type == KVMM_XML_TYPE_YES_NO ? yes_no : on_off;
}

static void
add_word (GPtrArray *words, GtkStringList *list, const char *word)
{
  g_ptr_array_add (words, g_strdup (word));
  gtk_string_list_append (list, get_word_label (word));
}

static GtkWidget *
create_choice (const KvmmXmlEditField *field, Field *self)
{
  GtkWidget *row = adw_combo_row_new ();
  g_autoptr (GtkStringList) list = gtk_string_list_new (NULL);
  const char *const *words = get_words (field);
  guint selected = 0;

  self->words = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->words, NULL);
  gtk_string_list_append (list, field->type == KVMM_XML_TYPE_PRESENCE ? _ ("No") : _ ("Not set"));
  for (guint i = 0; words[i] != NULL; i++)
    {
      add_word (self->words, list, words[i]);
      if (g_strcmp0 (field->value, words[i]) == 0)
        selected = i + 1;
    }
  if (selected == 0 && field->value != NULL && g_strcmp0 (field->value, "no") != 0)
    {
      add_word (self->words, list, field->value);
      selected = self->words->len - 1;
    }
  adw_combo_row_set_model (ADW_COMBO_ROW (row), G_LIST_MODEL (list));
  adw_combo_row_set_selected (ADW_COMBO_ROW (row), selected);
  self->shown = g_strdup (self->words->pdata[selected]);
  return row;
}

/* ---- texts ---- */

static GtkWidget *
create_entry (const KvmmXmlEditField *field, Field *self)
{
  GtkWidget *row =
      field->type == KVMM_XML_TYPE_SECRET ? adw_password_entry_row_new () : adw_entry_row_new ();
  guint64 kib = field->value != NULL ? g_ascii_strtoull (field->value, NULL, 10) : 0;

  if (field->type != KVMM_XML_TYPE_SIZE)
    self->shown = g_utf8_make_valid (field->value != NULL ? field->value : "", -1);
  else
    {
      self->factor = kib % KIB_PER_MIB == 0 ? KIB_PER_MIB : 1;
      self->shown = field->value != NULL
                        ? g_strdup_printf ("%" G_GUINT64_FORMAT, kib / self->factor)
                        : g_strdup ("");
    }
  gtk_editable_set_text (GTK_EDITABLE (row), self->shown);
  return row;
}

static char *
dup_title (const KvmmXmlEditField *field, const Field *self)
{
  if (self->factor == 0)
    return g_strdup (field->label);
  /* Translators: a field and its unit, "Memory (MiB)" */
  return g_strdup_printf (_ ("%s (%s)"), field->label, self->factor == 1 ? "KiB" : "MiB");
}

GtkWidget *
kvmm_hardware_field_new (const KvmmXmlEditField *field)
{
  g_autofree char *title = NULL;
  GtkWidget *row;
  Field *self;

  g_return_val_if_fail (field != NULL, NULL);

  if (field->type == KVMM_XML_TYPE_LINES || field->type == KVMM_XML_TYPE_FIXED)
    return NULL;
  self = g_new0 (Field, 1);
  self->path = g_strdup (field->path);
  row = is_choice (field) ? create_choice (field, self) : create_entry (field, self);
  title = dup_title (field, self);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  g_object_set_data_full (G_OBJECT (row), "kvmm-hardware-field", self, field_free);
  return row;
}

/* What is no number stays as it is written: the edit says what is wrong with it. */
static char *
dup_raw (const Field *self, const char *text)
{
  guint64 number;

  if (*text == '\0')
    return NULL;
  if (self->factor > 1 &&
      g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64 / self->factor, &number, NULL))
    return g_strdup_printf ("%" G_GUINT64_FORMAT, number * self->factor);
  return g_strdup (text);
}

gboolean
kvmm_hardware_field_apply (
    GtkWidget *row, KvmmXmlEdit *edit, const char *kind, guint index, GError **error)
{
  const Field *self = get_field (row);
  g_autofree char *raw = NULL;

  g_return_val_if_fail (self != NULL && edit != NULL, FALSE);

  if (self->words != NULL)
    {
      guint selected = adw_combo_row_get_selected (ADW_COMBO_ROW (row));
      const char *word = selected < self->words->len ? self->words->pdata[selected] : NULL;

      return g_strcmp0 (word, self->shown) == 0 ||
             kvmm_xml_edit_set (edit, kind, index, self->path, word, error);
    }
  if (strcmp (gtk_editable_get_text (GTK_EDITABLE (row)), self->shown) == 0)
    return TRUE;
  raw = dup_raw (self, gtk_editable_get_text (GTK_EDITABLE (row)));
  return kvmm_xml_edit_set (edit, kind, index, self->path, raw, error);
}

const char *
kvmm_hardware_field_get_path (GtkWidget *row)
{
  const Field *self = get_field (row);

  g_return_val_if_fail (self != NULL, "");

  return self->path;
}

void
kvmm_hardware_field_write (GtkWidget *row, const char *value)
{
  const Field *self = get_field (row);

  g_return_if_fail (self != NULL && value != NULL);

  if (self->words == NULL)
    gtk_editable_set_text (GTK_EDITABLE (row), value);
  for (guint i = 0; self->words != NULL && i < self->words->len; i++)
    if (g_strcmp0 (self->words->pdata[i], value) == 0)
      adw_combo_row_set_selected (ADW_COMBO_ROW (row), i);
}

gboolean
kvmm_hardware_field_is_usual (const KvmmXmlEditField *field)
{
  static const char *const paths[] = {
    "vcpu/@current",
    "vcpu",
    "cpu/@mode",
    "cpu/model",
    "cpu/topology/@sockets",
    "cpu/topology/@cores",
    "cpu/topology/@threads",
    "currentMemory",
    "memory",
    "os/bootmenu/@enable",
    "boot/@order",
    "driver/@cache",
    "driver/@discard",
    "readonly",
    "shareable",
    "serial",
    "link/@state",
    "model/@type",
    "@model",
    "@action",
    "@passwd",
    "@keymap",
    "listen/@type",
    "listen/@address",
    "backend/@type",
    "backend/@version",
  };

  if (field->value != NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (strcmp (field->path, paths[i]) == 0)
      return TRUE;
  return FALSE;
}

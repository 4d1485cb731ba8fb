/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-file-item.h"

#include <string.h>

#include "util/kvmm-units.h"

struct _KvmmFileItem
{
  GObject parent_instance;

  KvmmGuestFile *file; /* (owned) */
  char *name_key;      /* compares with strcmp() as names do */
};

G_DEFINE_FINAL_TYPE (KvmmFileItem, kvmm_file_item, G_TYPE_OBJECT)

static void
kvmm_file_item_finalize (GObject *object)
{
  KvmmFileItem *self = KVMM_FILE_ITEM (object);

  kvmm_guest_file_free (self->file);
  g_free (self->name_key);
  G_OBJECT_CLASS (kvmm_file_item_parent_class)->finalize (object);
}

static void
kvmm_file_item_class_init (KvmmFileItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kvmm_file_item_finalize;
}

static void
kvmm_file_item_init (KvmmFileItem *self)
{
}

KvmmFileItem *
kvmm_file_item_new (const KvmmGuestFile *file)
{
  KvmmFileItem *self = g_object_new (KVMM_TYPE_FILE_ITEM, NULL);

  self->file = kvmm_guest_file_copy (file);
  self->name_key = g_utf8_collate_key_for_filename (file->display_name, -1);
  return self;
}

const KvmmGuestFile *
kvmm_file_item_get_file (KvmmFileItem *self)
{
  return self->file;
}

gboolean
kvmm_file_item_can_open (KvmmFileItem *self)
{
  return self->file->type == KVMM_GUEST_FILE_DIRECTORY && !self->file->is_unusable;
}

gboolean
kvmm_file_item_can_download (KvmmFileItem *self)
{
  return !self->file->is_unusable && (self->file->type == KVMM_GUEST_FILE_DIRECTORY ||
                                      self->file->type == KVMM_GUEST_FILE_REGULAR);
}

const char *
kvmm_file_item_get_icon_name (KvmmFileItem *self)
{
  switch (self->file->type)
    {
    case KVMM_GUEST_FILE_REGULAR:
      return "text-x-generic-symbolic";
    case KVMM_GUEST_FILE_DIRECTORY:
      return "folder-symbolic";
    case KVMM_GUEST_FILE_LINK:
      return "insert-link-symbolic";
    case KVMM_GUEST_FILE_OTHER:
      return "application-x-addon-symbolic";
    }
  return "text-x-generic-symbolic";
}

static char *
format_mode (const KvmmGuestFile *file)
{
  static const char letters[] = "rwxrwxrwx";
  char text[11] = "-";

  if (file->type == KVMM_GUEST_FILE_DIRECTORY)
    text[0] = 'd';
  else if (file->type == KVMM_GUEST_FILE_LINK)
    text[0] = 'l';
  else if (file->type == KVMM_GUEST_FILE_OTHER)
    text[0] = '?';
  for (guint i = 0; i < 9; i++)
    text[i + 1] = (file->mode & (0400u >> i)) != 0 ? letters[i] : '-';
  if ((file->mode & 04000) != 0)
    text[3] = (file->mode & 0100) != 0 ? 's' : 'S';
  if ((file->mode & 02000) != 0)
    text[6] = (file->mode & 0010) != 0 ? 's' : 'S';
  if ((file->mode & 01000) != 0)
    text[9] = (file->mode & 0001) != 0 ? 't' : 'T';
  text[10] = '\0';
  return g_strdup (text);
}

static char *
format_time (gint64 modified_ms)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (modified_ms / 1000);

  return time != NULL ? g_date_time_format (time, "%x %H:%M") : g_strdup ("");
}

char *
kvmm_file_item_dup_text (KvmmFileItem *self, KvmmFileColumn column)
{
  const KvmmGuestFile *file = self->file;

  switch (column)
    {
    case KVMM_FILE_COLUMN_NAME:
      if (file->type == KVMM_GUEST_FILE_LINK && file->target != NULL)
        return g_strdup_printf ("%s → %s", file->display_name, file->target);
      return g_strdup (file->display_name);
    case KVMM_FILE_COLUMN_SIZE:
      return file->type == KVMM_GUEST_FILE_REGULAR ? kvmm_units_bytes (file->size_bytes)
                                                   : g_strdup ("");
    case KVMM_FILE_COLUMN_MODIFIED:
      return format_time (file->modified_ms);
    case KVMM_FILE_COLUMN_OWNER:
      return g_strdup (file->user != NULL ? file->user : "");
    case KVMM_FILE_COLUMN_MODE:
      return format_mode (file);
    }
  return g_strdup ("");
}

static int
compare (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const KvmmFileItem *left = a;
  const KvmmFileItem *right = b;
  const KvmmGuestFile *l = left->file;
  const KvmmGuestFile *r = right->file;
  int order = 0;

  switch ((KvmmFileColumn) GPOINTER_TO_UINT (user_data))
    {
    case KVMM_FILE_COLUMN_NAME:
      break;
    case KVMM_FILE_COLUMN_SIZE:
      order = (l->size_bytes > r->size_bytes) - (l->size_bytes < r->size_bytes);
      break;
    case KVMM_FILE_COLUMN_MODIFIED:
      order = (l->modified_ms > r->modified_ms) - (l->modified_ms < r->modified_ms);
      break;
    case KVMM_FILE_COLUMN_OWNER:
      order = g_strcmp0 (l->user, r->user);
      break;
    case KVMM_FILE_COLUMN_MODE:
      order = (l->mode > r->mode) - (l->mode < r->mode);
      break;
    }
  return order != 0 ? order : strcmp (left->name_key, right->name_key);
}

GtkSorter *
kvmm_file_item_create_sorter (KvmmFileColumn column)
{
  return GTK_SORTER (gtk_custom_sorter_new (compare, GUINT_TO_POINTER (column), NULL));
}

static int
compare_kinds (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const KvmmFileItem *left = a;
  const KvmmFileItem *right = b;

  return (left->file->type != KVMM_GUEST_FILE_DIRECTORY) -
         (right->file->type != KVMM_GUEST_FILE_DIRECTORY);
}

GtkSorter *
kvmm_file_item_create_kind_sorter (void)
{
  return GTK_SORTER (gtk_custom_sorter_new (compare_kinds, NULL, NULL));
}

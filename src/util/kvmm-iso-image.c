/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-iso-image.h"

#include <string.h>

#define SECTOR 2048
/* Where a record's name begins; the system use behind it is Rock Ridge's. */
#define NAME_OFFSET 33
#define FLAG_FOLDER 2

/* One sector each, in this order; the files follow. */
enum
{
  SECTOR_PRIMARY = 16,
  SECTOR_JOLIET,
  SECTOR_END,
  SECTOR_TABLE,
  SECTOR_TABLE_BIG_ENDIAN,
  SECTOR_JOLIET_TABLE,
  SECTOR_JOLIET_TABLE_BIG_ENDIAN,
  SECTOR_ROOT,
  SECTOR_JOLIET_ROOT,
  SECTOR_FILES,
};

typedef struct
{
  GByteArray *bytes;
  guint8 date[7];
  char long_date[17];
} Image;

/* ---- numbers and texts ---- */

static void
put_16 (guint8 *at, guint16 number)
{
  const guint16 little = GUINT16_TO_LE (number), big = GUINT16_TO_BE (number);

  memcpy (at, &little, sizeof little);
  memcpy (at + 2, &big, sizeof big);
}

static void
put_32_little (guint8 *at, guint32 number)
{
  const guint32 little = GUINT32_TO_LE (number);

  memcpy (at, &little, sizeof little);
}

static void
put_32_big (guint8 *at, guint32 number)
{
  const guint32 big = GUINT32_TO_BE (number);

  memcpy (at, &big, sizeof big);
}

static void
put_32 (guint8 *at, guint32 number)
{
  put_32_little (at, number);
  put_32_big (at + 4, number);
}

/* Padded with spaces; of two bytes each where @is_wide. */
static void
put_text (guint8 *at, gsize size, const char *text, gboolean is_wide)
{
  gsize step = is_wide ? 2 : 1;

  for (gsize i = 0; i + step <= size; i += step)
    {
      if (is_wide)
        at[i] = 0;
      at[i + step - 1] = *text != '\0' ? (guint8) *text++ : ' ';
    }
}

static void
set_dates (Image *self, gint64 time_s)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (time_s);
  g_autofree char *digits = NULL;

  /* The format has a byte for the years since 1900. */
  if (time == NULL || g_date_time_get_year (time) < 1970 || g_date_time_get_year (time) > 2155)
    {
      g_clear_pointer (&time, g_date_time_unref);
      time = g_date_time_new_from_unix_utc (0);
    }
  self->date[0] = (guint8) (g_date_time_get_year (time) - 1900);
  self->date[1] = (guint8) g_date_time_get_month (time);
  self->date[2] = (guint8) g_date_time_get_day_of_month (time);
  self->date[3] = (guint8) g_date_time_get_hour (time);
  self->date[4] = (guint8) g_date_time_get_minute (time);
  self->date[5] = (guint8) g_date_time_get_second (time);
  digits = g_date_time_format (time, "%Y%m%d%H%M%S00");
  memcpy (self->long_date, digits, 16);
}

/* ---- Rock Ridge ---- */

static guint8 *
put_entry (guint8 *at, const char *signature, gsize length)
{
  at[0] = (guint8) signature[0];
  at[1] = (guint8) signature[1];
  at[2] = (guint8) length;
  at[3] = 1;
  return at + length;
}

/* @name: (nullable): %NULL for the folder itself, whose "." also says that Rock Ridge is there */
static gsize
put_rock_ridge (guint8 *at, const char *name, gboolean is_root)
{
  static const char id[] = "RRIP_1991A";
  guint8 *end = at;

  if (is_root)
    {
      memcpy (end + 4, "\xbe\xef", 2);
      end = put_entry (end, "SP", 7);
    }
  put_32 (end + 4, name != NULL ? 0100444 : 0040555);
  put_32 (end + 12, name != NULL ? 1 : 2);
  end = put_entry (end, "PX", 36);
  if (name != NULL)
    {
      memcpy (end + 5, name, strlen (name));
      end = put_entry (end, "NM", 5 + strlen (name));
    }
  if (is_root)
    {
      end[4] = sizeof id - 1;
      end[7] = 1;
      memcpy (end + 8, id, sizeof id - 1);
      end = put_entry (end, "ER", 8 + sizeof id - 1);
    }
  return (gsize) (end - at);
}

/* ---- records ---- */

/* @id, @id_length: the name as it is written. Returns: the length of the record without its system
 * use, which is even */
static gsize
put_record (const Image *self,
            guint8 *at,
            guint32 sector,
            guint32 size,
            guint8 flags,
            const void *id,
            gsize id_length)
{
  gsize length = (NAME_OFFSET + id_length + 1) & ~(gsize) 1;

  put_32 (at + 2, sector);
  put_32 (at + 10, size);
  memcpy (at + 18, self->date, sizeof self->date);
  at[25] = flags;
  put_16 (at + 28, 1);
  at[32] = (guint8) id_length;
  memcpy (at + NAME_OFFSET, id, id_length);
  at[0] = (guint8) length;
  return length;
}

/* "user-data" is "USER_DATA.;1" to those who know neither extension. Returns: its length */
static gsize
make_id (const char *name, gboolean is_joliet, guint8 *id)
{
  gsize length = strlen (name);

  if (is_joliet)
    {
      put_text (id, 2 * length, name, TRUE);
      return 2 * length;
    }
  for (gsize i = 0; i < length; i++)
    id[i] = g_ascii_isalnum (name[i]) ? (guint8) g_ascii_toupper (name[i]) : '_';
  memcpy (id + length, ".;1", 3);
  return length + 3;
}

static void
put_folder (
    const Image *self, guint32 sector, const KvmmIsoImageFile *files, guint n_files, guint32 first)
{
  gboolean is_joliet = sector == SECTOR_JOLIET_ROOT;
  guint8 *at = self->bytes->data + (gsize) sector * SECTOR;
  guint8 id[2 * KVMM_ISO_IMAGE_NAME_MAX + 3];

  /* "." and "..", which are one in the root. */
  for (guint8 i = 0; i < 2; i++)
    {
      gsize length = put_record (self, at, sector, SECTOR, FLAG_FOLDER, &i, 1);

      if (!is_joliet)
        length += put_rock_ridge (at + length, NULL, i == 0);
      length += length % 2;
      at[0] = (guint8) length;
      at += length;
    }
  for (guint i = 0; i < n_files; i++)
    {
      guint32 size = (guint32) g_bytes_get_size (files[i].content);
      gsize length =
          put_record (self, at, first, size, 0, id, make_id (files[i].name, is_joliet, id));

      if (!is_joliet)
        length += put_rock_ridge (at + length, files[i].name, FALSE);
      length += length % 2;
      at[0] = (guint8) length;
      at += length;
      first += (size + SECTOR - 1) / SECTOR;
    }
}

/* ---- descriptors ---- */

static void
put_tables (const Image *self, guint32 sector, guint32 root)
{
  guint8 *little = self->bytes->data + (gsize) sector * SECTOR;
  guint8 *big = little + SECTOR;

  little[0] = big[0] = 1;
  put_32_little (little + 2, root);
  put_32_big (big + 2, root);
  little[6] = 1;
  big[7] = 1;
}

static void
put_descriptor (const Image *self, guint32 sector, const char *label)
{
  guint8 *at = self->bytes->data + (gsize) sector * SECTOR;
  gboolean is_joliet = sector == SECTOR_JOLIET;
  guint32 table = is_joliet ? SECTOR_JOLIET_TABLE : SECTOR_TABLE;
  const guint8 root = 0;

  at[0] = is_joliet ? 2 : 1;
  memcpy (at + 1, "CD001\1", 6);
  put_text (at + 8, 32, "", is_joliet);
  put_text (at + 40, 32, label, is_joliet);
  put_32 (at + 80, self->bytes->len / SECTOR);
  if (is_joliet)
    memcpy (at + 88, "%/E", 3);
  put_16 (at + 120, 1);
  put_16 (at + 124, 1);
  put_16 (at + 128, SECTOR);
  put_32 (at + 132, 10);
  put_32_little (at + 140, table);
  put_32_big (at + 148, table + 1);
  put_record (self, at + 156, is_joliet ? SECTOR_JOLIET_ROOT : SECTOR_ROOT, SECTOR, FLAG_FOLDER,
              &root, 1);
  put_text (at + 190, 623, "", is_joliet);
  memcpy (at + 813, self->long_date, sizeof self->long_date);
  memcpy (at + 830, self->long_date, sizeof self->long_date);
  /* Never expires, and is good from the beginning on. */
  memset (at + 847, '0', 16);
  memset (at + 864, '0', 16);
  at[881] = 1;
}

GBytes *
kvmm_iso_image_build (const char *label,
                      const KvmmIsoImageFile *files,
                      guint n_files,
                      gint64 time_s)
{
  Image self = { .bytes = g_byte_array_new () };
  guint8 *end;

  g_return_val_if_fail (label != NULL && strlen (label) <= KVMM_ISO_IMAGE_LABEL_MAX, NULL);
  g_return_val_if_fail (n_files <= KVMM_ISO_IMAGE_FILES_MAX, NULL);

  set_dates (&self, time_s);
  g_byte_array_set_size (self.bytes, SECTOR_FILES * SECTOR);
  memset (self.bytes->data, 0, self.bytes->len);
  put_folder (&self, SECTOR_ROOT, files, n_files, SECTOR_FILES);
  put_folder (&self, SECTOR_JOLIET_ROOT, files, n_files, SECTOR_FILES);
  put_tables (&self, SECTOR_TABLE, SECTOR_ROOT);
  put_tables (&self, SECTOR_JOLIET_TABLE, SECTOR_JOLIET_ROOT);
  for (guint i = 0; i < n_files; i++)
    {
      static const guint8 zeros[SECTOR];
      gsize size;
      const guint8 *content = g_bytes_get_data (files[i].content, &size);

      g_byte_array_append (self.bytes, content, (guint) size);
      g_byte_array_append (self.bytes, zeros, (guint) ((SECTOR - size % SECTOR) % SECTOR));
    }
  put_descriptor (&self, SECTOR_PRIMARY, label);
  put_descriptor (&self, SECTOR_JOLIET, label);
  end = self.bytes->data + (gsize) SECTOR_END * SECTOR;
  end[0] = 255;
  memcpy (end + 1, "CD001\1", 6);
  return g_byte_array_free_to_bytes (self.bytes);
}

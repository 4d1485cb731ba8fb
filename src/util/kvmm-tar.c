/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "util/kvmm-tar.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 512

/* A header, and where its fields are. */
#define NAME_LENGTH 100
#define SIZE_OFFSET 124
#define SUM_OFFSET 148
#define TYPE_OFFSET 156
#define MAGIC_OFFSET 257
#define PREFIX_OFFSET 345
#define PREFIX_LENGTH 155

typedef struct
{
  int fd;
  guint64 size_bytes;
  guint64 position;
  guint n_entries;
  /* What extended headers say of the next entry. */
  char *long_name;   /* (owned) (nullable) */
  guint64 long_size; /* when has_long_size */
  gboolean has_long_size;
  gboolean is_sparse;
} Reader;

G_DEFINE_QUARK (kvmm - tar - error - quark, kvmm_tar_error)

static gboolean
fail (GError **error, KvmmTarError code, const char *text)
{
  g_set_error_literal (error, KVMM_TAR_ERROR, (int) code, text);
  return FALSE;
}

static void
free_member (gpointer data)
{
  KvmmTarMember *member = data;

  g_free (member->name);
  g_free (member);
}

static gboolean
read_at (Reader *self, guint64 offset, void *buffer, gsize length, GError **error)
{
  gsize done = 0;

  while (done < length)
    {
      gssize n = pread (self->fd, (char *) buffer + done, length - done, (off_t) (offset + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          int code = errno;

          g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code),
                       _ ("The archive cannot be read: %s"), g_strerror (code));
          return FALSE;
        }
      if (n == 0)
        return fail (error, KVMM_TAR_ERROR_TRUNCATED, _ ("The archive ends in the middle"));
      done += (gsize) n;
    }
  return TRUE;
}

/* Octal digits with spaces and NULs about them, or GNU's binary numbers. */
static gboolean
read_number (const guint8 *field, gsize length, guint64 *number)
{
  guint64 value = 0;
  gsize i = 0;

  if (field[0] & 0x80)
    {
      /* The sign and all but the last eight bytes are 0 in what can be meant. */
      for (i = 0; i < length - 8; i++)
        if (field[i] != (i == 0 ? 0x80 : 0))
          return FALSE;
      for (; i < length; i++)
        value = value << 8 | field[i];
      *number = value;
      return TRUE;
    }
  while (i < length && field[i] == ' ')
    i++;
  for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
    value = value << 3 | (guint64) (field[i] - '0');
  if (i < length && field[i] != ' ' && field[i] != '\0')
    return FALSE;
  *number = value;
  return TRUE;
}

static gboolean
check_header (const guint8 *header)
{
  guint64 sum;
  guint64 real = 0;

  if (!read_number (header + SUM_OFFSET, 8, &sum))
    return FALSE;
  for (gsize i = 0; i < BLOCK; i++)
    real += i >= SUM_OFFSET && i < SUM_OFFSET + 8 ? ' ' : header[i];
  return real == sum;
}

static char *
dup_name (const guint8 *header)
{
  g_autofree char *name = g_strndup ((const char *) header, NAME_LENGTH);
  g_autofree char *prefix = NULL;

  /* GNU keeps other things there, and has a space behind "ustar". */
  if (memcmp (header + MAGIC_OFFSET, "ustar\0", 6) == 0)
    prefix = g_strndup ((const char *) header + PREFIX_OFFSET, PREFIX_LENGTH);
  return prefix != NULL && *prefix != '\0' ? g_strdup_printf ("%s/%s", prefix, name)
                                           : g_steal_pointer (&name);
}

/* "LENGTH KEY=VALUE\n", again and again. */
static gboolean
read_records (Reader *self, const char *text, gsize size, GError **error)
{
  gsize at = 0;

  while (at < size && text[at] != '\0')
    {
      char *key = NULL;
      guint64 length = g_ascii_strtoull (text + at, &key, 10);
      const char *end, *value;

      if (length == 0 || length > size - at || *key != ' ' || text[at + length - 1] != '\n')
        return fail (error, KVMM_TAR_ERROR_INVALID, _ ("An extended header is damaged"));
      end = text + at + length - 1;
      key++;
      value = memchr (key, '=', end > key ? (gsize) (end - key) : 0);
      if (value == NULL)
        return fail (error, KVMM_TAR_ERROR_INVALID, _ ("An extended header is damaged"));
      value++;
      if (g_str_has_prefix (key, "path="))
        {
          g_free (self->long_name);
          self->long_name = g_strndup (value, (gsize) (end - value));
        }
      else if (g_str_has_prefix (key, "size="))
        {
          g_autofree char *number = g_strndup (value, (gsize) (end - value));

          if (!g_ascii_string_to_unsigned (number, 10, 0, G_MAXINT64, &self->long_size, NULL))
            return fail (error, KVMM_TAR_ERROR_INVALID, _ ("An extended header is damaged"));
          self->has_long_size = TRUE;
        }
      else if (g_str_has_prefix (key, "GNU.sparse."))
        self->is_sparse = TRUE;
      at += length;
    }
  return TRUE;
}

static gboolean
read_extra (Reader *self, char type, guint64 size_bytes, GError **error)
{
  g_autofree char *text = NULL;

  if (size_bytes > KVMM_TAR_EXTRA_MAX)
    return fail (error, KVMM_TAR_ERROR_UNSUPPORTED, _ ("An extended header is too large"));
  text = g_malloc0 (size_bytes + 1);
  if (!read_at (self, self->position, text, size_bytes, error))
    return FALSE;
  if (type == 'x')
    return read_records (self, text, size_bytes, error);
  g_free (self->long_name);
  self->long_name = g_steal_pointer (&text);
  return TRUE;
}

/* What an entry is; its data begins at the position. */
static gboolean
take_entry (Reader *self, GPtrArray *members, const guint8 *header, guint64 size, GError **error)
{
  char type = (char) header[TYPE_OFFSET];
  gboolean is_file = type == '0' || type == '\0' || type == '7';

  if (type == 'x' || type == 'L')
    return read_extra (self, type, size, error);
  if (type == 'S' || type == 'M' || (is_file && self->is_sparse))
    return fail (error, KVMM_TAR_ERROR_UNSUPPORTED,
                 _ ("The archive has a file with holes, or a part of a file. Unpack it with “tar” "
                    "and open the .ovf instead."));
  if (is_file)
    {
      g_autofree char *plain = self->long_name == NULL ? dup_name (header) : NULL;
      const char *name = plain != NULL ? plain : self->long_name;
      KvmmTarMember *member = g_new0 (KvmmTarMember, 1);

      while (g_str_has_prefix (name, "./"))
        name += 2;
      member->name = g_strdup (name);
      member->offset_bytes = self->position;
      member->size_bytes = size;
      /* The oldest form marks a folder by its name alone. */
      if (g_str_has_suffix (name, "/"))
        free_member (member);
      else
        g_ptr_array_add (members, member);
    }
  /* Neither the headers for all, nor a long name of a link, is about the next one. */
  if (type != 'g' && type != 'K')
    {
      g_clear_pointer (&self->long_name, g_free);
      self->has_long_size = self->is_sparse = FALSE;
    }
  return TRUE;
}

static gboolean
read_entry (Reader *self, GPtrArray *members, gboolean *is_end, GError **error)
{
  static const guint8 nothing[BLOCK];
  guint8 header[BLOCK];
  guint64 size;
  guint64 room;

  /* Some writers leave the blocks of the end out. */
  *is_end = self->position == self->size_bytes && self->n_entries > 0;
  if (*is_end)
    return TRUE;
  if (!read_at (self, self->position, header, BLOCK, error))
    return FALSE;
  *is_end = memcmp (header, nothing, BLOCK) == 0 && self->n_entries > 0;
  if (*is_end)
    return TRUE;
  if (!check_header (header) || !read_number (header + SIZE_OFFSET, 12, &size))
    return fail (error, KVMM_TAR_ERROR_INVALID,
                 self->n_entries == 0 ? _ ("This is no tar archive")
                                      : _ ("The archive is damaged"));
  if (++self->n_entries > KVMM_TAR_ENTRIES_MAX)
    return fail (error, KVMM_TAR_ERROR_UNSUPPORTED, _ ("The archive has too many files"));
  self->position += BLOCK;
  if (self->has_long_size && header[TYPE_OFFSET] != 'x')
    size = self->long_size;
  room = self->size_bytes - MIN (self->position, self->size_bytes);
  if (size > room)
    return fail (
        error, KVMM_TAR_ERROR_TRUNCATED,
        _ ("The archive ends in the middle: it was not copied, or not loaded, to its end"));
  if (!take_entry (self, members, header, size, error))
    return FALSE;
  /* The last block may be cut: no data is missing then. */
  self->position += MIN ((size + BLOCK - 1) / BLOCK * BLOCK, room);
  return TRUE;
}

GPtrArray *
kvmm_tar_list (int fd, guint64 size_bytes, GError **error)
{
  g_autoptr (GPtrArray) members = g_ptr_array_new_with_free_func (free_member);
  Reader self = { .fd = fd, .size_bytes = size_bytes };
  gboolean is_end = FALSE;
  gboolean is_good = TRUE;

  while (is_good && !is_end)
    is_good = read_entry (&self, members, &is_end, error);
  g_free (self.long_name);
  return is_good ? g_steal_pointer (&members) : NULL;
}

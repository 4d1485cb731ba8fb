/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-http.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>
#include <unistd.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-thread.h"
#include "util/kvmm-units.h"

#define URL_MAX_BYTES 1024
#define REDIRECTS_MAX 8
/* Without a byte: a server that has gone away. */
#define TIMEOUT_S 30
#define PIECE_BYTES (64 * 1024)

G_DEFINE_QUARK (kvmm - http - error - quark, kvmm_http_error)

struct _KvmmHttp
{
  GMainContext *context; /* (owned) not that of the main thread */
  SoupSession *session;  /* (owned) */
};

KvmmHttp *
kvmm_http_new (void)
{
  KvmmHttp *self = g_new0 (KvmmHttp, 1);

  KVMM_ASSERT_WORKER ();
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->session = soup_session_new_with_options ("timeout", TIMEOUT_S, "user-agent",
                                                 "kvm-manager/" PACKAGE_VERSION, NULL);
  /* A file “….gz” is wanted as it is, whatever a server calls its encoding. */
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
  return self;
}

void
kvmm_http_free (KvmmHttp *self)
{
  if (self == NULL)
    return;
  soup_session_abort (self->session);
  g_object_unref (self->session);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_free (self);
}

/* ---- addresses ---- */

static gboolean
is_http (GUri *uri)
{
  return g_str_equal (g_uri_get_scheme (uri), "http") ||
         g_str_equal (g_uri_get_scheme (uri), "https");
}

/* What a command line keeps in one word. */
static gboolean
is_plain (const char *url)
{
  for (const char *p = url; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p) || strchr ("\"'\\<>`", *p) != NULL)
      return FALSE;
  return TRUE;
}

gboolean
kvmm_http_check_url (const char *url, GError **error)
{
  g_autoptr (GUri) uri = NULL;

  g_return_val_if_fail (url != NULL, FALSE);

  if (strlen (url) <= URL_MAX_BYTES && is_plain (url))
    uri = g_uri_parse (url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (uri == NULL || g_uri_get_scheme (uri) == NULL)
    g_set_error_literal (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_INVALID,
                         _ ("This is no address. It begins with http:// or https://, and a space "
                            "in it is written %20."));
  else if (!is_http (uri))
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_INVALID,
                 _ ("Addresses of “%s” are not read. Give one that begins with http:// or "
                    "https://."),
                 g_uri_get_scheme (uri));
  else if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    g_set_error_literal (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_INVALID,
                         _ ("The address names no server"));
  else if (g_uri_get_userinfo (uri) != NULL)
    g_set_error_literal (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_INVALID,
                         _ ("A name and a password in the address would be seen by everybody in "
                            "the machine's command line. Give an address without them."));
  else if (g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    g_set_error_literal (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_INVALID,
                         _ ("The address is that of a folder: it has no “?” and no “#”"));
  else
    return TRUE;
  return FALSE;
}

static GUri *
follow (GUri *from, const char *location, GError **error)
{
  g_autoptr (GUri) to =
      location != NULL ? g_uri_parse_relative (from, location, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  g_autofree char *shown = kvmm_guest_text_sanitise (location, -1);
  g_autofree char *url = g_uri_to_string (from);

  if (to == NULL || g_uri_get_host (to) == NULL || !is_http (to))
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REDIRECT,
                 _ ("The server sends “%s” on to “%s”, which is no address of http or https. "
                    "Choose another mirror."),
                 url, shown);
  else if (g_str_equal (g_uri_get_scheme (from), "https") &&
           g_str_equal (g_uri_get_scheme (to), "http"))
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REDIRECT,
                 _ ("The server sends “%s” on to “%s”, where nothing is encrypted. Choose another "
                    "mirror, or give that address itself."),
                 url, shown);
  else
    return g_steal_pointer (&to);
  return NULL;
}

/* ---- asking ---- */

static gboolean
set_status_error (GError **error, guint status, const char *url)
{
  const char *phrase = soup_status_get_phrase (status);

  if (status == SOUP_STATUS_NOT_FOUND || status == SOUP_STATUS_GONE)
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_NOT_FOUND,
                 _ ("There is nothing at “%s” (%u %s)"), url, status, phrase);
  else
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REFUSED,
                 _ ("The server does not give “%s”: it answers %u %s. Check the address, or choose "
                    "another mirror."),
                 url, status, phrase);
  return FALSE;
}

/* Cancelling stays what it is; all else says which file it was. */
static void
name_error (GError **error, GError *failure, const char *url)
{
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, failure);
      return;
    }
  g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_FAILED, _ ("“%s” could not be read: %s"),
               url, failure->message);
  g_error_free (failure);
}

static void
set_too_large (GError **error, const char *url, guint64 max_bytes)
{
  g_autofree char *limit = kvmm_units_bytes (max_bytes);

  g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_TOO_LARGE,
               _ ("“%s” is larger than %s, which is more than any that is known. Check the "
                  "address."),
               url, limit);
}

/* Returns: (transfer full): the answer's body, behind all that a server sends one on to */
static GInputStream *
ask (KvmmHttp *self,
     const char *method,
     const char *url,
     guint64 *size_bytes,
     GCancellable *cancellable,
     GError **error)
{
  g_autoptr (GUri) uri = NULL;

  KVMM_ASSERT_WORKER ();
  if (!kvmm_http_check_url (url, error))
    return NULL;
  uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, error);
  for (guint i = 0; uri != NULL && i <= REDIRECTS_MAX; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new_from_uri (method, uri);
      g_autoptr (GInputStream) stream = NULL;
      g_autoptr (GUri) next = NULL;
      GError *failure = NULL;
      SoupMessageHeaders *headers;
      guint status;

      soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
      stream = soup_session_send (self->session, message, cancellable, &failure);
      if (stream == NULL)
        {
          name_error (error, failure, url);
          return NULL;
        }
      status = soup_message_get_status (message);
      headers = soup_message_get_response_headers (message);
      if (status == SOUP_STATUS_OK)
        {
          goffset length =
              soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
                  ? soup_message_headers_get_content_length (headers)
                  : 0;

          *size_bytes = (guint64) MAX (length, 0);
          return g_steal_pointer (&stream);
        }
      if (!SOUP_STATUS_IS_REDIRECTION (status) || status == SOUP_STATUS_NOT_MODIFIED)
        {
          set_status_error (error, status, url);
          return NULL;
        }
      next = follow (uri, soup_message_headers_get_one (headers, "Location"), error);
      g_uri_unref (uri);
      uri = g_steal_pointer (&next);
    }
  if (uri != NULL)
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_REDIRECT,
                 _ ("The server sends “%s” on and on. Choose another mirror."), url);
  return NULL;
}

gboolean
kvmm_http_probe (KvmmHttp *self,
                 const char *url,
                 guint64 max_bytes,
                 guint64 *size_bytes,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GInputStream) stream =
      ask (self, SOUP_METHOD_HEAD, url, size_bytes, cancellable, error);

  if (stream == NULL)
    return FALSE;
  if (*size_bytes <= max_bytes)
    return TRUE;
  set_too_large (error, url, max_bytes);
  return FALSE;
}

char *
kvmm_http_read (KvmmHttp *self,
                const char *url,
                gsize max_bytes,
                gboolean is_head,
                gsize *size_bytes,
                GCancellable *cancellable,
                GError **error)
{
  guint64 told_bytes = 0;
  g_autoptr (GInputStream) stream =
      ask (self, SOUP_METHOD_GET, url, &told_bytes, cancellable, error);
  g_autofree char *text = NULL;
  GError *failure = NULL;
  gsize n = 0;

  if (stream == NULL)
    return NULL;
  /* One byte more tells whether there is more. */
  text = g_malloc0 (max_bytes + 2);
  if (!g_input_stream_read_all (stream, text, max_bytes + (is_head ? 0 : 1), &n, cancellable,
                                &failure))
    {
      name_error (error, failure, url);
      return NULL;
    }
  if (n > max_bytes)
    {
      set_too_large (error, url, max_bytes);
      return NULL;
    }
  *size_bytes = n;
  return g_steal_pointer (&text);
}

/* ---- whole files ---- */

static int
open_nameless (GError **error)
{
  /* Not /tmp, which may be memory. */
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "kvm-manager-XXXXXX", NULL);
  int fd;

  g_mkdir_with_parents (g_get_user_cache_dir (), 0700);
  fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno),
                 _ ("Could not make a file in %s: %s"), g_get_user_cache_dir (),
                 g_strerror (errno));
  else
    g_unlink (path);
  return fd;
}

static gboolean
write_all (int fd, const char *bytes, gsize size, GError **error)
{
  while (size > 0)
    {
      gssize n = write (fd, bytes, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno),
                       _ ("Could not write to %s: %s. Make room there."), g_get_user_cache_dir (),
                       g_strerror (errno));
          return FALSE;
        }
      bytes += n;
      size -= (gsize) n;
    }
  return TRUE;
}

typedef struct
{
  const char *url;
  guint64 max_bytes;
  guint64 told_bytes; /* 0: not told */
  const char *sha256;
  KvmmHttpProgressFunc progress;
  gpointer progress_data;
} Download;

static gboolean
copy (const Download *download,
      GInputStream *stream,
      int fd,
      guint64 *done_bytes,
      GCancellable *cancellable,
      GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *piece = g_malloc (PIECE_BYTES);
  GError *failure = NULL;
  gssize n;

  while ((n = g_input_stream_read (stream, piece, PIECE_BYTES, cancellable, &failure)) > 0)
    {
      *done_bytes += (guint64) n;
      if (*done_bytes > download->max_bytes)
        {
          set_too_large (error, download->url, download->max_bytes);
          return FALSE;
        }
      g_checksum_update (checksum, (const guchar *) piece, n);
      if (!write_all (fd, piece, (gsize) n, error))
        return FALSE;
      if (download->progress != NULL)
        download->progress (*done_bytes, download->progress_data);
    }
  if (n < 0)
    {
      name_error (error, failure, download->url);
      return FALSE;
    }
  if (*done_bytes == 0 || (download->told_bytes > 0 && *done_bytes != download->told_bytes))
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_FAILED,
                 _ ("“%s” ends before its end. Try it again, or choose another mirror."),
                 download->url);
  else if (download->sha256 != NULL &&
           g_ascii_strcasecmp (g_checksum_get_string (checksum), download->sha256) != 0)
    g_set_error (error, KVMM_HTTP_ERROR, KVMM_HTTP_ERROR_FAILED,
                 _ ("“%s” is not what the tree says it is (its SHA-256 differs). Choose another "
                    "mirror."),
                 download->url);
  else
    return TRUE;
  return FALSE;
}

int
kvmm_http_download (KvmmHttp *self,
                    const char *url,
                    guint64 max_bytes,
                    const char *sha256,
                    guint64 *size_bytes,
                    KvmmHttpProgressFunc progress,
                    gpointer progress_data,
                    GCancellable *cancellable,
                    GError **error)
{
  Download download = { url, max_bytes, 0, sha256, progress, progress_data };
  g_autoptr (GInputStream) stream =
      ask (self, SOUP_METHOD_GET, url, &download.told_bytes, cancellable, error);
  int fd = -1;

  *size_bytes = 0;
  if (stream == NULL)
    return -1;
  if (download.told_bytes > max_bytes)
    set_too_large (error, url, max_bytes);
  else
    fd = open_nameless (error);
  if (fd >= 0 && !copy (&download, stream, fd, size_bytes, cancellable, error))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

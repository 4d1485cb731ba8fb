/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-list-keys.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct
{
  char *name;     /* (owned): what the keys were made from */
  char *title;    /* (owned) (nullable) */
  char *tags;     /* (owned) */
  char *sort_key; /* (owned) */
  char *folded;   /* (owned): name, title and tags, for the search */
} Keys;

static G_DEFINE_QUARK (kvmm_list_keys, keys)

    static void keys_clear (Keys *keys)
{
  g_clear_pointer (&keys->name, g_free);
  g_clear_pointer (&keys->title, g_free);
  g_clear_pointer (&keys->tags, g_free);
  g_clear_pointer (&keys->sort_key, g_free);
  g_clear_pointer (&keys->folded, g_free);
}

static void
keys_free (gpointer data)
{
  keys_clear (data);
  g_free (data);
}

char *
kvmm_list_keys_fold (const char *text)
{
  g_autofree char *decomposed = NULL;
  g_autoptr (GString) plain = NULL;

  if (!text)
    return g_strdup ("");
  if (g_str_is_ascii (text))
    return g_ascii_strdown (text, -1);

  decomposed = g_utf8_normalize (text, -1, G_NORMALIZE_ALL);
  plain = g_string_new (NULL);
  for (const char *p = decomposed; p && *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_ismark (c))
        g_string_append_unichar (plain, c);
    }

  return g_utf8_casefold (plain->str, plain->len);
}

static Keys *
get_keys (KvmmDomain *domain)
{
  Keys *keys = g_object_get_qdata (G_OBJECT (domain), keys_quark ());
  const char *name = kvmm_domain_get_name (domain);
  const char *title = kvmm_domain_get_title (domain);
  const char *const *words = kvmm_domain_get_tags (domain);
  g_autofree char *tags = words ? g_strjoinv ("\n", (char **) words) : g_strdup ("");
  g_autofree char *all = NULL;

  if (keys && g_strcmp0 (keys->name, name) == 0 && g_strcmp0 (keys->title, title) == 0 &&
      strcmp (keys->tags, tags) == 0)
    return keys;

  if (keys)
    keys_clear (keys);
  else
    {
      keys = g_new0 (Keys, 1);
      g_object_set_qdata_full (G_OBJECT (domain), keys_quark (), keys, keys_free);
    }
  all = g_strjoin ("\n", name, title ? title : "", tags, NULL);
  keys->name = g_strdup (name);
  keys->title = g_strdup (title);
  keys->sort_key = g_utf8_collate_key_for_filename (name ? name : "", -1);
  keys->folded = kvmm_list_keys_fold (all);
  keys->tags = g_steal_pointer (&tags);

  return keys;
}

const char *
kvmm_list_keys_get_name_key (KvmmDomain *domain)
{
  return get_keys (domain)->sort_key;
}

gboolean
kvmm_list_keys_matches (KvmmDomain *domain, const char *const *words)
{
  KvmmGuest *guest = kvmm_domain_get_guest (domain);
  const char *folded = get_keys (domain)->folded;
  g_autofree char *guest_text = NULL;

  for (guint i = 0; words[i]; i++)
    {
      if (strstr (folded, words[i]))
        continue;
      if (!guest_text)
        {
          const char *address = kvmm_guest_get_address (guest);
          const char *os_name = kvmm_guest_get_os_name (guest);
          const char *hostname = kvmm_guest_get_hostname (guest);
          g_autofree char *all = NULL;

          if (!address && !os_name && !hostname)
            return FALSE;
          all = g_strjoin ("\n", address ? address : "", os_name ? os_name : "",
                           hostname ? hostname : "", NULL);
          guest_text = kvmm_list_keys_fold (all);
        }
      if (!strstr (guest_text, words[i]))
        return FALSE;
    }

  return TRUE;
}

/* Returns the number of bytes of the address: 4, 16, or 0 when it is none. */
static gsize
parse_address (const char *text, guint8 *bytes)
{
  if (inet_pton (AF_INET, text, bytes) == 1)
    return 4;
  if (inet_pton (AF_INET6, text, bytes) == 1)
    return 16;

  return 0;
}

int
kvmm_list_keys_compare_addresses (const char *a, const char *b)
{
  guint8 left[16];
  guint8 right[16];
  gsize n_left = parse_address (a, left);
  gsize n_right = parse_address (b, right);

  if (n_left == 0 && n_right == 0)
    return strcmp (a, b);
  if (n_left == 0 || n_right == 0)
    return n_left ? -1 : 1;
  if (n_left != n_right)
    return n_left < n_right ? -1 : 1;

  return memcmp (left, right, n_left);
}

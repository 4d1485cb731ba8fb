/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-cloud-seed.h"

#include <glib/gi18n.h>
#include <string.h>

#include "model/kvmm-password.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-iso-image.h"
#include "util/kvmm-thread.h"

/* cloud-init looks for a file system of this name. */
#define LABEL "cidata"
#define HOST_NAME_MAX_BYTES 253
#define HOST_LABEL_MAX 63
/* useradd's own. */
#define USER_NAME_MAX 32
#define PACKAGE_MAX 128

G_DEFINE_QUARK (kvmm - cloud - seed - error - quark, kvmm_cloud_seed_error)

KvmmCloudSeed *
kvmm_cloud_seed_copy (const KvmmCloudSeed *self)
{
  KvmmCloudSeed *other;

  if (self == NULL)
    return NULL;
  other = g_new0 (KvmmCloudSeed, 1);
  other->host_name = g_strdup (self->host_name);
  other->user_name = g_strdup (self->user_name);
  other->password = g_strdup (self->password);
  other->ssh_keys = g_strdupv (self->ssh_keys);
  other->packages = g_strdupv (self->packages);
  return other;
}

void
kvmm_cloud_seed_free (KvmmCloudSeed *self)
{
  if (self == NULL)
    return;
  if (self->password != NULL)
    explicit_bzero (self->password, strlen (self->password));
  g_free (self->host_name);
  g_free (self->user_name);
  g_free (self->password);
  g_strfreev (self->ssh_keys);
  g_strfreev (self->packages);
  g_free (self);
}

/* ---- what may be said ---- */

static gboolean
refuse (GError **error, const char *text)
{
  g_set_error_literal (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID, text);
  return FALSE;
}

static gboolean
is_host_label (const char *label)
{
  gsize length = strlen (label);

  if (length < 1 || length > HOST_LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
    return FALSE;
  for (const char *p = label; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-')
      return FALSE;
  return TRUE;
}

gboolean
kvmm_cloud_seed_check_host_name (const char *host_name, GError **error)
{
  g_auto (GStrv) labels = NULL;

  if (host_name == NULL || *host_name == '\0')
    return refuse (error, _ ("Give the machine a host name"));
  if (strlen (host_name) > HOST_NAME_MAX_BYTES)
    return refuse (error, _ ("The host name is longer than 253 characters"));
  labels = g_strsplit (host_name, ".", -1);
  for (guint i = 0; labels[i] != NULL; i++)
    if (!is_host_label (labels[i]))
      return refuse (error, _ ("A host name has letters, digits and “-”, with dots between its "
                               "parts; no part is longer than 63 or begins or ends with “-”"));
  return TRUE;
}

gboolean
kvmm_cloud_seed_check_user_name (const char *user_name, GError **error)
{
  if (user_name == NULL || *user_name == '\0')
    return refuse (error, _ ("Name the user who will sign in"));
  if (g_str_equal (user_name, "root"))
    return refuse (error, _ ("Name another user than root: that user may do all as root"));
  if (strlen (user_name) > USER_NAME_MAX || (!g_ascii_islower (*user_name) && *user_name != '_'))
    return refuse (error, _ ("A user name begins with a small letter and is at most 32 long"));
  for (const char *p = user_name; *p != '\0'; p++)
    if (!g_ascii_islower (*p) && !g_ascii_isdigit (*p) && *p != '_' && *p != '-')
      return refuse (error, _ ("A user name has small letters a to z, digits, “-” and “_”"));
  return TRUE;
}

static gboolean
check_password (const char *password, GError **error)
{
  if (strlen (password) > KVMM_CLOUD_SEED_PASSWORD_MAX)
    return refuse (error, _ ("The password is longer than 256 bytes"));
  /* A terminal could not type them. */
  for (const char *p = password; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return refuse (error, _ ("The password cannot have control characters"));
  return TRUE;
}

/* Whether the bytes of a key begin with its type, as RFC 4253 has it: the length in four bytes,
 * then the name. */
static gboolean
is_key_of (const char *base64, const char *type)
{
  const gsize length = strlen (type);
  gsize size = 0;
  g_autofree guint8 *bytes = NULL;

  if (strspn (base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") !=
      strlen (base64))
    return FALSE;
  bytes = g_base64_decode (base64, &size);
  return size > 4 + length && bytes[0] == 0 && bytes[1] == 0 && bytes[2] == 0 &&
         bytes[3] == length && memcmp (bytes + 4, type, length) == 0;
}

gboolean
kvmm_cloud_seed_check_ssh_key (const char *key, GError **error)
{
  static const char *const types[] = { "ssh-ed25519",
                                       "ssh-rsa",
                                       "ecdsa-sha2-nistp256",
                                       "ecdsa-sha2-nistp384",
                                       "ecdsa-sha2-nistp521",
                                       "sk-ssh-ed25519@openssh.com",
                                       "sk-ecdsa-sha2-nistp256@openssh.com",
                                       NULL };
  g_auto (GStrv) words = NULL;

  if (strstr (key, "PRIVATE KEY") != NULL)
    return refuse (error, _ ("This is a private key, which stays with you: paste the line of the "
                             "file beside it that ends in .pub"));
  if (strlen (key) > KVMM_CLOUD_SEED_KEY_MAX || !g_utf8_validate (key, -1, NULL))
    return refuse (error, _ ("This is no public SSH key"));
  for (const char *p = key; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return refuse (error, _ ("A public SSH key is one line without control characters"));
  words = g_strsplit (key, " ", 3);
  if (words[0] == NULL || !g_strv_contains (types, words[0]))
    return refuse (error, _ ("A public SSH key begins with its kind, as “ssh-ed25519” or "
                             "“ssh-rsa”"));
  if (words[1] == NULL || !is_key_of (words[1], words[0]))
    return refuse (error, _ ("The public SSH key is not whole: copy all of its line"));
  return TRUE;
}

static gboolean
check_package (const char *name, GError **error)
{
  gboolean is_good = g_ascii_isalnum (*name) && strlen (name) <= PACKAGE_MAX;
  g_autofree char *shown = NULL;

  for (const char *p = name; *p != '\0' && is_good; p++)
    is_good = g_ascii_isalnum (*p) || strchr ("+-._:~", *p) != NULL;
  if (is_good)
    return TRUE;
  shown = kvmm_guest_text_sanitise (name, -1);
  g_set_error (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_INVALID,
               _ ("“%s” is no name of a package"), shown);
  return FALSE;
}

static gboolean
check_packages (const char *const *packages, GError **error)
{
  if (g_strv_length ((char **) packages) > KVMM_CLOUD_SEED_PACKAGES_MAX)
    return refuse (error, _ ("These are more than 200 packages: install them afterwards"));
  for (guint i = 0; packages[i] != NULL; i++)
    if (!check_package (packages[i], error))
      return FALSE;
  return TRUE;
}

GStrv
kvmm_cloud_seed_split_packages (const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (text, " ,;\t\n", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) packages = NULL;

  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      g_strv_builder_add (builder, words[i]);
  packages = g_strv_builder_end (builder);
  return check_packages ((const char *const *) packages, error) ? g_steal_pointer (&packages)
                                                                : NULL;
}

gboolean
kvmm_cloud_seed_check (const KvmmCloudSeed *self, GError **error)
{
  gboolean has_password = self->password != NULL && *self->password != '\0';
  guint n_keys = self->ssh_keys != NULL ? g_strv_length (self->ssh_keys) : 0;

  if (!kvmm_cloud_seed_check_host_name (self->host_name, error) ||
      !kvmm_cloud_seed_check_user_name (self->user_name, error))
    return FALSE;
  if (n_keys > KVMM_CLOUD_SEED_KEYS_MAX)
    return refuse (error, _ ("These are more than 64 SSH keys: leave some out"));
  for (guint i = 0; i < n_keys; i++)
    if (!kvmm_cloud_seed_check_ssh_key (self->ssh_keys[i], error))
      return FALSE;
  if (has_password && !check_password (self->password, error))
    return FALSE;
  if (!has_password && n_keys == 0)
    return refuse (error, _ ("Give a password or an SSH key: without either nobody could sign in"));
  return self->packages == NULL || check_packages ((const char *const *) self->packages, error);
}

/* ---- documents ---- */

/* What JSON and YAML both read as the same text: YAML takes no other control or separator as it is,
 * and reads an escaped pair of surrogates as two characters. */
static void
add_string (GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  g_string_append_c (out, '"');
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", (char) c);
      else if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
               c == 0xfffe || c == 0xffff)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_unichar (out, c);
    }
  g_string_append_c (out, '"');
}

static void
add_list (GString *out, char *const *texts)
{
  g_string_append_c (out, '[');
  for (guint i = 0; texts[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append (out, ", ");
      add_string (out, texts[i]);
    }
  g_string_append_c (out, ']');
}

/* The system's own first user, with all that it may do there, under another name. */
static void
add_user (GString *out, const KvmmCloudSeed *self, const char *password_hash)
{
  g_string_append (out, "  \"user\": {\n    \"name\": ");
  add_string (out, self->user_name);
  if (password_hash != NULL)
    {
      g_string_append (out, ",\n    \"lock_passwd\": false,\n    \"passwd\": ");
      add_string (out, password_hash);
    }
  if (self->ssh_keys != NULL && self->ssh_keys[0] != NULL)
    {
      g_string_append (out, ",\n    \"ssh_authorized_keys\": ");
      add_list (out, self->ssh_keys);
    }
  g_string_append (out, "\n  }");
}

char *
kvmm_cloud_seed_build_user_data (const KvmmCloudSeed *self, const char *password_hash)
{
  g_autoptr (GString) out = g_string_new ("#cloud-config\n{\n");
  const char *dot = strchr (self->host_name, '.');
  g_autofree char *host_name =
      dot != NULL ? g_strndup (self->host_name, dot - self->host_name) : g_strdup (self->host_name);

  g_string_append (out, "  \"hostname\": ");
  add_string (out, host_name);
  if (dot != NULL)
    {
      g_string_append (out, ",\n  \"fqdn\": ");
      add_string (out, self->host_name);
    }
  g_string_append (out, ",\n  \"users\": [\"default\"],\n");
  add_user (out, self, password_hash);
  if (self->packages != NULL && self->packages[0] != NULL)
    {
      g_string_append (out, ",\n  \"package_update\": true,\n  \"packages\": ");
      add_list (out, self->packages);
    }
  g_string_append (out, "\n}\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
kvmm_cloud_seed_build_meta_data (const KvmmCloudSeed *self, const char *instance_id)
{
  g_autoptr (GString) out = g_string_new ("{\n  \"instance-id\": ");

  add_string (out, instance_id);
  g_string_append (out, ",\n  \"local-hostname\": ");
  add_string (out, self->host_name);
  g_string_append (out, "\n}\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

GBytes *
kvmm_cloud_seed_build_image (const KvmmCloudSeed *self, const char *instance_id, GError **error)
{
  g_autofree char *hash = NULL;
  char *user_data, *meta_data;
  g_autoptr (GBytes) user_bytes = NULL;
  g_autoptr (GBytes) meta_bytes = NULL;

  KVMM_ASSERT_WORKER ();

  if (!kvmm_cloud_seed_check (self, error))
    return NULL;
  if (self->password != NULL && *self->password != '\0')
    {
      hash = kvmm_password_hash (self->password);
      if (hash == NULL)
        {
          g_set_error_literal (error, KVMM_CLOUD_SEED_ERROR, KVMM_CLOUD_SEED_ERROR_FAILED,
                               _ ("The password cannot be hashed on this computer; give an SSH key "
                                  "instead"));
          return NULL;
        }
    }
  user_data = kvmm_cloud_seed_build_user_data (self, hash);
  meta_data = kvmm_cloud_seed_build_meta_data (self, instance_id);
  user_bytes = g_bytes_new_take (user_data, strlen (user_data));
  meta_bytes = g_bytes_new_take (meta_data, strlen (meta_data));
  const KvmmIsoImageFile files[] = { { "meta-data", meta_bytes }, { "user-data", user_bytes } };
  return kvmm_iso_image_build (LABEL, files, G_N_ELEMENTS (files),
                               g_get_real_time () / G_USEC_PER_SEC);
}

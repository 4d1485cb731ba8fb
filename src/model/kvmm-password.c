/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-password.h"

#include <crypt.h>
#include <string.h>
#include <sys/random.h>

#define SALT_LENGTH 16

char *
kvmm_password_hash (const char *password)
{
  static const char letters[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  g_autofree struct crypt_data *data = g_new0 (struct crypt_data, 1);
  guint8 random[SALT_LENGTH];
  char setting[3 + SALT_LENGTH + 1] = "$6$";
  const char *hash;
  char *copy = NULL;

  if (getrandom (random, sizeof random, 0) != (gssize) sizeof random)
    return NULL;
  for (guint i = 0; i < SALT_LENGTH; i++)
    setting[3 + i] = letters[random[i] % (sizeof letters - 1)];
  hash = crypt_r (password, setting, data);
  if (hash != NULL && g_str_has_prefix (hash, setting))
    copy = g_strdup (hash);
  explicit_bzero (data, sizeof *data);
  return copy;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "model/kvmm-ssh-keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "model/kvmm-cloud-seed.h"
#include "util/kvmm-guest-text.h"
#include "util/kvmm-lane.h"
#include "util/kvmm-thread.h"

/* More files than a folder of keys has. */
#define FILES_MAX 4096

void
kvmm_ssh_key_free (KvmmSshKey *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->line);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const KvmmSshKey *const *first = a, *const *second = b;

  return g_strcmp0 ((*first)->name, (*second)->name);
}

/* Returns: (transfer full) (nullable): the first line of a small file */
static char *
read_line (const char *path)
{
  g_autofree char *text = g_malloc0 (KVMM_CLOUD_SEED_KEY_MAX + 1);
  /* A pipe in this folder would keep a reader waiting. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  gssize length;

  if (fd < 0)
    return NULL;
  do
    length = read (fd, text, KVMM_CLOUD_SEED_KEY_MAX);
  while (length < 0 && errno == EINTR);
  close (fd);
  if (length <= 0 || memchr (text, '\0', (gsize) length) != NULL)
    return NULL;
  text[strcspn (text, "\r\n")] = '\0';
  return g_strdup (g_strstrip (text));
}

GPtrArray *
kvmm_ssh_keys_read (const char *folder)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) kvmm_ssh_key_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  KVMM_ASSERT_WORKER ();

  for (guint i = 0; dir != NULL && i < FILES_MAX && keys->len < KVMM_CLOUD_SEED_KEYS_MAX &&
                    (name = g_dir_read_name (dir)) != NULL;
       i++)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *line = g_str_has_suffix (name, ".pub") ? read_line (path) : NULL;
      KvmmSshKey *key;

      if (line == NULL || !kvmm_cloud_seed_check_ssh_key (line, NULL))
        continue;
      key = g_new0 (KvmmSshKey, 1);
      key->name = kvmm_guest_text_sanitise (name, -1);
      key->line = g_steal_pointer (&line);
      g_ptr_array_add (keys, key);
    }
  g_ptr_array_sort (keys, compare_names);
  return g_steal_pointer (&keys);
}

static void
list_func (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autofree char *folder = g_build_filename (g_get_home_dir (), ".ssh", NULL);

  g_task_return_pointer (task, kvmm_ssh_keys_read (folder), (GDestroyNotify) g_ptr_array_unref);
}

/* For the life of the program. */
static KvmmLane *
get_lane (void)
{
  static KvmmLane *lane;

  if (lane == NULL)
    lane = kvmm_lane_new ("ssh-keys", 1);
  return lane;
}

void
kvmm_ssh_keys_list_async (GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  KVMM_ASSERT_MAIN_THREAD ();
  g_task_set_source_tag (task, kvmm_ssh_keys_list_async);
  kvmm_lane_run (get_lane (), task, list_func, G_PRIORITY_DEFAULT);
}

GPtrArray *
kvmm_ssh_keys_list_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

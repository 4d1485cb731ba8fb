/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-cloud-group.h"

#include <glib/gi18n.h>
#include <string.h>

#include "model/kvmm-ssh-keys.h"
#include "util/kvmm-guest-text.h"

/* Of a key's comment: more says nothing. */
#define COMMENT_MAX 60

struct _KvmmCloudGroup
{
  AdwPreferencesGroup parent_instance;

  GPtrArray *keys;       /* (owned) (nullable) KvmmSshKey, of this computer */
  GPtrArray *checks;     /* (owned) GtkCheckButton, one for each of them */
  GCancellable *listing; /* (owned) (nullable) */
  gboolean host_name_is_ours;
  gboolean is_suggesting;

  GtkWidget *host_name;
  GtkWidget *user_name;
  GtkWidget *password;
  AdwExpanderRow *keys_row;
  GtkWidget *pasted_key;
  GtkWidget *packages;
};

G_DEFINE_FINAL_TYPE (KvmmCloudGroup, kvmm_cloud_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static const char *
get_text (GtkWidget *entry)
{
  return gtk_editable_get_text (GTK_EDITABLE (entry));
}

static void
mark (GtkWidget *row, gboolean is_wrong)
{
  if (is_wrong)
    gtk_widget_add_css_class (row, "error");
  else
    gtk_widget_remove_css_class (row, "error");
}

static void
mark_wrong (KvmmCloudGroup *self)
{
  g_autofree char *key = g_strstrip (g_strdup (get_text (self->pasted_key)));
  g_auto (GStrv) packages = kvmm_cloud_seed_split_packages (get_text (self->packages), NULL);

  mark (self->host_name, *get_text (self->host_name) != '\0' &&
                             !kvmm_cloud_seed_check_host_name (get_text (self->host_name), NULL));
  mark (self->user_name, *get_text (self->user_name) != '\0' &&
                             !kvmm_cloud_seed_check_user_name (get_text (self->user_name), NULL));
  mark (self->pasted_key, *key != '\0' && !kvmm_cloud_seed_check_ssh_key (key, NULL));
  mark (self->packages, packages == NULL);
}

static void
changed_cb (GtkEditable *editable, gpointer user_data)
{
  KvmmCloudGroup *self = user_data;

  if (GTK_WIDGET (editable) == self->host_name && !self->is_suggesting)
    self->host_name_is_ours = FALSE;
  mark_wrong (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- keys ---- */

static guint
count_chosen (KvmmCloudGroup *self)
{
  guint n = 0;

  for (guint i = 0; i < self->checks->len; i++)
    n += gtk_check_button_get_active (self->checks->pdata[i]) ? 1 : 0;
  return n;
}

static void
toggled_cb (KvmmCloudGroup *self)
{
  guint n = count_chosen (self);
  g_autofree char *words =
      n > 0 ? g_strdup_printf (ngettext ("%u chosen", "%u chosen", n), n) : g_strdup (_ ("None"));

  adw_expander_row_set_subtitle (self->keys_row, words);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* "ssh-ed25519 me@here": what tells one key from another without its letters. */
static char *
describe_key (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  g_autofree char *comment = NULL;
  g_autofree char *inert = NULL;

  if (words[0] == NULL || words[1] == NULL || words[2] == NULL)
    return g_strdup (words[0]);
  inert = kvmm_guest_text_sanitise (words[2], -1);
  comment = g_utf8_substring (inert, 0, MIN (COMMENT_MAX, g_utf8_strlen (inert, -1)));
  return g_strdup_printf ("%s %s", words[0], comment);
}

static void
add_key (KvmmCloudGroup *self, const KvmmSshKey *key)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *check = gtk_check_button_new ();
  g_autofree char *words = describe_key (key->line);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), key->name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), words);
  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  /* The row names the check, too. */
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), check);
  g_signal_connect_object (check, "toggled", G_CALLBACK (toggled_cb), self, G_CONNECT_SWAPPED);
  adw_expander_row_add_row (self->keys_row, row);
  g_ptr_array_add (self->checks, check);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmCloudGroup *self = user_data;
  g_autoptr (GPtrArray) keys = kvmm_ssh_keys_list_finish (result, NULL);

  if (keys == NULL)
    return;
  self->keys = g_steal_pointer (&keys);
  for (guint i = 0; i < self->keys->len; i++)
    add_key (self, self->keys->pdata[i]);
  gtk_widget_set_visible (GTK_WIDGET (self->keys_row), self->keys->len > 0);
}

/* ---- reading ---- */

static GStrv
read_keys (KvmmCloudGroup *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *pasted = g_strstrip (g_strdup (get_text (self->pasted_key)));

  for (guint i = 0; i < self->checks->len; i++)
    if (gtk_check_button_get_active (self->checks->pdata[i]))
      g_strv_builder_add (builder, ((const KvmmSshKey *) self->keys->pdata[i])->line);
  if (*pasted != '\0')
    g_strv_builder_add (builder, pasted);
  return g_strv_builder_end (builder);
}

KvmmCloudSeed *
kvmm_cloud_group_read (KvmmCloudGroup *self, GError **error)
{
  g_autoptr (KvmmCloudSeed) seed = g_new0 (KvmmCloudSeed, 1);

  g_return_val_if_fail (KVMM_IS_CLOUD_GROUP (self), NULL);

  seed->host_name = g_strdup (get_text (self->host_name));
  seed->user_name = g_strdup (get_text (self->user_name));
  seed->password = g_strdup (get_text (self->password));
  seed->ssh_keys = read_keys (self);
  seed->packages = kvmm_cloud_seed_split_packages (get_text (self->packages), error);
  if (seed->packages == NULL || !kvmm_cloud_seed_check (seed, error))
    return NULL;
  return g_steal_pointer (&seed);
}

void
kvmm_cloud_group_suggest_host_name (KvmmCloudGroup *self, const char *name)
{
  g_autoptr (GString) host = g_string_new (NULL);

  g_return_if_fail (KVMM_IS_CLOUD_GROUP (self));

  if (!self->host_name_is_ours)
    return;
  for (const char *p = name; *p != '\0' && host->len < 63; p++)
    if (g_ascii_isalnum (*p))
      g_string_append_c (host, *p);
    else if (host->len > 0 && host->str[host->len - 1] != '-')
      g_string_append_c (host, '-');
  while (host->len > 0 && host->str[host->len - 1] == '-')
    g_string_truncate (host, host->len - 1);
  self->is_suggesting = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->host_name), host->str);
  self->is_suggesting = FALSE;
}

/* ---- class ---- */

static void
dispose (GObject *object)
{
  KvmmCloudGroup *self = KVMM_CLOUD_GROUP (object);

  g_cancellable_cancel (self->listing);
  g_clear_object (&self->listing);
  g_clear_pointer (&self->checks, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_CLOUD_GROUP);
  G_OBJECT_CLASS (kvmm_cloud_group_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  KvmmCloudGroup *self = KVMM_CLOUD_GROUP (object);

  g_clear_pointer (&self->keys, g_ptr_array_unref);
  G_OBJECT_CLASS (kvmm_cloud_group_parent_class)->finalize (object);
}

static void
kvmm_cloud_group_class_init (KvmmCloudGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-cloud-group.ui");
#define BIND(child) gtk_widget_class_bind_template_child (widget_class, KvmmCloudGroup, child)
  BIND (host_name);
  BIND (user_name);
  BIND (password);
  BIND (keys_row);
  BIND (pasted_key);
  BIND (packages);
#undef BIND
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
}

static void
kvmm_cloud_group_init (KvmmCloudGroup *self)
{
  const char *user = g_get_user_name ();

  self->checks = g_ptr_array_new ();
  self->host_name_is_ours = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  if (kvmm_cloud_seed_check_user_name (user, NULL))
    gtk_editable_set_text (GTK_EDITABLE (self->user_name), user);
  self->listing = g_cancellable_new ();
  kvmm_ssh_keys_list_async (self->listing, listed_cb, self);
}

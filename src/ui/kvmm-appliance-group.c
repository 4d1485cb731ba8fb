/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "ui/kvmm-appliance-group.h"

#include <glib/gi18n.h>
#include <string.h>

#include "util/kvmm-guest-text.h"
#include "util/kvmm-units.h"

/* Behind the last letter of a path. */
#define LOOK_DELAY_MS 300

struct _KvmmApplianceGroup
{
  AdwPreferencesGroup parent_instance;

  KvmmLane *lane;           /* (owned) */
  KvmmAppliance *appliance; /* (owned) (nullable) */
  GCancellable *looking;    /* (owned) (nullable) */
  char *path;               /* (owned) (nullable) */
  guint look_id;

  AdwActionRow *product_row;
  AdwActionRow *disks_row;
  AdwActionRow *cards_row;
  AdwActionRow *left_out_row;
  GtkLabel *problem;
};

G_DEFINE_FINAL_TYPE (KvmmApplianceGroup, kvmm_appliance_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
say (KvmmApplianceGroup *self, const char *text)
{
  gtk_label_set_text (self->problem, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), text != NULL);
}

static void
show_row (AdwActionRow *row, const char *text)
{
  gboolean has_text = text != NULL && *text != '\0';

  adw_action_row_set_subtitle (row, has_text ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (row), has_text);
}

/* A line each: the file and its size. */
static char *
describe_disks (const KvmmXmlOvf *ovf)
{
  GString *words = g_string_new (NULL);

  for (guint i = 0; i < ovf->disks->len; i++)
    {
      const KvmmXmlOvfDisk *disk = ovf->disks->pdata[i];
      g_autofree char *file =
          disk->file != NULL ? kvmm_guest_text_sanitise (disk->file, -1) : g_strdup (_ ("Empty"));
      g_autofree char *size =
          disk->capacity_bytes > 0 ? kvmm_units_bytes (disk->capacity_bytes) : NULL;

      g_string_append_printf (words, "%s%s%s%s", i > 0 ? "\n" : "", file, size != NULL ? ", " : "",
                              size != NULL ? size : "");
    }
  return g_string_free (words, FALSE);
}

static char *
describe_cards (const KvmmXmlOvf *ovf)
{
  g_autoptr (GString) networks = g_string_new (NULL);
  guint n = ovf->cards->len;

  for (guint i = 0; i < n; i++)
    {
      const KvmmXmlOvfCard *card = ovf->cards->pdata[i];

      if (card->network != NULL)
        g_string_append_printf (networks, "%s%s", networks->len > 0 ? ", " : "", card->network);
    }
  if (n == 0)
    return g_strdup (_ ("None"));
  if (networks->len == 0)
    return g_strdup_printf (
        ngettext ("%u, on the network chosen below", "%u, all on the network chosen below", n), n);
  return g_strdup_printf (ngettext ("%u, on the network chosen below instead of: %s",
                                    "%u, all on the network chosen below instead of: %s", n),
                          n, networks->str);
}

static char *
describe_left_out (const KvmmAppliance *appliance)
{
  GString *words = g_string_new (NULL);
  const GPtrArray *left_out = appliance->ovf->left_out;

  for (guint i = 0; i < left_out->len; i++)
    g_string_append_printf (words, "%s%s", i > 0 ? "; " : "", (const char *) left_out->pdata[i]);
  if (appliance->is_signed)
    g_string_append_printf (words, "%s%s", words->len > 0 ? "; " : "",
                            _ ("its signature, which is not checked"));
  return g_string_free (words, FALSE);
}

static char *
describe_product (const KvmmXmlOvf *ovf)
{
  const char *const texts[] = { ovf->product, ovf->system, ovf->description };
  GString *words = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] != NULL)
      g_string_append_printf (words, "%s%s", words->len > 0 ? "\n" : "", texts[i]);
  return g_string_free (words, FALSE);
}

static void
show_appliance (KvmmApplianceGroup *self)
{
  const KvmmXmlOvf *ovf = kvmm_appliance_group_get (self);
  g_autofree char *product = ovf != NULL ? describe_product (ovf) : NULL;
  g_autofree char *disks = ovf != NULL ? describe_disks (ovf) : NULL;
  g_autofree char *cards = ovf != NULL ? describe_cards (ovf) : NULL;
  g_autofree char *left_out = ovf != NULL ? describe_left_out (self->appliance) : NULL;

  show_row (self->product_row, product);
  show_row (self->disks_row, ovf != NULL && ovf->disks->len == 0 ? _ ("None") : disks);
  show_row (self->cards_row, cards);
  show_row (self->left_out_row, left_out);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KvmmApplianceGroup *self = user_data;
  g_autoptr (GError) error = NULL;
  KvmmAppliance *appliance = kvmm_appliance_look_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->looking);
  self->appliance = appliance;
  say (self, error != NULL ? error->message : NULL);
  show_appliance (self);
}

static gboolean
look_cb (gpointer user_data)
{
  KvmmApplianceGroup *self = user_data;

  self->look_id = 0;
  self->looking = g_cancellable_new ();
  kvmm_appliance_look_async (self->lane, self->path, self->looking, looked_cb, self);
  return G_SOURCE_REMOVE;
}

static void
stop (KvmmApplianceGroup *self)
{
  g_clear_handle_id (&self->look_id, g_source_remove);
  g_cancellable_cancel (self->looking);
  g_clear_object (&self->looking);
}

void
kvmm_appliance_group_look (KvmmApplianceGroup *self, const char *path)
{
  g_return_if_fail (KVMM_IS_APPLIANCE_GROUP (self));

  if (g_strcmp0 (self->path, path) == 0)
    return;
  stop (self);
  g_free (self->path);
  self->path = g_strdup (path);
  g_clear_pointer (&self->appliance, kvmm_appliance_free);
  say (self, NULL);
  show_appliance (self);
  if (path != NULL)
    self->look_id = g_timeout_add (LOOK_DELAY_MS, look_cb, self);
}

const KvmmXmlOvf *
kvmm_appliance_group_get (KvmmApplianceGroup *self)
{
  g_return_val_if_fail (KVMM_IS_APPLIANCE_GROUP (self), NULL);

  return self->appliance != NULL ? self->appliance->ovf : NULL;
}

gboolean
kvmm_appliance_group_is_appliance (const char *path)
{
  const char *suffix = strrchr (path, '.');

  return suffix != NULL &&
         (g_ascii_strcasecmp (suffix, ".ova") == 0 || g_ascii_strcasecmp (suffix, ".ovf") == 0);
}

void
kvmm_appliance_group_add_filters (GtkFileChooser *chooser)
{
  g_autoptr (GtkFileFilter) appliances = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (appliances, _ ("Appliances"));
  gtk_file_filter_add_suffix (appliances, "ova");
  gtk_file_filter_add_suffix (appliances, "ovf");
  gtk_file_filter_set_name (all, _ ("All Files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (chooser, appliances);
  gtk_file_chooser_add_filter (chooser, all);
}

static void
dispose (GObject *object)
{
  KvmmApplianceGroup *self = KVMM_APPLIANCE_GROUP (object);

  stop (self);
  gtk_widget_dispose_template (GTK_WIDGET (self), KVMM_TYPE_APPLIANCE_GROUP);
  G_OBJECT_CLASS (kvmm_appliance_group_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  KvmmApplianceGroup *self = KVMM_APPLIANCE_GROUP (object);

  kvmm_lane_shutdown (self->lane);
  g_clear_object (&self->lane);
  g_clear_pointer (&self->appliance, kvmm_appliance_free);
  g_free (self->path);
  G_OBJECT_CLASS (kvmm_appliance_group_parent_class)->finalize (object);
}

static void
kvmm_appliance_group_class_init (KvmmApplianceGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  G_OBJECT_CLASS (klass)->finalize = finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-appliance-group.ui");
#define BIND(child) gtk_widget_class_bind_template_child (widget_class, KvmmApplianceGroup, child)
  BIND (product_row);
  BIND (disks_row);
  BIND (cards_row);
  BIND (left_out_row);
  BIND (problem);
#undef BIND
}

static void
kvmm_appliance_group_init (KvmmApplianceGroup *self)
{
  self->lane = kvmm_lane_new ("appliance", 1);
  gtk_widget_init_template (GTK_WIDGET (self));
}

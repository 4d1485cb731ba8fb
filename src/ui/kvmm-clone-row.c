/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-clone-row.h"

#include <glib/gi18n.h>

#include "util/kvmm-guest-text.h"

typedef struct
{
  KvmmCloneItem *item; /* (unowned) */
  void (*changed) (gpointer user_data);
  gpointer user_data;
  GtkWidget *row;                          /* (unowned) that this goes with */
  GtkImage *icon;                          /* (unowned) in it */
  KvmmCloneFate fates[KVMM_CLONE_N_FATES]; /* as they are offered */
  guint n_fates;
} Choice;

/* Returns: (transfer full) */
static char *
describe_copy (const KvmmCloneItem *item)
{
  g_autofree char *size = g_format_size_full (item->size_bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *text = g_strdup_printf (_ ("To be copied, %s: %s"), size, item->source);

  if (item->link_reason == NULL)
    return g_steal_pointer (&text);
  return g_strdup_printf (_ ("%s\nNot linked: %s"), text, item->link_reason);
}

/* Returns: (transfer full) */
static char *
describe_item (const KvmmCloneItem *item)
{
  switch (item->fate)
    {
    case KVMM_CLONE_COPY:
      return describe_copy (item);
    case KVMM_CLONE_LINK:
      return g_strdup_printf (_ ("Only what changes in the copy is stored, the rest stays in: %s"),
                              item->source);
    case KVMM_CLONE_SHARE:
      return g_strdup_printf (_ ("Used by both machines: %s"), item->source);
    case KVMM_CLONE_OMIT:
      return item->is_drive
                 ? g_strdup_printf (_ ("Left out, the drive of the copy is empty: %s"),
                                    item->source)
                 : g_strdup_printf (_ ("Left out, the copy has no such disk: %s"), item->source);
    case KVMM_CLONE_RENEW:
      return item->reason != NULL
                 ? g_strdup_printf (_ ("Not copied, the copy starts with fresh ones: %s"),
                                    item->reason)
                 : g_strdup (_ ("Not copied: the copy starts with fresh ones"));
    case KVMM_CLONE_REFUSED:
    case KVMM_CLONE_N_FATES:
      break;
    }
  return g_strdup_printf (_ ("Cannot be copied. %s"), item->reason);
}

static const char *
get_label (const KvmmCloneItem *item, KvmmCloneFate fate)
{
  switch (fate)
    {
    case KVMM_CLONE_COPY:
      return _ ("Copy");
    case KVMM_CLONE_LINK:
      return _ ("Linked Copy");
    case KVMM_CLONE_SHARE:
      return _ ("Share");
    case KVMM_CLONE_OMIT:
      return item->is_drive ? _ ("Empty Drive") : _ ("Leave Out");
    case KVMM_CLONE_RENEW:
      return _ ("Fresh");
    case KVMM_CLONE_REFUSED:
    case KVMM_CLONE_N_FATES:
      break;
    }
  return _ ("Not Possible");
}

static const char *
get_icon_name (KvmmCloneFate fate)
{
  static const char *const names[KVMM_CLONE_N_FATES] = {
    [KVMM_CLONE_COPY] = "edit-copy-symbolic",      [KVMM_CLONE_LINK] = "insert-link-symbolic",
    [KVMM_CLONE_SHARE] = "emblem-shared-symbolic", [KVMM_CLONE_OMIT] = "media-eject-symbolic",
    [KVMM_CLONE_RENEW] = "view-refresh-symbolic",  [KVMM_CLONE_REFUSED] = "dialog-warning-symbolic",
  };

  return names[fate];
}

static void
show (Choice *self)
{
  g_autofree char *text = describe_item (self->item);

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->row), text);
  gtk_image_set_from_icon_name (self->icon, get_icon_name (self->item->fate));
}

static void
selected_cb (GtkDropDown *drop_down, GParamSpec *pspec, gpointer user_data)
{
  Choice *self = user_data;
  guint position = gtk_drop_down_get_selected (drop_down);

  if (position >= self->n_fates || self->fates[position] == self->item->fate)
    return;
  self->item->fate = self->fates[position];
  show (self);
  self->changed (self->user_data);
}

/* Returns: (nullable) (transfer none): %NULL where there is nothing to choose */
static GtkWidget *
create_drop_down (Choice *self, const char *title)
{
  g_autoptr (GtkStringList) labels = gtk_string_list_new (NULL);
  GtkWidget *drop_down;
  guint selected = 0;

  for (KvmmCloneFate fate = 0; fate < KVMM_CLONE_N_FATES; fate++)
    {
      if (!self->item->can[fate] && fate != self->item->fate)
        continue;
      if (fate == self->item->fate)
        selected = self->n_fates;
      gtk_string_list_append (labels, get_label (self->item, fate));
      self->fates[self->n_fates++] = fate;
    }
  if (self->n_fates < 2)
    return NULL;
  drop_down = gtk_drop_down_new (G_LIST_MODEL (g_steal_pointer (&labels)), NULL);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (drop_down), selected);
  gtk_widget_set_valign (drop_down, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (drop_down), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                  -1);
  g_signal_connect (drop_down, "notify::selected", G_CALLBACK (selected_cb), self);
  return drop_down;
}

GtkWidget *
kvmm_clone_row_new (KvmmCloneItem *item, void (*changed) (gpointer user_data), gpointer user_data)
{
  Choice *self = g_new0 (Choice, 1);
  GtkWidget *icon = gtk_image_new ();
  g_autofree char *base = g_path_get_basename (item->source);
  g_autofree char *target = kvmm_guest_text_sanitise (item->target, -1);
  g_autofree char *title = item->is_firmware ? g_strdup (_ ("Firmware settings"))
                                             : g_strdup_printf ("%s: %s", target, base);
  GtkWidget *drop_down;

  self->item = item;
  self->changed = changed;
  self->user_data = user_data;
  self->row = adw_action_row_new ();
  self->icon = GTK_IMAGE (icon);
  gtk_accessible_update_state (GTK_ACCESSIBLE (icon), GTK_ACCESSIBLE_STATE_HIDDEN, TRUE, -1);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self->row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->row), title);
  adw_action_row_add_prefix (ADW_ACTION_ROW (self->row), icon);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self->row), FALSE);
  g_object_set_data_full (G_OBJECT (self->row), "kvmm-choice", self, g_free);
  drop_down = create_drop_down (self, title);
  if (drop_down != NULL)
    adw_action_row_add_suffix (ADW_ACTION_ROW (self->row), drop_down);
  show (self);
  return self->row;
}

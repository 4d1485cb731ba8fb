/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-disc-buttons.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"
#include "kvmm-disc-flow.h"
#include "kvmm-disc-window.h"
#include "xml/kvmm-xml-media.h"

struct _KvmmDiscButtons
{
  GtkBox parent_instance;

  KvmmDomain *domain; /* (owned) (nullable) */
  char *target;       /* (owned) (nullable): of the drive */

  GtkWidget *insert_button;
  GtkWidget *eject_button;
};

G_DEFINE_FINAL_TYPE (KvmmDiscButtons, kvmm_disc_buttons, GTK_TYPE_BOX)

static void
insert_cb (KvmmDiscButtons *self)
{
  if (self->domain != NULL && self->target != NULL)
    kvmm_disc_window_present (GTK_WIDGET (self), self->domain, self->target);
}

static void
ejected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KvmmDiscButtons) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KvmmMediumChange) change = kvmm_disc_flow_finish (result, &error);

  gtk_widget_set_sensitive (self->eject_button, TRUE);
  if (gtk_widget_get_root (GTK_WIDGET (self)) == NULL)
    return;
  if (change != NULL)
    kvmm_dialogs_toast (GTK_WIDGET (self), _ ("The drive is empty"));
  else
    kvmm_dialogs_error (GTK_WIDGET (self), _ ("The drive could not be emptied"), error);
}

static void
eject_cb (KvmmDiscButtons *self)
{
  if (self->domain == NULL || self->target == NULL)
    return;
  gtk_widget_set_sensitive (self->eject_button, FALSE);
  kvmm_disc_flow_async (GTK_WIDGET (self), self->domain, self->target, NULL, ejected_cb,
                        g_object_ref (self));
}

static void
kvmm_disc_buttons_dispose (GObject *object)
{
  KvmmDiscButtons *self = KVMM_DISC_BUTTONS (object);

  g_clear_object (&self->domain);
  g_clear_pointer (&self->target, g_free);
  G_OBJECT_CLASS (kvmm_disc_buttons_parent_class)->dispose (object);
}

static void
kvmm_disc_buttons_class_init (KvmmDiscButtonsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kvmm_disc_buttons_dispose;
}

static GtkWidget *
append (KvmmDiscButtons *self, const char *label, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (label);

  g_signal_connect_object (button, "clicked", clicked, self, G_CONNECT_SWAPPED);
  gtk_box_append (GTK_BOX (self), button);
  return button;
}

static void
kvmm_disc_buttons_init (KvmmDiscButtons *self)
{
  gtk_box_set_spacing (GTK_BOX (self), 6);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  self->insert_button = append (self, _ ("_Insert…"), G_CALLBACK (insert_cb));
  self->eject_button = append (self, _ ("E_ject"), G_CALLBACK (eject_cb));
}

void
kvmm_disc_buttons_set_device (KvmmDiscButtons *self,
                              KvmmDomain *domain,
                              const KvmmXmlDevice *device)
{
  g_autoptr (KvmmXmlCdrom) drive = NULL;

  g_return_if_fail (KVMM_IS_DISC_BUTTONS (self) && KVMM_IS_DOMAIN (domain) && device != NULL);

  if (g_str_equal (device->kind, "disk"))
    drive = kvmm_xml_drive_parse (device->xml);
  g_set_object (&self->domain, domain);
  g_free (self->target);
  self->target = drive != NULL ? g_strdup (drive->target) : NULL;
  gtk_widget_set_visible (GTK_WIDGET (self), drive != NULL);
  if (drive == NULL)
    return;
  gtk_button_set_label (GTK_BUTTON (self->insert_button),
                        drive->is_floppy ? _ ("_Insert Floppy…") : _ ("_Insert Disc…"));
  gtk_widget_set_visible (self->eject_button, !drive->is_empty);
}

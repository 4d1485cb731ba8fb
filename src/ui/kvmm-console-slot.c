/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-console-slot.h"

#include <glib/gi18n.h>

#include "kvmm-console-window.h"

struct _KvmmConsoleSlot
{
  AdwBin parent_instance;

  KvmmSettings *settings; /* (owned) */
  KvmmDomain *domain;     /* (owned) */
  gboolean wants_focus;   /* somebody gave it the keyboard before it was filled */
  KvmmConsolePage *away;  /* (weak) (nullable): the consoles, while they stand elsewhere */
};

G_DEFINE_FINAL_TYPE (KvmmConsoleSlot, kvmm_console_slot, ADW_TYPE_BIN)

static void fill (KvmmConsoleSlot *self, gboolean may_detach);

/* Returns: (transfer none) (nullable) */
static GtkApplication *
get_application (KvmmConsoleSlot *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  return GTK_IS_WINDOW (root) ? gtk_window_get_application (GTK_WINDOW (root)) : NULL;
}

/* Its window was closed: the consoles come up here again when somebody looks. */
static void
away_gone_cb (gpointer data, GObject *where)
{
  KvmmConsoleSlot *self = data;

  self->away = NULL;
  adw_bin_set_child (ADW_BIN (self), NULL);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    fill (self, FALSE);
}

static void
set_away (KvmmConsoleSlot *self, KvmmConsolePage *page)
{
  if (self->away != NULL)
    g_object_weak_unref (G_OBJECT (self->away), away_gone_cb, self);
  self->away = page;
  if (page != NULL)
    g_object_weak_ref (G_OBJECT (page), away_gone_cb, self);
}

static void
show_cb (KvmmConsoleSlot *self)
{
  if (self->away != NULL)
    kvmm_console_window_show (self->away);
}

static void
back_cb (KvmmConsoleSlot *self)
{
  if (self->away != NULL)
    kvmm_console_window_give_back (self->away);
}

static GtkWidget *
create_button (KvmmConsoleSlot *self, const char *label, GCallback callback, const char *css_class)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (label);

  gtk_widget_set_halign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "pill");
  if (css_class != NULL)
    gtk_widget_add_css_class (button, css_class);
  g_signal_connect_object (button, "clicked", callback, self, G_CONNECT_SWAPPED);
  return button;
}

static void
show_away (KvmmConsoleSlot *self, KvmmConsolePage *page)
{
  GtkWidget *status = adw_status_page_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);

  set_away (self, page);
  adw_status_page_set_icon_name (ADW_STATUS_PAGE (status), "window-new-symbolic");
  adw_status_page_set_title (ADW_STATUS_PAGE (status), _ ("In a Window of Its Own"));
  gtk_box_append (GTK_BOX (box),
                  create_button (self, _ ("_Show It"), G_CALLBACK (show_cb), "suggested-action"));
  gtk_box_append (GTK_BOX (box),
                  create_button (self, _ ("_Bring It Back"), G_CALLBACK (back_cb), NULL));
  adw_status_page_set_child (ADW_STATUS_PAGE (status), box);
  adw_bin_set_child (ADW_BIN (self), status);
}

static void
detach_cb (KvmmConsoleSlot *self)
{
  g_autoptr (KvmmConsolePage) page = g_object_ref (kvmm_console_slot_get_page (self));
  GtkApplication *application = get_application (self);
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  if (application == NULL)
    return;
  if (gtk_window_is_fullscreen (GTK_WINDOW (root)))
    gtk_window_unfullscreen (GTK_WINDOW (root));
  g_signal_handlers_disconnect_by_func (page, detach_cb, self);
  show_away (self, page);
  kvmm_console_window_take (application, self->settings, page);
}

static void
fill (KvmmConsoleSlot *self, gboolean may_detach)
{
  GtkApplication *application = get_application (self);
  g_autofree char *placement = g_settings_get_string (kvmm_settings_get_gsettings (self->settings),
                                                      KVMM_SETTINGS_CONSOLE_PLACEMENT);
  KvmmConsolePage *away =
      application != NULL ? kvmm_console_window_find (application, self->domain) : NULL;

  if (adw_bin_get_child (ADW_BIN (self)) != NULL)
    return;
  if (away != NULL)
    {
      show_away (self, away);
      return;
    }
  kvmm_console_slot_take (self,
                          KVMM_CONSOLE_PAGE (kvmm_console_page_new (self->settings, self->domain)));
  if (may_detach && application != NULL && !g_str_equal (placement, "page"))
    detach_cb (self);
}

static void
kvmm_console_slot_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kvmm_console_slot_parent_class)->map (widget);
  fill (KVMM_CONSOLE_SLOT (widget), TRUE);
  if (KVMM_CONSOLE_SLOT (widget)->wants_focus)
    gtk_widget_grab_focus (widget);
}

static gboolean
kvmm_console_slot_grab_focus (GtkWidget *widget)
{
  GtkWidget *child = adw_bin_get_child (ADW_BIN (widget));

  KVMM_CONSOLE_SLOT (widget)->wants_focus = child == NULL;
  return child != NULL && gtk_widget_grab_focus (child);
}

static void
kvmm_console_slot_dispose (GObject *object)
{
  KvmmConsoleSlot *self = KVMM_CONSOLE_SLOT (object);

  set_away (self, NULL);
  g_clear_object (&self->domain);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (kvmm_console_slot_parent_class)->dispose (object);
}

static void
kvmm_console_slot_class_init (KvmmConsoleSlotClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_console_slot_dispose;
  widget_class->map = kvmm_console_slot_map;
  widget_class->grab_focus = kvmm_console_slot_grab_focus;
}

static void
kvmm_console_slot_init (KvmmConsoleSlot *self)
{
}

GtkWidget *
kvmm_console_slot_new (KvmmSettings *settings, KvmmDomain *domain)
{
  KvmmConsoleSlot *self = g_object_new (KVMM_TYPE_CONSOLE_SLOT, NULL);

  self->settings = g_object_ref (settings);
  self->domain = g_object_ref (domain);
  return GTK_WIDGET (self);
}

KvmmConsolePage *
kvmm_console_slot_get_page (KvmmConsoleSlot *self)
{
  g_return_val_if_fail (KVMM_IS_CONSOLE_SLOT (self), NULL);

  GtkWidget *child = adw_bin_get_child (ADW_BIN (self));
  return child != NULL && KVMM_IS_CONSOLE_PAGE (child) ? KVMM_CONSOLE_PAGE (child) : NULL;
}

void
kvmm_console_slot_take (KvmmConsoleSlot *self, KvmmConsolePage *page)
{
  g_return_if_fail (KVMM_IS_CONSOLE_SLOT (self));
  g_return_if_fail (KVMM_IS_CONSOLE_PAGE (page));

  set_away (self, NULL);
  g_signal_connect_object (page, "detach", G_CALLBACK (detach_cb), self, G_CONNECT_SWAPPED);
  adw_bin_set_child (ADW_BIN (self), GTK_WIDGET (page));
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-interface-row.h"

#include <glib/gi18n.h>

#include "util/kvmm-units.h"

struct _KvmmInterfaceRow
{
  GtkListBoxRow parent_instance;

  KvmmGuestItem *item; /* (owned) */
  GtkLabel *name_label;
  GtkLabel *detail_label;
  GtkLabel *traffic_label;
  GtkLabel *addresses_label;
};

G_DEFINE_FINAL_TYPE (KvmmInterfaceRow, kvmm_interface_row, GTK_TYPE_LIST_BOX_ROW)

static char *
describe_details (const KvmmGuestInterface *interface)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  g_autofree char *mtu = NULL;

  if (interface->state != NULL && *interface->state != '\0')
    g_ptr_array_add (parts, interface->state);
  if (interface->kind != NULL && *interface->kind != '\0')
    g_ptr_array_add (parts, interface->kind);
  if (interface->mac != NULL && *interface->mac != '\0')
    g_ptr_array_add (parts, interface->mac);
  if (interface->mtu > 0)
    {
      mtu = g_strdup_printf (_ ("MTU %u"), interface->mtu);
      g_ptr_array_add (parts, mtu);
    }
  g_ptr_array_add (parts, NULL);
  return g_strjoinv (" · ", (char **) parts->pdata);
}

static char *
describe_addresses (const KvmmGuestInterface *interface)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < interface->addresses->len; i++)
    {
      const KvmmGuestAddress *address = interface->addresses->pdata[i];

      if (i > 0)
        g_string_append_c (text, '\n');
      g_string_append_printf (text, "%s/%u", address->ip, address->prefix);
      if (address->is_dynamic)
        g_string_append_printf (text, " (%s)", _ ("dynamic"));
    }
  if (text->len == 0)
    g_string_append (text, _ ("No address"));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
changed_cb (KvmmInterfaceRow *self)
{
  const KvmmGuestInterface *interface = kvmm_guest_item_get_interface (self->item);

  if (interface == NULL)
    return;

  g_autofree char *details = describe_details (interface);
  g_autofree char *addresses = describe_addresses (interface);
  g_autofree char *received = kvmm_units_bytes (interface->rx_bytes);
  g_autofree char *sent = kvmm_units_bytes (interface->tx_bytes);
  g_autofree char *traffic = g_strdup_printf (_ ("%s received, %s sent"), received, sent);
  g_autofree char *name = g_strdup_printf ("%s: %s, %s", interface->name, addresses, details);

  gtk_label_set_text (self->name_label, interface->name);
  gtk_label_set_text (self->detail_label, details);
  gtk_label_set_text (self->traffic_label, traffic);
  gtk_widget_set_visible (GTK_WIDGET (self->traffic_label),
                          interface->rx_bytes > 0 || interface->tx_bytes > 0);
  gtk_label_set_text (self->addresses_label, addresses);
  g_strdelimit (name, "\n", ' ');
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
kvmm_interface_row_dispose (GObject *object)
{
  KvmmInterfaceRow *self = KVMM_INTERFACE_ROW (object);

  g_clear_object (&self->item);
  G_OBJECT_CLASS (kvmm_interface_row_parent_class)->dispose (object);
}

static void
kvmm_interface_row_class_init (KvmmInterfaceRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kvmm_interface_row_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-interface-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmInterfaceRow, name_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmInterfaceRow, detail_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmInterfaceRow, traffic_label);
  gtk_widget_class_bind_template_child (widget_class, KvmmInterfaceRow, addresses_label);
}

static void
kvmm_interface_row_init (KvmmInterfaceRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_interface_row_new (KvmmGuestItem *item)
{
  KvmmInterfaceRow *self = g_object_new (KVMM_TYPE_INTERFACE_ROW, NULL);

  self->item = g_object_ref (item);
  g_signal_connect_object (item, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  changed_cb (self);
  return GTK_WIDGET (self);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-fact-row.h"

#include <glib/gi18n.h>

#include "kvmm-dialogs.h"

struct _KvmmFactRow
{
  GtkListBoxRow parent_instance;

  char *title; /* (owned) (nullable) */
  char *value; /* (owned) (nullable) */
  gboolean copyable;
  GtkWidget *copy_button; /* (unowned) */
};

G_DEFINE_FINAL_TYPE (KvmmFactRow, kvmm_fact_row, GTK_TYPE_LIST_BOX_ROW)

typedef enum
{
  PROP_TITLE = 1,
  PROP_VALUE,
  PROP_COPYABLE,
} KvmmFactRowProp;

static GParamSpec *properties[PROP_COPYABLE + 1];

static void
copy_cb (KvmmFactRow *self)
{
  if (self->value != NULL)
    kvmm_dialogs_copy (GTK_WIDGET (self), self->value);
}

static void
update_accessible (KvmmFactRow *self)
{
  g_autofree char *name = g_strdup_printf ("%s: %s", self->title != NULL ? self->title : "",
                                           self->value != NULL ? self->value : "");
  /* Translators: a button that copies; the value follows, as in "Copy 192.0.2.1" */
  g_autofree char *copy = g_strdup_printf (_ ("Copy %s"), self->value != NULL ? self->value : "");

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->copy_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  copy, -1);
}

static void
kvmm_fact_row_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmFactRow *self = KVMM_FACT_ROW (object);

  switch ((KvmmFactRowProp) id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_VALUE:
      g_value_set_string (value, self->value);
      break;
    case PROP_COPYABLE:
      g_value_set_boolean (value, self->copyable);
      break;
    }
}

static void
kvmm_fact_row_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmFactRow *self = KVMM_FACT_ROW (object);

  switch ((KvmmFactRowProp) id)
    {
    case PROP_TITLE:
      kvmm_fact_row_set_title (self, g_value_get_string (value));
      break;
    case PROP_VALUE:
      kvmm_fact_row_set_value (self, g_value_get_string (value));
      break;
    case PROP_COPYABLE:
      if (self->copyable == g_value_get_boolean (value))
        break;
      self->copyable = g_value_get_boolean (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    }
}

static void
kvmm_fact_row_finalize (GObject *object)
{
  KvmmFactRow *self = KVMM_FACT_ROW (object);

  g_free (self->title);
  g_free (self->value);
  G_OBJECT_CLASS (kvmm_fact_row_parent_class)->finalize (object);
}

static void
kvmm_fact_row_class_init (KvmmFactRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = kvmm_fact_row_get_property;
  object_class->set_property = kvmm_fact_row_set_property;
  object_class->finalize = kvmm_fact_row_finalize;

  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_VALUE] = g_param_spec_string ("value", NULL, NULL, NULL, flags);
  properties[PROP_COPYABLE] = g_param_spec_boolean ("copyable", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-fact-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmFactRow, copy_button);
  gtk_widget_class_bind_template_callback (widget_class, copy_cb);
}

static void
kvmm_fact_row_init (KvmmFactRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kvmm_fact_row_new (const char *title, const char *value)
{
  return g_object_new (KVMM_TYPE_FACT_ROW, "title", title, "value", value, NULL);
}

void
kvmm_fact_row_set_title (KvmmFactRow *self, const char *title)
{
  g_return_if_fail (KVMM_IS_FACT_ROW (self));

  if (g_strcmp0 (self->title, title) == 0)
    return;
  g_free (self->title);
  self->title = g_strdup (title);
  update_accessible (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE]);
}

void
kvmm_fact_row_set_value (KvmmFactRow *self, const char *value)
{
  kvmm_fact_row_take_value (self, g_strdup (value));
}

void
kvmm_fact_row_take_value (KvmmFactRow *self, char *value)
{
  g_return_if_fail (KVMM_IS_FACT_ROW (self));

  if (g_strcmp0 (self->value, value) == 0)
    {
      g_free (value);
      return;
    }
  g_free (self->value);
  self->value = value;
  update_accessible (self);
  gtk_widget_set_visible (GTK_WIDGET (self), value != NULL && *value != '\0');
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VALUE]);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-graph-card.h"

struct _KvmmGraphCard
{
  GtkWidget parent_instance;

  char *title;      /* (owned) (nullable) */
  char *value;      /* (owned) (nullable) */
  KvmmGraph *graph; /* (unowned) */
};

G_DEFINE_FINAL_TYPE (KvmmGraphCard, kvmm_graph_card, GTK_TYPE_WIDGET)

typedef enum
{
  PROP_TITLE = 1,
  PROP_VALUE,
} KvmmGraphCardProp;

static GParamSpec *properties[PROP_VALUE + 1];

static void
kvmm_graph_card_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmGraphCard *self = KVMM_GRAPH_CARD (object);

  switch ((KvmmGraphCardProp) id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_VALUE:
      g_value_set_string (value, self->value);
      break;
    }
}

static void
kvmm_graph_card_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  KvmmGraphCard *self = KVMM_GRAPH_CARD (object);

  switch ((KvmmGraphCardProp) id)
    {
    case PROP_TITLE:
      if (g_strcmp0 (self->title, g_value_get_string (value)) == 0)
        break;
      g_free (self->title);
      self->title = g_value_dup_string (value);
      g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_VALUE:
      kvmm_graph_card_take_value (self, g_value_dup_string (value));
      break;
    }
}

static void
kvmm_graph_card_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (kvmm_graph_card_parent_class)->dispose (object);
}

static void
kvmm_graph_card_finalize (GObject *object)
{
  KvmmGraphCard *self = KVMM_GRAPH_CARD (object);

  g_free (self->title);
  g_free (self->value);
  G_OBJECT_CLASS (kvmm_graph_card_parent_class)->finalize (object);
}

static void
kvmm_graph_card_class_init (KvmmGraphCardClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = kvmm_graph_card_get_property;
  object_class->set_property = kvmm_graph_card_set_property;
  object_class->dispose = kvmm_graph_card_dispose;
  object_class->finalize = kvmm_graph_card_finalize;

  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_VALUE] = g_param_spec_string ("value", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  g_type_ensure (KVMM_TYPE_GRAPH);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kvmmanager/KvmManager/ui/kvmm-graph-card.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmGraphCard, graph);
}

static void
kvmm_graph_card_init (KvmmGraphCard *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

KvmmGraph *
kvmm_graph_card_get_graph (KvmmGraphCard *self)
{
  g_return_val_if_fail (KVMM_IS_GRAPH_CARD (self), NULL);
  return self->graph;
}

void
kvmm_graph_card_take_value (KvmmGraphCard *self, char *value)
{
  g_return_if_fail (KVMM_IS_GRAPH_CARD (self));

  if (g_strcmp0 (self->value, value) == 0)
    {
      g_free (value);
      return;
    }
  g_free (self->value);
  self->value = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VALUE]);
}

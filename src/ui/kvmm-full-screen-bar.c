/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "kvmm-full-screen-bar.h"

/* Where the pointer calls for the bar, in pixels from the upper edge. */
#define EDGE 2

struct _KvmmFullScreenBar
{
  AdwBin parent_instance;

  gboolean is_active;
  gboolean is_inside; /* the pointer is over the bar */
  guint hide_id;

  GtkOverlay *overlay;
  GtkRevealer *revealer;
  GtkLabel *title;
  GtkLabel *hint;
  GtkMenuButton *keys_button;
};

G_DEFINE_FINAL_TYPE (KvmmFullScreenBar, kvmm_full_screen_bar, ADW_TYPE_BIN)

typedef enum
{
  PROP_CONTENT = 1,
} KvmmFullScreenBarProp;

static GParamSpec *properties[PROP_CONTENT + 1];

static gboolean
hide_cb (gpointer user_data)
{
  KvmmFullScreenBar *self = user_data;
  GtkPopover *menu = gtk_menu_button_get_popover (self->keys_button);

  if (self->is_inside || (menu != NULL && gtk_widget_get_visible (GTK_WIDGET (menu))))
    return G_SOURCE_CONTINUE;
  self->hide_id = 0;
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
  return G_SOURCE_REMOVE;
}

static void
show (KvmmFullScreenBar *self, guint for_ms)
{
  gtk_widget_set_visible (GTK_WIDGET (self->revealer), TRUE);
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
  g_clear_handle_id (&self->hide_id, g_source_remove);
  self->hide_id = g_timeout_add (for_ms, hide_cb, self);
}

static void
moved_cb (GtkEventControllerMotion *controller, double x, double y, KvmmFullScreenBar *self)
{
  if (self->is_active && y <= EDGE)
    show (self, KVMM_FULL_SCREEN_BAR_LATER_MS);
}

static void
entered_cb (KvmmFullScreenBar *self)
{
  self->is_inside = TRUE;
}

static void
left_cb (KvmmFullScreenBar *self)
{
  self->is_inside = FALSE;
  if (self->is_active && gtk_revealer_get_reveal_child (self->revealer))
    show (self, KVMM_FULL_SCREEN_BAR_LATER_MS);
}

/* An invisible bar takes no click. */
static void
revealed_cb (KvmmFullScreenBar *self)
{
  if (!gtk_revealer_get_child_revealed (self->revealer) &&
      !gtk_revealer_get_reveal_child (self->revealer))
    gtk_widget_set_visible (GTK_WIDGET (self->revealer), FALSE);
}

static void
kvmm_full_screen_bar_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  KvmmFullScreenBar *self = KVMM_FULL_SCREEN_BAR (object);

  switch ((KvmmFullScreenBarProp) id)
    {
    case PROP_CONTENT:
      g_value_set_object (value, gtk_overlay_get_child (self->overlay));
      break;
    }
}

static void
kvmm_full_screen_bar_set_property (GObject *object,
                                   guint id,
                                   const GValue *value,
                                   GParamSpec *pspec)
{
  KvmmFullScreenBar *self = KVMM_FULL_SCREEN_BAR (object);

  switch ((KvmmFullScreenBarProp) id)
    {
    case PROP_CONTENT:
      gtk_overlay_set_child (self->overlay, g_value_get_object (value));
      break;
    }
}

static void
kvmm_full_screen_bar_dispose (GObject *object)
{
  KvmmFullScreenBar *self = KVMM_FULL_SCREEN_BAR (object);

  g_clear_handle_id (&self->hide_id, g_source_remove);
  G_OBJECT_CLASS (kvmm_full_screen_bar_parent_class)->dispose (object);
}

static void
kvmm_full_screen_bar_class_init (KvmmFullScreenBarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kvmm_full_screen_bar_get_property;
  object_class->set_property = kvmm_full_screen_bar_set_property;
  object_class->dispose = kvmm_full_screen_bar_dispose;
  properties[PROP_CONTENT] =
      g_param_spec_object ("content", NULL, NULL, GTK_TYPE_WIDGET,
                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/ui/kvmm-full-screen-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmFullScreenBar, overlay);
  gtk_widget_class_bind_template_child (widget_class, KvmmFullScreenBar, revealer);
  gtk_widget_class_bind_template_child (widget_class, KvmmFullScreenBar, title);
  gtk_widget_class_bind_template_child (widget_class, KvmmFullScreenBar, hint);
  gtk_widget_class_bind_template_child (widget_class, KvmmFullScreenBar, keys_button);
  gtk_widget_class_bind_template_callback (widget_class, entered_cb);
  gtk_widget_class_bind_template_callback (widget_class, left_cb);
  gtk_widget_class_bind_template_callback (widget_class, revealed_cb);
}

static void
kvmm_full_screen_bar_init (KvmmFullScreenBar *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  /* On its way down: the guest's screen takes every movement. */
  gtk_event_controller_set_propagation_phase (motion, GTK_PHASE_CAPTURE);
  g_signal_connect_object (motion, "motion", G_CALLBACK (moved_cb), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
}

void
kvmm_full_screen_bar_set_is_active (KvmmFullScreenBar *self, gboolean is_active)
{
  g_return_if_fail (KVMM_IS_FULL_SCREEN_BAR (self));

  if (self->is_active == is_active)
    return;
  self->is_active = is_active;
  if (is_active)
    {
      show (self, KVMM_FULL_SCREEN_BAR_FIRST_MS);
      return;
    }
  g_clear_handle_id (&self->hide_id, g_source_remove);
  self->is_inside = FALSE;
  gtk_revealer_set_reveal_child (self->revealer, FALSE);
  gtk_widget_set_visible (GTK_WIDGET (self->revealer), FALSE);
}

void
kvmm_full_screen_bar_set_title (KvmmFullScreenBar *self, const char *title)
{
  g_return_if_fail (KVMM_IS_FULL_SCREEN_BAR (self));
  gtk_label_set_text (self->title, title);
}

void
kvmm_full_screen_bar_set_hint (KvmmFullScreenBar *self, const char *hint)
{
  g_return_if_fail (KVMM_IS_FULL_SCREEN_BAR (self));
  gtk_label_set_text (self->hint, hint);
  gtk_widget_set_visible (GTK_WIDGET (self->hint), *hint != '\0');
}

void
kvmm_full_screen_bar_set_keys_menu (KvmmFullScreenBar *self, GMenuModel *menu)
{
  g_return_if_fail (KVMM_IS_FULL_SCREEN_BAR (self));
  gtk_menu_button_set_menu_model (self->keys_button, menu);
}

gboolean
kvmm_full_screen_bar_get_is_shown (KvmmFullScreenBar *self)
{
  g_return_val_if_fail (KVMM_IS_FULL_SCREEN_BAR (self), FALSE);
  return gtk_revealer_get_reveal_child (self->revealer);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-terminal-search.h"

struct _KvmmTerminalSearch
{
  AdwBin parent_instance;

  KvmmTerminal *terminal; /* (unowned): beside us in one template */

  GtkSearchBar *search_bar;
  GtkEditable *search_entry;
};

typedef enum
{
  PROP_TERMINAL = 1,
} KvmmTerminalSearchProp;

static GParamSpec *properties[PROP_TERMINAL + 1];

G_DEFINE_FINAL_TYPE (KvmmTerminalSearch, kvmm_terminal_search, ADW_TYPE_BIN)

static void
find (KvmmTerminalSearch *self, gboolean is_down)
{
  const char *text = gtk_editable_get_text (self->search_entry);
  gboolean is_found = kvmm_terminal_find (self->terminal, text, is_down);

  if (!is_found && text[0] != '\0')
    gtk_widget_add_css_class (GTK_WIDGET (self->search_entry), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->search_entry), "error");
}

static void
find_up_cb (KvmmTerminalSearch *self)
{
  find (self, FALSE);
}

static void
find_down_cb (KvmmTerminalSearch *self)
{
  find (self, TRUE);
}

/* Escape gives the keyboard back to the terminal. */
static void
mode_changed_cb (KvmmTerminalSearch *self)
{
  if (self->terminal != NULL && !gtk_search_bar_get_search_mode (self->search_bar))
    gtk_widget_grab_focus (GTK_WIDGET (self->terminal));
}

static void
kvmm_terminal_search_set_property (GObject *object,
                                   guint id,
                                   const GValue *value,
                                   GParamSpec *pspec)
{
  KvmmTerminalSearch *self = KVMM_TERMINAL_SEARCH (object);

  switch ((KvmmTerminalSearchProp) id)
    {
    case PROP_TERMINAL:
      g_set_weak_pointer (&self->terminal, g_value_get_object (value));
      break;
    }
}

static void
kvmm_terminal_search_dispose (GObject *object)
{
  KvmmTerminalSearch *self = KVMM_TERMINAL_SEARCH (object);

  g_clear_weak_pointer (&self->terminal);
  G_OBJECT_CLASS (kvmm_terminal_search_parent_class)->dispose (object);
}

static void
kvmm_terminal_search_class_init (KvmmTerminalSearchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->set_property = kvmm_terminal_search_set_property;
  object_class->dispose = kvmm_terminal_search_dispose;
  properties[PROP_TERMINAL] =
      g_param_spec_object ("terminal", NULL, NULL, KVMM_TYPE_TERMINAL,
                           G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/kvmmanager/KvmManager/console/kvmm-terminal-search.ui");
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalSearch, search_bar);
  gtk_widget_class_bind_template_child (widget_class, KvmmTerminalSearch, search_entry);
  gtk_widget_class_bind_template_callback (widget_class, find_up_cb);
  gtk_widget_class_bind_template_callback (widget_class, find_down_cb);
  gtk_widget_class_bind_template_callback (widget_class, mode_changed_cb);
}

static void
kvmm_terminal_search_init (KvmmTerminalSearch *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_search_bar_connect_entry (self->search_bar, self->search_entry);
}

void
kvmm_terminal_search_start (KvmmTerminalSearch *self)
{
  g_return_if_fail (KVMM_IS_TERMINAL_SEARCH (self));

  gtk_search_bar_set_search_mode (self->search_bar, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

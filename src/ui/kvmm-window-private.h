/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include "kvmm-list-status.h"
#include "kvmm-machine-list.h"
#include "kvmm-selection-bar.h"
#include "kvmm-sidebar.h"
#include "kvmm-window.h"

G_BEGIN_DECLS

/* Between the files of the main window only. */

struct _KvmmWindow
{
  AdwApplicationWindow parent_instance;

  KvmmSettings *settings;          /* (owned) */
  KvmmConnectionList *connections; /* (owned) */
  GPtrArray *held; /* (owned) (element-type KvmmConnection): whose statistics run for us */
  GtkWidget *menu; /* (unowned) (nullable): the context menu, child of the list */
  guint update_id; /* tick callback */
  gboolean is_minimized;
  gboolean was_focused; /* the list had the focus once */

  AdwWindowTitle *title;
  GtkMenuButton *menu_button;
  GtkWidget *add_button;
  GtkToggleButton *sidebar_button;
  GtkToggleButton *search_button;
  GtkToggleButton *grid_button;
  AdwFlap *flap;
  KvmmSidebar *sidebar;
  GtkSearchBar *search_bar;
  GtkSearchEntry *search_entry;
  GtkBox *bars;
  GtkStack *stack;
  KvmmMachineList *list;
  KvmmListStatus *status;
  KvmmSelectionBar *selection_bar;
  GMenu *columns_menu;
  GMenu *sort_menu;
  GMenuModel *primary_menu;
};

/** kvmm_window_install_actions: "vm.*" and "win.*" and their keys */
void kvmm_window_install_actions (GtkWidgetClass *widget_class);
/** kvmm_window_open_domain: shows the machine in its own window */
void kvmm_window_open_domain (KvmmWindow *self, KvmmDomain *domain);

/** kvmm_window_update_page: the list, or why it is empty */
void kvmm_window_update_page (KvmmWindow *self);

G_END_DECLS

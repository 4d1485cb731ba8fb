/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The program's settings: the only file that names keys of the schema org.kvmmanager.KvmManager.
 * Main thread only. Created by the application and passed down; there is no global. Properties of
 * the same names notify when the key changes anywhere. */

#define KVMM_TYPE_SETTINGS (kvmm_settings_get_type ())
G_DECLARE_FINAL_TYPE (KvmmSettings, kvmm_settings, KVMM, SETTINGS, GObject)

/**
 * kvmm_settings_new:
 *
 * Returns: (transfer full): the settings, or %NULL with G_IO_ERROR_NOT_FOUND when the schema is not
 * installed (GSettings itself would abort); the message says where it was looked for
 */
KvmmSettings *kvmm_settings_new (GError **error);

/** kvmm_settings_get_gsettings: Returns: (transfer none): for g_settings_bind() of widgets; use the
 * KVMM_SETTINGS_* names below */
GSettings *kvmm_settings_get_gsettings (KvmmSettings *self);

/* key                                   type  default */
#define KVMM_SETTINGS_CONNECTIONS "connections"       /* as   ['qemu:///system'] */
#define KVMM_SETTINGS_AUTOCONNECT "autoconnect"       /* as   ['qemu:///system'] */
#define KVMM_SETTINGS_STATS_INTERVAL "stats-interval" /* u    2 (seconds, 1 to 60) */
#define KVMM_SETTINGS_AGENT_ISO_PATH "agent-iso-path" /* s    '' (automatic) */
#define KVMM_SETTINGS_AGENT_ISO_POOL "agent-iso-pool" /* s    'default' */
#define KVMM_SETTINGS_AGENT_ISO_SEARCH_PATHS "agent-iso-search-paths" /* as   see the schema */
#define KVMM_SETTINGS_CONFIRM_FORCE_OFF "confirm-destructive"         /* b    true */
#define KVMM_SETTINGS_COLOR_SCHEME "color-scheme"         /* s    'default' | 'light' | 'dark' */
#define KVMM_SETTINGS_WINDOW_SIZE "window-size"           /* (ii) */
#define KVMM_SETTINGS_WINDOW_MAXIMIZED "window-maximized" /* b */
#define KVMM_SETTINGS_MACHINE_WINDOW_SIZE "machine-window-size" /* (ii) */
#define KVMM_SETTINGS_MACHINE_WINDOW_PAGE "machine-window-page" /* s    'console' */
#define KVMM_SETTINGS_VISIBLE_COLUMNS "visible-columns"         /* as   column ids in order */
#define KVMM_SETTINGS_COLUMN_WIDTHS "column-widths"             /* a{si} */
#define KVMM_SETTINGS_SORT_COLUMN "sort-column"                 /* s    'name' */
#define KVMM_SETTINGS_SORT_DESCENDING "sort-descending"         /* b    false */
#define KVMM_SETTINGS_SIDEBAR_SELECTION "sidebar-selection"     /* s    'all' */
#define KVMM_SETTINGS_GUEST_CONTROL "guest-control"             /* a{sas} URI → UUIDs */
#define KVMM_SETTINGS_MACHINES_VIEW "machines-view"             /* s    'list' | 'grid' */
#define KVMM_SETTINGS_SERIAL_COLORS "serial-colors"         /* s    'style' … see the schema */
#define KVMM_SETTINGS_SERIAL_SCROLLBACK "serial-scrollback" /* u    lines, 0 to 1000000 */
#define KVMM_SETTINGS_CONSOLE_PLACEMENT "console-placement" /* s 'page' | 'tabs' | 'windows' */
#define KVMM_SETTINGS_CONSOLE_RELEASE_KEYS "console-release-keys" /* s    'Control_L+Alt_L' */
#define KVMM_SETTINGS_CONSOLE_HOST_KEYS "console-host-keys"       /* as   [] */

/* keys of one machine, see kvmm_settings_open_machine() */
#define KVMM_SETTINGS_MACHINE_SCALING "console-scaling" /* s 'fit' | 'never' | 'one-to-one' */
#define KVMM_SETTINGS_MACHINE_RESIZE_GUEST "console-resize-guest" /* b    true */
#define KVMM_SETTINGS_MACHINE_AUDIO "console-audio"               /* b    false */
#define KVMM_SETTINGS_MACHINE_CLIPBOARD "console-clipboard"       /* b    true */
#define KVMM_SETTINGS_MACHINE_KEYMAP "console-keymap"             /* s    '' (this computer's) */
#define KVMM_SETTINGS_MACHINE_KEYS "console-keys"                 /* as   shortcuts, latest first */
#define KVMM_SETTINGS_MACHINE_LAST_CONSOLE "console-last"         /* s    '' */

/** kvmm_settings_open_machine: @uuid: of the machine. Returns: (transfer full): what is set for
 * this machine, whichever way it is reached */
GSettings *kvmm_settings_open_machine (KvmmSettings *self, const char *uuid);

char **kvmm_settings_dup_connections (KvmmSettings *self);
void kvmm_settings_add_connection (KvmmSettings *self, const char *uri, gboolean autoconnect);
void kvmm_settings_remove_connection (KvmmSettings *self, const char *uri);
gboolean kvmm_settings_get_autoconnect (KvmmSettings *self, const char *uri);
void kvmm_settings_set_autoconnect (KvmmSettings *self, const char *uri, gboolean autoconnect);
guint kvmm_settings_get_stats_interval (KvmmSettings *self); /* seconds, 1 to 60 */
char *kvmm_settings_dup_agent_iso_path (KvmmSettings *self); /* "" is automatic */
char *kvmm_settings_dup_agent_iso_pool (KvmmSettings *self); /* never "" */
char **kvmm_settings_dup_agent_iso_search_paths (KvmmSettings *self);

/* Signal "guest-control-changed": for some machine, the answer of the next function changed. */

/** kvmm_settings_get_guest_control: Returns: whether commands, terminals and files of this machine
 * are allowed on this side; %FALSE until somebody said so */
gboolean kvmm_settings_get_guest_control (KvmmSettings *self, const char *uri, const char *uuid);
/**
 * kvmm_settings_set_guest_control_async:
 * @uri: of the connection
 * @uuid: of the machine
 *
 * Several programs may do so at once for different machines: none loses what another stored.
 * Completes when it is on the disk. Cancelling detaches.
 */
void kvmm_settings_set_guest_control_async (KvmmSettings *self,
                                            const char *uri,
                                            const char *uuid,
                                            gboolean allowed,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
/** Returns: %FALSE with G_IO_ERROR when it could not be stored */
gboolean
kvmm_settings_set_guest_control_finish (KvmmSettings *self, GAsyncResult *result, GError **error);

G_END_DECLS

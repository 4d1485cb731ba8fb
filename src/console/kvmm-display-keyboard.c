/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-display-keyboard.h"

#include <string.h>

#include "console/kvmm-display-private.h"

/* The locks, and the keys that switch them. */
static const struct
{
  KvmmLockKeys lock;
  guint keyval;
} lock_keys[] = {
  { KVMM_LOCK_SCROLL, GDK_KEY_Scroll_Lock },
  { KVMM_LOCK_NUM, GDK_KEY_Num_Lock },
  { KVMM_LOCK_CAPS, GDK_KEY_Caps_Lock },
};

typedef struct
{
  guint keyval;
  GdkModifierType modifiers;
} Shortcut;

struct _KvmmDisplayKeyboard
{
  KvmmDisplay *display;           /* (unowned) */
  GtkEventController *controller; /* (unowned) (nullable) of window, while the widget has focus */
  GtkWidget *window;              /* (unowned) (nullable) */
  GHashTable *held; /* (owned) keycode → KvmmKey (owned): what the guest thinks is held */
  gboolean has_focus;
  gboolean is_given_back; /* until a click, a new focus, or the release keys once more */
  gboolean sends_keys;    /* as last announced */

  GArray *host_shortcuts; /* (owned) (element-type Shortcut) */

  char *release_text; /* (owned) */
  KvmmKey release_keys[KVMM_KEYMAP_COMBINATION_MAX];
  guint n_release_keys;
  guint release_down;          /* bits of release_keys that are held */
  gboolean is_release_spoiled; /* another key was pressed meanwhile */

  gboolean grab;         /* wanted */
  gboolean is_grabbed;   /* as the desktop says */
  GdkToplevel *toplevel; /* (owned) (nullable) asked for shortcuts */

  gboolean are_locks_known;
  KvmmLockKeys guest_locks;
  KvmmLockKeys tried_locks; /* these were switched since the guest last told */
};

KvmmDisplayKeyboard *
kvmm_display_keyboard_new (KvmmDisplay *display)
{
  KvmmDisplayKeyboard *self = g_new0 (KvmmDisplayKeyboard, 1);

  self->display = display;
  self->grab = TRUE;
  self->held = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->host_shortcuts = g_array_new (FALSE, FALSE, sizeof (Shortcut));
  kvmm_display_keyboard_set_release_keys (self, KVMM_DISPLAY_RELEASE_KEYS_DEFAULT);
  return self;
}

void
kvmm_display_keyboard_free (KvmmDisplayKeyboard *self)
{
  kvmm_display_keyboard_stop (self);
  g_hash_table_unref (self->held);
  g_array_unref (self->host_shortcuts);
  g_free (self->release_text);
  g_free (self);
}

static void
send (KvmmDisplayKeyboard *self, gboolean down, const KvmmKey *key)
{
  KVMM_DISPLAY_GET_CLASS (self->display)->key (self->display, down, key->keyval, key->qnum);
}

/* ---- held keys ---- */

void
kvmm_display_keyboard_release_held (KvmmDisplayKeyboard *self, gboolean forget)
{
  GHashTableIter iter;
  gpointer key;

  self->release_down = 0;
  if (!forget && kvmm_display_is_interactive (self->display))
    {
      g_hash_table_iter_init (&iter, self->held);
      while (g_hash_table_iter_next (&iter, NULL, &key))
        send (self, FALSE, key);
    }
  g_hash_table_remove_all (self->held);
}

guint
kvmm_display_keyboard_get_n_held (KvmmDisplayKeyboard *self)
{
  return g_hash_table_size (self->held);
}

/* ---- lock keys ---- */

KvmmLockKeys
kvmm_display_keyboard_get_lock_keys (KvmmDisplayKeyboard *self)
{
  return self->guest_locks;
}

gboolean
kvmm_display_keyboard_set_guest_locks (KvmmDisplayKeyboard *self, KvmmLockKeys keys)
{
  gboolean is_changed = self->guest_locks != keys;

  self->are_locks_known = TRUE;
  self->guest_locks = keys;
  self->tried_locks = 0;
  return is_changed;
}

void
kvmm_display_keyboard_sync_locks (KvmmDisplayKeyboard *self, KvmmLockKeys host)
{
  KvmmDisplayClass *klass = KVMM_DISPLAY_GET_CLASS (self->display);
  KvmmLockKeys wrong = (host ^ self->guest_locks) & ~self->tried_locks;

  if (!self->are_locks_known || wrong == 0 || !kvmm_display_is_interactive (self->display))
    return;
  /* A guest that does not follow is not asked again until it tells something new. */
  self->tried_locks |= wrong;
  if (klass->set_lock_keys != NULL)
    {
      klass->set_lock_keys (self->display, host);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (lock_keys); i++)
    if (wrong & lock_keys[i].lock)
      {
        KvmmKey key = { lock_keys[i].keyval, kvmm_keymap_qnum_from_keyval (lock_keys[i].keyval) };

        send (self, TRUE, &key);
        send (self, FALSE, &key);
      }
}

static gboolean
read_host_locks (KvmmDisplayKeyboard *self, KvmmLockKeys *locks)
{
  GdkDisplay *display = gtk_widget_get_display (GTK_WIDGET (self->display));
  GdkSeat *seat = gdk_display_get_default_seat (display);
  GdkDevice *device = seat != NULL ? gdk_seat_get_keyboard (seat) : NULL;

  if (device == NULL)
    return FALSE;
  *locks = 0;
  if (gdk_device_get_scroll_lock_state (device))
    *locks |= KVMM_LOCK_SCROLL;
  if (gdk_device_get_num_lock_state (device))
    *locks |= KVMM_LOCK_NUM;
  if (gdk_device_get_caps_lock_state (device))
    *locks |= KVMM_LOCK_CAPS;
  return TRUE;
}

static gboolean
is_lock_key (guint keyval)
{
  for (guint i = 0; i < G_N_ELEMENTS (lock_keys); i++)
    if (lock_keys[i].keyval == keyval)
      return TRUE;
  return FALSE;
}

/* ---- keys of the host ---- */

static guint
release_key_bit (KvmmDisplayKeyboard *self, guint qnum)
{
  for (guint i = 0; i < self->n_release_keys; i++)
    if (self->release_keys[i].qnum == qnum)
      return 1u << i;
  return 0;
}

static void
track_release_press (KvmmDisplayKeyboard *self, guint qnum)
{
  guint bit = release_key_bit (self, qnum);

  if (self->release_down == 0)
    self->is_release_spoiled = FALSE;
  if (bit == 0)
    self->is_release_spoiled = TRUE;
  self->release_down |= bit;
}

/* Returns: whether all release keys were held, and nothing else, until this one went up. */
static gboolean
track_release_release (KvmmDisplayKeyboard *self, guint qnum)
{
  guint bit = release_key_bit (self, qnum);
  gboolean is_done = bit != 0 && !self->is_release_spoiled &&
                     self->release_down == (1u << self->n_release_keys) - 1;

  self->release_down &= ~bit;
  if (is_done)
    self->is_release_spoiled = TRUE;
  return is_done;
}

static gboolean
is_host_shortcut (KvmmDisplayKeyboard *self, guint keyval, GdkModifierType modifiers)
{
  GdkModifierType held = modifiers & gtk_accelerator_get_default_mod_mask ();

  for (guint i = 0; i < self->host_shortcuts->len; i++)
    {
      const Shortcut *shortcut = &g_array_index (self->host_shortcuts, Shortcut, i);

      if (shortcut->keyval == gdk_keyval_to_lower (keyval) && shortcut->modifiers == held)
        return TRUE;
    }
  return FALSE;
}

static guint
find_qnum (guint keyval, guint keycode)
{
  guint qnum = kvmm_keymap_qnum_from_hardware (keycode);

  /* A virtual keyboard may make up a key code for a symbol. */
  return qnum != 0 ? qnum : kvmm_keymap_qnum_from_keyval (keyval);
}

gboolean
kvmm_display_keyboard_press (KvmmDisplayKeyboard *self,
                             guint keyval,
                             guint keycode,
                             GdkModifierType modifiers)
{
  guint qnum = find_qnum (keyval, keycode);
  KvmmLockKeys host_locks;

  if (!kvmm_display_is_interactive (self->display))
    return FALSE;
  track_release_press (self, qnum);
  if (self->is_given_back)
    return FALSE;
  if (is_host_shortcut (self, keyval, modifiers))
    return kvmm_display_emit_host_shortcut (self->display, keyval, modifiers);
  if (qnum == 0)
    return TRUE;

  if (!is_lock_key (keyval) && read_host_locks (self, &host_locks))
    kvmm_display_keyboard_sync_locks (self, host_locks);

  /* Shift+Tab has a symbol of its own that only the host knows. */
  KvmmKey key = { keyval == GDK_KEY_ISO_Left_Tab ? GDK_KEY_Tab : keyval, qnum };
  g_hash_table_replace (self->held, GUINT_TO_POINTER (keycode), g_memdup2 (&key, sizeof key));
  send (self, TRUE, &key);
  return TRUE;
}

void
kvmm_display_keyboard_release (KvmmDisplayKeyboard *self, guint keyval, guint keycode)
{
  KvmmKey *key = g_hash_table_lookup (self->held, GUINT_TO_POINTER (keycode));
  gboolean is_released = track_release_release (self, find_qnum (keyval, keycode));

  if (key != NULL)
    {
      if (kvmm_display_is_interactive (self->display))
        send (self, FALSE, key);
      g_hash_table_remove (self->held, GUINT_TO_POINTER (keycode));
    }
  if (!is_released)
    return;
  if (self->is_given_back)
    kvmm_display_keyboard_take (self);
  else
    kvmm_display_ungrab (self->display);
}

/* ---- the window's controller ---- */

static gboolean
key_pressed_cb (GtkEventControllerKey *controller,
                guint keyval,
                guint keycode,
                GdkModifierType modifiers,
                KvmmDisplayKeyboard *self)
{
  return kvmm_display_keyboard_press (self, keyval, keycode, modifiers);
}

static void
key_released_cb (GtkEventControllerKey *controller,
                 guint keyval,
                 guint keycode,
                 GdkModifierType modifiers,
                 KvmmDisplayKeyboard *self)
{
  kvmm_display_keyboard_release (self, keyval, keycode);
}

static void
detach_controller (KvmmDisplayKeyboard *self)
{
  if (self->controller == NULL)
    return;

  GtkEventController *controller = g_steal_pointer (&self->controller);
  GtkWidget *window = g_steal_pointer (&self->window);
  g_signal_handlers_disconnect_by_data (controller, self);
  g_object_remove_weak_pointer (G_OBJECT (window), (gpointer *) &self->window);
  gtk_widget_remove_controller (window, controller);
}

/* The window's accelerators are looked at in its capture phase, the controller added last first: so
 * only a controller added there, with each focus anew, comes before them. */
static void
attach_controller (KvmmDisplayKeyboard *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self->display));

  detach_controller (self);
  if (root == NULL)
    return;
  self->controller = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (self->controller, GTK_PHASE_CAPTURE);
  g_signal_connect (self->controller, "key-pressed", G_CALLBACK (key_pressed_cb), self);
  g_signal_connect (self->controller, "key-released", G_CALLBACK (key_released_cb), self);
  g_set_weak_pointer (&self->window, GTK_WIDGET (root));
  gtk_widget_add_controller (GTK_WIDGET (root), self->controller);
}

/* ---- shortcuts of the desktop ---- */

static void
inhibited_cb (GdkToplevel *toplevel, GParamSpec *pspec, KvmmDisplayKeyboard *self)
{
  gboolean is_grabbed = FALSE;

  g_object_get (toplevel, "shortcuts-inhibited", &is_grabbed, NULL);
  if (self->is_grabbed == is_grabbed)
    return;
  self->is_grabbed = is_grabbed;
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_KEYBOARD_GRABBED);
}

static void
end_grab (KvmmDisplayKeyboard *self)
{
  if (self->toplevel == NULL)
    return;

  g_autoptr (GdkToplevel) toplevel = g_steal_pointer (&self->toplevel);
  g_signal_handlers_disconnect_by_data (toplevel, self);
  if (!gdk_surface_is_destroyed (GDK_SURFACE (toplevel)))
    gdk_toplevel_restore_system_shortcuts (toplevel);
  if (!self->is_grabbed)
    return;
  self->is_grabbed = FALSE;
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_KEYBOARD_GRABBED);
}

static void
begin_grab (KvmmDisplayKeyboard *self)
{
  GtkNative *native = gtk_widget_get_native (GTK_WIDGET (self->display));
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;

  if (self->toplevel != NULL || surface == NULL || !GDK_IS_TOPLEVEL (surface))
    return;
  self->toplevel = GDK_TOPLEVEL (g_object_ref (surface));
  g_signal_connect (surface, "notify::shortcuts-inhibited", G_CALLBACK (inhibited_cb), self);
  gdk_toplevel_inhibit_system_shortcuts (self->toplevel, NULL);
  inhibited_cb (self->toplevel, NULL, self);
}

static void
update_grab (KvmmDisplayKeyboard *self)
{
  gboolean sends_keys =
      self->has_focus && !self->is_given_back && kvmm_display_is_interactive (self->display);

  if (sends_keys && self->grab)
    begin_grab (self);
  else
    end_grab (self);
  if (self->sends_keys == sends_keys)
    return;
  self->sends_keys = sends_keys;
  kvmm_display_notify (self->display, KVMM_DISPLAY_PROP_SENDS_KEYS);
}

/* ---- who has the keyboard ---- */

void
kvmm_display_keyboard_stop (KvmmDisplayKeyboard *self)
{
  detach_controller (self);
  end_grab (self);
  g_hash_table_remove_all (self->held);
}

void
kvmm_display_keyboard_focus (KvmmDisplayKeyboard *self, gboolean has_focus)
{
  self->has_focus = has_focus;
  self->is_given_back = FALSE;
  self->tried_locks = 0;
  if (has_focus)
    attach_controller (self);
  else
    {
      kvmm_display_keyboard_release_held (self, FALSE);
      detach_controller (self);
    }
  update_grab (self);
}

void
kvmm_display_keyboard_update (KvmmDisplayKeyboard *self)
{
  if (kvmm_display_get_state (self->display) != KVMM_DISPLAY_CONNECTED)
    {
      self->are_locks_known = FALSE;
      self->tried_locks = 0;
    }
  update_grab (self);
}

void
kvmm_display_keyboard_take (KvmmDisplayKeyboard *self)
{
  self->is_given_back = FALSE;
  update_grab (self);
}

void
kvmm_display_keyboard_give_back (KvmmDisplayKeyboard *self)
{
  kvmm_display_keyboard_release_held (self, FALSE);
  self->is_given_back = TRUE;
  update_grab (self);
}

gboolean
kvmm_display_keyboard_get_sends_keys (KvmmDisplayKeyboard *self)
{
  return self->sends_keys;
}

gboolean
kvmm_display_keyboard_get_is_grabbed (KvmmDisplayKeyboard *self)
{
  return self->is_grabbed;
}

gboolean
kvmm_display_keyboard_get_grab (KvmmDisplayKeyboard *self)
{
  return self->grab;
}

void
kvmm_display_keyboard_set_grab (KvmmDisplayKeyboard *self, gboolean grab)
{
  self->grab = grab;
  update_grab (self);
}

/* ---- settings ---- */

const char *
kvmm_display_keyboard_get_release_keys (KvmmDisplayKeyboard *self)
{
  return self->release_text;
}

gboolean
kvmm_display_keyboard_set_release_keys (KvmmDisplayKeyboard *self, const char *keys)
{
  KvmmKey parsed[KVMM_KEYMAP_COMBINATION_MAX];
  guint n_keys = kvmm_keymap_parse_combination (keys, parsed);

  if (n_keys == 0)
    return FALSE;
  memcpy (self->release_keys, parsed, n_keys * sizeof *parsed);
  self->n_release_keys = n_keys;
  self->release_down = 0;
  g_free (self->release_text);
  self->release_text = g_strdup (keys);
  return TRUE;
}

void
kvmm_display_keyboard_set_host_shortcuts (KvmmDisplayKeyboard *self,
                                          const char *const *accelerators)
{
  g_array_set_size (self->host_shortcuts, 0);
  for (guint i = 0; accelerators != NULL && accelerators[i] != NULL; i++)
    {
      Shortcut shortcut;

      if (!gtk_accelerator_parse (accelerators[i], &shortcut.keyval, &shortcut.modifiers) ||
          self->host_shortcuts->len == KVMM_DISPLAY_HOST_SHORTCUTS_MAX)
        continue;
      shortcut.keyval = gdk_keyval_to_lower (shortcut.keyval);
      g_array_append_val (self->host_shortcuts, shortcut);
    }
}

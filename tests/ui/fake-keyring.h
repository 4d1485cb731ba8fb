/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A keyring on the session bus of a test: one collection, items with attributes, a prompt that is
 * answered as the test wants. After https://specifications.freedesktop.org/secret-service/latest/
 * with the session algorithm "plain" alone. It runs on the main loop of the test, so a client that
 * waits for an answer would wait for ever. */
typedef struct _SecretService FakeKeyring;

/* Once it returns, the name org.freedesktop.secrets is its own. */
FakeKeyring *fake_keyring_new (void);
/* The name is gone from the bus. */
void fake_keyring_free (FakeKeyring *self);

void fake_keyring_put (FakeKeyring *self, const char *uri, const char *uuid, const char *text);
/* Returns: (nullable): what is kept under these; the last one, if there are more */
const char *fake_keyring_get (FakeKeyring *self, const char *uri, const char *uuid);
guint fake_keyring_get_n_items (FakeKeyring *self);
/* Returns: (nullable): how the last item that was stored is called */
const char *fake_keyring_get_label (FakeKeyring *self);
/* Locks it; a prompt is then answered with @opens. */
void fake_keyring_lock (FakeKeyring *self, gboolean opens);
guint fake_keyring_get_n_prompts (FakeKeyring *self);
guint fake_keyring_get_n_searches (FakeKeyring *self);

G_END_DECLS

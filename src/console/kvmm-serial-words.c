/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "console/kvmm-serial-words.h"

#include <glib/gi18n.h>

#define ICON "utilities-terminal-symbolic"

static const KvmmSerialWords words[] = {
  [KVMM_SERIAL_CLOSED] = { ICON, N_ ("Not Connected"),
                           N_ ("The serial console is free for other programs."),
                           N_ ("The serial console is not connected."), N_ ("_Connect"), FALSE,
                           FALSE },
  [KVMM_SERIAL_OPENING] = { ICON, N_ ("Connecting…"), NULL, N_ ("Connecting again…"), NULL, FALSE,
                            FALSE },
  [KVMM_SERIAL_OPEN] = { ICON, N_ ("Connected"), NULL, NULL, NULL, FALSE, FALSE },
  [KVMM_SERIAL_OFF] = { ICON, N_ ("The Virtual Machine Is Off"),
                        N_ ("Its serial console opens when it starts."),
                        N_ ("The virtual machine is off. The serial console opens again when it "
                            "starts."),
                        NULL, FALSE, FALSE },
  [KVMM_SERIAL_IN_USE] = { "dialog-warning-symbolic", N_ ("In Use by Another Program"),
                           N_ ("Only one program at a time can have this serial console. Taking it "
                               "over ends the session of the other one."),
                           N_ ("Another program has this serial console. Taking it over ends the "
                               "session of that program."),
                           N_ ("_Take Over"), TRUE, TRUE },
  [KVMM_SERIAL_TAKEN] = { "dialog-warning-symbolic", N_ ("Taken Over by Another Program"),
                          N_ ("Another program has taken over this serial console."),
                          N_ ("Another program has taken over this serial console."),
                          N_ ("_Take Back"), TRUE, TRUE },
  [KVMM_SERIAL_LOST] = { "network-offline-symbolic", N_ ("No Connection to the Host"),
                         N_ ("The serial console opens as soon as the host can be reached."),
                         N_ ("The connection to the host was lost. The serial console opens again "
                             "with it."),
                         NULL, TRUE, FALSE },
  [KVMM_SERIAL_ABSENT] = { ICON, N_ ("No Serial Console"),
                           N_ ("The virtual machine has no serial port or console that can be "
                               "opened. It gets one from a device like <serial type='pty'/> in its "
                               "XML."),
                           N_ ("The virtual machine has no such serial port or console now."), NULL,
                           FALSE, FALSE },
  [KVMM_SERIAL_FAILED] = { "dialog-error-symbolic", N_ ("Could Not Open the Serial Console"), NULL,
                           NULL, N_ ("_Try Again"), TRUE, FALSE },
};

const KvmmSerialWords *
kvmm_serial_words (KvmmSerialState state)
{
  g_return_val_if_fail (state < G_N_ELEMENTS (words), &words[KVMM_SERIAL_CLOSED]);

  return &words[state];
}

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "config.h"

#include "cli/kvmm-cli.h"

#include <string.h>

#include <glib/gi18n.h>

#include "cli/kvmm-cli-session.h"

typedef struct
{
  const char *name;
  guint min_operands;
  guint max_operands;
  const char *operands;
  const char *summary;
  int (*run) (KvmmCliSession *session);
} Command;

static const Command commands[] = {
  { "list", 0, 0, "", N_ ("List the virtual machines"), kvmm_cli_list },
  { "guest-info", 1, 1, "NAME", N_ ("Print what the agent in the guest tells"),
    kvmm_cli_guest_info },
  { "mount-agent-iso", 1, 1, "NAME", N_ ("Put the agent disc into the machine's CD drive"),
    kvmm_cli_mount_agent_iso },
  { "agent-iso", 0, 0, "", N_ ("Print where the agent disc would come from, and why"),
    kvmm_cli_agent_iso },
};

static const Command *
find_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

gboolean
kvmm_cli_is_command (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      if (strcmp (argv[i], "-c") == 0 || strcmp (argv[i], "--connect") == 0 ||
          strcmp (argv[i], "--show-domain") == 0 || strcmp (argv[i], "--page") == 0)
        i++; /* its value is no command */
      else if (argv[i][0] != '-')
        return find_command (argv[i]) != NULL;
    }
  return FALSE;
}

static gboolean
parse (KvmmCliSession *session, int argc, char **argv, const Command **command, GError **error)
{
  gboolean debug = FALSE;
  const GOptionEntry entries[] = {
    { "connect", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &session->uris,
      N_ ("Use this libvirt connection"), "URI" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &session->json, N_ ("Print JSON"), NULL },
    { "wait", 0, 0, G_OPTION_ARG_INT, &session->wait_s,
      N_ ("guest-info: wait so long for the agent"), N_ ("SECONDS") },
    { "eject", 0, 0, G_OPTION_ARG_NONE, &session->eject, N_ ("mount-agent-iso: take the disc out"),
      NULL },
    { "replace", 0, 0, G_OPTION_ARG_NONE, &session->replace,
      N_ ("mount-agent-iso: replace another medium"), NULL },
    { "force", 0, 0, G_OPTION_ARG_NONE, &session->force,
      N_ ("mount-agent-iso: open a locked drive"), NULL },
    { "debug", 0, 0, G_OPTION_ARG_NONE, &debug, N_ ("Print debug messages"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &session->arguments, NULL,
      N_ ("COMMAND [NAME]") },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GString) summary = g_string_new (_ ("Commands:"));
  guint n_operands;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (summary, "\n  %s %s\n      %s", commands[i].name, commands[i].operands,
                            _ (commands[i].summary));
  g_option_context_set_summary (context, summary->str);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (debug)
    g_setenv ("G_MESSAGES_DEBUG", "all", TRUE);

  *command = session->arguments != NULL ? find_command (session->arguments[0]) : NULL;
  if (*command == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("No such command"));
      return FALSE;
    }
  n_operands = g_strv_length (session->arguments) - 1;
  if (n_operands < (*command)->min_operands || n_operands > (*command)->max_operands)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("Usage: kvm-manager %s %s"),
                   (*command)->name, (*command)->operands);
      return FALSE;
    }
  if (session->wait_s < 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--wait takes seconds, 0 or more"));
      return FALSE;
    }
  return TRUE;
}

int
kvmm_cli_run (int argc, char **argv)
{
  g_auto (KvmmCliSession) session = { .wait_s = 10 };
  g_autoptr (GError) error = NULL;
  const Command *command = NULL;

  if (!parse (&session, argc, argv, &command, &error))
    {
      kvmm_cli_error ("%s", error->message);
      return KVMM_EXIT_USAGE;
    }
  session.settings = kvmm_settings_new (&error);
  if (session.settings == NULL)
    {
      kvmm_cli_error ("%s", error->message);
      return KVMM_EXIT_FAILED;
    }
  return command->run (&session);
}

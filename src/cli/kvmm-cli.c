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
  { "guest-agents", 0, 0, "", N_ ("List the agents of all guests"), kvmm_cli_guest_agents },
  { "guest-allow", 1, 2, "NAME [yes|no]",
    N_ ("Allow commands, terminals and files in the guest on this computer"),
    kvmm_cli_guest_allow },
  { "guest-run", 1, G_MAXUINT, "NAME -- COMMAND…", N_ ("Run a command in the guest"),
    kvmm_cli_guest_run },
  { "guest-shell", 1, 1, "NAME", N_ ("Open a terminal in the guest"), kvmm_cli_guest_shell },
  { "guest-copy", 2, 2, "NAME:/PATH FILE | FILE NAME:/PATH",
    N_ ("Copy a file out of the guest, or into it"), kvmm_cli_guest_copy },
  { "guest-ps", 1, 1, "NAME", N_ ("List the processes of the guest"), kvmm_cli_guest_ps },
  { "guest-services", 1, 1, "NAME", N_ ("List the services of the guest"),
    kvmm_cli_guest_services },
  { "guest-log", 1, 1, "NAME", N_ ("Print the log of the guest"), kvmm_cli_guest_log },
  { "serial", 1, 1, "NAME", N_ ("Connect this terminal to a serial port of the machine"),
    kvmm_cli_serial },
  { "xml", 1, 1, "NAME", N_ ("Print the XML of the machine"), kvmm_cli_xml },
  { "define", 1, 1, "FILE", N_ ("Define a machine by an XML file, or change one"),
    kvmm_cli_define },
  { "pending", 1, 1, "NAME", N_ ("List what the machine has with its next start only"),
    kvmm_cli_pending },
  { "rename", 2, 2, "NAME NEW-NAME", N_ ("Rename a stopped machine"), kvmm_cli_rename },
  { "clone", 2, 2, "NAME NEW-NAME", N_ ("Copy a stopped machine with its disks"), kvmm_cli_clone },
  { "grow", 2, 3, "NAME DISK [SIZE]",
    N_ ("Print how large a disk of the machine is, or make it larger"), kvmm_cli_grow },
  { "template", 1, 2, "NAME [yes|no]", N_ ("Mark a machine that others are cloned from"),
    kvmm_cli_template },
  { "delete", 1, 1, "NAME", N_ ("Delete a stopped machine"), kvmm_cli_delete },
  { "shutdown", 1, 1, "NAME", N_ ("Shut the machine down and wait for it"), kvmm_cli_shutdown },
  { "mount-agent-iso", 1, G_MAXUINT, "NAME…", N_ ("Put the agent disc into the machine's CD drive"),
    kvmm_cli_mount_agent_iso },
  { "agent-iso", 0, 0, "",
    N_ ("Print where the agent disc would come from, and why; --deploy uploads it"),
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
  static const char *const with_value[] = { "-c",      "--connect", "--show-domain", "--page",
                                            "--wait",  "-u",        "--user",        "--timeout",
                                            "--named", "--sort",    "--filter",      "-n",
                                            "--lines", "--unit",    "--console",     "--device",
                                            NULL };

  for (int i = 1; i < argc; i++)
    {
      if (g_strv_contains (with_value, argv[i]))
        i++; /* its value is no command */
      else if (argv[i][0] != '-')
        return find_command (argv[i]) != NULL;
    }
  return FALSE;
}

static gboolean
check_values (const KvmmCliSession *session, const Command *command, GError **error)
{
  guint n_operands = g_strv_length (session->arguments) - 1;

  if (n_operands < command->min_operands || n_operands > command->max_operands)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _ ("Usage: kvm-manager %s %s"),
                   command->name, command->operands);
      return FALSE;
    }
  if (session->wait_s < 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--wait takes seconds, 0 or more"));
      return FALSE;
    }
  if (session->timeout_s < 0 || session->lines < 0 || session->lines > 1000)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _ ("--timeout takes seconds, --lines a number up to 1000"));
      return FALSE;
    }
  return TRUE;
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
      N_ ("Wait so long for the agent of the guest"), N_ ("SECONDS") },
    { "eject", 0, 0, G_OPTION_ARG_NONE, &session->eject, N_ ("mount-agent-iso: take the disc out"),
      NULL },
    { "install", 0, 0, G_OPTION_ARG_NONE, &session->install,
      N_ ("mount-agent-iso: have the QEMU guest agent run the installer"), NULL },
    { "make-pool", 0, 0, G_OPTION_ARG_NONE, &session->make_pool,
      N_ ("mount-agent-iso, agent-iso --deploy: make or start the storage pool"), NULL },
    { "deploy", 0, 0, G_OPTION_ARG_NONE, &session->deploy,
      N_ ("agent-iso: upload the disc to the host"), NULL },
    { "remove-old", 0, 0, G_OPTION_ARG_NONE, &session->remove_old,
      N_ ("agent-iso: remove other versions from the host, unless a machine uses them"), NULL },
    { "replace", 0, 0, G_OPTION_ARG_NONE, &session->replace,
      N_ ("mount-agent-iso: replace another medium"), NULL },
    { "force", 0, 0, G_OPTION_ARG_NONE, &session->force,
      N_ ("mount-agent-iso: open a locked drive; guest-copy: overwrite a file; serial: take over"),
      NULL },
    { "device", 0, 0, G_OPTION_ARG_STRING, &session->device,
      N_ ("serial: this port or console, as serial0"), N_ ("DEVICE") },
    { "user", 'u', 0, G_OPTION_ARG_STRING, &session->user,
      N_ ("guest-run, guest-shell: as this user of the guest"), N_ ("USER") },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &session->timeout_s,
      N_ ("guest-run: end the command after so long"), N_ ("SECONDS") },
    { "stdin", 0, 0, G_OPTION_ARG_NONE, &session->standard_input,
      N_ ("guest-run: give the command the standard input"), NULL },
    { "named", 0, 0, G_OPTION_ARG_STRING, &session->named,
      N_ ("guest-run: a command that the policy of the guest names"), N_ ("COMMAND") },
    { "shell", 0, 0, G_OPTION_ARG_NONE, &session->login_shell,
      N_ ("guest-shell: a shell at once, without a login"), NULL },
    { "sort", 0, 0, G_OPTION_ARG_STRING, &session->sort,
      N_ ("guest-ps: by cpu, memory, pid or name"), N_ ("COLUMN") },
    { "filter", 0, 0, G_OPTION_ARG_STRING, &session->filter,
      N_ ("guest-ps: only what contains this"), N_ ("TEXT") },
    { "args", 0, 0, G_OPTION_ARG_NONE, &session->show_arguments,
      N_ ("guest-ps: with the arguments"), NULL },
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &session->follow, N_ ("guest-log: go on with new lines"),
      NULL },
    { "lines", 'n', 0, G_OPTION_ARG_INT, &session->lines, N_ ("guest-log: the last so many lines"),
      N_ ("NUMBER") },
    { "unit", 0, 0, G_OPTION_ARG_STRING, &session->unit, N_ ("guest-log: of one service"),
      N_ ("UNIT") },
    { "kernel", 0, 0, G_OPTION_ARG_NONE, &session->kernel, N_ ("guest-log: of the kernel"), NULL },
    { "stored", 0, 0, G_OPTION_ARG_NONE, &session->stored,
      N_ ("xml: what is stored, not what runs"), NULL },
    { "linked", 0, 0, G_OPTION_ARG_NONE, &session->linked,
      N_ ("clone: disks that hold only what differs from the machine's, which must not change "
          "then"),
      NULL },
    { "storage", 0, 0, G_OPTION_ARG_NONE, &session->storage,
      N_ ("delete: also the storage that belongs to this machine alone"), NULL },
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &session->yes, N_ ("define, delete: do not ask"), NULL },
    { "debug", 0, 0, G_OPTION_ARG_NONE, &debug, N_ ("Print debug messages"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &session->arguments, NULL,
      N_ ("COMMAND [NAME]") },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GString) summary = g_string_new (_ ("Commands:"));

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
  return check_values (session, *command, error);
}

int
kvmm_cli_run (int argc, char **argv)
{
  g_auto (KvmmCliSession) session = { .wait_s = 10, .lines = 200 };
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

/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_USAGE 2

typedef struct
{
  const char *config;
  const char *port;
  int fd;
  bool foreground;
  bool check;
} Options;

static Agent the_agent;

static void
usage (FILE *out)
{
  fputs ("Usage: kvm-manager-agent [OPTION]...\n"
         "Tells the host of this virtual machine about it, as far as the policy allows.\n\n"
         "  -f, --foreground      do not become a daemon; log to the standard error\n"
         "  -c, --config FILE     the policy (default " AGENT_POLICY_FILE ")\n"
         "  -k, --check-config    say whether the policy is valid and what it allows, and end\n"
         "  -p, --port PATH       the port to open (default: the one named " KVMA_CHANNEL_NAME ")\n"
         "      --fd NUMBER       speak over an inherited socket instead; end with it\n"
         "      --root DIRECTORY  read facts, policy and commands below DIRECTORY\n"
         "      --version         print the version, and end\n"
         "      --help            print this, and end\n",
         out);
}

static int
check_config (const char *path)
{
  AgentPolicy policy;
  bool good;

  agent_policy_init (&policy);
  good = agent_policy_load (&policy, path);
  if (good)
    printf ("%s: valid\n", path);
  else
    printf ("%s\nEverything but core and info is denied until this is mended.\n", policy.error);
  for (int i = 0; i < AGENT_N_GROUPS; i++)
    printf ("  %-11s %s\n", agent_group_name ((AgentGroup) i),
            agent_access_name ((AgentAccess) policy.access[i]));
  for (unsigned int i = 0; good && i < policy.n_commands; i++)
    printf ("  command     %s (%s)\n", policy.commands[i].name, policy.commands[i].argv[0]);
  agent_policy_clear (&policy);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Returns -1 to go on, else the exit status. */
static int
parse_options (int argc, char **argv, Options *options)
{
  enum
  {
    OPTION_FD = 256,
    OPTION_ROOT,
    OPTION_VERSION,
    OPTION_HELP,
  };
  static const struct option longs[] = {
    { "foreground", no_argument, NULL, 'f' },
    { "config", required_argument, NULL, 'c' },
    { "check-config", no_argument, NULL, 'k' },
    { "port", required_argument, NULL, 'p' },
    { "fd", required_argument, NULL, OPTION_FD },
    { "root", required_argument, NULL, OPTION_ROOT },
    { "version", no_argument, NULL, OPTION_VERSION },
    { "help", no_argument, NULL, OPTION_HELP },
    { 0 },
  };
  char *end;
  int c;

  while ((c = getopt_long (argc, argv, "fc:kp:", longs, NULL)) != -1)
    switch (c)
      {
      case 'f':
        options->foreground = true;
        break;
      case 'c':
        options->config = optarg;
        break;
      case 'k':
        options->check = true;
        break;
      case 'p':
        options->port = optarg;
        break;
      case OPTION_FD:
        options->fd = (int) strtol (optarg, &end, 10);
        if (*end != '\0' || options->fd < 3)
          {
            fputs ("kvm-manager-agent: --fd wants the number of an open socket\n", stderr);
            return EXIT_USAGE;
          }
        break;
      case OPTION_ROOT:
        agent_set_root (optarg);
        break;
      case OPTION_VERSION:
        puts ("kvm-manager-agent " AGENT_VERSION);
        return EXIT_SUCCESS;
      case OPTION_HELP:
        usage (stdout);
        return EXIT_SUCCESS;
      default:
        usage (stderr);
        return EXIT_USAGE;
      }
  if (optind == argc)
    return -1;
  usage (stderr);
  return EXIT_USAGE;
}

/* A policy given by name is where the caller says, not below the root of the facts; and it must
 * still be found after a daemon has left its directory. */
static const char *
policy_path (const Options *options)
{
  static char path[AGENT_PATH_SIZE];
  char directory[AGENT_PATH_SIZE / 2];

  if (options->config == NULL)
    return agent_path (path, AGENT_POLICY_FILE);
  if (options->config[0] == '/' || getcwd (directory, sizeof directory) == NULL)
    return options->config;
  snprintf (path, sizeof path, "%s/%s", directory, options->config);
  return path;
}

int
main (int argc, char **argv)
{
  Options options = { .fd = -1 };
  int status = parse_options (argc, argv, &options);
  Agent *agent = &the_agent;
  const char *policy;

  if (status >= 0)
    return status;
  policy = policy_path (&options);
  if (options.check)
    return check_config (policy);
  if (!options.foreground && options.fd < 0 && daemon (0, 0) < 0)
    {
      fprintf (stderr, "kvm-manager-agent: cannot become a daemon: %s\n", strerror (errno));
      return EXIT_FAILURE;
    }
  if (!options.foreground && options.fd < 0)
    agent_log_to_syslog ();
  umask (S_IRWXG | S_IRWXO);
  if (!agent_init (agent, policy))
    return EXIT_FAILURE;
  if (options.fd >= 0 && !agent_port_adopt (agent, options.fd))
    {
      agent_log (AGENT_LOG_ERROR, "descriptor %d: %s", options.fd, strerror (errno));
      agent_clear (agent);
      return EXIT_FAILURE;
    }
  if (options.fd < 0)
    agent_port_open (agent, options.port);
  agent_service_ready (agent);
  agent_release_pages ();
  agent_loop_run (&agent->loop);
  agent_clear (agent);
  return EXIT_SUCCESS;
}

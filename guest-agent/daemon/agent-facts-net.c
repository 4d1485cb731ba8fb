/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

#include "daemon/agent-facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/agent-util.h"
#include "protocol/kvma-limits.h"

/* The kernel's own macros cast from char *; its messages are aligned to four bytes. */
#pragma GCC diagnostic ignored "-Wcast-align"

#define LINKS_MAX 1024
#define ADDRESSES_MAX 4096
#define ROUTES_MAX 8
#define SERVERS_MAX 8
#define SERVER_LENGTH_MAX 64
#define REPLY_SIZE 32768
#define ATTEMPTS 3

typedef struct
{
  char name[IFNAMSIZ];
  char kind[24];
  char mac[3 * 20];
  int index;
  unsigned int mtu;
  unsigned int state;
  bool is_virtual;
  uint64_t rx, tx;
} Link;

typedef struct
{
  int index; /* of its link */
  uint8_t family;
  uint8_t prefix;
  uint8_t scope;
  bool dynamic;
  uint8_t bytes[16];
} Address;

typedef struct
{
  uint8_t family;
  bool has_gateway;
  int index;
  uint32_t metric;
  uint8_t gateway[16];
} Route;

typedef struct
{
  Link *links;
  unsigned int n_links;
  Address *addresses;
  unsigned int n_addresses;
  Route routes[ROUTES_MAX];
  unsigned int n_routes;
} Network;

typedef void (*MessageFunc) (Network *network, const struct nlmsghdr *message);

/* Attributes of a message, by type; a later one of the same type replaces an earlier one. */
static void
index_attributes (struct rtattr *attribute, size_t length, struct rtattr **table, unsigned int max)
{
  memset (table, 0, sizeof *table * (max + 1));
  for (int left = (int) length; RTA_OK (attribute, left); attribute = RTA_NEXT (attribute, left))
    if ((attribute->rta_type & NLA_TYPE_MASK) <= max)
      table[attribute->rta_type & NLA_TYPE_MASK] = attribute;
}

static uint32_t
get_u32 (const struct rtattr *attribute)
{
  uint32_t value = 0;

  if (attribute != NULL && RTA_PAYLOAD (attribute) >= sizeof value)
    memcpy (&value, RTA_DATA (attribute), sizeof value);
  return value;
}

static void
get_text (const struct rtattr *attribute, char *out, size_t size)
{
  size_t length = attribute != NULL ? RTA_PAYLOAD (attribute) : 0;

  if (length >= size)
    length = size - 1;
  if (length > 0)
    memcpy (out, RTA_DATA (attribute), length);
  out[length] = '\0';
}

static void
format_mac (const struct rtattr *attribute, char *out, size_t size)
{
  const uint8_t *bytes = attribute != NULL ? RTA_DATA (attribute) : NULL;
  size_t n = attribute != NULL ? RTA_PAYLOAD (attribute) : 0;
  bool any = false;

  out[0] = '\0';
  for (size_t i = 0; i < n && 3 * i + 3 <= size; i++)
    {
      snprintf (out + 3 * i, size - 3 * i, "%02x%s", bytes[i], i + 1 < n ? ":" : "");
      any = any || bytes[i] != 0;
    }
  if (!any)
    out[0] = '\0';
}

/* Bond, team and VLAN interfaces carry the addresses of real servers: they are not folded away. */
static void
set_kind (Link *link, const struct rtattr *info, unsigned int hardware)
{
  struct rtattr *nested[IFLA_INFO_MAX + 1];
  char path[128];

  if (info != NULL)
    {
      index_attributes (RTA_DATA (info), RTA_PAYLOAD (info), nested, IFLA_INFO_MAX);
      get_text (nested[IFLA_INFO_KIND], link->kind, sizeof link->kind);
    }
  if (link->kind[0] != '\0')
    {
      link->is_virtual = strcmp (link->kind, "bond") != 0 && strcmp (link->kind, "team") != 0 &&
                         strcmp (link->kind, "vlan") != 0;
      return;
    }
  link->is_virtual = hardware != ARPHRD_ETHER && hardware != ARPHRD_INFINIBAND;
  if (hardware == ARPHRD_LOOPBACK)
    strcpy (link->kind, "loopback");
  else if (hardware == ARPHRD_INFINIBAND)
    strcpy (link->kind, "infiniband");
  else if (hardware != ARPHRD_ETHER)
    strcpy (link->kind, "other");
  else
    {
      snprintf (path, sizeof path, "/sys/class/net/%s/phy80211", link->name);
      strcpy (link->kind, access (path, F_OK) == 0 ? "wlan" : "ether");
    }
}

static void
add_link (Network *network, const struct nlmsghdr *message)
{
  const struct ifinfomsg *info = NLMSG_DATA (message);
  struct rtattr *table[IFLA_MAX + 1];
  struct rtnl_link_stats64 stats;
  Link *link;

  if (message->nlmsg_type != RTM_NEWLINK || network->n_links == LINKS_MAX)
    return;
  index_attributes (IFLA_RTA (info), IFLA_PAYLOAD (message), table, IFLA_MAX);
  if (table[IFLA_IFNAME] == NULL)
    return;
  link = &network->links[network->n_links++];
  memset (link, 0, sizeof *link);
  link->index = info->ifi_index;
  get_text (table[IFLA_IFNAME], link->name, sizeof link->name);
  format_mac (table[IFLA_ADDRESS], link->mac, sizeof link->mac);
  link->mtu = get_u32 (table[IFLA_MTU]);
  if (table[IFLA_OPERSTATE] != NULL)
    link->state = *(const uint8_t *) RTA_DATA (table[IFLA_OPERSTATE]);
  if (table[IFLA_STATS64] != NULL)
    {
      size_t length = RTA_PAYLOAD (table[IFLA_STATS64]);

      memset (&stats, 0, sizeof stats);
      memcpy (&stats, RTA_DATA (table[IFLA_STATS64]),
              length < sizeof stats ? length : sizeof stats);
      link->rx = stats.rx_bytes;
      link->tx = stats.tx_bytes;
    }
  set_kind (link, table[IFLA_LINKINFO], info->ifi_type);
}

static void
add_address (Network *network, const struct nlmsghdr *message)
{
  const struct ifaddrmsg *info = NLMSG_DATA (message);
  struct rtattr *table[IFA_MAX + 1];
  const struct rtattr *bytes;
  uint32_t flags;
  Address *address;

  if (message->nlmsg_type != RTM_NEWADDR || network->n_addresses == ADDRESSES_MAX ||
      (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
    return;
  index_attributes (IFA_RTA (info), IFA_PAYLOAD (message), table, IFA_MAX);
  /* On a point-to-point link IFA_ADDRESS is the other end. */
  bytes = table[IFA_LOCAL] != NULL ? table[IFA_LOCAL] : table[IFA_ADDRESS];
  if (bytes == NULL || RTA_PAYLOAD (bytes) < (info->ifa_family == AF_INET ? 4 : 16))
    return;
  flags = table[IFA_FLAGS] != NULL ? get_u32 (table[IFA_FLAGS]) : info->ifa_flags;
  address = &network->addresses[network->n_addresses++];
  memset (address, 0, sizeof *address);
  address->index = (int) info->ifa_index;
  address->family = info->ifa_family;
  address->prefix = info->ifa_prefixlen;
  address->scope = info->ifa_scope;
  address->dynamic = (flags & IFA_F_PERMANENT) == 0;
  memcpy (address->bytes, RTA_DATA (bytes), info->ifa_family == AF_INET ? 4 : 16);
}

static void
add_route (Network *network, const struct nlmsghdr *message)
{
  const struct rtmsg *info = NLMSG_DATA (message);
  struct rtattr *table[RTA_MAX + 1];
  size_t size = info->rtm_family == AF_INET ? 4 : 16;
  Route *route;

  if (message->nlmsg_type != RTM_NEWROUTE || network->n_routes == ROUTES_MAX ||
      info->rtm_dst_len != 0 || info->rtm_type != RTN_UNICAST ||
      (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
    return;
  index_attributes (RTM_RTA (info), RTM_PAYLOAD (message), table, RTA_MAX);
  if ((table[RTA_TABLE] != NULL ? get_u32 (table[RTA_TABLE]) : info->rtm_table) != RT_TABLE_MAIN)
    return;
  route = &network->routes[network->n_routes++];
  memset (route, 0, sizeof *route);
  route->family = info->rtm_family;
  route->index = (int) get_u32 (table[RTA_OIF]);
  route->metric = get_u32 (table[RTA_PRIORITY]);
  if (table[RTA_GATEWAY] != NULL && RTA_PAYLOAD (table[RTA_GATEWAY]) >= size)
    {
      route->has_gateway = true;
      memcpy (route->gateway, RTA_DATA (table[RTA_GATEWAY]), size);
    }
}

/* Reads the answer to one dump request. Returns 1 when it is complete, 0 when the kernel's tables
 * changed meanwhile, -1 on an error. */
static int
read_dump (int fd, Network *network, MessageFunc func)
{
  static char buffer[REPLY_SIZE] __attribute__ ((aligned (8)));
  bool interrupted = false;

  for (;;)
    {
      ssize_t n = recv (fd, buffer, sizeof buffer, 0);
      size_t at = 0;

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return -1;
      while ((size_t) n >= at + sizeof (struct nlmsghdr))
        {
          const struct nlmsghdr *message = (const struct nlmsghdr *) (buffer + at);

          if (message->nlmsg_len < sizeof *message || message->nlmsg_len > (size_t) n - at)
            return -1;
          if (message->nlmsg_type == NLMSG_ERROR)
            return -1;
          interrupted = interrupted || (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
          if (message->nlmsg_type == NLMSG_DONE)
            return interrupted ? 0 : 1;
          func (network, message);
          at += NLMSG_ALIGN (message->nlmsg_len);
        }
    }
}

static int
dump (int fd, Network *network, uint16_t type, MessageFunc func)
{
  struct
  {
    struct nlmsghdr header;
    union
    {
      struct ifinfomsg link;
      struct ifaddrmsg address;
      struct rtmsg route;
    } body;
  } request;

  memset (&request, 0, sizeof request);
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  if (send (fd, &request, sizeof request, 0) < 0)
    return -1;
  return read_dump (fd, network, func);
}

static bool
read_network (Network *network)
{
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct timeval patience = { .tv_sec = 1 };
  int result = 0;

  if (fd < 0)
    return false;
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  for (int attempt = 0; attempt < ATTEMPTS && result == 0; attempt++)
    {
      network->n_links = network->n_addresses = network->n_routes = 0;
      result = dump (fd, network, RTM_GETLINK, add_link);
      if (result == 1)
        result = dump (fd, network, RTM_GETADDR, add_address);
      if (result == 1)
        result = dump (fd, network, RTM_GETROUTE, add_route);
    }
  close (fd);
  /* A table that changes all the time is better told a little wrong than not at all. */
  return result >= 0;
}

static const char *
state_name (unsigned int state)
{
  static const char *const names[] = { "unknown", "notpresent", "down", "lowerlayerdown",
                                       "testing", "dormant",    "up" };

  return state < sizeof names / sizeof names[0] ? names[state] : names[0];
}

static const char *
scope_name (unsigned int scope)
{
  switch (scope)
    {
    case RT_SCOPE_UNIVERSE:
      return "global";
    case RT_SCOPE_SITE:
      return "site";
    case RT_SCOPE_LINK:
      return "link";
    case RT_SCOPE_HOST:
      return "host";
    default:
      return "nowhere";
    }
}

static json_t *
addresses_of (const Network *network, const Link *link, uint64_t *hash)
{
  json_t *array = json_array ();
  char text[INET6_ADDRSTRLEN];

  for (unsigned int i = 0; i < network->n_addresses; i++)
    {
      const Address *address = &network->addresses[i];

      if (address->index != link->index || json_array_size (array) == KVMA_ADDRESSES_MAX)
        continue;
      inet_ntop (address->family, address->bytes, text, sizeof text);
      *hash = agent_hash (*hash, address, sizeof *address);
      json_array_append_new (
          array, json_pack ("{ss si ss sb}", "ip", text, "prefix", (int) address->prefix, "scope",
                            scope_name (address->scope), "dynamic", (int) address->dynamic));
    }
  return array;
}

static json_t *
link_to_json (const Network *network, const Link *link, uint64_t *hash)
{
  json_t *row = json_object ();

  *hash = agent_hash (*hash, link, offsetof (Link, rx));
  agent_json_set_text (row, "name", link->name);
  json_object_set_new (row, "index", json_integer (link->index));
  agent_json_set_text (row, "mac", link->mac);
  agent_json_set_text (row, "state", state_name (link->state));
  json_object_set_new (row, "mtu", json_integer (link->mtu));
  agent_json_set_text (row, "kind", link->kind);
  json_object_set_new (row, "virtual", json_boolean (link->is_virtual));
  json_object_set_new (row, "addrs", addresses_of (network, link, hash));
  json_object_set_new (row, "rx", json_integer ((json_int_t) link->rx));
  json_object_set_new (row, "tx", json_integer ((json_int_t) link->tx));
  return row;
}

static json_t *
routes_to_json (const Network *network, uint64_t *hash)
{
  json_t *array = json_array ();
  char text[INET6_ADDRSTRLEN];
  char name[IF_NAMESIZE];

  for (unsigned int i = 0; i < network->n_routes; i++)
    {
      const Route *route = &network->routes[i];
      json_t *row = json_pack ("{si sI}", "family", route->family == AF_INET ? 4 : 6, "metric",
                               (json_int_t) route->metric);

      *hash = agent_hash (*hash, route, sizeof *route);
      if (route->has_gateway)
        agent_json_set_text (row, "via",
                             inet_ntop (route->family, route->gateway, text, sizeof text));
      for (unsigned int k = 0; k < network->n_links; k++)
        if (network->links[k].index == route->index)
          {
            snprintf (name, sizeof name, "%s", network->links[k].name);
            agent_json_set_text (row, "dev", name);
          }
      json_array_append_new (array, row);
    }
  return array;
}

static json_t *
servers_to_json (uint64_t *hash)
{
  static const char key[] = "nameserver";
  json_t *array = json_array ();
  char text[4096];

  if (agent_read_file ("/etc/resolv.conf", text, sizeof text) <= 0)
    return array;
  for (char *line = text; *line != '\0' && json_array_size (array) < SERVERS_MAX;)
    {
      size_t length = strcspn (line, "\n");
      char *word = line + strspn (line, " \t");
      bool last = line[length] == '\0';

      line[length] = '\0';
      if (strncmp (word, key, sizeof key - 1) == 0 && strspn (word + sizeof key - 1, " \t") > 0)
        {
          word += sizeof key - 1;
          word += strspn (word, " \t");
          word[strcspn (word, " \t")] = '\0';
          *hash = agent_hash (*hash, word, strlen (word) + 1);
          json_array_append_new (array, agent_json_text (word, SERVER_LENGTH_MAX));
        }
      line += last ? length : length + 1;
    }
  return array;
}

static int
compare_links (const void *a, const void *b)
{
  const Link *x = a;
  const Link *y = b;

  if (x->is_virtual != y->is_virtual)
    return x->is_virtual ? 1 : -1;
  return x->index < y->index ? -1 : x->index > y->index;
}

json_t *
agent_facts_net (bool virtual_too, uint64_t *hash)
{
  Network network = { 0 };
  json_t *object = NULL;
  uint64_t sum = 0;
  AgentList list;

  network.links = malloc (LINKS_MAX * sizeof *network.links);
  network.addresses = malloc (ADDRESSES_MAX * sizeof *network.addresses);
  if (network.links != NULL && network.addresses != NULL && read_network (&network))
    {
      object = json_object ();
      qsort (network.links, network.n_links, sizeof *network.links, compare_links);
      agent_list_init (&list);
      for (unsigned int i = 0; i < network.n_links; i++)
        if (virtual_too || !network.links[i].is_virtual)
          agent_list_add (&list, link_to_json (&network, &network.links[i], &sum));
      agent_list_finish (&list, object, "ifaces");
      json_object_set_new (object, "routes", routes_to_json (&network, &sum));
      json_object_set_new (object, "dns", servers_to_json (&sum));
    }
  free (network.links);
  free (network.addresses);
  if (hash != NULL)
    *hash = sum;
  return object;
}

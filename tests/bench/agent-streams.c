/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 KVM Manager contributors */

/* How fast the agent is by itself, over a socket in one machine: requests a second, and bytes of a
 * stream in either direction, with what they cost its process. usage: agent-streams [MIB [zeros]]
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/agent.h"

#define SOURCE 2
#define SINK 4
#define REQUESTS 1500
#define IN_FLIGHT 15

static Agent agent;
static uint64_t left;
static uint8_t bytes[KVMA_PAYLOAD_MAX]; /* neither all zeros nor none: those are the extremes */

/* --- The agent's process --- */

static void
readable_cb (AgentStream *stream, void *data)
{
  size_t length;
  bool ended;

  agent_stream_peek (stream, &length, &ended);
  agent_stream_consume (stream, length);
  if (ended)
    agent_stream_close (stream, 0, NULL, 0, NULL);
}

static void
writable_cb (AgentStream *stream, void *data)
{
  size_t room;

  while (left > 0 && (room = agent_stream_room (stream)) > 0)
    {
      if (room > left)
        room = (size_t) left;
      left -= room;
      agent_stream_send (stream, bytes, room, left == 0);
    }
}

static void
aborted_cb (AgentStream *stream, bool lost, void *data)
{
}

static int
run_agent (int fd)
{
  static const AgentStreamFuncs funcs = { readable_cb, writable_cb, aborted_cb };
  bool opened = false;

  agent_set_root ("/nonexistent");
  if (!agent_init (&agent, "/nonexistent/agent.conf") || !agent_port_adopt (&agent, fd))
    return EXIT_FAILURE;
  agent_log_set_level (AGENT_LOG_ERROR);
  while (!agent.loop.quit)
    {
      agent_loop_step (&agent.loop, -1);
      if (opened || !agent_link_in_session (&agent))
        continue;
      opened = true;
      writable_cb (agent_stream_open (&agent, false, &funcs, NULL), NULL);
      agent_stream_open (&agent, true, &funcs, NULL);
    }
  agent_clear (&agent);
  return EXIT_SUCCESS;
}

/* --- The host's --- */

typedef struct
{
  int fd;
  KvmaReceiver receiver;
  KvmaSession session;
  uint8_t buffer[262144];
  const uint8_t *unread;
  size_t n_unread;
  uint64_t credit; /* for SINK */
} Host;

static Host host = { .credit = KVMA_STREAM_WINDOW_TO_GUEST };

static void
send_frame (KvmaHeader header, const void *payload, size_t length)
{
  uint8_t wire[KVMA_FRAME_MAX];
  const uint8_t *p = wire;
  size_t size;

  if (header.kind != KVMA_KIND_HELLO)
    kvma_session_stamp (&host.session, &header);
  size = kvma_frame_encode (&header, payload, length, wire, sizeof wire);
  while (size > 0)
    {
      ssize_t n = send (host.fd, p, size, MSG_NOSIGNAL);

      if (n <= 0)
        exit (EXIT_FAILURE);
      p += n;
      size -= (size_t) n;
    }
}

static void
receive (KvmaFrame *frame)
{
  for (;;)
    {
      KvmaReceive result = kvma_receiver_feed (&host.receiver, &host.unread, &host.n_unread, frame);
      ssize_t n;

      if (result == KVMA_RECEIVE_FRAME)
        {
          if (frame->header.kind == KVMA_KIND_BYE)
            {
              fprintf (stderr, "the agent said BYE: %.*s\n", (int) frame->length,
                       (const char *) frame->payload);
              exit (EXIT_FAILURE);
            }
          if (frame->header.kind == KVMA_KIND_WELCOME)
            kvma_session_begin (&host.session, frame->header.session);
          if (frame->header.session != 0)
            kvma_session_receive (&host.session, frame);
          if (frame->header.stream == SINK)
            host.credit += frame->header.credit;
          return;
        }
      n = recv (host.fd, host.buffer, sizeof host.buffer, 0);
      if (n <= 0)
        exit (EXIT_FAILURE);
      host.unread = host.buffer;
      host.n_unread = (size_t) n;
    }
}

static void
say_hello (void)
{
  static const char hello[] = "{\"nonce\":\"00112233445566778899aabbccddeeff\",\"protos\":[1]}";
  KvmaFrame frame;

  kvma_receiver_init (&host.receiver);
  send_frame ((KvmaHeader){ .kind = KVMA_KIND_HELLO }, hello, sizeof hello - 1);
  do
    receive (&frame);
  while (frame.header.kind != KVMA_KIND_WELCOME);
}

static void
download (uint64_t wanted)
{
  uint64_t got = 0;
  uint32_t taken = 0;

  while (got < wanted)
    {
      KvmaFrame frame;

      receive (&frame);
      if (frame.header.kind != KVMA_KIND_DATA)
        continue;
      got += frame.length;
      taken += (uint32_t) frame.length;
      if (taken < KVMA_STREAM_WINDOW_TO_HOST / 4)
        continue;
      send_frame ((KvmaHeader){ .kind = KVMA_KIND_ACK, .stream = SOURCE, .credit = taken }, NULL,
                  0);
      taken = 0;
    }
}

static void
upload (uint64_t to_send)
{
  KvmaFrame frame;

  while (to_send > 0)
    {
      size_t n = sizeof bytes;

      while (host.credit == 0)
        receive (&frame);
      if (n > host.credit)
        n = (size_t) host.credit;
      if (n > to_send)
        n = (size_t) to_send;
      to_send -= n;
      host.credit -= n;
      send_frame ((KvmaHeader){ .kind = KVMA_KIND_DATA,
                                .stream = SINK,
                                .flags = to_send == 0 ? KVMA_FLAG_END : 0 },
                  bytes, n);
    }
  do
    receive (&frame);
  while (frame.header.kind != KVMA_KIND_CLOSE);
}

static void
request (unsigned int n)
{
  unsigned int sent = 0, answered = 0;
  KvmaFrame frame;
  char text[96];

  while (answered < n)
    {
      while (sent < n && sent - answered < IN_FLIGHT)
        {
          int length = snprintf (text, sizeof text,
                                 "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"time.get\"}", ++sent);

          send_frame ((KvmaHeader){ .kind = KVMA_KIND_REQUEST }, text, (size_t) length);
        }
      do
        receive (&frame);
      while (frame.header.kind != KVMA_KIND_REPLY);
      answered++;
    }
}

static double
since (uint64_t begin)
{
  uint64_t ms = agent_now_ms () - begin;

  return (double) (ms > 0 ? ms : 1) / 1000;
}

int
main (int argc, char **argv)
{
  uint64_t mib = argc > 1 ? strtoull (argv[1], NULL, 10) : 512;
  struct rusage usage;
  uint64_t begin;
  double cpu;
  int ends[2];
  pid_t pid;

  left = mib << 20;
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = argc > 2 ? 0 : (uint8_t) (i * 2654435761u >> 13);
  if (mib == 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return EXIT_FAILURE;
  pid = fork ();
  if (pid == 0)
    {
      close (ends[1]);
      _exit (run_agent (ends[0]));
    }
  close (ends[0]);
  host.fd = ends[1];
  say_hello ();
  begin = agent_now_ms ();
  download (mib << 20);
  printf ("to the host    %8.1f MiB/s\n", (double) mib / since (begin));
  begin = agent_now_ms ();
  upload (mib << 20);
  printf ("to the guest   %8.1f MiB/s\n", (double) mib / since (begin));
  begin = agent_now_ms ();
  request (REQUESTS);
  printf ("requests       %8.0f /s\n", REQUESTS / since (begin));
  close (host.fd);
  wait4 (pid, NULL, 0, &usage);
  cpu = (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf ("agent's CPU    %8.2f s, %ld KiB resident at most\n", cpu, usage.ru_maxrss);
  return EXIT_SUCCESS;
}

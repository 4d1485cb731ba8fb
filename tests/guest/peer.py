#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""A second implementation of the host's side of kvma/1, written from guest-agent/protocol/PROTOCOL.md alone.

usage: peer.py SOCKET [COMMAND [ARGUMENT...]]

Says hello on the unix socket of the channel, prints the facts of sys.info as JSON, runs COMMAND (an absolute path; the
guest's policy must allow it), copies its output, and ends with its exit code. It shows that the document is enough; the
program itself uses src/agent.
"""
import json
import os
import socket
import struct
import sys
import time

ANNOUNCE, HELLO, WELCOME, REQUEST, REPLY, EVENT, DATA, CLOSE, PING, PONG, BYE, ACK = range(1, 13)
END = 1
HEADER = struct.Struct("<BBBBIQIIII")
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def cobs_encode(data):
    out, runs = bytearray(), data.split(b"\0")
    for index, run in enumerate(runs):
        while len(run) >= 254:
            out += b"\xff" + run[:254]
            run = run[254:]
            if not run and index == len(runs) - 1:
                return bytes(out)
        out += bytes([len(run) + 1]) + run
    return bytes(out)


def cobs_decode(data):
    out, i = bytearray(), 0
    while i < len(data):
        code = data[i]
        if i + code > len(data):
            raise ValueError("a code reaches beyond the frame")
        out += data[i + 1:i + code]
        i += code
        if code != 255 and i < len(data):
            out.append(0)
    return bytes(out)


class Peer:
    def __init__(self, sock):
        self.sock, self.buffer, self.frames = sock, b"", []
        self.session = self.sent = self.received = self.last_id = 0

    def send(self, kind, payload=b"", stream=0, flags=0, credit=0):
        seq = 0
        if self.session:
            self.sent += 1
            seq = self.sent
        ack = self.received if self.session else 0
        body = HEADER.pack(1, kind, flags, 0, seq, self.session, ack, stream, credit, 0) + payload
        self.sock.sendall(b"\0" + cobs_encode(body + struct.pack("<I", crc32c(body))) + b"\0")

    def receive(self):
        """The next good frame of this session (or outside of any): kind, flags, stream, payload."""
        while True:
            while b"\0" not in self.buffer:
                more = self.sock.recv(65536)
                if not more:
                    raise EOFError("the channel is closed")
                self.buffer += more
            frame, self.buffer = self.buffer.split(b"\0", 1)
            try:
                body = cobs_decode(frame)
            except ValueError:
                continue
            if len(body) < 36 or struct.unpack("<I", body[-4:])[0] != crc32c(body[:-4]):
                continue
            _, kind, flags, _, seq, session, _, stream, _, _ = HEADER.unpack(body[:32])
            payload = body[32:-4]
            if kind == WELCOME:
                return kind, session, stream, payload
            if session != self.session:
                continue
            if session and seq != self.received + 1:
                raise EOFError("the guest was reverted to an older state")
            self.received = seq
            if kind == PING:
                self.send(PONG, payload[:8] + struct.pack("<Q", int(time.monotonic() * 1000)))
            elif kind == BYE:
                raise EOFError("the agent says good-bye: " + payload.decode())
            else:
                return kind, flags, stream, payload

    def hello(self):
        nonce = os.urandom(16).hex()
        self.send(HELLO, json.dumps({"nonce": nonce, "protos": [1], "app": "peer.py"}).encode())
        while True:
            kind, session, _, payload = self.receive()
            if kind == WELCOME and json.loads(payload)["nonce"] == nonce:
                self.session, self.sent, self.received = session, 0, 1
                self.send(ACK)
                return json.loads(payload)

    def call(self, method, **params):
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.send(REQUEST, json.dumps(request).encode())
        while True:
            frame = self.receive()
            reply = json.loads(frame[3]) if frame[0] == REPLY else {}
            if reply.get("id") != self.last_id:
                self.frames.append(frame)  # output may come before the reply is read
            elif "error" in reply:
                raise RuntimeError(f"{method}: {reply['error']}")
            else:
                return reply["result"]

    def run(self, argv):
        job = self.call("exec.start", argv=argv)
        outputs = {job["stream"]: sys.stdout.buffer, job["stderr_stream"]: sys.stderr.buffer}
        while True:
            kind, flags, stream, payload = self.frames.pop(0) if self.frames else self.receive()
            if kind == DATA and stream in outputs:
                outputs[stream].write(payload)
                self.send(ACK, stream=stream, credit=len(payload))
            elif kind == CLOSE and stream == job["stream"]:
                end = json.loads(payload)["exit"]
                return end["code"] if "code" in end else 128


def main():
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(sys.argv[1])
    peer = Peer(sock)
    peer.hello()
    print(json.dumps(peer.call("sys.info"), indent=2), flush=True)
    sys.exit(peer.run(sys.argv[2:]) if len(sys.argv) > 2 else 0)


if __name__ == "__main__":
    main()

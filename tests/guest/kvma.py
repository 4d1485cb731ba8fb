# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""The host side of kvma/1, written from PROTOCOL.md alone: a second implementation to hold the first against.
It talks to the socket that QEMU has for the channel, reads only when asked to, and believes nothing."""

import json
import os
import select
import socket
import struct
import time

ANNOUNCE, HELLO, WELCOME, REQUEST, REPLY, EVENT, DATA, CLOSE, PING, PONG, BYE, ACK = range(1, 13)
HEADER = struct.Struct("<BBBBIQIIII")
FRAME_MAX = 32768
PAYLOAD_MAX = 31744


class ProtocolError(Exception):
    """The agent did what PROTOCOL.md does not allow."""


class Closed(Exception):
    """The agent said BYE; the reason is the argument."""


class CallError(Exception):
    """A JSON-RPC error."""

    def __init__(self, error):
        super().__init__(error.get("message"))
        self.code = error["code"]
        self.data = error.get("data", {})


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def cobs_encode(data):
    out = bytearray()
    for run in data.split(b"\0"):
        while len(run) >= 254:
            out += b"\xff" + run[:254]
            run = run[254:]
        out += bytes([len(run) + 1]) + run
    return bytes(out)


def cobs_decode(data):
    out = bytearray()
    position = 0
    while position < len(data):
        code = data[position]
        if code == 0 or position + code > len(data):
            raise ValueError("COBS code beyond the frame")
        out += data[position + 1:position + code]
        position += code
        if code < 0xFF and position < len(data):
            out.append(0)
    return bytes(out)


def encode(kind, payload=b"", *, seq=0, session=0, ack=0, flags=0, stream=0, credit=0):
    head = HEADER.pack(1, kind, flags, 0, seq, session, ack, stream, credit, 0)
    body = head + payload
    return b"\0" + cobs_encode(body + struct.pack("<I", crc32c(body))) + b"\0"


class Stream:
    """One stream of the session. What is not read is not granted: the guest stops."""

    def __init__(self, client, number, keeps=True):
        self.client = client
        self.number = number
        self.keeps = keeps  # else only counts
        self.data = b""
        self.count = 0
        self.granted = 131072
        self.room = 65536
        self.ended = False
        self.close = None  # the agent's CLOSE
        client.streams[number] = self
        for frame in [f for f in client.strays if f.stream == number]:
            client.strays.remove(frame)
            self.take(frame)

    def take(self, frame):
        if frame.credit:
            self.room += frame.credit
        if frame.kind == CLOSE:
            self.close = frame.body
        elif frame.kind == DATA:
            if self.ended and frame.payload:
                raise ProtocolError("DATA after END")
            self.granted -= len(frame.payload)
            if self.granted < 0:
                raise ProtocolError("more than was granted")
            self.count += len(frame.payload)
            if self.keeps:
                self.data += frame.payload
            self.ended = self.ended or bool(frame.flags & 1)

    def grant(self, count):
        self.granted += count
        self.client.send(ACK, stream=self.number, credit=count)

    def pump(self, done, timeout):
        """Reads, and grants as much again as came, until done()."""
        def look():
            if self.granted <= 65536 and not self.ended and not self.close:
                self.grant(131072 - self.granted)
            return done()
        return self.client.pump(look, timeout)

    def wait_close(self, timeout=90):
        """The agent's CLOSE; everything before it is in data."""
        self.pump(lambda: self.close, timeout)
        return self.close

    def write(self, data, end=False, timeout=90):
        while data:
            self.pump(lambda: self.room > 0, timeout)
            part = data[:min(self.room, PAYLOAD_MAX)]
            data = data[len(part):]
            self.room -= len(part)
            self.client.send(DATA, part, stream=self.number, flags=1 if end and not data else 0)
            # Not more than 96 KiB may be on the way; the acknowledgement of the last frame says that.
            sent = self.client.sent
            self.pump(lambda sent=sent: self.client.peer_ack >= sent - 2, timeout)
            end = end and bool(data)
        if end:
            self.client.send(DATA, b"", stream=self.number, flags=1)

    def abort(self):
        self.client.send(CLOSE, {"code": -32006}, stream=self.number)


class Frame:
    """One decoded frame."""

    def __init__(self, encoded):
        raw = cobs_decode(encoded)
        if len(raw) < 36 or struct.unpack("<I", raw[-4:])[0] != crc32c(raw[:-4]):
            raise ValueError("bad frame")
        (ver, self.kind, self.flags, reserved, self.seq, self.session, self.ack, self.stream, self.credit,
         reserved2) = HEADER.unpack(raw[:32])
        if ver != 1 or reserved or reserved2 or self.flags & ~7:
            raise ValueError("bad header")
        self.payload = raw[32:-4]

    @property
    def body(self):
        return json.loads(self.payload)


class Client:
    """A host. call(), hello() and the wait_ functions read and answer what has to be answered meanwhile."""

    def __init__(self, path):
        self.path = path
        self.socket = None
        self.buffer = b""
        self.session = 0
        self.sent = self.received = 0
        self.acknowledged = 0
        self.nonce = None
        self.next_id = 1
        self.replies = {}
        self.events = []
        self.streams = {}
        self.strays = []  # of streams that a reply has yet to name
        self.peer_ack = 0
        self.announces = []
        self.garbage = 0
        self.welcome = None
        self.connect()

    def connect(self):
        self.close()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(self.path)
        self.buffer = b""
        self.session = 0

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- out

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, kind, payload=b"", *, stream=0, flags=0, credit=0):
        """A frame of the session."""
        if isinstance(payload, dict):
            payload = json.dumps(payload).encode()
        self.sent += 1
        self.acknowledged = self.received
        self.send_raw(encode(kind, payload, seq=self.sent, session=self.session, ack=self.received,
                             stream=stream, flags=flags, credit=credit))

    def send_hello(self):
        self.nonce = os.urandom(16).hex()
        self.send_raw(encode(HELLO, json.dumps({
            "nonce": self.nonce, "protos": [1], "app": "guest-suite", "app_version": "1", "label": "suite@test",
        }).encode()))

    # ---- in

    def read_frames(self, timeout):
        """The frames of one read; an empty list when there was nothing for so long."""
        ready, _, _ = select.select([self.socket], [], [], max(0, timeout))
        if not ready:
            return []
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the channel was closed")
        *chunks, self.buffer = (self.buffer + data).split(b"\0")
        frames = []
        for chunk in chunks:
            if not chunk:
                continue
            if len(chunk) + 2 > FRAME_MAX:
                raise ProtocolError("a frame that is too long")
            try:
                frames.append(Frame(chunk))
            except ValueError as error:
                self.garbage += 1
                if self.session:
                    raise ProtocolError(f"{error} in a session") from error
        return frames

    def handle(self, frame):
        if frame.kind == ANNOUNCE:
            self.announces.append(frame.body)
            return
        if frame.kind == WELCOME:
            self.handle_welcome(frame)
            return
        if frame.session != self.session or not self.session:
            return
        if frame.kind == BYE:
            self.session = 0
            raise Closed(frame.body["reason"])
        if frame.seq != self.received + 1:
            raise ProtocolError(f"seq {frame.seq} after {self.received}")
        if frame.ack > self.sent:
            raise ProtocolError("acknowledges what was not sent")
        self.received = frame.seq
        self.peer_ack = frame.ack
        if frame.stream:
            stream = self.streams.get(frame.stream)
            if stream:
                stream.take(frame)
            else:
                self.strays.append(frame)
        if frame.kind == REPLY:
            body = frame.body
            if body.get("id") in self.replies:
                raise ProtocolError(f"two replies to {body.get('id')}")
            self.replies[body.get("id")] = body
        elif frame.kind == EVENT:
            self.events.append(frame.body)
        elif frame.kind == PING:
            self.send(PONG, frame.payload[:8] + struct.pack("<Q", time.monotonic_ns() // 1000000))
        elif frame.kind == PONG:
            self.replies["pong"] = frame.payload[:8]

    def handle_welcome(self, frame):
        body = frame.body
        if body["nonce"] != self.nonce:
            return
        if frame.seq != 1 or frame.session != int(body["session"], 16) or frame.session == 0:
            raise ProtocolError("a WELCOME that is not the first of its session")
        self.session = frame.session
        self.welcome = body
        self.sent = 0
        self.received = 1
        self.replies = {}
        self.events = []
        self.streams = {}
        self.strays = []
        self.peer_ack = 0
        self.send(ACK)

    def pump(self, done, timeout):
        """Reads until done() is true. Returns what it returned, or raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while True:
            result = done()
            if result:
                return result
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"nothing came within {timeout} s")
            for frame in self.read_frames(min(left, 0.5)):
                self.handle(frame)
            if self.session and self.received - self.acknowledged >= 8:
                self.send(ACK)

    # ---- what a test says

    def hello(self, timeout=90):
        """A new session; the HELLO is repeated as PROTOCOL.md says. Returns the WELCOME's body."""
        self.session = 0
        deadline = time.monotonic() + timeout
        pause = 0.25
        while True:
            self.send_hello()
            try:
                self.pump(lambda: self.session, min(pause, max(0.01, deadline - time.monotonic())))
                return self.welcome
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise
                pause = min(pause * 2, 4)

    def start_call(self, method, params=None, request_id=None):
        if request_id is None:
            request_id = self.next_id
            self.next_id += 1
        self.send(REQUEST, {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}})
        return request_id

    def finish_call(self, request_id, timeout=40):
        self.pump(lambda: request_id in self.replies, timeout)
        body = self.replies.pop(request_id)
        if "error" in body:
            raise CallError(body["error"])
        return body["result"]

    def call(self, method, params=None, timeout=40):
        return self.finish_call(self.start_call(method, params), timeout)

    def stream(self, result, name="stream", keeps=True):
        """The stream that the result of a call names."""
        return Stream(self, result[name], keeps)

    def run(self, *argv, stdin=b"", timeout=30, **params):
        """A command: its exit, standard output and standard error."""
        job = self.call("exec.start", {"argv": list(argv), "stdin": bool(stdin), **params})
        out, errors = self.stream(job), self.stream(job, "stderr_stream")
        if stdin:
            out.write(stdin, end=True)
        out.wait_close(timeout)
        errors.wait_close(timeout)
        return out.close["exit"], out.data, errors.data

    def ping(self, timeout=40):
        token = os.urandom(8)
        self.replies.pop("pong", None)
        self.send(PING, token + struct.pack("<Q", time.monotonic_ns() // 1000000))
        self.pump(lambda: self.replies.get("pong") == token, timeout)

    def subscribe(self, *topics, interval_ms=1000):
        return self.call("events.subscribe", {"topics": [{"name": t, "interval_ms": interval_ms} for t in topics]})

    def wait_event(self, topic, wanted=lambda params: True, timeout=45):
        """The parameters of the first event of that topic that is wanted; it and those before it are gone then."""
        def look():
            while self.events:
                event = self.events.pop(0)
                if event["method"] == topic and wanted(event["params"]):
                    return event["params"]
            return None
        return self.pump(look, timeout)


def self_test():
    """The vectors of PROTOCOL.md."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert cobs_encode(b"") == b"\x01" and cobs_encode(b"\0") == b"\x01\x01"
    assert cobs_encode(b"\x11\x22\0\x33") == b"\x03\x11\x22\x02\x33"
    for size in (0, 1, 253, 254, 255, 508, 509, 31744):
        for fill in (b"\0", b"\x01", b"ab\0"):
            data = (fill * size)[:size]
            assert cobs_decode(cobs_encode(data)) == data and 0 not in cobs_encode(data)
    hello = encode(HELLO, b'{"nonce":"000102030405060708090a0b0c0d0e0f","protos":[1]}')
    assert len(hello) == 96 and hello[-5:] == bytes.fromhex("eee395e300")
    ack = encode(ACK, seq=1, ack=1, session=0x1122334455667788)
    assert ack == bytes.fromhex("00 03 01 0c 01 02 01 01 01 0a 88 77 66 55 44 33 22 11 01 01 01 01 01 01"
                                "01 01 01 01 01 01 01 01 01 05 4e d5 a5 47 00")


if __name__ == "__main__":
    self_test()

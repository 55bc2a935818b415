"""The servers of both colors, in one process: each answers with its name, or fails as it is told.

    servers.py CONTROL_PORT < servers.json        {"web/blue-1": ["127.0.11.1", 30001], …}

    GET http://127.0.0.1:CONTROL_PORT/set?who=web/green-*&mode=errors

Modes: ok; errors (500, but /health is fine), errors:0.3 (a share of them); missing (404); hang (no answer, but /health);
slow:2 (seconds); sick (only /health fails); late:5 (ok, and errors after so many seconds); close (each connection is
ended at once, but /health); dead (refuses connections, ends those that are open). `?slow=8` in a request's path holds
its answer back for so many seconds; with `?keep=1` the connection stays open for the next one; `?websocket=1` tells its
name for each message, `?events=1` as an event ten times a second. Whoever begins with a line `who` talks over plain TCP,
and gets the name for each line.
"""

import asyncio
import base64
import fnmatch
import hashlib
import json
import random
import sys
from urllib.parse import parse_qs, urlsplit

REASONS = {200: "OK", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}


class Server:
    def __init__(self, name: str, address: str, port: int) -> None:
        self.name, self.address, self.port = name, address, port
        self.mode, self.value = "ok", 0.0
        self.listener: asyncio.Server | None = None
        self.open: set[asyncio.StreamWriter] = set()

    async def set(self, mode: str) -> None:
        self.mode, _, value = mode.partition(":")
        self.value = float(value or 0)
        if self.mode == "late":
            asyncio.get_running_loop().call_later(self.value, self.get_late)
        if self.mode == "dead":
            if self.listener:
                self.listener.close()
                self.listener = None
            for writer in list(self.open):
                writer.transport.abort()
        elif self.listener is None:
            self.listener = await asyncio.start_server(self.serve, self.address, self.port, backlog=512)

    def get_late(self) -> None:
        if self.mode == "late":
            self.mode, self.value = "errors", 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            await self.answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await self.answer_one(reader, writer):
            pass

    async def answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether another request may follow."""
        first = await reader.readline()
        if first == b"who\n":
            while first:
                writer.write(f"{self.name}\n".encode())
                first = await reader.readline()
            return False
        request = first
        while not request.endswith(b"\r\n\r\n"):
            line = await reader.readline()
            if not line:
                return False
            request += line
        path = request.split(b" ", 2)[1].decode()
        query = parse_qs(urlsplit(path).query)
        if "websocket" in query:
            return await self.talk(request, reader, writer)
        if "events" in query:
            return await self.tell(writer)
        headers = dict(line.split(": ", 1) for line in request.decode().lower().split("\r\n")[1:] if ": " in line)
        await self.swallow(reader, int(headers.get("content-length", "0")))
        if path == "/health":
            status = 503 if self.mode == "sick" else 200
        else:
            await asyncio.sleep(float(query.get("slow", ["0"])[0]))
            if self.mode == "hang":
                await reader.read()
                return False
            if self.mode == "close":
                return False
            if self.mode == "slow":
                await asyncio.sleep(self.value)
            fails = self.mode == "errors" and random.random() < (self.value or 1)
            status = 500 if fails else 404 if self.mode == "missing" else 200
        body = f"{self.name}\n".encode()
        writer.write(
            f"HTTP/1.1 {status} {REASONS[status]}\r\nX-Server: {self.name}\r\nContent-Length: {len(body)}\r\n"
            f"Connection: {'keep-alive' if 'keep' in query else 'close'}\r\n\r\n".encode() + body)
        await writer.drain()
        return "keep" in query

    @staticmethod
    async def swallow(reader: asyncio.StreamReader, length: int) -> None:
        while length > 0:
            piece = await reader.read(min(length, 65536))
            if not piece:
                raise asyncio.IncompleteReadError(b"", length)
            length -= len(piece)

    async def talk(self, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """A WebSocket (RFC 6455): short texts only."""
        key = next(
            line.split(b": ", 1)[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        while True:
            kind, length = await reader.readexactly(2)
            mask = await reader.readexactly(4)
            text = bytes(byte ^ mask[place % 4] for place, byte in enumerate(await reader.readexactly(length & 0x7F)))
            if kind & 0xF == 8:
                writer.write(bytes([0x88, len(text)]) + text)
                return False
            if kind & 0xF == 9:
                writer.write(bytes([0x8A, len(text)]) + text)
            else:
                writer.write(bytes([0x81, len(self.name)]) + self.name.encode())

    async def tell(self, writer: asyncio.StreamWriter) -> bool:
        """Server-sent events, without an end."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        while not writer.is_closing():
            writer.write(f"data: {self.name}\n\n".encode())
            await writer.drain()
            await asyncio.sleep(0.1)
        return False


async def control(servers: list[Server], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        request = await reader.readuntil(b"\r\n\r\n")
        query = parse_qs(urlsplit(request.split(b" ", 2)[1].decode()).query)
        meant = [server for server in servers if fnmatch.fnmatch(server.name, query["who"][0])]
        for server in meant:
            await server.set(query["mode"][0])
        body = f"{len(meant)}\n".encode()
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
    finally:
        writer.close()


async def main() -> None:
    servers = [Server(name, *place) for name, place in json.load(sys.stdin).items()]
    for server in servers:
        await server.set("ok")
    listener = await asyncio.start_server(
        lambda reader, writer: control(servers, reader, writer), "127.0.0.1", int(sys.argv[1]))
    await listener.serve_forever()


asyncio.run(main())

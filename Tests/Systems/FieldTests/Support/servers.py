"""The servers of both colors, in one process: each answers with its name, or fails as it is told.

    servers.py CONTROL_PORT < servers.json        {"web/blue-1": ["127.0.11.1", 30001], …}

    GET http://127.0.0.1:CONTROL_PORT/set?who=web/green-*&mode=errors

Modes: ok; errors (500, but /health is fine), errors:0.3 (a share of them); missing (404); hang (no answer, but /health);
slow:2 (seconds); sick (only /health fails); late:5 (ok, and errors after so many seconds); close (each connection is
ended at once, but /health); dead (refuses connections, ends those that are open). `?slow=8` in a request's path holds
its answer back for so many seconds.
"""

import asyncio
import fnmatch
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
        request = await reader.readuntil(b"\r\n\r\n")
        path = request.split(b" ", 2)[1].decode()
        if path == "/health":
            status = 503 if self.mode == "sick" else 200
        else:
            await asyncio.sleep(float(parse_qs(urlsplit(path).query).get("slow", ["0"])[0]))
            if self.mode == "hang":
                await reader.read()
                return
            if self.mode == "close":
                return
            if self.mode == "slow":
                await asyncio.sleep(self.value)
            fails = self.mode == "errors" and random.random() < (self.value or 1)
            status = 500 if fails else 404 if self.mode == "missing" else 200
        body = f"{self.name}\n".encode()
        writer.write(
            f"HTTP/1.1 {status} {REASONS[status]}\r\nX-Server: {self.name}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode() + body)
        await writer.drain()


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

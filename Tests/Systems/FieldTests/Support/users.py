"""Users who ask at a steady rate, whatever becomes of their requests; each request is written down.

    users.py OPTIONS_JSON

Options: urls (asked by turns), rate (a second), timeout (seconds), seed, file, cookies and sources (that many users,
each with a cookie, or an address 127.0.20.N, of its own), once (so many requests at the same time, then the end).
Each line of the file: begin and end in milliseconds since 1970, the url's number, the status (0: none), the server that
answered or what went wrong; 72 bytes in all, so that they can be counted by the file's size.
"""

import asyncio
import json
import random
import signal
import sys
import time
from urllib.parse import urlsplit


class Users:
    def __init__(self, options: dict) -> None:
        self.urls = [urlsplit(url) for url in options["urls"]]
        self.rate = options["rate"]
        self.timeout = options["timeout"]
        self.users = max(options["cookies"], options["sources"], 1)
        self.has_cookies, self.has_sources = options["cookies"] > 0, options["sources"] > 0
        self.once = options["once"]
        self.cookies: dict[tuple[int, int], str] = {}
        self.random = random.Random(options["seed"])
        self.file = open(options["file"], "a", encoding="utf-8", buffering=1)
        self.under_way: set[asyncio.Task] = set()
        self.ends = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        if self.once:
            for number in range(self.once):
                self.start(number % len(self.urls), number % self.users)
        else:
            await self.ask()
        while self.under_way:
            await asyncio.wait(self.under_way)

    async def ask(self) -> None:
        due = time.monotonic()
        order: list[int] = []
        while not self.ends:
            if not order:
                order = list(range(len(self.urls)))
                self.random.shuffle(order)
            self.start(order.pop(), self.random.randrange(self.users))
            due += 1 / self.rate
            # Behind by more than a second, it does not try to catch up.
            due = max(due, time.monotonic() - 1)
            await asyncio.sleep(max(0, due - time.monotonic()))

    def end(self) -> None:
        self.ends = True

    def start(self, url: int, user: int) -> None:
        task = asyncio.get_running_loop().create_task(self.request(url, user))
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def request(self, number: int, user: int) -> None:
        began = time.time()
        try:
            status, note = await asyncio.wait_for(self.exchange(number, user), self.timeout)
            if status == 408:
                # The process that accepted the connection was replaced before the request came: browsers ask again.
                status, note = await asyncio.wait_for(self.exchange(number, user), self.timeout)
        except asyncio.TimeoutError:
            status, note = 0, "timeout"
        except (OSError, EOFError, ValueError, IndexError, asyncio.IncompleteReadError) as error:
            status, note = 0, type(error).__name__
        line = f"{began * 1000:.0f} {time.time() * 1000:.0f} {number} {status} {note}"
        self.file.write(f"{line[:71]:71}\n")

    async def exchange(self, number: int, user: int) -> tuple[int, str]:
        url = self.urls[number]
        source = (f"127.0.20.{user + 1}", 0) if self.has_sources else None
        reader, writer = await asyncio.open_connection(url.hostname, url.port, local_addr=source)
        try:
            path = f"{url.path}?{url.query}" if url.query else url.path
            cookie = self.cookies.get((number, user)) if self.has_cookies else None
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n".encode()
                + (f"Cookie: {cookie}\r\n" if cookie else "").encode() + b"\r\n")
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = answer.split("\r\n")
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            await reader.readexactly(int(headers.get("content-length", "0")))
            if self.has_cookies and "set-cookie" in headers:
                self.cookies[(number, user)] = headers["set-cookie"].split(";")[0]
            return int(lines[0].split(" ")[1]), headers.get("x-server", "haproxy")
        finally:
            writer.close()


asyncio.run(Users(json.loads(sys.argv[1])).run())

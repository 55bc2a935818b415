"""Users whose connections live long, one of each kind at each load balancer; what becomes of each is written down.

    lives.py OPTIONS_JSON

Options: edges (name: [host, port]), kinds, file. Kinds: keepalive (requests on one HTTP/1.1 connection), h2 (three
requests at a time on one HTTP/2 connection, by the library h2), websocket (by the library websockets), events
(server-sent events), upload (a POST that is sent slowly), raw (bytes over TCP).

Each line of the file is an object: kind, edge, port (the client's own), event, server, time. Events: open (served for
the first time), served (a change of who serves), closed (the connection ended between two requests), broken (in the
middle of a request), cut (a long session ended by the other side), done (a long session ended as it should), next (who
serves the request after that). SIGUSR1 has the long ones come to their end; SIGTERM ends the program.
"""

import asyncio
import json
import signal
import sys
import time

import h2.config
import h2.connection
import h2.events
import websockets


class Life:
    def __init__(self, kind: str, edge: str, place: list, book: "Book") -> None:
        self.kind, self.edge, self.book = kind, edge, book
        self.host, self.port = place
        self.server = ""

    def note(self, event: str, server: str = "", port: int = 0) -> None:
        self.book.write({"kind": self.kind, "edge": self.edge, "port": port, "event": event, "server": server})

    def served(self, server: str, port: int) -> None:
        if server != self.server:
            self.note("served" if self.server else "open", server, port)
            self.server = server

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        return reader, writer, writer.get_extra_info("sockname")[1]

    def request(self, what: str, method: str = "GET", more: str = "") -> bytes:
        return f"{method} /web?{what} HTTP/1.1\r\nHost: lab\r\n{more}\r\n".encode()

    async def answer(self, reader: asyncio.StreamReader) -> str:
        """The server that answered; refuses whatever is no success."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if " 200 " not in head.split("\r\n")[0]:
            raise ValueError(head.split("\r\n")[0])
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if "content-length" in headers:
            await reader.readexactly(int(headers["content-length"]))
        return headers["x-server"]

    async def one(self) -> str:
        """A request by itself, as the user makes it who comes back."""
        reader, writer, _ = await self.connect()
        try:
            writer.write(self.request("", more="Connection: close\r\n"))
            return await self.answer(reader)
        finally:
            writer.close()

    async def come_back(self) -> None:
        try:
            self.note("next", await self.one())
        except (OSError, EOFError, ValueError) as error:
            self.note("broken", str(error)[:60])

    # Kinds that end a request each moment.

    async def keepalive(self) -> None:
        while not self.book.ends:
            reader, writer, port = await self.connect()
            try:
                while not self.book.ends:
                    if reader.at_eof():
                        self.note("closed", self.server, port)
                        break
                    writer.write(self.request("keep=1"))
                    try:
                        self.served(await self.answer(reader), port)
                    except (OSError, EOFError, ValueError) as error:
                        self.note("broken", str(error)[:60], port)
                        break
                    await asyncio.sleep(0.03)
            finally:
                writer.close()

    async def h2(self) -> None:
        while not self.book.ends:
            reader, writer, port = await self.connect()
            connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
            connection.initiate_connection()
            try:
                while not self.book.ends:
                    if not await self.streams(connection, reader, writer, port):
                        break
                    await asyncio.sleep(0.03)
            except (OSError, EOFError) as error:
                self.note("broken", str(error)[:60], port)
            finally:
                writer.close()

    async def streams(self, connection, reader, writer, port: int) -> bool:
        """Three requests at once on one connection; false where the load balancer wants no more of them."""
        if reader.at_eof():
            self.note("closed", self.server, port)
            return False
        waiting = {}
        for _ in range(3):
            stream = connection.get_next_available_stream_id()
            connection.send_headers(
                stream, [(":method", "GET"), (":path", "/web?slow=0.01"), (":scheme", "http"), (":authority", "lab")],
                end_stream=True)
            waiting[stream] = ""
        writer.write(connection.data_to_send())
        goes_away = False
        while waiting:
            data = await reader.read(65536)
            if not data:
                raise EOFError(f"{len(waiting)} streams are open")
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    headers = dict(event.headers)
                    waiting[event.stream_id] = headers.get("x-server", "haproxy")
                    if headers[":status"] != "200":
                        self.note("broken", headers[":status"], port)
                elif isinstance(event, h2.events.DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self.served(waiting.pop(event.stream_id), port)
                elif isinstance(event, h2.events.StreamReset):
                    waiting.pop(event.stream_id, None)
                    self.note("broken", "reset", port)
                elif isinstance(event, h2.events.ConnectionTerminated):
                    goes_away = True
            writer.write(connection.data_to_send())
        if goes_away:
            self.note("closed", self.server, port)
        return not goes_away

    # Kinds that last.

    async def lasting(self, live) -> None:
        """Lives until it is told to end, or is cut; then comes back."""
        try:
            await live()
            self.note("done", self.server)
        except (OSError, EOFError, ValueError, websockets.ConnectionClosed) as error:
            self.note("cut", f"{type(error).__name__} {error}"[:80])
        await self.come_back()

    async def websocket(self) -> None:
        async def live() -> None:
            async with websockets.connect(f"ws://{self.host}:{self.port}/web?websocket=1") as socket:
                port = socket.local_address[1]
                while not self.book.comes_to_end:
                    await socket.send("who")
                    self.served(await socket.recv(), port)
                    await asyncio.sleep(0.1)
        await self.lasting(live)

    async def events(self) -> None:
        async def live() -> None:
            reader, writer, port = await self.connect()
            try:
                writer.write(self.request("events=1", more="Accept: text/event-stream\r\n"))
                await reader.readuntil(b"\r\n\r\n")
                while not self.book.comes_to_end:
                    line = await reader.readline()
                    if not line:
                        raise EOFError("no more events")
                    if line.startswith(b"data: "):
                        self.served(line[6:].decode().strip(), port)
            finally:
                writer.close()
        await self.lasting(live)

    async def upload(self) -> None:
        async def live() -> None:
            reader, writer, port = await self.connect()
            try:
                size, sent = 4_000_000, 0
                writer.write(self.request("keep=1", "POST", f"Content-Length: {size}\r\n"))
                self.note("open", "", port)
                while sent < size:
                    piece = min(size - sent, 200_000 if self.book.comes_to_end else 1000)
                    writer.write(b"x" * piece)
                    await writer.drain()
                    sent += piece
                    await asyncio.sleep(0.05)
                    if reader.at_eof():
                        raise EOFError(f"{sent} bytes were sent")
                self.server = await self.answer(reader)
            finally:
                writer.close()
        await self.lasting(live)

    async def raw(self) -> None:
        async def live() -> None:
            reader, writer, port = await self.connect()
            try:
                while not self.book.comes_to_end:
                    writer.write(b"who\n")
                    line = await reader.readline()
                    if not line:
                        raise EOFError("the connection ended")
                    self.served(line.decode().strip(), port)
                    await asyncio.sleep(0.1)
            finally:
                writer.close()

        async def one() -> str:
            reader, writer, _ = await self.connect()
            try:
                writer.write(b"who\n")
                line = await reader.readline()
                if not line:
                    raise EOFError("no answer")
                return line.decode().strip()
            finally:
                writer.close()
        self.one = one
        await self.lasting(live)


class Book:
    def __init__(self, file: str) -> None:
        self.file = open(file, "a", encoding="utf-8", buffering=1)
        self.ends = self.comes_to_end = False

    def write(self, line: dict) -> None:
        self.file.write(json.dumps(line | {"time": int(time.time() * 1000)}) + "\n")

    def end(self) -> None:
        self.ends = self.comes_to_end = True

    def come_to_end(self) -> None:
        self.comes_to_end = True


async def main() -> None:
    options = json.loads(sys.argv[1])
    book = Book(options["file"])
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, book.come_to_end)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, book.end)
    lives = [Life(kind, edge, place, book) for kind in options["kinds"] for edge, place in options["edges"].items()]
    await asyncio.gather(*(getattr(life, life.kind)() for life in lives))


asyncio.run(main())

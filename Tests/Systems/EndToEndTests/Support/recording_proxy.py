"""Passes bytes between clients and a server, and writes down what clients say, a JSON object a line.

usage: recording_proxy.py NAME LISTEN TARGET LOG    (addresses as unix:/path or tcp:host:port)

Several proxies may write to one log: what is said is written before it is passed on, so its order is that of the world.
"""

import asyncio
import json
import os
import sys
import time


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    kind, _, rest = address.partition(":")
    if kind == "unix":
        return await asyncio.open_unix_connection(rest)
    host, _, port = rest.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def end_with_parent() -> None:
    """Ends this process when the test that started it is gone, killed or not: it holds the other end of stdin."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
    os._exit(0)


async def main(name: str, listen: str, target: str, log: str) -> None:
    watch = asyncio.create_task(end_with_parent())
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def record(line: bytes) -> None:
        said = line.decode(errors="replace").rstrip("\r")
        os.write(file, json.dumps({"time": int(time.time() * 1000), "at": name, "said": said}).encode() + b"\n")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recorded: bool) -> None:
        rest = b""
        try:
            while data := await reader.read(65536):
                if recorded:
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        record(line)
                writer.write(data)
                await writer.drain()
            if rest:
                record(rest)
            if writer.can_write_eof():
                writer.write_eof()
        except OSError:
            pass

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await connect(target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(copy(reader, server_writer, True), copy(server_reader, writer, False))
        server_writer.close()
        writer.close()

    kind, _, rest = listen.partition(":")
    if kind == "unix":
        server = await asyncio.start_unix_server(serve, rest)
    else:
        host, _, port = rest.rpartition(":")
        server = await asyncio.start_server(serve, host, int(port))
    print("ready", flush=True)
    async with server:
        await asyncio.gather(server.serve_forever(), watch)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Passes bytes between clients and a server, and writes down what clients say.

usage: recording_proxy.py LISTEN TARGET LOG    (addresses as unix:/path or tcp:host:port)
"""

import asyncio
import os
import sys


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    kind, _, rest = address.partition(":")
    if kind == "unix":
        return await asyncio.open_unix_connection(rest)
    host, _, port = rest.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def end_with(parent: int) -> None:
    """Ends this process when the test that started it is gone, killed or not."""
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    os._exit(0)


async def main(listen: str, target: str, log: str) -> None:
    watch = asyncio.create_task(end_with(os.getppid()))
    record = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recorded: bool) -> None:
        try:
            while data := await reader.read(65536):
                if recorded:
                    os.write(record, data)
                writer.write(data)
                await writer.drain()
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

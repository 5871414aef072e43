"""An HTTP proxy on loopback that tunnels (CONNECT, RFC 9110 §9.3.6) to where the test says a host is."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class ConnectProxy:
    hosts: Mapping[str, int]
    """Name → the loopback port that stands for it."""
    refuse: bool = False
    """Answer 407, as for wrong credentials."""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    """What each CONNECT named, as `HOST:PORT`."""
    authorization: list[str | None] = field(default_factory=list)
    """The `Proxy-Authorization` of each."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._tunnel(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, place, _ = line.split(" ")
        assert method == "CONNECT", f"the proxy is to see nothing of what is inside TLS: {line}"
        named = {name.lower(): value for name, _, value in (header.partition(": ") for header in headers)}
        self.asked.append(place)
        self.authorization.append(named.get("proxy-authorization"))
        if self.refuse:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()
            return
        inner_reader, inner_writer = await asyncio.open_connection(
            "127.0.0.1", self.hosts[place.rpartition(":")[0]]
        )
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while octets := await reader.read(65_536):
            writer.write(octets)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def connect_proxy(**hosts: int) -> AsyncIterator[ConnectProxy]:
    """A running proxy; `hosts` with `_` for each dot."""
    proxy = ConnectProxy(hosts={name.replace("_", "."): port for name, port in hosts.items()})
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()

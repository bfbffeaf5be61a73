#!/usr/bin/env python3
"""A visitor without a browser: publishes by WHIP, plays by WHEP.

Prints the name of its leg, which a backend puts into a match, and then once a second what it sees.
"""

import argparse
import asyncio
import contextlib
import os
from urllib.parse import urljoin

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError


async def open_leg(http: aiohttp.ClientSession, endpoint: str, connection: RTCPeerConnection) -> str:
    """One POST brings the offer and takes the answer home (RFC 9725). Answers where the leg is."""
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp
    async with http.post(endpoint, data=offer, headers={"Content-Type": "application/sdp"}) as answer:
        text = await answer.text()
        if answer.status != 201:
            raise SystemExit(f"{answer.status}: {text}")
        await connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
        return urljoin(endpoint, answer.headers["Location"])


async def publish(http: aiohttp.ClientSession, endpoint: str, picture: str) -> tuple[RTCPeerConnection, str]:
    """A leg that only sends: a generated picture and a tone, or any file."""
    connection = RTCPeerConnection()
    tone = MediaPlayer("sine=frequency=440", format="lavfi")
    camera = MediaPlayer(picture) if os.path.exists(picture) else MediaPlayer(picture, format="lavfi")
    connection.addTransceiver(tone.audio, direction="sendonly")
    connection.addTransceiver(camera.video, direction="sendonly")
    return connection, await open_leg(http, endpoint, connection)


async def play(http: aiohttp.ClientSession, endpoint: str) -> tuple[RTCPeerConnection, str]:
    """A leg that only receives. It belongs to the publisher, because both tokens have the same `sub`."""
    connection = RTCPeerConnection()

    @connection.on("track")
    def on_track(track):
        asyncio.ensure_future(watch(track) if track.kind == "video" else listen(track))

    connection.addTransceiver("audio", direction="recvonly")
    connection.addTransceiver("video", direction="recvonly")
    return connection, await open_leg(http, endpoint, connection)


async def received(track):
    """What comes of a track, until it ends."""
    with contextlib.suppress(MediaStreamError):
        while True:
            yield await track.recv()


async def watch(track) -> None:
    """Says once a second what there is to see."""
    frames, since = 0, asyncio.get_running_loop().time()
    async for frame in received(track):
        frames += 1
        now = asyncio.get_running_loop().time()
        if now - since >= 1:
            # One pixel is the average of all.
            red, green, blue = bytes(frame.reformat(1, 1, "rgb24", interpolation="AREA").planes[0])[:3]
            print(f"sees {frame.width}x{frame.height}, {frames} pictures, "
                  f"on average #{red:02x}{green:02x}{blue:02x}", flush=True)
            frames, since = 0, now


async def listen(track) -> None:
    """Takes the sound off the line, where a program of yours would play it."""
    async for _ in received(track):
        pass


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="http://127.0.0.1:8080/v1/legs", help="where legs are opened")
    parser.add_argument("--token", required=True, help="with the grant publish and a sub")
    parser.add_argument("--picture", default="testsrc2=size=640x480:rate=30", help="a file, or a source of lavfi")
    parser.add_argument("--seconds", type=float, default=3600, help="how long to stay")
    options = parser.parse_args()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {options.token}"}) as http:
        publisher, sends = await publish(http, options.endpoint, options.picture)
        player, receives = await play(http, options.endpoint)
        print("leg", sends.rsplit("/", 1)[-1], flush=True)
        try:
            await asyncio.sleep(options.seconds)
        finally:
            for leg in (receives, sends):
                await http.delete(leg)
            await player.close()
            await publisher.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

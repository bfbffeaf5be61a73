"""Janus in the place of visavis: the signaling of `docs/signaling.md` in front, a video call behind.

Who comes first is called by who comes second, and both stay with each other. For `visavis load`,
which joins, meets and leaves, and reads `/metrics`.
"""

import asyncio
import contextlib
import itertools
import os
import re

import aiohttp
from aiohttp import web

JANUS = "ws://127.0.0.1:8188"
HTTP = web.AppKey("http", aiohttp.ClientSession)


class Call:
    """One visitor's end of a video call: a session with Janus, over a WebSocket of its own."""

    def __init__(self, name: str):
        self.name = name
        self.ids = {}
        self.is_connected = asyncio.Event()
        self._numbers = itertools.count()
        self._answers = {}
        self._events = asyncio.Queue()

    async def open(self, http: aiohttp.ClientSession):
        self._socket = await http.ws_connect(JANUS, protocols=["janus-protocol"])
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_alive())]
        self.ids["session_id"] = await self._ask(janus="create")
        self.ids["handle_id"] = await self._ask(janus="attach", plugin="janus.plugin.videocall")
        await self.say({"request": "register", "username": self.name})
        await self.hear("registered")

    async def close(self):
        for task in self._tasks:
            task.cancel()
        await self._socket.close()

    async def say(self, body: dict, **jsep):
        await self._send(janus="message", body=body, **({"jsep": jsep} if jsep else {}))

    async def hear(self, event: str) -> str | None:
        """Waits for an event of the call. Answers the SDP that comes with it."""
        while True:
            message = await self._events.get()
            data = message["plugindata"]["data"]
            if "error" in data:
                raise RuntimeError(data["error"])
            if data.get("result", {}).get("event") == event:
                return message.get("jsep", {}).get("sdp")

    async def _ask(self, **message) -> int:
        answer = asyncio.get_running_loop().create_future()
        self._answers[await self._send(**message)] = answer
        return (await answer)["data"]["id"]

    async def _send(self, **message) -> str:
        transaction = str(next(self._numbers))
        await self._socket.send_json(message | self.ids | {"transaction": transaction})
        return transaction

    async def _listen(self):
        async for message in self._socket:
            message = message.json()
            match message["janus"]:
                case "success":
                    self._answers.pop(message["transaction"]).set_result(message)
                case "event":
                    self._events.put_nowait(message)
                case "webrtcup":
                    self.is_connected.set()
                case "error" | "hangup":
                    print(f"{self.name}: Janus says {message}", flush=True)

    async def _keep_alive(self):
        while True:
            await asyncio.sleep(20)
            await self._send(janus="keepalive")


class Bridge:
    """What the visitors of one run share."""

    def __init__(self, janus_pid: int):
        self.pid = janus_pid
        self.numbers = itertools.count()
        self.waiting = []

    async def metrics(self, _request: web.Request) -> web.Response:
        """What the process of Janus has used, as visavis tells it of its own."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        with open(f"/proc/{self.pid}/status") as file:
            resident = re.search(r"VmRSS:\s+(\d+)", file.read())
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return web.Response(
            text=f"process_cpu_seconds_total {seconds}\n"
            f"process_resident_memory_bytes {int(resident[1]) * 1024}\n"
        )

    async def signal(self, request: web.Request) -> web.WebSocketResponse:
        visitor = web.WebSocketResponse()
        await visitor.prepare(request)
        call = Call(f"visitor-{next(self.numbers)}")
        async with contextlib.AsyncExitStack() as stack:
            async for message in visitor:
                message = message.json()
                if message["type"] == "leave":
                    break
                if message["type"] == "join":
                    await call.open(request.app[HTTP])
                    stack.push_async_callback(call.close)
                    meeting = asyncio.create_task(self.meet(visitor, call, message["offer"]))
                    stack.callback(meeting.cancel)
        return visitor

    async def meet(self, visitor: web.WebSocketResponse, call: Call, offer: str):
        """Meets whoever waits, or waits."""
        if not self.waiting:
            self.waiting.append((visitor, call, offer))
            return
        other = self.waiting.pop()
        await pair(other, (visitor, call, offer))


async def pair(caller, callee):
    """Calls: the caller's offer is an offer, and the callee's becomes the answer to that of Janus."""
    (a, a_call, a_offer), (b, b_call, b_offer) = caller, callee
    await a_call.say({"request": "call", "username": b_call.name}, type="offer", sdp=as_client(a_offer))
    to_callee = await b_call.hear("incomingcall")
    await b_call.say({"request": "accept"}, type="answer", sdp=answer_with(b_offer, to_callee))
    to_caller = await a_call.hear("accepted")
    for visitor, sdp in (a, to_caller), (b, to_callee):
        await visitor.send_json({"type": "answer", "sdp": sdp})
    for visitor, call in (a, a_call), (b, b_call):
        await call.is_connected.wait()
        await visitor.send_json({"type": "connection", "state": "connected"})
    for visitor in a, b:
        met = {"type": "matched", "match": a_call.name, "interests": [], "languages": [], "online": 0}
        await visitor.send_json(met)


def as_client(sdp: str) -> str:
    """The same, of one who begins the DTLS handshake, as a visitor of visavis does."""
    return sdp.replace("a=setup:actpass", "a=setup:active")


def answer_with(offer: str, to: str) -> str:
    """An answer to an offer of Janus, with what a visitor's own offer says."""
    own = {section_kind(section): section for section in sections(offer)}
    answer = []
    for section in sections(to):
        name = re.search(r"^a=mid:(\S+)", section, re.MULTILINE)[1]
        answer.append((name, re.sub(r"a=mid:\S+", f"a=mid:{name}", own[section_kind(section)])))
    names = " ".join(name for name, _ in answer)
    head = f"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {names}\r\n"
    return head + as_client("".join(section for _, section in answer))


def sections(sdp: str) -> list[str]:
    return re.split(r"(?=^m=)", sdp, flags=re.MULTILINE)[1:]


def section_kind(section: str) -> str:
    return re.match(r"m=(\w+)", section)[1]


async def start(janus_pid: int, port: int) -> web.AppRunner:
    """Listens until the runner that is answered is cleaned up."""
    bridge = Bridge(janus_pid)
    app = web.Application()
    app.add_routes([web.get("/metrics", bridge.metrics), web.get("/v1/signal", bridge.signal)])

    async def with_http(app):
        # Every visitor has a connection of its own.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as app[HTTP]:
            yield

    app.cleanup_ctx.append(with_http)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner

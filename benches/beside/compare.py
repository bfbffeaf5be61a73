#!/usr/bin/env python3
"""Other relays and visavis on this machine, in turns, under the same crowd: `visavis load`.

    cargo build --release
    apt-get install janus && pip install aiohttp        # for Janus
    npm --prefix benches/beside install                 # for mediasoup
    benches/beside/compare.py 50 100 --beside janus mediasoup

Prints a row of a table for each run. Nothing else should be at work meanwhile.
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import tempfile

HERE = pathlib.Path(__file__).parent
VISAVIS = HERE.parents[1] / "target/release/visavis"
PORT = 8090


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs", type=int, nargs="+", help="how many pairs, run by run")
    parser.add_argument("--beside", nargs="+", choices=["janus", "mediasoup"], default=["janus"], help="which (default: janus)")
    parser.add_argument("--turns", type=int, default=2, help="how often each is measured (default: 2)")
    parser.add_argument("--duration", default="15s", help="how long (default: 15s)")
    parser.add_argument("--visavis", type=pathlib.Path, default=VISAVIS, help="another build than the release build")
    asked = parser.parse_args()
    asked.visavis = asked.visavis.resolve()
    if not asked.visavis.exists():
        parser.error(f"there is no {asked.visavis}: cargo build --release")
    asyncio.run(compare(asked))


async def compare(asked):
    print("| pairs | relay | in a match to the end | packets/s | lost | added latency p50, p99 | CPU per packet | memory per leg |")
    print("|---|---|---|---|---|---|---|---|")
    for pairs in asked.pairs:
        for _ in range(asked.turns):
            for name in *asked.beside, "visavis":
                async with RELAYS[name](asked):
                    found = await crowd(asked, ["--pairs", str(pairs), "--duration", asked.duration])
                print(row(pairs, name, found), flush=True)


def row(pairs: int, name: str, found: dict) -> str:
    late, stayed = found["added_latency_ms"], found["visitors_matched"] - found["visitors_failed"]
    return (
        f"| {pairs} | {name} | {stayed} of {2 * pairs} | {found['packets_per_second']:,.0f} "
        f"| {100 * found['loss_ratio']:.2g} % | {late['p50']:.2f}, {late['p99']:.2f} ms "
        f"| {found['server_cpu_us_per_packet']:.1f} µs | {found['server_rss_bytes_per_leg'] / 1024:.0f} KiB |"
    )


@contextlib.asynccontextmanager
async def janus(_asked):
    # Only here is it needed.
    import janus_bridge

    options = ["--configs-folder", HERE, "--config", HERE / "janus.jcfg"]
    async with running("janus", *options) as process:
        runner = await janus_bridge.start(process.pid, PORT)
        try:
            yield
        finally:
            await runner.cleanup()


def mediasoup(_asked):
    # A worker is one thread.
    return running("node", HERE / "mediasoup_bridge.mjs", str(PORT), str(os.cpu_count()))


def visavis(asked):
    # It carries pictures, as the others do; it does not look at them.
    return running(asked.visavis, "serve", "--moderation-enabled=false", f"--http-listen=127.0.0.1:{PORT}")


RELAYS = {"janus": janus, "mediasoup": mediasoup, "visavis": visavis}


@contextlib.asynccontextmanager
async def running(*command):
    """A server, in an empty folder, from when it has begun until the block ends."""
    quiet = asyncio.subprocess.DEVNULL
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=quiet, stderr=quiet)
        await asyncio.sleep(2)
        if process.returncode is not None:
            raise SystemExit(f"{command[0]} has ended at once: does another one run?")
        try:
            yield process
        finally:
            process.terminate()
            await process.wait()


async def crowd(asked, load: list[str]) -> dict:
    """What `visavis load` finds, in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as found:
        options = ["--url", f"http://127.0.0.1:{PORT}", "--video", "1M", "--json", found.name, *load]
        process = await asyncio.create_subprocess_exec(
            asked.visavis, "load", *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        _, told = await process.communicate()
        # Whom the relay does not carry to the end is a finding, too.
        findings = found.read()
        if not findings:
            raise SystemExit(told.decode())
        return json.loads(findings)


if __name__ == "__main__":
    main()

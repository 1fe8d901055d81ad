"""Clients that ask one row after another: `PORT CLIENTS BODY`, then a word a line.

go SECONDS   ask for so long; answers {seconds, requests, failed}
on           ask until told otherwise
off          stop asking; answers as mark does
mark         answers {answered, failed, last_of}: of each version since the last mark, how many, when last
"""

import asyncio
import json
import sys
import time
from collections import Counter

port, clients, body = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
REQUEST = (
    b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
)
answered: Counter = Counter()
last_of: dict = {}
failed: list = []
on = False


async def client() -> None:
    reader = writer = None
    while on:
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            if b" 200 " not in head.split(b"\r\n")[0]:
                failed.append(head.split(b"\r\n")[0].decode())
                continue
            version = (
                head.split(b"x-pilothouse-version:")[1].split(b"\r\n")[0].strip().decode()
                if (b"x-pilothouse-version:" in head)
                else ""
            )
            answered[version] += 1
            last_of[version] = time.monotonic()
        except (OSError, asyncio.IncompleteReadError, IndexError, ValueError) as error:
            failed.append(repr(error))
            writer = None
            await asyncio.sleep(0.01)
    if writer is not None:
        writer.close()


def told() -> dict:
    answer = {
        "answered": dict(answered), "failed": len(failed), "why": failed[:3], "last_of": dict(last_of),
        "requests": sum(answered.values()),
    }  # fmt: skip
    answered.clear()
    last_of.clear()
    failed.clear()
    return answer


async def main() -> None:
    global on
    loop = asyncio.get_running_loop()
    words: asyncio.StreamReader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
    tasks: list = []
    while line := (await words.readline()).decode().split():
        began = time.perf_counter()
        if line[0] in ("go", "on"):
            on = True
            tasks = [asyncio.create_task(client()) for _ in range(clients)]
        if line[0] == "go":
            await asyncio.sleep(float(line[1]))
        if line[0] in ("go", "off"):
            on = False
            await asyncio.gather(*tasks)
        print(
            json.dumps({"seconds": time.perf_counter() - began, **({} if line[0] == "on" else told())}),
            flush=True,
        )


asyncio.run(main())

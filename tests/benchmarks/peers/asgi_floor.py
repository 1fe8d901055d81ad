"""The floor: a raw ASGI app that gathers waiting rows into one call of the pipeline: `MODEL PORT`."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import msgspec
import numpy as np
import uvicorn

MOST = 64
model = joblib.load(sys.argv[1])
thread = ThreadPoolExecutor(1)
waiting: list = []
busy = False


class Body(msgspec.Struct):
    inputs: list[list[float]]


decode = msgspec.json.Decoder(Body).decode
encode = msgspec.json.Encoder().encode


async def answer_all() -> None:
    global busy
    loop = asyncio.get_running_loop()
    while waiting:
        batch = waiting[:MOST]
        del waiting[:MOST]
        rows = np.array([row for row, _ in batch])
        answers = await loop.run_in_executor(thread, model.predict_proba, rows)
        for (_, future), answer in zip(batch, answers.tolist(), strict=True):
            if not future.done():
                future.set_result(answer)
    busy = False


async def app(scope, receive, send) -> None:
    global busy
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind.endswith("shutdown"):
                return
    content = b"{}"
    if scope["method"] == "POST":
        body = b""
        more = True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        future = asyncio.get_running_loop().create_future()
        waiting.append((decode(body).inputs[0], future))
        if not busy:
            busy = True
            asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(answer_all()))
        content = encode({"probabilities": await future})
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
    )
    await send({"type": "http.response.body", "body": content})


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)

"""A headless Chromium driven over its own pipe (the DevTools protocol): no driver program, no port, no library."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from find_browser import MISSING, find_browser

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-default-browser-check", "--mute-audio",
    "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE_SECONDS = 60.0


class Navigated(Exception):
    """The page was left while it was asked something."""


class Chromium:
    """One browser process with a profile of its own."""

    def __init__(self, profile: Path, program: str | None = None) -> None:
        program = program or find_browser()
        assert program is not None, MISSING
        their_input, self._out = os.pipe()
        self._in, their_output = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (their_input, their_output)]

        # Chromium reads from descriptor 3 and writes to 4; only a process of its own can be sure that both are free.
        begin = f"import os, sys; os.dup2({ends[0]}, 3); os.dup2({ends[1]}, 4); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-S", "-c", begin, program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(command, pass_fds=ends, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (their_input, their_output, *ends):
            os.close(end)
        self._numbers = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._news = threading.Condition()
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._out, json.dumps(message).encode() + b"\0")
        with self._news:
            assert self._news.wait_for(lambda: number in self._answers, PATIENCE_SECONDS), f"no answer to {method}"
            answer = self._answers.pop(number)
        if "navigated" in answer.get("error", {}).get("message", ""):
            raise Navigated
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def page(self, width: int = 1280, height: int = 900, **emulated: str) -> Page:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, target, session, width, height, emulated)

    def close(self) -> None:
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        waiting = b""
        while chunk := os.read(self._in, 1 << 16):
            *whole, waiting = (waiting + chunk).split(b"\0")
            for message in map(json.loads, whole):
                if "id" in message:
                    with self._news:
                        self._answers[message["id"]] = message
                        self._news.notify_all()
                else:
                    for listener in list(self.listeners):
                        listener(message)


class Page:
    """One tab. ``errors`` and ``requests`` fill while it lives."""

    def __init__(self, browser: Chromium, target: str, session: str, width: int, height: int, emulated: dict[str, str]) -> None:
        self._browser, self._target, self._session = browser, target, session
        self.errors: list[str] = []
        self.requests: list[str] = []
        browser.listeners.append(self._hear)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in emulated.items()]
        self.call("Emulation.setEmulatedMedia", features=features)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)
        self.until("document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """The value of an expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = PATIENCE_SECONDS) -> Any:
        """The first truthy value of an expression."""
        end = time.monotonic() + seconds
        while not (value := self._tried(expression)):
            assert time.monotonic() < end, f"never true: {expression}; errors: {self.errors}"
            time.sleep(0.05)
        return value

    def _tried(self, expression: str) -> Any:
        try:
            return self.run(expression)
        except Navigated:
            return None

    def press(self, key: str, modifiers: int = 0) -> None:
        code = {" ": "Space"}.get(key, key)
        numbers = {" ": 32, "Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}
        common = {"key": key, "code": code, "windowsVirtualKeyCode": numbers.get(key, 0), "modifiers": modifiers}
        text = {" ": " ", "Enter": "\r"}.get(key)
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def picture(self, path: Path, whole: bool = False) -> None:
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        self._browser.listeners.remove(self._hear)
        self._browser.call("Target.closeTarget", targetId=self._target)

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("sessionId") != self._session:
            return
        told = message["params"]
        match message["method"]:
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "assert"):
                self.errors.append(" ".join(str(a.get("value", a.get("description"))) for a in told["args"]))
            case "Runtime.exceptionThrown":
                self.errors.append(str(told["exceptionDetails"].get("exception", told["exceptionDetails"]).get("description")))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.errors.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])

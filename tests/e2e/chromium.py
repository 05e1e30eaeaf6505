"""A real Chromium without a window, driven by its DevTools protocol over a pair of pipes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.components import require
from tests.waiting import wait_until

PATIENCE = 60.0  # seconds after which a browser that does not answer fails the test

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
    "--allow-pre-commit-input",  # else clicks before the first frame of a page are dropped
    "--remote-debugging-pipe",
)

# Chromium always reads commands from descriptor 3 and writes to 4.
_LAUNCH = "import os,sys; os.dup2({0},3); os.dup2({1},4); os.execvp(sys.argv[1], sys.argv[1:])"
_FIRST_FREE = 10


class NavigatedError(Exception):
    """The page navigated to another one during a command."""


class Page:
    """One page of a browser; `errors` contains the errors of its console and its policy."""

    def __init__(self, commands: int, answers: int) -> None:
        self.errors: list[str] = []
        self._commands = commands
        self._answers = answers
        self._session: str | None = None
        self._last = 0
        self._buffer = b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Return the result of a command."""
        self._last += 1
        command = {"id": self._last, "method": method, "params": parameters}
        if self._session is not None:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (message := self._receive()).get("id") != self._last:
            self._note(message)
        if "navigated" in message.get("error", {}).get("message", ""):
            raise NavigatedError(method)
        assert "error" not in message, f"{method}: {message['error']}"
        return message["result"]

    def open(self, url: str, *, script: bool = True) -> None:
        """Load a page and wait until it is complete; without `script`, none of it runs."""
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, as JSON."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true, on this page or the one that follows."""

        def current() -> Any:
            try:
                return self.value(expression)
            except NavigatedError:
                return None

        wait_until(current, expression)

    def click(self, selector: str) -> None:
        """Click in the middle of an element with the mouse."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.until(f"document.readyState === 'complete' && {element} !== null")
        self.value(f"{element}.scrollIntoView({{block: 'center'}})")
        # Chromium drops clicks on a new page until it has drawn it, which a picture makes it do.
        self.call("Page.captureScreenshot", format="jpeg", quality=1)
        box = self.value(f"{element}.getBoundingClientRect().toJSON()")
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def type(self, text: str) -> None:
        """Type into the focused element."""
        self.call("Input.insertText", text=text)

    def press_enter(self) -> None:
        """Press the Enter key."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self.call("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def set_width(self, width: int) -> None:
        """Make the window `width` pixels wide, and 900 high."""
        size = {"width": width, "height": 900}
        self.call("Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=1, mobile=False)

    def photograph(self, path: Path) -> bytes:
        """Write a picture of the window to `path` (PNG) and return it."""
        picture = base64.b64decode(self.call("Page.captureScreenshot")["data"])
        path.write_bytes(picture)
        return picture

    def _receive(self) -> Mapping[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            readable, _, _ = select.select([self._answers], [], [], deadline - time.monotonic())
            assert readable, "Chromium does not answer"
            piece = os.read(self._answers, 1 << 20)
            assert piece, "Chromium has ended"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        decoded: Mapping[str, Any] = json.loads(message)
        return decoded

    def _note(self, message: Mapping[str, Any]) -> None:
        if message.get("method") == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] == "error" and not entry.get("url", "").endswith("/favicon.ico"):
                self.errors.append(entry["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(message["params"]["exceptionDetails"]))


@contextmanager
def chromium(profile: Path, *flags: str, **environment: str) -> Iterator[Page]:
    """Run a browser with a new profile, more flags and variables, as long as the block lasts."""
    program = require("chromium", "chromium-browser", "google-chrome", package="chromium")
    with ExitStack() as stack:
        theirs_in, ours_out = _pipe(stack)
        ours_in, theirs_out = _pipe(stack)
        launch = [sys.executable, "-c", _LAUNCH.format(theirs_in, theirs_out)]
        with (profile.parent / "chromium.log").open("wb") as log:
            browser = subprocess.Popen(
                [*launch, program, *FLAGS, *flags, f"--user-data-dir={profile}"],
                env={**os.environ, **environment},
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield Page(ours_out, ours_in)
        finally:
            browser.terminate()
            browser.wait(PATIENCE)


def _pipe(stack: ExitStack) -> tuple[int, int]:
    """Return a pipe whose ends are not 3 or 4; the stack closes it."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE))
        os.close(end)
        stack.callback(os.close, ends[-1])
    return ends[0], ends[1]

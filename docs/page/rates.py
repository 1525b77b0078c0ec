# SPDX-License-Identifier: BSD-2-Clause
"""How large the pages of networks are, how soon they are ready, and how fast they draw.

    python -m docs.page.rates [NET ...]

Without a network it looks at the shipped ones.
It prints bytes after gzip, and the median of the seconds from opening the file to the first answer.
Then it prints the frames per second that the browser shows while a digit is drawn and the race
runs. The page's processor time per frame tells how much of an idle core it takes.
"""

import gzip
import statistics
import sys
from pathlib import Path
from typing import Any

from firstspike.golden import shipped
from firstspike.golden.system.temporary import temporary_folder
from firstspike.scripts.main import run_line
from tests.page.strokes import strokes_on
from tests.support.browser import DESKTOP, chromium, opened

TIMES = 5
STEPS = 20

WATCH = """new MutationObserver(() => {
  window.readyAfter ??= performance.now() / 1000;
}).observe(document, { subtree: true, attributeFilter: ["data-ready"] });"""

COUNT = """() => {
  window.shown = [];
  const count = (now) => { window.shown.push(now); requestAnimationFrame(count); };
  requestAnimationFrame(count);
}"""


def main() -> None:
    """Measure, page by page."""
    with chromium() as browser, temporary_folder() as folder:
        for name in sys.argv[1:] or shipped():
            path = folder / f"{Path(name).stem}.html"
            run_line(["page", name, "-o", str(path)])
            size = len(gzip.compress(path.read_bytes()))
            ready = statistics.median(seconds(browser, path) for _ in range(TIMES))
            with opened(browser, path, **DESKTOP) as page:
                rate, each = frames(browser, page)
            print(f"{name}: {size:,} bytes, ready after {ready:.2f} s")
            print(f"{name}: {rate:.0f} frames a second, {1000 * each:.1f} ms of a processor each")


def processor_time(browser: Any) -> float:
    """Seconds that the processes which run pages have taken so far."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return sum(one["cpuTime"] for one in processes if one["type"] == "renderer")


def seconds(browser: Any, path: Path) -> float:
    """Return the seconds from opening the page to its first answer."""
    page = browser.new_page()
    page.add_init_script(WATCH)
    page.goto(path.as_uri())
    page.wait_for_function("window.readyAfter")
    after = page.evaluate("window.readyAfter")
    page.close()
    return after


def frames(browser: Any, page: Any) -> tuple[float, float]:
    """Return frames per second while a digit is drawn, and processor seconds per frame."""
    box = page.locator("#pad").bounding_box()
    page.evaluate(COUNT)
    before = processor_time(browser)
    (stroke,) = strokes_on(box, 2)
    for at, place in enumerate(stroke):
        page.mouse.move(*place, steps=STEPS)
        if at == 0:
            page.mouse.down()
    page.mouse.up()
    took = processor_time(browser) - before
    shown = page.evaluate("window.shown")
    return 1000 * (len(shown) - 1) / (shown[-1] - shown[0]), took / len(shown)


if __name__ == "__main__":
    main()

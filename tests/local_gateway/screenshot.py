"""The console as a picture, for README and guide.

``python -m tests.local_gateway.screenshot`` writes `docs/console.png`.
"""

import tempfile
from pathlib import Path

from tests.browser.chromium import chromium
from tests.local_gateway.showing import showing
from tests.make import ROOT

PICTURE = ROOT / "docs" / "console.png"


def main() -> None:
    access = Path("policies/access.toml")  # as it stands in the picture
    with (
        tempfile.TemporaryDirectory() as folder,
        showing(Path(folder), access) as shown,
        chromium() as browser,
    ):
        tab = browser.new_page(viewport={"width": 1280, "height": 720})
        tab.goto(f"{shown.url}/_console")
        tab.get_by_role("button", name="3", exact=True).click()
        tab.get_by_text("claim_refused:").wait_for()
        tab.locator("#stages").scroll_into_view_if_needed()
        tab.evaluate("window.scrollTo(0, document.querySelector('#stages').offsetTop - 56)")
        tab.wait_for_timeout(1000)  # smooth scrolling
        tab.screenshot(path=PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

"""The page in headless Chromium: zoom, search, keys, theme, print, and not a word on the console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import recorded

from llmopt.reports import gather, html

webdriver = pytest.importorskip("selenium.webdriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromedriver"), reason="no chromedriver: apt-get install chromium-driver"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    profile = tmp_path_factory.mktemp("profile")
    for each in ("headless=new", "no-sandbox", "disable-gpu", "window-size=1100,900", f"user-data-dir={profile}"):
        options.add_argument(f"--{each}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.binary_location = str(shutil.which("chromium") or "")
    started = webdriver.Chrome(options, webdriver.ChromeService(str(shutil.which("chromedriver"))))
    yield started
    started.quit()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    folder = recorded.run(tmp_path / "shop", recorded.HOSTILE)
    file = tmp_path / "report.html"
    file.write_text(html.page(gather.report(folder)), encoding="utf-8")
    browser.get(file.as_uri())
    yield browser
    assert browser.get_log("browser") == []


def frames(page: Any, graph: int = 0) -> dict[str, tuple[float, bool]]:
    """Widths in pixels of the frames of a graph, and whether each is seen."""
    script = """return [...document.querySelectorAll('.flame')[arguments[0]].children].map(
        (each) => [each.textContent, each.getBoundingClientRect().width, !each.hidden])"""
    return {name: (width, shown) for name, width, shown in page.execute_script(script, graph)}


def one(page: Any, css: str) -> Any:
    return page.find_element("css selector", css)


def test_click_zooms_and_escape_goes_back(page: Any) -> None:
    whole = frames(page)["all"][0]
    before = frames(page)["customers"][0]
    assert round(before / whole, 2) == 0.9
    one(page, ".flame button[title^='customers']").click()
    zoomed = frames(page)
    assert round(zoomed["customers"][0]) == round(whole)
    assert zoomed["dumps"][1] is False
    assert zoomed["all"][1]
    one(page, "body").send_keys("\ue00c")
    assert round(frames(page)["customers"][0]) == round(before)
    assert frames(page)["dumps"][1]


def test_both_graphs_are_on_one_scale(page: Any) -> None:
    assert round(frames(page)["all"][0] / frames(page, 1)["all"][0], 1) == 2.0


def test_search_marks_and_adds_up(page: Any) -> None:
    one(page, "#search").send_keys("orders.py")
    assert one(page, "#found").text == "90.0 % before, 30.0 % after"
    assert len(page.find_elements("css selector", ".flame button.found")) == 2
    one(page, "#reset").click()
    assert one(page, "#found").text == ""
    assert not page.find_elements("css selector", ".found")


def test_arrows_move_between_frames(page: Any) -> None:
    first = one(page, ".flame button")
    first.send_keys("\ue015")
    assert page.switch_to.active_element.text == "workload"
    page.switch_to.active_element.send_keys("\ue015")
    assert page.switch_to.active_element.text == "customers"
    page.switch_to.active_element.send_keys("\ue014")
    assert page.switch_to.active_element.text == "dumps"
    page.switch_to.active_element.send_keys("\ue013")
    assert page.switch_to.active_element.text == "workload"


def test_theme_switches(page: Any) -> None:
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = page.execute_script(colour)
    one(page, "#theme").click()
    dark = page.execute_script(colour)
    assert light != dark
    assert sum(map(int, dark[4:-1].split(","))) < 100
    one(page, "#theme").click()
    assert page.execute_script(colour) == light


def test_hostile_text_runs_nothing_and_links_open(page: Any) -> None:
    assert "alert(1)" in one(page, "#others + article").text
    assert len(page.find_elements("css selector", "script")) == 1
    page.execute_script("location.hash = '#edit-1'")
    assert one(page, "#edit-1 details").get_property("open")


def test_no_part_is_wider_than_the_window(page: Any) -> None:
    for width in (1100, 420):
        page.set_window_size(width, 900)
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth"), width


def test_it_prints(page: Any) -> None:
    pdf = page.print_page()
    assert len(pdf) > 20_000

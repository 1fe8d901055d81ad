from __future__ import annotations

import threading
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from pilothouse.tui.text import safe
from pilothouse.tui.widgets.renewal import PAGE
from pilothouse.tui.widgets.rows import Column, Page, Row
from pilothouse.tui.widgets.table import Table

COLUMNS = (
    Column("n", "n", "right"),
    Column("name", "name", most=30),
    Column("words", "words", most=99, grow=True),
)
MANY = 100_000
HOSTILE = ["model [/foo]", "[bold red]x[/]", "\x1b[31mred", "a\nb", "naïve 🚢 表", ""]


class Source:
    """Counts what is fetched; ``gate`` holds answers back."""

    def __init__(self, total: int = MANY) -> None:
        self.total = total
        self.asked: list[int] = []
        self.first = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, offset: int, limit: int) -> Page:
        self.asked.append(offset)
        assert threading.current_thread() is not threading.main_thread()
        first = self.first
        self.gate.wait(10)
        numbers = range(offset, min(offset + limit, self.total))
        rows = tuple(
            Row(f"k{n + first}", (f"{n + first:,}", safe(HOSTILE[n % len(HOSTILE)]), "w" * 40))
            for n in numbers
        )
        return Page(offset, self.total, rows)


class TableApp(App[None]):
    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"dim": "#888888", "line": "#444444"}

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()


def lines(app: App[Any]) -> list[str]:
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def idle(pilot: Pilot[Any]) -> None:
    for _ in range(500):
        await pilot.pause(0.005)
        if all(worker.is_finished for worker in pilot.app.workers):
            await pilot.pause()
            return
    raise AssertionError("never idle")


async def test_a_hundred_thousand_rows_cost_a_page_or_two() -> None:
    source = Source()
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 24)) as pilot:
        table.set_source(source)
        await idle(pilot)
        assert source.asked == [0]
        await pilot.press("G")
        await idle(pilot)
        assert table.cursor == MANY - 1
        assert "99,999" in lines(pilot.app)[-1]
        await pilot.press("g", "j", "j", "k")
        await idle(pilot)
        assert table.cursor == 1
        assert len(source.asked) <= 4


async def test_the_header_stays_and_numbers_are_right_aligned() -> None:
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 10)) as pilot:
        table.set_rows([Row(str(n), (f"{n:,}", "x", "y")) for n in (1, 22, 1333)])
        await pilot.pause()
        drawn = lines(pilot.app)
        assert drawn[0].split() == ["n", "name", "words"]
        assert drawn[1].startswith("    1  x")
        assert drawn[3].startswith("1,333  x")


async def test_half_pages_and_the_ends() -> None:
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 21)) as pilot:
        table.set_rows([Row(str(n), (str(n), "x", "y")) for n in range(100)])
        await pilot.press("ctrl+d")
        assert table.cursor == 10
        await pilot.press("ctrl+u", "k")
        assert table.cursor == 0
        await pilot.press("down", "end")
        assert table.cursor == 99
        await pilot.press("j", "home")
        assert table.cursor == 0


async def test_the_cursor_stays_on_its_row_when_others_come_before_it() -> None:
    source = Source(50)
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 24)) as pilot:
        table.set_source(source)
        await idle(pilot)
        await pilot.press("j", "j", "j")
        assert table.row is not None and table.row.key == "k3"
        source.first = -2  # two new rows on top: everything moves down by two
        table.reload()
        await idle(pilot)
        assert table.row is not None and table.row.key == "k3"
        assert table.cursor == 5


def newest(count: int) -> list[Row]:
    return [Row(str(n), (str(n), "x", "y")) for n in reversed(range(count))]


@pytest.mark.parametrize("focused", [True, False])
async def test_a_list_of_what_is_new_stays_at_its_top(focused: bool) -> None:
    table = Table(COLUMNS, header=False, newest_first=True)
    async with TableApp(table).run_test(size=(40, 5)) as pilot:
        if not focused:
            pilot.app.screen.set_focus(None)
            await idle(pilot)
        for count in (8, 9, 14, 40):
            table.set_rows(newest(count))
            await idle(pilot)
            assert table.cursor == 0 and table.scroll_offset.y == 0
            assert lines(pilot.app)[0].split()[0] == str(count - 1)


async def test_a_list_of_what_is_new_stays_where_somebody_reads_in_it_until_he_leaves() -> None:
    table = Table(COLUMNS, header=False, newest_first=True)
    async with TableApp(table).run_test(size=(40, 5)) as pilot:
        table.set_rows(newest(20))
        table.move_to(6)
        table.set_rows(newest(25))
        await idle(pilot)
        assert table.row is not None and table.row.key == "13" and table.cursor == 11
        pilot.app.screen.set_focus(None)
        await idle(pilot)
        table.set_rows(newest(26))
        await idle(pilot)
        assert table.cursor == 0 and table.scroll_offset.y == 0


async def test_a_fetched_list_of_what_is_new_stays_at_its_top() -> None:
    table, source = Table(COLUMNS, newest_first=True), Source()
    async with TableApp(table).run_test(size=(40, 6)) as pilot:
        table.set_source(source)
        await idle(pilot)
        source.first = -50
        table.reload()
        await idle(pilot)
        assert table.cursor == 0 and table.scroll_offset.y == 0
        table.move_to(3)
        source.first = -60
        table.reload()
        await idle(pilot)
        assert table.cursor == 13


async def test_an_old_answer_never_replaces_a_newer_one() -> None:
    slow, fast = Source(50), Source(10)
    slow.gate.clear()
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 24)) as pilot:
        table.set_source(slow)
        await pilot.pause()
        table.set_source(fast)
        for _ in range(200):
            await pilot.pause(0.005)
            if table.total == 10:
                break
        slow.gate.set()
        await idle(pilot)
        assert table.total == 10


async def test_keys_work_while_a_page_is_on_its_way() -> None:
    source = Source()
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 24)) as pilot:
        table.set_source(source)
        await idle(pilot)
        source.gate.clear()
        await pilot.press("G", "k")
        assert table.cursor == MANY - 2
        assert table.row is None
        assert "…" in lines(pilot.app)[-1]
        source.gate.set()
        await idle(pilot)
        assert table.row is not None


async def test_an_error_is_told_and_old_rows_stay() -> None:
    told: list[str] = []
    broken = False

    def fetch(offset: int, limit: int) -> Page:
        if broken:
            raise OSError("disk on fire")
        return Page(offset, 3, tuple(Row(str(n), (str(n), "x", "y")) for n in range(3)))

    class Telling(TableApp):
        def on_table_fetched(self, message: Table.Fetched) -> None:
            if message.error:
                told.append(str(message.error))

    table = Table(COLUMNS)
    async with Telling(table).run_test(size=(80, 24)) as pilot:
        table.set_source(fetch)
        await idle(pilot)
        broken = True
        table.reload()
        await idle(pilot)
        assert told == ["disk on fire"]
        assert table.total == 3
        assert table.row is not None


async def test_wide_tables_scroll_sideways_and_say_so() -> None:
    columns = tuple(Column(f"c{n}", f"column{n}", width=12) for n in range(12))
    table = Table(columns)
    async with TableApp(table).run_test(size=(60, 10)) as pilot:
        table.set_rows([Row("a", tuple(f"cell{n}" for n in range(12)))])
        await pilot.pause()
        assert lines(pilot.app)[0].rstrip().endswith("›")
        await pilot.press(*["right"] * 20)
        assert "column11" in lines(pilot.app)[0]
        assert "cell11" in lines(pilot.app)[1]


async def test_half_a_number_is_not_shown() -> None:
    columns = (
        Column("a", "score", "right", 8),
        Column("b", "loss", "right", 8),
        Column("c", "words", width=12),
    )
    table = Table(columns)
    async with TableApp(table).run_test(size=(17, 6)) as pilot:
        table.set_rows([Row("a", ("0.7032", "0.125512", "many of them"))])
        await pilot.pause()
        head, row = lines(pilot.app)[:2]
        assert "loss" in head and head.rstrip().endswith("›")
        assert row.rstrip() == "  0.7032  …"
        await pilot.resize_terminal(29, 6)
        await pilot.pause()
        assert lines(pilot.app)[1].rstrip() == "  0.7032  0.125512  many o…"


async def test_a_line_that_is_cut_stays_where_it_begins() -> None:
    table = Table((Column("n", "", "right", 3), Column("line", "", most=400)), header=False)
    async with TableApp(table).run_test(size=(20, 6)) as pilot:
        table.set_rows([Row("1", ("1", "  2.8 s  short")), Row("2", ("2", " 18.5 s  a longer one"))])
        await pilot.pause()
        assert [line.rstrip() for line in lines(pilot.app)[:2]] == [
            "  1    2.8 s  short",
            "  2   18.5 s  a lon…",
        ]


async def test_an_empty_table_says_what_to_do() -> None:
    table = Table(COLUMNS, empty="Nothing here.\nPress t.")
    async with TableApp(table).run_test(size=(60, 10)) as pilot:
        assert "reading" in lines(pilot.app)[1]
        table.set_rows([])
        await pilot.press("j", "G", "enter", "ctrl+d")
        assert "Nothing here." in lines(pilot.app)[1]
        assert "Press t." in lines(pilot.app)[2]


async def test_only_a_few_pages_are_kept() -> None:
    source = Source()
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 24)) as pilot:
        table.set_source(source)
        await idle(pilot)
        for n in range(1, 20):
            table.move_to(n * PAGE)
            await idle(pilot)
        assert len(table._pages) <= 13
        assert table.row is not None


async def test_the_first_columns_stand_still_while_the_others_scroll() -> None:
    columns = tuple(Column(f"c{n}", f"column{n}", width=12) for n in range(12))
    table = Table(columns, marking=True)
    table.frozen = 2
    async with TableApp(table).run_test(size=(60, 10)) as pilot:
        table.set_rows([Row("a", tuple(f"cell{n}" for n in range(12)))])
        await pilot.pause()
        await pilot.press("right")
        head, row = lines(pilot.app)[:2]
        assert head.split() == ["column0", "column1", "‹", "column3", "column4", "›"]
        assert row.split()[:4] == ["cell0", "cell1", "cell3", "cell4"]
        assert head.index("column3") == row.index("cell3")
        await pilot.press("left")
        assert lines(pilot.app)[1].split()[:3] == ["cell0", "cell1", "cell2"]
        await pilot.press(*["right"] * 20)
        assert lines(pilot.app)[1].split()[0] == "cell0"
        assert lines(pilot.app)[1].split()[-1] == "cell11"
        assert "›" not in lines(pilot.app)[0]
        await pilot.press(*["left"] * 20)
        assert "‹" not in lines(pilot.app)[0]


async def test_on_a_screen_too_narrow_for_it_nothing_stands_still() -> None:
    table = Table(tuple(Column(f"c{n}", f"column{n}", width=12) for n in range(4)))
    table.frozen = 2
    async with TableApp(table).run_test(size=(30, 10)) as pilot:
        table.set_rows([Row("a", tuple(f"cell{n}" for n in range(4)))])
        await pilot.pause()
        for _ in range(2):
            await pilot.press("right")
            await pilot.pause()
        assert lines(pilot.app)[1].split()[0] == "cell2"


async def test_the_cursor_finds_its_row_on_the_page_beside() -> None:
    source = Source(PAGE * 3)
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 24)) as pilot:
        table.set_source(source)
        await idle(pilot)
        table.move_to(PAGE - 1)
        await idle(pilot)
        held = table.row.key if table.row else ""
        top = table.scroll_offset.y
        for first, place in ((-2, PAGE + 1), (1, PAGE - 2)):
            source.first = first
            table.reload()
            await idle(pilot)
            assert table.row is not None and table.row.key == held
            assert table.cursor == place
            assert table.scroll_offset.y == top + place - (PAGE - 1)


async def test_old_rows_are_shown_until_all_new_ones_are_here() -> None:
    source = Source(PAGE * 3)
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 24)) as pilot:
        table.set_source(source)
        await idle(pilot)
        table.move_to(PAGE + 5)
        await idle(pilot)
        before = lines(pilot.app)
        assert not any("…  " in line for line in before)
        source.first = -1
        source.gate.clear()
        table.reload()
        for _ in range(20):
            await pilot.pause(0.005)
            assert lines(pilot.app) == before
        table.reload()  # asked for again before the first answer is here
        source.gate.set()
        await idle(pilot)
        assert table.row is not None and table.row.key == f"k{PAGE + 5}"
        assert table.cursor == PAGE + 6


async def test_single_rows_are_drawn_anew_where_they_stand() -> None:
    table = Table(COLUMNS)
    async with TableApp(table).run_test(size=(80, 10)) as pilot:
        table.set_rows([Row(str(n), (f"{n}", "x", "y")) for n in range(5)])
        await pilot.press("j")
        table.renew_rows(lambda row: Row(row.key, ("9", "new", "z")) if row.key == "3" else row)
        await pilot.pause()
        assert lines(pilot.app)[4].split() == ["9", "new", "z"]
        assert table.cursor == 1


@pytest.mark.parametrize("frozen", [0, 1, 2])
@pytest.mark.parametrize("marking", [False, True])
async def test_the_column_under_the_mouse_is_the_one_that_is_drawn_there(frozen: int, marking: bool) -> None:
    names = ["first", "second", "third", "fourth", "fifth", "sixth"]
    table = Table(tuple(Column(name, name, "right", 9) for name in names), marking=marking)
    table.frozen = frozen
    async with TableApp(table).run_test(size=(46, 10)) as pilot:
        table.set_rows([Row("a", ("1",) * 6)])
        await pilot.pause()
        for _ in range(4):
            header = lines(pilot.app)[0]
            seen = [name for name in names if f" {name}" in f" {header}"]
            assert len(seen) >= 3
            for name in seen:
                column = table.column_at(header.index(name) + len(name) - 1)
                assert column is not None
                assert column.key == name
            await pilot.press("right")
            await pilot.pause()
        assert "first" not in seen or frozen


async def test_a_click_on_the_header_says_which_column_and_moves_nothing() -> None:
    said: list[str] = []

    class Listening(TableApp):
        def on_table_headed(self, message: Table.Headed) -> None:
            said.append(message.key)

    table = Table(COLUMNS, marking=True)
    async with Listening(table).run_test(size=(80, 10)) as pilot:
        table.set_rows([Row(str(n), (str(n), "x", "y")) for n in range(5)])
        await pilot.press("j")
        at = lines(pilot.app)[0].index("name")
        await pilot.click(Table, offset=(at + 1, 0))
        await pilot.click(Table, offset=(0, 0))  # over the marks there is no column
        await pilot.click(Table, offset=(at, 3))
        assert said == ["name"]
        assert table.cursor == 2

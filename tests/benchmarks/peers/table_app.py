"""Textual's own table with 300 rows and 10 columns, the cursor on rows."""

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class Plain(App[None]):
    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns(*(f"column {number}" for number in range(10)))
        table.add_rows([[f"{row}.{column}" for column in range(10)] for row in range(300)])
        table.focus()


Plain().run()

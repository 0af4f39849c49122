"""The session of `annolake sql`: statements up to a semicolon, and commands that begin with a dot."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import err, out
from annolake.cli.rows import Format, print_rows
from annolake.errors import AnnolakeError, SqlRefused
from annolake.lake.queries import Query, queries
from annolake.lake.views import READABLE, duck_type
from transforms.schemas import TABLES

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.filters import Condition

    from annolake.lake.sql import Session

COMMANDS: Mapping[str, str] = {
    ".tables": "the tables, with what a row is",
    ".schema TABLE": "the columns of a table, with type, unit and meaning",
    ".queries [WORD]": "the documented questions, those with a word",
    ".run NAME": "ask a documented question; .show NAME prints its statement",
    ".format F": f"how rows are shown: {', '.join(Format)}",
    ".out [FILE]": "where rows go; without a file to the terminal",
    ".help": "this list",
    ".quit": "leave (or Ctrl-D)",
}
TOKEN = re.compile(r"'(?:[^']|'')*'?|\"(?:[^\"]|\"\")*\"?|--[^\n]*|/\*.*?(?:\*/|$)|\$\$.*?(?:\$\$|$)|;|.", re.DOTALL)
KEYWORDS = tuple(
    re.findall(
        r"\w+",
        """select from where group by order limit having join left inner full cross anti semi on using as with recursive
        union all distinct and or not in is null between like ilike case when then else end over partition qualify
        filter exclude replace asc desc nulls first last true false cast values describe summarize show""",
    )
)


def split(text: str) -> tuple[list[str], str]:
    """The statements that end with a semicolon, and what comes after the last one.

    >>> split("select ';'; select 2 -- ;")
    (["select ';'"], ' select 2 -- ;')
    """
    statements, at, begun = [], 0, 0
    for token in TOKEN.finditer(text):
        at = token.end()
        if token.group() == ";":
            statements.append(text[begun : token.start()].strip())
            begun = at
    return [s for s in statements if s], text[begun:]


class Shell:
    """Runs what is typed or piped, over one session."""

    def __init__(self, session: Session, how: Format = Format.table, file: Path | None = None) -> None:
        self.session = session
        self.how = how
        self.file = file
        self.is_done = False

    # -- where lines come from ---------------------------------------------------------------------------------------

    def read(self, lines: Iterable[str]) -> bool:
        """Run everything that comes from a pipe; False where any of it failed."""
        is_good, waiting = True, ""
        for line in lines:
            if self.is_done:
                break
            if not waiting.strip() and line.lstrip().startswith("."):
                is_good &= self.run(line)
                continue
            statements, waiting = split(waiting + line)
            for statement in statements:
                is_good &= self.run(statement)
        if waiting.strip():
            is_good &= self.run(waiting)
        return is_good

    def talk(self, history: Path) -> None:
        """A session at the terminal; `history` is kept for its owner only."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory

        history.parent.mkdir(parents=True, exist_ok=True)
        history.touch(mode=0o600)
        history.chmod(0o600)
        prompt: PromptSession[str] = PromptSession(
            "annolake> ",
            history=FileHistory(str(history)),
            completer=_completer(self),
            complete_while_typing=False,
            multiline=_goes_on(),
            prompt_continuation="     ...> ",
        )
        out.print("Statements end with a semicolon. [bold].help[/] lists the commands, Tab completes.", style="dim")
        while not self.is_done:
            try:
                text = prompt.prompt()
            except KeyboardInterrupt:  # gives up what is being typed
                continue
            except EOFError:
                break
            if text.lstrip().startswith("."):
                self.run(text)
            else:
                statements, rest = split(text)
                for statement in [*statements, *([rest] if rest.strip() else [])]:
                    self.run(statement)

    # -- what is done with them --------------------------------------------------------------------------------------

    def run(self, text: str) -> bool:
        """One statement or command; a refusal is told, and False given."""
        try:
            if text.lstrip().startswith("."):
                name, _, argument = text.strip().rstrip(";").partition(" ")
                self._command(name, argument.strip())
            else:
                self._ask(text)
        except AnnolakeError as error:
            err.print(f"[bold red]{type(error).__name__}:[/] {escape(error.message)}")
            if error.hint:
                err.print(escape(error.hint), style="dim")
            return False
        return True

    def _ask(self, statement: str) -> None:
        begun = time.perf_counter()
        table = self.session.ask(statement)
        took = time.perf_counter() - begun
        print_rows(table, self.how, self.file)
        where = f" to {self.file}" if self.file else ""
        if self.how is Format.table or self.file:
            err.print(f"{table.num_rows:,} row{'s' * (table.num_rows != 1)}{where} in {took:.2f} s", style="dim")

    def _command(self, name: str, argument: str) -> None:
        commands = {
            ".tables": self._tables, ".schema": self._schema, ".queries": self._queries, ".run": self._run,
            ".show": self._show, ".format": self._format, ".out": self._out, ".help": self._help,
            ".quit": self._quit, ".exit": self._quit,
        }  # fmt: skip
        if name not in commands:
            raise SqlRefused(f"There is no command {name}.", hint="The commands: .help")
        commands[name](argument)

    def _tables(self, _: str) -> None:
        listed = _listing("table", "one row")
        for name in sorted(READABLE, key=lambda n: (list(LAYERS).index(n.split(".")[0]), n)):
            listed.add_row(name, TABLES[name].grain)
        out.print(listed)

    def _schema(self, name: str) -> None:
        by_topic = {n.split(".")[1]: n for n in reversed(READABLE)}
        full = name if name in READABLE else by_topic.get(name.rpartition(".")[2])
        if full is None:
            from annolake.lake.sqlwords import no_table

            raise no_table(name or "''", "")
        table = TABLES[full]
        out.print(f"[bold]{full}[/]: {table.grain}; key: {', '.join(table.key)}")
        listed = _listing("column", "type", "meaning")
        for column in table.columns:
            meaning = column.meaning + (", may be NULL" if column.nullable else "")
            listed.add_row(column.name, duck_type(column.type).lower(), escape(meaning))
        out.print(listed)

    def _queries(self, word: str) -> None:
        listed = _listing("name", "question")
        for query in queries().values():
            if word.lower() in f"{query.name} {query.question} {' '.join(query.reads)}".lower():
                listed.add_row(query.name, escape(query.question))
        out.print(listed)

    def _run(self, name: str) -> None:
        query = _query(name)
        if self.how is Format.table and self.file is None:
            out.print(f"[bold]{escape(query.question)}[/]\n[dim]{escape(query.how_to_read)}[/]")
        self._ask(query.sql)

    def _show(self, name: str) -> None:
        out.print(escape(_query(name).sql))

    def _format(self, name: str) -> None:
        if name not in [*Format]:
            raise SqlRefused(f"{name or 'Nothing'} is not a format.", hint=f"The formats: {', '.join(Format)}")
        self.how = Format(name)

    def _out(self, name: str) -> None:
        self.file = Path(name).expanduser() if name else None

    def _help(self, _: str) -> None:
        listed = _listing("command", "")
        for name, meaning in COMMANDS.items():
            listed.add_row(escape(name), meaning)
        out.print(listed)

    def _quit(self, _: str) -> None:
        self.is_done = True

    # -- completion --------------------------------------------------------------------------------------------------

    @cached_property
    def functions(self) -> list[str]:
        """Names of DuckDB's functions."""
        import duckdb

        with duckdb.connect() as connection:
            found = connection.execute("SELECT DISTINCT function_name FROM duckdb_functions() ORDER BY 1").fetchall()
        return [name for (name,) in found if re.fullmatch(r"[a-z]\w+", name)]

    def words(self, before: str) -> Iterator[str]:
        """What may stand where `before` ends."""
        word = re.search(r"[\w.]*$", before).group()  # type: ignore[union-attr]  # matches the empty end
        for candidate in self._candidates(before, word):
            if candidate.lower().startswith(word.lower()) and candidate.lower() != word.lower():
                yield candidate

    def _candidates(self, before: str, word: str) -> Iterator[str]:
        if before.lstrip().startswith("."):
            yield from _of_command(before.lstrip())
            return
        named = [n for n in READABLE if re.search(rf"\b({re.escape(n)}|{n.split('.')[1]})\b", before)]
        if re.search(r"\b(from|join|describe|summarize|table)\s+[\w.]*$", before, re.IGNORECASE):
            yield from READABLE
            return
        alias, dot, _ = word.partition(".")
        if dot:
            yield from (f"{alias}.{c}" for n in named for c in TABLES[n].arrow.names)
            yield from READABLE
            return
        yield from dict.fromkeys(c for n in named or READABLE for c in TABLES[n].arrow.names)
        yield from KEYWORDS
        yield from READABLE
        yield from self.functions


LAYERS = ("gold", "silver", "bronze", "measure", "meta")


def _of_command(before: str) -> Iterator[str]:
    name, space, _ = before.partition(" ")
    if not space:
        yield from (c.split()[0] for c in COMMANDS)
        yield ".show"
    elif name == ".schema":
        yield from READABLE
    elif name in (".run", ".show"):
        yield from queries()
    elif name == ".format":
        yield from Format


def _query(name: str) -> Query:
    found = queries().get(name)
    if found is None:
        import difflib

        close = difflib.get_close_matches(name, queries(), n=1, cutoff=0.4)
        raise SqlRefused(
            f"No question is called {name or 'nothing'}" + (f"; did you mean {close[0]}?" if close else "."),
            hint="The questions: .queries",
        )
    return found


def _listing(*columns: str) -> Table:
    listed = Table(*columns, header_style="bold", box=SIMPLE_HEAD)
    for column in listed.columns:
        column.overflow = "fold"
    return listed


def _completer(shell: Shell) -> Completer:
    from prompt_toolkit.completion import Completer, Completion

    class _Words(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
            before = document.text_before_cursor
            word = (
                re.search(r"\.?[\w.]*$", before) if before.lstrip().startswith(".") else re.search(r"[\w.]*$", before)
            )
            for found in shell.words(before):
                yield Completion(found, start_position=-len(word.group() if word else ""))

    return _Words()


def _goes_on() -> Condition:
    """Enter makes a new line until the statement ends with a semicolon; a command is one line."""
    from prompt_toolkit.application import get_app
    from prompt_toolkit.filters import Condition

    def goes_on() -> bool:
        text = get_app().current_buffer.text
        return bool(text.strip()) and not text.lstrip().startswith(".") and bool(split(text)[1].strip())

    return Condition(goes_on)

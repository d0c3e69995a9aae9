"""Reads the source and holds it to the project's style. Each rule is shown to fire, so none is unable to fail."""

from collections.abc import Callable, Iterable

import pytest

from tidy import determinism, habits, rooms, shape
from tidy.source import PACKAGE, Finding, Source, sources

Rule = Callable[[Source], Iterable[Finding]]

PACKAGE_RULES: list[Rule] = [
    rooms.imports_go_up,
    determinism.money_has_no_floats,
    determinism.clocks_and_chance_have_one_home,
    shape.module_is_small,
    shape.module_says_what_it_is_for,
    shape.module_is_named_for_an_idea,
    shape.functions_are_small,
    shape.parameters_are_named,
    shape.times_end_in_their_unit,
    shape.only_the_command_prints,
    shape.operations_cite_their_source,
]
TEST_RULES: list[Rule] = [habits.tests_do_not_sleep, habits.skips_give_a_reason]

DOC = '"""Doc."""\n'
FIVE = "a, b, c, d, e"
BARE_OPERATION = 'class GetDepth(Operation[Depth]):\n    """Levels."""\n    path = "/api/v1/depth"\n'
BASED_OPERATION = 'class GetDepth(BySymbol[Depth]):\n    """Levels."""\n    method, path = "GET", "/api/v1/depth"\n'

# A rule, the place of a file, what stands in it, and the line that is found; None where nothing must be found.
EXAMPLES: list[tuple[Rule, str, str, int | None]] = [
    (rooms.imports_go_up, "book/ladder.py", "from haversack.units import ticks", None),
    (rooms.imports_go_up, "book/ladder.py", "from haversack.book import splice", None),
    (rooms.imports_go_up, "book/ladder.py", DOC + "import haversack.client", 2),
    (rooms.imports_go_up, "book/ladder.py", "from haversack import streams", 1),
    (rooms.imports_go_up, "book/ladder.py", "from haversack import Client", 1),
    (rooms.imports_go_up, "book/ladder.py", "def late():\n    from haversack.cli import main", 2),
    (rooms.imports_go_up, "book/ladder.py", "from ..streams import session", 1),
    (rooms.imports_go_up, "exchange/engine/core.py", "from haversack.signing import Verifier", None),
    (rooms.imports_go_up, "exchange/engine/core.py", "from haversack.book import ladder", 1),
    (rooms.imports_go_up, "local/joined.py", "from haversack.exchange import server", None),
    (rooms.imports_go_up, "cli/main.py", "from haversack.local import LocalExchange", None),
    (rooms.imports_go_up, "cli/top.py", "from haversack.tui.run import show", None),
    (rooms.imports_go_up, "local/joined.py", "from haversack.tui.run import show", 1),
    (rooms.imports_go_up, "tui/feed.py", "from haversack.account.aio import AsyncAccount", None),
    (rooms.imports_go_up, "tui/app.py", "from haversack.cli.here import Here", 1),
    (rooms.imports_go_up, "pictures/worth.py", "from haversack.account.exact import total", None),
    (rooms.imports_go_up, "pictures/worth.py", "from haversack.cli.here import Here", 1),
    (rooms.imports_go_up, "client/blocking.py", "from haversack.pictures import draw_depth", 1),
    (rooms.imports_go_up, "__init__.py", "from haversack.cli import main", None),
    (rooms.imports_go_up, "attic.py", DOC, 1),
    (determinism.money_has_no_floats, "book/ladder.py", "price = 20.5", 1),
    (determinism.money_has_no_floats, "units.py", "def ticks(price: float) -> int: ...", 1),
    (determinism.money_has_no_floats, "exchange/fees.py", "def fee():\n    return float('1')", 2),
    (determinism.money_has_no_floats, "exchange/fees.py", "def fee(*, wait_s: float, rate=0.1): ...", 1),
    (determinism.money_has_no_floats, "exchange/server.py", "def serve(*, wait_s: float = 0.5) -> None: ...", None),
    (determinism.money_has_no_floats, "exchange/server.py", "def serve(wait_s: float = 0.5, *, x=1): ...", None),
    (determinism.money_has_no_floats, "exchange/server.py", "serve(wait_s=0.5)\nPAUSE_S = 0.1", None),
    (determinism.money_has_no_floats, "units.py", "isinstance(value, float)", None),
    (determinism.money_has_no_floats, "exchange/crowd/maker.py", "drift = 0.1", None),
    (determinism.money_has_no_floats, "rest/limits.py", "share = 0.9", None),
    (determinism.clocks_and_chance_have_one_home, "rest/flow.py", "import time\nnow = time.time()", 2),
    (determinism.clocks_and_chance_have_one_home, "rest/flow.py", "from time import monotonic as now\nnow()", 2),
    (determinism.clocks_and_chance_have_one_home, "rest/flow.py", "import datetime as d\nd.datetime.now()", 2),
    (
        determinism.clocks_and_chance_have_one_home,
        "rest/flow.py",
        "from datetime import datetime\ndatetime.now(UTC)",
        2,
    ),
    (determinism.clocks_and_chance_have_one_home, "account/ids.py", "import uuid\nuuid.uuid4()", 2),
    (determinism.clocks_and_chance_have_one_home, "account/ids.py", "import os\nos.urandom(4)", 2),
    (determinism.clocks_and_chance_have_one_home, "account/ids.py", "import secrets\nf = secrets.token_hex", 2),
    (determinism.clocks_and_chance_have_one_home, "exchange/crowd.py", "import random\nrandom.Random(7)", 2),
    (determinism.clocks_and_chance_have_one_home, "exchange/crowd.py", "import random\ndice: random.Random", None),
    (determinism.clocks_and_chance_have_one_home, "streams/shell.py", "asyncio.get_running_loop().time()", 1),
    (determinism.clocks_and_chance_have_one_home, "clock.py", "import time\ntime.time()", None),
    (shape.module_is_small, "book/ladder.py", "x = 1\n" * 401, 401),
    (shape.module_is_small, "wire/markets.py", "x = 1\n" * 500, None),
    (shape.module_is_small, "wire/markets.py", "x = 1\n" * 501, 501),
    (shape.module_says_what_it_is_for, "book/ladder.py", "x = 1", 1),
    (shape.module_says_what_it_is_for, "book/ladder.py", DOC, None),
    (shape.module_is_named_for_an_idea, "book/utils.py", DOC, 1),
    (shape.module_is_named_for_an_idea, "common/ladder.py", DOC, 1),
    (shape.module_is_named_for_an_idea, "book/ladder.py", DOC, None),
    (shape.functions_are_small, "book/ladder.py", "def long():\n" + "    x = 1\n" * 50, 1),
    (shape.functions_are_small, "book/ladder.py", "def fits():\n" + "    x = 1\n" * 49, None),
    (shape.parameters_are_named, "book/ladder.py", f"def many({FIVE}): ...", 1),
    (shape.parameters_are_named, "book/ladder.py", "class A:\n    def some(self, a, b, c, d, *, e): ...", None),
    (shape.times_end_in_their_unit, "book/ladder.py", "def ask(timeout: float): ...", 1),
    (shape.times_end_in_their_unit, "wire/orders.py", "class A:\n    server_time: int | None = None", 2),
    (shape.times_end_in_their_unit, "wire/orders.py", "class A:\n    server_time_ms: int | None = None", None),
    (shape.times_end_in_their_unit, "wire/orders.py", "time_in_force: TimeInForce", None),
    (shape.times_end_in_their_unit, "rest/limits.py", "window_ms_max: int = 60_000", None),
    (shape.only_the_command_prints, "book/ladder.py", "print(1)", 1),
    (shape.only_the_command_prints, "cli/main.py", "print(1)", None),
    (shape.operations_cite_their_source, "wire/markets.py", BARE_OPERATION, 1),
    (shape.operations_cite_their_source, "wire/markets.py", BASED_OPERATION, 1),
    (shape.operations_cite_their_source, "wire/markets.py", BARE_OPERATION.replace("Levels", "Source: GET /x"), None),
    (shape.operations_cite_their_source, "wire/base.py", "class BySymbol(Operation[T], Generic[T]): ...", None),
    (habits.tests_do_not_sleep, "tests/test_book.py", "import time\ntime.sleep(1)", 2),
    (habits.tests_do_not_sleep, "tests/test_book.py", "from asyncio import sleep\nsleep(0.1)", 2),
    (habits.tests_do_not_sleep, "tests/test_book.py", "import asyncio\nasyncio.sleep(0)", None),
    (habits.skips_give_a_reason, "tests/test_book.py", "import pytest\npytest.skip()", 2),
    (habits.skips_give_a_reason, "tests/test_book.py", "import pytest\n@pytest.mark.skip\ndef test_x(): ...", 2),
    (habits.skips_give_a_reason, "tests/test_book.py", "import pytest\nm = pytest.mark.xfail(reason='')", 2),
    (habits.skips_give_a_reason, "tests/test_book.py", "import pytest\nm = pytest.mark.skipif(True)", 2),
    (habits.skips_give_a_reason, "tests/test_book.py", "import pytest\npytest.skip('no recordings here')", None),
    (habits.nothing_foreign, "README.md", "see /wo" + "rk/main", 1),
    (habits.nothing_foreign, "README.md", "line\nsee ../sha" + "red/notes", 2),
    (habits.nothing_foreign, "requirements/dev.txt", "--index-url https://py" + "pi.org/simple", 1),
    (habits.nothing_foreign, "README.md", "a network/socket, a homework/exercise", None),
]


@pytest.mark.parametrize(("rule", "path", "text", "line"), EXAMPLES)
def test_rule_finds_what_it_should_and_only_that(rule: Rule, path: str, text: str, line: int | None) -> None:
    place = path if rule in (*TEST_RULES, habits.nothing_foreign) else PACKAGE + path
    assert [finding.line for finding in rule(Source(place, text))] == ([] if line is None else [line])


def test_every_rule_has_an_example_that_it_finds() -> None:
    shown = {rule for rule, _, _, line in EXAMPLES if line is not None}
    assert shown == {*PACKAGE_RULES, *TEST_RULES, habits.nothing_foreign}


@pytest.mark.parametrize("rule", PACKAGE_RULES, ids=lambda rule: rule.__name__)
def test_package_is_tidy(rule: Rule) -> None:
    report([finding for source in sources("src/haversack") for finding in rule(source)])


@pytest.mark.parametrize("rule", TEST_RULES, ids=lambda rule: rule.__name__)
def test_tests_are_tidy(rule: Rule) -> None:
    report([finding for source in sources("tests") for finding in rule(source)])


def test_project_says_nothing_foreign() -> None:
    files = habits.project_files()
    assert {"dev", ".ci/run", "pyproject.toml", "requirements/dev.txt"} <= {source.path for source in files}
    report([finding for source in files for finding in habits.nothing_foreign(source)])


def report(findings: list[Finding]) -> None:
    if findings:
        pytest.fail("\n".join(["not tidy:", *map(str, findings)]), pytrace=False)

"""docs/serve.md tells what is tested."""

from tests.local_gateway.page import PAGE, written


def test_the_table_of_behaviours_is_that_of_the_tests() -> None:
    assert PAGE.read_text() == written(), "python -m tests.local_gateway.page writes it anew"

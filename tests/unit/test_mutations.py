"""The broken builds of the fault tests: a build that no longer matches the code shows nothing."""

import pytest

from tests.faults import mutations
from tests.faults.builds import Mutation, built

MUTATIONS = [value for value in vars(mutations).values() if isinstance(value, Mutation)]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_broken_build_is_made_of_the_code_as_it_is(mutation: Mutation) -> None:
    with built(mutation) as build:
        for edit in mutation.edits:
            assert edit.new in (build.root / edit.file).read_text()

from tests.verbs.conftest import opened  # noqa: F401 - the same small task

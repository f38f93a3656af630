from tests.verbs.conftest import opened

__all__ = ["opened"]

import os

import pytest

from prunekit.criteria import CRITERIA
from prunekit.errors import TaskError
from prunekit.objectives import METRICS
from prunekit.tasks.own_code import to_environment, use, used_everywhere


def test_a_file_registers_when_it_is_used_and_anew_when_it_was_edited(own_code):
    use([own_code.name], own_code.parent)
    use([own_code])
    first = CRITERIA["backwards"]
    assert METRICS["missed"].whole is not None
    own_code.write_text(own_code.read_text().replace("given.units, 0, -1", "1, given.units + 1"))
    use([own_code])
    assert CRITERIA["backwards"].origin.digest != first.origin.digest
    assert CRITERIA["backwards"] != first


def test_what_a_file_does_wrong_is_one_sentence(own_code):
    own_code.write_text(own_code.read_text().replace("def backwards", "def l2"))
    with pytest.raises(TaskError, match=r"^The criterion 'l2' is built in; register yours under another name\.$"):
        use([own_code])
    with pytest.raises(TaskError, match=r"absent\.py does not exist"):
        use([own_code.with_name("absent.py")])


def test_the_environment_names_files_for_another_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = to_environment(["a.py"], {"PRUNEKIT_USE": "/b.py"})
    assert environment == {"PRUNEKIT_USE": os.pathsep.join(["/b.py", str(tmp_path / "a.py")])}
    assert used_everywhere(environment) == ["/b.py", str(tmp_path / "a.py")]
    assert to_environment([], {}) == {}
    assert used_everywhere({}) == []

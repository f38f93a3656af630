from prunekit.tasks.zoo import task_names
from prunekit.ui.opening import offered_tasks
from prunekit.ui.state.titles import task_title


def test_bundled_tasks_are_offered_the_default_first():
    assert offered_tasks({}) == task_names()


def test_what_the_server_was_started_with_comes_first():
    assert offered_tasks({"PRUNEKIT_TASK": "vgg"})[0] == "vgg"
    assert sorted(offered_tasks({"PRUNEKIT_TASK": "vgg"})) == sorted(task_names())
    assert offered_tasks({"PRUNEKIT_TASK": "nets/prunekit.toml"}) == ("nets/prunekit.toml", *task_names())


def test_a_task_of_ones_own_is_called_by_its_folder_or_file():
    assert task_title("projects/nets/prunekit.toml") == "nets"
    assert task_title("prunekit.toml") == "prunekit.toml"
    assert task_title("nets/net.pt2") == "net.pt2"
    assert task_title("examples/own_images") == "own_images"
    assert task_title("shapes") == "shapes"
    assert task_title(".") == "."

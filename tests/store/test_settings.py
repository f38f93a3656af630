from prunekit.store import Workspace


def test_json_values_outlive_the_session(store):
    value = {"mode": "channels", "levels": [0.1, 0.5], "pinned": {"stem": True}, "none": None}
    store.set_setting("desk/resnet8", value)
    store.set_setting("desk/vgg", 3)
    assert Workspace(store.path).setting("desk/resnet8") == value
    store.set_setting("desk/resnet8", [])
    assert store.setting("desk/resnet8") == []
    assert store.setting("desk/vgg") == 3
    assert store.setting("desk") is None

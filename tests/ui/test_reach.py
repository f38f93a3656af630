import getpass

from prunekit.ui.reach import frame, hubs_proxy, tunnel


def test_a_hub_shows_a_port_below_a_persons_own_path():
    assert hubs_proxy({"JUPYTERHUB_SERVICE_PREFIX": "/user/x/"}) == "/user/x/proxy/{port}/"
    assert hubs_proxy({}) is None


def test_the_tunnels_command_names_the_machine_as_the_connection_does():
    me = getpass.getuser()
    assert tunnel(8501, {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.9 22"}) == (
        f"ssh -L 8501:127.0.0.1:8501 {me}@10.0.0.9"
    )
    assert tunnel(8501, {"SSH_CONNECTION": "10.0.0.2 50000 10.0.0.9 2222"}) == (
        f"ssh -p 2222 -L 8501:127.0.0.1:8501 {me}@10.0.0.9"
    )
    assert tunnel(8501, {}) is None


def test_an_address_in_a_frame_is_text_and_no_markup():
    assert '<iframe src="/proxy/1/?task=a&amp;b&quot;"' in frame('/proxy/1/?task=a&b"')

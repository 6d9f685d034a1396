"""Which settings uv gets from pip, and which of its own it keeps."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requirements.run_uv import NO_INDEX, pip_settings, uv_files, uv_variables
from tests.local.aws import Venvs
from tests.support.paths import ROOT

ALWAYS = {
    "UV_SYSTEM_CERTS": "true",
    "UV_INDEX_STRATEGY": "unsafe-best-match",
}
MIRROR = "https://buyer:pass%40word@mirror.example/simple"
EXTRA = "https://extra.example/simple"
PROXY = "http://user:pass@proxy.example:3128"


def proxies(url: str) -> dict[str, str]:
    return {"HTTPS_PROXY": url, "HTTP_PROXY": url}


@pytest.mark.parametrize(
    ("pip", "expected"),
    [
        ({}, {}),
        ({"index-url": MIRROR}, {"UV_DEFAULT_INDEX": MIRROR}),
        ({"extra-index-url": f"{EXTRA}/1\n{EXTRA}/2"}, {"UV_INDEX": f"{EXTRA}/1 {EXTRA}/2"}),
        (
            {"index-url": MIRROR, "extra-index-url": EXTRA},
            {"UV_DEFAULT_INDEX": MIRROR, "UV_INDEX": f"{MIRROR} {EXTRA}"},
        ),
        ({"no-index": "yes", "index-url": MIRROR, "extra-index-url": EXTRA}, {"UV_DEFAULT_INDEX": NO_INDEX}),
        ({"no-index": "false", "index-url": MIRROR}, {"UV_DEFAULT_INDEX": MIRROR}),
        # pip ignores a folder that does not exist.
        ({"find-links": f"{ROOT}\n/missing {EXTRA}"}, {"UV_FIND_LINKS": f"{ROOT},{EXTRA}"}),
        ({"find-links": "~"}, {"UV_FIND_LINKS": str(Path.home())}),
        ({"cert": "/etc/our company.pem"}, {"SSL_CERT_FILE": "/etc/our company.pem"}),
        ({"cert": "~/company.pem"}, {"SSL_CERT_FILE": str(Path.home() / "company.pem")}),
        ({"cert": str(ROOT)}, {"SSL_CERT_DIR": str(ROOT)}),
        ({"client-cert": "~/me.pem"}, {"SSL_CLIENT_CERT": str(Path.home() / "me.pem")}),
        ({"proxy": PROXY}, proxies(PROXY)),
        ({"trusted-host": "a.example\nb.example:8443"}, {"UV_INSECURE_HOST": "a.example b.example:8443"}),
        # These do not say where packages come from.
        ({"user": "true", "constraint": "constraints.txt"}, {}),
    ],
)
def test_uv_gets_each_setting_of_pip(pip: dict[str, str], expected: dict[str, str]) -> None:
    assert uv_variables(pip, {}, "") == ALWAYS | expected


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_uv_gets_the_certificates_that_pip_finds_in_a_variable(variable: str) -> None:
    assert uv_variables({}, {variable: "/ca.pem"}, "")["SSL_CERT_FILE"] == "/ca.pem"
    assert uv_variables({"cert": "/pip.pem"}, {variable: "/ca.pem"}, "")["SSL_CERT_FILE"] == "/pip.pem"


EVERYTHING = {
    "index-url": MIRROR,
    "extra-index-url": EXTRA,
    "find-links": EXTRA,
    "proxy": PROXY,
    "cert": "/ca.pem",
    "client-cert": "/me.pem",
    "trusted-host": "a.example",
}
SOURCES = {"UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS"}


@pytest.mark.parametrize(
    ("environment", "uv_toml", "kept"),
    [
        ({"UV_INDEX_URL": EXTRA}, "", SOURCES),
        ({"UV_FIND_LINKS": "/wheels"}, "", SOURCES),
        ({}, '[[index]]\nurl = "https://own.example/simple"\ndefault = true', SOURCES),
        ({}, f'[pip]\n  index-url = "{EXTRA}"', SOURCES),
        ({}, f'pip.extra-index-url = ["{EXTRA}"]', SOURCES),
        ({"https_proxy": PROXY}, "", {"HTTPS_PROXY", "HTTP_PROXY"}),
        ({}, f'https-proxy = "{PROXY}"', {"HTTPS_PROXY", "HTTP_PROXY"}),
        ({"SSL_CERT_DIR": "/certificates"}, "", {"SSL_CERT_FILE"}),
        ({"SSL_CLIENT_CERT": "/own.pem"}, "", {"SSL_CLIENT_CERT"}),
        ({"UV_INSECURE_HOST": "own.example"}, "", {"UV_INSECURE_HOST"}),
        ({}, 'allow-insecure-host = ["own.example"]', {"UV_INSECURE_HOST"}),
        ({"UV_NATIVE_TLS": "false"}, "", {"UV_SYSTEM_CERTS"}),
        ({}, "system-certs = false", {"UV_SYSTEM_CERTS"}),
        ({}, 'index-strategy = "first-index"', {"UV_INDEX_STRATEGY"}),
        # None of these replaces a setting of pip.
        ({"UV_DEFAULT_INDEX": "", "UV_CACHE_DIR": "/cache"}, f'# index-url = "{EXTRA}"', set()),
    ],
)
def test_uv_keeps_its_own_settings(environment: dict[str, str], uv_toml: str, kept: set[str]) -> None:
    from_pip = uv_variables(EVERYTHING, {}, "").keys()

    assert uv_variables(EVERYTHING, environment, uv_toml).keys() == from_pip - kept


def test_the_files_of_uv_are_read_where_uv_reads_them(tmp_path: Path) -> None:
    for folder in ("user", "system"):
        (tmp_path / folder / "uv").mkdir(parents=True)
        (tmp_path / folder / "uv" / "uv.toml").write_text(folder)
    environment = {
        "XDG_CONFIG_HOME": str(tmp_path / "user"),
        "XDG_CONFIG_DIRS": f"{tmp_path}/missing:{tmp_path}/system",
    }
    chosen = {"UV_CONFIG_FILE": str(tmp_path / "system" / "uv" / "uv.toml")}

    assert uv_files(environment).splitlines()[:2] == ["user", "system"]
    assert uv_files(environment | chosen) == "system"


def test_pip_merges_its_files_and_variables(tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://global.example\nproxy = http://proxy.example\ncert =\n"
        "trusted-host =\n    a.example\n    b.example\n"
        "[install]\nindex-url = https://install.example\n"
        "[download]\nproxy = http://other.example\n"
    )
    listed = subprocess.run(
        [Venvs().tool("uv", "python"), "-m", "pip", "config", "list"],
        env={"XDG_CONFIG_HOME": str(tmp_path), "PIP_PROXY": "http://variable.example"},
        capture_output=True,
        text=True,
        check=True,
    )

    settings = pip_settings(listed.stdout)

    assert settings["index-url"] == "https://install.example"
    assert settings["proxy"] == "http://variable.example"
    assert settings["trusted-host"].split() == ["a.example", "b.example"]


@given(st.text().filter(str.strip))
def test_a_setting_may_be_any_text(value: str) -> None:
    assert pip_settings(f"global.index-url={value!r}\nglobal.no-index='1'") == {
        "index-url": value.strip(),
        "no-index": "1",
    }

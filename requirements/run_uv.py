"""Run uv with pip's settings, so that uv installs wherever pip does.

Usage: python requirements/run_uv.py ARGUMENTS_OF_UV...

uv does not read pip's settings, and it trusts its own list of certificate authorities. It would not know a
company's mirror, proxy or certificate that pip knows. What uv's own settings say, in the environment or in a
uv.toml, stays.

The Python is the one of .venv/uv, which has pip and uv. It may be any from 3.9 on.
"""

# ruff: noqa: INP001 - a script that make runs, in no package
import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SOURCES = {
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
    *("index", "index-url", "extra-index-url", "find-links", "no-index"),
}
PROXIES = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https-proxy", "http-proxy"}
AUTHORITIES = {"SSL_CERT_FILE", "SSL_CERT_DIR"}

OWN = {
    "UV_SYSTEM_CERTS": {"UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "system-certs", "native-tls"},
    "UV_DEFAULT_INDEX": SOURCES,
    "UV_INDEX": SOURCES,
    "UV_FIND_LINKS": SOURCES,
    "HTTPS_PROXY": PROXIES,
    "HTTP_PROXY": PROXIES,
    "SSL_CERT_FILE": AUTHORITIES,
    "SSL_CERT_DIR": AUTHORITIES,
    "SSL_CLIENT_CERT": {"SSL_CLIENT_CERT"},
    "UV_INDEX_STRATEGY": {"UV_INDEX_STRATEGY", "index-strategy"},
    "UV_INSECURE_HOST": {"UV_INSECURE_HOST", "allow-insecure-host"},
}
"""Each variable that pip's settings give to uv, and the names of uv's own settings that come before it."""

# uv has no variable for pip's no-index. An index that does not exist has no packages.
NO_INDEX = "file:///no-index"


def pip_settings(listing: str) -> dict[str, str]:
    """Return the settings of `pip install`.

    Args:
        listing: What `pip config list` prints, where pip has merged its files.
    """
    settings: dict[str, str] = {}
    # The last section wins. pip ignores an empty value.
    for section in ("global", "install", ":env:"):
        for option, value in re.findall(rf"^{section}\.(\S+?)=(.+)$", listing, re.MULTILINE):
            if text := str(ast.literal_eval(value)).strip():
                settings[option] = text
    return settings


def uv_files(environment: Mapping[str, str]) -> str:
    """Return the text of each uv.toml that the user and the system have."""
    user = environment.get("XDG_CONFIG_HOME") or "~/.config"
    system = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    paths = [Path(folder).expanduser() / "uv" / "uv.toml" for folder in (user, *system, "/etc")]
    if file := environment.get("UV_CONFIG_FILE"):
        paths = [Path(file)]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())


def uv_variables(pip: Mapping[str, str], environment: Mapping[str, str], uv_toml: str) -> dict[str, str]:
    """Return the variables that give pip's settings to uv.

    Args:
        pip: The settings of pip.
        environment: The environment of this process.
        uv_toml: The text of uv's own files.
    """
    no_index = pip.get("no-index", "").lower() in {"1", "true", "t", "yes", "y", "on"}
    index = NO_INDEX if no_index else pip.get("index-url")
    # A blank divides a list.
    extra = [] if no_index else pip.get("extra-index-url", "").split()
    links = [expanded(each) for each in pip.get("find-links", "").split()]
    # pip reads these two variables as well.
    variable = environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE") or ""
    bundle = expanded(pip.get("cert", variable))
    given = {
        "UV_SYSTEM_CERTS": "true",
        "UV_DEFAULT_INDEX": index,
        # uv asks the default index last, and takes the files of a version from the first index that has it.
        # An extra index may have only some of the files, so the company's own index comes first.
        "UV_INDEX": " ".join([*filter(None, [index]), *extra]) if extra else None,
        # pip ignores a folder that does not exist; for uv it is an error.
        "UV_FIND_LINKS": ",".join(each for each in links if "://" in each or Path(each).exists()),
        "HTTPS_PROXY": pip.get("proxy"),
        "HTTP_PROXY": pip.get("proxy"),
        "SSL_CERT_DIR" if Path(bundle).is_dir() else "SSL_CERT_FILE": bundle,
        "SSL_CLIENT_CERT": expanded(pip.get("client-cert", "")),
        # As for pip, the best version of any index; a locked one has its hash.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
    }
    own = {name.upper() for name, value in environment.items() if value}
    own.update(re.findall(r"^\s*\[*(?:pip\.)?([a-z-]+)", uv_toml, re.MULTILINE))
    return {name: value for name, value in given.items() if value and not own & OWN[name]}


def expanded(path: str) -> str:
    """Return a path without a tilde at its beginning; a URL as it is."""
    return str(Path(path).expanduser()) if path.startswith("~") else path


def main() -> None:
    """Become uv."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        # With `quiet` among its settings, pip would print nothing.
        env={**os.environ, "PIP_QUIET": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if listed.returncode:
        # pip has said why.
        sys.exit(listed.returncode)
    variables = uv_variables(pip_settings(listed.stdout), os.environ, uv_files(os.environ))
    uv = str(Path(sys.executable).with_name("uv"))
    os.execve(uv, [uv, *sys.argv[1:]], {**os.environ, **variables})  # noqa: S606 - uv takes the place of this process


if __name__ == "__main__":
    main()

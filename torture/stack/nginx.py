"""nginx with the very file of deploy/: names, ports and places of a container become those of this machine."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from torture.stack.part import Part, StackError

DEPLOYED = Path(__file__).resolve().parents[2] / "deploy/nginx"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def nginx_part(directory: Path, *, port: int, plain_port: int, replicas: Sequence[int]) -> Part:
    """nginx with TLS at `port`, in front of replicas at these ports of this machine."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise StackError("nginx is not installed (apt install nginx-light)")
    directory.mkdir(parents=True, exist_ok=True)
    _certify(directory)
    configured = directory / "nginx.conf"
    configured.write_text(configuration(directory, port=port, plain_port=plain_port, replicas=replicas), "utf-8")
    command = (program, "-c", configured, "-g", "daemon off;")
    return Part("nginx", command, directory / "error.log", lambda: _listens(port))


def configuration(directory: Path, *, port: int, plain_port: int, replicas: Sequence[int]) -> str:
    """The whole configuration, with everything that nginx writes below a directory."""
    site = as_here((DEPLOYED / "citewell-replicas.conf").read_text("utf-8"), directory, replicas)
    site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    site = site.replace("listen 80 default_server", f"listen 127.0.0.1:{plain_port} default_server")
    temporary = "\n".join(f"{kind}_temp_path {directory}/{kind};" for kind in _TEMPORARY)
    # Started by root it would give its workers a user that may not enter this directory.
    user = "" if os.geteuid() else "user root;\n"
    head = f"{user}master_process off;\npid {directory}/nginx.pid;\nerror_log {directory}/error.log;\nevents {{}}\n"
    return f"{head}http {{\naccess_log {directory}/access.log;\n{temporary}\n{site}\n}}\n"


def as_here(site: str, directory: Path, replicas: Sequence[int]) -> str:
    """A file of deploy/nginx/ whose replicas listen at these ports of this machine."""
    ports = {str(8501 + number): str(port) for number, port in enumerate(replicas)}
    for name, here in {
        "/etc/nginx/tls/": f"{directory}/",
        "/etc/nginx/citewell-proxy.inc": str(DEPLOYED / "proxy.inc"),
        "/var/log/nginx/": f"{directory}/",
    }.items():
        site = site.replace(name, here)
    site = re.sub(r"\bcitewell-[0-9]:", "127.0.0.1:", site)
    return re.sub(r"\b850[0-9]\b", lambda found: ports[found[0]], site)


def _certify(directory: Path) -> None:
    if (directory / "fullchain.pem").exists():
        return
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "privkey.pem", "-out", "fullchain.pem", "-days", "30", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
